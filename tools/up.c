/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet up: start the agent if none answers; addresses and routes. */
#include <stdio.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"
#include "session.h"
#include "start.h"

static const char help[] =
	"Usage: signet up [--force] [--json]\n"
	"Start the agent if none answers (through systemd where its unit is "
	"installed),\n"
	"and set the node's addresses and routes.\n\n"
	"      --force  even if a [Gate] section cuts off the session you "
	"type in;\n"
	"               that is looked at only where the agent runs already\n\n"
	"Example:\n"
	"  signet up && signet status\n";

static void print_list(struct json_object *list)
{
	for (size_t i = 0; i < sg_json_len(list); i++) {
		fputs("  ", stdout);
		sg_put(stdout, json_object_get_string(
				       json_object_array_get_idx(list, i)));
		putchar('\n');
	}
}

int sg_cmd_up(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *o, *reply;
	bool force = false;
	int code;

	if (!sg_session_force(t, argc, argv, help, &force))
		return SG_EXIT_USAGE;
	if (!sg_agent_answers(t)) {
		code = sg_start_agent(t);
		if (code)
			return code;
	}
	o = sg_session_params(force);
	code = sg_call(t, "Up", o, SG_CALL_SLOW_MS, &reply);
	if (code)
		return code;
	if (t->json) {
		sg_json_print(stdout, reply);
	} else {
		printf("%s is up\n", sg_json_str(reply, "interface"));
		print_list(sg_json_get(reply, "addresses"));
		print_list(sg_json_get(reply, "routes"));
	}
	json_object_put(reply);
	return SG_EXIT_OK;
}
