// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Peers and their prefixes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/kmod_private.h"

/* A nest, an address, a length, two flags. */
#define PREFIX_LEN 48

static void put_prefix(struct sg_kmod *km, struct nl_msg *msg,
		       const struct sg_kmod_prefix *p)
{
	struct nlattr *nest = sg_kmod_nest(km, msg, SIGNET_A_PEER_PREFIX);

	sg_kmod_put(km, msg, SIGNET_A_PREFIX_ADDRESS, p->prefix.addr,
		    p->prefix.family == AF_INET ? 4 : 16);
	sg_kmod_put_u8(km, msg, SIGNET_A_PREFIX_LENGTH, p->prefix.len);
	if (p->remove)
		sg_kmod_put_flag(km, msg, SIGNET_A_PREFIX_REMOVE);
	if (p->move)
		sg_kmod_put_flag(km, msg, SIGNET_A_PREFIX_MOVE);
	sg_kmod_nest_end(msg, nest);
}

static int change(struct sg_kmod *km, uint8_t cmd, int flags, uint32_t ifindex,
		  const struct sg_kmod_peer_set *p)
{
	struct nl_msg *msg;

	msg = sg_kmod_request(km, cmd, NLM_F_ACK | flags, ifindex,
			      SG_KMOD_MSG_LEN + p->n_prefixes * PREFIX_LEN);
	sg_kmod_put_u32(km, msg, SIGNET_A_PEER_ID, p->id);
	if (p->set & SG_KMOD_PEER_REPLACE_PREFIXES)
		sg_kmod_put_flag(km, msg, SIGNET_A_PEER_REPLACE_PREFIXES);
	for (size_t i = 0; i < p->n_prefixes; i++)
		put_prefix(km, msg, &p->prefix[i]);
	if (p->set & SG_KMOD_PEER_DF)
		sg_kmod_put_u32(km, msg, SIGNET_A_PEER_DF, p->df);
	if (p->set & SG_KMOD_PEER_TOS)
		sg_kmod_put_u8(km, msg, SIGNET_A_PEER_TOS, p->tos);
	if (p->set & SG_KMOD_PEER_MARK)
		sg_kmod_put_u32(km, msg, SIGNET_A_PEER_MARK, p->mark);
	if (p->set & SG_KMOD_PEER_TX_CHANNEL)
		sg_kmod_put_u32(km, msg, SIGNET_A_PEER_TX_CHANNEL,
				p->tx_channel);
	return sg_kmod_call(km, msg, NULL, NULL, NULL);
}

int sg_kmod_peer_new(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_peer_set *peer, bool replace)
{
	return change(km, SIGNET_CMD_PEER_NEW,
		      NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL),
		      ifindex, peer);
}

int sg_kmod_peer_set(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_peer_set *peer)
{
	return change(km, SIGNET_CMD_PEER_SET, 0, ifindex, peer);
}

int sg_kmod_peer_select(struct sg_kmod *km, uint32_t ifindex, uint32_t peer,
			uint32_t channel)
{
	const struct sg_kmod_peer_set set = {
		.id = peer,
		.set = SG_KMOD_PEER_TX_CHANNEL,
		.tx_channel = channel,
	};

	return sg_kmod_peer_set(km, ifindex, &set);
}

int sg_kmod_peer_prefixes(struct sg_kmod *km, uint32_t ifindex, uint32_t peer,
			  const struct sg_prefix *p, size_t n)
{
	struct sg_kmod_prefix *list = calloc(n + 1, sizeof(*list));
	struct sg_kmod_peer_set set = {
		.id = peer,
		.set = SG_KMOD_PEER_REPLACE_PREFIXES,
		.prefix = list,
		.n_prefixes = n,
	};
	int r;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		list[i].prefix = p[i];
	r = sg_kmod_peer_set(km, ifindex, &set);
	free(list);
	return r;
}

int sg_kmod_peer_del(struct sg_kmod *km, uint32_t ifindex, uint32_t peer)
{
	return sg_kmod_simple(km, SIGNET_CMD_PEER_DEL, ifindex,
			      SIGNET_A_PEER_ID, peer, NULL, NULL, NULL);
}

static bool take_prefix(struct nlattr *a, struct sg_prefix *p)
{
	struct nlattr *tb[SIGNET_A_PREFIX_MAX + 1], *addr;
	int len;

	memset(p, 0, sizeof(*p));
	if (nla_parse_nested(tb, SIGNET_A_PREFIX_MAX, a, NULL) < 0)
		return false;
	addr = tb[SIGNET_A_PREFIX_ADDRESS];
	len = addr ? nla_len(addr) : 0;
	if (len != 4 && len != 16)
		return false;
	p->family = len == 4 ? AF_INET : AF_INET6;
	p->len = sg_kmod_u8(tb[SIGNET_A_PREFIX_LENGTH]);
	memcpy(p->addr, nla_data(addr), (size_t)len);
	return p->len <= len * 8;
}

static void take_peer(struct nlattr **tb, struct sg_kmod_peer *p)
{
	p->id = sg_kmod_u32(tb[SIGNET_A_PEER_ID]);
	p->has_tx_channel = tb[SIGNET_A_PEER_TX_CHANNEL];
	p->tx_channel = sg_kmod_u32(tb[SIGNET_A_PEER_TX_CHANNEL]);
	p->df = sg_kmod_u32(tb[SIGNET_A_PEER_DF]);
	p->tos = sg_kmod_u8(tb[SIGNET_A_PEER_TOS]);
	p->mark = sg_kmod_u32(tb[SIGNET_A_PEER_MARK]);
	p->waiting = sg_kmod_u32(tb[SIGNET_A_PEER_WAITING]);
	sg_kmod_counters(tb[SIGNET_A_PEER_COUNTERS], &p->counters);
}

static int each_peer(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	struct nlattr *tb[SIGNET_A_PEER_MAX + 1], *a;
	struct sg_kmod_peer peer = { 0 };
	struct sg_prefix *list;
	int rem, r = sg_kmod_attrs(nlh, tb, SIGNET_A_PEER_MAX);
	size_t n = 0;

	if (r)
		return r;
	take_peer(tb, &peer);
	nlmsg_for_each_attr(a, nlh, GENL_HDRLEN, rem)
		n += nla_type(a) == SIGNET_A_PEER_PREFIX;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	nlmsg_for_each_attr(a, nlh, GENL_HDRLEN, rem)
	{
		if (nla_type(a) == SIGNET_A_PEER_PREFIX &&
		    take_prefix(a, &list[peer.n_prefixes]))
			peer.n_prefixes++;
	}
	peer.prefix = list;
	r = ((sg_kmod_peer_fn)fn)(ctx, &peer);
	free(list);
	return r;
}

static int restart(void *fn, void *ctx)
{
	return ((sg_kmod_peer_fn)fn)(ctx, NULL);
}

int sg_kmod_peer_get(struct sg_kmod *km, uint32_t ifindex, uint32_t peer,
		     sg_kmod_peer_fn fn, void *ctx)
{
	return sg_kmod_simple(km, SIGNET_CMD_PEER_GET, ifindex,
			      SIGNET_A_PEER_ID, peer, each_peer, (void *)fn,
			      ctx);
}

int sg_kmod_peer_dump(struct sg_kmod *km, uint32_t ifindex, sg_kmod_peer_fn fn,
		      void *ctx)
{
	return sg_kmod_dump(km, SIGNET_CMD_PEER_GET, ifindex, each_peer,
			    restart, (void *)fn, ctx);
}
