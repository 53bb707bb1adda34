// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include <sodium.h>

#include "daemon/label.h"

#define QUARANTINE_NS (240 * 1000000000ULL)
/* Labels are given out at the rate of handshakes, which is limited; should
 * the ring ever be full, the oldest of so many random numbers goes early. */
#define FREED_MAX     (1u << 20)

struct sg_freed_label {
	uint32_t label;
	uint64_t until;
};

static struct sg_label_owner freed_owner = { .kind = SG_LABEL_FREED };

static void release_oldest(struct sg_labels *l)
{
	sg_map_del(&l->map, l->freed[l->first].label);
	l->first = (l->first + 1) % l->cap;
	l->n--;
}

static int grow(struct sg_labels *l)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	struct sg_freed_label *ring;

	if (cap > FREED_MAX)
		return -ENOSPC;
	ring = calloc(cap, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		ring[i] = l->freed[(l->first + i) % l->cap];
	free(l->freed);
	l->freed = ring;
	l->first = 0;
	l->cap = cap;
	return 0;
}

static void expire(struct sg_labels *l, uint64_t now)
{
	while (l->n && l->freed[l->first].until <= now)
		release_oldest(l);
}

uint32_t sg_label_new(struct sg_labels *l, struct sg_label_owner *owner,
		      uint64_t now)
{
	uint32_t label;

	expire(l, now);
	do {
		label = randombytes_random();
	} while (!label || sg_map_get(&l->map, label));
	if (sg_map_put(&l->map, label, owner))
		return 0;
	if (l->on_change)
		l->on_change(l->ctx, label, true);
	return label;
}

int sg_label_move(struct sg_labels *l, uint32_t label,
		  struct sg_label_owner *owner)
{
	return sg_map_put(&l->map, label, owner);
}

void sg_label_free(struct sg_labels *l, uint32_t label, uint64_t now)
{
	if (!label)
		return;
	if (l->on_change)
		l->on_change(l->ctx, label, false);
	expire(l, now);
	if (l->n == l->cap && grow(l)) {
		if (!l->n) {
			sg_map_del(&l->map, label);
			return;
		}
		release_oldest(l);
	}
	if (sg_map_put(&l->map, label, &freed_owner))
		return;
	l->freed[(l->first + l->n) % l->cap] =
		(struct sg_freed_label){ label, now + QUARANTINE_NS };
	l->n++;
}

struct sg_label_owner *sg_label_owner(const struct sg_labels *l, uint32_t label)
{
	struct sg_label_owner *o = sg_map_get(&l->map, label);

	return o == &freed_owner ? NULL : o;
}

void sg_labels_destroy(struct sg_labels *l)
{
	sg_map_free(&l->map);
	free(l->freed);
	*l = (struct sg_labels){ 0 };
}
