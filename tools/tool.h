/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the subcommands of `signet` share: where things are, exit codes,
 * options, and how errors reach a person.
 */
#ifndef SG_TOOL_H
#define SG_TOOL_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sg_exit {
	SG_EXIT_OK = 0,
	SG_EXIT_FAILED = 1,
	SG_EXIT_USAGE = 2,
	SG_EXIT_DENIED = 3,
	SG_EXIT_UNREACHABLE = 4,
	SG_EXIT_NO_AGENT = 5,
};

/**
 * struct sg_tool - the global options, and which command runs
 * @socket: control socket of the agent
 * @config: configuration file; peers.d is the folder beside it
 * @state: state directory
 * @defaults: none of the three was changed by an option or the environment
 * @json: print JSON, errors too
 * @command: "ping", "peer add", ...
 */
struct sg_tool {
	const char *socket;
	const char *config;
	const char *state;
	bool defaults;
	bool json;
	char command[48];
};

typedef int (*sg_command_fn)(struct sg_tool *t, int argc, char **argv);

/** struct sg_command - one line of a table of commands; @name NULL ends it */
struct sg_command {
	const char *name;
	sg_command_fn run;
	const char *help;
};

/* argv[0] is the command's own name. Return: enum sg_exit. */
int sg_cmd_check(struct sg_tool *t, int argc, char **argv);
int sg_cmd_dev(struct sg_tool *t, int argc, char **argv);
int sg_cmd_down(struct sg_tool *t, int argc, char **argv);
int sg_cmd_drops(struct sg_tool *t, int argc, char **argv);
int sg_cmd_flows(struct sg_tool *t, int argc, char **argv);
int sg_cmd_gate(struct sg_tool *t, int argc, char **argv);
int sg_cmd_identity(struct sg_tool *t, int argc, char **argv);
int sg_cmd_metrics(struct sg_tool *t, int argc, char **argv);
int sg_cmd_monitor(struct sg_tool *t, int argc, char **argv);
int sg_cmd_pair(struct sg_tool *t, int argc, char **argv);
int sg_cmd_peer(struct sg_tool *t, int argc, char **argv);
int sg_cmd_peers(struct sg_tool *t, int argc, char **argv);
int sg_cmd_ping(struct sg_tool *t, int argc, char **argv);
int sg_cmd_reload(struct sg_tool *t, int argc, char **argv);
int sg_cmd_report(struct sg_tool *t, int argc, char **argv);
int sg_cmd_status(struct sg_tool *t, int argc, char **argv);
int sg_cmd_up(struct sg_tool *t, int argc, char **argv);
int sg_cmd_version(struct sg_tool *t, int argc, char **argv);
int sg_cmd_why(struct sg_tool *t, int argc, char **argv);

int sg_identity_backup(struct sg_tool *t, int argc, char **argv);
int sg_identity_new(struct sg_tool *t, int argc, char **argv);
int sg_identity_restore(struct sg_tool *t, int argc, char **argv);
int sg_identity_rotate(struct sg_tool *t, int argc, char **argv);
int sg_identity_show(struct sg_tool *t, int argc, char **argv);

/**
 * sg_getopt() - next option of a command, the global ones being taken here
 * @shorts: the command's short options, as in getopt(3); never h
 * @own: its long options, ended by a zero entry; may be NULL
 * @help: its help text: --help prints it and exits
 *
 * Return: an option's letter or value, -1 at the end (operands start at
 *	optind), or '?' after an error has been printed: return SG_EXIT_USAGE.
 */
int sg_getopt(struct sg_tool *t, int argc, char **argv, const char *shorts,
	      const struct option *own, const char *help);

/**
 * sg_operands() - check the number of operands after the options
 * Return: true, or false after an error has been printed.
 */
bool sg_operands(struct sg_tool *t, int argc, char **argv, int min, int max);

/**
 * sg_global_options() - options before the command; sets optind
 * Return: -1 to go on, else the exit code.
 */
int sg_global_options(struct sg_tool *t, int argc, char **argv,
		      void (*help)(void));

/**
 * sg_dispatch() - run argv[0] from a table, or suggest what is nearest
 * @what: "command" or for instance "identity command"
 */
int sg_dispatch(struct sg_tool *t, const struct sg_command *table,
		const char *what, int argc, char **argv);

/**
 * sg_subcommand() - options of an object such as "peer", then sg_dispatch()
 * @what: "peer command"
 * @help: of the object
 * @which: what to ask where no command is named
 */
int sg_subcommand(struct sg_tool *t, int argc, char **argv,
		  const struct sg_command *table, const char *what,
		  const char *help, const char *which);

/**
 * sg_nearest() - the entry of a table that is most like @word
 * Return: its name, or NULL where nothing is near.
 */
const char *sg_nearest(const struct sg_command *table, const char *word);

/**
 * sg_fail() - say what failed and what to do, and return @code
 * @remedy: what to do, or NULL
 * @fmt: what failed, on what; without a newline
 *
 * On a terminal: "signet: WHAT", then "  REMEDY" on its own line. With
 * --json: one object with "error", "message" and "remedy", on stderr too.
 */
int sg_fail(const struct sg_tool *t, int code, const char *remedy,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** sg_usage() - a usage error, pointing to --help; Return: SG_EXIT_USAGE */
int sg_usage(const struct sg_tool *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** sg_note() - a line for the person at the terminal, on stderr */
void sg_note(const struct sg_tool *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * sg_parse_uint() - a whole decimal number between @min and @max
 * Return: true, or false after a usage error has been printed.
 */
bool sg_parse_uint(struct sg_tool *t, const char *what, const char *s,
		   uint64_t min, uint64_t max, uint64_t *out);

/**
 * sg_parse_ms() - a time: "5" and "5s" are seconds, also "0.2", "200ms",
 * "3m", "1h"; at least @min_ms
 */
bool sg_parse_ms(struct sg_tool *t, const char *what, const char *s,
		 uint64_t min_ms, uint64_t max_ms, uint64_t *ms);

#endif
