// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What requests and dumps of every kind of object need. */

#include "netlink.h"

MODULE_ALIAS_GENL_FAMILY(SIGNET_FAMILY_NAME);

static u16 flags_of(u8 cmd)
{
	switch (cmd) {
	case SIGNET_CMD_PEER_NEW:
	case SIGNET_CMD_CHANNEL_NEW:
	case SIGNET_CMD_LABEL_NEW:
	case SIGNET_CMD_KEY_NEW:
		return NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE;
	default:
		return 0;
	}
}

/* What the core checks for families that do not use NLM_F_CREATE and so on:
 * resv_start_op is above all commands, or it would refuse those.
 */
int signet_nl_check_header(const struct nlmsghdr *nlh,
			   struct netlink_ext_ack *extack)
{
	const struct genlmsghdr *hdr = nlmsg_data(nlh);
	u16 flags = nlh->nlmsg_flags;

	if (hdr->reserved) {
		NL_SET_ERR_MSG(extack, "genlmsghdr.reserved must be 0");
		return -EINVAL;
	}

	if ((flags & NLM_F_DUMP) == NLM_F_DUMP)
		flags &= ~NLM_F_DUMP;
	flags &= ~(NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO);
	if (flags & ~flags_of(hdr->cmd)) {
		NL_SET_ERR_MSG(extack,
			       "nlmsg_flags has a flag that means nothing to this command");
		return -EINVAL;
	}

	return 0;
}

int signet_nl_check_bare(const struct nlmsghdr *nlh,
			 struct netlink_ext_ack *extack)
{
	if (nlmsg_attrlen(nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG_ATTR(extack, nlmsg_attrdata(nlh, GENL_HDRLEN),
				    "this command has no attributes");
		return -EINVAL;
	}

	return signet_nl_check_header(nlh, extack);
}

struct signet_device *signet_nl_lock(struct genl_info *info,
				     netdevice_tracker *tracker)
{
	struct signet_device *sd;
	int err;

	err = signet_nl_check_header(info->nlhdr, info->extack);
	if (err)
		return ERR_PTR(err);

	if (signet_nl_missing(info, SIGNET_NL_IFINDEX,
			      "ifindex is missing: name a signet device"))
		return ERR_PTR(-EINVAL);

	sd = signet_device_get(genl_info_net(info),
			       nla_get_u32(info->attrs[SIGNET_NL_IFINDEX]),
			       tracker);
	if (!sd) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[SIGNET_NL_IFINDEX],
				    "no signet device with this index in this network namespace");
		return ERR_PTR(-ENODEV);
	}

	mutex_lock(&sd->lock);
	if (sd->dying) {
		signet_nl_unlock(sd, tracker);
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[SIGNET_NL_IFINDEX],
				    "the device is being deleted");
		return ERR_PTR(-ENODEV);
	}

	return sd;
}

void signet_nl_unlock(struct signet_device *sd, netdevice_tracker *tracker)
{
	mutex_unlock(&sd->lock);
	signet_device_put(sd, tracker);
}

struct signet_peer *signet_nl_peer(struct signet_device *sd,
				   struct genl_info *info, int attr)
{
	struct signet_peer *peer;

	if (signet_nl_missing(info, attr, "the peer's id is missing"))
		return ERR_PTR(-EINVAL);

	peer = signet_peer_find(sd, nla_get_u32(info->attrs[attr]));
	if (!peer) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "no such peer: add it with peer-new");
		return ERR_PTR(-ENOENT);
	}

	return peer;
}

struct signet_channel *signet_nl_channel(struct signet_device *sd,
					 struct genl_info *info, int attr)
{
	struct signet_channel *ch;

	if (signet_nl_missing(info, attr, "the channel's id is missing"))
		return ERR_PTR(-EINVAL);

	ch = signet_channel_find(sd, nla_get_u32(info->attrs[attr]));
	if (!ch) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "no such channel: add it with channel-new");
		return ERR_PTR(-ENOENT);
	}

	return ch;
}

/* NLM_F_REPLACE with NLM_F_EXCL does not come here: it looks like a dump */
int signet_nl_new(struct genl_info *info, bool exists, bool replaceable)
{
	u16 flags = info->nlhdr->nlmsg_flags;

	if ((flags & NLM_F_REPLACE) && !replaceable) {
		GENL_SET_ERR_MSG(info,
				 "NLM_F_REPLACE is not for this kind of object: delete it first");
		return -EOPNOTSUPP;
	}
	if (exists && !(flags & NLM_F_REPLACE)) {
		if (replaceable)
			GENL_SET_ERR_MSG(info,
					 "it exists already: NLM_F_REPLACE would change it");
		else
			GENL_SET_ERR_MSG(info,
					 "it exists already: delete it first");
		return -EEXIST;
	}
	if (!exists && (flags & NLM_F_REPLACE) && !(flags & NLM_F_CREATE)) {
		GENL_SET_ERR_MSG(info,
				 "there is none to replace: NLM_F_CREATE would make it");
		return -ENOENT;
	}

	return exists;
}

int signet_nl_result(struct genl_info *info, int err)
{
	if (!err || info->extack->_msg)
		return err;

	if (err == -ENOMEM)
		GENL_SET_ERR_MSG(info, "out of memory, or above the memory limit of the process");
	else
		GENL_SET_ERR_MSG(info, "the kernel refused it");
	return err;
}

/* Whoever listens to all netlink traffic (nlmon) may share the buffer; zeros
 * do them no harm.
 */
void signet_nl_wipe(struct nlattr *attr)
{
	if (attr)
		memzero_explicit(nla_data(attr), nla_len(attr));
}

int signet_nl_put_counters(struct sk_buff *skb, int attr,
			   const struct signet_counters_sum *sum)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest)
		return -EMSGSIZE;

	if (nla_put_uint(skb, SIGNET_A_COUNTERS_RX_PACKETS, sum->rx_packets) ||
	    nla_put_uint(skb, SIGNET_A_COUNTERS_RX_BYTES, sum->rx_bytes) ||
	    nla_put_uint(skb, SIGNET_A_COUNTERS_TX_PACKETS, sum->tx_packets) ||
	    nla_put_uint(skb, SIGNET_A_COUNTERS_TX_BYTES, sum->tx_bytes) ||
	    nla_put_uint(skb, SIGNET_A_COUNTERS_RX_LAST, sum->rx_last) ||
	    nla_put_uint(skb, SIGNET_A_COUNTERS_TX_LAST, sum->tx_last) ||
	    nla_put_uint(skb, SIGNET_A_COUNTERS_AEAD_FAILURES,
			 sum->aead_failures)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}

	nla_nest_end(skb, nest);
	return 0;
}

int signet_nl_reply_start(struct signet_nl_reply *reply,
			  struct genl_info *info, size_t size)
{
	reply->skb = genlmsg_new(size, GFP_KERNEL);
	if (!reply->skb) {
		GENL_SET_ERR_MSG(info, "no memory for the reply");
		return -ENOMEM;
	}

	reply->hdr = genlmsg_put_reply(reply->skb, info, &signet_nl_family, 0,
				       info->genlhdr->cmd);
	if (!reply->hdr) {
		nlmsg_free(reply->skb);
		GENL_SET_ERR_MSG(info, "the reply has no room for its header");
		return -EMSGSIZE;
	}

	return 0;
}

int signet_nl_reply_end(struct signet_nl_reply *reply, struct genl_info *info,
			int err)
{
	if (err) {
		nlmsg_free(reply->skb);
		GENL_SET_ERR_MSG(info, "too much for one message: use a dump");
		return err;
	}

	genlmsg_end(reply->skb, reply->hdr);
	return genlmsg_reply(reply->skb, info);
}

/* the signet device with the lowest index from @at->ifindex on, or NULL */
static struct signet_device *next_device(struct net *net, u32 from,
					 netdevice_tracker *tracker)
{
	struct signet_device *sd = NULL;
	struct net_device *dev;
	u32 found;

	do {
		found = 0;
		rcu_read_lock();
		for_each_netdev_rcu(net, dev)
			if (dev->rtnl_link_ops == &signet_link_ops &&
			    dev->ifindex >= from &&
			    (!found || dev->ifindex < found))
				found = dev->ifindex;
		rcu_read_unlock();

		if (found)
			sd = signet_device_get(net, found, tracker);
		from = found + 1;
	} while (found && !sd); /* it went in between */

	return sd;
}

/* One device's part. cb->seq is odd, thus never 0, which would switch the
 * check off.
 */
static int dump_device(struct sk_buff *skb, struct netlink_callback *cb,
		       struct signet_device *sd, struct signet_nl_cursor *at,
		       signet_nl_dump_fn fn)
{
	u32 ifindex = sd->dev->ifindex;
	int err = 0;

	mutex_lock(&sd->lock);
	cb->seq = 2 * (u32)atomic_read(&sd->generation) + 1;
	if (at->dev != ifindex) {
		at->dev = ifindex;
		at->id = 0;
		at->part = 0;
		cb->prev_seq = at->interrupted ? cb->seq + 1 : 0;
		at->interrupted = false;
	}
	if (!sd->dying)
		err = fn(skb, cb, sd, at);
	mutex_unlock(&sd->lock);

	if (!err) {
		at->ifindex = ifindex + 1;
		at->interrupted = cb->prev_seq && cb->prev_seq != cb->seq;
	}
	return err;
}

int signet_nl_dump(struct sk_buff *skb, struct netlink_callback *cb,
		   signet_nl_dump_fn fn)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct signet_nl_cursor *at = (void *)cb->ctx;
	struct net *net = sock_net(cb->skb->sk);
	netdevice_tracker tracker;
	struct signet_device *sd;
	u32 only = 0;
	int err;

	BUILD_BUG_ON(sizeof(*at) > sizeof(cb->ctx));

	err = signet_nl_check_header(cb->nlh, cb->extack);
	if (err)
		return err;

	if (attrs && attrs[SIGNET_NL_IFINDEX])
		only = nla_get_u32(attrs[SIGNET_NL_IFINDEX]);

	if (only && at->ifindex <= only) {
		sd = signet_device_get(net, only, &tracker);
		if (!sd) {
			NL_SET_ERR_MSG_ATTR(cb->extack,
					    attrs[SIGNET_NL_IFINDEX],
					    "no signet device with this index in this network namespace");
			return -ENODEV;
		}
		err = dump_device(skb, cb, sd, at, fn);
		signet_device_put(sd, &tracker);
	}

	while (!only && !err) {
		sd = next_device(net, at->ifindex, &tracker);
		if (!sd)
			break;
		err = dump_device(skb, cb, sd, at, fn);
		signet_device_put(sd, &tracker);
	}

	if (err && (err != -EMSGSIZE || !skb->len))
		return err;
	return skb->len;
}

void *signet_nl_dump_start(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct genlmsghdr *request = nlmsg_data(cb->nlh);
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &signet_nl_family, NLM_F_MULTI, request->cmd);
	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

int signet_nl_dump_end(struct sk_buff *skb, void *hdr, int err)
{
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}
