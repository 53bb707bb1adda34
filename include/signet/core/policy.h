/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet policy: from the items of `Allow = tcp/5432, udp/5000-5010, icmp`
 * to the table that is looked up for each packet.
 */
#ifndef SIGNET_CORE_POLICY_H
#define SIGNET_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/policy.h>

#pragma GCC visibility push(default)

enum signet_allow_what {
	SIGNET_ALLOW_NONE, /* nothing: only answers to what was begun here */
	SIGNET_ALLOW_IP,   /* everything */
	SIGNET_ALLOW_ICMP, /* ICMP and ICMPv6 */
	SIGNET_ALLOW_TCP,
	SIGNET_ALLOW_UDP,
};

/**
 * struct signet_allow - one item
 * @first, @last: ports of TCP and UDP, 0 to 65535 where none are named
 */
struct signet_allow {
	uint8_t what;
	uint16_t first, last;
};

/**
 * signet_allow_parse() - "tcp", "tcp/80", "udp/5000-5010", "icmp", "ip", "none"
 * @why: receives what would be right, where it is not
 * Return: 0 or -EINVAL.
 */
int signet_allow_parse(const char *text, struct signet_allow *a,
		       const char **why);

/** Longest text of signet_allow_format(), and NUL */
#define SIGNET_ALLOW_STR_LEN 16

/** signet_allow_format() - the form that is parsed. Return: @out */
const char *signet_allow_format(const struct signet_allow *a,
				char out[SIGNET_ALLOW_STR_LEN]);

/**
 * signet_allow_covers() - does the item allow what was asked for?
 * @asked: one protocol, and its ports
 */
bool signet_allow_covers(const struct signet_allow *a,
			 const struct signet_allow *asked);

/**
 * signet_policy_compile() - the table of one peer
 * @a: its items in any order, they may overlap
 * @v: receives it; its generation is 0
 * Return: 0; -ENOSPC more than SIGNET_POLICY_RANGES ranges are left when
 *	those that overlap or adjoin are joined; -EINVAL.
 */
int signet_policy_compile(const struct signet_allow *a, size_t n,
			  struct signet_verdicts *v);

#pragma GCC visibility pop

#endif
