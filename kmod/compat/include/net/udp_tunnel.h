/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <net/udp_tunnel.h>
#ifndef SIGNET_COMPAT_NET_UDP_TUNNEL_H
#define SIGNET_COMPAT_NET_UDP_TUNNEL_H

#ifdef SIGNET_LACKS_UDP_TUNNEL_SOCK
/* only the sock of the struct socket is used */
static inline void signet_compat_setup_sock(struct net *net, struct sock *sk,
					    struct udp_tunnel_sock_cfg *cfg)
{
	struct socket sock = { .sk = sk };

	setup_udp_tunnel_sock(net, &sock, cfg);
}
#define setup_udp_tunnel_sock signet_compat_setup_sock
#endif

/* The last argument holds IPCB flags, of which there were none to give. */
#ifdef SIGNET_LACKS_UDP_TUNNEL_FLAGS
#define udp_tunnel_xmit_skb(rt, sk, skb, src, dst, tos, ttl, df, src_port,     \
			    dst_port, xnet, nocheck, ipcb_flags)               \
	udp_tunnel_xmit_skb(rt, sk, skb, src, dst, tos, ttl, df, src_port,     \
			    dst_port, xnet, nocheck)
#ifdef SIGNET_LACKS_UDP_TUNNEL6_VOID
#define udp_tunnel6_xmit_skb(dst, sk, skb, dev, saddr, daddr, prio, ttl,       \
			     label, src_port, dst_port, nocheck, ip6cb_flags)  \
	udp_tunnel6_xmit_skb(dst, sk, skb, dev, (struct in6_addr *)(saddr),    \
			     (struct in6_addr *)(daddr), prio, ttl, label,     \
			     src_port, dst_port, nocheck)
#else
#define udp_tunnel6_xmit_skb(dst, sk, skb, dev, saddr, daddr, prio, ttl,       \
			     label, src_port, dst_port, nocheck, ip6cb_flags)  \
	udp_tunnel6_xmit_skb(dst, sk, skb, dev, saddr, daddr, prio, ttl,       \
			     label, src_port, dst_port, nocheck)
#endif
#endif

#endif
