/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <linux/netlink.h>
#ifndef SIGNET_COMPAT_NETLINK_H
#define SIGNET_COMPAT_NETLINK_H

/* Without room for formatted text the format says enough. */
#ifdef SIGNET_LACKS_EXTACK_FMT
#define NL_SET_ERR_MSG_FMT(extack, fmt, args...)                               \
	do {                                                                   \
		if (0)                                                         \
			no_printk(fmt, ##args);                                \
		NL_SET_ERR_MSG(extack, fmt);                                   \
	} while (0)
#define NL_SET_ERR_MSG_FMT_MOD(extack, fmt, args...)                           \
	NL_SET_ERR_MSG_FMT(extack, KBUILD_MODNAME ": " fmt, ##args)
#define NL_SET_ERR_MSG_ATTR_FMT(extack, attr, fmt, args...)                    \
	do {                                                                   \
		if (0)                                                         \
			no_printk(fmt, ##args);                                \
		NL_SET_ERR_MSG_ATTR(extack, attr, fmt);                        \
	} while (0)
#endif

#endif
