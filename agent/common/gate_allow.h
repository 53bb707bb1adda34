/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the gate's strict mode lets pass beside Signet, as a person writes it:
 * "tcp/22 from 10.0.0.0/8", "udp/5000-5010", "icmp", "ip from fd00::/8".
 */
#ifndef SG_GATE_ALLOW_H
#define SG_GATE_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

#define SG_GATE_ALLOW_MAX     64
#define SG_GATE_ALLOW_STR_LEN 96

/**
 * struct sg_gate_allow - one entry of the list
 * @proto: IP protocol, 0: all
 * @first, @last: destination ports; 0 to 65535: all
 * @from: source; family 0: anywhere
 */
struct sg_gate_allow {
	uint8_t proto;
	uint16_t first, last;
	struct sg_prefix from;
};

/**
 * sg_gate_allow_parse() - one entry
 * @why: receives what would be right, a constant string; may be NULL
 * Return: 0 or -EINVAL.
 */
int sg_gate_allow_parse(const char *text, struct sg_gate_allow *a,
			const char **why);
/** sg_gate_allow_format() - the form that is parsed. Return: @out */
const char *sg_gate_allow_format(const struct sg_gate_allow *a,
				 char out[SG_GATE_ALLOW_STR_LEN]);

/**
 * sg_gate_allows() - does a list let it pass?
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @port: destination port; 0: is there any port that it lets pass?
 */
bool sg_gate_allows(const struct sg_gate_allow *list, size_t n, uint8_t proto,
		    uint16_t port, const union sg_addr *from);

#endif
