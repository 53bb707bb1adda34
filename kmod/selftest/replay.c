// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The window against a bitmap of everything that was ever accepted. */
#include <linux/prandom.h>
#include <linux/vmalloc.h>

#include "../replay.h"
#include "selftest.h"

#define MODEL_BITS (1U << 20)
#define ROUNDS	   200000

struct model {
	struct signet_replay window;
	u64 base; /* counter of the model's bit 0 */
	u64 next; /* in the model */
	unsigned long *seen;
};

static bool offer(struct model *m, u64 at)
{
	u64 counter = m->base + at;
	bool fresh = counter != U64_MAX && !test_bit(at, m->seen) &&
		     at + SIGNET_REPLAY_WINDOW >= m->next;
	bool look, commit, advanced;

	look = signet_replay_look(&m->window, counter);
	commit = signet_replay_commit_next(&m->window, counter);
	advanced = commit;
	if (!commit)
		commit = signet_replay_commit(&m->window, counter, &advanced);
	if (!expect(look == fresh && commit == fresh &&
		    advanced == (fresh && at >= m->next),
		    "counter %llu, next %llu: look %d, commit %d, advanced %d",
		    counter, m->window.next, look, commit, advanced))
		return false;
	if (fresh) {
		__set_bit(at, m->seen);
		m->next = max(m->next, at + 1);
	}
	return true;
}

/* near the front, around the window's end, and now and then far ahead */
static u64 choose(struct rnd_state *rnd, u64 next)
{
	u32 r = prandom_u32_state(rnd);
	s64 step;

	switch (r % 16) {
	case 0:
		step = -(s64)SIGNET_REPLAY_WINDOW - 4 + (r >> 8) % 8;
		break;
	case 1:
		step = r % 512 ? 0 : (r >> 12) % (3 * SIGNET_REPLAY_WINDOW);
		break;
	case 2 ... 5:
		step = -(s64)((r >> 8) % (SIGNET_REPLAY_WINDOW + 100));
		break;
	default:
		step = (s64)((r >> 8) % 80) - 76;
	}
	return clamp_t(s64, (s64)next + step, 0, MODEL_BITS - 1);
}

static bool run(u64 base, u64 seed)
{
	struct model m = { .base = base };
	struct rnd_state rnd;
	bool ok = false;
	int i;

	signet_replay_init(&m.window);
	m.seen = vzalloc(MODEL_BITS / BITS_PER_BYTE);
	if (!m.seen || !signet_replay_alloc(&m.window))
		goto out;
	prandom_seed_state(&rnd, seed);
	/* before the first frame all counters are new: start at the base */
	if (!offer(&m, 0))
		goto out;
	for (i = 0; i < ROUNDS; i++)
		if (!offer(&m, choose(&rnd, m.next)))
			goto out;
	/* to the end of what can be counted */
	for (i = 100; i >= 0; i--)
		if (!offer(&m, MODEL_BITS - 1 - i))
			goto out;
	ok = true;
out:
	vfree(m.seen);
	signet_replay_free(&m.window);
	return ok;
}

bool signet_selftest_replay(void)
{
	return run(0, 1) && run((1ULL << 32) - MODEL_BITS / 2, 2) &&
	       run(0ULL - MODEL_BITS, 3);
}
