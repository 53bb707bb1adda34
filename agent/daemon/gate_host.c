// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the gate has to know of the host, from rtnetlink. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "daemon/gate_private.h"
#include "daemon/node.h"

/* Changes come in crowds. */
#define SETTLE_NS (50 * 1000000ULL)

/* links ------------------------------------------------------------------ */

static void parse_xdp(struct nlattr *nested, struct gate_link *l)
{
	struct nlattr *tb[IFLA_XDP_MAX + 1];
	uint8_t how = XDP_ATTACHED_NONE;

	if (!nested || nla_parse_nested(tb, IFLA_XDP_MAX, nested, NULL) < 0)
		return;
	if (tb[IFLA_XDP_ATTACHED])
		how = nla_get_u8(tb[IFLA_XDP_ATTACHED]);
	if (tb[IFLA_XDP_PROG_ID])
		l->prog = nla_get_u32(tb[IFLA_XDP_PROG_ID]);
	l->generic = how == XDP_ATTACHED_SKB;
}

static bool is_veth(struct nlattr *nested)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1];

	return nested &&
	       nla_parse_nested(tb, IFLA_INFO_MAX, nested, NULL) >= 0 &&
	       tb[IFLA_INFO_KIND] && !nla_strcmp(tb[IFLA_INFO_KIND], "veth");
}

static int on_link(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct nlattr *tb[IFLA_MAX + 1];
	struct gate_link *l = arg;
	struct ifinfomsg *ifi = nlmsg_data(nlh);

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
		return NL_OK;
	l->ifindex = ifi->ifi_index;
	l->ethernet = ifi->ifi_type == ARPHRD_ETHER ||
		      ifi->ifi_type == ARPHRD_LOOPBACK;
	if (tb[IFLA_IFNAME])
		nla_strlcpy(l->name, tb[IFLA_IFNAME], sizeof(l->name));
	if (tb[IFLA_MTU])
		l->mtu = nla_get_u32(tb[IFLA_MTU]);
	parse_xdp(tb[IFLA_XDP], l);
	l->veth = is_veth(tb[IFLA_LINKINFO]);
	return NL_OK;
}

static struct nl_sock *route_socket(int (*fn)(struct nl_msg *msg, void *arg),
				    void *arg)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (sk && nl_connect(sk, NETLINK_ROUTE) < 0) {
		nl_socket_free(sk);
		return NULL;
	}
	if (sk)
		nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, fn, arg);
	return sk;
}

int gate_link_get(const char *name, uint32_t ifindex, struct gate_link *l)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };
	struct nl_sock *sk;
	struct nl_msg *msg;
	int ret = -ENODEV;

	memset(l, 0, sizeof(*l));
	sk = route_socket(on_link, l);
	msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK);
	if (!sk || !msg ||
	    nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0)
		goto cleanup;
	if (name)
		nla_put_string(msg, IFLA_IFNAME, name);
	if (nl_send_auto(sk, msg) >= 0 && nl_recvmsgs_default(sk) >= 0 &&
	    l->ifindex)
		ret = 0;
cleanup:
	nlmsg_free(msg);
	nl_socket_free(sk);
	return ret;
}

/* which of them lie above which ------------------------------------------- */

/* So many lie one above the other: a bridge, a VLAN, a bond, and more. */
#define STACK_MAX 8

/* @lower: that its packets come by, as a VLAN's; @master: that has it as a port */
struct place {
	uint32_t ifindex, lower, master;
};

struct places {
	struct place *list;
	size_t n;
};

static int on_place(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct ifinfomsg *ifi = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];
	struct places *all = arg;
	struct place *more;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
		return NL_OK;
	more = reallocarray(all->list, all->n + 1, sizeof(*more));
	if (!more)
		return NL_STOP;
	all->list = more;
	more += all->n++;
	*more = (struct place){ .ifindex = ifi->ifi_index };
	/* a veth's is its other end, and may be another namespace's */
	if (tb[IFLA_LINK] && !tb[IFLA_LINK_NETNSID] &&
	    !is_veth(tb[IFLA_LINKINFO]))
		more->lower = nla_get_u32(tb[IFLA_LINK]);
	if (tb[IFLA_MASTER])
		more->master = nla_get_u32(tb[IFLA_MASTER]);
	return NL_OK;
}

static bool reaches(const struct places *all, uint32_t from, uint32_t to,
		    int steps)
{
	if (from == to)
		return true;
	for (size_t i = 0; steps && i < all->n; i++) {
		const struct place *x = &all->list[i];
		uint32_t next = x->ifindex == from ? x->master
				: x->lower == from ? x->ifindex
						   : 0;

		if (next && reaches(all, next, to, steps - 1))
			return true;
	}
	return false;
}

bool gate_link_carries(uint32_t ifindex, uint32_t above)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	struct places all = { 0 };
	struct nl_sock *sk = NULL;
	bool yes = ifindex == above;

	if (!yes)
		sk = route_socket(on_place, &all);
	if (sk &&
	    nl_send_simple(sk, RTM_GETLINK, NLM_F_DUMP, (void *)&any,
			   sizeof(any)) >= 0 &&
	    nl_recvmsgs_default(sk) >= 0)
		yes = reaches(&all, ifindex, above, STACK_MAX);
	nl_socket_free(sk);
	free(all.list);
	return yes;
}

/* addresses -------------------------------------------------------------- */

struct addresses {
	struct sg_gates *gates;
	struct gate_local *list;
	size_t n;
	bool failed;
};

static void add(struct addresses *a, int family, const struct nlattr *attr)
{
	struct gate_local *more, x = { { 0, 0, htonl(0xffff), 0 } };

	if (!attr || nla_len(attr) != (family == AF_INET ? 4 : 16))
		return;
	memcpy(family == AF_INET ? &x.addr[3] : x.addr, nla_data(attr),
	       nla_len(attr));
	if (!(a->n & (a->n - 1))) {
		more = reallocarray(a->list, a->n ? a->n * 2 : 1,
				    sizeof(*more));
		if (!more) {
			a->failed = true;
			return;
		}
		a->list = more;
	}
	a->list[a->n++] = x;
}

static int on_address(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct ifaddrmsg *ifa = nlmsg_data(nlh);
	struct nlattr *tb[IFA_MAX + 1], *own;
	struct addresses *a = arg;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(nlh, sizeof(*ifa), tb, IFA_MAX, NULL) < 0 ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return NL_OK;
	/* the other one is the far end's where there is a near end */
	own = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	add(a, ifa->ifa_family, own);
	add(a, ifa->ifa_family, tb[IFA_BROADCAST]);
	for (size_t i = 0; i < a->gates->n && ifa->ifa_family == AF_INET; i++) {
		struct sg_gate *g = a->gates->list[i];

		if (own && nla_len(own) == 4 && g->ifindex == ifa->ifa_index &&
		    !g->own_ip4)
			memcpy(&g->own_ip4, nla_data(own), 4);
	}
	return NL_OK;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct gate_local));
}

int gate_addresses(struct gate_local **list, size_t *n, struct sg_gates *gs)
{
	struct addresses a = { .gates = gs };
	struct ifaddrmsg any = { .ifa_family = AF_UNSPEC };
	struct nl_sock *sk = route_socket(on_address, &a);
	int ret = -ENOMEM;

	for (size_t i = 0; i < gs->n; i++)
		gs->list[i]->own_ip4 = 0;
	if (sk &&
	    nl_send_simple(sk, RTM_GETADDR, NLM_F_DUMP, &any, sizeof(any)) >= 0)
		ret = nl_recvmsgs_default(sk) < 0 ? -EIO : 0;
	nl_socket_free(sk);
	if (ret || a.failed) {
		free(a.list);
		return ret ? ret : -ENOMEM;
	}
	if (a.n)
		qsort(a.list, a.n, sizeof(*a.list), by_bytes);
	*list = a.list;
	*n = a.n;
	return 0;
}

/* changes ---------------------------------------------------------------- */

static void settled(void *ctx)
{
	gate_host_changed(ctx);
}

static void on_change(void *ctx, int fd, uint32_t events)
{
	struct sg_gates *gs = ctx;
	char buf[8192];

	/* what it says is read anew as a whole, also where some was lost */
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
		;
	if (gs->changed.slot)
		return;
	gs->changed.fn = settled;
	gs->changed.ctx = gs;
	sg_timer_set(gs->node->loop, &gs->changed, sg_now() + SETTLE_NS);
}

int gate_watch(struct sg_gates *gs)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK,
				 .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
					      RTMGRP_IPV6_IFADDR };
	int fd, ret;

	if (gs->watch >= 0)
		return 0;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	ret = bind(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;
	if (!ret)
		ret = sg_loop_add(gs->node->loop, fd, EPOLLIN, on_change, gs);
	if (ret)
		close(fd);
	else
		gs->watch = fd;
	return ret;
}

void gate_unwatch(struct sg_gates *gs)
{
	sg_timer_cancel(gs->node->loop, &gs->changed);
	if (gs->watch < 0)
		return;
	sg_loop_del(gs->node->loop, gs->watch);
	close(gs->watch);
	gs->watch = -1;
}
