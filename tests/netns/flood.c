// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A flood of handshakes from spoofed addresses.
 *
 *	flood IF DST_MAC DST_IP PORT KIND IDENTITY RATE SECONDS
 *
 * KIND is "forged" (mac1 wrong), "half" (mac1 right, as anyone who knows the
 * identifier can make it; the rest is noise), "junk" (random bytes of random
 * length), "packet" (packet frames on labels that nobody has), or "mixed" (of the
 * first three). Source addresses are random in the destination's /16 or
 * /64, so that they have a route. Prints how many were sent.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <signet/core/identity.h>
#include <signet/core/mac.h>
#include <signet/wire.h>

#include "lib/packet.h"

#define INIT_LEN 600

enum kind { FORGED, HALF, JUNK, PACKET, MIXED };
static const char *const kinds[] = { "forged", "half", "junk", "packet",
				     "mixed" };

static uint64_t seed = 0x5eed;
static uint8_t mac1_key[SIGNET_MAC_LEN];

static void fill(uint8_t *b, size_t len)
{
	while (len--)
		*b++ = (uint8_t)random_u32(&seed);
}

static void make_init(struct packet *p, struct udp_view *v, enum kind kind)
{
	struct signet_handshake_frame *f;

	if (kind == MIXED)
		kind = random_u32(&seed) % 3;
	if (kind == JUNK) {
		packet_resize(p, v, random_u32(&seed) % 1200);
		fill(v->payload, v->payload_len);
		return;
	}
	packet_resize(p, v, INIT_LEN);
	fill(v->payload, v->payload_len);
	f = (struct signet_handshake_frame *)v->payload;
	if (kind == PACKET) {
		f->type = SIGNET_FRAME_PACKET;
		f->flags = 0;
		return;
	}
	f->type = SIGNET_FRAME_INIT;
	f->pattern = SIGNET_PATTERN_IK;
	f->flags = 0;
	f->label = 0;
	memset(f->zero, 0, sizeof(f->zero));
	if (kind == HALF)
		signet_mac1_write(v->payload, mac1_key);
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

static unsigned long flood(int fd, const uint8_t dst[6], const uint8_t src[6],
			   const struct packet_addr *to, enum kind kind,
			   unsigned long rate, unsigned long seconds)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t start = now_ns(), elapsed;
	unsigned long sent = 0, tries = 0;
	struct packet_addr from;
	struct udp_view v;
	struct packet p;

	while ((elapsed = now_ns() - start) < seconds * 1000000000u) {
		for (; tries < elapsed / 1000 * rate / 1000000; tries++) {
			spoof(&from, to);
			packet_build(&p, &v, dst, src, &from, to, 0);
			make_init(&p, &v, kind);
			packet_seal(&p, &v);
			sent += send(fd, p.b, p.len, 0) > 0;
		}
		nanosleep(&pause, NULL);
	}
	return sent;
}

int main(int argc, char **argv)
{
	struct packet_addr to = { 0 };
	uint8_t dst[6], src[6];
	struct signet_id id;
	int fd, ifindex, mtu;
	unsigned int kind;

	if (argc != 9 || parse_mac(argv[2], dst) ||
	    !packet_addr_parse(argv[3], &to) || signet_id_parse(argv[6], &id)) {
		fprintf(stderr, "usage: flood IF DST_MAC DST_IP PORT KIND "
				"IDENTITY RATE SECONDS\n");
		return 2;
	}
	to.port = (uint16_t)atoi(argv[4]);
	for (kind = FORGED; kind < MIXED && strcmp(kinds[kind], argv[5]);
	     kind++)
		;
	signet_mac1_key(&id, mac1_key);
	fd = packet_socket(argv[1], false, &ifindex, src, &mtu);
	if (fd < 0) {
		fprintf(stderr, "flood: %s: %s\n", argv[1], strerror(-fd));
		return 1;
	}
	printf("%lu\n",
	       flood(fd, dst, src, &to, kind, strtoul(argv[7], NULL, 0),
		     strtoul(argv[8], NULL, 0)));
	return 0;
}
