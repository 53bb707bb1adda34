// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Addresses, routes and rules of the tunnel device, in network namespaces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/netif.h"
#include "netns.h"

#define MARK 0x5347
#define PORT 51900

/* a device with a carrier, and nothing that comes up after a while */
#define ADD_DEVICE(name)                                         \
	"ip link add " name " type veth peer name " name "x && " \
	"ip link set " name " addrgenmode none up && "           \
	"ip link set " name "x addrgenmode none up && "          \
	"ip link set " name " down"

static int enter(void **state)
{
	if (!netns_enter() || !sh("ip link set lo up"))
		return 0;
	/* eth0 towards the world, sg0 as the data path would make it */
	*state = sh("ip link add eth0 type veth peer name world &&"
		    "ip link set eth0 addrgenmode none up &&"
		    "ip link set world addrgenmode none up &&"
		    "ip addr add 192.0.2.1/24 dev eth0 &&"
		    "ip route add default via 192.0.2.254 &&"
		    "ip addr add 2001:db8::1/64 dev eth0 nodad &&"
		    "ip route add default via 2001:db8::fe dev eth0 "
		    "&&" ADD_DEVICE("sg0"))
			 ? (void *)1
			 : NULL;
	return 0;
}

#define NEED_NETNS(state)                                                    \
	do {                                                                 \
		if (!*(state)) {                                             \
			print_message("SKIP: no network namespaces here\n"); \
			skip();                                              \
		}                                                            \
	} while (0)

static struct sg_prefix prefix(const char *text)
{
	struct sg_prefix p;

	assert_int_equal(sg_prefix_parse(text, &p), 0);
	return p;
}

static union sg_addr addr(const char *text)
{
	union sg_addr a;

	assert_int_equal(sg_addr_set(&a, text, 0), 0);
	return a;
}

/* Up with the usual addresses and a list of prefixes that ends in NULL. */
static int up(struct sg_netif **ni, const char *ifname, uint32_t mark,
	      struct sg_error *err, const char *const *prefixes)
{
	struct sg_prefix addrs[] = { prefix("fd12:3456::1/128"),
				     prefix("10.77.0.1/24") };
	struct sg_prefix p[8];
	struct sg_netif_config cfg = {
		.ifname = ifname,
		.mtu = 1400,
		.fwmark = mark,
		.port = PORT + (mark - MARK),
		.routes = true,
		.addrs = addrs,
		.n_addrs = 2,
		.prefixes = p,
	};

	err->text[0] = '\0';
	for (; *prefixes; prefixes++)
		p[cfg.n_prefixes++] = prefix(*prefixes);
	return sg_netif_up(ni, &cfg, err);
}

#define PREFIXES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define DEFAULTS      PREFIXES("0.0.0.0/0", "::/0", "192.0.2.128/32")

/*
 * The kernel brings carrier and multicast routes of new devices a little late:
 * read until two readings agree, and compare with patience.
 */
static char *settled_state(void)
{
	char *last = host_state();

	for (int i = 0; i < 20; i++) {
		char *now;
		bool same;

		usleep(100000);
		now = host_state();
		same = !strcmp(last, now);
		free(last);
		last = now;
		if (same)
			break;
	}
	return last;
}

static char *state_like(const char *want)
{
	char *now = host_state();

	for (int i = 0; i < 20 && strcmp(want, now); i++) {
		free(now);
		usleep(100000);
		now = host_state();
	}
	return now;
}

static void assert_route(const char *dest, uint32_t mark, const char *ifname)
{
	union sg_addr to = addr(dest);
	struct sg_route r;

	assert_int_equal(sg_netif_route_check(&to, mark, &r), 0);
	assert_string_equal(r.ifname, ifname);
}

struct lines {
	char text[4096];
};

static void collect(void *ctx, const char *what)
{
	struct lines *l = ctx;
	size_t n = strlen(l->text);

	snprintf(l->text + n, sizeof(l->text) - n, "%s\n", what);
}

static void down_leaves_the_host_as_it_was(void **state)
{
	char *before, *after;
	struct sg_netif *ni;
	struct sg_error err;
	struct lines l = { "" };

	NEED_NETNS(state);
	before = settled_state();
	assert_int_equal(up(&ni, "sg0", MARK, &err, DEFAULTS), 0);
	after = host_state();
	assert_string_not_equal(before, after);
	free(after);
	sg_netif_down(ni, collect, &l);
	after = state_like(before);
	assert_string_equal(before, after);
	assert_non_null(strstr(l.text, "address 10.77.0.1/24\n"));
	assert_non_null(strstr(l.text, "route 0.0.0.0/0\n"));
	assert_non_null(strstr(l.text, "not fwmark 0x5347 lookup 21319\n"));
	free(before);
	free(after);
}

static void prefixes_of_peers_go_into_the_tunnel(void **state)
{
	struct sg_netif *ni;
	struct sg_error err;

	NEED_NETNS(state);
	assert_int_equal(up(&ni, "sg0", MARK, &err,
			    PREFIXES("172.20.0.0/16", "fd99::/64")),
			 0);
	assert_route("172.20.3.4", 0, "sg0");
	assert_route("fd99::7", 0, "sg0");
	/* the network of the node's own address */
	assert_route("10.77.0.99", 0, "sg0");
	/* not ours */
	assert_route("198.51.100.1", 0, "eth0");
	assert_route("2001:db8:9::1", 0, "eth0");
	sg_netif_down(ni, NULL, NULL);
}

static void outer_packets_stay_out_of_a_default_route(void **state)
{
	struct sg_netif *ni;
	struct sg_error err;

	NEED_NETNS(state);
	assert_int_equal(up(&ni, "sg0", MARK, &err, DEFAULTS), 0);
	assert_route("198.51.100.1", 0, "sg0");
	assert_route("2001:db8:9::1", 0, "sg0");
	assert_route("198.51.100.1", MARK, "eth0");
	assert_route("2001:db8:9::1", MARK, "eth0");
	/* the local network stays local, but for what a peer has of it */
	assert_route("192.0.2.7", 0, "eth0");
	assert_route("2001:db8::7", 0, "eth0");
	assert_route("192.0.2.128", 0, "sg0");
	assert_route("192.0.2.128", MARK, "eth0");
	sg_netif_down(ni, NULL, NULL);
}

/* In a process of its own: sends to both ports for a while. */
static void world_sends(int ready)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timespec nap = { 0, 20000000 };
	char c;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) || write(ready, "x", 1) != 1 ||
	    read(ready, &c, 1) != 1)
		_exit(1);
	/* ask for neighbours as a router does, by its own address */
	netns_write("/proc/sys/net/ipv4/conf/world/arp_announce", "2");
	sh("ip addr add 192.0.2.254/24 dev world; ip link set world up;"
	   "ip link set lo up; ip addr add 198.51.100.9/32 dev lo");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	inet_pton(AF_INET, "198.51.100.9", &to.sin_addr);
	bind(fd, (struct sockaddr *)&to, sizeof(to));
	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	for (int i = 0; i < 100; i++) {
		to.sin_port = htons(PORT + 1);
		sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
		to.sin_port = htons(PORT);
		sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
		nanosleep(&nap, NULL);
	}
	_exit(0);
}

static int udp(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/*
 * With a default route in the tunnel, a strict reverse path filter drops what
 * comes from the world; but not what comes to the agent's port.
 */
static void outer_packets_pass_a_strict_rp_filter(void **state)
{
	struct pollfd p[2];
	struct sg_netif *ni;
	struct sg_error err;
	int pair[2];
	pid_t pid;
	char c;

	NEED_NETNS(state);
	assert_true(netns_write("/proc/sys/net/ipv4/conf/eth0/rp_filter", "1"));
	assert_int_equal(up(&ni, "sg0", MARK, &err, DEFAULTS), 0);
	p[0] = (struct pollfd){ udp(PORT), POLLIN, 0 };
	p[1] = (struct pollfd){ udp(PORT + 1), POLLIN, 0 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (!pid)
		world_sends(pair[1]);
	assert_int_equal(read(pair[0], &c, 1), 1);
	assert_true(sh("ip link set world netns %d", (int)pid));
	assert_int_equal(write(pair[0], "x", 1), 1);
	assert_int_equal(poll(p, 1, 5000), 1);
	assert_int_equal(poll(p + 1, 1, 0), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sg_netif_down(ni, NULL, NULL);
}

static void routes_follow_a_new_list(void **state)
{
	struct sg_prefix next[] = { prefix("172.21.0.0/16"),
				    prefix("fd99::/64"), prefix("0.0.0.0/0"),
				    prefix("fd99::/64") };
	char *before, *after;
	struct sg_netif *ni;
	struct sg_error err;

	NEED_NETNS(state);
	before = settled_state();
	assert_int_equal(up(&ni, "sg0", MARK, &err,
			    PREFIXES("172.20.0.0/16", "fd99::/64")),
			 0);
	assert_int_equal(sg_netif_routes(ni, next, 4, &err), 0);
	assert_route("172.20.3.4", MARK, "eth0");
	assert_route("172.21.3.4", 0, "sg0");
	assert_route("fd99::7", 0, "sg0");
	assert_route("198.51.100.1", 0, "sg0");
	assert_route("192.0.2.7", 0, "eth0");
	assert_int_equal(sg_netif_routes(ni, next, 2, &err), 0);
	assert_route("198.51.100.1", 0, "eth0");
	assert_int_equal(sg_netif_routes(ni, NULL, 0, &err), 0);
	assert_route("172.21.3.4", 0, "eth0");
	sg_netif_down(ni, NULL, NULL);
	after = state_like(before);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void down_passes_over_what_was_removed_by_hand(void **state)
{
	char *before, *after;
	struct sg_netif *ni;
	struct sg_error err;
	struct lines l = { "" };

	NEED_NETNS(state);
	before = settled_state();
	assert_int_equal(up(&ni, "sg0", MARK, &err, DEFAULTS), 0);
	assert_true(
		sh("ip rule del prio 4196; ip addr del 10.77.0.1/24 dev sg0;"
		   "ip -6 route flush table 21319"));
	sg_netif_down(ni, collect, &l);
	assert_null(strstr(l.text, "rule ip 4196"));
	assert_null(strstr(l.text, "address 10.77.0.1/24"));
	assert_null(strstr(l.text, "route ::/0"));
	assert_non_null(strstr(l.text, "rule ip6 4196"));
	assert_non_null(strstr(l.text, "address fd12:3456::1/128"));
	after = state_like(before);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void down_works_without_the_device(void **state)
{
	struct sg_netif *ni;
	struct sg_error err;
	char *rules;

	NEED_NETNS(state);
	assert_int_equal(up(&ni, "sg0", MARK, &err, DEFAULTS), 0);
	assert_true(sh("ip link del sg0"));
	sg_netif_down(ni, NULL, NULL);
	rules = sh_output("ip rule; ip -6 rule");
	assert_null(strstr(rules, "419"));
	free(rules);
}

static void crash(uint32_t mark)
{
	struct sg_netif *ni;
	struct sg_error err;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(up(&ni, "sg0", mark, &err, DEFAULTS) ? 1 : 0);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void leftovers_of_a_crash_are_cleaned(void **state)
{
	char *before, *after;
	struct sg_netif *ni;
	struct sg_error err;

	NEED_NETNS(state);
	before = sh_output(
		"ip rule; ip -6 rule; ip route show table all proto 83;"
		"ip -6 route show table all proto 83");
	/* with another mark than the next; the device goes with the agent */
	crash(MARK + 1);
	assert_true(sh("ip link del sg0 &&" ADD_DEVICE("sg0")));
	assert_int_equal(up(&ni, "sg0", MARK, &err, DEFAULTS), 0);
	sg_netif_down(ni, NULL, NULL);
	/* the device stays, as one of the kernel module would */
	crash(MARK);
	assert_int_equal(up(&ni, "sg0", MARK, &err, PREFIXES("fd99::/64")), 0);
	assert_route("198.51.100.1", 0, "eth0");
	sg_netif_down(ni, NULL, NULL);
	after = sh_output(
		"ip rule; ip -6 rule; ip route show table all proto 83;"
		"ip -6 route show table all proto 83");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void two_agents_need_two_marks(void **state)
{
	struct sg_netif *a, *b;
	struct sg_error err;
	char *before, *after;

	NEED_NETNS(state);
	assert_true(sh(ADD_DEVICE("sg1")));
	before = settled_state();
	assert_int_equal(up(&a, "sg0", MARK, &err, DEFAULTS), 0);
	assert_int_equal(up(&b, "sg1", MARK, &err, PREFIXES("fd99::/64")),
			 -EBUSY);
	assert_non_null(strstr(err.text, "sg0"));
	assert_null(b);
	assert_int_equal(up(&b, "sg1", MARK + 1, &err, PREFIXES("fd99::/64")),
			 0);
	/* what the second knows better, the first's default does not take */
	assert_route("fd99::7", 0, "sg1");
	assert_route("198.51.100.1", 0, "sg0");
	sg_netif_down(a, NULL, NULL);
	assert_route("fd99::7", 0, "sg1");
	sg_netif_down(b, NULL, NULL);
	after = state_like(before);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void a_table_of_somebody_else_is_refused(void **state)
{
	struct sg_netif *ni;
	struct sg_error err;
	char *before, *after;

	NEED_NETNS(state);
	assert_true(sh("ip route add 203.0.113.0/24 dev eth0 table %d", MARK));
	before = settled_state();
	assert_int_equal(up(&ni, "sg0", MARK, &err, DEFAULTS), -EBUSY);
	assert_non_null(strstr(err.text, "21319"));
	after = state_like(before);
	assert_string_equal(before, after);
	assert_true(sh("ip route flush table %d", MARK));
	assert_true(sh("ip rule add prio 77 lookup %d", MARK));
	assert_int_equal(up(&ni, "sg0", MARK, &err, DEFAULTS), -EBUSY);
	assert_non_null(strstr(err.text, "rule 77"));
	free(before);
	free(after);
}

static void a_failed_up_leaves_nothing(void **state)
{
	struct sg_prefix addrs[] = { prefix("10.77.0.1/24"),
				     prefix("ff02::5/128") };
	struct sg_netif_config cfg = {
		.ifname = "sg0",
		.mtu = 1400,
		.fwmark = MARK,
		.routes = true,
		.addrs = addrs,
		.n_addrs = 2,
	};
	struct sg_netif *ni;
	struct sg_error err;
	char *before, *after;

	NEED_NETNS(state);
	before = settled_state();
	assert_int_equal(up(&ni, "sg7", MARK, &err, DEFAULTS), -ENODEV);
	assert_non_null(strstr(err.text, "sg7"));
	/* a multicast address cannot be a device's own */
	assert_true(sg_netif_up(&ni, &cfg, &err) < 0);
	assert_non_null(strstr(err.text, "ff02::5"));
	cfg.n_addrs = 1;
	cfg.mtu = 1 << 20;
	assert_true(sg_netif_up(&ni, &cfg, &err) < 0);
	assert_non_null(strstr(err.text, "MTU"));
	after = state_like(before);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void without_routes_only_addresses_are_set(void **state)
{
	struct sg_prefix a = prefix("10.77.0.1/24"), p = prefix("0.0.0.0/0");
	struct sg_netif_config cfg = {
		.ifname = "sg0",
		.mtu = 1280,
		.fwmark = MARK,
		.addrs = &a,
		.n_addrs = 1,
		.prefixes = &p,
		.n_prefixes = 1,
	};
	char *before, *after;
	struct sg_netif *ni;
	struct sg_error err;

	NEED_NETNS(state);
	before = sh_output("ip rule");
	assert_int_equal(sg_netif_up(&ni, &cfg, &err), 0);
	after = sh_output("ip rule");
	assert_string_equal(before, after);
	assert_route("10.77.0.9", 0, "sg0");
	assert_route("198.51.100.1", 0, "eth0");
	sg_netif_down(ni, NULL, NULL);
	free(before);
	free(after);
}

static void inner_mtu_follows_the_route(void **state)
{
	union sg_addr v4 = addr("198.51.100.1"), v6 = addr("2001:db8:9::1");

	NEED_NETNS(state);
	assert_int_equal(sg_netif_route_mtu(&v4, MARK), 1500 - 68);
	assert_int_equal(sg_netif_route_mtu(&v6, MARK), 1500 - 88);
	assert_true(sh("ip route add 198.51.100.1 via 192.0.2.254 mtu 1400"));
	assert_int_equal(sg_netif_route_mtu(&v4, MARK), 1400 - 68);
	assert_true(sh("ip route del default"));
	v4 = addr("203.0.113.5");
	assert_int_equal(sg_netif_route_mtu(&v4, MARK), -ENETUNREACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(down_leaves_the_host_as_it_was, enter),
		cmocka_unit_test_setup(prefixes_of_peers_go_into_the_tunnel,
				       enter),
		cmocka_unit_test_setup(
			outer_packets_stay_out_of_a_default_route, enter),
		cmocka_unit_test_setup(outer_packets_pass_a_strict_rp_filter,
				       enter),
		cmocka_unit_test_setup(routes_follow_a_new_list, enter),
		cmocka_unit_test_setup(
			down_passes_over_what_was_removed_by_hand, enter),
		cmocka_unit_test_setup(down_works_without_the_device, enter),
		cmocka_unit_test_setup(leftovers_of_a_crash_are_cleaned, enter),
		cmocka_unit_test_setup(two_agents_need_two_marks, enter),
		cmocka_unit_test_setup(a_table_of_somebody_else_is_refused,
				       enter),
		cmocka_unit_test_setup(a_failed_up_leaves_nothing, enter),
		cmocka_unit_test_setup(without_routes_only_addresses_are_set,
				       enter),
		cmocka_unit_test_setup(inner_mtu_follows_the_route, enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
