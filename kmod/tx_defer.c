// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sending from process context, where the AEAD may be waited for: packets
 * whose AEAD can't run where they were sent, and keepalives.
 */
#include <linux/ip.h>

#include "aead.h"
#include "peer.h"
#include "send.h"
#include "stats.h"

bool signet_tx_must_defer(struct signet_device *sd,
			  const struct signet_key *key)
{
	return !skb_queue_empty_lockless(&this_cpu_ptr(sd->tx)->deferred) ||
	       !signet_aead_inline(key);
}

void signet_tx_defer(struct signet_device *sd, struct signet_channel *ch,
		     struct sk_buff *skb)
{
	struct signet_tx_cpu *tx = this_cpu_ptr(sd->tx);
	bool full;

	if (!skb_dst_force(skb))
		skb_dst_drop(skb);
	spin_lock(&tx->deferred.lock);
	full = tx->bytes + skb->truesize > READ_ONCE(sd->limits.queue_bytes) ||
	       !kref_get_unless_zero(&ch->ref);
	if (!full) {
		signet_tx_cb(skb)->channel = ch;
		signet_tx_cb(skb)->size = skb->truesize;
		tx->bytes += skb->truesize;
		__skb_queue_tail(&tx->deferred, skb);
	}
	spin_unlock(&tx->deferred.lock);

	if (full)
		signet_drop_skb(sd, ch->peer, skb, SIGNET_DROP_QUEUE_FULL);
	else
		queue_work_on(smp_processor_id(), signet_wq, &tx->work);
}

/* Find key and route; then seal, find the route again and send. */
static int slow_begin(struct signet_batch *b, const struct sk_buff *skb,
		      struct signet_outer *outer)
{
	struct signet_channel *ch = b->channel;
	struct signet_peer *peer = ch->peer;
	struct signet_path *path;
	struct signet_route r;
	int err;

	path = rcu_dereference(ch->path);
	if (!path)
		return -EDESTADDRREQ;
	b->key = rcu_dereference(ch->tx_key);
	if (!b->key)
		return -ENOKEY;
	if (signet_key_expired(b->key))
		return -EKEYEXPIRED;
	b->mark = READ_ONCE(peer->mark);
	err = signet_route_get(peer->sd, path, b->mark, &r);
	if (err)
		return err;
	if (kref_get_unless_zero(&b->key->ref)) {
		b->single = dst_xfrm(r.dst);
		signet_outer_set(outer, peer, skb, r.mtu);
		signet_batch_init(b, path);
	} else {
		err = -ENOKEY;
	}
	signet_route_put(&r);
	return err;
}

/* The path may have moved, or be another one with another label. */
static int slow_end(struct signet_batch *b, const struct signet_outer *outer)
{
	struct signet_path *path = rcu_dereference(b->channel->path);
	struct signet_device *sd = b->channel->peer->sd;
	struct signet_route r;
	int err;

	if (!path || path->tx_label != b->label)
		return -EDESTADDRREQ;
	err = signet_route_get(sd, path, b->mark, &r);
	if (err)
		return err;
	signet_tx_output(b, &r, outer);
	signet_route_put(&r);
	return 0;
}

/* @skb: an inner packet, NULL for a keepalive; stays the caller's */
static int slow_send(struct signet_channel *ch, struct signet_mem *mem,
		     struct sk_buff *skb)
{
	struct signet_batch b = {
		.channel = ch,
		.mem = mem,
		.may_sleep = true,
	};
	struct signet_outer outer;
	int err, end;

	local_bh_disable();
	rcu_read_lock();
	err = slow_begin(&b, skb, &outer);
	rcu_read_unlock();
	local_bh_enable();
	if (err)
		return err;

	err = skb ? signet_seal_skb(&b, skb) : signet_seal_keepalive(&b);

	local_bh_disable();
	rcu_read_lock();
	end = slow_end(&b, &outer);
	rcu_read_unlock();
	local_bh_enable();
	__skb_queue_purge(&b.done);
	signet_key_put(b.key);
	return err ?: end;
}

/* Only the work takes packets out: the oldest stays where it is. */
static struct sk_buff *tx_oldest(struct signet_tx_cpu *tx)
{
	struct sk_buff *skb;

	spin_lock_bh(&tx->deferred.lock);
	skb = skb_peek(&tx->deferred);
	spin_unlock_bh(&tx->deferred.lock);
	return skb;
}

static void tx_work(struct work_struct *work)
{
	struct signet_tx_cpu *tx = container_of(work, struct signet_tx_cpu,
						work);
	struct signet_channel *ch;
	struct sk_buff *skb;
	int err;

	/* seen by signet_tx_must_defer() until it is sent */
	while ((skb = tx_oldest(tx))) {
		ch = signet_tx_cb(skb)->channel;
		err = slow_send(ch, &tx->work_mem, skb);

		spin_lock_bh(&tx->deferred.lock);
		__skb_unlink(skb, &tx->deferred);
		tx->bytes -= signet_tx_cb(skb)->size;
		spin_unlock_bh(&tx->deferred.lock);

		if (err)
			signet_drop_skb(tx->sd, ch->peer, skb,
					signet_tx_reason(err));
		else
			consume_skb(skb);
		signet_channel_put(ch);
		cond_resched();
	}
}

int signet_tx_keepalive(struct signet_channel *ch)
{
	struct signet_mem mem = {};
	int err = slow_send(ch, &mem, NULL);

	signet_mem_free(&mem);
	return err;
}

int signet_tx_init(struct signet_device *sd)
{
	struct signet_tx_cpu *tx;
	int cpu;

	sd->tx = alloc_percpu(struct signet_tx_cpu);
	if (!sd->tx)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		tx = per_cpu_ptr(sd->tx, cpu);
		tx->sd = sd;
		skb_queue_head_init(&tx->deferred);
		INIT_WORK(&tx->work, tx_work);
	}
	return 0;
}

void signet_tx_uninit(struct signet_device *sd)
{
	struct signet_tx_cpu *tx;
	int cpu;

	for_each_possible_cpu(cpu) {
		tx = per_cpu_ptr(sd->tx, cpu);
		flush_work(&tx->work);
		signet_mem_free(&tx->mem);
		signet_mem_free(&tx->work_mem);
	}
	free_percpu(sd->tx);
	sd->tx = NULL;
}
