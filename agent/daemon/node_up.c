// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Up and down: data path, device, routes, exposed ports, peers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/expose.h"
#include "daemon/gate.h"
#include "daemon/incoming.h"
#include "daemon/pair.h"
#include "daemon/node_policy.h"
#include "daemon/node_up.h"
#include "daemon/peer.h"

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

int sg_node_netif(struct sg_node *n, bool beside, struct sg_error *err)
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
		.beside = beside,
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

int sg_node_attach_peers(struct sg_node *n, struct sg_error *err)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < n->max_peers; i++)
		if (n->peers[i])
			ret = sg_peer_attach(n->peers[i], err);
	return ret;
}

/*
 * Undo whatever of going up has been done. Without a word: peers are not told,
 * since new channels follow.
 */
void sg_node_tear_down(struct sg_node *n, bool silent, sg_netif_note undone,
		       void *ctx)
{
	struct sg_dp_status st;
	struct sg_error err;
	bool stays;

	if (!n->dp)
		return;
	sg_node_move_end(n);
	stays = n->handover && n->dp_ops->leave;
	if (stays)
		n->dp_ops->leave(n->dp);
	sg_pair_stop(n, "run `signet up`, then pair again",
		     "the node went down");
	sg_first_contact_destroy(n);
	sg_admission_clear(n);
	for (uint32_t i = 0; i < n->max_peers; i++) {
		if (!n->peers[i])
			continue;
		if (silent)
			signet_session_destroy(&n->peers[i]->session);
		sg_peer_detach(n->peers[i], SIGNET_CLOSE_SHUTDOWN);
	}
	n->dp_ops->status(n->dp, &st);
	if (stays) {
		sg_netif_leave(n->netif);
	} else {
		if (n->exposed && sg_expose_remove(st.ifname, &err) < 0)
			sg_log(SG_LOG_WARNING, "%s", err.text);
		else if (n->exposed && undone)
			undone(ctx, "exposed ports");
		sg_netif_down(n->netif, undone, ctx);
	}
	n->exposed = false;
	n->netif = NULL;
	n->dp_ops->close(n->dp);
	n->dp = NULL;
	n->up = false;
}

int sg_node_bring_up(struct sg_node *n, struct sg_error *err)
{
	int ret = sg_node_open_datapath(n, NULL, err);

	if (ret)
		return ret;
	ret = sg_node_netif(n, false, err);
	if (!ret)
		ret = sg_node_expose(n, err);
	n->up = true;
	if (!ret)
		sg_gates_up(n);
	if (!ret)
		ret = sg_node_attach_peers(n, err);
	if (!ret)
		ret = sg_node_policy(n, err);
	if (ret)
		sg_node_tear_down(n, false, NULL, NULL);
	else if (n->dp_ops->attached)
		n->dp_ops->attached(n->dp);
	return ret;
}

int sg_node_up(struct sg_node *n, struct sg_error *err)
{
	const struct sg_event e = { .kind = "up" };
	int ret;

	if (n->up)
		return 0;
	ret = sg_node_bring_up(n, err);
	if (!ret)
		sg_event(n, &e);
	return ret;
}

void sg_node_down(struct sg_node *n, sg_netif_note undone, void *ctx)
{
	const struct sg_event e = { .kind = "down" };
	bool was_up = n->up;

	sg_gates_down(n, n->handover);
	sg_timer_cancel(n->loop, &n->dp_timer);
	sg_node_tear_down(n, false, undone, ctx);
	n->dp_port = 0;
	if (was_up)
		sg_event(n, &e);
}
