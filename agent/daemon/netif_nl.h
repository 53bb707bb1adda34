/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few rtnetlink requests that netif.c makes, over libnl. Each waits for
 * the kernel's answer; all return 0 or the kernel's -errno.
 */
#ifndef SG_NETIF_NL_H
#define SG_NETIF_NL_H

#include <linux/fib_rules.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "daemon/netif.h"

#define SG_NL_ALIAS_LEN	 64
#define SG_NL_ALIAS	 "signet: mark %#x table %u port %u"
#define SG_NL_ALIAS_SCAN "signet: mark %x table %u port %u"

/* Priorities of the rules; see netif.h for what they say. */
enum {
	SG_NL_PRIO_PORT = 4190,	    /* outer packets that come in */
	SG_NL_PRIO_SPECIFIC = 4192, /* what the tunnel knows better */
	SG_NL_PRIO_MAIN = 4194,	    /* then what main knows better */
	SG_NL_PRIO_DEFAULT = 4196,  /* than the default into the tunnel */
	SG_NL_PRIO_END = 4198,	    /* where SG_NL_PRIO_PORT goes to */
};

struct nl_sock;

int sg_nl_open(struct nl_sock **sk);
void sg_nl_close(struct nl_sock *sk);

/** struct sg_nl_link - a network device */
struct sg_nl_link {
	char name[16];
	char alias[SG_NL_ALIAS_LEN]; /* cut if longer */
	uint32_t index;
	uint32_t mtu;
	bool up;
};

/** struct sg_nl_rule - a policy routing rule; 0 is "not given" */
struct sg_nl_rule {
	uint8_t family;
	uint8_t action;	  /* FR_ACT_* */
	uint8_t protocol; /* who made it */
	uint8_t ipproto;
	bool invert;
	bool suppress_default; /* suppress_prefixlength 0 */
	bool other;	       /* from the kernel: has attributes not here */
	uint16_t sport;
	uint32_t priority;
	uint32_t mark;
	uint32_t table;
	uint32_t target; /* of a goto */
};

/** struct sg_nl_route - a route of some table; default has length 0 */
struct sg_nl_route {
	struct sg_prefix dst;
	uint8_t protocol;
	uint32_t table;
	uint32_t oif;
};

/* Return: 0 to go on, else the value that ends the dump. */
typedef int (*sg_nl_link_fn)(void *ctx, const struct sg_nl_link *l);
typedef int (*sg_nl_rule_fn)(void *ctx, const struct sg_nl_rule *r);
typedef int (*sg_nl_route_fn)(void *ctx, const struct sg_nl_route *r);

int sg_nl_links(struct nl_sock *sk, sg_nl_link_fn fn, void *ctx);
int sg_nl_rules(struct nl_sock *sk, int family, sg_nl_rule_fn fn, void *ctx);
int sg_nl_routes(struct nl_sock *sk, int family, sg_nl_route_fn fn, void *ctx);

/* one device by name or, with @name NULL, by @index; -ENODEV */
int sg_nl_link_get(struct nl_sock *sk, const char *name, uint32_t index,
		   struct sg_nl_link *l);
/* @link: mtu, alias ("" removes it) and up are set */
int sg_nl_link_set(struct nl_sock *sk, const struct sg_nl_link *l);
/* -EBUSY: it is up, and this kernel cannot do that */
int sg_nl_link_rename(struct nl_sock *sk, uint32_t index, const char *name);
/* no link-local address of the kernel's making */
int sg_nl_link_quiet(struct nl_sock *sk, uint32_t index);

/* @noroute: the kernel makes no route for the address's prefix */
int sg_nl_addr_add(struct nl_sock *sk, uint32_t index,
		   const struct sg_prefix *a, bool noroute);
int sg_nl_addr_del(struct nl_sock *sk, uint32_t index,
		   const struct sg_prefix *a);
int sg_nl_route_add(struct nl_sock *sk, const struct sg_nl_route *r);
/* also where there is one of another device */
int sg_nl_route_replace(struct nl_sock *sk, const struct sg_nl_route *r);
int sg_nl_route_del(struct nl_sock *sk, const struct sg_nl_route *r);
int sg_nl_rule_add(struct nl_sock *sk, const struct sg_nl_rule *r);
int sg_nl_rule_del(struct nl_sock *sk, const struct sg_nl_rule *r);

/* the kernel's choice for one destination; mtu 0: take the device's */
int sg_nl_route_get(struct nl_sock *sk, const union sg_addr *dest,
		    uint32_t mark, struct sg_route *route);

/** struct sg_netif_kept - what was there and is as we would make it */
struct sg_netif_kept {
	struct sg_nl_rule rules[8];
	size_t n_rules;
	struct sg_prefix *routes; /* the caller's to free */
	size_t n_routes;
};

/**
 * sg_netif_survey() - refuse what belongs to others, clean what is left over
 * @link: our device
 * @kept: receives what an earlier agent left for the same device, mark, table
 *	and port, which stays in place
 * Return: 0; -EBUSY with @err filled; another -errno.
 */
int sg_netif_survey(struct nl_sock *sk, const struct sg_nl_link *link,
		    uint32_t mark, uint32_t table, uint16_t port,
		    struct sg_netif_kept *kept, struct sg_error *err);

#endif
