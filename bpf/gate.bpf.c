// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The gate: on the outer interface, before anything of the network stack, a
 * frame is dropped unless its hop tag shows that a neighbour made it, and a
 * handshake unless it was made for this node and, under load, by somebody who
 * receives at its address. Whoever is not known leaves nothing in any map.
 *
 * Order: headers, port, structure, label, hop tag; or structure, mac1, mac2 or
 * challenge, token bucket.
 */
#include <linux/bpf.h>

#include <signet/wire.h>

#include "gate.h"
#include "parse.bpf.h"
#include "siphash.bpf.h"

#define AF_INET	 2
#define AF_INET6 10

/* Drops that are shown as events: so many in a second, on each CPU. */
#define EVENTS_PER_SECOND 100
/* What a /48 may, against one /64 in it. */
#define SITE_SCALE	  8
/* ports of DHCP and DHCPv6 clients */
#define DHCP_CLIENT	  68
#define DHCP6_CLIENT	  546
/* ICMP type 3: destination unreachable, path MTU among it */
#define ICMP_UNREACHABLE  3
/* ICMPv6: errors are below, neighbour discovery between these (RFC 4861) */
#define ICMP6_ERRORS	  128
#define ND_FIRST	  133
#define ND_LAST		  137

/* Drop all that is neither Signet's nor on the list. */
const volatile bool strict;
/* Somebody reads events. */
volatile bool sampled;
/* A longer packet was aggregated before it came here (generic XDP): its first
 * header speaks for it.
 */
volatile __u32 mtu = 1500;
/* which of the two settings is in use */
volatile __u32 active;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct gate_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct gate_label_key);
	__type(value, struct gate_label);
} labels SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gate_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE_BUCKETS);
	__type(key, __u32);
	__type(value, struct gate_bucket);
} buckets SEC(".maps");

/* when this CPU may send the next challenge, and the next event */
struct pace {
	__u64 challenge;
	__u64 event;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pace);
} paces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

/* so many bytes of a frame are looked at */
#define HEAD_WORDS (SIGNET_HANDSHAKE_HDR_LEN / 8)

/**
 * struct arrival - a datagram for one of the ports
 * @len: of the frame
 * @port: it came to
 * @aggregated: more than one datagram
 * @index: of the port in the settings
 * @head: the frame's first bytes
 */
struct arrival {
	struct packet k;
	__u32 len;
	__be16 source_port;
	__be16 port;
	bool aggregated;
	__u8 index;
	__u8 zero[6];
	union {
		__u64 head[HEAD_WORDS];
		struct signet_frame frame;
		struct signet_handshake_frame hs;
	};
};

static __always_inline struct gate_counters *counts(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

static __always_inline int pass(enum gate_pass what)
{
	struct gate_counters *c = counts();

	if (c)
		c->passed[what]++;
	return XDP_PASS;
}

/* Virtual scheduling (GCRA): @next moves on by @interval, at most @burst of
 * them ahead of now. Good where one CPU alone has it.
 */
static __always_inline bool may_go(__u64 *next, __u64 now, __u64 interval,
				   __u64 burst)
{
	__u64 at = *next;

	if (at > now + interval * (burst - 1))
		return false;
	*next = (at > now ? at : now) + interval;
	return true;
}

static __always_inline void source_of(struct xdp_md *ctx,
				      const struct packet *k, __u32 source[4])
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;

	source[0] = source[1] = source[2] = source[3] = 0;
	if (k->ip6) {
		if (packet_has(ctx, k->l3, sizeof(*ip6), ip6))
			__builtin_memcpy(source, &ip6->saddr, 16);
	} else if (packet_has(ctx, k->l3, sizeof(*ip), ip)) {
		source[0] = ip->saddr;
	}
}

/* Global functions are looked at once by the verifier, whoever calls them. */
__noinline int sample(struct xdp_md *ctx, struct packet *k, __u32 reason,
		      __u32 label, __u32 ports)
{
	__u64 now = bpf_ktime_get_ns();
	struct gate_event *e;
	struct pace *pace;
	__u32 zero = 0;

	if (!k)
		return 0;
	pace = bpf_map_lookup_elem(&paces, &zero);
	if (!pace || !may_go(&pace->event, now, 1000000000 / EVENTS_PER_SECOND,
			     EVENTS_PER_SECOND))
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->time_ns = now;
	e->ifindex = ctx->ingress_ifindex;
	e->length = ctx->data_end - ctx->data;
	e->label = label;
	e->reason = reason;
	e->family = !k->l4 ? 0 : k->ip6 ? AF_INET6 : AF_INET;
	e->source_port = ports & 0xffff;
	e->port = ports >> 16;
	source_of(ctx, k, e->source);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

static __always_inline int drop(struct xdp_md *ctx, struct packet *k,
				enum signet_drop reason, __u32 label,
				__u32 ports)
{
	struct gate_counters *c = counts();

	if (c) {
		c->dropped[reason]++;
		c->dropped_bytes += ctx->data_end - ctx->data;
	}
	if (sampled)
		sample(ctx, k, reason, label, ports);
	return XDP_DROP;
}

static __always_inline int drop_frame(struct xdp_md *ctx, struct arrival *a,
				      enum signet_drop reason)
{
	return drop(ctx, &a->k, reason, a->frame.label,
		    a->source_port | (__u32)a->port << 16);
}

/* the same, of what has not been looked into */
static __always_inline int drop_datagram(struct xdp_md *ctx, struct arrival *a,
					 enum signet_drop reason)
{
	return drop(ctx, &a->k, reason, 0,
		    a->source_port | (__u32)a->port << 16);
}

/* --- packet and message frames */

static __always_inline bool is_message_len(__u32 len)
{
	return len >= SIGNET_MESSAGE_MIN && len <= SIGNET_MESSAGE_MAX &&
	       (len - SIGNET_FRAME_OVERHEAD) % SIGNET_MESSAGE_PAD == 0;
}

static __always_inline int judge_frame(struct xdp_md *ctx, struct arrival *a)
{
	bool message = a->frame.type == SIGNET_FRAME_MESSAGE;
	struct gate_label_key key = { .port = a->port,
				      .label = a->frame.label };
	const struct gate_label *label;

	if (a->len < SIGNET_PACKET_MIN ||
	    (message && !a->aggregated && !is_message_len(a->len)))
		return drop_frame(ctx, a, SIGNET_DROP_LENGTH);
	if (a->frame.flags)
		return drop_frame(ctx, a, SIGNET_DROP_FLAGS);
	label = bpf_map_lookup_elem(&labels, &key);
	if (!label || label->pending)
		return drop_frame(ctx, a, SIGNET_DROP_LABEL);
	if (siphash64(label->hop_key, a->head, 2) != a->head[2])
		return drop_frame(ctx, a, SIGNET_DROP_HOP_TAG);
	return pass(message ? GATE_PASS_MESSAGE : GATE_PASS_PACKET);
}

/* --- handshake frames */

static __always_inline bool label_is_ours(const struct arrival *a)
{
	struct gate_label_key key = { .port = a->port,
				      .label = a->frame.label };

	return bpf_map_lookup_elem(&labels, &key);
}

static __always_inline bool same_mac(const __u64 a[2], const __u64 b[2])
{
	return !((a[0] ^ b[0]) | (a[1] ^ b[1]));
}

#define MAC1_WORD (SIGNET_MAC1_OFFSET / 8)
#define MAC2_WORD (SIGNET_MAC2_OFFSET / 8)

static __always_inline bool has_mac2(const struct arrival *a)
{
	return a->head[MAC2_WORD] | a->head[MAC2_WORD + 1];
}

/* Return: 0 or the reason to drop it, as signet_handshake_parse() */
static __always_inline enum signet_drop handshake_form(const struct arrival *a)
{
	bool init = a->hs.type == SIGNET_FRAME_INIT;

	if (a->len < SIGNET_HANDSHAKE_MIN || a->len > SIGNET_HANDSHAKE_MAX)
		return SIGNET_DROP_LENGTH;
	if (a->hs.pattern < SIGNET_PATTERN_IK ||
	    a->hs.pattern > SIGNET_PATTERN_MAX)
		return SIGNET_DROP_TYPE;
	/* reserved bytes, in the second half of the second word */
	if (a->hs.flags || le64(a->head[1]) >> 32)
		return SIGNET_DROP_FLAGS;
	if (!init && has_mac2(a))
		return SIGNET_DROP_FLAGS;
	if (init && a->hs.pattern != SIGNET_PATTERN_IK &&
	    a->len != SIGNET_HANDSHAKE_MAX)
		return SIGNET_DROP_LENGTH;
	if (init != !a->hs.label || !a->hs.sender_label)
		return SIGNET_DROP_LABEL;
	return SIGNET_DROP_NONE;
}

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

static __always_inline bool proved(const struct arrival *a,
				   const struct gate_port *cfg,
				   const __u32 source[4])
{
	__u64 cookie[2], mac[2];

	if (!has_mac2(a))
		return false;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		cookie_of(a, cfg, source, i, cookie);
		siphash128(mac, cookie, a->head, MAC2_WORD, 0,
			   SIGNET_MAC2_OFFSET);
		if (same_mac(mac, &a->head[MAC2_WORD]))
			return true;
	}
	return false;
}

static __always_inline bool take_one(const __u64 hash[2], __u64 interval,
				     __u64 burst, __u64 now)
{
	__u32 index = hash[1] % GATE_BUCKETS;
	__u64 tag = hash[0] | 1, at, to;
	struct gate_bucket *b;

	b = bpf_map_lookup_elem(&buckets, &index);
	if (!b)
		return false;
	if (b->tag != tag) {
		b->tag = tag;
		b->next = 0;
	}
	/* another CPU may be as quick, a few times */
#pragma unroll
	for (int i = 0; i < 4; i++) {
		at = b->next;
		if (at > now + interval * (burst - 1))
			return false;
		to = (at > now ? at : now) + interval;
		if (__sync_val_compare_and_swap(&b->next, at, to) == at)
			return true;
	}
	return false;
}

/* A token of the prefix that proved itself: IPv4 /32, or IPv6 /64 and /48. */
static __always_inline bool take_token(const struct arrival *a,
				       const struct gate_port *cfg,
				       const __u32 source[4])
{
	__u64 now = bpf_ktime_get_ns();
	__u64 hash[2], prefix;

	if (!a->k.ip6) {
		siphash128(hash, cfg->bucket_secret, hash, 0, le32(source[0]),
			   4);
		return take_one(hash, cfg->interval, cfg->burst, now);
	}
	__builtin_memcpy(&prefix, source, sizeof(prefix));
	siphash128(hash, cfg->bucket_secret, &prefix, 1, 0, 8);
	if (!take_one(hash, cfg->interval, cfg->burst, now))
		return false;
	siphash128(hash, cfg->bucket_secret, &prefix, 0,
		   le64(prefix) << 16 >> 16, 6);
	return take_one(hash, cfg->interval / SITE_SCALE,
			(__u64)cfg->burst * SITE_SCALE, now);
}

/* --- the challenge */

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

static __always_inline void destination_of(struct xdp_md *ctx,
					   const struct packet *k, __u32 to[4])
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;

	to[0] = to[1] = to[2] = to[3] = 0;
	if (k->ip6) {
		if (packet_has(ctx, k->l3, sizeof(*ip6), ip6))
			__builtin_memcpy(to, &ip6->daddr, 16);
	} else if (packet_has(ctx, k->l3, sizeof(*ip), ip)) {
		to[0] = ip->daddr;
	}
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

	pace = bpf_map_lookup_elem(&paces, &zero);
	if (!pace || !may_go(&pace->challenge, bpf_ktime_get_ns(),
			     cfg->cookie_interval, 64))
		return drop_frame(ctx, a, SIGNET_DROP_MAC2);
	cookie_frame(a, cfg, mac1_key, source, f);
	destination_of(ctx, &a->k, own);
	if (!reply(ctx, a, source, own, f))
		return drop_frame(ctx, a, SIGNET_DROP_MAC2);
	c = counts();
	if (c)
		c->passed[GATE_CHALLENGED]++;
	return XDP_TX;
}

/* --- verdicts */

static __always_inline bool mac1_ok(const struct arrival *a, const __u64 *key)
{
	__u64 mac[2];

	siphash128(mac, key, a->head, MAC1_WORD, 0, SIGNET_MAC1_OFFSET);
	return same_mac(mac, &a->head[MAC1_WORD]);
}

static __always_inline int judge_init(struct xdp_md *ctx, struct arrival *a,
				      const struct gate_port *cfg,
				      const __u64 *mac1_key)
{
	__u32 source[4];

	source_of(ctx, &a->k, source);
	if (proved(a, cfg, source)) {
		if (!take_token(a, cfg, source))
			return drop_frame(ctx, a, SIGNET_DROP_RATE);
	} else if (cfg->flags & GATE_LOADED || has_mac2(a) ||
		   a->hs.pattern != SIGNET_PATTERN_IK) {
		/* a mac2 that is wrong is never passed over */
		return challenge(ctx, a, cfg, mac1_key, source);
	}
	return pass(GATE_PASS_HANDSHAKE);
}

static __always_inline const struct gate_port *port_at(__u32 index)
{
	const struct gate_settings *s;
	__u32 which = active & 1;

	s = bpf_map_lookup_elem(&settings, &which);
	return s && index < GATE_PORTS ? &s->port[index] : NULL;
}

__noinline int judge_handshake(struct xdp_md *ctx, struct arrival *a)
{
	const struct gate_port *cfg;
	enum signet_drop reason;
	const __u64 *mac1_key;

	if (!a)
		return XDP_DROP;
	cfg = port_at(a->index);
	/* the settings may have changed meanwhile */
	if (!cfg || cfg->port != a->port)
		return drop_frame(ctx, a, SIGNET_DROP_TYPE);
	reason = handshake_form(a);
	if (reason)
		return drop_frame(ctx, a, reason);
	if (a->hs.type != SIGNET_FRAME_INIT && !label_is_ours(a))
		return drop_frame(ctx, a, SIGNET_DROP_LABEL);
	/* of a response it is made for whom we asked */
	if (a->hs.type == SIGNET_FRAME_RESPONSE)
		return pass(GATE_PASS_HANDSHAKE);
	mac1_key = cfg->mac1_key;
	if (cfg->flags & GATE_PAIRING && a->hs.pattern == SIGNET_PATTERN_XXPSK3)
		mac1_key = cfg->mac1_zero;
	if (!mac1_ok(a, mac1_key))
		return drop_frame(ctx, a, SIGNET_DROP_MAC1);
	if (a->hs.type == SIGNET_FRAME_INIT)
		return judge_init(ctx, a, cfg, mac1_key);
	return pass(GATE_PASS_HANDSHAKE);
}

static __always_inline int judge_cookie(struct xdp_md *ctx, struct arrival *a)
{
	if (a->len != SIGNET_COOKIE_FRAME_LEN)
		return drop_frame(ctx, a, SIGNET_DROP_LENGTH);
	/* type, three zero bytes, label; eight zero bytes */
	if (a->hs.pattern || a->frame.flags || a->head[1])
		return drop_frame(ctx, a, SIGNET_DROP_FLAGS);
	if (!label_is_ours(a))
		return drop_frame(ctx, a, SIGNET_DROP_LABEL);
	return pass(GATE_PASS_HANDSHAKE);
}

/* The frame's first bytes, wherever they are. Return: false: not so many */
static __always_inline bool read_head(struct xdp_md *ctx, struct arrival *a,
				      __u32 n)
{
	__u32 at = a->k.l4 + sizeof(struct udphdr);
	void *p;

	if (a->len < n || at > OFFSET_MAX)
		return false;
	if (packet_has(ctx, at, n, p)) {
		__builtin_memcpy(a->head, p, n);
		return true;
	}
	return !bpf_xdp_load_bytes(ctx, at, a->head, n);
}

static __always_inline int judge(struct xdp_md *ctx, struct arrival *a)
{
	if (!read_head(ctx, a, SIGNET_FRAME_HDR_LEN))
		return drop_datagram(ctx, a, SIGNET_DROP_LENGTH);
	switch (a->frame.type) {
	case SIGNET_FRAME_PACKET:
	case SIGNET_FRAME_MESSAGE:
		return judge_frame(ctx, a);
	case SIGNET_FRAME_INIT:
	case SIGNET_FRAME_RESPONSE:
	case SIGNET_FRAME_FINISH:
		if (!read_head(ctx, a, SIGNET_HANDSHAKE_HDR_LEN))
			return drop_frame(ctx, a, SIGNET_DROP_LENGTH);
		return judge_handshake(ctx, a);
	case SIGNET_FRAME_COOKIE:
		return judge_cookie(ctx, a);
	}
	return drop_frame(ctx, a, SIGNET_DROP_TYPE);
}

/* --- what is not Signet's */

struct question {
	__u32 source[4];
	__u16 port;
	__u8 family;
	__u8 proto;
	bool ports_known;
};

static __always_inline bool matches(const struct gate_allow *r,
				    const struct question *q)
{
	__u32 differ = 0;

	if ((r->family && r->family != q->family) ||
	    (r->proto && r->proto != q->proto))
		return false;
	if (q->ports_known ? q->port < r->first || q->port > r->last
			   : r->first || r->last != 0xffff)
		return false;
#pragma unroll
	for (int i = 0; i < 4; i++)
		differ |= (q->source[i] ^ r->prefix[i]) & r->mask[i];
	return !differ;
}

__noinline int listed(struct question *q)
{
	const struct gate_settings *s;
	__u32 which = active & 1;

	s = bpf_map_lookup_elem(&settings, &which);
	if (!s || !q)
		return 0;
	for (int i = 0; i < GATE_ALLOW; i++) {
		if (i >= s->n_allow)
			break;
		if (matches(&s->allow[i], q))
			return true;
	}
	return false;
}

/* Errors, and what IPv6 can't do without. */
static __always_inline bool vital_icmp(struct xdp_md *ctx,
				       const struct packet *k)
{
	struct ipv6hdr *ip6;
	__u8 *type;

	if (k->l4 > HEADERS_MAX || !packet_has(ctx, k->l4, 4, type))
		return false;
	if (!k->ip6)
		return k->proto == IPPROTO_ICMP && *type == ICMP_UNREACHABLE;
	if (k->proto != IPPROTO_ICMPV6)
		return false;
	if (*type < ICMP6_ERRORS)
		return true;
	/* RFC 4861: nobody farther away can have sent it */
	return *type >= ND_FIRST && *type <= ND_LAST &&
	       packet_has(ctx, k->l3, sizeof(*ip6), ip6) &&
	       ip6->hop_limit == 255;
}

static __always_inline bool is_vital(struct xdp_md *ctx, const struct packet *k,
				     enum parsed parsed, __be16 port)
{
	if (parsed == PARSED_OTHER)
		return k->eth_proto == bpf_htons(ETH_P_ARP);
	if (parsed != PARSED_IP)
		return false;
	if (k->proto == IPPROTO_UDP)
		return port == bpf_htons(k->ip6 ? DHCP6_CLIENT : DHCP_CLIENT);
	return vital_icmp(ctx, k);
}

static __always_inline int other(struct xdp_md *ctx, struct packet *k,
				 enum parsed parsed)
{
	struct question q = { .family = k->ip6 ? AF_INET6 : AF_INET,
			      .proto = k->proto };
	__be16 *ports, port = 0;

	/* who hides a port behind headers without end */
	if (parsed == PARSED_ENDLESS || (strict && parsed == PARSED_BAD))
		return drop(ctx, k, SIGNET_DROP_OUTER, 0, 0);
	if (!strict)
		return pass(GATE_PASS_OTHER);
	if (parsed != PARSED_OTHER && parsed != PARSED_FRAGMENT &&
	    (k->proto == IPPROTO_UDP || k->proto == IPPROTO_TCP) &&
	    k->l4 <= HEADERS_MAX && packet_has(ctx, k->l4, 4, ports)) {
		port = ports[1];
		q.ports_known = true;
	}
	if (is_vital(ctx, k, parsed, port))
		return pass(GATE_PASS_ALLOWED);
	if (parsed != PARSED_OTHER) {
		source_of(ctx, k, q.source);
		q.port = bpf_ntohs(port);
		if (listed(&q))
			return pass(GATE_PASS_ALLOWED);
	}
	return drop(ctx, k, SIGNET_DROP_STRICT, 0, (__u32)port << 16);
}

/* Return: the port's place in the settings, -1 where it is not Signet's */
static __always_inline int port_index(__be16 port)
{
	const struct gate_settings *s;
	__u32 which = active & 1;

	s = bpf_map_lookup_elem(&settings, &which);
	if (!s)
		return -1;
#pragma unroll
	for (int i = 0; i < GATE_PORTS; i++) {
		if (i >= s->n_ports)
			return -1;
		if (s->ports[i] == port)
			return i;
	}
	return -1;
}

/* For Signet's ports alone: is it a datagram as long as its headers say? */
static __always_inline enum signet_drop datagram(struct xdp_md *ctx,
						 struct arrival *a,
						 const struct udphdr *udp,
						 enum parsed parsed)
{
	__u32 len = bpf_ntohs(udp->len);

	if (parsed == PARSED_FIRST_FRAGMENT)
		return SIGNET_DROP_FRAGMENT;
	if (len < sizeof(*udp) || a->k.l4 + len != a->k.end ||
	    a->k.end > bpf_xdp_get_buff_len(ctx))
		return SIGNET_DROP_LENGTH;
	a->len = len - sizeof(*udp);
	a->aggregated = a->k.end - a->k.l3 > mtu;
	return SIGNET_DROP_NONE;
}

SEC("xdp")
int signet_gate(struct xdp_md *ctx)
{
	struct arrival a;
	enum signet_drop reason;
	enum parsed parsed;
	struct udphdr *udp;
	int index;

	a.k = (struct packet){};
	parsed = parse(ctx, &a.k);
	if ((parsed != PARSED_IP && parsed != PARSED_FIRST_FRAGMENT) ||
	    a.k.proto != IPPROTO_UDP || a.k.l4 > HEADERS_MAX ||
	    !packet_has(ctx, a.k.l4, sizeof(*udp), udp))
		return other(ctx, &a.k, parsed);
	index = port_index(udp->dest);
	if (index < 0)
		return other(ctx, &a.k, parsed);
	a.index = index;
	a.source_port = udp->source;
	a.port = udp->dest;
	__builtin_memset(a.zero, 0, sizeof(a.zero));
	reason = datagram(ctx, &a, udp, parsed);
	if (reason)
		return drop_datagram(ctx, &a, reason);
	return judge(ctx, &a);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
