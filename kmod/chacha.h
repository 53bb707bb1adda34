/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ChaCha20-Poly1305 (RFC 8439) over the kernel's library functions: they take
 * plain buffers, work in any context, and a key is just its 32 bytes. The
 * library's own AEAD has no place for the lane in its nonce.
 */
#ifndef SIGNET_KMOD_CHACHA_H
#define SIGNET_KMOD_CHACHA_H

#include <linux/types.h>

#include <signet/wire.h>

/**
 * struct signet_chacha - what both directions need
 * @key: in host order
 * @aad: SIGNET_FRAME_AAD_LEN bytes; not before the text that is sealed
 */
struct signet_chacha {
	const u32 *key;
	const u8 *aad;
	u8 nonce[SIGNET_AEAD_NONCE_LEN];
};

/* scratch before the text, which is put back, and after it */
#define SIGNET_CHACHA_BEFORE 64
#define SIGNET_CHACHA_AFTER  31

/* in place, @len bytes of text; the tag follows them */
void signet_chacha_seal(const struct signet_chacha *c, u8 *text,
			unsigned int len);
/* @len bytes without the tag; @dst may be @src. Return: 0; -EBADMSG, and
 * nothing was written
 */
int signet_chacha_open(const struct signet_chacha *c, u8 *dst, const u8 *src,
		       unsigned int len, const u8 tag[SIGNET_AEAD_TAG_LEN]);

#endif
