// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the gate is told: labels, settings, addresses; and what it counted. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/gate_keys.h"
#include "common/log.h"
#include "daemon/bpf_sys.h"
#include "daemon/gate_private.h"
#include "daemon/pair.h"
#include "daemon/peer.h"

/* Challenges that all gates on all CPUs send in a second, at most. They cost some
 * hundred nanoseconds and are never larger than what they answer.
 */
#define COOKIES 50000

/* settings --------------------------------------------------------------- */

static void fill_port(const struct sg_gates *gs, const struct sg_gate *g,
		      uint16_t number, struct gate_port *p)
{
	const struct sg_config_limits *lim = &gs->node->config->limits;
	const struct sg_admission *a = &gs->node->admission;

	p->port = htons(number);
	if (gs->loaded || g->want.always)
		p->flags |= GATE_LOADED;
	if (sg_pair_responds(gs->node))
		p->flags |= GATE_PAIRING;
	p->burst = lim->prefix_burst;
	memcpy(p->mac1_key, a->mac1_key, sizeof(p->mac1_key));
	memcpy(p->mac1_zero, a->mac1_zero, sizeof(p->mac1_zero));
	memcpy(p->secret, a->secret, sizeof(p->secret));
	memcpy(p->bucket_secret, gs->bucket_secret, sizeof(p->bucket_secret));
	p->interval = SIGNET_SECOND / lim->prefix_rate;
	p->cookie_interval = SIGNET_SECOND / COOKIES * (gs->n ? gs->n : 1);
	gate_port_keys(p);
}

static void fill_allow(const struct sg_gate_allow *a, struct gate_allow *out)
{
	uint8_t mask[16] = { 0 };

	out->family = a->from.family;
	out->proto = a->proto;
	out->first = a->first;
	out->last = a->last;
	if (!a->from.family)
		return;
	for (unsigned int bit = 0; bit < a->from.len; bit++)
		mask[bit / 8] |= 0x80 >> bit % 8;
	memcpy(out->prefix, a->from.addr, a->from.family == AF_INET ? 4 : 16);
	memcpy(out->mask, mask, sizeof(mask));
}

/* The one that is not in use, which then is. */
int gate_settings_write(struct sg_gates *gs, struct sg_gate *g)
{
	struct gate_settings *s = calloc(1, sizeof(*s));
	uint32_t other = !(g->control->active & 1);
	int ret;

	if (!s)
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		if (!gs->ports[i])
			continue;
		s->ports[s->n_ports] = htons(gs->ports[i]);
		fill_port(gs, g, gs->ports[i], &s->port[s->n_ports++]);
	}
	for (size_t i = 0; i < g->want.n_allow; i++)
		fill_allow(&g->want.allow[i], &s->allow[i]);
	s->n_allow = g->want.n_allow;
	ret = sg_bpf_map_update(g->maps[GATE_SETTINGS], &other, s);
	if (!ret)
		__atomic_store_n(&g->control->active, other, __ATOMIC_RELEASE);
	sodium_memzero(s, sizeof(*s));
	free(s);
	return ret;
}

/* labels ----------------------------------------------------------------- */

static struct gate_label_key key_of(uint16_t port, uint32_t label)
{
	return (struct gate_label_key){ .port = htons(port),
					.label = htole32(label) };
}

static int put(const struct sg_gates *gs, const struct sg_gate *g,
	       uint32_t label, const uint8_t *hop_key)
{
	struct gate_label_key key = key_of(gs->ports[0], label);
	struct gate_label value = { .pending = !hop_key };
	int ret;

	if (hop_key)
		memcpy(value.hop_key, hop_key, sizeof(value.hop_key));
	ret = sg_bpf_map_update(g->maps[GATE_LABELS], &key, &value);
	sodium_memzero(&value, sizeof(value));
	return ret;
}

int gate_label_put(struct sg_gates *gs, uint32_t label, const uint8_t *hop_key)
{
	int ret = 0, one;

	for (size_t i = 0; i < gs->n; i++) {
		one = gs->list[i]->attached
			      ? put(gs, gs->list[i], label, hop_key)
			      : 0;
		if (one)
			sg_log(SG_LOG_ERR, "gate %s: a label: %s",
			       gs->list[i]->want.ifname, strerror(-one));
		ret = ret ? ret : one;
	}
	return ret;
}

void gate_label_del(struct sg_gates *gs, uint32_t label)
{
	struct gate_label_key key = key_of(gs->ports[0], label);

	for (size_t i = 0; i < gs->n; i++)
		if (gs->list[i]->attached)
			sg_bpf_map_delete(gs->list[i]->maps[GATE_LABELS], &key);
}

static bool in_use(const struct sg_gates *gs, const struct gate_label_key *k)
{
	if (gs->ports[1] && k->port == htons(gs->ports[1]))
		return true;
	return k->port == htons(gs->ports[0]) &&
	       sg_label_owner(&gs->node->labels, le32toh(k->label));
}

void gate_sweep(struct sg_gates *gs, struct sg_gate *g)
{
	struct gate_label_key at, next;
	int fd = g->maps[GATE_LABELS], ret;

	ret = sg_bpf_map_next(fd, NULL, &next);
	while (!ret) {
		at = next;
		ret = sg_bpf_map_next(fd, &at, &next);
		if (!in_use(gs, &at))
			sg_bpf_map_delete(fd, &at);
	}
}

static int put_peer(struct sg_gates *gs, struct sg_gate *g,
		    const struct sg_peer *p)
{
	int ret = 0;

	for (int i = 0; !ret && i < SIGNET_SESSION_CHANNELS; i++) {
		const struct signet_channel *c = p->session.ch[i];

		if (c && c->env)
			ret = put(gs, g, c->rx_label, c->rx_hop);
	}
	return ret;
}

static int fill_labels(struct sg_gates *gs, struct sg_gate *g)
{
	const struct sg_labels *l = &gs->node->labels;
	struct sg_node *n = gs->node;
	struct sg_label_owner *o;
	size_t at;
	int ret = 0;

	sg_map_for_each (&l->map, at, o) {
		if (!ret && o->kind != SG_LABEL_FREED)
			ret = put(gs, g, l->map.slots[at].key, NULL);
	}
	for (uint32_t i = 0; !ret && i < n->max_peers; i++)
		if (n->peers[i])
			ret = put_peer(gs, g, n->peers[i]);
	return ret;
}

/* addresses -------------------------------------------------------------- */

static bool has(const struct gate_local *list, size_t n,
		const struct gate_local *a)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int d = memcmp(&list[mid], a, sizeof(*a));

		if (!d)
			return true;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* New ones first: none that stays is missing for a moment. */
void gate_locals_write(struct sg_gates *gs, struct sg_gate *g,
		       const struct gate_local *old, size_t n_old)
{
	const uint32_t yes = 1;
	int fd = g->maps[GATE_LOCAL_ADDRS];
	bool whole = gs->n_locals && gs->n_locals <= GATE_LOCALS;

	for (size_t i = 0; whole && i < gs->n_locals; i++)
		if (!has(old, n_old, &gs->locals[i]) &&
		    sg_bpf_map_update(fd, &gs->locals[i], &yes))
			whole = false;
	if (!whole)
		g->control->locals_known = 0;
	for (size_t i = 0; i < n_old; i++)
		if (!has(gs->locals, gs->n_locals, &old[i]))
			sg_bpf_map_delete(fd, &old[i]);
	g->control->own_ip4 = g->own_ip4;
	g->control->locals_known = whole;
}

/* What an earlier agent wrote and is true no more. */
static void forget_locals(struct sg_gates *gs, struct sg_gate *g)
{
	int fd = g->maps[GATE_LOCAL_ADDRS], ret;
	struct gate_local at, next;

	ret = sg_bpf_map_next(fd, NULL, &next);
	while (!ret) {
		at = next;
		ret = sg_bpf_map_next(fd, &at, &next);
		if (!has(gs->locals, gs->n_locals, &at))
			sg_bpf_map_delete(fd, &at);
	}
}

int gate_fill(struct sg_gates *gs, struct sg_gate *g)
{
	uint32_t flags = 0;
	int ret;

	g->control->mtu = g->mtu;
	g->control->trial_ends = g->trial_ends;
	gate_locals_write(gs, g, NULL, 0);
	forget_locals(gs, g);
	ret = fill_labels(gs, g);
	if (!ret)
		ret = gate_settings_write(gs, g);
	if (g->want.strict)
		flags |= GATE_STRICT;
	if (g->by_command)
		flags |= GATE_BY_COMMAND;
	if (g->want.always)
		flags |= GATE_HELD;
	g->control->flags = flags;
	g->control->sampled = gs->n_followers > 0;
	return ret;
}

int gate_counters_sum(const struct sg_gates *gs, const struct sg_gate *g,
		      struct gate_counters *sum)
{
	struct gate_counters *each = calloc(gs->cpus, sizeof(*each));
	const uint64_t *from;
	uint64_t *to = (uint64_t *)sum;
	uint32_t zero = 0;
	int ret;

	if (!each)
		return -ENOMEM;
	memset(sum, 0, sizeof(*sum));
	ret = sg_bpf_map_lookup(g->maps[GATE_COUNTERS], &zero, each);
	for (int cpu = 0; !ret && cpu < gs->cpus; cpu++) {
		from = (const uint64_t *)&each[cpu];
		for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
			to[i] += from[i];
	}
	free(each);
	return ret;
}
