// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which interfaces have a gate, from start to stop. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/bpf_sys.h"
#include "daemon/datapath_kernel.h"
#include "daemon/gate_private.h"
#include "daemon/node.h"

/* After this nothing that an earlier agent left can be opened any more. */
#define LEFT_NS (210 * SIGNET_SECOND)
#define LOOK_NS SIGNET_SECOND
/* So many looks without load, and cookies are not asked for any more. */
#define CALM	5

struct sg_gate *gate_find(const struct sg_gates *gs, const char *ifname)
{
	for (size_t i = 0; gs && i < gs->n; i++)
		if (!strcmp(gs->list[i]->want.ifname, ifname))
			return gs->list[i];
	return NULL;
}

int gate_make(struct sg_node *n)
{
	struct sg_gates *gs;

	if (n->gates)
		return 0;
	gs = calloc(1, sizeof(*gs));
	if (!gs)
		return -ENOMEM;
	gs->node = n;
	gs->watch = -1;
	gs->cpus = sg_bpf_possible_cpus();
	if (gs->cpus < 1)
		gs->cpus = 1;
	randombytes_buf(gs->bucket_secret, sizeof(gs->bucket_secret));
	n->gates = gs;
	return 0;
}

struct sg_gate *gate_add(struct sg_gates *gs)
{
	struct sg_gate *g;

	if (gs->n == SG_CONFIG_GATES_MAX)
		return NULL;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->link = -1;
	g->prog = -1;
	g->ring.fd = -1;
	for (int i = 0; i < GATE_MAPS; i++)
		g->maps[i] = -1;
	gs->list[gs->n++] = g;
	return g;
}

/* What is in front of its interface stays. */
static void forget(struct sg_gates *gs, struct sg_gate *g)
{
	for (size_t i = 0; i < gs->n; i++)
		if (gs->list[i] == g) {
			gs->list[i] = gs->list[--gs->n];
			break;
		}
	gate_release(gs, g);
	free(g);
}

void gate_del(struct sg_gates *gs, struct sg_gate *g)
{
	gate_remove(gs, g);
	forget(gs, g);
}

/* refresh ---------------------------------------------------------------- */

static bool any(const struct sg_gates *gs)
{
	for (size_t i = 0; gs && i < gs->n; i++)
		if (gs->list[i]->attached)
			return true;
	return false;
}

static void write_settings(struct sg_gates *gs)
{
	int ret;

	for (size_t i = 0; i < gs->n; i++) {
		struct sg_gate *g = gs->list[i];

		ret = g->attached ? gate_settings_write(gs, g) : 0;
		if (ret)
			sg_log(SG_LOG_ERR, "gate %s: settings: %s",
			       g->want.ifname, strerror(-ret));
	}
}

/* Inits that were challenged, or would have been, since the last look. */
static uint64_t newly_challenged(struct sg_gates *gs)
{
	uint64_t all = 0, before = gs->challenged;
	struct gate_counters c;

	for (size_t i = 0; i < gs->n; i++)
		if (gs->list[i]->attached &&
		    !gate_counters_sum(gs, gs->list[i], &c))
			all += c.passed[GATE_CHALLENGED] +
			       c.dropped[SIGNET_DROP_MAC2];
	gs->challenged = all;
	return all > before ? all - before : 0;
}

static void refresh(void *ctx);

static void arm(struct sg_gates *gs)
{
	uint64_t at = gs->node->admission.secret_ns + SG_COOKIE_LIFE;
	uint64_t now = sg_now();

	if (gs->loaded && at > now + LOOK_NS)
		at = now + LOOK_NS;
	gs->refresh.fn = refresh;
	gs->refresh.ctx = gs;
	if (any(gs))
		sg_timer_set(gs->node->loop, &gs->refresh, at);
}

/* Once a second under load, else when cookies get another secret. */
static void refresh(void *ctx)
{
	struct sg_gates *gs = ctx;
	struct sg_node *n = gs->node;
	bool was = gs->loaded, turned = sg_admission_turn(n);

	if (gs->loaded) {
		uint64_t inits = newly_challenged(gs);

		if (sg_admission_loaded(n) ||
		    inits > n->config->limits.load_threshold)
			gs->calm = 0;
		else if (++gs->calm >= CALM)
			gs->loaded = false;
	}
	if (was && !gs->loaded)
		sg_log(SG_LOG_NOTICE, "gate: handshakes come slowly again");
	if (turned || was != gs->loaded)
		write_settings(gs);
	arm(gs);
}

void sg_gates_sync(struct sg_node *n)
{
	if (n->gates)
		write_settings(n->gates);
}

void sg_gates_loaded(struct sg_node *n)
{
	struct sg_gates *gs = n->gates;

	if (!any(gs) || gs->loaded)
		return;
	sg_log(SG_LOG_NOTICE, "gate: under load: handshakes need a cookie");
	gs->loaded = true;
	gs->calm = 0;
	newly_challenged(gs);
	write_settings(gs);
	arm(gs);
}

/* attaching -------------------------------------------------------------- */

static void read_addresses(struct sg_gates *gs)
{
	struct gate_local *list, *old = gs->locals;
	size_t n, n_old = gs->n_locals;

	if (gate_addresses(&list, &n, gs))
		return;
	gs->locals = list;
	gs->n_locals = n;
	for (size_t i = 0; i < gs->n; i++)
		if (gs->list[i]->attached)
			gate_locals_write(gs, gs->list[i], old, n_old);
	free(old);
}

static int put(struct sg_gates *gs, struct sg_gate *g, struct sg_error *err)
{
	struct gate_link l;
	int ret;

	ret = gate_link_get(g->want.ifname, 0, &l);
	if (ret)
		sg_err(err, -ret, "there is no interface %s", g->want.ifname);
	else if (strcmp(l.name, g->want.ifname))
		ret = sg_err(err, EINVAL, "%s is another name of %s: use that",
			     g->want.ifname, l.name);
	if (!ret && (g->link >= 0 || g->prog >= 0) &&
	    (g->ifindex != l.ifindex || !gate_in_place(g)))
		gate_remove(gs, g);
	if (!ret) {
		g->ifindex = l.ifindex;
		g->mtu = l.mtu;
		read_addresses(gs);
		ret = gate_put(gs, g, err);
	}
	g->error[0] = '\0';
	memset(&g->failed, 0, sizeof(g->failed));
	if (!ret) {
		arm(gs);
		return 0;
	}
	strcpy(g->error, err->text);
	memcpy(&g->failed, &l, sizeof(l));
	return ret;
}

static void say(struct sg_gate *g, const struct sg_config_gate *want,
		bool by_command, uint64_t trial_ends)
{
	g->want = *want;
	g->by_command = by_command;
	g->trial_ends = trial_ends;
}

/* Return: 0, or what was so before still is so */
int gate_change(struct sg_gates *gs, struct sg_gate *g,
		const struct sg_config_gate *want, bool by_command,
		uint64_t trial_ends, struct sg_error *err)
{
	const struct sg_gate before = *g;
	struct sg_error again;
	int ret;

	say(g, want, by_command, trial_ends);
	ret = put(gs, g, err);
	if (!ret || !before.attached)
		return ret;
	say(g, &before.want, before.by_command, before.trial_ends);
	if (g->attached)
		gate_fill(gs, g);
	else if (put(gs, g, &again)) /* the interface is gone */
		say(g, want, by_command, trial_ends);
	return ret;
}

/* Is it so already? Loading takes the verifier a while. */
static bool is_so(const struct sg_gate *g, const struct sg_config_gate *c)
{
	const struct sg_config_gate *is = &g->want;

	return g->attached && !g->by_command && !g->trial_ends &&
	       is->strict == c->strict && is->always == c->always &&
	       is->mode == c->mode && is->n_allow == c->n_allow &&
	       !memcmp(is->allow, c->allow, c->n_allow * sizeof(*c->allow)) &&
	       gate_in_place(g);
}

int gate_configure(struct sg_gates *gs, const struct sg_config_gate *c,
		   struct sg_error *err)
{
	struct sg_gate *g = gate_find(gs, c->ifname);
	int ret;

	if (!g)
		g = gate_add(gs);
	if (!g)
		return sg_err(err, ENOSPC, "gate %s: at most %d are possible",
			      c->ifname, SG_CONFIG_GATES_MAX);
	if (is_so(g, c)) {
		g->want = *c;
		return 0;
	}
	ret = gate_change(gs, g, c, false, 0, err);
	if (ret)
		sg_log(SG_LOG_ERR, "gate %s: %s", c->ifname, err->text);
	return ret;
}

static int configure_all(struct sg_gates *gs, struct sg_error *err)
{
	const struct sg_config *cfg = gs->node->config;
	struct sg_error one;
	int ret = 0, r;

	for (size_t i = 0; i < cfg->n_gates; i++) {
		r = gate_configure(gs, &cfg->gates[i], &one);
		if (r && !ret)
			sg_err(err, -r, "gate %s: %.400s", cfg->gates[i].ifname,
			       one.text);
		ret = ret ? ret : r;
	}
	return ret;
}

/* life ------------------------------------------------------------------- */

static void adopt(struct sg_gates *gs, uint32_t ifindex)
{
	struct sg_gate *g = gate_add(gs);
	struct sg_error err;
	int ret;

	if (!g)
		return;
	ret = gate_adopt(gs, ifindex, g);
	if (sg_config_gate(gs->node->config, g->want.ifname))
		forget(gs, g); /* until it comes by itself */
	else if (ret || !g->by_command ||
		 (g->trial_ends && g->trial_ends <= sg_now()) ||
		 put(gs, g, &err))
		gate_del(gs, g);
}

/* Labels that are not ours: the kernel may carry on an earlier agent's channels
 * for a while.
 */
static void sweep(void *ctx)
{
	struct sg_gates *gs = ctx;

	for (size_t i = 0; i < gs->n; i++)
		if (gs->list[i]->attached)
			gate_sweep(gs, gs->list[i]);
}

uint16_t gate_port_of(const struct sg_node *n)
{
	struct sg_dp_status st;

	n->dp_ops->status(n->dp, &st);
	return st.port;
}

void sg_gates_up(struct sg_node *n)
{
	bool first = !n->gates;
	struct sg_error err;
	struct sg_gates *gs;
	int ret;

	if (gate_make(n))
		return;
	gs = n->gates;
	gs->ports[0] = gate_port_of(n);
	gs->ports[1] = 0;
	if (first) {
		gate_left(gs, adopt);
		configure_all(gs, &err);
	} else {
		write_settings(gs);
	}
	if (!gs->n)
		return;
	ret = gate_watch(gs);
	if (ret)
		sg_log(SG_LOG_ERR, "gate: cannot watch addresses: %s",
		       strerror(-ret));
	gate_arm_trial(gs);
	gs->sweep.fn = sweep;
	gs->sweep.ctx = gs;
	if (n->dp_ops == &sg_datapath_kernel)
		sg_timer_set(n->loop, &gs->sweep, sg_now() + LEFT_NS);
	else
		sweep(gs);
}

void sg_gates_down(struct sg_node *n, bool leave)
{
	struct sg_gates *gs = n->gates;

	if (!gs)
		return;
	while (gs->n) {
		struct sg_gate *g = gs->list[gs->n - 1];

		if (leave)
			forget(gs, g);
		else
			gate_del(gs, g);
	}
	gate_unwatch(gs);
	sg_timer_cancel(n->loop, &gs->refresh);
	sg_timer_cancel(n->loop, &gs->sweep);
	sg_timer_cancel(n->loop, &gs->trial);
	gate_followers_end(gs);
	free(gs->locals);
	sodium_memzero(gs, sizeof(*gs));
	free(gs);
	n->gates = NULL;
}

int sg_gates_reload(struct sg_node *n, struct sg_error *err)
{
	struct sg_gates *gs;
	int ret;

	if (!n->up || (!n->gates && !n->config->n_gates))
		return 0;
	ret = gate_make(n);
	if (ret)
		return sg_err(err, -ret, "no memory");
	gs = n->gates;
	gs->ports[0] = gate_port_of(n);
	for (size_t i = 0; i < gs->n; i++)
		if (!gs->list[i]->by_command &&
		    !sg_config_gate(n->config, gs->list[i]->want.ifname))
			gate_del(gs, gs->list[i--]);
	ret = configure_all(gs, err);
	write_settings(gs);
	gate_arm_trial(gs);
	if (gs->n)
		gate_watch(gs);
	return ret;
}

void sg_gates_port(struct sg_node *n, uint16_t port, uint16_t old)
{
	struct sg_gates *gs = n->gates;

	if (!gs)
		return;
	gs->ports[0] = port;
	gs->ports[1] = old;
	write_settings(gs);
	if (!old)
		sweep(gs);
}

/* Addresses or links are others: those that are missing get theirs. */
void gate_host_changed(struct sg_gates *gs)
{
	struct sg_error err;
	struct gate_link l;

	for (size_t i = 0; i < gs->n; i++) {
		struct sg_gate *g = gs->list[i];
		int ret = gate_link_get(g->want.ifname, 0, &l);

		if (g->attached && (ret || l.ifindex != g->ifindex)) {
			sg_log(SG_LOG_NOTICE, "gate %s: the interface is gone",
			       g->want.ifname);
			gate_remove(gs, g);
			g->since = 0;
			strcpy(g->error, "there is no such interface");
		}
		if (!ret && !g->attached) {
			if (memcmp(&l, &g->failed, sizeof(l)))
				put(gs, g, &err);
		} else if (!ret && g->mtu != l.mtu) {
			g->mtu = l.mtu;
			g->control->mtu = l.mtu;
		}
	}
	read_addresses(gs);
}

/* labels ----------------------------------------------------------------- */

static void on_label(void *ctx, uint32_t label, bool taken)
{
	struct sg_node *n = ctx;

	if (!n->gates)
		return;
	if (taken)
		gate_label_put(n->gates, label, NULL);
	else
		gate_label_del(n->gates, label);
}

void sg_gates_listen(struct sg_node *n)
{
	n->labels.on_change = on_label;
	n->labels.ctx = n;
}

int sg_gate_label_open(struct sg_node *n, uint32_t label,
		       const uint8_t hop_key[SIGNET_HOP_KEY_LEN])
{
	return n->gates ? gate_label_put(n->gates, label, hop_key) : 0;
}

void sg_gate_label_close(struct sg_node *n, uint32_t label)
{
	if (n->gates)
		gate_label_del(n->gates, label);
}
