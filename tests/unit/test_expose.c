// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Exposed ports, with real connections through three network namespaces:
 * "peer" at the far end of the tunnel, the gateway (this process), and
 * "device" in a network beside it, which has no route back to the tunnel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "daemon/expose.h"
#include "netns.h"

#define SG	"sg0"
#define CMD_MAX 1024

/* A process in a namespace of its own that runs shell commands for us. */
struct room {
	pid_t pid;
	int fd;
};

static struct room peer, device;

static void room_run(int fd)
{
	char cmd[CMD_MAX];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* so that servers end with the room */
	if (setpgid(0, 0) || unshare(CLONE_NEWNET))
		_exit(1);
	sh("ip link set lo up");
	while (write(fd, "k", 1) == 1 && (n = read(fd, cmd, CMD_MAX - 1)) > 0) {
		cmd[n] = '\0';
		if (!sh("%s", cmd))
			_exit(1);
	}
	_exit(0);
}

static bool room_wait(struct room *r)
{
	char c;

	return read(r->fd, &c, 1) == 1;
}

static bool room_sh(struct room *r, const char *cmd)
{
	return write(r->fd, cmd, strlen(cmd)) > 0 && room_wait(r);
}

static bool room_open(struct room *r)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return false;
	r->pid = fork();
	if (!r->pid) {
		close(pair[0]);
		room_run(pair[1]);
	}
	close(pair[1]);
	r->fd = pair[0];
	return room_wait(r);
}

static void room_close(struct room *r)
{
	if (r->pid > 0) {
		close(r->fd);
		kill(-r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	r->pid = 0;
}

static bool build(void)
{
	return netns_enter() && sh("ip link set lo up") && room_open(&peer) &&
	       room_open(&device) &&
	       sh("ip link add " SG " type veth peer name tun netns %d",
		  (int)peer.pid) &&
	       sh("ip link add lan0 type veth peer name eth0 netns %d",
		  (int)device.pid) &&
	       sh("ip addr add 10.77.0.1/24 dev " SG ";"
		  "ip addr add fd77::1/64 dev " SG " nodad;"
		  "ip addr add 192.168.1.1/24 dev lan0;"
		  "ip addr add fd01::1/64 dev lan0 nodad;"
		  "ip link set " SG " up && ip link set lan0 up") &&
	       room_sh(&peer, "ip addr add 10.77.0.2/24 dev tun;"
			      "ip addr add fd77::2/64 dev tun nodad;"
			      "ip link set tun up &&"
			      "ip route add 192.168.1.0/24 via 10.77.0.1") &&
	       room_sh(&device, "ip addr add 192.168.1.50/24 dev eth0;"
				"ip addr add fd01::50/64 dev eth0 nodad;"
				"ip link set eth0 up &&"
				/* towards anywhere but the tunnel's network */
				"ip route add 10.99.0.0/16 via 192.168.1.1");
}

static int enter(void **state)
{
	struct sg_error err;

	*state = NULL;
	if (build() && sg_expose_remove(SG, &err) == 0 &&
	    sh("command -v python3 nft >/dev/null"))
		*state = (void *)1;
	return 0;
}

static int leave(void **state)
{
	room_close(&peer);
	room_close(&device);
	return 0;
}

#define NEED_NETNS(state)                                                    \
	do {                                                                 \
		if (!*(state)) {                                             \
			print_message("SKIP: no network namespaces here\n"); \
			skip();                                              \
		}                                                            \
	} while (0)

static struct sg_expose_rule rule(const char *name, uint8_t proto,
				  uint16_t port, const char *to)
{
	struct sg_expose_rule r = { .proto = proto, .port = port };

	snprintf(r.name, sizeof(r.name), "%s", name);
	assert_int_equal(sg_addr_parse(to, &r.to), 0);
	return r;
}

static int apply(const struct sg_expose_rule *rules, size_t n,
		 struct sg_error *err)
{
	struct sg_prefix addrs[2];

	sg_prefix_parse("fd77::1/128", &addrs[0]);
	sg_prefix_parse("10.77.0.1/24", &addrs[1]);
	err->text[0] = '\0';
	return sg_expose_apply(SG, addrs, 2, rules, n, err);
}

/* until something listens on a port, which is given a second time */
#define WAIT_FOR                                                              \
	"for i in $(seq 100); do ss -ltnH 'sport = :%d' | grep -q . && exit " \
	"0; sleep .1; done; exit 1"

/* The device answers with the address that it sees the caller at. */
#define SERVE                                                    \
	"python3 -c 'import socketserver as s\n"                 \
	"class S(s.ThreadingTCPServer):\n"                       \
	"    address_family=10; allow_reuse_address=True; "      \
	"daemon_threads=True\n"                                  \
	"class H(s.BaseRequestHandler):\n"                       \
	"    def handle(self):\n"                                \
	"        while self.request.recv(9): self.request.send(" \
	"self.client_address[0].encode())\n"                     \
	"S((\"::\",%d),H).serve_forever()' >/dev/null & " WAIT_FOR

static void serve(struct room *r, int port)
{
	char cmd[CMD_MAX];

	snprintf(cmd, sizeof(cmd), SERVE, port, port);
	assert_true(room_sh(r, cmd));
}

/*
 * From the peer (or the device): what a server answers, or an empty string.
 * The process stays in the other namespace only for this.
 */
static void ask(struct room *from, const char *host, int port,
		const char *seconds, char answer[128])
{
	char cmd[CMD_MAX];
	char *text;

	snprintf(cmd, sizeof(cmd),
		 "nsenter -t %d -n python3 -c 'import socket\n"
		 "s=socket.create_connection((\"%s\",%d),%s)\n"
		 "s.send(b\"x\"); print(s.recv(99).decode())' 2>/dev/null",
		 (int)from->pid, host, port, seconds);
	text = sh_output(cmd);
	snprintf(answer, 128, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

static bool answers(struct room *from, const char *host, int port)
{
	char a[128];

	ask(from, host, port, "5", a);
	return a[0];
}

static bool silent(struct room *from, const char *host, int port)
{
	char a[128];

	ask(from, host, port, ".5", a);
	return !a[0];
}

static char *forwarding(void)
{
	return sh_output("grep . /proc/sys/net/ipv4/conf/*/forwarding"
			 " /proc/sys/net/ipv6/conf/*/*forwarding");
}

static void a_device_answers_at_the_gateways_address(void **state)
{
	struct sg_expose_rule r;
	struct sg_error err;
	char a[128], *before, *after;

	NEED_NETNS(state);
	before = forwarding();
	r = rule("switch", IPPROTO_TCP, 9999, "192.168.1.50:80");
	serve(&device, 80);
	assert_true(silent(&peer, "10.77.0.1", 9999));
	assert_int_equal(apply(&r, 1, &err), 0);
	ask(&peer, "10.77.0.1", 9999, "5", a);
	/* the device sees its neighbour, and needs no route to the peer */
	assert_string_equal(a, "::ffff:192.168.1.1");
	assert_int_equal(sg_expose_remove(SG, &err), 1);
	assert_true(silent(&peer, "10.77.0.1", 9999));
	after = forwarding();
	assert_string_equal(before, after);
	assert_int_equal(sg_expose_remove(SG, &err), 0);
	free(before);
	free(after);
}

static void nothing_else_of_the_network_is_reached(void **state)
{
	struct sg_expose_rule r;
	struct sg_error err;

	NEED_NETNS(state);
	r = rule("switch", IPPROTO_TCP, 9999, "192.168.1.50:80");
	serve(&device, 80);
	serve(&device, 81);
	/* the host forwards already, for reasons of its own */
	assert_true(netns_write("/proc/sys/net/ipv4/ip_forward", "1"));
	assert_true(
		room_sh(&device, "ip route add 10.77.0.0/24 via 192.168.1.1"));
	assert_true(answers(&peer, "192.168.1.50", 81));
	assert_int_equal(apply(&r, 1, &err), 0);
	assert_true(answers(&peer, "10.77.0.1", 9999));
	assert_true(silent(&peer, "192.168.1.50", 80));
	assert_true(silent(&peer, "192.168.1.50", 81));
	assert_true(silent(&peer, "10.77.0.1", 81));
	assert_int_equal(sg_expose_remove(SG, &err), 1);
	/* and still does */
	assert_true(answers(&peer, "192.168.1.50", 81));
}

static void the_device_cannot_use_the_gateway_as_a_router(void **state)
{
	struct sg_expose_rule r;
	struct sg_error err;

	NEED_NETNS(state);
	r = rule("switch", IPPROTO_TCP, 9999, "192.168.1.50:80");
	serve(&device, 80);
	assert_true(
		room_sh(&device, "ip route add 10.77.0.0/24 via 192.168.1.1"));
	serve(&peer, 82);
	assert_int_equal(apply(&r, 1, &err), 0);
	assert_true(answers(&peer, "10.77.0.1", 9999));
	assert_true(answers(&peer, "10.77.0.2", 82));
	assert_true(silent(&device, "10.77.0.2", 82));
	sg_expose_remove(SG, &err);
}

/* Uses two connections, waits for the marker file, and uses them again. */
#define TWO_CONNECTIONS                                               \
	"exec nsenter -t %d -n python3 -uc 'import socket,time,os\n"  \
	"c=lambda p: socket.create_connection((\"10.77.0.1\",p),5)\n" \
	"a,b=c(9999),c(9998)\n"                                       \
	"def t(s):\n"                                                 \
	"    s.settimeout(1)\n"                                       \
	"    try: s.send(b\"x\"); return len(s.recv(99))>0\n"         \
	"    except OSError: return False\n"                          \
	"print(t(a),t(b))\n"                                          \
	"while not os.path.exists(\"%s\"): time.sleep(.05)\n"         \
	"print(t(a),t(b))'"

static void a_reload_keeps_connections_and_cuts_removed_ones(void **state)
{
	struct sg_expose_rule r[2];
	char cmd[CMD_MAX], marker[64], line[32];
	struct sg_error err;
	FILE *f;

	NEED_NETNS(state);
	r[0] = rule("switch", IPPROTO_TCP, 9999, "192.168.1.50:80");
	r[1] = rule("lamp", IPPROTO_TCP, 9998, "192.168.1.50:81");
	serve(&device, 80);
	serve(&device, 81);
	assert_int_equal(apply(r, 2, &err), 0);
	snprintf(marker, sizeof(marker), "/tmp/signet-test-expose.%d",
		 (int)getpid());
	snprintf(cmd, sizeof(cmd), TWO_CONNECTIONS, (int)peer.pid, marker);
	f = popen(cmd, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "True True\n");
	assert_int_equal(apply(r, 1, &err), 0);
	assert_true(netns_write(marker, ""));
	assert_non_null(fgets(line, sizeof(line), f));
	unlink(marker);
	assert_string_equal(line, "True False\n");
	pclose(f);
	sg_expose_remove(SG, &err);
}

static void an_ipv6_device_needs_ipv6_forwarding(void **state)
{
	struct sg_expose_rule r;
	struct sg_error err;
	char a[128], *before, *after;
	int ret;

	NEED_NETNS(state);
	r = rule("cam", IPPROTO_TCP, 9999, "[fd01::50]:80");
	serve(&device, 80);
	before = forwarding();
	ret = apply(&r, 1, &err);
	if (ret == -EOPNOTSUPP) { /* Linux before 6.17 */
		assert_non_null(strstr(err.text, "forwarding = 1"));
		assert_true(netns_write(
			"/proc/sys/net/ipv6/conf/all/forwarding", "1"));
		free(before);
		before = forwarding();
		ret = apply(&r, 1, &err);
	}
	assert_int_equal(ret, 0);
	ask(&peer, "fd77::1", 9999, "5", a);
	assert_string_equal(a, "fd01::1");
	sg_expose_remove(SG, &err);
	after = forwarding();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* One device's network is down, and another's route leads into the tunnel. */
static void a_device_without_a_route_does_not_keep_others_away(void **state)
{
	struct sg_expose_rule r[3];
	struct sg_error err;

	NEED_NETNS(state);
	r[0] = rule("away", IPPROTO_TCP, 9997, "203.0.113.9:80");
	r[1] = rule("loop", IPPROTO_TCP, 9998, "10.77.0.2:82");
	r[2] = rule("switch", IPPROTO_TCP, 9999, "192.168.1.50:80");
	serve(&device, 80);
	serve(&peer, 82);
	assert_int_equal(apply(r, 3, &err), 0);
	assert_true(answers(&peer, "10.77.0.1", 9999));
	assert_true(silent(&peer, "10.77.0.1", 9998));
	assert_true(silent(&peer, "10.77.0.1", 9997));
	sg_expose_remove(SG, &err);
}

static void what_a_crash_left_is_restored(void **state)
{
	struct sg_expose_rule r;
	struct sg_error err;
	char *before, *after;
	pid_t pid;

	NEED_NETNS(state);
	r = rule("switch", IPPROTO_TCP, 9999, "192.168.1.50:80");
	before = forwarding();
	pid = fork();
	if (!pid)
		_exit(apply(&r, 1, &err) ? 1 : 0);
	waitpid(pid, NULL, 0);
	after = forwarding();
	assert_string_not_equal(before, after);
	free(after);
	assert_int_equal(apply(&r, 1, &err), 0);
	sg_expose_remove(SG, &err);
	after = forwarding();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void tables_of_others_are_not_touched(void **state)
{
	struct sg_expose_rule r;
	struct sg_error err;
	char *before, *after;

	NEED_NETNS(state);
	r = rule("switch", IPPROTO_TCP, 9999, "192.168.1.50:80");
	assert_true(sh("nft 'table inet mine { chain c { type filter hook"
		       " forward priority 0; ct state invalid drop; }; }'"));
	before = sh_output("nft list ruleset");
	assert_int_equal(apply(&r, 1, &err), 0);
	after = sh_output("nft list ruleset");
	assert_non_null(strstr(after, before));
	free(after);
	sg_expose_remove(SG, &err);
	after = sh_output("nft list ruleset");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void bad_rules_are_refused_in_words(void **state)
{
	struct sg_expose_rule r[2];
	struct sg_prefix v6;
	struct sg_error err;

	sg_prefix_parse("fd77::1/128", &v6);
	r[0] = rule("switch", IPPROTO_TCP, 9999, "192.168.1.50:80");
	r[1] = rule("lamp", IPPROTO_UDP, 9999, "192.168.1.51:80");
	/* an IPv4 device, but no IPv4 address to show it at */
	assert_int_equal(sg_expose_check(&v6, 1, r, 1, &err), -EINVAL);
	assert_non_null(strstr(err.text, "[Expose switch]"));
	assert_non_null(strstr(err.text, "Address ="));
	sg_prefix_parse("10.77.0.1/24", &v6);
	assert_int_equal(sg_expose_check(&v6, 1, r, 2, &err), 0);
	r[1].proto = IPPROTO_TCP;
	assert_int_equal(sg_expose_check(&v6, 1, r, 2, &err), -EINVAL);
	assert_non_null(strstr(err.text, "[Expose lamp]"));
	r[1] = rule("lamp", IPPROTO_TCP, 9998, "127.0.0.1:80");
	assert_int_equal(sg_expose_check(&v6, 1, r, 2, &err), -EINVAL);
	r[1].proto = IPPROTO_ICMP;
	assert_int_equal(sg_expose_check(&v6, 1, r, 2, &err), -EINVAL);
	r[1] = rule("a\" drop; #", IPPROTO_TCP, 9998, "192.168.1.51:80");
	assert_int_equal(sg_expose_check(&v6, 1, r, 2, &err), -EINVAL);
	assert_int_equal(sg_expose_apply("sg0\" ; #", &v6, 1, r, 1, &err),
			 -EINVAL);
	assert_int_equal(sg_expose_remove("", &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_rules_are_refused_in_words),
		cmocka_unit_test_setup_teardown(
			a_device_answers_at_the_gateways_address, enter, leave),
		cmocka_unit_test_setup_teardown(
			nothing_else_of_the_network_is_reached, enter, leave),
		cmocka_unit_test_setup_teardown(
			the_device_cannot_use_the_gateway_as_a_router, enter,
			leave),
		cmocka_unit_test_setup_teardown(
			a_reload_keeps_connections_and_cuts_removed_ones, enter,
			leave),
		cmocka_unit_test_setup_teardown(
			an_ipv6_device_needs_ipv6_forwarding, enter, leave),
		cmocka_unit_test_setup_teardown(
			a_device_without_a_route_does_not_keep_others_away,
			enter, leave),
		cmocka_unit_test_setup_teardown(what_a_crash_left_is_restored,
						enter, leave),
		cmocka_unit_test_setup_teardown(
			tables_of_others_are_not_touched, enter, leave),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
