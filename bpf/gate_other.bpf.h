/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is not Signet's: it passes, or in strict mode if a network can't do
 * without it or the operator's list has it.
 */
#ifndef SIGNET_BPF_GATE_OTHER_H
#define SIGNET_BPF_GATE_OTHER_H

#include "gate_state.bpf.h"

/* ports of DHCP and DHCPv6 clients */
#define DHCP_CLIENT	 68
#define DHCP6_CLIENT	 546
/* ICMP type 3: destination unreachable, path MTU among it */
#define ICMP_UNREACHABLE 3
/* ICMPv6: errors are below, neighbour discovery between these (RFC 4861) */
#define ICMP6_ERRORS	 128
#define ND_FIRST	 133
#define ND_LAST		 137

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
	__u32 which = control.active & 1;

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
	bool strictly;

	/* nobody said that strict mode may stay */
	strictly = strict && !(control.trial_ends &&
			       bpf_ktime_get_boot_ns() > control.trial_ends);
	/* who hides a port behind headers without end */
	if (parsed == PARSED_ENDLESS || (strictly && parsed == PARSED_BAD))
		return drop(ctx, k, SIGNET_DROP_OUTER, 0, 0);
	if (!strictly)
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

#endif
