// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The Noise engine against tampering, wrong keys and wrong use. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <signet/core/noise.h>
#include <sodium.h>

#include "vectors.h"

#define BUF_LEN 4096

struct blob {
	uint8_t b[BUF_LEN];
	size_t len;
};

/*
 * Handshakes between two sides with fixed keys, for the tests that follow
 */

struct pair {
	struct signet_noise ns[2];
	uint8_t s[2][32], pub[2][32], psk[32];
};

static void start(struct pair *p, int pattern)
{
	struct signet_noise_keys keys;
	int i;

	for (i = 0; i < 2; i++) {
		memset(p->s[i], 0x11 * (i + 1), 32);
		crypto_scalarmult_base(p->pub[i], p->s[i]);
	}
	memset(p->psk, 0x77, 32);
	for (i = 0; i < 2; i++) {
		keys = (struct signet_noise_keys){
			p->s[i],
			p->pub[i],
			p->pub[!i],
			p->psk,
		};
		assert_int_equal(signet_noise_init(&p->ns[i], pattern, i == 0,
						   (const uint8_t *)"test", 4,
						   &keys),
				 0);
	}
}

static void write_next(struct pair *p, int index, struct blob *msg)
{
	uint8_t e[32];

	memset(e, 0x40 + index, sizeof(e));
	assert_int_equal(signet_noise_write(&p->ns[index % 2], e,
					    (const uint8_t *)"payload", 7,
					    msg->b, sizeof(msg->b), &msg->len),
			 0);
}

static int read_next(struct pair *p, int index, const struct blob *msg)
{
	uint8_t out[BUF_LEN];
	size_t len;

	return signet_noise_read(&p->ns[!(index % 2)], msg->b, msg->len, out,
				 sizeof(out), &len);
}

/* Bring @p to where message @index is written, and write it. */
static void advance(struct pair *p, int pattern, int index, struct blob *msg)
{
	int i;

	start(p, pattern);
	for (i = 0; i < index; i++) {
		write_next(p, i, msg);
		assert_int_equal(read_next(p, i, msg), 0);
	}
	write_next(p, index, msg);
}

/*
 * A changed message is refused: at once, or where nothing was encrypted yet,
 * with the next message.
 */
static void assert_refused(struct pair *p, int index, const struct blob *msg,
			   bool encrypted)
{
	struct blob next;
	int ret = read_next(p, index, msg);

	if (!encrypted && !ret) {
		write_next(p, index + 1, &next);
		ret = read_next(p, index + 1, &next);
		index++;
	}
	assert_int_equal(ret, -EBADMSG);
	assert_true(p->ns[!(index % 2)].failed);
	assert_true(sodium_is_zero(p->ns[!(index % 2)].ck, 32));
	assert_true(sodium_is_zero(p->ns[!(index % 2)].s_priv, 32));
}

static const struct {
	const char *name;
	int messages;
	bool first_encrypted;
} tried[] = {
	{ "N", 1, true },      { "X", 1, true },      { "K", 1, true },
	{ "NN", 2, false },    { "NK", 2, true },     { "KK", 2, true },
	{ "IK", 2, true },     { "XX", 3, false },    { "XXpsk3", 3, true },
	{ "IKpsk2", 2, true }, { "KKpsk0", 2, true },
};

static int find(const char *name)
{
	char full[64];
	int pattern;

	snprintf(full, sizeof(full), "Noise_%s_25519_ChaChaPoly_SHA256", name);
	pattern = signet_noise_find(full);
	assert_true(pattern >= 0);
	return pattern;
}

static void each_flipped_bit_is_refused(void **state)
{
	struct pair at, p;
	struct blob msg, bad;
	size_t t, bit;
	int m;

	for (t = 0; t < sizeof(tried) / sizeof(tried[0]); t++) {
		for (m = 0; m < tried[t].messages; m++) {
			advance(&at, find(tried[t].name), m, &msg);
			for (bit = 0; bit < msg.len * 8; bit++) {
				p = at;
				bad = msg;
				bad.b[bit / 8] ^= 1 << bit % 8;
				assert_refused(&p, m, &bad,
					       m || tried[t].first_encrypted);
			}
		}
	}
}

static void each_truncated_or_longer_message_is_refused(void **state)
{
	struct pair at, p;
	struct blob msg, bad;
	size_t t, len;
	int m;

	for (t = 0; t < sizeof(tried) / sizeof(tried[0]); t++) {
		for (m = 0; m < tried[t].messages; m++) {
			advance(&at, find(tried[t].name), m, &msg);
			for (len = 0; len <= msg.len + 32; len++) {
				p = at;
				bad = msg;
				memset(bad.b + msg.len, 0, 64);
				bad.len = len;
				if (len == msg.len)
					continue;
				assert_refused(&p, m, &bad,
					       m || tried[t].first_encrypted);
			}
		}
	}
}

static void wrong_turn_is_refused(void **state)
{
	uint8_t e[32] = { 1 }, k[32], out[BUF_LEN];
	struct blob msg;
	struct pair p;
	size_t len;

	start(&p, SIGNET_NOISE_IK);
	assert_int_equal(signet_noise_write(&p.ns[1], e, NULL, 0, out,
					    sizeof(out), &len),
			 -EINVAL);
	assert_int_equal(len, 0);
	assert_true(p.ns[1].failed);

	start(&p, SIGNET_NOISE_IK);
	write_next(&p, 0, &msg);
	assert_int_equal(signet_noise_read(&p.ns[0], msg.b, msg.len, out,
					   sizeof(out), &len),
			 -EBADMSG);
	start(&p, SIGNET_NOISE_IK);
	write_next(&p, 0, &msg);
	assert_int_equal(signet_noise_write(&p.ns[0], e, NULL, 0, out,
					    sizeof(out), &len),
			 -EINVAL);

	/* not done: no keys; done: no more messages */
	advance(&p, SIGNET_NOISE_NN, 1, &msg);
	assert_int_equal(signet_noise_split(&p.ns[0], k, k, k), -EINVAL);
	assert_int_equal(read_next(&p, 1, &msg), 0);
	assert_int_equal(signet_noise_split(&p.ns[0], k, k, k), 0);
	assert_int_equal(signet_noise_overhead(&p.ns[0]), 0);
	assert_int_equal(signet_noise_write(&p.ns[0], e, NULL, 0, out,
					    sizeof(out), &len),
			 -EINVAL);
}

/* The points whose order divides 8, and their forms above the prime. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void low_order_points_are_refused(void **state)
{
	struct signet_noise_keys keys;
	struct signet_noise ns;
	uint8_t e[32] = { 7 }, out[BUF_LEN];
	uint8_t point[32];
	struct blob msg;
	struct pair p;
	size_t i, len;

	for (i = 0; i < sizeof(low_order) / sizeof(low_order[0]); i++) {
		vector_unhex(low_order[i], point, sizeof(point));
		advance(&p, SIGNET_NOISE_IK, 0, &msg);
		memcpy(msg.b, point, 32);
		assert_int_equal(read_next(&p, 0, &msg), -EBADMSG);
		assert_true(p.ns[1].failed);

		/* as the other's static key */
		keys = (struct signet_noise_keys){ p.s[0], p.pub[0], point,
						   NULL };
		assert_int_equal(signet_noise_init(&ns, SIGNET_NOISE_IK, true,
						   NULL, 0, &keys),
				 0);
		assert_int_equal(signet_noise_write(&ns, e, NULL, 0, out,
						    sizeof(out), &len),
				 -EBADMSG);
		assert_true(ns.failed);
	}
}

static void wrong_or_missing_psk_is_refused(void **state)
{
	static const char *const names[] = { "XXpsk3", "IKpsk2", "KKpsk0" };
	static const int at[] = { 2, 1, 0 };
	uint8_t wrong[32] = { 1 }, out[BUF_LEN];
	struct blob msg;
	struct pair p;
	size_t i, len;
	int reader;

	for (i = 0; i < 3; i++) {
		reader = !(at[i] % 2);
		advance(&p, find(names[i]), at[i], &msg);
		signet_noise_set_psk(&p.ns[reader], wrong);
		assert_int_equal(read_next(&p, at[i], &msg), -EBADMSG);

		advance(&p, find(names[i]), at[i], &msg);
		p.ns[reader].has_psk = false;
		assert_int_equal(signet_noise_read(&p.ns[reader], msg.b,
						   msg.len, out, sizeof(out),
						   &len),
				 -EINVAL);
		assert_true(p.ns[reader].failed);

		/* known in time, it opens */
		advance(&p, find(names[i]), at[i], &msg);
		p.ns[reader].has_psk = false;
		signet_noise_set_psk(&p.ns[reader], p.psk);
		assert_int_equal(read_next(&p, at[i], &msg), 0);
	}
}

static void missing_keys_and_small_buffers_are_refused(void **state)
{
	struct signet_noise_keys none = { 0 };
	struct signet_noise ns, before;
	uint8_t e[32] = { 9 }, out[BUF_LEN];
	struct blob msg;
	struct pair p;
	size_t len;

	assert_int_equal(
		signet_noise_init(&ns, SIGNET_NOISE_IK, true, NULL, 0, &none),
		-EINVAL);
	assert_true(ns.failed);
	assert_int_equal(
		signet_noise_init(&ns, SIGNET_NOISE_XX, false, NULL, 0, &none),
		-EINVAL);
	assert_int_equal(
		signet_noise_init(&ns, SIGNET_NOISE_N, false, NULL, 0, &none),
		-EINVAL);
	assert_int_equal(signet_noise_init(&ns, -1, true, NULL, 0, &none),
			 -EINVAL);
	assert_int_equal(signet_noise_init(&ns, SIGNET_NOISE_PATTERN_COUNT,
					   true, NULL, 0, &none),
			 -EINVAL);
	assert_int_equal(signet_noise_find("Noise_IK_448_ChaChaPoly_SHA256"),
			 -ENOENT);

	/* a write that does not fit changes nothing */
	start(&p, SIGNET_NOISE_IK);
	before = p.ns[0];
	assert_int_equal(signet_noise_write(&p.ns[0], e, e, 32, out, 127, &len),
			 -ENOBUFS);
	assert_memory_equal(&before, &p.ns[0], sizeof(before));
	assert_int_equal(signet_noise_write(&p.ns[0], e, e, 32, out, 128, &len),
			 0);
	assert_int_equal(len, 128);

	advance(&p, SIGNET_NOISE_IK, 0, &msg);
	assert_int_equal(
		signet_noise_read(&p.ns[1], msg.b, msg.len, out, 6, &len),
		-ENOBUFS);
	assert_true(p.ns[1].failed);
}

static int setup(void **state)
{
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_flipped_bit_is_refused),
		cmocka_unit_test(each_truncated_or_longer_message_is_refused),
		cmocka_unit_test(wrong_turn_is_refused),
		cmocka_unit_test(low_order_points_are_refused),
		cmocka_unit_test(wrong_or_missing_psk_is_refused),
		cmocka_unit_test(missing_keys_and_small_buffers_are_refused),
	};

	return cmocka_run_group_tests_name("noise tamper", tests, setup, NULL);
}
