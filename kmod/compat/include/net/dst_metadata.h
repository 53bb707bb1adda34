/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <net/dst_metadata.h>
#ifndef SIGNET_COMPAT_NET_DST_METADATA_H
#define SIGNET_COMPAT_NET_DST_METADATA_H

/* Flags were a __be16; this is the one that is used. */
#ifdef SIGNET_LACKS_TUNNEL_FLAG_BITS
#define IP_TUNNEL_KEY_BIT 0
#define IP_TUNNEL_DECLARE_FLAGS(name) unsigned long name[1]

static inline struct metadata_dst *
signet_compat_tun_set_dst(__be32 saddr, __be32 daddr, __u8 tos, __u8 ttl,
			  __be16 tp_dst, const unsigned long *flags,
			  __be64 tunnel_id, int md_size)
{
	__be16 old = flags[0] & BIT(IP_TUNNEL_KEY_BIT) ? TUNNEL_KEY : 0;

	return __ip_tun_set_dst(saddr, daddr, tos, ttl, tp_dst, old, tunnel_id,
				md_size);
}
#define __ip_tun_set_dst signet_compat_tun_set_dst
#endif

#endif
