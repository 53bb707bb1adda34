/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two engines of reliable messages and a network between them that loses,
 * delays, reorders and repeats, under a virtual clock and a seeded generator.
 */
#ifndef SIGNET_TESTS_RELIABLE_NET_H
#define SIGNET_TESTS_RELIABLE_NET_H

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signet/core/reliable.h>

#define MS	  1000000ULL
#define SEC	  1000000000ULL
#define NEVER	  UINT64_MAX
#define QUEUE	  4096
#define MAX_ITEMS 512

/* What the network does, in each direction. */
struct weather {
	unsigned int loss;	/* per mille */
	unsigned int duplicate; /* per mille */
	uint64_t delay;
	uint64_t jitter;
	uint64_t dark_from; /* everything is lost between these */
	uint64_t dark_to;
	uint64_t byte_time; /* of the bottleneck; 0: none */
	uint64_t queue;	    /* its length in time */
};

struct flying {
	uint64_t at;
	int to;
	uint16_t len;
	uint8_t data[SIGNET_RECORDS_MAX];
};

struct side {
	struct signet_reliable *r;
	void *mem;
	size_t size;
	uint32_t lens[MAX_ITEMS];
	unsigned int items; /* to send */
	unsigned int given; /* taken by the engine */
	unsigned int reported;
	unsigned int failed;
	unsigned int delivered; /* of the other side's */
	bool seen[MAX_ITEMS];
	uint64_t hold; /* release this long after delivery */
	uint64_t held_id[MAX_ITEMS];
	uint64_t held_at[MAX_ITEMS];
	unsigned int held, released;
	uint64_t link_free;
	uint64_t frames;
};

struct net {
	uint64_t now;
	uint64_t rng;
	struct weather weather;
	struct side side[2];
	struct flying queue[QUEUE];
	unsigned int flying;
};

static inline uint32_t rnd(struct net *n)
{
	n->rng ^= n->rng << 13;
	n->rng ^= n->rng >> 7;
	n->rng ^= n->rng << 17;
	return n->rng >> 16;
}

/* The bytes of item @item that side @side sends: a place in a long noise. */
static inline const uint8_t *content(int side, unsigned int item)
{
	static uint8_t noise[SIGNET_RELIABLE_MESSAGE_MAX + 2 * MAX_ITEMS * 7];
	uint32_t i, x = 1;

	for (i = 0; !noise[0] && i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[sizeof(noise) - 1 - i] = x >> 24 | 1u << (i % 8);
	}
	return noise + (side * MAX_ITEMS + item) * 7;
}

static inline void net_engine(struct side *s,
			      const struct signet_reliable_limits *limits)
{
	s->size = signet_reliable_size(limits);
	assert_true(s->size > 0);
	/* A canary after the memory that was asked for. */
	s->mem = malloc(s->size + 64);
	assert_non_null(s->mem);
	memset(s->mem, 0x5a, s->size + 64);
	assert_int_equal(signet_reliable_init(s->mem, s->size, limits, &s->r),
			 0);
}

static inline struct net *net_new(uint64_t seed, const struct weather *w,
				  const struct signet_reliable_limits *limits)
{
	struct net *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	n->rng = seed * 0x9e3779b97f4a7c15ULL + 1;
	n->now = SEC;
	n->weather = *w;
	net_engine(&n->side[0], limits);
	net_engine(&n->side[1], limits);
	return n;
}

static inline void net_free(struct net *n)
{
	uint8_t *end;
	int i, j;

	for (i = 0; i < 2; i++) {
		end = (uint8_t *)n->side[i].mem + n->side[i].size;
		for (j = 0; j < 64; j++)
			assert_int_equal(end[j], 0x5a);
		free(n->side[i].mem);
	}
	free(n);
}

static inline void net_add(struct net *n, int side, uint32_t len)
{
	struct side *s = &n->side[side];

	assert_true(s->items < MAX_ITEMS);
	s->lens[s->items++] = len;
}

static inline void fly(struct net *n, int to, const uint8_t *data, size_t len,
		       uint64_t at)
{
	struct flying *f;

	if (n->flying == QUEUE)
		return;
	f = &n->queue[n->flying++];
	f->at = at;
	f->to = to;
	f->len = len;
	memcpy(f->data, data, len);
}

static inline void net_send(struct net *n, int from, const uint8_t *data,
			    size_t len)
{
	struct side *s = &n->side[from];
	struct weather *w = &n->weather;
	uint64_t at = n->now;

	s->frames++;
	if (n->now >= w->dark_from && n->now < w->dark_to)
		return;
	if (rnd(n) % 1000 < w->loss)
		return;
	if (w->byte_time) {
		if (s->link_free < n->now)
			s->link_free = n->now;
		if (s->link_free - n->now > w->queue)
			return;
		s->link_free += (len + 68) * w->byte_time;
		at = s->link_free;
	}
	at += w->delay + (w->jitter ? rnd(n) % w->jitter : 0);
	fly(n, !from, data, len, at);
	if (rnd(n) % 1000 < w->duplicate)
		fly(n, !from, data, len, at + rnd(n) % (20 * MS));
}

static inline void net_receive(struct net *n, int to, const uint8_t *data,
			       size_t len)
{
	struct signet_record_reader reader;
	struct signet_record rec;

	assert_int_equal(signet_record_reader_init(&reader, data, len), 0);
	while (signet_record_next(&reader, &rec) > 0)
		assert_int_equal(signet_reliable_receive_record(
					 n->side[to].r, rec.kind, rec.body,
					 rec.len, n->now),
				 0);
}

static inline void app_take(struct net *n, int side)
{
	struct side *s = &n->side[side], *peer = &n->side[!side];
	struct signet_reliable_message m;

	while (signet_reliable_poll_message(s->r, &m)) {
		assert_true(m.id < peer->given);
		assert_false(s->seen[m.id]);
		s->seen[m.id] = true;
		assert_int_equal(m.len, peer->lens[m.id]);
		assert_int_equal(m.service, m.id % 5);
		assert_memory_equal(m.data, content(!side, m.id), m.len);
		s->delivered++;
		s->held_id[s->held] = m.id;
		s->held_at[s->held++] = n->now + s->hold;
	}
	while (s->released < s->held && s->held_at[s->released] <= n->now)
		assert_int_equal(
			signet_reliable_release(s->r, s->held_id[s->released++],
						n->now),
			0);
}

static inline void app_give(struct net *n, int side)
{
	struct side *s = &n->side[side];
	uint64_t id;
	int ret;

	while (signet_reliable_poll_sent(s->r, &id, &ret)) {
		assert_true(id < s->given);
		s->reported++;
		s->failed += ret != 0;
		if (!ret)
			assert_true(n->side[!side].seen[id]);
	}
	for (; s->given < s->items; s->given++) {
		ret = signet_reliable_send(s->r, s->given % 5,
					   content(side, s->given),
					   s->lens[s->given], n->now, &id);
		if (ret == -EAGAIN || ret == -ETIMEDOUT)
			break;
		assert_int_equal(ret, 0);
		assert_int_equal(id, s->given);
	}
}

static inline void net_pump(struct net *n, int side)
{
	struct signet_record_writer w;
	uint8_t buf[SIGNET_RECORDS_MAX];
	struct signet_reliable *r = n->side[side].r;
	unsigned int burst = 0;

	app_take(n, side);
	app_give(n, side);
	for (;;) {
		signet_record_writer_init(&w, buf, sizeof(buf));
		w.len = signet_reliable_next_records(r, buf, w.cap, n->now);
		if (!w.len)
			break;
		assert_true(++burst <= 64);
		assert_true(signet_record_finish(&w) <= sizeof(buf));
		net_send(n, side, buf, w.len);
	}
	app_give(n, side);
	/* Whoever has nothing to say must not ask to be called at once. */
	assert_true(signet_reliable_deadline(r) > n->now);
}

static inline uint64_t net_next(const struct net *n)
{
	uint64_t t, at = NEVER;
	unsigned int i;

	for (i = 0; i < n->flying; i++)
		at = n->queue[i].at < at ? n->queue[i].at : at;
	for (i = 0; i < 2; i++) {
		const struct side *s = &n->side[i];

		t = signet_reliable_deadline(s->r);
		at = t < at ? t : at;
		if (s->released < s->held && s->held_at[s->released] < at)
			at = s->held_at[s->released];
	}
	return at;
}

static inline bool net_done(const struct net *n)
{
	const struct side *a = &n->side[0], *b = &n->side[1];

	return a->reported == a->items && b->reported == b->items;
}

static inline void net_deliver(struct net *n)
{
	struct flying f;
	unsigned int i = 0;

	while (i < n->flying) {
		if (n->queue[i].at > n->now) {
			i++;
			continue;
		}
		f = n->queue[i];
		n->queue[i] = n->queue[--n->flying];
		net_receive(n, f.to, f.data, f.len);
	}
}

/* Run until all that was to be sent was reported, or until @limit. */
static inline void net_run(struct net *n, uint64_t limit)
{
	uint64_t next;

	net_pump(n, 0);
	net_pump(n, 1);
	while (!net_done(n) && n->now < limit) {
		next = net_next(n);
		if (next == NEVER)
			break;
		assert_true(next > n->now);
		n->now = next;
		net_deliver(n);
		net_pump(n, 0);
		net_pump(n, 1);
	}
}

#endif
