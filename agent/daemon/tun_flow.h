/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A table of flows with a fixed size, shared by all workers: sets of a few
 * places each; where a set is full, whoever was silent longest goes.
 */
#ifndef SG_TUN_FLOW_H
#define SG_TUN_FLOW_H

#include <pthread.h>
#include <stddef.h>

#include "daemon/datapath.h"

#define SG_FLOW_WAYS  8
#define SG_FLOW_LOCKS 64

/** struct sg_flow - what is known of one; @last_ns is 0 where none is */
struct sg_flow {
	struct signet_flow_key key;
	uint32_t generation;
	uint8_t verdict; /* enum sg_dp_verdict */
	uint64_t last_ns;
	uint64_t packets, bytes;
};

struct sg_flows {
	uint32_t mask; /* sets minus one */
	uint64_t seed;
	struct sg_flow *flow;
	pthread_mutex_t lock[SG_FLOW_LOCKS]; /* each for some of the sets */
};

/** sg_flows_init() - @sets: a power of two; Return: 0 or -ENOMEM */
int sg_flows_init(struct sg_flows *t, uint32_t sets);
void sg_flows_free(struct sg_flows *t);

/** struct sg_flow_seen - packets of one flow, and what became of them */
struct sg_flow_seen {
	struct signet_flow_key key;
	uint32_t generation;
	uint8_t verdict;
	uint64_t now_ns;
	uint64_t packets, bytes;
};

/**
 * sg_flows_hit() - count packets of a flow that is known
 * Return: false: it is not, it was noted under another generation, or it has
 * been silent for too long.
 */
bool sg_flows_hit(struct sg_flows *t, const struct sg_flow_seen *s);

/** sg_flows_note() - the same, and from now on it is known */
void sg_flows_note(struct sg_flows *t, const struct sg_flow_seen *s);

/** sg_flows_read() - up to @cap of them; Return: how many */
size_t sg_flows_read(struct sg_flows *t, struct sg_dp_flow *out, size_t cap,
		     uint64_t now_ns);

#endif
