// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bech32m against the vectors of BIP-350, and identifiers as text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <signet/core/identity.h>

#include "core/bech32m.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const valid[] = {
	"A1LQFN3A",
	"a1lqfn3a",
	"an83characterlonghumanreadablepartthatcontainsthetheexcludedcharacters"
	"bioandnumber11sg7hg6",
	"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
	"11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"
	"llllllllllllllludsr8",
	"split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
	"?1v759aa",
};

static const char *const invalid[] = {
	"\x20"
	"1xj0phk",
	"\x7f"
	"1g6xzxy",
	"\x80"
	"1vctc34",
	"an84characterslonghumanreadablepartthatcontainsthetheexcludedcharacter"
	"sbioandnumber11d6pts4",
	"qyrz8wqd2c9m",
	"1qyrz8wqd2c9m",
	"y1b0jsk6g",
	"lt1igcx5c0",
	"in1muywd",
	"mm1crxm3i",
	"au1s5cgom",
	"M1VUXWEZ",
	"16plkw9",
	"1p2gdwpf",
	/* bech32, not bech32m */
	"A12UEL5L",
	/* mixed case */
	"A1lqfn3a",
	"",
	"1",
	"sg1",
};

static void bip350_valid_strings_are_accepted(void **state)
{
	uint8_t values[SG_BECH32M_VALUES];
	char prefix[SG_BECH32M_MAX];
	size_t i, count;

	for (i = 0; i < COUNT(valid); i++) {
		assert_int_equal(
			sg_bech32m_values(valid[i], prefix, values, &count), 0);
		assert_int_equal(strlen(prefix) + 1 + count + 6,
				 strlen(valid[i]));
	}
	assert_int_equal(sg_bech32m_values(valid[3], prefix, values, &count),
			 0);
	assert_string_equal(prefix, "abcdef");
	assert_int_equal(count, 32);
	for (i = 0; i < 32; i++)
		assert_int_equal(values[i], 31 - i);
}

static void bip350_invalid_strings_are_refused(void **state)
{
	uint8_t values[SG_BECH32M_VALUES];
	char prefix[SG_BECH32M_MAX];
	size_t i, count;

	for (i = 0; i < COUNT(invalid); i++)
		assert_int_equal(
			sg_bech32m_values(invalid[i], prefix, values, &count),
			-EINVAL);
}

static void bytes_of_each_length_come_back(void **state)
{
	uint8_t in[51], out[51];
	char text[SG_BECH32M_MAX + 1];
	size_t len, i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = 0xa5 + 31 * i;
	for (len = 0; len <= 50; len++) {
		assert_int_equal(
			sg_bech32m_encode("sg", in, len, text, sizeof(text)),
			0);
		assert_int_equal(sg_bech32m_decode(text, "sg", out, len), 0);
		assert_memory_equal(in, out, len);
		assert_int_equal(sg_bech32m_decode(text, "sh", out, len),
				 -EINVAL);
		assert_int_equal(sg_bech32m_decode(text, "sg", out, len + 1),
				 -EINVAL);
		assert_int_equal(
			sg_bech32m_encode("sg", in, len, text, strlen(text)),
			-ENOBUFS);
	}
	assert_int_equal(sg_bech32m_encode("sg", in, 51, text, sizeof(text)),
			 -EINVAL);
}

static void identifier_text_comes_back(void **state)
{
	char text[SIGNET_ID_STR_LEN], upper[SIGNET_ID_STR_LEN];
	struct signet_id id, back;
	size_t i;

	for (i = 0; i < sizeof(id.b); i++)
		id.b[i] = 255 - 7 * i;
	signet_id_format(&id, text);
	assert_int_equal(strlen(text), SIGNET_ID_STR_LEN - 1);
	assert_memory_equal(text, "sg1", 3);
	assert_int_equal(signet_id_parse(text, &back), 0);
	assert_int_equal(signet_id_cmp(&id, &back), 0);
	for (i = 0; i < sizeof(upper); i++)
		upper[i] = text[i] >= 'a' ? text[i] - 32 : text[i];
	assert_int_equal(signet_id_parse(upper, &back), 0);
	assert_int_equal(signet_id_cmp(&id, &back), 0);
}

static void identifier_with_a_wrong_character_is_refused(void **state)
{
	char text[SIGNET_ID_STR_LEN], bad[SIGNET_ID_STR_LEN + 1];
	struct signet_id id = { { 1, 2, 3 } }, back;
	size_t i;
	int c;

	signet_id_format(&id, text);
	for (i = 0; text[i]; i++) {
		for (c = 1; c < 256; c++) {
			strcpy(bad, text);
			bad[i] = c;
			if (bad[i] == text[i])
				continue;
			assert_int_equal(signet_id_parse(bad, &back), -EINVAL);
		}
	}
	for (i = 0; text[i]; i++) {
		strcpy(bad, text);
		bad[i] = '\0';
		assert_int_equal(signet_id_parse(bad, &back), -EINVAL);
	}
	snprintf(bad, sizeof(bad), "%s%c", text, 'q');
	assert_int_equal(signet_id_parse(bad, &back), -EINVAL);
}

/* Checksums are right, but of the 260 bits the last four are not zero. */
static void identifier_with_padding_set_is_refused(void **state)
{
	static const char *const set[] = {
		"sg1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqpry6ful",
		"sg1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqgqx2sls",
	};
	struct signet_id id;

	/* the last of the 256 bits, and nothing behind it */
	assert_int_equal(signet_id_parse("sg1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
					 "qqqqqqqqqqqqqqqqqstnxy57",
					 &id),
			 0);
	assert_int_equal(id.b[31], 1);
	assert_int_equal(signet_id_parse(set[0], &id), -EINVAL);
	assert_int_equal(signet_id_parse(set[1], &id), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bip350_valid_strings_are_accepted),
		cmocka_unit_test(bip350_invalid_strings_are_refused),
		cmocka_unit_test(bytes_of_each_length_come_back),
		cmocka_unit_test(identifier_text_comes_back),
		cmocka_unit_test(identifier_with_a_wrong_character_is_refused),
		cmocka_unit_test(identifier_with_padding_set_is_refused),
	};

	return cmocka_run_group_tests_name("bech32m", tests, NULL, NULL);
}
