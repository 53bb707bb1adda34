/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The anti-replay window of one lane: 8192 counters, RFC 6479. Looked at
 * before the AEAD without a lock, committed after it under one lock for a
 * run of frames.
 */
#ifndef SIGNET_KMOD_REPLAY_H
#define SIGNET_KMOD_REPLAY_H

#include <linux/bitmap.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <signet/wire.h>

#define SIGNET_REPLAY_BITS (SIGNET_REPLAY_WINDOW + BITS_PER_LONG)
#define SIGNET_REPLAY_WORDS (SIGNET_REPLAY_BITS / BITS_PER_LONG)

/* @next: one more than the highest counter, 0 when nothing was received */
struct signet_replay {
	spinlock_t lock;
	u64 next;
	unsigned long bits[SIGNET_REPLAY_WORDS];
};

int signet_replay_cache_init(void); /* a kmem_cache, accounted, exact size */
void signet_replay_cache_exit(void);
struct signet_replay *signet_replay_alloc(void); /* GFP_ATOMIC */
void signet_replay_free(struct signet_replay *r);

/* may it be new? without the lock: a hint that the commit confirms */
bool signet_replay_look(const struct signet_replay *r, u64 counter);
/* @lock held: true and marked when new, false when seen or too old.
 * @advanced: true when it became the highest. */
bool signet_replay_commit(struct signet_replay *r, u64 counter,
			  bool *advanced);

#endif
