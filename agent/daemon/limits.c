// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "daemon/gate_private.h"
#include "daemon/limits.h"
#include "daemon/metrics_socket.h"

/* Of the second that has ended, or of this one where that is more already. */
static uint32_t rate(uint32_t last, uint32_t now)
{
	return last > now ? last : now;
}

void sg_limits_read(struct sg_node *n, struct sg_limit out[SG_LIMITS_COUNT])
{
	const struct sg_config_limits *c = &n->config->limits;
	const struct sg_admission_rates *now = &n->admission.rates;
	const struct sg_admission_rates *last = &n->admission.last;
	const struct sg_limit list[SG_LIMITS_COUNT] = {
		{ "peers", "peers", n->n_peers, n->max_peers },
		{ "half-open-handshakes", "half-open handshakes",
		  n->n_half_open, c->max_pending },
		{ "waiting-handshakes", "waiting handshakes",
		  n->admission.queue->n, SG_FAIR_MAX },
		{ "sources", "sources with a rate", sg_admission_sources(n),
		  SG_ADMISSION_BUCKETS },
		{ "handshakes-per-second", "handshakes a second",
		  rate(last->worked, now->worked), c->handshakes_per_second },
		{ "unproven-per-second", "handshakes a second without cookies",
		  rate(last->inits, now->inits), c->load_threshold },
		{ "challenges-per-second", "challenges a second",
		  rate(last->cookies, now->cookies), SG_ADMISSION_COOKIES },
		{ "session-memory", "session memory (bytes)", n->session_memory,
		  (uint64_t)n->max_peers * SG_SESSION_MEMORY },
		{ "control-clients", "control clients",
		  sg_varlink_server_clients(n->varlink),
		  SG_VARLINK_CLIENTS_MAX },
		{ "metrics-clients", "metrics clients",
		  sg_metrics_socket_clients(n->metrics),
		  SG_METRICS_CLIENTS_MAX },
		{ "monitors", "monitors", n->events.n, SG_LISTENERS_MAX },
		{ "gates", "gates", sg_gates_count(n), SG_CONFIG_GATES_MAX },
		{ "gate-labels", "labels in each gate",
		  sg_gates_count(n) ? sg_gate_labels(n) : 0, GATE_LABELS_MAX },
		{ "drop-followers", "drop followers",
		  n->gates ? n->gates->n_followers : 0, GATE_FOLLOWERS_MAX },
	};

	memcpy(out, list, sizeof(list));
}
