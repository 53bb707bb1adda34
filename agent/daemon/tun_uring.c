/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A worker's io_uring: a read of the TUN queue and a receive on each socket
 * are always under way, so that the call which waits also brings the first
 * packet. What else is there is then read directly, as long as it pays.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/tun.h"

#define RING_ENTRIES 8
/* The device may be asked once in so many single reads whether it has more. */
#define ASK_EVERY    8

enum { SOURCE_DEVICE, SOURCE_V4, SOURCE_V6, SOURCE_WAKE, SOURCES };

struct source {
	int fd;
	bool armed;
	bool done; /* @result is to be taken */
	int32_t result;
	bool burst; /* more is likely to be there at once */
	uint32_t singles;
	struct iovec iov;
	struct sg_udp_message msg;
};

/**
 * struct tun_uring - a worker's ring
 * @poll_device: only wait for the TUN queue through the ring. Older kernels
 *	can read it without blocking only if it is non-blocking altogether,
 *	and then io_uring does not wait for input.
 */
struct tun_uring {
	struct io_uring ring;
	bool poll_device;
	struct source source[SOURCES];
	uint64_t wakes;
};

/* The kernel's best first: each flag saves interrupts of this thread. */
static int ring_init(struct io_uring *ring)
{
	static const unsigned int flags[] = {
#ifdef IORING_SETUP_DEFER_TASKRUN
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
#endif
		IORING_SETUP_COOP_TASKRUN,
		0,
	};
	int err = -EINVAL;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		err = io_uring_queue_init(RING_ENTRIES, ring, flags[i]);
		if (err != -EINVAL)
			return err;
	}
	return err;
}

/* How the TUN queue is to be read. The device is new: nothing gets lost. */
static int probe_device(struct tun_worker *w, struct tun_uring *u)
{
	struct iovec v = { w->tun_buf, TUN_BUF_LEN };

	u->poll_device = w->dp->off & SG_OFF_NOWAIT ||
			 (preadv2(w->tun_fd, &v, 1, -1, RWF_NOWAIT) < 0 &&
			  errno == EOPNOTSUPP);
	if (u->poll_device && fcntl(w->tun_fd, F_SETFL, O_NONBLOCK))
		return -errno;
	return 0;
}

int tun_uring_init(struct tun_worker *w)
{
	struct tun_uring *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	err = probe_device(w, u);
	if (!err)
		err = ring_init(&u->ring);
	if (err) {
		free(u);
		return err;
	}
	u->source[SOURCE_DEVICE].fd = w->tun_fd;
	u->source[SOURCE_V4].fd = w->sock.v4;
	u->source[SOURCE_V6].fd = w->sock.v6;
	u->source[SOURCE_WAKE].fd = w->wake_fd;
	w->uring = u;
	return 0;
}

static void arm(struct tun_worker *w, int i)
{
	struct tun_uring *u = w->uring;
	struct source *s = &u->source[i];
	struct io_uring_sqe *sqe;

	if (s->fd < 0 || s->armed || s->done)
		return;
	/* There are more entries than sources. */
	sqe = io_uring_get_sqe(&u->ring);
	switch (i) {
	case SOURCE_DEVICE:
		if (u->poll_device)
			io_uring_prep_poll_add(sqe, s->fd, POLLIN);
		else
			io_uring_prep_read(sqe, s->fd, w->tun_buf, TUN_BUF_LEN,
					   (uint64_t)-1);
		break;
	case SOURCE_WAKE:
		io_uring_prep_read(sqe, s->fd, &u->wakes, sizeof(u->wakes), 0);
		break;
	default:
		sg_udp_message_init(&s->msg,
				    i == SOURCE_V4 ? w->rx_buf : w->rx_buf6);
		io_uring_prep_recvmsg(sqe, s->fd, &s->msg.hdr, 0);
	}
	io_uring_sqe_set_data(sqe, s);
	s->armed = true;
}

static void reap(struct tun_uring *u)
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(&u->ring, head, cqe)
	{
		struct source *s = io_uring_cqe_get_data(cqe);

		n++;
		if (!s)
			continue;
		s->armed = false;
		s->done = true;
		s->result = cqe->res;
	}
	io_uring_cq_advance(&u->ring, n);
}

/* Ask for the end of what is under way. Return: whether anything is. */
static bool cancel(struct tun_uring *u)
{
	struct io_uring_sqe *sqe;
	bool armed = false;

	for (int i = 0; i < SOURCES; i++) {
		if (!u->source[i].armed)
			continue;
		armed = true;
		sqe = io_uring_get_sqe(&u->ring);
		if (!sqe)
			break;
		io_uring_prep_cancel(sqe, &u->source[i], 0);
		io_uring_sqe_set_data(sqe, NULL);
	}
	return armed;
}

/*
 * A ring is torn down in the background, and what is under way keeps its
 * descriptors: end it first, so that device and port are free on return. What
 * has just become ready cannot be cancelled, and may then wait again: ask until
 * nothing is left.
 */
void tun_uring_free(struct tun_worker *w)
{
	struct __kernel_timespec pause = { .tv_nsec = 10000000 };
	struct tun_uring *u = w->uring;
	struct io_uring_cqe *cqe;

	if (!u)
		return;
	for (int tries = 0; tries < 100 && cancel(u); tries++) {
		io_uring_submit_and_wait_timeout(&u->ring, &cqe, 2, &pause,
						 NULL);
		reap(u);
	}
	io_uring_queue_exit(&u->ring);
	free(u);
	w->uring = NULL;
}

uint32_t tun_uring_wait(struct tun_worker *w, bool block)
{
	static const uint32_t bits[SOURCES] = {
		TUN_READY_DEVICE,
		TUN_READY_V4,
		TUN_READY_V6,
		TUN_READY_WAKE,
	};
	struct tun_uring *u = w->uring;
	uint32_t ready = 0;

	for (int i = 0; i < SOURCES; i++)
		arm(w, i);
	if (block)
		io_uring_submit_and_wait(&u->ring, 1);
	else
		io_uring_submit_and_get_events(&u->ring);
	reap(u);
	for (int i = 0; i < SOURCES; i++) {
		if (u->source[i].done)
			ready |= bits[i];
	}
	u->source[SOURCE_WAKE].done = false;
	return ready;
}

void tun_uring_forget_device(struct tun_worker *w)
{
	w->uring->source[SOURCE_DEVICE].fd = -1;
}

/* Whether to read on directly after what the ring brought. */
static bool read_on(struct source *s)
{
	return s->burst || ++s->singles % ASK_EVERY == 0;
}

ssize_t tun_uring_read(struct tun_worker *w)
{
	struct source *s = &w->uring->source[SOURCE_DEVICE];
	struct iovec v = { w->tun_buf, TUN_BUF_LEN };
	ssize_t n;

	if (s->done) {
		s->done = false;
		if (!w->uring->poll_device)
			return s->result;
		s->burst = true;
	}
	/* The buffer is the ring's while a read is under way. */
	if (s->armed || !read_on(s))
		return -EAGAIN;
	n = preadv2(s->fd, &v, 1, -1, w->uring->poll_device ? 0 : RWF_NOWAIT);
	s->burst = n > 0;
	return n < 0 ? -errno : n;
}

ssize_t tun_uring_recv(struct tun_worker *w, bool v6, struct sg_udp_packet *p)
{
	struct source *s = &w->uring->source[v6 ? SOURCE_V6 : SOURCE_V4];
	ssize_t n;

	p->buf = v6 ? w->rx_buf6 : w->rx_buf;
	if (s->done) {
		s->done = false;
		if (s->result >= 0)
			sg_udp_message_read(&s->msg, (size_t)s->result, p,
					    w->dp->port);
		return s->result;
	}
	if (s->armed || !read_on(s))
		return -EAGAIN;
	n = sg_udp_recv(s->fd, p, w->dp->port);
	s->burst = n >= 0;
	return n;
}
