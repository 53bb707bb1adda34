/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A handshake between two sides, step by step; after cmocka.h. */
#ifndef SG_TEST_HANDSHAKE_PAIR_H
#define SG_TEST_HANDSHAKE_PAIR_H

#include "handshake_sides.h"

#define LABEL_I 0x11223344
#define LABEL_R 0x55667788
#define NUMBER	41

static const uint8_t ephemeral_i[32] = { 0xe1, 1 };
static const uint8_t ephemeral_r[32] = { 0xe2, 2 };
static const uint8_t psk[32] = { 0x50, 0x53, 0x4b };

struct handshake_pair {
	struct side i, r;
	struct signet_handshake hi, hr;
	uint8_t pattern;
	struct signet_id zero; /* identity that is not known */
};

static inline void pair_sides(struct handshake_pair *p, uint8_t pattern,
			      unsigned int rotations_i,
			      unsigned int rotations_r)
{
	memset(p, 0, sizeof(*p));
	sides_make(&p->i, &p->r, rotations_i, rotations_r);
	p->pattern = pattern;
}

static inline struct signet_handshake_args pair_args(struct handshake_pair *p)
{
	struct signet_handshake_args args = {
		.pattern = p->pattern,
		.responder = &p->r.local.ident.id,
		.rx_label = LABEL_I,
		.number = NUMBER,
		.ephemeral = ephemeral_i,
	};

	if (p->pattern == SIGNET_PATTERN_IK)
		args.responder_static = p->r.local.static_pk;
	if (p->pattern == SIGNET_PATTERN_XXPSK3)
		args.psk = psk;
	return args;
}

static inline void pair_init(struct handshake_pair *p, struct wire *w)
{
	struct signet_handshake_args args = pair_args(p);

	assert_int_equal(signet_handshake_initiate(&p->hi, &p->i.local, &args,
						   w->b, &w->len),
			 0);
	assert_int_equal(signet_handshake_parse(w->b, w->len), 0);
}

/* Everything that a responder does with an init. */
static inline int pair_take_init(struct handshake_pair *p,
				 struct signet_handshake *hs,
				 const struct wire *w, int64_t wall)
{
	const struct signet_id *id = &p->r.local.ident.id;
	uint8_t key[SIGNET_MAC_LEN];
	int drop = signet_handshake_parse(w->b, w->len);

	if (drop)
		return drop;
	if (w->b[0] != SIGNET_FRAME_INIT)
		return SIGNET_DROP_TYPE;
	signet_mac1_key(id, key);
	if (!signet_mac1_ok(w->b, key))
		return SIGNET_DROP_MAC1;
	return signet_handshake_read_init(hs, &p->r.local, id, psk, w->b,
					  w->len, wall);
}

static inline int pair_take_response(struct handshake_pair *p,
				     struct signet_handshake *hs,
				     const struct wire *w, int64_t wall)
{
	int drop = signet_handshake_parse(w->b, w->len);

	if (drop)
		return drop;
	return signet_handshake_read_response(hs, &p->i.local, w->b, w->len,
					      wall);
}

static inline int pair_take_finish(struct handshake_pair *p,
				   struct signet_handshake *hs,
				   const struct wire *w, int64_t wall)
{
	int drop = signet_handshake_parse(w->b, w->len);

	if (drop)
		return drop;
	return signet_handshake_read_finish(hs, &p->r.local, w->b, w->len,
					    wall);
}

static inline void pair_respond(struct handshake_pair *p, struct wire *w)
{
	assert_int_equal(signet_handshake_respond(&p->hr, &p->r.local, LABEL_R,
						  ephemeral_r, w->b, &w->len),
			 0);
	assert_int_equal(signet_handshake_parse(w->b, w->len), 0);
}

static inline int pair_finish(struct handshake_pair *p, struct wire *w)
{
	return signet_handshake_finish(&p->hi, &p->i.local, NUMBER, NULL, 0,
				       w->b, &w->len);
}

/* Run the handshake up to and with its message @upto (1, 2, 3). */
static inline void pair_run(struct handshake_pair *p, int upto,
			    struct wire w[3])
{
	pair_init(p, &w[0]);
	assert_int_equal(pair_take_init(p, &p->hr, &w[0], WALL), 0);
	if (upto < 2)
		return;
	pair_respond(p, &w[1]);
	if (upto < 3)
		return;
	assert_int_equal(pair_take_response(p, &p->hi, &w[1], WALL), 0);
	if (p->pattern == SIGNET_PATTERN_IK)
		return;
	assert_int_equal(pair_finish(p, &w[2]), 0);
}

#endif
