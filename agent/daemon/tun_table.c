/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Peers, channels and labels. See tun.h for who may read and write them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tun.h"

#define LABELS_MIN 64
#define INDEX_BITS 20
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

static uint32_t label_slot(const struct tun_tables *t, uint32_t label)
{
	uint64_t x = (label ^ t->label_seed) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)(x >> 32) & t->label_mask;
}

static struct tun_label *label_probe(const struct tun_tables *t, uint32_t label)
{
	uint32_t i = label_slot(t, label);

	while (t->labels[i].label && t->labels[i].label != label)
		i = (i + 1) & t->label_mask;
	return &t->labels[i];
}

struct tun_channel *tun_label_find(const struct tun_tables *t, uint32_t label)
{
	return label_probe(t, label)->channel;
}

/* At most half full, so that a probe ends soon. */
static int labels_reserve(struct tun_tables *t)
{
	struct tun_label *old = t->labels;
	uint32_t size = t->label_mask + 1;

	if (2 * (t->n_labels + 1) <= size)
		return 0;
	t->labels = calloc(2 * (size_t)size, sizeof(*t->labels));
	if (!t->labels) {
		t->labels = old;
		return -ENOMEM;
	}
	t->label_mask = 2 * size - 1;
	for (uint32_t i = 0; i < size; i++) {
		if (old[i].label)
			*label_probe(t, old[i].label) = old[i];
	}
	free(old);
	return 0;
}

static void label_remove(struct tun_tables *t, uint32_t label)
{
	struct tun_label *l = label_probe(t, label);
	uint32_t hole = (uint32_t)(l - t->labels), i;

	if (!l->label)
		return;
	memset(l, 0, sizeof(*l));
	t->n_labels--;
	for (i = (hole + 1) & t->label_mask; t->labels[i].label;
	     i = (i + 1) & t->label_mask) {
		uint32_t home = label_slot(t, t->labels[i].label);

		if (((i - home) & t->label_mask) < ((i - hole) & t->label_mask))
			continue;
		t->labels[hole] = t->labels[i];
		memset(&t->labels[i], 0, sizeof(t->labels[i]));
		hole = i;
	}
}

int tun_tables_init(struct sg_datapath *dp)
{
	struct tun_tables *t = &dp->tables;
	int err;

	randombytes_buf(&t->label_seed, sizeof(t->label_seed));
	t->peers = calloc(dp->cfg.max_peers, sizeof(*t->peers));
	t->labels = calloc(LABELS_MIN, sizeof(*t->labels));
	t->label_mask = LABELS_MIN - 1;
	if (!t->peers || !t->labels)
		return -ENOMEM;
	err = sg_lpm_init(&t->v4, 32);
	return err ? err : sg_lpm_init(&t->v6, 128);
}

void tun_tables_free(struct sg_datapath *dp)
{
	struct tun_tables *t = &dp->tables;

	free(t->peers);
	free(t->labels);
	free(t->channels);
	sg_lpm_free(&t->v4);
	sg_lpm_free(&t->v6);
}

struct tun_channel *tun_channel_get(const struct tun_tables *t, uint32_t id)
{
	uint32_t i = id & INDEX_MASK;
	struct tun_channel *c = i < t->channels_cap ? t->channels[i] : NULL;

	return c && c->id == id ? c : NULL;
}

/* A free index; the table grows by doubling. Return: index or -errno. */
static int64_t index_get(struct tun_tables *t)
{
	static const uint32_t first = 16;
	uint32_t cap = t->channels_cap ? 2 * t->channels_cap : first;
	struct tun_channel **grown;

	for (uint32_t i = 0; i < t->channels_cap; i++) {
		uint32_t at = (t->channels_hint + i) % t->channels_cap;

		if (!t->channels[at]) {
			t->channels_hint = at + 1;
			return at;
		}
	}
	if (cap > INDEX_MASK + 1)
		return -ENOSPC;
	grown = realloc(t->channels, cap * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + t->channels_cap, 0,
	       (cap - t->channels_cap) * sizeof(*grown));
	t->channels = grown;
	t->channels_hint = t->channels_cap + 1;
	cap -= t->channels_cap;
	t->channels_cap += cap;
	return t->channels_hint - 1;
}

int tun_channel_insert(struct sg_datapath *dp, struct tun_channel *c)
{
	struct tun_tables *t = &dp->tables;
	struct tun_label *l;
	int64_t index;
	int err;

	if (tun_label_find(t, c->rx_label))
		return -EEXIST;
	err = labels_reserve(t);
	if (err)
		return err;
	index = index_get(t);
	if (index < 0)
		return (int)index;
	/* A number is not soon used again: events may still name it. */
	c->id = (uint32_t)index | ++dp->generation << INDEX_BITS;
	t->channels[index] = c;
	l = label_probe(t, c->rx_label);
	l->label = c->rx_label;
	l->channel = c;
	t->n_labels++;
	c->next = t->peers[c->peer].channels;
	t->peers[c->peer].channels = c;
	return 0;
}

void tun_channel_remove(struct sg_datapath *dp, struct tun_channel *c)
{
	struct tun_tables *t = &dp->tables;
	struct tun_peer *p = &t->peers[c->peer];
	struct tun_channel **at = &p->channels;

	label_remove(t, c->rx_label);
	t->channels[c->id & INDEX_MASK] = NULL;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (p->selected == c)
		p->selected = NULL;
}

uint32_t tun_peer_find(const struct tun_tables *t, struct tun_lookup *cache,
		       const uint8_t *addr, uint8_t family)
{
	size_t n = family == 6 ? 16 : 4;

	if (cache->family == family && !memcmp(cache->addr, addr, n))
		return cache->peer;
	cache->family = family;
	memcpy(cache->addr, addr, n);
	cache->peer = sg_lpm_find(family == 6 ? &t->v6 : &t->v4, addr);
	return cache->peer;
}
