/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Outer packets: route, path MTU, UDP and IP headers. */
#ifndef SIGNET_KMOD_OUTPUT_H
#define SIGNET_KMOD_OUTPUT_H

#include "channel.h"

struct rtable;

/**
 * struct signet_route - where outer packets go, found once for a batch
 * @dst: held
 * @rt: the same for IPv4
 * @sk: that they leave from; valid under RCU
 * @remote: of the path
 * @local: source address, chosen
 * @mtu: largest inner packet
 */
struct signet_route {
	struct dst_entry *dst;
	struct rtable *rt;
	struct sock *sk;
	const union signet_addr *remote;
	union {
		__be32 in;
		struct in6_addr in6;
	} local;
	unsigned int mtu;
};

/* what outer headers take over from the inner packet */
struct signet_outer {
	__be16 df;
	u8 tos;
	bool fragment; /* may be cut on the way: see signet_icmp_too_big() */
};

/**
 * signet_route_get() - find the route of a path
 * @dev: the tunnel; a route through it is refused
 * @mark: of outer packets
 * Context: RCU, bottom halves off.
 * Return: 0; -ENOTCONN no socket of that family; -ELOOP; or as the look-up
 * fails. Release with signet_route_put().
 */
int signet_route_get(struct signet_device *sd, struct signet_path *path,
		     u32 mark, struct signet_route *r);
void signet_route_put(struct signet_route *r);

/**
 * signet_route_learn() - an error that quoted a frame told of a path MTU
 * @mtu: largest inner packet
 * Return: true when it is less than was known; it is used for ten minutes, or
 * until the path is replaced.
 */
bool signet_route_learn(struct signet_path *path, struct signet_route *r,
			unsigned int mtu);

/* what outer headers take over of @skb, an inner packet or NULL */
void signet_outer_set(struct signet_outer *outer,
		      const struct signet_peer *peer,
		      const struct sk_buff *skb, unsigned int mtu);

/* RCU, bottom halves off: send frames, and free @skb */
void signet_output(const struct signet_route *r, struct sk_buff *skb,
		   const struct signet_outer *outer);

#endif
