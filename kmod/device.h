/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A signet network device: sockets, and the objects that netlink makes.
 *
 * Locking: what only control paths read or write is under lock (a mutex,
 * process context). Data paths run in softirq or with bottom halves off and
 * read everything under RCU. Order: rtnl, then lock.
 */
#ifndef SIGNET_KMOD_DEVICE_H
#define SIGNET_KMOD_DEVICE_H

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/siphash.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/sock.h>

#include <signet/drop.h>
#include <signet/wire.h>
#include <uapi/linux/signet.h>

#include "prefix.h"

#define SIGNET_TX_LABEL_BITS 8

struct signet_rx_cpu;
struct signet_tx_cpu;
struct signet_socket;

struct signet_limits {
	u32 peers;
	u32 channels;
	u32 prefixes;
	u32 queue_bytes;
};

/**
 * struct signet_device - private part of the net_device
 * @dev: the net_device that this is part of
 * @node: in the list of all devices (main.c)
 * @lock: serialises every change of what is below
 * @dying: set under @lock by dellink; nothing may be added after
 * @sockets: [0] IPv4, [1] IPv6; RCU, written under @lock (socket.c)
 * @peers: struct signet_peer by id; lookups under RCU or @lock
 * @channels: struct signet_channel by id; the same
 * @labels: struct signet_label by label; read under RCU
 * @paths: hash of struct signet_path by tx label, for ICMP errors
 * @prefixes: peers by inner address, longest prefix first
 * @limits: most objects of each kind
 * @n_peers, @n_channels, @n_keys: how many there are, under @lock
 * @generation: grows with each change of an object
 * @expire: wipes keys and labels that are past their limit (expire.c)
 * @expire_at: boottime ns when @expire is to run, S64_MAX never
 * @drops: for each CPU, counters of reasons that concern no peer
 * @rx: per CPU receive state (rx.c)
 * @openers: CPUs that frames are steered to, @n_openers of them (steer.c)
 * @tx: per CPU transmit state (tx.c)
 * @owner: whose objects these are, as netlink said; under @lock
 * @metadata, @mark, @mark_mask: link attributes, READ_ONCE
 */
struct signet_device {
	struct net_device *dev;
	struct list_head node;
	struct mutex lock;
	bool dying;
	struct signet_socket __rcu *sockets[2];

	struct xarray peers;
	struct xarray channels;
	struct rhashtable labels;
	struct hlist_head paths[1 << SIGNET_TX_LABEL_BITS];
	struct signet_prefix_table prefixes;
	struct signet_limits limits;
	u32 n_peers;
	u32 n_channels;
	u32 n_keys;
	atomic_t generation;
	struct delayed_work expire;
	atomic64_t expire_at;
	u8 owner[SIGNET_OWNER_LEN];

	u64 __percpu *drops;
	struct signet_rx_cpu __percpu *rx;
	unsigned int *openers;
	unsigned int n_openers;
	struct signet_tx_cpu __percpu *tx;

	bool metadata;
	u32 mark;
	u32 mark_mask;
};

/* for work that must not run in softirq: deferred AEAD, freeing of keys */
extern struct workqueue_struct *signet_wq;

extern struct rtnl_link_ops signet_link_ops;

/**
 * signet_device_get() - find a device by index and take a reference
 * Return: NULL unless it is a signet device; release with netdev_put() or
 * signet_device_put().
 */
struct signet_device *signet_device_get(struct net *net, u32 ifindex,
					netdevice_tracker *tracker);
void signet_device_put(struct signet_device *sd, netdevice_tracker *tracker);

/* wipe every key of one device, or of all: resume, VM fork (main.c) */
void signet_device_drop_keys(struct signet_device *sd);
void signet_drop_all_keys(void);

static inline void signet_device_changed(struct signet_device *sd)
{
	atomic_inc(&sd->generation);
}

/* expire.c: look again at deadlines, one of which is at @ns boottime */
void signet_expire_at(struct signet_device *sd, u64 ns);
void signet_expire_work(struct work_struct *work);

#endif
