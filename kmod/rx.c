// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Arrival: frames are looked at where the network stack hands them over, so
 * that a forged one costs little, and queued for a NAPI (steer.c).
 */
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/udp.h>

#include "hop.h"
#include "run.h"
#include "stats.h"

void signet_cursor_init(struct signet_cursor *c, const struct sk_buff *skb)
{
	c->skb = skb;
	c->base = skb->data;
	c->start = 0;
	c->end = skb_headlen(skb);
	c->frag = 0;
	c->shared = skb_has_shared_frag(skb);
}

/**
 * signet_cursor_move() - read where the cursor is not
 * @c: the cursor
 * @at: of the header, from skb->data
 * @f: filled in
 * Return: false when the skb ends before.
 */
bool signet_cursor_move(struct signet_cursor *c, unsigned int at,
			struct signet_frame *f)
{
	const struct skb_shared_info *info = skb_shinfo(c->skb);
	const skb_frag_t *frag;

	while (at >= c->end && c->frag < info->nr_frags) {
		frag = &info->frags[c->frag++];
		c->base = skb_frag_address_safe(frag);
		c->start = c->end;
		c->end += skb_frag_size(frag);
		if (unlikely(!c->base))
			c->start = c->end; /* nothing can be read there */
	}
	if (at >= c->start && at + sizeof(*f) <= c->end) {
		memcpy(f, c->base + (at - c->start), sizeof(*f));
		return true;
	}
	/* in two fragments, or in a list of skbs */
	return !skb_copy_bits(c->skb, at, f, sizeof(*f));
}

static enum signet_drop key_reason(const struct signet_key *key, u8 lane)
{
	if (!key)
		return SIGNET_DROP_KEY_ID;
	if (test_bit(SIGNET_KEY_DEAD, &key->flags) || signet_key_expired(key))
		return SIGNET_DROP_KEY_EXPIRED;
	if (lane >= key->n_lanes)
		return SIGNET_DROP_LANE;
	return SIGNET_DROP_NONE;
}

/**
 * signet_look_up() - label, key and replay window of a frame
 * @sd: the device
 * @f: its header
 * @look: all of it is filled in
 */
void signet_look_up(struct signet_device *sd, const struct signet_frame *f,
		    struct signet_look *look)
{
	u8 lane = f->key_lane & SIGNET_LANE_MASK;
	struct signet_channel *ch;

	look->first = signet_hop_first(f);
	look->key_lane = f->key_lane;
	look->entry = NULL;
	look->key = NULL;
	look->replay = NULL;
	look->reason = SIGNET_DROP_FLAGS;
	if (f->flags)
		return;
	look->reason = SIGNET_DROP_LABEL;
	look->entry = f->label ? signet_label_find(sd, f->label) : NULL;
	if (!look->entry)
		return;
	ch = look->entry->channel;
	look->key = signet_key_rx(ch, f->key_lane >> SIGNET_KEY_SHIFT);
	look->reason = key_reason(look->key, lane);
	if (!look->reason)
		look->replay = &look->key->rx[lane].window;
}

/* structure, label, hop tag, key, replay: no byte of the frame is trusted */
static enum signet_drop frame_check(struct signet_device *sd,
				    const struct signet_frame *f,
				    struct signet_look *look,
				    struct signet_hop *hop)
{
	u64 counter = le64_to_cpu(f->counter);

	if (unlikely(!signet_look_is(look, f))) {
		signet_look_up(sd, f, look);
		if (look->entry)
			signet_hop_begin(hop, look->first,
					 &look->entry->hop_key);
	}
	if (unlikely(!look->entry))
		return look->reason;
	/* one comparison of 64 bits: constant time */
	if (unlikely(signet_hop_end(hop, counter) !=
		     get_unaligned_le64(f->hop_tag)))
		return SIGNET_DROP_HOP_TAG;
	return signet_look_counter(look, counter);
}

/* Is this a packet? @f is a copy of its header. */
static bool read_packet(struct signet_cursor *cursor, unsigned int at,
			struct signet_frame *f)
{
	return cursor->skb->len >= at + SIGNET_PACKET_MIN &&
	       signet_cursor_read(cursor, at, f) &&
	       f->type == SIGNET_FRAME_PACKET;
}

/* Are all frames from the @i-th on? Else the core is to take them apart. */
static bool all_packets(const struct sk_buff *skb, unsigned int i)
{
	const struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	unsigned int at = cb->offset + i * cb->size;
	struct signet_cursor cursor;
	struct signet_frame f;

	signet_cursor_init(&cursor, skb);
	for (; i < cb->frames; i++, at += cb->size) {
		if (!read_packet(&cursor, at, &f))
			return false;
	}
	return true;
}

/* drops that were found in one super-packet, by reason and peer */
struct drops {
	struct signet_peer *peer;
	enum signet_drop reason;
	unsigned int n;
	bool whole; /* the super-packet is not taken apart */
};

/* Nothing is counted of one that is taken apart: its frames come back. */
static bool drops_may_count(struct drops *d, const struct sk_buff *skb,
			    unsigned int i)
{
	if (!d->n || d->whole)
		return true;
	d->whole = all_packets(skb, i);
	return d->whole;
}

static void drops_add(struct signet_device *sd, struct drops *d,
		      struct signet_peer *peer, enum signet_drop reason)
{
	if (d->n && (d->peer != peer || d->reason != reason)) {
		signet_count_drop(sd, d->peer, d->reason, d->n);
		d->n = 0;
	}
	d->peer = peer;
	d->reason = reason;
	d->n++;
}

/* Whom a drop is counted for: whose label the frame has. */
static struct signet_peer *drop_peer(const struct signet_look *look)
{
	return look->entry ? look->entry->channel->peer : NULL;
}

/**
 * signet_rx_classify() - look at each frame of an skb
 * @sd: the device
 * @skb: its cb says where the frames are; @good is filled in
 *
 * Context: softirq, RCU. Drops are counted; an skb without any good frame is
 * freed.
 * Return: 1 when there is a frame to open, 0 when there is none; -EPROTO: one
 * is of another type or too short, the core is to take them apart.
 */
int signet_rx_classify(struct signet_device *sd, struct sk_buff *skb)
{
	struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	/* of no label until one was looked up */
	struct signet_look look = { .reason = SIGNET_DROP_LABEL };
	struct signet_cursor cursor;
	struct signet_hop hop;
	struct drops drops = {};
	enum signet_drop reason;
	struct signet_frame f;
	unsigned int at, i;
	bool any = false;

	signet_cursor_init(&cursor, skb);
	for (i = 0, at = cb->offset; i < cb->frames; i++, at += cb->size) {
		if (unlikely(skb->len < at + SIGNET_PACKET_MIN ||
			     !signet_cursor_read(&cursor, at, &f))) {
			if (cb->frames > 1)
				return -EPROTO;
			drops_add(sd, &drops, NULL, SIGNET_DROP_LENGTH);
			continue;
		}
		if (unlikely(f.type != SIGNET_FRAME_PACKET))
			return -EPROTO;
		reason = frame_check(sd, &f, &look, &hop);
		if (unlikely(reason)) {
			if (!drops_may_count(&drops, skb, i + 1))
				return -EPROTO;
			drops_add(sd, &drops, drop_peer(&look), reason);
			continue;
		}
		if (unlikely(look.first != cb->first))
			signet_steer_note(cb, &look);
		__set_bit(i, cb->good);
		any = true;
	}
	if (unlikely(drops.n)) {
		if (!any && !--drops.n) {
			signet_drop_skb(sd, drops.peer, skb, drops.reason);
			return 0;
		}
		if (drops.n)
			signet_count_drop(sd, drops.peer, drops.reason,
					  drops.n);
		if (!any)
			signet_drop_skb(sd, drops.peer, skb, drops.reason);
	}
	return any;
}

/* What belongs to the outer packet goes: it waits, and routes don't. */
static void detach_outer(struct signet_device *sd, struct sk_buff *skb)
{
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_orphan(skb);
	skb->dev = sd->dev;
}

/**
 * signet_rx_queue() - hand a classified skb to the NAPI that is to open it
 * @sd: the device
 * @skb: with a good frame
 * Context: softirq, RCU. @skb is taken.
 */
void signet_rx_queue(struct signet_device *sd, struct sk_buff *skb)
{
	if (unlikely(!(READ_ONCE(sd->dev->flags) & IFF_UP))) {
		signet_drop_skb(sd, NULL, skb, SIGNET_DROP_DEVICE);
		return;
	}
	detach_outer(sd, skb);
	signet_steer(sd, skb);
}

/**
 * signet_encap_rcv() - udp_sock.encap_rcv: one datagram
 * @sk: a socket that was handed over
 * @skb: at its UDP header, checksum verified, possibly not linear
 *
 * Context: softirq, RCU
 * Return: 0 when taken or dropped, 1 to leave it to the agent.
 */
int signet_encap_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	struct signet_socket *s;
	u8 type_copy, *type;
	int iif, n;

	s = rcu_dereference_sk_user_data(sk);
	if (unlikely(!s))
		return 1;
	type = skb_header_pointer(skb, sizeof(struct udphdr), 1, &type_copy);
	if (!type || *type != SIGNET_FRAME_PACKET)
		return 1;
	if (skb->len > sizeof(struct udphdr) + SIGNET_PACKET_MAX) {
		signet_drop_skb(s->sd, NULL, skb, SIGNET_DROP_LENGTH);
		return 0;
	}

	iif = s->family == AF_INET6 ? inet6_iif(skb) : inet_iif(skb);
	memset(cb, 0, sizeof(*cb));
	cb->iif = iif;
	cb->offset = sizeof(struct udphdr);
	cb->size = skb->len - sizeof(struct udphdr);
	cb->frames = 1;
	n = signet_rx_classify(s->sd, skb);
	if (likely(n > 0))
		signet_rx_queue(s->sd, skb);
	else if (n < 0) /* somebody still writes to it */
		signet_drop_skb(s->sd, NULL, skb, SIGNET_DROP_TYPE);
	return 0;
}

static struct sk_buff *dequeue(struct signet_rx_cpu *rx, bool first,
			       bool *defer)
{
	struct sk_buff *skb;

	spin_lock(&rx->queue.lock);
	skb = __skb_dequeue(&rx->queue);
	if (first)
		rx->run->lone = skb && !rx->again &&
				SIGNET_RX_CB(skb)->frames == 1 &&
				skb_queue_empty(&rx->queue);
	if (skb)
		rx->bytes -= skb->truesize;
	*defer = rx->deferring;
	spin_unlock(&rx->queue.lock);
	return skb;
}

static int rx_poll(struct napi_struct *napi, int budget)
{
	struct signet_rx_cpu *rx = container_of(napi, struct signet_rx_cpu,
						napi);
	struct sk_buff *skb;
	int work = 0, n;
	bool defer;

	rcu_read_lock();
	while (work < budget && (skb = dequeue(rx, !work, &defer))) {
		n = defer ? -EAGAIN : signet_run_add(rx->run, skb);
		if (n == -EAGAIN) {
			signet_defer(rx, skb);
			n = 1;
		}
		work += n;
	}
	signet_run_flush(rx->run);
	rcu_read_unlock();

	/* GRO may keep packets from this poll to the next */
	rx->again = work >= budget;
	if (rx->again)
		return budget;
	napi_complete_done(napi, work);
	return work;
}

static int rx_cpu_init(struct signet_device *sd, int cpu)
{
	struct signet_rx_cpu *rx = per_cpu_ptr(sd->rx, cpu);

	rx->sd = sd;
	rx->run = signet_run_alloc(sd, &rx->napi, cpu_to_node(cpu));
	if (!rx->run)
		return -ENOMEM;
	skb_queue_head_init(&rx->queue);
	__skb_queue_head_init(&rx->deferred);
	INIT_WORK(&rx->work, signet_defer_work);
	set_bit(NAPI_STATE_NO_BUSY_POLL, &rx->napi.state);
	netif_napi_add(sd->dev, &rx->napi, rx_poll);
	napi_enable(&rx->napi);
	return 0;
}

static void rx_cpu_uninit(struct signet_rx_cpu *rx)
{
	if (!rx->run)
		return;
	napi_disable(&rx->napi);
	cancel_work_sync(&rx->work);
	__netif_napi_del(&rx->napi);
	__skb_queue_purge(&rx->queue);
	__skb_queue_purge(&rx->deferred);
}

/* Context: process; ndo_init */
int signet_rx_init(struct signet_device *sd)
{
	int cpu, err;

	sd->rx = alloc_percpu(struct signet_rx_cpu);
	if (!sd->rx)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		err = rx_cpu_init(sd, cpu);
		if (err)
			goto err_uninit;
	}
	err = signet_steer_init(sd);
	if (err)
		goto err_uninit;
	return 0;

err_uninit:
	signet_rx_uninit(sd);
	return err;
}

/**
 * signet_rx_uninit() - wait for what is being opened, drop what waits
 * @sd: the device
 * Context: process; ndo_uninit, after the sockets were detached
 */
void signet_rx_uninit(struct signet_device *sd)
{
	int cpu;

	/* encap_rcv and the hook may still be running */
	synchronize_net();
	for_each_possible_cpu(cpu)
		rx_cpu_uninit(per_cpu_ptr(sd->rx, cpu));
	/* netpoll walks dev->napi_list under RCU */
	synchronize_net();
	for_each_possible_cpu(cpu)
		signet_run_free(per_cpu_ptr(sd->rx, cpu)->run);
	signet_steer_uninit(sd);
	free_percpu(sd->rx);
	sd->rx = NULL;
}
