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

#include "aead.h"
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

/* Bytes under a header: 52 of IPv4 and TCP with time stamps, 40 without */
static __always_inline void tail_copy(u8 *to, const u8 *from, unsigned int len)
{
	if (likely(len == 52))
		memcpy(to, from, 52);
	else
		memcpy(to, from, len);
}

/* does a block of the text cross from a page into the next? */
static bool block_crosses(const struct signet_key *key, const u8 *text,
			  unsigned int len)
{
	return SIGNET_WALK_STOPS && (unsigned long)text % 16 &&
	       offset_in_page(text) + len > PAGE_SIZE &&
	       key->cipher == SIGNET_CIPHER_AES_256_GCM;
}

u8 *signet_join_room(struct signet_run *run, unsigned int len)
{
	const struct signet_stream *st = &run->stream;
	u8 *end = free_start(run), *to = end - st->header_len;

	/* the stream's last segment ends where free memory starts */
	if (!may_join(st, len) || to < run->base ||
	    to + len > run->base + run->mem.size ||
	    block_crosses(run->look.key, to, len))
		return room(run, len);
	tail_copy(run->tail, to, end - to);
	return to;
}

static unsigned int tcp_offset(const u8 *packet)
{
	return *packet >> 4 == 4 ? sizeof(struct iphdr) :
				   sizeof(struct ipv6hdr);
}

/* Headers with which a stream can begin, as in GRO. Return: their length, or 0 */
static unsigned int stream_header(const u8 *p, unsigned int len)
{
	unsigned int at = sizeof(struct iphdr), header_len;

	if (len > sizeof(struct iphdr) + sizeof(struct tcphdr) && *p == 0x45) {
		if (p[9] != IPPROTO_TCP || get_unaligned_be16(p + 2) != len ||
		    get_unaligned_be16(p + 6) & ~IP_DF ||
		    ip_fast_csum(p, sizeof(struct iphdr) / 4))
			return 0;
	} else if (len > sizeof(struct ipv6hdr) + sizeof(struct tcphdr) &&
		   *p >> 4 == 6) {
		at = sizeof(struct ipv6hdr);
		if (p[6] != IPPROTO_TCP || get_unaligned_be16(p + 4) != len - at)
			return 0;
	} else {
		return 0;
	}
	p += at;
	header_len = at + (p[12] >> 4) * 4;
	if (p[12] >> 4 < sizeof(struct tcphdr) / 4 || header_len >= len ||
	    (p[FLAGS_AT] & (ACK | SINGLE_FLAGS)) != ACK)
		return 0;
	return header_len;
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
	for (i = sizeof(struct tcphdr); i + 8 <= len; i += 8)
		d |= differ(a + i, b + i, U64_MAX);
	if (i < len)
		d |= get_unaligned_le32(a + i) ^ get_unaligned_le32(b + i);
	return d;
}

/* what all headers of a stream have the same: never 0, length is part of it */
static __always_inline u16 ip4_sum(const u8 *p)
{
	u32 sum = get_unaligned_le16(p + 2) + get_unaligned_le16(p + 4) +
		  get_unaligned_le16(p + 10);

	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* what @p says of its length is true, and its checksum right */
static __always_inline bool ip_whole(const struct signet_stream *st,
				     const u8 *p, unsigned int len)
{
	if (*p == 0x45)
		return get_unaligned_be16(p + 2) == len &&
		       ip4_sum(p) == st->ip_sum;
	return get_unaligned_be16(p + 4) == len - sizeof(struct ipv6hdr);
}

/* RFC 6864: the identification of what can't be fragmented may stay. */
static __always_inline bool same_id(struct signet_segment *seg, const u8 *p)
{
	const struct signet_segment *prev = seg - 1;
	u16 step;

	if (*p != 0x45)
		return true;
	seg->id = get_unaligned_be16(p + 4);
	step = seg->id - prev->id;
	if (step > 1 || (!step && !(p[6] & (IP_DF >> 8))))
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

/* A packet whose headers are those of the stream needs no other look. */
static bool goes_on(const struct signet_stream *st, struct signet_segment *seg)
{
	const struct signet_segment *prev = seg - 1;
	const u8 *headers = st->headers, *p = seg->data;
	unsigned int at = st->tcp;

	return !(ip_difference(headers, p) |
		 tcp_difference(headers + at, p + at, st->header_len - at)) &&
	       get_unaligned_be32(p + at + 4) == st->seq &&
	       ip_whole(st, p, seg->len) && same_id(seg, p) &&
	       (prev->skb == seg->skb ||
		signet_outer_tos(prev->skb) == signet_outer_tos(seg->skb));
}

static void stream_add(struct signet_run *run, struct signet_segment *seg,
		       unsigned int payload, const u8 *tcp)
{
	struct signet_stream *st = &run->stream;

	seg->header_len = st->header_len;
	seg->first = st->first;
	seg->offset = st->len;
	seg->flags = tcp[FLAGS_AT];
	st->len += payload;
	if (payload < st->mss || seg->flags & LAST_FLAGS)
		st->header_len = 0;
}

/* @seg->data is a packet; that of a segment that is joined becomes its payload */
static void segment_join(struct signet_run *run, struct signet_segment *seg)
{
	struct signet_stream *st = &run->stream;
	const u8 *p = seg->data;
	unsigned int payload;

	if (likely(may_join(st, seg->len)) && goes_on(st, seg)) {
		payload = seg->len - st->header_len;
		seg->joined = 1;
		seg->data += st->header_len;
		seg->len = payload;
		st->seq += payload;
	} else {
		seg->fixed_id = 0;
		st->header_len = stream_header(p, seg->len);
		if (!st->header_len)
			return;
		payload = seg->len - st->header_len;
		seg->id = get_unaligned_be16(p + 4); /* of IPv4 */
		st->ip_sum = ip4_sum(p); /* the same */
		st->tcp = tcp_offset(p);
		st->first = run->n;
		st->mss = payload;
		st->len = 0;
		st->seq = get_unaligned_be32(p + st->tcp + 4) + payload;
	}
	stream_add(run, seg, payload, p + st->tcp);
}

bool signet_join(struct signet_run *run, struct signet_segment *seg)
{
	u8 *from = seg->data, *end = free_start(run);
	unsigned int over = from < end && from >= run->base ? end - from : 0;

	seg->joined = 0;
	seg->fixed_id = 0;
	seg->header_len = 0;
	/* nothing continues what is no part of a stream */
	if (likely(seg->len))
		segment_join(run, seg);
	else
		run->stream.header_len = 0;

	if (over && seg->len && !seg->joined) {
		seg->data = room(run, seg->len);
		if (likely(seg->data))
			memmove(seg->data, from, seg->len);
	}
	if (!seg->joined)
		run->stream.headers = seg->data;
	if (over)
		tail_copy(from, run->tail, over);
	if (unlikely(!seg->data)) {
		run->stream.header_len = 0;
		return false;
	}
	if (seg->len)
		run->mem.offset = seg->data + seg->len - run->base;
	return true;
}
