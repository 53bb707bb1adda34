// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The state: what must hold across restarts, crashes and a full disk. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/state.h"

static char dir[64], path[96];
static struct sg_state *s;
static struct sg_error err;

static int setup(void **state)
{
	strcpy(dir, "/tmp/signet-state-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/state.db", dir);
	return sg_state_open(dir, 0, &s, &err);
}

static int teardown(void **state)
{
	char cmd[128];

	sg_state_close(s);
	s = NULL;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static void reopen(void)
{
	sg_state_close(s);
	assert_int_equal(sg_state_open(dir, 0, &s, &err), 0);
}

static uint64_t next(void)
{
	uint64_t n = 0;

	assert_int_equal(sg_state_next_number(s, &n), 0);
	return n;
}

static struct signet_id id(uint32_t n)
{
	struct signet_id i = { { 1 } };

	memcpy(i.b + 4, &n, sizeof(n));
	return i;
}

static void numbers_grow_within_and_across_runs(void **state)
{
	uint64_t last = 0, n;
	int i;

	for (i = 0; i < 5000; i++) {
		n = next();
		assert_true(n > last);
		last = n;
		if (i % 700 == 0)
			reopen();
		if (i % 300 == 0)
			assert_int_equal(sg_state_flush(s), 0);
	}
	/* Blocks are not thrown away but where we stopped. */
	assert_true(last < 5000 + 20 * SG_STATE_BLOCK);
}

static void the_first_number_is_not_zero(void **state)
{
	assert_int_equal(next(), 1);
	assert_int_equal(next(), 2);
}

static void numbers_grow_across_a_crash(void **state)
{
	uint64_t last = 0, n;
	int i, fd[2];
	pid_t pid;

	sg_state_close(s);
	s = NULL;
	for (i = 0; i < 3; i++) {
		assert_int_equal(pipe(fd), 0);
		pid = fork();
		if (!pid) {
			int k;

			if (sg_state_open(dir, 0, &s, &err))
				_exit(1);
			for (k = 0; k < 1500 + i; k++)
				if (sg_state_next_number(s, &n) ||
				    write(fd[1], &n, 8) != 8)
					_exit(1);
			kill(getpid(), SIGKILL);
		}
		close(fd[1]);
		while (read(fd[0], &n, 8) == 8) {
			assert_true(n > last);
			last = n;
		}
		close(fd[0]);
		waitpid(pid, NULL, 0);
		assert_true(last >= (uint64_t)(i + 1) * 1500);
	}
	assert_int_equal(sg_state_open(dir, 0, &s, &err), 0);
	assert_true(next() > last);
}

static void a_full_disk_gives_no_number_twice(void **state)
{
	struct rlimit old, small = { 0, RLIM_INFINITY };
	uint64_t last = 0, n, given = 0;
	int r = 0, failed = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	last = next();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (!r && given++ < 3 * SG_STATE_BLOCK) {
		r = sg_state_next_number(s, &n);
		if (!r) {
			assert_true(n > last);
			last = n;
		}
	}
	for (; failed < 3; failed++)
		assert_true(sg_state_next_number(s, &n) < 0);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_true(r < 0);
	assert_true(given <= SG_STATE_BLOCK + 1);
	n = next();
	assert_true(n > last);
	reopen();
	assert_true(next() > n);
}

static void a_full_disk_keeps_the_queue(void **state)
{
	struct rlimit old, small = { 0, RLIM_INFINITY };
	struct sg_state_peer p = { .number = 5 }, q;
	struct signet_id a = id(1);

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	assert_int_equal(sg_state_peer_store(s, &a, &p), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_true(sg_state_flush(s) < 0);
	assert_true(sg_state_dirty(s));
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(sg_state_peer_load(s, &a, &q), 0);
	assert_int_equal(sg_state_flush(s), 0);
	assert_false(sg_state_dirty(s));
	reopen();
	assert_int_equal(sg_state_peer_load(s, &a, &q), 0);
	assert_int_equal(q.number, 5);
}

static void copy(const char *from, const char *to)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "cp -p '%s/%s' '%s/%s'", dir, from, dir, to);
	assert_int_equal(system(cmd), 0);
}

static void an_older_copy_can_be_lived_with(void **state)
{
	uint64_t before, newest, n;
	int i;

	before = next();
	sg_state_close(s);
	s = NULL;
	copy("state.db", "old");
	assert_int_equal(sg_state_open(dir, 0, &s, &err), 0);
	for (newest = 0, i = 0; i < 3000; i++)
		newest = next();
	sg_state_close(s);
	s = NULL;
	copy("old", "state.db");
	assert_int_equal(sg_state_open(dir, 0, &s, &err), 0);
	n = next();
	assert_true(n > before);
	assert_true(n <= newest); /* peers call it stale, and answer slowly */
}

static void peers_are_remembered(void **state)
{
	struct sg_state_peer p = { .number = UINT64_MAX - 1,
				   .head = { 3, { 7, 8 } } },
			     q;
	struct signet_id a = id(1), b = id(2);

	assert_int_equal(sg_state_peer_load(s, &a, &q), -ENOENT);
	assert_int_equal(sg_addr_parse("[2001:db8::1]:7", &p.endpoint), 0);
	assert_false(sg_state_dirty(s));
	assert_int_equal(sg_state_peer_store(s, &a, &p), 0);
	assert_true(sg_state_dirty(s));
	assert_int_equal(sg_state_peer_load(s, &a, &q), 0);
	assert_int_equal(q.head.length, 3);
	reopen();
	memset(&q, 0xff, sizeof(q));
	assert_int_equal(sg_state_peer_load(s, &a, &q), 0);
	assert_true(q.number == p.number);
	assert_int_equal(q.head.length, 3);
	assert_memory_equal(q.head.hash, p.head.hash, 32);
	assert_true(sg_addr_equal(&q.endpoint, &p.endpoint));
	assert_int_equal(sg_state_peer_load(s, &b, &q), -ENOENT);
	assert_int_equal(q.number, 0);
}

static void numbers_and_heads_of_peers_never_go_back(void **state)
{
	struct sg_state_peer p = { .number = 10, .head = { 3, { 3 } } }, q;
	struct signet_id a = id(1);
	int i;

	sg_state_peer_store(s, &a, &p);
	for (i = 0; i < 2; i++) {
		p = (struct sg_state_peer){ .number = 9, .head = { 2, { 2 } } };
		sg_addr_parse("192.0.2.1:5", &p.endpoint);
		sg_state_peer_store(s, &a, &p);
		assert_int_equal(sg_state_peer_load(s, &a, &q), 0);
		assert_int_equal(q.number, 10);
		assert_int_equal(q.head.length, 3);
		assert_int_equal(q.head.hash[0], 3);
		assert_int_equal(sg_addr_port(&q.endpoint), 5);
		reopen();
	}
	/* Nothing new: nothing to write. */
	assert_int_equal(sg_state_peer_store(s, &a, &p), 0);
	assert_false(sg_state_dirty(s));
	/* An address is not forgotten for want of a newer one. */
	p = (struct sg_state_peer){ .number = 11 };
	sg_state_peer_store(s, &a, &p);
	sg_state_peer_load(s, &a, &q);
	assert_int_equal(sg_addr_port(&q.endpoint), 5);
}

static void forgotten_peers_are_gone(void **state)
{
	struct sg_state_peer p = { .number = 10 }, q;
	struct signet_id a = id(1);

	sg_state_peer_store(s, &a, &p);
	reopen();
	assert_int_equal(sg_state_peer_forget(s, &a), 0);
	assert_int_equal(sg_state_peer_load(s, &a, &q), -ENOENT);
	reopen();
	assert_int_equal(sg_state_peer_load(s, &a, &q), -ENOENT);
	p.number = 1;
	sg_state_peer_store(s, &a, &p);
	assert_int_equal(sg_state_peer_load(s, &a, &q), 0);
	assert_int_equal(q.number, 1);
}

static void many_peers_are_stored_in_one_go(void **state)
{
	struct sg_state_peer p = { 0 }, q;
	struct signet_id a;
	uint32_t i;

	for (i = 0; i < 10000; i++) {
		a = id(i);
		p.number = i + 1;
		assert_int_equal(sg_state_peer_store(s, &a, &p), 0);
	}
	assert_int_equal(sg_state_flush(s), 0);
	reopen();
	for (i = 0; i < 10000; i++) {
		a = id(i);
		assert_int_equal(sg_state_peer_load(s, &a, &q), 0);
		assert_int_equal(q.number, i + 1);
	}
}

static void flushing_reserves_ahead(void **state)
{
	int i;

	assert_false(sg_state_dirty(s));
	for (i = 0; i < SG_STATE_BLOCK / 2; i++)
		next();
	assert_false(sg_state_dirty(s));
	next();
	assert_true(sg_state_dirty(s));
	assert_int_equal(sg_state_flush(s), 0);
	assert_false(sg_state_dirty(s));
	for (i = 0; i < SG_STATE_BLOCK; i++)
		assert_true(next() <= 2 * SG_STATE_BLOCK);
}

static void a_second_agent_is_kept_out(void **state)
{
	struct sg_state *other;

	next();
	assert_int_equal(sg_state_open(dir, 0, &other, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another agent"));
}

static void a_predecessor_that_ends_is_waited_for(void **state)
{
	struct timespec late = { .tv_nsec = 200000000 };
	char byte = 0;
	int fd[2];
	pid_t pid;

	sg_state_close(s);
	s = NULL;
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid) {
		if (sg_state_open(dir, 0, &s, &err) ||
		    write(fd[1], &byte, 1) != 1)
			_exit(1);
		nanosleep(&late, NULL);
		_exit(0);
	}
	close(fd[1]);
	assert_int_equal(read(fd[0], &byte, 1), 1);
	close(fd[0]);
	assert_int_equal(sg_state_open(dir, 60000, &s, &err), 0);
	waitpid(pid, NULL, 0);
}

static void the_file_is_private(void **state)
{
	struct stat st;
	struct sg_state *other;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	sg_state_close(s);
	s = NULL;
	chmod(path, 0640);
	assert_int_equal(sg_state_open(dir, 0, &other, &err), -EPERM);
	assert_non_null(strstr(err.text, "chmod 600"));
}

static void a_damaged_file_is_refused_with_a_remedy(void **state)
{
	struct sg_state_peer p = { .number = 10 };
	struct sg_state *other;
	struct signet_id a;
	uint32_t i;
	off_t size;
	FILE *f;

	for (i = 0; i < 1000; i++) {
		a = id(i);
		sg_state_peer_store(s, &a, &p);
	}
	sg_state_close(s);
	s = NULL;
	f = fopen(path, "r+");
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	fclose(f);
	assert_int_equal(truncate(path, size / 2), 0);
	assert_int_equal(sg_state_open(dir, 0, &other, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "move it"));
	f = fopen(path, "w");
	fputs("this is not a database, though it is long enough", f);
	fclose(f);
	assert_int_equal(sg_state_open(dir, 0, &other, &err), -EUCLEAN);
	assert_null(other);
}

static void a_missing_folder_is_named(void **state)
{
	struct sg_state *other;

	assert_int_equal(sg_state_open("/nonexistent/x", 0, &other, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/x/state.db"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_number_is_not_zero),
		T(numbers_grow_within_and_across_runs),
		T(numbers_grow_across_a_crash),
		T(a_full_disk_gives_no_number_twice),
		T(a_full_disk_keeps_the_queue),
		T(an_older_copy_can_be_lived_with),
		T(peers_are_remembered),
		T(numbers_and_heads_of_peers_never_go_back),
		T(forgotten_peers_are_gone),
		T(many_peers_are_stored_in_one_go),
		T(flushing_reserves_ahead),
		T(a_second_agent_is_kept_out),
		T(a_predecessor_that_ends_is_waited_for),
		T(the_file_is_private),
		T(a_damaged_file_is_refused_with_a_remedy),
		T(a_missing_folder_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
