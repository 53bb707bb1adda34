/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Constants that Debian 12's kernel headers do not have yet. */
#ifndef SG_TUN_VIRTIO_H
#define SG_TUN_VIRTIO_H

#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#endif
