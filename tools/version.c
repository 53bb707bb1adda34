/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet version: of tool, agent, kernel module and wire format. */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <signet/wire.h>

#include "client.h"
#include "facts.h"
#include "human.h"
#include "json.h"

static const char help[] =
	"Usage: signet version [--json]\n"
	"Versions of this tool, the agent, the kernel module and the wire "
	"format.\n\n"
	"Example:\n"
	"  signet version --json | jq -r .agent\n";

static void line(struct json_object *o, const char *key, const char *none)
{
	printf("%-8s ", key);
	sg_put(stdout, sg_json_has(o, key) ? sg_json_str(o, key) : none);
	putchar('\n');
}

int sg_cmd_version(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *o;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	o = sg_facts_versions(t);
	if (t->json) {
		sg_json_print(stdout, o);
	} else {
		line(o, "tool", "");
		line(o, "agent", "not running, or not to be asked by you");
		line(o, "module", "not loaded");
		printf("%-8s %lld\n", "wire",
		       (long long)sg_json_int(o, "wire"));
	}
	json_object_put(o);
	return SG_EXIT_OK;
}
