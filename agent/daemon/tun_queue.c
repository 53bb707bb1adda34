/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "daemon/tun_queue.h"

#define HEAD_LEN sizeof(struct sg_queue_entry)

static uint32_t entry_len(uint32_t data_len)
{
	return (uint32_t)((HEAD_LEN + data_len + 15) & ~15ul);
}

int sg_queue_init(struct sg_queue *q, uint32_t size)
{
	q->ring = aligned_alloc(64, size);
	q->size = size;
	atomic_init(&q->head, 0);
	atomic_init(&q->tail, 0);
	return q->ring ? 0 : -ENOMEM;
}

void sg_queue_free(struct sg_queue *q)
{
	/* Opened packets have been in it. */
	if (q->ring)
		sodium_memzero(q->ring, q->size);
	free(q->ring);
	q->ring = NULL;
}

bool sg_queue_push(struct sg_queue *q, const struct sg_queue_entry *e,
		   const uint8_t *data)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);
	uint32_t at = head & (q->size - 1), need = entry_len(e->len);
	uint32_t skip = at + need > q->size ? q->size - at : 0;
	uint32_t type = SG_QUEUE_SKIP;

	if (need + skip > q->size - (head - tail))
		return false;
	if (skip) {
		memcpy(q->ring + at, &type, sizeof(type));
		at = 0;
	}
	memcpy(q->ring + at, e, HEAD_LEN);
	if (e->len)
		memcpy(q->ring + at + HEAD_LEN, data, e->len);
	atomic_store_explicit(&q->head, head + skip + need,
			      memory_order_release);
	return true;
}

struct sg_queue_entry *sg_queue_peek(struct sg_queue *q, uint8_t **data)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	struct sg_queue_entry *e;

	for (;;) {
		uint32_t at = tail & (q->size - 1);

		if (tail ==
		    atomic_load_explicit(&q->head, memory_order_acquire))
			return NULL;
		e = (struct sg_queue_entry *)(void *)(q->ring + at);
		if (e->type != SG_QUEUE_SKIP)
			break;
		tail += q->size - at;
		atomic_store_explicit(&q->tail, tail, memory_order_release);
	}
	*data = (uint8_t *)e + HEAD_LEN;
	return e;
}

void sg_queue_pop(struct sg_queue *q)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	struct sg_queue_entry *e =
		(struct sg_queue_entry *)(void *)(q->ring +
						  (tail & (q->size - 1)));

	atomic_store_explicit(&q->tail, tail + entry_len(e->len),
			      memory_order_release);
}
