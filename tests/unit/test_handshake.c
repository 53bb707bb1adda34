// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Handshakes that succeed, and what both sides then know. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "handshake_pair.h"

static void same_keys(struct handshake_pair *p)
{
	struct signet_keys ki, kr;

	assert_int_equal(p->hi.aead, p->hr.aead);
	assert_int_equal(signet_handshake_keys(&p->hi, &p->i.local, &ki), 0);
	assert_int_equal(signet_handshake_keys(&p->hr, &p->r.local, &kr), 0);
	assert_memory_equal(&ki, &kr, sizeof(ki));
	assert_memory_not_equal(ki.packet[0], ki.packet[1], 32);
	assert_memory_not_equal(ki.packet[0], ki.message[0], 32);
	assert_memory_not_equal(ki.message[0], ki.message[1], 32);
	assert_int_equal(signet_handshake_key_id(&p->hi, &p->i.local),
			 signet_handshake_key_id(&p->hr, &p->r.local));
}

static void proved(const struct signet_handshake *hs, const struct side *who,
		   uint32_t label)
{
	const struct signet_proof *p = &hs->remote;

	assert_true(p->verified);
	assert_int_equal(signet_id_cmp(&p->att.id, &who->local.ident.id), 0);
	assert_memory_equal(p->static_key, who->local.static_pk, 32);
	assert_int_equal(p->label, label);
	assert_int_equal(p->lanes, 4);
	assert_int_equal(p->max_message, 65536);
}

static void completes(uint8_t pattern)
{
	struct handshake_pair p;
	struct wire w[3];

	pair_sides(&p, pattern, 0, 0);
	pair_run(&p, 3, w);
	if (pattern != SIGNET_PATTERN_IK)
		assert_int_equal(pair_take_finish(&p, &p.hr, &w[2], WALL), 0);
	proved(&p.hi, &p.r, LABEL_R);
	proved(&p.hr, &p.i, LABEL_I);
	assert_int_equal(p.hr.remote.number, NUMBER);
	assert_false(p.hi.owes_history);
	assert_false(p.hr.owes_history);
	/* The initiator is the lower one here. */
	assert_int_equal(signet_handshake_key_id(&p.hi, &p.i.local), 0);
	same_keys(&p);
	signet_handshake_wipe(&p.hi);
	assert_true(sodium_is_zero((uint8_t *)&p.hi, sizeof(p.hi)));
}

static void ik_completes(void **state)
{
	completes(SIGNET_PATTERN_IK);
}

static void xx_completes(void **state)
{
	completes(SIGNET_PATTERN_XX);
}

static void xxpsk3_completes(void **state)
{
	completes(SIGNET_PATTERN_XXPSK3);
}

static void the_higher_initiator_takes_an_odd_key(void **state)
{
	struct handshake_pair p;
	struct side swap;
	struct wire w[3];

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	swap = p.i;
	p.i = p.r;
	p.r = swap;
	p.i.local.history = p.i.history;
	p.r.local.history = p.r.history;
	pair_run(&p, 3, w);
	assert_int_equal(signet_handshake_key_id(&p.hi, &p.i.local), 1);
	same_keys(&p);
}

static void first_contact_is_padded_and_answers_are_not_larger(void **state)
{
	for (int x = SIGNET_PATTERN_XX; x <= SIGNET_PATTERN_XXPSK3; x++) {
		struct handshake_pair p;
		struct wire w[3];

		pair_sides(&p, x, 0, 0);
		pair_run(&p, 3, w);
		assert_int_equal(w[0].len, SIGNET_HANDSHAKE_MAX);
		assert_true(w[1].len <= w[0].len);
	}
}

static void pairing_does_not_know_the_responder(void **state)
{
	struct handshake_pair p;
	struct signet_handshake_args args;
	struct wire w[3];

	pair_sides(&p, SIGNET_PATTERN_XXPSK3, 0, 0);
	args = pair_args(&p);
	args.responder = NULL;
	assert_int_equal(signet_handshake_initiate(&p.hi, &p.i.local, &args,
						   w[0].b, &w[0].len),
			 0);
	/* Not for who is called by its name ... */
	assert_int_equal(pair_take_init(&p, &p.hr, &w[0], WALL),
			 SIGNET_DROP_MAC1);
	/* ... but for who listens for nobody in particular. */
	assert_int_equal(signet_handshake_read_init(&p.hr, &p.r.local, &p.zero,
						    psk, w[0].b, w[0].len,
						    WALL),
			 0);
	pair_respond(&p, &w[1]);
	assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL), 0);
	assert_int_equal(pair_finish(&p, &w[2]), 0);
	assert_int_equal(pair_take_finish(&p, &p.hr, &w[2], WALL), 0);
	proved(&p.hi, &p.r, LABEL_R);
	proved(&p.hr, &p.i, LABEL_I);
	same_keys(&p);
}

static void ik_wants_to_know_the_responder(void **state)
{
	struct signet_handshake_args args;
	struct handshake_pair p;
	struct wire w;

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	args = pair_args(&p);
	args.responder = &p.zero;
	if (signet_handshake_initiate(&p.hi, &p.i.local, &args, w.b, &w.len))
		return;
	assert_int_equal(signet_handshake_read_init(&p.hr, &p.r.local, &p.zero,
						    NULL, w.b, w.len, WALL),
			 SIGNET_DROP_PATTERN);
}

/* A history that does not fit follows inside the channel. */
static void long_histories(unsigned int rotations_i, unsigned int rotations_r)
{
	struct handshake_pair p;
	struct wire w[3];

	pair_sides(&p, SIGNET_PATTERN_IK, rotations_i, rotations_r);
	pair_run(&p, 3, w);
	assert_int_equal(p.hi.owes_history, rotations_i == ROTATIONS);
	assert_int_equal(p.hr.owes_history, rotations_r == ROTATIONS);
	assert_int_equal(p.hr.remote.verified, rotations_i != ROTATIONS);
	assert_int_equal(p.hi.remote.verified, rotations_r != ROTATIONS);
	/* The claim at least is there, and the keys agree. */
	assert_int_equal(
		signet_id_cmp(&p.hr.remote.att.id, &p.i.local.ident.id), 0);
	assert_int_equal(
		signet_id_cmp(&p.hi.remote.att.id, &p.r.local.ident.id), 0);
	same_keys(&p);
	assert_int_equal(signet_proof_verify(&p.hr.remote, p.r.history,
					     p.r.local.history_len, WALL),
			 SIGNET_DROP_IDENTITY);
	assert_false(p.hr.remote.verified);
	assert_int_equal(signet_proof_verify(&p.hr.remote, p.i.history,
					     p.i.local.history_len, WALL),
			 0);
	assert_int_equal(signet_proof_verify(&p.hi.remote, p.r.history,
					     p.r.local.history_len, WALL),
			 0);
	assert_true(p.hr.remote.verified && p.hi.remote.verified);
}

static void history_too_long_for_the_frame_is_owed(void **state)
{
	long_histories(0, ROTATIONS);
	long_histories(ROTATIONS, 0);
	long_histories(ROTATIONS, ROTATIONS);
	long_histories(1, 2);
}

static void history_that_follows_is_checked(void **state)
{
	uint8_t history[SIGNET_HISTORY_MAX];
	struct handshake_pair p;
	struct signet_proof proof;
	struct wire w[3];
	size_t len;

	pair_sides(&p, SIGNET_PATTERN_IK, ROTATIONS, 0);
	pair_run(&p, 3, w);
	len = p.i.local.history_len;
	for (size_t at = 0; at < len; at += 7) {
		memcpy(history, p.i.history, len);
		history[at] ^= 1 << at % 8;
		proof = p.hr.remote;
		assert_int_equal(
			signet_proof_verify(&proof, history, len, WALL),
			SIGNET_DROP_IDENTITY);
		assert_false(proof.verified);
	}
	for (size_t n = 0; n < len; n += 3) {
		proof = p.hr.remote;
		assert_int_equal(
			signet_proof_verify(&proof, p.i.history, n, WALL),
			SIGNET_DROP_IDENTITY);
	}
	proof = p.hr.remote;
	assert_int_equal(
		signet_proof_verify(&proof, p.i.history, len, WALL + ATT_LIFE),
		SIGNET_DROP_EXPIRED);
	assert_false(proof.verified);
}

/* What was chosen is the best that both have; nothing in common ends it. */
static void aead_is_the_best_in_common(void **state)
{
	const unsigned int chacha = SIGNET_AEAD_CHACHA20POLY1305;
	const unsigned int aes = SIGNET_AEAD_AES256GCM;
	const struct {
		unsigned int i, r, chosen;
	} cases[] = {
		{ chacha, chacha, chacha },
		{ aes, aes, aes },
		{ chacha | aes, chacha, chacha },
		{ aes, chacha | aes, aes },
		{ chacha | aes, chacha | aes, aes },
		{ chacha, aes, 0 },
		{ aes, chacha, 0 },
		{ 0, chacha | aes, 0 },
		{ 4, 4, 0 },
		{ 4 | chacha, 4 | chacha, chacha },
	};

	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct handshake_pair p;
		struct wire w[3];

		pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
		p.i.local.aeads = cases[n].i;
		p.r.local.aeads = cases[n].r;
		pair_run(&p, 1, w);
		if (!cases[n].chosen) {
			assert_int_equal(
				signet_handshake_respond(&p.hr, &p.r.local,
							 LABEL_R, ephemeral_r,
							 w[1].b, &w[1].len),
				-EPROTONOSUPPORT);
			continue;
		}
		pair_respond(&p, &w[1]);
		assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL), 0);
		assert_int_equal(p.hi.aead, cases[n].chosen);
		assert_int_equal(p.hr.aead, cases[n].chosen);
	}
}

static void arguments_that_lack_something_are_refused(void **state)
{
	struct signet_handshake_args args, good;
	static const uint8_t low_order[32];
	struct handshake_pair p;
	struct wire w;

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	good = pair_args(&p);
#define REFUSED(change, err)                                                  \
	do {                                                                  \
		args = good;                                                  \
		change;                                                       \
		assert_int_equal(signet_handshake_initiate(&p.hi, &p.i.local, \
							   &args, w.b,        \
							   &w.len),           \
				 err);                                        \
		assert_true(sodium_is_zero((uint8_t *)&p.hi, sizeof(p.hi)));  \
	} while (0)
	REFUSED(args.pattern = 0, -EINVAL);
	REFUSED(args.pattern = SIGNET_PATTERN_MAX + 1, -EINVAL);
	REFUSED(args.rx_label = 0, -EINVAL);
	REFUSED(args.responder = NULL, -EINVAL);
	REFUSED(args.responder_static = NULL, -EINVAL);
	REFUSED(args.responder_static = low_order, -EBADMSG);
	REFUSED(args.pattern = SIGNET_PATTERN_XXPSK3, -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ik_completes),
		cmocka_unit_test(xx_completes),
		cmocka_unit_test(xxpsk3_completes),
		cmocka_unit_test(the_higher_initiator_takes_an_odd_key),
		cmocka_unit_test(
			first_contact_is_padded_and_answers_are_not_larger),
		cmocka_unit_test(pairing_does_not_know_the_responder),
		cmocka_unit_test(ik_wants_to_know_the_responder),
		cmocka_unit_test(history_too_long_for_the_frame_is_owed),
		cmocka_unit_test(history_that_follows_is_checked),
		cmocka_unit_test(aead_is_the_best_in_common),
		cmocka_unit_test(arguments_that_lack_something_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
