// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Super-packets: the core would segment them before encap_rcv, so they are
 * taken whole by a netfilter hook, after all filters of LOCAL_IN. It takes
 * only what the socket would get anyway, and leaves everything unusual to
 * the core, which segments it.
 */
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/udp.h>
#include <net/xfrm.h>

#include "run.h"

#ifdef CONFIG_NETFILTER

/**
 * struct rx_hook - registration for one namespace and family
 * @node: in hooks
 * @sockets: struct signet_socket; RCU
 * @net: where; its sockets keep it
 * @ops: what is registered
 * @rcu: of this
 */
struct rx_hook {
	struct list_head node;
	struct list_head sockets;
	struct net *net;
	struct nf_hook_ops ops;
	struct rcu_head rcu;
};

static LIST_HEAD(hooks);
static DEFINE_MUTEX(hooks_lock);

/* Where UDP begins; 0: not a plain datagram to this host alone. */
static unsigned int transport4(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct rtable *rt = skb_rtable(skb);

	if (iph->protocol != IPPROTO_UDP || ip_is_fragment(iph) || !rt ||
	    rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST))
		return 0;
	return ip_hdrlen(skb);
}

static unsigned int transport6(struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	if (ip6h->nexthdr != IPPROTO_UDP || ipv6_addr_is_multicast(&ip6h->daddr))
		return 0;
	return sizeof(*ip6h);
}

/* The first test sorts out nearly all that is not for us. */
static bool is_super(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	return skb_is_gso(skb) && shinfo->gso_type & SKB_GSO_UDP_L4 &&
	       !(shinfo->gso_type & (SKB_GSO_FRAGLIST | SKB_GSO_UDP_TUNNEL |
				     SKB_GSO_UDP_TUNNEL_CSUM)) &&
	       shinfo->gso_size >= SIGNET_PACKET_MIN &&
	       (skb->ip_summed == CHECKSUM_PARTIAL ||
		skb->ip_summed == CHECKSUM_UNNECESSARY);
}

/* Not before conntrack has confirmed it: it may do so after this hook. */
static bool is_unconfirmed(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	return ct && !nf_ct_is_confirmed(ct);
#else
	return false;
#endif
}

static bool socket_gets(const struct signet_socket *s, struct net *net,
			struct sk_buff *skb, __be16 port)
{
	const struct sock *sk = s->sk;
	int bound = READ_ONCE(sk->sk_bound_dev_if);

	if (inet_sk(sk)->inet_sport != port || (skb->sk && skb->sk != sk))
		return false;
	/* another socket may be more specific */
	if (sk->sk_reuse || sk->sk_reuseport)
		return false;
#if IS_ENABLED(CONFIG_IPV6)
	if (s->family == AF_INET6)
		return (ipv6_addr_any(&sk->sk_v6_rcv_saddr) ||
			ipv6_addr_equal(&sk->sk_v6_rcv_saddr,
					&ipv6_hdr(skb)->daddr)) &&
		       udp_sk_bound_dev_eq(net, bound, inet6_iif(skb),
					   inet6_sdif(skb));
#endif
	return (!inet_sk(sk)->inet_rcv_saddr ||
		inet_sk(sk)->inet_rcv_saddr == ip_hdr(skb)->daddr) &&
	       udp_sk_bound_dev_eq(net, bound, inet_iif(skb), inet_sdif(skb));
}

static struct signet_socket *socket_find(const struct rx_hook *hook,
					 struct sk_buff *skb, __be16 port)
{
	struct signet_socket *s;

	list_for_each_entry_rcu(s, &hook->sockets, node) {
		if (socket_gets(s, hook->net, skb, port))
			return s;
	}
	return NULL;
}

static bool policy_allows(const struct signet_socket *s, struct sk_buff *skb)
{
	if (s->family == AF_INET6)
		return xfrm6_policy_check(s->sk, XFRM_POLICY_IN, skb);
	return xfrm4_policy_check(s->sk, XFRM_POLICY_IN, skb);
}

/* Where the frames are; false unless they can be told apart here. */
static bool super_frames(struct sk_buff *skb, unsigned int offset, int iif)
{
	struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	unsigned int size = skb_shinfo(skb)->gso_size;
	unsigned int frames;

	frames = DIV_ROUND_UP(skb->len - offset, size);
	if (frames > SIGNET_RUN_MAX || skb->len > U16_MAX)
		return false;
	memset(cb, 0, sizeof(*cb));
	cb->iif = iif;
	cb->offset = offset;
	cb->size = size;
	cb->frames = frames;
	return true;
}

static unsigned int rx_hook(void *priv, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	const struct rx_hook *hook = priv;
	struct signet_socket *s;
	struct udphdr copy, *uh;
	unsigned int at;
	u8 cb[sizeof(skb->cb)];
	bool ipv6;
	int iif, n;

	if (!is_super(skb))
		return NF_ACCEPT;
	ipv6 = state->pf == NFPROTO_IPV6;
	at = ipv6 ? transport6(skb) : transport4(skb);
	if (!at || static_branch_unlikely(&bpf_sk_lookup_enabled))
		return NF_ACCEPT;
	at += skb_network_offset(skb);
	uh = skb_header_pointer(skb, at, sizeof(copy), &copy);
	/* the length of a datagram without a checksum says nothing more */
	if (!uh || ntohs(uh->len) != skb->len - at ||
	    skb->len - at <= sizeof(*uh) || (ipv6 && !uh->check))
		return NF_ACCEPT;
	s = socket_find(hook, skb, uh->dest);
	if (!s || is_unconfirmed(skb) || !policy_allows(s, skb))
		return NF_ACCEPT;
	iif = ipv6 ? inet6_iif(skb) : inet_iif(skb);
	memcpy(cb, skb->cb, sizeof(cb)); /* the core's, which may get it back */
	if (!super_frames(skb, at + sizeof(*uh), iif))
		return NF_ACCEPT;

	n = signet_rx_classify(s->sd, skb);
	if (unlikely(n < 0)) {
		memcpy(skb->cb, cb, sizeof(cb));
		return NF_ACCEPT;
	}
	if (likely(n))
		signet_rx_queue(s->sd, skb);
	return NF_STOLEN;
}

static struct rx_hook *hook_find(const struct net *net, u8 pf)
{
	struct rx_hook *hook;

	list_for_each_entry(hook, &hooks, node) {
		if (net_eq(hook->net, net) && hook->ops.pf == pf)
			return hook;
	}
	return NULL;
}

static struct rx_hook *hook_new(struct net *net, u8 pf)
{
	struct rx_hook *hook;
	int err;

	hook = kzalloc_obj(*hook, GFP_KERNEL_ACCOUNT);
	if (!hook)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&hook->sockets);
	hook->net = net;
	hook->ops.hook = rx_hook;
	hook->ops.priv = hook;
	hook->ops.pf = pf;
	hook->ops.hooknum = NF_INET_LOCAL_IN;
	hook->ops.priority = INT_MAX;
	err = nf_register_net_hook(net, &hook->ops);
	if (err) {
		kfree(hook);
		return ERR_PTR(err);
	}
	list_add(&hook->node, &hooks);
	return hook;
}

static u8 hook_family(const struct signet_socket *s)
{
	return s->family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

/**
 * signet_rx_attach() - let the hook take super-packets for a socket
 * @s: the socket
 * Context: process, sd->lock held
 */
int signet_rx_attach(struct signet_socket *s)
{
	struct net *net = sock_net(s->sk);
	struct rx_hook *hook;
	int err = 0;

	mutex_lock(&hooks_lock);
	hook = hook_find(net, hook_family(s));
	if (!hook)
		hook = hook_new(net, hook_family(s));
	if (IS_ERR(hook))
		err = PTR_ERR(hook);
	else
		list_add_rcu(&s->node, &hook->sockets);
	mutex_unlock(&hooks_lock);
	return err;
}

/**
 * signet_rx_detach() - the opposite
 * @s: the socket, which is freed after a grace period
 * Context: process, sd->lock held
 */
void signet_rx_detach(struct signet_socket *s)
{
	struct rx_hook *hook;

	mutex_lock(&hooks_lock);
	list_del_rcu(&s->node);
	hook = hook_find(sock_net(s->sk), hook_family(s));
	if (hook && list_empty(&hook->sockets)) {
		list_del(&hook->node);
		nf_unregister_net_hook(hook->net, &hook->ops);
		kfree_rcu(hook, rcu);
	}
	mutex_unlock(&hooks_lock);
}

#else

int signet_rx_attach(struct signet_socket *s)
{
	return 0;
}

void signet_rx_detach(struct signet_socket *s)
{
}

#endif
