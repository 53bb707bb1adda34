// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "segment.h"

#define GSO_TCP (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)
/* what says something about a super-packet, not of which kind it is */
#define GSO_HINTS (SKB_GSO_DODGY | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID | \
		   SKB_GSO_TCP_ACCECN)

static bool init_ip4(struct signet_segments *s, struct sk_buff *skb, u8 proto)
{
	const struct iphdr *iph = ip_hdr(skb);

	s->l4 = iph->ihl * 4;
	if (iph->ihl < 5 || iph->protocol != proto || ip_is_fragment(iph))
		return false;
	s->id = ntohs(iph->id);
	s->pseudo = csum_tcpudp_nofold(iph->saddr, iph->daddr, 0, proto, 0);
	return true;
}

static bool init_ip6(struct signet_segments *s, struct sk_buff *skb, u8 proto)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	if (ip6h->nexthdr != proto)
		return false;
	s->ip6 = true;
	s->l4 = sizeof(*ip6h);
	s->pseudo = csum_unfold(~csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr,
						 0, proto, 0));
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

/* @sum: over pseudo header and payload */
static void write_tcp(struct signet_segments *s, struct tcphdr *th, __wsum sum)
{
	th->seq = htonl(s->seq);
	s->seq += s->mss;
	if (s->written)
		th->cwr &= s->keep_cwr;
	if (s->left) {
		th->fin = 0;
		th->psh = 0;
	}
	th->check = 0;
	th->check = csum_fold(csum_partial(th, s->headers - s->l4, sum));
}

static void write_udp(struct udphdr *uh, unsigned int len, __wsum sum)
{
	uh->len = htons(len);
	uh->check = 0;
	uh->check = csum_fold(csum_partial(uh, sizeof(*uh), sum)) ?:
		    CSUM_MANGLED_0;
}

void signet_segments_write(struct signet_segments *s, u8 *to)
{
	unsigned int payload = min(s->left, s->mss);
	unsigned int len = s->headers - s->l4 + payload;
	__wsum sum = csum_add(s->pseudo, (__force __wsum)htonl(len));
	struct iphdr *iph = (struct iphdr *)to;

	memcpy(to, s->skb->data, s->headers);
	sum = csum_add(sum, copy_payload(s, to + s->headers, payload));
	s->left -= payload;

	if (s->ip6) {
		((struct ipv6hdr *)to)->payload_len = htons(len);
	} else {
		iph->tot_len = htons(s->l4 + len);
		iph->id = htons(s->id);
		s->id += !s->fixed_id;
		ip_send_check(iph);
	}
	if (s->tcp)
		write_tcp(s, (struct tcphdr *)(to + s->l4), sum);
	else
		write_udp((struct udphdr *)(to + s->l4), len, sum);
	s->written++;
}
