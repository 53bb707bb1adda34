/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What signet dev reads: keys, marks, numbers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "../../tools/dev.h"

static struct sg_tool tool = { .json = true };

static void keys_are_read_in_hexadecimal_and_base64(void **state)
{
	uint8_t key[4];

	assert_int_equal(sg_dev_secret_decode("00fF7e01\n", key, 4), 0);
	assert_memory_equal(key, "\x00\xff\x7e\x01", 4);
	assert_int_equal(sg_dev_secret_decode("  AP9+AQ==", key, 4), 0);
	assert_memory_equal(key, "\x00\xff\x7e\x01", 4);
}

static void keys_of_another_length_are_refused(void **state)
{
	static const char *const bad[] = {
		"",	"00ff7e", "00ff7e0102",	 "00ff7e0g",	   "AP9+AQA=",
		"AP9+", "AP9+AQ", "00ff7e01 00", "00ff7e01\n\n00", "AP9+AQ== x"
	};
	uint8_t key[4];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sg_dev_secret_decode(bad[i], key, 4), -EINVAL);
}

static void a_refused_key_leaves_nothing_behind(void **state)
{
	uint8_t key[4] = { 1, 1, 1, 1 };

	assert_int_equal(sg_dev_secret_decode("00ff7e0g", key, 4), -EINVAL);
	assert_true(sodium_is_zero(key, 4));
}

static void key_files_must_be_their_owners_alone(void **state)
{
	char path[] = "/tmp/test_tool_dev.XXXXXX";
	int fd = mkstemp(path);
	uint8_t key[4];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "00ff7e01\n", 9), 9);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_not_equal(
		sg_dev_secret_read(&tool, "--key-file", path, key, 4),
		SG_EXIT_OK);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(sg_dev_secret_read(&tool, "--key-file", path, key, 4),
			 SG_EXIT_OK);
	assert_memory_equal(key, "\x00\xff\x7e\x01", 4);
	close(fd);
	unlink(path);
}

static void marks_have_a_mask(void **state)
{
	uint32_t v, m;

	assert_true(sg_dev_parse_mark(&tool, "--mark", "0x10/0xff", &v, &m));
	assert_int_equal(v, 0x10);
	assert_int_equal(m, 0xff);
	assert_true(sg_dev_parse_mark(&tool, "--mark", "3", &v, &m));
	assert_int_equal(v, 3);
	assert_int_equal(m, 3);
	assert_false(sg_dev_parse_mark(&tool, "--mark", "0x100/0xff", &v, &m));
	assert_false(sg_dev_parse_mark(&tool, "--mark", "1/", &v, &m));
	assert_false(sg_dev_parse_mark(&tool, "--mark", "/1", &v, &m));
	assert_false(sg_dev_parse_mark(&tool, "--mark", "1/2/3", &v, &m));
	assert_false(sg_dev_parse_mark(&tool, "--mark", "0x100000000", &v, &m));
}

static void numbers_are_whole_and_within_bounds(void **state)
{
	uint32_t n;

	assert_true(
		sg_dev_parse_u32(&tool, "n", "0xffffffff", 0, UINT32_MAX, &n));
	assert_int_equal(n, UINT32_MAX);
	assert_true(sg_dev_parse_u32(&tool, "n", "010", 0, 100, &n));
	assert_int_equal(n, 10);
	assert_false(
		sg_dev_parse_u32(&tool, "n", "4294967296", 0, UINT32_MAX, &n));
	assert_false(sg_dev_parse_u32(&tool, "n", "-1", 0, UINT32_MAX, &n));
	assert_false(sg_dev_parse_u32(&tool, "n", "0x", 0, UINT32_MAX, &n));
	assert_false(sg_dev_parse_u32(&tool, "n", "0x-1", 0, UINT32_MAX, &n));
	assert_false(sg_dev_parse_u32(&tool, "n", "7x", 0, UINT32_MAX, &n));
	assert_false(sg_dev_parse_u32(&tool, "n", "", 0, UINT32_MAX, &n));
	assert_false(sg_dev_parse_u32(&tool, "n", "0", 1, UINT32_MAX, &n));
}

static void prefixes_with_host_bits_are_refused(void **state)
{
	struct sg_prefix p;

	assert_true(sg_dev_parse_prefix(&tool, "p", "10.0.0.0/8", &p));
	assert_true(sg_dev_parse_prefix(&tool, "p", "2001:db8::1", &p));
	assert_int_equal(p.len, 128);
	assert_false(sg_dev_parse_prefix(&tool, "p", "10.0.0.1/8", &p));
	assert_false(sg_dev_parse_prefix(&tool, "p", "10.0.0.0/33", &p));
}

static void words_are_taken_whole(void **state)
{
	uint32_t n;
	int d;

	assert_true(sg_dev_parse_word(&tool, "--cipher", "aes-256-gcm",
				      sg_dev_ciphers, &n));
	assert_int_equal(n + 1, SIGNET_CIPHER_AES_256_GCM);
	assert_false(sg_dev_parse_word(&tool, "--cipher", "aes", sg_dev_ciphers,
				       &n));
	assert_true(sg_dev_parse_word(&tool, "--df", "inherit", sg_dev_df, &n));
	assert_int_equal(n, SIGNET_DF_INHERIT);
	assert_true(sg_dev_parse_direction(&tool, "-d", "tx", &d));
	assert_int_equal(d, SIGNET_DIRECTION_TRANSMIT);
	assert_false(sg_dev_parse_direction(&tool, "-d", "both", &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_read_in_hexadecimal_and_base64),
		cmocka_unit_test(keys_of_another_length_are_refused),
		cmocka_unit_test(a_refused_key_leaves_nothing_behind),
		cmocka_unit_test(key_files_must_be_their_owners_alone),
		cmocka_unit_test(marks_have_a_mask),
		cmocka_unit_test(numbers_are_whole_and_within_bounds),
		cmocka_unit_test(prefixes_with_host_bits_are_refused),
		cmocka_unit_test(words_are_taken_whole),
	};

	/* what is refused says so on stderr */
	if (sodium_init() < 0 || !freopen("/dev/null", "w", stderr))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
