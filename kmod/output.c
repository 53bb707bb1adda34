// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/inetdevice.h>
#include <linux/timekeeping.h>
#include <net/addrconf.h>
#include <net/dsfield.h>
#include <net/dst_cache.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/lwtunnel.h>
#include <net/route.h>
#include <net/udp_tunnel.h>

#include "icmp.h"
#include "output.h"
#include "socket.h"

/* peer->tos: the inner packet's */
#define TOS_INHERIT 1
/* RFC 791: what every link carries */
#define INNER_MTU_MIN 68
/* RFC 8201, section 4: when a larger one is tried again */
#define PATH_MTU_NS (600 * NSEC_PER_SEC)

static struct sock *path_socket(struct signet_device *sd,
				const struct signet_path *path)
{
	int family = signet_family_index(path->remote.sa.sa_family);
	struct signet_socket *s = rcu_dereference(sd->sockets[family]);

	return s ? s->sk : NULL;
}

/* A local address that went away is chosen again by routing. */
static struct rtable *route4_look_up(struct signet_path *path, struct sock *sk,
				     u32 mark, __be32 *saddr)
{
	struct net *net = sock_net(sk);
	struct flowi4 fl = {
		.flowi4_oif = sk->sk_bound_dev_if,
		.flowi4_mark = mark,
		.flowi4_proto = IPPROTO_UDP,
		.daddr = path->remote.in.sin_addr.s_addr,
		.fl4_dport = path->remote.in.sin_port,
		.fl4_sport = inet_sk(sk)->inet_sport,
	};
	struct rtable *rt;

	fl.saddr = path->local.in;
	if (!fl.saddr)
		fl.saddr = inet_sk(sk)->inet_saddr;
	if (fl.saddr &&
	    !inet_confirm_addr(net, NULL, 0, fl.saddr, RT_SCOPE_HOST))
		fl.saddr = 0;

	rt = ip_route_output_flow(net, &fl, sk);
	if (IS_ERR(rt) && PTR_ERR(rt) == -EINVAL && fl.saddr) {
		fl.saddr = 0;
		rt = ip_route_output_flow(net, &fl, sk);
	}
	*saddr = fl.saddr;
	return rt;
}

static int route4_get(struct signet_path *path, u32 mark,
		      struct signet_route *r)
{
	struct rtable *rt = dst_cache_get_ip4(&path->cache, &r->local.in);

	if (unlikely(!rt)) {
		rt = route4_look_up(path, r->sk, mark, &r->local.in);
		if (IS_ERR(rt))
			return PTR_ERR(rt);
		dst_cache_set_ip4(&path->cache, &rt->dst, r->local.in);
	}
	r->rt = rt;
	r->dst = &rt->dst;
	return 0;
}

/*
 * The outer MTU by link and configuration. What the core has learned from ICMP
 * errors anyone can have made up: the newest kernels believe all that quote
 * UDP, every kernel those that quote an echo.
 */
static unsigned int route4_mtu(const struct signet_route *r)
{
	const struct dst_entry *dst = r->dst;
	unsigned int mtu;

	if (likely(!r->rt->rt_pmtu) || dst_xfrm(dst))
		return dst_mtu(dst);
	mtu = dst_metric_raw(dst, RTAX_MTU);
	if (!mtu)
		mtu = READ_ONCE(dst_dev_rcu(dst)->mtu);
	mtu = min_t(unsigned int, mtu, IP_MAX_MTU);
	return mtu - lwtunnel_headroom(dst->lwtstate, mtu);
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *route6_look_up(struct signet_path *path,
					struct sock *sk, u32 mark,
					struct in6_addr *saddr)
{
	const struct sockaddr_in6 *to = &path->remote.in6;
	struct net *net = sock_net(sk);
	struct flowi6 fl = {
		.flowi6_oif = sk->sk_bound_dev_if,
		.flowi6_mark = mark,
		.flowi6_proto = IPPROTO_UDP,
		.daddr = to->sin6_addr,
		.fl6_dport = to->sin6_port,
		.fl6_sport = inet_sk(sk)->inet_sport,
	};
	struct dst_entry *dst;

	if (to->sin6_scope_id)
		fl.flowi6_oif = to->sin6_scope_id;
	fl.saddr = path->local.in6;
	if (ipv6_addr_any(&fl.saddr))
		fl.saddr = inet6_sk(sk)->saddr;
	if (!ipv6_addr_any(&fl.saddr) &&
	    !ipv6_chk_addr(net, &fl.saddr, NULL, 0))
		fl.saddr = in6addr_any;

	dst = ip6_dst_lookup_flow(net, sk, &fl, NULL);
	*saddr = fl.saddr;
	return dst;
}

static int route6_get(struct signet_path *path, u32 mark,
		      struct signet_route *r)
{
	struct dst_entry *dst = dst_cache_get_ip6(&path->cache, &r->local.in6);

	if (unlikely(!dst)) {
		dst = route6_look_up(path, r->sk, mark, &r->local.in6);
		if (IS_ERR(dst))
			return PTR_ERR(dst);
		dst_cache_set_ip6(&path->cache, dst, &r->local.in6);
	}
	r->dst = dst;
	return 0;
}

static const struct rt6_info *rt6_of(const struct dst_entry *dst)
{
	return (const struct rt6_info *)dst;
}

/* the route is one that an ICMP error made, or a redirect */
static bool route6_learned(const struct dst_entry *dst)
{
	return !dst_xfrm(dst) && rt6_of(dst)->rt6i_flags & RTF_CACHE;
}

/* as route4_mtu() */
static unsigned int route6_mtu(const struct signet_route *r)
{
	const struct dst_entry *dst = r->dst;
	const struct fib6_info *from;
	struct inet6_dev *idev;
	unsigned int mtu = 0;

	if (likely(!route6_learned(dst)))
		return dst_mtu(dst);
	from = rcu_dereference(rt6_of(dst)->from);
	if (from)
		mtu = from->fib6_pmtu;
	if (!mtu) {
		idev = __in6_dev_get(dst_dev_rcu(dst));
		mtu = idev ? READ_ONCE(idev->cnf.mtu6) : IPV6_MIN_MTU;
	}
	mtu = min_t(unsigned int, mtu, IP6_MAX_MTU);
	return mtu - lwtunnel_headroom(dst->lwtstate, mtu);
}

/*
 * The core would cut what is longer than the MTU it has learned. It cuts this
 * frame; the next ones find out whether that MTU was true.
 */
static bool route6_try(struct dst_entry *dst, const struct sk_buff *skb)
{
	unsigned int len = skb_is_gso(skb) ? skb_shinfo(skb)->gso_size :
					     skb->len;

	len += sizeof(struct ipv6hdr) + sizeof(struct udphdr);
	if (len <= dst_mtu(dst))
		return false;
	dst_set_expires(dst, 0);
	return true;
}

static void output6(const struct signet_route *r, struct sk_buff *skb,
		    const struct signet_outer *outer)
{
	const struct sockaddr_in6 *to = &r->remote->in6;

	skb->ignore_df = outer->fragment;
	if (unlikely(route6_learned(r->dst)) && !outer->fragment)
		skb->ignore_df = route6_try(r->dst, skb);
	udp_tunnel6_xmit_skb(r->dst, r->sk, skb, NULL, &r->local.in6,
			     &to->sin6_addr, outer->tos,
			     ip6_dst_hoplimit(r->dst), 0,
			     inet_sk(r->sk)->inet_sport, to->sin6_port, false,
			     0);
}
#else
static int route6_get(struct signet_path *path, u32 mark,
		      struct signet_route *r)
{
	return -EAFNOSUPPORT;
}

static unsigned int route6_mtu(const struct signet_route *r)
{
	return dst_mtu(r->dst);
}

static void output6(const struct signet_route *r, struct sk_buff *skb,
		    const struct signet_outer *outer)
{
	kfree_skb(skb);
}
#endif

/* largest inner packet that an error told, as long as it is held to be true */
static unsigned int path_mtu(const struct signet_path *path)
{
	unsigned int mtu = READ_ONCE(path->mtu);

	if (likely(!mtu) || ktime_get_coarse_boottime_ns() >=
				    READ_ONCE(path->mtu_until))
		return UINT_MAX;
	return mtu;
}

int signet_route_get(struct signet_device *sd, struct signet_path *path,
		     u32 mark, struct signet_route *r)
{
	bool ip6 = path->remote.sa.sa_family == AF_INET6;
	unsigned int overhead, mtu;
	int err;

	r->remote = &path->remote;
	r->sk = path_socket(sd, path);
	if (unlikely(!r->sk))
		return -ENOTCONN;
	err = ip6 ? route6_get(path, mark, r) : route4_get(path, mark, r);
	if (unlikely(err))
		return err;
	if (unlikely(dst_dev_rcu(r->dst) == sd->dev)) {
		dst_release(r->dst);
		dst_cache_reset(&path->cache);
		return -ELOOP;
	}

	overhead = ip6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	overhead += sizeof(struct udphdr) + SIGNET_FRAME_OVERHEAD;
	mtu = ip6 ? route6_mtu(r) : route4_mtu(r);
	mtu = max_t(int, mtu - overhead, INNER_MTU_MIN);
	r->mtu = min(mtu, path_mtu(path));
	return 0;
}

bool signet_route_learn(struct signet_path *path, struct signet_route *r,
			unsigned int mtu)
{
	if (mtu >= r->mtu)
		return false;
	WRITE_ONCE(path->mtu_until, ktime_get_boottime_ns() + PATH_MTU_NS);
	WRITE_ONCE(path->mtu, mtu);
	r->mtu = mtu;
	return true;
}

void signet_route_put(struct signet_route *r)
{
	dst_release(r->dst);
}

void signet_outer_set(struct signet_outer *outer,
		      const struct signet_peer *peer,
		      const struct sk_buff *skb, unsigned int mtu)
{
	bool ip6 = skb && skb->protocol == htons(ETH_P_IPV6);
	u8 inner = skb ? ip_tunnel_get_dsfield(ip_hdr(skb), skb) : 0;
	u8 df = READ_ONCE(peer->df);
	u8 tos = READ_ONCE(peer->tos);

	outer->tos = INET_ECN_encapsulate(tos == TOS_INHERIT ? inner : tos,
					  inner);
	outer->df = df == SIGNET_DF_UNSET ? 0 : htons(IP_DF);
	if (df == SIGNET_DF_INHERIT && skb && !ip6)
		outer->df = ip_hdr(skb)->frag_off & htons(IP_DF);
	outer->fragment = skb && mtu < signet_mtu_min(skb);
}

/*
 * Statistics of the device count inner packets: they are kept elsewhere, and
 * the outer packet is no device's until it has its header.
 */
void signet_output(const struct signet_route *r, struct sk_buff *skb,
		   const struct signet_outer *outer)
{
	const struct sockaddr_in *to = &r->remote->in;
	struct sock *sk = r->sk;

	dst_hold(r->dst);
	if (r->remote->sa.sa_family == AF_INET6) {
		output6(r, skb, outer);
		return;
	}
	/* ours lets the core cut by the link's MTU alone, see socket.c */
	if (unlikely(outer->fragment))
		sk = NULL;
	udp_tunnel_xmit_skb(r->rt, sk, skb, r->local.in, to->sin_addr.s_addr,
			    outer->tos, ip4_dst_hoplimit(r->dst),
			    outer->fragment ? 0 : outer->df,
			    inet_sk(r->sk)->inet_sport, to->sin_port, false,
			    false, 0);
}
