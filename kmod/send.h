/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What sending at once (tx.c) and sending later (tx_defer.c) share. */
#ifndef SIGNET_KMOD_SEND_H
#define SIGNET_KMOD_SEND_H

#include "output.h"
#include "seal.h"
#include "tx.h"

/**
 * struct signet_tx_cpu - transmit state of one CPU
 * @mem: frames that are sealed with bottom halves off
 * @deferred: packets whose AEAD must not run here, oldest first
 * @bytes: in @deferred, under its lock
 * @work: seals them
 * @work_mem: frames that @work seals
 */
struct signet_tx_cpu {
	struct signet_device *sd;
	struct signet_mem mem;
	struct sk_buff_head deferred;
	unsigned int bytes;
	struct work_struct work;
	struct signet_mem work_mem;
};

/* packets that wait; @channel held, @since boottime; @size counted as */
struct signet_tx_cb {
	struct signet_channel *channel;
	u64 since;
	unsigned int size;
};

static inline struct signet_tx_cb *signet_tx_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct signet_tx_cb) > sizeof(skb->cb));
	return (struct signet_tx_cb *)skb->cb;
}

enum signet_drop signet_tx_reason(int err);

/* RCU, bottom halves off: send what was sealed, and count it */
void signet_tx_output(struct signet_batch *b, const struct signet_route *r,
		      const struct signet_outer *outer);

/*
 * Bottom halves off: must a packet be sealed in process context? Order is
 * kept: what comes after deferred packets is deferred, too.
 */
bool signet_tx_must_defer(struct signet_device *sd,
			  const struct signet_key *key);
void signet_tx_defer(struct signet_device *sd, struct signet_channel *ch,
		     struct sk_buff *skb);

#endif
