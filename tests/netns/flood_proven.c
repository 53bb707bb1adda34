// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A flood of handshakes from addresses that have proved themselves.
 *
 *	flood_proven IF DST_MAC DST_IP PORT IDENTITY RATE SECONDS SOURCES
 *
 * Each of SOURCES addresses gets a cookie first; then inits come from all of
 * them with mac1 and mac2 right, the rest being noise. They are random in the
 * destination's /16 or /64, so that they have a route to here. Prints how many
 * were sent. SIGTERM ends it early.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <signet/core/identity.h>
#include <signet/core/mac.h>
#include <signet/wire.h>

#include "lib/packet.h"

#define INIT_LEN    600
#define SOURCES_MAX 1024
#define TRIES	    10

/* One of our addresses; its port says which. */
#define FIRST_PORT 20000
struct source {
	struct packet_addr from;
	uint8_t mac1[SIGNET_MAC_LEN]; /* of its last init */
	uint8_t cookie[SIGNET_COOKIE_LEN];
	bool proven;
};

static struct source sources[SOURCES_MAX];
static unsigned int n_sources;
static struct packet_addr to;
static uint8_t dst[6], src[6];
static uint64_t seed = 0x5eed;
static uint8_t mac1_key[SIGNET_MAC_LEN];
static volatile sig_atomic_t ended;

static void end(int sig)
{
	ended = 1;
}

static void fill(uint8_t *b, size_t len)
{
	while (len--)
		*b++ = (uint8_t)random_u32(&seed);
}

static bool send_init(int fd, struct source *s)
{
	struct signet_handshake_frame *f;
	struct udp_view v;
	struct packet p;

	packet_build(&p, &v, dst, src, &s->from, &to, INIT_LEN);
	fill(v.payload, INIT_LEN);
	f = (struct signet_handshake_frame *)v.payload;
	f->type = SIGNET_FRAME_INIT;
	f->pattern = SIGNET_PATTERN_IK;
	f->flags = 0;
	f->label = 0;
	memset(f->zero, 0, sizeof(f->zero));
	signet_mac1_write(v.payload, mac1_key);
	memcpy(s->mac1, f->mac1, sizeof(s->mac1));
	/* a cookie that is wrong is answered with a good one */
	signet_mac2_write(v.payload, s->cookie);
	packet_seal(&p, &v);
	return send(fd, p.b, p.len, 0) > 0;
}

/* A cookie for one of our addresses? Then it is kept. */
static void take_cookie(struct packet *p)
{
	struct source *s;
	struct udp_view v;
	unsigned int i;
	uint32_t label;

	if (!packet_udp(p, &v))
		return;
	i = (unsigned int)(v.udp[2] << 8 | v.udp[3]) - FIRST_PORT;
	if (i >= n_sources || v.payload_len != SIGNET_COOKIE_FRAME_LEN ||
	    signet_handshake_parse(v.payload, v.payload_len))
		return;
	s = &sources[i];
	label = v.payload[4] | v.payload[5] << 8 | v.payload[6] << 16 |
		(uint32_t)v.payload[7] << 24;
	s->proven |= signet_cookie_frame_read(v.payload, label, s->mac1,
					      mac1_key, s->cookie);
}

static void pause_ms(void)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	nanosleep(&pause, NULL);
}

/* Half a second for what comes. */
static void take_cookies(int fd)
{
	struct packet p;

	for (int i = 0; i < 500; i++) {
		ssize_t n;

		while ((n = recv(fd, p.b, sizeof(p.b), MSG_DONTWAIT)) > 0) {
			p.len = (size_t)n;
			take_cookie(&p);
		}
		pause_ms();
	}
}

/* Return: whether each address has a cookie */
static bool get_cookies(int fd)
{
	unsigned int missing = n_sources;
	size_t keep = to.family == AF_INET ? 2 : 8;

	for (unsigned int i = 0; i < n_sources; i++) {
		sources[i].from = to;
		sources[i].from.port = (uint16_t)(FIRST_PORT + i);
		fill(sources[i].from.addr + keep,
		     (to.family == AF_INET ? 4 : 16) - keep);
	}
	for (int tries = 0; tries < TRIES && missing; tries++) {
		for (unsigned int i = 0; i < n_sources; i++) {
			if (sources[i].proven)
				continue;
			send_init(fd, &sources[i]);
			pause_ms();
		}
		take_cookies(fd);
		missing = 0;
		for (unsigned int i = 0; i < n_sources; i++)
			missing += !sources[i].proven;
	}
	return !missing;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static unsigned long flood(int fd, unsigned long rate, unsigned long seconds)
{
	uint64_t start = now_ns(), elapsed;
	unsigned long sent = 0, tries = 0;

	while (!ended && (elapsed = now_ns() - start) < seconds * 1000000000u) {
		for (; tries < elapsed / 1000 * rate / 1000000; tries++)
			sent += send_init(
				fd, &sources[random_u32(&seed) % n_sources]);
		pause_ms();
	}
	return sent;
}

static int parse_mac(const char *s, uint8_t mac[6])
{
	return sscanf(s, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1],
		      &mac[2], &mac[3], &mac[4], &mac[5]) == 6
		       ? 0
		       : -EINVAL;
}

int main(int argc, char **argv)
{
	struct signet_id id;
	int fd, ifindex, mtu;

	if (argc != 9 || parse_mac(argv[2], dst) ||
	    !packet_addr_parse(argv[3], &to) || signet_id_parse(argv[5], &id)) {
		fprintf(stderr, "usage: flood_proven IF DST_MAC DST_IP PORT "
				"IDENTITY RATE SECONDS SOURCES\n");
		return 2;
	}
	to.port = (uint16_t)atoi(argv[4]);
	n_sources = (unsigned int)strtoul(argv[8], NULL, 0);
	if (!n_sources || n_sources > SOURCES_MAX)
		n_sources = SOURCES_MAX;
	signet_mac1_key(&id, mac1_key);
	signal(SIGTERM, end);
	fd = packet_socket(argv[1], true, &ifindex, src, &mtu);
	if (fd < 0) {
		fprintf(stderr, "flood_proven: %s: %s\n", argv[1],
			strerror(-fd));
		return 1;
	}
	if (!get_cookies(fd)) {
		fprintf(stderr, "flood_proven: no cookie for each address\n");
		return 1;
	}
	printf("%lu\n",
	       flood(fd, strtoul(argv[6], NULL, 0), strtoul(argv[7], NULL, 0)));
	return 0;
}
