/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SIGNET_KMOD_PEER_H
#define SIGNET_KMOD_PEER_H

#include <linux/kref.h>
#include <linux/skbuff.h>

#include "device.h"

struct signet_channel;
struct metadata_dst;

/* packets that wait for a channel, for each peer */
#define SIGNET_WAITING_MAX 16
#define SIGNET_WAITING_NS (5 * NSEC_PER_SEC)

/* what was counted; times in CLOCK_BOOTTIME ns */
struct signet_counters_sum {
	u64 rx_packets, rx_bytes, tx_packets, tx_bytes, rx_last, tx_last,
		aead_failures;
};

/**
 * struct signet_peer - who owns prefixes
 * @sd: its device; a peer never outlives it
 * @id: chosen by the agent
 * @tx: channel that packets leave on; RCU, written under @waiting's lock
 * @channels: list of struct signet_channel, under sd->lock
 * @past: counters of channels that are gone, under sd->lock
 * @prefixes: list of its struct signet_prefix, under sd->lock
 * @df, @tos, @mark: of outer packets, READ_ONCE
 * @waiting: packets that wait for a channel; its lock, below sd->lock, also
 *	guards what they leave on: @tx, and its channels' keys to seal with
 * @waiting_since: boottime of the oldest
 * @wanted_told: boottime of the last channel-wanted
 * @metadata: made on first use when the device wants metadata; RCU
 * @drops: per CPU counters by reason
 */
struct signet_peer {
	struct signet_device *sd;
	u32 id;
	u32 mark;
	struct kref ref;
	u8 df;
	u8 tos;
	struct signet_channel __rcu *tx;
	union {
		struct list_head channels;
		struct rcu_head rcu; /* once there are none */
	};
	struct signet_counters_sum past;
	struct list_head prefixes;
	struct sk_buff_head waiting;
	u64 waiting_since;
	u64 wanted_told;
	struct metadata_dst __rcu *metadata;
	u64 __percpu *drops;
};

int signet_peer_cache_init(void); /* a kmem_cache, accounted, exact size */
void signet_peer_cache_exit(void);

/* all: process context, sd->lock held, unless said otherwise */

/* Return: the peer, in sd->peers; ERR_PTR(-EEXIST, -ENOSPC, -ENOMEM) */
struct signet_peer *signet_peer_new(struct signet_device *sd, u32 id,
				    struct netlink_ext_ack *extack);
/* its channels, labels, keys and prefixes too; telling is the caller's */
void signet_peer_del(struct signet_peer *peer);
/* RCU or sd->lock; no reference taken */
struct signet_peer *signet_peer_find(struct signet_device *sd, u32 id);
void signet_peer_get(struct signet_peer *peer);
void signet_peer_put(struct signet_peer *peer); /* any context */

#endif
