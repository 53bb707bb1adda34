/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inits, with macs and cookies that are libsodium's, by the protocol's core. */
#ifndef TESTS_BPF_HANDSHAKE_H
#define TESTS_BPF_HANDSHAKE_H

#include "gate_lab.h"

static inline struct signet_handshake_frame *make_init(uint8_t *f,
						       uint8_t pattern)
{
	struct signet_handshake_frame *h = (void *)f;

	randombytes_buf(f, SIGNET_HANDSHAKE_MAX);
	h->type = SIGNET_FRAME_INIT;
	h->pattern = pattern;
	h->flags = 0;
	h->label = 0;
	h->sender_label |= 1;
	memset(h->zero, 0, sizeof(h->zero));
	signet_mac1_write(f, lab.mac1_key);
	return h;
}

/* bytes that a cookie is for, as the agent takes them */
static inline size_t source_bytes(const struct made *m, const struct shape *s,
				  uint8_t out[18])
{
	size_t n = s->ip6 ? 16 : 4;

	memcpy(out, m->b + m->l3 + (s->ip6 ? 8 : 12), n);
	memcpy(out + n, m->b + m->l4, 2);
	return n + 2;
}

static inline void cookie_for(const struct made *m, const struct shape *s,
			      int secret, uint8_t cookie[16])
{
	uint8_t from[18];

	signet_cookie((uint8_t *)lab.settings.port[1].secret[secret], from,
		      source_bytes(m, s, from), cookie);
}

static inline void set_flags(uint16_t flags)
{
	lab.settings.port[1].flags = flags;
	settings_use();
}

/* an init that has proved its source */
static inline void make_proved(struct made *m, const struct shape *s)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX], cookie[16];

	make_init(f, SIGNET_PATTERN_IK);
	make(m, s, f, 200);
	cookie_for(m, s, 0, cookie);
	signet_mac2_write(f, cookie);
	make(m, s, f, 200);
}

#endif
