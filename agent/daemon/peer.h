/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A peer: one identity that the configuration accepts, with its session and
 * what the data path knows of it.
 */
#ifndef SG_PEER_H
#define SG_PEER_H

#include "daemon/node.h"

#define SG_PEER_PINGS_MAX 8

struct sg_ping;
struct sg_messages;

struct sg_peer {
	struct sg_label_owner owner;
	struct sg_node *node;
	const struct sg_config_peer *config;
	uint32_t number;
	struct signet_session session;
	struct sg_timer timer;

	union sg_addr addrs[SG_RESOLVE_ADDRS_MAX];
	uint8_t n_addrs;
	uint8_t resolving; /* index of the endpoint being asked */
	bool resolve_again;
	bool addrs_old;		 /* from an earlier look-up */
	union sg_addr last_good; /* from the state, or proved */

	bool in_dp;
	struct signet_verdicts verdicts;
	uint64_t last_handshake;
	uint64_t dead;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* ended ones */
	int resolve_error;
	struct sg_ping *pings;
	struct sg_messages *messages; /* reliable messages, when used */
};

/* Of all peers, by the configuration in force. */
struct sg_peer *sg_peer_by_id(const struct sg_node *n,
			      const struct signet_id *id);
/** sg_peer_find() - by name, identifier, or its first 12 characters */
struct sg_peer *sg_peer_find(const struct sg_node *n, const char *what);

int sg_peer_add(struct sg_node *n, const struct sg_config_peer *c,
		struct sg_peer **out);
/** sg_peer_remove() - its channels and keys are gone when this returns */
void sg_peer_remove(struct sg_peer *p, enum signet_close why);
/** sg_peer_attach() - give it to the data path, and connect where wanted */
int sg_peer_attach(struct sg_peer *p, struct sg_error *err);
void sg_peer_detach(struct sg_peer *p, enum signet_close why);
/** sg_peer_prefixes() - set its prefixes and overlay address */
int sg_peer_prefixes(struct sg_peer *p, const struct sg_prefix *prefixes,
		     size_t n);
/** sg_peer_configure() - take over changed settings */
void sg_peer_configure(struct sg_peer *p, const struct sg_config_peer *c);
/** sg_peer_restart() - drop keys without a word, and connect anew if wanted */
void sg_peer_restart(struct sg_peer *p);
void sg_peer_connect(struct sg_peer *p);
void sg_peer_resolve(struct sg_peer *p);
void sg_peer_resolved(void *ctx, uint64_t token, int error,
		      const union sg_addr *addrs, size_t n);
/** sg_peer_rearm() - after each call into the session: set its timer */
void sg_peer_rearm(struct sg_peer *p);

/** sg_peer_state() - "idle", "handshake", "verifying", "up", "dead" */
const char *sg_peer_state(const struct sg_peer *p);
/** sg_peer_stats() - of all its channels, ended ones too */
void sg_peer_stats(const struct sg_peer *p, struct sg_dp_channel_stats *st);

/* peer_env.c: what the core asks of us */
extern const struct signet_session_env sg_peer_env;
static inline struct sg_peer *sg_peer_of(struct signet_session *s)
{
	return (struct sg_peer *)((char *)s -
				  offsetof(struct sg_peer, session));
}

/** sg_peer_channel() - the session's channel with this data path number */
struct signet_channel *sg_peer_channel(const struct sg_peer *p, uint32_t dp);

/* ping.c */
typedef void (*sg_ping_fn)(void *ctx, uint32_t seq, bool lost, uint64_t rtt_ns);
/**
 * sg_ping_start() - send one ping; connects first where there is no channel
 * @fn: called once, from the loop
 */
int sg_ping_start(struct sg_peer *p, uint32_t seq, size_t padding,
		  sg_ping_fn fn, void *ctx, struct sg_ping **out);
void sg_ping_cancel(struct sg_ping *ping);
void sg_ping_pong(struct sg_peer *p, const uint8_t *body, size_t len);
/* a channel came up: those that wait are sent */
void sg_ping_up(struct sg_peer *p);
/* the peer goes away: all are lost */
void sg_ping_lost(struct sg_peer *p);

/* messages.c: reliable messages; so far for histories alone */
void sg_messages_history(struct sg_peer *p, struct signet_channel *c);
int sg_messages_record(struct sg_peer *p, struct signet_channel *c,
		       const struct signet_record *r);
void sg_messages_gone(struct sg_peer *p, struct signet_channel *c);
/** sg_messages_deliver() - after a frame: act on messages that are complete */
void sg_messages_deliver(struct sg_peer *p);

#endif
