// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of flows that policy lets answers in by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "daemon/tun_flow.h"

#define START 1000000000000ull

static struct sg_flows table;
static struct sg_dp_flow list[64];

static int setup(void **state)
{
	return sg_flows_init(&table, 1);
}

static int teardown(void **state)
{
	sg_flows_free(&table);
	return 0;
}

static struct sg_flow_seen seen(uint16_t port, uint32_t generation, uint64_t at)
{
	struct sg_flow_seen s = {
		.key = { .peer = 3, .proto = 17, .local_port = port },
		.generation = generation,
		.verdict = SG_DP_FLOW_BEGUN,
		.now_ns = START + at,
		.packets = 1,
		.bytes = 100,
	};

	return s;
}

static bool hit(uint16_t port, uint32_t generation, uint64_t at)
{
	struct sg_flow_seen s = seen(port, generation, at);

	return sg_flows_hit(&table, &s);
}

static void note(uint16_t port, uint32_t generation, uint64_t at)
{
	struct sg_flow_seen s = seen(port, generation, at);

	sg_flows_note(&table, &s);
}

static void only_what_was_noted_is_known(void **state)
{
	struct sg_flow_seen other = seen(1, 1, 0);

	assert_false(hit(1, 1, 0));
	note(1, 1, 0);
	assert_true(hit(1, 1, 5));
	assert_false(hit(2, 1, 5));
	other.key.peer = 4;
	assert_false(sg_flows_hit(&table, &other));
	other = seen(1, 1, 0);
	other.key.remote[3] = 1;
	assert_false(sg_flows_hit(&table, &other));
}

static void another_generation_does_not_know_it(void **state)
{
	note(1, 1, 0);
	assert_false(hit(1, 2, 1));
	note(1, 2, 2);
	assert_true(hit(1, 2, 3));
	assert_false(hit(1, 1, 3));
}

/* Workers read the clock once for many packets, each at another time. */
static void who_is_behind_in_time_knows_it_too(void **state)
{
	note(1, 1, 1000);
	assert_true(hit(1, 1, 0));
	assert_int_equal(sg_flows_read(&table, list, 64, START), 1);
	assert_int_equal(list[0].idle_ns, 0);
	/* and does not make it older than it is */
	assert_true(hit(1, 1, SIGNET_FLOW_OTHER_NS + 1000));
}

static void a_silent_flow_is_forgotten(void **state)
{
	struct sg_flow_seen tcp = seen(1, 1, 0);

	tcp.key.proto = 6;
	sg_flows_note(&table, &tcp);
	note(1, 1, 0);
	assert_true(hit(1, 1, SIGNET_FLOW_OTHER_NS));
	assert_true(hit(1, 1, 2 * SIGNET_FLOW_OTHER_NS));
	assert_false(hit(1, 1, 3 * SIGNET_FLOW_OTHER_NS + 1));
	tcp.now_ns += SIGNET_FLOW_TCP_NS;
	assert_true(sg_flows_hit(&table, &tcp));
	tcp.now_ns += SIGNET_FLOW_TCP_NS + 1;
	assert_false(sg_flows_hit(&table, &tcp));
}

static void where_it_is_full_the_most_silent_goes(void **state)
{
	for (uint16_t i = 0; i < SG_FLOW_WAYS; i++)
		note(i, 1, i);
	assert_true(hit(0, 1, 50));
	note(100, 1, 51);
	assert_true(hit(0, 1, 52));
	assert_false(hit(1, 1, 52));
	assert_true(hit(100, 1, 52));
	assert_int_equal(sg_flows_read(&table, list, 64, START + 60),
			 SG_FLOW_WAYS);
	assert_int_equal(sg_flows_read(&table, list, 3, START + 60), 3);
}

static void packets_are_counted_from_when_it_was_noted(void **state)
{
	struct sg_flow_seen s = seen(1, 1, 7);

	note(1, 1, 0);
	assert_true(hit(1, 1, 5));
	note(1, 1, 7);
	assert_int_equal(sg_flows_read(&table, list, 64, START + 10), 1);
	assert_int_equal(list[0].packets, 3);
	assert_int_equal(list[0].bytes, 300);
	assert_int_equal(list[0].idle_ns, 3);
	/* what was denied before does not count as allowed */
	s.verdict = SG_DP_FLOW_DENIED;
	sg_flows_note(&table, &s);
	assert_int_equal(sg_flows_read(&table, list, 64, START + 10), 1);
	assert_int_equal(list[0].packets, 1);
	assert_int_equal(list[0].verdict, SG_DP_FLOW_DENIED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_what_was_noted_is_known),
		T(another_generation_does_not_know_it),
		T(who_is_behind_in_time_knows_it_too),
		T(a_silent_flow_is_forgotten),
		T(where_it_is_full_the_most_silent_goes),
		T(packets_are_counted_from_when_it_was_noted),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
