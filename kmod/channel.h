/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SIGNET_KMOD_CHANNEL_H
#define SIGNET_KMOD_CHANNEL_H

#include <linux/in6.h>
#include <linux/kref.h>
#include <linux/siphash.h>
#include <linux/u64_stats_sync.h>
#include <net/dst_cache.h>

#include "peer.h"

struct signet_key;

/* an outer address; a plain copy of what netlink gave */
union signet_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct signet_path - where a channel's frames go; replaced, not changed
 * @node: in sd->paths, by @tx_label
 * @channel: that it belongs to
 * @remote: destination, with port
 * @local: source address, or the unspecified one: routing chooses
 * @generation: of its writer, echoed in notifications
 * @cache: routes, for each CPU
 * @mtu: largest inner packet, as an error that quoted a frame told; 0: none
 * @mtu_until: boottime at which @mtu is forgotten; both READ_ONCE
 */
struct signet_path {
	struct hlist_node node;
	struct signet_channel *channel;
	union signet_addr remote;
	__le32 tx_label;
	union {
		__be32 in;
		struct in6_addr in6;
	} local;
	siphash_key_t hop_key;
	struct dst_cache cache;
	u32 generation;
	u32 mtu;
	u64 mtu_until;
	struct rcu_head rcu;
};

/* inner packets; times in CLOCK_BOOTTIME ns, of this CPU */
struct signet_counters {
	u64_stats_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	u64_stats_t rx_last, tx_last;
	struct u64_stats_sync syncp;
};

enum signet_channel_flag {
	SIGNET_CHANNEL_WATCHED, /* tell channel-active once */
	SIGNET_CHANNEL_DEAD,	/* deleted; only references keep it */
	SIGNET_CHANNEL_TAKES_OVER, /* peer->tx with its first frame */
	SIGNET_CHANNEL_LANES,	/* its peer seals on several lanes */
};

/**
 * struct signet_channel - keys and a path to one peer
 * @peer: held
 * @path: RCU, written under sd->lock; NULL: receives only
 * @tx_key: key that seals now; RCU, written under peer->waiting.lock
 * @rx_keys: by key id; RCU, written under sd->lock
 * @tx_keys: list of transmit keys; the same
 * @labels: its labels, under sd->lock
 * @flags: enum signet_channel_flag, atomic bit operations
 * @failures: of receive keys that are gone, under sd->lock
 * @endpoint_told: boottime of the last endpoint-seen
 */
struct signet_channel {
	struct signet_peer *peer;
	struct signet_path __rcu *path;
	struct signet_key __rcu *tx_key;
	struct signet_counters __percpu *counters;
	unsigned long flags;
	u32 id;
	struct kref ref;
	u8 tx_lanes;
	u8 rx_lanes;
	u64 failures;
	struct signet_key __rcu *rx_keys[SIGNET_KEY_IDS];
	struct signet_key __rcu *tx_keys;
	u64 endpoint_told;
	struct list_head node; /* in peer->channels */
	union {
		struct list_head labels;
		struct rcu_head rcu; /* once there are none */
	};
};

struct signet_path_config {
	union signet_addr remote;
	union signet_addr local;
	u8 hop_key[SIGNET_HOP_KEY_LEN];
	u32 tx_label;
	u32 generation;
};

/* kmem_caches of channels and paths: accounted, of their exact size */
int signet_channel_caches_init(void);
void signet_channel_caches_exit(void);

/* all: process context, sd->lock held, unless said otherwise */

/* @path may be NULL */
struct signet_channel *
signet_channel_new(struct signet_peer *peer, u32 id, u8 tx_lanes, u8 rx_lanes,
		   const struct signet_path_config *path,
		   struct netlink_ext_ack *extack);
/* labels and keys too; frees after a grace period */
void signet_channel_del(struct signet_channel *ch);
struct signet_channel *signet_channel_find(struct signet_device *sd, u32 id);
void signet_channel_get(struct signet_channel *ch);
void signet_channel_put(struct signet_channel *ch); /* any context */
int signet_channel_set_path(struct signet_channel *ch,
			    const struct signet_path_config *path,
			    struct netlink_ext_ack *extack);
/* peer->tx = ch; no channel of the peer takes over any more */
void signet_channel_select(struct signet_channel *ch);
/**
 * signet_channel_take_over() - peer->tx = ch, if it is to take over
 * @key_id: of the receive key under which a frame has opened
 * Context: RCU, bottom halves off. On return the peer's packets leave on @ch.
 */
void signet_channel_take_over(struct signet_channel *ch, u8 key_id);
/* RCU: the path with this tx label to this remote address, or NULL */
struct signet_path *signet_path_find(struct signet_device *sd, __le32 tx_label,
				     const union signet_addr *remote);
/* sum over CPUs and keys, also those that are gone */
void signet_channel_sum(const struct signet_channel *ch,
			struct signet_counters_sum *sum); /* adds */

#endif
