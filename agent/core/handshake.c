// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include <signet/core/handshake.h>
#include <signet/core/mac.h>
#include <signet/drop.h>

#include "core/bytes.h"
#include "core/payload.h"

#define NOISE_HEAD  32 /* bytes of the Noise message before the macs */
#define FRAME_EXTRA (SIGNET_HANDSHAKE_HDR_LEN - NOISE_HEAD)
#define NOISE_CAP   (SIGNET_HANDSHAKE_MAX - FRAME_EXTRA)
#define CLEAR_LEN   16

static const char prologue_label[] = "signet/1";

static const uint8_t noise_pattern[] = {
	[SIGNET_PATTERN_IK] = SIGNET_NOISE_IK,
	[SIGNET_PATTERN_XX] = SIGNET_NOISE_XX,
	[SIGNET_PATTERN_XXPSK3] = SIGNET_NOISE_XXPSK3,
};

static int start_noise(struct signet_handshake *hs,
		       const struct signet_local *local,
		       const uint8_t *responder_static, const uint8_t *psk,
		       const uint8_t *clear)
{
	uint8_t prologue[sizeof(prologue_label) + SIGNET_ID_LEN + CLEAR_LEN];
	const struct signet_noise_keys keys = {
		.s_priv = local->static_sk,
		.s_pub = local->static_pk,
		.rs = hs->pattern == SIGNET_PATTERN_IK && hs->initiator
			      ? responder_static
			      : NULL,
		.psk = hs->pattern == SIGNET_PATTERN_XXPSK3 ? psk : NULL,
	};
	size_t n = sizeof(prologue_label) - 1;

	memcpy(prologue, prologue_label, n);
	prologue[n++] = hs->pattern;
	memcpy(prologue + n, hs->responder.b, SIGNET_ID_LEN);
	n += SIGNET_ID_LEN;
	memcpy(prologue + n, clear, CLEAR_LEN);
	n += CLEAR_LEN;
	return signet_noise_init(&hs->noise, noise_pattern[hs->pattern],
				 hs->initiator, prologue, n, &keys);
}

/* Put a Noise message into a frame whose clear fields are written. */
static void assemble(struct signet_handshake *hs, uint8_t *frame,
		     const uint8_t *msg, size_t msg_len, const uint8_t *cookie,
		     size_t *len)
{
	memcpy(frame + 16, msg, NOISE_HEAD);
	memcpy(frame + SIGNET_HANDSHAKE_HDR_LEN, msg + NOISE_HEAD,
	       msg_len - NOISE_HEAD);
	signet_mac1_write(frame, hs->mac1_key);
	memcpy(hs->mac1, frame + SIGNET_MAC1_OFFSET, SIGNET_MAC_LEN);
	if (cookie)
		signet_mac2_write(frame, cookie);
	*len = msg_len + FRAME_EXTRA;
}

static size_t disassemble(const uint8_t *frame, size_t len, uint8_t *msg)
{
	memcpy(msg, frame + 16, NOISE_HEAD);
	memcpy(msg + NOISE_HEAD, frame + SIGNET_HANDSHAKE_HDR_LEN,
	       len - SIGNET_HANDSHAKE_HDR_LEN);
	return len - FRAME_EXTRA;
}

static void clear_fields(uint8_t *frame, enum signet_frame_type type,
			 uint8_t pattern, uint32_t label, uint32_t sender_label)
{
	memset(frame, 0, CLEAR_LEN);
	frame[0] = type;
	frame[1] = pattern;
	put_le32(frame + 4, label);
	put_le32(frame + 8, sender_label);
}

/* Write a Noise message with our proof as payload. */
static int write_proof(struct signet_handshake *hs,
		       const struct signet_local *local,
		       struct payload_args *args, const uint8_t *ephemeral,
		       uint8_t *msg, size_t *msg_len)
{
	uint8_t payload[NOISE_CAP];
	size_t n;
	int err;

	args->label = hs->rx_label;
	args->room = NOISE_CAP - signet_noise_overhead(&hs->noise);
	err = signet_payload_write(local, args, payload, sizeof(payload), &n,
				   &hs->owes_history);
	if (err)
		return err;
	return signet_noise_write(&hs->noise, ephemeral, payload, n, msg,
				  NOISE_CAP, msg_len);
}

int signet_handshake_initiate(struct signet_handshake *hs,
			      const struct signet_local *local,
			      const struct signet_handshake_args *args,
			      uint8_t out[SIGNET_HANDSHAKE_MAX], size_t *len)
{
	static const uint8_t padding[NOISE_CAP];
	uint8_t msg[NOISE_CAP];
	size_t n;
	int err;

	memset(hs, 0, sizeof(*hs));
	if (args->pattern < SIGNET_PATTERN_IK ||
	    args->pattern > SIGNET_PATTERN_MAX || !args->rx_label ||
	    (args->pattern == SIGNET_PATTERN_IK &&
	     (!args->responder || !args->responder_static ||
	      sodium_is_zero(args->responder->b, SIGNET_ID_LEN))) ||
	    (args->pattern == SIGNET_PATTERN_XXPSK3 && !args->psk))
		return -EINVAL;
	hs->initiator = true;
	hs->pattern = args->pattern;
	hs->rx_label = args->rx_label;
	if (args->responder)
		hs->responder = *args->responder;
	signet_mac1_key(&hs->responder, hs->mac1_key);
	clear_fields(out, SIGNET_FRAME_INIT, hs->pattern, 0, hs->rx_label);
	err = start_noise(hs, local, args->responder_static, args->psk, out);
	if (err)
		goto cleanup;
	if (hs->pattern == SIGNET_PATTERN_IK) {
		struct payload_args p = { .aeads = local->aeads,
					  .has_number = true,
					  .number = args->number };

		err = write_proof(hs, local, &p, args->ephemeral, msg, &n);
	} else {
		/* Nothing is said yet; padded, so that no answer is larger. */
		n = sizeof(msg) - signet_noise_overhead(&hs->noise);
		err = signet_noise_write(&hs->noise, args->ephemeral, padding,
					 n, msg, sizeof(msg), &n);
	}
	if (!err)
		assemble(hs, out, msg, n, args->cookie, len);
cleanup:
	if (err)
		signet_handshake_wipe(hs);
	return err;
}

/* The proved identity must not be our own, nor another than was meant. */
static int check_meant(const struct signet_handshake *hs,
		       const struct signet_local *local)
{
	const struct signet_id *id = &hs->remote.att.id;

	if (!signet_id_cmp(id, &local->ident.id))
		return SIGNET_DROP_IDENTITY;
	if (hs->initiator && !sodium_is_zero(hs->responder.b, SIGNET_ID_LEN) &&
	    signet_id_cmp(id, &hs->responder))
		return SIGNET_DROP_IDENTITY;
	return 0;
}

/*
 * Read the next Noise message and the proof inside. Works on a copy, so that a
 * forgery leaves the true state as it was.
 */
static int read_proof(struct signet_handshake *hs,
		      const struct signet_local *local, const uint8_t *frame,
		      size_t flen, bool want_number, int64_t wall)
{
	struct signet_handshake next = *hs;
	uint8_t msg[NOISE_CAP], payload[NOISE_CAP];
	size_t n;
	int drop;

	n = disassemble(frame, flen, msg);
	if (signet_noise_read(&next.noise, msg, n, payload, sizeof(payload),
			      &n)) {
		drop = SIGNET_DROP_HANDSHAKE;
		goto cleanup;
	}
	memset(&next.remote, 0, sizeof(next.remote));
	memcpy(next.remote.static_key, next.noise.rs, 32);
	drop = signet_payload_read(&next.remote, payload, n, want_number, wall);
	if (!drop && next.remote.label != get_le32(frame + 8))
		drop = SIGNET_DROP_PAYLOAD;
	if (!drop)
		drop = check_meant(&next, local);
	if (drop)
		hs->remote = next.remote;
	else
		*hs = next;
cleanup:
	signet_handshake_wipe(&next);
	sodium_memzero(payload, sizeof(payload));
	return drop;
}

int signet_handshake_read_init(struct signet_handshake *hs,
			       const struct signet_local *local,
			       const struct signet_id *responder,
			       const uint8_t *psk, const uint8_t *frame,
			       size_t flen, int64_t wall)
{
	uint8_t msg[NOISE_CAP], payload[NOISE_CAP];
	int drop = SIGNET_DROP_HANDSHAKE;
	size_t n;

	memset(hs, 0, sizeof(*hs));
	hs->pattern = frame[1];
	hs->responder = *responder;
	signet_mac1_key(responder, hs->mac1_key);
	/* Who knows our static key knows whose it is. */
	if ((hs->pattern == SIGNET_PATTERN_XXPSK3 && !psk) ||
	    (hs->pattern == SIGNET_PATTERN_IK &&
	     sodium_is_zero(responder->b, SIGNET_ID_LEN)))
		return SIGNET_DROP_PATTERN;
	if (start_noise(hs, local, NULL, psk, frame))
		goto cleanup;
	if (hs->pattern == SIGNET_PATTERN_IK) {
		drop = read_proof(hs, local, frame, flen, true, wall);
	} else {
		n = disassemble(frame, flen, msg);
		if (signet_noise_read(&hs->noise, msg, n, payload,
				      sizeof(payload), &n))
			goto cleanup;
		hs->remote.label = get_le32(frame + 8);
		drop = 0;
	}
cleanup:
	if (drop)
		signet_noise_wipe(&hs->noise);
	return drop;
}

static enum signet_aead choose_aead(unsigned int a, unsigned int b)
{
	if (a & b & SIGNET_AEAD_AES256GCM)
		return SIGNET_AEAD_AES256GCM;
	return a & b & SIGNET_AEAD_CHACHA20POLY1305;
}

int signet_handshake_respond(struct signet_handshake *hs,
			     const struct signet_local *local,
			     uint32_t rx_label, const uint8_t ephemeral[32],
			     uint8_t out[SIGNET_HANDSHAKE_MAX], size_t *len)
{
	struct payload_args p = { .aeads = local->aeads };
	uint8_t msg[NOISE_CAP];
	size_t n;
	int err;

	if (hs->pattern == SIGNET_PATTERN_IK) {
		hs->aead = choose_aead(local->aeads, hs->remote.aeads);
		if (!hs->aead)
			return -EPROTONOSUPPORT;
		p.aeads = hs->aead;
	}
	hs->rx_label = rx_label;
	clear_fields(out, SIGNET_FRAME_RESPONSE, hs->pattern, hs->remote.label,
		     rx_label);
	err = write_proof(hs, local, &p, ephemeral, msg, &n);
	if (!err)
		assemble(hs, out, msg, n, NULL, len);
	return err;
}

int signet_handshake_read_response(struct signet_handshake *hs,
				   const struct signet_local *local,
				   const uint8_t *frame, size_t flen,
				   int64_t wall)
{
	int drop;

	if (frame[0] != SIGNET_FRAME_RESPONSE || frame[1] != hs->pattern ||
	    !hs->initiator || get_le32(frame + 4) != hs->rx_label)
		return SIGNET_DROP_STATE;
	if (!signet_mac1_ok(frame, hs->mac1_key))
		return SIGNET_DROP_MAC1;
	drop = read_proof(hs, local, frame, flen, false, wall);
	if (drop)
		return drop;
	hs->aead = choose_aead(local->aeads, hs->remote.aeads);
	/* In IK the responder has chosen: exactly one, of those we offered. */
	if (!hs->aead || (hs->pattern == SIGNET_PATTERN_IK &&
			  hs->aead != hs->remote.aeads)) {
		signet_noise_wipe(&hs->noise);
		return SIGNET_DROP_PAYLOAD;
	}
	return 0;
}

int signet_handshake_finish(struct signet_handshake *hs,
			    const struct signet_local *local, uint64_t number,
			    const uint8_t *hello, size_t hello_len,
			    uint8_t out[SIGNET_HANDSHAKE_MAX], size_t *len)
{
	struct payload_args p = { .aeads = hs->aead,
				  .has_number = true,
				  .number = number,
				  .hello = hello,
				  .hello_len = hello_len };
	static const uint8_t no_ephemeral[32];
	uint8_t msg[NOISE_CAP];
	size_t n;
	int err;

	clear_fields(out, SIGNET_FRAME_FINISH, hs->pattern, hs->remote.label,
		     hs->rx_label);
	err = write_proof(hs, local, &p, no_ephemeral, msg, &n);
	if (!err)
		assemble(hs, out, msg, n, NULL, len);
	return err;
}

int signet_handshake_read_finish(struct signet_handshake *hs,
				 const struct signet_local *local,
				 const uint8_t *frame, size_t flen,
				 int64_t wall)
{
	uint32_t label = hs->remote.label;
	int drop;

	if (frame[0] != SIGNET_FRAME_FINISH || frame[1] != hs->pattern ||
	    hs->initiator || get_le32(frame + 4) != hs->rx_label ||
	    get_le32(frame + 8) != label)
		return SIGNET_DROP_STATE;
	if (!signet_mac1_ok(frame, hs->mac1_key))
		return SIGNET_DROP_MAC1;
	drop = read_proof(hs, local, frame, flen, true, wall);
	if (drop) {
		hs->remote.label = label;
		return drop;
	}
	hs->aead = hs->remote.aeads;
	if (!choose_aead(local->aeads, hs->aead) ||
	    (hs->aead & (hs->aead - 1))) {
		signet_noise_wipe(&hs->noise);
		return SIGNET_DROP_PAYLOAD;
	}
	return 0;
}

uint8_t signet_handshake_key_id(const struct signet_handshake *hs,
				const struct signet_local *local)
{
	int order = signet_id_cmp(&local->ident.id, &hs->remote.att.id);

	return (order < 0) == hs->initiator ? 0 : 1;
}

int signet_handshake_keys(const struct signet_handshake *hs,
			  const struct signet_local *local,
			  struct signet_keys *keys)
{
	return signet_keys_derive(keys, &hs->noise, hs->aead,
				  signet_handshake_key_id(hs, local));
}

void signet_handshake_wipe(struct signet_handshake *hs)
{
	sodium_memzero(hs, sizeof(*hs));
}
