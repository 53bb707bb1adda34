// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Show, record and search what passes by. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacker.h"
#include "autokey.h"

#define RED   "\033[1;31m"
#define GREEN "\033[32m"

static bool colour;

static void usage(void)
{
	printf("usage: sniff              what passes by, live\n"
	       "       sniff -w FILE      the same, and record it as pcap\n"
	       "       sniff -r FILE      what was recorded\n"
	       "       sniff -r FILE -f TEXT\n"
	       "                          search every byte for TEXT, in clear "
	       "and under the\n"
	       "                          plug's cipher; exit code 1: not "
	       "there\n"
	       "       sniff -r FILE -b FROM TO\n"
	       "                          bytes that FROM sent to TO by UDP\n"
	       "option -c: colours\n");
}

static const char *name_of(uint32_t addr, char buf[INET_ADDRSTRLEN])
{
	static const struct {
		const char *address, *name;
	} known[] = {
		{ GATEWAY_ADDRESS, "gateway" },
		{ CONTROLLER_ADDRESS, "controller" },
		{ ATTACKER_ADDRESS, "me" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (inet_addr(known[i].address) == addr)
			return known[i].name;
	return inet_ntop(AF_INET, &addr, buf, INET_ADDRSTRLEN);
}

static void print_line(const char *code, const char *text)
{
	printf("  %s%s%s\n", colour ? code : "", text, colour ? "\033[0m" : "");
}

static void print_bytes(const uint8_t *at, size_t len, const char *before)
{
	char text[128];
	size_t n = snprintf(text, sizeof(text), "%s", before);

	for (size_t i = 0; i < len && i < 6; i++)
		n += snprintf(text + n, sizeof(text) - n, " %02x", at[i]);
	snprintf(text + n, sizeof(text) - n, "%s", len > 6 ? " ..." : "");
	print_line(GREEN, text);
}

static void print_signet(const struct packet *p)
{
	static const char *const types[] = { "unknown", "init",	  "response",
					     "finish",	"cookie", "packet",
					     "message" };
	struct signet_frame f;
	char before[64];

	if (p->len < sizeof(f)) {
		printf("signet, short, %zu bytes\n", p->len);
		return;
	}
	memcpy(&f, p->payload, sizeof(f));
	printf("signet %s, %zu bytes\n",
	       types[f.type <= SIGNET_FRAME_TYPE_MAX ? f.type : 0], p->len);
	if (f.type != SIGNET_FRAME_PACKET && f.type != SIGNET_FRAME_MESSAGE) {
		print_bytes(p->payload + 16, p->len - 16, "sealed");
		return;
	}
	snprintf(before, sizeof(before), "label %08x no %llu sealed",
		 le32toh(f.label), (unsigned long long)le64toh(f.counter));
	print_bytes(p->payload + sizeof(f), p->len - sizeof(f), before);
}

static void print_packet(const struct packet *p)
{
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];
	char text[AUTOKEY_MAX + 1];

	if (!p->len)
		return;
	printf("%s > %s ", name_of(p->src, from), name_of(p->dst, to));
	if (p->proto == IPPROTO_UDP &&
	    (p->sport == SIGNET_PORT || p->dport == SIGNET_PORT)) {
		print_signet(p);
		return;
	}
	printf("%s/%u, %zu bytes\n", p->proto == IPPROTO_TCP ? "tcp" : "udp",
	       p->dport, p->len);
	if (packet_text(p, text, sizeof(text)))
		print_line(RED, text);
	else
		print_bytes(p->payload, p->len, "bytes");
}

static int sniff_live(const char *path)
{
	static uint8_t frame[FRAME_MAX];
	int fd = wire_open(NULL, true);
	int out = path ? capture_create(path) : -1;
	struct sockaddr_ll from;
	struct packet p;

	if (fd < 0)
		return 1;
	if (path && out < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-out));
		close(fd);
		return 1;
	}
	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, frame, sizeof(frame), 0,
				     (struct sockaddr *)&from, &from_len);

		if (n < 0 && errno != EINTR)
			break;
		if (n <= 0)
			continue;
		/* what I send myself is shown, but is no find */
		if (from.sll_pkttype == PACKET_OUTGOING) {
			if (packet_parse(frame, n, &p) && p.len)
				printf("mine: ");
		} else if (out >= 0 && capture_append(out, frame, n)) {
			break;
		}
		if (packet_parse(frame, n, &p))
			print_packet(&p);
	}
	perror("sniff");
	close(fd);
	if (out >= 0)
		close(out);
	return 1;
}

static size_t count(const uint8_t *data, size_t len, const char *text)
{
	const uint8_t *at = data;
	const uint8_t *end = data + len;
	size_t n = 0;

	while ((at = memmem(at, end - at, text, strlen(text)))) {
		at++;
		n++;
	}
	return n;
}

static int sniff_find(struct capture *c, const char *text)
{
	size_t clear = count(c->data, c->len, text);
	size_t cipher;

	/* each byte is XORed with the one before it, wherever it starts */
	for (size_t i = c->len - 1; i > 0; i--)
		c->data[i] ^= c->data[i - 1];
	cipher = count(c->data, c->len, text);
	printf("searched %zu bytes: %zu times in clear, %zu times under the "
	       "plug's cipher\n",
	       c->len, clear, cipher);
	return clear + cipher ? 0 : 1;
}

static int sniff_bytes(struct capture *c, const char *from, const char *to)
{
	struct packet p;
	size_t n = 0;

	while (capture_next(c, &p))
		if (p.proto == IPPROTO_UDP && p.src == inet_addr(from) &&
		    p.dst == inet_addr(to))
			n += p.len;
	printf("%zu\n", n);
	return 0;
}

int cmd_sniff(int argc, char **argv)
{
	const char *in = NULL, *out = NULL, *text = NULL, *from = NULL;
	struct capture c;
	struct packet p;
	int opt, ret = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((opt = getopt(argc, argv, "cr:w:f:b:h")) != -1) {
		switch (opt) {
		case 'c':
			colour = true;
			break;
		case 'r':
			in = optarg;
			break;
		case 'w':
			out = optarg;
			break;
		case 'f':
			text = optarg;
			break;
		case 'b':
			from = optarg;
			break;
		default:
			usage();
			return opt == 'h' ? 0 : 2;
		}
	}
	if ((text || from) && !in)
		in = capture_path();
	if (!in)
		return sniff_live(out);
	if (capture_load(&c, in)) {
		capture_free(&c);
		return 2;
	}
	if (text)
		ret = sniff_find(&c, text);
	else if (from)
		ret = sniff_bytes(&c, from, optind < argc ? argv[optind] : "");
	else
		while (capture_next(&c, &p))
			print_packet(&p);
	capture_free(&c);
	return ret;
}
