// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/hash.h>
#include <linux/netlink.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "hop.h"
#include "label.h"

/* Labels are chosen by this side, mostly at random: one multiplication will
 * do, for each frame.
 */
static u32 label_hash(const void *label, u32 len, u32 seed)
{
	u32 hash = (*(const u32 *)label ^ seed) * GOLDEN_RATIO_32;

	return hash ^ hash >> 16;
}

static const struct rhashtable_params label_params = {
	.key_len = sizeof_field(struct signet_label, label),
	.key_offset = offsetof(struct signet_label, label),
	.head_offset = offsetof(struct signet_label, hash),
	.hashfn = label_hash,
	.automatic_shrinking = true,
};

int signet_labels_init(struct signet_device *sd)
{
	return rhashtable_init(&sd->labels, &label_params);
}

void signet_labels_destroy(struct signet_device *sd)
{
	rhashtable_destroy(&sd->labels);
}

static void label_free_rcu(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct signet_label, rcu));
}

int signet_label_new(struct signet_channel *ch, u32 label,
		     const u8 hop_key[SIGNET_HOP_KEY_LEN], u64 expires,
		     struct netlink_ext_ack *extack)
{
	struct signet_device *sd = ch->peer->sd;
	struct signet_label *l;
	int err;

	l = kzalloc_obj(*l, GFP_KERNEL_ACCOUNT);
	if (!l)
		return -ENOMEM;
	l->label = cpu_to_le32(label);
	l->channel = ch;
	l->expires = expires;
	signet_hop_key_set(&l->hop_key, hop_key);
	err = rhashtable_lookup_insert_fast(&sd->labels, &l->hash,
					    label_params);
	if (err) {
		if (err == -EEXIST)
			NL_SET_ERR_MSG(extack, "label is in use");
		kfree_sensitive(l);
		return err;
	}
	signet_channel_get(ch);
	list_add_tail(&l->node, &ch->labels);
	signet_device_changed(sd);
	if (expires)
		signet_expire_at(sd, expires);
	return 0;
}

void signet_label_del(struct signet_label *label)
{
	struct signet_channel *ch = label->channel;
	struct signet_device *sd = ch->peer->sd;

	rhashtable_remove_fast(&sd->labels, &label->hash, label_params);
	list_del(&label->node);
	signet_device_changed(sd);
	call_rcu(&label->rcu, label_free_rcu);
	/* who still reads the label sees the channel: it, too, waits */
	signet_channel_put(ch);
}

struct signet_label *signet_label_find(struct signet_device *sd, __le32 label)
{
	struct signet_label *l;
	u64 expires;

	l = rhashtable_lookup(&sd->labels, &label, label_params);
	if (!l)
		return NULL;
	expires = READ_ONCE(l->expires);
	if (expires && ktime_get_coarse_boottime_ns() >= expires)
		return NULL;
	return l;
}
