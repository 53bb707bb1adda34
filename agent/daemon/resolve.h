/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of endpoints to addresses, without blocking the main loop: one helper
 * thread, which exists only while there is something to resolve.
 */
#ifndef SG_RESOLVE_H
#define SG_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "daemon/loop.h"

#define SG_RESOLVE_QUEUE_MAX 1024
#define SG_RESOLVE_ADDRS_MAX 8
#define SG_RESOLVE_HOST_MAX  254

struct sg_resolver;

/**
 * sg_resolve_fn - a result, on the main loop
 * @token: what was given to sg_resolve()
 * @error: 0, or a negative errno: -ENOENT no such name, -EAGAIN the name
 *	server does not answer, -EAFNOSUPPORT no address of a usable family
 * @addrs: addresses with the port set, best first; valid during the call
 * @n: their number
 */
typedef void (*sg_resolve_fn)(void *ctx, uint64_t token, int error,
			      const union sg_addr *addrs, size_t n);

/**
 * sg_resolver_new() - make a resolver
 * @ipv4: whether there is a socket for IPv4
 * @ipv6: whether there is a socket for IPv6
 */
int sg_resolver_new(struct sg_resolver **out, struct sg_loop *loop, bool ipv4,
		    bool ipv6, sg_resolve_fn fn, void *ctx);
/* Never waits for the thread; nothing is called back after it. */
void sg_resolver_free(struct sg_resolver *r);

/**
 * sg_resolve() - resolve a host name or numeric address
 *
 * A numeric address is answered before this returns. At most one request for
 * a token is outstanding: a second one replaces it.
 * Return: 0; -ENOSPC the queue is full; -EINVAL @host is empty or too long.
 */
int sg_resolve(struct sg_resolver *r, uint64_t token, const char *host,
	       uint16_t port);

/** sg_resolve_cancel() - forget a token's request, if there is one */
void sg_resolve_cancel(struct sg_resolver *r, uint64_t token);

/** sg_resolve_pending() - requests not answered yet */
size_t sg_resolve_pending(const struct sg_resolver *r);

#endif
