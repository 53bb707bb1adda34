// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Handshake frames and their payloads. The first byte says what the rest is:
 *
 *	0  a frame as it comes from the network; mac1 is put right, as who knows
 *	   the identifier can
 *	1  a payload, as an authentic peer could send it
 *	2  changes (position, value) to a good init: must never be accepted
 *	3  changes to a good response: must never change who has answered
 *	4  a history that follows inside the channel
 *
 * With SIGNET_FUZZ_SEEDS=FOLDER it writes seeds there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <signet/core/handshake.h>
#include <signet/core/identity.h>
#include <signet/core/mac.h>

#include "core/payload.h"

#define WALL 1700000000

struct side {
	struct signet_local local;
	uint8_t history[SIGNET_HISTORY_MAX];
	uint8_t sk[crypto_sign_SECRETKEYBYTES];
};

static struct side alice, bob;
static struct signet_handshake initiated;
static uint8_t init[SIGNET_HANDSHAKE_MAX], response[SIGNET_HANDSHAKE_MAX];
static size_t init_len, response_len;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void make_side(struct side *s, uint8_t n)
{
	uint8_t seed[32] = { n }, pk[32], next_sk[64], next_pk[32];
	struct signet_attestation att = { .issued = WALL - 10,
					  .expires = WALL + 86400 };

	crypto_sign_seed_keypair(pk, s->sk, seed);
	seed[1] = 1;
	crypto_sign_seed_keypair(next_pk, next_sk, seed);
	must(!signet_history_create(s->sk, next_pk, s->history,
				    sizeof(s->history), &s->local.history_len,
				    &s->local.ident));
	s->local.history = s->history;
	seed[1] = 2;
	memcpy(s->local.static_sk, seed, 32);
	crypto_scalarmult_base(s->local.static_pk, seed);
	att.id = s->local.ident.id;
	att.head = s->local.ident.head;
	memcpy(att.static_key, s->local.static_pk, 32);
	must(!signet_attestation_sign(&att, s->sk, s->local.attestation,
				      sizeof(s->local.attestation),
				      &s->local.attestation_len));
	s->local.aeads = SIGNET_AEAD_CHACHA20POLY1305;
	s->local.lanes = 2;
	s->local.max_message = 262144;
}

static void make_frames(void)
{
	static const uint8_t ephemeral[2][32] = { { 7 }, { 9 } };
	struct signet_handshake_args args = {
		.pattern = SIGNET_PATTERN_IK,
		.responder = &bob.local.ident.id,
		.responder_static = bob.local.static_pk,
		.rx_label = 0x1111,
		.number = 5,
		.ephemeral = ephemeral[0],
	};
	struct signet_handshake hs;

	must(!signet_handshake_initiate(&initiated, &alice.local, &args, init,
					&init_len));
	must(!signet_handshake_read_init(&hs, &bob.local, &bob.local.ident.id,
					 NULL, init, init_len, WALL));
	must(!signet_handshake_respond(&hs, &bob.local, 0x2222, ephemeral[1],
				       response, &response_len));
}

static void seed_file(const char *dir, const char *name, uint8_t kind,
		      const uint8_t *b, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	must(f && fputc(kind, f) == kind && fwrite(b, 1, len, f) == len);
	fclose(f);
}

static void make_seeds(const char *dir)
{
	static const uint8_t changes[] = { 0, 20, 1, 0, 90, 255, 0, 8, 2 };
	struct payload_args args = { .label = 0x1111,
				     .aeads = 1,
				     .has_number = true,
				     .number = 9,
				     .room = 1000 };
	uint8_t payload[1100];
	bool without;
	size_t len;

	seed_file(dir, "init", 0, init, init_len);
	seed_file(dir, "response", 0, response, response_len);
	must(!signet_payload_write(&alice.local, &args, payload,
				   sizeof(payload), &len, &without));
	seed_file(dir, "payload", 1, payload, len);
	args.has_number = false;
	args.room = 400;
	must(!signet_payload_write(&alice.local, &args, payload,
				   sizeof(payload), &len, &without));
	seed_file(dir, "payload-without-history", 1, payload, len);
	seed_file(dir, "init-changed", 2, changes, sizeof(changes));
	seed_file(dir, "response-changed", 3, changes, sizeof(changes));
	seed_file(dir, "history", 4, alice.history, alice.local.history_len);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("SIGNET_FUZZ_SEEDS");

	must(sodium_init() >= 0);
	make_side(&alice, 1);
	make_side(&bob, 2);
	make_frames();
	if (dir)
		make_seeds(dir);
	return 0;
}

static void fuzz_frame(const uint8_t *data, size_t len)
{
	struct signet_handshake hs = initiated;
	uint8_t frame[SIGNET_HANDSHAKE_MAX], mac1_key[SIGNET_MAC_LEN];
	uint8_t cookie[SIGNET_COOKIE_LEN];

	signet_mac1_key(&bob.local.ident.id, mac1_key);
	if (signet_handshake_parse(data, len))
		return;
	memcpy(frame, data, len);
	switch (frame[0]) {
	case SIGNET_FRAME_INIT:
		signet_mac1_write(frame, mac1_key);
		signet_handshake_read_init(&hs, &bob.local, &bob.local.ident.id,
					   NULL, frame, len, WALL);
		break;
	case SIGNET_FRAME_RESPONSE:
		signet_handshake_read_response(&hs, &alice.local, frame, len,
					       WALL);
		break;
	case SIGNET_FRAME_FINISH:
		signet_handshake_read_finish(&hs, &bob.local, frame, len, WALL);
		break;
	default:
		signet_cookie_frame_read(frame, 0x1111, initiated.mac1,
					 mac1_key, cookie);
	}
	signet_handshake_wipe(&hs);
}

/* Return: whether anything differs that the handshake authenticates */
static bool change(uint8_t *frame, size_t frame_len, const uint8_t *data,
		   size_t len, const uint8_t *original)
{
	size_t at;

	for (; len >= 3; data += 3, len -= 3) {
		at = ((size_t)data[0] << 8 | data[1]) % frame_len;
		frame[at] ^= data[2];
	}
	return memcmp(frame, original, SIGNET_MAC1_OFFSET) ||
	       memcmp(frame + SIGNET_HANDSHAKE_HDR_LEN,
		      original + SIGNET_HANDSHAKE_HDR_LEN,
		      frame_len - SIGNET_HANDSHAKE_HDR_LEN);
}

static void fuzz_changed_init(const uint8_t *data, size_t len)
{
	uint8_t frame[SIGNET_HANDSHAKE_MAX];
	struct signet_handshake hs;
	bool differs;

	memcpy(frame, init, init_len);
	differs = change(frame, init_len, data, len, init);
	if (signet_handshake_parse(frame, init_len) ||
	    frame[0] != SIGNET_FRAME_INIT)
		return;
	must(!signet_handshake_read_init(&hs, &bob.local, &bob.local.ident.id,
					 NULL, frame, init_len,
					 WALL) != differs);
	signet_handshake_wipe(&hs);
}

static void fuzz_changed_response(const uint8_t *data, size_t len)
{
	struct signet_handshake hs = initiated;
	uint8_t frame[SIGNET_HANDSHAKE_MAX];

	memcpy(frame, response, response_len);
	change(frame, response_len, data, len, response);
	if (signet_handshake_parse(frame, response_len) ||
	    frame[0] != SIGNET_FRAME_RESPONSE)
		return;
	if (!signet_handshake_read_response(&hs, &alice.local, frame,
					    response_len, WALL))
		must(!signet_id_cmp(&hs.remote.att.id, &bob.local.ident.id) &&
		     hs.remote.label == 0x2222);
	else
		must(!signet_handshake_read_response(
			&hs, &alice.local, response, response_len, WALL));
	signet_handshake_wipe(&hs);
}

static void fuzz_history(const uint8_t *data, size_t len)
{
	struct signet_handshake hs = initiated;
	struct signet_identity ident;

	if (!signet_handshake_read_response(&hs, &alice.local, response,
					    response_len, WALL) &&
	    !signet_proof_verify(&hs.remote, data, len, WALL))
		must(len == bob.local.history_len &&
		     !memcmp(data, bob.history, len));
	signet_history_verify(data, len, &ident);
	signet_handshake_wipe(&hs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct signet_proof proof = { 0 };

	if (!len)
		return 0;
	switch (data[0]) {
	case 0:
		fuzz_frame(data + 1, len - 1);
		break;
	case 1:
		signet_payload_read(&proof, data + 1, len - 1, len & 1, WALL);
		break;
	case 2:
		fuzz_changed_init(data + 1, len - 1);
		break;
	case 3:
		fuzz_changed_response(data + 1, len - 1);
		break;
	case 4:
		fuzz_history(data + 1, len - 1);
		break;
	}
	return 0;
}
