// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Log lines, in each of their three forms. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

static int pipe_fd[2];
static char line[16384];

static int setup(void **state)
{
	if (pipe2(pipe_fd, O_NONBLOCK | O_CLOEXEC))
		return -1;
	unsetenv("JOURNAL_STREAM");
	sg_log_set_fd(pipe_fd[1]);
	sg_log_set_level(SG_LOG_INFO);
	sg_log_init("signetd", false);
	return 0;
}

static int teardown(void **state)
{
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return 0;
}

static const char *logged(void)
{
	ssize_t n = read(pipe_fd[0], line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = 0;
	return line;
}

static void plain_lines_name_program_and_level(void **state)
{
	sg_log(SG_LOG_WARNING, "%s is %d", "it", 3);
	assert_string_equal(logged(), "signetd: warning: it is 3\n");
	sg_log(SG_LOG_INFO, "fine");
	assert_string_equal(logged(), "signetd: fine\n");
	sg_log(SG_LOG_ERR, "bad");
	assert_string_equal(logged(), "signetd: error: bad\n");
}

static void journal_lines_carry_a_priority(void **state)
{
	char env[64];
	struct stat st;

	fstat(pipe_fd[1], &st);
	snprintf(env, sizeof(env), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", env, 1);
	sg_log_init("signetd", false);
	sg_log(SG_LOG_WARNING, "careful");
	assert_string_equal(logged(), "<4>careful\n");
}

static void a_foreign_journal_stream_is_not_ours(void **state)
{
	setenv("JOURNAL_STREAM", "1:1", 1);
	sg_log_init("signetd", false);
	sg_log(SG_LOG_WARNING, "careful");
	assert_string_equal(logged(), "signetd: warning: careful\n");
}

static void lower_levels_are_left_out(void **state)
{
	sg_log(SG_LOG_DEBUG, "no");
	sg_log_kv(SG_LOG_DEBUG, "no", "a", "b", NULL);
	assert_string_equal(logged(), "");
	assert_false(sg_log_enabled(SG_LOG_DEBUG));
	sg_log_set_level(SG_LOG_DEBUG);
	assert_true(sg_log_enabled(SG_LOG_DEBUG));
	sg_log(SG_LOG_DEBUG, "yes");
	assert_string_equal(logged(), "signetd: debug: yes\n");
	sg_log_set_level(SG_LOG_ERR);
	sg_log(SG_LOG_WARNING, "no");
	assert_string_equal(logged(), "");
}

static void fields_follow_the_message(void **state)
{
	sg_log_kv(SG_LOG_INFO, "channel up", "peer", "ctl", "gone", NULL, "why",
		  "two words", "empty", "", NULL);
	assert_string_equal(logged(), "signetd: channel up peer=ctl "
				      "why=\"two words\" empty=\"\"\n");
}

static void a_message_cannot_forge_a_line(void **state)
{
	sg_log(SG_LOG_INFO, "a\nsignetd: error: %s", "\x1b[2Jb\r\x7f");
	assert_string_equal(logged(), "signetd: a?signetd: error: ?[2Jb??\n");
}

static void long_lines_are_cut_and_ended(void **state)
{
	char *big = malloc(100000);
	size_t n;

	memset(big, 'a', 99999);
	big[99999] = 0;
	sg_log(SG_LOG_INFO, "%s", big);
	n = strlen(logged());
	assert_in_range(n, 100, 4096);
	assert_int_equal(line[n - 1], '\n');
	sg_log_kv(SG_LOG_INFO, big, "k", big, NULL);
	n = strlen(logged());
	assert_in_range(n, 100, 4096);
	assert_int_equal(line[n - 1], '\n');
	assert_int_equal(strchr(line, '\n') - line, (ptrdiff_t)n - 1);
	free(big);
}

static const char *member(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

static void json_is_one_object_a_line(void **state)
{
	struct json_object *o;

	sg_log_init("signetd", true);
	sg_log_kv(SG_LOG_WARNING, "say \"hi\"\n\xff", "peer", "c\\tl", NULL);
	o = json_tokener_parse(logged());
	assert_non_null(o);
	assert_int_equal(strchr(line, '\n') - line,
			 (ptrdiff_t)strlen(line) - 1);
	assert_string_equal(member(o, "level"), "warning");
	assert_string_equal(member(o, "message"), "say \"hi\"\n?");
	assert_string_equal(member(json_object_object_get(o, "fields"), "peer"),
			    "c\\tl");
	assert_int_equal(strlen(member(o, "time")), 27);
	json_object_put(o);
}

static void level_names_are_read_back(void **state)
{
	int i;

	for (i = SG_LOG_ERR; i <= SG_LOG_DEBUG; i++)
		assert_int_equal(sg_log_level_parse(sg_log_level_name(i)), i);
	assert_int_equal(sg_log_level_parse("loud"), -EINVAL);
	assert_int_equal(sg_log_level_parse(""), -EINVAL);
}

static void errno_is_kept(void **state)
{
	errno = 77;
	sg_log_set_fd(-1);
	sg_log(SG_LOG_ERR, "nowhere");
	assert_int_equal(errno, 77);
	sg_log_kv(SG_LOG_ERR, "nowhere", "a", "b", NULL);
	assert_int_equal(errno, 77);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(plain_lines_name_program_and_level),
		T(journal_lines_carry_a_priority),
		T(a_foreign_journal_stream_is_not_ours),
		T(lower_levels_are_left_out),
		T(fields_follow_the_message),
		T(a_message_cannot_forge_a_line),
		T(long_lines_are_cut_and_ended),
		T(json_is_one_object_a_line),
		T(level_names_are_read_back),
		T(errno_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
