/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by pair.c, pair_initiator.c and pair_peer.c. */
#ifndef SG_PAIR_PRIVATE_H
#define SG_PAIR_PRIVATE_H

#include "daemon/pair.h"

#define PAIR_HALVES 8

/* A handshake of somebody who may or may not know the code. */
struct half {
	struct signet_handshake hs;
	uint64_t until; /* 0: free */
};

struct sg_pair {
	struct sg_label_owner owner;
	struct sg_node *node;
	bool initiator;
	bool done; /* paired; lingers to repeat the last frame */
	uint8_t psk[32];
	char name[SG_CONFIG_NAME_LEN]; /* for the peer; "": its own */
	struct sg_varlink_call *call;
	struct sg_timer timer;
	uint64_t deadline;

	struct half half[PAIR_HALVES]; /* responder */
	uint8_t finish_mac1[SIGNET_MAC_LEN];
	uint32_t finish_label;

	struct signet_handshake hs; /* initiator */
	struct sg_config_endpoint endpoint;
	char host[SG_HOST_STR_LEN];
	union sg_addr remote;
	bool has_cookie, cookie_taken; /* one for each init */
	uint8_t cookie[SIGNET_COOKIE_LEN];
	unsigned int attempt;
	struct signet_proof proof;
	struct signet_keys keys;
	enum signet_aead aead;
	uint8_t key_id;

	uint8_t frame[SIGNET_HANDSHAKE_MAX]; /* the last one sent */
	size_t frame_len;
};

struct sg_pair *sg_pair_new(struct sg_node *n, struct sg_varlink_call *call,
			    const char *name);
/** sg_pair_fail() - end it, and tell the caller why */
void sg_pair_fail(struct sg_pair *p, const char *remedy, const char *text);
int sg_pair_initiator_frame(struct sg_pair *p, uint8_t *frame, size_t len,
			    const union sg_addr *from);

/** sg_pair_hello() - what we say of ourselves. Return: its length */
size_t sg_pair_hello(const struct sg_node *n, uint8_t out[SIGNET_HELLO_MAX]);

/**
 * sg_pair_pin() - write the peer's file, reload, and answer the call
 * @hello: what it said of itself, authenticated
 * @from: address that it has been seen at, or NULL
 */
int sg_pair_pin(struct sg_pair *p, const struct signet_proof *proof,
		const uint8_t *hello, size_t hello_len,
		const union sg_addr *from, struct sg_error *err);

#endif
