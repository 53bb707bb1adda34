// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Gives a packet the tunnel metadata that the kernel module would give it,
 * then goes on in the program under test. The mark says which peer it is.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

SEC("tc")
int received(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = { .tunnel_id = skb->mark };

	if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 0))
		return -2;
	bpf_tail_call(skb, &next, 0);
	return -3;
}

/* what policy is measured against */
SEC("tc")
int nothing(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
