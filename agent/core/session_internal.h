/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the session share; nobody else includes it. */
#ifndef SIGNET_CORE_SESSION_INTERNAL_H
#define SIGNET_CORE_SESSION_INTERNAL_H

#include <errno.h>
#include <string.h>

#include <signet/core/mac.h>
#include <signet/core/session.h>
#include <signet/drop.h>

#include "core/bytes.h"

#define NEVER UINT64_MAX

/* A responder's channel that nobody confirms. */
#define PENDING_LIFE	(10 * SIGNET_SECOND)
/* Before the end of what authorised a channel, a new handshake is made. */
#define RENEW_AHEAD	(600 * SIGNET_SECOND)
/* A channel whose peer owes its history. */
#define UNVERIFIED_LIFE (5 * SIGNET_SECOND)
/* Between answers to stale numbers. */
#define STALE_PAUSE	(5 * SIGNET_SECOND)
/* An initiation that nobody asked to keep up. */
#define INIT_LIFE	(60 * SIGNET_SECOND)
/* Our init, once the other side has connected to us. */
#define CROSSED_LIFE	(5 * SIGNET_SECOND)
#define COOKIE_LIFE	(120 * SIGNET_SECOND)
#define CHALLENGE_LIFE	(5 * SIGNET_SECOND)

/* Base and new key id, then the Noise message. */
#define REKEY_BODY_LEN (2 + 32 + SIGNET_NOISE_TAG_LEN)

/** struct signet_rekey - a rekey that we began; holds secrets */
struct signet_rekey {
	struct signet_noise noise;
	struct signet_channel *channel;
	uint8_t body[REKEY_BODY_LEN];
	unsigned int attempt;
	uint64_t at;
};

/** struct signet_rekey_answer - our last answer, to repeat it if it is lost */
struct signet_rekey_answer {
	struct signet_channel *channel;
	uint8_t request[REKEY_BODY_LEN];
	uint8_t response[REKEY_BODY_LEN];
};

/** struct signet_held - of a channel whose peer is not verified; secrets */
struct signet_held {
	struct signet_proof proof;
	uint8_t packet_tx[SIGNET_AEAD_KEY_LEN];
	uint8_t packet_rx[SIGNET_AEAD_KEY_LEN];
};

static inline uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* session.c */
void *session_alloc(struct signet_session *s, size_t size);
void session_free(struct signet_session *s, void *p, size_t size);
uint64_t session_jitter(struct signet_session *s, uint64_t span);
void session_keep_current(struct signet_session *s);
void session_channel_free(struct signet_session *s, struct signet_channel *c);
void session_channel_lost(struct signet_session *s, struct signet_channel *c,
			  enum signet_close why, uint64_t now);
int session_channel_add(struct signet_session *s, struct signet_channel *c,
			uint64_t now);
bool session_has(const struct signet_session *s,
		 const struct signet_channel *c);

/* session_channel.c */
struct signet_channel *session_establish(struct signet_session *s,
					 struct signet_handshake *hs,
					 const struct signet_endpoint *path,
					 uint64_t begun, uint64_t now,
					 int64_t wall);
void session_promote(struct signet_session *s, struct signet_channel *c,
		     uint64_t now);
void session_slot_confirmed(struct signet_session *s, struct signet_channel *c,
			    struct signet_slot *slot, uint64_t now);
struct signet_slot *session_slot_add(struct signet_session *s,
				     struct signet_channel *c, uint8_t key_id,
				     bool initiator,
				     const struct signet_keys *keys,
				     uint64_t now);
void session_slot_free(struct signet_session *s, struct signet_channel *c,
		       int i);
void session_slot_prefer(struct signet_session *s, struct signet_channel *c,
			 struct signet_slot *slot, uint64_t now);
struct signet_slot *session_slot_find(const struct signet_channel *c,
				      uint8_t key_id);
struct signet_slot *session_slot_selected(const struct signet_channel *c);

/* session_handshake.c */
void session_begin(struct signet_session *s, uint64_t now);
void session_initiate(struct signet_session *s, uint64_t now);
void session_initiate_end(struct signet_session *s);
int session_response(struct signet_session *s, const uint8_t *frame, size_t len,
		     const struct signet_endpoint *from, uint64_t now,
		     int64_t wall);
int session_cookie(struct signet_session *s, const uint8_t *frame,
		   uint64_t now);

/* session_message.c */
int session_message(struct signet_session *s, uint8_t *frame, size_t len,
		    const struct signet_endpoint *from, uint64_t now);
int session_send_record(struct signet_session *s, struct signet_channel *c,
			const struct signet_endpoint *to, uint8_t kind,
			const void *body, size_t len, uint64_t now);
int session_probe(struct signet_session *s, struct signet_channel *c,
		  uint64_t now);

/* session_rekey.c */
void session_rekey_start(struct signet_session *s, struct signet_channel *c,
			 uint64_t now);
void session_rekey_retry(struct signet_session *s, uint64_t now);
void session_rekey_settled(struct signet_session *s,
			   const struct signet_channel *c,
			   const struct signet_slot *slot);
void session_rekey_forget(struct signet_session *s,
			  const struct signet_channel *c);
int session_rekey_request(struct signet_session *s, struct signet_channel *c,
			  const uint8_t *body, size_t len, uint64_t now);
int session_rekey_response(struct signet_session *s, struct signet_channel *c,
			   const uint8_t *body, size_t len, uint64_t now);

/* session_liveness.c */
uint64_t session_liveness_deadline(const struct signet_session *s);
void session_liveness_tick(struct signet_session *s, uint64_t now);
void session_received(struct signet_session *s, const struct signet_channel *c);
void session_liveness_begin(struct signet_session *s, struct signet_channel *c,
			    uint64_t now);
bool session_used_since(struct signet_session *s, struct signet_channel *c,
			uint64_t then);

#endif
