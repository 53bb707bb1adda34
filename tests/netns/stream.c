// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Numbered UDP datagrams whose content follows from their number, and a
 * receiver that says what was lost, repeated, changed, and when.
 *
 *	stream send ADDRESS PORT RATE SECONDS [SIZE]
 *	stream recv PORT SECONDS		(ends earlier on SIGTERM)
 *
 * The sender prints how many it sent. The receiver prints one JSON object:
 * distinct datagrams received, repeated, changed, out of order, the highest
 * number, the longest time without any in ms, and when the last one came in ms
 * since 1970.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/packet.h"

#define SIZE_MAX_BYTES 9000
#define NUMBERS	       (1u << 22)
/* A sender that was not run for a while does not send all that is due at once:
 * no queue on the way is meant to take that. It sends less. */
#define BURST_MAX      64

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	stop = 1;
}

static uint64_t now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void content(uint8_t *b, size_t len, uint32_t number)
{
	uint64_t seed = ((uint64_t)len << 32 | number) + 1;
	size_t i;

	memcpy(b, &number, sizeof(number));
	for (i = sizeof(number); i < len; i++)
		b[i] = (uint8_t)random_u32(&seed);
}

static int send_all(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
				  .ai_flags = AI_NUMERICHOST },
			*to;
	uint64_t rate = strtoull(argv[4], NULL, 0);
	uint64_t end_us = (uint64_t)(strtod(argv[5], NULL) * 1e6);
	size_t size = argc > 6 ? strtoul(argv[6], NULL, 0) : 200;
	struct timespec pause = { .tv_nsec = 500000 };
	const char *slow = getenv("SLOW"); /* divides the rate */
	uint64_t start = now_us(CLOCK_MONOTONIC), t;
	static uint8_t b[SIZE_MAX_BYTES];
	uint32_t number = 0;
	uint64_t due, late = 0;
	int fd;

	if (size < 4 || size > sizeof(b) ||
	    getaddrinfo(argv[2], argv[3], &hints, &to))
		return 2;
	if (slow && atoi(slow) > 1)
		rate /= (unsigned int)atoi(slow);
	fd = socket(to->ai_family, SOCK_DGRAM, 0);
	while ((t = now_us(CLOCK_MONOTONIC) - start) < end_us && !stop) {
		due = t * rate / 1000000 - late;
		if (due > number + BURST_MAX) {
			late += due - number - BURST_MAX;
			due = number + BURST_MAX;
		}
		for (; number < due; number++) {
			content(b, size, number);
			/* refused for now (no route yet): counts as lost */
			sendto(fd, b, size, 0, to->ai_addr, to->ai_addrlen);
		}
		nanosleep(&pause, NULL);
	}
	freeaddrinfo(to);
	printf("%u\n", number);
	return 0;
}

struct tally {
	unsigned long received, repeated, changed, disordered;
	uint32_t highest;
	uint64_t last_us, gap_us, last_wall_us;
};

static void take(struct tally *t, uint8_t *seen, const uint8_t *b, size_t len)
{
	static uint8_t expect[SIZE_MAX_BYTES];
	uint64_t now = now_us(CLOCK_MONOTONIC);
	uint32_t number;

	memcpy(&number, b, sizeof(number));
	if (len < sizeof(number) || number >= NUMBERS) {
		t->changed++;
		return;
	}
	content(expect, len, number);
	if (memcmp(expect, b, len)) {
		t->changed++;
		return;
	}
	if (seen[number / 8] & 1 << number % 8) {
		t->repeated++;
		return;
	}
	seen[number / 8] |= (uint8_t)(1 << number % 8);
	t->disordered += t->received && number < t->highest;
	if (number > t->highest)
		t->highest = number;
	if (t->last_us && now - t->last_us > t->gap_us)
		t->gap_us = now - t->last_us;
	t->last_us = now;
	t->last_wall_us = now_us(CLOCK_REALTIME);
	t->received++;
}

static int receive_all(char **argv)
{
	uint64_t end = now_us(CLOCK_MONOTONIC) +
		       (uint64_t)(strtod(argv[3], NULL) * 1e6);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), size = 8 << 20;
	static uint8_t seen[NUMBERS / 8], b[65536];
	struct tally t = { 0 };
	struct pollfd pfd = { fd, POLLIN, 0 };
	ssize_t n;

	any.sin6_port = htons((uint16_t)atoi(argv[2]));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any))) {
		perror("bind");
		return 1;
	}
	while (!stop && now_us(CLOCK_MONOTONIC) < end) {
		if (poll(&pfd, 1, 100) <= 0)
			continue;
		n = recv(fd, b, sizeof(b), 0);
		if (n >= 0)
			take(&t, seen, b, (size_t)n);
	}
	printf("{\"received\":%lu,\"repeated\":%lu,\"changed\":%lu,"
	       "\"disordered\":%lu,\"highest\":%u,\"gap_ms\":%llu,"
	       "\"last_ms\":%llu}\n",
	       t.received, t.repeated, t.changed, t.disordered, t.highest,
	       (unsigned long long)t.gap_us / 1000,
	       (unsigned long long)t.last_wall_us / 1000);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_term };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if (argc >= 6 && !strcmp(argv[1], "send"))
		return send_all(argc, argv);
	if (argc == 4 && !strcmp(argv[1], "recv"))
		return receive_all(argv);
	fprintf(stderr, "usage: stream send ADDRESS PORT RATE SECONDS [SIZE]\n"
			"       stream recv PORT SECONDS\n");
	return 2;
}
