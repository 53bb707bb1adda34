// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* signet gate: the filter in front of an outer interface. */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "client.h"
#include "gate.h"
#include "human.h"
#include "json.h"
#include "session.h"

#define TRIAL_MAX_MS (24 * 3600 * 1000)

static const char help[] =
	"Usage: signet gate COMMAND\n"
	"The gate drops what is not authenticated before it costs anything.\n\n"
	"  attach   put one in front of an interface, or change it\n"
	"  confirm  keep one that is on trial\n"
	"  detach   take it away\n"
	"  stats    what passed and what was dropped, by reason\n\n"
	"[Gate INTERFACE] in the configuration does the same for good.\n"
	"`signet status` lists gates, `signet drops --follow` shows drops as "
	"they happen.\n\n"
	"Example:\n"
	"  signet gate attach eth0 --strict --allow 'tcp/22 from 10.0.0.0/8' "
	"--for 60s\n"
	"  signet gate confirm\n";

static const char attach_help[] =
	"Usage: signet gate attach INTERFACE [--strict] [--allow WHAT]... "
	"[--for TIME]\n"
	"Put a gate in front of an interface, or change the one that is "
	"there.\n\n"
	"  --strict       what is not Signet's is dropped, but for ARP, "
	"neighbour\n"
	"                 discovery, ICMP errors, DHCP, and what --allow says\n"
	"  --allow WHAT   tcp/22, udp/5000-5010, icmp, ip; with \"from "
	"PREFIX\" "
	"after it\n"
	"                 where not everybody is meant\n"
	"  --mode MODE    native or generic XDP [auto: the best that works]\n"
	"  --cookies      every handshake has to prove its address, not only "
	"under load\n"
	"  --for TIME     detach after this (60s, 5m) unless `signet gate "
	"confirm` comes\n"
	"  --force        even if it cuts off the session that this is typed "
	"in\n\n"
	"Example:\n"
	"  signet gate attach eth0 --strict --allow 'tcp/22 from 10.0.0.0/8' "
	"--for 60s\n";

static const char confirm_help[] =
	"Usage: signet gate confirm [INTERFACE]\n"
	"Keep a gate that was attached with --for.\n\n"
	"Example:\n"
	"  signet gate confirm\n";

static const char detach_help[] =
	"Usage: signet gate detach INTERFACE\n"
	"Take a gate away; nothing of it stays. One of the configuration comes "
	"back\nwith the next reload.\n\n"
	"Example:\n"
	"  signet gate detach eth0\n";

void sg_gate_line(struct json_object *g, char *buf, size_t cap)
{
	char left[SG_HUMAN_LEN];
	size_t n, allowed = sg_json_len(sg_json_get(g, "allow"));
	const char *cookies = sg_json_str(g, "cookies");

	n = snprintf(buf, cap, "%s: %s", sg_json_str(g, "interface"),
		     sg_json_bool(g, "attached") ? sg_json_str(g, "mode")
						 : "not attached");
	if (sg_json_bool(g, "strict") && n < cap)
		n += snprintf(buf + n, cap - n, ", strict, %zu allowed",
			      allowed);
	if (strcmp(cookies, "auto") && n < cap)
		n += snprintf(buf + n, cap - n, ", %s",
			      strcmp(cookies, "always")
				      ? "under load: cookies are asked for"
				      : "cookies always");
	if (sg_json_has(g, "trial") && n < cap)
		n += snprintf(buf + n, cap - n, ", on trial for %s",
			      sg_human_duration(sg_json_int(g, "trial"), left));
	if (*sg_json_str(g, "tried") && n < cap)
		n += snprintf(buf + n, cap - n, " (%s)",
			      sg_json_str(g, "tried"));
	if (*sg_json_str(g, "error") && n < cap)
		snprintf(buf + n, cap - n, ": %s", sg_json_str(g, "error"));
}

static int call(struct sg_tool *t, const char *method, struct json_object *o,
		const char *ifname)
{
	struct json_object *reply, *list;
	char text[700];
	int code = sg_call(t, method, o, SG_CALL_SLOW_MS, &reply);

	if (code)
		return code;
	list = sg_json_get(reply, "gates");
	if (t->json)
		sg_json_print(stdout, list);
	for (size_t i = 0; !t->json && i < sg_json_len(list); i++) {
		struct json_object *g = json_object_array_get_idx(list, i);

		if (ifname && strcmp(ifname, sg_json_str(g, "interface")))
			continue;
		sg_gate_line(g, text, sizeof(text));
		sg_put(stdout, text);
		putchar('\n');
	}
	json_object_put(reply);
	return SG_EXIT_OK;
}

static int attach(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "strict", no_argument, NULL, 's' },
		{ "allow", required_argument, NULL, 'a' },
		{ "mode", required_argument, NULL, 'm' },
		{ "cookies", no_argument, NULL, 'c' },
		{ "for", required_argument, NULL, 't' },
		{ "force", no_argument, NULL, 'f' },
		{ 0 }
	};
	struct json_object *o = json_object_new_object();
	struct json_object *allow = json_object_new_array();
	uint64_t trial = 0;
	bool bad = false;
	int c, code;

	json_object_object_add(o, "allow", allow);
	while (!bad &&
	       (c = sg_getopt(t, argc, argv, "", options, attach_help)) != -1) {
		if (c == 's')
			sg_json_add_bool(o, "strict", true);
		else if (c == 'a')
			json_object_array_add(allow,
					      json_object_new_string(optarg));
		else if (c == 'm')
			sg_json_add_str(o, "mode", optarg);
		else if (c == 'c')
			sg_json_add_bool(o, "cookies", true);
		else if (c == 'f')
			sg_json_add_bool(o, "force", true);
		else
			bad = c != 't' || !sg_parse_ms(t, "--for", optarg, 1000,
						       TRIAL_MAX_MS, &trial);
	}
	if (bad || !sg_operands(t, argc, argv, 1, 1)) {
		json_object_put(o);
		return SG_EXIT_USAGE;
	}
	sg_json_add_str(o, "interface", argv[optind]);
	if (trial)
		sg_json_add_int(o, "trial", trial);
	sg_session_add(o);
	if (json_object_array_length(allow) && !sg_json_has(o, "strict"))
		sg_note(t, "Without --strict everything that is not Signet's "
			   "passes, and --allow says nothing.");
	code = call(t, "GateAttach", o, argv[optind]);
	if (!code && trial)
		sg_note(t, "It goes by itself unless you run `signet gate "
			   "confirm` before.");
	return code;
}

static int confirm(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *o;

	if (sg_getopt(t, argc, argv, "", NULL, confirm_help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 1))
		return SG_EXIT_USAGE;
	o = json_object_new_object();
	if (optind < argc)
		sg_json_add_str(o, "interface", argv[optind]);
	return call(t, "GateConfirm", o, optind < argc ? argv[optind] : NULL);
}

static int detach(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *o;

	if (sg_getopt(t, argc, argv, "", NULL, detach_help) != -1 ||
	    !sg_operands(t, argc, argv, 1, 1))
		return SG_EXIT_USAGE;
	o = json_object_new_object();
	sg_json_add_str(o, "interface", argv[optind]);
	return call(t, "GateDetach", o, argv[optind]);
}

int sg_cmd_gate(struct sg_tool *t, int argc, char **argv)
{
	static const struct sg_command commands[] = {
		{ "attach", attach, NULL },
		{ "confirm", confirm, NULL },
		{ "detach", detach, NULL },
		{ "stats", sg_gate_stats, NULL },
		{ 0 }
	};

	return sg_subcommand(t, argc, argv, commands, "gate command", help,
			     "which: attach, confirm, detach or stats?");
}
