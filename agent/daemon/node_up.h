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

/* node_datapath.c */
int sg_node_open_datapath(struct sg_node *n, struct sg_error *err);
/* it does not work any more: opened again, soon */
void sg_node_datapath_lost(struct sg_node *n, const char *why);

#endif
