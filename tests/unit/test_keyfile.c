// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Key files: never overwritten, never believed when damaged or readable. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>
#include <sodium.h>

#include "common/file.h"
#include "common/keyfile.h"

#define FILE_CAP 40000

static char dir[64];
static struct sg_error err;

static const char *const names[] = { "identity.key", "identity.next",
				     "identity.history", "static.key" };
#define NAMES 4

struct content {
	uint8_t b[FILE_CAP];
	size_t len;
};

static const char *path(const char *name)
{
	static char buf[4][400];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(buf[turn], sizeof(buf[turn]), "%s/%s", dir, name);
	return buf[turn];
}

static void slurp(const char *name, struct content *c)
{
	assert_int_equal(sg_file_read_secret(path(name), c->b, sizeof(c->b),
					     &c->len, &err),
			 0);
}

static void spill(const char *name, const struct content *c)
{
	assert_int_equal(
		sg_file_write_atomic(path(name), 0600, c->b, c->len, &err), 0);
}

static int files_in_dir(void)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void empty_dir(void)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlink(path(e->d_name));
	closedir(d);
}

static int each_setup(void **state)
{
	strcpy(dir, "/tmp/signet-keyfile-XXXXXX");
	memset(&err, 0, sizeof(err));
	return mkdtemp(dir) ? 0 : -1;
}

static int each_teardown(void **state)
{
	empty_dir();
	return rmdir(dir);
}

static void generate(void)
{
	if (sg_keys_generate(dir, &err))
		fail_msg("%s", err.text);
}

static void assert_load_fails(int ret, const char *words)
{
	struct sg_keys keys;

	err.text[0] = '\0';
	assert_int_equal(sg_keys_load(dir, &keys, &err), ret);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_true(sodium_is_zero((uint8_t *)&keys, sizeof(keys)));
}

static struct signet_identity load(void)
{
	struct signet_identity ident;
	struct sg_keys *keys = sg_keys_alloc();
	uint8_t pk[32];

	assert_non_null(keys);
	if (sg_keys_load(dir, keys, &err))
		fail_msg("%s", err.text);
	ident = keys->ident;
	crypto_sign_ed25519_sk_to_pk(pk, keys->sign_sk);
	assert_memory_equal(pk, ident.key, 32);
	crypto_scalarmult_base(pk, keys->static_sk);
	assert_memory_equal(pk, keys->static_pk, 32);
	sg_keys_free(keys);
	return ident;
}

static void generated_keys_load(void **state)
{
	struct signet_identity a, b;
	struct stat st;
	mode_t old;
	int i;

	old = umask(0);
	generate();
	umask(old);
	for (i = 0; i < NAMES; i++) {
		assert_int_equal(stat(path(names[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	assert_int_equal(files_in_dir(), NAMES);
	a = load();
	assert_int_equal(a.head.length, 1);
	empty_dir();
	generate();
	b = load();
	assert_int_not_equal(signet_id_cmp(&a.id, &b.id), 0);
}

static void existing_keys_are_never_overwritten(void **state)
{
	static struct content before, after;
	int i, left;

	for (left = 0; left < NAMES; left++) {
		empty_dir();
		generate();
		for (i = 0; i < NAMES; i++)
			if (i != left)
				unlink(path(names[i]));
		slurp(names[left], &before);
		assert_int_equal(sg_keys_generate(dir, &err), -EEXIST);
		assert_non_null(strstr(err.text, names[left]));
		slurp(names[left], &after);
		assert_int_equal(before.len, after.len);
		assert_memory_equal(before.b, after.b, before.len);
		assert_int_equal(files_in_dir(), 1);
	}
}

static void missing_identity_says_how_to_make_one(void **state)
{
	assert_load_fails(-ENOENT, "signet identity new");
	generate();
	unlink(path("static.key"));
	assert_load_fails(-ENOENT, "static.key");
}

static void file_that_others_can_access_is_refused(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0666 };
	static const char *const loaded[] = { "identity.key", "static.key",
					      "identity.history" };
	size_t i, m;

	generate();
	for (i = 0; i < 3; i++) {
		for (m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
			assert_int_equal(chmod(path(loaded[i]), modes[m]), 0);
			assert_load_fails(-EPERM, "chmod 600");
			assert_non_null(strstr(err.text, loaded[i]));
		}
		assert_int_equal(chmod(path(loaded[i]), 0600), 0);
	}
	load();
}

static void file_of_another_user_is_refused(void **state)
{
	if (geteuid() != 0)
		skip();
	generate();
	assert_int_equal(chown(path("identity.key"), 12345, 0), 0);
	assert_load_fails(-EPERM, "12345");
}

static void links_and_pipes_are_refused(void **state)
{
	generate();
	assert_int_equal(rename(path("identity.key"), path("elsewhere")), 0);
	assert_int_equal(symlink(path("elsewhere"), path("identity.key")), 0);
	assert_load_fails(-ELOOP, "symbolic link");
	unlink(path("identity.key"));
	assert_int_equal(mkfifo(path("identity.key"), 0600), 0);
	assert_load_fails(-EINVAL, "not a regular file");
}

static void truncated_file_is_refused_at_each_length(void **state)
{
	static const char *const loaded[] = { "identity.key", "static.key",
					      "identity.history" };
	static struct content whole;
	size_t i, len;

	generate();
	for (i = 0; i < 3; i++) {
		slurp(loaded[i], &whole);
		for (len = 0; len < whole.len; len++) {
			assert_int_equal(truncate(path(loaded[i]), len), 0);
			assert_load_fails(-EBADMSG, "truncated");
			spill(loaded[i], &whole);
			len += i == 2 ? 12 : 0;
		}
	}
	load();
}

static void altered_file_is_refused_at_each_byte(void **state)
{
	static struct content whole, bad;
	size_t i;

	generate();
	slurp("identity.key", &whole);
	for (i = 0; i < whole.len; i++) {
		bad = whole;
		bad.b[i] ^= 0x20;
		spill("identity.key", &bad);
		assert_load_fails(-EBADMSG, "identity.key");
	}
	bad = whole;
	bad.b[bad.len++] = '\n';
	spill("identity.key", &bad);
	assert_load_fails(-EBADMSG, "altered");
}

static void file_of_another_kind_is_refused(void **state)
{
	static struct content c;

	generate();
	slurp("identity.next", &c);
	spill("identity.key", &c);
	assert_load_fails(-EBADMSG, "identity-key");
}

static void key_of_another_identity_is_refused(void **state)
{
	static struct content c;

	generate();
	slurp("identity.key", &c);
	empty_dir();
	generate();
	spill("identity.key", &c);
	assert_load_fails(-EKEYREJECTED, "not the current key");
}

static void rotation_moves_to_the_committed_key(void **state)
{
	struct signet_identity a, b, c;
	uint8_t hash[32];

	generate();
	a = load();
	assert_int_equal(sg_keys_rotate(dir, NULL, &err), 0);
	b = load();
	assert_int_equal(signet_id_cmp(&a.id, &b.id), 0);
	assert_int_equal(b.head.length, 2);
	crypto_hash_sha256(hash, b.key, 32);
	assert_memory_equal(hash, a.next, 32);
	assert_int_equal(sg_keys_rotate(dir, NULL, &err), 0);
	c = load();
	assert_int_equal(c.head.length, 3);
	crypto_hash_sha256(hash, c.key, 32);
	assert_memory_equal(hash, b.next, 32);
	assert_int_equal(files_in_dir(), NAMES);
}

static void next_key_may_be_kept_elsewhere(void **state)
{
	struct signet_identity a;

	generate();
	assert_int_equal(rename(path("identity.next"), path("offline")), 0);
	load();
	assert_int_equal(sg_keys_rotate(dir, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "identity.next"));
	a = load();
	assert_int_equal(a.head.length, 1);
	assert_int_equal(sg_keys_rotate(dir, path("offline"), &err), 0);
	assert_int_equal(sg_keys_rotate(dir, path("offline"), &err), 0);
	a = load();
	assert_int_equal(a.head.length, 3);
	assert_int_equal(files_in_dir(), NAMES);
}

static void wrong_next_key_changes_nothing(void **state)
{
	static struct content c;
	struct signet_identity a;

	generate();
	slurp("identity.next", &c);
	empty_dir();
	generate();
	spill("identity.next", &c);
	assert_int_equal(sg_keys_rotate(dir, NULL, &err), -EKEYREJECTED);
	a = load();
	assert_int_equal(a.head.length, 1);
	assert_int_equal(files_in_dir(), NAMES);
}

static void interrupted_rotation_can_be_finished(void **state)
{
	static struct content before[NAMES], after[NAMES];
	struct signet_identity a, b;
	int i, step;

	generate();
	a = load();
	for (i = 0; i < NAMES; i++)
		slurp(names[i], &before[i]);
	assert_int_equal(sg_keys_rotate(dir, NULL, &err), 0);
	for (i = 0; i < NAMES; i++)
		slurp(names[i], &after[i]);
	for (step = 1; step <= 3; step++) {
		for (i = 0; i < NAMES; i++)
			spill(names[i], &before[i]);
		spill("identity.next.new", &after[1]);
		if (step >= 2)
			spill("identity.history", &after[2]);
		if (step >= 3)
			spill("identity.key", &after[0]);
		if (step == 2)
			assert_load_fails(-EKEYREJECTED, "rotate again");
		else
			load();
		if (sg_keys_rotate(dir, NULL, &err))
			fail_msg("step %d: %s", step, err.text);
		b = load();
		assert_int_equal(signet_id_cmp(&a.id, &b.id), 0);
		assert_int_equal(b.head.length, 2);
		assert_int_equal(files_in_dir(), NAMES);
	}
}

/* As on a full disk: writing stops before the end. */
static void limit_file_size(rlim_t limit)
{
	struct rlimit rl;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &rl), 0);
	rl.rlim_cur = limit;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &rl), 0);
}

static void write_that_fails_leaves_the_old_file(void **state)
{
	static struct content before, after;
	struct signet_identity a, b;
	int ret, i;

	generate();
	a = load();
	slurp("identity.history", &before);
	/* the next key still fits, the longer history does not */
	for (i = 0; i < 2; i++) {
		limit_file_size(i ? 20 : 300);
		ret = sg_keys_rotate(dir, NULL, &err);
		limit_file_size(RLIM_INFINITY);
		assert_int_equal(ret, -EFBIG);
		assert_non_null(strstr(err.text, "cannot write"));
		slurp("identity.history", &after);
		assert_int_equal(before.len, after.len);
		assert_memory_equal(before.b, after.b, before.len);
		b = load();
		assert_memory_equal(&a, &b, sizeof(a));
	}
	assert_int_equal(sg_keys_rotate(dir, NULL, &err), 0);
	load();
	assert_int_equal(files_in_dir(), NAMES);
}

static void generation_that_fails_leaves_nothing(void **state)
{
	int ret;

	limit_file_size(300);
	ret = sg_keys_generate(dir, &err);
	limit_file_size(RLIM_INFINITY);
	assert_int_equal(ret, -EFBIG);
	assert_int_equal(files_in_dir(), 0);
	generate();
	load();
}

static void file_beyond_its_room_is_refused(void **state)
{
	uint8_t buf[8];
	size_t len;

	assert_int_equal(
		sg_file_write_atomic(path("f"), 0600, "12345678", 8, &err), 0);
	assert_int_equal(sg_file_read_secret(path("f"), buf, 8, &len, &err), 0);
	assert_int_equal(len, 8);
	assert_int_equal(sg_file_read_secret(path("f"), buf, 7, &len, &err),
			 -EFBIG);
	assert_int_equal(sg_file_create_atomic(path("f"), 0600, "x", 1, &err),
			 -EEXIST);
	assert_int_equal(
		sg_file_write_atomic("/nonexistent/f", 0600, "x", 1, &err),
		-ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/f"));
	assert_int_equal(files_in_dir(), 1);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, each_setup, each_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(generated_keys_load),
		EACH(existing_keys_are_never_overwritten),
		EACH(missing_identity_says_how_to_make_one),
		EACH(file_that_others_can_access_is_refused),
		EACH(file_of_another_user_is_refused),
		EACH(links_and_pipes_are_refused),
		EACH(truncated_file_is_refused_at_each_length),
		EACH(altered_file_is_refused_at_each_byte),
		EACH(file_of_another_kind_is_refused),
		EACH(key_of_another_identity_is_refused),
		EACH(rotation_moves_to_the_committed_key),
		EACH(next_key_may_be_kept_elsewhere),
		EACH(wrong_next_key_changes_nothing),
		EACH(interrupted_rotation_can_be_finished),
		EACH(write_that_fails_leaves_the_old_file),
		EACH(generation_that_fails_leaves_nothing),
		EACH(file_beyond_its_room_is_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("keyfile", tests, NULL, NULL);
}
