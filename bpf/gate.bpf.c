// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The gate: on the outer interface, before anything of the network stack, a
 * frame is dropped unless its hop tag shows that a neighbour made it, and a
 * handshake unless it was made for this node and, under load, by somebody who
 * receives at its address. Whoever is not known leaves nothing in any map.
 *
 * Order: headers, port, structure, label, hop tag; or structure, mac1, mac2 or
 * challenge, token bucket. What would be dropped or challenged is looked at once
 * more: a packet to somebody else's port of that number passes as it came.
 */
#include "gate_handshake.bpf.h"
#include "gate_other.bpf.h"

static __always_inline bool is_message_len(__u32 len)
{
	return len >= SIGNET_MESSAGE_MIN && len <= SIGNET_MESSAGE_MAX &&
	       (len - SIGNET_FRAME_OVERHEAD) % SIGNET_MESSAGE_PAD == 0;
}

static __always_inline int judge_frame(const struct arrival *a)
{
	bool message = a->frame.type == SIGNET_FRAME_MESSAGE;
	const struct gate_label *label;

	if (a->len < SIGNET_PACKET_MIN ||
	    (message && !a->aggregated && !is_message_len(a->len)))
		return refuse_frame(SIGNET_DROP_LENGTH);
	if (a->frame.flags)
		return refuse_frame(SIGNET_DROP_FLAGS);
	label = label_of(a);
	if (!label || label->pending)
		return refuse_frame(SIGNET_DROP_LABEL);
	if (siphash64(label->hop_key, a->head, 2) != a->head[2])
		return refuse_frame(SIGNET_DROP_HOP_TAG);
	return pass(message ? GATE_PASS_MESSAGE : GATE_PASS_PACKET);
}

/* The frame's first bytes, wherever they are, by words: where the compiler knows
 * of no alignment it copies bytes, which take long to be read as words again.
 * Return: false: not so many
 */
static __always_inline bool read_head(struct xdp_md *ctx, struct arrival *a,
				      __u32 from, __u32 n)
{
	__u32 at = a->k.l4 + sizeof(struct udphdr);
	const __u64 *p;

	if (a->len < n || at > OFFSET_MAX)
		return false;
	if (packet_has(ctx, at, n, p)) {
#pragma unroll
		for (__u32 i = from / sizeof(*p); i < n / sizeof(*p); i++)
			a->head[i] = p[i];
		return true;
	}
	return !bpf_xdp_load_bytes(ctx, at, a->head, n);
}

static __always_inline int judge(struct xdp_md *ctx, struct arrival *a)
{
	if (!read_head(ctx, a, 0, SIGNET_FRAME_HDR_LEN))
		return refuse_datagram(SIGNET_DROP_LENGTH);
	switch (a->frame.type) {
	case SIGNET_FRAME_PACKET:
	case SIGNET_FRAME_MESSAGE:
		return judge_frame(a);
	case SIGNET_FRAME_INIT:
	case SIGNET_FRAME_RESPONSE:
	case SIGNET_FRAME_FINISH:
		if (!read_head(ctx, a, SIGNET_FRAME_HDR_LEN,
			       SIGNET_HANDSHAKE_HDR_LEN))
			return refuse_frame(SIGNET_DROP_LENGTH);
		return judge_handshake(ctx, a);
	case SIGNET_FRAME_COOKIE:
		return judge_cookie(a);
	}
	return refuse_frame(SIGNET_DROP_TYPE);
}

/* Return: the port's place in the settings, -1 where it is not Signet's */
static __always_inline int port_index(__be16 port)
{
	const struct gate_settings *s;
	__u32 which = control.active & 1;

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
	    a->k.end > packet_len(ctx))
		return SIGNET_DROP_LENGTH;
	a->len = len - sizeof(*udp);
	a->aggregated = a->k.end - a->k.l3 > control.mtu;
	return SIGNET_DROP_NONE;
}

#ifdef GATE_BESIDE
/* For libxdp: before those that don't say (50), who go on with what passes. */
struct {
	__uint(priority, 20);
	__uint(XDP_PASS, 1);
} _signet_gate SEC(".xdp_run_config");
#endif

SEC("xdp")
int signet_gate(struct xdp_md *ctx)
{
	struct arrival a;
	enum signet_drop reason;
	enum parsed parsed;
	struct udphdr *udp;
	int index, verdict;

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
	verdict = reason ? refuse_datagram(reason) : judge(ctx, &a);
	if (verdict < REFUSED)
		return verdict;
	if (verdict & FOR_OTHERS || !is_local(ctx, &a.k))
		return other(ctx, &a.k, parsed);
	return drop(ctx, &a.k, verdict & REASON_MASK,
		    verdict & WITH_LABEL ? a.frame.label : 0,
		    a.source_port | (__u32)a.port << 16);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
