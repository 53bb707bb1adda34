/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One-time codes of `signet pair`: 128 random bits for people, as seven groups
 * of four characters, the last two of which find typing errors.
 */
#ifndef SG_PAIRCODE_H
#define SG_PAIRCODE_H

#include <stdint.h>

#define SG_PAIRCODE_LEN	    16 /* bytes */
/* 28 characters, 6 dashes, NUL */
#define SG_PAIRCODE_STR_LEN 35

void sg_paircode_format(const uint8_t code[SG_PAIRCODE_LEN],
			char out[SG_PAIRCODE_STR_LEN]);

/**
 * sg_paircode_parse() - read a code; case, dashes and spaces do not matter, and
 * neither does O for 0 nor I and L for 1
 * Return: 0; -EINVAL not a code; -EBADMSG a character is wrong.
 */
int sg_paircode_parse(const char *s, uint8_t code[SG_PAIRCODE_LEN]);

/** sg_paircode_psk() - the pre-shared key that follows from a code */
void sg_paircode_psk(const uint8_t code[SG_PAIRCODE_LEN], uint8_t psk[32]);

#endif
