// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* HKDF against RFC 5869, and what keys depend on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "handshake_pair.h"

static void fill(uint8_t *b, size_t len, uint8_t from)
{
	for (size_t i = 0; i < len; i++)
		b[i] = from + i;
}

static void unhex(const char *hex, uint8_t *out, size_t len)
{
	size_t n;

	assert_int_equal(
		sodium_hex2bin(out, len, hex, strlen(hex), NULL, &n, NULL), 0);
	assert_int_equal(n, len);
}

/* RFC 5869, appendix A.1 to A.3 (A.2 up to the 64 bytes that we can make). */
static void hkdf_passes_the_vectors_of_the_rfc(void **state)
{
	uint8_t ikm[80], salt[80], info[80], want[64], got[64];

	memset(ikm, 0x0b, 22);
	fill(salt, 13, 0);
	fill(info, 10, 0xf0);
	unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	      "34007208d5b887185865",
	      want, 42);
	signet_hkdf(salt, 13, ikm, 22, info, 10, got, 42);
	assert_memory_equal(got, want, 42);

	fill(ikm, 80, 0);
	fill(salt, 80, 0x60);
	fill(info, 80, 0xb0);
	unhex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
	      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db7"
	      "1",
	      want, 64);
	signet_hkdf(salt, 80, ikm, 80, info, 80, got, 64);
	assert_memory_equal(got, want, 64);

	memset(ikm, 0x0b, 22);
	unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	      "9d201395faa4b61a96c8",
	      want, 42);
	signet_hkdf(NULL, 0, ikm, 22, NULL, 0, got, 42);
	assert_memory_equal(got, want, 42);
	/* Shorter output is a part of the longer, and nothing lies behind it */
	memset(got, 0, sizeof(got));
	signet_hkdf(NULL, 0, ikm, 22, NULL, 0, got, 7);
	assert_memory_equal(got, want, 7);
	assert_int_equal(got[7], 0);
}

static void all_keys_differ(const struct signet_keys *a,
			    const struct signet_keys *b)
{
	const uint8_t *ka = (const uint8_t *)a, *kb = (const uint8_t *)b;

	for (size_t i = 0; i < sizeof(*a); i += 32)
		for (size_t k = 0; k < sizeof(*b); k += 32)
			assert_true((a == b && i == k) ||
				    memcmp(ka + i, kb + k, 32));
}

static void every_use_aead_and_key_id_has_its_own_keys(void **state)
{
	struct signet_keys keys, other;
	struct handshake_pair p;
	struct wire w[3];

	pair_sides(&p, SIGNET_PATTERN_IK, 0, 0);
	pair_run(&p, 3, w);
	assert_int_equal(signet_keys_derive(&keys, &p.hi.noise, 1, 0), 0);
	all_keys_differ(&keys, &keys);
	for (int id = 1; id < SIGNET_KEY_IDS; id++) {
		assert_int_equal(signet_keys_derive(&other, &p.hi.noise, 1, id),
				 0);
		all_keys_differ(&keys, &other);
	}
	assert_int_equal(signet_keys_derive(&other, &p.hi.noise, 2, 0), 0);
	all_keys_differ(&keys, &other);
}

static void only_a_finished_handshake_has_keys(void **state)
{
	struct handshake_pair p;
	struct signet_keys keys;
	struct wire w[3];

	pair_sides(&p, SIGNET_PATTERN_XX, 0, 0);
	pair_run(&p, 2, w);
	assert_int_equal(signet_handshake_keys(&p.hi, &p.i.local, &keys),
			 -EINVAL);
	assert_int_equal(signet_handshake_keys(&p.hr, &p.r.local, &keys),
			 -EINVAL);
	signet_noise_wipe(&p.hr.noise);
	assert_int_equal(signet_handshake_keys(&p.hr, &p.r.local, &keys),
			 -EINVAL);
}

static void a_hop_key_is_of_one_direction_and_label(void **state)
{
	uint8_t secret[32] = { 1 }, key[4][SIGNET_HOP_KEY_LEN];

	signet_hop_key(secret, SIGNET_I2R, 0x11223344, key[0]);
	signet_hop_key(secret, SIGNET_R2I, 0x11223344, key[1]);
	signet_hop_key(secret, SIGNET_I2R, 0x11223345, key[2]);
	secret[31] = 1;
	signet_hop_key(secret, SIGNET_I2R, 0x11223344, key[3]);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(key[i], key[k],
						SIGNET_HOP_KEY_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hkdf_passes_the_vectors_of_the_rfc),
		cmocka_unit_test(every_use_aead_and_key_id_has_its_own_keys),
		cmocka_unit_test(only_a_finished_handshake_has_keys),
		cmocka_unit_test(a_hop_key_is_of_one_direction_and_label),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
