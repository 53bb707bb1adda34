/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Private to the receive path (rx.c, hook.c, steer.c, open.c, deliver.c, defer.c).
 *
 * A run is a number of frames under one label, key and lane. Its frames are
 * opened one after the other into fresh pages, committed to the replay window
 * under one lock, and then handed to the stack.
 */
#ifndef SIGNET_KMOD_RUN_H
#define SIGNET_KMOD_RUN_H

#include <linux/bitmap.h>
#include <linux/in6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "hop.h"
#include "key.h"
#include "label.h"
#include "mem.h"
#include "rx.h"

/* frames of one super-packet, and of one run */
#define SIGNET_RUN_MAX 128
/* longest IP and TCP header of a stream: IPv6 and 15 words */
#define SIGNET_RUN_HEADERS 100
/* pages of plaintext that a run fills one after the other */
#define SIGNET_RUN_PAGES 16

/**
 * struct signet_rx_cb - what arrival found out; in skb->cb until opened
 * @good: frames to open
 * @first: eight bytes that the first of them begins with
 * @iif: interface of arrival, the scope of a link-local source
 * @offset: of the first frame, from skb->data
 * @size: of each frame but the last
 * @frames: how many there are
 * @mixed: not all of @good begin like the first
 * @steered: where they are opened depends on the lane
 */
struct signet_rx_cb {
	DECLARE_BITMAP(good, SIGNET_RUN_MAX);
	u64 first;
	int iif;
	u16 offset;
	u16 size;
	u16 frames;
	bool mixed;
	bool steered;
};

#define SIGNET_RX_CB(skb) ((struct signet_rx_cb *)(skb)->cb)

/**
 * struct signet_cursor - reads the headers of an skb's frames in order
 * @start, @end: what can be read at @base, from skb->data
 * @frag: the next fragment
 * @shared: somebody else may write to fragments
 */
struct signet_cursor {
	const struct sk_buff *skb;
	const u8 *base;
	unsigned int start;
	unsigned int end;
	unsigned int frag;
	bool shared;
};

/**
 * struct signet_look - what there is for a label, key id and lane
 * @first: first eight bytes of the frame: with these there are flags, too
 * @key_lane: as in the frame
 * @reason: why its frames are not opened, or SIGNET_DROP_NONE
 * @entry: NULL when there is no such label
 * @replay: of the lane; NULL when there is a reason
 */
struct signet_look {
	u64 first;
	u8 key_lane;
	enum signet_drop reason;
	const struct signet_label *entry;
	struct signet_key *key;
	const struct signet_replay *replay;
};

/**
 * struct signet_segment - an opened frame
 * @skb: that the frame came in
 * @data: plaintext; of a segment that is joined to the one before, its TCP
 *	payload
 * @len: bytes at @data
 * @header_len: IP and TCP header, if it is part of a stream
 * @first: index of the stream's first segment, which has its headers
 * @offset: payload of the stream before this segment
 * @id: IPv4 identification
 * @flags: last byte of the TCP flags
 * @joined: continues the segment before it
 * @fixed_id: so far, the stream's IPv4 identification stays the same
 * @fresh: committed to the replay window
 */
struct signet_segment {
	struct sk_buff *skb;
	u64 counter;
	u8 *data;
	u16 len;
	u16 header_len;
	u16 first;
	u16 offset;
	u16 id;
	u8 flags;
	u8 joined : 1;
	u8 fixed_id : 1;
	u8 fresh : 1;
};

/**
 * struct signet_stream - TCP segments that are joined at present
 * @header_len: IP and TCP header; 0: no segment can be joined
 * @tcp: offset of the latter
 * @headers: of the first segment
 * @ip_sum: over fields of the IPv4 header that differ
 * @mss: payload of the first segment
 * @len: payload so far
 * @seq: of the next segment
 */
struct signet_stream {
	const u8 *headers;
	unsigned int first;
	unsigned int header_len;
	u16 tcp;
	u16 ip_sum;
	unsigned int mss;
	unsigned int len;
	u32 seq;
};

/**
 * struct signet_run - scratch of one opener: a NAPI, or a work item
 * @napi: NULL in a work item, which may sleep and holds @ch and @look.key
 * @ch: NULL between two runs
 * @look: of the run
 * @mem: that plaintext goes to; @base: address of its page
 * @full: pages before it, in which plaintext of this run lies
 * @lone: no other frame waits: GRO has nothing to merge
 * @done: skbs all of whose frames are in the run
 * @source: address that belongs to the peer for certain, of @source_len bytes
 * @tail: scratch: what was under the header of the segment being opened
 */
struct signet_run {
	struct signet_device *sd;
	struct napi_struct *napi;
	bool lone;
	struct signet_channel *ch;
	struct signet_look look;
	struct signet_mem mem;
	u8 *base;
	struct page *full[SIGNET_RUN_PAGES];
	unsigned int n_full;
	struct sk_buff_head done;
	struct in6_addr source;
	unsigned int source_len;
	struct signet_stream stream;
	u8 tail[SIGNET_RUN_HEADERS];
	unsigned int n;
	struct signet_segment segments[SIGNET_RUN_MAX];
};

/**
 * struct signet_rx_cpu - receive state of one CPU
 * @queue: frames that wait for @napi; its lock guards @bytes, too
 * @deferred: frames that wait for @work, under the same lock
 * @deferring: @work has not come to its end: frames go there, in order
 * @bytes: in both queues
 * @again: the last poll did not come to the queue's end
 * @kick: schedules @napi from another CPU
 */
struct signet_rx_cpu {
	struct signet_device *sd;
	struct napi_struct napi;
	struct sk_buff_head queue;
	struct sk_buff_head deferred;
	bool deferring;
	unsigned int bytes;
	bool again;
	struct work_struct work;
	struct signet_run *run;
	call_single_data_t kick;
};

/* rx.c */
void signet_cursor_init(struct signet_cursor *c, const struct sk_buff *skb);
bool signet_cursor_move(struct signet_cursor *c, unsigned int at,
			struct signet_frame *f);

/* A copy: where the frame lies, it may change while it is looked at. */
static inline bool signet_cursor_read(struct signet_cursor *c, unsigned int at,
				      struct signet_frame *f)
{
	if (unlikely(at < c->start || at + sizeof(*f) > c->end))
		return signet_cursor_move(c, at, f);
	memcpy(f, c->base + (at - c->start), sizeof(*f));
	return true;
}

/* Where @len bytes from @at, which was read last, lie in one piece that nobody
 * else writes; or NULL.
 */
static inline const u8 *signet_cursor_piece(const struct signet_cursor *c,
					    unsigned int at, unsigned int len)
{
	if (at < c->start || at + len > c->end || (c->frag && c->shared))
		return NULL;
	return c->base + (at - c->start);
}

/* RCU; valid as long as that, or as long as the key is held */
void signet_look_up(struct signet_device *sd, const struct signet_frame *f,
		    struct signet_look *look);

static inline bool signet_look_is(const struct signet_look *look,
				  const struct signet_frame *f)
{
	return look->first == signet_hop_first(f);
}

/* One frame of those; the hop tag was right. */
static inline enum signet_drop
signet_look_counter(const struct signet_look *look, u64 counter)
{
	if (unlikely(look->reason))
		return look->reason;
	if (unlikely(counter >= READ_ONCE(look->key->lane_hard)) &&
	    signet_key_sealed_all(look->key, look->key_lane & SIGNET_LANE_MASK,
				  counter))
		return SIGNET_DROP_KEY_EXPIRED;
	if (unlikely(!signet_replay_look(look->replay, counter)))
		return SIGNET_DROP_REPLAY;
	return SIGNET_DROP_NONE;
}

int signet_rx_classify(struct signet_device *sd, struct sk_buff *skb);
void signet_rx_queue(struct signet_device *sd, struct sk_buff *skb);

/* steer.c */
int signet_steer_init(struct signet_device *sd);
void signet_steer_uninit(struct signet_device *sd);
void signet_steer_note(struct signet_rx_cb *cb, const struct signet_look *look);
void signet_steer(struct signet_device *sd, struct sk_buff *skb);

/* open.c */
struct signet_run *signet_run_alloc(struct signet_device *sd,
				    struct napi_struct *napi, int node);
void signet_run_free(struct signet_run *run);
/**
 * signet_run_add() - open the frames of an skb
 * @run: RCU or, in a work item, nothing held
 * @skb: taken, unless -EAGAIN is returned
 * Return: how many frames; -EAGAIN: the key can't be used here, the frames
 * that are left in cb->good belong to a work item.
 */
int signet_run_add(struct signet_run *run, struct sk_buff *skb);
/* commit and hand over what was opened; nothing of the run is left */
void signet_run_flush(struct signet_run *run);

/* join.c */
/**
 * signet_join_room() - where the next plaintext of a run goes
 * @len: its length
 *
 * The next segment of a TCP stream is opened so that its payload follows the
 * one before, its header for a moment over the end of that.
 * Return: NULL without memory.
 */
u8 *signet_join_room(struct signet_run *run, unsigned int len);
/**
 * signet_join() - join what was opened there to the segment before, or not
 * @seg: its @data is what signet_join_room() returned; @len is 0 when it was
 *	not opened. It is not yet counted in @run->n.
 * Return: false without memory.
 */
bool signet_join(struct signet_run *run, struct signet_segment *seg);
u8 signet_outer_tos(const struct sk_buff *skb);

/* deliver.c; RCU, bottom halves off: fresh segments go to the stack */
void signet_run_deliver(struct signet_run *run);

/* defer.c */
void signet_defer(struct signet_rx_cpu *rx, struct sk_buff *skb);
void signet_defer_work(struct work_struct *work);

/* hook.c: rx.h's signet_rx_attach(), signet_rx_detach() */

#endif
