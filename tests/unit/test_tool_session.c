// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where the one who types comes from, as sshd says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../tools/session.h"

static void what_sshd_writes_is_read(void **state)
{
	struct sg_session s;

	assert_true(sg_session_parse("192.0.2.7 50412 198.51.100.1 22", &s));
	assert_string_equal(s.from, "192.0.2.7");
	assert_int_equal(s.port, 22);
	assert_true(sg_session_parse("2001:db8::7 50412 2001:db8::1 2222", &s));
	assert_string_equal(s.from, "2001:db8::7");
	assert_int_equal(s.port, 2222);
	assert_true(sg_session_parse("fe80::7%eth0 50412 fe80::1%eth0 22", &s));
	assert_string_equal(s.from, "fe80::7");
}

static void anything_else_is_not(void **state)
{
	static const char *const wrong[] = {
		"",
		"192.0.2.7",
		"192.0.2.7 1 2",
		"UNKNOWN 65535 UNKNOWN 22",
		"192.0.2.7 50412 198.51.100.1 0",
		"192.0.2.7 50412 198.51.100.1 65536",
		"192.0.2.7 50412 198.51.100.1 ssh",
		"host.example 50412 198.51.100.1 22",
	};
	struct sg_session s;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sg_session_parse(wrong[i], &s));
}

static void the_environment_is_looked_at_first(void **state)
{
	struct sg_session s;

	setenv("SSH_CONNECTION", "192.0.2.8 50412 198.51.100.1 22", 1);
	assert_true(sg_session_find(&s));
	assert_string_equal(s.from, "192.0.2.8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_sshd_writes_is_read),
		cmocka_unit_test(anything_else_is_not),
		cmocka_unit_test(the_environment_is_looked_at_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
