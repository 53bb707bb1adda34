// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The wire format against numbers written out, and where it must compile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <signet/drop.h>
#include <signet/wire.h>

#define AT(type, field, offset, size)                                      \
	do {                                                               \
		assert_int_equal(offsetof(struct type, field), offset);    \
		assert_int_equal(sizeof(((struct type *)0)->field), size); \
	} while (0)

static void packet_and_message_header(void **state)
{
	assert_int_equal(sizeof(struct signet_frame), 24);
	assert_int_equal(_Alignof(struct signet_frame), 1);
	AT(signet_frame, type, 0, 1);
	AT(signet_frame, key_lane, 1, 1);
	AT(signet_frame, flags, 2, 2);
	AT(signet_frame, label, 4, 4);
	AT(signet_frame, counter, 8, 8);
	AT(signet_frame, hop_tag, 16, 8);
}

static void handshake_header(void **state)
{
	assert_int_equal(sizeof(struct signet_handshake_frame), 80);
	assert_int_equal(_Alignof(struct signet_handshake_frame), 1);
	AT(signet_handshake_frame, type, 0, 1);
	AT(signet_handshake_frame, pattern, 1, 1);
	AT(signet_handshake_frame, flags, 2, 2);
	AT(signet_handshake_frame, label, 4, 4);
	AT(signet_handshake_frame, sender_label, 8, 4);
	AT(signet_handshake_frame, zero, 12, 4);
	AT(signet_handshake_frame, noise, 16, 32);
	AT(signet_handshake_frame, mac1, 48, 16);
	AT(signet_handshake_frame, mac2, 64, 16);
}

static void cookie_frame(void **state)
{
	assert_int_equal(sizeof(struct signet_cookie_frame), 64);
	assert_int_equal(_Alignof(struct signet_cookie_frame), 1);
	AT(signet_cookie_frame, type, 0, 1);
	AT(signet_cookie_frame, zero1, 1, 1);
	AT(signet_cookie_frame, flags, 2, 2);
	AT(signet_cookie_frame, label, 4, 4);
	AT(signet_cookie_frame, zero2, 8, 8);
	AT(signet_cookie_frame, mac1, 16, 16);
	AT(signet_cookie_frame, cookie, 32, 16);
	AT(signet_cookie_frame, mac, 48, 16);
}

static void numbers(void **state)
{
	assert_int_equal(SIGNET_WIRE_VERSION, 1);
	assert_int_equal(SIGNET_FRAME_INIT, 1);
	assert_int_equal(SIGNET_FRAME_RESPONSE, 2);
	assert_int_equal(SIGNET_FRAME_FINISH, 3);
	assert_int_equal(SIGNET_FRAME_COOKIE, 4);
	assert_int_equal(SIGNET_FRAME_PACKET, 5);
	assert_int_equal(SIGNET_FRAME_MESSAGE, 6);
	assert_int_equal(SIGNET_PATTERN_IK, 1);
	assert_int_equal(SIGNET_PATTERN_XX, 2);
	assert_int_equal(SIGNET_PATTERN_XXPSK3, 3);
	assert_int_equal(SIGNET_KEY_IDS << SIGNET_KEY_SHIFT, 256);
	assert_int_equal(SIGNET_LANES, 32);
	assert_int_equal(SIGNET_LANE_MASK, 31);
	assert_int_equal(SIGNET_REPLAY_WINDOW, 8192);
	assert_int_equal(SIGNET_AEAD_KEY_LEN, 32);
	assert_int_equal(SIGNET_AEAD_TAG_LEN, 16);
	assert_int_equal(SIGNET_AEAD_NONCE_LEN, 12);
	assert_int_equal(SIGNET_HOP_KEY_LEN, 16);
	assert_int_equal(SIGNET_HOP_TAG_LEN, 8);
	assert_int_equal(SIGNET_MAC_LEN, 16);
	assert_int_equal(SIGNET_COOKIE_LEN, 16);
	assert_int_equal(SIGNET_IDENTITY_LEN, 32);
}

static void lengths(void **state)
{
	assert_int_equal(SIGNET_FRAME_HDR_LEN, 24);
	assert_int_equal(SIGNET_FRAME_OVERHEAD, 40);
	assert_int_equal(SIGNET_FRAME_AAD_LEN, 4);
	assert_int_equal(SIGNET_HOP_TAG_OFFSET, 16);
	assert_int_equal(SIGNET_HANDSHAKE_HDR_LEN, 80);
	assert_int_equal(SIGNET_MAC1_OFFSET, 48);
	assert_int_equal(SIGNET_MAC2_OFFSET, 64);
	assert_int_equal(SIGNET_COOKIE_FRAME_LEN, 64);
	assert_int_equal(SIGNET_HANDSHAKE_MIN, 96);
	assert_int_equal(SIGNET_HANDSHAKE_MAX, 1232);
	assert_int_equal(SIGNET_MESSAGE_PAD, 64);
	assert_int_equal(SIGNET_MESSAGE_MIN, 104);
	assert_int_equal(SIGNET_MESSAGE_MAX, 1192);
	assert_int_equal(SIGNET_PACKET_MIN, 40);
	assert_int_equal(SIGNET_PACKET_MAX, 65507);
}

/* Names of people's tools and of counters: unique, one word each. */
static void drop_reasons_have_distinct_names(void **state)
{
	static const char *const names[] = {
#define NAME(name, text, help) text,
		SIGNET_DROP_REASONS(NAME)
#undef NAME
	};
	unsigned int i, j;

	assert_int_equal(sizeof(names) / sizeof(names[0]), SIGNET_DROP_COUNT);
	for (i = 0; i < SIGNET_DROP_COUNT; i++) {
		assert_int_equal(strspn(names[i], "abcdefghijklmnopqrstuvwxyz"
						  "-0123456789"),
				 strlen(names[i]));
		for (j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
}

static void drop_reasons_keep_their_numbers(void **state)
{
	assert_int_equal(SIGNET_DROP_NONE, 0);
	assert_int_equal(SIGNET_DROP_LENGTH, 1);
	assert_int_equal(SIGNET_DROP_TYPE, 2);
	assert_int_equal(SIGNET_DROP_FLAGS, 3);
	assert_int_equal(SIGNET_DROP_LABEL, 4);
	assert_int_equal(SIGNET_DROP_HOP_TAG, 5);
	assert_int_equal(SIGNET_DROP_KEY_ID, 6);
	assert_int_equal(SIGNET_DROP_KEY_EXPIRED, 7);
	assert_int_equal(SIGNET_DROP_LANE, 8);
	assert_int_equal(SIGNET_DROP_REPLAY, 9);
	assert_int_equal(SIGNET_DROP_AEAD, 10);
	assert_int_equal(SIGNET_DROP_INNER, 11);
	assert_int_equal(SIGNET_DROP_INNER_SOURCE, 12);
	assert_int_equal(SIGNET_DROP_NO_ROUTE, 13);
	assert_int_equal(SIGNET_DROP_NO_CHANNEL, 14);
	assert_int_equal(SIGNET_DROP_NO_ENDPOINT, 15);
	assert_int_equal(SIGNET_DROP_MTU, 16);
	assert_int_equal(SIGNET_DROP_QUEUE_FULL, 17);
	assert_int_equal(SIGNET_DROP_NO_MEMORY, 18);
	assert_int_equal(SIGNET_DROP_SEND, 19);
	assert_int_equal(SIGNET_DROP_DEVICE, 20);
	assert_int_equal(SIGNET_DROP_MAC1, 21);
	assert_int_equal(SIGNET_DROP_MAC2, 22);
	assert_int_equal(SIGNET_DROP_RATE, 23);
	assert_int_equal(SIGNET_DROP_HANDSHAKE, 24);
	assert_int_equal(SIGNET_DROP_PAYLOAD, 25);
	assert_int_equal(SIGNET_DROP_STRANGER, 26);
	assert_int_equal(SIGNET_DROP_IDENTITY, 27);
	assert_int_equal(SIGNET_DROP_EXPIRED, 28);
	assert_int_equal(SIGNET_DROP_STALE, 29);
	assert_int_equal(SIGNET_DROP_PATTERN, 30);
	assert_int_equal(SIGNET_DROP_STATE, 31);
	assert_int_equal(SIGNET_DROP_RECORD, 32);
	assert_int_equal(SIGNET_DROP_LOOP, 33);
}

/* A program of its own that uses both headers, through @compiler. */
static void compile_with(const char *name, const char *compiler)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null 2>&1", name);
	if (access("include/signet/wire.h", R_OK) || system(cmd))
		skip();
	snprintf(cmd, sizeof(cmd),
		 "printf '%%s\\n' '#include <signet/wire.h>' "
		 "'#include <signet/drop.h>' "
		 "'int f(struct signet_frame *h);' "
		 "'int f(struct signet_frame *h) "
		 "{ return h->type ? SIGNET_DROP_TYPE : 0; }' | "
		 "%s -Wall -Wextra -Werror -Iinclude -x c -c -o /dev/null -",
		 compiler);
	assert_int_equal(system(cmd), 0);
}

static void headers_compile_freestanding(void **state)
{
	compile_with("cc", "cc -std=gnu11 -ffreestanding");
}

static void headers_compile_for_bpf(void **state)
{
	compile_with("clang", "clang -std=gnu11 -target bpf -O2 "
			      "-idirafter /usr/include/$(uname -m)-linux-gnu");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_and_message_header),
		cmocka_unit_test(handshake_header),
		cmocka_unit_test(cookie_frame),
		cmocka_unit_test(numbers),
		cmocka_unit_test(lengths),
		cmocka_unit_test(drop_reasons_have_distinct_names),
		cmocka_unit_test(drop_reasons_keep_their_numbers),
		cmocka_unit_test(headers_compile_freestanding),
		cmocka_unit_test(headers_compile_for_bpf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
