// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/percpu.h>
#include <linux/skbuff.h>

#include "stats.h"
#include "trace.h"

/* Reasons can't be registered from outside the kernel's tree: the nearest
 * one of the core goes with the skb, the exact one to our own tracepoint.
 */
static const enum skb_drop_reason core_reasons[SIGNET_DROP_COUNT] = {
	[SIGNET_DROP_LENGTH] = SKB_DROP_REASON_PKT_TOO_SMALL,
	[SIGNET_DROP_TYPE] = SKB_DROP_REASON_INVALID_PROTO,
	[SIGNET_DROP_FLAGS] = SKB_DROP_REASON_INVALID_PROTO,
	[SIGNET_DROP_LABEL] = SKB_DROP_REASON_NO_SOCKET,
	[SIGNET_DROP_HOP_TAG] = SKB_DROP_REASON_UDP_CSUM,
	[SIGNET_DROP_KEY_ID] = SKB_DROP_REASON_XFRM_POLICY,
	[SIGNET_DROP_KEY_EXPIRED] = SKB_DROP_REASON_XFRM_POLICY,
	[SIGNET_DROP_LANE] = SKB_DROP_REASON_XFRM_POLICY,
	[SIGNET_DROP_REPLAY] = SKB_DROP_REASON_XFRM_POLICY,
	[SIGNET_DROP_AEAD] = SKB_DROP_REASON_XFRM_POLICY,
	[SIGNET_DROP_INNER] = SKB_DROP_REASON_IP_INHDR,
	[SIGNET_DROP_INNER_SOURCE] = SKB_DROP_REASON_IP_RPFILTER,
	[SIGNET_DROP_NO_ROUTE] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[SIGNET_DROP_NO_CHANNEL] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[SIGNET_DROP_NO_ENDPOINT] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[SIGNET_DROP_MTU] = SKB_DROP_REASON_PKT_TOO_BIG,
	[SIGNET_DROP_QUEUE_FULL] = SKB_DROP_REASON_FULL_RING,
	[SIGNET_DROP_NO_MEMORY] = SKB_DROP_REASON_NOMEM,
	[SIGNET_DROP_DEVICE] = SKB_DROP_REASON_DEV_READY,
};

/* A peer's counters come with its first drop: most peers never have one. */
static u64 __percpu *peer_drops(struct signet_peer *peer)
{
	u64 __percpu *drops = READ_ONCE(peer->drops);
	u64 __percpu *old;

	if (likely(drops))
		return drops;
	drops = __alloc_percpu_gfp(SIGNET_DROP_COUNT * sizeof(u64),
				   __alignof__(u64),
				   GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!drops)
		return NULL;
	old = cmpxchg(&peer->drops, NULL, drops);
	if (!old)
		return drops;
	free_percpu(drops);
	return old;
}

static void count(struct signet_device *sd, struct signet_peer *peer,
		  enum signet_drop reason, unsigned int n, unsigned int length)
{
	u64 __percpu *drops = peer ? peer_drops(peer) : NULL;

	if (!drops)
		drops = sd->drops;
	this_cpu_add(drops[reason], n);
	trace_signet_drop(sd->dev->ifindex, peer ? (s64)peer->id : -1, reason,
			  length);
}

void signet_count_drop(struct signet_device *sd, struct signet_peer *peer,
		       enum signet_drop reason, unsigned int n)
{
	count(sd, peer, reason, n, 0);
}

void signet_drop_skb(struct signet_device *sd, struct signet_peer *peer,
		     struct sk_buff *skb, enum signet_drop reason)
{
	enum skb_drop_reason core = core_reasons[reason];

	count(sd, peer, reason, 1, skb->len);
	kfree_skb_reason(skb, core ?: SKB_DROP_REASON_NOT_SPECIFIED);
}

u64 signet_drops_sum(const u64 __percpu *drops, enum signet_drop reason)
{
	u64 sum = 0;
	int cpu;

	if (!drops)
		return 0;
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(drops, cpu)[reason]);
	return sum;
}
