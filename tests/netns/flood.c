// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A flood of frames that nobody has a right to, from spoofed addresses.
 *
 *	flood IF DST_MAC DST_IP PORT KIND IDENTITY RATE SECONDS
 *
 * KIND is "forged" (inits whose mac1 is wrong), "half" (mac1 right, as anyone
 * who knows the identifier can make it; the rest is noise), "junk" (random bytes
 * of random length), or "mixed" (of these three); "packet", "message",
 * "response", "finish" and "cookie" (of that type, on labels that nobody has);
 * "fragment" (of forged inits, the first ones); "tag" (frames seen on that
 * interface, their counter and hop tag changed) or "stolen" (as they were).
 * Source addresses are random in the destination's /16 or /64, so that they have
 * a route. Prints how many were sent. RATE 0: sends nothing, and writes one frame
 * to standard output.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <signet/core/identity.h>
#include <signet/core/mac.h>
#include <signet/wire.h>

#include "lib/packet.h"

#define INIT_LEN 600
#define STOLEN	 64

static uint64_t seed = 0x5eed;
static uint8_t mac1_key[SIGNET_MAC_LEN];

/* Frames that were on the wire: see steal(). */
static struct {
	size_t len;
	uint8_t b[PACKET_MAX];
} stolen[STOLEN];

static void fill(uint8_t *b, size_t len)
{
	while (len--)
		*b++ = (uint8_t)random_u32(&seed);
}

static uint8_t *noise(struct packet *p, struct udp_view *v, size_t len)
{
	packet_resize(p, v, len);
	fill(v->payload, len);
	return v->payload;
}

static void make_handshake(struct packet *p, struct udp_view *v, uint8_t type)
{
	struct signet_handshake_frame *f = (void *)noise(p, v, INIT_LEN);

	f->type = type;
	f->pattern = SIGNET_PATTERN_IK;
	f->flags = 0;
	if (type == SIGNET_FRAME_INIT)
		f->label = 0;
	else
		memset(f->mac2, 0, sizeof(f->mac2));
	memset(f->zero, 0, sizeof(f->zero));
}

static void make_half(struct packet *p, struct udp_view *v, uint8_t type)
{
	make_handshake(p, v, type);
	signet_mac1_write(v->payload, mac1_key);
}

static void make_junk(struct packet *p, struct udp_view *v, uint8_t type)
{
	noise(p, v, random_u32(&seed) % 1200);
}

static void make_mixed(struct packet *p, struct udp_view *v, uint8_t type)
{
	switch (random_u32(&seed) % 3) {
	case 0:
		return make_handshake(p, v, type);
	case 1:
		return make_half(p, v, type);
	default:
		return make_junk(p, v, type);
	}
}

static void make_frame(struct packet *p, struct udp_view *v, uint8_t type)
{
	struct signet_frame *f = (void *)noise(
		p, v, SIGNET_FRAME_OVERHEAD + 8 * SIGNET_MESSAGE_PAD);

	f->type = type;
	f->flags = 0;
}

static void make_cookie(struct packet *p, struct udp_view *v, uint8_t type)
{
	struct signet_cookie_frame *f =
		(void *)noise(p, v, SIGNET_COOKIE_FRAME_LEN);

	f->type = type;
	f->zero1 = 0;
	f->flags = 0;
	memset(f->zero2, 0, sizeof(f->zero2));
}

static void make_fragment(struct packet *p, struct udp_view *v, uint8_t type)
{
	make_handshake(p, v, type);
	if (v->family == AF_INET)
		v->ip[6] = 0x20;
}

static void make_stolen(struct packet *p, struct udp_view *v, uint8_t type)
{
	unsigned int i = random_u32(&seed) % STOLEN;

	packet_resize(p, v, stolen[i].len);
	memcpy(v->payload, stolen[i].b, stolen[i].len);
}

static void make_tag(struct packet *p, struct udp_view *v, uint8_t type)
{
	struct signet_frame *f;

	make_stolen(p, v, type);
	f = (struct signet_frame *)v->payload;
	fill((uint8_t *)&f->counter, sizeof(f->counter));
	fill(f->hop_tag, sizeof(f->hop_tag));
}

static const struct kind {
	const char *name;
	void (*make)(struct packet *p, struct udp_view *v, uint8_t type);
	uint8_t type;
} kinds[] = {
	{ "forged", make_handshake, SIGNET_FRAME_INIT },
	{ "half", make_half, SIGNET_FRAME_INIT },
	{ "junk", make_junk, 0 },
	{ "mixed", make_mixed, SIGNET_FRAME_INIT },
	{ "packet", make_frame, SIGNET_FRAME_PACKET },
	{ "message", make_frame, SIGNET_FRAME_MESSAGE },
	{ "response", make_handshake, SIGNET_FRAME_RESPONSE },
	{ "finish", make_handshake, SIGNET_FRAME_FINISH },
	{ "cookie", make_cookie, SIGNET_FRAME_COOKIE },
	{ "fragment", make_fragment, SIGNET_FRAME_INIT },
	{ "tag", make_tag, 0 },
	{ "stolen", make_stolen, 0 },
	{ NULL, NULL, 0 },
};

static bool is_to(const struct udp_view *v, const struct packet_addr *to)
{
	if (v->family != to->family || (v->udp[2] << 8 | v->udp[3]) != to->port)
		return false;
	return v->family == AF_INET ? !memcmp(v->ip + 16, to->addr, 4)
				    : !memcmp(v->ip + 24, to->addr, 16);
}

/* Packet frames to that address that pass by the socket's interface. */
static int steal(int fd, const struct packet_addr *to)
{
	struct timeval patience = { .tv_sec = 20 };
	struct udp_view v;
	struct packet p;
	unsigned int n = 0;
	ssize_t len;
	int zero = 0;

	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &zero,
		       sizeof(zero)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		return -errno;
	while (n < STOLEN) {
		len = recv(fd, p.b, sizeof(p.b), 0);
		if (len < 0)
			return -errno;
		p.len = (size_t)len;
		if (!packet_udp(&p, &v) || v.payload_len < SIGNET_PACKET_MIN ||
		    v.payload[0] != SIGNET_FRAME_PACKET || !is_to(&v, to))
			continue;
		stolen[n].len = v.payload_len;
		memcpy(stolen[n++].b, v.payload, v.payload_len);
	}
	return 0;
}

static void spoof(struct packet_addr *from, const struct packet_addr *to)
{
	*from = *to;
	if (to->family == AF_INET)
		fill(from->addr + 2, 2);
	else
		fill(from->addr + 8, 8);
	from->port = (uint16_t)(1024 + random_u32(&seed) % 60000);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int parse_mac(const char *s, uint8_t mac[6])
{
	return sscanf(s, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1],
		      &mac[2], &mac[3], &mac[4], &mac[5]) == 6
		       ? 0
		       : -EINVAL;
}

/* A frame from somebody, with all its headers. */
static void make(struct packet *p, const uint8_t dst[6], const uint8_t src[6],
		 const struct packet_addr *to, const struct kind *kind)
{
	struct packet_addr from;
	struct udp_view v;

	spoof(&from, to);
	packet_build(p, &v, dst, src, &from, to, 0);
	kind->make(p, &v, kind->type);
	packet_seal(p, &v);
}

static unsigned long flood(int fd, const uint8_t dst[6], const uint8_t src[6],
			   const struct packet_addr *to,
			   const struct kind *kind, unsigned long rate,
			   unsigned long seconds)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t start = now_ns(), elapsed;
	unsigned long sent = 0, tries = 0;
	struct packet p;

	while ((elapsed = now_ns() - start) < seconds * 1000000000u) {
		for (; tries < elapsed / 1000 * rate / 1000000; tries++) {
			make(&p, dst, src, to, kind);
			sent += send(fd, p.b, p.len, 0) > 0;
		}
		nanosleep(&pause, NULL);
	}
	return sent;
}

static const struct kind *kind_named(const char *name)
{
	const struct kind *k = kinds;

	while (k->name && strcmp(k->name, name))
		k++;
	return k->name ? k : NULL;
}

/* Return: a socket to send by, with the tape full where the kind needs that */
static int prepare(const char *ifname, const struct packet_addr *to,
		   const struct kind *kind, uint8_t src[6])
{
	bool seen = kind->make == make_stolen || kind->make == make_tag;
	int fd, ifindex, mtu, ret;

	fd = packet_socket(ifname, seen, &ifindex, src, &mtu);
	if (fd < 0 || !seen)
		return fd;
	ret = steal(fd, to);
	close(fd);
	return ret ? ret : packet_socket(ifname, false, &ifindex, src, &mtu);
}

int main(int argc, char **argv)
{
	struct packet_addr to = { 0 };
	const struct kind *kind;
	uint8_t dst[6], src[6];
	struct signet_id id;
	unsigned long rate;
	struct packet p;
	int fd;

	if (argc != 9 || parse_mac(argv[2], dst) ||
	    !packet_addr_parse(argv[3], &to) || !(kind = kind_named(argv[5])) ||
	    signet_id_parse(argv[6], &id)) {
		fprintf(stderr, "usage: flood IF DST_MAC DST_IP PORT KIND "
				"IDENTITY RATE SECONDS\n");
		return 2;
	}
	to.port = (uint16_t)atoi(argv[4]);
	signet_mac1_key(&id, mac1_key);
	fd = prepare(argv[1], &to, kind, src);
	if (fd < 0) {
		fprintf(stderr, "flood: %s: %s\n", argv[1], strerror(-fd));
		return 1;
	}
	rate = strtoul(argv[7], NULL, 0);
	if (!rate) {
		make(&p, dst, src, &to, kind);
		return fwrite(p.b, p.len, 1, stdout) != 1;
	}
	printf("%lu\n",
	       flood(fd, dst, src, &to, kind, rate, strtoul(argv[8], NULL, 0)));
	return 0;
}
