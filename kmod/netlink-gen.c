// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/signet.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: Documentation/netlink/regen */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/signet.h>

/* Common nested types */
const struct nla_policy signet_limits_nl_policy[SIGNET_A_LIMITS_QUEUE_BYTES + 1] = {
	[SIGNET_A_LIMITS_PEERS] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_LIMITS_CHANNELS] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_LIMITS_PREFIXES] = { .type = NLA_U32, },
	[SIGNET_A_LIMITS_QUEUE_BYTES] = { .type = NLA_U32, },
};

const struct nla_policy signet_path_nl_policy[SIGNET_A_PATH_GENERATION + 1] = {
	[SIGNET_A_PATH_TX_LABEL] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_PATH_TX_HOP_KEY] = NLA_POLICY_EXACT_LEN(SIGNET_HOP_KEY_LEN),
	[SIGNET_A_PATH_REMOTE] = NLA_POLICY_MAX_LEN(16),
	[SIGNET_A_PATH_REMOTE_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[SIGNET_A_PATH_SCOPE_ID] = { .type = NLA_U32, },
	[SIGNET_A_PATH_LOCAL] = NLA_POLICY_MAX_LEN(16),
	[SIGNET_A_PATH_GENERATION] = { .type = NLA_U32, },
};

const struct nla_policy signet_prefix_nl_policy[SIGNET_A_PREFIX_MOVE + 1] = {
	[SIGNET_A_PREFIX_ADDRESS] = NLA_POLICY_MAX_LEN(16),
	[SIGNET_A_PREFIX_LENGTH] = NLA_POLICY_MAX(NLA_U8, 128),
	[SIGNET_A_PREFIX_REMOVE] = { .type = NLA_FLAG, },
	[SIGNET_A_PREFIX_MOVE] = { .type = NLA_FLAG, },
};

/* SIGNET_CMD_DEV_GET - do */
static const struct nla_policy signet_dev_get_nl_policy[SIGNET_A_DEV_IFINDEX + 1] = {
	[SIGNET_A_DEV_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SIGNET_CMD_DEV_SET - do */
static const struct nla_policy signet_dev_set_nl_policy[SIGNET_A_DEV_OWNER + 1] = {
	[SIGNET_A_DEV_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_DEV_SOCK4_FD] = { .type = NLA_S32, },
	[SIGNET_A_DEV_SOCK6_FD] = { .type = NLA_S32, },
	[SIGNET_A_DEV_LIMITS] = NLA_POLICY_NESTED(signet_limits_nl_policy),
	[SIGNET_A_DEV_OWNER] = NLA_POLICY_EXACT_LEN(SIGNET_OWNER_LEN),
};

/* SIGNET_CMD_PEER_NEW - do */
static const struct nla_policy signet_peer_new_nl_policy[SIGNET_A_PEER_MARK + 1] = {
	[SIGNET_A_PEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_PEER_ID] = { .type = NLA_U32, },
	[SIGNET_A_PEER_PREFIX] = NLA_POLICY_NESTED(signet_prefix_nl_policy),
	[SIGNET_A_PEER_REPLACE_PREFIXES] = { .type = NLA_FLAG, },
	[SIGNET_A_PEER_DF] = NLA_POLICY_MAX(NLA_U32, 2),
	[SIGNET_A_PEER_TOS] = { .type = NLA_U8, },
	[SIGNET_A_PEER_MARK] = { .type = NLA_U32, },
};

/* SIGNET_CMD_PEER_SET - do */
static const struct nla_policy signet_peer_set_nl_policy[SIGNET_A_PEER_MARK + 1] = {
	[SIGNET_A_PEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_PEER_ID] = { .type = NLA_U32, },
	[SIGNET_A_PEER_PREFIX] = NLA_POLICY_NESTED(signet_prefix_nl_policy),
	[SIGNET_A_PEER_REPLACE_PREFIXES] = { .type = NLA_FLAG, },
	[SIGNET_A_PEER_TX_CHANNEL] = { .type = NLA_U32, },
	[SIGNET_A_PEER_DF] = NLA_POLICY_MAX(NLA_U32, 2),
	[SIGNET_A_PEER_TOS] = { .type = NLA_U8, },
	[SIGNET_A_PEER_MARK] = { .type = NLA_U32, },
};

/* SIGNET_CMD_PEER_GET - do */
static const struct nla_policy signet_peer_get_do_nl_policy[SIGNET_A_PEER_ID + 1] = {
	[SIGNET_A_PEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_PEER_ID] = { .type = NLA_U32, },
};

/* SIGNET_CMD_PEER_GET - dump */
static const struct nla_policy signet_peer_get_dump_nl_policy[SIGNET_A_PEER_IFINDEX + 1] = {
	[SIGNET_A_PEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SIGNET_CMD_PEER_DEL - do */
static const struct nla_policy signet_peer_del_nl_policy[SIGNET_A_PEER_ID + 1] = {
	[SIGNET_A_PEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_PEER_ID] = { .type = NLA_U32, },
};

/* SIGNET_CMD_CHANNEL_NEW - do */
static const struct nla_policy signet_channel_new_nl_policy[SIGNET_A_CHANNEL_RX_LANES + 1] = {
	[SIGNET_A_CHANNEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_CHANNEL_ID] = { .type = NLA_U32, },
	[SIGNET_A_CHANNEL_PEER] = { .type = NLA_U32, },
	[SIGNET_A_CHANNEL_PATH] = NLA_POLICY_NESTED(signet_path_nl_policy),
	[SIGNET_A_CHANNEL_TX_LANES] = NLA_POLICY_RANGE(NLA_U8, 1, 32),
	[SIGNET_A_CHANNEL_RX_LANES] = NLA_POLICY_RANGE(NLA_U8, 1, 32),
};

/* SIGNET_CMD_CHANNEL_SET - do */
static const struct nla_policy signet_channel_set_nl_policy[SIGNET_A_CHANNEL_TAKE_OVER + 1] = {
	[SIGNET_A_CHANNEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_CHANNEL_ID] = { .type = NLA_U32, },
	[SIGNET_A_CHANNEL_PATH] = NLA_POLICY_NESTED(signet_path_nl_policy),
	[SIGNET_A_CHANNEL_WATCH] = { .type = NLA_FLAG, },
	[SIGNET_A_CHANNEL_TAKE_OVER] = { .type = NLA_FLAG, },
};

/* SIGNET_CMD_CHANNEL_GET - do */
static const struct nla_policy signet_channel_get_do_nl_policy[SIGNET_A_CHANNEL_ID + 1] = {
	[SIGNET_A_CHANNEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_CHANNEL_ID] = { .type = NLA_U32, },
};

/* SIGNET_CMD_CHANNEL_GET - dump */
static const struct nla_policy signet_channel_get_dump_nl_policy[SIGNET_A_CHANNEL_IFINDEX + 1] = {
	[SIGNET_A_CHANNEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SIGNET_CMD_CHANNEL_DEL - do */
static const struct nla_policy signet_channel_del_nl_policy[SIGNET_A_CHANNEL_ID + 1] = {
	[SIGNET_A_CHANNEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_CHANNEL_ID] = { .type = NLA_U32, },
};

/* SIGNET_CMD_CHANNEL_KEEPALIVE - do */
static const struct nla_policy signet_channel_keepalive_nl_policy[SIGNET_A_CHANNEL_ID + 1] = {
	[SIGNET_A_CHANNEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_CHANNEL_ID] = { .type = NLA_U32, },
};

/* SIGNET_CMD_LABEL_NEW - do */
static const struct nla_policy signet_label_new_nl_policy[SIGNET_A_LABEL_EXPIRY_MS + 1] = {
	[SIGNET_A_LABEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_LABEL_LABEL] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_LABEL_HOP_KEY] = NLA_POLICY_EXACT_LEN(SIGNET_HOP_KEY_LEN),
	[SIGNET_A_LABEL_CHANNEL] = { .type = NLA_U32, },
	[SIGNET_A_LABEL_FORWARD] = NLA_POLICY_NESTED(signet_path_nl_policy),
	[SIGNET_A_LABEL_EXPIRY_MS] = { .type = NLA_UINT, },
};

/* SIGNET_CMD_LABEL_GET - do */
static const struct nla_policy signet_label_get_do_nl_policy[SIGNET_A_LABEL_LABEL + 1] = {
	[SIGNET_A_LABEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_LABEL_LABEL] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SIGNET_CMD_LABEL_GET - dump */
static const struct nla_policy signet_label_get_dump_nl_policy[SIGNET_A_LABEL_IFINDEX + 1] = {
	[SIGNET_A_LABEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SIGNET_CMD_LABEL_DEL - do */
static const struct nla_policy signet_label_del_nl_policy[SIGNET_A_LABEL_LABEL + 1] = {
	[SIGNET_A_LABEL_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_LABEL_LABEL] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SIGNET_CMD_KEY_NEW - do */
static const struct nla_policy signet_key_new_nl_policy[SIGNET_A_KEY_HARD_FRAMES + 1] = {
	[SIGNET_A_KEY_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_KEY_CHANNEL] = { .type = NLA_U32, },
	[SIGNET_A_KEY_KEY_ID] = NLA_POLICY_MAX(NLA_U8, 7),
	[SIGNET_A_KEY_DIRECTION] = NLA_POLICY_MAX(NLA_U32, 1),
	[SIGNET_A_KEY_CIPHER] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[SIGNET_A_KEY_KEY] = NLA_POLICY_EXACT_LEN(SIGNET_KEY_LEN),
	[SIGNET_A_KEY_SOFT_MS] = { .type = NLA_UINT, },
	[SIGNET_A_KEY_HARD_MS] = { .type = NLA_UINT, },
	[SIGNET_A_KEY_SOFT_FRAMES] = { .type = NLA_UINT, },
	[SIGNET_A_KEY_HARD_FRAMES] = { .type = NLA_UINT, },
};

/* SIGNET_CMD_KEY_SWAP - do */
static const struct nla_policy signet_key_swap_nl_policy[SIGNET_A_KEY_KEY_ID + 1] = {
	[SIGNET_A_KEY_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_KEY_CHANNEL] = { .type = NLA_U32, },
	[SIGNET_A_KEY_KEY_ID] = NLA_POLICY_MAX(NLA_U8, 7),
};

/* SIGNET_CMD_KEY_GET - do */
static const struct nla_policy signet_key_get_do_nl_policy[SIGNET_A_KEY_DIRECTION + 1] = {
	[SIGNET_A_KEY_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_KEY_CHANNEL] = { .type = NLA_U32, },
	[SIGNET_A_KEY_KEY_ID] = NLA_POLICY_MAX(NLA_U8, 7),
	[SIGNET_A_KEY_DIRECTION] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* SIGNET_CMD_KEY_GET - dump */
static const struct nla_policy signet_key_get_dump_nl_policy[SIGNET_A_KEY_IFINDEX + 1] = {
	[SIGNET_A_KEY_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SIGNET_CMD_KEY_DEL - do */
static const struct nla_policy signet_key_del_nl_policy[SIGNET_A_KEY_DIRECTION + 1] = {
	[SIGNET_A_KEY_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_KEY_CHANNEL] = { .type = NLA_U32, },
	[SIGNET_A_KEY_KEY_ID] = NLA_POLICY_MAX(NLA_U8, 7),
	[SIGNET_A_KEY_DIRECTION] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* SIGNET_CMD_STATS_GET - do */
static const struct nla_policy signet_stats_get_do_nl_policy[SIGNET_A_STATS_PEER + 1] = {
	[SIGNET_A_STATS_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SIGNET_A_STATS_PEER] = { .type = NLA_U32, },
};

/* SIGNET_CMD_STATS_GET - dump */
static const struct nla_policy signet_stats_get_dump_nl_policy[SIGNET_A_STATS_IFINDEX + 1] = {
	[SIGNET_A_STATS_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* Ops table for signet */
static const struct genl_split_ops signet_nl_ops[] = {
	{
		.cmd	= SIGNET_CMD_MODULE_GET,
		.doit	= signet_nl_module_get_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_DEV_GET,
		.doit		= signet_nl_dev_get_doit,
		.policy		= signet_dev_get_nl_policy,
		.maxattr	= SIGNET_A_DEV_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= SIGNET_CMD_DEV_GET,
		.dumpit	= signet_nl_dev_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIGNET_CMD_DEV_SET,
		.doit		= signet_nl_dev_set_doit,
		.policy		= signet_dev_set_nl_policy,
		.maxattr	= SIGNET_A_DEV_OWNER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_PEER_NEW,
		.doit		= signet_nl_peer_new_doit,
		.policy		= signet_peer_new_nl_policy,
		.maxattr	= SIGNET_A_PEER_MARK,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_PEER_SET,
		.doit		= signet_nl_peer_set_doit,
		.policy		= signet_peer_set_nl_policy,
		.maxattr	= SIGNET_A_PEER_MARK,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_PEER_GET,
		.doit		= signet_nl_peer_get_doit,
		.policy		= signet_peer_get_do_nl_policy,
		.maxattr	= SIGNET_A_PEER_ID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_PEER_GET,
		.dumpit		= signet_nl_peer_get_dumpit,
		.policy		= signet_peer_get_dump_nl_policy,
		.maxattr	= SIGNET_A_PEER_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIGNET_CMD_PEER_DEL,
		.doit		= signet_nl_peer_del_doit,
		.policy		= signet_peer_del_nl_policy,
		.maxattr	= SIGNET_A_PEER_ID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_CHANNEL_NEW,
		.doit		= signet_nl_channel_new_doit,
		.policy		= signet_channel_new_nl_policy,
		.maxattr	= SIGNET_A_CHANNEL_RX_LANES,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_CHANNEL_SET,
		.doit		= signet_nl_channel_set_doit,
		.policy		= signet_channel_set_nl_policy,
		.maxattr	= SIGNET_A_CHANNEL_TAKE_OVER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_CHANNEL_GET,
		.doit		= signet_nl_channel_get_doit,
		.policy		= signet_channel_get_do_nl_policy,
		.maxattr	= SIGNET_A_CHANNEL_ID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_CHANNEL_GET,
		.dumpit		= signet_nl_channel_get_dumpit,
		.policy		= signet_channel_get_dump_nl_policy,
		.maxattr	= SIGNET_A_CHANNEL_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIGNET_CMD_CHANNEL_DEL,
		.doit		= signet_nl_channel_del_doit,
		.policy		= signet_channel_del_nl_policy,
		.maxattr	= SIGNET_A_CHANNEL_ID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_CHANNEL_KEEPALIVE,
		.doit		= signet_nl_channel_keepalive_doit,
		.policy		= signet_channel_keepalive_nl_policy,
		.maxattr	= SIGNET_A_CHANNEL_ID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_LABEL_NEW,
		.doit		= signet_nl_label_new_doit,
		.policy		= signet_label_new_nl_policy,
		.maxattr	= SIGNET_A_LABEL_EXPIRY_MS,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_LABEL_GET,
		.doit		= signet_nl_label_get_doit,
		.policy		= signet_label_get_do_nl_policy,
		.maxattr	= SIGNET_A_LABEL_LABEL,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_LABEL_GET,
		.dumpit		= signet_nl_label_get_dumpit,
		.policy		= signet_label_get_dump_nl_policy,
		.maxattr	= SIGNET_A_LABEL_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIGNET_CMD_LABEL_DEL,
		.doit		= signet_nl_label_del_doit,
		.policy		= signet_label_del_nl_policy,
		.maxattr	= SIGNET_A_LABEL_LABEL,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_KEY_NEW,
		.doit		= signet_nl_key_new_doit,
		.policy		= signet_key_new_nl_policy,
		.maxattr	= SIGNET_A_KEY_HARD_FRAMES,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_KEY_SWAP,
		.doit		= signet_nl_key_swap_doit,
		.policy		= signet_key_swap_nl_policy,
		.maxattr	= SIGNET_A_KEY_KEY_ID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_KEY_GET,
		.doit		= signet_nl_key_get_doit,
		.policy		= signet_key_get_do_nl_policy,
		.maxattr	= SIGNET_A_KEY_DIRECTION,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_KEY_GET,
		.dumpit		= signet_nl_key_get_dumpit,
		.policy		= signet_key_get_dump_nl_policy,
		.maxattr	= SIGNET_A_KEY_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= SIGNET_CMD_KEY_DEL,
		.doit		= signet_nl_key_del_doit,
		.policy		= signet_key_del_nl_policy,
		.maxattr	= SIGNET_A_KEY_DIRECTION,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_STATS_GET,
		.doit		= signet_nl_stats_get_doit,
		.policy		= signet_stats_get_do_nl_policy,
		.maxattr	= SIGNET_A_STATS_PEER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= SIGNET_CMD_STATS_GET,
		.dumpit		= signet_nl_stats_get_dumpit,
		.policy		= signet_stats_get_dump_nl_policy,
		.maxattr	= SIGNET_A_STATS_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group signet_nl_mcgrps[] = {
	[SIGNET_NLGRP_EVENTS] = { "events", GENL_MCAST_CAP_NET_ADMIN, },
};

struct genl_family signet_nl_family __ro_after_init = {
	.name		= SIGNET_FAMILY_NAME,
	.version	= SIGNET_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.resv_start_op	= __SIGNET_CMD_MAX,
	.module		= THIS_MODULE,
	.split_ops	= signet_nl_ops,
	.n_split_ops	= ARRAY_SIZE(signet_nl_ops),
	.mcgrps		= signet_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(signet_nl_mcgrps),
};
