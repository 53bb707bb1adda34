/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet drops: what was dropped, by reason. */
#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet drops [--all] [--json]\n"
	"Frames and packets that were dropped since the agent started, by "
	"reason.\n\n"
	"  --all   reasons that have not happened, too\n\n"
	"Example:\n"
	"  signet drops --all\n";

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
		{ "all", no_argument, NULL, 'a' }, { 0 }
	};
	struct json_object *reply;
	bool all = false;
	int c, code;

	while ((c = sg_getopt(t, argc, argv, "a", options, help)) != -1) {
		if (c != 'a')
			return SG_EXIT_USAGE;
		all = true;
	}
	if (!sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
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
