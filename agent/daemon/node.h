/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The running agent: one struct sg_node holds what all of its parts share.
 * Everything in it belongs to the main thread.
 */
#ifndef SG_NODE_H
#define SG_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <signet/core/session.h>
#include <signet/drop.h>

#include "common/config.h"
#include "common/error.h"
#include "common/keyfile.h"
#include "common/state.h"
#include "daemon/admission.h"
#include "daemon/clock.h"
#include "daemon/datapath.h"
#include "daemon/event.h"
#include "daemon/label.h"
#include "daemon/loop.h"
#include "daemon/map.h"
#include "daemon/netif.h"
#include "daemon/resolve.h"
#include "daemon/varlink_server.h"

/* An attestation lives for 7 days and is renewed every day. */
#define SG_ATTESTATION_LIFE  (7 * 86400)
#define SG_ATTESTATION_RENEW (86400ULL * SIGNET_SECOND)

/* What all sessions together may take, for each peer of the limit. */
#define SG_SESSION_MEMORY (16 * 1024)

struct sg_gate_session;
struct sg_gates;
struct sg_half_open;
struct sg_metrics_socket;
struct sg_move;
struct sg_pair;
struct sg_peer;

/** struct sg_node_paths - where things are; strings outlive the node */
struct sg_node_paths {
	const char *config;
	const char *state;
	const char *socket;
};

struct sg_node {
	struct sg_node_paths paths;
	struct sg_loop *loop;
	struct sg_config *config;
	struct sg_keys *keys;
	struct signet_local local;
	uint8_t overlay[16];
	struct sg_state *state;
	struct sg_varlink_server *varlink;
	struct sg_metrics_socket *metrics; /* NULL: there is none */
	struct sg_resolver *resolver;
	uint64_t started;

	bool up;
	bool stopping;
	bool handover; /* to the next agent: what the kernel has stays */
	const struct sg_datapath_ops *dp_ops;
	struct sg_datapath *dp;
	bool dp_asked; /* by SetDataPath: @dp_want, not the configuration */
	enum sg_config_datapath dp_want;
	char dp_why[256]; /* why it is not the kernel's, "" where it is */
	uint16_t dp_port; /* to be used again, 0: as configured */
	bool dp_borrowed; /* it has another, for a while */
	bool dp_aside;	  /* TUN now, whatever is wanted after it */
	struct sg_timer dp_timer;
	const char *dp_lost; /* why it has to be opened again */
	struct sg_move *move;
	struct sg_netif *netif;
	uint32_t mtu;
	bool exposed;

	struct sg_peer **peers; /* by number */
	uint32_t max_peers;
	uint32_t n_peers;
	struct sg_map peer_ids; /* first 8 bytes of the identifier */
	struct sg_map channels; /* data path's channel to sg_peer */
	struct sg_labels labels;
	struct sg_gates *gates; /* NULL: there was none yet */

	struct sg_admission admission;
	struct sg_half_open *half_open; /* first contacts, newest first */
	uint32_t n_half_open;
	struct sg_timer half_open_timer;
	struct sg_pair *pair;
	struct sg_events events;
	uint64_t drops[SIGNET_DROP_COUNT];
	uint64_t handshakes, refused;
	size_t session_memory; /* taken by all sessions */

	struct sg_timer attest_timer;
	struct sg_timer state_timer;
	struct sg_clock clock;
	int signal_fd;
};

/** sg_node_wall() - seconds since 1970 as this machine believes */
int64_t sg_node_wall(void);

/**
 * sg_node_start() - read configuration, keys and state; open the control
 * socket; go up where AutoUp says so
 */
int sg_node_start(struct sg_node *n, const struct sg_node_paths *paths,
		  struct sg_error *err);
int sg_node_run(struct sg_node *n);
/** sg_node_stop() - close channels, undo the device, wipe, free */
void sg_node_stop(struct sg_node *n);

int sg_node_up(struct sg_node *n, struct sg_error *err);
void sg_node_down(struct sg_node *n, sg_netif_note undone, void *ctx);

/** struct sg_moved - whom to tell how a change of data path ended */
struct sg_moved {
	void (*fn)(void *ctx, int ret, const struct sg_error *err);
	void *ctx;
};

/**
 * sg_node_set_datapath() - from now on, until the agent ends, use this one
 * @configured: it is the configuration's, which is in force again
 * @moved: told later, where -EINPROGRESS is returned
 *
 * Where the node is up and uses another, channels are made anew on it while the
 * old ones still carry packets. Where that can't be they are closed first,
 * without a word. If it cannot be opened the node goes on with the one that it
 * had. Return: 0, -EINPROGRESS, or -errno.
 */
int sg_node_set_datapath(struct sg_node *n, enum sg_config_datapath want,
			 bool configured, const struct sg_moved *moved,
			 struct sg_error *err);

/** struct sg_reload - what a reload did; lists of names, comma separated */
struct sg_reload {
	char **added, **changed, **removed;
	size_t n_added, n_changed, n_removed;
	uint32_t kept;
};

/**
 * sg_node_reload() - read the configuration and the keys again; all of it is
 * good, or nothing changes and @problems or @err says why
 * @session: where the one who types sits, not to be cut off by a gate; NULL:
 *	nobody types, or whatever happens
 */
int sg_node_reload(struct sg_node *n, const struct sg_gate_session *session,
		   struct sg_reload *out, struct sg_problems *problems,
		   struct sg_error *err);
/** sg_node_reload_config() - the same, but for rotated keys and for gates */
int sg_node_reload_config(struct sg_node *n,
			  const struct sg_gate_session *session,
			  struct sg_reload *out, struct sg_problems *problems,
			  struct sg_error *err);
void sg_reload_free(struct sg_reload *r);

/** sg_node_address() - set the node's inner addresses, overlay first */
size_t sg_node_addresses(const struct sg_node *n, struct sg_prefix *out,
			 size_t cap);

/* incoming.c: frames that are not packets */
extern const struct sg_dp_events sg_node_dp_events;

/* state that others have changed is flushed some seconds later */
void sg_node_state_dirty(struct sg_node *n);

/* From and to the core's opaque form of an outer path. */
void sg_endpoint_set(struct signet_endpoint *ep, const union sg_addr *remote,
		     const union sg_addr *local);
void sg_endpoint_remote(const struct signet_endpoint *ep, union sg_addr *a);
void sg_endpoint_local(const struct signet_endpoint *ep, union sg_addr *a);

#endif
