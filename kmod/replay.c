// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "replay.h"

static struct kmem_cache *replay_cache;

int signet_replay_cache_init(void)
{
	replay_cache = kmem_cache_create("signet_replay",
					 BITS_TO_LONGS(SIGNET_REPLAY_WINDOW) *
						 sizeof(unsigned long),
					 0, SLAB_ACCOUNT, NULL);
	return replay_cache ? 0 : -ENOMEM;
}

void signet_replay_cache_exit(void)
{
	kmem_cache_destroy(replay_cache);
}

void signet_replay_init(struct signet_replay *r)
{
	memset(r, 0, sizeof(*r));
	spin_lock_init(&r->lock);
}

void signet_replay_free(struct signet_replay *r)
{
	if (r->bits)
		kmem_cache_free(replay_cache, r->bits);
}

bool signet_replay_alloc(struct signet_replay *r)
{
	WRITE_ONCE(r->bits, kmem_cache_zalloc(replay_cache,
					      GFP_ATOMIC | __GFP_ACCOUNT |
						      __GFP_NOWARN));
	return r->bits;
}

static bool below_window(u64 next, u64 counter)
{
	return counter == U64_MAX ||
	       (counter < next && next - counter > SIGNET_REPLAY_WINDOW);
}

bool signet_replay_look_back(const struct signet_replay *r, u64 counter)
{
	u64 next = READ_ONCE(r->next);
	const unsigned long *bits;

	if (below_window(next, counter))
		return false;
	smp_rmb(); /* what is forgotten up to @next is seen to be */
	bits = READ_ONCE(r->bits);
	if (counter >= next || !bits)
		return true;
	/* the commit, under the lock, has the last word */
	return !data_race(test_bit(counter % SIGNET_REPLAY_WINDOW, bits));
}

/* What was seen a window ago is not what is between. */
static void forget(struct signet_replay *r, u64 first, u64 n)
{
	unsigned int at = first % SIGNET_REPLAY_WINDOW;
	unsigned int room = SIGNET_REPLAY_WINDOW - at;

	if (n >= SIGNET_REPLAY_WINDOW) {
		bitmap_zero(r->bits, SIGNET_REPLAY_WINDOW);
	} else if (n <= room) {
		bitmap_clear(r->bits, at, n);
	} else {
		bitmap_clear(r->bits, at, room);
		bitmap_clear(r->bits, 0, n - room);
	}
}

bool signet_replay_commit(struct signet_replay *r, u64 counter, bool *advanced)
{
	*advanced = false;
	if (below_window(r->next, counter))
		return false;
	if (counter >= r->next) {
		forget(r, r->next, counter - r->next + 1);
		smp_wmb(); /* pairs with signet_replay_look_back() */
		WRITE_ONCE(r->next, counter + 1);
		*advanced = true;
	}
	return !__test_and_set_bit(counter % SIGNET_REPLAY_WINDOW, r->bits);
}
