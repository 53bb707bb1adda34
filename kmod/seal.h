/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From inner packets to UDP payloads: frames are built and sealed one after
 * the other in page fragments, those of equal length are gathered in one
 * super-packet. Nothing is allocated for a single frame of it.
 */
#ifndef SIGNET_KMOD_SEAL_H
#define SIGNET_KMOD_SEAL_H

#include <linux/skbuff.h>

#include "hop.h"
#include "key.h"
#include "mem.h"

/**
 * struct signet_batch - frames being sealed
 * @channel, @key: held, or under RCU
 * @mem: where frames are written; the caller's own while the batch lasts
 * @label: of the path
 * @first, @hop: first eight bytes of each frame, what its hop tag begins with
 * @lane: of @key
 * @may_sleep: the AEAD may be waited for; else bottom halves are off
 * @single: one frame in each UDP payload
 * @mark: of outer packets
 * @counter: of the next frame
 * @left: frames from that one on, as far as known
 * @cross: the next frame that does not fit its page goes on in the next one
 * @out: super-packet being gathered, its skb incomplete until it is closed
 * @size: length of its frames
 * @frames, @bytes: in @out
 * @closed: a shorter frame ended @out
 * @done: skbs to be sent
 * @packets, @sent: inner packets and bytes sealed
 */
struct signet_batch {
	struct signet_channel *channel;
	struct signet_key *key;
	struct signet_mem *mem;
	__le32 label;
	u64 first;
	struct signet_hop hop;
	u8 lane;
	bool may_sleep;
	bool single;
	u32 mark;
	u64 counter;
	unsigned int left;
	bool cross;
	struct sk_buff *out;
	unsigned int size;
	unsigned int frames;
	unsigned int bytes;
	bool closed;
	struct sk_buff_head done;
	unsigned int packets;
	unsigned int sent;
};

/* @channel, @key, @mem, @may_sleep, @single and @mark are set by the caller */
void signet_batch_init(struct signet_batch *b, const struct signet_path *path);

/**
 * signet_seal_skb() - seal an inner packet or super-packet
 * @skb: only read, but for headers that are pulled; stays the caller's.
 *	skbs in @b->done take over who owns it (the socket that sent it).
 * Return: 0; -EKEYEXPIRED nothing was sealed; -ENOMEM, -EINVAL,
 * -EINPROGRESS: what was sealed before is in @b->done.
 */
int signet_seal_skb(struct signet_batch *b, struct sk_buff *skb);

/* an empty packet */
int signet_seal_keepalive(struct signet_batch *b);

#endif
