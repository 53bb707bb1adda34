/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A bounded queue of entries of any size from one worker to the main thread:
 * one producer, one consumer, no lock.
 */
#ifndef SG_TUN_QUEUE_H
#define SG_TUN_QUEUE_H

#include <stdatomic.h>

#include "daemon/datapath.h"

enum sg_queue_type {
	SG_QUEUE_SKIP, /* filler up to the end of the ring */
	SG_QUEUE_FRAME,
	SG_QUEUE_ENDPOINT,
	SG_QUEUE_CONFIRMED,
	SG_QUEUE_WANTED,
	SG_QUEUE_REKEY,
	SG_QUEUE_ACTIVE,
	SG_QUEUE_PMTU,
	SG_QUEUE_PACKET,
};

/**
 * struct sg_queue_entry - head of an entry; @len bytes follow
 * @number: channel or peer
 * @value: key id, reason or MTU
 */
struct sg_queue_entry {
	uint32_t type;
	uint32_t len;
	uint32_t number;
	uint32_t value;
	union sg_addr from, to;
};

struct sg_queue {
	uint8_t *ring;
	uint32_t size;			    /* power of two */
	_Alignas(64) _Atomic uint32_t head; /* written by the producer */
	_Alignas(64) _Atomic uint32_t tail; /* written by the consumer */
};

/** sg_queue_init() - @size: bytes, a power of two; Return: 0 or -ENOMEM */
int sg_queue_init(struct sg_queue *q, uint32_t size);
void sg_queue_free(struct sg_queue *q);

/** sg_queue_push() - copy an entry in; Return: false if there is no room */
bool sg_queue_push(struct sg_queue *q, const struct sg_queue_entry *e,
		   const uint8_t *data);

/** sg_queue_peek() - oldest entry, valid until sg_queue_pop(), or NULL */
struct sg_queue_entry *sg_queue_peek(struct sg_queue *q, uint8_t **data);
void sg_queue_pop(struct sg_queue *q);

#endif
