/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the netlink client share. */
#ifndef SG_KMOD_PRIVATE_H
#define SG_KMOD_PRIVATE_H

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "common/kmod.h"

/**
 * struct sg_kmod - the client
 * @genl: connected to generic netlink
 * @route: connected to rtnetlink, opened with the first use
 * @family: number of the family
 * @full: an attribute did not fit the message being made
 * @error: see sg_kmod_error()
 */
struct sg_kmod {
	struct nl_sock *genl;
	struct nl_sock *route;
	int family;
	bool full;
	char error[256];
};

/* One message of a reply; @fn and @ctx are the caller's. Return: 0 or what the
 * call is to return; later messages are then left out. */
typedef int (*sg_kmod_parse_fn)(struct nlmsghdr *nlh, void *fn, void *ctx);

/* Room for a request without lists. */
#define SG_KMOD_MSG_LEN 512

/* A request of the family with its ifindex; NULL when out of memory. Every
 * attribute set has the ifindex as its first attribute; 0 leaves it out. */
struct nl_msg *sg_kmod_request(struct sg_kmod *km, uint8_t cmd, int flags,
			       uint32_t ifindex, size_t room);

/* Attributes; what does not fit makes sg_kmod_call() return -EMSGSIZE. */
void sg_kmod_put(struct sg_kmod *km, struct nl_msg *msg, int type,
		 const void *data, size_t len);
void sg_kmod_put_u8(struct sg_kmod *km, struct nl_msg *msg, int type,
		    uint8_t v);
void sg_kmod_put_u32(struct sg_kmod *km, struct nl_msg *msg, int type,
		     uint32_t v);
void sg_kmod_put_uint(struct sg_kmod *km, struct nl_msg *msg, int type,
		      uint64_t v);
void sg_kmod_put_flag(struct sg_kmod *km, struct nl_msg *msg, int type);
struct nlattr *sg_kmod_nest(struct sg_kmod *km, struct nl_msg *msg, int type);
void sg_kmod_nest_end(struct nl_msg *msg, struct nlattr *nest);

/* Values; 0 where the attribute is absent or too short. */
uint8_t sg_kmod_u8(const struct nlattr *a);
uint16_t sg_kmod_u16(const struct nlattr *a);
uint32_t sg_kmod_u32(const struct nlattr *a);
uint64_t sg_kmod_uint(const struct nlattr *a);
void sg_kmod_string(const struct nlattr *a, char *out, size_t cap);
void sg_kmod_address(const struct nlattr *address, const struct nlattr *port,
		     const struct nlattr *scope, union sg_addr *out);
void sg_kmod_counters(const struct nlattr *a, struct sg_kmod_counters *c);

/* Attributes of a message of the family. Return: 0 or -EBADMSG. */
int sg_kmod_attrs(struct nlmsghdr *nlh, struct nlattr **tb, int max);

/* Send @msg, wipe and free it, take in all of the answer. */
int sg_kmod_call(struct sg_kmod *km, struct nl_msg *msg, sg_kmod_parse_fn parse,
		 void *fn, void *ctx);
/* The same over rtnetlink. */
int sg_kmod_route_call(struct sg_kmod *km, struct nl_msg *msg,
		       sg_kmod_parse_fn parse, void *fn, void *ctx);

/* A dump, from the start as often as objects change meanwhile. @restart calls
 * the caller's function with NULL. */
typedef int (*sg_kmod_restart_fn)(void *fn, void *ctx);
int sg_kmod_dump(struct sg_kmod *km, uint8_t cmd, uint32_t ifindex,
		 sg_kmod_parse_fn parse, sg_kmod_restart_fn restart, void *fn,
		 void *ctx);

/* A request that has nothing but the ifindex and one number. */
int sg_kmod_simple(struct sg_kmod *km, uint8_t cmd, uint32_t ifindex, int type,
		   uint32_t number, sg_kmod_parse_fn parse, void *fn,
		   void *ctx);

/* Make the kernel load the module of the link kind, making no link. */
void sg_kmod_autoload(struct sg_kmod *km);

/* One notification. Return: 0 or -EBADMSG. */
int sg_kmod_event_decode(struct nlmsghdr *nlh, struct sg_kmod_event *e);

/* libnl's numbers to errno's, both negative */
int sg_kmod_errno(int nle);

#endif
