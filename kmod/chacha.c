// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <crypto/chacha.h>
#include <crypto/poly1305.h>
#include <crypto/utils.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "chacha.h"

/* The first key stream block is Poly1305's key. As several blocks cost little
 * more than one, an opener does the text's first bytes along with it.
 */
#define HEAD_BLOCKS 4
#define HEAD_TEXT   ((HEAD_BLOCKS - 1) * CHACHA_BLOCK_SIZE)

struct head {
	u8 poly_key[CHACHA_BLOCK_SIZE];
	u8 text[HEAD_TEXT];
};

static void state_init(struct chacha_state *state, const struct signet_chacha *c)
{
	u8 iv[CHACHA_IV_SIZE];

	memset(iv, 0, CHACHA_IV_SIZE - SIGNET_AEAD_NONCE_LEN);
	memcpy(iv + CHACHA_IV_SIZE - SIGNET_AEAD_NONCE_LEN, c->nonce,
	       SIGNET_AEAD_NONCE_LEN);
	chacha_init(state, c->key, iv);
}

/* Poly1305's key, and the first @n bytes of @text en- or decrypted. One block
 * alone is what the library does without SIMD.
 */
static void stream_start(struct chacha_state *state, struct head *head,
			 const struct signet_chacha *c, const u8 *text,
			 unsigned int n)
{
	state_init(state, c);
	memset(head->poly_key, 0, sizeof(head->poly_key));
	head->text[0] = 0;
	memcpy(head->text, text, n);
	chacha20_crypt(state, head->poly_key, head->poly_key,
		       sizeof(head->poly_key) + max(n, 1U));
}

/* Poly1305 over aad || zeros || text || zeros || both lengths */
static void authenticate(const struct signet_chacha *c, const u8 *poly_key,
			 const u8 *text, unsigned int len,
			 u8 tag[SIGNET_AEAD_TAG_LEN])
{
	unsigned int rest = len % POLY1305_BLOCK_SIZE;
	u8 blocks[2 * POLY1305_BLOCK_SIZE] = {};
	struct poly1305_desc_ctx poly;
	u8 *lengths = blocks;

	poly1305_init(&poly, poly_key);
	memcpy(blocks, c->aad, SIGNET_FRAME_AAD_LEN);
	poly1305_update(&poly, blocks, POLY1305_BLOCK_SIZE);
	if (len - rest)
		poly1305_update(&poly, text, len - rest);

	memset(blocks, 0, POLY1305_BLOCK_SIZE);
	if (rest) {
		memcpy(blocks, text + len - rest, rest);
		lengths += POLY1305_BLOCK_SIZE;
	}
	put_unaligned_le64(SIGNET_FRAME_AAD_LEN, lengths);
	put_unaligned_le64(len, lengths + 8);
	poly1305_update(&poly, blocks, lengths + POLY1305_BLOCK_SIZE - blocks);
	poly1305_final(&poly, tag);
}

/* All in one piece, with the library called once for each of cipher and MAC:
 * the bytes before the text are for a while the first key stream block and
 * then the MAC's first block, those after it its padding and last block.
 */
void signet_chacha_seal(const struct signet_chacha *c, u8 *text,
			unsigned int len)
{
	unsigned int pad = -len % POLY1305_BLOCK_SIZE;
	u8 *stream = text - CHACHA_BLOCK_SIZE;
	u8 *first = text - POLY1305_BLOCK_SIZE;
	u8 *last = text + len + pad;
	struct poly1305_desc_ctx poly;
	u8 kept[CHACHA_BLOCK_SIZE];
	struct chacha_state state;

	memcpy(kept, stream, sizeof(kept));
	memset(stream, 0, CHACHA_BLOCK_SIZE);
	state_init(&state, c);
	/* one block alone is what the library does without SIMD */
	chacha20_crypt(&state, stream, stream,
		       CHACHA_BLOCK_SIZE + max(len, 1U));
	poly1305_init(&poly, stream);

	memset(first, 0, POLY1305_BLOCK_SIZE);
	memcpy(first, c->aad, SIGNET_FRAME_AAD_LEN);
	memset(text + len, 0, pad);
	put_unaligned_le64(SIGNET_FRAME_AAD_LEN, last);
	put_unaligned_le64(len, last + 8);
	poly1305_update(&poly, first, last + POLY1305_BLOCK_SIZE - first);
	poly1305_final(&poly, text + len);

	memcpy(stream, kept, sizeof(kept));
	chacha_zeroize_state(&state);
}

int signet_chacha_open(const struct signet_chacha *c, u8 *dst, const u8 *src,
		       unsigned int len, const u8 tag[SIGNET_AEAD_TAG_LEN])
{
	unsigned int n = min(len, HEAD_TEXT);
	u8 expected[SIGNET_AEAD_TAG_LEN];
	struct chacha_state state;
	struct head head;
	int err = -EBADMSG;

	stream_start(&state, &head, c, src, n);
	authenticate(c, head.poly_key, src, len, expected);
	if (!crypto_memneq(expected, tag, SIGNET_AEAD_TAG_LEN)) {
		memcpy(dst, head.text, n);
		if (len > n)
			chacha20_crypt(&state, dst + n, src + n, len - n);
		err = 0;
	}
	memzero_explicit(expected, sizeof(expected));
	memzero_explicit(&head, sizeof(head));
	chacha_zeroize_state(&state);
	return err;
}
