// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The configuration: what is accepted, and how each mistake is explained. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "common/log.h"

static struct sg_problems problems;
static struct sg_config *cfg;
static char id_a[SIGNET_ID_STR_LEN], id_b[SIGNET_ID_STR_LEN];
static struct signet_id raw_a, raw_b;

static void drop(void)
{
	sg_config_free(cfg);
	cfg = NULL;
}

/* %a and %b stand for the two identities. */
static char *expand(const char *text)
{
	char *out = malloc(strlen(text) * 16 + 1024), *o = out;

	for (; *text; text++) {
		if (text[0] == '%' && (text[1] == 'a' || text[1] == 'b'))
			o = stpcpy(o, *++text == 'a' ? id_a : id_b);
		else
			*o++ = *text;
	}
	*o = 0;
	return out;
}

static int parse(const char *text)
{
	char *full = expand(text);
	int r;

	drop();
	r = sg_config_parse("t.conf", full, strlen(full), &cfg, &problems);
	assert_true((r == 0) == (cfg != NULL));
	assert_true((r == 0) == (problems.errors == 0));
	free(full);
	return r;
}

/* Exactly one problem, whose text is as given. */
static void refused(const char *text, unsigned int line, const char *why)
{
	char buf[800];

	assert_int_equal(parse(text), -EINVAL);
	if (problems.n != 1 || problems.list[0].line != line ||
	    !strstr(problems.list[0].text, why))
		print_message(
			"for: %s\ngot: %s (%zu problems)\n", text,
			sg_problem_format(&problems.list[0], buf, sizeof(buf)),
			problems.n);
	assert_int_equal(problems.n, 1);
	assert_int_equal(problems.list[0].line, line);
	assert_non_null(strstr(problems.list[0].text, why));
	assert_string_equal(problems.list[0].file, "t.conf");
}

static void accepted(const char *text)
{
	char buf[800];

	if (parse(text))
		fail_msg("%s", sg_problem_format(&problems.list[0], buf,
						 sizeof(buf)));
	assert_int_equal(problems.n, 0);
}

static void an_empty_file_gives_the_defaults(void **state)
{
	accepted("");
	assert_true(sg_config_name_valid(cfg->name));
	assert_int_equal(cfg->listen, 51900);
	assert_int_equal(cfg->datapath, SG_CONFIG_DP_AUTO);
	assert_true(cfg->routes);
	assert_true(cfg->auto_up);
	assert_false(cfg->first_contact);
	assert_string_equal(cfg->ifname, "sg0");
	assert_int_equal(cfg->mtu, 0);
	assert_int_equal(cfg->mark, SG_CONFIG_MARK);
	assert_int_equal(cfg->limits.max_peers, 16384);
	assert_int_equal(cfg->log_level, SG_LOG_INFO);
	assert_int_equal(cfg->n_peers, 0);
	assert_string_equal(cfg->peers_dir, "peers.d");
}

static void every_key_is_read(void **state)
{
	const struct sg_config_peer *p;
	uint8_t key[32];

	accepted("\xef\xbb\xbf# first\r\n"
		 "[Node]\r\n"
		 "Name = gw\n"
		 "  Listen = 4000 ; ours\n"
		 "DataPath = tun\nAddress = 10.77.0.1/24, fd77::1/64\n"
		 "Address = 10.78.0.1\n"
		 "Routes = no\nInterface = sg7\nMTU = 1400\nWorkers = 3\n"
		 "FirstContact = yes\nAutoUp = no\nMark = 0x1234\n"
		 "Family = ipv6\nLoop = epoll\n\n"
		 "[Peer ctl]\nIdentity = %a\n"
		 "StaticKey=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
		 "Endpoint = ctl.example:51900, [2001:db8::1]:1\n"
		 "Endpoint = 192.0.2.1:2\n"
		 "Prefixes = 10.77.0.2/32,10.9.0.0/16\nKeepalive = 25s\n"
		 "Allow = tcp/5432 , udp/5000-5010\nAllow = icmp\n"
		 "[ Expose   switch ]\nListen = tcp/9999\n"
		 "To = 192.168.1.50:9998\n"
		 "[Log]\nLevel = debug\nJson = yes\n"
		 "[Limits]\nMaxPeers = 5\nHandshakesPerSecond = 6\n"
		 "LoadThreshold = 7\nPrefixRate = 8\nPrefixBurst = 9\n"
		 "MaxPending = 10\nStrangerEvents = 11\n");
	assert_string_equal(cfg->name, "gw");
	assert_int_equal(cfg->listen, 4000);
	assert_int_equal(cfg->datapath, SG_CONFIG_DP_TUN);
	assert_int_equal(cfg->n_addresses, 3);
	assert_int_equal(cfg->addresses[0].len, 24);
	assert_int_equal(cfg->addresses[0].addr[3], 1);
	assert_int_equal(cfg->addresses[1].family, AF_INET6);
	assert_int_equal(cfg->addresses[2].len, 32);
	assert_false(cfg->routes);
	assert_string_equal(cfg->ifname, "sg7");
	assert_int_equal(cfg->mtu, 1400);
	assert_int_equal(cfg->workers, 3);
	assert_true(cfg->first_contact);
	assert_false(cfg->auto_up);
	assert_int_equal(cfg->mark, 0x1234);
	assert_int_equal(cfg->family, SG_CONFIG_FAMILY_IPV6);
	assert_int_equal(cfg->loop, SG_CONFIG_LOOP_EPOLL);
	assert_int_equal(cfg->log_level, SG_LOG_DEBUG);
	assert_true(cfg->log_json);
	assert_int_equal(cfg->limits.max_peers, 5);
	assert_int_equal(cfg->limits.handshakes_per_second, 6);
	assert_int_equal(cfg->limits.load_threshold, 7);
	assert_int_equal(cfg->limits.prefix_rate, 8);
	assert_int_equal(cfg->limits.prefix_burst, 9);
	assert_int_equal(cfg->limits.max_pending, 10);
	assert_int_equal(cfg->limits.stranger_events, 11);

	p = sg_config_peer_by_name(cfg, "ctl");
	assert_non_null(p);
	assert_ptr_equal(sg_config_peer_by_id(cfg, &raw_a), p);
	assert_null(sg_config_peer_by_id(cfg, &raw_b));
	assert_null(sg_config_peer_by_name(cfg, "ct"));
	memset(key, 1, sizeof(key));
	assert_true(p->has_static);
	assert_memory_equal(p->static_key, key, 32);
	assert_int_equal(p->n_endpoints, 3);
	assert_string_equal(p->endpoints[0].host, "ctl.example");
	assert_int_equal(p->endpoints[0].port, 51900);
	assert_string_equal(p->endpoints[1].host, "2001:db8::1");
	assert_int_equal(p->endpoints[2].port, 2);
	assert_int_equal(p->n_prefixes, 2);
	assert_int_equal(p->prefixes[1].len, 16);
	assert_int_equal(p->keepalive, 25);
	assert_int_equal(p->n_allow, 3);
	assert_int_equal(p->allow[1].item.what, SIGNET_ALLOW_UDP);
	assert_int_equal(p->allow[1].item.last, 5010);
	assert_int_equal(p->allow[1].line, 25);
	assert_int_equal(p->allow[2].line, 26);
	assert_int_equal(p->line, 18);
	assert_string_equal(p->file, "t.conf");

	assert_int_equal(cfg->n_exposes, 1);
	assert_string_equal(cfg->exposes[0].name, "switch");
	assert_int_equal(cfg->exposes[0].proto, IPPROTO_TCP);
	assert_int_equal(cfg->exposes[0].port, 9999);
	assert_int_equal(sg_addr_port(&cfg->exposes[0].to), 9998);
}

static void wrong_values_say_what_would_be_right(void **state)
{
	static const struct {
		const char *line, *why;
	} node[] = {
		{ "Name = .x", "letters, digits" },
		{ "Name = a/b", "letters, digits" },
		{ "Listen = 65536", "port must be 1-65535" },
		{ "Listen = -1", "port must be 1-65535" },
		{ "Listen = 1x", "port must be 1-65535" },
		{ "DataPath = tap", "write auto, kernel or tun" },
		{ "Address = 10.0.0.1/33", "must be 0-32" },
		{ "Address = 10.0.0.1/01", "must be 0-32" },
		{ "Address = 10.0.0", "separated by commas" },
		{ "Address = 224.0.0.1/8", "address of this node" },
		{ "Address = 10.0.0.1/0", "address of this node" },
		{ "Address = 10.0.0.1/8,", "separated by commas" },
		{ "Routes = maybe", "write yes or no" },
		{ "Interface = averyverylongname", "1-15" },
		{ "MTU = 1279", "1280 to 65535" },
		{ "MTU = 65536", "1280 to 65535" },
		{ "Workers = 257", "0 to 256" },
		{ "Workers = 99999999999", "0 to 256" },
		{ "Mark = 0x100000000", "0 to 4294967295" },
		{ "Mark = 0x", "0 to 4294967295" },
		{ "Family = ipv5", "any, ipv4 or ipv6" },
		{ "Loop = kqueue", "auto, io_uring or epoll" },
		{ "Name =", "has no value" },
		{ "Nmae = x", "did you mean Name?" },
		{ "listen = 1", "did you mean Listen?" },
		{ "Port = 1", "there are Name, Listen, " },
	};
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(node) / sizeof(node[0]); i++) {
		snprintf(text, sizeof(text), "[Node]\n%s\n", node[i].line);
		refused(text, 2, node[i].why);
	}
}

static void wrong_peers_say_what_would_be_right(void **state)
{
	static const struct {
		const char *line, *why;
	} peer[] = {
		{ "StaticKey = abcd", "44 characters" },
		{ "StaticKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		  "44 characters" },
		{ "Endpoint = ctl:99999",
		  "Endpoint \"ctl:99999\": port must be 1-65535" },
		{ "Endpoint = ctl:0", "port must be 1-65535" },
		{ "Endpoint = ctl", "a port is missing" },
		{ "Endpoint = 2001:db8::1:5", "[2001:db8::1]:port" },
		{ "Endpoint = [2001:db8::1]", "a port is missing" },
		{ "Endpoint = [ctl]:1", "not an IPv6 address" },
		{ "Endpoint = a b:1", "not a host name" },
		{ "Endpoint = a:1,b:1,c:1,d:1,e:1", "at most 4" },
		{ "Prefixes = 10.77.0.2/24", "write 10.77.0.0/24" },
		{ "Prefixes = fd00::1/8", "write fd00::/8" },
		{ "Keepalive = 0", "write 1s to 3600s, or off" },
		{ "Keepalive = 3601s", "write 1s to 3600s, or off" },
		{ "Keepalive = s", "write 1s to 3600s, or off" },
		{ "Allow = tcp/0", "Allow \"tcp/0\": ports are 1-65535" },
		{ "Allow = tcp/1, udp/7-3", "ends before it begins" },
		{ "Allow = htpp", "write tcp/PORT" },
		{ "Allow = tcp/1,", "write tcp/PORT" },
		{ "Allow = icmp/8", "only tcp and udp have ports" },
		{ "Allow = icmp, none", "none stands alone" },
		{ "Endpiont = a:1", "did you mean Endpoint?" },
		{ "Identity = x", "stands already on line 2" },
	};
	char text[400];
	size_t i;

	for (i = 0; i < sizeof(peer) / sizeof(peer[0]); i++) {
		snprintf(text, sizeof(text), "[Peer p]\nIdentity = %s\n%s\n",
			 id_a, peer[i].line);
		refused(text, 3, peer[i].why);
	}
	refused("[Peer p]\nIdentity = %a\nPrefixes = 10.0.0.0/8, 10.0.0.0/8", 1,
		"twice");
	refused("[Peer p]\nKeepalive = 1s\n", 1, "lacks the key Identity");
	refused("[Peer p]\nIdentity = sg1qqqq\n", 2, "not a whole identifier");
}

static void a_peer_without_allow_may_use_everything(void **state)
{
	struct signet_verdicts v;

	accepted("[Peer p]\nIdentity = %a\n");
	assert_int_equal(cfg->peers[0].n_allow, 0);
	assert_int_equal(sg_config_peer_verdicts(&cfg->peers[0], &v), 0);
	assert_int_equal(v.flags, SIGNET_VERDICT_IP);
	accepted("[Peer p]\nIdentity = %a\nAllow = none\n");
	assert_int_equal(sg_config_peer_verdicts(&cfg->peers[0], &v), 0);
	assert_int_equal(v.flags, 0);
	assert_int_equal(v.n_tcp + v.n_udp, 0);
}

static void allow_has_limits(void **state)
{
	static char text[16384];
	char *at = text + sprintf(text, "[Peer p]\nIdentity = %s\n", id_a);
	int i;

	for (i = 0; i <= SIGNET_POLICY_RANGES; i++)
		at += sprintf(at, "Allow = tcp/%d\n", 1 + 2 * i);
	refused(text, 1, "more than 64 port ranges");
	for (; i <= SG_CONFIG_ALLOW_MAX; i++)
		at += sprintf(at, "Allow = tcp/1-1000\n");
	refused(text, 3 + SG_CONFIG_ALLOW_MAX, "at most 256 items");
}

static void wrong_sections_are_explained(void **state)
{
	refused("[Nod]\nName = x\n", 1, "did you mean [Node]?");
	refused("[peer x]\nIdentity = x\n", 1, "did you mean [Peer]?");
	refused("[Frobnicate]\n", 1, "there are [Node], [Peer NAME]");
	refused("[Node x]\n", 1, "takes no name");
	refused("[Peer]\n", 1, "after Peer comes a name");
	refused("[Peer ../../etc/passwd]\n", 1, "letters, digits");
	refused("[Peer a b]\n", 1, "letters, digits");
	refused("[Peer a]b\n", 1, "expected [Section]");
	refused("[Node\nName = x\n", 1, "expected [Section]");
	refused("[Node]\n[Node]\nName = x\n", 2,
		"[Node] stands already at t.conf:1");
	refused("Name = x\n", 1, "before the first section");
	refused("[Node]\njunk\n", 2, "expected [Section], Key = Value");
	refused("[Node]\njunk\nName = ok\n", 2, "expected [Section]");
	refused("[Node]\nName = a\x01\n", 2, "control characters");
	refused("[Peer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaa]\n",
		1, "1-63");
}

static void sections_of_later_versions_say_so(void **state)
{
	static const char *const names[] = {
		"Relay r", "Authority", "Trust t",
		"Policy",  "Mailbox",	"MQTT m",
	};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "[%s]\nStrict = yes\n", names[i]);
		refused(text, 1, "not in this version");
	}
}

static void what_stands_twice_is_told_with_both_places(void **state)
{
	refused("[Peer p]\nIdentity = %a\n[Peer p]\nIdentity = %b\n", 3,
		"[Peer p] stands already at t.conf:1");
	refused("[Peer p]\nIdentity = %a\n[Peer q]\nIdentity = %a\n", 3,
		"[Peer q] has the identity of [Peer p] at t.conf:1");
	refused("[Peer p]\nIdentity = %a\nPrefixes = 10.0.0.0/8\n"
		"[Peer q]\nIdentity = %b\nPrefixes = 10.0.0.0/8\n",
		4, "10.0.0.0/8, which belongs to [Peer p] at t.conf:1");
	accepted("[Peer p]\nIdentity = %a\nPrefixes = 10.0.0.0/8\n"
		 "[Peer q]\nIdentity = %b\nPrefixes = 10.0.0.0/9\n");
	refused("[Expose a]\nListen = tcp/1\nTo = [fd00::1]:1\n"
		"[Expose b]\nListen = tcp/1\nTo = [fd00::2]:1\n",
		4, "listens on tcp/1, as [Expose a] at t.conf:1");
	accepted("[Expose a]\nListen = tcp/1\nTo = [fd00::1]:1\n"
		 "[Expose b]\nListen = udp/1\nTo = [fd00::2]:1\n");
	refused("[Expose a]\nListen = tcp/1\nTo = [fd00::1]:1\n"
		"[Expose a]\nListen = udp/1\nTo = [fd00::2]:1\n",
		4, "[Expose a] stands already at t.conf:1");
}

static void nobody_may_list_the_overlay_address_of_another(void **state)
{
	struct sg_prefix o = { AF_INET6, 128, { 0 } };
	char text[400], prefix[SG_PREFIX_STR_LEN];

	signet_id_overlay(&raw_a, o.addr);
	snprintf(text, sizeof(text),
		 "[Peer q]\nIdentity = %s\nPrefixes = %s\n"
		 "[Peer p]\nIdentity = %s\n",
		 id_b, sg_prefix_format(&o, prefix), id_a);
	refused(text, 1, "which belongs to [Peer p] at t.conf:4");
}

static void wrong_exposes_are_explained(void **state)
{
	refused("[Expose e]\nListen = tcp/1\n", 1, "lacks the key To");
	refused("[Expose e]\nListen = tcp/1\nTo = 10.0.0.1:1\n", 1,
		"add for instance Address = 10.77.0.1/24");
	refused("[Expose e]\nListen = tcp/1\nTo = [::1]:1\n", 1,
		"a device beside this host");
	refused("[Node]\nMark = 0\n", 0, "needs a Mark");
	accepted("[Node]\nMark = 0\nRoutes = no\n");
	refused("[Expose e]\nListen = icmp/1\nTo = [fd00::1]:1\n", 2,
		"tcp/PORT or udp/PORT");
	refused("[Expose e]\nListen = tcp/0\nTo = [fd00::1]:1\n", 2,
		"tcp/PORT or udp/PORT");
	refused("[Expose e]\nListen = udp/1\nTo = host:1\n", 3,
		"the device's address and port");
}

static void too_many_peers_for_the_limit(void **state)
{
	refused("[Limits]\nMaxPeers = 1\n[Peer p]\nIdentity = %a\n"
		"[Peer q]\nIdentity = %b\n",
		0, "MaxPeers is 1");
}

static void all_problems_are_listed_at_once(void **state)
{
	char text[3000] = "[Node]\n";
	int i;

	for (i = 0; i < 100; i++)
		strcat(text, "Nonsense = 1\n");
	assert_int_equal(parse(text), -EINVAL);
	assert_int_equal(problems.n, SG_PROBLEMS_MAX);
	assert_int_equal(problems.errors, 100);
	assert_int_equal(problems.omitted, 100 - SG_PROBLEMS_MAX);
	assert_int_equal(problems.list[10].line, 12);
}

static void long_lines_are_read_whole(void **state)
{
	char *text = malloc(100000);
	size_t n;
	int i;

	n = (size_t)sprintf(text, "[Peer p]\nIdentity = %s\nPrefixes = ", id_a);
	for (i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, "%s10.%d.%d.0/24",
				     i ? i % 3 ? ",  " : "," : "", i / 250,
				     i % 250);
	sprintf(text + n, " ; and a comment, 10.200.0.0/16\nKeepalive = 7\n");
	assert_int_equal(parse(text), 0);
	assert_int_equal(cfg->peers[0].n_prefixes, 1000);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(cfg->peers[0].prefixes[i].addr[1], i / 250);
		assert_int_equal(cfg->peers[0].prefixes[i].addr[2], i % 250);
	}
	assert_int_equal(cfg->peers[0].keepalive, 7);

	n = (size_t)sprintf(text, "[Node]\nName = a");
	memset(text + n, ' ', 900);
	strcpy(text + n + 900, "b\nListen = 0\n");
	assert_int_equal(parse(text), -EINVAL);
	assert_int_equal(problems.list[0].line, 2);
	memset(text, 'x', 90000);
	text[90000] = 0;
	assert_int_equal(parse(text), -EINVAL);
	free(text);
}

static void a_binary_file_is_refused(void **state)
{
	drop();
	assert_int_equal(sg_config_parse("t", "[Node]\n\0", 8, &cfg, &problems),
			 -EINVAL);
	assert_string_equal(problems.list[0].text, "this is not a text file");
}

static void own_identity_is_no_peer(void **state)
{
	accepted("[Peer p]\nIdentity = %a\n");
	assert_int_equal(sg_config_check_self(cfg, &raw_b, &problems), 0);
	assert_int_equal(sg_config_check_self(cfg, &raw_a, &problems), -EINVAL);
	assert_int_equal(problems.n, 1);
	assert_non_null(strstr(problems.list[0].text, "own identity"));
}

/* Two identifiers that agree in 120 bits: somebody has searched for them. */
static void an_overlay_address_is_one_nodes_only(void **state)
{
	struct signet_id other = raw_a;
	char text[INET6_ADDRSTRLEN], line[256];
	uint8_t overlay[16];

	other.b[31] ^= 1;
	accepted("[Peer p]\nIdentity = %a\n");
	assert_int_equal(sg_config_check_self(cfg, &other, &problems), -EINVAL);
	assert_non_null(strstr(problems.list[0].text, "overlay"));
	signet_id_overlay(&raw_b, overlay);
	inet_ntop(AF_INET6, overlay, text, sizeof(text));
	snprintf(line, sizeof(line),
		 "[Peer p]\nIdentity = %%a\nPrefixes = %s/128\n", text);
	accepted(line);
	assert_int_equal(sg_config_check_self(cfg, &raw_b, &problems), -EINVAL);
}

static void no_peer_has_this_nodes_address(void **state)
{
	accepted("[Node]\nAddress = 10.77.0.1/24\n"
		 "[Peer p]\nIdentity = %a\nPrefixes = 10.77.0.0/24\n");
	refused("[Node]\nAddress = 10.77.0.1/24\n"
		"[Peer p]\nIdentity = %a\nPrefixes = 10.77.0.1/32\n",
		3, "own Address");
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_empty_file_gives_the_defaults),
		T(every_key_is_read),
		T(wrong_values_say_what_would_be_right),
		T(wrong_peers_say_what_would_be_right),
		T(a_peer_without_allow_may_use_everything),
		T(allow_has_limits),
		T(wrong_sections_are_explained),
		T(sections_of_later_versions_say_so),
		T(what_stands_twice_is_told_with_both_places),
		T(nobody_may_list_the_overlay_address_of_another),
		T(wrong_exposes_are_explained),
		T(too_many_peers_for_the_limit),
		T(all_problems_are_listed_at_once),
		T(long_lines_are_read_whole),
		T(a_binary_file_is_refused),
		T(own_identity_is_no_peer),
		T(an_overlay_address_is_one_nodes_only),
		T(no_peer_has_this_nodes_address),
	};
	int r;

	unsetenv("SIGNET_CONFIG");
	if (sodium_init() < 0)
		return 1;
	memset(&raw_a, 0xa1, sizeof(raw_a));
	memset(&raw_b, 0xb2, sizeof(raw_b));
	signet_id_format(&raw_a, id_a);
	signet_id_format(&raw_b, id_b);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	drop();
	return r;
}
