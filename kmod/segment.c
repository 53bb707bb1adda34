// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "segment.h"

#define GSO_TCP (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)
/* what says something about a super-packet, not of which kind it is */
#define GSO_HINTS (SKB_GSO_DODGY | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID | \
		   SKB_GSO_TCP_ACCECN)

/* flags, and the header's length */
static __be16 *tcp_flags(struct tcphdr *th)
{
	return (__be16 *)th + 6;
}

static bool init_ip4(struct signet_segments *s, struct sk_buff *skb, u8 proto)
{
	const struct iphdr *iph = ip_hdr(skb);

	s->l4 = iph->ihl * 4;
	if (iph->ihl < 5 || iph->protocol != proto || ip_is_fragment(iph))
		return false;
	s->id = ntohs(iph->id);
	s->sum = csum_tcpudp_nofold(iph->saddr, iph->daddr, 0, proto, 0);
	return true;
}

static bool init_ip6(struct signet_segments *s, struct sk_buff *skb, u8 proto)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	if (ip6h->nexthdr != proto)
		return false;
	s->ip6 = true;
	s->l4 = sizeof(*ip6h);
	s->sum = csum_unfold(~csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, 0,
					      proto, 0));
	return true;
}

static bool init_tcp(struct signet_segments *s, struct sk_buff *skb)
{
	const struct tcphdr *th;

	if (!pskb_may_pull(skb, s->l4 + sizeof(*th)))
		return false;
	th = (struct tcphdr *)(skb->data + s->l4);
	if (th->doff < 5)
		return false;
	s->tcp = true;
	s->seq = ntohl(th->seq);
	s->headers = s->l4 + th->doff * 4;
	return true;
}

static bool init_udp(struct signet_segments *s, struct sk_buff *skb)
{
	const struct udphdr *uh;

	if (!pskb_may_pull(skb, s->l4 + sizeof(*uh)))
		return false;
	uh = (struct udphdr *)(skb->data + s->l4);
	if (!uh->check) /* none is wanted */
		return false;
	s->headers = s->l4 + sizeof(*uh);
	return true;
}

/* Headers without what differs, and the sums over them */
static void init_header(struct signet_segments *s)
{
	struct iphdr *iph = (struct iphdr *)s->header;
	u8 *l4 = s->header + s->l4;

	memcpy(s->header, s->skb->data, s->headers);
	if (s->ip6) {
		((struct ipv6hdr *)s->header)->payload_len = 0;
	} else {
		iph->tot_len = 0;
		iph->id = 0;
		iph->check = 0;
		s->ip_sum = csum_partial(iph, s->l4, 0);
	}
	if (s->tcp) {
		struct tcphdr *th = (struct tcphdr *)l4;

		s->flags = *tcp_flags(th);
		*tcp_flags(th) = 0;
		th->seq = 0;
		th->check = 0;
	} else {
		((struct udphdr *)l4)->len = 0;
		((struct udphdr *)l4)->check = 0;
	}
	s->sum = csum_partial(l4, s->headers - s->l4, s->sum);
}

bool signet_segments_init(struct signet_segments *s, struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int type = shinfo->gso_type & ~GSO_HINTS;
	bool ip6 = skb->protocol == htons(ETH_P_IPV6);

	if (skb->ip_summed != CHECKSUM_PARTIAL || skb_has_frag_list(skb))
		return false;

	memset(s, 0, sizeof(*s));
	if (type == (ip6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4)) {
		if (!(ip6 ? init_ip6(s, skb, IPPROTO_TCP) :
			    init_ip4(s, skb, IPPROTO_TCP)) ||
		    !init_tcp(s, skb))
			return false;
	} else if (type == SKB_GSO_UDP_L4) {
		if (!(ip6 ? init_ip6(s, skb, IPPROTO_UDP) :
			    init_ip4(s, skb, IPPROTO_UDP)) ||
		    !init_udp(s, skb))
			return false;
	} else {
		return false;
	}

	if (!pskb_may_pull(skb, s->headers) || skb->len <= s->headers ||
	    !shinfo->gso_size)
		return false;
	shinfo = skb_shinfo(skb); /* the head may have moved */
	s->skb = skb;
	s->mss = shinfo->gso_size;
	s->left = skb->len - s->headers;
	s->n = DIV_ROUND_UP(s->left, s->mss);
	s->fixed_id = shinfo->gso_type & SKB_GSO_TCP_FIXEDID;
	s->keep_cwr = shinfo->gso_type & SKB_GSO_TCP_ACCECN;
	s->from = skb->data + s->headers;
	s->chunk = skb_headlen(skb) - s->headers;
	init_header(s);
	return true;
}

/*
 * Return: sum over what was copied. The device takes no pages in high memory:
 * all have an address.
 */
static __wsum copy_payload(struct signet_segments *s, u8 *to, unsigned int len)
{
	unsigned int n, done = 0;
	const skb_frag_t *frag;
	__wsum part, sum = 0;

	for (;;) {
		n = min(len - done, s->chunk);
		part = csum_partial_copy_nocheck(s->from, to + done, n);
		sum = csum_block_add(sum, part, done);
		s->from += n;
		s->chunk -= n;
		done += n;
		if (likely(done == len))
			return sum;
		frag = &skb_shinfo(s->skb)->frags[s->frag++];
		s->from = skb_frag_address(frag);
		s->chunk = skb_frag_size(frag);
	}
}

static __wsum add16(__wsum sum, __be16 word)
{
	return csum_add(sum, (__force __wsum)word);
}

static void write_ip4(struct signet_segments *s, struct iphdr *iph,
		      unsigned int len)
{
	iph->tot_len = htons(s->l4 + len);
	iph->id = htons(s->id);
	s->id += !s->fixed_id;
	iph->check = csum_fold(add16(add16(s->ip_sum, iph->tot_len), iph->id));
}

/* @sum: over pseudo header, payload and what all headers share */
static void write_tcp(struct signet_segments *s, struct tcphdr *th, __wsum sum)
{
	__be16 flags = s->flags;

	if (s->written && !s->keep_cwr)
		flags &= ~htons(TCPHDR_CWR);
	if (s->left)
		flags &= ~htons(TCPHDR_FIN | TCPHDR_PSH);
	*tcp_flags(th) = flags;
	th->seq = htonl(s->seq);
	s->seq += s->mss;
	sum = csum_add(sum, (__force __wsum)th->seq);
	th->check = csum_fold(add16(sum, flags));
}

static void write_udp(struct udphdr *uh, unsigned int len, __wsum sum)
{
	uh->len = htons(len);
	uh->check = csum_fold(add16(sum, uh->len)) ?: CSUM_MANGLED_0;
}

void signet_segments_write(struct signet_segments *s, u8 *to)
{
	unsigned int payload = min(s->left, s->mss);
	unsigned int len = s->headers - s->l4 + payload;
	__wsum sum = csum_add(s->sum, (__force __wsum)htonl(len));

	if (likely(s->headers == 52)) /* IPv4, TCP with time stamps */
		memcpy(to, s->header, 52);
	else
		memcpy(to, s->header, s->headers);
	sum = csum_add(sum, copy_payload(s, to + s->headers, payload));
	s->left -= payload;

	if (s->ip6)
		((struct ipv6hdr *)to)->payload_len = htons(len);
	else
		write_ip4(s, (struct iphdr *)to, len);
	if (s->tcp)
		write_tcp(s, (struct tcphdr *)(to + s->l4), sum);
	else
		write_udp((struct udphdr *)(to + s->l4), len, sum);
	s->written++;
}
