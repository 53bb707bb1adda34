// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The event loop: its descriptors, its one timer descriptor, and its turns. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/loop_private.h"

#define NS_PER_S 1000000000u

struct loop_fd *sg_loop_slot(struct sg_loop *loop, uint64_t tag)
{
	uint32_t fd = (uint32_t)tag;

	if (fd >= loop->n_fds || !loop->fds[fd].active ||
	    loop->fds[fd].generation != (uint32_t)(tag >> 32))
		return NULL;
	return &loop->fds[fd];
}

void sg_loop_dispatch(struct sg_loop *loop, uint64_t tag, uint32_t events)
{
	struct loop_fd *slot = sg_loop_slot(loop, tag);

	if (!slot)
		return;
	/* What was asked for may have changed since the kernel looked. */
	events &= slot->events | EPOLLERR | EPOLLHUP;
	if (events)
		slot->fn(slot->ctx, (int)(uint32_t)tag, events);
}

static int grow_fds(struct sg_loop *loop, size_t need)
{
	size_t n = loop->n_fds ? loop->n_fds : 64;
	struct loop_fd *fds;

	while (n < need)
		n *= 2;
	fds = reallocarray(loop->fds, n, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	memset(fds + loop->n_fds, 0, (n - loop->n_fds) * sizeof(*fds));
	loop->fds = fds;
	loop->n_fds = n;
	return 0;
}

int sg_loop_add(struct sg_loop *loop, int fd, uint32_t events, sg_fd_fn fn,
		void *ctx)
{
	struct loop_fd *slot;
	int r;

	if (fd < 0 || !fn)
		return -EINVAL;
	if ((size_t)fd >= loop->n_fds) {
		r = grow_fds(loop, (size_t)fd + 1);
		if (r)
			return r;
	}
	slot = &loop->fds[fd];
	if (slot->active)
		return -EEXIST;
	slot->fn = fn;
	slot->ctx = ctx;
	slot->events = events;
	slot->generation++;
	slot->active = true;
	slot->armed = false;
	r = loop->backend->add(loop, fd, slot);
	if (r)
		slot->active = false;
	return r;
}

static struct loop_fd *active_slot(struct sg_loop *loop, int fd)
{
	if (fd < 0 || (size_t)fd >= loop->n_fds || !loop->fds[fd].active)
		return NULL;
	return &loop->fds[fd];
}

int sg_loop_mod(struct sg_loop *loop, int fd, uint32_t events)
{
	struct loop_fd *slot = active_slot(loop, fd);

	if (!slot)
		return -ENOENT;
	if (slot->events == events)
		return 0;
	return loop->backend->mod(loop, fd, slot, events);
}

void sg_loop_del(struct sg_loop *loop, int fd)
{
	struct loop_fd *slot = active_slot(loop, fd);

	if (!slot)
		return;
	loop->backend->del(loop, fd, slot);
	slot->active = false;
	slot->armed = false;
	slot->generation++;
}

static void timer_fired(void *ctx, int fd, uint32_t events)
{
	struct sg_loop *loop = ctx;

	/*
	 * Not read: setting the descriptor, which happens before the next wait
	 * as it is no longer set, makes it unreadable as well.
	 */
	loop->armed_at = 1;
}

static void woken(void *ctx, int fd, uint32_t events)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return;
}

/* Return: whether a timer is due already */
static bool set_timer_fd(struct sg_loop *loop)
{
	uint64_t at = sg_loop_earliest(loop);
	struct itimerspec its = { 0 };

	if (at != UINT64_MAX && at <= sg_now())
		return true;
	if (at == UINT64_MAX)
		at = 0;
	if (at == loop->armed_at)
		return false;
	its.it_value.tv_sec = (time_t)(at / NS_PER_S);
	its.it_value.tv_nsec = (long)(at % NS_PER_S);
	if (!timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &its, NULL))
		loop->armed_at = at;
	return false;
}

int sg_loop_run(struct sg_loop *loop)
{
	int r = 0;

	while (!atomic_load(&loop->stop)) {
		bool due = set_timer_fd(loop);

		r = loop->backend->wait(loop, !due);
		if (r)
			break;
		if (!due)
			loop->wakeups++;
		sg_loop_run_timers(loop);
	}
	atomic_store(&loop->stop, false);
	return r;
}

void sg_loop_stop(struct sg_loop *loop)
{
	uint64_t one = 1;

	atomic_store(&loop->stop, true);
	/* Fails only when the counter is full, and then it wakes anyway. */
	if (write(loop->wake_fd, &one, sizeof(one)) < 0)
		return;
}

static int choose_backend(struct sg_loop *loop, enum sg_loop_backend want)
{
	const char *env = getenv("SIGNET_LOOP");
	int r;

	if (want == SG_LOOP_AUTO && env && !strcmp(env, "epoll"))
		want = SG_LOOP_EPOLL;
	else if (want == SG_LOOP_AUTO && env && !strcmp(env, "io_uring"))
		want = SG_LOOP_URING;
	if (want != SG_LOOP_EPOLL) {
		loop->backend = &sg_loop_uring;
		r = loop->backend->init(loop);
		if (!r || want == SG_LOOP_URING)
			return r;
	}
	loop->backend = &sg_loop_epoll;
	return loop->backend->init(loop);
}

int sg_loop_new(struct sg_loop **out, enum sg_loop_backend want)
{
	struct sg_loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	loop->timer_fd = -1;
	loop->wake_fd = -1;
	r = choose_backend(loop, want);
	if (r) {
		loop->backend = NULL;
		goto cleanup;
	}
	loop->timer_fd =
		timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->timer_fd < 0 || loop->wake_fd < 0) {
		r = -errno;
		goto cleanup;
	}
	r = sg_loop_add(loop, loop->timer_fd, EPOLLIN, timer_fired, loop);
	if (!r)
		r = sg_loop_add(loop, loop->wake_fd, EPOLLIN, woken, loop);
cleanup:
	if (r) {
		sg_loop_free(loop);
		loop = NULL;
	}
	*out = loop;
	return r;
}

void sg_loop_free(struct sg_loop *loop)
{
	uint32_t i;

	if (!loop)
		return;
	if (loop->backend)
		loop->backend->fini(loop);
	/* Their owners may cancel them after us. */
	for (i = 0; i < loop->n_timers; i++)
		loop->heap[i]->slot = 0;
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	free(loop->heap);
	free(loop->fds);
	free(loop);
}

const char *sg_loop_backend(const struct sg_loop *loop)
{
	return loop->backend->name;
}

uint64_t sg_loop_wakeups(const struct sg_loop *loop)
{
	return loop->wakeups;
}
