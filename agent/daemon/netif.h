/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tunnel device as the host sees it: link, addresses, routes and the
 * rules that keep the agent's own outer packets out of the tunnel.
 *
 * All routes are in a routing table of their own, and every rule that leads
 * there says "not fwmark M", which is the mark on outer packets:
 *
 *	4190  ipproto udp sport PORT goto 4198		(IPv4 only)
 *	4192  not fwmark M lookup T suppress_prefixlength 0
 *	4194  not fwmark M lookup main suppress_prefixlength 0	(see below)
 *	4196  not fwmark M lookup T				(see below)
 *	4198  fwmark M nop
 *
 * The last two of the middle exist only while a default route goes into the
 * tunnel: what main knows better than its default route stays where it is.
 * The first one lets a strict rp_filter see that outer packets arrive where
 * answers to them would leave. Any number of agents can share a network
 * namespace as long as their marks and tables differ.
 */
#ifndef SG_NETIF_H
#define SG_NETIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/wire.h>

#include "common/addr.h"
#include "common/error.h"

/* rtm_protocol of every route and rule made here */
#define SG_NETIF_PROTOCOL     83
#define SG_NETIF_MARK_DEFAULT 0x5347
/* outer headers: IPv4 or IPv6, UDP, and the frame's own 40 bytes */
#define SG_NETIF_OVERHEAD4    (20 + 8 + SIGNET_FRAME_OVERHEAD)
#define SG_NETIF_OVERHEAD6    (40 + 8 + SIGNET_FRAME_OVERHEAD)

struct sg_netif;

/**
 * struct sg_netif_config - what the tunnel device is to look like
 * @ifname: an existing device, made by the data path
 * @mtu: inner MTU
 * @fwmark: mark on outer packets, not 0
 * @table: routing table; 0: the number of @fwmark
 * @port: the outer UDP port in use
 * @routes: whether to make routes and rules at all (Routes = yes)
 * @addrs: the device's addresses with their prefix lengths
 * @n_addrs: their number
 * @prefixes: what is behind all peers
 * @n_prefixes: their number
 * @beside: addresses only; routes and rules are those of another device of
 *	ours until sg_netif_move()
 *
 * An address with a prefix shorter than its family's length brings a route
 * for that prefix. Everything is copied.
 */
struct sg_netif_config {
	const char *ifname;
	uint32_t mtu;
	uint32_t fwmark;
	uint32_t table;
	uint16_t port;
	bool routes;
	const struct sg_prefix *addrs;
	size_t n_addrs;
	const struct sg_prefix *prefixes;
	size_t n_prefixes;
	bool beside;
};

/* Called with a line for each thing, for instance "route 10.77.0.0/24". */
typedef void (*sg_netif_note)(void *ctx, const char *what);

/**
 * sg_netif_up() - set up the device; what a crashed agent left is cleaned
 * @out: receives the handle
 * @cfg: what is wanted
 * @err: receives the reason in words, also of what to do
 *
 * Return: 0; -EBUSY where the table or the mark belongs to somebody else;
 *	another -errno. After an error nothing that it did remains.
 */
int sg_netif_up(struct sg_netif **out, const struct sg_netif_config *cfg,
		struct sg_error *err);

/**
 * sg_netif_routes() - make the routes fit a new list of prefixes
 *
 * Routes in both lists are not touched. Return: 0 or -errno, and then as many
 * routes as possible are right.
 */
int sg_netif_routes(struct sg_netif *ni, const struct sg_prefix *prefixes,
		    size_t n, struct sg_error *err);

/** sg_netif_each() - what is in place now: addresses, routes, rules */
void sg_netif_each(const struct sg_netif *ni, sg_netif_note note, void *ctx);

/**
 * sg_netif_down() - undo what up and routes did, and free @ni
 * @ni: handle or NULL
 * @undone: called for each thing that was still there, or NULL
 * @ctx: its argument
 *
 * What somebody removed by hand meanwhile is passed over. To be called while
 * the device still exists; without it only the rules are left to remove.
 */
void sg_netif_down(struct sg_netif *ni, sg_netif_note undone, void *ctx);

/**
 * sg_netif_leave() - free @ni and undo nothing: the device goes on without us,
 * and the next agent's sg_netif_up() takes over what is there
 */
void sg_netif_leave(struct sg_netif *ni);

/**
 * sg_netif_move() - from one device of ours to one set up beside it
 * @ni: what has routes, rules and name now
 * @old: what gives them away
 * @name: that @ni is to have
 * @spare: for @old, if it has @name
 *
 * No destination is without a route for a moment. Linux before 6.2 cannot rename
 * a device that is up: there each keeps the name that it has. Return: 0 or
 * -errno with @err filled.
 */
int sg_netif_move(struct sg_netif *ni, struct sg_netif *old, const char *name,
		  const char *spare, struct sg_error *err);

/** sg_netif_name() - of the device, by now */
const char *sg_netif_name(const struct sg_netif *ni);

/** struct sg_route - where the kernel would send a packet */
struct sg_route {
	char ifname[16];
	uint32_t ifindex;
	uint32_t mtu;	       /* of the path where known, else the device's */
	union sg_addr src;     /* family 0: unknown */
	union sg_addr gateway; /* family 0: none */
	bool local;	       /* one of this host's own addresses */
};

/**
 * sg_netif_route_check() - ask the kernel for the route to a destination
 * @dest: outer remote, or inner destination (port ignored)
 * @fwmark: the mark of outer packets to ask as one, 0 for inner ones
 * @route: receives the answer
 *
 * Return: 0; -ENETUNREACH, -EHOSTUNREACH, -EACCES as routing says.
 */
int sg_netif_route_check(const union sg_addr *dest, uint32_t fwmark,
			 struct sg_route *route);

/**
 * sg_netif_route_mtu() - largest inner packet that fits the route to @remote
 *
 * Return: MTU of the route less the overhead of its family, or -errno.
 */
int sg_netif_route_mtu(const union sg_addr *remote, uint32_t fwmark);

#endif
