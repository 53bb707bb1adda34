/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <net/netlink.h>
#ifndef SIGNET_COMPAT_NET_NETLINK_H
#define SIGNET_COMPAT_NET_NETLINK_H

#ifndef NLA_POLICY_MAX_LEN
#define NLA_POLICY_MAX_LEN(_len) NLA_POLICY_MAX(NLA_BINARY, _len)
#endif

#ifdef SIGNET_LACKS_NLA_CONST_RANGE
#undef NLA_POLICY_FULL_RANGE
#define NLA_POLICY_FULL_RANGE(tp, _range)                                      \
	{                                                                      \
		.type = NLA_ENSURE_UINT_OR_BINARY_TYPE(tp),                    \
		.validation_type = NLA_VALIDATE_RANGE_PTR,                     \
		.range = (struct netlink_range_validation *)(_range),          \
	}
#endif

#ifdef SIGNET_LACKS_NLA_UINT
/* four or eight bytes, as the sender likes */
static inline int signet_compat_validate_uint(const struct nlattr *nla,
					      struct netlink_ext_ack *extack)
{
	if (nla_len(nla) == sizeof(u32) || nla_len(nla) == sizeof(u64))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, nla, "invalid attribute length");
	return -ERANGE;
}

/* to be used as .type = NLA_UINT */
#define NLA_UINT                                                               \
	NLA_BINARY, .validation_type = NLA_VALIDATE_FUNCTION,                  \
	.validate = signet_compat_validate_uint

static inline u64 nla_get_uint(const struct nlattr *nla)
{
	if (nla_len(nla) == sizeof(u32))
		return nla_get_u32(nla);
	return nla_get_u64(nla);
}

static inline int nla_put_uint(struct sk_buff *skb, int attrtype, u64 value)
{
	u32 small = value;

	if (small == value)
		return nla_put_u32(skb, attrtype, small);
	return nla_put(skb, attrtype, sizeof(value), &value);
}
#endif

#endif
