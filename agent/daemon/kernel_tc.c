// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tc programs as filters of a clsact qdisc, over rtnetlink. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

#include "daemon/kernel_policy.h"
#include "daemon/netif_nl.h"

/* Ours: others may use other numbers. */
#define HANDLE	 1
#define PRIORITY 21319 /* 0x5347 */

static struct nl_msg *request(int type, int flags, uint32_t ifindex,
			      uint32_t parent, uint32_t handle, uint32_t info)
{
	const struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = parent,
		.tcm_handle = handle,
		.tcm_info = info,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && nlmsg_append(msg, (void *)&tc, sizeof(tc), NLMSG_ALIGNTO)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* libnl tells errno's as numbers of its own, but for the kernel's last. */
static int keep_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	*(int *)arg = e->error;
	return NL_STOP;
}

/* Takes @msg. Return: 0 or the kernel's -errno */
static int call(struct nl_sock *sk, struct nl_msg *msg)
{
	struct nl_cb *cb, *old = nl_socket_get_cb(sk);
	int err = 0, ret;

	cb = nl_cb_clone(old);
	nl_cb_put(old);
	if (!cb || !msg) {
		nl_cb_put(cb);
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nl_cb_err(cb, NL_CB_CUSTOM, keep_error, &err);
	ret = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	if (ret >= 0)
		ret = nl_recvmsgs(sk, cb);
	nl_cb_put(cb);
	return err ? err : ret < 0 ? -EIO : 0;
}

static int add_qdisc(struct nl_sock *sk, uint32_t ifindex)
{
	struct nl_msg *msg = request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
				     ifindex, TC_H_CLSACT,
				     TC_H_MAKE(TC_H_CLSACT, 0), 0);
	int err;

	if (msg)
		nla_put_string(msg, TCA_KIND, "clsact");
	err = call(sk, msg);
	return err == -EEXIST ? 0 : err;
}

static uint32_t parent_of(bool out)
{
	return TC_H_MAKE(TC_H_CLSACT, out ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
}

#define INFO TC_H_MAKE((uint32_t)PRIORITY << 16, htons(ETH_P_ALL))

static int add_filter(struct nl_sock *sk, uint32_t ifindex, bool out, int prog)
{
	struct nl_msg *msg = request(RTM_NEWTFILTER,
				     NLM_F_CREATE | NLM_F_REPLACE, ifindex,
				     parent_of(out), HANDLE, INFO);
	struct nlattr *options;

	if (msg) {
		nla_put_string(msg, TCA_KIND, "bpf");
		options = nla_nest_start(msg, TCA_OPTIONS);
		nla_put_u32(msg, TCA_BPF_FD, (uint32_t)prog);
		nla_put_string(msg, TCA_BPF_NAME, "signet_policy");
		nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
		nla_nest_end(msg, options);
	}
	return call(sk, msg);
}

int kernel_tc_attach(uint32_t ifindex, bool out, int prog)
{
	struct nl_sock *sk;
	int err = sg_nl_open(&sk);

	if (err)
		return err;
	err = add_qdisc(sk, ifindex);
	if (!err)
		err = add_filter(sk, ifindex, out, prog);
	sg_nl_close(sk);
	return err;
}

/* The qdisc stays: others may have filters there. It goes with the device. */
void kernel_tc_detach(uint32_t ifindex)
{
	struct nl_sock *sk;

	if (sg_nl_open(&sk))
		return;
	for (int out = 0; out < 2; out++) {
		struct nl_msg *msg = request(RTM_DELTFILTER, 0, ifindex,
					     parent_of(out), HANDLE, INFO);

		if (msg)
			nla_put_string(msg, TCA_KIND, "bpf");
		call(sk, msg);
	}
	sg_nl_close(sk);
}
