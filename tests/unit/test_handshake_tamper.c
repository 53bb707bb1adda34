// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Handshakes that are forged, changed, mixed up or late. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "handshake_pair.h"

static const uint8_t patterns[] = { SIGNET_PATTERN_IK, SIGNET_PATTERN_XX,
				    SIGNET_PATTERN_XXPSK3 };

#define for_each_pattern(x) \
	for (const uint8_t *x = patterns; x < patterns + sizeof(patterns); x++)

static bool in_mac2(size_t at)
{
	return at >= SIGNET_MAC2_OFFSET && at < SIGNET_HANDSHAKE_HDR_LEN;
}

static void flip(struct wire *w, size_t bit)
{
	w->b[bit / 8] ^= 1 << bit % 8;
}

/* A responder does not know what an init of XX says, but its answer does. */
static void init_of_first_contact(struct handshake_pair *p,
				  const struct wire *bad)
{
	struct signet_handshake hi = p->hi, hr;
	struct wire answer;

	if (pair_take_init(p, &hr, bad, WALL))
		return;
	assert_int_equal(signet_handshake_respond(&hr, &p->r.local, LABEL_R,
						  ephemeral_r, answer.b,
						  &answer.len),
			 0);
	assert_int_not_equal(pair_take_response(p, &hi, &answer, WALL), 0);
}

static void every_changed_bit_of_an_init_is_refused(void **state)
{
	for_each_pattern(x)
	{
		struct handshake_pair p;
		struct wire w[3], bad;

		pair_sides(&p, *x, 0, 0);
		pair_run(&p, 1, w);
		for (size_t bit = 0; bit < 8 * w[0].len; bit++) {
			/* The padding of first contact all looks alike. */
			if (*x != SIGNET_PATTERN_IK && bit > 8 * 128 &&
			    bit % 61)
				continue;
			bad = w[0];
			flip(&bad, bit);
			if (in_mac2(bit / 8))
				continue;
			if (*x == SIGNET_PATTERN_IK)
				assert_int_not_equal(
					pair_take_init(&p, &p.hr, &bad, WALL),
					0);
			else
				init_of_first_contact(&p, &bad);
		}
	}
}

static void every_changed_bit_of_mac2_is_detected(void **state)
{
	static const uint8_t cookie[SIGNET_COOKIE_LEN] = { 1, 2, 3 };

	for_each_pattern(x)
	{
		struct signet_handshake_args args;
		struct handshake_pair p;
		struct wire w, bad;

		pair_sides(&p, *x, 0, 0);
		args = pair_args(&p);
		args.cookie = cookie;
		assert_int_equal(signet_handshake_initiate(&p.hi, &p.i.local,
							   &args, w.b, &w.len),
				 0);
		assert_true(signet_mac2_ok(w.b, cookie));
		for (size_t bit = 0; bit < 8 * SIGNET_HANDSHAKE_HDR_LEN;
		     bit++) {
			bad = w;
			flip(&bad, bit);
			assert_false(signet_mac2_ok(bad.b, cookie));
		}
	}
}

/* ... and leaves the state able to take the true one. */
static void every_changed_bit_of_a_response_is_refused(void **state)
{
	for_each_pattern(x)
	{
		struct handshake_pair p;
		struct wire w[3], bad;

		pair_sides(&p, *x, 0, 0);
		pair_run(&p, 2, w);
		for (size_t bit = 0; bit < 8 * w[1].len; bit++) {
			if (in_mac2(bit / 8))
				continue;
			bad = w[1];
			flip(&bad, bit);
			assert_int_not_equal(
				pair_take_response(&p, &p.hi, &bad, WALL), 0);
		}
		assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL), 0);
		/* The same again does not fit any more. */
		assert_int_not_equal(pair_take_response(&p, &p.hi, &w[1], WALL),
				     0);
	}
}

static void every_changed_bit_of_a_finish_is_refused(void **state)
{
	for_each_pattern(x)
	{
		struct handshake_pair p;
		struct wire w[3], bad;

		if (*x == SIGNET_PATTERN_IK)
			continue;
		pair_sides(&p, *x, 0, 0);
		pair_run(&p, 3, w);
		for (size_t bit = 0; bit < 8 * w[2].len; bit++) {
			if (in_mac2(bit / 8))
				continue;
			bad = w[2];
			flip(&bad, bit);
			assert_int_not_equal(
				pair_take_finish(&p, &p.hr, &bad, WALL), 0);
		}
		assert_int_equal(pair_take_finish(&p, &p.hr, &w[2], WALL), 0);
		assert_int_not_equal(pair_take_finish(&p, &p.hr, &w[2], WALL),
				     0);
	}
}

/* Whatever the length, nothing beyond it is looked at. */
static void every_length_is_handled(void **state)
{
	for_each_pattern(x)
	{
		struct handshake_pair p;
		struct wire w[3];

		pair_sides(&p, *x, 0, 0);
		pair_run(&p, 3, w);
		for (int m = 0; m < (*x == SIGNET_PATTERN_IK ? 2 : 3); m++) {
			for (size_t n = 0; n <= SIGNET_HANDSHAKE_MAX + 1; n++) {
				struct signet_handshake hs = m == 1 ? p.hi
								    : p.hr;
				uint8_t *exact = test_malloc(n + !n);
				struct wire cut = w[m];
				int good;

				memset(exact, 0, n + !n);
				memcpy(exact, cut.b, n < cut.len ? n : cut.len);
				good = !signet_handshake_parse(exact, n);
				test_free(exact);
				if (!good || n == cut.len)
					continue;
				if (n > cut.len)
					memset(cut.b + cut.len, 0, n - cut.len);
				cut.len = n;
				if (m == 0)
					good = pair_take_init(&p, &hs, &cut,
							      WALL);
				else if (m == 1)
					good = pair_take_response(&p, &hs, &cut,
								  WALL);
				else
					good = pair_take_finish(&p, &hs, &cut,
								WALL);
				assert_int_not_equal(good, 0);
			}
		}
	}
}

/* Parsing alone, over every length of every type. */
static void lengths_of_every_type(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX + 1];

	for (int type = 0; type < 256; type++) {
		for (size_t n = 0; n <= sizeof(f); n++) {
			bool good;

			memset(f, 0, sizeof(f));
			f[0] = type;
			f[1] = type == SIGNET_FRAME_COOKIE ? 0
							   : SIGNET_PATTERN_IK;
			f[4] = type != SIGNET_FRAME_INIT;
			f[8] = type != SIGNET_FRAME_COOKIE;
			good = type == SIGNET_FRAME_COOKIE
				       ? n == SIGNET_COOKIE_FRAME_LEN
				       : type >= SIGNET_FRAME_INIT &&
						 type <= SIGNET_FRAME_FINISH &&
						 n >= SIGNET_HANDSHAKE_MIN &&
						 n <= SIGNET_HANDSHAKE_MAX;
			assert_int_equal(!signet_handshake_parse(f, n), good);
		}
	}
}

static void the_identity_that_was_meant_must_answer(void **state)
{
	for_each_pattern(x)
	{
		struct signet_handshake_args args;
		struct handshake_pair p;
		struct side other;
		struct wire w[3];

		pair_sides(&p, *x, 0, 0);
		side_make(&other, 'z', 0);
		args = pair_args(&p);
		args.responder = &other.local.ident.id;
		assert_int_equal(signet_handshake_initiate(&p.hi, &p.i.local,
							   &args, w[0].b,
							   &w[0].len),
				 0);
		assert_int_equal(pair_take_init(&p, &p.hr, &w[0], WALL),
				 SIGNET_DROP_MAC1);
		/* A responder that lies to itself about who it is. */
		if (signet_handshake_read_init(&p.hr, &p.r.local,
					       args.responder, psk, w[0].b,
					       w[0].len, WALL))
			continue;
		pair_respond(&p, &w[1]);
		assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL),
				 SIGNET_DROP_IDENTITY);
	}
}

static void a_wrong_static_key_gets_no_answer(void **state)
{
	struct signet_handshake_args args;
	struct handshake_pair p;
	struct wire w;

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	args = pair_args(&p);
	args.responder_static = p.i.local.static_pk;
	assert_int_equal(signet_handshake_initiate(&p.hi, &p.i.local, &args,
						   w.b, &w.len),
			 0);
	assert_int_equal(pair_take_init(&p, &p.hr, &w, WALL),
			 SIGNET_DROP_HANDSHAKE);
	assert_true(p.hr.noise.failed);
}

/* An attestation of another static key, or of another identity. */
static void a_borrowed_attestation_is_refused(void **state)
{
	struct handshake_pair p;
	struct side other;
	struct wire w;

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	other = p.i;
	side_new_static(&other, 9);
	memcpy(p.i.local.static_sk, other.local.static_sk, 32);
	memcpy(p.i.local.static_pk, other.local.static_pk, 32);
	pair_init(&p, &w);
	assert_int_equal(pair_take_init(&p, &p.hr, &w, WALL),
			 SIGNET_DROP_IDENTITY);
	/* The operator sees who it was. */
	assert_int_equal(
		signet_id_cmp(&p.hr.remote.att.id, &p.i.local.ident.id), 0);

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	side_make(&other, 'z', 0);
	memcpy(p.i.local.attestation, other.local.attestation,
	       sizeof(other.local.attestation));
	p.i.local.attestation_len = other.local.attestation_len;
	pair_init(&p, &w);
	assert_int_equal(pair_take_init(&p, &p.hr, &w, WALL),
			 SIGNET_DROP_IDENTITY);
	assert_int_equal(
		signet_id_cmp(&p.hr.remote.att.id, &p.i.local.ident.id), 0);
}

/* An older head: attestation and history do not belong together. */
static void an_attestation_of_an_older_head_is_refused(void **state)
{
	struct handshake_pair p;
	struct side older;
	struct wire w;

	pair_sides(&p, SIGNET_PATTERN_IK, 1, 0);
	side_make(&older, p.i.tag, 0);
	memcpy(p.i.local.attestation, older.local.attestation,
	       sizeof(older.local.attestation));
	p.i.local.attestation_len = older.local.attestation_len;
	pair_init(&p, &w);
	assert_int_equal(pair_take_init(&p, &p.hr, &w, WALL),
			 SIGNET_DROP_IDENTITY);
}

static void an_expired_attestation_is_refused(void **state)
{
	const int64_t end = WALL + ATT_LIFE;

	for_each_pattern(x)
	{
		struct handshake_pair p;
		struct wire w[3];
		struct signet_handshake hi;

		pair_sides(&p, *x, 0, 0);
		pair_run(&p, 2, w);
		hi = p.hi;
		assert_int_equal(pair_take_response(&p, &hi, &w[1], end),
				 SIGNET_DROP_EXPIRED);
		hi = p.hi;
		assert_int_equal(pair_take_response(&p, &hi, &w[1], end - 1),
				 0);
		/* No clock at all, or one that stands in 1970. */
		hi = p.hi;
		assert_int_equal(pair_take_response(&p, &hi, &w[1], -1), 0);
		assert_int_equal(pair_take_response(&p, &p.hi, &w[1], 0), 0);
		if (*x == SIGNET_PATTERN_IK) {
			assert_int_equal(pair_take_init(&p, &p.hr, &w[0], end),
					 SIGNET_DROP_EXPIRED);
			assert_int_equal(signet_id_cmp(&p.hr.remote.att.id,
						       &p.i.local.ident.id),
					 0);
			continue;
		}
		assert_int_equal(pair_finish(&p, &w[2]), 0);
		assert_int_equal(pair_take_finish(&p, &p.hr, &w[2], end),
				 SIGNET_DROP_EXPIRED);
	}
}

static void our_own_identity_is_refused(void **state)
{
	for_each_pattern(x)
	{
		struct handshake_pair p;
		struct wire w[3];

		pair_sides(&p, *x, 0, 0);
		p.r = p.i;
		p.r.local.history = p.r.history;
		pair_init(&p, &w[0]);
		if (*x == SIGNET_PATTERN_IK) {
			assert_int_equal(pair_take_init(&p, &p.hr, &w[0], WALL),
					 SIGNET_DROP_IDENTITY);
			continue;
		}
		assert_int_equal(pair_take_init(&p, &p.hr, &w[0], WALL), 0);
		pair_respond(&p, &w[1]);
		assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL),
				 SIGNET_DROP_IDENTITY);
	}
}

static void a_wrong_psk_shows_in_the_third_message(void **state)
{
	struct signet_handshake_args args;
	static const uint8_t wrong[32] = { 1 };
	struct handshake_pair p;
	struct wire w[3];

	pair_sides(&p, SIGNET_PATTERN_XXPSK3, 0, 0);
	args = pair_args(&p);
	args.psk = wrong;
	assert_int_equal(signet_handshake_initiate(&p.hi, &p.i.local, &args,
						   w[0].b, &w[0].len),
			 0);
	assert_int_equal(pair_take_init(&p, &p.hr, &w[0], WALL), 0);
	pair_respond(&p, &w[1]);
	assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL), 0);
	assert_int_equal(pair_finish(&p, &w[2]), 0);
	assert_int_equal(pair_take_finish(&p, &p.hr, &w[2], WALL),
			 SIGNET_DROP_HANDSHAKE);
	/* The one who knows it may still come. */
	args = pair_args(&p);
	assert_int_equal(signet_handshake_initiate(&p.hi, &p.i.local, &args,
						   w[0].b, &w[0].len),
			 0);
	assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL), 0);
	assert_int_equal(pair_finish(&p, &w[2]), 0);
	assert_int_equal(pair_take_finish(&p, &p.hr, &w[2], WALL), 0);
}

/* A psk on one side only, and frames of one pattern given out as another's. */
static void patterns_do_not_mix(void **state)
{
	for_each_pattern(x)
	{
		struct handshake_pair p;
		struct wire w[3];

		pair_sides(&p, *x, 0, 0);
		pair_run(&p, 2, w);
		for_each_pattern(y)
		{
			uint8_t key[SIGNET_MAC_LEN];
			struct wire bad = w[1];
			struct signet_handshake hi = p.hi;

			if (*y == *x)
				continue;
			signet_mac1_key(&p.r.local.ident.id, key);
			bad.b[1] = *y;
			signet_mac1_write(bad.b, key);
			assert_int_equal(
				pair_take_response(&p, &hi, &bad, WALL),
				SIGNET_DROP_STATE);
			bad = w[0];
			bad.b[1] = *y;
			signet_mac1_write(bad.b, key);
			init_of_first_contact(&p, &bad);
		}
		if (*x == SIGNET_PATTERN_XXPSK3)
			assert_int_equal(signet_handshake_read_init(
						 &p.hr, &p.r.local,
						 &p.r.local.ident.id, NULL,
						 w[0].b, w[0].len, WALL),
					 SIGNET_DROP_PATTERN);
	}
}

/* The label in the clear is the one in the payload, and is authenticated. */
static void labels_are_authenticated(void **state)
{
	struct handshake_pair p;
	uint8_t key[SIGNET_MAC_LEN];
	struct wire w[3], bad;

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	pair_run(&p, 2, w);
	signet_mac1_key(&p.r.local.ident.id, key);
	bad = w[0];
	bad.b[8] ^= 1;
	signet_mac1_write(bad.b, key);
	assert_int_equal(pair_take_init(&p, &p.hr, &bad, WALL),
			 SIGNET_DROP_HANDSHAKE);
	bad = w[1];
	bad.b[8] ^= 1;
	signet_mac1_write(bad.b, key);
	assert_int_equal(pair_take_response(&p, &p.hi, &bad, WALL),
			 SIGNET_DROP_PAYLOAD);
	assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL), 0);
}

/* A responder, or an initiator of XX, that chose what was not offered. */
static void an_aead_that_was_not_offered_is_refused(void **state)
{
	struct handshake_pair p;
	struct wire w[3];

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	pair_run(&p, 1, w);
	p.r.local.aeads = SIGNET_AEAD_AES256GCM;
	p.hr.remote.aeads = SIGNET_AEAD_AES256GCM;
	pair_respond(&p, &w[1]);
	assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL),
			 SIGNET_DROP_PAYLOAD);

	pair_sides(&p, SIGNET_PATTERN_XX, 0, 0);
	p.i.local.aeads = p.r.local.aeads = SIGNET_AEAD_AES256GCM |
					    SIGNET_AEAD_CHACHA20POLY1305;
	pair_run(&p, 2, w);
	assert_int_equal(pair_take_response(&p, &p.hi, &w[1], WALL), 0);
	/* Two at once is no choice. */
	p.hi.aead = SIGNET_AEAD_AES256GCM | SIGNET_AEAD_CHACHA20POLY1305;
	assert_int_equal(pair_finish(&p, &w[2]), 0);
	assert_int_equal(pair_take_finish(&p, &p.hr, &w[2], WALL),
			 SIGNET_DROP_PAYLOAD);
	assert_true(p.hr.noise.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_changed_bit_of_an_init_is_refused),
		cmocka_unit_test(every_changed_bit_of_mac2_is_detected),
		cmocka_unit_test(every_changed_bit_of_a_response_is_refused),
		cmocka_unit_test(every_changed_bit_of_a_finish_is_refused),
		cmocka_unit_test(every_length_is_handled),
		cmocka_unit_test(lengths_of_every_type),
		cmocka_unit_test(the_identity_that_was_meant_must_answer),
		cmocka_unit_test(a_wrong_static_key_gets_no_answer),
		cmocka_unit_test(a_borrowed_attestation_is_refused),
		cmocka_unit_test(an_attestation_of_an_older_head_is_refused),
		cmocka_unit_test(an_expired_attestation_is_refused),
		cmocka_unit_test(our_own_identity_is_refused),
		cmocka_unit_test(a_wrong_psk_shows_in_the_third_message),
		cmocka_unit_test(patterns_do_not_mix),
		cmocka_unit_test(labels_are_authenticated),
		cmocka_unit_test(an_aead_that_was_not_offered_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
