/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The event loop of one thread: file descriptors, timers and a wake-up from
 * other threads. io_uring where the kernel allows it, else epoll.
 */
#ifndef SG_LOOP_H
#define SG_LOOP_H

#include <stdbool.h>
#include <stdint.h>

enum sg_loop_backend { SG_LOOP_AUTO, SG_LOOP_URING, SG_LOOP_EPOLL };

struct sg_loop;

/* Called with the EPOLL* events that are ready. */
typedef void (*sg_fd_fn)(void *ctx, int fd, uint32_t events);
typedef void (*sg_timer_fn)(void *ctx);

/**
 * struct sg_timer - embedded by its owner; zero-initialise, then set @fn, @ctx
 */
struct sg_timer {
	sg_timer_fn fn;
	void *ctx;
	uint64_t at;   /* CLOCK_BOOTTIME nanoseconds; private */
	uint32_t slot; /* place in the heap plus one; private */
};

/**
 * sg_loop_new() - make a loop; SIGNET_LOOP=epoll in the environment overrides
 *	SG_LOOP_AUTO. Return: 0 or -errno.
 */
int sg_loop_new(struct sg_loop **loop, enum sg_loop_backend want);
void sg_loop_free(struct sg_loop *loop);
const char *sg_loop_backend(const struct sg_loop *loop);

/** sg_loop_run() - until sg_loop_stop(); Return: 0 or -errno */
int sg_loop_run(struct sg_loop *loop);
void sg_loop_stop(struct sg_loop *loop);

/** sg_now() - CLOCK_BOOTTIME in nanoseconds */
uint64_t sg_now(void);

/* Level-triggered. A callback may add, change and delete any descriptor. */
int sg_loop_add(struct sg_loop *loop, int fd, uint32_t events, sg_fd_fn fn,
		void *ctx);
int sg_loop_mod(struct sg_loop *loop, int fd, uint32_t events);
void sg_loop_del(struct sg_loop *loop, int fd);

/* One-shot; setting again moves it; the callback may set it again. */
int sg_timer_set(struct sg_loop *loop, struct sg_timer *t, uint64_t at);
void sg_timer_cancel(struct sg_loop *loop, struct sg_timer *t);

/**
 * sg_loop_wakeups() - how often the loop returned from waiting, for status
 */
uint64_t sg_loop_wakeups(const struct sg_loop *loop);

#endif
