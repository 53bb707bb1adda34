/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pairing: two nodes that know nothing of each other pin each other's identity
 * and static key by a one-time code (XXpsk3). One pairing at a time.
 */
#ifndef SG_PAIR_H
#define SG_PAIR_H

#include "daemon/node.h"

struct sg_varlink_call;

/* Default and longest time that a window stays open, in seconds. */
#define SG_PAIR_TIMEOUT	    300
#define SG_PAIR_TIMEOUT_MAX 3600

/* Names the pairing to the resolver; peers have their numbers. */
#define SG_PAIR_TOKEN UINT64_MAX

/** sg_pair_open() - open a window; keeps @call and answers it */
int sg_pair_open(struct sg_node *n, struct sg_varlink_call *call,
		 const char *name, uint32_t timeout, struct sg_error *err);

/**
 * sg_pair_accept() - pair with the node at @address that has a window open
 * @code: as typed
 */
int sg_pair_accept(struct sg_node *n, struct sg_varlink_call *call,
		   const char *address, const char *code, const char *name,
		   struct sg_error *err);

/** sg_pair_init() - an init of pattern XXpsk3 that was admitted */
int sg_pair_init(struct sg_node *n, const uint8_t *frame, size_t len,
		 const union sg_addr *from, const union sg_addr *to);
/** sg_pair_frame() - a frame with a label of the pairing */
int sg_pair_frame(struct sg_node *n, uint8_t *frame, size_t len,
		  const union sg_addr *from, const union sg_addr *to);
/** sg_pair_listens() - is a window open? */
bool sg_pair_listens(const struct sg_node *n);
/** sg_pair_responds() - the same, or one that is done and repeats its answer */
bool sg_pair_responds(const struct sg_node *n);
/** sg_pair_resolved() - the answer to a look-up of SG_PAIR_TOKEN */
void sg_pair_resolved(struct sg_node *n, int error, const union sg_addr *addrs,
		      size_t n_addrs);
/** sg_pair_stop() - end it where there is one, and tell the caller why */
void sg_pair_stop(struct sg_node *n, const char *remedy, const char *text);
/** sg_pair_destroy() - end it without an answer */
void sg_pair_destroy(struct sg_node *n);

#endif
