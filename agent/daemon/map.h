/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A hash table from 64-bit keys to pointers: open addressing, constant-time
 * look-up, grows as needed. Keys are mixed with a random secret, so that nobody
 * outside can choose keys that collide.
 */
#ifndef SG_MAP_H
#define SG_MAP_H

#include <stddef.h>
#include <stdint.h>

struct sg_map_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

/** struct sg_map - zero-initialised is an empty map */
struct sg_map {
	struct sg_map_slot *slots;
	size_t mask; /* number of slots less one */
	size_t n;
	uint64_t secret;
};

/** sg_map_put() - set or replace; @value is not NULL. Return: 0 or -ENOMEM */
int sg_map_put(struct sg_map *m, uint64_t key, void *value);
/** sg_map_get() - the value, or NULL */
void *sg_map_get(const struct sg_map *m, uint64_t key);
void sg_map_del(struct sg_map *m, uint64_t key);
/** sg_map_free() - free the table, not the values */
void sg_map_free(struct sg_map *m);

/* Visits each value; the map may not change meanwhile. */
#define sg_map_for_each(m, i, var)                           \
	for ((i) = 0; (m)->slots && (i) <= (m)->mask; (i)++) \
		if (((var) = (m)->slots[i].value))

#endif
