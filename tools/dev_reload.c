/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev reload: the agent changes to the module that is on disk now. */
#include <stdio.h>

#include <json-c/json.h>

#include "client.h"
#include "dev.h"
#include "human.h"
#include "json.h"

static const char help[] =
	"Usage: signet dev reload\n"
	"Have the agent carry its channels on without the kernel module, load "
	"the module\n"
	"that is installed now, and take the channels back to it. Traffic goes "
	"on.\n\n"
	"Example:\n"
	"  make -C kmod modules_install && signet dev reload\n";

int sg_dev_reload_command(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *reply;
	int code;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	code = sg_call(t, "ReloadModule", NULL, SG_CALL_SLOW_MS, &reply);
	if (code)
		return code;
	if (t->json) {
		sg_json_print(stdout, reply);
	} else {
		json_object_object_foreach(reply, key, value)
		{
			printf("%-10s ", key);
			sg_put(stdout,
			       value ? json_object_get_string(value) : "");
			putchar('\n');
		}
	}
	json_object_put(reply);
	return SG_EXIT_OK;
}
