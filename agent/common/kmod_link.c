// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Links of kind "signet", over rtnetlink. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "common/kmod_private.h"

static const char kind[] = SIGNET_FAMILY_NAME;

static struct nl_msg *request(struct sg_kmod *km, int type, int flags,
			      uint32_t ifindex)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC,
				 .ifi_index = (int)ifindex };
	struct nl_msg *msg;

	msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK | flags);
	km->full = false;
	if (msg && nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0)
		km->full = true;
	return msg;
}

static void put_info(struct sg_kmod *km, struct nl_msg *msg,
		     const struct sg_kmod_link *link)
{
	uint32_t set = link ? link->set : 0;
	struct nlattr *info, *data;

	if (set & SG_KMOD_LINK_MTU)
		sg_kmod_put_u32(km, msg, IFLA_MTU, link->mtu);
	info = sg_kmod_nest(km, msg, IFLA_LINKINFO);
	sg_kmod_put(km, msg, IFLA_INFO_KIND, kind, strlen(kind));
	if (set & (SG_KMOD_LINK_METADATA | SG_KMOD_LINK_MARK)) {
		data = sg_kmod_nest(km, msg, IFLA_INFO_DATA);
		if (set & SG_KMOD_LINK_METADATA)
			sg_kmod_put_u8(km, msg, SIGNET_LINK_ATTR_METADATA,
				       link->metadata);
		if (set & SG_KMOD_LINK_MARK) {
			sg_kmod_put_u32(km, msg, SIGNET_LINK_ATTR_MARK,
					link->mark);
			sg_kmod_put_u32(km, msg, SIGNET_LINK_ATTR_MARK_MASK,
					link->mark_mask);
		}
		sg_kmod_nest_end(msg, data);
	}
	sg_kmod_nest_end(msg, info);
}

void sg_kmod_autoload(struct sg_kmod *km)
{
	struct nl_msg *msg;

	msg = request(km, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	put_info(km, msg, NULL);
	/* no such namespace: refused after the kind has been looked up */
	sg_kmod_put_u32(km, msg, IFLA_LINK_NETNSID, INT32_MAX);
	sg_kmod_route_call(km, msg, NULL, NULL, NULL);
}

/* What a reply says about a link. */
struct seen {
	struct sg_kmod_link link;
	uint32_t ifindex;
	bool ours;
};

static void take_data(const struct nlattr *a, struct sg_kmod_link *l)
{
	struct nlattr *tb[SIGNET_LINK_ATTR_MARK_MASK + 1];

	if (!a || nla_parse_nested(tb, SIGNET_LINK_ATTR_MARK_MASK,
				   (struct nlattr *)a, NULL) < 0)
		return;
	l->metadata = sg_kmod_u8(tb[SIGNET_LINK_ATTR_METADATA]);
	l->mark = sg_kmod_u32(tb[SIGNET_LINK_ATTR_MARK]);
	l->mark_mask = sg_kmod_u32(tb[SIGNET_LINK_ATTR_MARK_MASK]);
}

static int on_link(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct ifinfomsg *ifi = nlmsg_data(nlh);
	struct seen *seen = ctx;
	char name[16];

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
		return -EBADMSG;
	memset(seen, 0, sizeof(*seen));
	seen->ifindex = (uint32_t)ifi->ifi_index;
	seen->link.up = ifi->ifi_flags & IFF_UP;
	seen->link.carrier = sg_kmod_u8(tb[IFLA_CARRIER]);
	seen->link.mtu = sg_kmod_u32(tb[IFLA_MTU]);
	if (!tb[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL) < 0)
		return 0;
	sg_kmod_string(info[IFLA_INFO_KIND], name, sizeof(name));
	seen->ours = !strcmp(name, kind);
	if (seen->ours)
		take_data(info[IFLA_INFO_DATA], &seen->link);
	return 0;
}

int sg_kmod_link_add(struct sg_kmod *km, const char *ifname,
		     const struct sg_kmod_link *link, uint32_t *ifindex)
{
	struct seen seen = { 0 };
	struct nl_msg *msg;
	int r;

	if (strlen(ifname) >= IFNAMSIZ || !*ifname)
		return -EINVAL;
	msg = request(km, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	sg_kmod_put(km, msg, IFLA_IFNAME, ifname, strlen(ifname) + 1);
	put_info(km, msg, link);
	r = sg_kmod_route_call(km, msg, NULL, NULL, NULL);
	if (r || !ifindex)
		return r;
	msg = request(km, RTM_GETLINK, 0, 0);
	sg_kmod_put(km, msg, IFLA_IFNAME, ifname, strlen(ifname) + 1);
	r = sg_kmod_route_call(km, msg, on_link, NULL, &seen);
	*ifindex = seen.ifindex;
	return r;
}

int sg_kmod_link_set(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_link *link)
{
	struct nl_msg *msg = request(km, RTM_NEWLINK, 0, ifindex);

	put_info(km, msg, link);
	return sg_kmod_route_call(km, msg, NULL, NULL, NULL);
}

int sg_kmod_link_get(struct sg_kmod *km, uint32_t ifindex,
		     struct sg_kmod_link *link)
{
	struct seen seen = { 0 };
	int r;

	r = sg_kmod_route_call(km, request(km, RTM_GETLINK, 0, ifindex),
			       on_link, NULL, &seen);
	*link = seen.link;
	return r ? r : seen.ours ? 0 : -EINVAL;
}

int sg_kmod_link_up(struct sg_kmod *km, uint32_t ifindex, bool up)
{
	struct ifinfomsg *ifi;
	struct nl_msg *msg;

	msg = request(km, RTM_NEWLINK, 0, ifindex);
	if (msg) {
		ifi = nlmsg_data(nlmsg_hdr(msg));
		ifi->ifi_flags = up ? IFF_UP : 0;
		ifi->ifi_change = IFF_UP;
	}
	return sg_kmod_route_call(km, msg, NULL, NULL, NULL);
}

int sg_kmod_link_del(struct sg_kmod *km, uint32_t ifindex)
{
	return sg_kmod_route_call(km, request(km, RTM_DELLINK, 0, ifindex),
				  NULL, NULL, NULL);
}
