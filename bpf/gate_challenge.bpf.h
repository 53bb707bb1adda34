/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The answer to an init under load: the packet itself becomes the cookie frame
 * that asks its sender to prove its address. No state, and never larger.
 */
#ifndef SIGNET_BPF_GATE_CHALLENGE_H
#define SIGNET_BPF_GATE_CHALLENGE_H

#include "gate_state.bpf.h"
#include "siphash.bpf.h"

/* The cookie of the source, under one of the two secrets. */
static __always_inline void cookie_of(const struct arrival *a,
				      const struct gate_port *cfg,
				      const __u32 source[4], int secret,
				      __u64 cookie[2])
{
	const __u64 *key = cfg->secret[secret];
	__u64 port = le16(a->source_port);
	__u64 words[2];

	if (a->k.ip6) {
		__builtin_memcpy(words, source, sizeof(words));
		siphash128(cookie, key, words, 2, port, 18);
	} else {
		siphash128(cookie, key, words, 0, le32(source[0]) | port << 32,
			   6);
	}
}

/* of two 16-bit sums in one word */
static __always_inline __u16 checksum(__u64 sum)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u64 sum64(__u64 sum, __u64 w)
{
	return sum + (__u32)w + (w >> 32);
}

#define COOKIE_WORDS (SIGNET_COOKIE_FRAME_LEN / 8)
#define REPLY_UDP    (sizeof(struct udphdr) + SIGNET_COOKIE_FRAME_LEN)

static __always_inline void cookie_frame(const struct arrival *a,
					 const struct gate_port *cfg,
					 const __u64 *mac1_key,
					 const __u32 source[4],
					 __u64 f[COOKIE_WORDS])
{
	f[0] = le64(SIGNET_FRAME_COOKIE | le64(a->head[1]) << 32);
	f[1] = 0;
	f[2] = a->head[MAC1_WORD];
	f[3] = a->head[MAC1_WORD + 1];
	cookie_of(a, cfg, source, 0, &f[4]);
	siphash128(&f[6], mac1_key, f, 6, 0, 48);
}

/* Return: the sum of the addresses */
static __always_inline __u64 reply_ip4(struct iphdr *ip, const __u32 to[4],
				       const __u32 from[4])
{
	__u64 sum;

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = 0;
	ip->tot_len = bpf_htons(sizeof(*ip) + REPLY_UDP);
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000); /* don't fragment */
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = from[0];
	ip->daddr = to[0];
	sum = (__u64)from[0] + to[0];
	ip->check = checksum(sum + bpf_htons(0x4500) + ip->tot_len +
			     ip->frag_off + bpf_htons(64 << 8 | IPPROTO_UDP));
	return sum;
}

static __always_inline __u64 reply_ip6(struct ipv6hdr *ip6, const __u32 to[4],
				       const __u32 from[4])
{
	__u64 sum = 0;

	*(__be32 *)ip6 = bpf_htonl(6 << 28);
	ip6->payload_len = bpf_htons(REPLY_UDP);
	ip6->nexthdr = IPPROTO_UDP;
	ip6->hop_limit = 64;
	__builtin_memcpy(&ip6->saddr, from, 16);
	__builtin_memcpy(&ip6->daddr, to, 16);
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum += (__u64)from[i] + to[i];
	return sum;
}

static __always_inline void reply_udp(struct udphdr *udp,
				      const struct arrival *a, __u64 sum,
				      const __u64 f[COOKIE_WORDS])
{
	udp->source = a->port;
	udp->dest = a->source_port;
	udp->len = bpf_htons(REPLY_UDP);
	sum += bpf_htons(IPPROTO_UDP) + 2 * udp->len + a->port + a->source_port;
#pragma unroll
	for (int i = 0; i < COOKIE_WORDS; i++)
		sum = sum64(sum, f[i]);
	udp->check = checksum(sum) ?: 0xffff;
	__builtin_memcpy(udp + 1, f, SIGNET_COOKIE_FRAME_LEN);
}

static __always_inline void swap_ethernet(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
}

/* The packet becomes its own answer: same tags, fresh headers without options.
 * Return: false where it can't be written.
 */
static __always_inline bool reply(struct xdp_md *ctx, const struct arrival *a,
				  const __u32 to[4], const __u32 from[4],
				  const __u64 f[COOKIE_WORDS])
{
	__u32 l3 = a->k.l3, size, len = bpf_xdp_get_buff_len(ctx);
	struct ipv6hdr *ip6;
	struct ethhdr *eth;
	struct iphdr *ip;

	size = l3 + (a->k.ip6 ? sizeof(*ip6) : sizeof(*ip)) + REPLY_UDP;
	if (size > len || bpf_xdp_adjust_tail(ctx, (int)size - (int)len) ||
	    !packet_has(ctx, 0, sizeof(*eth), eth))
		return false;
	swap_ethernet(eth);
	if (a->k.ip6) {
		if (!packet_has(ctx, l3, sizeof(*ip6) + REPLY_UDP, ip6))
			return false;
		reply_udp((struct udphdr *)(ip6 + 1), a,
			  reply_ip6(ip6, to, from), f);
	} else {
		if (!packet_has(ctx, l3, sizeof(*ip) + REPLY_UDP, ip))
			return false;
		reply_udp((struct udphdr *)(ip + 1), a, reply_ip4(ip, to, from),
			  f);
	}
	return true;
}

static __always_inline int challenge(struct xdp_md *ctx, struct arrival *a,
				     const struct gate_port *cfg,
				     const __u64 *mac1_key,
				     const __u32 source[4])
{
	__u64 f[COOKIE_WORDS];
	struct gate_counters *c;
	__u32 own[4], zero = 0;
	struct pace *pace;

	if (!is_local(ctx, &a->k))
		return FOR_OTHERS;
	pace = bpf_map_lookup_elem(&paces, &zero);
	if (!pace || !may_go(&pace->challenge, bpf_ktime_get_coarse_ns(),
			     cfg->cookie_interval, GATE_COOKIE_BURST))
		return refuse_frame(SIGNET_DROP_MAC2);
	cookie_frame(a, cfg, mac1_key, source, f);
	destination_of(ctx, &a->k, own);
	if (!reply(ctx, a, source, own, f))
		return refuse_frame(SIGNET_DROP_MAC2);
	c = counts();
	if (c)
		c->passed[GATE_CHALLENGED]++;
	return XDP_TX;
}

#endif
