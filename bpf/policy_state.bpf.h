/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of packet policy, its flows and counters. */
#ifndef SIGNET_BPF_POLICY_STATE_H
#define SIGNET_BPF_POLICY_STATE_H

#include <stddef.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "policy.h"

/* Of what is before the IP header: nothing on a device of ours. */
const volatile __u32 mac_len;
/* which of the two policies is in use */
volatile __u32 active;

/* What those of a policy are like; they are empty themselves. Sizes, not types:
 * the agent makes the others without BTF, and Linux 6.1 wants the same of both.
 */
struct verdict_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct signet_verdicts));
} verdict_map SEC(".maps");

struct prefix_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct policy_prefix));
	__uint(value_size, sizeof(__u32));
} prefix_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct verdict_map);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct prefix_map);
} prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, POLICY_FLOWS);
	__type(key, struct signet_flow_key);
	__type(value, struct policy_flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, POLICY_ASKED);
	__type(key, struct signet_flow_key);
	__type(value, struct policy_flow);
} asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct policy_refusal);
	__type(value, __u64);
} refusals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct policy_counters);
} counters SEC(".maps");

static __always_inline int refuse(struct __sk_buff *skb, __u32 peer,
				  enum signet_drop reason)
{
	struct policy_refusal key = { .peer = peer, .reason = reason };
	__u64 n = skb->gso_segs ? skb->gso_segs : 1, *count;
	struct policy_counters *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	if (c)
		c->dropped[reason] += n;
	count = bpf_map_lookup_elem(&refusals, &key);
	if (count)
		__sync_fetch_and_add(count, n);
	else
		bpf_map_update_elem(&refusals, &key, &n, BPF_NOEXIST);
	return TC_ACT_SHOT;
}

/* Return: the flow was noted like this, and has not been silent for too long
 * since. @idle_ns: how long that is
 */
static __always_inline bool is_known(struct policy_flow *f,
				     const struct signet_verdicts *v,
				     enum policy_verdict verdict, __u64 idle_ns)
{
	__u64 now, tick = bpf_jiffies64();

	if (!f || f->generation != v->generation || f->verdict != verdict)
		return false;
	if (f->tick == tick)
		return true;
	now = bpf_ktime_get_coarse_ns();
	/* another CPU may have read the clock after this one */
	if ((__s64)(now - f->last_ns) > (__s64)idle_ns)
		return false;
	f->last_ns = now;
	f->tick = tick;
	return true;
}

static __always_inline void count(struct __sk_buff *skb, struct policy_flow *f)
{
	__sync_fetch_and_add(&f->packets, skb->gso_segs ? skb->gso_segs : 1);
	__sync_fetch_and_add(&f->bytes, skb->len - mac_len);
}

/* Return: the flow is one that was begun here; then it is counted */
static __always_inline bool was_begun(struct __sk_buff *skb,
				      const struct signet_flow_key *k,
				      const struct signet_verdicts *v)
{
	struct policy_flow *f = bpf_map_lookup_elem(&flows, k);

	if (!is_known(f, v, POLICY_BEGUN, signet_flow_idle_ns(k->proto)))
		return false;
	count(skb, f);
	return true;
}

/* Not global: before 6.2 no map takes a key from behind a pointer that is not
 * known to be the stack's.
 */
static __noinline int note(struct __sk_buff *skb,
			   const struct signet_flow_key *k,
			   const struct signet_verdicts *v, __u32 verdict)
{
	struct policy_flow new = { .packets = 1 }, *f;
	bool begun = verdict == POLICY_BEGUN;

	f = begun ? bpf_map_lookup_elem(&flows, k)
		  : bpf_map_lookup_elem(&asked, k);
	if (is_known(f, v, verdict, signet_flow_idle_ns(k->proto))) {
		count(skb, f);
		return 0;
	}
	new.last_ns = bpf_ktime_get_coarse_ns();
	new.tick = bpf_jiffies64();
	if (skb->gso_segs)
		new.packets = skb->gso_segs;
	new.bytes = skb->len - mac_len;
	new.generation = v->generation;
	new.verdict = verdict;
	if (begun)
		bpf_map_update_elem(&flows, k, &new, BPF_ANY);
	else
		bpf_map_update_elem(&asked, k, &new, BPF_ANY);
	return 0;
}

#endif
