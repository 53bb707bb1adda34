/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The answer to an init under load: the packet itself becomes the cookie frame
 * that asks its sender to prove its address. No state, and never larger.
 */
#ifndef SIGNET_BPF_GATE_CHALLENGE_H
#define SIGNET_BPF_GATE_CHALLENGE_H

#include "gate_state.bpf.h"

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

static __always_inline bool same_mac(const __u64 a[2], const __u64 b[2])
{
	return !((a[0] ^ b[0]) | (a[1] ^ b[1]));
}

static __always_inline const struct gate_port *port_at(__u32 index)
{
	const struct gate_settings *s;
	__u32 which = control.active & 1;

	s = bpf_map_lookup_elem(&settings, &which);
	return s && index < GATE_PORTS ? &s->port[index] : NULL;
}

static __always_inline void sip_from(struct sip *s, const struct gate_sip *g)
{
	s->v0 = g->v[0];
	s->v1 = g->v[1];
	s->v2 = g->v[2];
	s->v3 = g->v[3];
}

/* @g: one for each pattern */
static __always_inline const struct gate_sip *
of_pattern(const struct arrival *a, const struct gate_sip *g)
{
	_Static_assert((SIGNET_PATTERN_MAX & (SIGNET_PATTERN_MAX + 1)) == 0,
		       "a mask");
	return &g[a->hs.pattern & SIGNET_PATTERN_MAX];
}

/* of two 16-bit sums in one word */
static __always_inline __u16 checksum(__u64 sum)
{
#pragma unroll
	for (int i = 0; i < 3; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

#define REPLY_UDP (sizeof(struct udphdr) + SIGNET_COOKIE_FRAME_LEN)

/* a frame that is written; its checksum is that of all lower and upper halves */
struct frame {
	__u64 *to;
	__u64 words;
	__u64 upper;
};

static __always_inline __u64 put(struct frame *f, int at, __u64 w)
{
	f->to[at] = w;
	f->words += w;
	f->upper += w >> 32;
	return le64(w);
}

/* The cookie is cookie_of()'s. Its rounds and those of the frame's mac go side by
 * side until the mac needs it: each alone leaves a processor idle for a while.
 * Return: the sum of the frame's words
 */
static __always_inline __u64 cookie_frame(const struct arrival *a,
					  const struct gate_port *cfg,
					  const __u32 source[4], __u64 *to)
{
	__u64 last = le16(a->source_port), half;
	struct frame f = { .to = to };
	struct sip mac, cookie;

	sip_from(&mac, of_pattern(a, cfg->mac1));
	sip_from(&cookie, &cfg->cookie);
	if (a->k.ip6) {
		sip_next(&cookie, two32(source[0], source[1]));
		sip_word(&cookie, two32(source[2], source[3]));
		last |= 18ull << 56;
		sip_ahead(&cookie);
	} else {
		last = le32(source[0]) | last << 32 | 6ull << 56;
	}
	half = le64(SIGNET_FRAME_COOKIE | le64(a->head[1]) << 32);
	sip_next_beside(&mac, put(&f, 0, half), &cookie, last);
	cookie.v2 ^= 0xee;
	sip_word_beside(&mac, put(&f, 1, 0), &cookie);
	sip_word_beside(&mac, put(&f, 2, a->head[MAC1_WORD]), &cookie);
	half = le64(sip_out(&cookie));
	cookie.v1 ^= 0xdd;
	sip_word_beside(&mac, put(&f, 3, a->head[MAC1_WORD + 1]), &cookie);
	sip_word_beside(&mac, put(&f, 4, half), &cookie);
	sip_word(&mac, put(&f, 5, le64(sip_out(&cookie))));
	sip_word(&mac, (__u64)offsetof(struct signet_cookie_frame, mac) << 56);
	mac.v2 ^= 0xee;
	put(&f, 6, le64(sip_end(&mac)));
	mac.v1 ^= 0xdd;
	put(&f, 7, le64(sip_end(&mac)));
	return f.words - (f.upper << 32) + f.upper;
}

/* Headers are written by words, too. Return: the sum of the addresses */
static __always_inline __u64 reply_ip4(struct iphdr *ip4, __u32 to)
{
	__u32 *ip = (__u32 *)ip4, from = ip[4];
	__u64 sum = (__u64)from + to;

	ip[0] = bpf_htonl(0x45000000 | (sizeof(struct iphdr) + REPLY_UDP));
	ip[1] = bpf_htonl(0x4000); /* don't fragment */
	ip[2] = bpf_htonl(64 << 24 | IPPROTO_UDP << 16);
	ip[3] = from;
	ip[4] = to;
	ip4->check = checksum(sum + ip[0] + (__u64)ip[1] + ip[2]);
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
				      const struct arrival *a,
				      const struct gate_port *cfg,
				      const __u32 source[4], __u64 sum)
{
	sum += cookie_frame(a, cfg, source, (__u64 *)(udp + 1));
	udp->source = a->port;
	udp->dest = a->source_port;
	udp->len = bpf_htons(REPLY_UDP);
	sum += bpf_htons(IPPROTO_UDP) + 2 * udp->len + a->port + a->source_port;
	udp->check = checksum(sum) ?: 0xffff;
}

static __always_inline bool swap_ethernet(struct xdp_md *ctx)
{
	void *eth = (void *)(long)ctx->data;
	__u32 *to = eth, *from = eth + ETH_ALEN;
	__u16 *to2 = eth + 4, *from2 = eth + ETH_ALEN + 4;
	__u32 four;
	__u16 two;

	if (eth + sizeof(struct ethhdr) > (void *)(long)ctx->data_end)
		return false;
	four = *to;
	two = *to2;
	*to = *from;
	*to2 = *from2;
	*from = four;
	*from2 = two;
	return true;
}

/*
 * To the length of the answer. In libxdp's dispatcher a program may not change
 * that: kernels since 6.13 take it for one that breaks pointers of others. What is
 * behind the answer there is the sender's own, and left out by IP's length.
 */
static __always_inline bool shorten(struct xdp_md *ctx, __u32 size)
{
	__u32 len = packet_len(ctx);

#ifdef GATE_BESIDE
	return size <= len;
#else
	return size <= len && !bpf_xdp_adjust_tail(ctx, (int)size - (int)len);
#endif
}

/* The packet becomes its own answer: same tags, fresh headers without options.
 * Return: false where it can't be written.
 */
static __always_inline bool reply6(struct xdp_md *ctx, const struct arrival *a,
				   const struct gate_port *cfg,
				   const __u32 to[4])
{
	__u32 l3 = a->k.l3;
	struct ipv6hdr *ip6;
	__u32 from[4];

	destination_of(ctx, &a->k, from);
	if (!shorten(ctx, l3 + sizeof(*ip6) + REPLY_UDP) ||
	    !packet_has(ctx, l3, sizeof(*ip6) + REPLY_UDP, ip6))
		return false;
	if (!swap_ethernet(ctx))
		return false;
	reply_udp((struct udphdr *)(ip6 + 1), a, cfg, to,
		  reply_ip6(ip6, to, from));
	return true;
}

static __always_inline bool reply4(struct xdp_md *ctx, const struct arrival *a,
				   const struct gate_port *cfg,
				   const __u32 to[4])
{
	__u32 l3 = a->k.l3;
	struct iphdr *ip;

	if (!shorten(ctx, l3 + sizeof(*ip) + REPLY_UDP) ||
	    !packet_has(ctx, l3, sizeof(*ip) + REPLY_UDP, ip))
		return false;
	if (!swap_ethernet(ctx))
		return false;
	reply_udp((struct udphdr *)(ip + 1), a, cfg, to, reply_ip4(ip, to[0]));
	return true;
}

/* A batch for this CPU, from what all of them may send. Return: there was one */
static __always_inline bool take_batch(__u64 interval)
{
	__u64 now = bpf_ktime_get_coarse_ns(), at, to;
	__u32 zero = 0;
	__u64 *next;

	next = bpf_map_lookup_elem(&budget, &zero);
	if (!next)
		return false;
	/* another CPU may be as quick, a few times */
#pragma unroll
	for (int i = 0; i < 4; i++) {
		at = *(volatile __u64 *)next;
		if (at > now + interval * (GATE_COOKIE_BURST - COOKIE_BATCH))
			return false;
		to = (at > now ? at : now) + interval * COOKIE_BATCH;
		if (__sync_val_compare_and_swap(next, at, to) == at)
			return true;
	}
	return false;
}

/* A broadcast or multicast: no address of one host that an answer can have. */
static __always_inline bool is_for_many(struct xdp_md *ctx)
{
	const __u8 *eth;

	return !packet_has(ctx, 0, ETH_ALEN, eth) || *eth & 1;
}

static __always_inline int challenge(struct xdp_md *ctx, struct arrival *a,
				     const struct gate_port *cfg,
				     const __u32 source[4])
{
	struct gate_counters *c;
	bool replied;

	if (!is_local(ctx, &a->k))
		return FOR_OTHERS;
	if (is_for_many(ctx))
		return refuse_frame(SIGNET_DROP_MAC2);
	c = counts();
	/* what this CPU has sent says where in its batch it is */
	if (!c || (c->passed[GATE_CHALLENGED] % COOKIE_BATCH == 0 &&
		   !take_batch(cfg->cookie_interval)))
		return refuse_frame(SIGNET_DROP_MAC2);
	replied = a->k.ip6 ? reply6(ctx, a, cfg, source)
			   : reply4(ctx, a, cfg, source);
	if (!replied)
		return refuse_frame(SIGNET_DROP_MAC2);
	c->passed[GATE_CHALLENGED]++;
	return XDP_TX;
}

#endif
