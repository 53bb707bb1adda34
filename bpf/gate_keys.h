/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What of SipHash depends on keys alone, for whoever fills a port's settings:
 * the gate begins there.
 */
#ifndef SIGNET_BPF_GATE_KEYS_H
#define SIGNET_BPF_GATE_KEYS_H

#include <endian.h>

#include "gate.h"

static inline __u64 gate_rotl(__u64 x, int n)
{
	return x << n | x >> (64 - n);
}

/* the part of a round that the next word has no part in */
static inline void gate_sip_ahead(struct gate_sip *s)
{
	__u64 *v = s->v;

	v[0] += v[1];
	v[1] = gate_rotl(v[1], 13) ^ v[0];
	v[0] = gate_rotl(v[0], 32);
}

static inline void gate_sip_behind(struct gate_sip *s)
{
	__u64 *v = s->v;

	v[2] += v[3];
	v[3] = gate_rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = gate_rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = gate_rotl(v[1], 17) ^ v[2];
	v[2] = gate_rotl(v[2], 32);
}

/* @key: as its bytes lie in memory */
static inline void gate_sip_start(struct gate_sip *s, const __u64 key[2])
{
	__u64 k0 = le64toh(key[0]), k1 = le64toh(key[1]);

	s->v[0] = k0 ^ 0x736f6d6570736575;
	s->v[1] = k1 ^ 0x646f72616e646f6d ^ 0xee;
	s->v[2] = k0 ^ 0x6c7967656e657261;
	s->v[3] = k1 ^ 0x7465646279746573;
	gate_sip_ahead(s);
}

static inline void gate_sip_word(struct gate_sip *s, __u64 m)
{
	s->v[3] ^= m;
	gate_sip_behind(s);
	gate_sip_ahead(s);
	gate_sip_behind(s);
	s->v[0] ^= m;
	gate_sip_ahead(s);
}

/**
 * gate_port_keys() - what follows from a port's keys and flags
 * @p: all of it but @mac1, @init and @cookie
 */
static inline void gate_port_keys(struct gate_port *p)
{
	for (int i = SIGNET_PATTERN_IK; i <= SIGNET_PATTERN_MAX; i++) {
		const struct signet_handshake_frame h = {
			.type = SIGNET_FRAME_INIT,
			.pattern = i,
		};
		__u64 first;

		__builtin_memcpy(&first, &h, sizeof(first));
		gate_sip_start(&p->mac1[i],
			       i == SIGNET_PATTERN_XXPSK3 &&
					       p->flags & GATE_PAIRING
				       ? p->mac1_zero
				       : p->mac1_key);
		p->init[i] = p->mac1[i];
		gate_sip_word(&p->init[i], le64toh(first));
	}
	gate_sip_start(&p->cookie, p->secret[0]);
}

#endif
