/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP: errors that inner senders get, and errors about our frames. */
#ifndef SIGNET_KMOD_ICMP_H
#define SIGNET_KMOD_ICMP_H

#include <linux/if_ether.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>

/*
 * What inner packets may count on, whatever the path is like: smaller ones are
 * sent, and the outer packet is cut on the way (RFC 791; RFC 2473, section
 * 7.1). Senders take no smaller path MTU for true.
 */
static inline unsigned int signet_mtu_min(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IPV6) ? IPV6_MIN_MTU : 576;
}

/**
 * signet_icmp_too_big() - tell the sender of an inner packet of the path MTU
 * @mtu: largest inner packet
 *
 * Whoever routes on this machine learns of it, too. An IPv4 packet is not cut
 * here even where it may be: it is cut before it comes here once the sender,
 * or the route on this machine, knows the size.
 */
void signet_icmp_too_big(struct sk_buff *skb, unsigned int mtu);
/* no peer has the destination, or no way leads to the peer */
void signet_icmp_no_route(struct sk_buff *skb);
void signet_icmp_no_host(struct sk_buff *skb);

#endif
