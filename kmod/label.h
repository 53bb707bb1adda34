/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SIGNET_KMOD_LABEL_H
#define SIGNET_KMOD_LABEL_H

#include <linux/rhashtable-types.h>
#include <linux/siphash.h>

#include "channel.h"

/**
 * struct signet_label - a label that this device receives on
 * @channel: held
 * @expires: boottime ns, 0 never; READ_ONCE
 */
struct signet_label {
	__le32 label;
	struct rhash_head hash;
	siphash_key_t hop_key;
	struct signet_channel *channel;
	u64 expires;
	union {
		struct list_head node; /* in channel->labels */
		struct rcu_head rcu;
	};
};

int signet_labels_init(struct signet_device *sd);
void signet_labels_destroy(struct signet_device *sd);
/* sd->lock; -EEXIST when the label is in use; @expires boottime or 0 */
int signet_label_new(struct signet_channel *ch, u32 label,
		     const u8 hop_key[SIGNET_HOP_KEY_LEN], u64 expires,
		     struct netlink_ext_ack *extack);
void signet_label_del(struct signet_label *label); /* sd->lock */
/* RCU; NULL also when expired */
struct signet_label *signet_label_find(struct signet_device *sd, __le32 label);

#endif
