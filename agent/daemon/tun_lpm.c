/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tun_lpm.h"

#define LPM_MIN 16

/* The first @len bits of @addr, the rest zero, in two words. */
static void masked(const struct sg_lpm *t, const uint8_t *addr, uint8_t len,
		   uint8_t out[16])
{
	size_t whole = len / 8;

	memset(out, 0, 16);
	memcpy(out, addr, whole);
	if (len % 8)
		out[whole] = addr[whole] & (uint8_t)(0xff00 >> len % 8);
}

static uint32_t slot_of(const struct sg_lpm *t, const uint8_t a[16],
			uint8_t len)
{
	uint64_t x, y;

	memcpy(&x, a, 8);
	memcpy(&y, a + 8, 8);
	x = (x ^ t->seed ^ len) * 0x9e3779b97f4a7c15ull;
	x ^= x >> 29;
	x = (x ^ y) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(x >> 32) & t->mask;
}

static int table_alloc(struct sg_lpm *t, uint32_t size)
{
	t->entry = malloc(size * sizeof(*t->entry));
	if (!t->entry)
		return -ENOMEM;
	for (uint32_t i = 0; i < size; i++)
		t->entry[i].peer = SG_LPM_NONE;
	t->mask = size - 1;
	return 0;
}

int sg_lpm_init(struct sg_lpm *t, uint8_t bits)
{
	memset(t, 0, sizeof(*t));
	t->bits = bits;
	randombytes_buf(&t->seed, sizeof(t->seed));
	return table_alloc(t, LPM_MIN);
}

void sg_lpm_free(struct sg_lpm *t)
{
	free(t->entry);
	t->entry = NULL;
}

/* The entry of a masked prefix, or the free slot where it would go. */
static struct sg_lpm_entry *probe(const struct sg_lpm *t, const uint8_t a[16],
				  uint8_t len)
{
	uint32_t i = slot_of(t, a, len);

	for (;; i = (i + 1) & t->mask) {
		struct sg_lpm_entry *e = &t->entry[i];

		if (e->peer == SG_LPM_NONE ||
		    (e->len == len && !memcmp(e->addr, a, 16)))
			return e;
	}
}

int sg_lpm_reserve(struct sg_lpm *t, uint32_t n)
{
	struct sg_lpm_entry *old = t->entry;
	uint32_t size = t->mask + 1, old_size = size;
	int err;

	while (size < 2 * (uint64_t)(t->count + n))
		size *= 2;
	if (size == old_size)
		return 0;
	err = table_alloc(t, size);
	if (err) {
		t->entry = old;
		return err;
	}
	for (uint32_t i = 0; i < old_size; i++) {
		if (old[i].peer != SG_LPM_NONE)
			*probe(t, old[i].addr, old[i].len) = old[i];
	}
	free(old);
	return 0;
}

static void lengths_update(struct sg_lpm *t)
{
	t->n_lens = 0;
	for (int len = t->bits; len >= 0; len--) {
		if (t->per_len[len])
			t->lens[t->n_lens++] = (uint8_t)len;
	}
}

uint32_t sg_lpm_exact(const struct sg_lpm *t, const uint8_t *addr, uint8_t len)
{
	uint8_t a[16];

	masked(t, addr, len, a);
	return probe(t, a, len)->peer;
}

void sg_lpm_insert(struct sg_lpm *t, const uint8_t *addr, uint8_t len,
		   uint32_t peer)
{
	struct sg_lpm_entry *e;
	uint8_t a[16];

	masked(t, addr, len, a);
	e = probe(t, a, len);
	if (e->peer == SG_LPM_NONE) {
		memcpy(e->addr, a, 16);
		e->len = len;
		t->count++;
		if (t->per_len[len]++ == 0)
			lengths_update(t);
	}
	e->peer = peer;
}

void sg_lpm_remove(struct sg_lpm *t, const uint8_t *addr, uint8_t len)
{
	struct sg_lpm_entry *e;
	uint32_t hole, i;
	uint8_t a[16];

	masked(t, addr, len, a);
	e = probe(t, a, len);
	if (e->peer == SG_LPM_NONE)
		return;
	e->peer = SG_LPM_NONE;
	t->count--;
	if (--t->per_len[len] == 0)
		lengths_update(t);

	/* Close the gap: move back what was pushed past it. */
	hole = (uint32_t)(e - t->entry);
	for (i = (hole + 1) & t->mask; t->entry[i].peer != SG_LPM_NONE;
	     i = (i + 1) & t->mask) {
		uint32_t home = slot_of(t, t->entry[i].addr, t->entry[i].len);

		if (((i - home) & t->mask) < ((i - hole) & t->mask))
			continue;
		t->entry[hole] = t->entry[i];
		t->entry[i].peer = SG_LPM_NONE;
		hole = i;
	}
}

uint32_t sg_lpm_find(const struct sg_lpm *t, const uint8_t *addr)
{
	for (uint8_t i = 0; i < t->n_lens; i++) {
		uint32_t peer = sg_lpm_exact(t, addr, t->lens[i]);

		if (peer != SG_LPM_NONE)
			return peer;
	}
	return SG_LPM_NONE;
}
