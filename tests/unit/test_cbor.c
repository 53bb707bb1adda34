// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Deterministic CBOR: RFC 8949's examples, and what is not deterministic. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/cbor.h"
#include "vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Does one item of any type, and nothing behind it, stand there? */
static int accepts(const char *hex)
{
	struct sg_cbor_reader r;
	uint8_t buf[256];
	size_t len = vector_unhex(hex, buf, sizeof(buf));

	sg_cbor_read(&r, buf, len);
	sg_cbor_skip(&r);
	return sg_cbor_end(&r);
}

static void rfc8949_examples_are_accepted(void **state)
{
	/* RFC 8949 appendix A, those that are deterministic and not float */
	static const char *const good[] = {
		"00",
		"01",
		"0a",
		"17",
		"1818",
		"1819",
		"1864",
		"1903e8",
		"1a000f4240",
		"1b000000e8d4a51000",
		"1bffffffffffffffff",
		"3bffffffffffffffff",
		"20",
		"29",
		"3863",
		"3903e7",
		"f4",
		"f5",
		"f6",
		"c11a514b67b0",
		"d74401020304",
		"d818456449455446",
		"d28443a10126a0410040",
		"40",
		"4401020304",
		"60",
		"6161",
		"6449455446",
		"62225c",
		"62c3bc",
		"63e6b0b4",
		"64f0908591",
		"80",
		"83010203",
		"8301820203820405",
		"a0",
		"a201020304",
		"a26161016162820203",
		"826161a161626163",
		"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
	};
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		if (accepts(good[i]))
			fail_msg("%s was refused", good[i]);
}

static void what_is_not_deterministic_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		/* longer heads than needed */
		"1817",
		"190017",
		"1900ff",
		"1a0000ffff",
		"1b00000000ffffffff",
		"3817",
		"5801ff",
		"780161",
		"980100",
		"b8010000",
		"d801f6",
		"d90012f6",
		"5900014100",
		/* indefinite length */
		"5f41004100ff",
		"7f61616162ff",
		"9f01ff",
		"bf0101ff",
		"ff",
		/* reserved heads */
		"1c",
		"1d",
		"1e",
		"1f",
		"3c",
		"5c",
		"7c",
		"9c",
		"bc",
		"dc",
		"fc",
		"df00",
		/* floats, undefined, other simple values */
		"f90000",
		"fa47c35000",
		"fb3ff199999999999a",
		"f7",
		"f0",
		"f8ff",
		"f814",
		"f815",
		/* keys out of order, and twice */
		"a203000100",
		"a201000100",
		"a2616200616100",
		"a220000100",
		"a219010000181800",
		/* text that is not UTF-8 */
		"61ff",
		"62c080",
		"62c1bf",
		"63e08080",
		"63eda080",
		"64f0808080",
		"64f4908080",
		"61c3",
		"64f5808080",
		/* cut short */
		"18",
		"1903",
		"42ff",
		"62c3",
		"8201",
		"a101",
		"a1",
		"c1",
		"5bffffffffffffffff00",
		"9bffffffffffffffff00",
		"bbffffffffffffffff00",
		/* something behind */
		"0000",
		/* too deep */
		"818181818181818100",
		"c1c1c1c1c1c1c1c100",
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		if (accepts(bad[i]) != -EBADMSG)
			fail_msg("%s was accepted", bad[i]);
}

static void written_is_read(void **state)
{
	struct sg_cbor_writer w;
	struct sg_cbor_reader r;
	struct sg_cbor_map m;
	uint8_t buf[256], fixed[3];
	const uint8_t *bytes;
	const char *text;
	size_t len, n;
	int64_t key;

	sg_cbor_write(&w, buf, sizeof(buf));
	sg_cbor_put_map(&w, 4);
	sg_cbor_put_uint(&w, 1);
	sg_cbor_put_array(&w, 5);
	sg_cbor_put_uint(&w, UINT64_MAX);
	sg_cbor_put_int(&w, INT64_MIN);
	sg_cbor_put_int(&w, INT64_MAX);
	sg_cbor_put_bool(&w, true);
	sg_cbor_put_null(&w);
	sg_cbor_put_uint(&w, 1000);
	sg_cbor_put_tag(&w, 18);
	sg_cbor_put_bytes(&w, "abc", 3);
	sg_cbor_put_int(&w, -1);
	sg_cbor_put_text(&w, "text");
	sg_cbor_put_int(&w, -1000);
	sg_cbor_put_raw(&w, "\x40", 1);
	assert_int_equal(sg_cbor_finish(&w, &len), 0);

	sg_cbor_read(&r, buf, len);
	assert_int_equal(sg_cbor_peek(&r), SG_CBOR_MAP);
	sg_cbor_get_map(&r, &m);
	assert_true(sg_cbor_map_next(&r, &m, &key) && key == 1);
	assert_int_equal(sg_cbor_get_array(&r), 5);
	assert_true(sg_cbor_get_uint(&r) == UINT64_MAX);
	assert_true(sg_cbor_get_int(&r) == INT64_MIN);
	assert_true(sg_cbor_get_int(&r) == INT64_MAX);
	assert_true(sg_cbor_get_bool(&r));
	sg_cbor_get_null(&r);
	assert_true(sg_cbor_map_next(&r, &m, &key) && key == 1000);
	assert_true(sg_cbor_get_tag(&r) == 18);
	sg_cbor_get_fixed(&r, fixed, 3);
	assert_memory_equal(fixed, "abc", 3);
	assert_true(sg_cbor_map_next(&r, &m, &key) && key == -1);
	text = sg_cbor_get_text(&r, &n);
	assert_int_equal(n, 4);
	assert_memory_equal(text, "text", 4);
	assert_true(sg_cbor_map_next(&r, &m, &key) && key == -1000);
	bytes = sg_cbor_get_bytes(&r, &n);
	assert_non_null(bytes);
	assert_int_equal(n, 0);
	assert_false(sg_cbor_map_next(&r, &m, &key));
	assert_int_equal(sg_cbor_peek(&r), SG_CBOR_END);
	assert_int_equal(sg_cbor_end(&r), 0);
}

static void small_buffer_is_told_at_the_end(void **state)
{
	struct sg_cbor_writer w;
	uint8_t buf[16];
	size_t cap, len;

	for (cap = 0; cap <= 12; cap++) {
		memset(buf, 0xee, sizeof(buf));
		sg_cbor_write(&w, buf, cap);
		sg_cbor_put_array(&w, 3);
		sg_cbor_put_uint(&w, 70000);
		sg_cbor_put_text(&w, "hello");
		sg_cbor_put_null(&w);
		assert_int_equal(sg_cbor_finish(&w, &len),
				 cap < 13 ? -ENOBUFS : 0);
		assert_int_equal(len, 0);
		assert_int_equal(buf[cap], 0xee);
	}
}

static void wrong_types_and_ranges_stick(void **state)
{
	/* [1, -1, 2^63, h'0102'] */
	static const uint8_t buf[] = { 0x84, 0x01, 0x20, 0x1b, 0x80, 0, 0, 0,
				       0,    0,	   0,	 0,    0x42, 1, 2 };
	struct sg_cbor_reader r, at;
	uint8_t fixed[3] = { 9, 9, 9 };
	size_t n;

	sg_cbor_read(&r, buf, sizeof(buf));
	assert_int_equal(sg_cbor_get_array(&r), 4);
	at = r;
	assert_true(sg_cbor_get_uint_max(&r, 0) == 0);
	assert_int_equal(r.err, -EBADMSG);
	assert_true(sg_cbor_get_uint(&r) == 0);
	assert_int_equal(sg_cbor_end(&r), -EBADMSG);

	r = at;
	assert_null(sg_cbor_get_text(&r, &n));
	assert_int_equal(n, 0);
	assert_int_equal(r.err, -EBADMSG);

	r = at;
	sg_cbor_skip(&r);
	assert_true(sg_cbor_get_uint(&r) == 0);
	assert_int_equal(r.err, -EBADMSG);

	r = at;
	sg_cbor_skip(&r);
	sg_cbor_skip(&r);
	assert_true(sg_cbor_get_int(&r) == 0);
	assert_int_equal(r.err, -EBADMSG);

	r = at;
	sg_cbor_skip(&r);
	sg_cbor_skip(&r);
	sg_cbor_skip(&r);
	assert_int_equal(r.err, 0);
	sg_cbor_get_fixed(&r, fixed, 3);
	assert_int_equal(r.err, -EBADMSG);
	assert_true(sodium_is_zero(fixed, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8949_examples_are_accepted),
		cmocka_unit_test(what_is_not_deterministic_is_refused),
		cmocka_unit_test(written_is_read),
		cmocka_unit_test(small_buffer_is_told_at_the_end),
		cmocka_unit_test(wrong_types_and_ranges_stick),
	};

	return cmocka_run_group_tests_name("cbor", tests, NULL, NULL);
}
