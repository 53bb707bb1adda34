/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <net/genetlink.h>
#ifndef SIGNET_COMPAT_NET_GENETLINK_H
#define SIGNET_COMPAT_NET_GENETLINK_H

#ifdef SIGNET_LACKS_GENL_SPLIT_OPS
/*
 * The generated table has an entry for do and one for dump. It compiles as a
 * table of struct genl_ops, which has all their fields; genl.c joins the
 * entries of a command when the family is registered.
 */
#define genl_split_ops genl_ops
#define split_ops ops
#define n_split_ops n_ops

int signet_compat_register_family(struct genl_family *family);
int signet_compat_unregister_family(struct genl_family *family);
#define genl_register_family signet_compat_register_family
#define genl_unregister_family(family)                                         \
	signet_compat_unregister_family(family)
#endif

#ifdef SIGNET_LACKS_GENL_INFO_DUMP
/* has attrs, as the struct genl_info of later kernels */
static inline const struct genl_dumpit_info *
genl_info_dump(struct netlink_callback *cb)
{
	return genl_dumpit_info(cb);
}
#endif

#endif
