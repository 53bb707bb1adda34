// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* signetd: options, privileges, and the node's life. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "common/log.h"
#include "common/varlink.h"
#include "daemon/node.h"
#include "daemon/privileges.h"

static const char usage[] =
	"Usage: signetd [OPTIONS]\n"
	"\n"
	"Runs the agent in the foreground. `signet up` starts it for you.\n"
	"\n"
	"  --config FILE   configuration (default " SG_CONFIG_PATH ")\n"
	"  --state DIR     keys and state (default " SG_STATE_DIR ")\n"
	"  --socket PATH   control socket (default " SG_SOCKET_PATH ")\n"
	"  --log-json      one JSON object for each line of the log\n"
	"  --version       print the version\n"
	"  --help          print this text\n"
	"\n"
	"Example: signetd --config ./signet.conf --state ./state "
	"--socket ./signet.sock\n";

static const char *setting(const char *option, const char *env,
			   const char *otherwise)
{
	const char *v = getenv(env);

	if (option)
		return option;
	return v && *v ? v : otherwise;
}

static int run(const struct sg_node_paths *paths)
{
	static struct sg_node node;
	struct sg_error err = { "" };
	int ret;

	ret = sg_node_start(&node, paths, &err);
	if (!ret)
		ret = sg_node_run(&node);
	if (ret)
		sg_log(SG_LOG_ERR, "%s",
		       err.text[0] ? err.text : strerror(-ret));
	sg_node_stop(&node);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * A secret that is never written to swap needs no wiping there. Only where
 * there is no limit: else memory would be refused once the limit is reached.
 * Key memory is locked by itself.
 */
static void lock_memory(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur != RLIM_INFINITY)
		return;
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		sg_log(SG_LOG_DEBUG, "memory is not locked: %s",
		       strerror(errno));
}

static int start(const struct sg_node_paths *paths, bool json)
{
	struct sg_error err = { "" };

	sg_log_init("signetd", json);
	if (sodium_init() < 0) {
		sg_log(SG_LOG_ERR, "libsodium does not start");
		return EXIT_FAILURE;
	}
	if (sg_privileges_harden(&err))
		sg_log(SG_LOG_WARNING, "%s", err.text);
	lock_memory();
	if (sg_privileges_drop(true, &err)) {
		sg_log(SG_LOG_ERR, "%s", err.text);
		return EXIT_FAILURE;
	}
	return run(paths);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "socket", required_argument, NULL, 'S' },
		{ "log-json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *config = NULL, *state = NULL, *sock = NULL;
	struct sg_node_paths paths;
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "c:s:S:jVh", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 's':
			state = optarg;
			break;
		case 'S':
			sock = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'V':
			puts("signetd " SIGNET_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("Try `signetd --help`.\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "signetd: unexpected argument \"%s\"\n",
			argv[optind]);
		return 2;
	}
	paths.config = setting(config, "SIGNET_CONFIG", SG_CONFIG_PATH);
	paths.state = setting(state, "SIGNET_STATE", SG_STATE_DIR);
	paths.socket = setting(sock, "SIGNET_SOCKET", SG_SOCKET_PATH);
	return start(&paths, json);
}
