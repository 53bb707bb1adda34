/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Admission of handshakes: what an init must pass before anything costly is
 * done for it, cheapest first: form, mac1, under load a cookie, the rate of its
 * prefix. Then it waits in a queue that is fair to where inits come from, and a
 * few are worked on in each turn of the loop, after all that concerns channels
 * which are there. Nothing is stored for a source that has not proved its
 * address, but for its place in that queue.
 */
#ifndef SG_ADMISSION_H
#define SG_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/wire.h>

#include "common/addr.h"
#include "daemon/fair_queue.h"
#include "daemon/loop.h"

struct sg_node;

/* Prefixes whose rate is remembered at a time; older ones make room. */
#define SG_ADMISSION_BUCKETS 4096
/* Their secret is changed after this, and good for as long again. */
#define SG_COOKIE_LIFE	     (120 * 1000000000ULL)
/* Cookies that are sent in a second, at most, to all together. */
#define SG_ADMISSION_COOKIES 20000
/* Inits that are worked on in one turn of the loop: half a millisecond or so
 * that all else may have to wait. */
#define SG_ADMISSION_TURN    2
/* Who has waited longer has sent another init, and forgotten this one. */
#define SG_ADMISSION_WAIT    1000000000ULL

struct sg_bucket {
	uint64_t key; /* hash of the prefix, 0: free */
	uint64_t filled_ns;
	uint64_t tokens; /* thousandths */
	uint32_t scale;	 /* times PrefixRate and PrefixBurst */
};

/** struct sg_admission_rates - what happened in one second */
struct sg_admission_rates {
	uint32_t inits, worked, cookies;
};

struct sg_admission {
	uint8_t secret[2][SIGNET_MAC_LEN]; /* current, previous */
	uint8_t bucket_secret[SIGNET_MAC_LEN];
	uint64_t secret_ns;
	uint8_t mac1_key[SIGNET_MAC_LEN];      /* for our identity */
	uint8_t mac1_zero[SIGNET_MAC_LEN];     /* for "whoever you are" */
	uint64_t second;		       /* that @rates are of */
	struct sg_admission_rates rates, last; /* of the second before */
	uint64_t all_inits, all_worked, all_cookies;
	uint64_t work_at; /* from then on another may be worked on */
	struct sg_bucket *buckets;
	struct sg_fair_queue *queue;
	struct sg_timer timer; /* set while inits wait */
};

int sg_admission_init(struct sg_node *n);
void sg_admission_destroy(struct sg_node *n);

/**
 * sg_admission_turn() - count anew and change the secret, if it is time for that
 * Return: whether the secret has changed.
 */
bool sg_admission_turn(struct sg_node *n);

/** sg_admission_loaded() - are cookies asked for at the moment? */
bool sg_admission_loaded(const struct sg_node *n);

/**
 * sg_admission_take() - let a parsed init wait for its turn, if it may
 *
 * sg_incoming_init() is called for it from the loop.
 * Return: 0 or the reason to drop it; a cookie may have been sent.
 */
int sg_admission_take(struct sg_node *n, const uint8_t *frame, size_t len,
		      const union sg_addr *from, const union sg_addr *to);

/** sg_admission_clear() - forget who waits */
void sg_admission_clear(struct sg_node *n);

/**
 * sg_admission_source() - where an init comes from, as keyed hashes
 * @proven: it has shown that it receives at that address
 */
void sg_admission_source(const struct sg_admission *a,
			 const union sg_addr *from, bool proven,
			 struct sg_source *src);

/** sg_admission_sources() - prefixes that have used up some of their rate */
uint32_t sg_admission_sources(const struct sg_node *n);

#endif
