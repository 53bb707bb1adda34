/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet monitor: a line for each event, as it happens. */
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"

static const char help[] =
	"Usage: signet monitor [--strangers] [-c COUNT] [--json]\n"
	"Print events as they happen, until interrupted.\n\n"
	"      --strangers   also whose handshakes were refused, and why; they "
	"are\n"
	"                    not told\n"
	"  -c, --count N     stop after N events\n\n"
	"Example:\n"
	"  signet monitor --strangers --json | jq -c .reason\n";

struct monitor {
	struct sg_tool *t;
	uint64_t left; /* events to go, 0: no end */
};

static enum sg_style kind_style(const char *kind)
{
	static const struct {
		const char *kind;
		enum sg_style style;
	} styles[] = {
		{ "channel-up", SG_GOOD },   { "up", SG_GOOD },
		{ "pair", SG_GOOD },	     { "refused", SG_BAD },
		{ "dead", SG_BAD },	     { "warning", SG_WARN },
		{ "channel-down", SG_WARN },
	};

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (!strcmp(kind, styles[i].kind))
			return styles[i].style;
	return SG_PLAIN;
}

static void word(const char *s)
{
	if (!*s)
		return;
	putchar(' ');
	sg_put(stdout, s);
}

static void print_event(struct json_object *e)
{
	const char *kind = sg_json_str(e, "kind");
	const char *who = sg_json_str(e, "peer");
	int64_t ms = sg_json_int(e, "time");
	time_t s = ms / 1000;
	struct tm tm;
	char when[16];

	localtime_r(&s, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	printf("%s%s.%03d%s %s%-12s%s", sg_style(stdout, SG_DIM), when,
	       (int)(ms % 1000), sg_style(stdout, SG_PLAIN),
	       sg_style(stdout, kind_style(kind)), kind,
	       sg_style(stdout, SG_PLAIN));
	word(*who ? who : sg_json_str(e, "identity"));
	word(sg_json_str(e, "address"));
	word(sg_json_str(e, "reason"));
	if (*sg_json_str(e, "detail")) {
		putchar(':');
		word(sg_json_str(e, "detail"));
	}
	putchar('\n');
	fflush(stdout);
}

static int on_event(void *ctx, struct json_object *reply)
{
	struct json_object *e = sg_json_get(reply, "event");
	struct monitor *m = ctx;

	if (!e) /* an agent may confirm the subscription first */
		return SG_GO_ON;
	if (m->t->json)
		sg_json_line(stdout, e);
	else
		print_event(e);
	if (ferror(stdout))
		return SG_EXIT_FAILED;
	if (m->left && !--m->left)
		return SG_EXIT_OK;
	return SG_GO_ON;
}

int sg_cmd_monitor(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "strangers", no_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'c' },
		{ 0 }
	};
	struct json_object *o;
	struct monitor m = { .t = t };
	bool strangers = false;
	int c;

	while ((c = sg_getopt(t, argc, argv, "c:", options, help)) != -1) {
		if (c == 's')
			strangers = true;
		else if (c != 'c' || !sg_parse_uint(t, "-c", optarg, 1,
						    UINT32_MAX, &m.left))
			return SG_EXIT_USAGE;
	}
	if (!sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	o = json_object_new_object();
	sg_json_add_bool(o, "strangers", strangers);
	sg_catch_interrupt();
	return sg_call_more(t, "Monitor", o, -1, on_event, &m);
}
