/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The hop tag: SipHash-2-4 over the first 16 bytes of a frame. */
#ifndef SIGNET_KMOD_HOP_H
#define SIGNET_KMOD_HOP_H

#include <linux/siphash.h>

#include <signet/wire.h>

#include <linux/unaligned.h>

static inline void signet_hop_key_set(siphash_key_t *key, const u8 *bytes)
{
	key->key[0] = get_unaligned_le64(bytes);
	key->key[1] = get_unaligned_le64(bytes + 8);
}

static inline u64 signet_hop_tag(const struct signet_frame *f,
				 const siphash_key_t *key)
{
	return siphash_2u64(get_unaligned_le64(f),
			    get_unaligned_le64((const u8 *)f + 8), key);
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
