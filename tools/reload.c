/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet reload: the agent reads its configuration again. */
#include <stdio.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"
#include "session.h"

static const char help[] =
	"Usage: signet reload [--force] [--json]\n"
	"Apply the configuration as it is now, if all of it is good. Channels "
	"that are\n"
	"still wanted stay; a peer that is gone loses its channel and keys.\n\n"
	"      --force  even if a [Gate] section cuts off the session you "
	"type in\n\n"
	"Example:\n"
	"  signet check && signet reload\n";

static void print_list(const char *what, struct json_object *list)
{
	for (size_t i = 0; i < sg_json_len(list); i++) {
		printf("%-8s ", what);
		sg_put(stdout, json_object_get_string(
				       json_object_array_get_idx(list, i)));
		putchar('\n');
	}
}

int sg_cmd_reload(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *o, *reply;
	bool force = false;
	int code;

	if (!sg_session_force(t, argc, argv, help, &force))
		return SG_EXIT_USAGE;
	o = sg_session_params(force);
	code = sg_call(t, "Reload", o, SG_CALL_SLOW_MS, &reply);
	if (code)
		return code;
	if (t->json) {
		sg_json_print(stdout, reply);
	} else {
		print_list("added", sg_json_get(reply, "added"));
		print_list("changed", sg_json_get(reply, "changed"));
		print_list("removed", sg_json_get(reply, "removed"));
		printf("%lld peer%s as before\n",
		       (long long)sg_json_int(reply, "kept"),
		       sg_json_int(reply, "kept") == 1 ? "" : "s");
	}
	json_object_put(reply);
	return SG_EXIT_OK;
}
