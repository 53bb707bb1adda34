/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls to the agent, whose errors become words and exit codes. */
#ifndef SG_CLIENT_H
#define SG_CLIENT_H

#include <signal.h>
#include <stdbool.h>

#include "tool.h"

struct json_object;

/* Calls that the agent answers from memory. */
#define SG_CALL_MS	10000
/* Calls that wait for the network or for the disk. */
#define SG_CALL_SLOW_MS 60000

/**
 * sg_call() - one request and its reply
 * @parameters: consumed; may be NULL
 * @reply: receives the reply, to be put; may be NULL
 * Return: SG_EXIT_OK, or another exit code after saying what failed.
 */
int sg_call(const struct sg_tool *t, const char *method,
	    struct json_object *parameters, int timeout_ms,
	    struct json_object **reply);

/**
 * sg_call_quiet() - the same, for what is only asked if an agent runs
 * Return: as sg_call(), but nothing is said.
 */
int sg_call_quiet(const struct sg_tool *t, const char *method,
		  struct json_object *parameters, int timeout_ms,
		  struct json_object **reply);

/** sg_no_agent_remedy() - how to start one */
const char *sg_no_agent_remedy(const struct sg_tool *t);

/** sg_agent_answers() - does an agent answer on the socket? */
bool sg_agent_answers(const struct sg_tool *t);

/* Return: SG_GO_ON, or an exit code to stop with. */
#define SG_GO_ON (-1)
typedef int (*sg_reply_fn)(void *ctx, struct json_object *reply);

/**
 * sg_call_more() - one request and each of its replies
 * @timeout_ms: longest wait for the next reply; negative: for ever
 *
 * Ends early, with SG_EXIT_OK, once sg_interrupted is set.
 */
int sg_call_more(const struct sg_tool *t, const char *method,
		 struct json_object *parameters, int timeout_ms, sg_reply_fn fn,
		 void *ctx);

/** sg_interrupted - set by SIGINT and SIGTERM after sg_catch_interrupt() */
extern volatile sig_atomic_t sg_interrupted;
void sg_catch_interrupt(void);

#endif
