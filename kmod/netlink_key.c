// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keys. Secrets come in and never go out. */

#include "key.h"
#include "netlink.h"
#include "tx.h"

/* Limits of a key for which none are given: whoever forgets them does not get
 * a key that lives for ever. Opening goes on a little longer, for frames that
 * were on their way.
 */
#define TRANSMIT_HARD_MS (180 * MSEC_PER_SEC)
#define RECEIVE_HARD_MS	 (210 * MSEC_PER_SEC)
#define HARD_FRAMES	 BIT_ULL(28)

/* @limit: as given when @attr is there */
static int parse_limit(struct genl_info *info, int attr, u64 *limit)
{
	bool time = attr == SIGNET_A_KEY_SOFT_MS ||
		    attr == SIGNET_A_KEY_HARD_MS;

	if (!info->attrs[attr])
		return 0;

	*limit = nla_get_uint(info->attrs[attr]);
	if (!*limit) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "a limit of 0 makes a key of no use");
		return -EINVAL;
	}
	if (time && *limit > SIGNET_NL_MS_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "the limit is above 2^43 ms: lower it, or leave it out for the default");
		return -ERANGE;
	}
	if (*limit > SIGNET_NL_LIMIT_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "the limit is above 2^48: lower it, or leave it out for the default");
		return -ERANGE;
	}

	return 0;
}

static int check_order(struct genl_info *info, int attr, u64 soft, u64 hard)
{
	if (info->attrs[attr] && soft > hard) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "the soft limit is above the hard one and would never be told");
		return -EINVAL;
	}

	return 0;
}

static int parse_limits(struct genl_info *info, struct signet_key_config *cfg)
{
	int err;

	cfg->soft_ms = U64_MAX;
	cfg->soft_frames = U64_MAX;
	cfg->hard_ms = cfg->direction == SIGNET_DIRECTION_TRANSMIT ?
		TRANSMIT_HARD_MS : RECEIVE_HARD_MS;
	cfg->hard_frames = HARD_FRAMES;

	err = parse_limit(info, SIGNET_A_KEY_SOFT_MS, &cfg->soft_ms);
	if (!err)
		err = parse_limit(info, SIGNET_A_KEY_HARD_MS, &cfg->hard_ms);
	if (!err)
		err = parse_limit(info, SIGNET_A_KEY_SOFT_FRAMES,
				  &cfg->soft_frames);
	if (!err)
		err = parse_limit(info, SIGNET_A_KEY_HARD_FRAMES,
				  &cfg->hard_frames);
	if (!err)
		err = check_order(info, SIGNET_A_KEY_SOFT_MS, cfg->soft_ms,
				  cfg->hard_ms);
	if (!err)
		err = check_order(info, SIGNET_A_KEY_SOFT_FRAMES,
				  cfg->soft_frames, cfg->hard_frames);
	return err;
}

static int parse_key(struct genl_info *info, struct signet_key_config *cfg)
{
	struct nlattr **attrs = info->attrs;

	if (signet_nl_missing(info, SIGNET_A_KEY_KEY_ID,
			      "the key's id is missing: 0 to 7") ||
	    signet_nl_missing(info, SIGNET_A_KEY_DIRECTION,
			      "the direction is missing: receive or transmit") ||
	    signet_nl_missing(info, SIGNET_A_KEY_CIPHER,
			      "the cipher is missing: module-get tells which there are") ||
	    signet_nl_missing(info, SIGNET_A_KEY_KEY,
			      "the key itself is missing: 32 bytes"))
		return -EINVAL;

	memset(cfg, 0, sizeof(*cfg));
	cfg->id = nla_get_u8(attrs[SIGNET_A_KEY_KEY_ID]);
	cfg->direction = nla_get_u32(attrs[SIGNET_A_KEY_DIRECTION]);
	cfg->cipher = nla_get_u32(attrs[SIGNET_A_KEY_CIPHER]);
	cfg->secret = nla_data(attrs[SIGNET_A_KEY_KEY]);

	return parse_limits(info, cfg);
}

static int new_key(struct signet_device *sd, struct genl_info *info,
		   const struct signet_key_config *cfg)
{
	struct signet_channel *ch;
	int err;

	ch = signet_nl_channel(sd, info, SIGNET_A_KEY_CHANNEL);
	if (IS_ERR(ch))
		return PTR_ERR(ch);

	err = signet_nl_new(info, signet_key_in(ch, cfg->direction, cfg->id),
			    false);
	if (err)
		return err;

	return signet_nl_result(info, signet_key_new(ch, cfg, info->extack));
}

int signet_nl_key_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct signet_key_config cfg;
	netdevice_tracker tracker;
	struct signet_device *sd;
	int err;

	err = parse_key(info, &cfg);
	if (err)
		goto out;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd)) {
		err = PTR_ERR(sd);
		goto out;
	}

	err = new_key(sd, info, &cfg);

	signet_nl_unlock(sd, &tracker);
out:
	signet_nl_wipe(info->attrs[SIGNET_A_KEY_KEY]);
	return err;
}

int signet_nl_key_swap_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_channel *ch;
	struct signet_device *sd;
	int err;

	if (signet_nl_missing(info, SIGNET_A_KEY_KEY_ID,
			      "the key's id is missing: 0 to 7"))
		return -EINVAL;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	ch = signet_nl_channel(sd, info, SIGNET_A_KEY_CHANNEL);
	if (IS_ERR(ch)) {
		err = PTR_ERR(ch);
		goto out_unlock;
	}

	err = signet_key_swap(ch, nla_get_u8(info->attrs[SIGNET_A_KEY_KEY_ID]),
			      info->extack);
	if (err)
		NL_SET_BAD_ATTR(info->extack,
				info->attrs[SIGNET_A_KEY_KEY_ID]);
	else
		signet_tx_waiting(ch->peer);
	err = signet_nl_result(info, err);

out_unlock:
	signet_nl_unlock(sd, &tracker);
	return err;
}

static int no_key(struct genl_info *info)
{
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[SIGNET_A_KEY_KEY_ID],
			    "no key in that slot");
	return -ENOENT;
}

static int del_keys(struct signet_channel *ch, struct genl_info *info)
{
	u8 id = nla_get_u8(info->attrs[SIGNET_A_KEY_KEY_ID]);
	struct nlattr *attr = info->attrs[SIGNET_A_KEY_DIRECTION];
	unsigned int direction, n = 0;
	struct signet_key *key;

	for (direction = 0; direction < 2; direction++) {
		if (attr && nla_get_u32(attr) != direction)
			continue;
		key = signet_key_in(ch, direction, id);
		if (!key)
			continue;
		signet_key_del(key);
		n++;
	}

	return n ? 0 : no_key(info);
}

int signet_nl_key_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_channel *ch;
	struct signet_device *sd;
	int err;

	if (signet_nl_missing(info, SIGNET_A_KEY_KEY_ID,
			      "the key's id is missing: 0 to 7"))
		return -EINVAL;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	ch = signet_nl_channel(sd, info, SIGNET_A_KEY_CHANNEL);
	err = IS_ERR(ch) ? PTR_ERR(ch) : del_keys(ch, info);

	signet_nl_unlock(sd, &tracker);
	return err;
}

/* frames of a lane: sealed, or up to the highest received */
static u64 lane_frames(struct signet_key *key, unsigned int lane)
{
	struct signet_replay *window;
	u64 frames;

	if (key->direction == SIGNET_DIRECTION_TRANSMIT)
		return signet_key_sealed(key, lane);

	window = &key->rx[lane].window;
	spin_lock_bh(&window->lock);
	frames = window->next;
	spin_unlock_bh(&window->lock);

	return frames;
}

/* lanes that were used */
static int put_lanes(struct sk_buff *skb, struct signet_key *key)
{
	struct nlattr *nest;
	unsigned int lane;
	u64 frames;

	for (lane = 0; lane < key->n_lanes; lane++) {
		frames = lane_frames(key, lane);
		if (!frames)
			continue;
		nest = nla_nest_start(skb, SIGNET_A_KEY_LANE);
		if (!nest)
			return -EMSGSIZE;
		if (nla_put_u8(skb, SIGNET_A_LANE_LANE, lane) ||
		    nla_put_uint(skb, SIGNET_A_LANE_FRAMES, frames)) {
			nla_nest_cancel(skb, nest);
			return -EMSGSIZE;
		}
		nla_nest_end(skb, nest);
	}

	return 0;
}

/* as they were given */
static int put_limits(struct sk_buff *skb, const struct signet_key *key)
{
	if (key->soft_ns != U64_MAX &&
	    nla_put_uint(skb, SIGNET_A_KEY_SOFT_MS,
			 div_u64(key->soft_ns - key->born, NSEC_PER_MSEC)))
		return -EMSGSIZE;
	if (key->hard_ns != U64_MAX &&
	    nla_put_uint(skb, SIGNET_A_KEY_HARD_MS,
			 div_u64(key->hard_ns - key->born, NSEC_PER_MSEC)))
		return -EMSGSIZE;
	if (key->soft_frames != U64_MAX &&
	    nla_put_uint(skb, SIGNET_A_KEY_SOFT_FRAMES, key->soft_frames))
		return -EMSGSIZE;
	if (key->hard_frames != U64_MAX &&
	    nla_put_uint(skb, SIGNET_A_KEY_HARD_FRAMES, key->hard_frames))
		return -EMSGSIZE;
	return 0;
}

static int put_key(struct sk_buff *skb, const struct signet_channel *ch,
		   struct signet_key *key)
{
	u64 age = ktime_get_boottime_ns() - key->born;

	if (nla_put_u32(skb, SIGNET_A_KEY_IFINDEX,
			ch->peer->sd->dev->ifindex) ||
	    nla_put_u32(skb, SIGNET_A_KEY_CHANNEL, ch->id) ||
	    nla_put_u8(skb, SIGNET_A_KEY_KEY_ID, key->id) ||
	    nla_put_u32(skb, SIGNET_A_KEY_DIRECTION, key->direction) ||
	    nla_put_u32(skb, SIGNET_A_KEY_CIPHER, key->cipher) ||
	    put_limits(skb, key) ||
	    (key == rcu_access_pointer(ch->tx_key) &&
	     nla_put_flag(skb, SIGNET_A_KEY_ACTIVE)) ||
	    nla_put_uint(skb, SIGNET_A_KEY_AGE_MS,
			 div_u64(age, NSEC_PER_MSEC)) ||
	    put_lanes(skb, key) ||
	    nla_put_uint(skb, SIGNET_A_KEY_FAILURES,
			 atomic64_read(&key->failures)))
		return -EMSGSIZE;

	return 0;
}

static int reply_key(struct genl_info *info, const struct signet_channel *ch)
{
	struct signet_nl_reply reply;
	struct signet_key *key;
	int err;

	key = signet_key_in(ch,
			    nla_get_u32(info->attrs[SIGNET_A_KEY_DIRECTION]),
			    nla_get_u8(info->attrs[SIGNET_A_KEY_KEY_ID]));
	if (!key)
		return no_key(info);

	err = signet_nl_reply_start(&reply, info, NLMSG_DEFAULT_SIZE);
	if (err)
		return err;
	return signet_nl_reply_end(&reply, info, put_key(reply.skb, ch, key));
}

int signet_nl_key_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_channel *ch;
	struct signet_device *sd;
	int err;

	if (signet_nl_missing(info, SIGNET_A_KEY_KEY_ID,
			      "the key's id is missing: 0 to 7") ||
	    signet_nl_missing(info, SIGNET_A_KEY_DIRECTION,
			      "the direction is missing: receive or transmit"))
		return -EINVAL;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	ch = signet_nl_channel(sd, info, SIGNET_A_KEY_CHANNEL);
	err = IS_ERR(ch) ? PTR_ERR(ch) : reply_key(info, ch);

	signet_nl_unlock(sd, &tracker);
	return err;
}

/* by channel; @at->part: slots of the channel that are done */
static int dump_channel_keys(struct sk_buff *skb, struct netlink_callback *cb,
			     const struct signet_channel *ch,
			     struct signet_nl_cursor *at)
{
	struct signet_key *key;
	void *hdr;

	for (; at->part < 2 * SIGNET_KEY_IDS; at->part++) {
		key = signet_key_in(ch, at->part / SIGNET_KEY_IDS,
				    at->part % SIGNET_KEY_IDS);
		if (!key)
			continue;
		hdr = signet_nl_dump_start(skb, cb);
		if (!hdr ||
		    signet_nl_dump_end(skb, hdr, put_key(skb, ch, key)))
			return -EMSGSIZE;
	}

	return 0;
}

static int dump_keys(struct sk_buff *skb, struct netlink_callback *cb,
		     struct signet_device *sd, struct signet_nl_cursor *at)
{
	struct signet_channel *ch;
	unsigned long id;
	int err;

	xa_for_each_start(&sd->channels, id, ch, at->id) {
		if (id != at->id)
			at->part = 0;
		at->id = id;
		err = dump_channel_keys(skb, cb, ch, at);
		if (err)
			return err;
		at->part = 0;
	}

	return 0;
}

int signet_nl_key_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return signet_nl_dump(skb, cb, dump_keys);
}
