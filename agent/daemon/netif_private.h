/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What netif.c and netif_move.c share. */
#ifndef SG_NETIF_PRIVATE_H
#define SG_NETIF_PRIVATE_H

#include <stdio.h>

#include "daemon/netif_nl.h"

struct nl_sock;

enum {
	RULES_MAX = 8,
	IPV6_MIN_MTU = 1280,
};

struct sg_netif {
	struct nl_sock *sk;
	struct sg_nl_link before, link;
	uint32_t mark, table;
	uint16_t port;
	bool want_routes;
	bool link_changed;
	bool no_ipv6;		 /* the host has none */
	char ipv6_before[8];	 /* of disable_ipv6, "" if not changed */
	struct sg_prefix *addrs; /* ours, to be removed */
	size_t n_addrs;
	struct sg_prefix *connected; /* networks of all addresses */
	size_t n_connected;
	struct sg_prefix *routes; /* sorted; those in the table */
	size_t n_routes;
	struct sg_nl_rule rules[RULES_MAX]; /* in place */
	size_t n_rules;
};

/* The note that the agent's device carries, for other agents of the host. */
static inline void netif_alias(struct sg_netif *ni)
{
	snprintf(ni->link.alias, sizeof(ni->link.alias), SG_NL_ALIAS, ni->mark,
		 ni->table, ni->port);
}

static inline struct sg_nl_route netif_route(const struct sg_netif *ni,
					     const struct sg_prefix *p)
{
	return (struct sg_nl_route){
		.dst = *p,
		.protocol = SG_NETIF_PROTOCOL,
		.table = ni->table,
		.oif = ni->link.index,
	};
}

#endif
