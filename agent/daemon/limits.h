/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All that is bounded, by name, with what is used: for status and metrics. */
#ifndef SG_LIMITS_H
#define SG_LIMITS_H

#include "daemon/node.h"

/**
 * struct sg_limit - one limit
 * @id: for metrics; stable
 * @name: for people; ends in " (bytes)" where it counts those
 */
struct sg_limit {
	const char *id, *name;
	uint64_t used, max;
};

/* All that there are. */
#define SG_LIMITS_COUNT 14

/** sg_limits_read() - as they are now */
void sg_limits_read(struct sg_node *n, struct sg_limit out[SG_LIMITS_COUNT]);

/** sg_limit_warns() - is it used to 80% or more? */
static inline bool sg_limit_warns(const struct sg_limit *l)
{
	return l->max && l->used * 5 >= l->max * 4;
}

#endif
