/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Identities with fixed keys, for tests of handshakes; after cmocka.h. */
#ifndef SG_TEST_HANDSHAKE_SIDES_H
#define SG_TEST_HANDSHAKE_SIDES_H

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include <signet/core/handshake.h>
#include <signet/core/mac.h>
#include <signet/drop.h>

#define WALL	  1700000000LL
#define ATT_LIFE  (7 * 86400LL)
#define ROTATIONS 16

struct side {
	struct signet_local local;
	uint8_t history[SIGNET_HISTORY_MAX];
	uint8_t sk[crypto_sign_SECRETKEYBYTES]; /* current */
	uint8_t tag;
};

/* One frame as it travels. */
struct wire {
	uint8_t b[SIGNET_HANDSHAKE_MAX];
	size_t len;
};

/* The signing key number @n of the side that is called @tag. */
static inline void side_key(uint8_t tag, uint8_t n, uint8_t pk[32],
			    uint8_t sk[64])
{
	uint8_t seed[32] = { tag, n, 'k' };

	assert_int_equal(crypto_sign_seed_keypair(pk, sk, seed), 0);
}

static inline void side_attest(struct side *s, int64_t issued, int64_t expires)
{
	struct signet_attestation att = { .issued = issued,
					  .expires = expires };
	struct signet_local *l = &s->local;

	att.id = l->ident.id;
	att.head = l->ident.head;
	memcpy(att.static_key, l->static_pk, 32);
	assert_int_equal(signet_attestation_sign(&att, s->sk, l->attestation,
						 sizeof(l->attestation),
						 &l->attestation_len),
			 0);
}

static inline void side_new_static(struct side *s, uint8_t n)
{
	uint8_t seed[32] = { 8 * n, s->tag, 's' };

	memcpy(s->local.static_sk, seed, 32);
	crypto_scalarmult_base(s->local.static_pk, s->local.static_sk);
	side_attest(s, WALL - 10, WALL + ATT_LIFE);
}

/* An identity that has changed its key @rotations times. */
static inline void side_make(struct side *s, uint8_t tag,
			     unsigned int rotations)
{
	struct signet_local *l = &s->local;
	uint8_t pk[32], next_pk[32], after_pk[32], next_sk[64], unused[64];

	assert_true(sodium_init() >= 0);
	memset(s, 0, sizeof(*s));
	s->tag = tag;
	side_key(tag, 0, pk, s->sk);
	side_key(tag, 1, next_pk, next_sk);
	assert_int_equal(signet_history_create(s->sk, next_pk, s->history,
					       sizeof(s->history),
					       &l->history_len, &l->ident),
			 0);
	for (unsigned int i = 0; i < rotations; i++) {
		side_key(tag, i + 1, next_pk, next_sk);
		side_key(tag, i + 2, after_pk, unused);
		assert_int_equal(
			signet_history_rotate(next_sk, after_pk, s->history,
					      &l->history_len,
					      sizeof(s->history), &l->ident),
			0);
		memcpy(s->sk, next_sk, sizeof(s->sk));
	}
	l->history = s->history;
	l->aeads = SIGNET_AEAD_CHACHA20POLY1305;
	l->lanes = 4;
	l->max_message = 65536;
	side_new_static(s, 0);
}

/* Two sides, the first with the lower identity. */
static inline void sides_make(struct side *low, struct side *high,
			      unsigned int low_rotations,
			      unsigned int high_rotations)
{
	uint8_t tag = 'a';

	side_make(low, tag, low_rotations);
	do {
		side_make(high, ++tag, high_rotations);
	} while (signet_id_cmp(&low->local.ident.id, &high->local.ident.id) >
		 0);
}

#endif
