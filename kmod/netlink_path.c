// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Outer addresses and paths, from and to attributes. */

#include <linux/inet.h>
#include <net/ipv6.h>

#include "hop.h"
#include "netlink.h"

/* any address that frames can be sent to or from */
static int check_addr4(const struct nlattr *attr, __be32 addr,
		       struct netlink_ext_ack *extack)
{
	if (ipv4_is_zeronet(addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the address is unspecified");
		return -EINVAL;
	}
	if (ipv4_is_multicast(addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the address is multicast: frames go to one host");
		return -EINVAL;
	}
	if (ipv4_is_lbcast(addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the address is broadcast: frames go to one host");
		return -EINVAL;
	}

	return 0;
}

static int check_addr6(const struct nlattr *attr, const struct in6_addr *addr,
		       u32 scope, struct netlink_ext_ack *extack)
{
	if (ipv6_addr_any(addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the address is unspecified");
		return -EINVAL;
	}
	if (ipv6_addr_is_multicast(addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the address is multicast: frames go to one host");
		return -EINVAL;
	}
	if (ipv6_addr_v4mapped(addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the address is IPv4 mapped into IPv6: give its 4 bytes");
		return -EINVAL;
	}
	if (__ipv6_addr_needs_scope_id(__ipv6_addr_type(addr)) && !scope) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the address is link-local: scope-id must give its interface");
		return -EINVAL;
	}

	return 0;
}

static int parse_addr(const struct nlattr *attr, u32 scope,
		      union signet_addr *addr, struct netlink_ext_ack *extack)
{
	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		addr->in.sin_family = AF_INET;
		addr->in.sin_addr.s_addr = nla_get_in_addr(attr);
		return check_addr4(attr, addr->in.sin_addr.s_addr, extack);
	case sizeof(struct in6_addr):
		addr->in6.sin6_family = AF_INET6;
		addr->in6.sin6_addr = nla_get_in6_addr(attr);
		if (__ipv6_addr_needs_scope_id(__ipv6_addr_type(&addr->in6.sin6_addr)))
			addr->in6.sin6_scope_id = scope;
		return check_addr6(attr, &addr->in6.sin6_addr, scope, extack);
	default:
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an address has 4 bytes (IPv4) or 16 (IPv6)");
		return -EINVAL;
	}
}

static bool link_local(const union signet_addr *addr)
{
	return addr->sa.sa_family == AF_INET6 && addr->in6.sin6_scope_id;
}

static int parse_local(struct nlattr **tb, u32 scope,
		       struct signet_path_config *path,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *attr = tb[SIGNET_A_PATH_LOCAL];
	int err;

	if (!attr)
		return 0;

	err = parse_addr(attr, scope, &path->local, extack);
	if (err)
		return err;
	if (path->local.sa.sa_family != path->remote.sa.sa_family) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "local and remote are of different families");
		return -EAFNOSUPPORT;
	}

	return 0;
}

static int parse_ends(const struct nlattr *nest, struct nlattr **tb,
		      struct signet_path_config *path,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *attr = tb[SIGNET_A_PATH_SCOPE_ID];
	u32 scope = attr ? nla_get_u32(attr) : 0;
	__be16 port;
	int err;

	if (NL_REQ_ATTR_CHECK(extack, nest, tb, SIGNET_A_PATH_REMOTE)) {
		NL_SET_ERR_MSG(extack, "a path needs the remote address");
		return -EINVAL;
	}
	if (NL_REQ_ATTR_CHECK(extack, nest, tb, SIGNET_A_PATH_REMOTE_PORT)) {
		NL_SET_ERR_MSG(extack, "a path needs the remote port");
		return -EINVAL;
	}

	err = parse_addr(tb[SIGNET_A_PATH_REMOTE], scope, &path->remote,
			 extack);
	if (err)
		return err;

	port = nla_get_be16(tb[SIGNET_A_PATH_REMOTE_PORT]);
	if (path->remote.sa.sa_family == AF_INET)
		path->remote.in.sin_port = port;
	else
		path->remote.in6.sin6_port = port;

	err = parse_local(tb, scope, path, extack);
	if (err)
		return err;
	if (scope && !link_local(&path->remote) && !link_local(&path->local)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "scope-id is for link-local addresses: leave it out");
		return -EINVAL;
	}

	return 0;
}

/* the label is the receiver's, and its hop key lives and dies with it */
static int parse_label(const struct nlattr *nest, struct nlattr **tb,
		       const struct signet_path *old,
		       struct signet_path_config *path,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *label = tb[SIGNET_A_PATH_TX_LABEL];
	struct nlattr *key = tb[SIGNET_A_PATH_TX_HOP_KEY];

	if (label && key) {
		path->tx_label = nla_get_u32(label);
		memcpy(path->hop_key, nla_data(key), sizeof(path->hop_key));
		return 0;
	}
	if (!label && !key && old) {
		path->tx_label = le32_to_cpu(old->tx_label);
		put_unaligned_le64(old->hop_key.key[0], path->hop_key);
		put_unaligned_le64(old->hop_key.key[1], path->hop_key + 8);
		return 0;
	}
	if (!label)
		NL_SET_ERR_ATTR_MISS(extack, nest, SIGNET_A_PATH_TX_LABEL);
	else
		NL_SET_ERR_ATTR_MISS(extack, nest, SIGNET_A_PATH_TX_HOP_KEY);
	NL_SET_ERR_MSG(extack,
		       "tx-label and tx-hop-key belong together: give both");
	return -EINVAL;
}

int signet_nl_parse_path(struct genl_info *info, const struct nlattr *nest,
			 const struct signet_path *old,
			 struct signet_path_config *path)
{
	struct nlattr *tb[SIGNET_A_PATH_MAX + 1];
	int err;

	memset(path, 0, sizeof(*path));

	err = nla_parse_nested(tb, SIGNET_A_PATH_MAX, nest,
			       signet_path_nl_policy, info->extack);
	if (err)
		return err;

	err = parse_ends(nest, tb, path, info->extack);
	if (err)
		return err;

	if (tb[SIGNET_A_PATH_GENERATION])
		path->generation = nla_get_u32(tb[SIGNET_A_PATH_GENERATION]);
	else if (old)
		path->generation = old->generation;

	return parse_label(nest, tb, old, path, info->extack);
}

void signet_nl_wipe_path(struct nlattr *nest)
{
	if (nest)
		signet_nl_wipe(nla_find_nested(nest,
					       SIGNET_A_PATH_TX_HOP_KEY));
}

int signet_nl_put_addr(struct sk_buff *skb, int attr,
		       const union signet_addr *addr)
{
	if (addr->sa.sa_family == AF_INET)
		return nla_put_in_addr(skb, attr, addr->in.sin_addr.s_addr);
	if (addr->sa.sa_family == AF_INET6)
		return nla_put_in6_addr(skb, attr, &addr->in6.sin6_addr);
	return 0;
}

static int put_local(struct sk_buff *skb, const struct signet_path *path)
{
	if (path->remote.sa.sa_family == AF_INET)
		return path->local.in ?
			       nla_put_in_addr(skb, SIGNET_A_PATH_LOCAL,
					       path->local.in) :
			       0;
	return ipv6_addr_any(&path->local.in6) ?
		       0 :
		       nla_put_in6_addr(skb, SIGNET_A_PATH_LOCAL,
					&path->local.in6);
}

int signet_nl_put_path(struct sk_buff *skb, const struct signet_path *path)
{
	struct nlattr *nest = nla_nest_start(skb, SIGNET_A_CHANNEL_PATH);
	const union signet_addr *remote = &path->remote;
	__be16 port;

	if (!nest)
		return -EMSGSIZE;

	port = remote->sa.sa_family == AF_INET ? remote->in.sin_port :
						 remote->in6.sin6_port;

	if (nla_put_u32(skb, SIGNET_A_PATH_TX_LABEL,
			le32_to_cpu(path->tx_label)) ||
	    signet_nl_put_addr(skb, SIGNET_A_PATH_REMOTE, remote) ||
	    nla_put_be16(skb, SIGNET_A_PATH_REMOTE_PORT, port) ||
	    (link_local(remote) &&
	     nla_put_u32(skb, SIGNET_A_PATH_SCOPE_ID,
			 remote->in6.sin6_scope_id)) ||
	    put_local(skb, path) ||
	    nla_put_u32(skb, SIGNET_A_PATH_GENERATION, path->generation)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}

	nla_nest_end(skb, nest);
	return 0;
}
