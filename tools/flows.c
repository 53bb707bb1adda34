/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet flows: what packet policy decided. */
#include <string.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet flows [PEER] [--json]\n"
	"What passed or was dropped of peers that have an Allow line, latest "
	"first:\n"
	"allowed is what a line lets the peer begin, begun is what this node "
	"began, whose\n"
	"answers come in, denied is all else. At most 1000 are shown.\n\n"
	"Example:\n"
	"  signet flows ctl\n";

static void add_side(struct sg_table *tb, struct json_object *f,
		     const char *address, const char *port)
{
	const char *a = sg_json_str(f, address);
	const char *fmt = a && strchr(a, ':') ? "[%s]:%d" : "%s:%d";

	if (sg_json_get(f, port))
		sg_table_addf(tb, SG_PLAIN, fmt, a, (int)sg_json_int(f, port));
	else
		sg_table_add(tb, SG_PLAIN, a);
}

static void print_flows(struct json_object *list)
{
	static const struct sg_column columns[] = {
		{ .title = "PEER", .shrink = true },
		{ .title = "VERDICT" },
		{ .title = "PROTO" },
		{ .title = "HERE", .shrink = true, .end = true },
		{ .title = "THERE", .shrink = true, .end = true },
		{ .title = "PACKETS", .right = true },
		{ .title = "BYTES", .right = true },
		{ .title = "LAST" },
	};
	char text[SG_HUMAN_LEN];
	struct sg_table tb;

	if (!sg_json_len(list)) {
		puts("There are no flows: no packets of a peer that has an "
		     "Allow line.");
		return;
	}
	sg_table_init(&tb, columns, 8);
	for (size_t i = 0; i < sg_json_len(list); i++) {
		struct json_object *f = json_object_array_get_idx(list, i);
		const char *verdict = sg_json_str(f, "verdict");
		bool denied = verdict && !strcmp(verdict, "denied");

		sg_table_add(&tb, SG_BOLD, sg_json_str(f, "peer"));
		sg_table_add(&tb, denied ? SG_BAD : SG_GOOD, verdict);
		sg_table_add(&tb, SG_PLAIN, sg_json_str(f, "protocol"));
		add_side(&tb, f, "local", "localPort");
		add_side(&tb, f, "remote", "remotePort");
		sg_table_add(&tb, SG_PLAIN,
			     sg_human_count(sg_json_int(f, "packets"), text));
		sg_table_add(&tb, SG_PLAIN,
			     sg_human_bytes(sg_json_int(f, "bytes"), text));
		sg_table_add(&tb, SG_DIM,
			     sg_human_ago(sg_json_int(f, "idle"), text));
	}
	sg_table_print(&tb, stdout);
}

static void print_dropped(struct json_object *list)
{
	char text[SG_HUMAN_LEN];

	for (size_t i = 0; i < sg_json_len(list); i++) {
		struct json_object *d = json_object_array_get_idx(list, i);

		printf("%s: %s dropped, reason %s\n", sg_json_str(d, "peer"),
		       sg_human_count(sg_json_int(d, "count"), text),
		       sg_json_str(d, "reason"));
	}
}

int sg_cmd_flows(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *params, *reply;
	int code;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 1))
		return SG_EXIT_USAGE;
	params = json_object_new_object();
	if (optind < argc)
		json_object_object_add(params, "peer",
				       json_object_new_string(argv[optind]));
	code = sg_call(t, "Flows", params, SG_CALL_MS, &reply);
	if (code)
		return code;
	if (t->json) {
		sg_json_print(stdout, reply);
	} else {
		print_flows(sg_json_get(reply, "flows"));
		/* fragments are dropped without a flow */
		print_dropped(sg_json_get(reply, "dropped"));
	}
	json_object_put(reply);
	return SG_EXIT_OK;
}
