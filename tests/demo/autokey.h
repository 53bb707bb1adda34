/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The "encryption" of TP-Link smart plugs: each byte is XORed with the byte of
 * ciphertext before it, the first with 171. There is no key. On TCP a message
 * is preceded by its length, 4 bytes, big-endian.
 */
#ifndef DEMO_AUTOKEY_H
#define DEMO_AUTOKEY_H

#include <stddef.h>
#include <stdint.h>

#define AUTOKEY_FIRST	   171
#define AUTOKEY_PORT	   9999
#define AUTOKEY_HEADER_LEN 4
#define AUTOKEY_MAX	   4096

static inline void autokey_encode(uint8_t *buf, size_t len)
{
	uint8_t key = AUTOKEY_FIRST;

	for (size_t i = 0; i < len; i++)
		key = buf[i] ^= key;
}

static inline void autokey_decode(uint8_t *buf, size_t len)
{
	uint8_t key = AUTOKEY_FIRST;

	for (size_t i = 0; i < len; i++) {
		uint8_t next = buf[i];

		buf[i] ^= key;
		key = next;
	}
}

static inline void autokey_put_length(uint8_t *buf, uint32_t len)
{
	buf[0] = len >> 24;
	buf[1] = len >> 16;
	buf[2] = len >> 8;
	buf[3] = len;
}

static inline uint32_t autokey_get_length(const uint8_t *buf)
{
	return (uint32_t)buf[0] << 24 | buf[1] << 16 | buf[2] << 8 | buf[3];
}

#endif
