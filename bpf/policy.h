/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What packet policy and its loader share: the contents of the maps.
 *
 * There are two policies, of which one is in use: the other one's maps are
 * filled and put in their places before `active` changes, so that a packet
 * meets one or the other as a whole.
 */
#ifndef SIGNET_BPF_POLICY_H
#define SIGNET_BPF_POLICY_H

#include <linux/types.h>

#include <signet/drop.h>
#include <signet/policy.h>

#define POLICY_FLOWS  65536 /* that this node began */
#define POLICY_ASKED  8192  /* that peers began, or tried to */
#define POLICY_NOBODY 0xffffffffu

/**
 * struct policy_prefix - key of the prefix map
 * @len: of the prefix, of all 128 bits
 * @addr: in network order; an IPv4 one as ::ffff:a.b.c.d
 */
struct policy_prefix {
	__u32 len;
	__u32 addr[4];
};

#define POLICY_PREFIX4 96 /* bits before an IPv4 address */

enum policy_verdict {
	POLICY_ALLOWED, /* the peer may begin it */
	POLICY_BEGUN,	/* begun by this node */
	POLICY_DENIED,
};

/**
 * struct policy_flow - value of a flow
 * @last_ns: CLOCK_MONOTONIC of the last packet, to the tick
 * @tick: jiffies when that was written: the clock is read once in each
 * @generation: of the peer's verdicts when it was noted
 * @verdict: enum policy_verdict
 */
struct policy_flow {
	__u64 last_ns;
	__u64 tick;
	__u64 packets;
	__u64 bytes;
	__u32 generation;
	__u32 verdict;
};

/* struct policy_refusal - whose packets were dropped, and why */
struct policy_refusal {
	__u32 peer; /* POLICY_NOBODY: a packet did not say whose it is */
	__u32 reason;
};

/* Counters of one CPU. */
struct policy_counters {
	__u64 dropped[SIGNET_DROP_COUNT];
};

#endif
