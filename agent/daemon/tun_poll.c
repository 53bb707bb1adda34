/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a worker waits. */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/tun.h"

static int watch(int ep, int fd, uint32_t bit)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = bit };

	if (fd < 0)
		return 0;
	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

int tun_poll_init(struct tun_worker *w)
{
	int err;

	w->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->poll_fd < 0)
		return -errno;
	if (fcntl(w->tun_fd, F_SETFL, O_NONBLOCK))
		return -errno;
	err = watch(w->poll_fd, w->tun_fd, TUN_READY_DEVICE);
	if (!err)
		err = watch(w->poll_fd, w->sock.v4, TUN_READY_V4);
	if (!err)
		err = watch(w->poll_fd, w->sock.v6, TUN_READY_V6);
	if (!err)
		err = watch(w->poll_fd, w->wake_fd, TUN_READY_WAKE);
	return err;
}

uint32_t tun_poll_wait(struct tun_worker *w, bool block)
{
	struct epoll_event e[4];
	uint32_t ready = 0;
	uint64_t n;
	int k;

	k = epoll_wait(w->poll_fd, e, 4, block ? -1 : 0);
	for (int i = 0; i < k; i++)
		ready |= e[i].data.u32;
	if (ready & TUN_READY_WAKE && read(w->wake_fd, &n, sizeof(n)) < 0)
		ready &= ~(uint32_t)TUN_READY_WAKE;
	return ready;
}

void tun_poll_forget_device(struct tun_worker *w)
{
	tun_drop(w, SIGNET_DROP_DEVICE, 1);
	if (w->uring)
		tun_uring_forget_device(w);
	else
		epoll_ctl(w->poll_fd, EPOLL_CTL_DEL, w->tun_fd, NULL);
}

void tun_poll_free(struct tun_worker *w)
{
	if (w->poll_fd >= 0)
		close(w->poll_fd);
	w->poll_fd = -1;
}
