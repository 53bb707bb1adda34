/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two nodes with a session each and a network between them that loses, delays,
 * reorders and repeats, under a virtual clock and a seeded generator; after
 * cmocka.h. The nodes' environment and their data path are in session_node.h.
 */
#ifndef SG_TEST_SESSION_NET_H
#define SG_TEST_SESSION_NET_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <signet/core/session.h>

#include "handshake_sides.h"

#define MS	 1000000ULL
#define SEC	 SIGNET_SECOND
#define FOREVER	 UINT64_MAX
#define START	 (1000 * SEC)
#define QUEUE	 1024
#define LABELS	 512
#define CHANNELS 8
#define PACKETS	 65536
#define FRAME	 1400

/* What the network does. */
struct weather {
	unsigned int loss;	/* per mille */
	unsigned int burst;	/* per mille: a burst of losses begins */
	unsigned int burst_len; /* frames */
	unsigned int duplicate; /* per mille */
	uint64_t delay;
	uint64_t jitter; /* reorders */
};

struct datagram {
	uint64_t at;
	uint8_t from, to; /* addresses */
	size_t len;
	uint8_t b[FRAME];
};

/* One direction of one key in the data path. */
struct dp_key {
	bool used;
	uint8_t raw[SIGNET_AEAD_KEY_LEN];
	uint64_t hard;
	uint64_t counter;	     /* tx */
	bool confirmed;		     /* rx */
	struct signet_replay replay; /* rx */
};

struct dp_channel {
	struct signet_channel *c;
	struct dp_key rx[SIGNET_KEY_IDS], tx[SIGNET_KEY_IDS];
	int tx_id;  /* selected, or -1 */
	uint8_t to; /* address */
	uint64_t rx_last, tx_last;
	bool watch;
	bool takes_over; /* with its first frame, as in the kernel */
	uint64_t seen_at;
};

struct net;

struct node {
	struct net *net;
	struct side side;
	struct side *other;
	struct signet_session s;
	struct signet_session_env env;
	uint8_t address;
	uint8_t peer_address; /* where it believes the other to be */
	bool knows_address;
	int64_t wall_offset;
	bool off; /* hears and does nothing */
	bool first_contact;
	bool under_load;
	uint8_t cookie_secret[SIGNET_MAC_LEN];

	/* an XX handshake that waits for its finish */
	struct signet_handshake xx;
	uint8_t xx_from;

	uint64_t number;
	uint32_t labels[LABELS];
	unsigned int live_labels, free_labels;
	struct dp_channel dp[CHANNELS];
	struct dp_channel *selected;
	uint64_t wanted_at; /* last time that a packet asked for one */

	/* what was seen */
	size_t memory, memory_most;
	unsigned int blocks;
	unsigned int sent[8]; /* frames by type */
	unsigned int got[8];  /* that were taken */
	unsigned int events[8];
	uint64_t last_detail[8];
	unsigned int remembered, gone, opened, keys_added;
	unsigned int owed; /* send_history() */
	struct signet_channel *owes;
	unsigned int records;
	int drop;		/* of the last frame that was refused */
	unsigned int packets;	/* sent */
	unsigned int delivered; /* of the other's */
	uint8_t seen[PACKETS / 8];

	/* what is to fail: counts down, at 0 the call fails; -1 never */
	int fail_alloc, fail_label, fail_number, fail_open, fail_key,
		fail_select;
	bool fail_for_good;
};

struct net {
	uint64_t now;
	uint64_t rng;
	struct weather weather;
	unsigned int burst_left;
	struct node node[2];
	struct datagram queue[QUEUE];
	unsigned int flying;
	/* sees every datagram before the weather; false: it does not travel */
	bool (*tap)(struct net *net, struct datagram *d);
	void *tap_arg;
	unsigned int steps;
};

static inline uint32_t rnd(struct net *n)
{
	n->rng ^= n->rng << 13;
	n->rng ^= n->rng >> 7;
	n->rng ^= n->rng << 17;
	return n->rng >> 16;
}

static inline bool chance(struct net *n, unsigned int per_mille)
{
	return per_mille && rnd(n) % 1000 < per_mille;
}

static inline struct signet_endpoint endpoint_of(uint8_t remote, uint8_t local)
{
	struct signet_endpoint ep = { { remote, 1 }, { local, 1 } };

	return ep;
}

/* Let a datagram travel, whatever the weather. */
static inline void fly(struct net *n, uint8_t from, uint8_t to,
		       const uint8_t *b, size_t len, uint64_t at)
{
	struct datagram *d = &n->queue[n->flying];

	if (n->flying == QUEUE)
		return;
	n->flying++;
	d->at = at;
	d->from = from;
	d->to = to;
	d->len = len;
	memcpy(d->b, b, len);
}

static inline void transmit(struct net *n, uint8_t from, uint8_t to,
			    const uint8_t *b, size_t len)
{
	const struct weather *w = &n->weather;
	struct datagram d = { .from = from, .to = to, .len = len };

	assert_true(len <= sizeof(d.b));
	memcpy(d.b, b, len);
	if (n->tap && !n->tap(n, &d))
		return;
	for (int copies = 1 + chance(n, w->duplicate); copies; copies--) {
		uint64_t late = w->jitter ? rnd(n) * MS / 1000 % w->jitter : 0;

		if (chance(n, w->burst))
			n->burst_left = w->burst_len;
		if (n->burst_left) {
			n->burst_left--;
			continue;
		}
		if (!chance(n, w->loss))
			fly(n, d.from, d.to, d.b, d.len,
			    n->now + w->delay + late);
	}
}

/* Wall clock of a node: what it is told, whatever the truth. */
static inline int64_t wall_of(const struct node *n)
{
	return WALL + (int64_t)(n->net->now / SEC) - (int64_t)(START / SEC) +
	       n->wall_offset;
}

static inline struct node *other_of(struct node *n)
{
	return n == &n->net->node[0] ? &n->net->node[1] : &n->net->node[0];
}

#endif
