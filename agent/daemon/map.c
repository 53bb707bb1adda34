// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include <sodium.h>

#include "daemon/map.h"

#define MIN_SLOTS 64

static size_t place(const struct sg_map *m, uint64_t key)
{
	uint64_t h = (key ^ m->secret) * 0x9e3779b97f4a7c15ULL;

	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ULL;
	h ^= h >> 32;
	return h & m->mask;
}

static struct sg_map_slot *find(const struct sg_map *m, uint64_t key)
{
	size_t i = place(m, key);

	while (m->slots[i].value && m->slots[i].key != key)
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

static int resize(struct sg_map *m, size_t slots)
{
	struct sg_map old = *m;

	m->slots = calloc(slots, sizeof(*m->slots));
	if (!m->slots) {
		m->slots = old.slots;
		return -ENOMEM;
	}
	m->mask = slots - 1;
	if (!m->secret)
		randombytes_buf(&m->secret, sizeof(m->secret));
	for (size_t i = 0; old.slots && i <= old.mask; i++) {
		if (old.slots[i].value)
			*find(m, old.slots[i].key) = old.slots[i];
	}
	free(old.slots);
	return 0;
}

int sg_map_put(struct sg_map *m, uint64_t key, void *value)
{
	struct sg_map_slot *s;
	int err = 0;

	/* To replace a value takes no memory, and never fails. */
	s = m->slots ? find(m, key) : NULL;
	if (s && s->value) {
		s->value = value;
		return 0;
	}
	if (!m->slots)
		err = resize(m, MIN_SLOTS);
	else if (m->n * 2 > m->mask)
		err = resize(m, (m->mask + 1) * 2);
	if (err)
		return err;
	s = find(m, key);
	m->n++;
	s->key = key;
	s->value = value;
	return 0;
}

void *sg_map_get(const struct sg_map *m, uint64_t key)
{
	return m->slots ? find(m, key)->value : NULL;
}

/* Close the gap: no tombstones, so look-ups stay short for ever. */
void sg_map_del(struct sg_map *m, uint64_t key)
{
	struct sg_map_slot *s;
	size_t gap, i;

	if (!m->slots)
		return;
	s = find(m, key);
	if (!s->value)
		return;
	s->value = NULL;
	m->n--;
	gap = s - m->slots;
	for (i = (gap + 1) & m->mask; m->slots[i].value;
	     i = (i + 1) & m->mask) {
		size_t home = place(m, m->slots[i].key);

		if (((i - home) & m->mask) < ((i - gap) & m->mask))
			continue;
		m->slots[gap] = m->slots[i];
		m->slots[i].value = NULL;
		gap = i;
	}
}

void sg_map_free(struct sg_map *m)
{
	free(m->slots);
	m->slots = NULL;
	m->mask = m->n = 0;
}
