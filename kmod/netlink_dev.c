// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The module and its devices: sockets and limits. */

#include <linux/sizes.h>
#include <net/inet_sock.h>

#include "aead.h"
#include "netlink.h"
#include "socket.h"

int signet_nl_module_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct signet_nl_reply reply;
	int err;

	err = signet_nl_check_bare(info->nlhdr, info->extack);
	if (!err)
		err = signet_nl_reply_start(&reply, info, NLMSG_DEFAULT_SIZE);
	if (err)
		return err;

	if (nla_put_string(reply.skb, SIGNET_A_MODULE_VERSION,
			   SIGNET_VERSION) ||
	    nla_put_u32(reply.skb, SIGNET_A_MODULE_WIRE_VERSION,
			SIGNET_WIRE_VERSION) ||
	    nla_put_u32(reply.skb, SIGNET_A_MODULE_ABI, SIGNET_ABI) ||
	    nla_put_u32(reply.skb, SIGNET_A_MODULE_LANES_MAX, SIGNET_LANES) ||
	    nla_put_u32(reply.skb, SIGNET_A_MODULE_CIPHERS,
			signet_aead_ciphers()))
		err = -EMSGSIZE;

	return signet_nl_reply_end(&reply, info, err);
}

static int put_port(struct sk_buff *skb, const struct signet_device *sd,
		    u16 family, int attr)
{
	struct signet_socket *s;

	s = rcu_dereference_protected(sd->sockets[signet_family_index(family)],
				      lockdep_is_held(&sd->lock));
	if (!s)
		return 0;

	return nla_put_u16(skb, attr,
			   ntohs(READ_ONCE(inet_sk(s->sk)->inet_sport)));
}

static int put_limits(struct sk_buff *skb, const struct signet_limits *limits)
{
	struct nlattr *nest = nla_nest_start(skb, SIGNET_A_DEV_LIMITS);

	if (!nest)
		return -EMSGSIZE;

	if (nla_put_u32(skb, SIGNET_A_LIMITS_PEERS, limits->peers) ||
	    nla_put_u32(skb, SIGNET_A_LIMITS_CHANNELS, limits->channels) ||
	    nla_put_u32(skb, SIGNET_A_LIMITS_PREFIXES, limits->prefixes) ||
	    nla_put_u32(skb, SIGNET_A_LIMITS_QUEUE_BYTES,
			limits->queue_bytes)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}

	nla_nest_end(skb, nest);
	return 0;
}

static int put_dev(struct sk_buff *skb, const struct signet_device *sd)
{
	char name[IFNAMSIZ];

	/* a rename may be under way: a torn name, but always terminated */
	strscpy(name, sd->dev->name, sizeof(name));

	if (nla_put_u32(skb, SIGNET_A_DEV_IFINDEX, sd->dev->ifindex) ||
	    nla_put_string(skb, SIGNET_A_DEV_IFNAME, name) ||
	    put_port(skb, sd, AF_INET, SIGNET_A_DEV_PORT4) ||
	    put_port(skb, sd, AF_INET6, SIGNET_A_DEV_PORT6) ||
	    put_limits(skb, &sd->limits) ||
	    nla_put_u32(skb, SIGNET_A_DEV_GENERATION,
			atomic_read(&sd->generation)) ||
	    nla_put_u32(skb, SIGNET_A_DEV_PEERS, sd->n_peers) ||
	    nla_put_u32(skb, SIGNET_A_DEV_CHANNELS, sd->n_channels) ||
	    nla_put_u32(skb, SIGNET_A_DEV_KEYS, sd->n_keys) ||
	    (memchr_inv(sd->owner, 0, sizeof(sd->owner)) &&
	     nla_put(skb, SIGNET_A_DEV_OWNER, sizeof(sd->owner), sd->owner)))
		return -EMSGSIZE;

	return 0;
}

int signet_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct signet_nl_reply reply;
	netdevice_tracker tracker;
	struct signet_device *sd;
	int err;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	err = signet_nl_reply_start(&reply, info, NLMSG_DEFAULT_SIZE);
	if (!err)
		err = signet_nl_reply_end(&reply, info,
					  put_dev(reply.skb, sd));

	signet_nl_unlock(sd, &tracker);
	return err;
}

static int dump_dev(struct sk_buff *skb, struct netlink_callback *cb,
		    struct signet_device *sd, struct signet_nl_cursor *at)
{
	void *hdr = signet_nl_dump_start(skb, cb);

	if (!hdr)
		return -EMSGSIZE;
	return signet_nl_dump_end(skb, hdr, put_dev(skb, sd));
}

int signet_nl_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	int err = signet_nl_check_bare(cb->nlh, cb->extack);

	return err ?: signet_nl_dump(skb, cb, dump_dev);
}

static int parse_queue_bytes(struct genl_info *info,
			     const struct nlattr *attr, u32 *bytes)
{
	if (!attr)
		return 0;

	*bytes = nla_get_u32(attr);
	if (*bytes < SZ_64K || *bytes > SZ_64M) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "queue-bytes can be 64 KiB (65536) to 64 MiB (67108864)");
		return -ERANGE;
	}

	return 0;
}

static int parse_limits(struct genl_info *info, struct signet_limits *limits)
{
	struct nlattr *tb[SIGNET_A_LIMITS_MAX + 1];
	int err;

	err = nla_parse_nested(tb, SIGNET_A_LIMITS_MAX,
			       info->attrs[SIGNET_A_DEV_LIMITS],
			       signet_limits_nl_policy, info->extack);
	if (err)
		return err;

	if (tb[SIGNET_A_LIMITS_PEERS])
		limits->peers = nla_get_u32(tb[SIGNET_A_LIMITS_PEERS]);
	if (tb[SIGNET_A_LIMITS_CHANNELS])
		limits->channels = nla_get_u32(tb[SIGNET_A_LIMITS_CHANNELS]);
	if (tb[SIGNET_A_LIMITS_PREFIXES])
		limits->prefixes = nla_get_u32(tb[SIGNET_A_LIMITS_PREFIXES]);
	return parse_queue_bytes(info, tb[SIGNET_A_LIMITS_QUEUE_BYTES],
				 &limits->queue_bytes);
}

static int set_socket(struct signet_device *sd, struct genl_info *info,
		      int attr, u16 family)
{
	int fd, err;

	if (!info->attrs[attr])
		return 0;

	fd = nla_get_s32(info->attrs[attr]);
	if (fd == -1) {
		signet_socket_detach(sd, family);
		return 0;
	}
	if (fd < 0) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "not a file descriptor: -1 detaches, others are not negative");
		return -EBADF;
	}

	err = signet_socket_attach(sd, fd, family, info->extack);
	err = signet_nl_result(info, err);
	if (err)
		NL_SET_BAD_ATTR(info->extack, info->attrs[attr]);
	return err;
}

int signet_nl_dev_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct signet_limits limits;
	struct signet_device *sd;
	int err = 0;

	sd = signet_nl_lock(info, &tracker);
	if (IS_ERR(sd))
		return PTR_ERR(sd);

	limits = sd->limits;
	if (info->attrs[SIGNET_A_DEV_LIMITS])
		err = parse_limits(info, &limits);
	if (!err)
		err = set_socket(sd, info, SIGNET_A_DEV_SOCK4_FD, AF_INET);
	if (!err)
		err = set_socket(sd, info, SIGNET_A_DEV_SOCK6_FD, AF_INET6);
	if (!err) {
		sd->limits.peers = limits.peers;
		sd->limits.channels = limits.channels;
		sd->limits.prefixes = limits.prefixes;
		/* the receive path reads it without the lock */
		WRITE_ONCE(sd->limits.queue_bytes, limits.queue_bytes);
		if (info->attrs[SIGNET_A_DEV_OWNER])
			nla_memcpy(sd->owner, info->attrs[SIGNET_A_DEV_OWNER],
				   sizeof(sd->owner));
	}
	signet_device_changed(sd);

	signet_nl_unlock(sd, &tracker);
	return err;
}
