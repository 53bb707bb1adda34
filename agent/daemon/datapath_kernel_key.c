// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packet keys: handed to the kernel, and wiped here. */
#include <errno.h>
#include <string.h>

#include "daemon/kernel.h"

static int cipher_of(enum signet_aead aead, enum signet_cipher *cipher)
{
	switch (aead) {
	case SIGNET_AEAD_CHACHA20POLY1305:
		*cipher = SIGNET_CIPHER_CHACHA20_POLY1305;
		return 0;
	case SIGNET_AEAD_AES256GCM:
		*cipher = SIGNET_CIPHER_AES_256_GCM;
		return 0;
	default:
		return -EINVAL;
	}
}

/* The kernel takes what is left of a key's life; none is not "for ever". */
static int life_of(uint64_t hard_ns, uint64_t *ms)
{
	uint64_t now = sg_now();

	*ms = SG_KMOD_NEVER;
	if (hard_ns == UINT64_MAX)
		return 0;
	if (hard_ns < now + KERNEL_SECOND / 1000)
		return -EKEYEXPIRED;
	*ms = (hard_ns - now) / (KERNEL_SECOND / 1000);
	return 0;
}

int kernel_key_add(struct sg_datapath *dp, uint32_t channel,
		   const struct sg_dp_key *key)
{
	struct kernel_channel *c = kernel_channel_get(dp, channel);
	struct sg_kmod_key_new new = { .channel = channel,
				       .key_id = key->key_id,
				       .tx = key->tx,
				       .soft_ms = SG_KMOD_NEVER,
				       .soft_frames = SG_KMOD_NEVER,
				       .hard_frames = SG_KMOD_NEVER };
	struct kernel_key *k;
	int err;

	if (!c)
		return -ENOENT;
	if (key->key_id >= SIGNET_KEY_IDS || (key->tx && !key->hard_frames))
		return -EINVAL;
	k = &c->key[key->tx][key->key_id];
	if (k->hard_ns)
		return -EEXIST;
	err = cipher_of(key->aead, &new.cipher);
	if (!err)
		err = life_of(key->hard_ns, &new.hard_ms);
	if (err)
		return err;
	if (key->tx) {
		new.hard_frames = key->hard_frames;
		if (key->soft_frames)
			new.soft_frames = key->soft_frames;
	}
	memcpy(new.key, key->key, sizeof(new.key));
	err = sg_kmod_key_new(dp->km, dp->ifindex, &new);
	sodium_memzero(&new, sizeof(new));
	if (err)
		return err;
	*k = (struct kernel_key){ .hard_ns = key->hard_ns,
				  .soft_frames = key->soft_frames };
	return 0;
}

int kernel_key_select(struct sg_datapath *dp, uint32_t channel, uint8_t key_id)
{
	if (!kernel_channel_get(dp, channel) || key_id >= SIGNET_KEY_IDS)
		return -ENOENT;
	if (dp->left)
		return 0;
	return sg_kmod_key_swap(dp->km, dp->ifindex, channel, key_id);
}

void kernel_key_del(struct sg_datapath *dp, uint32_t channel, uint8_t key_id)
{
	struct kernel_channel *c = kernel_channel_get(dp, channel);

	if (!c || key_id >= SIGNET_KEY_IDS)
		return;
	memset(&c->key[0][key_id], 0, sizeof(c->key[0][key_id]));
	memset(&c->key[1][key_id], 0, sizeof(c->key[1][key_id]));
	if (!dp->left)
		sg_kmod_key_del(dp->km, dp->ifindex, channel, key_id, -1);
}
