/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet: the one command. Each subcommand is a file of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tool.h"

static const struct sg_command commands[] = {
	{ "identity", sg_cmd_identity,
	  "this node's identity: new show rotate backup restore" },
	{ "peer", sg_cmd_peer, "accepted peers: add set remove" },
	{ "pair", sg_cmd_pair,
	  "pin two nodes to each other by a one-time code" },
	{ "up", sg_cmd_up, "start the node, set addresses and routes" },
	{ "down", sg_cmd_down, "undo what up did" },
	{ "check", sg_cmd_check,
	  "check the configuration without applying it" },
	{ "reload", sg_cmd_reload, "apply the configuration as it is now" },
	{ "status", sg_cmd_status, "this node, its limits and warnings" },
	{ "peers", sg_cmd_peers, "table of peers, or one in full" },
	{ "ping", sg_cmd_ping, "round trip through the sealed channel" },
	{ "why", sg_cmd_why,
	  "which stage towards a peer is broken, and remedy" },
	{ "monitor", sg_cmd_monitor, "events as they happen" },
	{ "drops", sg_cmd_drops, "dropped frames and packets by reason" },
	{ "flows", sg_cmd_flows, "what peers' Allow lines let pass and drop" },
	{ "gate", sg_cmd_gate,
	  "drop what is not authenticated: attach confirm detach stats" },
	{ "metrics", sg_cmd_metrics, "counters as OpenMetrics text" },
	{ "report", sg_cmd_report, "support bundle without secrets" },
	{ "dev", sg_cmd_dev, "devices of the kernel module, driven directly" },
	{ "version", sg_cmd_version,
	  "versions of tool, agent, module and wire" },
	{ 0 }
};

static void help(void)
{
	puts("Usage: signet [OPTION]... COMMAND [ARGUMENT]...\n"
	     "Sealed channels between machines.\n");
	for (const struct sg_command *c = commands; c->name; c++)
		printf("  %-10s %s\n", c->name, c->help);
	puts("\nOptions, before or after the command:\n"
	     "  --json          print JSON\n"
	     "  --socket PATH   control socket   [/run/signet/signet.sock]\n"
	     "  --config FILE   configuration    [/etc/signet/signet.conf]\n"
	     "  --state DIR     keys and state   [/var/lib/signet]\n"
	     "  --help          help; `signet COMMAND --help` for one command\n"
	     "\nSIGNET_SOCKET, SIGNET_CONFIG and SIGNET_STATE in the "
	     "environment do the same.\n"
	     "Exit codes: 0 ok, 1 failed, 2 usage, 3 denied, 4 unreachable, "
	     "5 no agent.\n"
	     "\nExample, on two nodes:\n"
	     "  signet identity new && signet up     on both\n"
	     "  signet pair --name b                 on a: shows a code\n"
	     "  signet pair --accept A --name a      on b: asks for it\n"
	     "  signet ping b                        on a");
}

static const char *from_env(struct sg_tool *t, const char *name,
			    const char *otherwise)
{
	const char *v = getenv(name);

	if (!v || !*v)
		return otherwise;
	t->defaults = false;
	return v;
}

/* `signet help [COMMAND]` */
static int help_command(struct sg_tool *t, int argc, char **argv)
{
	char *words[3] = { argc > 1 ? argv[1] : NULL, (char *)"--help", NULL };

	if (argc > 1)
		return sg_dispatch(t, commands, "command", 2, words);
	help();
	return SG_EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct sg_tool t = { .defaults = true };
	int r;

	t.socket = from_env(&t, "SIGNET_SOCKET", "/run/signet/signet.sock");
	t.config = from_env(&t, "SIGNET_CONFIG", "/etc/signet/signet.conf");
	t.state = from_env(&t, "SIGNET_STATE", "/var/lib/signet");
	r = sg_global_options(&t, argc, argv, help);
	if (r >= 0)
		return r;
	if (sodium_init() < 0)
		return sg_fail(&t, SG_EXIT_FAILED, NULL,
			       "the cryptographic library does not start");
	argc -= optind;
	argv += optind;
	if (!argc) {
		help();
		return SG_EXIT_USAGE;
	}
	if (!strcmp(argv[0], "help"))
		return help_command(&t, argc, argv);
	return sg_dispatch(&t, commands, "command", argc, argv);
}

int main(int argc, char **argv)
{
	int r = run(argc, argv);

	/* a full disk or a closed pipe must not look like success */
	if (fflush(stdout) || ferror(stdout)) {
		if (errno != EPIPE)
			perror("signet: cannot write the output");
		return r ? r : SG_EXIT_FAILED;
	}
	return r;
}
