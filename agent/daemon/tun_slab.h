/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Objects of one size in locked memory that is left out of core dumps. For
 * keys: zero when taken, wiped when given back. Main thread only.
 */
#ifndef SG_TUN_SLAB_H
#define SG_TUN_SLAB_H

#include <stddef.h>

struct sg_slab_item;
struct sg_slab_chunk;

struct sg_slab {
	size_t size;
	struct sg_slab_item *free;
	struct sg_slab_chunk *chunks;
};

void sg_slab_init(struct sg_slab *s, size_t size);
/** sg_slab_get() - Return: a zeroed object, 64 byte aligned, or NULL */
void *sg_slab_get(struct sg_slab *s);
void sg_slab_put(struct sg_slab *s, void *p);
/** sg_slab_free() - wipe and release everything */
void sg_slab_free(struct sg_slab *s);

#endif
