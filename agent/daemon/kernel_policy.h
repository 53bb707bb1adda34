/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet policy on the device of the kernel module, through bpf/policy.bpf.c.
 * It outlives the agent as the device does: links, programs and flows are
 * pinned, and the next agent puts its own in their place.
 */
#ifndef SG_KERNEL_POLICY_H
#define SG_KERNEL_POLICY_H

#include "daemon/datapath.h"

struct kernel_policy;

/**
 * kernel_policy_load() - have the programs ready, on no device yet
 * Return: 0 or -errno; then the log has said why.
 */
int kernel_policy_load(struct sg_datapath *dp);
/* @keep: what is on the device stays there, for the next agent */
void kernel_policy_free(struct sg_datapath *dp, bool keep);

/* the device is gone: what was pinned for it goes, too */
void kernel_policy_forget(uint32_t ifindex);

int kernel_policy_set(struct sg_datapath *dp, const struct sg_dp_policy *list,
		      size_t n);
size_t kernel_policy_flows(struct sg_datapath *dp, struct sg_dp_flow *out,
			   size_t cap);
void kernel_policy_refused(struct sg_datapath *dp, uint32_t peer,
			   uint64_t d[SIGNET_DROP_COUNT]);
/* adds what was dropped, of all peers */
void kernel_policy_drops(struct sg_datapath *dp, uint64_t d[SIGNET_DROP_COUNT]);

/* kernel_tc.c: where there are no links of tc programs (before Linux 6.6) */

/* in place of what an agent put there before */
int kernel_tc_attach(uint32_t ifindex, bool out, int prog);
void kernel_tc_detach(uint32_t ifindex);

#endif
