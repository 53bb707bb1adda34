// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The net_device: its birth by rtnetlink, its operations, its end. */
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/udp.h>
#include <net/ip_tunnels.h>
#include <net/rtnetlink.h>

#include "device.h"
#include "event.h"
#include "label.h"
#include "rx.h"
#include "socket.h"
#include "tx.h"

/* outer IPv6 and UDP headers, and the frame around the inner packet */
#define SIGNET_HEADROOM                                                        \
	(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr) +      \
	 SIGNET_FRAME_HDR_LEN)
#define SIGNET_OVERHEAD                                                        \
	(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + SIGNET_FRAME_OVERHEAD)

/* fits links of 1500 bytes, also behind PPPoE or a provider's tunnel */
#define SIGNET_MTU 1380
#define SIGNET_MTU_MAX (IP_MAX_MTU - SIGNET_OVERHEAD)

/*
 * A super-packet of this size is no more than 64 KB when each of its segments
 * got a frame around it, for every MTU from 1280 on.
 */
#define SIGNET_GSO_MAX_SIZE 60000
#define SIGNET_GSO_MAX_SEGS 44

/* No pages in high memory: segment.c reads fragments where they are. */
#define SIGNET_FEATURES                                                        \
	(NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_GSO | NETIF_F_GSO_SOFTWARE |   \
	 NETIF_F_FRAGLIST | NETIF_F_RXCSUM)

static LIST_HEAD(signet_devices);
static DEFINE_MUTEX(signet_devices_lock); /* before sd->lock */

static const struct net_device_ops signet_netdev_ops;

struct signet_device *signet_device_get(struct net *net, u32 ifindex,
					netdevice_tracker *tracker)
{
	struct net_device *dev;

	dev = netdev_get_by_index(net, ifindex, tracker, GFP_KERNEL);
	if (!dev)
		return NULL;
	if (dev->netdev_ops != &signet_netdev_ops) {
		netdev_put(dev, tracker);
		return NULL;
	}
	return netdev_priv(dev);
}

void signet_device_put(struct signet_device *sd, netdevice_tracker *tracker)
{
	netdev_put(sd->dev, tracker);
}

static void drop_channel_keys(struct signet_channel *ch)
{
	struct signet_key *key;
	int dir, id;

	for (dir = 0; dir < 2; dir++) {
		for (id = 0; id < SIGNET_KEY_IDS; id++) {
			key = signet_key_in(ch, dir, id);
			if (!key)
				continue;
			signet_event_key_expired(key);
			signet_key_del(key);
		}
	}
}

/**
 * signet_device_drop_keys() - wipe every key of a device
 * @sd: the device
 *
 * Peers, channels and labels stay, and wait for new keys.
 */
void signet_device_drop_keys(struct signet_device *sd)
{
	struct signet_channel *ch;
	unsigned long id;

	mutex_lock(&sd->lock);
	xa_for_each(&sd->channels, id, ch)
		drop_channel_keys(ch);
	mutex_unlock(&sd->lock);
}

/**
 * signet_drop_all_keys() - wipe every key in this kernel
 *
 * Context: process. On return no frame is sealed or opened under them, and
 * their memory has been wiped.
 */
void signet_drop_all_keys(void)
{
	struct signet_device *sd;

	mutex_lock(&signet_devices_lock);
	list_for_each_entry(sd, &signet_devices, node)
		signet_device_drop_keys(sd);
	mutex_unlock(&signet_devices_lock);

	rcu_barrier();
	flush_workqueue(signet_wq);
}

static int signet_dev_init(struct net_device *dev)
{
	struct signet_device *sd = netdev_priv(dev);
	int err = -ENOMEM;

	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats)
		return err;

	sd->drops = __alloc_percpu(SIGNET_DROP_COUNT * sizeof(u64),
				   __alignof__(u64));
	if (!sd->drops)
		goto err_tstats;

	err = signet_labels_init(sd);
	if (err)
		goto err_drops;

	err = signet_rx_init(sd);
	if (err)
		goto err_labels;

	err = signet_tx_init(sd);
	if (err)
		goto err_rx;

	mutex_lock(&signet_devices_lock);
	list_add_tail(&sd->node, &signet_devices);
	mutex_unlock(&signet_devices_lock);
	return 0;

err_rx:
	signet_rx_uninit(sd);
err_labels:
	signet_labels_destroy(sd);
err_drops:
	free_percpu(sd->drops);
err_tstats:
	free_percpu(dev->tstats);
	return err;
}

/*
 * Nothing sends any more when this runs, but netlink operations may hold a
 * reference. They look at @dying under the lock.
 */
static void signet_dev_uninit(struct net_device *dev)
{
	struct signet_device *sd = netdev_priv(dev);
	struct signet_peer *peer;
	unsigned long id;

	mutex_lock(&signet_devices_lock);
	list_del(&sd->node);
	mutex_unlock(&signet_devices_lock);

	mutex_lock(&sd->lock);
	WRITE_ONCE(sd->dying, true);
	signet_socket_detach(sd, AF_INET);
	signet_socket_detach(sd, AF_INET6);
	xa_for_each(&sd->peers, id, peer) {
		signet_peer_del(peer);
		signet_event_peer_del(sd, id);
	}
	mutex_unlock(&sd->lock);
	cancel_delayed_work_sync(&sd->expire);

	signet_rx_uninit(sd);
	signet_tx_uninit(sd);
	/* readers that came by the sockets have ended with rx */
	synchronize_net();
	signet_prefixes_free(&sd->prefixes);
	signet_labels_destroy(sd);
}

static void signet_dev_free(struct net_device *dev)
{
	struct signet_device *sd = netdev_priv(dev);

	xa_destroy(&sd->channels);
	xa_destroy(&sd->peers);
	free_percpu(sd->drops);
	free_percpu(dev->tstats);
	mutex_destroy(&sd->lock);
}

static int signet_dev_open(struct net_device *dev)
{
	struct in_device *in_dev = __in_dev_get_rtnl(dev);

	/* Peers reach each other through this device by intent. */
	if (in_dev)
		IN_DEV_CONF_SET(in_dev, SEND_REDIRECTS, false);
	return 0;
}

static const struct net_device_ops signet_netdev_ops = {
	.ndo_init		= signet_dev_init,
	.ndo_uninit		= signet_dev_uninit,
	.ndo_open		= signet_dev_open,
	.ndo_start_xmit		= signet_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
};

static void signet_get_drvinfo(struct net_device *dev,
			       struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "signet", sizeof(info->driver));
	strscpy(info->version, SIGNET_VERSION, sizeof(info->version));
}

static const struct ethtool_ops signet_ethtool_ops = {
	.get_drvinfo		= signet_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
};

static const struct device_type signet_type = {
	.name = "signet",
};

static void signet_setup(struct net_device *dev)
{
	struct signet_device *sd = netdev_priv(dev);

	dev->netdev_ops = &signet_netdev_ops;
	dev->ethtool_ops = &signet_ethtool_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = signet_dev_free;

	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->hard_header_len = 0;
	dev->addr_len = 0;
	dev->needed_headroom = SIGNET_HEADROOM;
	dev->needed_tailroom = SIGNET_AEAD_TAG_LEN;
	dev->mtu = SIGNET_MTU;
	dev->min_mtu = IPV6_MIN_MTU;
	dev->max_mtu = SIGNET_MTU_MAX;

	dev->features |= SIGNET_FEATURES;
	dev->hw_features |= SIGNET_FEATURES;
	dev->hw_enc_features |= SIGNET_FEATURES;
	netdev_set_lltx(dev);
	netif_set_tso_max_size(dev, SIGNET_GSO_MAX_SIZE);
	netif_set_tso_max_segs(dev, SIGNET_GSO_MAX_SEGS);
	/* ICMP errors about what was routed here look at its route. */
	netif_keep_dst(dev);
	SET_NETDEV_DEVTYPE(dev, &signet_type);

	sd->dev = dev;
	INIT_LIST_HEAD(&sd->node);
	mutex_init(&sd->lock);
	xa_init(&sd->peers);
	xa_init(&sd->channels);
	INIT_DELAYED_WORK(&sd->expire, signet_expire_work);
	atomic64_set(&sd->expire_at, S64_MAX);
	sd->limits = (struct signet_limits){
		.peers = 65536,
		.channels = 131072,
		.prefixes = 262144,
		.queue_bytes = 4 << 20,
	};
}

static const struct nla_policy signet_link_policy[] = {
	[SIGNET_LINK_ATTR_METADATA] = NLA_POLICY_MAX(NLA_U8, 1),
	[SIGNET_LINK_ATTR_MARK] = { .type = NLA_U32 },
	[SIGNET_LINK_ATTR_MARK_MASK] = { .type = NLA_U32 },
};

/* Nothing here can fail: the policy refused what is not valid. */
static void link_configure(struct signet_device *sd, struct nlattr *data[])
{
	if (!data)
		return;
	if (data[SIGNET_LINK_ATTR_METADATA])
		WRITE_ONCE(sd->metadata,
			   nla_get_u8(data[SIGNET_LINK_ATTR_METADATA]));
	if (data[SIGNET_LINK_ATTR_MARK])
		WRITE_ONCE(sd->mark, nla_get_u32(data[SIGNET_LINK_ATTR_MARK]));
	/* a mark without a mask is the whole mark */
	if (data[SIGNET_LINK_ATTR_MARK_MASK])
		WRITE_ONCE(sd->mark_mask,
			   nla_get_u32(data[SIGNET_LINK_ATTR_MARK_MASK]));
	else if (data[SIGNET_LINK_ATTR_MARK])
		WRITE_ONCE(sd->mark_mask, U32_MAX);
}

static int signet_newlink(struct net_device *dev,
			  struct rtnl_newlink_params *params,
			  struct netlink_ext_ack *extack)
{
	link_configure(netdev_priv(dev), params->data);
	netif_carrier_off(dev); /* until there is a socket */
	return register_netdevice(dev);
}

static int signet_changelink(struct net_device *dev, struct nlattr *tb[],
			     struct nlattr *data[],
			     struct netlink_ext_ack *extack)
{
	link_configure(netdev_priv(dev), data);
	return 0;
}

static size_t signet_get_size(const struct net_device *dev)
{
	return nla_total_size(sizeof(u8)) +	/* metadata */
	       nla_total_size(sizeof(u32)) +	/* mark */
	       nla_total_size(sizeof(u32));	/* mark mask */
}

static int signet_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct signet_device *sd = netdev_priv(dev);

	if (nla_put_u8(skb, SIGNET_LINK_ATTR_METADATA,
		       READ_ONCE(sd->metadata)) ||
	    nla_put_u32(skb, SIGNET_LINK_ATTR_MARK, READ_ONCE(sd->mark)) ||
	    nla_put_u32(skb, SIGNET_LINK_ATTR_MARK_MASK,
			READ_ONCE(sd->mark_mask)))
		return -EMSGSIZE;
	return 0;
}

struct rtnl_link_ops signet_link_ops __read_mostly = {
	.kind		= "signet",
	.maxtype	= ARRAY_SIZE(signet_link_policy) - 1,
	.policy		= signet_link_policy,
	.priv_size	= sizeof(struct signet_device),
	.setup		= signet_setup,
	.newlink	= signet_newlink,
	.changelink	= signet_changelink,
	.get_size	= signet_get_size,
	.fill_info	= signet_fill_info,
};
