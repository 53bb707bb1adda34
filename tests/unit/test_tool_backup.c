/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Backups of an identity: what goes in comes out, and nothing else does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "../../tools/backup.h"

#define PASSPHRASE "correct horse"

static uint8_t sealed[SG_BACKUP_MAX], changed[SG_BACKUP_MAX];
static uint8_t plain[SG_BACKUP_PLAIN_MAX];
static struct sg_backup_file out[SG_BACKUP_FILES];
static size_t sealed_len;

static int seal(void **state)
{
	static uint8_t key[40] = "key of the identity";
	static uint8_t history[700] = { 1, 2, 3 };
	const struct sg_backup_file in[] = {
		{ "identity.key", key, sizeof(key) },
		{ "identity.history", history, sizeof(history) },
		{ "empty", history, 0 },
	};

	return sodium_init() < 0 ||
	       sg_backup_seal(in, 3, PASSPHRASE, sealed, &sealed_len);
}

static int open_with(const uint8_t *in, size_t len, const char *passphrase)
{
	size_t n;

	return sg_backup_open(in, len, passphrase, plain, out, &n);
}

static void what_goes_in_comes_out(void **state)
{
	size_t n;

	assert_int_equal(
		sg_backup_open(sealed, sealed_len, PASSPHRASE, plain, out, &n),
		0);
	assert_int_equal(n, 3);
	assert_string_equal(out[0].name, "identity.key");
	assert_int_equal(out[0].len, 40);
	assert_memory_equal(out[0].data, "key of the identity", 19);
	assert_string_equal(out[1].name, "identity.history");
	assert_int_equal(out[1].len, 700);
	assert_string_equal(out[2].name, "empty");
	assert_int_equal(out[2].len, 0);
}

static void sealed_text_does_not_hold_the_plaintext(void **state)
{
	assert_null(memmem(sealed, sealed_len, "key of the identity", 19));
	assert_null(memmem(sealed, sealed_len, "identity.key", 12));
}

static void wrong_passphrase_is_refused(void **state)
{
	assert_int_equal(open_with(sealed, sealed_len, "correct horsf"),
			 -EBADMSG);
	assert_int_equal(open_with(sealed, sealed_len, ""), -EBADMSG);
}

static void truncated_file_is_refused(void **state)
{
	/* only those long enough to be worth a key derivation take time */
	for (size_t len = 0; len < SG_BACKUP_HDR + 16; len++)
		assert_int_equal(open_with(sealed, len, PASSPHRASE), -EINVAL);
	assert_int_equal(open_with(sealed, SG_BACKUP_HDR + 16, PASSPHRASE),
			 -EBADMSG);
	assert_int_equal(open_with(sealed, sealed_len - 1, PASSPHRASE),
			 -EBADMSG);
}

static void altered_file_is_refused(void **state)
{
	static const size_t at[] = { 24, 63, SG_BACKUP_HDR };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		memcpy(changed, sealed, sealed_len);
		changed[at[i]] ^= 1;
		assert_int_equal(open_with(changed, sealed_len, PASSPHRASE),
				 -EBADMSG);
	}
	memcpy(changed, sealed, sealed_len);
	changed[0] ^= 1;
	assert_int_equal(open_with(changed, sealed_len, PASSPHRASE), -EINVAL);
}

static void unreasonable_work_is_refused(void **state)
{
	/* passes: none, then 2^24; memory: 0, then 4 TiB */
	static const struct {
		size_t at;
		uint8_t bytes[4];
	} bad[] = {
		{ 16, { 0 } },
		{ 16, { 0, 0, 0, 1 } },
		{ 20, { 0 } },
		{ 20, { 0, 0, 0, 0xff } },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(changed, sealed, sealed_len);
		memcpy(changed + bad[i].at, bad[i].bytes, 4);
		assert_int_equal(open_with(changed, sealed_len, PASSPHRASE),
				 -EPROTO);
	}
}

static void too_large_files_are_not_sealed(void **state)
{
	struct sg_backup_file f = { "big", plain, SG_BACKUP_FILE_MAX + 1 };
	size_t len;

	assert_int_equal(sg_backup_seal(&f, 1, PASSPHRASE, changed, &len),
			 -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(sealed_text_does_not_hold_the_plaintext),
		cmocka_unit_test(wrong_passphrase_is_refused),
		cmocka_unit_test(truncated_file_is_refused),
		cmocka_unit_test(altered_file_is_refused),
		cmocka_unit_test(unreasonable_work_is_refused),
		cmocka_unit_test(too_large_files_are_not_sealed),
	};

	return cmocka_run_group_tests(tests, seal, NULL);
}
