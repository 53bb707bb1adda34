// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keys. They go to the kernel and never come back. */
#include <string.h>

#include "common/kmod_private.h"

static struct nl_msg *request(struct sg_kmod *km, uint8_t cmd, int flags,
			      uint32_t ifindex, uint32_t channel,
			      uint8_t key_id)
{
	struct nl_msg *msg = sg_kmod_request(km, cmd, NLM_F_ACK | flags,
					     ifindex, SG_KMOD_MSG_LEN);

	sg_kmod_put_u32(km, msg, SIGNET_A_KEY_CHANNEL, channel);
	sg_kmod_put_u8(km, msg, SIGNET_A_KEY_KEY_ID, key_id);
	return msg;
}

static void put_limit(struct sg_kmod *km, struct nl_msg *msg, int type,
		      uint64_t v)
{
	if (v != SG_KMOD_NEVER)
		sg_kmod_put_uint(km, msg, type, v);
}

static uint32_t direction_of(bool tx)
{
	return tx ? SIGNET_DIRECTION_TRANSMIT : SIGNET_DIRECTION_RECEIVE;
}

int sg_kmod_key_new(struct sg_kmod *km, uint32_t ifindex,
		    const struct sg_kmod_key_new *key)
{
	struct nl_msg *msg = request(km, SIGNET_CMD_KEY_NEW,
				     NLM_F_CREATE | NLM_F_EXCL, ifindex,
				     key->channel, key->key_id);

	sg_kmod_put_u32(km, msg, SIGNET_A_KEY_DIRECTION, direction_of(key->tx));
	sg_kmod_put_u32(km, msg, SIGNET_A_KEY_CIPHER, key->cipher);
	sg_kmod_put(km, msg, SIGNET_A_KEY_KEY, key->key, sizeof(key->key));
	put_limit(km, msg, SIGNET_A_KEY_SOFT_MS, key->soft_ms);
	put_limit(km, msg, SIGNET_A_KEY_HARD_MS, key->hard_ms);
	put_limit(km, msg, SIGNET_A_KEY_SOFT_FRAMES, key->soft_frames);
	put_limit(km, msg, SIGNET_A_KEY_HARD_FRAMES, key->hard_frames);
	return sg_kmod_call(km, msg, NULL, NULL, NULL);
}

int sg_kmod_key_swap(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		     uint8_t key_id)
{
	return sg_kmod_call(
		km,
		request(km, SIGNET_CMD_KEY_SWAP, 0, ifindex, channel, key_id),
		NULL, NULL, NULL);
}

int sg_kmod_key_del(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		    uint8_t key_id, int direction)
{
	struct nl_msg *msg =
		request(km, SIGNET_CMD_KEY_DEL, 0, ifindex, channel, key_id);

	if (direction >= 0)
		sg_kmod_put_u32(km, msg, SIGNET_A_KEY_DIRECTION,
				(uint32_t)direction);
	return sg_kmod_call(km, msg, NULL, NULL, NULL);
}

static uint64_t limit(const struct nlattr *a)
{
	return a ? sg_kmod_uint(a) : SG_KMOD_NEVER;
}

static void take_lane(struct nlattr *a, struct sg_kmod_key *o)
{
	struct nlattr *tb[SIGNET_A_LANE_MAX + 1];
	uint8_t lane;

	if (nla_parse_nested(tb, SIGNET_A_LANE_MAX, a, NULL) < 0)
		return;
	lane = sg_kmod_u8(tb[SIGNET_A_LANE_LANE]);
	if (lane >= SIGNET_LANES)
		return;
	o->lanes |= 1u << lane;
	o->frames[lane] = sg_kmod_uint(tb[SIGNET_A_LANE_FRAMES]);
}

static int take_key(struct nlmsghdr *nlh, struct sg_kmod_key *o)
{
	struct nlattr *tb[SIGNET_A_KEY_MAX + 1], *a;
	int rem, r = sg_kmod_attrs(nlh, tb, SIGNET_A_KEY_MAX);

	memset(o, 0, sizeof(*o));
	if (r)
		return r;
	o->channel = sg_kmod_u32(tb[SIGNET_A_KEY_CHANNEL]);
	o->key_id = sg_kmod_u8(tb[SIGNET_A_KEY_KEY_ID]);
	o->tx = sg_kmod_u32(tb[SIGNET_A_KEY_DIRECTION]) ==
		SIGNET_DIRECTION_TRANSMIT;
	o->cipher = sg_kmod_u32(tb[SIGNET_A_KEY_CIPHER]);
	o->soft_ms = limit(tb[SIGNET_A_KEY_SOFT_MS]);
	o->hard_ms = limit(tb[SIGNET_A_KEY_HARD_MS]);
	o->soft_frames = limit(tb[SIGNET_A_KEY_SOFT_FRAMES]);
	o->hard_frames = limit(tb[SIGNET_A_KEY_HARD_FRAMES]);
	o->active = tb[SIGNET_A_KEY_ACTIVE];
	o->age_ms = sg_kmod_uint(tb[SIGNET_A_KEY_AGE_MS]);
	o->failures = sg_kmod_uint(tb[SIGNET_A_KEY_FAILURES]);
	nlmsg_for_each_attr(a, nlh, GENL_HDRLEN,
			    rem) if (nla_type(a) == SIGNET_A_KEY_LANE)
		take_lane(a, o);
	return 0;
}

static int on_key(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	return take_key(nlh, ctx);
}

static int each_key(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	struct sg_kmod_key o;
	int r = take_key(nlh, &o);

	return r ? r : ((sg_kmod_key_fn)fn)(ctx, &o);
}

static int restart(void *fn, void *ctx)
{
	return ((sg_kmod_key_fn)fn)(ctx, NULL);
}

int sg_kmod_key_get(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		    uint8_t key_id, bool tx, struct sg_kmod_key *o)
{
	struct nl_msg *msg =
		request(km, SIGNET_CMD_KEY_GET, 0, ifindex, channel, key_id);

	memset(o, 0, sizeof(*o));
	sg_kmod_put_u32(km, msg, SIGNET_A_KEY_DIRECTION, direction_of(tx));
	return sg_kmod_call(km, msg, on_key, NULL, o);
}

int sg_kmod_key_dump(struct sg_kmod *km, uint32_t ifindex, sg_kmod_key_fn fn,
		     void *ctx)
{
	return sg_kmod_dump(km, SIGNET_CMD_KEY_GET, ifindex, each_key, restart,
			    (void *)fn, ctx);
}
