// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include <signet/core/keys.h>

#include "core/bytes.h"

#define PREFIX	   "signet/1 "
#define PREFIX_LEN (sizeof(PREFIX) - 1)

void signet_hkdf(const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
		 size_t ikm_len, const uint8_t *info, size_t info_len,
		 uint8_t *out, size_t out_len)
{
	crypto_auth_hmacsha256_state st;
	uint8_t prk[32] = { 0 }, block[32];
	uint8_t i = 0;

	/* Where there is none, it is all zero (RFC 5869 section 2.2). */
	crypto_auth_hmacsha256_init(&st, salt_len ? salt : prk, salt_len);
	crypto_auth_hmacsha256_update(&st, ikm, ikm_len);
	crypto_auth_hmacsha256_final(&st, prk);
	while (out_len) {
		size_t n = out_len < sizeof(block) ? out_len : sizeof(block);

		crypto_auth_hmacsha256_init(&st, prk, sizeof(prk));
		if (i)
			crypto_auth_hmacsha256_update(&st, block,
						      sizeof(block));
		i++;
		crypto_auth_hmacsha256_update(&st, info, info_len);
		crypto_auth_hmacsha256_update(&st, &i, 1);
		crypto_auth_hmacsha256_final(&st, block);
		memcpy(out, block, n);
		out += n;
		out_len -= n;
	}
	sodium_memzero(&st, sizeof(st));
	sodium_memzero(prk, sizeof(prk));
	sodium_memzero(block, sizeof(block));
}

int signet_keys_derive(struct signet_keys *keys, const struct signet_noise *ns,
		       enum signet_aead aead, uint8_t key_id)
{
	const struct {
		const char *use;
		uint8_t *out;
	} uses[] = {
		{ "packet i2r", keys->packet[SIGNET_I2R] },
		{ "packet r2i", keys->packet[SIGNET_R2I] },
		{ "message i2r", keys->message[SIGNET_I2R] },
		{ "message r2i", keys->message[SIGNET_R2I] },
		{ "hop", keys->hop },
		{ "rekey", keys->rekey },
		{ "channel", keys->channel },
	};
	uint8_t ikm[64], hash[32];
	int err;

	err = signet_noise_split(ns, ikm, ikm + 32, hash);
	if (err)
		goto cleanup;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		uint8_t info[32] = PREFIX;
		size_t n = strlen(uses[i].use);

		memcpy(info + PREFIX_LEN, uses[i].use, n);
		n += PREFIX_LEN;
		info[n++] = aead;
		info[n++] = key_id;
		signet_hkdf(hash, sizeof(hash), ikm, sizeof(ikm), info, n,
			    uses[i].out, 32);
	}
cleanup:
	sodium_memzero(ikm, sizeof(ikm));
	return err;
}

void signet_hop_key(const uint8_t secret[32], enum signet_direction dir,
		    uint32_t label, uint8_t key[SIGNET_HOP_KEY_LEN])
{
	uint8_t info[17] = PREFIX "hop";

	info[12] = dir;
	put_le32(info + 13, label);
	signet_hkdf(NULL, 0, secret, 32, info, sizeof(info), key,
		    SIGNET_HOP_KEY_LEN);
}
