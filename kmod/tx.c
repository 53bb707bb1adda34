// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sending: an inner packet runs to completion on the CPU that sent it, with
 * bottom halves off. Two things make it wait: a peer without a channel, and an
 * AEAD that can't be used here (see signet_aead_inline()).
 */
#include <net/gso.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "event.h"
#include "icmp.h"
#include "output.h"
#include "peer.h"
#include "prefix.h"
#include "seal.h"
#include "send.h"
#include "stats.h"

/* tunnels inside tunnels on one CPU */
#define DEPTH_MAX 4
#define WANTED_NS NSEC_PER_SEC

static DEFINE_PER_CPU(unsigned int, depth);

/* the key that seals now, or NULL */
static struct signet_key *tx_key(struct signet_channel *ch)
{
	struct signet_key *key = ch ? rcu_dereference(ch->tx_key) : NULL;

	return key && !signet_key_expired(key) ? key : NULL;
}

static bool too_big(const struct sk_buff *skb, unsigned int mtu)
{
	mtu = max(mtu, signet_mtu_min(skb));
	if (!skb_is_gso(skb))
		return skb->len > mtu;
	return !skb_gso_validate_network_len(skb, mtu);
}

enum signet_drop signet_tx_reason(int err)
{
	switch (err) {
	case -ENOMEM:
		return SIGNET_DROP_NO_MEMORY;
	case -EINPROGRESS:
		return SIGNET_DROP_AEAD;
	case -EKEYEXPIRED:
		return SIGNET_DROP_KEY_EXPIRED;
	case -ELOOP:
		return SIGNET_DROP_LOOP;
	case -EINVAL:
		return SIGNET_DROP_INNER;
	case -ENOKEY:
		return SIGNET_DROP_NO_CHANNEL;
	case -EDESTADDRREQ:
		return SIGNET_DROP_NO_ENDPOINT;
	default:
		return SIGNET_DROP_SEND;
	}
}

void signet_tx_output(struct signet_batch *b, const struct signet_route *r,
		      const struct signet_outer *outer)
{
	struct signet_channel *ch = b->channel;
	struct sk_buff *skb;

	if (!skb_queue_empty(&b->done))
		signet_count_tx(ch, b->packets, b->sent,
				ktime_get_coarse_boottime_ns());
	if (b->packets) {
		dev_sw_netstats_tx_add(ch->peer->sd->dev, b->packets, b->sent);
		signet_channel_active(ch);
	}
	while ((skb = __skb_dequeue(&b->done)))
		signet_output(r, skb, outer);
}

/* seal and send at once; -EKEYEXPIRED: @skb is still the caller's */
static int send_now(struct signet_device *sd, struct signet_key *key,
		    struct signet_channel *ch, struct signet_path *path,
		    const struct signet_route *r, struct sk_buff *skb)
{
	struct signet_batch b = {
		.channel = ch,
		.key = key,
		.mem = &this_cpu_ptr(sd->tx)->mem,
		.single = dst_xfrm(r->dst),
		.mark = READ_ONCE(ch->peer->mark),
	};
	struct signet_outer outer;
	int err;

	signet_outer_set(&outer, ch->peer, skb, r->mtu);
	signet_batch_init(&b, path);
	err = signet_seal_skb(&b, skb);
	if (unlikely(err == -EKEYEXPIRED))
		return err;
	signet_tx_output(&b, r, &outer);
	if (unlikely(err))
		signet_drop_skb(sd, ch->peer, skb, signet_tx_reason(err));
	else
		consume_skb(skb);
	return 0;
}

/*
 * Keep @skb until there is a channel. The key is looked for again under the
 * lock that signet_tx_waiting() takes after it was installed.
 *
 * Return: false when there is a key after all, and @skb is the caller's
 */
static bool wait_for_channel(struct signet_device *sd,
			     struct signet_peer *peer, struct sk_buff *skb)
{
	u64 now = ktime_get_boottime_ns();
	struct sk_buff *oldest = NULL;
	bool wanted, key;

	spin_lock(&peer->waiting.lock);
	key = tx_key(rcu_dereference(peer->tx));
	if (!key) {
		if (skb_queue_len(&peer->waiting) >= SIGNET_WAITING_MAX)
			oldest = __skb_dequeue(&peer->waiting);
		if (!skb_dst_force(skb))
			skb_dst_drop(skb);
		signet_tx_cb(skb)->since = now;
		__skb_queue_tail(&peer->waiting, skb);
		peer->waiting_since = signet_tx_cb(skb_peek(&peer->waiting))->since;
	}
	wanted = !key && (!peer->wanted_told ||
			  now - peer->wanted_told >= WANTED_NS);
	if (wanted)
		peer->wanted_told = now;
	spin_unlock(&peer->waiting.lock);

	if (oldest)
		signet_drop_skb(sd, peer, oldest, SIGNET_DROP_NO_CHANNEL);
	if (wanted) {
		signet_event_channel_wanted(peer);
		signet_expire_at(sd, now + SIGNET_WAITING_NS);
	}
	return !key;
}

static void xmit_channel(struct signet_device *sd, struct signet_peer *peer,
			 struct sk_buff *skb)
{
	struct signet_channel *ch = rcu_dereference(peer->tx);
	struct signet_key *key = tx_key(ch);
	struct signet_path *path;
	struct signet_route r;
	int err;

	if (unlikely(!key)) {
		if (wait_for_channel(sd, peer, skb))
			return;
		ch = rcu_dereference(peer->tx);
		key = tx_key(ch);
		if (!key) {
			signet_drop_skb(sd, peer, skb, SIGNET_DROP_NO_CHANNEL);
			return;
		}
	}
	path = rcu_dereference(ch->path);
	if (unlikely(!path)) {
		signet_icmp_no_host(skb);
		signet_drop_skb(sd, peer, skb, SIGNET_DROP_NO_ENDPOINT);
		return;
	}
	err = signet_route_get(sd, path, READ_ONCE(peer->mark), &r);
	if (unlikely(err)) {
		signet_icmp_no_host(skb);
		signet_drop_skb(sd, peer, skb, signet_tx_reason(err));
		return;
	}

	if (unlikely(too_big(skb, r.mtu))) {
		signet_icmp_too_big(skb, r.mtu);
		signet_drop_skb(sd, peer, skb, SIGNET_DROP_MTU);
	} else if (unlikely(signet_tx_must_defer(sd, key))) {
		signet_tx_defer(sd, ch, skb);
	} else {
		err = send_now(sd, key, ch, path, &r, skb);
		/* the next packet finds it expired and waits */
		if (unlikely(err))
			signet_drop_skb(sd, peer, skb, signet_tx_reason(err));
	}
	signet_route_put(&r);
}

/*
 * Only whole IP packets, as long as their header says: a super-packet's
 * header may say anything.
 */
static bool inner_valid(struct sk_buff *skb)
{
	unsigned int len;

	skb_reset_network_header(skb);
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		if (!pskb_may_pull(skb, sizeof(struct iphdr)) ||
		    ip_hdr(skb)->version != 4)
			return false;
		if (ip_hdr(skb)->ihl < 5 ||
		    !pskb_may_pull(skb, ip_hdr(skb)->ihl * 4))
			return false;
		len = ntohs(ip_hdr(skb)->tot_len);
		if (!skb_is_gso(skb) && len < ip_hdr(skb)->ihl * 4)
			return false;
		break;
	case htons(ETH_P_IPV6):
		if (!pskb_may_pull(skb, sizeof(struct ipv6hdr)) ||
		    ipv6_hdr(skb)->version != 6)
			return false;
		len = ntohs(ipv6_hdr(skb)->payload_len) +
		      sizeof(struct ipv6hdr);
		break;
	default:
		return false;
	}
	if (skb_is_gso(skb))
		return skb_transport_header_was_set(skb);
	return len <= skb->len && !pskb_trim(skb, len);
}

static struct signet_peer *inner_peer(struct signet_device *sd,
				      const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return signet_prefix_peer4(&sd->prefixes, ip_hdr(skb)->daddr);
	return signet_prefix_peer6(&sd->prefixes, &ipv6_hdr(skb)->daddr);
}

netdev_tx_t signet_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct signet_device *sd = netdev_priv(dev);
	struct signet_peer *peer;

	if (unlikely(!inner_valid(skb))) {
		signet_drop_skb(sd, NULL, skb, SIGNET_DROP_INNER);
		return NETDEV_TX_OK;
	}
	if (unlikely(__this_cpu_read(depth) >= DEPTH_MAX)) {
		signet_drop_skb(sd, NULL, skb, SIGNET_DROP_LOOP);
		return NETDEV_TX_OK;
	}

	__this_cpu_inc(depth);
	rcu_read_lock();
	peer = inner_peer(sd, skb);
	if (likely(peer)) {
		xmit_channel(sd, peer, skb);
	} else {
		signet_icmp_no_route(skb);
		signet_drop_skb(sd, NULL, skb, SIGNET_DROP_NO_ROUTE);
	}
	rcu_read_unlock();
	__this_cpu_dec(depth);
	return NETDEV_TX_OK;
}

void signet_tx_waiting(struct signet_peer *peer)
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	spin_lock_bh(&peer->waiting.lock);
	skb_queue_splice_init(&peer->waiting, &list);
	peer->waiting_since = 0;
	spin_unlock_bh(&peer->waiting.lock);

	local_bh_disable();
	rcu_read_lock();
	__this_cpu_inc(depth);
	while ((skb = __skb_dequeue(&list)))
		xmit_channel(peer->sd, peer, skb);
	__this_cpu_dec(depth);
	rcu_read_unlock();
	local_bh_enable();
}

void signet_tx_purge(struct signet_peer *peer, bool all)
{
	u64 now = ktime_get_boottime_ns();
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	spin_lock_bh(&peer->waiting.lock);
	while ((skb = skb_peek(&peer->waiting)) &&
	       (all || now - signet_tx_cb(skb)->since >= SIGNET_WAITING_NS)) {
		__skb_unlink(skb, &peer->waiting);
		__skb_queue_tail(&list, skb);
	}
	peer->waiting_since = skb ? signet_tx_cb(skb)->since : 0;
	spin_unlock_bh(&peer->waiting.lock);

	while ((skb = __skb_dequeue(&list)))
		signet_drop_skb(peer->sd, peer, skb, SIGNET_DROP_NO_CHANNEL);
}
