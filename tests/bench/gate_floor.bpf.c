// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the gate is measured against: nothing at all, and headers alone. */
#include "bpf/parse.bpf.h"

#define PORT 51900

SEC("xdp")
int nothing(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int headers(struct xdp_md *ctx)
{
	struct packet k = {};
	struct udphdr *udp;

	if (parse(ctx, &k) != PARSED_IP || k.proto != IPPROTO_UDP ||
	    k.l4 > HEADERS_MAX || !packet_has(ctx, k.l4, sizeof(*udp), udp))
		return XDP_PASS;
	return udp->dest == bpf_htons(PORT) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
