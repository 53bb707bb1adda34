/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Drop counters: one mechanism for tracepoint, statistics and kfree_skb. */
#ifndef SIGNET_KMOD_STATS_H
#define SIGNET_KMOD_STATS_H

#include "channel.h"

/* peer may be NULL: counted for the device; n packets or frames */
void signet_count_drop(struct signet_device *sd, struct signet_peer *peer,
		       enum signet_drop reason, unsigned int n);
/* count, trace signet:drop, free with the core reason that is nearest */
void signet_drop_skb(struct signet_device *sd, struct signet_peer *peer,
		     struct sk_buff *skb, enum signet_drop reason);
u64 signet_drops_sum(const u64 __percpu *drops, enum signet_drop reason);

static inline void signet_count_rx(struct signet_channel *ch,
				   unsigned int packets, unsigned int bytes,
				   u64 now)
{
	struct signet_counters *c = this_cpu_ptr(ch->counters);

	u64_stats_update_begin(&c->syncp);
	u64_stats_add(&c->rx_packets, packets);
	u64_stats_add(&c->rx_bytes, bytes);
	u64_stats_set(&c->rx_last, now);
	u64_stats_update_end(&c->syncp);
}

static inline void signet_count_tx(struct signet_channel *ch,
				   unsigned int packets, unsigned int bytes,
				   u64 now)
{
	struct signet_counters *c = this_cpu_ptr(ch->counters);

	u64_stats_update_begin(&c->syncp);
	u64_stats_add(&c->tx_packets, packets);
	u64_stats_add(&c->tx_bytes, bytes);
	u64_stats_set(&c->tx_last, now);
	u64_stats_update_end(&c->syncp);
}

#endif
