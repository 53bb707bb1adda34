// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Channels. */

#include "netlink.h"
#include "tx.h"

static struct signet_path *path_of(const struct signet_channel *ch)
{
	return rcu_dereference_protected(ch->path,
					 lockdep_is_held(&ch->peer->sd->lock));
}

static u8 lanes(struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u8(info->attrs[attr]) : 1;
}

static int new_channel(struct signet_device *sd, struct genl_info *info,
		       const struct signet_path_config *path)
{
	struct signet_channel *ch;
	struct signet_peer *peer;
	u32 id;
	int err;

	if (signet_nl_missing(info, SIGNET_A_CHANNEL_ID,
			      "the channel's id is missing: choose a number"))
		return -EINVAL;

	id = nla_get_u32(info->attrs[SIGNET_A_CHANNEL_ID]);
	err = signet_nl_new(info, signet_channel_find(sd, id), false);
	if (err)
		return err;

	peer = signet_nl_peer(sd, info, SIGNET_A_CHANNEL_PEER);
	if (IS_ERR(peer))
		return PTR_ERR(peer);

	ch = signet_channel_new(peer, id, lanes(info, SIGNET_A_CHANNEL_TX_LANES),
				lanes(info, SIGNET_A_CHANNEL_RX_LANES), path,
				info->extack);
	return signet_nl_result(info, PTR_ERR_OR_ZERO(ch));
}

int signet_nl_channel_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *nest = info->attrs[SIGNET_A_CHANNEL_PATH];
	struct signet_path_config path;
	netdevice_tracker tracker;
	struct signet_device *sd;
	int err = 0;

	if (nest)
		err = signet_nl_parse_path(info, nest, NULL, &path);
	if (err)
		goto out;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd)) {
		err = PTR_ERR(sd);
		goto out;
	}

	err = new_channel(sd, info, nest ? &path : NULL);

	signet_nl_unlock(sd, &tracker);
out:
	memzero_explicit(&path, sizeof(path));
	signet_nl_wipe_path(nest);
	return err;
}

static int set_path(struct signet_channel *ch, struct genl_info *info,
		    const struct nlattr *nest)
{
	struct signet_path_config path;
	int err;

	err = signet_nl_parse_path(info, nest, path_of(ch), &path);
	if (!err)
		err = signet_channel_set_path(ch, &path, info->extack);
	memzero_explicit(&path, sizeof(path));
	if (err)
		return signet_nl_result(info, err);

	signet_tx_waiting(ch->peer);
	return 0;
}

/* the one that is in use already has nothing to take over */
static int let_take_over(struct signet_channel *ch, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[SIGNET_A_CHANNEL_TAKE_OVER];

	if (!attr)
		return 0;

	if (!rcu_access_pointer(ch->path)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the channel has no path and only receives: give it one as well");
		return -EDESTADDRREQ;
	}

	if (rcu_access_pointer(ch->peer->tx) != ch)
		set_bit(SIGNET_CHANNEL_TAKES_OVER, &ch->flags);
	return 0;
}

int signet_nl_channel_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *nest = info->attrs[SIGNET_A_CHANNEL_PATH];
	netdevice_tracker tracker;
	struct signet_channel *ch;
	struct signet_device *sd;
	int err = 0;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd)) {
		err = PTR_ERR(sd);
		goto out;
	}

	ch = signet_nl_channel(sd, info, SIGNET_A_CHANNEL_ID);
	if (IS_ERR(ch)) {
		err = PTR_ERR(ch);
		goto out_unlock;
	}

	if (nest)
		err = set_path(ch, info, nest);
	if (!err)
		err = let_take_over(ch, info);
	if (!err && info->attrs[SIGNET_A_CHANNEL_WATCH])
		set_bit(SIGNET_CHANNEL_WATCHED, &ch->flags);

out_unlock:
	signet_nl_unlock(sd, &tracker);
out:
	signet_nl_wipe_path(nest);
	return err;
}

int signet_nl_channel_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_channel *ch;
	struct signet_device *sd;
	int err = 0;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	ch = signet_nl_channel(sd, info, SIGNET_A_CHANNEL_ID);
	if (IS_ERR(ch))
		err = PTR_ERR(ch);
	else
		signet_channel_del(ch);

	signet_nl_unlock(sd, &tracker);
	return err;
}

static void keepalive_refused(struct genl_info *info, int err)
{
	switch (err) {
	case -ENOKEY:
		GENL_SET_ERR_MSG(info,
				 "the channel has no transmit key: key-new and key-swap give it one");
		break;
	case -EKEYEXPIRED:
		GENL_SET_ERR_MSG(info,
				 "the transmit key is past its limit: key-new and key-swap give a new one");
		break;
	case -EDESTADDRREQ:
		GENL_SET_ERR_MSG(info,
				 "the channel has no path: channel-set gives it one");
		break;
	case -ENOTCONN:
		GENL_SET_ERR_MSG(info,
				 "the device has no socket of the remote's family, or is down");
		break;
	default:
		GENL_SET_ERR_MSG(info, "the frame could not be sent");
	}
}

int signet_nl_channel_keepalive_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_channel *ch;
	struct signet_device *sd;
	int err;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	ch = signet_nl_channel(sd, info, SIGNET_A_CHANNEL_ID);
	if (IS_ERR(ch)) {
		err = PTR_ERR(ch);
		goto out_unlock;
	}

	err = signet_tx_keepalive(ch);
	if (err)
		keepalive_refused(info, err);

out_unlock:
	signet_nl_unlock(sd, &tracker);
	return err;
}

static int put_channel(struct sk_buff *skb, const struct signet_channel *ch)
{
	const struct signet_path *path = path_of(ch);
	struct signet_counters_sum sum = {};

	if (nla_put_u32(skb, SIGNET_A_CHANNEL_IFINDEX,
			ch->peer->sd->dev->ifindex) ||
	    nla_put_u32(skb, SIGNET_A_CHANNEL_ID, ch->id) ||
	    nla_put_u32(skb, SIGNET_A_CHANNEL_PEER, ch->peer->id) ||
	    (path && signet_nl_put_path(skb, path)) ||
	    nla_put_u8(skb, SIGNET_A_CHANNEL_TX_LANES, ch->tx_lanes) ||
	    nla_put_u8(skb, SIGNET_A_CHANNEL_RX_LANES, ch->rx_lanes) ||
	    (test_bit(SIGNET_CHANNEL_WATCHED, &ch->flags) &&
	     nla_put_flag(skb, SIGNET_A_CHANNEL_WATCH)) ||
	    (test_bit(SIGNET_CHANNEL_TAKES_OVER, &ch->flags) &&
	     nla_put_flag(skb, SIGNET_A_CHANNEL_TAKE_OVER)))
		return -EMSGSIZE;

	signet_channel_sum(ch, &sum);
	return signet_nl_put_counters(skb, SIGNET_A_CHANNEL_COUNTERS, &sum);
}

static int reply_channel(struct genl_info *info,
			 const struct signet_channel *ch)
{
	struct signet_nl_reply reply;
	int err;

	err = signet_nl_reply_start(&reply, info, NLMSG_DEFAULT_SIZE);
	if (err)
		return err;
	return signet_nl_reply_end(&reply, info, put_channel(reply.skb, ch));
}

int signet_nl_channel_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_channel *ch;
	struct signet_device *sd;
	int err;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	ch = signet_nl_channel(sd, info, SIGNET_A_CHANNEL_ID);
	err = IS_ERR(ch) ? PTR_ERR(ch) : reply_channel(info, ch);

	signet_nl_unlock(sd, &tracker);
	return err;
}

static int dump_channels(struct sk_buff *skb, struct netlink_callback *cb,
			 struct signet_device *sd, struct signet_nl_cursor *at)
{
	struct signet_channel *ch;
	unsigned long id;
	void *hdr;

	xa_for_each_start(&sd->channels, id, ch, at->id) {
		at->id = id;
		hdr = signet_nl_dump_start(skb, cb);
		if (!hdr ||
		    signet_nl_dump_end(skb, hdr, put_channel(skb, ch)))
			return -EMSGSIZE;
	}

	return 0;
}

int signet_nl_channel_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb)
{
	return signet_nl_dump(skb, cb, dump_channels);
}
