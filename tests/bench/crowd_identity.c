// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "crowd_identity.h"

#define ATTESTATION_LIFE (7 * 86400)

enum { KEY_STATIC = 1000 }; /* signing keys count from 0 */

static void secret(uint64_t seed, uint32_t number, uint32_t use,
		   uint8_t out[32])
{
	uint8_t s[randombytes_SEEDBYTES] = { 0 };

	memcpy(s, &seed, sizeof(seed));
	memcpy(s + 8, &number, sizeof(number));
	memcpy(s + 12, &use, sizeof(use));
	randombytes_buf_deterministic(out, 32, s);
}

static void signing_key(uint64_t seed, uint32_t number, uint32_t use,
			uint8_t pk[32], uint8_t sk[64])
{
	uint8_t s[crypto_sign_SEEDBYTES];

	secret(seed, number, use, s);
	crypto_sign_seed_keypair(pk, sk, s);
}

static int make_history(struct crowd_identity *ci, uint64_t seed,
			uint32_t number, unsigned int changes, size_t cap,
			uint8_t sk[64])
{
	uint8_t pk[32], next_pk[32], next_sk[64];
	struct signet_local *l = &ci->local;

	signing_key(seed, number, 0, pk, sk);
	signing_key(seed, number, 1, next_pk, next_sk);
	if (signet_history_create(sk, next_pk, ci->history, cap,
				  &l->history_len, &l->ident))
		return -1;
	for (unsigned int i = 1; i < changes; i++) {
		memcpy(sk, next_sk, sizeof(next_sk));
		signing_key(seed, number, i + 1, next_pk, next_sk);
		if (signet_history_rotate(sk, next_pk, ci->history,
					  &l->history_len, cap, &l->ident))
			return -1;
	}
	l->history = ci->history;
	return 0;
}

struct crowd_identity *crowd_identity_new(uint64_t seed, uint32_t number,
					  unsigned int changes, int64_t wall)
{
	size_t cap = changes * SIGNET_CHANGE_MAX;
	struct crowd_identity *ci = calloc(1, sizeof(*ci) + cap);
	struct signet_attestation att;
	struct signet_local *l;
	uint8_t sk[64];

	if (!ci || make_history(ci, seed, number, changes, cap, sk))
		goto fail;
	l = &ci->local;
	secret(seed, number, KEY_STATIC, l->static_sk);
	crypto_scalarmult_base(l->static_pk, l->static_sk);
	att = (struct signet_attestation){ .id = l->ident.id,
					   .head = l->ident.head,
					   .issued = wall - 60,
					   .expires = wall + ATTESTATION_LIFE };
	memcpy(att.static_key, l->static_pk, sizeof(att.static_key));
	if (signet_attestation_sign(&att, sk, l->attestation,
				    sizeof(l->attestation),
				    &l->attestation_len))
		goto fail;
	l->aeads = signet_aead_supported();
	l->lanes = 1;
	l->max_message = 65536;
	return ci;
fail:
	free(ci);
	return NULL;
}
