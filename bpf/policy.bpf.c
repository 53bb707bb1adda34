// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Packet policy on a device of the kernel module: what a peer may begin, as
 * its verdicts say; answers to what this node began; nothing else. Who the
 * peer is comes as tunnel metadata with what it sent, and from the prefixes
 * of all peers for what goes to one. What a packet is, and what is said of
 * it, is in signet/inner.h, as for the in-process data path.
 *
 * A packet that passes is left to whoever else looks at the device's.
 */
#include "policy_state.bpf.h"

#define DIRECT_MAX 1100 /* so far from its start a packet is read directly */

struct signet_bytes {
	struct __sk_buff *skb;
};

static __always_inline bool signet_read(const struct signet_bytes *b, __u32 at,
					void *to, __u32 size)
{
	void *end = (void *)(long)b->skb->data_end;
	void *p = (void *)(long)b->skb->data;

	at += mac_len;
	if (at <= DIRECT_MAX) {
		/* the register that was compared is the one to be added */
		barrier_var(at);
		p += at;
		if (p + size <= end) {
			__builtin_memcpy(to, p, size);
			return true;
		}
	}
	return !bpf_skb_load_bytes(b->skb, at, to, size);
}

#include <signet/inner.h>

static __always_inline struct signet_verdicts *verdicts_of(__u32 which,
							   __u32 peer)
{
	void *map = bpf_map_lookup_elem(&verdicts, &which);

	return map ? bpf_map_lookup_elem(map, &peer) : NULL;
}

/* Return: the peer that a packet goes to, POLICY_NOBODY */
static __always_inline __u32 peer_to(struct __sk_buff *skb, __u32 which)
{
	const struct signet_bytes b = { skb };
	void *map = bpf_map_lookup_elem(&prefixes, &which);
	struct policy_prefix key = { .len = 128 };
	__u8 version;
	__u32 *peer;

	if (!map || !signet_read(&b, 0, &version, 1))
		return POLICY_NOBODY;
	if (version >> 4 == 6) {
		if (!signet_read(&b, offsetof(struct inner_ip6, dst), key.addr,
				 16))
			return POLICY_NOBODY;
	} else {
		if (!signet_read(&b, offsetof(struct inner_ip4, dst),
				 &key.addr[3], 4))
			return POLICY_NOBODY;
		key.addr[2] = bpf_htonl(0xffff);
	}
	peer = bpf_map_lookup_elem(map, &key);
	return peer ? *peer : POLICY_NOBODY;
}

/* Global, so that the verifier looks at it once for both directions. */
__noinline int look(struct __sk_buff *skb, struct signet_inner *in)
{
	const struct signet_bytes b = { skb };

	if (in)
		signet_inner_parse(&b, skb->len - mac_len, in);
	return 0;
}

static __always_inline int judge(struct __sk_buff *skb, __u32 peer, bool out,
				 struct signet_verdicts *v)
{
	struct signet_inner in = {};
	struct signet_flow_key key;
	enum signet_judged judged;

	look(skb, &in);
	judged = out ? signet_judge_out(v, &in) : signet_judge_in(v, &in);
	if (judged == SIGNET_JUDGED_PASS)
		return TC_ACT_UNSPEC;
	if (judged == SIGNET_JUDGED_BAD)
		return refuse(skb, peer, SIGNET_DROP_INNER);
	if (judged == SIGNET_JUDGED_FRAGMENT)
		return refuse(skb, peer, SIGNET_DROP_POLICY_FRAGMENT);
	signet_flow_of(&in, peer, out, &key);
	if (in.kind == SIGNET_INNER_ERROR) /* has no flow of its own */
		return judged == SIGNET_JUDGED_ALLOWED ||
				       was_begun(skb, &key, v)
			       ? TC_ACT_UNSPEC
			       : refuse(skb, peer, SIGNET_DROP_POLICY);
	if (judged == SIGNET_JUDGED_ALLOWED) {
		note(skb, &key, v, POLICY_ALLOWED);
		return TC_ACT_UNSPEC;
	}
	if (out) {
		note(skb, &key, v, POLICY_BEGUN);
		return TC_ACT_UNSPEC;
	}
	if (was_begun(skb, &key, v))
		return TC_ACT_UNSPEC;
	note(skb, &key, v, POLICY_DENIED);
	return refuse(skb, peer, SIGNET_DROP_POLICY);
}

SEC("tc")
int signet_policy_in(struct __sk_buff *skb)
{
	struct bpf_tunnel_key tunnel = {};
	struct signet_verdicts *v;
	__u32 which = active & 1;

	/* the shortest form that any kernel takes */
	if (bpf_skb_get_tunnel_key(
		    skb, &tunnel,
		    offsetof(struct bpf_tunnel_key, remote_ipv6[1]), 0))
		return refuse(skb, POLICY_NOBODY, SIGNET_DROP_POLICY);
	v = verdicts_of(which, tunnel.tunnel_id);
	if (!v)
		return refuse(skb, tunnel.tunnel_id, SIGNET_DROP_POLICY);
	if (v->flags & SIGNET_VERDICT_IP)
		return TC_ACT_UNSPEC;
	return judge(skb, tunnel.tunnel_id, false, v);
}

SEC("tc")
int signet_policy_out(struct __sk_buff *skb)
{
	__u32 which = active & 1, peer = peer_to(skb, which);
	struct signet_verdicts *v;

	if (peer == POLICY_NOBODY) /* nobody gets it: the module says so */
		return TC_ACT_UNSPEC;
	v = verdicts_of(which, peer);
	if (!v)
		return refuse(skb, peer, SIGNET_DROP_POLICY);
	if (v->flags & SIGNET_VERDICT_IP)
		return TC_ACT_UNSPEC;
	return judge(skb, peer, true, v);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
