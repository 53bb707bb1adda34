/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet down: undo exactly what up did. */
#include <stdio.h>

#include <json-c/json.h>

#include "client.h"
#include "human.h"
#include "json.h"

static const char help[] =
	"Usage: signet down [--json]\n"
	"Close all channels, and undo the addresses, routes and rules that "
	"`signet up`\n"
	"set. The agent keeps running.\n\n"
	"Example:\n"
	"  signet down && signet up\n";

int sg_cmd_down(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *reply, *undone;
	int code;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	code = sg_call(t, "Down", NULL, SG_CALL_SLOW_MS, &reply);
	if (code)
		return code;
	undone = sg_json_get(reply, "undone");
	if (t->json)
		sg_json_print(stdout, reply);
	else if (!sg_json_len(undone))
		puts("The node was down already.");
	for (size_t i = 0; !t->json && i < sg_json_len(undone); i++) {
		fputs("removed ", stdout);
		sg_put(stdout, json_object_get_string(
				       json_object_array_get_idx(undone, i)));
		putchar('\n');
	}
	json_object_put(reply);
	return SG_EXIT_OK;
}
