/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a key to a place in an array, in constant time. Not for keys that an
 * attacker chooses freely: the hash has no secret.
 */
#ifndef SG_INDEX_H
#define SG_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sg_index {
	uint32_t *slots; /* place plus one, 0: free */
	uint32_t mask;
};

typedef bool (*sg_index_equal)(const void *array, uint32_t i, const void *key);

/** sg_index_init() - for up to @n entries; Return: 0 or -ENOMEM */
int sg_index_init(struct sg_index *ix, size_t n);
void sg_index_free(struct sg_index *ix);
uint64_t sg_index_hash(const void *key, size_t len);

/**
 * sg_index_find() - the slot of a key, or the free slot where it would go
 */
uint32_t *sg_index_find(const struct sg_index *ix, uint64_t hash,
			sg_index_equal equal, const void *array,
			const void *key);

#endif
