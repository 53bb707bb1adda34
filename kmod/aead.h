/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sealing and opening one frame with the kernel's AEADs, without allocation:
 * request, scatterlists and nonce live in per-CPU scratch.
 *
 * AES-256-GCM is "gcm(aes)", which on older kernels goes to another thread
 * when SIMD can't be used; ChaCha20-Poly1305 is "rfc7539(chacha20,poly1305)".
 * A caller in softirq asks signet_aead_inline() for each batch and otherwise
 * hands the batch to a work item, which calls the same functions with
 * @may_sleep.
 */
#ifndef SIGNET_KMOD_AEAD_H
#define SIGNET_KMOD_AEAD_H

#include <crypto/scatterwalk.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#include <signet/wire.h>

struct signet_key;
struct sk_buff;

int signet_aead_init(void); /* per-CPU scratch */
void signet_aead_exit(void);
u32 signet_aead_ciphers(void); /* bit n: cipher n works here */

/* in signet_key_new(); process context; sets SIGNET_KEY_ASYNC as needed */
int signet_aead_key_set(struct signet_key *key, const u8 *secret);
void signet_aead_key_free(struct signet_key *key); /* process context */

/* may this key be used here, in this context, at once? */
bool signet_aead_inline(const struct signet_key *key);

/* Do walks of the crypto API stop where a page of the smallest kind ends? Then
 * the block that crosses, if one does, is copied.
 */
#ifndef SIGNET_WALK_STOPS
#define SIGNET_WALK_STOPS IS_ENABLED(CONFIG_HIGHMEM)
#endif

/* Around a frame that is sealed: bytes before it that are scratch during the
 * call and then as they were, bytes after it that are not kept.
 */
#define SIGNET_AEAD_BEFORE 40
#define SIGNET_AEAD_AFTER  15

/**
 * signet_aead_seal() - seal a frame in place
 * @frame: in lowmem: 24 bytes of header, @len of plaintext, room for 16.
 *	type, key_lane, flags and counter are set; bytes 20 to 23 are scratch
 *	during the call (associated data stand there, before the text, so that
 *	one scatterlist entry holds both), so the hop tag is written after it.
 *	Nobody else reads the SIGNET_AEAD_BEFORE bytes before it meanwhile.
 * @page: that @frame lies in; held when the AEAD is asynchronous
 * @may_sleep: wait for an asynchronous AEAD; else bottom halves are off
 * Return: 0; -EINPROGRESS: nothing may be done with the frame, drop it.
 */
int signet_aead_seal(struct signet_key *key, u8 *frame, unsigned int len,
		     struct page *page, bool may_sleep);

/**
 * struct signet_sealed - a frame to be opened
 * @skb: that it lies in; only read
 * @hdr: its header (may be a copy)
 * @text: sealed text and tag, if they lie in one piece that nobody else
 *	writes; else NULL. What a sender can still write to must not be read
 *	twice, by the MAC and by the cipher.
 * @offset: of those, from skb->data
 * @len: of the text
 */
struct signet_sealed {
	struct sk_buff *skb;
	const struct signet_frame *hdr;
	const u8 *text;
	unsigned int offset;
	unsigned int len;
};

/**
 * signet_aead_open() - open a frame into a fresh buffer
 * @dst: in lowmem, @s->len bytes, in @page
 * Return: 0; -EBADMSG; -EINPROGRESS: @dst is lost, drop the frame.
 */
int signet_aead_open(struct signet_key *key, const struct signet_sealed *s,
		     void *dst, struct page *page, bool may_sleep);

#endif
