/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet peers: the table, or one peer in full. */
#include <string.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"
#include "table.h"

#define LABEL 16

static const char help[] =
	"Usage: signet peers [PEER] [--names] [--json]\n"
	"Table of the accepted peers; with PEER, all that is known of one.\n"
	"PEER is a name, an identifier or an identifier's first 12 "
	"characters.\n\n"
	"  --names   only names, one a line\n\n"
	"Example:\n"
	"  signet peers gw\n";

static enum sg_style state_style(const char *state)
{
	if (!strcmp(state, "up"))
		return SG_GOOD;
	if (!strcmp(state, "dead"))
		return SG_BAD;
	if (!strcmp(state, "idle"))
		return SG_DIM;
	return SG_WARN;
}

static void add_row(struct sg_table *tb, struct json_object *p)
{
	const char *state = sg_json_str(p, "state");
	const char *endpoint = sg_json_str(p, "endpoint");
	char buf[SG_HUMAN_LEN];

	sg_table_add(tb, SG_BOLD, sg_json_str(p, "name"));
	sg_table_add(tb, state_style(state), state);
	sg_table_add(tb, SG_PLAIN, *endpoint ? endpoint : NULL);
	sg_table_add(
		tb, SG_PLAIN,
		!sg_json_has(p, "lastReceived")
			? "never"
			: sg_human_ago(sg_json_int(p, "lastReceived"), buf));
	sg_table_add(tb, SG_PLAIN,
		     sg_human_bytes(sg_json_int(p, "rxBytes"), buf));
	sg_table_add(tb, SG_PLAIN,
		     sg_human_bytes(sg_json_int(p, "txBytes"), buf));
	sg_table_add(tb, SG_PLAIN,
		     !sg_json_has(p, "rtt")
			     ? NULL
			     : sg_human_rtt(sg_json_int(p, "rtt"), buf));
}

static void print_table(struct json_object *list)
{
	static const struct sg_column columns[] = {
		{ .title = "PEER", .shrink = true },
		{ .title = "STATE" },
		{ .title = "ENDPOINT", .shrink = true },
		{ .title = "HEARD" },
		{ .title = "RECEIVED", .right = true },
		{ .title = "SENT", .right = true },
		{ .title = "RTT", .right = true },
	};
	struct sg_table tb;

	if (!sg_json_len(list)) {
		puts("No peers yet. `signet pair` or `signet peer add` adds "
		     "one.");
		return;
	}
	sg_table_init(&tb, columns, 7);
	for (size_t i = 0; i < sg_json_len(list); i++)
		add_row(&tb, json_object_array_get_idx(list, i));
	sg_table_print(&tb, stdout);
}

static void line(const char *name, const char *text)
{
	if (!text || !*text)
		return;
	printf("%s%-*s%s", sg_style(stdout, SG_DIM), LABEL, name,
	       sg_style(stdout, SG_PLAIN));
	sg_wrap(stdout, text, LABEL, LABEL);
}

static void ago(struct json_object *p, const char *name, const char *key)
{
	char buf[SG_HUMAN_LEN];

	if (sg_json_has(p, key))
		line(name, sg_human_ago(sg_json_int(p, key), buf));
}

static void traffic(struct json_object *p, const char *name,
		    const char *packets, const char *bytes)
{
	char n[SG_HUMAN_LEN], b[SG_HUMAN_LEN], text[80];

	snprintf(text, sizeof(text), "%s packets, %s",
		 sg_human_count(sg_json_int(p, packets), n),
		 sg_human_bytes(sg_json_int(p, bytes), b));
	line(name, text);
}

static void print_one(struct json_object *p)
{
	const char *state = sg_json_str(p, "state");
	char buf[SG_HUMAN_LEN], text[1024];

	printf("%s", sg_style(stdout, SG_BOLD));
	sg_put(stdout, sg_json_str(p, "name"));
	printf("%s, %s%s%s\n", sg_style(stdout, SG_PLAIN),
	       sg_style(stdout, state_style(state)), state,
	       sg_style(stdout, SG_PLAIN));
	line("identity", sg_json_str(p, "identity"));
	line("overlay", sg_json_str(p, "overlay"));
	line("endpoint", sg_json_str(p, "endpoint"));
	line("from", sg_json_str(p, "local"));
	line("prefixes",
	     sg_json_join(sg_json_get(p, "prefixes"), text, sizeof(text)));
	line("sealed with", sg_json_str(p, "aead"));
	ago(p, "handshake", "lastHandshake");
	if (sg_json_has(p, "keyAge")) {
		snprintf(text, sizeof(text), "%s old, %lld rekeys so far",
			 sg_human_duration(sg_json_int(p, "keyAge"), buf),
			 (long long)sg_json_int(p, "rekeys"));
		line("key", text);
	}
	ago(p, "heard", "lastReceived");
	traffic(p, "received", "rxPackets", "rxBytes");
	traffic(p, "sent", "txPackets", "txBytes");
	if (sg_json_has(p, "rtt"))
		line("round trip", sg_human_rtt(sg_json_int(p, "rtt"), buf));
	if (sg_json_int(p, "keepalive")) {
		snprintf(text, sizeof(text), "every %s",
			 sg_human_duration(sg_json_int(p, "keepalive"), buf));
		line("keepalive", text);
	}
	line("last error", sg_json_str(p, "lastError"));
}

static void print(struct sg_tool *t, struct json_object *list, bool one,
		  bool names)
{
	if (names) {
		for (size_t i = 0; i < sg_json_len(list); i++)
			puts(sg_json_str(json_object_array_get_idx(list, i),
					 "name"));
	} else if (t->json) {
		sg_json_print(stdout,
			      one ? json_object_array_get_idx(list, 0) : list);
	} else if (one) {
		print_one(json_object_array_get_idx(list, 0));
	} else {
		print_table(list);
	}
}

int sg_cmd_peers(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "names", no_argument, NULL, 'n' }, { 0 }
	};
	struct json_object *parameters, *reply, *list;
	const char *name;
	bool names = false;
	int c, code;

	while ((c = sg_getopt(t, argc, argv, "", options, help)) != -1) {
		if (c != 'n')
			return SG_EXIT_USAGE;
		names = true;
	}
	if (!sg_operands(t, argc, argv, 0, 1))
		return SG_EXIT_USAGE;
	name = argv[optind];
	parameters = json_object_new_object();
	if (name)
		sg_json_add_str(parameters, "name", name);
	code = sg_call(t, "ListPeers", parameters, SG_CALL_MS, &reply);
	if (code)
		return code;
	list = sg_json_get(reply, "peers");
	if (name && !sg_json_len(list))
		code = sg_fail(t, SG_EXIT_FAILED, "`signet peers` lists them",
			       "the agent knows no peer \"%s\"", name);
	else
		print(t, list, name, names);
	json_object_put(reply);
	return code;
}
