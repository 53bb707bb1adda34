// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frame limits: to the frame, over lanes; counters never twice. */
#include <linux/slab.h>

#include "../key.h"
#include "selftest.h"

#define LANES 4

static struct signet_key *limited(u64 soft, u64 hard, u8 odd)
{
	struct signet_key *key;

	key = kzalloc(struct_size(key, tx, LANES), GFP_KERNEL);
	if (!key)
		return NULL;
	key->n_lanes = LANES;
	key->soft_ns = U64_MAX;
	key->hard_ns = U64_MAX;
	key->lane_soft = soft;
	key->lane_hard = hard;
	key->odd_lanes = odd;
	/* nobody listens to a key without a channel */
	set_bit(SIGNET_KEY_TOLD, &key->flags);
	set_bit(SIGNET_KEY_SPENT, &key->flags);
	return key;
}

/* one by one to the end, then never more */
static bool exact(void)
{
	struct signet_key *key = limited(1, 25, 2);
	unsigned int lane, n, total = 0;
	u64 counter;
	bool ok;

	if (!key)
		return false;
	for (lane = 0; lane < LANES; lane++) {
		for (n = 0; n < 100; n++) {
			if (signet_key_reserve(key, lane, 1, &counter))
				continue;
			ok = expect(counter == n, "counter %llu, not %u",
				    counter, n);
			if (!ok)
				goto out;
			total++;
		}
	}
	ok = expect(total == 102, "%u frames", total) &&
	     expect(atomic64_read(&key->tx[3].next) <= 27, "counts on");
out:
	kfree(key);
	return ok;
}

/* a burst that does not fit is refused whole, and its counters are lost */
static bool bursts(void)
{
	struct signet_key *key = limited(U64_MAX, 100, 0);
	u64 a, b, c;
	bool ok;

	if (!key)
		return false;
	ok = expect(!signet_key_reserve(key, 0, 44, &a) &&
		    !signet_key_reserve(key, 0, 44, &b) &&
		    signet_key_reserve(key, 0, 44, &c) == -EKEYEXPIRED &&
		    signet_key_reserve(key, 0, 1, &c) == -EKEYEXPIRED &&
		    a == 0 && b == 44, "burst past the limit");
	ok = ok && expect(signet_key_sealed(key, 0) == 100,
			  "%llu sealed", signet_key_sealed(key, 0));
	ok = ok && expect(!signet_key_reserve(key, 1, 100, &a) &&
			  signet_key_reserve(key, 1, 1, &a) == -EKEYEXPIRED,
			  "the other lane");
	set_bit(SIGNET_KEY_DEAD, &key->flags);
	ok = ok && expect(signet_key_reserve(key, 2, 1, &a) == -EKEYEXPIRED,
			  "dead key");
	kfree(key);
	return ok;
}

/* the end of what can be counted is never reached */
static bool last(void)
{
	struct signet_key *key = limited(U64_MAX, S64_MAX, 0);
	u64 counter;
	bool ok;

	if (!key)
		return false;
	atomic64_set(&key->tx[0].next, S64_MAX - 1);
	ok = expect(!signet_key_reserve(key, 0, 1, &counter) &&
		    counter == S64_MAX - 1 &&
		    signet_key_reserve(key, 0, 1, &counter) == -EKEYEXPIRED &&
		    signet_key_reserve(key, 0, 1, &counter) == -EKEYEXPIRED,
		    "the last counter");
	kfree(key);
	return ok;
}

bool signet_selftest_key(void)
{
	return exact() && bursts() && last();
}
