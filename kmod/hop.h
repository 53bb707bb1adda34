/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hop tag: SipHash-2-4 over the first 16 bytes of a frame. The first eight
 * of them, all but the counter, are the same in all frames of a run.
 */
#ifndef SIGNET_KMOD_HOP_H
#define SIGNET_KMOD_HOP_H

#include <linux/siphash.h>
#include <linux/string.h>

#include <signet/wire.h>

#include <linux/unaligned.h>

static inline void signet_hop_key_set(siphash_key_t *key, const u8 *bytes)
{
	key->key[0] = get_unaligned_le64(bytes);
	key->key[1] = get_unaligned_le64(bytes + 8);
}

/* tags of frames that begin alike: SipHash's state after those eight bytes */
struct signet_hop {
	u64 v[4];
};

/* all but counter and tag */
static inline u64 signet_hop_first(const struct signet_frame *f)
{
	return get_unaligned_le64(f);
}

static __always_inline void signet_hop_rounds(u64 *v)
{
	SIPHASH_PERMUTATION(v[0], v[1], v[2], v[3]);
	SIPHASH_PERMUTATION(v[0], v[1], v[2], v[3]);
}

static __always_inline void signet_hop_word(u64 *v, u64 word)
{
	v[3] ^= word;
	signet_hop_rounds(v);
	v[0] ^= word;
}

static inline void signet_hop_begin(struct signet_hop *hop, u64 first,
				    const siphash_key_t *key)
{
	u64 v[4] = { key->key[0] ^ SIPHASH_CONST_0,
		     key->key[1] ^ SIPHASH_CONST_1,
		     key->key[0] ^ SIPHASH_CONST_2,
		     key->key[1] ^ SIPHASH_CONST_3 };

	signet_hop_word(v, first);
	memcpy(hop->v, v, sizeof(v));
}

static __always_inline u64 signet_hop_end(const struct signet_hop *hop,
					  u64 counter)
{
	u64 v[4] = { hop->v[0], hop->v[1], hop->v[2], hop->v[3] };

	signet_hop_word(v, counter);
	signet_hop_word(v, (u64)SIGNET_HOP_TAG_OFFSET << 56); /* the length */
	v[2] ^= 0xff;
	signet_hop_rounds(v);
	signet_hop_rounds(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline u64 signet_hop_tag(const struct signet_frame *f,
				 const siphash_key_t *key)
{
	struct signet_hop hop;

	signet_hop_begin(&hop, signet_hop_first(f), key);
	return signet_hop_end(&hop, le64_to_cpu(f->counter));
}

static inline void signet_hop_tag_write(struct signet_frame *f,
					const siphash_key_t *key)
{
	put_unaligned_le64(signet_hop_tag(f, key), f->hop_tag);
}

/* one comparison of 64 bits: constant time */
static inline bool signet_hop_tag_ok(const struct signet_frame *f,
				     const siphash_key_t *key)
{
	return signet_hop_tag(f, key) == get_unaligned_le64(f->hop_tag);
}

#endif
