// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "common/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

socklen_t sg_addr_len(const union sg_addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return sizeof(a->v4);
	case AF_INET6:
		return sizeof(a->v6);
	default:
		return 0;
	}
}

bool sg_addr_equal(const union sg_addr *a, const union sg_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	switch (a->sa.sa_family) {
	case AF_INET:
		return a->v4.sin_port == b->v4.sin_port &&
		       a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	case AF_INET6:
		return a->v6.sin6_port == b->v6.sin6_port &&
		       a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
		       !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16);
	default:
		return true;
	}
}

uint16_t sg_addr_port(const union sg_addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return ntohs(a->v4.sin_port);
	case AF_INET6:
		return ntohs(a->v6.sin6_port);
	default:
		return 0;
	}
}

void sg_addr_unmap(union sg_addr *a)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (a->sa.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
		return;
	v4.sin_port = a->v6.sin6_port;
	memcpy(&v4.sin_addr, &a->v6.sin6_addr.s6_addr[12], 4);
	memset(a, 0, sizeof(*a));
	a->v4 = v4;
}

/* "fe80::1%eth0": the scope, 0 if there is no such interface */
static uint32_t scope_of(const char *name)
{
	unsigned long n;
	char *end;

	if (!*name || strlen(name) >= IF_NAMESIZE)
		return 0;
	n = strtoul(name, &end, 10);
	if (!*end && name[0] >= '0' && name[0] <= '9' && n <= UINT32_MAX)
		return (uint32_t)n;
	return if_nametoindex(name);
}

int sg_addr_set(union sg_addr *a, const char *host, uint16_t port)
{
	char buf[SG_ADDR_STR_LEN], *scope;

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
		return 0;
	}
	if (strlen(host) >= sizeof(buf))
		return -EINVAL;
	strcpy(buf, host);
	scope = strchr(buf, '%');
	if (scope)
		*scope++ = 0;
	if (inet_pton(AF_INET6, buf, &a->v6.sin6_addr) != 1)
		goto refuse;
	if (scope) {
		a->v6.sin6_scope_id = scope_of(scope);
		if (!a->v6.sin6_scope_id)
			goto refuse;
	}
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons(port);
	sg_addr_unmap(a);
	return 0;
refuse:
	memset(a, 0, sizeof(*a));
	return -EINVAL;
}

int sg_addr_parse(const char *s, union sg_addr *a)
{
	char host[SG_HOST_STR_LEN];
	uint16_t port;
	int r;

	memset(a, 0, sizeof(*a));
	r = sg_host_port_split(s, host, &port, NULL);
	return r ? r : sg_addr_set(a, host, port);
}

const char *sg_addr_format_host(const union sg_addr *a,
				char out[SG_ADDR_STR_LEN])
{
	size_t n;

	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->v4.sin_addr, out, SG_ADDR_STR_LEN);
	} else if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->v6.sin6_addr, out, SG_ADDR_STR_LEN);
		n = strlen(out);
		if (a->v6.sin6_scope_id)
			snprintf(out + n, SG_ADDR_STR_LEN - n, "%%%u",
				 a->v6.sin6_scope_id);
	} else {
		strcpy(out, "none");
	}
	return out;
}

const char *sg_addr_format(const union sg_addr *a, char out[SG_ADDR_STR_LEN])
{
	char host[SG_ADDR_STR_LEN];

	sg_addr_format_host(a, host);
	if (a->sa.sa_family == AF_INET)
		snprintf(out, SG_ADDR_STR_LEN, "%.46s:%u", host,
			 sg_addr_port(a));
	else if (a->sa.sa_family == AF_INET6)
		snprintf(out, SG_ADDR_STR_LEN, "[%.60s]:%u", host,
			 sg_addr_port(a));
	else
		strcpy(out, host);
	return out;
}

static int refuse(const char **why, const char *text)
{
	if (why)
		*why = text;
	return -EINVAL;
}

static bool port_of(const char *s, uint16_t *port)
{
	unsigned long n;
	char *end;

	if (strlen(s) > 5 || strspn(s, "0123456789") != strlen(s))
		return false;
	n = strtoul(s, &end, 10);
	if (n < 1 || n > 65535)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* Letters, digits, dots, hyphens and underscores; labels are left to DNS. */
static bool is_host_name(const char *s)
{
	return *s && *s != '.' && *s != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789.-_") == strlen(s);
}

int sg_host_port_split(const char *s, char host[SG_HOST_STR_LEN],
		       uint16_t *port, const char **why)
{
	const char *colon = strrchr(s, ':'), *start = s;
	struct in6_addr v6;
	size_t len;

	if (!colon || (s[0] == '[' && s[strlen(s) - 1] == ']'))
		return refuse(why, "a port is missing: write host:port");
	if (!port_of(colon + 1, port))
		return refuse(why, "port must be 1-65535");
	len = (size_t)(colon - s);
	if (s[0] == '[') {
		if (len < 3 || s[len - 1] != ']')
			return refuse(why, "write IPv6 as [2001:db8::1]:port");
		start++;
		len -= 2;
	}
	if (!len || len >= SG_HOST_STR_LEN)
		return refuse(why, "host must have 1-253 characters");
	memcpy(host, start, len);
	host[len] = 0;
	if (s[0] == '[') {
		char plain[INET6_ADDRSTRLEN];
		size_t n = strcspn(host, "%");

		if (n >= sizeof(plain))
			return refuse(why, "not an IPv6 address");
		memcpy(plain, host, n);
		plain[n] = 0;
		if (inet_pton(AF_INET6, plain, &v6) != 1)
			return refuse(why, "not an IPv6 address");
		return 0;
	}
	if (strchr(host, ':'))
		return refuse(why, "write IPv6 as [2001:db8::1]:port");
	if (!is_host_name(host))
		return refuse(why, "not a host name or address");
	return 0;
}

int sg_prefix_parse(const char *s, struct sg_prefix *p)
{
	char buf[INET6_ADDRSTRLEN];
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	unsigned int max;

	memset(p, 0, sizeof(*p));
	if (n >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, s, n);
	buf[n] = 0;
	if (inet_pton(AF_INET, buf, p->addr) == 1)
		p->family = AF_INET;
	else if (inet_pton(AF_INET6, buf, p->addr) == 1)
		p->family = AF_INET6;
	else
		return -EINVAL;
	max = p->family == AF_INET ? 32 : 128;
	p->len = (uint8_t)max;
	if (!slash)
		return 0;
	n = strlen(++slash);
	if (n < 1 || n > 3 || strspn(slash, "0123456789") != n ||
	    (n > 1 && *slash == '0') || atoi(slash) > (int)max)
		return -ERANGE;
	p->len = (uint8_t)atoi(slash);
	return 0;
}

void sg_prefix_mask(struct sg_prefix *p)
{
	size_t i = p->len / 8;

	if (p->len % 8)
		p->addr[i++] &= (uint8_t)(0xff << (8 - p->len % 8));
	if (i < sizeof(p->addr))
		memset(p->addr + i, 0, sizeof(p->addr) - i);
}

bool sg_prefix_is_network(const struct sg_prefix *p)
{
	struct sg_prefix masked = *p;

	sg_prefix_mask(&masked);
	return !memcmp(masked.addr, p->addr, sizeof(p->addr));
}

const char *sg_prefix_format(const struct sg_prefix *p,
			     char out[SG_PREFIX_STR_LEN])
{
	size_t n;

	if (!inet_ntop(p->family, p->addr, out, INET6_ADDRSTRLEN))
		strcpy(out, "none");
	n = strlen(out);
	snprintf(out + n, SG_PREFIX_STR_LEN - n, "/%u", p->len);
	return out;
}

bool sg_prefix_equal(const struct sg_prefix *a, const struct sg_prefix *b)
{
	return a->family == b->family && a->len == b->len &&
	       !memcmp(a->addr, b->addr, sizeof(a->addr));
}

bool sg_prefix_contains(const struct sg_prefix *outer,
			const struct sg_prefix *inner)
{
	struct sg_prefix cut = *inner;

	if (outer->family != inner->family || outer->len > inner->len)
		return false;
	cut.len = outer->len;
	sg_prefix_mask(&cut);
	return !memcmp(cut.addr, outer->addr, sizeof(cut.addr));
}
