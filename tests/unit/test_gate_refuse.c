// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Strict mode that would cut off the session it is asked for in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "daemon/gate.h"

#define HERE  3u
#define OTHER 4u

static struct sg_config_gate strict(const char *allow)
{
	struct sg_config_gate g = { .ifname = "eth0", .strict = true };

	if (allow && !sg_gate_allow_parse(allow, &g.allow[0], NULL))
		g.n_allow = 1;
	return g;
}

static struct sg_gate_session session(const char *from, uint16_t port)
{
	struct sg_gate_session s = { .proto = IPPROTO_TCP, .port = port };

	if (from)
		assert_int_equal(sg_addr_set(&s.from, from, 0), 0);
	return s;
}

static void a_session_that_nothing_allows_is_cut_off(void **state)
{
	struct sg_config_gate g = strict(NULL);
	struct sg_gate_session s = session("10.0.0.9", 22);

	assert_true(sg_gate_locks_out(&g, HERE, &s, HERE));
	/* nobody knows which way it comes */
	assert_true(sg_gate_locks_out(&g, HERE, &s, 0));
	g = strict("tcp/80");
	assert_true(sg_gate_locks_out(&g, HERE, &s, HERE));
	g = strict("udp/22");
	assert_true(sg_gate_locks_out(&g, HERE, &s, HERE));
	g = strict("tcp/22 from 10.1.0.0/16");
	assert_true(sg_gate_locks_out(&g, HERE, &s, HERE));
	s = session("2001:db8::1", 22);
	g = strict("tcp/22 from 10.0.0.0/8");
	assert_true(sg_gate_locks_out(&g, HERE, &s, HERE));
}

static void one_that_the_list_has_goes_on(void **state)
{
	struct sg_gate_session s = session("10.0.0.9", 22);
	struct sg_config_gate g = strict("tcp/22 from 10.0.0.0/8");

	assert_false(sg_gate_locks_out(&g, HERE, &s, HERE));
	g = strict("ip from 10.0.0.9/32");
	assert_false(sg_gate_locks_out(&g, HERE, &s, HERE));
	g = strict("tcp/20-30");
	assert_false(sg_gate_locks_out(&g, HERE, &s, HERE));
	/* another port of sshd's */
	s = session("10.0.0.9", 2222);
	assert_true(sg_gate_locks_out(&g, HERE, &s, HERE));
	/* the terminal's record has no port: any of TCP will do */
	s = session("10.0.0.9", 0);
	assert_false(sg_gate_locks_out(&g, HERE, &s, HERE));
}

static void who_is_not_concerned_is_not_asked(void **state)
{
	struct sg_config_gate g = strict(NULL), open = { .ifname = "eth0" };
	struct sg_gate_session s = session("10.0.0.9", 22);
	struct sg_gate_session local = session(NULL, 0);

	assert_false(sg_gate_locks_out(&open, HERE, &s, HERE));
	assert_false(sg_gate_locks_out(&g, HERE, &s, OTHER));
	assert_false(sg_gate_locks_out(&g, HERE, &local, HERE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_that_nothing_allows_is_cut_off),
		cmocka_unit_test(one_that_the_list_has_goes_on),
		cmocka_unit_test(who_is_not_concerned_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
