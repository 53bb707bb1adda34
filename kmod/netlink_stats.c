// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Drops by reason. */

#include "netlink.h"
#include "stats.h"

static int put_reason(struct sk_buff *skb, u32 reason, u64 count)
{
	struct nlattr *nest = nla_nest_start(skb, SIGNET_A_STATS_REASON);

	if (!nest)
		return -EMSGSIZE;

	if (nla_put_u32(skb, SIGNET_A_REASON_REASON, reason) ||
	    nla_put_uint(skb, SIGNET_A_REASON_COUNT, count)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}

	nla_nest_end(skb, nest);
	return 0;
}

/* @peer may be NULL: what concerns none */
static int put_stats(struct sk_buff *skb, const struct signet_device *sd,
		     const struct signet_peer *peer)
{
	/* the data path makes a peer's with its first drop */
	u64 __percpu *drops = peer ? READ_ONCE(peer->drops) : sd->drops;
	u64 count;
	u32 i;

	if (nla_put_u32(skb, SIGNET_A_STATS_IFINDEX, sd->dev->ifindex) ||
	    (peer && nla_put_u32(skb, SIGNET_A_STATS_PEER, peer->id)))
		return -EMSGSIZE;

	for (i = SIGNET_DROP_NONE + 1; i < SIGNET_DROP_COUNT; i++) {
		count = signet_drops_sum(drops, i);
		if (count && put_reason(skb, i, count))
			return -EMSGSIZE;
	}

	return 0;
}

static int reply_stats(struct genl_info *info, struct signet_device *sd)
{
	struct signet_peer *peer = NULL;
	struct signet_nl_reply reply;
	int err;

	if (info->attrs[SIGNET_A_STATS_PEER]) {
		peer = signet_nl_peer(sd, info, SIGNET_A_STATS_PEER);
		if (IS_ERR(peer))
			return PTR_ERR(peer);
	}

	err = signet_nl_reply_start(&reply, info, NLMSG_DEFAULT_SIZE);
	if (err)
		return err;
	return signet_nl_reply_end(&reply, info,
				   put_stats(reply.skb, sd, peer));
}

int signet_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_device *sd;
	int err;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	err = reply_stats(info, sd);

	signet_nl_unlock(sd, &tracker);
	return err;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct signet_device *sd,
		    const struct signet_peer *peer)
{
	void *hdr = signet_nl_dump_start(skb, cb);

	if (!hdr)
		return -EMSGSIZE;
	return signet_nl_dump_end(skb, hdr, put_stats(skb, sd, peer));
}

/* the device's own first; @at->part: that is done */
static int dump_stats(struct sk_buff *skb, struct netlink_callback *cb,
		      struct signet_device *sd, struct signet_nl_cursor *at)
{
	struct signet_peer *peer;
	unsigned long id;
	int err;

	if (!at->part) {
		err = dump_one(skb, cb, sd, NULL);
		if (err)
			return err;
		at->part = 1;
	}

	xa_for_each_start(&sd->peers, id, peer, at->id) {
		at->id = id;
		err = dump_one(skb, cb, sd, peer);
		if (err)
			return err;
	}

	return 0;
}

int signet_nl_stats_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb)
{
	return signet_nl_dump(skb, cb, dump_stats);
}
