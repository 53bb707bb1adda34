// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Segments of one TCP stream become one packet while they are opened: the
 * same that GRO would make of them, but their payload needs no move and no
 * fragment of its own.
 */
#include <linux/mm.h>
#include <linux/tcp.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "run.h"

#define CHUNK 32768

/* What the flags of two segments that are joined may differ in. */
#define LAST_FLAGS (TCP_FLAG_PSH | TCP_FLAG_FIN)
/* What no segment that is joined may have. */
#define SINGLE_FLAGS (TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_URG | TCP_FLAG_CWR)

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

static bool may_join(const struct signet_segment *prev, unsigned int len)
{
	return prev->header_len && !prev->closed && len > prev->header_len &&
	       len - prev->header_len <= prev->mss &&
	       prev->total + len <= U16_MAX;
}

u8 *signet_join_room(struct signet_run *run, unsigned int len, u8 *tail)
{
	const struct signet_segment *prev;
	u8 *to;

	if (!run->n)
		return room(run, len);
	prev = &run->segments[run->n - 1];
	to = free_start(run) - prev->header_len;
	if (!may_join(prev, len) || to + len > run->base + run->size ||
	    prev->data + prev->len != free_start(run))
		return room(run, len);
	memcpy(tail, to, prev->header_len);
	return to;
}

/* Length of the IP header of a TCP packet as GRO takes it; else 0. */
static unsigned int tcp_offset(const u8 *data, unsigned int len)
{
	const struct ipv6hdr *ip6h = (const struct ipv6hdr *)data;
	const struct iphdr *iph = (const struct iphdr *)data;

	if (len > sizeof(*iph) + sizeof(struct tcphdr) && data[0] == 0x45) {
		if (iph->protocol != IPPROTO_TCP ||
		    iph->frag_off & htons(~IP_DF) ||
		    iph->tot_len != htons(len) ||
		    ip_fast_csum(data, sizeof(*iph) / 4))
			return 0;
		return sizeof(*iph);
	}
	if (len > sizeof(*ip6h) + sizeof(struct tcphdr) &&
	    data[0] >> 4 == 6 && ip6h->nexthdr == IPPROTO_TCP &&
	    ip6h->payload_len == htons(len - sizeof(*ip6h)))
		return sizeof(*ip6h);
	return 0;
}

static unsigned int tcp_header_len(const u8 *data, unsigned int len)
{
	unsigned int at = tcp_offset(data, len);
	const struct tcphdr *th = (const struct tcphdr *)(data + at);
	unsigned int header_len;

	if (!at || th->doff < sizeof(*th) / 4)
		return 0;
	header_len = at + th->doff * 4;
	if (header_len >= len || !th->ack || tcp_flag_word(th) & SINGLE_FLAGS)
		return 0;
	return header_len;
}

static bool same_ipv4(const struct signet_segment *prev,
		      struct signet_segment *seg)
{
	const struct iphdr *a = (const struct iphdr *)prev->headers;
	const struct iphdr *b = (const struct iphdr *)seg->headers;
	u16 step = ntohs(b->id) - ntohs(a->id);

	if (a->saddr != b->saddr || a->daddr != b->daddr || a->tos != b->tos ||
	    a->ttl != b->ttl || a->frag_off != b->frag_off)
		return false;
	/* RFC 6864: the identification of what can't be fragmented may stay */
	if (step > 1 || (!step && !(b->frag_off & htons(IP_DF))))
		return false;
	seg->fixed_id = !step;
	return !prev->joined || prev->fixed_id == seg->fixed_id;
}

static bool same_ipv6(const struct signet_segment *prev,
		      const struct signet_segment *seg)
{
	const struct ipv6hdr *a = (const struct ipv6hdr *)prev->headers;
	const struct ipv6hdr *b = (const struct ipv6hdr *)seg->headers;

	return *(const __be32 *)a == *(const __be32 *)b &&
	       a->hop_limit == b->hop_limit &&
	       ipv6_addr_equal(&a->saddr, &b->saddr) &&
	       ipv6_addr_equal(&a->daddr, &b->daddr);
}

static bool same_tcp(const struct tcphdr *a, const struct tcphdr *b,
		     unsigned int payload)
{
	if (*(const u32 *)&a->source != *(const u32 *)&b->source ||
	    a->ack_seq != b->ack_seq ||
	    ntohl(b->seq) - ntohl(a->seq) != payload ||
	    (tcp_flag_word(a) ^ tcp_flag_word(b)) & ~LAST_FLAGS)
		return false;
	return !memcmp(a + 1, b + 1, a->doff * 4 - sizeof(*a));
}

u8 signet_outer_tos(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IPV6))
		return ipv6_get_dsfield(ipv6_hdr(skb));
	return ip_hdr(skb)->tos;
}

static bool same_stream(const struct signet_segment *prev,
			struct signet_segment *seg)
{
	unsigned int payload = prev->len;
	unsigned int at;

	if (prev->header_len != seg->header_len ||
	    prev->headers[0] != seg->headers[0])
		return false;
	if (prev->headers[0] == 0x45) {
		if (!same_ipv4(prev, seg))
			return false;
		at = sizeof(struct iphdr);
	} else {
		if (!same_ipv6(prev, seg))
			return false;
		at = sizeof(struct ipv6hdr);
	}
	if (!prev->joined)
		payload -= prev->header_len;
	return same_tcp((const struct tcphdr *)(prev->headers + at),
			(const struct tcphdr *)(seg->headers + at), payload) &&
	       (prev->skb == seg->skb ||
		signet_outer_tos(prev->skb) == signet_outer_tos(seg->skb));
}

static void segment_parse(struct signet_segment *seg)
{
	const struct tcphdr *th;
	unsigned int at;

	seg->joined = 0;
	seg->closed = 0;
	seg->fixed_id = 0;
	seg->header_len = tcp_header_len(seg->data, seg->len);
	if (!seg->header_len)
		return;
	memcpy(seg->headers, seg->data, seg->header_len);
	seg->mss = seg->len - seg->header_len;
	seg->total = seg->len;
	at = seg->headers[0] == 0x45 ? sizeof(struct iphdr) :
				       sizeof(struct ipv6hdr);
	th = (const struct tcphdr *)(seg->headers + at);
	seg->closed = !!(tcp_flag_word(th) & LAST_FLAGS);
}

static void segment_join(const struct signet_segment *prev,
			 struct signet_segment *seg)
{
	seg->data += seg->header_len;
	seg->len -= seg->header_len;
	seg->mss = prev->mss;
	seg->total = prev->total + seg->len;
	seg->joined = 1;
	if (seg->len < seg->mss)
		seg->closed = 1;
}

bool signet_join(struct signet_run *run, struct signet_segment *seg,
		 const u8 *tail)
{
	const struct signet_segment *prev = seg - 1;
	u8 *from = seg->data, *end = free_start(run), *to;

	segment_parse(seg);
	if (run->n && seg->header_len && may_join(prev, seg->len) &&
	    same_stream(prev, seg))
		segment_join(prev, seg);

	if (from < end && from >= run->base) {
		/* it was opened over the end of the segment before */
		if (seg->len && !seg->joined) {
			to = room(run, seg->len);
			if (to)
				memmove(to, from, seg->len);
			seg->data = to;
		}
		memcpy(from, tail, end - from);
		if (!seg->data)
			return false;
	}
	if (seg->len)
		run->offset = seg->data + seg->len - run->base;
	return true;
}
