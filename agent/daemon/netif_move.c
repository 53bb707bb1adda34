// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tunnel's routes, rules and name move to another device: see netif.h. */
#include <errno.h>
#include <string.h>

#include "daemon/netif_private.h"

static int rename_to(struct sg_netif *ni, const char *name)
{
	int ret = sg_nl_link_rename(ni->sk, ni->link.index, name);

	if (ret)
		return ret;
	snprintf(ni->link.name, sizeof(ni->link.name), "%s", name);
	snprintf(ni->before.name, sizeof(ni->before.name), "%s", name);
	return 0;
}

/* Before Linux 6.2 a device would have to be down for that: each keeps its own. */
static int move_name(struct sg_netif *ni, struct sg_netif *old,
		     const char *name, const char *spare)
{
	int ret;

	if (!strcmp(ni->link.name, name))
		return 0;
	ret = rename_to(old, spare);
	if (ret == -EBUSY)
		return 0;
	return ret ? ret : rename_to(ni, name);
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

int sg_netif_move(struct sg_netif *ni, struct sg_netif *old, const char *name,
		  const char *spare, struct sg_error *err)
{
	int ret;

	/* two agents' devices are told apart by it */
	old->link.alias[0] = '\0';
	ret = sg_nl_link_set(old->sk, &old->link);
	if (!ret)
		ret = move_name(ni, old, name, spare);
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

const char *sg_netif_name(const struct sg_netif *ni)
{
	return ni->link.name;
}
