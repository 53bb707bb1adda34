/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Anti-replay windows after RFC 6479: a ring of 64 bit blocks, one block
 * larger than the window, so that advancing clears whole blocks only.
 */
#include <signet/core/frame.h>

#define BLOCKS (SIGNET_REPLAY_WINDOW / 64 + 1)

_Static_assert(SIGNET_REPLAY_WINDOW % 64 == 0, "whole blocks");

bool signet_replay_check(const struct signet_replay *w, uint64_t counter)
{
	/* The last counter would make @next wrap: it is never accepted. */
	if (counter == UINT64_MAX)
		return false;
	if (counter >= w->next)
		return true;
	if (w->next - counter > SIGNET_REPLAY_WINDOW)
		return false;
	return !(w->bits[counter / 64 % BLOCKS] >> (counter % 64) & 1);
}

static void advance(struct signet_replay *w, uint64_t counter)
{
	uint64_t top = w->next ? (w->next - 1) / 64 : 0;
	uint64_t steps = counter / 64 - top;

	if (steps > BLOCKS)
		steps = BLOCKS;
	/* The last @steps blocks up to that of @counter. */
	for (uint64_t b = counter / 64; steps > 0; b--, steps--)
		w->bits[b % BLOCKS] = 0;
	w->next = counter + 1;
}

bool signet_replay_commit(struct signet_replay *w, uint64_t counter)
{
	if (!signet_replay_check(w, counter))
		return false;
	if (counter >= w->next)
		advance(w, counter);
	w->bits[counter / 64 % BLOCKS] |= 1ull << (counter % 64);
	return true;
}
