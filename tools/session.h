/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the person sits who types: at this machine, or behind a network. */
#ifndef SG_TOOL_SESSION_H
#define SG_TOOL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

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

/** sg_session_parse() - "CLIENT PORT SERVER PORT", as sshd writes it */
bool sg_session_parse(const char *text, struct sg_session *s);

#endif
