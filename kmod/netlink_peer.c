// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Peers and their prefixes. */

#include <linux/inetdevice.h>
#include <net/inet_ecn.h>
#include <net/ipv6.h>

#include "event.h"
#include "netlink.h"
#include "tx.h"

/* one prefix in a message: nest, address, length */
#define PREFIX_SIZE (nla_total_size(nla_total_size(16) + nla_total_size(1)))
/* most in one reply, which fits what clients receive at once; dumps have all */
#define REPLY_PREFIXES 512

#define TOS_INHERIT 1

static int parse_prefix_addr(const struct nlattr *attr, u8 length,
			     struct signet_prefix_change *change,
			     struct netlink_ext_ack *extack)
{
	struct in6_addr masked;

	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		change->family = AF_INET;
		change->in = nla_get_in_addr(attr);
		if (length > 32) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "an IPv4 prefix has a length of 0 to 32");
			return -EINVAL;
		}
		if (change->in & ~inet_make_mask(length))
			goto err_bits;
		return 0;
	case sizeof(struct in6_addr):
		change->family = AF_INET6;
		change->in6 = nla_get_in6_addr(attr);
		ipv6_addr_prefix(&masked, &change->in6, length);
		if (!ipv6_addr_equal(&masked, &change->in6))
			goto err_bits;
		return 0;
	default:
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an address has 4 bytes (IPv4) or 16 (IPv6)");
		return -EINVAL;
	}

err_bits:
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "bits after the prefix's length are not zero: clear them, or give a longer length");
	return -EINVAL;
}

static int parse_prefix(const struct nlattr *nest,
			struct signet_prefix_change *change,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SIGNET_A_PREFIX_MAX + 1];
	int err;

	err = nla_parse_nested(tb, SIGNET_A_PREFIX_MAX, nest,
			       signet_prefix_nl_policy, extack);
	if (err)
		return err;

	if (NL_REQ_ATTR_CHECK(extack, nest, tb, SIGNET_A_PREFIX_ADDRESS) ||
	    NL_REQ_ATTR_CHECK(extack, nest, tb, SIGNET_A_PREFIX_LENGTH)) {
		NL_SET_ERR_MSG(extack, "a prefix needs an address and a length");
		return -EINVAL;
	}
	if (tb[SIGNET_A_PREFIX_REMOVE] && tb[SIGNET_A_PREFIX_MOVE]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[SIGNET_A_PREFIX_MOVE],
				    "remove and move contradict each other: give one");
		return -EINVAL;
	}

	change->op = SIGNET_PREFIX_ADD;
	if (tb[SIGNET_A_PREFIX_REMOVE])
		change->op = SIGNET_PREFIX_REMOVE;
	else if (tb[SIGNET_A_PREFIX_MOVE])
		change->op = SIGNET_PREFIX_MOVE;

	change->length = nla_get_u8(tb[SIGNET_A_PREFIX_LENGTH]);
	return parse_prefix_addr(tb[SIGNET_A_PREFIX_ADDRESS], change->length,
				 change, extack);
}

/* what a request wants of a peer, checked; @changes: kvmalloc'ed, @n of them */
struct peer_change {
	struct signet_prefix_change *changes;
	unsigned int n;
	bool replace;
};

static int parse_prefixes(struct genl_info *info, struct peer_change *want)
{
	struct nlattr *attr;
	unsigned int n = 0;
	int rem, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		n += nla_type(attr) == SIGNET_A_PEER_PREFIX;
	if (!n)
		return 0;

	want->changes = kvcalloc(n, sizeof(*want->changes), GFP_KERNEL);
	if (!want->changes) {
		GENL_SET_ERR_MSG(info, "no memory for the prefixes");
		return -ENOMEM;
	}

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != SIGNET_A_PEER_PREFIX)
			continue;
		err = parse_prefix(attr, &want->changes[want->n++],
				   info->extack);
		if (err)
			return err;
	}

	return 0;
}

/* all that can be checked without the peer */
static int parse_peer(struct genl_info *info, struct peer_change *want)
{
	struct nlattr *tos = info->attrs[SIGNET_A_PEER_TOS];

	memset(want, 0, sizeof(*want));
	want->replace = info->attrs[SIGNET_A_PEER_REPLACE_PREFIXES];

	if (tos && nla_get_u8(tos) != TOS_INHERIT &&
	    nla_get_u8(tos) & INET_ECN_MASK) {
		NL_SET_ERR_MSG_ATTR(info->extack, tos,
				    "tos holds a DSCP in its upper six bits, or is 1 to copy the inner one");
		return -EINVAL;
	}

	return parse_prefixes(info, want);
}

/* Routes that were chosen by the old mark are forgotten. */
static void change_mark(struct signet_peer *peer, u32 mark)
{
	struct signet_channel *ch;
	struct signet_path *path;

	WRITE_ONCE(peer->mark, mark);
	list_for_each_entry(ch, &peer->channels, node) {
		path = rcu_dereference_protected(ch->path,
						 lockdep_is_held(&peer->sd->lock));
		if (path)
			dst_cache_reset(&path->cache);
	}
}

/* the prefixes, which may be refused, and then the rest, which may not */
static int change_peer(struct signet_peer *peer, struct genl_info *info,
		       const struct peer_change *want)
{
	struct nlattr **attrs = info->attrs;
	int err;

	if (want->n || want->replace) {
		err = signet_prefixes_change(peer, want->changes, want->n,
					     want->replace, info->extack);
		if (err)
			return signet_nl_result(info, err);
	}

	if (attrs[SIGNET_A_PEER_DF])
		WRITE_ONCE(peer->df, nla_get_u32(attrs[SIGNET_A_PEER_DF]));
	if (attrs[SIGNET_A_PEER_TOS])
		WRITE_ONCE(peer->tos, nla_get_u8(attrs[SIGNET_A_PEER_TOS]));
	if (attrs[SIGNET_A_PEER_MARK])
		change_mark(peer, nla_get_u32(attrs[SIGNET_A_PEER_MARK]));
	signet_device_changed(peer->sd);

	return 0;
}

static int new_peer(struct signet_device *sd, struct genl_info *info,
		    const struct peer_change *want)
{
	struct signet_peer *peer;
	u32 id;
	int err;

	if (signet_nl_missing(info, SIGNET_A_PEER_ID,
			      "the peer's id is missing: choose a number"))
		return -EINVAL;

	id = nla_get_u32(info->attrs[SIGNET_A_PEER_ID]);
	peer = signet_peer_find(sd, id);
	err = signet_nl_new(info, peer, true);
	if (err < 0)
		return err;
	if (peer)
		return change_peer(peer, info, want);

	peer = signet_peer_new(sd, id, info->extack);
	if (IS_ERR(peer))
		return signet_nl_result(info, PTR_ERR(peer));

	err = change_peer(peer, info, want);
	if (err)
		signet_peer_del(peer);
	return err;
}

static void delete_peer(struct signet_peer *peer)
{
	struct signet_device *sd = peer->sd;
	u32 id = peer->id;

	signet_peer_del(peer);
	signet_event_peer_del(sd, id);
}

int signet_nl_peer_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct peer_change want;
	struct signet_device *sd;
	int err;

	err = parse_peer(info, &want);
	if (err)
		goto out;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd)) {
		err = PTR_ERR(sd);
		goto out;
	}

	err = new_peer(sd, info, &want);

	signet_nl_unlock(sd, &tracker);
out:
	kvfree(want.changes);
	return err;
}

static int set_peer(struct signet_device *sd, struct genl_info *info,
		    const struct peer_change *want)
{
	struct nlattr *tx = info->attrs[SIGNET_A_PEER_TX_CHANNEL];
	struct signet_channel *ch = NULL;
	struct signet_peer *peer;
	int err;

	peer = signet_nl_peer(sd, info, SIGNET_A_PEER_ID);
	if (IS_ERR(peer))
		return PTR_ERR(peer);

	if (tx) {
		ch = signet_nl_channel(sd, info, SIGNET_A_PEER_TX_CHANNEL);
		if (IS_ERR(ch))
			return PTR_ERR(ch);
		if (ch->peer != peer) {
			NL_SET_ERR_MSG_ATTR(info->extack, tx,
					    "the channel belongs to another peer");
			return -EINVAL;
		}
		if (!rcu_access_pointer(ch->path)) {
			NL_SET_ERR_MSG_ATTR(info->extack, tx,
					    "the channel has no path and only receives: give it one with channel-set");
			return -EDESTADDRREQ;
		}
	}

	err = change_peer(peer, info, want);
	if (err || !ch)
		return err;

	signet_channel_select(ch);
	signet_tx_waiting(peer);
	return 0;
}

int signet_nl_peer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct peer_change want;
	struct signet_device *sd;
	int err;

	err = parse_peer(info, &want);
	if (err)
		goto out;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd)) {
		err = PTR_ERR(sd);
		goto out;
	}

	err = set_peer(sd, info, &want);

	signet_nl_unlock(sd, &tracker);
out:
	kvfree(want.changes);
	return err;
}

int signet_nl_peer_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_device *sd;
	struct signet_peer *peer;
	int err = 0;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	peer = signet_nl_peer(sd, info, SIGNET_A_PEER_ID);
	if (IS_ERR(peer))
		err = PTR_ERR(peer);
	else
		delete_peer(peer);

	signet_nl_unlock(sd, &tracker);
	return err;
}

/* Prefixes of a peer on their way into messages. @skip: those that earlier
 * messages held; @n: those seen.
 */
struct prefix_walk {
	struct sk_buff *skb;
	unsigned int skip;
	unsigned int n;
};

static int count_prefix(void *ctx, u16 family, const void *addr, u8 length)
{
	struct prefix_walk *walk = ctx;

	walk->n++;
	return 0;
}

static int put_prefix(void *ctx, u16 family, const void *addr, u8 length)
{
	struct prefix_walk *walk = ctx;
	struct sk_buff *skb = walk->skb;
	struct nlattr *nest;

	if (walk->n < walk->skip) {
		walk->n++;
		return 0;
	}

	nest = nla_nest_start(skb, SIGNET_A_PEER_PREFIX);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put(skb, SIGNET_A_PREFIX_ADDRESS,
		    family == AF_INET ? sizeof(struct in_addr) :
					sizeof(struct in6_addr), addr) ||
	    nla_put_u8(skb, SIGNET_A_PREFIX_LENGTH, length)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}

	nla_nest_end(skb, nest);
	walk->n++;
	return 0;
}

static int put_peer_ids(struct sk_buff *skb, const struct signet_peer *peer)
{
	if (nla_put_u32(skb, SIGNET_A_PEER_IFINDEX,
			peer->sd->dev->ifindex) ||
	    nla_put_u32(skb, SIGNET_A_PEER_ID, peer->id))
		return -EMSGSIZE;
	return 0;
}

/* all but the prefixes */
static int put_peer(struct sk_buff *skb, const struct signet_peer *peer)
{
	struct signet_counters_sum sum = peer->past;
	const struct signet_channel *ch;

	ch = rcu_dereference_protected(peer->tx,
				       lockdep_is_held(&peer->sd->lock));
	if (put_peer_ids(skb, peer) ||
	    (ch && nla_put_u32(skb, SIGNET_A_PEER_TX_CHANNEL, ch->id)) ||
	    nla_put_u32(skb, SIGNET_A_PEER_DF, peer->df) ||
	    nla_put_u8(skb, SIGNET_A_PEER_TOS, peer->tos) ||
	    nla_put_u32(skb, SIGNET_A_PEER_MARK, peer->mark) ||
	    nla_put_u32(skb, SIGNET_A_PEER_WAITING,
			skb_queue_len_lockless(&peer->waiting)))
		return -EMSGSIZE;

	list_for_each_entry(ch, &peer->channels, node)
		signet_channel_sum(ch, &sum);
	return signet_nl_put_counters(skb, SIGNET_A_PEER_COUNTERS, &sum);
}

static int reply_peer(struct genl_info *info, const struct signet_peer *peer)
{
	struct prefix_walk walk = {};
	struct signet_nl_reply reply;
	int err;

	signet_prefixes_walk(peer, count_prefix, &walk);
	if (walk.n > REPLY_PREFIXES) {
		GENL_SET_ERR_MSG(info,
				 "too many prefixes for one message: use a dump");
		return -EMSGSIZE;
	}
	err = signet_nl_reply_start(&reply, info, NLMSG_DEFAULT_SIZE +
				    walk.n * PREFIX_SIZE);
	if (err)
		return err;

	err = put_peer(reply.skb, peer);
	walk = (struct prefix_walk){ .skb = reply.skb };
	if (!err)
		err = signet_prefixes_walk(peer, put_prefix, &walk);
	return signet_nl_reply_end(&reply, info, err);
}

int signet_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_device *sd;
	struct signet_peer *peer;
	int err;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	peer = signet_nl_peer(sd, info, SIGNET_A_PEER_ID);
	err = IS_ERR(peer) ? PTR_ERR(peer) : reply_peer(info, peer);

	signet_nl_unlock(sd, &tracker);
	return err;
}

/* A peer whose prefixes do not fit goes on in the next message, which then
 * holds nothing but ids and prefixes. @at->part: prefixes that were sent, plus
 * one.
 */
static int dump_peer(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct signet_peer *peer,
		     struct signet_nl_cursor *at)
{
	struct prefix_walk walk = { .skb = skb };
	void *hdr = signet_nl_dump_start(skb, cb);
	int err;

	if (!hdr)
		return -EMSGSIZE;

	if (at->part) {
		walk.skip = at->part - 1;
		err = put_peer_ids(skb, peer);
	} else {
		err = put_peer(skb, peer);
	}
	if (err)
		return signet_nl_dump_end(skb, hdr, err);

	err = signet_prefixes_walk(peer, put_prefix, &walk);
	if (err && (walk.n > walk.skip || !at->part)) {
		at->part = walk.n + 1;
		signet_nl_dump_end(skb, hdr, 0);
		return err;
	}
	return signet_nl_dump_end(skb, hdr, err);
}

static int dump_peers(struct sk_buff *skb, struct netlink_callback *cb,
		      struct signet_device *sd, struct signet_nl_cursor *at)
{
	struct signet_peer *peer;
	unsigned long id;
	int err;

	xa_for_each_start(&sd->peers, id, peer, at->id) {
		if (id != at->id)
			at->part = 0;
		at->id = id;
		err = dump_peer(skb, cb, peer, at);
		if (err)
			return err;
		at->part = 0;
	}

	return 0;
}

int signet_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return signet_nl_dump(skb, cb, dump_peers);
}
