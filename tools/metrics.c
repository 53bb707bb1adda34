/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet metrics: OpenMetrics text, for a collector's textfile or a look. */
#include <stdio.h>

#include <json-c/json.h>

#include "client.h"
#include "json.h"

static const char help[] =
	"Usage: signet metrics [--peers] [--json]\n"
	"All counters as OpenMetrics text. A scraper gets the same by HTTP "
	"from the\n"
	"Unix socket /run/signet/metrics.sock.\n\n"
	"      --peers   with series for each peer\n\n"
	"Example, for the textfile collector of a node exporter:\n"
	"  signet metrics > /var/lib/prometheus/node-exporter/signet.prom\n";

int sg_cmd_metrics(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "peers", no_argument, NULL, 'p' },
		{ 0 },
	};
	struct json_object *params, *reply;
	bool peers = false;
	int c, code;

	while ((c = sg_getopt(t, argc, argv, "", options, help)) != -1) {
		if (c != 'p')
			return SG_EXIT_USAGE;
		peers = true;
	}
	if (!sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	params = json_object_new_object();
	sg_json_add_bool(params, "peers", peers);
	code = sg_call(t, "Metrics", params, SG_CALL_MS, &reply);
	if (code)
		return code;
	if (t->json)
		sg_json_print(stdout, reply);
	else
		fputs(sg_json_str(reply, "text"), stdout);
	json_object_put(reply);
	return SG_EXIT_OK;
}
