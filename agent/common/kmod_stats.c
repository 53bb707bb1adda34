// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Drops by reason. */
#include <string.h>

#include "common/kmod_private.h"

static void take_reason(struct nlattr *a, struct sg_kmod_stats *st)
{
	struct nlattr *tb[SIGNET_A_REASON_MAX + 1];
	uint64_t count;
	uint32_t reason;

	if (nla_parse_nested(tb, SIGNET_A_REASON_MAX, a, NULL) < 0)
		return;
	reason = sg_kmod_u32(tb[SIGNET_A_REASON_REASON]);
	count = sg_kmod_uint(tb[SIGNET_A_REASON_COUNT]);
	if (reason < SIGNET_DROP_COUNT)
		st->drops[reason] += count;
	else
		st->unknown += count;
}

static int take_stats(struct nlmsghdr *nlh, struct sg_kmod_stats *st)
{
	struct nlattr *tb[SIGNET_A_STATS_MAX + 1], *a;
	int rem, r = sg_kmod_attrs(nlh, tb, SIGNET_A_STATS_MAX);

	if (r)
		return r;
	st->has_peer = tb[SIGNET_A_STATS_PEER];
	st->peer = sg_kmod_u32(tb[SIGNET_A_STATS_PEER]);
	nlmsg_for_each_attr(a, nlh, GENL_HDRLEN,
			    rem) if (nla_type(a) == SIGNET_A_STATS_REASON)
		take_reason(a, st);
	return 0;
}

static int on_stats(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	return take_stats(nlh, ctx);
}

static int each_stats(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	struct sg_kmod_stats st = { 0 };
	int r = take_stats(nlh, &st);

	return r ? r : ((sg_kmod_stats_fn)fn)(ctx, &st);
}

static int restart(void *fn, void *ctx)
{
	return ((sg_kmod_stats_fn)fn)(ctx, NULL);
}

int sg_kmod_stats_get(struct sg_kmod *km, uint32_t ifindex,
		      const uint32_t *peer, struct sg_kmod_stats *st)
{
	struct nl_msg *msg = sg_kmod_request(
		km, SIGNET_CMD_STATS_GET, NLM_F_ACK, ifindex, SG_KMOD_MSG_LEN);

	memset(st, 0, sizeof(*st));
	if (peer)
		sg_kmod_put_u32(km, msg, SIGNET_A_STATS_PEER, *peer);
	return sg_kmod_call(km, msg, on_stats, NULL, st);
}

int sg_kmod_stats_dump(struct sg_kmod *km, uint32_t ifindex,
		       sg_kmod_stats_fn fn, void *ctx)
{
	return sg_kmod_dump(km, SIGNET_CMD_STATS_GET, ifindex, each_stats,
			    restart, (void *)fn, ctx);
}
