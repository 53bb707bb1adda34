// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Labels. */

#include "hop.h"
#include "label.h"
#include "netlink.h"

/* sd->lock keeps it */
static struct signet_label *find_label(struct signet_device *sd, u32 number)
{
	struct signet_label *label;

	rcu_read_lock();
	label = signet_label_find(sd, cpu_to_le32(number));
	rcu_read_unlock();

	return label;
}

static struct signet_label *label_of(struct signet_device *sd,
				     struct genl_info *info)
{
	struct nlattr *attr = info->attrs[SIGNET_A_LABEL_LABEL];
	struct signet_label *label;

	if (signet_nl_missing(info, SIGNET_A_LABEL_LABEL,
			      "the label is missing"))
		return ERR_PTR(-EINVAL);

	label = find_label(sd, nla_get_u32(attr));
	if (!label) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "no such label, or it has expired");
		return ERR_PTR(-ENOENT);
	}

	return label;
}

/* from time to live to boottime; 0 for never */
static int parse_expiry(struct genl_info *info, u64 *expires)
{
	struct nlattr *attr = info->attrs[SIGNET_A_LABEL_EXPIRY_MS];
	u64 ms;

	*expires = 0;
	if (!attr)
		return 0;

	ms = nla_get_uint(attr);
	if (!ms) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "a label can't have expired before it is there: label-del forgets one");
		return -EINVAL;
	}
	if (ms > SIGNET_NL_MS_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "too long: leave expiry-ms out for a label that stays");
		return -ERANGE;
	}

	*expires = ktime_get_boottime_ns() + ms * NSEC_PER_MSEC;
	return 0;
}

/* only the expiry may differ: a label and its hop key live and die together */
static int change_label(struct signet_label *label, struct genl_info *info,
			const struct signet_channel *ch, u64 expires)
{
	struct nlattr *attr = info->attrs[SIGNET_A_LABEL_HOP_KEY];
	siphash_key_t key;
	bool same = true;

	if (ch != label->channel) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[SIGNET_A_LABEL_CHANNEL],
				    "the label belongs to another channel: take a new label");
		return -EEXIST;
	}

	if (attr) {
		signet_hop_key_set(&key, nla_data(attr));
		same = !((key.key[0] ^ label->hop_key.key[0]) |
			 (key.key[1] ^ label->hop_key.key[1]));
		memzero_explicit(&key, sizeof(key));
	}
	if (!same) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "a label keeps its hop key: take a new label");
		return -EEXIST;
	}

	WRITE_ONCE(label->expires, expires);
	if (expires)
		signet_expire_at(ch->peer->sd, expires);
	signet_device_changed(ch->peer->sd);
	return 0;
}

static int new_label(struct signet_device *sd, struct genl_info *info)
{
	struct signet_label *label;
	struct signet_channel *ch;
	u64 expires;
	u32 number;
	int err;

	if (info->attrs[SIGNET_A_LABEL_FORWARD]) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[SIGNET_A_LABEL_FORWARD],
				    "forward labels are not supported by this version of the module");
		return -EOPNOTSUPP;
	}
	if (signet_nl_missing(info, SIGNET_A_LABEL_LABEL,
			      "the label is missing: choose a random number"))
		return -EINVAL;
	err = parse_expiry(info, &expires);
	if (err)
		return err;

	number = nla_get_u32(info->attrs[SIGNET_A_LABEL_LABEL]);
	label = find_label(sd, number);
	err = signet_nl_new(info, label, true);
	if (err < 0)
		return err;

	ch = signet_nl_channel(sd, info, SIGNET_A_LABEL_CHANNEL);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	if (label)
		return change_label(label, info, ch, expires);

	if (signet_nl_missing(info, SIGNET_A_LABEL_HOP_KEY,
			      "a new label needs its hop key"))
		return -EINVAL;

	err = signet_label_new(ch, number,
			       nla_data(info->attrs[SIGNET_A_LABEL_HOP_KEY]),
			       expires, info->extack);
	return signet_nl_result(info, err);
}

int signet_nl_label_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_device *sd;
	int err;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd)) {
		err = PTR_ERR(sd);
		goto out;
	}

	err = new_label(sd, info);

	signet_nl_unlock(sd, &tracker);
out:
	signet_nl_wipe(info->attrs[SIGNET_A_LABEL_HOP_KEY]);
	signet_nl_wipe_path(info->attrs[SIGNET_A_LABEL_FORWARD]);
	return err;
}

int signet_nl_label_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_label *label;
	struct signet_device *sd;
	int err = 0;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	label = label_of(sd, info);
	if (IS_ERR(label))
		err = PTR_ERR(label);
	else
		signet_label_del(label);

	signet_nl_unlock(sd, &tracker);
	return err;
}

/* one that has just expired has a millisecond left, as 0 would say never */
static int put_expiry(struct sk_buff *skb, u64 expires)
{
	u64 now = ktime_get_boottime_ns();
	u64 ms = 1;

	if (!expires)
		return 0;
	if (expires > now + NSEC_PER_MSEC)
		ms = div_u64(expires - now, NSEC_PER_MSEC);
	return nla_put_uint(skb, SIGNET_A_LABEL_EXPIRY_MS, ms);
}

static int put_label(struct sk_buff *skb, const struct signet_label *label)
{
	const struct signet_channel *ch = label->channel;

	if (nla_put_u32(skb, SIGNET_A_LABEL_IFINDEX,
			ch->peer->sd->dev->ifindex) ||
	    nla_put_u32(skb, SIGNET_A_LABEL_LABEL,
			le32_to_cpu(label->label)) ||
	    nla_put_u32(skb, SIGNET_A_LABEL_CHANNEL, ch->id) ||
	    put_expiry(skb, READ_ONCE(label->expires)))
		return -EMSGSIZE;

	return 0;
}

static int reply_label(struct genl_info *info,
		       const struct signet_label *label)
{
	struct signet_nl_reply reply;
	int err;

	err = signet_nl_reply_start(&reply, info, NLMSG_DEFAULT_SIZE);
	if (err)
		return err;
	return signet_nl_reply_end(&reply, info, put_label(reply.skb, label));
}

int signet_nl_label_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_label *label;
	struct signet_device *sd;
	int err;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	label = label_of(sd, info);
	err = IS_ERR(label) ? PTR_ERR(label) : reply_label(info, label);

	signet_nl_unlock(sd, &tracker);
	return err;
}

/* by channel; @at->part: labels of the channel that were sent */
static int dump_labels(struct sk_buff *skb, struct netlink_callback *cb,
		       struct signet_device *sd, struct signet_nl_cursor *at)
{
	struct signet_label *label;
	struct signet_channel *ch;
	unsigned long id;
	void *hdr;
	u32 n;

	xa_for_each_start(&sd->channels, id, ch, at->id) {
		if (id != at->id)
			at->part = 0;
		at->id = id;
		n = 0;
		list_for_each_entry(label, &ch->labels, node) {
			if (n++ < at->part)
				continue;
			hdr = signet_nl_dump_start(skb, cb);
			if (!hdr || signet_nl_dump_end(skb, hdr,
						       put_label(skb, label)))
				return -EMSGSIZE;
			at->part++;
		}
		at->part = 0;
	}

	return 0;
}

int signet_nl_label_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb)
{
	return signet_nl_dump(skb, cb, dump_labels);
}
