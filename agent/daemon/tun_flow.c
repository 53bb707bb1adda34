// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tun_flow.h"

int sg_flows_init(struct sg_flows *t, uint32_t sets)
{
	t->flow = calloc((size_t)sets * SG_FLOW_WAYS, sizeof(*t->flow));
	if (!t->flow)
		return -ENOMEM;
	t->mask = sets - 1;
	randombytes_buf(&t->seed, sizeof(t->seed));
	for (int i = 0; i < SG_FLOW_LOCKS; i++)
		pthread_mutex_init(&t->lock[i], NULL);
	return 0;
}

void sg_flows_free(struct sg_flows *t)
{
	free(t->flow);
	t->flow = NULL;
}

/* Peers choose no keys but ports of their own; the seed does the rest. */
static uint32_t set_of(const struct sg_flows *t,
		       const struct signet_flow_key *k)
{
	uint64_t x = t->seed, word[6] = { 0 };

	memcpy(word, k, sizeof(*k));
	for (size_t i = 0; i < 6; i++) {
		x = (x ^ word[i]) * 0x9e3779b97f4a7c15ull;
		x ^= x >> 29;
	}
	return (uint32_t)(x >> 32) & t->mask;
}

/* The flow's place, or NULL; @oldest: which one is to be given up for it. */
static struct sg_flow *find(struct sg_flow *set,
			    const struct signet_flow_key *k,
			    struct sg_flow **oldest)
{
	*oldest = set;
	for (struct sg_flow *f = set; f < set + SG_FLOW_WAYS; f++) {
		if (f->last_ns && !memcmp(&f->key, k, sizeof(*k)))
			return f;
		if (f->last_ns < (*oldest)->last_ns)
			*oldest = f;
	}
	return NULL;
}

/* Another worker may have read the clock after this one. */
static uint64_t idle_ns(const struct sg_flow *f, uint64_t now_ns)
{
	return now_ns > f->last_ns ? now_ns - f->last_ns : 0;
}

static void count(struct sg_flow *f, const struct sg_flow_seen *s)
{
	if (s->now_ns > f->last_ns)
		f->last_ns = s->now_ns;
	f->packets += s->packets;
	f->bytes += s->bytes;
}

static bool known(const struct sg_flow *f, const struct sg_flow_seen *s)
{
	return f && f->generation == s->generation &&
	       f->verdict == s->verdict &&
	       idle_ns(f, s->now_ns) <= signet_flow_idle_ns(f->key.proto);
}

bool sg_flows_hit(struct sg_flows *t, const struct sg_flow_seen *s)
{
	uint32_t set = set_of(t, &s->key);
	struct sg_flow *f, *oldest;
	bool hit;

	pthread_mutex_lock(&t->lock[set % SG_FLOW_LOCKS]);
	f = find(&t->flow[set * SG_FLOW_WAYS], &s->key, &oldest);
	hit = known(f, s);
	if (hit)
		count(f, s);
	pthread_mutex_unlock(&t->lock[set % SG_FLOW_LOCKS]);
	return hit;
}

void sg_flows_note(struct sg_flows *t, const struct sg_flow_seen *s)
{
	uint32_t set = set_of(t, &s->key);
	struct sg_flow *f, *oldest;

	pthread_mutex_lock(&t->lock[set % SG_FLOW_LOCKS]);
	f = find(&t->flow[set * SG_FLOW_WAYS], &s->key, &oldest);
	if (!known(f, s)) {
		f = f ? f : oldest;
		*f = (struct sg_flow){
			.key = s->key,
			.generation = s->generation,
			.verdict = s->verdict,
		};
	}
	count(f, s);
	pthread_mutex_unlock(&t->lock[set % SG_FLOW_LOCKS]);
}

size_t sg_flows_read(struct sg_flows *t, struct sg_dp_flow *out, size_t cap,
		     uint64_t now_ns)
{
	size_t n = 0;

	for (uint32_t set = 0; t->flow && set <= t->mask && n < cap; set++) {
		pthread_mutex_lock(&t->lock[set % SG_FLOW_LOCKS]);
		for (int i = 0; i < SG_FLOW_WAYS && n < cap; i++) {
			struct sg_flow *f = &t->flow[set * SG_FLOW_WAYS + i];

			if (!f->last_ns)
				continue;
			out[n++] = (struct sg_dp_flow){
				.key = f->key,
				.verdict = f->verdict,
				.packets = f->packets,
				.bytes = f->bytes,
				.idle_ns = idle_ns(f, now_ns),
			};
		}
		pthread_mutex_unlock(&t->lock[set % SG_FLOW_LOCKS]);
	}
	return n;
}
