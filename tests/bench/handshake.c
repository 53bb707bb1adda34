// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * handshake [SECONDS] - how many IK handshakes one core answers in a second
 *
 * Prints "NAME VALUE" for each round: the responder's whole part, from the
 * frame to the keys and the response, in CPU time of this process. "ik" leaves
 * out signatures, in the way that the protocol itself does: the initiators'
 * histories do not fit the handshake, so that history and attestation are to
 * be verified inside the channel. In "ik-verified" they fit, and are verified.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include <signet/core/mac.h>

#include "crowd_identity.h"

#define INITIATORS 64
#define SEED	   0x5169ULL

struct frame {
	uint8_t b[SIGNET_HANDSHAKE_MAX];
	size_t len;
};

struct bench {
	struct crowd_identity *responder;
	uint8_t mac1_key[SIGNET_MAC_LEN];
	struct frame init[INITIATORS];
	int64_t wall;
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Inits of different initiators, whose histories have @changes changes. */
static int make_inits(struct bench *b, unsigned int changes)
{
	const struct signet_local *to = &b->responder->local;
	struct signet_handshake_args args = {
		.pattern = SIGNET_PATTERN_IK,
		.responder = &to->ident.id,
		.responder_static = to->static_pk,
		.number = 1,
	};
	struct signet_handshake hs;
	uint8_t ephemeral[32];
	int err = 0;

	args.ephemeral = ephemeral;
	for (uint32_t i = 0; i < INITIATORS && !err; i++) {
		struct crowd_identity *from =
			crowd_identity_new(SEED, i + 1, changes, b->wall);

		if (!from)
			return -1;
		randombytes_buf(ephemeral, sizeof(ephemeral));
		args.rx_label = i + 1;
		err = signet_handshake_initiate(&hs, &from->local, &args,
						b->init[i].b, &b->init[i].len);
		signet_handshake_wipe(&hs);
		free(from);
	}
	return err;
}

/* All that the responder does. Return: 0 when it comes out as @verified. */
static int answer(struct bench *b, const struct frame *f, bool verified)
{
	const struct signet_local *local = &b->responder->local;
	uint8_t ephemeral[32], hop[2][SIGNET_HOP_KEY_LEN];
	struct signet_handshake hs;
	struct signet_keys keys;
	struct frame out;
	int err;

	if (signet_handshake_parse(f->b, f->len) ||
	    !signet_mac1_ok(f->b, b->mac1_key) ||
	    signet_handshake_read_init(&hs, local, &local->ident.id, NULL, f->b,
				       f->len, b->wall))
		return -1;
	randombytes_buf(ephemeral, sizeof(ephemeral));
	err = signet_handshake_respond(&hs, local, 7, ephemeral, out.b,
				       &out.len) ||
	      signet_handshake_keys(&hs, local, &keys) ||
	      hs.remote.verified != verified;
	if (!err) {
		signet_hop_key(keys.hop, SIGNET_I2R, 7, hop[0]);
		signet_hop_key(keys.hop, SIGNET_R2I, hs.remote.label, hop[1]);
	}
	sodium_memzero(&keys, sizeof(keys));
	signet_handshake_wipe(&hs);
	return err;
}

static int round_of(struct bench *b, const char *name, bool verified,
		    uint64_t ns)
{
	uint64_t start = cpu_ns(), end = start;
	unsigned long n = 0;

	while (end - start < ns) {
		for (int i = 0; i < INITIATORS; i++)
			if (answer(b, &b->init[i], verified))
				return -1;
		n += INITIATORS;
		end = cpu_ns();
	}
	printf("%s %.1f\n", name, (double)n * 1e9 / (double)(end - start));
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	static struct bench plain, full;
	uint64_t ns = (uint64_t)(seconds * 1e9 / 10);

	if (argc > 2 || seconds <= 0 || sodium_init() < 0) {
		fprintf(stderr, "usage: handshake [SECONDS]\n");
		return 2;
	}
	plain.wall = full.wall = time(NULL);
	plain.responder = crowd_identity_new(SEED, 0, 1, plain.wall);
	full.responder = plain.responder;
	if (!plain.responder)
		return 1;
	signet_mac1_key(&plain.responder->local.ident.id, plain.mac1_key);
	memcpy(full.mac1_key, plain.mac1_key, sizeof(full.mac1_key));
	if (make_inits(&plain, SIGNET_HISTORY_CHANGES_MAX) ||
	    make_inits(&full, 1))
		return 1;
	for (int i = 0; i < 10; i++) {
		if (round_of(&plain, "ik", false, ns) ||
		    round_of(&full, "ik-verified", true, ns)) {
			fprintf(stderr, "handshake: one was refused\n");
			return 1;
		}
	}
	free(plain.responder);
	return 0;
}
