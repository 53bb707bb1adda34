// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/math64.h>
#include <linux/netlink.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "aead.h"
#include "event.h"
#include "key.h"

static void key_wipe(struct signet_key *key)
{
	unsigned int i;

	if (key->direction == SIGNET_DIRECTION_RECEIVE)
		for (i = 0; i < key->n_lanes; i++)
			signet_replay_free(&key->rx[i].window);
	signet_aead_key_free(key);
	kfree_sensitive(key);
}

/* after their grace period: an AEAD is freed in process context */
static LLIST_HEAD(dead_keys);

static void wipe_work(struct work_struct *work)
{
	struct signet_key *key, *next;

	llist_for_each_entry_safe(key, next, llist_del_all(&dead_keys), dead) {
		key_wipe(key);
		cond_resched();
	}
}

static DECLARE_WORK(wipe, wipe_work);

static void key_free_rcu(struct rcu_head *rcu)
{
	struct signet_key *key = container_of(rcu, struct signet_key, rcu);

	if (llist_add(&key->dead, &dead_keys))
		queue_work(signet_wq, &wipe);
}

static void key_release(struct kref *ref)
{
	struct signet_key *key = container_of(ref, struct signet_key, ref);

	call_rcu(&key->rcu, key_free_rcu);
}

void signet_key_get(struct signet_key *key)
{
	kref_get(&key->ref);
}

void signet_key_put(struct signet_key *key)
{
	kref_put(&key->ref, key_release);
}

static u64 deadline(u64 now, u64 ms)
{
	return ms > div_u64(U64_MAX - now, NSEC_PER_MSEC) ?
		       U64_MAX :
		       now + ms * NSEC_PER_MSEC;
}

/* A sender's lanes share its limits. A receiver does not know over how many
 * lanes the sender spreads: above a lane's share it looks at all. No counter of
 * a sender can reach its end, even when many CPUs add to it at once.
 */
static void key_share(struct signet_key *key)
{
	if (key->direction == SIGNET_DIRECTION_RECEIVE) {
		key->lane_hard = div_u64(key->hard_frames, key->n_lanes);
		return;
	}
	key->lane_soft = key->soft_frames;
	if (key->soft_frames != U64_MAX)
		key->lane_soft = max_t(u64, 1, div_u64(key->soft_frames,
						       key->n_lanes));
	if (key->hard_frames > S64_MAX)
		key->lane_hard = S64_MAX;
	else
		key->lane_hard = div_u64_rem(key->hard_frames, key->n_lanes,
					     &key->odd_lanes);
}

static struct signet_key *key_make(struct signet_channel *ch,
				    const struct signet_key_config *cfg)
{
	bool tx = cfg->direction == SIGNET_DIRECTION_TRANSMIT;
	unsigned int lanes = tx ? ch->tx_lanes : ch->rx_lanes;
	struct signet_key *key;
	unsigned int i;

	/* nothing needs to be apart from what follows the last lane */
	key = kzalloc(tx ? offsetofend(struct signet_key, tx[lanes - 1].next) :
			   offsetofend(struct signet_key,
				       rx[lanes - 1].window),
		      GFP_KERNEL_ACCOUNT);
	if (!key)
		return NULL;
	for (i = 0; !tx && i < lanes; i++)
		signet_replay_init(&key->rx[i].window);
	kref_init(&key->ref);
	key->channel = ch;
	key->id = cfg->id;
	key->direction = cfg->direction;
	key->cipher = cfg->cipher;
	key->n_lanes = lanes;
	key->machine = signet_clone_id();
	key->born = ktime_get_boottime_ns();
	key->soft_ns = deadline(key->born, cfg->soft_ms);
	key->hard_ns = deadline(key->born, cfg->hard_ms);
	key->soft_frames = cfg->soft_frames;
	key->hard_frames = cfg->hard_frames;
	key_share(key);
	return key;
}

/* sd->lock */
#define locked(ch, p)                                                          \
	rcu_dereference_protected(p, lockdep_is_held(&(ch)->peer->sd->lock))
/* RCU or sd->lock */
#define visible(ch, p)                                                         \
	rcu_dereference_check(p, lockdep_is_held(&(ch)->peer->sd->lock))

struct signet_key *signet_key_in(const struct signet_channel *ch,
				 unsigned int direction, unsigned int id)
{
	struct signet_key *key;

	if (direction == SIGNET_DIRECTION_RECEIVE)
		return visible(ch, ch->rx_keys[id]);
	key = visible(ch, ch->tx_keys);
	while (key && key->id != id)
		key = visible(ch, key->next);
	return key;
}

static void slot_fill(struct signet_channel *ch, struct signet_key *key)
{
	if (key->direction == SIGNET_DIRECTION_RECEIVE) {
		rcu_assign_pointer(ch->rx_keys[key->id], key);
		return;
	}
	RCU_INIT_POINTER(key->next, locked(ch, ch->tx_keys));
	rcu_assign_pointer(ch->tx_keys, key);
}

static void slot_empty(struct signet_channel *ch, const struct signet_key *key)
{
	struct signet_key __rcu **at = &ch->tx_keys;

	if (key->direction == SIGNET_DIRECTION_RECEIVE) {
		RCU_INIT_POINTER(ch->rx_keys[key->id], NULL);
		return;
	}
	while (locked(ch, *at) != key)
		at = &locked(ch, *at)->next;
	rcu_assign_pointer(*at, locked(ch, key->next));
}

int signet_key_new(struct signet_channel *ch,
		   const struct signet_key_config *cfg,
		   struct netlink_ext_ack *extack)
{
	struct signet_device *sd = ch->peer->sd;
	struct signet_key *key;
	int err;

	if (signet_key_in(ch, cfg->direction, cfg->id)) {
		NL_SET_ERR_MSG(extack, "there is a key in that slot");
		return -EEXIST;
	}
	key = key_make(ch, cfg);
	if (!key)
		return -ENOMEM;
	err = signet_aead_key_set(key, cfg->secret);
	if (err) {
		NL_SET_ERR_MSG(extack, "this kernel can't use that cipher");
		kfree_sensitive(key);
		return err;
	}
	slot_fill(ch, key);
	sd->n_keys++;
	signet_device_changed(sd);
	if (min(key->soft_ns, key->hard_ns) != U64_MAX)
		signet_expire_at(sd, min(key->soft_ns, key->hard_ns));
	return 0;
}

void signet_key_del(struct signet_key *key)
{
	struct signet_channel *ch = key->channel;
	struct signet_device *sd = ch->peer->sd;

	if (key->direction == SIGNET_DIRECTION_RECEIVE)
		ch->failures += atomic64_read(&key->failures);
	set_bit(SIGNET_KEY_DEAD, &key->flags);
	slot_empty(ch, key);
	spin_lock_bh(&ch->peer->waiting.lock);
	if (rcu_access_pointer(ch->tx_key) == key)
		RCU_INIT_POINTER(ch->tx_key, NULL);
	spin_unlock_bh(&ch->peer->waiting.lock);
	sd->n_keys--;
	signet_device_changed(sd);
	signet_key_put(key);
}

int signet_key_swap(struct signet_channel *ch, u8 key_id,
		    struct netlink_ext_ack *extack)
{
	struct signet_device *sd = ch->peer->sd;
	struct signet_key *key;

	key = signet_key_in(ch, SIGNET_DIRECTION_TRANSMIT, key_id);
	if (!key) {
		NL_SET_ERR_MSG(extack, "no transmit key in that slot");
		return -ENOENT;
	}
	if (signet_key_expired(key)) {
		NL_SET_ERR_MSG(extack, "that key is past its limit");
		return -EKEYEXPIRED;
	}
	spin_lock_bh(&ch->peer->waiting.lock);
	rcu_assign_pointer(ch->tx_key, key);
	spin_unlock_bh(&ch->peer->waiting.lock);
	signet_device_changed(sd);
	return 0;
}

static void tell_once(struct signet_key *key, enum signet_rekey_reason reason)
{
	if (!test_bit(SIGNET_KEY_TOLD, &key->flags) &&
	    !test_and_set_bit(SIGNET_KEY_TOLD, &key->flags))
		signet_event_rekey_wanted(key, reason);
}

int signet_key_check(struct signet_key *key, u8 lane, u64 counter)
{
	u64 now = ktime_get_coarse_boottime_ns();

	if (unlikely(test_bit(SIGNET_KEY_DEAD, &key->flags) ||
		     now >= key->hard_ns || signet_cloned(&key->machine)))
		return -EKEYEXPIRED;
	/* one more than a lane's share for the first lanes, if it's uneven */
	if (unlikely(counter >= key->lane_hard) &&
	    (counter > key->lane_hard || lane >= key->odd_lanes))
		return -EKEYEXPIRED;
	if (unlikely(counter >= key->lane_soft - 1))
		tell_once(key, SIGNET_REKEY_REASON_FRAMES);
	else if (unlikely(now >= key->soft_ns))
		tell_once(key, SIGNET_REKEY_REASON_TIME);
	return 0;
}

/* Its owner hears of it soon, and packets wait for another key. */
static int spent(struct signet_key *key)
{
	if (!test_bit(SIGNET_KEY_DEAD, &key->flags) &&
	    !test_and_set_bit(SIGNET_KEY_SPENT, &key->flags))
		signet_expire_at(key->channel->peer->sd,
				 ktime_get_boottime_ns());
	return -EKEYEXPIRED;
}

int signet_key_reserve(struct signet_key *key, u8 lane, unsigned int n,
		       u64 *counter)
{
	atomic64_t *next = &key->tx[lane].next;
	u64 first;

	/* so that a key that is used up does not count on and on */
	if (unlikely((u64)atomic64_read(next) > key->lane_hard))
		return spent(key);
	/* what was added stays, also when it is refused: never twice */
	first = atomic64_add_return(n, next) - n;
	*counter = first;
	if (unlikely(signet_key_check(key, lane, first + n - 1)))
		return spent(key);
	return 0;
}

u64 signet_key_sealed(const struct signet_key *key, u8 lane)
{
	u64 most = key->lane_hard + (lane < key->odd_lanes);

	return min_t(u64, atomic64_read(&key->tx[lane].next), most);
}

/* how far the lanes but @except came: grows when a frame opens */
static u64 opened(const struct signet_key *key, int except)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < key->n_lanes; i++) {
		if (i != except)
			sum += READ_ONCE(key->rx[i].window.next);
	}
	return sum;
}

bool signet_key_sealed_all(struct signet_key *key, u8 lane, u64 counter)
{
	u64 others = opened(key, lane);

	WRITE_ONCE(key->lane_hard, 0); /* no lane is safe from now on */
	return others >= key->hard_frames ||
	       counter >= key->hard_frames - others;
}

void signet_key_opened(struct signet_key *key)
{
	/* first: who sees that it is confirmed delivers at once */
	signet_channel_take_over(key->channel, key->id);
	if (!test_and_set_bit(SIGNET_KEY_CONFIRMED, &key->flags))
		signet_event_key_confirmed(key);
}

void signet_key_failed(struct signet_key *key)
{
	u64 n = atomic64_inc_return(&key->failures);
	u64 now;

	if (n % SIGNET_FAILURES_SOFT)
		return;
	/* that many without one that opened between them */
	now = opened(key, -1);
	if (now == READ_ONCE(key->opened_then))
		tell_once(key, SIGNET_REKEY_REASON_FAILURES);
	WRITE_ONCE(key->opened_then, now);
}
