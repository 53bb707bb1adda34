/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet metrics: OpenMetrics text, for a collector's textfile or a look. */
#include <stdio.h>

#include <json-c/json.h>

#include "client.h"
#include "json.h"

static const char help[] =
	"Usage: signet metrics [--json]\n"
	"All counters as OpenMetrics text.\n\n"
	"Example, for the textfile collector of a node exporter:\n"
	"  signet metrics > /var/lib/prometheus/node-exporter/signet.prom\n";

int sg_cmd_metrics(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *reply;
	int code;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	code = sg_call(t, "Metrics", NULL, SG_CALL_MS, &reply);
	if (code)
		return code;
	if (t->json)
		sg_json_print(stdout, reply);
	else
		fputs(sg_json_str(reply, "text"), stdout);
	json_object_put(reply);
	return SG_EXIT_OK;
}
