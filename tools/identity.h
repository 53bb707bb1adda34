/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the identity's commands share, and what others ask of it. */
#ifndef SG_TOOL_IDENTITY_H
#define SG_TOOL_IDENTITY_H

#include <sys/types.h>

#include <signet/core/identity.h>

#include "tool.h"

/**
 * sg_own_id() - this node's identifier, read from the state folder, or asked
 * of the agent where the files may not be read
 * Return: false where neither can be had; nothing is said.
 */
bool sg_own_id(const struct sg_tool *t, struct signet_id *id);

/** struct sg_owner - who we were before sg_owner_enter() */
struct sg_owner {
	uid_t uid;
	gid_t gid;
};

/**
 * sg_owner_enter() - act as the user that owns the state folder
 *
 * The agent does not run as root, and refuses files of other users; so root
 * handles keys as their owner. Changes nothing for others than root.
 */
void sg_owner_enter(const struct sg_tool *t, struct sg_owner *before);
void sg_owner_leave(const struct sg_owner *before);

/** sg_key_files - names in the state folder, ended by NULL */
extern const char *const sg_key_files[];

/** sg_identity_exit() - exit code for an error of the key files */
int sg_identity_exit(int r);

#endif
