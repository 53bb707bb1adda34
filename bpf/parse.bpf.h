/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the UDP header of a packet is: Ethernet with up to two VLAN tags, IPv4
 * with options, IPv6 with extension headers (RFC 8200).
 */
#ifndef SIGNET_BPF_PARSE_H
#define SIGNET_BPF_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_TAGS   2
#define IP6_HEADERS 6
#define IP_MF	    0x2000
#define IP_OFFSET   0x1fff
#define HEADERS_MAX 1024	      /* of all headers before UDP's */
#define OFFSET_MAX  (HEADERS_MAX + 8) /* of what is read */
#define OFFSET_MASK 0x7ff

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

struct ip6_extension {
	__u8 next;
	__u8 len;
	__be16 offset; /* of a fragment header */
};

/* What a packet is, as far as its headers say. */
enum parsed {
	PARSED_OTHER,	       /* no IP */
	PARSED_IP,	       /* IP, and its protocol is known */
	PARSED_FIRST_FRAGMENT, /* the same, of a part of a packet */
	PARSED_FRAGMENT,       /* a later part: there is no transport header */
	PARSED_BAD,	       /* malformed or cut off */
	PARSED_ENDLESS,	       /* more extension headers than anybody needs */
};

/**
 * struct packet - what was found
 * @l3: offset of the IP header
 * @l4: offset of the transport header
 * @end: where the packet ends, as IP says, from the start
 * @eth_proto: of what @l3 is, in network order
 * @ip6: IPv6
 * @proto: protocol of the transport header
 */
struct packet {
	__u32 l3;
	__u32 l4;
	__u32 end;
	__be16 eth_proto;
	bool ip6;
	__u8 proto;
};

/* Return: @size bytes at @off; NULL unless they are in the first buffer and not
 * too far from its start
 */
static __always_inline void *bytes_at(struct xdp_md *ctx, __u32 off, __u32 size)
{
	void *end = (void *)(long)ctx->data_end;
	void *p = (void *)(long)ctx->data;

	if (off > OFFSET_MAX)
		return NULL;
	/* what was compared may have been to the stack and back since then, of
	 * which older verifiers know nothing: a bound that nothing comes between
	 */
	barrier_var(off);
	p += off & OFFSET_MASK;
	return p + size <= end ? p : NULL;
}

#define packet_has(ctx, off, size, p) ((p) = bytes_at(ctx, off, size))

static __always_inline bool parse_ethernet(struct xdp_md *ctx, struct packet *k)
{
	struct ethhdr *eth;

	k->l3 = sizeof(*eth);
	if (!packet_has(ctx, 0, sizeof(*eth), eth))
		return false;
	k->eth_proto = eth->h_proto;
#pragma unroll
	for (int i = 0; i < VLAN_TAGS; i++) {
		struct vlan_tag *tag;

		if (k->eth_proto != bpf_htons(ETH_P_8021Q) &&
		    k->eth_proto != bpf_htons(ETH_P_8021AD))
			break;
		if (!packet_has(ctx, k->l3, sizeof(*tag), tag))
			return false;
		k->eth_proto = tag->proto;
		k->l3 += sizeof(*tag);
	}
	return true;
}

static __always_inline enum parsed parse_ip4(struct xdp_md *ctx,
					     struct packet *k)
{
	__u32 header, total;
	struct iphdr *ip;
	__u16 fragment;

	if (!packet_has(ctx, k->l3, sizeof(*ip), ip))
		return PARSED_BAD;
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || total < header)
		return PARSED_BAD;
	k->ip6 = false;
	k->proto = ip->protocol;
	k->l4 = k->l3 + header;
	k->end = k->l3 + total;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & IP_OFFSET)
		return PARSED_FRAGMENT;
	return fragment & IP_MF ? PARSED_FIRST_FRAGMENT : PARSED_IP;
}

static __always_inline bool is_extension(__u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
	       proto == IPPROTO_DSTOPTS || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_AH;
}

/* Global, so that the verifier looks at it once. Return: enum parsed */
__noinline int parse_extensions(struct xdp_md *ctx, struct packet *k)
{
	enum parsed parsed = PARSED_IP;

	if (!k)
		return PARSED_BAD;
	for (int i = 0; i < IP6_HEADERS; i++) {
		struct ip6_extension *x;

		if (k->l4 > HEADERS_MAX)
			return PARSED_ENDLESS;
		if (!is_extension(k->proto))
			return parsed;
		if (!packet_has(ctx, k->l4, 8, x))
			return PARSED_BAD;
		if (k->proto == IPPROTO_FRAGMENT) {
			if (x->offset & bpf_htons(0xfff8))
				return PARSED_FRAGMENT;
			if (x->offset & bpf_htons(1))
				parsed = PARSED_FIRST_FRAGMENT;
			k->l4 += 8;
		} else if (k->proto == IPPROTO_AH) {
			k->l4 += (x->len + 2) * 4;
		} else {
			k->l4 += (x->len + 1) * 8;
		}
		k->proto = x->next;
	}
	return is_extension(k->proto) || k->l4 > HEADERS_MAX ? PARSED_ENDLESS
							     : parsed;
}

static __always_inline enum parsed parse_ip6(struct xdp_md *ctx,
					     struct packet *k)
{
	struct ipv6hdr *ip6;

	if (!packet_has(ctx, k->l3, sizeof(*ip6), ip6) || ip6->version != 6)
		return PARSED_BAD;
	k->ip6 = true;
	k->proto = ip6->nexthdr;
	k->l4 = k->l3 + sizeof(*ip6);
	k->end = k->l4 + bpf_ntohs(ip6->payload_len);
	return is_extension(k->proto) ? parse_extensions(ctx, k) : PARSED_IP;
}

/* @k is filled in as far as it is known */
static __always_inline enum parsed parse(struct xdp_md *ctx, struct packet *k)
{
	if (!parse_ethernet(ctx, k))
		return PARSED_OTHER;
	if (k->eth_proto == bpf_htons(ETH_P_IP))
		return parse_ip4(ctx, k);
	if (k->eth_proto == bpf_htons(ETH_P_IPV6))
		return parse_ip6(ctx, k);
	return PARSED_OTHER;
}

#endif
