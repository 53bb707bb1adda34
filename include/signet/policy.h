/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet policy: what a peer may begin here, in the form in which it is
 * applied. The same table is looked up by the BPF programs on the device of
 * the kernel module and by the in-process data path. See
 * signet/core/policy.h for how it is made, signet/inner.h for what is looked
 * up.
 */
#ifndef SIGNET_POLICY_H
#define SIGNET_POLICY_H

#include <linux/types.h>
#include <stdbool.h>

#define SIGNET_POLICY_RANGES 64

/* flags of a peer's verdicts */
#define SIGNET_VERDICT_IP   (1 << 0) /* everything */
#define SIGNET_VERDICT_ICMP (1 << 1)

/** struct signet_port_range - ports in host order, both ends in it */
struct signet_port_range {
	__u16 first;
	__u16 last;
};

/**
 * struct signet_verdicts - what one peer may begin; all else is denied
 * @generation: another one wherever what the peer may do is another; flows
 *	that were noted under another one are not known any more
 * @flags: SIGNET_VERDICT_*
 * @n_tcp: ranges of TCP, from the first on
 * @n_udp: ranges of UDP, behind them
 * @range: of each protocol in ascending order, with gaps between them
 */
struct signet_verdicts {
	__u32 generation;
	__u8 flags;
	__u8 n_tcp;
	__u8 n_udp;
	__u8 zero;
	struct signet_port_range range[SIGNET_POLICY_RANGES];
};

_Static_assert(sizeof(struct signet_verdicts) == 8 + 4 * SIGNET_POLICY_RANGES,
	       "maps hold it as it is");

/**
 * signet_verdicts_port() - may the peer begin a flow to this port?
 * @port: in host order
 */
static inline __attribute__((always_inline)) bool
signet_verdicts_port(const struct signet_verdicts *v, bool udp, __u16 port)
{
	__u32 low = udp ? v->n_tcp : 0;
	__u32 high = udp ? low + v->n_udp : v->n_tcp;

	/* two to the power of the rounds are more than all ranges */
	for (int i = 0; i < 7 && low < high; i++) {
		__u32 mid = (low + high) / 2 & (SIGNET_POLICY_RANGES - 1);

		if (port < v->range[mid].first)
			high = mid;
		else if (port > v->range[mid].last)
			low = mid + 1;
		else
			return true;
	}
	return false;
}

/**
 * struct signet_flow_key - a flow with a peer, whichever way its packets go
 * @peer: number of the peer
 * @proto: IP protocol
 * @ip6: IPv6, not IPv4
 * @local_port, @remote_port: in network order; of an ICMP echo that was begun
 *	here its identifier and 0, that the peer began 0 and its identifier
 * @local, @remote: addresses; an IPv4 one in the first word
 */
struct signet_flow_key {
	__u32 peer;
	__u8 proto;
	__u8 ip6;
	__be16 local_port;
	__be16 remote_port;
	__u16 zero;
	__u32 local[4];
	__u32 remote[4];
};

_Static_assert(sizeof(struct signet_flow_key) == 44, "keys have no holes");

/* How long a flow that was begun here is remembered after its last packet. */
#define SIGNET_FLOW_TCP_NS   7440000000000ull /* RFC 5382, REQ-5 */
#define SIGNET_FLOW_OTHER_NS 300000000000ull  /* RFC 4787, REQ-5 */

static inline __attribute__((always_inline)) __u64
signet_flow_idle_ns(__u8 proto)
{
	return proto == 6 ? SIGNET_FLOW_TCP_NS : SIGNET_FLOW_OTHER_NS;
}

#endif
