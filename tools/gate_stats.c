// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* signet gate stats: what passed a gate and what it dropped, second by second. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "client.h"
#include "gate.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet gate stats [INTERFACE] [-i TIME] [-c COUNT] [--json]\n"
	"What passed and what was dropped, by reason, in all and each "
	"second.\n\n"
	"  -i, --interval TIME  between two looks [1s]\n"
	"  -c, --count N        stop after N looks; 1 shows the sums alone\n\n"
	"On a terminal it goes on until interrupted, elsewhere it looks "
	"once.\n\n"
	"Example:\n"
	"  signet gate stats eth0\n";

struct look {
	struct json_object *reply; /* of the look before, or NULL */
	double seconds;		   /* since then */
	bool live;
};

/* What the look before had under the same name. */
static int64_t before(struct look *l, const char *ifname, const char *kind,
		      const char *reason)
{
	struct json_object *gates = sg_json_get(l->reply, "gates"), *list, *c;

	for (size_t i = 0; i < sg_json_len(gates); i++) {
		struct json_object *g = json_object_array_get_idx(gates, i);

		if (strcmp(sg_json_str(g, "interface"), ifname))
			continue;
		list = sg_json_get(g, kind);
		for (size_t k = 0; k < sg_json_len(list); k++) {
			c = json_object_array_get_idx(list, k);
			if (!strcmp(sg_json_str(c, "reason"), reason))
				return sg_json_int(c, "count");
		}
	}
	return 0;
}

static void add_rows(struct sg_table *tb, struct look *l,
		     struct json_object *gate, const char *kind)
{
	struct json_object *list = sg_json_get(gate, kind);
	const char *ifname = sg_json_str(gate, "interface");
	bool drop = !strcmp(kind, "dropped");
	char count[SG_HUMAN_LEN], rate[SG_HUMAN_LEN];

	for (size_t i = 0; i < sg_json_len(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *reason = sg_json_str(c, "reason");
		int64_t n = sg_json_int(c, "count"), more;

		if (!n)
			continue;
		more = n - before(l, ifname, kind, reason);
		sg_table_add(tb, SG_PLAIN, ifname);
		sg_table_add(tb, drop ? SG_WARN : SG_GOOD,
			     drop ? "dropped" : "passed");
		sg_table_add(tb, SG_PLAIN, reason);
		sg_table_add(tb, SG_PLAIN, sg_human_count(n, count));
		if (l->live)
			sg_table_add(tb, more ? SG_BOLD : SG_DIM,
				     l->reply ? sg_human_count(
							more / l->seconds, rate)
					      : "");
		sg_table_add(tb, SG_PLAIN, sg_json_str(c, "help"));
	}
}

static void print_table(struct look *l, struct json_object *reply)
{
	static const struct sg_column sums[] = {
		{ .title = "GATE" },
		{ .title = "" },
		{ .title = "REASON" },
		{ .title = "COUNT", .right = true },
		{ .title = "MEANING", .wrap = true },
	};
	static const struct sg_column rates[] = {
		{ .title = "GATE" },
		{ .title = "" },
		{ .title = "REASON" },
		{ .title = "COUNT", .right = true },
		{ .title = "A SECOND", .right = true },
		{ .title = "MEANING", .wrap = true },
	};
	struct json_object *gates = sg_json_get(reply, "gates");
	struct sg_table tb;

	sg_table_init(&tb, l->live ? rates : sums, l->live ? 6 : 5);
	for (size_t i = 0; i < sg_json_len(gates); i++) {
		struct json_object *g = json_object_array_get_idx(gates, i);

		add_rows(&tb, l, g, "passed");
		add_rows(&tb, l, g, "dropped");
	}
	/* the same place of the terminal each time */
	if (l->live && *sg_style(stdout, SG_BOLD))
		fputs("\033[H\033[2J", stdout);
	sg_table_print(&tb, stdout);
	fflush(stdout);
}

static int look(struct sg_tool *t, struct look *l, const char *ifname)
{
	struct json_object *reply, *o = json_object_new_object();
	int code;

	if (ifname)
		sg_json_add_str(o, "interface", ifname);
	code = sg_call(t, "GateStats", o, SG_CALL_MS, &reply);
	if (code)
		return code;
	if (!sg_json_len(sg_json_get(reply, "gates"))) {
		json_object_put(reply);
		return sg_fail(t, SG_EXIT_FAILED,
			       "attach one: `signet gate attach INTERFACE`",
			       "there is no gate%s%s", ifname ? " on " : "",
			       ifname ? ifname : "");
	}
	if (t->json && l->live)
		sg_json_line(stdout, sg_json_get(reply, "gates"));
	else if (t->json)
		sg_json_print(stdout, sg_json_get(reply, "gates"));
	else
		print_table(l, reply);
	json_object_put(l->reply);
	l->reply = reply;
	return SG_EXIT_OK;
}

static void pause_ms(uint64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000,
				    .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

int sg_gate_stats(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'c' },
		{ 0 }
	};
	uint64_t interval = 1000, looks = isatty(STDOUT_FILENO) ? 0 : 1;
	struct look l = { 0 };
	const char *ifname;
	int c, code = SG_EXIT_OK;

	while ((c = sg_getopt(t, argc, argv, "i:c:", options, help)) != -1) {
		if (c == 'i' &&
		    sg_parse_ms(t, "-i", optarg, 100, 3600000, &interval))
			continue;
		if (c == 'c' &&
		    sg_parse_uint(t, "-c", optarg, 1, UINT32_MAX, &looks))
			continue;
		return SG_EXIT_USAGE;
	}
	if (!sg_operands(t, argc, argv, 0, 1))
		return SG_EXIT_USAGE;
	ifname = optind < argc ? argv[optind] : NULL;
	l.live = looks != 1;
	l.seconds = interval / 1000.0;
	sg_catch_interrupt();
	for (uint64_t i = 0; !code && !sg_interrupted; i++) {
		code = look(t, &l, ifname);
		if (code || (looks && i + 1 >= looks))
			break;
		pause_ms(interval);
	}
	json_object_put(l.reply);
	return code;
}
