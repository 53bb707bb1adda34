/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* AEAD keys: AES-256-GCM where the CPU has instructions, ChaCha20-Poly1305. */
#include <errno.h>
#include <string.h>

#include <signet/core/frame.h>

#include "core/aead.h"

_Static_assert(crypto_aead_chacha20poly1305_IETF_KEYBYTES ==
		       SIGNET_AEAD_KEY_LEN,
	       "ChaCha20 key");
_Static_assert(crypto_aead_aes256gcm_KEYBYTES == SIGNET_AEAD_KEY_LEN,
	       "AES key");
_Static_assert(crypto_aead_chacha20poly1305_IETF_NPUBBYTES ==
		       SIGNET_AEAD_NONCE_LEN,
	       "ChaCha20 nonce");
_Static_assert(crypto_aead_aes256gcm_NPUBBYTES == SIGNET_AEAD_NONCE_LEN,
	       "AES nonce");
_Static_assert(crypto_aead_chacha20poly1305_IETF_ABYTES == SIGNET_AEAD_TAG_LEN,
	       "ChaCha20 tag");
_Static_assert(crypto_aead_aes256gcm_ABYTES == SIGNET_AEAD_TAG_LEN, "AES tag");

unsigned int signet_aead_supported(void)
{
	unsigned int mask = SIGNET_AEAD_CHACHA20POLY1305;

	if (crypto_aead_aes256gcm_is_available())
		mask |= SIGNET_AEAD_AES256GCM;
	return mask;
}

int signet_aead_key_init(struct signet_aead_key *key, enum signet_aead aead,
			 const uint8_t raw[SIGNET_AEAD_KEY_LEN])
{
	switch (aead) {
	case SIGNET_AEAD_CHACHA20POLY1305:
		memcpy(key->raw, raw, SIGNET_AEAD_KEY_LEN);
		break;
	case SIGNET_AEAD_AES256GCM:
		if (!crypto_aead_aes256gcm_is_available())
			return -EOPNOTSUPP;
		crypto_aead_aes256gcm_beforenm(&key->gcm, raw);
		break;
	default:
		return -EINVAL;
	}
	key->aead = aead;
	return 0;
}

void signet_aead_key_wipe(struct signet_aead_key *key)
{
	sodium_memzero(key, sizeof(*key));
}

void signet_aead_seal(const struct signet_aead_key *key,
		      const uint8_t nonce[SIGNET_AEAD_NONCE_LEN],
		      const uint8_t *aad, size_t aad_len, const uint8_t *pt,
		      size_t pt_len, uint8_t *out)
{
	if (key->aead == SIGNET_AEAD_AES256GCM)
		crypto_aead_aes256gcm_encrypt_afternm(out, NULL, pt, pt_len,
						      aad, aad_len, NULL, nonce,
						      &key->gcm);
	else
		crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, pt, pt_len,
							  aad, aad_len, NULL,
							  nonce, key->raw);
}

int signet_aead_open(const struct signet_aead_key *key,
		     const uint8_t nonce[SIGNET_AEAD_NONCE_LEN],
		     const uint8_t *aad, size_t aad_len, const uint8_t *ct,
		     size_t ct_len, uint8_t *out)
{
	int err;

	if (key->aead == SIGNET_AEAD_AES256GCM)
		err = crypto_aead_aes256gcm_decrypt_afternm(
			out, NULL, NULL, ct, ct_len, aad, aad_len, nonce,
			&key->gcm);
	else
		err = crypto_aead_chacha20poly1305_ietf_decrypt(
			out, NULL, NULL, ct, ct_len, aad, aad_len, nonce,
			key->raw);
	return err ? -EBADMSG : 0;
}
