/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a reload applies again of what going up has set. */
#ifndef SG_NODE_UP_H
#define SG_NODE_UP_H

#include "daemon/node.h"

int sg_node_routes(struct sg_node *n, struct sg_error *err);
int sg_node_expose(struct sg_node *n, struct sg_error *err);

#endif
