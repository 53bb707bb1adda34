/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet status: this node, its limits and warnings. */
#include <string.h>

#include <json-c/json.h>

#include "client.h"
#include "gate.h"
#include "human.h"
#include "json.h"
#include "table.h"

#define LABEL	     13
/* A limit that is used to this share is a warning. */
#define WARN_PERCENT 80

static const char help[] =
	"Usage: signet status [--json]\n"
	"This node: identity, addresses, data path, limits and warnings.\n\n"
	"A limit that is used to 80% or more is marked, and is a warning.\n\n"
	"Example:\n"
	"  signet status --json | jq .overlay\n";

static void label(const char *name)
{
	printf("%s%-*s%s", sg_style(stdout, SG_DIM), LABEL, name,
	       sg_style(stdout, SG_PLAIN));
}

static void line(const char *name, const char *text)
{
	if (!*text)
		return;
	label(name);
	sg_wrap(stdout, text, LABEL, LABEL);
}

static void print_head(struct json_object *s)
{
	char buf[SG_HUMAN_LEN];
	bool up = sg_json_bool(s, "up");

	label("node");
	printf("%s", sg_style(stdout, SG_BOLD));
	sg_put(stdout, sg_json_str(s, "name"));
	printf("%s, %s%s%s, signetd %s for %s\n", sg_style(stdout, SG_PLAIN),
	       sg_style(stdout, up ? SG_GOOD : SG_WARN), up ? "up" : "down",
	       sg_style(stdout, SG_PLAIN), sg_json_str(s, "version"),
	       sg_human_duration(sg_json_int(s, "uptime"), buf));
	line("identity", sg_json_str(s, "identity"));
	line("static key", sg_json_str(s, "staticKey"));
	line("overlay", sg_json_str(s, "overlay"));
}

static void print_network(struct json_object *s)
{
	char text[1024], list[768];

	snprintf(text, sizeof(text), "udp port %lld",
		 (long long)sg_json_int(s, "listen"));
	line("listens on", text);
	snprintf(text, sizeof(text), "%s, mtu %lld",
		 sg_json_str(s, "interface"), (long long)sg_json_int(s, "mtu"));
	if (*sg_json_str(s, "interface"))
		line("interface", text);
	line("addresses",
	     sg_json_join(sg_json_get(s, "addresses"), list, sizeof(list)));
	snprintf(text, sizeof(text), "%lld, %lld of them with a channel",
		 (long long)sg_json_int(s, "peers"),
		 (long long)sg_json_int(s, "channels"));
	line("peers", text);
}

/* What is in use in one line; the rest with what it would be good for. */
static void print_features(struct json_object *list)
{
	char text[512], used[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < sg_json_len(list); i++) {
		struct json_object *f = json_object_array_get_idx(list, i);

		if (!strcmp(sg_json_str(f, "state"), "in use") &&
		    len < sizeof(used))
			len += snprintf(used + len, sizeof(used) - len, "%s%s",
					len ? ", " : "",
					sg_json_str(f, "name"));
	}
	line("in use", used);
	for (size_t i = 0; i < sg_json_len(list); i++) {
		struct json_object *f = json_object_array_get_idx(list, i);
		const char *detail = sg_json_str(f, "detail");

		if (!strcmp(sg_json_str(f, "state"), "in use"))
			continue;
		snprintf(text, sizeof(text), "%s: %s%s%s%s",
			 sg_json_str(f, "name"), sg_json_str(f, "state"),
			 *detail ? " (" : "", detail, *detail ? ")" : "");
		line("not in use", text);
	}
}

static void print_gates(struct json_object *list)
{
	char text[700];

	for (size_t i = 0; i < sg_json_len(list); i++) {
		sg_gate_line(json_object_array_get_idx(list, i), text,
			     sizeof(text));
		line("gate", text);
	}
}

static void print_datapath(struct json_object *s)
{
	char text[512];

	if (*sg_json_str(s, "datapath")) {
		int n = snprintf(text, sizeof(text), "%s, %s",
				 sg_json_str(s, "datapath"),
				 sg_json_str(s, "datapathIo"));

		if (sg_json_int(s, "workers"))
			snprintf(text + n, sizeof(text) - n, ", %lld worker%s",
				 (long long)sg_json_int(s, "workers"),
				 sg_json_int(s, "workers") == 1 ? "" : "s");
		line("data path", text);
		line("not the kernel", sg_json_str(s, "datapathWhy"));
		if (sg_json_has(s, "socketsKept"))
			line("without agent",
			     sg_json_bool(s, "socketsKept")
				     ? "packets pass for up to 180 s: the "
				       "service manager keeps the sockets"
				     : "nothing passes: nobody keeps the "
				       "sockets for the next agent");
	}
	print_gates(sg_json_get(s, "gates"));
	line("event loop", sg_json_str(s, "loop"));
	print_features(sg_json_get(s, "features"));
}

static void print_limits(struct json_object *limits)
{
	static const struct sg_column columns[] = {
		{ .title = "LIMIT", .shrink = true },
		{ .title = "USED", .right = true },
		{ .title = "OF", .right = true },
		{ .title = "%", .right = true },
		{ .title = "" },
	};
	char used[SG_HUMAN_LEN], max[SG_HUMAN_LEN];
	const char *name, *unit;
	struct sg_table tb;

	if (!sg_json_len(limits))
		return;
	sg_table_init(&tb, columns, 5);
	for (size_t i = 0; i < sg_json_len(limits); i++) {
		struct json_object *l = json_object_array_get_idx(limits, i);
		int64_t u = sg_json_int(l, "used"), m = sg_json_int(l, "max");
		double percent = m > 0 ? 100.0 * u / m : 0;
		bool warn = percent >= WARN_PERCENT;
		enum sg_style style = warn ? SG_WARN : SG_PLAIN;

		name = sg_json_str(l, "name");
		unit = strstr(name, " (bytes)");
		sg_table_addf(&tb, style, "%.*s",
			      (int)(unit ? unit - name : (long)strlen(name)),
			      name);
		sg_table_add(&tb, style,
			     unit ? sg_human_bytes(u, used)
				  : sg_human_count(u, used));
		sg_table_add(&tb, style,
			     unit ? sg_human_bytes(m, max)
				  : sg_human_count(m, max));
		sg_table_addf(&tb, style, "%.0f", percent);
		sg_table_add(&tb, style, warn ? "warning: nearly used up" : "");
	}
	putchar('\n');
	sg_table_print(&tb, stdout);
}

static void print_warnings(struct json_object *list)
{
	if (sg_json_len(list))
		putchar('\n');
	for (size_t i = 0; i < sg_json_len(list); i++) {
		printf("%swarning:%s ", sg_style(stdout, SG_WARN),
		       sg_style(stdout, SG_PLAIN));
		sg_wrap(stdout,
			json_object_get_string(
				json_object_array_get_idx(list, i)),
			9, 9);
	}
}

int sg_cmd_status(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *reply, *s;
	int code;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	code = sg_call(t, "GetStatus", NULL, SG_CALL_MS, &reply);
	if (code)
		return code;
	s = sg_json_get(reply, "status");
	if (t->json) {
		sg_json_print(stdout, s);
	} else {
		print_head(s);
		print_network(s);
		print_datapath(s);
		print_limits(sg_json_get(s, "limits"));
		print_warnings(sg_json_get(s, "warnings"));
	}
	json_object_put(reply);
	return SG_EXIT_OK;
}
