// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/gso.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "aead.h"
#include "seal.h"
#include "segment.h"
#include "trace.h"

/* room for every outer header; link layers that need more make it */
#define OUTER_HEADROOM \
	(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr))
/* UDP payloads of one super-packet: IPv4's limit, which is the smaller */
#define OUTER_BYTES_MAX SIGNET_PACKET_MAX

/* features of a device that takes any segment but no super-packet */
#define SEGMENT_FEATURES (NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA)

void signet_batch_init(struct signet_batch *b, const struct signet_path *path)
{
	struct signet_frame f = {
		.type = SIGNET_FRAME_PACKET,
		.label = path->tx_label,
	};

	b->lane = raw_smp_processor_id() % max_t(u8, b->key->n_lanes, 1);
	f.key_lane = b->key->id << SIGNET_KEY_SHIFT | b->lane;
	b->label = path->tx_label;
	b->first = signet_hop_first(&f);
	signet_hop_begin(&b->hop, b->first, &path->hop_key);
	b->counter = 0;
	b->out = NULL;
	b->packets = 0;
	b->sent = 0;
	__skb_queue_head_init(&b->done);
	/* what was sent before is not ours any more */
	if (b->mem->offset < b->mem->size)
		b->mem->offset += SIGNET_AEAD_BEFORE;
}

/* complete the super-packet being gathered */
static void batch_close(struct signet_batch *b)
{
	struct sk_buff *out = b->out;

	if (!out)
		return;
	b->out = NULL;
	if (!b->frames) {
		kfree_skb(out);
		return;
	}
	out->len = b->bytes;
	out->data_len = b->bytes;
	out->truesize += b->bytes;
	if (b->frames > 1) {
		skb_shinfo(out)->gso_size = b->size;
		skb_shinfo(out)->gso_segs = b->frames;
		skb_shinfo(out)->gso_type = SKB_GSO_UDP_L4;
		out->ip_summed = CHECKSUM_PARTIAL;
		out->csum_start = skb_headroom(out) - sizeof(struct udphdr);
		out->csum_offset = offsetof(struct udphdr, check);
	}
	__skb_queue_tail(&b->done, out);
}

static bool batch_open(struct signet_batch *b, const struct sk_buff *inner,
		       unsigned int size)
{
	struct sk_buff *out = alloc_skb(OUTER_HEADROOM, GFP_ATOMIC);

	if (unlikely(!out))
		return false;
	skb_reserve(out, OUTER_HEADROOM);
	out->mark = b->mark;
	if (inner) {
		out->priority = inner->priority;
		out->tstamp = inner->tstamp;
		out->tstamp_type = inner->tstamp_type;
		skb_copy_hash(out, inner);
	}
	b->out = out;
	b->size = size;
	b->frames = 0;
	b->bytes = 0;
	b->closed = b->single;
	return true;
}

/*
 * Where walks of the crypto API stop at the end of a page, a frame does not
 * cross it, unless the super-packet would have too few fragments for that:
 * then pages are filled so that a block of the text that crosses ends there.
 */
static void page_start(struct signet_batch *b, unsigned int offset,
		       unsigned int size)
{
	unsigned int frags = MAX_SKB_FRAGS - skb_shinfo(b->out)->nr_frags;
	unsigned int whole = (PAGE_SIZE - offset) / size;

	b->cross = b->left > frags * whole;
	if (b->cross)
		offset += -(offset + whole * size + SIGNET_FRAME_HDR_LEN) % 16;
	b->mem->offset += offset;
}

/* Around a frame there is room for what the AEAD does there. */
static bool mem_has(const struct signet_mem *mem, unsigned int size)
{
	return mem->offset + size + SIGNET_AEAD_AFTER <= mem->size;
}

/* does the next frame start where the last one ended? */
static bool frame_follows(const struct signet_batch *b, unsigned int size)
{
	unsigned int at = offset_in_page(b->mem->offset);

	return mem_has(b->mem, size) &&
	       (!SIGNET_WALK_STOPS || at + size <= PAGE_SIZE ||
		size > PAGE_SIZE ||
		(b->cross && (at + SIGNET_FRAME_HDR_LEN) % 16 == 0));
}

static bool frame_room(struct signet_batch *b, unsigned int size)
{
	struct signet_mem *mem = b->mem;

	if (likely(frame_follows(b, size)))
		return true;
	mem->offset = PAGE_ALIGN(mem->offset);
	page_start(b, 0, size);
	if (likely(mem_has(mem, size)))
		return true;
	/* and for what page_start() may skip */
	if (unlikely(!signet_mem_refill(mem, size + SIGNET_AEAD_BEFORE +
						     SIGNET_AEAD_AFTER + 15)))
		return false;
	page_start(b, SIGNET_AEAD_BEFORE, size);
	return true;
}

/* does a frame of @size still go into the super-packet being gathered? */
static bool batch_fits(const struct signet_batch *b, unsigned int size)
{
	const struct skb_shared_info *shinfo = skb_shinfo(b->out);

	if (!b->frames)
		return size == b->size;
	return !b->closed && size <= b->size &&
	       b->bytes + size <= OUTER_BYTES_MAX &&
	       b->frames < UDP_MAX_SEGMENTS &&
	       (shinfo->nr_frags < MAX_SKB_FRAGS || frame_follows(b, size));
}

/* Return: where a frame of @size may be written, or NULL without memory */
static u8 *frame_begin(struct signet_batch *b, const struct sk_buff *inner,
		       unsigned int size)
{
	struct signet_mem *mem = b->mem;

	if (b->out && !batch_fits(b, size))
		batch_close(b);
	if (!b->out && !batch_open(b, inner, size))
		return NULL;
	if (unlikely(!frame_room(b, size)))
		return NULL;
	return page_address(mem->page) + mem->offset;
}

/* does the last fragment end where free memory starts? */
static bool mem_follows(const struct skb_shared_info *shinfo,
			const struct signet_mem *mem)
{
	const skb_frag_t *last;

	if (!shinfo->nr_frags)
		return false;
	last = &shinfo->frags[shinfo->nr_frags - 1];
	return skb_frag_page(last) == mem->page &&
	       skb_frag_off(last) + skb_frag_size(last) == mem->offset;
}

/* the frame at the start of free memory belongs to the super-packet */
static void frame_add(struct signet_batch *b, unsigned int size)
{
	struct skb_shared_info *shinfo = skb_shinfo(b->out);
	struct signet_mem *mem = b->mem;

	if (mem_follows(shinfo, mem)) {
		skb_frag_size_add(&shinfo->frags[shinfo->nr_frags - 1], size);
	} else {
		get_page(mem->page);
		skb_fill_page_desc(b->out, shinfo->nr_frags, mem->page,
				   mem->offset, size);
	}
	b->frames++;
	b->bytes += size;
	if (size < b->size)
		b->closed = true;
}

/* @frame has its plaintext of @len bytes */
static int frame_seal(struct signet_batch *b, u8 *frame, unsigned int len)
{
	struct signet_frame *f = (struct signet_frame *)frame;
	unsigned int size = len + SIGNET_FRAME_OVERHEAD;
	u64 counter = b->counter;
	int err;

	put_unaligned_le64(b->first, f);
	f->counter = cpu_to_le64(counter);
	trace_signet_seal(b->channel->id, b->key->id, b->lane, counter, size);
	b->counter++;
	b->left--;

	err = signet_aead_seal(b->key, frame, len, b->mem->page, b->may_sleep);
	if (likely(!err)) {
		put_unaligned_le64(signet_hop_end(&b->hop, counter),
				   f->hop_tag);
		frame_add(b, size);
		b->packets++;
		b->sent += len;
	}
	/* a frame under way in the AEAD keeps its memory */
	b->mem->offset += size;
	return err;
}

static int reserve(struct signet_batch *b, unsigned int n)
{
	int err;

	b->left = n;
	rcu_read_lock();
	err = signet_key_reserve(b->key, b->lane, n, &b->counter);
	rcu_read_unlock();
	return err;
}

/* a packet that is none, or no longer, a super-packet */
static int seal_one(struct signet_batch *b, const struct sk_buff *inner,
		    struct sk_buff *skb)
{
	unsigned int start, len = skb->len;
	u8 *frame, *packet;
	__sum16 *check;

	frame = frame_begin(b, inner, len + SIGNET_FRAME_OVERHEAD);
	if (unlikely(!frame))
		return -ENOMEM;
	packet = frame + SIGNET_FRAME_HDR_LEN;
	if (unlikely(skb_copy_bits(skb, 0, packet, len)))
		return -EINVAL;
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		start = skb_checksum_start_offset(skb);
		if (start + skb->csum_offset + sizeof(*check) > len)
			return -EINVAL;
		check = (__sum16 *)(packet + start + skb->csum_offset);
		*check = csum_fold(csum_partial(packet + start, len - start,
						0)) ?: CSUM_MANGLED_0;
	}
	return frame_seal(b, frame, len);
}

static int seal_segments(struct signet_batch *b, const struct sk_buff *inner,
			 struct signet_segments *s)
{
	int err = reserve(b, s->n);
	unsigned int len;
	u8 *frame;

	while (!err && s->left) {
		len = signet_segments_next(s);
		frame = frame_begin(b, inner, len + SIGNET_FRAME_OVERHEAD);
		if (unlikely(!frame))
			return -ENOMEM;
		signet_segments_write(s, frame + SIGNET_FRAME_HDR_LEN);
		err = frame_seal(b, frame, len);
	}
	return err;
}

/* kinds of super-packets that the core cuts */
static int seal_cut(struct signet_batch *b, struct sk_buff *inner)
{
	struct sk_buff *segs, *skb, *next;
	unsigned int n = 0;
	int err;

	segs = skb_gso_segment(inner, SEGMENT_FEATURES);
	if (IS_ERR(segs))
		return PTR_ERR(segs);
	if (!segs)
		return -EINVAL;

	for (skb = segs; skb; skb = skb->next)
		n++;
	err = reserve(b, n);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		if (!err)
			err = seal_one(b, inner, skb);
		consume_skb(skb);
	}
	return err;
}

/*
 * Whether the owner counts the memory of @skb among what it has under way:
 * TCP, and sockets whose packets end in sock_wfree(). Other destructors may
 * want more than the skb's length, and stay with it.
 */
static bool owned_by_sender(const struct sk_buff *skb)
{
	if (!skb->sk || !skb->destructor || !sk_fullsock(skb->sk))
		return false;
	if (skb->destructor == sock_wfree)
		return true;
	return sk_is_tcp(skb->sk) && skb->destructor != sock_edemux &&
	       skb->destructor != sock_pfree && skb->destructor != sock_rfree;
}

/* For TCP small queues: the socket waits for what is queued in its place. */
static void pass_owner(struct sk_buff *to, struct sk_buff *from)
{
	int delta = to->truesize - from->truesize;

	if (!owned_by_sender(from))
		return;
	swap(to->sk, from->sk);
	swap(to->destructor, from->destructor);
	if (delta >= 0)
		refcount_add(delta, &to->sk->sk_wmem_alloc);
	else
		WARN_ON_ONCE(refcount_sub_and_test(-delta,
						   &to->sk->sk_wmem_alloc));
}

/* not inline: its variables are to cost other packets nothing */
static noinline int seal_super(struct signet_batch *b, struct sk_buff *skb)
{
	struct signet_segments s;

	if (signet_segments_init(&s, skb))
		return seal_segments(b, skb, &s);
	return seal_cut(b, skb);
}

int signet_seal_skb(struct signet_batch *b, struct sk_buff *skb)
{
	int err;

	if (skb_is_gso(skb)) {
		err = seal_super(b, skb);
	} else {
		err = reserve(b, 1);
		if (!err)
			err = seal_one(b, skb, skb);
	}
	batch_close(b);
	if (!skb_queue_empty(&b->done))
		pass_owner(skb_peek_tail(&b->done), skb);
	return err;
}

int signet_seal_keepalive(struct signet_batch *b)
{
	int err = reserve(b, 1);
	u8 *frame;

	if (err)
		return err;
	frame = frame_begin(b, NULL, SIGNET_FRAME_OVERHEAD);
	if (!frame)
		return -ENOMEM;
	err = frame_seal(b, frame, 0);
	b->packets = 0;
	batch_close(b);
	return err;
}
