// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the items of Allow to verdicts, checked against all ports. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <signet/core/policy.h>

#define ITEMS_MAX 256

static struct signet_allow items[ITEMS_MAX];
static size_t n_items;
static struct signet_verdicts v;

static void allow(const char *text)
{
	const char *why;

	assert_int_equal(signet_allow_parse(text, &items[n_items++], &why), 0);
}

static void allow_range(uint8_t what, uint32_t first, uint32_t last)
{
	items[n_items++] =
		(struct signet_allow){ what, (uint16_t)first, (uint16_t)last };
}

static bool meant(bool udp, uint32_t port)
{
	for (size_t i = 0; i < n_items; i++)
		if (items[i].what ==
			    (udp ? SIGNET_ALLOW_UDP : SIGNET_ALLOW_TCP) &&
		    port >= items[i].first && port <= items[i].last)
			return true;
	return false;
}

/* Sorted, with gaps, and every port is judged as the items say. */
static void compiles(void)
{
	assert_int_equal(signet_policy_compile(items, n_items, &v), 0);
	for (int i = 0; i + 1 < v.n_tcp + v.n_udp; i++)
		if (i + 1 != v.n_tcp)
			assert_true(v.range[i].last + 1 < v.range[i + 1].first);
	for (uint32_t port = 0; port <= 65535; port++) {
		assert_true(signet_verdicts_port(&v, false, (uint16_t)port) ==
			    meant(false, port));
		assert_true(signet_verdicts_port(&v, true, (uint16_t)port) ==
			    meant(true, port));
	}
}

static int fresh(void **state)
{
	n_items = 0;
	memset(&v, 0xff, sizeof(v));
	return 0;
}

static void items_are_parsed_and_written_back(void **state)
{
	static const char *const same[] = {
		"tcp",	       "udp",		"icmp",	     "ip",
		"none",	       "tcp/1",		"udp/65535", "tcp/5432",
		"tcp/1-65535", "udp/5000-5010", "udp/2-3",
	};
	char text[SIGNET_ALLOW_STR_LEN];
	struct signet_allow a;
	const char *why;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(signet_allow_parse(same[i], &a, &why), 0);
		assert_string_equal(signet_allow_format(&a, text), same[i]);
	}
	assert_int_equal(signet_allow_parse("udp/7-7", &a, &why), 0);
	assert_string_equal(signet_allow_format(&a, text), "udp/7");
}

static void wrong_items_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"tc",
		"tcpp",
		"TCP",
		"tcp/",
		"tcp/0",
		"tcp/65536",
		"tcp/-1",
		"tcp/1-",
		"tcp/1-0",
		"tcp/1-2-3",
		"tcp/ 1",
		"tcp/01",
		"tcp/1x",
		"tcp/5-4",
		"icmp/1",
		"ip/6",
		"none/1",
		"sctp/1",
		"tcp/+1",
		"tcp/99999999999999999999",
		"tcp/1-70000",
		"/1",
		" tcp",
	};
	struct signet_allow a;
	const char *why;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why = NULL;
		assert_int_equal(signet_allow_parse(wrong[i], &a, &why),
				 -EINVAL);
		assert_non_null(why);
	}
}

static void nothing_allows_nothing(void **state)
{
	compiles();
	assert_int_equal(v.flags, 0);
	allow("none");
	compiles();
	assert_int_equal(v.flags, 0);
	assert_int_equal(v.n_tcp + v.n_udp, 0);
}

static void protocols_keep_their_ports_apart(void **state)
{
	allow("udp/5000-5010");
	allow("tcp/5432");
	allow("icmp");
	compiles();
	assert_int_equal(v.flags, SIGNET_VERDICT_ICMP);
	assert_int_equal(v.n_tcp, 1);
	assert_int_equal(v.n_udp, 1);
	allow("ip");
	compiles();
	assert_int_equal(v.flags, SIGNET_VERDICT_ICMP | SIGNET_VERDICT_IP);
}

static void ranges_that_touch_become_one(void **state)
{
	allow("tcp/30-40");
	allow("tcp/10-20");
	allow("tcp/35-50");
	allow("tcp/21-29");
	allow("tcp/12");
	compiles();
	assert_int_equal(v.n_tcp, 1);
	assert_int_equal(v.range[0].first, 10);
	assert_int_equal(v.range[0].last, 50);
	fresh(state);
	allow("tcp/10");
	allow("tcp/12");
	compiles();
	assert_int_equal(v.n_tcp, 2);
}

static void all_ports_are_one_range(void **state)
{
	allow("tcp/65535");
	allow("tcp");
	allow("udp/1-65535");
	compiles();
	assert_int_equal(v.n_tcp, 1);
	assert_int_equal(v.n_udp, 1);
	assert_true(signet_verdicts_port(&v, false, 0));
	assert_false(signet_verdicts_port(&v, true, 0));
}

static void as_many_ranges_as_fit_and_no_more(void **state)
{
	for (uint32_t i = 0; i < SIGNET_POLICY_RANGES - 1; i++)
		allow_range(SIGNET_ALLOW_TCP, 10 + 3 * i, 11 + 3 * i);
	allow("udp/53");
	compiles();
	assert_int_equal(v.n_tcp, SIGNET_POLICY_RANGES - 1);
	allow("udp/67");
	assert_int_equal(signet_policy_compile(items, n_items, &v), -ENOSPC);
	assert_int_equal(v.n_tcp + v.n_udp + v.flags, 0);
	/* joined, they fit again */
	allow("udp/1-100");
	compiles();
}

static void a_range_that_is_upside_down_is_refused(void **state)
{
	allow_range(SIGNET_ALLOW_TCP, 5, 4);
	assert_int_equal(signet_policy_compile(items, n_items, &v), -EINVAL);
	fresh(state);
	allow_range(99, 1, 2);
	assert_int_equal(signet_policy_compile(items, n_items, &v), -EINVAL);
}

static uint32_t seed = 1;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void any_items_are_judged_as_they_say(void **state)
{
	for (int round = 0; round < 40; round++) {
		fresh(state);
		for (uint32_t n = dice(90); n; n--) {
			uint32_t first = dice(round % 2 ? 400 : 65536);
			uint32_t last = first + dice(round % 3 ? 9 : 2000);

			allow_range(dice(2) ? SIGNET_ALLOW_TCP
					    : SIGNET_ALLOW_UDP,
				    first, last > 65535 ? 65535 : last);
		}
		if (signet_policy_compile(items, n_items, &v) != -ENOSPC)
			compiles();
	}
}

static void an_item_covers_what_it_allows(void **state)
{
	static const struct {
		const char *item, *asked;
		bool covers;
	} t[] = {
		{ "tcp/10-20", "tcp/15", true },
		{ "tcp/10-20", "tcp/21", false },
		{ "tcp/10-20", "udp/15", false },
		{ "tcp", "tcp/1", true },
		{ "ip", "udp/1", true },
		{ "ip", "icmp", true },
		{ "icmp", "icmp", true },
		{ "icmp", "tcp/1", false },
		{ "none", "none", false },
		{ "none", "tcp/1", false },
		{ "tcp/10-20", "tcp", false },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fresh(state);
		allow(t[i].item);
		allow(t[i].asked);
		assert_true(signet_allow_covers(&items[0], &items[1]) ==
			    t[i].covers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(items_are_parsed_and_written_back,
				       fresh),
		cmocka_unit_test_setup(wrong_items_are_refused, fresh),
		cmocka_unit_test_setup(nothing_allows_nothing, fresh),
		cmocka_unit_test_setup(protocols_keep_their_ports_apart, fresh),
		cmocka_unit_test_setup(ranges_that_touch_become_one, fresh),
		cmocka_unit_test_setup(all_ports_are_one_range, fresh),
		cmocka_unit_test_setup(as_many_ranges_as_fit_and_no_more,
				       fresh),
		cmocka_unit_test_setup(a_range_that_is_upside_down_is_refused,
				       fresh),
		cmocka_unit_test_setup(any_items_are_judged_as_they_say, fresh),
		cmocka_unit_test_setup(an_item_covers_what_it_allows, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
