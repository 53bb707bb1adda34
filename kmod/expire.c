// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What ends by time. Data paths look at limits themselves; here keys are
 * wiped, labels freed, and renewals asked for, batched to a second. One
 * delayed work for each device runs at the nearest deadline, and not at all
 * when there is none.
 */
#include <linux/jiffies.h>
#include <linux/timekeeping.h>

#include "device.h"
#include "event.h"
#include "key.h"
#include "label.h"
#include "socket.h"
#include "tx.h"

/* how often sockets are looked at that ended without a word */
#define SIGNET_SOCKET_CHECK_NS (60 * NSEC_PER_SEC)

/* jiffies until @ns, and up to a second more */
static unsigned long delay_until(u64 ns)
{
	u64 now = ktime_get_boottime_ns();
	u64 delta = ns > now ? ns - now : 0;

	delta = min_t(u64, delta, 3600ULL * NSEC_PER_SEC);
	return round_jiffies_up_relative(nsecs_to_jiffies(delta) + 1);
}

/**
 * signet_expire_at() - see to it that deadlines are looked at
 * @sd: the device
 * @ns: CLOCK_BOOTTIME of a deadline, U64_MAX for none
 *
 * Context: any.
 */
void signet_expire_at(struct signet_device *sd, u64 ns)
{
	s64 at = min_t(u64, ns, S64_MAX);
	s64 old = atomic64_read(&sd->expire_at);

	do {
		if (old <= at)
			return;
	} while (!atomic64_try_cmpxchg(&sd->expire_at, &old, at));

	if (!READ_ONCE(sd->dying))
		mod_delayed_work(signet_wq, &sd->expire, delay_until(at));
}

/* Return: its next deadline */
static u64 expire_key(struct signet_key *key, u64 now)
{
	if (now >= key->hard_ns || test_bit(SIGNET_KEY_SPENT, &key->flags)) {
		signet_event_key_expired(key);
		signet_key_del(key);
		return U64_MAX;
	}
	if (test_bit(SIGNET_KEY_TOLD, &key->flags))
		return key->hard_ns;
	if (now < key->soft_ns)
		return min(key->soft_ns, key->hard_ns);
	if (!test_and_set_bit(SIGNET_KEY_TOLD, &key->flags))
		signet_event_rekey_wanted(key, SIGNET_REKEY_REASON_TIME);
	return key->hard_ns;
}

static u64 expire_keys(struct signet_channel *ch, u64 now)
{
	struct signet_key *key;
	u64 next = U64_MAX;
	int dir, id;

	for (dir = 0; dir < 2; dir++) {
		for (id = 0; id < SIGNET_KEY_IDS; id++) {
			key = signet_key_in(ch, dir, id);
			if (key)
				next = min(next, expire_key(key, now));
		}
	}
	return next;
}

static u64 expire_labels(struct signet_channel *ch, u64 now)
{
	struct signet_label *label, *tmp;
	u64 next = U64_MAX, at;

	list_for_each_entry_safe(label, tmp, &ch->labels, node) {
		at = READ_ONCE(label->expires);
		if (!at)
			continue;
		if (now >= at)
			signet_label_del(label);
		else
			next = min(next, at);
	}
	return next;
}

static u64 expire_waiting(struct signet_peer *peer, u64 now)
{
	if (skb_queue_empty_lockless(&peer->waiting))
		return U64_MAX;
	signet_tx_purge(peer, false);
	if (skb_queue_empty_lockless(&peer->waiting))
		return U64_MAX;
	return max(READ_ONCE(peer->waiting_since) + SIGNET_WAITING_NS,
		   now + NSEC_PER_SEC);
}

static u64 expire_device(struct signet_device *sd, u64 now)
{
	struct signet_channel *ch;
	struct signet_peer *peer;
	u64 next = U64_MAX;
	unsigned long id;

	xa_for_each(&sd->channels, id, ch) {
		next = min(next, expire_keys(ch, now));
		next = min(next, expire_labels(ch, now));
		cond_resched();
	}
	xa_for_each(&sd->peers, id, peer)
		next = min(next, expire_waiting(peer, now));

	signet_socket_check(sd);
	if (rcu_access_pointer(sd->sockets[0]) ||
	    rcu_access_pointer(sd->sockets[1]))
		next = min(next, now + SIGNET_SOCKET_CHECK_NS);
	return next;
}

/**
 * signet_expire_work() - look at every deadline of a device
 * @work: sd->expire
 */
void signet_expire_work(struct work_struct *work)
{
	struct signet_device *sd = container_of(to_delayed_work(work),
						struct signet_device, expire);
	u64 next = U64_MAX;

	atomic64_set(&sd->expire_at, S64_MAX);
	mutex_lock(&sd->lock);
	if (!sd->dying)
		next = expire_device(sd, ktime_get_boottime_ns());
	mutex_unlock(&sd->lock);
	signet_expire_at(sd, next);
}
