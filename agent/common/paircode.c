// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include <signet/core/keys.h>

#include "common/paircode.h"

#define CHARS	   28
#define DATA_CHARS 26

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The @i-th group of five bits; the last has two bits of padding. */
static unsigned int five(const uint8_t *code, int i)
{
	unsigned int v = 0;

	for (int bit = i * 5; bit < i * 5 + 5; bit++) {
		v <<= 1;
		if (bit < SG_PAIRCODE_LEN * 8)
			v |= code[bit / 8] >> (7 - bit % 8) & 1;
	}
	return v;
}

static unsigned int checksum(const uint8_t code[SG_PAIRCODE_LEN])
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	unsigned int sum;

	crypto_hash_sha256(hash, code, SG_PAIRCODE_LEN);
	sum = (hash[0] << 8 | hash[1]) & 0x3ff;
	sodium_memzero(hash, sizeof(hash));
	return sum;
}

void sg_paircode_format(const uint8_t code[SG_PAIRCODE_LEN],
			char out[SG_PAIRCODE_STR_LEN])
{
	unsigned int sum = checksum(code);
	char *p = out;

	for (int i = 0; i < CHARS; i++) {
		unsigned int v = i < DATA_CHARS	   ? five(code, i)
				 : i == DATA_CHARS ? sum >> 5
						   : sum & 31;

		if (i && i % 4 == 0)
			*p++ = '-';
		*p++ = alphabet[v];
	}
	*p = 0;
}

static int value(char c)
{
	const char *p;

	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	p = c ? strchr(alphabet, c) : NULL;
	return p ? p - alphabet : -1;
}

int sg_paircode_parse(const char *s, uint8_t code[SG_PAIRCODE_LEN])
{
	uint8_t v[CHARS];
	int n = 0, err = 0;

	for (; *s; s++) {
		int x;

		if (*s == '-' || *s == ' ' || *s == '\n')
			continue;
		x = value(*s);
		if (x < 0 || n == CHARS) {
			err = -EINVAL;
			goto cleanup;
		}
		v[n++] = x;
	}
	if (n != CHARS) {
		err = -EINVAL;
		goto cleanup;
	}
	memset(code, 0, SG_PAIRCODE_LEN);
	for (int bit = 0; bit < SG_PAIRCODE_LEN * 8; bit++)
		code[bit / 8] |= (v[bit / 5] >> (4 - bit % 5) & 1)
				 << (7 - bit % 8);
	if (checksum(code) != (unsigned int)(v[26] << 5 | v[27]) || v[25] & 3) {
		sodium_memzero(code, SG_PAIRCODE_LEN);
		err = -EBADMSG;
	}
cleanup:
	sodium_memzero(v, sizeof(v));
	return err;
}

void sg_paircode_psk(const uint8_t code[SG_PAIRCODE_LEN], uint8_t psk[32])
{
	static const uint8_t info[] = "signet/1 pair";

	signet_hkdf(NULL, 0, code, SG_PAIRCODE_LEN, info, sizeof(info) - 1, psk,
		    32);
}
