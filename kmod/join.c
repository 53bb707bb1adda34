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

#define FLAGS_AT 13
#define ACK	 BIT(4)
/* the last segment of a stream may have these */
#define LAST_FLAGS (BIT(0) | BIT(3)) /* FIN, PSH */
/* no segment of a stream has these */
#define SINGLE_FLAGS (BIT(1) | BIT(2) | BIT(5) | BIT(7)) /* SYN, RST, URG, CWR */

static bool chunk_new(struct signet_run *run, unsigned int len)
{
	struct signet_mem *mem = &run->mem;

	/* nobody else has it: from the start again */
	if (mem->page && !run->n && len <= mem->size &&
	    page_ref_count(mem->page) == 1 && !page_is_pfmemalloc(mem->page)) {
		mem->offset = 0;
		return true;
	}
	if (mem->page && run->n) {
		if (run->n_full == SIGNET_RUN_PAGES)
			return false;
		get_page(mem->page);
		run->full[run->n_full++] = mem->page;
	}
	if (!signet_mem_refill(mem, len))
		return false;
	run->base = page_address(mem->page);
	return true;
}

static u8 *room(struct signet_run *run, unsigned int len)
{
	unsigned int offset = ALIGN(run->mem.offset, 16);

	if (likely(run->mem.page && offset + len <= run->mem.size))
		return run->base + offset;
	return chunk_new(run, len) ? run->base : NULL;
}

static u8 *free_start(const struct signet_run *run)
{
	return run->base + run->mem.offset;
}

/* May @len bytes of plaintext be the next segment of the stream? */
static bool may_join(const struct signet_stream *st, unsigned int len)
{
	return st->header_len && len > st->header_len &&
	       len - st->header_len <= st->mss && st->len + len <= U16_MAX;
}

/* Bytes under a header: 52 of IPv4 and TCP with time stamps, 40 without, less
 * what page_skew() says.
 */
static __always_inline void tail_copy(u8 *to, const u8 *from, unsigned int len)
{
	if (likely(len == 52))
		memcpy(to, from, 52);
	else
		memcpy(to, from, len);
}

/* Walks of the crypto API stop where a page ends, and copy the block that
 * crosses, unless a block ends there: how much later such a text begins.
 */
static unsigned int page_skew(const struct signet_key *key, const u8 *text,
			      unsigned int len)
{
	unsigned int left = PAGE_SIZE - offset_in_page(text);

	if (key->cipher != SIGNET_CIPHER_AES_256_GCM || left >= len)
		return 0;
	return left % 16;
}

u8 *signet_join_room(struct signet_run *run, unsigned int len, u8 *tail)
{
	const struct signet_stream *st = &run->stream;
	u8 *end = free_start(run), *to = end - st->header_len;

	/* the stream's last segment ends where free memory starts */
	if (!may_join(st, len) || to < run->base)
		return room(run, len);
	to += page_skew(run->look.key, to, len);
	if (to + len > run->base + run->mem.size)
		return room(run, len);
	tail_copy(tail, to, end - to);
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

/* of twice eight bytes, bits that differ and are set in @mask: its first ones
 * are those of the first byte
 */
static __always_inline u64 differ(const u8 *a, const u8 *b, u64 mask)
{
	return (get_unaligned_le64(a) ^ get_unaligned_le64(b)) & swab64(mask);
}

/* All but lengths, checksums and the identification */
static __always_inline u64 ip_difference(const u8 *a, const u8 *b)
{
	u64 d;

	if (*a == 0x45) {
		d = differ(a, b, 0xffff00000000ffff);
		d |= differ(a + 8, b + 8, 0xffff0000ffffffff);
		/* and the ports, which follow */
		return d | differ(a + 16, b + 16, U64_MAX);
	}
	d = differ(a, b, 0xffffffff0000ffff);
	d |= differ(a + 8, b + 8, U64_MAX) | differ(a + 16, b + 16, U64_MAX);
	return d | differ(a + 24, b + 24, U64_MAX) |
	       differ(a + 32, b + 32, U64_MAX);
}

/* All but sequence number, checksum, urgent pointer, FIN and PSH */
static __always_inline u64 tcp_difference(const u8 *a, const u8 *b,
					  unsigned int len)
{
	u64 d = differ(a, b, 0xffffffff00000000);
	unsigned int i;

	d |= differ(a + 8, b + 8, ~((u64)LAST_FLAGS << 16));
	for (i = sizeof(struct tcphdr); i < len; i += 4)
		d |= get_unaligned_le32(a + i) ^ get_unaligned_le32(b + i);
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
		tail_copy(from, tail, over);
	if (unlikely(!seg->data)) {
		run->stream.header_len = 0;
		return false;
	}
	if (seg->len)
		run->mem.offset = seg->data + seg->len - run->base;
	return true;
}
