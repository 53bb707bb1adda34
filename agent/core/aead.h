/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One call of an AEAD with an expanded key; used by frame.c only. */
#ifndef SIGNET_CORE_AEAD_H
#define SIGNET_CORE_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include <signet/core/frame.h>

/**
 * signet_aead_seal() - encrypt and authenticate
 * @pt: plaintext; may be @out
 * @out: receives @pt_len + SIGNET_AEAD_TAG_LEN bytes
 */
void signet_aead_seal(const struct signet_aead_key *key,
		      const uint8_t nonce[SIGNET_AEAD_NONCE_LEN],
		      const uint8_t *aad, size_t aad_len, const uint8_t *pt,
		      size_t pt_len, uint8_t *out);

/**
 * signet_aead_open() - authenticate and decrypt
 * @ct: ciphertext and tag, @ct_len bytes; may be @out
 * @out: receives @ct_len - SIGNET_AEAD_TAG_LEN bytes
 * Return: 0 or -EBADMSG.
 */
int signet_aead_open(const struct signet_aead_key *key,
		     const uint8_t nonce[SIGNET_AEAD_NONCE_LEN],
		     const uint8_t *aad, size_t aad_len, const uint8_t *ct,
		     size_t ct_len, uint8_t *out);

#endif
