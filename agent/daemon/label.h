/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The labels on which this node receives: random, not zero, and not given out
 * again for 240 s after they were freed.
 */
#ifndef SG_LABEL_H
#define SG_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/map.h"

enum sg_label_kind {
	SG_LABEL_FREED, /* waits until it may be used again */
	SG_LABEL_PEER,
	SG_LABEL_HALF_OPEN,
	SG_LABEL_PAIR,
};

/** struct sg_label_owner - embedded in whoever receives on a label */
struct sg_label_owner {
	enum sg_label_kind kind;
};

/** struct sg_labels - zero-initialised is empty */
struct sg_labels {
	struct sg_map map;
	struct sg_freed_label *freed; /* ring, oldest first */
	size_t first, n, cap;
	/* told of each label that is taken or given back; may be NULL */
	void (*on_change)(void *ctx, uint32_t label, bool taken);
	void *ctx;
};

/** sg_label_new() - Return: a label, or 0 without memory */
uint32_t sg_label_new(struct sg_labels *l, struct sg_label_owner *owner,
		      uint64_t now);
/** sg_label_move() - a label in use goes to another owner */
int sg_label_move(struct sg_labels *l, uint32_t label,
		  struct sg_label_owner *owner);
void sg_label_free(struct sg_labels *l, uint32_t label, uint64_t now);
/** sg_label_owner() - who receives on a label, or NULL */
struct sg_label_owner *sg_label_owner(const struct sg_labels *l,
				      uint32_t label);
void sg_labels_destroy(struct sg_labels *l);

#endif
