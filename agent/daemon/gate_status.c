// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What there is to see of the gates. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "daemon/bpf_sys.h"
#include "daemon/gate_private.h"
#include "daemon/node.h"

size_t sg_gates_count(const struct sg_node *n)
{
	return n->gates ? n->gates->n : 0;
}

void sg_gates_get(const struct sg_node *n, size_t i, struct sg_gate_info *info)
{
	const struct sg_gate *g = n->gates->list[i];
	/* of a dispatcher it takes too long to ask */
	bool gone = g->attached && g->link >= 0 && !gate_in_place(g);

	*info = (struct sg_gate_info){
		.want = &g->want,
		.ifindex = g->ifindex,
		.attached = g->attached && !gone,
		.configured = !g->by_command,
		.mode = gate_mode_name(g),
		.steps = g->tried,
		.error = gone ? "another one took it off: `signet reload`, or "
				"attach it again"
			      : g->error,
		.since = g->since,
		.trial_ends = g->trial_ends,
		.loaded = n->gates->loaded || g->want.always,
	};
}

int sg_gate_counters(const struct sg_node *n, size_t i,
		     struct gate_counters *sum)
{
	const struct sg_gate *g = n->gates->list[i];

	memset(sum, 0, sizeof(*sum));
	return g->attached ? gate_counters_sum(n->gates, g, sum) : 0;
}

size_t sg_gate_labels(const struct sg_node *n)
{
	const struct sg_labels *l = &n->labels;
	struct sg_label_owner *o;
	size_t at, count = 0;

	sg_map_for_each (&l->map, at, o) {
		if (o->kind != SG_LABEL_FREED)
			count++;
	}
	return count;
}

bool sg_gate_has_label(const struct sg_node *n, size_t i, uint32_t label,
		       const uint8_t hop_key[SIGNET_HOP_KEY_LEN])
{
	struct gate_label_key key = { .port = htons(n->gates->ports[0]),
				      .label = htole32(label) };
	const struct sg_gate *g = n->gates->list[i];
	struct gate_label value;
	bool same;

	if (!g->attached ||
	    sg_bpf_map_lookup(g->maps[GATE_LABELS], &key, &value))
		return false;
	same = !value.pending &&
	       !sodium_memcmp(value.hop_key, hop_key, SIGNET_HOP_KEY_LEN);
	sodium_memzero(&value, sizeof(value));
	return same;
}

void sg_gates_drops(const struct sg_node *n, uint64_t d[SIGNET_DROP_COUNT])
{
	struct gate_counters c;

	for (size_t i = 0; i < sg_gates_count(n); i++)
		if (!sg_gate_counters(n, i, &c))
			for (int r = 0; r < SIGNET_DROP_COUNT; r++)
				d[r] += c.dropped[r];
}
