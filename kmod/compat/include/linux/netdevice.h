/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <linux/netdevice.h>
#ifndef SIGNET_COMPAT_NETDEVICE_H
#define SIGNET_COMPAT_NETDEVICE_H

/* dev->lltx = true */
static inline void netdev_set_lltx(struct net_device *dev)
{
#ifdef SIGNET_LACKS_LLTX
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
}

#ifdef SIGNET_LACKS_NETDEV_GET_BY_INDEX
static inline struct net_device *netdev_get_by_index(struct net *net,
						     int ifindex,
						     netdevice_tracker *tracker,
						     gfp_t gfp)
{
	struct net_device *dev = dev_get_by_index(net, ifindex);

	if (dev)
		netdev_tracker_alloc(dev, tracker, gfp);
	return dev;
}
#endif

#endif
