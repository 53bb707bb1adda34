// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "core/bech32m.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define CHECKSUM_LEN   6
#define CHECKSUM_CONST 0x2bc830a3

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod_step(uint32_t c, uint8_t value)
{
	static const uint32_t generator[] = {
		0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3,
	};
	uint32_t top = c >> 25;
	size_t i;

	c = (c & 0x1ffffff) << 5 ^ value;
	for (i = 0; i < 5; i++)
		if (top >> i & 1)
			c ^= generator[i];
	return c;
}

static uint32_t polymod_prefix(const char *prefix)
{
	uint32_t c = 1;
	const char *p;

	for (p = prefix; *p; p++)
		c = polymod_step(c, (uint8_t)*p >> 5);
	c = polymod_step(c, 0);
	for (p = prefix; *p; p++)
		c = polymod_step(c, *p & 31);
	return c;
}

/* 8 bit bytes as 5 bit values, zeros after the last bit. */
static size_t to_values(const uint8_t *data, size_t len, uint8_t *values)
{
	unsigned int bits = 0;
	uint32_t acc = 0;
	size_t n = 0, i;

	for (i = 0; i < len; i++) {
		acc = (acc << 8 | data[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5)
			values[n++] = acc >> (bits - 5) & 31;
	}
	if (bits)
		values[n++] = acc << (5 - bits) & 31;
	return n;
}

int sg_bech32m_encode(const char *prefix, const uint8_t *data, size_t len,
		      char *out, size_t cap)
{
	size_t prefix_len = strlen(prefix), count, i;
	uint8_t values[SG_BECH32M_VALUES];
	uint32_t c;

	if (len > SG_BECH32M_VALUES || prefix_len > SG_BECH32M_MAX ||
	    prefix_len + 1 + (len * 8 + 4) / 5 + CHECKSUM_LEN > SG_BECH32M_MAX)
		return -EINVAL;
	count = to_values(data, len, values);
	if (prefix_len + 1 + count + CHECKSUM_LEN + 1 > cap)
		return -ENOBUFS;
	memcpy(out, prefix, prefix_len);
	out += prefix_len;
	*out++ = '1';
	c = polymod_prefix(prefix);
	for (i = 0; i < count; i++) {
		c = polymod_step(c, values[i]);
		*out++ = charset[values[i]];
	}
	for (i = 0; i < CHECKSUM_LEN; i++)
		c = polymod_step(c, 0);
	c ^= CHECKSUM_CONST;
	for (i = 0; i < CHECKSUM_LEN; i++)
		*out++ = charset[c >> (5 * (5 - i)) & 31];
	*out = '\0';
	return 0;
}

/* Copy in lower case; false on mixed case and on what is not printable. */
static bool lower(const char *s, char out[SG_BECH32M_MAX + 1])
{
	bool has_lower = false, has_upper = false;
	size_t i;

	for (i = 0; s[i]; i++) {
		if (i == SG_BECH32M_MAX || s[i] < 33 || s[i] > 126)
			return false;
		out[i] = s[i];
		if (s[i] >= 'a' && s[i] <= 'z')
			has_lower = true;
		if (s[i] >= 'A' && s[i] <= 'Z') {
			has_upper = true;
			out[i] += 'a' - 'A';
		}
	}
	out[i] = '\0';
	return !(has_lower && has_upper);
}

int sg_bech32m_values(const char *s, char prefix[SG_BECH32M_MAX],
		      uint8_t values[SG_BECH32M_VALUES], size_t *count)
{
	char text[SG_BECH32M_MAX + 1], *sep, *p;
	const char *found;
	uint32_t c;

	*count = 0;
	if (!lower(s, text))
		return -EINVAL;
	sep = strrchr(text, '1');
	if (!sep || sep == text || strlen(sep + 1) < CHECKSUM_LEN)
		return -EINVAL;
	*sep = '\0';
	strcpy(prefix, text);
	c = polymod_prefix(prefix);
	for (p = sep + 1; *p; p++) {
		found = strchr(charset, *p);
		if (!found)
			return -EINVAL;
		c = polymod_step(c, found - charset);
		if (strlen(p) > CHECKSUM_LEN)
			values[(*count)++] = found - charset;
	}
	if (c != CHECKSUM_CONST)
		*count = 0;
	return c == CHECKSUM_CONST ? 0 : -EINVAL;
}

int sg_bech32m_decode(const char *s, const char *prefix, uint8_t *out,
		      size_t len)
{
	uint8_t values[SG_BECH32M_VALUES];
	char found[SG_BECH32M_MAX];
	unsigned int bits = 0;
	size_t count, n = 0, i;
	uint32_t acc = 0;

	if (sg_bech32m_values(s, found, values, &count) ||
	    strcmp(found, prefix) || count != (len * 8 + 4) / 5)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		acc = (acc << 5 | values[i]) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = acc >> bits;
		}
	}
	return acc & ((1u << bits) - 1) ? -EINVAL : 0;
}
