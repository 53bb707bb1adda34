/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bech32m (BIP-350): text with a prefix and a checksum. No allocation. */
#ifndef SG_CORE_BECH32M_H
#define SG_CORE_BECH32M_H

#include <stddef.h>
#include <stdint.h>

/* Longest text, and how many 5 bit values it holds at most. */
#define SG_BECH32M_MAX	  90
#define SG_BECH32M_VALUES (SG_BECH32M_MAX - 8)

/**
 * sg_bech32m_encode() - write bytes as text, in lower case
 * @prefix: human-readable part, lower case
 * @data: bytes
 * @len: their number
 * @out: receives text and NUL
 * @cap: size of @out
 * Return: 0; -EINVAL more than 90 characters; -ENOBUFS.
 */
int sg_bech32m_encode(const char *prefix, const uint8_t *data, size_t len,
		      char *out, size_t cap);

/**
 * sg_bech32m_values() - check a text and read its 5 bit values
 * @s: text, all lower or all upper case
 * @prefix: receives the human-readable part in lower case, and NUL
 * @values: receives the values, without the checksum
 * @count: receives their number
 * Return: 0; -EINVAL not bech32m.
 */
int sg_bech32m_values(const char *s, char prefix[SG_BECH32M_MAX],
		      uint8_t values[SG_BECH32M_VALUES], size_t *count);

/**
 * sg_bech32m_decode() - read bytes from text
 * @s: text
 * @prefix: prefix that it must have
 * @out: receives the bytes
 * @len: how many there must be
 * Return: 0; -EINVAL not bech32m, other prefix or length, padding not zero.
 */
int sg_bech32m_decode(const char *s, const char *prefix, uint8_t *out,
		      size_t len);

#endif
