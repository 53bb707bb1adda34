// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the gate is measured against: nothing at all, and headers alone; what
 * knows a flood by its source addresses; and the flood's own generator.
 */
#include "bpf/parse.bpf.h"

#define PORT 51900

/* the one address that means well, in bench-gate: 10.1.0.1 */
#define FRIEND 0x0a010001

SEC("xdp")
int nothing(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* The least that can be done against a flood, where it is known whose it is. */
SEC("xdp")
int marked(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > end ||
	    ((struct ethhdr *)data)->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	return ip->saddr == bpf_htonl(FRIEND) ? XDP_PASS : XDP_DROP;
}

#define RESTORED 128

/* of a challenge without VLAN tags: Ethernet, IPv4, UDP, cookie frame */
#define ANSWER 106

const volatile __u8 original[RESTORED] __attribute__((aligned(8)));
const volatile __u32 original_len;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} restored SEC(".maps");

/* A packet that was answered is what it was before, for the program that is to
 * answer it. The kernel clears what a packet grows by: it grows as much where it
 * was dropped, as it was, so that this is no difference between the two.
 */
SEC("xdp")
int restore(struct xdp_md *ctx)
{
	int len = (int)(ctx->data_end - ctx->data);
	const volatile __u64 *from = (const volatile __u64 *)original;
	__u64 *to;

	bpf_xdp_adjust_tail(ctx, ANSWER - len);
	bpf_xdp_adjust_tail(ctx, (int)original_len - ANSWER);
	to = (void *)(long)ctx->data;
	if ((void *)to + RESTORED > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
#pragma unroll
	for (int i = 0; i < RESTORED / 8; i++)
		to[i] = from[i];
	bpf_tail_call(ctx, &restored, 0);
	return XDP_ABORTED;
}

const volatile __u32 out_ifindex;

/* frames that leave together, and nanoseconds from one such lot to the next */
#define BURST 128

const volatile __u64 interval;
static __u64 next_burst;
static __u32 in_burst;

static long wait_for_it(__u32 i, void *unused)
{
	return bpf_ktime_get_ns() >= next_burst;
}

/* Run on live frames: each leaves by that interface. A ring that runs over costs
 * its reader more than its share: then the frames come in lots.
 */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	if (interval && in_burst++ % BURST == 0) {
		bpf_loop(1 << 20, wait_for_it, NULL, 0);
		next_burst = bpf_ktime_get_ns() + interval;
	}
	return bpf_redirect(out_ifindex, 0);
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
