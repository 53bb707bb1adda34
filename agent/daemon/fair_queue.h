/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inits that wait for their public-key work, served fairly by where they come
 * from: sites take turns, and within a site its subnets. An init costs about as
 * much as any other, so each turn is one init. When there is no more room the
 * longest flow loses its oldest. No time of its own, no I/O, one allocation.
 */
#ifndef SG_FAIR_QUEUE_H
#define SG_FAIR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/wire.h>

#include "common/addr.h"

/* Inits that wait at a time; each takes 1.3 KiB. */
#define SG_FAIR_MAX 512

/**
 * struct sg_source - keyed hashes of where an init comes from
 * @site: of its IPv4 /32 or IPv6 /48
 * @subnet: of its IPv4 /32 or IPv6 /64
 *
 * All that have not proved their address are one source.
 */
struct sg_source {
	uint64_t site, subnet;
};

/** struct sg_waiting - an init that waits */
struct sg_waiting {
	union sg_addr from, to;
	uint64_t since;
	bool zero; /* mac1 was made for an unknown responder (pairing) */
	uint16_t len;
	uint8_t frame[SIGNET_HANDSHAKE_MAX];
};

/* Places in an order, from first to last; links are kept apart. */
struct fair_list {
	uint16_t first, last;
};

/* A site, or a subnet of one; exists while an init of it waits. */
struct fair_flow {
	uint64_t key;
	uint32_t n;	       /* inits that wait in it */
	uint16_t site;	       /* whose subnet it is; none: it is a site */
	uint16_t chain;	       /* next with the same hash, or next free one */
	struct fair_list list; /* a site's subnets, a subnet's inits */
};

/* One more than may wait: who comes last is let in before the longest loses. */
#define FAIR_PLACES	(SG_FAIR_MAX + 1)
#define FAIR_FLOWS	(2 * FAIR_PLACES)
#define FAIR_HASH_HEADS 1024

struct sg_fair_queue {
	uint32_t n, n_sites;
	struct fair_list sites;
	uint16_t free_flow, free_init;
	uint16_t head[FAIR_HASH_HEADS];
	uint16_t next_flow[FAIR_FLOWS], next_init[FAIR_PLACES];
	struct fair_flow flow[FAIR_FLOWS];
	struct sg_waiting init[FAIR_PLACES];
};

/** sg_fair_queue_new() - Return: an empty queue to free(), or NULL */
struct sg_fair_queue *sg_fair_queue_new(void);

/** sg_fair_queue_clear() - nobody waits any more. Return: how many did */
uint32_t sg_fair_queue_clear(struct sg_fair_queue *q);

/**
 * sg_fair_queue_push() - let an init wait
 * @w: but for its frame
 * @frame: of @w->len bytes, at most SIGNET_HANDSHAKE_MAX
 * Return: false if it, or another one, had to go for it.
 */
bool sg_fair_queue_push(struct sg_fair_queue *q, const struct sg_source *src,
			const struct sg_waiting *w, const uint8_t *frame);

/**
 * sg_fair_queue_pop() - whose turn it is
 * @since: those that came before are passed over
 * @late: how many those were is added
 * Return: valid until the next push, or NULL
 */
const struct sg_waiting *sg_fair_queue_pop(struct sg_fair_queue *q,
					   uint64_t since, uint64_t *late);

#endif
