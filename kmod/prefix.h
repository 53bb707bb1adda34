/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inner prefixes and who owns them, for IPv4 and IPv6: longest prefix match
 * under RCU, changes under the device's lock.
 */
#ifndef SIGNET_KMOD_PREFIX_H
#define SIGNET_KMOD_PREFIX_H

#include <linux/in6.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct netlink_ext_ack;
struct signet_peer;
struct signet_prefix_node;

/* @n: prefixes over all peers */
struct signet_prefix_table {
	struct signet_prefix_node __rcu *root4;
	struct signet_prefix_node __rcu *root6;
	u32 n;
};

enum signet_prefix_op {
	SIGNET_PREFIX_ADD,
	SIGNET_PREFIX_MOVE, /* from whichever peer has it */
	SIGNET_PREFIX_REMOVE,
};

struct signet_prefix_change {
	u16 family;
	u8 length;
	u8 op;
	union {
		__be32 in;
		struct in6_addr in6;
	};
};

/**
 * signet_prefixes_change() - apply all changes in order, or none
 * @replace: first take away the prefixes that the peer has
 * Context: process, sd->lock held. Allocates all before it changes.
 * Return: 0; -EEXIST another peer's; -ENOENT; -EINVAL; -ENOSPC; -ENOMEM
 */
int signet_prefixes_change(struct signet_peer *peer,
			   const struct signet_prefix_change *changes,
			   unsigned int n, bool replace,
			   struct netlink_ext_ack *extack);
/* sd->lock; the whole table, for dellink */
void signet_prefixes_free(struct signet_prefix_table *t);

/* RCU: owner of an inner address, or NULL; no reference taken */
struct signet_peer *signet_prefix_peer4(const struct signet_prefix_table *t,
					__be32 addr);
struct signet_peer *signet_prefix_peer6(const struct signet_prefix_table *t,
					const struct in6_addr *addr);

/* sd->lock: walk a peer's prefixes; @fn returns 0 to go on */
int signet_prefixes_walk(const struct signet_peer *peer,
			 int (*fn)(void *ctx, u16 family, const void *addr,
				   u8 length),
			 void *ctx);

#endif
