// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who else uses the table or the mark that an agent is to use, and what an
 * agent left that crashed.
 *
 * The alias of each agent's device, "signet: mark M table T port P", tells:
 * it lives exactly as long as the device does. A rule with our protocol number
 * whose mark or port no device claims belongs to nobody any more.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/netif_nl.h"

struct survey {
	const struct sg_nl_link *link; /* our device */
	uint32_t mark, table;
	uint16_t port;
	struct sg_netif_kept *kept;
	struct sg_error *err;
	struct sg_nl_rule *stale;
	size_t n_stale;
	uint32_t *marks; /* of live agents */
	uint16_t *ports;
	size_t n_live;
};

/* Make room for one more element; the array grows by powers of two. */
static int grow(void *array, size_t n, size_t size)
{
	void **p = array, *bigger;

	if (n & (n - 1))
		return 0;
	bigger = reallocarray(*p, n ? 2 * n : 1, size);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	return 0;
}

static int see_link(void *ctx, const struct sg_nl_link *l)
{
	struct survey *s = ctx;
	unsigned int mark, table, port;

	if (l->index == s->link->index ||
	    sscanf(l->alias, SG_NL_ALIAS_SCAN, &mark, &table, &port) != 3)
		return 0;
	if (mark == s->mark || table == s->table)
		return sg_err(
			s->err, EBUSY,
			"mark %#x and routing table %u are in use by the agent "
			"of device %s: give this one another Mark in [Node]",
			mark, table, l->name);
	if (grow(&s->marks, s->n_live, sizeof(*s->marks)) ||
	    grow(&s->ports, s->n_live, sizeof(*s->ports)))
		return -ENOMEM;
	s->marks[s->n_live] = mark;
	s->ports[s->n_live++] = port;
	return 0;
}

static bool rule_is_live(const struct survey *s, const struct sg_nl_rule *r)
{
	for (size_t i = 0; i < s->n_live; i++)
		if (r->mark ? r->mark == s->marks[i] : r->sport == s->ports[i])
			return true;
	return false;
}

/* One that we would make, or may have to remove: sg_netif_routes() decides. */
static bool keep_rule(struct survey *s, const struct sg_nl_rule *r)
{
	struct sg_netif_kept *k = s->kept;
	bool ours;

	if (r->action == FR_ACT_TO_TBL)
		ours = r->mark == s->mark && r->invert &&
		       (r->table == s->table || r->table == RT_TABLE_MAIN);
	else if (r->action == FR_ACT_GOTO)
		ours = r->sport == s->port && r->target == SG_NL_PRIO_END;
	else
		ours = r->action == FR_ACT_NOP && r->mark == s->mark;
	for (size_t i = 0; ours && i < k->n_rules; i++)
		ours = k->rules[i].family != r->family ||
		       k->rules[i].priority != r->priority;
	if (!ours || k->n_rules == sizeof(k->rules) / sizeof(k->rules[0]))
		return false;
	k->rules[k->n_rules++] = *r;
	return true;
}

static int see_rule(void *ctx, const struct sg_nl_rule *r)
{
	struct survey *s = ctx;

	if (r->protocol == SG_NETIF_PROTOCOL && !r->other &&
	    r->priority >= SG_NL_PRIO_PORT && r->priority <= SG_NL_PRIO_END) {
		if (rule_is_live(s, r) || keep_rule(s, r))
			return 0;
		if (grow(&s->stale, s->n_stale, sizeof(*s->stale)))
			return -ENOMEM;
		s->stale[s->n_stale++] = *r;
		return 0;
	}
	if (r->action == FR_ACT_TO_TBL && r->table == s->table)
		return sg_err(
			s->err, EBUSY,
			"routing table %u is in use by rule %u of somebody "
			"else (ip rule show): set another Mark in [Node]",
			r->table, r->priority);
	return 0;
}

static int see_route(void *ctx, const struct sg_nl_route *r)
{
	struct survey *s = ctx;

	if (r->table != s->table)
		return 0;
	if (r->protocol != SG_NETIF_PROTOCOL || r->oif != s->link->index)
		return sg_err(
			s->err, EBUSY,
			"routing table %u holds routes of somebody else (ip "
			"route show table %u): set another Mark in [Node]",
			r->table, r->table);
	if (grow(&s->kept->routes, s->kept->n_routes, sizeof(*s->kept->routes)))
		return -ENOMEM;
	s->kept->routes[s->kept->n_routes++] = r->dst;
	return 0;
}

int sg_netif_survey(struct nl_sock *sk, const struct sg_nl_link *link,
		    uint32_t mark, uint32_t table, uint16_t port,
		    struct sg_netif_kept *kept, struct sg_error *err)
{
	struct survey s = {
		.link = link,
		.mark = mark,
		.table = table,
		.port = port,
		.kept = kept,
		.err = err,
	};
	int ret;

	sg_err(err, 0, "cannot read the host's devices, rules and routes");
	ret = sg_nl_links(sk, see_link, &s);
	if (!ret)
		ret = sg_nl_rules(sk, AF_INET, see_rule, &s);
	if (!ret)
		ret = sg_nl_rules(sk, AF_INET6, see_rule, &s);
	if (!ret)
		ret = sg_nl_routes(sk, AF_INET, see_route, &s);
	if (!ret)
		ret = sg_nl_routes(sk, AF_INET6, see_route, &s);
	if (ret)
		goto cleanup;
	for (size_t i = 0; i < s.n_stale; i++)
		sg_nl_rule_del(sk, &s.stale[i]);
	sg_err(err, 0, "%s", "");
cleanup:
	free(s.stale);
	free(s.marks);
	free(s.ports);
	return ret;
}
