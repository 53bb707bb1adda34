/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate: XDP programs on outer interfaces (bpf/), which the agent loads and
 * feeds with the labels and ports that are good, the keys that handshakes are
 * checked with, and whether it is under load.
 *
 * A label's life: the data path has it, then the gate, then the peer is told;
 * it leaves the gate first. So a gate that is not up to date can only drop.
 *
 * What is attached is pinned. An agent that ends for its successor leaves it in
 * place, and so does one that crashes; the next one puts its own program in the
 * old one's place, and keeps the maps whose layout is the same.
 */
#ifndef SG_GATE_H
#define SG_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/drop.h>
#include <signet/wire.h>

#include "common/config.h"
#include "common/error.h"

struct gate_counters;
struct sg_gates;
struct sg_node;
struct sg_varlink_call;

/* Longest time that a gate can be on trial, in milliseconds. */
#define SG_GATE_TRIAL_MAX (24 * 3600 * 1000LL)

/**
 * sg_gates_up() - the data path is open: attach the gates of the configuration,
 * take over what an earlier agent left, know the port
 *
 * An interface that is not there yet gets its gate when it comes. Failures are
 * logged and shown in the status; the node works without.
 */
void sg_gates_up(struct sg_node *n);
/** sg_gates_down() - detach all, or, with @leave, leave them for the next agent */
void sg_gates_down(struct sg_node *n, bool leave);
/** sg_gates_reload() - as the configuration says now */
int sg_gates_reload(struct sg_node *n, struct sg_error *err);

/**
 * sg_gates_port() - the data path's port, and that of one which is left
 * @old: 0: none any more; its labels go
 */
void sg_gates_port(struct sg_node *n, uint16_t port, uint16_t old);
/** sg_gates_sync() - keys, secrets, rates, load or pairing may have changed */
void sg_gates_sync(struct sg_node *n);
/** sg_gates_loaded() - handshakes come too fast: ask for cookies */
void sg_gates_loaded(struct sg_node *n);

/** sg_gates_listen() - once, before there are labels */
void sg_gates_listen(struct sg_node *n);

/** sg_gate_label_open() - packets may come on it. Return: 0 or -errno */
int sg_gate_label_open(struct sg_node *n, uint32_t label,
		       const uint8_t hop_key[SIGNET_HOP_KEY_LEN]);
/** sg_gate_label_close() - nothing may any more */
void sg_gate_label_close(struct sg_node *n, uint32_t label);

/** struct sg_gate_session - where the one who types sits, so far as is known
 * @from: family 0: at this machine
 * @port: that it is connected to; 0: not known
 */
struct sg_gate_session {
	union sg_addr from;
	uint8_t proto;
	uint16_t port;
};

/** struct sg_gate_request - `signet gate attach`
 * @want: interface, strict, allow, always
 * @trial_ms: detach after this unless it is confirmed; 0: no
 * @force: even if it locks out @session
 */
struct sg_gate_request {
	struct sg_config_gate want;
	uint64_t trial_ms;
	struct sg_gate_session session;
	bool force;
};

int sg_gate_attach(struct sg_node *n, const struct sg_gate_request *r,
		   struct sg_error *err);
/** sg_gate_detach() - until the next reload, where it is configured */
int sg_gate_detach(struct sg_node *n, const char *ifname, struct sg_error *err);
/** sg_gate_confirm() - @ifname NULL: all that are on trial */
int sg_gate_confirm(struct sg_node *n, const char *ifname,
		    struct sg_error *err);

/**
 * sg_gate_locks_out() - would strict mode cut this session off?
 * @ifindex: of the gate's interface
 * @route: interface that leads to the session's other end, 0: none
 */
bool sg_gate_locks_out(const struct sg_config_gate *want, uint32_t ifindex,
		       const struct sg_gate_session *s, uint32_t route);

/**
 * sg_gates_lock_out() - would the gates of @now cut off a session that those in
 * force let pass?
 * Return: 0, or -ECANCELED
 */
int sg_gates_lock_out(const struct sg_node *n, const struct sg_config *now,
		      const struct sg_gate_session *s, struct sg_error *err);

/** struct sg_gate_info - for status; strings as long as the gate */
struct sg_gate_info {
	const struct sg_config_gate *want;
	uint32_t ifindex;
	bool attached;
	bool configured;
	const char *mode;  /* "native", "native multi-buffer", "generic" */
	const char *steps; /* what was tried before, and why not */
	const char *error; /* why it is not attached, or "" */
	uint64_t since;
	uint64_t trial_ends; /* 0: not on trial */
	bool loaded;	     /* cookies are asked for */
};

size_t sg_gates_count(const struct sg_node *n);
/** sg_gates_get() - the one at place @i */
void sg_gates_get(const struct sg_node *n, size_t i, struct sg_gate_info *info);
/** sg_gate_counters() - sum over all CPUs. Return: 0 or -errno */
int sg_gate_counters(const struct sg_node *n, size_t i,
		     struct gate_counters *sum);
/** sg_gate_labels() - how many its map has */
size_t sg_gate_labels(const struct sg_node *n);
/** sg_gate_has_label() - with this hop key, in the gate at place @i? */
bool sg_gate_has_label(const struct sg_node *n, size_t i, uint32_t label,
		       const uint8_t hop_key[SIGNET_HOP_KEY_LEN]);
/** sg_gates_drops() - adds what they dropped */
void sg_gates_drops(const struct sg_node *n, uint64_t d[SIGNET_DROP_COUNT]);

/** sg_gate_follow() - a FollowDrops call; kept until it disconnects */
int sg_gate_follow(struct sg_node *n, struct sg_varlink_call *call);

#endif
