// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/math64.h>
#include <linux/slab.h>

#include "replay.h"

static struct kmem_cache *replay_cache;

int signet_replay_cache_init(void)
{
	replay_cache = kmem_cache_create("signet_replay",
					 sizeof(struct signet_replay), 0,
					 SLAB_ACCOUNT, NULL);
	return replay_cache ? 0 : -ENOMEM;
}

void signet_replay_cache_exit(void)
{
	kmem_cache_destroy(replay_cache);
}

struct signet_replay *signet_replay_alloc(void)
{
	struct signet_replay *r;

	r = kmem_cache_zalloc(replay_cache, GFP_ATOMIC | __GFP_ACCOUNT |
						    __GFP_NOWARN);
	if (r)
		spin_lock_init(&r->lock);
	return r;
}

void signet_replay_free(struct signet_replay *r)
{
	if (r)
		kmem_cache_free(replay_cache, r);
}

/* The window is a ring of words, one more than it spans: the word that the
 * highest counter moves into is cleared whole (RFC 6479).
 */
static u64 word_of(u64 counter)
{
	return counter / BITS_PER_LONG;
}

static unsigned int ring_bit(u64 counter)
{
	u64 word = word_of(counter);

	return do_div(word, SIGNET_REPLAY_WORDS) * BITS_PER_LONG +
	       counter % BITS_PER_LONG;
}

static bool below_window(u64 next, u64 counter)
{
	return counter == U64_MAX ||
	       (counter < next && next - counter > SIGNET_REPLAY_WINDOW);
}

bool signet_replay_look_back(const struct signet_replay *r, u64 counter)
{
	u64 next = READ_ONCE(r->next);

	if (below_window(next, counter))
		return false;
	if (counter >= next)
		return true;
	/* the commit, under the lock, has the last word */
	return !data_race(test_bit(ring_bit(counter), r->bits));
}

static void advance(struct signet_replay *r, u64 counter)
{
	u64 word = word_of(r->next ? r->next - 1 : 0);
	u64 steps = word_of(counter) - word;
	unsigned int slot;

	if (steps >= SIGNET_REPLAY_WORDS) {
		bitmap_zero(r->bits, SIGNET_REPLAY_BITS);
	} else if (steps) {
		slot = do_div(word, SIGNET_REPLAY_WORDS);
		while (steps--) {
			if (++slot == SIGNET_REPLAY_WORDS)
				slot = 0;
			r->bits[slot] = 0;
		}
	}
	WRITE_ONCE(r->next, counter + 1);
}

bool signet_replay_commit(struct signet_replay *r, u64 counter, bool *advanced)
{
	*advanced = false;
	if (below_window(r->next, counter))
		return false;
	if (counter >= r->next) {
		advance(r, counter);
		*advanced = true;
	}
	return !__test_and_set_bit(ring_bit(counter), r->bits);
}
