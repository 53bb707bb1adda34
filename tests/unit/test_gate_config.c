// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What strict mode is told to let pass, and what is said of a mistake in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"

static struct sg_problems problems;
static struct sg_config *cfg;

static int parse(const char *text)
{
	sg_config_free(cfg);
	cfg = NULL;
	memset(&problems, 0, sizeof(problems));
	return sg_config_parse("t.conf", text, strlen(text), &cfg, &problems);
}

static void refused(const char *text, const char *why)
{
	assert_int_equal(parse(text), -EINVAL);
	assert_int_equal(problems.errors, 1);
	if (!strstr(problems.list[0].text, why))
		fail_msg("%s: %s", text, problems.list[0].text);
}

static void entries_are_read_and_written_alike(void **state)
{
	static const char *const entries[] = {
		"tcp/22",
		"tcp/22 from 10.0.0.0/8",
		"udp/5000-5010",
		"udp/1-65535 from fd00::/8",
		"icmp",
		"icmpv6 from fe80::/10",
		"ip",
		"ip from 192.0.2.1/32",
		"tcp",
		"esp",
		"vrrp",
	};
	char text[SG_GATE_ALLOW_STR_LEN];
	struct sg_gate_allow a;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		assert_int_equal(sg_gate_allow_parse(entries[i], &a, NULL), 0);
		assert_string_equal(sg_gate_allow_format(&a, text), entries[i]);
	}
	assert_int_equal(
		sg_gate_allow_parse(" tcp/22  from\t10.1.2.3 ", &a, NULL), 0);
	assert_string_equal(sg_gate_allow_format(&a, text),
			    "tcp/22 from 10.1.2.3/32");
}

static void mistakes_are_explained(void **state)
{
	static const struct {
		const char *entry, *why;
	} wrong[] = {
		{ "", "write for instance" },
		{ "tcp/22 10.0.0.0/8", "write for instance" },
		{ "tcp/22 from", "write for instance" },
		{ "tcp/22 from 10.0.0.0/8 please", "write for instance" },
		{ "tpc/22", "write for instance" },
		{ "tcp/", "from 1 to 65535" },
		{ "tcp/0", "from 1 to 65535" },
		{ "tcp/65536", "from 1 to 65535" },
		{ "tcp/+22", "from 1 to 65535" },
		{ "tcp/22x", "from 1 to 65535" },
		{ "udp/20-10", "from 1 to 65535" },
		{ "udp/20-", "from 1 to 65535" },
		{ "icmp/8", "only tcp and udp" },
		{ "icmp from fd00::/8", "write icmpv6" },
		{ "icmpv6 from 10.0.0.0/8", "write icmp" },
		{ "tcp/22 from ten", "addresses as" },
		{ "tcp/22 from 10.0.0.1/8", "addresses as" },
		{ "tcp/22 from 10.0.0.0/33", "addresses as" },
	};
	struct sg_gate_allow a;
	const char *why;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(sg_gate_allow_parse(wrong[i].entry, &a, &why),
				 -EINVAL);
		if (!strstr(why, wrong[i].why))
			fail_msg("%s: %s", wrong[i].entry, why);
	}
}

static void addr(union sg_addr *a, const char *host)
{
	assert_int_equal(sg_addr_set(a, host, 40000), 0);
}

static void a_list_lets_pass_what_it_says(void **state)
{
	struct sg_gate_allow list[2];
	union sg_addr in, out, v6;

	addr(&in, "10.9.9.9");
	addr(&out, "192.0.2.1");
	addr(&v6, "fd00::1");
	sg_gate_allow_parse("tcp/22 from 10.0.0.0/8", &list[0], NULL);
	sg_gate_allow_parse("udp/60000-61000", &list[1], NULL);
	assert_true(sg_gate_allows(list, 2, IPPROTO_TCP, 22, &in));
	assert_false(sg_gate_allows(list, 2, IPPROTO_TCP, 22, &out));
	assert_false(sg_gate_allows(list, 2, IPPROTO_TCP, 22, &v6));
	assert_false(sg_gate_allows(list, 2, IPPROTO_TCP, 23, &in));
	assert_true(sg_gate_allows(list, 2, IPPROTO_UDP, 60001, &v6));
	assert_true(sg_gate_allows(list, 2, IPPROTO_UDP, 61000, &out));
	assert_false(sg_gate_allows(list, 2, IPPROTO_UDP, 61001, &out));
	assert_true(sg_gate_allows(list, 2, IPPROTO_TCP, 0, &in));
	assert_false(sg_gate_allows(list, 2, IPPROTO_TCP, 0, &out));
	assert_false(sg_gate_allows(list, 0, IPPROTO_TCP, 22, &in));
	sg_gate_allow_parse("ip from fd00::/8", &list[0], NULL);
	assert_true(sg_gate_allows(list, 1, IPPROTO_TCP, 443, &v6));
}

static void a_section_is_read(void **state)
{
	const struct sg_config_gate *g;

	assert_int_equal(parse("[Gate eth0.5]\nStrict = yes\n"
			       "Allow = tcp/22 from 10.0.0.0/8, icmp\n"
			       "Allow = udp/53\n"
			       "[Gate eth1]\nCookies = always\n"
			       "Mode = generic\n"),
			 0);
	assert_int_equal(cfg->n_gates, 2);
	g = sg_config_gate(cfg, "eth0.5");
	assert_non_null(g);
	assert_true(g->strict);
	assert_false(g->always);
	assert_int_equal(g->n_allow, 3);
	assert_int_equal(g->allow[2].first, 53);
	g = sg_config_gate(cfg, "eth1");
	assert_false(g->strict);
	assert_true(g->always);
	assert_int_equal(g->mode, SG_GATE_GENERIC);
	assert_null(sg_config_gate(cfg, "eth2"));
}

static void a_wrong_section_is_refused(void **state)
{
	refused("[Gate]\n", "after Gate comes a name");
	refused("[Gate eth0]\n[Gate eth0]\n", "stands already");
	refused("[Gate sg0]\n", "tunnel's own device");
	refused("[Gate a-name-that-is-too-long]\n", "interface name");
	refused("[Gate eth0]\nStrict = maybe\n", "write yes or no");
	refused("[Gate eth0]\nMode = offload\n", "auto, native or generic");
	refused("[Gate eth0]\nCookies = never\n", "auto or always");
	refused("[Gate eth0]\nStrict = yes\nAllow = tcp/22,,icmp\n",
		"write for instance");
	refused("[Gate eth0]\nStrickt = yes\n", "did you mean Strict");
	assert_int_equal(parse("[Gate eth0]\nAllow = tcp/22\n"), 0);
	assert_true(problems.n == 1 && problems.list[0].warning);
}

static void too_many_entries_are_refused(void **state)
{
	char text[4096] = "[Gate eth0]\nStrict = yes\n";

	for (int i = 0; i <= SG_GATE_ALLOW_MAX; i++)
		strcat(text, "Allow = tcp/22\n");
	refused(text, "at most 64");
	text[0] = '\0';
	for (int i = 0; i <= SG_CONFIG_GATES_MAX; i++)
		sprintf(text + strlen(text), "[Gate eth%d]\n", i);
	refused(text, "more than 16");
}

static int end(void **state)
{
	sg_config_free(cfg);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_read_and_written_alike),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(a_list_lets_pass_what_it_says),
		cmocka_unit_test(a_section_is_read),
		cmocka_unit_test(a_wrong_section_is_refused),
		cmocka_unit_test(too_many_entries_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
