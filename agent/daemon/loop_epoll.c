// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The event loop's fallback where io_uring is refused. */
#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/loop_private.h"

#define BATCH 64

static int epoll_of(const struct sg_loop *loop)
{
	return (int)(intptr_t)loop->priv;
}

static int control(struct sg_loop *loop, int op, int fd, uint32_t events,
		   uint32_t generation)
{
	struct epoll_event ev = {
		.events = events,
		.data.u64 = loop_tag(fd, generation),
	};

	return epoll_ctl(epoll_of(loop), op, fd, &ev) ? -errno : 0;
}

static int epoll_init(struct sg_loop *loop)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	loop->priv = (void *)(intptr_t)fd;
	return 0;
}

static void epoll_fini(struct sg_loop *loop)
{
	close(epoll_of(loop));
}

static int epoll_add(struct sg_loop *loop, int fd, struct loop_fd *slot)
{
	return control(loop, EPOLL_CTL_ADD, fd, slot->events, slot->generation);
}

static int epoll_mod(struct sg_loop *loop, int fd, struct loop_fd *slot,
		     uint32_t events)
{
	int r = control(loop, EPOLL_CTL_MOD, fd, events, slot->generation);

	if (!r)
		slot->events = events;
	return r;
}

static void epoll_del(struct sg_loop *loop, int fd, struct loop_fd *slot)
{
	control(loop, EPOLL_CTL_DEL, fd, 0, 0);
}

static int epoll_wait_dispatch(struct sg_loop *loop, bool block)
{
	struct epoll_event ev[BATCH];
	int n, i;

	n = epoll_wait(epoll_of(loop), ev, BATCH, block ? -1 : 0);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = 0; i < n; i++)
		sg_loop_dispatch(loop, ev[i].data.u64, ev[i].events);
	return 0;
}

const struct loop_backend sg_loop_epoll = {
	.name = "epoll",
	.init = epoll_init,
	.fini = epoll_fini,
	.add = epoll_add,
	.mod = epoll_mod,
	.del = epoll_del,
	.wait = epoll_wait_dispatch,
};
