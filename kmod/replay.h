/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The anti-replay window of one lane: 8192 counters, RFC 6479. Looked at
 * before the AEAD without a lock, committed after it under one lock for a
 * run of frames.
 */
#ifndef SIGNET_KMOD_REPLAY_H
#define SIGNET_KMOD_REPLAY_H

#include <linux/bitmap.h>
#include <linux/math64.h>
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

/* @lock held: true and marked when new, false when seen or too old.
 * @advanced: true when it became the highest. */
bool signet_replay_commit(struct signet_replay *r, u64 counter,
			  bool *advanced);

/* the same where @counter follows the highest, in its word; else false */
static inline bool signet_replay_commit_next(struct signet_replay *r,
					     u64 counter)
{
	u64 word = counter / BITS_PER_LONG;

	if (counter != r->next || !(counter % BITS_PER_LONG) ||
	    unlikely(counter == U64_MAX))
		return false;
	WRITE_ONCE(r->next, counter + 1);
	r->bits[do_div(word, SIGNET_REPLAY_WORDS)] |=
		BIT(counter % BITS_PER_LONG);
	return true;
}

#endif
