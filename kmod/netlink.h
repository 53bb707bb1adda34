/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the netlink_*.c share. Every refusal carries an extended-ack message:
 * what is wrong and, where it is not plain, what to do.
 *
 * A request works on one device, whose lock it holds from signet_nl_lock() to
 * signet_nl_unlock(). A dump takes a device's lock for each part, so changes
 * get in between: readers see NLM_F_DUMP_INTR.
 */
#ifndef SIGNET_KMOD_NETLINK_H
#define SIGNET_KMOD_NETLINK_H

#include <net/genetlink.h>

#include "channel.h"
#include "netlink-gen.h"

/* one number in every set that has it */
#define SIGNET_NL_IFINDEX SIGNET_A_DEV_IFINDEX

static_assert(SIGNET_A_DEV_IFINDEX == 1 && SIGNET_A_PEER_IFINDEX == 1 &&
	      SIGNET_A_CHANNEL_IFINDEX == 1 && SIGNET_A_LABEL_IFINDEX == 1 &&
	      SIGNET_A_KEY_IFINDEX == 1 && SIGNET_A_STATS_IFINDEX == 1 &&
	      SIGNET_A_EVENT_IFINDEX == 1);

/* refuse a number of frames, and a time in ms, above it; the time fits in s64
 * as nanoseconds, beside the clock
 */
#define SIGNET_NL_LIMIT_MAX BIT_ULL(48)
#define SIGNET_NL_MS_MAX    BIT_ULL(43)

/* true, with its number and a message, when a required attribute is missing */
#define signet_nl_missing(info, attr, msg) ({				\
	bool __missing = GENL_REQ_ATTR_CHECK(info, attr);		\
									\
	if (__missing)							\
		GENL_SET_ERR_MSG(info, msg);				\
	__missing;							\
})

/* -EINVAL for bits of a request that mean nothing */
int signet_nl_check_header(const struct nlmsghdr *nlh,
			   struct netlink_ext_ack *extack);
/* the same, also for any attribute */
int signet_nl_check_bare(const struct nlmsghdr *nlh,
			 struct netlink_ext_ack *extack);

/**
 * signet_nl_lock() - the device that a request names, referenced and locked
 * Return: ERR_PTR(-EINVAL, -ENODEV) with a message
 */
struct signet_device *signet_nl_lock(struct genl_info *info,
				     netdevice_tracker *tracker);
void signet_nl_unlock(struct signet_device *sd, netdevice_tracker *tracker);

/* the object that attribute @attr names; ERR_PTR(-EINVAL, -ENOENT) */
struct signet_peer *signet_nl_peer(struct signet_device *sd,
				   struct genl_info *info, int attr);
struct signet_channel *signet_nl_channel(struct signet_device *sd,
					 struct genl_info *info, int attr);

/**
 * signet_nl_new() - what a -new request asks for, by its NLM_F_ flags
 * @exists: the object is there
 * @replaceable: NLM_F_REPLACE is allowed
 * Return: 0 create; 1 change; -EEXIST, -ENOENT, -EOPNOTSUPP, -EINVAL
 */
int signet_nl_new(struct genl_info *info, bool exists, bool replaceable);

/* what an object's function returned: says something where it said nothing */
int signet_nl_result(struct genl_info *info, int err);

/* a secret was used, or refused: the request must not keep it */
void signet_nl_wipe(struct nlattr *attr);

/* a path of a request; @old (may be NULL) gives what is left out */
int signet_nl_parse_path(struct genl_info *info, const struct nlattr *nest,
			 const struct signet_path *old,
			 struct signet_path_config *path);
/* the hop key in a path of a request, as signet_nl_wipe() */
void signet_nl_wipe_path(struct nlattr *nest);
int signet_nl_put_path(struct sk_buff *skb, const struct signet_path *path);
int signet_nl_put_addr(struct sk_buff *skb, int attr,
		       const union signet_addr *addr);
int signet_nl_put_counters(struct sk_buff *skb, int attr,
			   const struct signet_counters_sum *sum);

/**
 * struct signet_nl_reply - the answer to a request that is not a dump
 * @skb: put attributes here
 */
struct signet_nl_reply {
	struct sk_buff *skb;
	void *hdr;
};

int signet_nl_reply_start(struct signet_nl_reply *reply,
			  struct genl_info *info, size_t size);
/* send it, or when @err is not 0 free it */
int signet_nl_reply_end(struct signet_nl_reply *reply, struct genl_info *info,
			int err);

/**
 * struct signet_nl_cursor - where a dump goes on, in netlink_callback.ctx
 * @ifindex: lowest one that is not done
 * @dev: the device that @id and @part are about
 * @id, @part: for the dump's own use; zero at the start of each device
 * @interrupted: an earlier device changed after its last message
 */
struct signet_nl_cursor {
	u32 ifindex;
	u32 dev;
	u32 id;
	u32 part;
	bool interrupted;
};

/* sd->lock held. 0 when all is in @skb, -EMSGSIZE to be called again. */
typedef int (*signet_nl_dump_fn)(struct sk_buff *skb,
				 struct netlink_callback *cb,
				 struct signet_device *sd,
				 struct signet_nl_cursor *at);

/* over one device, or all of the network namespace */
int signet_nl_dump(struct sk_buff *skb, struct netlink_callback *cb,
		   signet_nl_dump_fn fn);
/* one message of a dump; NULL when there is no room */
void *signet_nl_dump_start(struct sk_buff *skb, struct netlink_callback *cb);
/* finish the message, or when @err is not 0 take it back; returns @err */
int signet_nl_dump_end(struct sk_buff *skb, void *hdr, int err);

#endif
