// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/icmp.h>
#include <net/ipv6.h>

#include "event.h"
#include "hop.h"
#include "icmp.h"
#include "output.h"
#include "socket.h"
#include "tx.h"

/* as the core's smallest (net.ipv4.route.min_pmtu) */
#define OUTER4_MTU_MIN 552

void signet_icmp_too_big(struct sk_buff *skb, unsigned int mtu)
{
	mtu = max(mtu, signet_mtu_min(skb));
	skb_dst_update_pmtu(skb, mtu);
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}

void signet_icmp_no_route(struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0);
	else
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE, 0);
}

void signet_icmp_no_host(struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH,
				0);
}

/*
 * The UDP layer set network and transport header to those of the quoted
 * packet; the ICMP header stands before it.
 */
static void quoted_remote(const struct sk_buff *skb, const struct udphdr *uh,
			  bool ip6, union signet_addr *remote)
{
	memset(remote, 0, sizeof(*remote));
	if (!ip6) {
		remote->in.sin_family = AF_INET;
		remote->in.sin_addr.s_addr = ip_hdr(skb)->daddr;
		remote->in.sin_port = uh->dest;
		return;
	}
	remote->in6.sin6_family = AF_INET6;
	remote->in6.sin6_addr = ipv6_hdr(skb)->daddr;
	remote->in6.sin6_port = uh->dest;
	remote->in6.sin6_scope_id =
		ipv6_iface_scope_id(&remote->in6.sin6_addr,
				    inet6_iif(skb));
}

/* the outer MTU that the error tells, or 0 */
static u32 error_mtu(const struct sk_buff *skb, bool ip6)
{
	const struct icmp6hdr *icmp6;
	const struct icmphdr *icmp;

	if (ip6) {
		icmp6 = (void *)skb_network_header(skb) - sizeof(*icmp6);
		return icmp6->icmp6_type == ICMPV6_PKT_TOOBIG ?
			       ntohl(icmp6->icmp6_mtu) : 0;
	}
	icmp = (void *)skb_network_header(skb) - sizeof(*icmp);
	return icmp->type == ICMP_DEST_UNREACH &&
	       icmp->code == ICMP_FRAG_NEEDED ?
		       ntohs(icmp->un.frag.mtu) : 0;
}

/*
 * Less than what any link has is no less than that. Who can quote our frames
 * can also drop them: what else it may claim is bounded by these.
 */
static u32 outer_mtu_min(bool ip6)
{
	return ip6 ? IPV6_MIN_MTU : OUTER4_MTU_MIN;
}

static void learn_mtu(struct signet_device *sd, struct signet_path *path,
		      u32 mtu, bool ip6)
{
	struct signet_route r;
	u32 overhead;

	overhead = ip6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	overhead += sizeof(struct udphdr) + SIGNET_FRAME_OVERHEAD;
	if (mtu <= overhead)
		return;
	mtu = max(mtu, outer_mtu_min(ip6)) - overhead;

	if (signet_route_get(sd, path, READ_ONCE(path->channel->peer->mark),
			     &r))
		return;
	if (signet_route_learn(path, &r, mtu))
		signet_event_pmtu(path, mtu);
	signet_route_put(&r);
}

/*
 * The headers are copied: the caller keeps pointers into the skb's head,
 * which pulling would move.
 */
int signet_tx_err_lookup(struct sock *sk, struct sk_buff *skb)
{
	bool ip6 = sk->sk_family == AF_INET6;
	struct {
		struct udphdr udp;
		struct signet_frame frame;
	} __packed copy;
	struct signet_socket *s;
	struct signet_path *path;
	union signet_addr remote;
	int err = -ENOENT;
	u32 mtu;

	if (skb_copy_bits(skb, skb_transport_offset(skb), &copy, sizeof(copy)))
		return -EINVAL;
	if (copy.frame.type != SIGNET_FRAME_PACKET &&
	    copy.frame.type != SIGNET_FRAME_MESSAGE)
		return -EINVAL;

	rcu_read_lock();
	s = rcu_dereference_sk_user_data(sk);
	if (!s)
		goto out;
	quoted_remote(skb, &copy.udp, ip6, &remote);
	path = signet_path_find(s->sd, copy.frame.label, &remote);
	if (!path || !signet_hop_tag_ok(&copy.frame, &path->hop_key))
		goto out;

	mtu = error_mtu(skb, ip6);
	if (mtu)
		learn_mtu(s->sd, path, mtu, ip6);
	err = 0;
out:
	rcu_read_unlock();
	return err;
}
