// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Timers: a binary heap of pointers, each timer knowing its place. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/loop_private.h"

uint64_t sg_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void heap_put(struct sg_loop *loop, uint32_t i, struct sg_timer *t)
{
	loop->heap[i] = t;
	t->slot = i + 1;
}

static void sift_up(struct sg_loop *loop, uint32_t i, struct sg_timer *t)
{
	while (i > 0) {
		uint32_t parent = (i - 1) / 2;

		if (loop->heap[parent]->at <= t->at)
			break;
		heap_put(loop, i, loop->heap[parent]);
		i = parent;
	}
	heap_put(loop, i, t);
}

static void sift_down(struct sg_loop *loop, uint32_t i, struct sg_timer *t)
{
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= loop->n_timers)
			break;
		if (child + 1 < loop->n_timers &&
		    loop->heap[child + 1]->at < loop->heap[child]->at)
			child++;
		if (t->at <= loop->heap[child]->at)
			break;
		heap_put(loop, i, loop->heap[child]);
		i = child;
	}
	heap_put(loop, i, t);
}

static void heap_place(struct sg_loop *loop, uint32_t i, struct sg_timer *t)
{
	if (i > 0 && t->at < loop->heap[(i - 1) / 2]->at)
		sift_up(loop, i, t);
	else
		sift_down(loop, i, t);
}

static int heap_grow(struct sg_loop *loop)
{
	uint32_t cap = loop->cap_timers ? loop->cap_timers * 2 : 64;
	struct sg_timer **heap;

	heap = reallocarray(loop->heap, cap, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	loop->heap = heap;
	loop->cap_timers = cap;
	return 0;
}

int sg_timer_set(struct sg_loop *loop, struct sg_timer *t, uint64_t at)
{
	int r;

	if (t->slot) {
		t->at = at;
		heap_place(loop, t->slot - 1, t);
		return 0;
	}
	if (loop->n_timers == loop->cap_timers) {
		r = heap_grow(loop);
		if (r)
			return r;
	}
	t->at = at;
	sift_up(loop, loop->n_timers++, t);
	return 0;
}

void sg_timer_cancel(struct sg_loop *loop, struct sg_timer *t)
{
	struct sg_timer *last;
	uint32_t i;

	if (!t->slot)
		return;
	i = t->slot - 1;
	t->slot = 0;
	last = loop->heap[--loop->n_timers];
	if (last != t)
		heap_place(loop, i, last);
}

uint64_t sg_loop_earliest(const struct sg_loop *loop)
{
	return loop->n_timers ? loop->heap[0]->at : UINT64_MAX;
}

void sg_loop_run_timers(struct sg_loop *loop)
{
	/* A timer that sets itself to the past must not keep us here. */
	uint32_t budget = loop->n_timers;
	uint64_t now;

	if (!budget)
		return;
	for (now = sg_now(); budget && sg_loop_earliest(loop) <= now;
	     budget--) {
		struct sg_timer *t = loop->heap[0];

		sg_timer_cancel(loop, t);
		t->fn(t->ctx);
	}
}
