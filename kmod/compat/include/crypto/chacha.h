/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The state used to be an array of words, and wiping it the caller's. */
#include_next <crypto/chacha.h>
#ifndef SIGNET_COMPAT_CHACHA_H
#define SIGNET_COMPAT_CHACHA_H

#ifdef SIGNET_LACKS_CHACHA_STATE
#include <linux/string.h>

struct chacha_state {
	u32 x[16];
};

static inline void signet_chacha_init(struct chacha_state *state,
				      const u32 *key, const u8 *iv)
{
	chacha_init(state->x, key, iv);
}

static inline void signet_chacha20_crypt(struct chacha_state *state, u8 *dst,
					 const u8 *src, unsigned int bytes)
{
	chacha20_crypt(state->x, dst, src, bytes);
}

static inline void chacha_zeroize_state(struct chacha_state *state)
{
	memzero_explicit(state, sizeof(*state));
}

#define chacha_init signet_chacha_init
#define chacha20_crypt signet_chacha20_crypt
#endif

#endif
