// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A hash table of places in an array: open addressing, at most half full. */
#include <errno.h>
#include <stdlib.h>

#include "common/index.h"

int sg_index_init(struct sg_index *ix, size_t n)
{
	uint32_t cap = 16;

	while (cap < 2 * n)
		cap *= 2;
	ix->slots = calloc(cap, sizeof(*ix->slots));
	ix->mask = cap - 1;
	return ix->slots ? 0 : -ENOMEM;
}

void sg_index_free(struct sg_index *ix)
{
	free(ix->slots);
	ix->slots = NULL;
}

/* FNV-1a; its keys come from the operator, who has no reason to collide. */
uint64_t sg_index_hash(const void *key, size_t len)
{
	const uint8_t *b = key;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (len--)
		h = (h ^ *b++) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

uint32_t *sg_index_find(const struct sg_index *ix, uint64_t hash,
			sg_index_equal equal, const void *array,
			const void *key)
{
	uint32_t i = (uint32_t)hash & ix->mask;

	while (ix->slots[i] && !equal(array, ix->slots[i] - 1, key))
		i = (i + 1) & ix->mask;
	return &ix->slots[i];
}
