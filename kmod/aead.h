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

/**
 * signet_aead_seal() - seal a frame in place
 * @frame: in lowmem: 24 bytes of header, @len of plaintext, room for 16.
 *	type, key_lane, flags and counter are set; bytes 20 to 23 are scratch
 *	during the call (associated data stand there, before the text, so that
 *	one scatterlist entry holds both), so the hop tag is written after it.
 * @page: that @frame lies in; held when the AEAD is asynchronous
 * @may_sleep: wait for an asynchronous AEAD; else bottom halves are off
 * Return: 0; -EINPROGRESS: nothing may be done with the frame, drop it.
 */
int signet_aead_seal(struct signet_key *key, u8 *frame, unsigned int len,
		     struct page *page, bool may_sleep);

/**
 * signet_aead_open() - open a frame into a fresh buffer
 * @skb: holds the frame at @offset, @len bytes with header and tag; only read
 * @hdr: the header's 24 bytes, contiguous (may be a copy)
 * @dst: in lowmem, @len - 40 bytes, in @page
 * Return: 0; -EBADMSG; -EINPROGRESS: @dst is lost, drop the frame;
 * -EMSGSIZE: @skb has too many fragments.
 */
int signet_aead_open(struct signet_key *key, struct sk_buff *skb,
		     unsigned int offset, unsigned int len,
		     const struct signet_frame *hdr, void *dst,
		     struct page *page, bool may_sleep);

#endif
