/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The anti-replay window of one lane: the 8192 counters below the next one.
 * Looked at before the AEAD without a lock, committed after it under one lock
 * for a run of frames.
 */
#ifndef SIGNET_KMOD_REPLAY_H
#define SIGNET_KMOD_REPLAY_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/spinlock.h>

#include <signet/wire.h>

/**
 * struct signet_replay - all zero, but for the lock, before the first frame
 * @bits: a ring: which counters were seen; NULL until a frame has opened
 * @next: one more than the highest counter, 0 when nothing was received
 * @lock: of both, to write
 */
struct signet_replay {
	unsigned long *bits;
	u64 next;
	spinlock_t lock;
};

int signet_replay_cache_init(void); /* a kmem_cache, accounted, exact size */
void signet_replay_cache_exit(void);
void signet_replay_init(struct signet_replay *r);
/* nobody uses it any more */
void signet_replay_free(struct signet_replay *r);
/* @lock held; GFP_ATOMIC; before the first commit */
bool signet_replay_alloc(struct signet_replay *r);

/* of a counter that is not above all */
bool signet_replay_look_back(const struct signet_replay *r, u64 counter);

/* may it be new? without the lock: a hint that the commit confirms */
static inline bool signet_replay_look(const struct signet_replay *r,
				      u64 counter)
{
	/* U64_MAX is never sent, so that @next can't wrap */
	if (likely(counter >= READ_ONCE(r->next) && counter != U64_MAX))
		return true;
	return signet_replay_look_back(r, counter);
}

/* @lock held, allocated: true and marked when new, false when seen or too old.
 * @advanced: true when it became the highest. */
bool signet_replay_commit(struct signet_replay *r, u64 counter,
			  bool *advanced);

/* the same where @counter follows the highest; else false */
static inline bool signet_replay_commit_next(struct signet_replay *r,
					     u64 counter)
{
	if (counter != r->next || unlikely(counter == U64_MAX))
		return false;
	WRITE_ONCE(r->next, counter + 1);
	__set_bit(counter % SIGNET_REPLAY_WINDOW, r->bits);
	return true;
}

#endif
