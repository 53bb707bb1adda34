/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the person sits who types: at this machine, or behind a network. */
#ifndef SG_TOOL_SESSION_H
#define SG_TOOL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "tool.h"

struct json_object;

/**
 * struct sg_session - one that came over the network
 * @from: address of the other end
 * @port: TCP port here, 0: not known
 */
struct sg_session {
	char from[64];
	uint16_t port;
};

/**
 * sg_session_find() - by SSH_CONNECTION, also of a process that this one comes
 * from (sudo takes it away), else by what the terminal's login recorded
 * Return: whether it came over a network.
 */
bool sg_session_find(struct sg_session *s);

/**
 * sg_session_add() - members sessionFrom and sessionPort of a call's parameters,
 * where this one came over a network
 */
void sg_session_add(struct json_object *o);

/** sg_session_params() - parameters with these, and force */
struct json_object *sg_session_params(bool force);

/** sg_session_force() - read the options of a command that has --force alone */
bool sg_session_force(struct sg_tool *t, int argc, char **argv,
		      const char *help, bool *force);

/** sg_session_parse() - "CLIENT PORT SERVER PORT", as sshd writes it */
bool sg_session_parse(const char *text, struct sg_session *s);

#endif
