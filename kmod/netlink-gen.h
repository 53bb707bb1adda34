/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/signet.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: Documentation/netlink/regen */

#ifndef _LINUX_SIGNET_GEN_H
#define _LINUX_SIGNET_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/signet.h>

/* Common nested types */
extern const struct nla_policy signet_limits_nl_policy[SIGNET_A_LIMITS_QUEUE_BYTES + 1];
extern const struct nla_policy signet_path_nl_policy[SIGNET_A_PATH_GENERATION + 1];
extern const struct nla_policy signet_prefix_nl_policy[SIGNET_A_PREFIX_MOVE + 1];

int signet_nl_module_get_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int signet_nl_dev_set_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_peer_new_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_peer_set_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int signet_nl_peer_del_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_channel_new_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_channel_set_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_channel_get_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_channel_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int signet_nl_channel_del_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_channel_keepalive_doit(struct sk_buff *skb,
				     struct genl_info *info);
int signet_nl_label_new_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_label_get_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_label_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int signet_nl_label_del_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_key_new_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_key_swap_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_key_get_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_key_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int signet_nl_key_del_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int signet_nl_stats_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);

enum {
	SIGNET_NLGRP_EVENTS,
};

extern struct genl_family signet_nl_family;

#endif /* _LINUX_SIGNET_GEN_H */
