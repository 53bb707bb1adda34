/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the identity's commands share, and what others ask of it. */
#ifndef SG_TOOL_IDENTITY_H
#define SG_TOOL_IDENTITY_H

#include <signet/core/identity.h>

#include "tool.h"

/**
 * sg_own_id() - this node's identifier, read from the state folder, or asked
 * of the agent where the files may not be read
 * Return: false where neither can be had; nothing is said.
 */
bool sg_own_id(struct sg_tool *t, struct signet_id *id);

/**
 * sg_become_owner() - act as the user that owns the state folder
 *
 * The agent does not run as root; root's own files would be of no use to it.
 * Does nothing for others than root. Return: SG_EXIT_OK or an exit code.
 */
int sg_become_owner(const struct sg_tool *t);

#endif
