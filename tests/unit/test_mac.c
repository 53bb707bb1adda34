// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What filters read on a handshake frame: form, mac1, mac2, cookie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include <signet/core/mac.h>
#include <signet/drop.h>

static const struct signet_id responder = { { 1, 2, 3 } };

static void make(uint8_t f[SIGNET_HANDSHAKE_MAX], uint8_t type, uint8_t pattern)
{
	memset(f, 0xa5, SIGNET_HANDSHAKE_MAX);
	memset(f, 0, 16);
	f[0] = type;
	f[1] = pattern;
	if (type != SIGNET_FRAME_INIT) {
		f[7] = 1;
		memset(f + SIGNET_MAC2_OFFSET, 0, SIGNET_MAC_LEN);
	}
	f[11] = 1;
}

static void mac1_covers_its_48_bytes(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX], key[SIGNET_MAC_LEN];

	make(f, SIGNET_FRAME_INIT, SIGNET_PATTERN_IK);
	signet_mac1_key(&responder, key);
	assert_false(signet_mac1_ok(f, key));
	signet_mac1_write(f, key);
	assert_true(signet_mac1_ok(f, key));
	assert_true(sodium_is_zero(f + SIGNET_MAC2_OFFSET, SIGNET_MAC_LEN));
	for (size_t bit = 0; bit < 8 * SIGNET_HANDSHAKE_MAX; bit++) {
		bool covered = bit < 8 * SIGNET_MAC2_OFFSET;

		f[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(signet_mac1_ok(f, key), !covered);
		f[bit / 8] ^= 1 << bit % 8;
	}
	for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
		key[bit / 8] ^= 1 << bit % 8;
		assert_false(signet_mac1_ok(f, key));
		key[bit / 8] ^= 1 << bit % 8;
	}
}

static void mac2_covers_its_64_bytes(void **state)
{
	static const uint8_t cookie[SIGNET_COOKIE_LEN] = { 4, 5, 6 };
	uint8_t f[SIGNET_HANDSHAKE_MAX], key[SIGNET_MAC_LEN];

	make(f, SIGNET_FRAME_INIT, SIGNET_PATTERN_IK);
	signet_mac1_key(&responder, key);
	signet_mac1_write(f, key);
	assert_false(signet_mac2_ok(f, cookie));
	signet_mac2_write(f, cookie);
	assert_true(signet_mac1_ok(f, key));
	for (size_t bit = 0; bit < 8 * SIGNET_HANDSHAKE_MAX; bit++) {
		bool covered = bit < 8 * SIGNET_HANDSHAKE_HDR_LEN;

		f[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(signet_mac2_ok(f, cookie), !covered);
		f[bit / 8] ^= 1 << bit % 8;
	}
}

static void every_identity_has_its_own_mac1_key(void **state)
{
	uint8_t key[SIGNET_MAC_LEN], other[SIGNET_MAC_LEN];
	struct signet_id id = responder;

	signet_mac1_key(&responder, key);
	for (int bit = 0; bit < 256; bit++) {
		id.b[bit / 8] ^= 1 << bit % 8;
		signet_mac1_key(&id, other);
		assert_memory_not_equal(key, other, sizeof(key));
		id.b[bit / 8] ^= 1 << bit % 8;
	}
}

static void a_cookie_is_of_one_address_and_one_secret(void **state)
{
	uint8_t secret[SIGNET_MAC_LEN] = { 7 }, addr[18] = { 8 };
	uint8_t cookie[SIGNET_COOKIE_LEN], other[SIGNET_COOKIE_LEN];

	signet_cookie(secret, addr, sizeof(addr), cookie);
	for (size_t bit = 0; bit < 8 * sizeof(addr); bit++) {
		addr[bit / 8] ^= 1 << bit % 8;
		signet_cookie(secret, addr, sizeof(addr), other);
		assert_memory_not_equal(cookie, other, sizeof(cookie));
		addr[bit / 8] ^= 1 << bit % 8;
	}
	signet_cookie(secret, addr, sizeof(addr) - 1, other);
	assert_memory_not_equal(cookie, other, sizeof(cookie));
	secret[15] ^= 1;
	signet_cookie(secret, addr, sizeof(addr), other);
	assert_memory_not_equal(cookie, other, sizeof(cookie));
}

static void a_cookie_frame_answers_one_init(void **state)
{
	static const uint8_t cookie[SIGNET_COOKIE_LEN] = { 4, 5, 6 };
	uint8_t init[SIGNET_HANDSHAKE_MAX], key[SIGNET_MAC_LEN];
	uint8_t f[SIGNET_COOKIE_FRAME_LEN], got[SIGNET_COOKIE_LEN] = { 0 };
	static const uint8_t none[SIGNET_COOKIE_LEN];
	const uint8_t *mac1 = init + SIGNET_MAC1_OFFSET;
	uint8_t other[SIGNET_MAC_LEN];

	make(init, SIGNET_FRAME_INIT, SIGNET_PATTERN_IK);
	signet_mac1_key(&responder, key);
	signet_mac1_write(init, key);
	signet_cookie_frame_write(f, init, cookie, key);
	assert_int_equal(signet_handshake_parse(f, sizeof(f)), 0);
	for (size_t bit = 0; bit < 8 * sizeof(f); bit++) {
		f[bit / 8] ^= 1 << bit % 8;
		assert_false(!signet_handshake_parse(f, sizeof(f)) &&
			     signet_cookie_frame_read(f, 0x01000000, mac1, key,
						      got));
		f[bit / 8] ^= 1 << bit % 8;
	}
	memcpy(other, mac1, sizeof(other));
	other[3] ^= 1;
	assert_false(signet_cookie_frame_read(f, 0x01000000, other, key, got));
	assert_false(signet_cookie_frame_read(f, 0x01000001, mac1, key, got));
	memcpy(other, key, sizeof(other));
	other[3] ^= 1;
	assert_false(signet_cookie_frame_read(f, 0x01000000, mac1, other, got));
	assert_memory_equal(got, none, sizeof(got));
	assert_true(signet_cookie_frame_read(f, 0x01000000, mac1, key, got));
	assert_memory_equal(got, cookie, sizeof(got));
}

static void reserved_bytes_and_labels_are_checked(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX];

	for (int type = SIGNET_FRAME_INIT; type <= SIGNET_FRAME_FINISH;
	     type++) {
		for (int x = 0; x < 256; x++) {
			int want = x < SIGNET_PATTERN_IK ||
						   x > SIGNET_PATTERN_MAX
					   ? SIGNET_DROP_TYPE
					   : 0;

			make(f, type, x);
			assert_int_equal(signet_handshake_parse(f, sizeof(f)),
					 want);
		}
		for (int bit = 0; bit < 8; bit++) {
			static const uint8_t at[] = { 2, 3, 12, 13, 14, 15 };

			for (size_t i = 0; i < sizeof(at); i++) {
				make(f, type, SIGNET_PATTERN_IK);
				f[at[i]] = 1 << bit;
				assert_int_equal(
					signet_handshake_parse(f, sizeof(f)),
					SIGNET_DROP_FLAGS);
			}
		}
		make(f, type, SIGNET_PATTERN_IK);
		f[7] ^= 1; /* a label in init, none elsewhere */
		assert_int_equal(signet_handshake_parse(f, sizeof(f)),
				 SIGNET_DROP_LABEL);
		make(f, type, SIGNET_PATTERN_IK);
		f[11] = 0;
		assert_int_equal(signet_handshake_parse(f, sizeof(f)),
				 SIGNET_DROP_LABEL);
	}
}

static void only_an_init_has_a_mac2(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX];

	for (int type = SIGNET_FRAME_INIT; type <= SIGNET_FRAME_FINISH;
	     type++) {
		for (int bit = 0; bit < 8 * SIGNET_MAC_LEN; bit++) {
			make(f, type, SIGNET_PATTERN_IK);
			f[SIGNET_MAC2_OFFSET + bit / 8] ^= 1 << bit % 8;
			assert_int_equal(signet_handshake_parse(f, sizeof(f)),
					 type == SIGNET_FRAME_INIT
						 ? 0
						 : SIGNET_DROP_FLAGS);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac1_covers_its_48_bytes),
		cmocka_unit_test(mac2_covers_its_64_bytes),
		cmocka_unit_test(every_identity_has_its_own_mac1_key),
		cmocka_unit_test(a_cookie_is_of_one_address_and_one_secret),
		cmocka_unit_test(a_cookie_frame_answers_one_init),
		cmocka_unit_test(reserved_bytes_and_labels_are_checked),
		cmocka_unit_test(only_an_init_has_a_mac2),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
