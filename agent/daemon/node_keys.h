/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SG_NODE_KEYS_H
#define SG_NODE_KEYS_H

#include "daemon/node.h"

/** sg_node_local() - fill in what sessions prove of us */
void sg_node_local(struct sg_node *n);

/** sg_node_attest() - sign a new attestation, and again in a day; @ctx: node */
void sg_node_attest(void *ctx);

/**
 * sg_node_keys_load() - read the key files again, which may have been rotated
 * @out: to be given to sg_node_keys_take() or sg_keys_free()
 * Return: 0; -EKEYREJECTED another identity, or an older history; as
 *	sg_keys_load().
 */
int sg_node_keys_load(const struct sg_node *n, struct sg_keys **out,
		      struct sg_error *err);

/**
 * sg_node_keys_take() - use them; takes @keys over
 *
 * Channels go on, and are followed by new ones that prove the longer history.
 * Where the static key is another one, they are closed and made anew.
 */
void sg_node_keys_take(struct sg_node *n, struct sg_keys *keys);

#endif
