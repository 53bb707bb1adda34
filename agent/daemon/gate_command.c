// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Gates by command: attached, on trial, confirmed, detached. */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "daemon/gate_private.h"
#include "daemon/node.h"

static void trial_over(void *ctx);

void gate_arm_trial(struct sg_gates *gs)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < gs->n; i++)
		if (gs->list[i]->trial_ends && gs->list[i]->trial_ends < first)
			first = gs->list[i]->trial_ends;
	gs->trial.fn = trial_over;
	gs->trial.ctx = gs;
	sg_timer_cancel(gs->node->loop, &gs->trial);
	if (first != UINT64_MAX)
		sg_timer_set(gs->node->loop, &gs->trial, first);
}

/* Nobody has said that it may stay: as the configuration has it. */
static void trial_over(void *ctx)
{
	struct sg_gates *gs = ctx;
	const struct sg_config_gate *c;
	struct sg_error err;

	for (size_t i = 0; i < gs->n; i++) {
		struct sg_gate *g = gs->list[i];

		if (!g->trial_ends || g->trial_ends > sg_now())
			continue;
		sg_log(SG_LOG_NOTICE, "gate %s: not confirmed in time",
		       g->want.ifname);
		c = sg_config_gate(gs->node->config, g->want.ifname);
		if (c && !gate_configure(gs, c, &err))
			continue;
		gate_del(gs, g);
		i--;
	}
	gate_arm_trial(gs);
}

bool sg_gate_locks_out(const struct sg_config_gate *want, uint32_t ifindex,
		       const struct sg_gate_session *s, uint32_t route)
{
	if (!want->strict || !s->from.sa.sa_family)
		return false;
	/* it comes another way; where there is no route, who knows */
	if (route && route != ifindex)
		return false;
	return !sg_gate_allows(want->allow, want->n_allow, s->proto, s->port,
			       &s->from);
}

/* The interface by which the session comes, 0: nobody knows. That is the gate's
 * where it lies below the one that the way back leads through.
 */
static uint32_t way_of(const struct sg_gate_session *s, uint32_t ifindex)
{
	const union sg_addr *from = &s->from;
	struct sg_route route = { 0 };

	/* each interface has a route to these */
	if (from->sa.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL(&from->v6.sin6_addr))
		return 0;
	if (sg_netif_route_check(from, 0, &route))
		return 0;
	return gate_link_carries(ifindex, route.ifindex) ? ifindex
							 : route.ifindex;
}

static int refuse_lockout(const struct sg_config_gate *want,
			  const struct sg_gate_session *s, struct sg_error *err)
{
	char from[SG_ADDR_STR_LEN];
	struct gate_link l;

	if (!s->from.sa.sa_family || gate_link_get(want->ifname, 0, &l))
		return 0;
	if (!sg_gate_locks_out(want, l.ifindex, s, way_of(s, l.ifindex)))
		return 0;
	sg_addr_format_host(&s->from, from);
	return sg_err(
		err, ECANCELED,
		"strict mode on %s would cut off the session that this is "
		"typed in, from %s",
		want->ifname, from);
}

int sg_gates_lock_out(const struct sg_node *n, const struct sg_config *now,
		      const struct sg_gate_session *s, struct sg_error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < now->n_gates; i++) {
		const struct sg_config_gate *want = &now->gates[i];
		const struct sg_gate *g = gate_find(n->gates, want->ifname);

		/* one that has it cut off already does so no more than before */
		if (g && g->attached && refuse_lockout(&g->want, s, err))
			continue;
		ret = refuse_lockout(want, s, err);
	}
	return ret;
}

int sg_gate_attach(struct sg_node *n, const struct sg_gate_request *r,
		   struct sg_error *err)
{
	uint64_t ends = 0;
	struct sg_gates *gs;
	struct sg_gate *g;
	bool fresh;
	int ret;

	if (!n->up)
		return sg_err(err, ENETDOWN, "the node is down");
	if (!strcmp(r->want.ifname, n->config->ifname))
		return sg_err(err, EINVAL, "%s is the tunnel's own device",
			      r->want.ifname);
	ret = r->force ? 0 : refuse_lockout(&r->want, &r->session, err);
	if (ret)
		return ret;
	ret = gate_make(n);
	if (ret)
		return sg_err(err, -ret, "no memory");
	gs = n->gates;
	gs->ports[0] = gate_port_of(n);
	if (r->trial_ms)
		ends = sg_now() + r->trial_ms * 1000000;
	g = gate_find(gs, r->want.ifname);
	fresh = !g;
	if (fresh)
		g = gate_add(gs);
	if (!g)
		return sg_err(err, ENOSPC, "at most %d gates are possible",
			      SG_CONFIG_GATES_MAX);
	ret = gate_change(gs, g, &r->want, true, ends, err);
	if (ret && fresh)
		gate_del(gs, g);
	gate_arm_trial(gs);
	if (!ret)
		gate_watch(gs);
	return ret;
}

int sg_gate_detach(struct sg_node *n, const char *ifname, struct sg_error *err)
{
	struct sg_gate *g = gate_find(n->gates, ifname);

	if (!g)
		return sg_err(err, ENOENT, "%s has no gate", ifname);
	sg_log(SG_LOG_NOTICE, "gate %s: detached", ifname);
	gate_del(n->gates, g);
	gate_arm_trial(n->gates);
	return 0;
}

int sg_gate_confirm(struct sg_node *n, const char *ifname, struct sg_error *err)
{
	struct sg_gates *gs = n->gates;
	unsigned int count = 0;

	if (ifname && !gate_find(gs, ifname))
		return sg_err(err, ENOENT, "%s has no gate", ifname);
	for (size_t i = 0; gs && i < gs->n; i++) {
		struct sg_gate *g = gs->list[i];

		if ((ifname && strcmp(ifname, g->want.ifname)) ||
		    !g->trial_ends)
			continue;
		g->trial_ends = 0;
		if (g->attached)
			g->control->trial_ends = 0;
		count++;
	}
	if (!count)
		return sg_err(err, ENOENT, "no gate%s%s is on trial",
			      ifname ? " on " : "", ifname ? ifname : "");
	gate_arm_trial(gs);
	return 0;
}
