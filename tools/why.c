/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet why: each stage towards a peer, up to the first that fails. */
#include <ctype.h>
#include <string.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"

#define NAME_WIDTH 15
#define INDENT	   (NAME_WIDTH + 6)

static const char help[] =
	"Usage: signet why PEER [PROTO/PORT] [--json]\n"
	"Go through every stage towards PEER: agent, configuration, policy, "
	"data path,\n"
	"name, route, gate, UDP answer, handshake, clock, MTU, inner route. "
	"Stops at the\n"
	"first that fails, and says what to do. Policy stops nothing: it tells "
	"which line\n"
	"lets PEER begin that here, if any.\n\n"
	"Example:\n"
	"  signet why gw tcp/9999\n";

static void print_stage(struct json_object *s)
{
	const char *outcome = sg_json_str(s, "outcome");
	const char *remedy = sg_json_str(s, "remedy");
	enum sg_style style = SG_DIM;
	const char *word = "skip";

	if (!strcmp(outcome, "ok")) {
		style = SG_GOOD;
		word = "ok";
	} else if (!strcmp(outcome, "fail")) {
		style = SG_BAD;
		word = "FAIL";
	}
	printf("%-*s %s%-4s%s ", NAME_WIDTH, sg_json_str(s, "name"),
	       sg_style(stdout, style), word, sg_style(stdout, SG_PLAIN));
	sg_wrap(stdout, sg_json_str(s, "detail"), INDENT, INDENT);
	if (*remedy) {
		printf("%*s%sremedy:%s ", INDENT, "", sg_style(stdout, SG_BOLD),
		       sg_style(stdout, SG_PLAIN));
		sg_wrap(stdout, remedy, INDENT + 8, INDENT);
	}
}

static struct json_object *stage(const char *name, const char *outcome,
				 const char *detail, const char *remedy)
{
	struct json_object *s = json_object_new_object();

	sg_json_add_str(s, "name", name);
	sg_json_add_str(s, "outcome", outcome);
	sg_json_add_str(s, "detail", detail);
	sg_json_add_str(s, "remedy", remedy);
	return s;
}

/* "tcp/9999" or "icmp" into "protocol" and "port". */
static bool target(struct sg_tool *t, const char *s, struct json_object *o)
{
	const char *slash = strchr(s, '/');
	char protocol[8];
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	uint64_t port;

	if (len < sizeof(protocol)) {
		memcpy(protocol, s, len);
		protocol[len] = '\0';
		for (char *p = protocol; *p; p++)
			*p = tolower((unsigned char)*p);
		if (!strcmp(protocol, "icmp") && !slash) {
			sg_json_add_str(o, "protocol", protocol);
			return true;
		}
		if ((!strcmp(protocol, "tcp") || !strcmp(protocol, "udp")) &&
		    slash) {
			if (!sg_parse_uint(t, "port", slash + 1, 1, 65535,
					   &port))
				return false;
			sg_json_add_str(o, "protocol", protocol);
			sg_json_add_int(o, "port", port);
			return true;
		}
	}
	sg_usage(t, "\"%s\" is not tcp/PORT, udp/PORT or icmp", s);
	return false;
}

static int no_agent(struct sg_tool *t)
{
	struct json_object *reply = json_object_new_object();
	struct json_object *stages = json_object_new_array();
	char detail[256];

	snprintf(detail, sizeof(detail), "nothing answers at %s", t->socket);
	json_object_array_add(
		stages, stage("agent", "fail", detail, sg_no_agent_remedy(t)));
	json_object_object_add(reply, "stages", stages);
	sg_json_add_bool(reply, "ok", false);
	if (t->json)
		sg_json_print(stdout, reply);
	else
		print_stage(json_object_array_get_idx(stages, 0));
	json_object_put(reply);
	return SG_EXIT_NO_AGENT;
}

static void print(struct sg_tool *t, struct json_object *reply,
		  const char *peer)
{
	struct json_object *stages = sg_json_get(reply, "stages");
	struct json_object *s = stage("agent", "ok", "answers", NULL);

	if (t->json) {
		json_object_put(s);
		sg_json_print(stdout, reply);
		return;
	}
	print_stage(s);
	json_object_put(s);
	for (size_t i = 0; i < sg_json_len(stages); i++)
		print_stage(json_object_array_get_idx(stages, i));
	if (sg_json_bool(reply, "ok"))
		printf("%sEverything works towards %s.%s\n",
		       sg_style(stdout, SG_GOOD), peer,
		       sg_style(stdout, SG_PLAIN));
}

int sg_cmd_why(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *o, *reply;
	int code;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 1, 2))
		return SG_EXIT_USAGE;
	o = json_object_new_object();
	sg_json_add_str(o, "peer", argv[optind]);
	if (argc - optind > 1 && !target(t, argv[optind + 1], o)) {
		json_object_put(o);
		return SG_EXIT_USAGE;
	}
	if (!sg_agent_answers(t)) {
		json_object_put(o);
		return no_agent(t);
	}
	code = sg_call(t, "Why", o, SG_CALL_SLOW_MS, &reply);
	if (code)
		return code;
	print(t, reply, argv[optind]);
	if (!sg_json_bool(reply, "ok"))
		code = SG_EXIT_UNREACHABLE;
	json_object_put(reply);
	return code;
}
