// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/gate_allow.h"

#define ALL_PORTS 65535

static const struct {
	const char *name;
	uint8_t proto;
	bool ports;
} protocols[] = {
	{ "ip", 0, false },
	{ "tcp", IPPROTO_TCP, true },
	{ "udp", IPPROTO_UDP, true },
	{ "icmp", IPPROTO_ICMP, false },
	{ "icmpv6", IPPROTO_ICMPV6, false },
	{ "esp", IPPROTO_ESP, false },
	{ "gre", IPPROTO_GRE, false },
	{ "ipip", IPPROTO_IPIP, false },
	{ "ospf", 89, false },
	{ "vrrp", 112, false },
	{ "sctp", IPPROTO_SCTP, false },
};
#define N_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

static const char not_an_entry[] =
	"write for instance tcp/22, udp/5000-5010, icmp, icmpv6 or ip, and "
	"\"from 10.0.0.0/8\" after it where not everybody is meant";
static const char not_a_port[] =
	"after tcp/ or udp/ write a port from 1 to 65535, or two as 5000-5010";
static const char no_ports[] = "only tcp and udp have ports";
static const char not_a_prefix[] = "after \"from\" write addresses as "
				   "10.0.0.0/8 or fd00::/8, without bits "
				   "after the length";

/* Return: what stands after a number from 1 to 65535, or NULL */
static const char *port_at(const char *s, uint16_t *port)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*s))
		return NULL;
	n = strtoul(s, &end, 10);
	if (!n || n > ALL_PORTS)
		return NULL;
	*port = (uint16_t)n;
	return end;
}

static bool parse_ports(const char *s, struct sg_gate_allow *a)
{
	s = port_at(s, &a->first);
	a->last = a->first;
	if (s && *s == '-')
		s = port_at(s + 1, &a->last);
	return s && !*s && a->first <= a->last;
}

/* @word: "tcp/22"; changed */
static const char *parse_what(char *word, struct sg_gate_allow *a)
{
	char *ports = strchr(word, '/');
	size_t i;

	if (ports)
		*ports++ = '\0';
	for (i = 0; i < N_PROTOCOLS; i++)
		if (!strcmp(word, protocols[i].name))
			break;
	if (i == N_PROTOCOLS)
		return not_an_entry;
	a->proto = protocols[i].proto;
	a->first = 0;
	a->last = ALL_PORTS;
	if (!ports)
		return NULL;
	if (!protocols[i].ports)
		return no_ports;
	return parse_ports(ports, a) ? NULL : not_a_port;
}

static const char *parse_from(const char *text, struct sg_gate_allow *a)
{
	if (sg_prefix_parse(text, &a->from) || !sg_prefix_is_network(&a->from))
		return not_a_prefix;
	if (a->proto == IPPROTO_ICMP && a->from.family == AF_INET6)
		return "icmp is IPv4's: write icmpv6";
	if (a->proto == IPPROTO_ICMPV6 && a->from.family == AF_INET)
		return "icmpv6 is IPv6's: write icmp";
	return NULL;
}

int sg_gate_allow_parse(const char *text, struct sg_gate_allow *a,
			const char **why)
{
	char what[32], from[8], prefix[64], more[2];
	const char *problem = not_an_entry;
	int n;

	memset(a, 0, sizeof(*a));
	n = sscanf(text, "%31s %7s %63s %1s", what, from, prefix, more);
	if (n == 1 || (n == 3 && !strcmp(from, "from")))
		problem = parse_what(what, a);
	if (!problem && n == 3)
		problem = parse_from(prefix, a);
	if (why)
		*why = problem;
	return problem ? -EINVAL : 0;
}

const char *sg_gate_allow_format(const struct sg_gate_allow *a,
				 char out[SG_GATE_ALLOW_STR_LEN])
{
	char prefix[SG_PREFIX_STR_LEN], ports[16] = "";
	const char *name = "ip";

	for (size_t i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].proto == a->proto)
			name = protocols[i].name;
	if (a->first && a->first == a->last)
		snprintf(ports, sizeof(ports), "/%u", a->first);
	else if (a->first)
		snprintf(ports, sizeof(ports), "/%u-%u", a->first, a->last);
	snprintf(out, SG_GATE_ALLOW_STR_LEN, "%s%s%s%s", name, ports,
		 a->from.family ? " from " : "",
		 a->from.family ? sg_prefix_format(&a->from, prefix) : "");
	return out;
}

static bool comes_from(const struct sg_gate_allow *a, const union sg_addr *from)
{
	struct sg_prefix host = { .family = (uint8_t)from->sa.sa_family };

	if (!a->from.family)
		return true;
	if (host.family == AF_INET) {
		host.len = 32;
		memcpy(host.addr, &from->v4.sin_addr, 4);
	} else {
		host.len = 128;
		memcpy(host.addr, &from->v6.sin6_addr, 16);
	}
	return a->from.family == host.family &&
	       sg_prefix_contains(&a->from, &host);
}

bool sg_gate_allows(const struct sg_gate_allow *list, size_t n, uint8_t proto,
		    uint16_t port, const union sg_addr *from)
{
	for (size_t i = 0; i < n; i++) {
		const struct sg_gate_allow *a = &list[i];

		if ((!a->proto || a->proto == proto) &&
		    (!port || (port >= a->first && port <= a->last)) &&
		    comes_from(a, from))
			return true;
	}
	return false;
}
