/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events for `signet monitor`: said once, to whoever listens, and to the log.
 */
#ifndef SG_EVENT_H
#define SG_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/core/identity.h>

#include "common/addr.h"

struct sg_node;
struct sg_varlink_call;

#define SG_LISTENERS_MAX 16

struct sg_listener {
	struct sg_varlink_call *call;
	bool strangers;
};

struct sg_events {
	struct sg_listener listeners[SG_LISTENERS_MAX];
	size_t n;
	uint64_t stranger_second; /* for their rate limit */
	uint32_t strangers_now;
	uint64_t strangers_suppressed;
};

/**
 * struct sg_event - one event; unused fields are NULL
 * @kind: see io.signet, type Event
 */
struct sg_event {
	const char *kind;
	const char *peer;
	const struct signet_id *identity;
	const union sg_addr *address;
	const char *reason;
	const char *detail;
};

void sg_event(struct sg_node *n, const struct sg_event *e);

/**
 * sg_event_refused() - a handshake with a valid mac1 was refused; rate-limited
 * @identity: as far as it was proved, or NULL
 */
void sg_event_refused(struct sg_node *n, const struct signet_id *identity,
		      const union sg_addr *from, int drop);

/** sg_event_listen() - a Monitor call; kept until it disconnects */
int sg_event_listen(struct sg_node *n, struct sg_varlink_call *call,
		    bool strangers);

/** sg_drop_name() - a drop reason for people; "" beyond the list */
const char *sg_drop_name(int drop);
const char *sg_drop_help(int drop);

#endif
