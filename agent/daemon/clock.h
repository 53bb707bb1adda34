/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Jumps of time: the wall clock was set, the machine slept, or it goes on from
 * a snapshot or as a clone of another.
 */
#ifndef SG_CLOCK_H
#define SG_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct sg_loop;

/**
 * struct sg_clock - watches; zero-initialise
 * @on_set: the wall clock was set
 * @on_resume: keys and counters may exist twice: drop them all
 */
struct sg_clock {
	struct sg_loop *loop;
	int timer_fd, uevent_fd;
	int64_t slept; /* boottime less monotonic, nanoseconds */
	void (*on_set)(void *ctx);
	void (*on_resume)(void *ctx, const char *why);
	void *ctx;
};

/**
 * sg_clock_start() - begin to watch
 *
 * Sleep is seen from the clocks, a new VM generation from the kernel's event;
 * where the kernel sends none (containers), only the former is watched.
 * Return: 0 or -errno.
 */
int sg_clock_start(struct sg_clock *c, struct sg_loop *loop);
void sg_clock_stop(struct sg_clock *c);

#endif
