/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet drops: what was dropped, by reason. */
#include <string.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet drops [--all] [--follow] [-c COUNT] [--json]\n"
	"Frames and packets that were dropped since the agent started, by "
	"reason.\n\n"
	"      --all      reasons that have not happened, too\n"
	"  -f, --follow   what gates drop, as it happens: samples, at most 200 "
	"a second\n"
	"  -c, --count N  stop after N of them\n\n"
	"Example:\n"
	"  signet drops --follow\n";

struct follow {
	struct sg_tool *t;
	uint64_t left; /* to go, 0: no end */
};

static void print_drop(struct json_object *d)
{
	const char *from = sg_json_str(d, "source");

	printf("%s%-12s%s %s", sg_style(stdout, SG_WARN),
	       sg_json_str(d, "reason"), sg_style(stdout, SG_PLAIN),
	       sg_json_str(d, "interface"));
	if (*from)
		printf(strchr(from, ':') ? " from [%s]:%d" : " from %s:%d",
		       from, (int)sg_json_int(d, "sourcePort"));
	if (sg_json_int(d, "port"))
		printf(" to port %d", (int)sg_json_int(d, "port"));
	if (*sg_json_str(d, "label"))
		printf(" label %s", sg_json_str(d, "label"));
	printf(" length %d", (int)sg_json_int(d, "length"));
	if (sg_json_int(d, "leftOut"))
		printf(" (%lld not shown before it)",
		       (long long)sg_json_int(d, "leftOut"));
	putchar('\n');
	fflush(stdout);
}

static int on_drop(void *ctx, struct json_object *reply)
{
	struct json_object *d = sg_json_get(reply, "drop");
	struct follow *f = ctx;

	if (f->t->json)
		sg_json_line(stdout, d);
	else
		print_drop(d);
	if (ferror(stdout))
		return SG_EXIT_FAILED;
	return f->left && !--f->left ? SG_EXIT_OK : SG_GO_ON;
}

static int follow(struct sg_tool *t, uint64_t count)
{
	struct follow f = { t, count };

	sg_catch_interrupt();
	return sg_call_more(t, "FollowDrops", NULL, -1, on_drop, &f);
}

static void print_drops(struct json_object *list, bool all)
{
	static const struct sg_column columns[] = {
		{ .title = "REASON" },
		{ .title = "COUNT", .right = true },
		{ .title = "MEANING", .wrap = true },
	};
	char count[SG_HUMAN_LEN];
	struct sg_table tb;
	size_t shown = 0;

	sg_table_init(&tb, columns, 3);
	for (size_t i = 0; i < sg_json_len(list); i++) {
		struct json_object *d = json_object_array_get_idx(list, i);
		int64_t n = sg_json_int(d, "count");

		if (!n && !all)
			continue;
		shown++;
		sg_table_add(&tb, SG_PLAIN, sg_json_str(d, "reason"));
		sg_table_add(&tb, n ? SG_BOLD : SG_DIM,
			     sg_human_count(n, count));
		sg_table_add(&tb, SG_PLAIN, sg_json_str(d, "help"));
	}
	if (shown)
		sg_table_print(&tb, stdout);
	else
		puts("Nothing was dropped. (--all lists the reasons.)");
}

int sg_cmd_drops(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "follow", no_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'c' },
		{ 0 }
	};
	struct json_object *reply;
	bool all = false, live = false;
	uint64_t count = 0;
	int c, code;

	while ((c = sg_getopt(t, argc, argv, "afc:", options, help)) != -1) {
		if (c == 'a')
			all = true;
		else if (c == 'f')
			live = true;
		else if (c != 'c' ||
			 !sg_parse_uint(t, "-c", optarg, 1, UINT32_MAX, &count))
			return SG_EXIT_USAGE;
	}
	if (!sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	if (live)
		return follow(t, count);
	code = sg_call(t, "Drops", NULL, SG_CALL_MS, &reply);
	if (code)
		return code;
	if (t->json)
		sg_json_print(stdout, sg_json_get(reply, "drops"));
	else
		print_drops(sg_json_get(reply, "drops"), all);
	json_object_put(reply);
	return SG_EXIT_OK;
}
