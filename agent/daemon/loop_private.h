/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the event loop: what loop.c and its two back ends share.
 */
#ifndef SG_LOOP_PRIVATE_H
#define SG_LOOP_PRIVATE_H

#include <stdatomic.h>
#include <stddef.h>

#include "daemon/loop.h"

struct loop_backend;

/**
 * struct loop_fd - a descriptor that is watched; the table is indexed by it
 * @generation: changes whenever the slot is added, modified or deleted, so
 *	that an event that was queued before then is recognised as stale
 * @armed: io_uring only: a poll request with this generation is in flight
 */
struct loop_fd {
	sg_fd_fn fn;
	void *ctx;
	uint32_t events;
	uint32_t generation;
	bool active;
	bool armed;
};

struct sg_loop {
	const struct loop_backend *backend;
	void *priv; /* the back end's */
	struct loop_fd *fds;
	size_t n_fds;

	struct sg_timer **heap;
	uint32_t n_timers, cap_timers;
	int timer_fd;
	uint64_t armed_at; /* what timer_fd is set to, 0: not set */

	int wake_fd;
	atomic_bool stop;
	uint64_t wakeups;
};

/**
 * struct loop_backend - how readiness is asked for
 * @wait: dispatch what is ready; sleep until something is if @block. Return:
 *	0, also when interrupted, or -errno.
 */
struct loop_backend {
	const char *name;
	int (*init)(struct sg_loop *loop);
	void (*fini)(struct sg_loop *loop);
	int (*add)(struct sg_loop *loop, int fd, struct loop_fd *slot);
	int (*mod)(struct sg_loop *loop, int fd, struct loop_fd *slot,
		   uint32_t events);
	void (*del)(struct sg_loop *loop, int fd, struct loop_fd *slot);
	int (*wait)(struct sg_loop *loop, bool block);
};

extern const struct loop_backend sg_loop_epoll;
extern const struct loop_backend sg_loop_uring;

/* What travels through the kernel with each request. */
static inline uint64_t loop_tag(int fd, uint32_t generation)
{
	return (uint64_t)generation << 32 | (uint32_t)fd;
}

/**
 * sg_loop_slot() - the slot that a tag means, NULL if it has changed since
 */
struct loop_fd *sg_loop_slot(struct sg_loop *loop, uint64_t tag);

/* Calls the slot's function, unless the tag is stale. */
void sg_loop_dispatch(struct sg_loop *loop, uint64_t tag, uint32_t events);

/* The earliest timer, UINT64_MAX without one. */
uint64_t sg_loop_earliest(const struct sg_loop *loop);
/* Runs what is due. */
void sg_loop_run_timers(struct sg_loop *loop);

#endif
