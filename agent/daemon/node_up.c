// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Up and down: data path, device, routes, exposed ports, peers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "daemon/expose.h"
#include "daemon/incoming.h"
#include "daemon/pair.h"
#include "daemon/node_up.h"
#include "daemon/peer.h"

/* An Ethernet path over IPv6, where nothing better is known. */
#define MTU_DEFAULT (1500 - SG_NETIF_OVERHEAD6)
#define MTU_MIN	    1280

size_t sg_node_addresses(const struct sg_node *n, struct sg_prefix *out,
			 size_t cap)
{
	size_t count = 0;

	out[count].family = AF_INET6;
	out[count].len = 128;
	memcpy(out[count++].addr, n->overlay, 16);
	for (size_t i = 0; i < n->config->n_addresses && count < cap; i++)
		out[count++] = n->config->addresses[i];
	return count;
}

/* Everything behind all peers, their overlay addresses too. Owned by caller. */
static struct sg_prefix *all_prefixes(const struct sg_node *n, size_t *count)
{
	struct sg_prefix *list;
	size_t cap = 0, k = 0;

	for (size_t i = 0; i < n->config->n_peers; i++)
		cap += 1 + n->config->peers[i].n_prefixes;
	list = calloc(cap + 1, sizeof(*list));
	*count = 0;
	if (!list)
		return NULL;
	for (size_t i = 0; i < n->config->n_peers; i++) {
		const struct sg_config_peer *c = &n->config->peers[i];

		list[k].family = AF_INET6;
		list[k].len = 128;
		signet_id_overlay(&c->id, list[k++].addr);
		if (c->n_prefixes)
			memcpy(list + k, c->prefixes,
			       c->n_prefixes * sizeof(*list));
		k += c->n_prefixes;
	}
	*count = k;
	return list;
}

/* The smallest that fits the routes to all endpoints given as addresses. */
static uint32_t default_mtu(const struct sg_node *n)
{
	int best = MTU_DEFAULT;
	bool known = false;

	for (size_t i = 0; i < n->config->n_peers; i++) {
		const struct sg_config_peer *c = &n->config->peers[i];

		for (size_t j = 0; j < c->n_endpoints; j++) {
			union sg_addr a;
			int mtu;

			if (sg_addr_set(&a, c->endpoints[j].host,
					c->endpoints[j].port))
				continue;
			mtu = sg_netif_route_mtu(&a, n->config->mark);
			if (mtu > 0 && (!known || mtu < best)) {
				best = mtu;
				known = true;
			}
		}
		/* A look at many routes tells no more than one at a few. */
		if (i >= 256)
			break;
	}
	return best < MTU_MIN ? MTU_MIN : best > 65535 ? 65535 : best;
}

static int open_datapath(struct sg_node *n, struct sg_error *err)
{
	const struct sg_config *c = n->config;
	struct sg_dp_config cfg = {
		.ifname = c->ifname,
		.port = c->listen,
		.ipv4 = c->family != SG_CONFIG_FAMILY_IPV6,
		.ipv6 = c->family != SG_CONFIG_FAMILY_IPV4,
		.mtu = c->mtu ? c->mtu : default_mtu(n),
		.workers = c->workers,
		.fwmark = c->mark,
		.max_peers = n->max_peers,
		.uring = !strcmp(sg_loop_backend(n->loop), "io_uring"),
	};
	const struct timespec pause = { .tv_nsec = 50000000 };
	int ret, tries = 20;

	n->dp_ops = &sg_datapath_tun;
	n->mtu = cfg.mtu;
	/*
	 * The kernel takes down the rings of an agent that was killed after the
	 * process is gone; its device and sockets live as long.
	 */
	for (;;) {
		ret = n->dp_ops->open(&n->dp, n->loop, &cfg, &sg_node_dp_events,
				      n);
		if ((ret != -EBUSY && ret != -EADDRINUSE) || !--tries)
			break;
		nanosleep(&pause, NULL);
	}
	if (ret) {
		n->dp = NULL;
		return sg_err(err, -ret,
			      "cannot open the data path: interface %s, UDP "
			      "port %u: %s",
			      cfg.ifname, cfg.port, strerror(-ret));
	}
	return 0;
}

static int set_netif(struct sg_node *n, struct sg_error *err)
{
	struct sg_prefix addrs[SG_CONFIG_ADDRESSES_MAX + 1];
	struct sg_dp_status st;
	size_t n_prefixes;
	struct sg_prefix *prefixes = all_prefixes(n, &n_prefixes);
	struct sg_netif_config cfg;
	int ret;

	if (!prefixes)
		return sg_err(err, ENOMEM, "no memory for routes");
	n->dp_ops->status(n->dp, &st);
	cfg = (struct sg_netif_config){
		.ifname = st.ifname,
		.mtu = n->mtu,
		.fwmark = n->config->mark,
		.port = st.port,
		.routes = n->config->routes,
		.addrs = addrs,
		.n_addrs = sg_node_addresses(n, addrs,
					     SG_CONFIG_ADDRESSES_MAX + 1),
		.prefixes = prefixes,
		.n_prefixes = n_prefixes,
	};
	ret = sg_netif_up(&n->netif, &cfg, err);
	free(prefixes);
	return ret;
}

int sg_node_routes(struct sg_node *n, struct sg_error *err)
{
	size_t count;
	struct sg_prefix *prefixes;
	int ret;

	if (!n->netif || !n->config->routes)
		return 0;
	prefixes = all_prefixes(n, &count);
	if (!prefixes)
		return sg_err(err, ENOMEM, "no memory for routes");
	ret = sg_netif_routes(n->netif, prefixes, count, err);
	free(prefixes);
	return ret;
}

int sg_node_expose(struct sg_node *n, struct sg_error *err)
{
	struct sg_prefix addrs[SG_CONFIG_ADDRESSES_MAX + 1];
	struct sg_expose_rule *rules;
	struct sg_dp_status st;
	size_t n_addrs, count = n->config->n_exposes;
	int ret;

	if (!count && !n->exposed)
		return 0;
	rules = calloc(count + 1, sizeof(*rules));
	if (!rules)
		return sg_err(err, ENOMEM, "no memory");
	for (size_t i = 0; i < count; i++) {
		const struct sg_config_expose *x = &n->config->exposes[i];

		memcpy(rules[i].name, x->name, sizeof(rules[i].name));
		rules[i].proto = x->proto;
		rules[i].port = x->port;
		rules[i].to = x->to;
	}
	n_addrs = sg_node_addresses(n, addrs, SG_CONFIG_ADDRESSES_MAX + 1);
	n->dp_ops->status(n->dp, &st);
	ret = sg_expose_check(addrs, n_addrs, rules, count, err);
	if (!ret)
		ret = sg_expose_apply(st.ifname, addrs, n_addrs, rules, count,
				      err);
	if (!ret)
		n->exposed = count > 0;
	free(rules);
	return ret;
}

static int attach_peers(struct sg_node *n, struct sg_error *err)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < n->max_peers; i++)
		if (n->peers[i])
			ret = sg_peer_attach(n->peers[i], err);
	return ret;
}

/* Undo whatever of going up has been done. */
static void tear_down(struct sg_node *n, sg_netif_note undone, void *ctx)
{
	struct sg_dp_status st;
	struct sg_error err;

	if (!n->dp)
		return;
	sg_pair_stop(n, "run `signet up`, then pair again",
		     "the node went down");
	sg_first_contact_destroy(n);
	for (uint32_t i = 0; i < n->max_peers; i++)
		if (n->peers[i])
			sg_peer_detach(n->peers[i], SIGNET_CLOSE_SHUTDOWN);
	n->dp_ops->status(n->dp, &st);
	if (n->exposed) {
		if (sg_expose_remove(st.ifname, &err) < 0)
			sg_log(SG_LOG_WARNING, "%s", err.text);
		else if (undone)
			undone(ctx, "exposed ports");
	}
	n->exposed = false;
	sg_netif_down(n->netif, undone, ctx);
	n->netif = NULL;
	n->dp_ops->close(n->dp);
	n->dp = NULL;
	n->up = false;
}

int sg_node_up(struct sg_node *n, struct sg_error *err)
{
	const struct sg_event e = { .kind = "up" };
	int ret;

	if (n->up)
		return 0;
	ret = open_datapath(n, err);
	if (ret)
		return ret;
	ret = set_netif(n, err);
	if (!ret)
		ret = sg_node_expose(n, err);
	n->up = true;
	if (!ret)
		ret = attach_peers(n, err);
	if (ret)
		tear_down(n, NULL, NULL);
	else
		sg_event(n, &e);
	return ret;
}

void sg_node_down(struct sg_node *n, sg_netif_note undone, void *ctx)
{
	const struct sg_event e = { .kind = "down" };
	bool was_up = n->up;

	tear_down(n, undone, ctx);
	if (was_up)
		sg_event(n, &e);
}
