/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AEAD keys: one for one direction of a channel. A slot is filled once; a
 * key ends by its limits, by netlink, or when the machine was cloned or
 * resumed, and is wiped after a grace period.
 */
#ifndef SIGNET_KMOD_KEY_H
#define SIGNET_KMOD_KEY_H

#include <linux/cache.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/timekeeping.h>

#include "channel.h"
#include "clone.h"
#include "replay.h"

struct crypto_aead;

/* consecutive failed openings under one key that ask for a new one */
#define SIGNET_FAILURES_SOFT 1024

enum signet_key_flag {
	SIGNET_KEY_ASYNC,     /* its AEAD answers later: never inline */
	SIGNET_KEY_TOLD,      /* rekey-wanted was sent */
	SIGNET_KEY_CONFIRMED, /* a frame opened under it */
	SIGNET_KEY_DEAD,      /* taken out of its slot: refuse */
	SIGNET_KEY_SIMD,      /* its AEAD answers at once where SIMD is usable */
	SIGNET_KEY_SPENT,     /* a lane sealed all frames that it may */
	SIGNET_KEY_LANE,      /* a frame opened in one of its lanes */
};

/* counter of one lane: the next to be used; each in another cache line */
struct signet_tx_lane {
	atomic64_t next;
	u8 apart[SMP_CACHE_BYTES - sizeof(atomic64_t)];
};

/* window of one lane; the same */
struct signet_rx_lane {
	struct signet_replay window;
	u8 apart[ALIGN(sizeof(struct signet_replay), SMP_CACHE_BYTES) -
		 sizeof(struct signet_replay)];
};

/**
 * struct signet_key - one key
 * @channel: that it belongs to; not held, valid while the key is in its slot or under RCU
 * @born, @soft_ns, @hard_ns: boottime ns; U64_MAX never
 * @soft_frames, @hard_frames: over all lanes; U64_MAX never
 * @lane_soft, @lane_hard: the share of one lane; of a receiver only the
 *	latter, and 0 once a lane was above it
 * @odd_lanes: so many lanes, the first ones, may seal one more than @lane_hard
 * @machine: that it was made for
 * @failures: frames that did not open
 * @opened_then: receive: sum of the windows' ends when @failures was last
 *	looked at
 * @tfm: of AES-256-GCM
 * @secret: of ChaCha20-Poly1305: words of the key
 * @n_lanes: length of @tx or @rx
 * @next: transmit: of the channel; RCU, written under sd->lock
 * @dead: among those that wait to be freed
 * @rx: receive
 * @tx: transmit
 *
 * What each frame reads comes first. What is written begins with a cache line
 * that frames have no other use for, so that the first lane's counter can be
 * in it, or its window but for the bits: a key with one lane has three lines.
 */
struct signet_key {
	struct signet_channel *channel;
	union {
		struct crypto_aead *tfm;
		u32 secret[SIGNET_AEAD_KEY_LEN / sizeof(u32)];
	};
	u8 id;
	u8 direction;
	u8 cipher;
	u8 n_lanes;
	u32 odd_lanes;
	unsigned long flags;
	u64 soft_ns;
	u64 hard_ns;
	u64 lane_soft;
	u64 lane_hard;
	struct signet_clone_id machine;
	u64 born;
	u64 soft_frames;
	u64 hard_frames;
	atomic64_t failures ____cacheline_aligned_in_smp;
	union {
		u64 opened_then;
		struct signet_key __rcu *next;
	};
	struct kref ref;
	union {
		struct rcu_head rcu;
		struct llist_node dead;
	};
	union {
		DECLARE_FLEX_ARRAY(struct signet_rx_lane, rx);
		DECLARE_FLEX_ARRAY(struct signet_tx_lane, tx);
	};
};

struct signet_key_config {
	u8 id;
	u8 direction;
	u8 cipher;
	const u8 *secret; /* 32 bytes */
	u64 soft_ms, hard_ms; /* U64_MAX: never */
	u64 soft_frames, hard_frames; /* U64_MAX: never */
};

/* RCU or sd->lock; the key in a slot, or NULL */
struct signet_key *signet_key_in(const struct signet_channel *ch,
				 unsigned int direction, unsigned int id);
/* sd->lock; -EEXIST slot filled; -ENOPKG cipher not in this kernel */
int signet_key_new(struct signet_channel *ch,
		   const struct signet_key_config *cfg,
		   struct netlink_ext_ack *extack);
/* sd->lock; take out of its slot at once, wipe after a grace period */
void signet_key_del(struct signet_key *key);
/* sd->lock; -ENOENT no such transmit key; -EKEYEXPIRED */
int signet_key_swap(struct signet_channel *ch, u8 key_id,
		    struct netlink_ext_ack *extack);
void signet_key_get(struct signet_key *key);
void signet_key_put(struct signet_key *key); /* any context */

/* RCU: the receive key, or NULL */
static inline struct signet_key *signet_key_rx(struct signet_channel *ch,
					       u8 key_id)
{
	return rcu_dereference(ch->rx_keys[key_id]);
}

/* exact to a tick; nothing is sealed or opened after */
static inline bool signet_key_expired(const struct signet_key *key)
{
	return test_bit(SIGNET_KEY_SPENT, &key->flags) ||
	       ktime_get_coarse_boottime_ns() >= key->hard_ns;
}

/**
 * signet_key_reserve() - take @n counters of a lane at once
 * Context: RCU. Sends rekey-wanted when a soft limit is crossed.
 * Return: 0 and the first in @counter; -EKEYEXPIRED past a hard limit.
 */
int signet_key_reserve(struct signet_key *key, u8 lane, unsigned int n,
		       u64 *counter);

/**
 * signet_key_check() - may @counter be sealed or opened now?
 * Context: RCU or a reference. Any age, dead or not, hard limits of time and
 * frames, a clone of the machine it was made for; sends rekey-wanted when a soft limit is crossed.
 * Return: 0; -EKEYEXPIRED
 */
int signet_key_check(struct signet_key *key, u8 lane, u64 counter);

/* counters of a lane that were taken; what was refused does not count */
u64 signet_key_sealed(const struct signet_key *key, u8 lane);

/**
 * signet_key_sealed_all() - are frames of a receive key beyond its end?
 * @lane: of a frame with @counter, which is not below @key->lane_hard
 *
 * So many frames at least were sealed as the lanes' highest counters add up to.
 * Lanes that are opened at the same time may go beyond by a run each.
 * Context: RCU or a reference
 */
bool signet_key_sealed_all(struct signet_key *key, u8 lane, u64 counter);

/* a frame has opened under it, and perhaps no other before; RCU, bottom halves
 * off
 */
void signet_key_opened(struct signet_key *key);

/* a frame did not open under it: counts, may ask for a new key */
void signet_key_failed(struct signet_key *key);

#endif
