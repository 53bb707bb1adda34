/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The data path alone, under fixed keys from a seed file: for measuring and
 * debugging it without handshakes. Two of them with the same seed and sides
 * 0 and 1 understand each other. Not secure: counters start anew at each
 * start under the same keys.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "daemon/datapath.h"
#include "daemon/loop.h"

static struct sg_datapath *dp;
static uint32_t channel;

struct options {
	const char *seed, *remote, *prefix;
	uint16_t remote_port;
	int side;
	enum signet_aead aead;
	struct sg_dp_config cfg;
};

static void derive(const uint8_t seed[32], const char *use, int from,
		   uint8_t *out, size_t len)
{
	char info[32];
	int n = snprintf(info, sizeof(info), "%s %d", use, from);

	crypto_generichash(out, len, (const uint8_t *)info, (size_t)n, seed,
			   32);
}

static void read_seed(const char *path, uint8_t seed[32])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, seed, 32) != 32)
		err(1, "%s: needs 32 bytes", path);
	close(fd);
}

static void parse_addr(const char *text, uint16_t port, union sg_addr *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
	} else if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(port);
	} else {
		errx(2, "%s: not an address", text);
	}
}

static void parse_prefix(const char *text, struct sg_prefix *p)
{
	char addr[64];
	const char *slash = strchr(text, '/');

	memset(p, 0, sizeof(*p));
	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		errx(2, "%s: not a prefix", text);
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = 0;
	p->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(p->family, addr, p->addr) != 1)
		errx(2, "%s: not a prefix", text);
	p->len = (uint8_t)strtoul(slash + 1, NULL, 10);
}

static void check(int e, const char *what)
{
	if (e)
		errx(1, "%s: %s", what, strerror(-e));
}

static void add_channel(const struct options *o, const uint8_t seed[32])
{
	int me = o->side, other = !o->side;
	struct sg_path path = { .tx_label = 1000u + (uint32_t)other };
	struct sg_dp_key key = {
		.aead = o->aead,
		.hard_ns = UINT64_MAX,
		.hard_frames = UINT64_MAX / 2,
	};
	struct sg_prefix prefix;
	uint8_t hop[SIGNET_HOP_KEY_LEN];

	parse_addr(o->remote, o->remote_port, &path.remote);
	parse_prefix(o->prefix, &prefix);
	derive(seed, "hop", other, path.tx_hop_key, SIGNET_HOP_KEY_LEN);
	derive(seed, "hop", me, hop, sizeof(hop));
	check(sg_datapath_tun.peer_add(dp, 0), "peer");
	check(sg_datapath_tun.prefixes_set(dp, 0, &prefix, 1), "prefix");
	check(sg_datapath_tun.channel_add(dp, 0, 1000u + (uint32_t)me, hop,
					  &path, SIGNET_LANES, &channel),
	      "channel");
	derive(seed, "key", me, key.key, sizeof(key.key));
	key.tx = true;
	check(sg_datapath_tun.key_add(dp, channel, &key), "key");
	derive(seed, "key", other, key.key, sizeof(key.key));
	key.tx = false;
	check(sg_datapath_tun.key_add(dp, channel, &key), "key");
	check(sg_datapath_tun.key_select(dp, channel, 0), "select");
	check(sg_datapath_tun.channel_select(dp, channel), "select");
}

static void report(void)
{
	static const char *const names[] = {
#define NAME(id, text, help) text,
		SIGNET_DROP_REASONS(NAME)
#undef NAME
	};
	struct sg_dp_channel_stats st;
	uint64_t d[SIGNET_DROP_COUNT] = { 0 };

	check(sg_datapath_tun.channel_stats(dp, channel, &st), "stats");
	fprintf(stderr, "rx %" PRIu64 " tx %" PRIu64 "\n", st.rx_packets,
		st.tx_packets);
	sg_datapath_tun.drops(dp, d);
	for (int i = 0; i < SIGNET_DROP_COUNT; i++) {
		if (d[i])
			fprintf(stderr, "drop %s %" PRIu64 "\n", names[i],
				d[i]);
	}
}

static void on_signal(void *ctx, int fd, uint32_t events)
{
	sg_loop_stop(ctx);
}

static void print_status(void)
{
	struct sg_dp_status s;

	sg_datapath_tun.status(dp, &s);
	printf("%s io=%s workers=%u vnet=%d tso4=%d tso6=%d uso=%d gso=%d "
	       "gro=%d mq=%d mtu=%u port=%u\n",
	       s.ifname, s.io, s.workers, s.vnet_hdr, s.tso4, s.tso6, s.uso,
	       s.udp_gso, s.udp_gro, s.multi_queue, s.mtu, s.port);
	fflush(stdout);
}

static void parse_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt(argc, argv, "i:p:s:k:r:R:x:m:w:ce")) != -1) {
		switch (c) {
		case 'i':
			o->cfg.ifname = optarg;
			break;
		case 'p':
			o->cfg.port = (uint16_t)atoi(optarg);
			break;
		case 's':
			o->side = atoi(optarg) != 0;
			break;
		case 'k':
			o->seed = optarg;
			break;
		case 'r':
			o->remote = optarg;
			break;
		case 'R':
			o->remote_port = (uint16_t)atoi(optarg);
			break;
		case 'x':
			o->prefix = optarg;
			break;
		case 'm':
			o->cfg.mtu = (uint32_t)atoi(optarg);
			break;
		case 'w':
			o->cfg.workers = (uint32_t)atoi(optarg);
			break;
		case 'c':
			o->aead = SIGNET_AEAD_CHACHA20POLY1305;
			break;
		case 'e':
			o->cfg.uring = false;
			break;
		default:
			exit(2);
		}
	}
	if (!o->seed || !o->remote || !o->prefix)
		errx(2, "usage: -i DEVICE -p PORT -s 0|1 -k SEEDFILE "
			"-r REMOTE -R PORT -x PREFIX [-m MTU] [-w WORKERS] "
			"[-c ChaCha20] [-e epoll]");
}

int main(int argc, char **argv)
{
	struct options o = {
		.aead = SIGNET_AEAD_AES256GCM,
		.cfg = { .ifname = "sgb0",
			 .port = 51900,
			 .ipv4 = true,
			 .ipv6 = true,
			 .mtu = 1412,
			 .max_peers = 16,
			 .uring = true },
	};
	struct sg_dp_events ev = { 0 };
	struct sg_loop *loop;
	uint8_t seed[32];
	sigset_t set;
	int fd;

	o.remote_port = o.cfg.port;
	parse_options(argc, argv, &o);
	if (sodium_init() < 0)
		return 1;
	read_seed(o.seed, seed);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	check(sg_loop_new(&loop, SG_LOOP_AUTO), "loop");
	check(sg_datapath_tun.open(&dp, loop, &o.cfg, &ev, NULL), "open");
	add_channel(&o, seed);
	check(sg_loop_add(loop, fd, EPOLLIN, on_signal, loop), "loop");
	print_status();
	check(sg_loop_run(loop), "run");
	report();
	sg_datapath_tun.close(dp);
	sg_loop_free(loop);
	return 0;
}
