/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table that drives the Noise engine. Internal to it. */
#ifndef SG_CORE_NOISE_PATTERNS_H
#define SG_CORE_NOISE_PATTERNS_H

#include <stdbool.h>
#include <stdint.h>

/* Noise section 7; the order of DH letters is initiator, responder. */
enum noise_token {
	NOISE_END,
	NOISE_E,
	NOISE_S,
	NOISE_EE,
	NOISE_ES,
	NOISE_SE,
	NOISE_SS,
};

#define NOISE_MESSAGES_MAX 3
#define NOISE_TOKENS_MAX   5

/**
 * struct noise_base - a fundamental pattern
 * @pre_i: the initiator's static key is known in advance
 * @pre_r: the responder's is
 * @messages: tokens, each message ended by NOISE_END; an empty one ends all
 */
struct noise_base {
	bool pre_i;
	bool pre_r;
	uint8_t messages[NOISE_MESSAGES_MAX][NOISE_TOKENS_MAX];
};

#define NOISE_NO_PSK -1

/**
 * struct noise_pattern - a pattern by its name
 * @name: as in the protocol name
 * @base: messages
 * @psk: N of the pskN modifier (section 9.4): 0 is before the first message's
 *	tokens, N is after message N's; NOISE_NO_PSK where there is none
 */
struct noise_pattern {
	const char *name;
	const struct noise_base *base;
	int psk;
};

/* Indexed by enum signet_noise_pattern. */
extern const struct noise_pattern sg_noise_patterns[];

#endif
