/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Installed keys: counters, limits and replay windows of their lanes. */
#include <stdlib.h>
#include <string.h>

#include "daemon/tun.h"

/* A lane claims this many frames at a time from what its key may still seal. */
#define CLAIM_MAX 1024

static void lanes_init(struct tun_key *key, uint8_t lanes)
{
	for (uint8_t i = 0; i < lanes; i++) {
		atomic_init(&key->lanes[i].next, 0);
		atomic_init(&key->lanes[i].limit, 0);
	}
}

struct tun_key *tun_key_new(struct sg_datapath *dp, const struct sg_dp_key *k,
			    uint8_t lanes)
{
	struct tun_key *key = sg_slab_get(&dp->keys);

	if (!key)
		return NULL;
	if (k->tx) {
		key->lanes = aligned_alloc(TUN_CACHE_LINE,
					   lanes * sizeof(*key->lanes));
		if (!key->lanes)
			goto fail;
		lanes_init(key, lanes);
	}
	if (signet_aead_key_init(&key->aead, k->aead, k->key))
		goto fail;
	key->hard_ns = k->hard_ns;
	atomic_init(&key->budget, k->hard_frames);
	key->soft_left = k->soft_frames && k->soft_frames < k->hard_frames
				 ? k->hard_frames - k->soft_frames
				 : 0;
	return key;
fail:
	tun_key_free(dp, key);
	return NULL;
}

void tun_key_free(struct sg_datapath *dp, struct tun_key *k)
{
	if (!k)
		return;
	free(k->lanes);
	for (int i = 0; i < SIGNET_LANES; i++) {
		struct tun_window *w = atomic_load(&k->windows[i]);

		if (w) {
			pthread_mutex_destroy(&w->lock);
			free(w);
		}
	}
	sg_slab_put(&dp->keys, k);
}

/* Move frames from the key's budget to a lane until it covers @want. */
static uint64_t claim(struct tun_key *k, struct tun_lane *l, uint64_t want)
{
	uint64_t left = atomic_load(&k->budget), take;
	uint64_t limit = atomic_load(&l->limit);

	if (limit >= want)
		return limit;
	do {
		take = left / 64 < CLAIM_MAX ? left / 64 : CLAIM_MAX;
		if (take < want - limit)
			take = want - limit;
		if (take > left)
			take = left;
		if (!take)
			return limit;
	} while (!atomic_compare_exchange_weak(&k->budget, &left, left - take));
	return atomic_fetch_add(&l->limit, take) + take;
}

uint32_t tun_key_reserve(struct tun_key *k, uint8_t lane, uint32_t n,
			 uint64_t *first)
{
	struct tun_lane *l = &k->lanes[lane];
	uint64_t limit;

	*first = atomic_fetch_add_explicit(&l->next, n, memory_order_relaxed);
	limit = atomic_load_explicit(&l->limit, memory_order_relaxed);
	if (*first + n > limit)
		limit = claim(k, l, *first + n);
	if (*first >= limit)
		return 0;
	return *first + n <= limit ? n : (uint32_t)(limit - *first);
}

bool tun_key_soft(const struct tun_key *k)
{
	return atomic_load_explicit(&k->budget, memory_order_relaxed) <=
	       k->soft_left;
}

struct tun_window *tun_key_window(struct tun_key *k, uint8_t lane, bool make)
{
	struct tun_window *w =
		atomic_load_explicit(&k->windows[lane], memory_order_acquire);
	struct tun_window *other = NULL;

	if (w || !make)
		return w;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	if (atomic_compare_exchange_strong(&k->windows[lane], &other, w))
		return w;
	pthread_mutex_destroy(&w->lock);
	free(w);
	return other;
}
