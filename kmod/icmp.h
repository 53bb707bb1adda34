/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP: errors that inner senders get, and errors about our frames. */
#ifndef SIGNET_KMOD_ICMP_H
#define SIGNET_KMOD_ICMP_H

#include <linux/skbuff.h>

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
