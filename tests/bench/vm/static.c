// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A signet device with static keys, for measurements: makes the device in this
 * network namespace, its socket, and peers whose keys follow from a seed that
 * both sides know. Prints "ready" and holds the socket until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/kmod.h"

#define PORT 51900

struct options {
	const char *ifname;
	const char *seed;
	const char *remote;
	enum signet_cipher cipher;
	unsigned int side, peers, mtu, lanes;
};

static struct sg_kmod *km;
static uint32_t ifindex;

static void fail(const char *what, int err)
{
	fprintf(stderr, "static: %s: %s %s\n", what, strerror(-err),
		km ? sg_kmod_error(km) : "");
	exit(1);
}

static void check(const char *what, int err)
{
	if (err)
		fail(what, err);
}

/* what both sides derive alike: for the frames that @to receives as @peer */
static void derive(const struct options *o, const char *use, unsigned int to,
		   unsigned int peer, void *out, size_t len)
{
	char text[128];
	uint8_t h[crypto_generichash_BYTES_MAX];

	snprintf(text, sizeof(text), "%s %u %u %s", use, to, peer, o->seed);
	crypto_generichash(h, sizeof(h), (const uint8_t *)text, strlen(text),
			   NULL, 0);
	memcpy(out, h, len);
}

static uint32_t label_of(unsigned int to, unsigned int peer)
{
	return 0x10000000u * (to + 1) + peer + 1;
}

static void key_add(const struct options *o, unsigned int peer, bool tx)
{
	struct sg_kmod_key_new k = {
		.channel = peer,
		.tx = tx,
		.cipher = o->cipher,
		.soft_ms = SG_KMOD_NEVER,
		.hard_ms = SG_KMOD_NEVER,
		.soft_frames = SG_KMOD_NEVER,
		.hard_frames = SG_KMOD_NEVER,
	};

	derive(o, "key", tx ? !o->side : o->side, peer, k.key, sizeof(k.key));
	check("key", sg_kmod_key_new(km, ifindex, &k));
	sodium_memzero(&k, sizeof(k));
}

static void peer_add(const struct options *o, unsigned int peer)
{
	struct sg_kmod_path path = { .tx_label = label_of(!o->side, peer) };
	struct sg_kmod_channel_new ch = { .id = peer,
					  .peer = peer,
					  .path = &path,
					  .tx_lanes = (uint8_t)o->lanes,
					  .rx_lanes = (uint8_t)o->lanes };
	struct sg_kmod_label label = { .label = label_of(o->side, peer),
				       .channel = peer,
				       .expiry_ms = SG_KMOD_NEVER };
	struct sg_kmod_prefix prefix = {};
	struct sg_kmod_peer_set set = { .id = peer,
					.prefix = &prefix,
					.n_prefixes = 1 };
	uint8_t hop_key[SIGNET_HOP_KEY_LEN];
	char text[32];

	/* side 0 has 10.9.0.1 and up, side 1 has 10.10.0.1 and up */
	snprintf(text, sizeof(text), "10.%u.%u.%u/32", o->side ? 9 : 10,
		 peer / 250, peer % 250 + 1);
	check("prefix", sg_prefix_parse(text, &prefix.prefix));
	check("peer", sg_kmod_peer_new(km, ifindex, &set, false));
	path.remote.v4.sin_family = AF_INET;
	path.remote.v4.sin_port = htons(PORT);
	if (inet_pton(AF_INET, o->remote, &path.remote.v4.sin_addr) != 1)
		fail(o->remote, -EINVAL);
	derive(o, "hop", !o->side, peer, path.tx_hop_key,
	       sizeof(path.tx_hop_key));
	check("channel", sg_kmod_channel_new(km, ifindex, &ch));
	derive(o, "hop", o->side, peer, hop_key, sizeof(hop_key));
	check("label", sg_kmod_label_new(km, ifindex, &label, hop_key, false));
	key_add(o, peer, false);
	key_add(o, peer, true);
	check("swap", sg_kmod_key_swap(km, ifindex, peer, 0));
	check("select", sg_kmod_peer_select(km, ifindex, peer, peer));
}

static int udp_socket(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		fail("socket", -errno);
	return fd;
}

int main(int argc, char **argv)
{
	struct options o = { .ifname = "sg0",
			     .seed = "seed",
			     .cipher = SIGNET_CIPHER_AES_256_GCM,
			     .peers = 1,
			     .mtu = 1420,
			     .lanes = 1 };
	struct sg_kmod_link link = { .set = SG_KMOD_LINK_MTU };
	struct sg_kmod_dev_set set = { .set = SG_KMOD_DEV_SOCK4 };
	char wait;
	int c;

	while ((c = getopt(argc, argv, "i:s:r:k:c:n:m:l:")) >= 0) {
		switch (c) {
		case 'i':
			o.ifname = optarg;
			break;
		case 's':
			o.side = (unsigned int)atoi(optarg) & 1;
			break;
		case 'r':
			o.remote = optarg;
			break;
		case 'k':
			o.seed = optarg;
			break;
		case 'n':
			o.peers = (unsigned int)atoi(optarg);
			break;
		case 'm':
			o.mtu = (unsigned int)atoi(optarg);
			break;
		case 'l':
			o.lanes = (unsigned int)atoi(optarg);
			break;
		case 'c':
			if (!strcmp(optarg, "chacha"))
				o.cipher = SIGNET_CIPHER_CHACHA20_POLY1305;
			break;
		default:
			return 2;
		}
	}
	if (!o.remote || sodium_init() < 0)
		return 2;
	check("open", sg_kmod_open(&km, true));
	link.mtu = o.mtu;
	check("link", sg_kmod_link_add(km, o.ifname, &link, &ifindex));
	set.sock4 = udp_socket();
	check("socket", sg_kmod_dev_set(km, ifindex, &set));
	if (o.peers > 1) { /* the caller looks at memory before and after */
		puts("made");
		fflush(stdout);
		if (read(0, &wait, 1) != 1)
			return 1;
	}
	for (unsigned int i = 0; i < o.peers; i++)
		peer_add(&o, i);
	check("up", sg_kmod_link_up(km, ifindex, true));
	puts("ready");
	fflush(stdout);
	if (o.peers > 1 && read(0, &wait, 1) == 1) {
		for (unsigned int i = 0; i < o.peers; i++)
			check("keepalive",
			      sg_kmod_channel_keepalive(km, ifindex, i));
		puts("sent");
		fflush(stdout);
	}
	for (;;)
		pause();
}
