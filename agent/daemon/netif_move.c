// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tunnel's routes, rules and name move to another device: see netif.h. */
#include <errno.h>
#include <string.h>

#include "daemon/netif_private.h"

/* What a device loses that has to be down for a moment. */
static int addresses_again(struct sg_netif *ni)
{
	int ret = 0;

	for (size_t i = 0; i < ni->n_addrs && (!ret || ret == -EEXIST); i++)
		ret = sg_nl_addr_add(ni->sk, ni->link.index, &ni->addrs[i],
				     ni->want_routes);
	return ret == -EEXIST ? 0 : ret;
}

/* Before Linux 6.2 a device is renamed only while it is down. */
static int rename_down(struct sg_netif *ni, const char *name, bool up)
{
	struct sg_nl_link link = ni->link;
	int ret;

	link.up = false;
	ret = sg_nl_link_set(ni->sk, &link);
	if (!ret)
		ret = sg_nl_link_rename(ni->sk, ni->link.index, name);
	link.up = up;
	if (!ret && up)
		ret = sg_nl_link_set(ni->sk, &link);
	if (!ret && up)
		ret = addresses_again(ni);
	return ret;
}

/* @up: it is to carry packets afterwards, too */
static int rename_to(struct sg_netif *ni, const char *name, bool up)
{
	int ret = sg_nl_link_rename(ni->sk, ni->link.index, name);

	if (ret == -EBUSY)
		ret = rename_down(ni, name, up);
	if (ret)
		return ret;
	snprintf(ni->link.name, sizeof(ni->link.name), "%s", name);
	snprintf(ni->before.name, sizeof(ni->before.name), "%s", name);
	return 0;
}

static int move_routes(struct sg_netif *ni, struct sg_netif *old)
{
	int ret = 0;

	for (size_t i = 0; i < old->n_routes && !ret; i++) {
		const struct sg_nl_route r = netif_route(ni, &old->routes[i]);

		ret = sg_nl_route_replace(ni->sk, &r);
	}
	if (ret)
		return ret;
	ni->routes = old->routes;
	ni->n_routes = old->n_routes;
	old->routes = NULL;
	old->n_routes = 0;
	return 0;
}

/* They name no device; one names the port. */
static int move_rules(struct sg_netif *ni, struct sg_netif *old)
{
	int ret = 0;

	memcpy(ni->rules, old->rules, sizeof(ni->rules));
	ni->n_rules = old->n_rules;
	old->n_rules = 0;
	for (size_t i = 0; i < ni->n_rules && !ret; i++) {
		struct sg_nl_rule *r = &ni->rules[i], was = *r;

		if (!r->sport || r->sport == ni->port)
			continue;
		r->sport = ni->port;
		ret = sg_nl_rule_add(ni->sk, r);
		sg_nl_rule_del(ni->sk, &was);
	}
	return ret;
}

int sg_netif_move(struct sg_netif *ni, struct sg_netif *old, const char *spare,
		  struct sg_error *err)
{
	char name[sizeof(old->link.name)];
	int ret;

	memcpy(name, old->link.name, sizeof(name));
	/* two agents' devices are told apart by it */
	old->link.alias[0] = '\0';
	ret = sg_nl_link_set(old->sk, &old->link);
	if (!ret)
		ret = rename_to(old, spare, false);
	if (!ret)
		ret = rename_to(ni, name, true);
	if (!ret)
		ret = move_routes(ni, old);
	if (!ret)
		ret = move_rules(ni, old);
	if (!ret && ni->want_routes) {
		netif_alias(ni);
		ret = sg_nl_link_set(ni->sk, &ni->link);
	}
	if (ret)
		return sg_err(err, -ret,
			      "cannot move routes and name of %s to another "
			      "device: %s",
			      name, strerror(-ret));
	return 0;
}
