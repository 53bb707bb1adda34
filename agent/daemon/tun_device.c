/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tunnel device: opened with as many offloads as the kernel allows. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/tun.h"
#include "daemon/tun_virtio.h"

static int queue_open(struct sg_datapath *dp, const char *name, short flags)
{
	struct ifreq ifr = { 0 };
	int fd, err;

	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	ifr.ifr_flags = flags;
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		err = -errno;
		close(fd);
		return err;
	}
	memcpy(dp->ifname, ifr.ifr_name, sizeof(dp->ifname));
	return fd;
}

static short queue_flags(const struct sg_datapath *dp)
{
	return (short)(IFF_TUN | IFF_NO_PI | (dp->vnet_hdr ? IFF_VNET_HDR : 0) |
		       (dp->multi_queue ? IFF_MULTI_QUEUE : 0));
}

/* Offloads are the device's, not the queue's; the best that is accepted. */
static void set_offloads(struct sg_datapath *dp, int fd)
{
	static const unsigned int steps[] = {
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN |
			TUN_F_USO4 | TUN_F_USO6,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN,
		TUN_F_CSUM,
		0,
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		unsigned int f = steps[i];

		if (dp->off & SG_OFF_USO)
			f &= ~(unsigned int)(TUN_F_USO4 | TUN_F_USO6);
		if (dp->off & SG_OFF_TSO)
			f &= TUN_F_CSUM;
		if (ioctl(fd, TUNSETOFFLOAD, f))
			continue;
		dp->uso = f & TUN_F_USO4;
		dp->tso4 = f & TUN_F_TSO4;
		dp->tso6 = f & TUN_F_TSO6;
		return;
	}
}

int tun_device_open(struct sg_datapath *dp)
{
	int fd;

	dp->vnet_hdr = !(dp->off & SG_OFF_VNET);
	dp->multi_queue = dp->n_workers > 1 && !(dp->off & SG_OFF_MULTI_QUEUE);
	for (;;) {
		fd = queue_open(dp, dp->cfg.ifname, queue_flags(dp));
		if (fd >= 0)
			break;
		if (fd != -EINVAL)
			return fd;
		if (dp->multi_queue)
			dp->multi_queue = false;
		else if (dp->vnet_hdr)
			dp->vnet_hdr = false;
		else
			return fd;
	}
	if (!dp->multi_queue)
		dp->n_workers = 1;
	if (dp->vnet_hdr)
		set_offloads(dp, fd);
	return fd;
}

int tun_device_queue(struct sg_datapath *dp)
{
	return queue_open(dp, dp->ifname, queue_flags(dp));
}

/*
 * Keep super-packets so small that all their segments leave in one send.
 * Only an optimisation: an old kernel may refuse.
 */
static void set_gso_max(struct sg_datapath *dp)
{
	struct {
		struct nlmsghdr nh;
		struct ifinfomsg ifi;
		struct rtattr attr;
		uint32_t segs;
	} req = {
		.nh = { .nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_NEWLINK,
			.nlmsg_flags = NLM_F_REQUEST },
		.attr = { .rta_len = sizeof(req.attr) + 4,
			  .rta_type = IFLA_GSO_MAX_SEGS },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return;
	req.ifi.ifi_index = (int)if_nametoindex(dp->ifname);
	req.segs = TUN_UDP_MAX / (dp->cfg.mtu + SIGNET_FRAME_OVERHEAD);
	if (req.segs < 1)
		req.segs = 1;
	if (req.segs > TUN_RUN_MAX)
		req.segs = TUN_RUN_MAX;
	if (send(fd, &req, sizeof(req), 0) < 0)
		req.segs = 0;
	close(fd);
}

int tun_device_mtu(struct sg_datapath *dp)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, dp->ifname, sizeof(ifr.ifr_name));
	ifr.ifr_mtu = (int)dp->cfg.mtu;
	if (ioctl(fd, SIOCSIFMTU, &ifr))
		err = -errno;
	close(fd);
	if (!err)
		set_gso_max(dp);
	return err;
}
