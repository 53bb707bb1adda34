// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Questions to the kernel's routing: see netif.h.
 */
#include <errno.h>
#include <stdio.h>

#include "daemon/netif_nl.h"

int sg_netif_route_check(const union sg_addr *dest, uint32_t fwmark,
			 struct sg_route *route)
{
	struct sg_nl_link link;
	struct nl_sock *sk;
	int ret;

	if (dest->sa.sa_family != AF_INET && dest->sa.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	ret = sg_nl_open(&sk);
	if (ret)
		return ret;
	ret = sg_nl_route_get(sk, dest, fwmark, route);
	if (!ret && !route->ifindex)
		ret = -ENETUNREACH;
	if (!ret)
		ret = sg_nl_link_get(sk, NULL, route->ifindex, &link);
	if (!ret) {
		snprintf(route->ifname, sizeof(route->ifname), "%s", link.name);
		if (!route->mtu)
			route->mtu = link.mtu;
	}
	sg_nl_close(sk);
	return ret;
}

int sg_netif_route_mtu(const union sg_addr *remote, uint32_t fwmark)
{
	uint32_t overhead = remote->sa.sa_family == AF_INET
				    ? SG_NETIF_OVERHEAD4
				    : SG_NETIF_OVERHEAD6;
	struct sg_route route;
	int ret;

	ret = sg_netif_route_check(remote, fwmark, &route);
	if (ret)
		return ret;
	if (route.mtu <= overhead)
		return -EMSGSIZE;
	return route.mtu - overhead;
}
