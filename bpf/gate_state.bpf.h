/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate's maps and switches, its counters, and the drop that all verdicts
 * against a packet end in.
 */
#ifndef SIGNET_BPF_GATE_STATE_H
#define SIGNET_BPF_GATE_STATE_H

#include <linux/bpf.h>

#include <signet/wire.h>

#include "gate.h"
#include "parse.bpf.h"
#include "siphash.bpf.h"

#define AF_INET	 2
#define AF_INET6 10

/* Drops that are shown as events: so many in a second, on each CPU. */
#define EVENTS_PER_SECOND 100
/* Drop all that is neither Signet's nor on the list. */
const volatile bool strict;
/* It may come in several buffers. */
const volatile bool frags;
volatile struct gate_control control = { .mtu = 1500 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct gate_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GATE_LABELS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct gate_label_key);
	__type(value, struct gate_label);
} labels SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GATE_LOCALS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct gate_local);
	__type(value, __u32);
} locals SEC(".maps");

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

/* So many challenges are taken from the budget of all CPUs at once. */
#define COOKIE_BATCH 32

/* when all challenges are back, whichever CPU sent them (virtual scheduling) */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} budget SEC(".maps");

/* when the next event of this CPU may go */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} paces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

/* so many bytes of a frame are looked at */
#define HEAD_WORDS (SIGNET_HANDSHAKE_HDR_LEN / 8)
#define MAC1_WORD  (SIGNET_MAC1_OFFSET / 8)
#define MAC2_WORD  (SIGNET_MAC2_OFFSET / 8)

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

static __always_inline __u32 packet_len(struct xdp_md *ctx)
{
	return frags ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
}

/* The key in one piece: what is written by halves takes long to be read as one. */
static __always_inline struct gate_label *label_of(const struct arrival *a)
{
	__u64 key = le64((__u64)le32(a->frame.label) << 32 | le16(a->port));

	_Static_assert(sizeof(struct gate_label_key) == sizeof(key),
		       "one word");
	return bpf_map_lookup_elem(&labels, &key);
}

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

/* Broadcasts and multicasts may be for anybody. */
__noinline int is_known(struct xdp_md *ctx, struct packet *k)
{
	struct gate_local to = {};

	if (!k)
		return true;
	if (k->ip6) {
		destination_of(ctx, k, to.addr);
		if ((to.addr[0] & bpf_htonl(0xff000000)) ==
		    bpf_htonl(0xff000000))
			return true;
	} else {
		destination_of(ctx, k, to.addr);
		to.addr[3] = to.addr[0];
		to.addr[2] = bpf_htonl(0xffff);
		to.addr[0] = 0;
		if ((to.addr[3] & bpf_htonl(0xf0000000)) ==
			    bpf_htonl(0xe0000000) ||
		    to.addr[3] == 0xffffffff)
			return true;
	}
	return bpf_map_lookup_elem(&locals, &to) != NULL;
}

/* Is it for this host? Else it is forwarded, and not ours to judge. */
static __always_inline bool is_local(struct xdp_md *ctx, struct packet *k)
{
	struct iphdr *ip;

	if (!control.locals_known)
		return true;
	/* most often the interface's own address */
	if (!k->ip6 && packet_has(ctx, k->l3, sizeof(*ip), ip) &&
	    ip->daddr == control.own_ip4)
		return true;
	return is_known(ctx, k);
}

/* Global functions are looked at once by the verifier, whoever calls them. */
__noinline int sample(struct xdp_md *ctx, struct packet *k, __u32 reason,
		      __u32 label, __u32 ports)
{
	__u64 now = bpf_ktime_get_ns();
	struct gate_event *e;
	__u32 zero = 0;
	__u64 *next;

	if (!k)
		return 0;
	next = bpf_map_lookup_elem(&paces, &zero);
	if (!next || !may_go(next, now, 1000000000 / EVENTS_PER_SECOND,
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

	if (c && reason < SIGNET_DROP_COUNT) {
		c->dropped[reason]++;
		c->dropped_bytes += ctx->data_end - ctx->data;
	}
	if (control.sampled)
		sample(ctx, k, reason, label, ports);
	return XDP_DROP;
}

/* What a look at a datagram came to, beside XDP_PASS and XDP_TX: the reason to
 * drop it, which is done in one place, and only if it is for this host.
 */
#define REFUSED	    (1 << 8)
#define WITH_LABEL  (1 << 9)
#define FOR_OTHERS  (1 << 10)
#define REASON_MASK 0xff

static __always_inline int refuse_frame(enum signet_drop reason)
{
	return REFUSED | WITH_LABEL | reason;
}

/* the same, of what has not been looked into */
static __always_inline int refuse_datagram(enum signet_drop reason)
{
	return REFUSED | reason;
}

#endif
