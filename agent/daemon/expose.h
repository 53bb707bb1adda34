/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * [Expose NAME]: a device that knows nothing of Signet appears on the overlay
 * at one of this node's inner addresses. One nftables table for each tunnel
 * device, "inet signet_IFNAME", and per-interface forwarding switches; nothing
 * else on the host is touched.
 */
#ifndef SG_EXPOSE_H
#define SG_EXPOSE_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/error.h"

#define SG_EXPOSE_MAX	   256
#define SG_EXPOSE_NAME_LEN 64

/**
 * struct sg_expose_rule - one exposed port
 * @name: NAME of the section: letters, digits, '-', '_', '.'
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @port: on the node's inner addresses
 * @to: the device's address and port
 */
struct sg_expose_rule {
	char name[SG_EXPOSE_NAME_LEN];
	uint8_t proto;
	uint16_t port;
	union sg_addr to;
};

/**
 * sg_expose_check() - whether the rules make sense, without changing anything
 * @addrs: the node's inner addresses, also the overlay one
 *
 * For use when configuration is checked. Return: 0 or -EINVAL and @err says
 * which section is wrong and what would be right: a device needs an inner
 * address of its own family, and no two rules the same protocol and port.
 */
int sg_expose_check(const struct sg_prefix *addrs, size_t n_addrs,
		    const struct sg_expose_rule *rules, size_t n,
		    struct sg_error *err);

/**
 * sg_expose_apply() - put exactly these rules in force, in one transaction
 * @ifname: tunnel device
 * @n: number of rules; 0 is the same as sg_expose_remove()
 *
 * Only the exposed ports are forwarded from the tunnel; anything else that
 * comes out of it and is not for this host is dropped. Where this has to turn
 * forwarding on for an interface, nothing but answers is forwarded from that.
 * Established connections through a rule that stays are not disturbed. A device
 * that there is no route to is named in the log, and does not keep the others
 * away; applying again tries again.
 *
 * Return: 0 or -errno, and then the rules before it are still in force.
 */
int sg_expose_apply(const char *ifname, const struct sg_prefix *addrs,
		    size_t n_addrs, const struct sg_expose_rule *rules,
		    size_t n, struct sg_error *err);

/**
 * sg_expose_remove() - remove the table and switch forwarding back; also what
 * an agent left that crashed. Nothing there is no error.
 *
 * Return: 0 or -errno; a positive number when something was removed.
 */
int sg_expose_remove(const char *ifname, struct sg_error *err);

#endif
