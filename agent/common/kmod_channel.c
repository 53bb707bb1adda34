// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Channels and their paths. */
#include <string.h>

#include "common/kmod_private.h"

static void put_address(struct sg_kmod *km, struct nl_msg *msg, int type,
			const union sg_addr *a)
{
	if (a->sa.sa_family == AF_INET)
		sg_kmod_put(km, msg, type, &a->v4.sin_addr, 4);
	else if (a->sa.sa_family == AF_INET6)
		sg_kmod_put(km, msg, type, &a->v6.sin6_addr, 16);
}

static void put_path(struct sg_kmod *km, struct nl_msg *msg,
		     const struct sg_kmod_path *p)
{
	struct nlattr *nest = sg_kmod_nest(km, msg, SIGNET_A_CHANNEL_PATH);
	uint16_t port = p->remote.v4.sin_port; /* v6's is in the same place */

	sg_kmod_put_u32(km, msg, SIGNET_A_PATH_TX_LABEL, p->tx_label);
	sg_kmod_put(km, msg, SIGNET_A_PATH_TX_HOP_KEY, p->tx_hop_key,
		    sizeof(p->tx_hop_key));
	put_address(km, msg, SIGNET_A_PATH_REMOTE, &p->remote);
	sg_kmod_put(km, msg, SIGNET_A_PATH_REMOTE_PORT, &port, sizeof(port));
	if (p->remote.sa.sa_family == AF_INET6 && p->remote.v6.sin6_scope_id)
		sg_kmod_put_u32(km, msg, SIGNET_A_PATH_SCOPE_ID,
				p->remote.v6.sin6_scope_id);
	put_address(km, msg, SIGNET_A_PATH_LOCAL, &p->local);
	sg_kmod_put_u32(km, msg, SIGNET_A_PATH_GENERATION, p->generation);
	sg_kmod_nest_end(msg, nest);
}

static struct nl_msg *request(struct sg_kmod *km, uint8_t cmd, int flags,
			      uint32_t ifindex, uint32_t channel)
{
	struct nl_msg *msg = sg_kmod_request(km, cmd, NLM_F_ACK | flags,
					     ifindex, SG_KMOD_MSG_LEN);

	sg_kmod_put_u32(km, msg, SIGNET_A_CHANNEL_ID, channel);
	return msg;
}

int sg_kmod_channel_new(struct sg_kmod *km, uint32_t ifindex,
			const struct sg_kmod_channel_new *ch)
{
	struct nl_msg *msg = request(km, SIGNET_CMD_CHANNEL_NEW,
				     NLM_F_CREATE | NLM_F_EXCL, ifindex,
				     ch->id);

	sg_kmod_put_u32(km, msg, SIGNET_A_CHANNEL_PEER, ch->peer);
	if (ch->path)
		put_path(km, msg, ch->path);
	if (ch->tx_lanes)
		sg_kmod_put_u8(km, msg, SIGNET_A_CHANNEL_TX_LANES,
			       ch->tx_lanes);
	if (ch->rx_lanes)
		sg_kmod_put_u8(km, msg, SIGNET_A_CHANNEL_RX_LANES,
			       ch->rx_lanes);
	return sg_kmod_call(km, msg, NULL, NULL, NULL);
}

int sg_kmod_channel_path(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
			 const struct sg_kmod_path *path)
{
	struct nl_msg *msg =
		request(km, SIGNET_CMD_CHANNEL_SET, 0, ifindex, channel);

	put_path(km, msg, path);
	return sg_kmod_call(km, msg, NULL, NULL, NULL);
}

static int set_flag(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		    int flag)
{
	struct nl_msg *msg =
		request(km, SIGNET_CMD_CHANNEL_SET, 0, ifindex, channel);

	sg_kmod_put_flag(km, msg, flag);
	return sg_kmod_call(km, msg, NULL, NULL, NULL);
}

int sg_kmod_channel_take_over(struct sg_kmod *km, uint32_t ifindex,
			      uint32_t channel)
{
	return set_flag(km, ifindex, channel, SIGNET_A_CHANNEL_TAKE_OVER);
}

int sg_kmod_channel_watch(struct sg_kmod *km, uint32_t ifindex,
			  uint32_t channel)
{
	return set_flag(km, ifindex, channel, SIGNET_A_CHANNEL_WATCH);
}

int sg_kmod_channel_keepalive(struct sg_kmod *km, uint32_t ifindex,
			      uint32_t channel)
{
	return sg_kmod_call(
		km,
		request(km, SIGNET_CMD_CHANNEL_KEEPALIVE, 0, ifindex, channel),
		NULL, NULL, NULL);
}

int sg_kmod_channel_del(struct sg_kmod *km, uint32_t ifindex, uint32_t channel)
{
	return sg_kmod_call(
		km, request(km, SIGNET_CMD_CHANNEL_DEL, 0, ifindex, channel),
		NULL, NULL, NULL);
}

static void take_path(struct nlattr *a, struct sg_kmod_path *p)
{
	struct nlattr *tb[SIGNET_A_PATH_MAX + 1];

	if (nla_parse_nested(tb, SIGNET_A_PATH_MAX, a, NULL) < 0)
		return;
	p->tx_label = sg_kmod_u32(tb[SIGNET_A_PATH_TX_LABEL]);
	sg_kmod_address(tb[SIGNET_A_PATH_REMOTE], tb[SIGNET_A_PATH_REMOTE_PORT],
			tb[SIGNET_A_PATH_SCOPE_ID], &p->remote);
	sg_kmod_address(tb[SIGNET_A_PATH_LOCAL], NULL, NULL, &p->local);
	p->generation = sg_kmod_u32(tb[SIGNET_A_PATH_GENERATION]);
}

static int take_channel(struct nlmsghdr *nlh, struct sg_kmod_channel *ch)
{
	struct nlattr *tb[SIGNET_A_CHANNEL_MAX + 1];
	int r = sg_kmod_attrs(nlh, tb, SIGNET_A_CHANNEL_MAX);

	memset(ch, 0, sizeof(*ch));
	if (r)
		return r;
	ch->id = sg_kmod_u32(tb[SIGNET_A_CHANNEL_ID]);
	ch->peer = sg_kmod_u32(tb[SIGNET_A_CHANNEL_PEER]);
	ch->has_path = tb[SIGNET_A_CHANNEL_PATH];
	if (ch->has_path)
		take_path(tb[SIGNET_A_CHANNEL_PATH], &ch->path);
	ch->tx_lanes = sg_kmod_u8(tb[SIGNET_A_CHANNEL_TX_LANES]);
	ch->rx_lanes = sg_kmod_u8(tb[SIGNET_A_CHANNEL_RX_LANES]);
	ch->watched = tb[SIGNET_A_CHANNEL_WATCH];
	ch->takes_over = tb[SIGNET_A_CHANNEL_TAKE_OVER];
	sg_kmod_counters(tb[SIGNET_A_CHANNEL_COUNTERS], &ch->counters);
	return 0;
}

static int on_channel(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	return take_channel(nlh, ctx);
}

static int each_channel(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	struct sg_kmod_channel ch;
	int r = take_channel(nlh, &ch);

	return r ? r : ((sg_kmod_channel_fn)fn)(ctx, &ch);
}

static int restart(void *fn, void *ctx)
{
	return ((sg_kmod_channel_fn)fn)(ctx, NULL);
}

int sg_kmod_channel_get(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
			struct sg_kmod_channel *ch)
{
	memset(ch, 0, sizeof(*ch));
	return sg_kmod_simple(km, SIGNET_CMD_CHANNEL_GET, ifindex,
			      SIGNET_A_CHANNEL_ID, channel, on_channel, NULL,
			      ch);
}

int sg_kmod_channel_dump(struct sg_kmod *km, uint32_t ifindex,
			 sg_kmod_channel_fn fn, void *ctx)
{
	return sg_kmod_dump(km, SIGNET_CMD_CHANNEL_GET, ifindex, each_channel,
			    restart, (void *)fn, ctx);
}
