/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <net/rtnetlink.h>
#ifndef SIGNET_COMPAT_NET_RTNETLINK_H
#define SIGNET_COMPAT_NET_RTNETLINK_H

#ifdef SIGNET_LACKS_NEWLINK_PARAMS
struct rtnl_newlink_params {
	struct net *src_net;
	struct nlattr **tb;
	struct nlattr **data;
};

/*
 * Stands before the body of signet_newlink(), and makes the old function of
 * that name, which calls the new one. The mere name is not expanded.
 */
#define signet_newlink(dev_arg, params_arg, extack_arg)                        \
	signet_newlink_params(dev_arg, params_arg, extack_arg);                \
	static int signet_newlink(struct net *src_net, struct net_device *dev, \
				  struct nlattr *tb[], struct nlattr *data[],  \
				  struct netlink_ext_ack *extack)              \
	{                                                                      \
		struct rtnl_newlink_params params = {                          \
			.src_net = src_net,                                    \
			.tb = tb,                                              \
			.data = data,                                          \
		};                                                             \
									       \
		return signet_newlink_params(dev, &params, extack);            \
	}                                                                      \
	static int signet_newlink_params(dev_arg, params_arg, extack_arg)
#endif

#endif
