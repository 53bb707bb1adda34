/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet ping: round trips through the sealed channel. */
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"

/* An agent answers later than this only if it hangs. */
#define GRACE_MS  15000
/* The agent's own limit; at a second each, 11 days. */
#define COUNT_MAX 1000000

static const char help[] =
	"Usage: signet ping PEER [-c COUNT] [-i INTERVAL] [-s SIZE] [-q] "
	"[--json]\n"
	"Round trips inside the sealed channel to PEER, which is opened if "
	"need be.\n"
	"PEER is a name, an identifier or an identifier's first 12 "
	"characters.\n\n"
	"  -c, --count N      round trips, 0: until interrupted [4]\n"
	"  -i, --interval T   time between them, for instance 200ms [1s]\n"
	"  -s, --size N       bytes of content, up to 1024 [56]\n"
	"  -q, --quiet        only the summary\n\n"
	"Exit code 4 if none came back.\n\n"
	"Example:\n"
	"  signet ping gw -c 10 -i 0.2\n";

struct ping {
	struct sg_tool *t;
	const char *peer;
	uint64_t count, interval, size;
	bool quiet;
	uint64_t sent, received;
	double min, max, sum, sum2; /* microseconds */
};

static void account(struct ping *p, double rtt)
{
	if (!p->received || rtt < p->min)
		p->min = rtt;
	if (rtt > p->max)
		p->max = rtt;
	p->sum += rtt;
	p->sum2 += rtt * rtt;
	p->received++;
}

static int on_reply(void *ctx, struct json_object *reply)
{
	bool lost = sg_json_bool(reply, "lost");
	struct ping *p = ctx;
	double rtt = sg_json_int(reply, "rtt");

	p->sent++;
	if (!lost)
		account(p, rtt);
	if (p->quiet)
		return SG_GO_ON;
	if (p->t->json)
		sg_json_line(stdout, reply);
	else if (lost)
		printf("no answer from %s: seq=%llu\n", p->peer,
		       (unsigned long long)p->sent);
	else
		printf("%llu bytes from %s: seq=%llu time=%.3f ms\n",
		       (unsigned long long)p->size, p->peer,
		       (unsigned long long)p->sent, rtt / 1e3);
	fflush(stdout);
	return SG_GO_ON;
}

static double deviation(const struct ping *p, double mean)
{
	double v = p->sum2 / p->received - mean * mean, root = v;

	if (v <= 0)
		return 0;
	for (int i = 0; i < 64; i++) /* Newton's; spares libm */
		root = (root + v / root) / 2;
	return root;
}

static void summary_json(const struct ping *p, double mean)
{
	struct json_object *o = json_object_new_object();

	sg_json_add_str(o, "peer", p->peer);
	sg_json_add_int(o, "sent", p->sent);
	sg_json_add_int(o, "received", p->received);
	if (p->received) {
		sg_json_add_int(o, "min", p->min);
		sg_json_add_int(o, "avg", mean);
		sg_json_add_int(o, "max", p->max);
		sg_json_add_int(o, "mdev", deviation(p, mean));
	}
	sg_json_line(stdout, o);
	json_object_put(o);
}

static void summary(const struct ping *p)
{
	double mean = p->received ? p->sum / p->received : 0;

	if (p->t->json) {
		summary_json(p, mean);
		return;
	}
	printf("\n--- %s ping statistics ---\n", p->peer);
	printf("%llu sent, %llu received, %.0f%% lost\n",
	       (unsigned long long)p->sent, (unsigned long long)p->received,
	       100.0 * (p->sent - p->received) / p->sent);
	if (p->received)
		printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n",
		       p->min / 1e3, mean / 1e3, p->max / 1e3,
		       deviation(p, mean) / 1e3);
}

static int no_answer(const struct ping *p)
{
	char remedy[160];

	snprintf(remedy, sizeof(remedy),
		 "`signet why %.80s` finds the stage "
		 "that is broken",
		 p->peer);
	return sg_fail(p->t, SG_EXIT_UNREACHABLE, remedy, "%s did not answer",
		       p->peer);
}

static bool options(struct ping *p, int argc, char **argv)
{
	static const struct option own[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "interval", required_argument, NULL, 'i' },
		{ "size", required_argument, NULL, 's' },
		{ "quiet", no_argument, NULL, 'q' },
		{ 0 }
	};
	struct sg_tool *t = p->t;
	int c;

	while ((c = sg_getopt(t, argc, argv, "c:i:s:q", own, help)) != -1) {
		bool ok = true;

		if (c == 'c')
			ok = sg_parse_uint(t, "-c", optarg, 0, COUNT_MAX,
					   &p->count);
		else if (c == 'i')
			ok = sg_parse_ms(t, "-i", optarg, 10, 3600000,
					 &p->interval);
		else if (c == 's')
			ok = sg_parse_uint(t, "-s", optarg, 0, 1024, &p->size);
		else if (c == 'q')
			p->quiet = true;
		else
			return false;
		if (!ok)
			return false;
	}
	return sg_operands(t, argc, argv, 1, 1);
}

int sg_cmd_ping(struct sg_tool *t, int argc, char **argv)
{
	struct ping p = { .t = t, .count = 4, .interval = 1000, .size = 56 };
	struct json_object *o;
	int code;

	if (!options(&p, argc, argv))
		return SG_EXIT_USAGE;
	p.peer = argv[optind];
	o = json_object_new_object();
	sg_json_add_str(o, "peer", p.peer);
	sg_json_add_int(o, "count", p.count ? p.count : COUNT_MAX);
	sg_json_add_int(o, "interval", p.interval);
	sg_json_add_int(o, "size", p.size);
	sg_catch_interrupt();
	if (!t->json)
		printf("PING %s: %llu bytes through the sealed channel\n",
		       p.peer, (unsigned long long)p.size);
	code = sg_call_more(t, "Ping", o, (int)p.interval + GRACE_MS, on_reply,
			    &p);
	if (p.sent)
		summary(&p);
	if (code)
		return code;
	if (p.sent && !p.received)
		return no_answer(&p);
	return SG_EXIT_OK;
}
