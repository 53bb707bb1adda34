// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Link, addresses, routes and rules of the tunnel device: see netif.h.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/netif_private.h"
#include "daemon/sysctl.h"

/* The words for one thing, as `down` and `up` report it. */

static void note_prefix(sg_netif_note note, void *ctx, const char *what,
			const struct sg_prefix *p)
{
	char text[SG_PREFIX_STR_LEN], line[SG_PREFIX_STR_LEN + 16];

	if (!note)
		return;
	snprintf(line, sizeof(line), "%s %s", what, sg_prefix_format(p, text));
	note(ctx, line);
}

static void note_rule(sg_netif_note note, void *ctx, const struct sg_nl_rule *r)
{
	const char *ip = r->family == AF_INET ? "ip" : "ip6";
	char line[128];

	if (!note)
		return;
	if (r->action == FR_ACT_GOTO)
		snprintf(line, sizeof(line),
			 "rule %s %u: ipproto udp sport %u goto %u", ip,
			 r->priority, r->sport, r->target);
	else if (r->action == FR_ACT_NOP)
		snprintf(line, sizeof(line), "rule %s %u: fwmark %#x nop", ip,
			 r->priority, r->mark);
	else
		snprintf(line, sizeof(line),
			 "rule %s %u: not fwmark %#x lookup %u%s", ip,
			 r->priority, r->mark, r->table,
			 r->suppress_default ? " suppress_prefixlength 0" : "");
	note(ctx, line);
}

/* Sorted lists of prefixes ------------------------------------------------ */

static int prefix_cmp(const void *a, const void *b)
{
	const struct sg_prefix *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

static size_t sort_unique(struct sg_prefix *p, size_t n)
{
	size_t out = 0;

	if (n)
		qsort(p, n, sizeof(*p), prefix_cmp);
	for (size_t i = 0; i < n; i++)
		if (!out || prefix_cmp(&p[out - 1], &p[i]))
			p[out++] = p[i];
	return out;
}

static struct sg_prefix canonical(const struct sg_prefix *p)
{
	struct sg_prefix c = { .family = p->family, .len = p->len };

	memcpy(c.addr, p->addr, p->family == AF_INET ? 4 : 16);
	sg_prefix_mask(&c);
	return c;
}

static bool has_default(const struct sg_prefix *p, size_t n, int family)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].family == family && !p[i].len)
			return true;
	return false;
}

static bool has_family(const struct sg_prefix *p, size_t n, int family)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].family == family)
			return true;
	return false;
}

/* Routes ------------------------------------------------------------------ */

static int route_set(struct sg_netif *ni, const struct sg_prefix *p, bool add)
{
	struct sg_nl_route r = netif_route(ni, p);

	if (add)
		return sg_nl_route_add(ni->sk, &r);
	return sg_nl_route_del(ni->sk, &r);
}

/*
 * Walk both sorted lists and change what is in one only. Routes to add come
 * before routes to remove, so that no destination is without one for a moment
 * when a prefix only changes its length.
 */
static int routes_change(struct sg_netif *ni, const struct sg_prefix *want,
			 size_t n_want, bool add, struct sg_prefix *failed)
{
	const struct sg_prefix *from = add ? want : ni->routes;
	const struct sg_prefix *other = add ? ni->routes : want;
	size_t n = add ? n_want : ni->n_routes;
	size_t m = add ? ni->n_routes : n_want;
	int first = 0;

	for (size_t i = 0, j = 0; i < n; i++) {
		int err;

		while (j < m && prefix_cmp(&other[j], &from[i]) < 0)
			j++;
		if (j < m && !prefix_cmp(&other[j], &from[i]))
			continue;
		err = route_set(ni, &from[i], add);
		if (add ? err == -EEXIST : err == -ESRCH || err == -ENODEV)
			err = 0;
		if (err && !first) {
			first = err;
			*failed = from[i];
		}
	}
	return first;
}

/* The list that the table should hold; NULL when out of memory. */
static struct sg_prefix *wanted_routes(const struct sg_netif *ni,
				       const struct sg_prefix *prefixes,
				       size_t n, size_t *n_out)
{
	struct sg_prefix *p;

	p = calloc(n + ni->n_connected + 1, sizeof(*p));
	if (!p)
		return NULL;
	memcpy(p, ni->connected, ni->n_connected * sizeof(*p));
	for (size_t i = 0; i < n; i++)
		p[ni->n_connected + i] = canonical(&prefixes[i]);
	n = sort_unique(p, n + ni->n_connected);
	if (ni->no_ipv6) /* sorted: IPv4 comes first */
		while (n && p[n - 1].family == AF_INET6)
			n--;
	*n_out = n;
	return p;
}

/* Rules ------------------------------------------------------------------- */

static struct sg_nl_rule lookup_rule(const struct sg_netif *ni, int family,
				     uint32_t prio, uint32_t table,
				     bool suppress)
{
	return (struct sg_nl_rule){
		.family = family,
		.action = FR_ACT_TO_TBL,
		.protocol = SG_NETIF_PROTOCOL,
		.invert = true,
		.suppress_default = suppress,
		.priority = prio,
		.mark = ni->mark,
		.table = table,
	};
}

static size_t wanted_rules(const struct sg_netif *ni, int family,
			   bool with_default, struct sg_nl_rule *r)
{
	size_t n = 0;

	if (family == AF_INET && ni->port) {
		r[n++] = (struct sg_nl_rule){
			.family = family,
			.action = FR_ACT_NOP,
			.protocol = SG_NETIF_PROTOCOL,
			.priority = SG_NL_PRIO_END,
			.mark = ni->mark,
		};
		r[n++] = (struct sg_nl_rule){
			.family = family,
			.action = FR_ACT_GOTO,
			.protocol = SG_NETIF_PROTOCOL,
			.priority = SG_NL_PRIO_PORT,
			.ipproto = IPPROTO_UDP,
			.sport = ni->port,
			.target = SG_NL_PRIO_END,
		};
	}
	if (with_default) {
		r[n++] = lookup_rule(ni, family, SG_NL_PRIO_DEFAULT, ni->table,
				     false);
		r[n++] = lookup_rule(ni, family, SG_NL_PRIO_MAIN, RT_TABLE_MAIN,
				     true);
	}
	r[n++] = lookup_rule(ni, family, SG_NL_PRIO_SPECIFIC, ni->table, true);
	return n;
}

static bool rule_equal(const struct sg_nl_rule *a, const struct sg_nl_rule *b)
{
	return a->family == b->family && a->priority == b->priority;
}

static bool rule_in(const struct sg_nl_rule *list, size_t n,
		    const struct sg_nl_rule *r)
{
	for (size_t i = 0; i < n; i++)
		if (rule_equal(&list[i], r))
			return true;
	return false;
}

/* A family without routes gets no rules. */
static int rules_fit(struct sg_netif *ni, const struct sg_prefix *want,
		     size_t n_want, struct sg_error *err)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct sg_nl_rule wanted[RULES_MAX];
	size_t n = 0;
	int ret = 0;

	for (size_t i = 0; i < 2; i++)
		if (has_family(want, n_want, families[i]))
			n += wanted_rules(
				ni, families[i],
				has_default(want, n_want, families[i]),
				&wanted[n]);
	for (size_t i = 0; i < n; i++) {
		if (rule_in(ni->rules, ni->n_rules, &wanted[i]))
			continue;
		ret = sg_nl_rule_add(ni->sk, &wanted[i]);
		if (ret && ret != -EEXIST)
			return sg_err(err, -ret,
				      "cannot add routing rule %u: %s",
				      wanted[i].priority, strerror(-ret));
		ni->rules[ni->n_rules++] = wanted[i];
	}
	for (size_t i = ni->n_rules; i-- > 0;) {
		if (rule_in(wanted, n, &ni->rules[i]))
			continue;
		sg_nl_rule_del(ni->sk, &ni->rules[i]);
		ni->rules[i] = ni->rules[--ni->n_rules];
	}
	return 0;
}

int sg_netif_routes(struct sg_netif *ni, const struct sg_prefix *prefixes,
		    size_t n, struct sg_error *err)
{
	struct sg_prefix *want, failed;
	char text[SG_PREFIX_STR_LEN];
	size_t n_want;
	int ret, ret2;

	if (!ni->want_routes)
		return 0;
	want = wanted_routes(ni, prefixes, n, &n_want);
	if (!want)
		return sg_err(err, ENOMEM, "out of memory for routes");
	ret = routes_change(ni, want, n_want, true, &failed);
	if (ret)
		sg_err(err, -ret, "cannot add route %s to table %u: %s",
		       sg_prefix_format(&failed, text), ni->table,
		       strerror(-ret));
	ret2 = rules_fit(ni, want, n_want, ret ? NULL : err);
	if (!ret)
		ret = ret2;
	ret2 = routes_change(ni, want, n_want, false, &failed);
	if (ret2 && !ret)
		ret = sg_err(err, -ret2, "cannot remove route %s: %s",
			     sg_prefix_format(&failed, text), strerror(-ret2));
	free(ni->routes);
	ni->routes = want;
	ni->n_routes = n_want;
	return ret;
}

/* Up and down -------------------------------------------------------------- */

static int link_up(struct sg_netif *ni, const struct sg_netif_config *cfg,
		   struct sg_error *err)
{
	bool v6 = has_family(cfg->addrs, cfg->n_addrs, AF_INET6);
	int ret;

	if (v6 && cfg->mtu < IPV6_MIN_MTU)
		return sg_err(err, EINVAL,
			      "MTU %u is too small for the IPv6 overlay "
			      "address: at least %d is needed",
			      cfg->mtu, IPV6_MIN_MTU);
	/* some hosts switch IPv6 off for new devices; this one is ours */
	if (v6)
		sg_sysctl_change("net/ipv6/conf", cfg->ifname, "disable_ipv6",
				 "0", ni->ipv6_before, sizeof(ni->ipv6_before));
	ni->link = ni->before;
	ni->link.mtu = cfg->mtu;
	ni->link.up = true;
	if (ni->want_routes && !cfg->beside)
		netif_alias(ni);
	sg_nl_link_quiet(ni->sk, ni->link.index);
	ni->link_changed = true;
	ret = sg_nl_link_set(ni->sk, &ni->link);
	if (ret)
		return sg_err(err, -ret,
			      "cannot set up device %s with MTU %u: %s",
			      cfg->ifname, cfg->mtu, strerror(-ret));
	return 0;
}

/* the kernel's words for "disable_ipv6" and for having none at all */
static bool no_ipv6(int ret)
{
	return ret == -EACCES || ret == -EOPNOTSUPP || ret == -EAFNOSUPPORT;
}

static int addrs_up(struct sg_netif *ni, const struct sg_netif_config *cfg,
		    struct sg_error *err)
{
	char text[SG_PREFIX_STR_LEN];

	ni->addrs = calloc(cfg->n_addrs + 1, sizeof(*ni->addrs));
	ni->connected = calloc(cfg->n_addrs + 1, sizeof(*ni->connected));
	if (!ni->addrs || !ni->connected)
		return sg_err(err, ENOMEM, "out of memory for addresses");
	for (size_t i = 0; i < cfg->n_addrs; i++) {
		const struct sg_prefix *a = &cfg->addrs[i];
		int ret;

		if (a->len < (a->family == AF_INET ? 32 : 128))
			ni->connected[ni->n_connected++] = canonical(a);
		ret = sg_nl_addr_add(ni->sk, ni->link.index, a,
				     ni->want_routes);
		if (ret == -EEXIST)
			continue; /* somebody else's */
		if (a->family == AF_INET6 && no_ipv6(ret)) {
			ni->no_ipv6 = true;
			sg_log(SG_LOG_WARNING,
			       "IPv6 is switched off on this host: no address "
			       "%s",
			       sg_prefix_format(a, text));
			continue;
		}
		if (ret)
			return sg_err(err, -ret,
				      "cannot set address %s on device %s: %s",
				      sg_prefix_format(a, text), cfg->ifname,
				      strerror(-ret));
		ni->addrs[ni->n_addrs++] = *a;
	}
	return 0;
}

/* What an earlier agent left goes on until sg_netif_routes() has compared. */
static int take_over(struct sg_netif *ni, struct sg_error *err)
{
	struct sg_netif_kept kept = { .n_rules = 0 };
	int ret;

	ret = sg_netif_survey(ni->sk, &ni->link, ni->mark, ni->table, ni->port,
			      &kept, err);
	if (ret) {
		free(kept.routes);
		return ret;
	}
	_Static_assert(sizeof(kept.rules) == sizeof(ni->rules), "same list");
	memcpy(ni->rules, kept.rules, sizeof(kept.rules));
	ni->n_rules = kept.n_rules;
	ni->routes = kept.routes;
	ni->n_routes = sort_unique(kept.routes, kept.n_routes);
	return 0;
}

static int bring_up(struct sg_netif *ni, const struct sg_netif_config *cfg,
		    struct sg_error *err)
{
	int ret;

	ret = sg_nl_open(&ni->sk);
	if (ret)
		return sg_err(err, -ret, "cannot open a netlink socket: %s",
			      strerror(-ret));
	ret = sg_nl_link_get(ni->sk, cfg->ifname, 0, &ni->before);
	if (ret)
		return sg_err(err, -ret, "no device %s: %s", cfg->ifname,
			      strerror(-ret));
	ni->link = ni->before;
	if (!strncmp(ni->before.alias, "signet: ", 8))
		ni->before.alias[0] = '\0'; /* left by a crash */
	if (ni->want_routes && !cfg->beside) {
		ret = take_over(ni, err);
		if (ret)
			return ret;
	}
	ret = link_up(ni, cfg, err);
	if (!ret)
		ret = addrs_up(ni, cfg, err);
	if (!ret && !cfg->beside)
		ret = sg_netif_routes(ni, cfg->prefixes, cfg->n_prefixes, err);
	return ret;
}

int sg_netif_up(struct sg_netif **out, const struct sg_netif_config *cfg,
		struct sg_error *err)
{
	struct sg_netif *ni;
	int ret;

	*out = NULL;
	if (cfg->routes && !cfg->fwmark)
		return sg_err(err, EINVAL,
			      "Routes = yes needs a Mark other than 0");
	ni = calloc(1, sizeof(*ni));
	if (!ni)
		return sg_err(err, ENOMEM, "out of memory");
	ni->mark = cfg->fwmark;
	ni->table = cfg->table ? cfg->table : cfg->fwmark;
	ni->port = cfg->port;
	ni->want_routes = cfg->routes;
	if (ni->want_routes && ni->table >= RT_TABLE_COMPAT &&
	    ni->table <= RT_TABLE_LOCAL)
		ret = sg_err(err, EINVAL,
			     "routing table %u belongs to the system: set a "
			     "Mark other than 252-255",
			     ni->table);
	else
		ret = bring_up(ni, cfg, err);
	if (ret) {
		sg_netif_down(ni, NULL, NULL);
		return ret;
	}
	*out = ni;
	return 0;
}

void sg_netif_each(const struct sg_netif *ni, sg_netif_note note, void *ctx)
{
	for (size_t i = 0; i < ni->n_addrs; i++)
		note_prefix(note, ctx, "address", &ni->addrs[i]);
	for (size_t i = 0; i < ni->n_routes; i++)
		note_prefix(note, ctx, "route", &ni->routes[i]);
	for (size_t i = 0; i < ni->n_rules; i++)
		note_rule(note, ctx, &ni->rules[i]);
}

static void link_down(struct sg_netif *ni, sg_netif_note undone, void *ctx)
{
	char line[64];

	if (ni->link_changed && !sg_nl_link_set(ni->sk, &ni->before) &&
	    undone) {
		snprintf(line, sizeof(line), "device %s: %s, MTU %u",
			 ni->before.name, ni->before.up ? "up" : "down",
			 ni->before.mtu);
		undone(ctx, line);
	}
	if (ni->ipv6_before[0])
		sg_sysctl_restore("net/ipv6/conf", ni->before.name,
				  "disable_ipv6", ni->ipv6_before);
}

void sg_netif_leave(struct sg_netif *ni)
{
	if (!ni)
		return;
	sg_nl_close(ni->sk);
	free(ni->addrs);
	free(ni->connected);
	free(ni->routes);
	free(ni);
}

void sg_netif_down(struct sg_netif *ni, sg_netif_note undone, void *ctx)
{
	if (!ni)
		return;
	for (size_t i = ni->n_rules; i-- > 0;)
		if (!sg_nl_rule_del(ni->sk, &ni->rules[i]))
			note_rule(undone, ctx, &ni->rules[i]);
	for (size_t i = 0; i < ni->n_routes; i++)
		if (!route_set(ni, &ni->routes[i], false))
			note_prefix(undone, ctx, "route", &ni->routes[i]);
	for (size_t i = 0; i < ni->n_addrs; i++)
		if (!sg_nl_addr_del(ni->sk, ni->link.index, &ni->addrs[i]))
			note_prefix(undone, ctx, "address", &ni->addrs[i]);
	link_down(ni, undone, ctx);
	sg_netif_leave(ni);
}
