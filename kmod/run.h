/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Private to the receive path (rx.c, hook.c, open.c, deliver.c, defer.c).
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
#include <linux/workqueue.h>

#include "key.h"
#include "label.h"
#include "rx.h"

/* frames of one super-packet, and of one run */
#define SIGNET_RUN_MAX 128
/* IPv6 and the longest TCP header */
#define SIGNET_RUN_HEADERS 100
/* pages of plaintext that a run fills one after the other */
#define SIGNET_RUN_PAGES 16

/**
 * struct signet_rx_cb - what arrival found out; in skb->cb until opened
 * @good: frames to open
 * @iif: interface of arrival, the scope of a link-local source
 * @offset: of the first frame, from skb->data
 * @size: of each frame but the last
 * @frames: how many there are
 */
struct signet_rx_cb {
	DECLARE_BITMAP(good, SIGNET_RUN_MAX);
	int iif;
	u16 offset;
	u16 size;
	u16 frames;
};

#define SIGNET_RX_CB(skb) ((struct signet_rx_cb *)(skb)->cb)

/**
 * struct signet_look - what was found for the last frame's label and key
 * @label: NULL before the first frame
 * @key: receive key; NULL when the slot is empty
 * @key_lane: as in the frame
 */
struct signet_look {
	struct signet_label *label;
	struct signet_key *key;
	u8 key_lane;
};

/**
 * struct signet_segment - an opened frame
 * @skb: that the frame came in
 * @data: plaintext; of a segment that is joined to the one before, its TCP
 *	payload
 * @len: bytes at @data
 * @mss: payload of the first segment that this one is joined to, or its own
 * @header_len: IP and TCP header, of a segment that another may be joined to
 *	or that is joined itself; else 0
 * @total: payload so far, with the segments that this one is joined to
 * @joined: continues the segment before it
 * @closed: no segment may be joined to this one
 * @fixed_id: IPv4 identification stays the same
 * @fresh: committed to the replay window
 * @headers: copy of the IP and TCP header
 */
struct signet_segment {
	struct sk_buff *skb;
	u64 counter;
	u8 *data;
	u16 len;
	u16 mss;
	u16 header_len;
	u16 total;
	u8 joined : 1;
	u8 closed : 1;
	u8 fixed_id : 1;
	u8 fresh : 1;
	u8 headers[SIGNET_RUN_HEADERS] __aligned(4);
};

/**
 * struct signet_run - scratch of one opener: a NAPI, or a work item
 * @napi: NULL in a work item, which may sleep and holds @ch and @key
 * @ch: NULL between two runs
 * @page: that plaintext goes to, @size bytes at @base, free from @offset
 * @full: pages before it, in which plaintext of this run lies
 * @done: skbs all of whose frames are in the run
 * @source: address that belongs to the peer for certain, of @source_len bytes
 */
struct signet_run {
	struct signet_device *sd;
	struct napi_struct *napi;
	struct signet_channel *ch;
	struct signet_key *key;
	__le32 label;
	u8 key_lane;
	struct page *page;
	u8 *base;
	unsigned int size;
	unsigned int offset;
	struct page *full[SIGNET_RUN_PAGES];
	unsigned int n_full;
	struct sk_buff_head done;
	struct in6_addr source;
	unsigned int source_len;
	unsigned int n;
	struct signet_segment segments[SIGNET_RUN_MAX];
};

/**
 * struct signet_rx_cpu - receive state of one CPU
 * @queue: frames that wait for @napi; its lock guards @bytes, too
 * @deferred: frames that wait for @work, under the same lock
 * @deferring: @work has not come to its end: frames go there, in order
 * @bytes: in both queues
 */
struct signet_rx_cpu {
	struct signet_device *sd;
	struct napi_struct napi;
	struct sk_buff_head queue;
	struct sk_buff_head deferred;
	bool deferring;
	unsigned int bytes;
	struct work_struct work;
	struct signet_run *run;
};

/* rx.c; RCU. SIGNET_DROP_NONE when the frame is to be opened. */
enum signet_drop signet_rx_look_up(struct signet_device *sd,
				   const struct signet_frame *f,
				   struct signet_look *look);
enum signet_drop signet_rx_key_check(const struct signet_frame *f,
				     const struct signet_look *look);
bool signet_rx_classify(struct signet_device *sd, struct sk_buff *skb);
void signet_rx_queue(struct signet_device *sd, struct sk_buff *skb);

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
/* commit and hand over what was opened */
void signet_run_flush(struct signet_run *run);

/* join.c */
/**
 * signet_join_room() - where the next plaintext of a run goes
 * @len: its length
 * @tail: bytes that its header may overwrite; for signet_join()
 *
 * The next segment of a TCP stream is opened so that its payload follows the
 * one before, its header for a moment over the end of that.
 * Return: NULL without memory.
 */
u8 *signet_join_room(struct signet_run *run, unsigned int len, u8 *tail);
/**
 * signet_join() - join what was opened there to the segment before, or not
 * @seg: its @data is what signet_join_room() returned; @len is 0 when it was
 *	not opened. It is not yet counted in @run->n.
 * Return: false without memory.
 */
bool signet_join(struct signet_run *run, struct signet_segment *seg,
		 const u8 *tail);
u8 signet_outer_tos(const struct sk_buff *skb);

/* deliver.c; RCU, bottom halves off: fresh segments go to the stack */
void signet_run_deliver(struct signet_run *run);

/* defer.c */
void signet_defer(struct signet_rx_cpu *rx, struct sk_buff *skb);
void signet_defer_work(struct work_struct *work);

/* hook.c: rx.h's signet_rx_attach(), signet_rx_detach() */

#endif
