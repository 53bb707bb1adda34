// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tunnel's routes, rules and name move to another device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <net/if.h>

#include "daemon/netif.h"
#include "netns.h"

#define MARK 0x5347
#define PORT 51900

#define ADD_DEVICE(name)                                         \
	"ip link add " name " type veth peer name " name "x && " \
	"ip link set " name " addrgenmode none && "              \
	"ip link set " name "x addrgenmode none up"

static struct sg_netif *up(const char *ifname, uint16_t port, bool beside)
{
	struct sg_prefix addrs[2], prefixes[3];
	struct sg_netif_config cfg = {
		.ifname = ifname,
		.mtu = 1400,
		.fwmark = MARK,
		.port = port,
		.routes = true,
		.addrs = addrs,
		.n_addrs = 2,
		.prefixes = prefixes,
		.n_prefixes = 3,
		.beside = beside,
	};
	struct sg_netif *ni = NULL;
	struct sg_error err = { "" };

	assert_int_equal(sg_prefix_parse("fd12:3456::1/128", &addrs[0]), 0);
	assert_int_equal(sg_prefix_parse("10.77.0.1/24", &addrs[1]), 0);
	assert_int_equal(sg_prefix_parse("fd77::/64", &prefixes[0]), 0);
	assert_int_equal(sg_prefix_parse("10.99.0.0/16", &prefixes[1]), 0);
	assert_int_equal(sg_prefix_parse("0.0.0.0/0", &prefixes[2]), 0);
	if (sg_netif_up(&ni, &cfg, &err))
		fail_msg("%s", err.text);
	return ni;
}

static uint32_t leads_to(const char *dest)
{
	struct sg_route r;
	union sg_addr to;

	assert_int_equal(sg_addr_set(&to, dest, 0), 0);
	assert_int_equal(sg_netif_route_check(&to, 0, &r), 0);
	return r.ifindex;
}

static void all_lead_to(uint32_t index)
{
	static const char *const dest[] = { "10.77.0.9", "10.99.1.1", "fd77::9",
					    "203.0.113.1" };

	for (size_t i = 0; i < sizeof(dest) / sizeof(dest[0]); i++)
		assert_int_equal(leads_to(dest[i]), index);
}

static void routes_rules_and_name_move(void **state)
{
	struct sg_netif *old, *ni;
	struct sg_error err = { "" };
	uint32_t a, b;

	if (!netns_enter() || !sh("ip link set lo up && " ADD_DEVICE(
				      "sg0") " && " ADD_DEVICE("sg0-new"))) {
		print_message("SKIP: no network namespaces here\n");
		skip();
	}
	a = if_nametoindex("sg0");
	b = if_nametoindex("sg0-new");
	old = up("sg0", PORT, false);
	all_lead_to(a);
	ni = up("sg0-new", PORT + 1, true);
	/* nothing but addresses so far */
	all_lead_to(a);
	assert_true(sh("ip addr show sg0-new | grep -q 10.77.0.1/24"));
	if (sg_netif_move(ni, old, "sg0", "sg0-old", &err))
		fail_msg("%s", err.text);
	assert_int_equal(if_nametoindex("sg0"), b);
	assert_int_equal(if_nametoindex("sg0-old"), a);
	all_lead_to(b);
	/* the port's rule is that of the new one, and there is one only */
	assert_true(sh("ip rule | grep -q 'sport 51901'"));
	assert_false(sh("ip rule | grep -q 'sport 51900'"));
	sg_netif_down(old, NULL, NULL);
	all_lead_to(b);
	assert_true(sh("ip route get 10.77.0.1 | grep -q ^local"));
	assert_true(sh("ip -6 addr show dev sg0 | grep -q fd12:3456::1"));
	/* and new lists of prefixes find it */
	assert_int_equal(sg_netif_routes(ni, NULL, 0, &err), 0);
	assert_false(sh("ip route show table 21319 | grep -q 10.99"));
	sg_netif_down(ni, NULL, NULL);
	assert_false(sh("ip rule | grep -q -e 419 -e 21319"));
	assert_false(sh("ip route show table 21319 2>/dev/null | grep -q ."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_rules_and_name_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
