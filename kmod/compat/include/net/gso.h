/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifdef SIGNET_LACKS_GSO_H
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#else
#include_next <net/gso.h>
#endif
