/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Outer addresses and inner prefixes: the two structures that configuration,
 * data paths and control share, and their text forms.
 */
#ifndef SG_ADDR_H
#define SG_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** union sg_addr - an IPv4 or IPv6 address and port; v4 is never v4-mapped */
union sg_addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/** struct sg_prefix - inner addresses; @family AF_INET or AF_INET6 */
struct sg_prefix {
	uint8_t family;
	uint8_t len;
	uint8_t addr[16]; /* v4 in the first four bytes, network order */
};

/* "[" 45 characters "%" scope "]:65535" and NUL */
#define SG_ADDR_STR_LEN	  72
/* 45 characters "/128" and NUL */
#define SG_PREFIX_STR_LEN 52
/* Longest host name, and NUL */
#define SG_HOST_STR_LEN	  254

/** sg_addr_len() - size of the sockaddr for its family, 0 for family 0 */
socklen_t sg_addr_len(const union sg_addr *a);

/** sg_addr_equal() - same family, address, port and scope */
bool sg_addr_equal(const union sg_addr *a, const union sg_addr *b);

/** sg_addr_port() - port in host order, 0 for family 0 */
uint16_t sg_addr_port(const union sg_addr *a);

/**
 * sg_addr_set() - from a literal address without port, and a port
 * @host: "192.0.2.1" or "2001:db8::1"; no names are looked up
 * @port: host order
 * Return: 0 or -EINVAL. A v4-mapped address becomes IPv4.
 */
int sg_addr_set(union sg_addr *a, const char *host, uint16_t port);

/**
 * sg_addr_parse() - "192.0.2.1:51900" or "[2001:db8::1]:51900"
 * Return: 0 or -EINVAL.
 */
int sg_addr_parse(const char *s, union sg_addr *a);

/** sg_addr_format() - the form sg_addr_parse() reads. Return: @out */
const char *sg_addr_format(const union sg_addr *a, char out[SG_ADDR_STR_LEN]);

/** sg_addr_format_host() - the address without its port. Return: @out */
const char *sg_addr_format_host(const union sg_addr *a,
				char out[SG_ADDR_STR_LEN]);

/** sg_addr_unmap() - turn a v4-mapped IPv6 address into IPv4, in place */
void sg_addr_unmap(union sg_addr *a);

/**
 * sg_host_port_split() - "name:port", "192.0.2.1:port" or "[v6]:port"
 * @host: receives the name or the literal, without brackets
 * @port: receives the port, 1-65535
 * @why: receives what is wrong with @s, a constant string; may be NULL
 * Return: 0 or -EINVAL.
 */
int sg_host_port_split(const char *s, char host[SG_HOST_STR_LEN],
		       uint16_t *port, const char **why);

/**
 * sg_prefix_parse() - "10.0.0.0/8", "fd00::/8"; no length means a single host
 * Return: 0; -EINVAL not an address; -ERANGE bad length. Bits below the length
 *	are kept: see sg_prefix_is_network().
 */
int sg_prefix_parse(const char *s, struct sg_prefix *p);

/** sg_prefix_is_network() - no bit below the length is set */
bool sg_prefix_is_network(const struct sg_prefix *p);

/** sg_prefix_mask() - clear the bits below the length */
void sg_prefix_mask(struct sg_prefix *p);

/** sg_prefix_format() - "10.0.0.0/8". Return: @out */
const char *sg_prefix_format(const struct sg_prefix *p,
			     char out[SG_PREFIX_STR_LEN]);

bool sg_prefix_equal(const struct sg_prefix *a, const struct sg_prefix *b);

/** sg_prefix_contains() - @inner lies within, or is, @outer */
bool sg_prefix_contains(const struct sg_prefix *outer,
			const struct sg_prefix *inner);

#endif
