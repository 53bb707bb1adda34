/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The steps of going up and down, for those who need some of them alone. */
#ifndef SG_NODE_UP_H
#define SG_NODE_UP_H

#include "daemon/node.h"

int sg_node_routes(struct sg_node *n, struct sg_error *err);
int sg_node_expose(struct sg_node *n, struct sg_error *err);
int sg_node_bring_up(struct sg_node *n, struct sg_error *err);
void sg_node_tear_down(struct sg_node *n, bool silent, sg_netif_note undone,
		       void *ctx);

/* addresses on a device of the data path, which is opened @beside another */
int sg_node_netif(struct sg_node *n, bool beside, struct sg_error *err);
int sg_node_attach_peers(struct sg_node *n, struct sg_error *err);

/* node_datapath.c */

/* @beside: the name of a second device, while the first is in use; or NULL */
int sg_node_open_datapath(struct sg_node *n, const char *beside,
			  struct sg_error *err);
/* close the one that there is, open the one that is wanted */
int sg_node_open_again(struct sg_node *n, struct sg_error *err);
enum { SG_PEER_WANTED = 1, SG_PEER_WAS_UP };
/* whose channels are to be there again, a byte for each number; to be freed */
uint8_t *sg_node_wanted_peers(const struct sg_node *n);
void sg_node_connect_peers(struct sg_node *n, const uint8_t *list);

/* node_move.c */

/**
 * sg_node_move() - to the data path that is wanted, opened beside the one in
 * use, which carries packets until its peers have channels on the other
 * @aside: first to TUN on a borrowed port, so that the node's own is free
 * Return: -EINPROGRESS; an error, and nothing has changed.
 */
int sg_node_move(struct sg_node *n, bool aside, const struct sg_moved *moved,
		 struct sg_error *err);
/** sg_node_move_end() - if there is one under way, do not wait for anything */
void sg_node_move_end(struct sg_node *n);
/* it does not work any more: opened again, soon */
void sg_node_datapath_lost(struct sg_node *n, const char *why);

#endif
