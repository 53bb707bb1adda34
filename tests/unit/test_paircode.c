// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One-time codes as people write them, and as they mistype them. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/paircode.h"

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void make(uint8_t n, uint8_t code[SG_PAIRCODE_LEN],
		 char text[SG_PAIRCODE_STR_LEN])
{
	crypto_generichash(code, SG_PAIRCODE_LEN, &n, 1, NULL, 0);
	sg_paircode_format(code, text);
}

static void codes_come_back(void **state)
{
	uint8_t code[SG_PAIRCODE_LEN], again[SG_PAIRCODE_LEN];
	char text[SG_PAIRCODE_STR_LEN];

	for (int n = 0; n < 256; n++) {
		make(n, code, text);
		assert_int_equal(strlen(text), SG_PAIRCODE_STR_LEN - 1);
		for (int i = 0; text[i]; i++)
			assert_true(i % 5 == 4 ? text[i] == '-'
					       : !!strchr(letters, text[i]));
		assert_int_equal(sg_paircode_parse(text, again), 0);
		assert_memory_equal(again, code, sizeof(code));
	}
}

static void any_way_of_writing_is_good(void **state)
{
	uint8_t code[SG_PAIRCODE_LEN], again[SG_PAIRCODE_LEN];
	char text[SG_PAIRCODE_STR_LEN], other[80];

	for (int n = 0; n < 64; n++) {
		int len = 0;

		make(n, code, text);
		for (int i = 0; text[i]; i++) {
			char c = text[i];

			if (c == '-')
				c = "- \n"[i / 5 % 3];
			if (c == '0')
				c = "0Oo"[i % 3];
			if (c == '1')
				c = "1IiLl"[i % 5];
			other[len++] = n & 1 ? tolower((unsigned char)c) : c;
			if (n & 2)
				other[len++] = ' ';
		}
		other[len] = 0;
		assert_int_equal(sg_paircode_parse(other, again), 0);
		assert_memory_equal(again, code, sizeof(code));
	}
}

/* Any one letter wrong, or two neighbours swapped: found, but for one in 1024 */
static void typing_errors_are_found(void **state)
{
	uint8_t code[SG_PAIRCODE_LEN], again[SG_PAIRCODE_LEN];
	static const uint8_t zero[SG_PAIRCODE_LEN];
	char text[SG_PAIRCODE_STR_LEN], bad[SG_PAIRCODE_STR_LEN];
	unsigned int tried = 0, missed = 0;

	for (int n = 0; n < 8; n++) {
		make(n, code, text);
		for (int i = 0; text[i]; i++) {
			for (int k = 0; k < 32 && text[i] != '-'; k++) {
				strcpy(bad, text);
				bad[i] = letters[k];
				if (bad[i] == text[i])
					continue;
				tried++;
				memset(again, 1, sizeof(again));
				if (!sg_paircode_parse(bad, again))
					missed++;
				else
					assert_memory_equal(again, zero, 16);
			}
			strcpy(bad, text);
			bad[i] = text[i + 1];
			bad[i + 1] = text[i];
			if (bad[i] == text[i] || bad[i] == '-' ||
			    text[i] == '-' || !bad[i])
				continue;
			tried++;
			missed += !sg_paircode_parse(bad, again);
		}
	}
	assert_true(tried > 6000);
	assert_true(missed < 30);
}

static void what_is_no_code_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"-",
		"0000",
		"0000-0000-0000-0000-0000-0000-000",
		"0000-0000-0000-0000-0000-0000-0000-0",
		"0000-0000-0000-0000-0000-0000-000U",
		"0000-0000-0000-0000-0000-0000-000\xc3\xa4",
		"0000_0000_0000_0000_0000_0000_0000",
	};
	uint8_t code[SG_PAIRCODE_LEN];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sg_paircode_parse(bad[i], code), -EINVAL);
	assert_int_equal(
		sg_paircode_parse("0000-0000-0000-0000-0000-0000-0000", code),
		-EBADMSG);
}

/* The last letter of the 128 bits holds two bits of padding: zero. */
static void one_code_has_one_text(void **state)
{
	uint8_t code[SG_PAIRCODE_LEN], again[SG_PAIRCODE_LEN];
	char text[SG_PAIRCODE_STR_LEN];

	make(5, code, text);
	for (int k = 0; k < 32; k++) {
		char bad[SG_PAIRCODE_STR_LEN];

		strcpy(bad, text);
		bad[25 + 25 / 4] = letters[k];
		if (k & 3)
			assert_int_equal(sg_paircode_parse(bad, again),
					 -EBADMSG);
	}
}

static void keys_of_different_codes_differ(void **state)
{
	uint8_t a[SG_PAIRCODE_LEN] = { 0 }, b[SG_PAIRCODE_LEN] = { 1 };
	uint8_t ka[32], kb[32];

	sg_paircode_psk(a, ka);
	sg_paircode_psk(b, kb);
	assert_memory_not_equal(ka, kb, 32);
	assert_false(sodium_is_zero(ka, 32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_come_back),
		cmocka_unit_test(any_way_of_writing_is_good),
		cmocka_unit_test(typing_errors_are_found),
		cmocka_unit_test(what_is_no_code_is_refused),
		cmocka_unit_test(one_code_has_one_text),
		cmocka_unit_test(keys_of_different_codes_differ),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
