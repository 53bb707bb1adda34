// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Segments of one TCP stream become one packet while they are opened: the
 * same that GRO would make of them, but their payload needs no move and no
 * fragment of its own.
 */
#include <linux/mm.h>
#include <linux/tcp.h>
#include <linux/unaligned.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "run.h"

#define CHUNK 32768

#define FLAGS_AT 13
#define ACK	 BIT(4)
/* the last segment of a stream may have these */
#define LAST_FLAGS (BIT(0) | BIT(3)) /* FIN, PSH */
/* no segment of a stream has these */
#define SINGLE_FLAGS (BIT(1) | BIT(2) | BIT(5) | BIT(7)) /* SYN, RST, URG, CWR */

static struct page *chunk_alloc(unsigned int len, unsigned int *size)
{
	unsigned int order = get_order(max_t(unsigned int, len, CHUNK));
	gfp_t gfp = GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN;
	struct page *page;

	page = alloc_pages(gfp | __GFP_NORETRY | __GFP_NOMEMALLOC, order);
	if (unlikely(!page)) {
		order = get_order(len);
		page = alloc_pages(gfp, order);
	}
	*size = PAGE_SIZE << order;
	return page;
}

static bool chunk_new(struct signet_run *run, unsigned int len)
{
	struct page *page;
	unsigned int size;

	/* nobody else has it: from the start again */
	if (run->page && !run->n && len <= run->size &&
	    page_ref_count(run->page) == 1 && !page_is_pfmemalloc(run->page)) {
		run->offset = 0;
		return true;
	}
	if (run->page && run->n && run->n_full == SIGNET_RUN_PAGES)
		return false;
	page = chunk_alloc(len, &size);
	if (!page)
		return false;
	if (run->page && run->n)
		run->full[run->n_full++] = run->page;
	else if (run->page)
		put_page(run->page);
	run->page = page;
	run->base = page_address(page);
	run->size = size;
	run->offset = 0;
	return true;
}

static u8 *room(struct signet_run *run, unsigned int len)
{
	unsigned int offset = ALIGN(run->offset, 16);

	if (likely(run->page && offset + len <= run->size))
		return run->base + offset;
	return chunk_new(run, len) ? run->base : NULL;
}

static u8 *free_start(const struct signet_run *run)
{
	return run->base + run->offset;
}

/* May @len bytes of plaintext be the next segment of the stream? */
static bool may_join(const struct signet_stream *st, unsigned int len)
{
	return st->header_len && len > st->header_len &&
	       len - st->header_len <= st->mss && st->len + len <= U16_MAX;
}

u8 *signet_join_room(struct signet_run *run, unsigned int len, u8 *tail)
{
	const struct signet_stream *st = &run->stream;
	u8 *to = free_start(run) - st->header_len;

	/* the stream's last segment ends where free memory starts */
	if (!may_join(st, len) || to + len > run->base + run->size ||
	    to < run->base)
		return room(run, len);
	memcpy(tail, to, st->header_len);
	return to;
}

/* a segment that may be part of a stream; @at: of its TCP header */
struct tcp_segment {
	const u8 *headers;
	unsigned int at;
	unsigned int header_len;
	u32 seq;
	u16 id;
	u8 flags;
};

static u32 word(const u8 *p)
{
	u32 w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Headers of which a stream can be made, as in GRO. */
static bool tcp_parse(const u8 *p, unsigned int len, struct tcp_segment *t)
{
	t->headers = p;
	t->id = 0;
	if (len > sizeof(struct iphdr) + sizeof(struct tcphdr) && *p == 0x45) {
		if (p[9] != IPPROTO_TCP || get_unaligned_be16(p + 2) != len ||
		    get_unaligned_be16(p + 6) & ~IP_DF ||
		    ip_fast_csum(p, sizeof(struct iphdr) / 4))
			return false;
		t->id = get_unaligned_be16(p + 4);
		t->at = sizeof(struct iphdr);
	} else if (len > sizeof(struct ipv6hdr) + sizeof(struct tcphdr) &&
		   *p >> 4 == 6) {
		if (p[6] != IPPROTO_TCP ||
		    get_unaligned_be16(p + 4) != len - sizeof(struct ipv6hdr))
			return false;
		t->at = sizeof(struct ipv6hdr);
	} else {
		return false;
	}
	p += t->at;
	t->header_len = t->at + (p[12] >> 4) * 4;
	t->flags = p[FLAGS_AT];
	t->seq = get_unaligned_be32(p + 4);
	return p[12] >> 4 >= sizeof(struct tcphdr) / 4 &&
	       t->header_len < len && (t->flags & (ACK | SINGLE_FLAGS)) == ACK;
}

/* All but lengths, checksums and the identification */
static u32 ip_difference(const u8 *a, const u8 *b)
{
	u32 d = (word(a) ^ word(b));
	unsigned int i;

	if (*a == 0x45) {
		d &= (__force u32)htonl(0xffff0000);
		d |= (word(a + 4) ^ word(b + 4)) & (__force u32)htonl(0xffff);
		d |= (word(a + 8) ^ word(b + 8)) &
		     (__force u32)htonl(0xffff0000);
		d |= word(a + 12) ^ word(b + 12);
		return d | (word(a + 16) ^ word(b + 16));
	}
	d |= (word(a + 4) ^ word(b + 4)) & (__force u32)htonl(0xffff);
	for (i = 8; i < sizeof(struct ipv6hdr); i += 4)
		d |= word(a + i) ^ word(b + i);
	return d;
}

/* All but sequence number, checksum, urgent pointer, FIN and PSH */
static u32 tcp_difference(const u8 *a, const u8 *b, unsigned int len)
{
	u32 d = word(a) ^ word(b);
	unsigned int i;

	d |= word(a + 8) ^ word(b + 8);
	d |= (word(a + 12) ^ word(b + 12)) &
	     ~(__force u32)htonl(LAST_FLAGS << 16);
	for (i = sizeof(struct tcphdr); i < len; i += 4)
		d |= word(a + i) ^ word(b + i);
	return d;
}

/* RFC 6864: the identification of what can't be fragmented may stay. */
static bool same_id(const struct signet_segment *prev,
		    struct signet_segment *seg, const struct tcp_segment *t)
{
	u16 step = t->id - prev->id;

	if (t->at != sizeof(struct iphdr))
		return true;
	if (step > 1 || (!step && !(t->headers[6] & (IP_DF >> 8))))
		return false;
	seg->fixed_id = !step;
	return !prev->joined || prev->fixed_id == seg->fixed_id;
}

u8 signet_outer_tos(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IPV6))
		return ipv6_get_dsfield(ipv6_hdr(skb));
	return ip_hdr(skb)->tos;
}

static bool same_stream(struct signet_run *run, struct signet_segment *seg,
			const struct tcp_segment *t)
{
	const struct signet_stream *st = &run->stream;
	const struct signet_segment *prev = seg - 1;
	const u8 *headers;

	if (!may_join(st, seg->len) || t->header_len != st->header_len ||
	    t->seq != st->seq)
		return false;
	headers = run->segments[st->first].data;
	return !(ip_difference(headers, t->headers) |
		 tcp_difference(headers + t->at, t->headers + t->at,
				t->header_len - t->at)) &&
	       same_id(prev, seg, t) &&
	       (prev->skb == seg->skb ||
		signet_outer_tos(prev->skb) == signet_outer_tos(seg->skb));
}

static void segment_join(struct signet_run *run, struct signet_segment *seg,
			 const struct tcp_segment *t)
{
	struct signet_stream *st = &run->stream;
	unsigned int payload = seg->len - t->header_len;

	if (same_stream(run, seg, t)) {
		seg->joined = 1;
		seg->data += t->header_len;
		seg->len = payload;
	} else {
		st->first = run->n;
		st->mss = payload;
		st->len = 0;
		st->header_len = t->header_len;
	}
	seg->header_len = t->header_len;
	seg->first = st->first;
	seg->offset = st->len;
	seg->id = t->id;
	seg->flags = t->flags;
	st->len += payload;
	st->seq = t->seq + payload;
	if (payload < st->mss || t->flags & LAST_FLAGS)
		st->header_len = 0;
}

bool signet_join(struct signet_run *run, struct signet_segment *seg,
		 const u8 *tail)
{
	u8 *from = seg->data, *end = free_start(run);
	unsigned int over = from < end && from >= run->base ? end - from : 0;
	struct tcp_segment t;

	seg->joined = 0;
	seg->fixed_id = 0;
	seg->header_len = 0;
	if (tcp_parse(from, seg->len, &t))
		segment_join(run, seg, &t);
	else if (seg->len)
		run->stream.header_len = 0;

	if (over && seg->len && !seg->joined) {
		seg->data = room(run, seg->len);
		if (likely(seg->data))
			memmove(seg->data, from, seg->len);
	}
	if (over)
		memcpy(from, tail, over);
	if (unlikely(!seg->data)) {
		run->stream.header_len = 0;
		return false;
	}
	if (seg->len)
		run->offset = seg->data + seg->len - run->base;
	return true;
}
