/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The handshake between two identities: frames 1 to 3, their payloads, and
 * what each side has proved. No policy: whom to accept is the caller's matter.
 * See Documentation/protocol.rst, "Handshake".
 */
#ifndef SIGNET_CORE_HANDSHAKE_H
#define SIGNET_CORE_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/core/identity.h>
#include <signet/core/keys.h>
#include <signet/core/noise.h>
#include <signet/wire.h>

#pragma GCC visibility push(default)

/**
 * struct signet_local - what this node proves in every handshake
 * @static_sk: X25519 private key that the attestation binds
 * @static_pk: its public key
 * @ident: what our history says
 * @history: our identity's history
 * @history_len: its length
 * @attestation: our current attestation
 * @attestation_len: its length
 * @aeads: mask of enum signet_aead that we offer
 * @lanes: receive lanes that we offer, 1 to 32
 * @max_message: largest message that we take, in bytes
 *
 * Owned by the caller, who replaces the attestation while it is valid.
 */
struct signet_local {
	uint8_t static_sk[32];
	uint8_t static_pk[32];
	struct signet_identity ident;
	const uint8_t *history;
	size_t history_len;
	uint8_t attestation[SIGNET_ATTESTATION_MAX];
	size_t attestation_len;
	unsigned int aeads;
	uint8_t lanes;
	uint32_t max_message;
};

/* What a node says of itself while pairing; opaque to the handshake. */
#define SIGNET_HELLO_MAX 192

/**
 * struct signet_proof - what the other side has sent, and proved
 * @att: its attestation's content; only @att.id, as claimed, while not
 *	@verified
 * @head: length and head of its history
 * @ident: what its history says; valid when @verified
 * @verified: history and attestation were checked; when false the history did
 *	not fit the handshake and has to follow inside the channel; until then
 *	the channel carries no data
 * @attestation: the attestation as sent, for checking it then
 * @attestation_len: its length
 * @static_key: its Noise static key
 * @label: the label that it receives on
 * @lanes: its receive lanes
 * @max_message: largest message that it takes
 * @aeads: mask offered, or the one chosen
 * @number: its growing number; initiators only
 * @hello: what it said of itself; pairing initiators only
 * @hello_len: its length
 */
struct signet_proof {
	struct signet_attestation att;
	struct signet_head head;
	struct signet_identity ident;
	bool verified;
	uint8_t attestation[SIGNET_ATTESTATION_MAX];
	size_t attestation_len;
	uint8_t static_key[32];
	uint32_t label;
	uint8_t lanes;
	uint32_t max_message;
	unsigned int aeads;
	uint64_t number;
	uint8_t hello[SIGNET_HELLO_MAX];
	size_t hello_len;
};

/** struct signet_handshake - one handshake under way; holds secrets */
struct signet_handshake {
	struct signet_noise noise;
	struct signet_proof remote;
	struct signet_id responder; /* as meant; zero: unknown */
	uint8_t mac1_key[SIGNET_MAC_LEN];
	uint8_t mac1[SIGNET_MAC_LEN]; /* of the last frame we sent */
	uint32_t rx_label;
	uint8_t pattern; /* enum signet_pattern */
	bool initiator;
	bool owes_history;     /* ours did not fit */
	enum signet_aead aead; /* chosen */
};

/**
 * struct signet_handshake_args - what one initiation needs
 * @pattern: enum signet_pattern
 * @responder: identity that is meant, or NULL where unknown (pairing)
 * @responder_static: its static key (IK), or NULL
 * @psk: pre-shared key (XXPSK3), or NULL
 * @rx_label: label that we will receive on
 * @number: our growing number
 * @cookie: cookie that the responder gave us, or NULL
 * @ephemeral: 32 random bytes
 */
struct signet_handshake_args {
	enum signet_pattern pattern;
	const struct signet_id *responder;
	const uint8_t *responder_static;
	const uint8_t *psk;
	uint32_t rx_label;
	uint64_t number;
	const uint8_t *cookie;
	const uint8_t *ephemeral;
};

/**
 * signet_handshake_initiate() - write an init frame
 * @hs: state to fill
 * @local: what we prove
 * @args: see above
 * @out: receives the frame
 * @len: receives its length
 * Return: 0; -EINVAL; -EBADMSG the responder's static key is of low order.
 */
int signet_handshake_initiate(struct signet_handshake *hs,
			      const struct signet_local *local,
			      const struct signet_handshake_args *args,
			      uint8_t out[SIGNET_HANDSHAKE_MAX], size_t *len);

/**
 * signet_handshake_read_init() - read an init whose mac1 was checked
 * @hs: state to fill
 * @local: what we prove; the responder's identity
 * @responder: identity that mac1 was good for: ours, or zero (pairing)
 * @psk: pre-shared key for XXPSK3, or NULL
 * @frame: the frame, parsed by signet_handshake_parse()
 * @flen: its length
 * @wall: seconds since 1970 as far as known, for the attestation's end
 * Return: 0, with @hs->remote filled for IK; or the reason to drop it, with
 *	the state wiped but @hs->remote.att.id and @hs->remote.static_key kept
 *	where they were learned, for the operator to see.
 */
int signet_handshake_read_init(struct signet_handshake *hs,
			       const struct signet_local *local,
			       const struct signet_id *responder,
			       const uint8_t *psk, const uint8_t *frame,
			       size_t flen, int64_t wall);

/**
 * signet_handshake_respond() - write the response to an init that was read
 * @rx_label: label that we will receive on
 * @ephemeral: 32 random bytes
 * Return: 0; -EPROTONOSUPPORT no AEAD in common; -EBADMSG.
 */
int signet_handshake_respond(struct signet_handshake *hs,
			     const struct signet_local *local,
			     uint32_t rx_label, const uint8_t ephemeral[32],
			     uint8_t out[SIGNET_HANDSHAKE_MAX], size_t *len);

/**
 * signet_handshake_read_response() - read a parsed response
 * Return: 0 with @hs->remote filled, or the reason to drop it. A response that
 *	does not authenticate leaves @hs as it was, to wait for the true one.
 */
int signet_handshake_read_response(struct signet_handshake *hs,
				   const struct signet_local *local,
				   const uint8_t *frame, size_t flen,
				   int64_t wall);

/**
 * signet_handshake_finish() - write the third frame (XX, XXPSK3)
 * @number: our growing number
 * @hello: what we say of ourselves while pairing (a CBOR item), or NULL
 * @hello_len: its length, at most SIGNET_HELLO_MAX
 */
int signet_handshake_finish(struct signet_handshake *hs,
			    const struct signet_local *local, uint64_t number,
			    const uint8_t *hello, size_t hello_len,
			    uint8_t out[SIGNET_HANDSHAKE_MAX], size_t *len);

/**
 * signet_handshake_read_finish() - read a parsed finish
 * Return: 0 with @hs->remote filled, or the reason to drop it; @hs stays as it
 *	was when it does not authenticate.
 */
int signet_handshake_read_finish(struct signet_handshake *hs,
				 const struct signet_local *local,
				 const uint8_t *frame, size_t flen,
				 int64_t wall);

/**
 * signet_handshake_key_id() - key id that a finished handshake's keys take
 *
 * The lower identity allocates even key ids, the higher odd.
 */
uint8_t signet_handshake_key_id(const struct signet_handshake *hs,
				const struct signet_local *local);

/** signet_handshake_keys() - keys of a finished handshake */
int signet_handshake_keys(const struct signet_handshake *hs,
			  const struct signet_local *local,
			  struct signet_keys *keys);

/** signet_handshake_wipe() - wipe its secrets */
void signet_handshake_wipe(struct signet_handshake *hs);

/**
 * signet_proof_verify() - check history and attestation against each other
 * @p: proof as it came in the handshake
 * @history: the identity's whole history
 * @len: its length
 * @wall: seconds since 1970 as far as known
 * Return: 0 with @p->verified set, SIGNET_DROP_IDENTITY or
 *	SIGNET_DROP_EXPIRED.
 */
int signet_proof_verify(struct signet_proof *p, const uint8_t *history,
			size_t len, int64_t wall);

#pragma GCC visibility pop

#endif
