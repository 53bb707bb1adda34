/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packet policy: from the Allow lines of all peers to the data path. */
#ifndef SG_NODE_POLICY_H
#define SG_NODE_POLICY_H

#include "daemon/node.h"

struct sg_peer;

/** sg_node_restricted() - is there a peer that may not begin everything? */
bool sg_node_restricted(const struct sg_node *n);

/**
 * sg_node_policy() - put what the configuration says in force, as one step
 * All peers are attached. Return: 0 or -errno; what was in force still is.
 */
int sg_node_policy(struct sg_node *n, struct sg_error *err);

/**
 * sg_peer_allow_line() - which item decides whether the peer may begin this
 * Return: the item that allows it; NULL: none does. @everything: the peer has
 * no Allow line.
 */
const struct sg_config_allow *
sg_peer_allow_line(const struct sg_config_peer *c,
		   const struct signet_allow *asked, bool *everything);

#endif
