// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Devices: their sockets and limits. */
#include <string.h>

#include "common/kmod_private.h"

static void take_limits(struct nlattr *a, struct sg_kmod_limits *l)
{
	struct nlattr *tb[SIGNET_A_LIMITS_MAX + 1];

	if (!a || nla_parse_nested(tb, SIGNET_A_LIMITS_MAX, a, NULL) < 0)
		return;
	l->peers = sg_kmod_u32(tb[SIGNET_A_LIMITS_PEERS]);
	l->channels = sg_kmod_u32(tb[SIGNET_A_LIMITS_CHANNELS]);
	l->prefixes = sg_kmod_u32(tb[SIGNET_A_LIMITS_PREFIXES]);
	l->queue_bytes = sg_kmod_u32(tb[SIGNET_A_LIMITS_QUEUE_BYTES]);
}

static int take_dev(struct nlmsghdr *nlh, struct sg_kmod_dev *dev)
{
	struct nlattr *tb[SIGNET_A_DEV_MAX + 1];
	int r = sg_kmod_attrs(nlh, tb, SIGNET_A_DEV_MAX);

	memset(dev, 0, sizeof(*dev));
	if (r)
		return r;
	dev->ifindex = sg_kmod_u32(tb[SIGNET_A_DEV_IFINDEX]);
	sg_kmod_string(tb[SIGNET_A_DEV_IFNAME], dev->ifname,
		       sizeof(dev->ifname));
	dev->port4 = sg_kmod_u16(tb[SIGNET_A_DEV_PORT4]);
	dev->port6 = sg_kmod_u16(tb[SIGNET_A_DEV_PORT6]);
	take_limits(tb[SIGNET_A_DEV_LIMITS], &dev->limits);
	dev->generation = sg_kmod_u32(tb[SIGNET_A_DEV_GENERATION]);
	dev->peers = sg_kmod_u32(tb[SIGNET_A_DEV_PEERS]);
	dev->channels = sg_kmod_u32(tb[SIGNET_A_DEV_CHANNELS]);
	dev->keys = sg_kmod_u32(tb[SIGNET_A_DEV_KEYS]);
	if (tb[SIGNET_A_DEV_OWNER])
		nla_memcpy(dev->owner, tb[SIGNET_A_DEV_OWNER],
			   sizeof(dev->owner));
	return 0;
}

static int on_dev(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	return take_dev(nlh, ctx);
}

static int each_dev(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	struct sg_kmod_dev dev;
	int r = take_dev(nlh, &dev);

	return r ? r : ((sg_kmod_dev_fn)fn)(ctx, &dev);
}

static int restart(void *fn, void *ctx)
{
	return ((sg_kmod_dev_fn)fn)(ctx, NULL);
}

int sg_kmod_dev_get(struct sg_kmod *km, uint32_t ifindex,
		    struct sg_kmod_dev *dev)
{
	memset(dev, 0, sizeof(*dev));
	return sg_kmod_call(km,
			    sg_kmod_request(km, SIGNET_CMD_DEV_GET, NLM_F_ACK,
					    ifindex, SG_KMOD_MSG_LEN),
			    on_dev, NULL, dev);
}

int sg_kmod_dev_dump(struct sg_kmod *km, sg_kmod_dev_fn fn, void *ctx)
{
	return sg_kmod_dump(km, SIGNET_CMD_DEV_GET, 0, each_dev, restart,
			    (void *)fn, ctx);
}

static void put_limits(struct sg_kmod *km, struct nl_msg *msg,
		       const struct sg_kmod_dev_set *set)
{
	const struct sg_kmod_limits *l = &set->limits;
	struct nlattr *nest = sg_kmod_nest(km, msg, SIGNET_A_DEV_LIMITS);

	if (set->set & SG_KMOD_DEV_PEERS)
		sg_kmod_put_u32(km, msg, SIGNET_A_LIMITS_PEERS, l->peers);
	if (set->set & SG_KMOD_DEV_CHANNELS)
		sg_kmod_put_u32(km, msg, SIGNET_A_LIMITS_CHANNELS, l->channels);
	if (set->set & SG_KMOD_DEV_PREFIXES)
		sg_kmod_put_u32(km, msg, SIGNET_A_LIMITS_PREFIXES, l->prefixes);
	if (set->set & SG_KMOD_DEV_QUEUE_BYTES)
		sg_kmod_put_u32(km, msg, SIGNET_A_LIMITS_QUEUE_BYTES,
				l->queue_bytes);
	sg_kmod_nest_end(msg, nest);
}

int sg_kmod_dev_set(struct sg_kmod *km, uint32_t ifindex,
		    const struct sg_kmod_dev_set *set)
{
	struct nl_msg *msg = sg_kmod_request(km, SIGNET_CMD_DEV_SET, NLM_F_ACK,
					     ifindex, SG_KMOD_MSG_LEN);

	if (set->set & SG_KMOD_DEV_SOCK4)
		sg_kmod_put_u32(km, msg, SIGNET_A_DEV_SOCK4_FD,
				(uint32_t)set->sock4);
	if (set->set & SG_KMOD_DEV_SOCK6)
		sg_kmod_put_u32(km, msg, SIGNET_A_DEV_SOCK6_FD,
				(uint32_t)set->sock6);
	if (set->set & (SG_KMOD_DEV_PEERS | SG_KMOD_DEV_CHANNELS |
			SG_KMOD_DEV_PREFIXES | SG_KMOD_DEV_QUEUE_BYTES))
		put_limits(km, msg, set);
	if (set->set & SG_KMOD_DEV_OWNER)
		sg_kmod_put(km, msg, SIGNET_A_DEV_OWNER, set->owner,
			    sizeof(set->owner));
	return sg_kmod_call(km, msg, NULL, NULL, NULL);
}
