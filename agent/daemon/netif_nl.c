// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rtnetlink requests over libnl: see netif_nl.h. libnl's own objects and
 * caches are not used: they lack suppress_prefixlength and would copy every
 * route of the host.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "daemon/netif_nl.h"

int sg_nl_open(struct nl_sock **out)
{
	struct nl_sock *sk = nl_socket_alloc();

	*out = NULL;
	if (!sk)
		return -ENOMEM;
	if (nl_connect(sk, NETLINK_ROUTE) < 0) {
		nl_socket_free(sk);
		return -EPROTONOSUPPORT;
	}
	*out = sk;
	return 0;
}

void sg_nl_close(struct nl_sock *sk)
{
	if (sk)
		nl_socket_free(sk);
}

/* What one exchange with the kernel brought. */
struct exchange {
	int (*parse)(struct exchange *x, struct nlmsghdr *nlh);
	const void *fn; /* the caller's function, see parse */
	void *ctx;
	void *out;
	int result; /* of the caller's function, or the errno */
	bool done;
};

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	if (x->parse && !x->result)
		x->result = x->parse(x, nlmsg_hdr(msg));
	return NL_OK;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	x->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *nla, struct nlmsgerr *nlerr, void *arg)
{
	struct exchange *x = arg;

	x->done = true;
	x->result = nlerr->error;
	return NL_STOP;
}

/* Send @msg, free it, and take in all of the answer. */
static int talk(struct nl_sock *sk, struct nl_msg *msg, struct exchange *x)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err = -ENOMEM;

	if (!cb || !msg)
		goto cleanup;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, x);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, x);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_finish, x);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, x);
	err = -EIO;
	if (nl_send_auto(sk, msg) < 0)
		goto cleanup;
	while (!x->done)
		if (nl_recvmsgs(sk, cb) < 0 && !x->done)
			goto cleanup;
	err = x->result;
cleanup:
	nlmsg_free(msg);
	if (cb)
		nl_cb_put(cb);
	return err;
}

/* A request with its fixed part; NULL when out of memory. */
static struct nl_msg *request(int type, int flags, const void *hdr, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags | NLM_F_REQUEST);

	if (msg && nlmsg_append(msg, (void *)hdr, len, NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static size_t addr_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

/* links ------------------------------------------------------------------ */

static void link_parse(struct nlmsghdr *nlh, struct sg_nl_link *l)
{
	struct ifinfomsg *ifi = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];

	memset(l, 0, sizeof(*l));
	if (nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
		return;
	l->index = ifi->ifi_index;
	l->up = ifi->ifi_flags & IFF_UP;
	if (tb[IFLA_IFNAME])
		nla_strlcpy(l->name, tb[IFLA_IFNAME], sizeof(l->name));
	if (tb[IFLA_IFALIAS])
		nla_strlcpy(l->alias, tb[IFLA_IFALIAS], sizeof(l->alias));
	if (tb[IFLA_MTU])
		l->mtu = nla_get_u32(tb[IFLA_MTU]);
}

static int on_link(struct exchange *x, struct nlmsghdr *nlh)
{
	struct sg_nl_link l;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	link_parse(nlh, &l);
	if (x->out)
		*(struct sg_nl_link *)x->out = l;
	return x->fn ? ((sg_nl_link_fn)x->fn)(x->ctx, &l) : 0;
}

int sg_nl_links(struct nl_sock *sk, sg_nl_link_fn fn, void *ctx)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct exchange x = { .parse = on_link, .fn = fn, .ctx = ctx };

	return talk(sk, request(RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi)),
		    &x);
}

int sg_nl_link_get(struct nl_sock *sk, const char *name, uint32_t index,
		   struct sg_nl_link *l)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct exchange x = { .parse = on_link, .out = l };
	struct nl_msg *msg;

	memset(l, 0, sizeof(*l));
	msg = request(RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi));
	if (msg && name)
		nla_put_string(msg, IFLA_IFNAME, name);
	return talk(sk, msg, &x);
}

int sg_nl_link_set(struct nl_sock *sk, const struct sg_nl_link *l)
{
	struct ifinfomsg ifi = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = l->index,
		.ifi_flags = l->up ? IFF_UP : 0,
		.ifi_change = IFF_UP,
	};
	struct exchange x = { 0 };
	struct nl_msg *msg;

	msg = request(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));
	if (msg) {
		nla_put_u32(msg, IFLA_MTU, l->mtu);
		/* without the NUL: an empty one removes the alias */
		nla_put(msg, IFLA_IFALIAS, strlen(l->alias), l->alias);
	}
	return talk(sk, msg, &x);
}

int sg_nl_link_rename(struct nl_sock *sk, uint32_t index, const char *name)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct exchange x = { 0 };
	struct nl_msg *msg;

	msg = request(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));
	if (msg)
		nla_put_string(msg, IFLA_IFNAME, name);
	return talk(sk, msg, &x);
}

int sg_nl_link_quiet(struct nl_sock *sk, uint32_t index)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct nlattr *spec, *v6;
	struct exchange x = { 0 };
	struct nl_msg *msg;

	msg = request(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));
	if (!msg)
		return -ENOMEM;
	spec = nla_nest_start(msg, IFLA_AF_SPEC);
	v6 = nla_nest_start(msg, AF_INET6);
	nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	nla_nest_end(msg, v6);
	nla_nest_end(msg, spec);
	return talk(sk, msg, &x);
}

/* addresses -------------------------------------------------------------- */

static int addr_change(struct nl_sock *sk, int type, int flags, uint32_t index,
		       const struct sg_prefix *a, uint32_t ifa_flags)
{
	struct ifaddrmsg ifa = {
		.ifa_family = a->family,
		.ifa_prefixlen = a->len,
		.ifa_index = index,
	};
	struct exchange x = { 0 };
	struct nl_msg *msg;

	msg = request(type, flags | NLM_F_ACK, &ifa, sizeof(ifa));
	if (msg) {
		nla_put(msg, IFA_LOCAL, addr_size(a->family), a->addr);
		nla_put(msg, IFA_ADDRESS, addr_size(a->family), a->addr);
		if (ifa_flags)
			nla_put_u32(msg, IFA_FLAGS, ifa_flags);
	}
	return talk(sk, msg, &x);
}

int sg_nl_addr_add(struct nl_sock *sk, uint32_t index,
		   const struct sg_prefix *a, bool noroute)
{
	uint32_t flags = a->family == AF_INET6 ? IFA_F_NODAD : 0;

	if (noroute)
		flags |= IFA_F_NOPREFIXROUTE;
	return addr_change(sk, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, a,
			   flags);
}

int sg_nl_addr_del(struct nl_sock *sk, uint32_t index,
		   const struct sg_prefix *a)
{
	return addr_change(sk, RTM_DELADDR, 0, index, a, 0);
}

/* routes ----------------------------------------------------------------- */

static int on_route(struct exchange *x, struct nlmsghdr *nlh)
{
	struct rtmsg *rtm = nlmsg_data(nlh);
	struct nlattr *tb[RTA_MAX + 1];
	struct sg_nl_route r = { 0 };
	size_t len;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(nlh, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return 0;
	/* without IPv6 the kernel dumps other families in its place */
	if (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6)
		return 0;
	r.dst.family = rtm->rtm_family;
	r.dst.len = rtm->rtm_dst_len;
	r.protocol = rtm->rtm_protocol;
	r.table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	len = addr_size(r.dst.family);
	if (tb[RTA_DST] && nla_len(tb[RTA_DST]) >= (int)len)
		memcpy(r.dst.addr, nla_data(tb[RTA_DST]), len);
	if (tb[RTA_OIF])
		r.oif = nla_get_u32(tb[RTA_OIF]);
	return ((sg_nl_route_fn)x->fn)(x->ctx, &r);
}

int sg_nl_routes(struct nl_sock *sk, int family, sg_nl_route_fn fn, void *ctx)
{
	struct rtmsg rtm = { .rtm_family = family };
	struct exchange x = { .parse = on_route, .fn = fn, .ctx = ctx };

	return talk(sk, request(RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm)),
		    &x);
}

static int route_change(struct nl_sock *sk, int type, int flags,
			const struct sg_nl_route *r)
{
	struct rtmsg rtm = {
		.rtm_family = r->dst.family,
		.rtm_dst_len = r->dst.len,
		.rtm_table = r->table < 256 ? r->table : RT_TABLE_UNSPEC,
		.rtm_protocol = r->protocol,
		.rtm_scope = r->dst.family == AF_INET ? RT_SCOPE_LINK
						      : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct exchange x = { 0 };
	struct nl_msg *msg;

	msg = request(type, flags | NLM_F_ACK, &rtm, sizeof(rtm));
	if (msg) {
		if (r->dst.len)
			nla_put(msg, RTA_DST, addr_size(r->dst.family),
				r->dst.addr);
		nla_put_u32(msg, RTA_OIF, r->oif);
		nla_put_u32(msg, RTA_TABLE, r->table);
	}
	return talk(sk, msg, &x);
}

int sg_nl_route_add(struct nl_sock *sk, const struct sg_nl_route *r)
{
	return route_change(sk, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, r);
}

int sg_nl_route_replace(struct nl_sock *sk, const struct sg_nl_route *r)
{
	return route_change(sk, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, r);
}

int sg_nl_route_del(struct nl_sock *sk, const struct sg_nl_route *r)
{
	return route_change(sk, RTM_DELROUTE, 0, r);
}

static void get_addr(struct nlattr *a, int family, union sg_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (!a || nla_len(a) < (int)addr_size(family))
		return;
	out->sa.sa_family = family;
	if (family == AF_INET)
		memcpy(&out->v4.sin_addr, nla_data(a), 4);
	else
		memcpy(&out->v6.sin6_addr, nla_data(a), 16);
}

static int on_route_get(struct exchange *x, struct nlmsghdr *nlh)
{
	struct rtmsg *rtm = nlmsg_data(nlh);
	struct nlattr *tb[RTA_MAX + 1], *mx[RTAX_MAX + 1];
	struct sg_route *r = x->out;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(nlh, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return 0;
	r->local = rtm->rtm_type == RTN_LOCAL;
	if (tb[RTA_OIF])
		r->ifindex = nla_get_u32(tb[RTA_OIF]);
	get_addr(tb[RTA_PREFSRC], rtm->rtm_family, &r->src);
	get_addr(tb[RTA_GATEWAY], rtm->rtm_family, &r->gateway);
	if (tb[RTA_METRICS] &&
	    nla_parse_nested(mx, RTAX_MAX, tb[RTA_METRICS], NULL) == 0 &&
	    mx[RTAX_MTU])
		r->mtu = nla_get_u32(mx[RTAX_MTU]);
	return 0;
}

int sg_nl_route_get(struct nl_sock *sk, const union sg_addr *dest,
		    uint32_t mark, struct sg_route *route)
{
	bool v4 = dest->sa.sa_family == AF_INET;
	struct rtmsg rtm = {
		.rtm_family = dest->sa.sa_family,
		.rtm_dst_len = v4 ? 32 : 128,
	};
	struct exchange x = { .parse = on_route_get, .out = route };
	struct nl_msg *msg;

	memset(route, 0, sizeof(*route));
	msg = request(RTM_GETROUTE, NLM_F_ACK, &rtm, sizeof(rtm));
	if (msg) {
		if (v4)
			nla_put(msg, RTA_DST, 4, &dest->v4.sin_addr);
		else
			nla_put(msg, RTA_DST, 16, &dest->v6.sin6_addr);
		if (mark)
			nla_put_u32(msg, RTA_MARK, mark);
		if (!v4 && dest->v6.sin6_scope_id)
			nla_put_u32(msg, RTA_OIF, dest->v6.sin6_scope_id);
	}
	return talk(sk, msg, &x);
}

/* rules ------------------------------------------------------------------ */

static uint32_t get_u32(struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static int on_rule(struct exchange *x, struct nlmsghdr *nlh)
{
	struct fib_rule_hdr *h = nlmsg_data(nlh);
	struct nlattr *tb[FRA_MAX + 1];
	struct sg_nl_rule r = { 0 };

	if (nlh->nlmsg_type != RTM_NEWRULE ||
	    nlmsg_parse(nlh, sizeof(*h), tb, FRA_MAX, NULL) < 0)
		return 0;
	if (h->family != AF_INET && h->family != AF_INET6)
		return 0;
	r.family = h->family;
	r.action = h->action;
	r.invert = h->flags & FIB_RULE_INVERT;
	r.priority = get_u32(tb[FRA_PRIORITY]);
	r.mark = get_u32(tb[FRA_FWMARK]);
	r.table = tb[FRA_TABLE] ? nla_get_u32(tb[FRA_TABLE]) : h->table;
	r.target = get_u32(tb[FRA_GOTO]);
	r.suppress_default = tb[FRA_SUPPRESS_PREFIXLEN] &&
			     nla_get_u32(tb[FRA_SUPPRESS_PREFIXLEN]) == 0;
	if (tb[FRA_PROTOCOL])
		r.protocol = nla_get_u8(tb[FRA_PROTOCOL]);
	if (tb[FRA_IP_PROTO])
		r.ipproto = nla_get_u8(tb[FRA_IP_PROTO]);
	if (tb[FRA_SPORT_RANGE])
		r.sport = ((struct fib_rule_port_range *)nla_data(
				   tb[FRA_SPORT_RANGE]))
				  ->start;
	r.other = h->src_len || h->dst_len || tb[FRA_IIFNAME] ||
		  tb[FRA_OIFNAME];
	return ((sg_nl_rule_fn)x->fn)(x->ctx, &r);
}

int sg_nl_rules(struct nl_sock *sk, int family, sg_nl_rule_fn fn, void *ctx)
{
	struct fib_rule_hdr h = { .family = family };
	struct exchange x = { .parse = on_rule, .fn = fn, .ctx = ctx };

	return talk(sk, request(RTM_GETRULE, NLM_F_DUMP, &h, sizeof(h)), &x);
}

static int rule_change(struct nl_sock *sk, int type, int flags,
		       const struct sg_nl_rule *r)
{
	struct fib_rule_port_range range = { r->sport, r->sport };
	struct fib_rule_hdr h = {
		.family = r->family,
		.action = r->action,
		.flags = r->invert ? FIB_RULE_INVERT : 0,
		.table = r->table < 256 ? r->table : RT_TABLE_UNSPEC,
	};
	struct exchange x = { 0 };
	struct nl_msg *msg;

	msg = request(type, flags | NLM_F_ACK, &h, sizeof(h));
	if (!msg)
		return -ENOMEM;
	nla_put_u32(msg, FRA_PRIORITY, r->priority);
	nla_put_u8(msg, FRA_PROTOCOL, r->protocol);
	if (r->mark) {
		nla_put_u32(msg, FRA_FWMARK, r->mark);
		nla_put_u32(msg, FRA_FWMASK, UINT32_MAX);
	}
	if (r->table)
		nla_put_u32(msg, FRA_TABLE, r->table);
	if (r->suppress_default)
		nla_put_u32(msg, FRA_SUPPRESS_PREFIXLEN, 0);
	if (r->target)
		nla_put_u32(msg, FRA_GOTO, r->target);
	if (r->ipproto)
		nla_put_u8(msg, FRA_IP_PROTO, r->ipproto);
	if (r->sport)
		nla_put(msg, FRA_SPORT_RANGE, sizeof(range), &range);
	return talk(sk, msg, &x);
}

int sg_nl_rule_add(struct nl_sock *sk, const struct sg_nl_rule *r)
{
	return rule_change(sk, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, r);
}

int sg_nl_rule_del(struct nl_sock *sk, const struct sg_nl_rule *r)
{
	return rule_change(sk, RTM_DELRULE, 0, r);
}
