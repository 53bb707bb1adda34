/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Many nodes in one process, in front of one agent: each has an identity and a
 * session of the core's; they share a few UDP sockets. A packet is an ICMP
 * echo request, and what counts is the reply.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <signet/core/session.h>

#include "crowd_identity.h"

#define CROWD_PEERS_MAX	  60000
#define CROWD_SOCKETS_MAX 16

struct crowd;

struct crowd_key {
	bool rx_set, tx_set, confirmed;
	uint8_t rx[SIGNET_AEAD_KEY_LEN], tx[SIGNET_AEAD_KEY_LEN];
	uint64_t counter;
};

/** struct crowd_channel - what a data path would know of a channel */
struct crowd_channel {
	struct signet_channel *core;
	struct crowd_key key[SIGNET_KEY_IDS];
	int tx_key;
	bool watched;
	uint64_t rx_last, tx_last;
};

struct crowd_peer {
	struct crowd *crowd;
	struct crowd_identity *ci;
	struct signet_session session;
	struct crowd_channel *chan[SIGNET_SESSION_CHANNELS];
	uint8_t mac1_key[SIGNET_MAC_LEN];
	uint32_t number;
	uint32_t generation; /* of labels */
	bool wants;	     /* since @wanted */
	uint64_t wanted;
};

/** struct crowd_stats - all counted since the start */
struct crowd_stats {
	uint64_t handshakes, downs, rekeys, inits, cookies, answered;
	uint64_t frames, dropped, pings, replies;
	uint64_t slowest_ns; /* of the handshakes since the last connect */
};

/** struct crowd_job - something that is done for one peer after the other */
struct crowd_job {
	void (*fn)(struct crowd_peer *p);
	uint32_t first, count, rounds;
	double rate; /* a second; 0: all at once */
	uint64_t began, done;
};

struct crowd {
	uint32_t n;
	struct crowd_peer **peers;
	uint64_t seed;
	int sock[CROWD_SOCKETS_MAX];
	unsigned int n_sockets;
	struct signet_endpoint agent;
	struct signet_id agent_id;
	uint8_t agent_static[32];
	uint32_t inner;	    /* agent's, host order */
	uint32_t keepalive; /* seconds */
	uint64_t now, next_tick;
	int64_t wall;
	struct crowd_job job;
	struct crowd_stats stats;
};

/* Peer N's inner address is 10.129.0.0 + N, in host order. */
static inline uint32_t crowd_inner(uint32_t number)
{
	return 0x0a810000u + number;
}

/* crowd_env.c */
extern const struct signet_session_env crowd_env;
struct crowd_peer *crowd_by_label(const struct crowd *c, uint32_t label);
/** crowd_touched() - after each call into a session */
void crowd_touched(struct crowd_peer *p);

/* crowd_net.c */
int crowd_sockets(struct crowd *c, const struct sockaddr *agent, socklen_t len);
/** crowd_send() - one datagram from a peer to the agent */
void crowd_send(struct crowd_peer *p, const uint8_t *frame, size_t len);
/** crowd_read() - all that waits in a socket */
void crowd_read(struct crowd *c, int fd);
void crowd_connect(struct crowd_peer *p);
void crowd_ping(struct crowd_peer *p);
void crowd_keepalive(struct crowd_peer *p);

#endif
