// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The event loop on io_uring: a one-shot poll request for each descriptor,
 * armed again after its callback. The kernel looks at readiness when a request
 * is submitted, which makes this level-triggered as epoll is; a multishot
 * request would tell only changes. Requests are submitted together with the
 * wait, so arming again costs no system call of its own.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "daemon/loop_private.h"

#define ENTRIES	   256
#define BATCH	   256
/* No descriptor has this tag: the completion says nothing we want to know. */
#define TAG_IGNORE UINT64_MAX

/**
 * struct uring - the back end's own
 * @missed: a descriptor could not be armed for want of a queue entry
 */
struct uring {
	struct io_uring ring;
	bool missed;
};

static struct io_uring_sqe *get_sqe(struct uring *u)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	if (sqe)
		return sqe;
	io_uring_submit(&u->ring);
	return io_uring_get_sqe(&u->ring);
}

/* Seccomp profiles may allow the set-up and refuse its use: try a no-op. */
static int try_nop(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int r;

	if (!sqe)
		return -ENOMEM;
	io_uring_prep_nop(sqe);
	r = io_uring_submit(ring);
	if (r < 0)
		return r;
	r = io_uring_wait_cqe(ring, &cqe);
	if (r < 0)
		return r;
	io_uring_cqe_seen(ring, cqe);
	return 0;
}

static int uring_init(struct sg_loop *loop)
{
	struct uring *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	r = io_uring_queue_init(ENTRIES, &u->ring, 0);
	if (r < 0) {
		free(u);
		return r;
	}
	r = try_nop(&u->ring);
	if (r < 0) {
		io_uring_queue_exit(&u->ring);
		free(u);
		return r;
	}
	loop->priv = u;
	return 0;
}

static void uring_fini(struct sg_loop *loop)
{
	struct uring *u = loop->priv;

	io_uring_queue_exit(&u->ring);
	free(u);
}

static int arm(struct sg_loop *loop, int fd, struct loop_fd *slot)
{
	struct uring *u = loop->priv;
	struct io_uring_sqe *sqe = get_sqe(u);

	if (!sqe) {
		u->missed = true; /* armed before the next wait */
		return 0;
	}
	io_uring_prep_poll_add(sqe, fd, slot->events);
	io_uring_sqe_set_data64(sqe, loop_tag(fd, slot->generation));
	slot->armed = true;
	return 0;
}

/*
 * A poll request holds its file open: submit at once, so that the owner's
 * close() really closes.
 */
static void disarm(struct sg_loop *loop, int fd, struct loop_fd *slot)
{
	struct uring *u = loop->priv;
	struct io_uring_sqe *sqe;

	if (!slot->armed)
		return;
	slot->armed = false;
	sqe = get_sqe(u);
	if (!sqe)
		return;
	io_uring_prep_poll_remove(sqe, loop_tag(fd, slot->generation));
	io_uring_sqe_set_data64(sqe, TAG_IGNORE);
	io_uring_submit(&u->ring);
}

static int uring_mod(struct sg_loop *loop, int fd, struct loop_fd *slot,
		     uint32_t events)
{
	/* Not armed: within its own callback, after which it is armed. */
	bool armed = slot->armed;

	disarm(loop, fd, slot);
	slot->events = events;
	if (!armed)
		return 0;
	slot->generation++;
	return arm(loop, fd, slot);
}

static void complete(struct sg_loop *loop, uint64_t tag, int res)
{
	struct loop_fd *slot = sg_loop_slot(loop, tag);

	if (tag == TAG_IGNORE || !slot)
		return;
	slot->armed = false;
	if (res >= 0)
		sg_loop_dispatch(loop, tag, (uint32_t)res);
	else if (res != -ENOMEM && res != -EAGAIN)
		return; /* closed by its owner, or not pollable */
	slot = sg_loop_slot(loop, tag);
	if (slot && !slot->armed)
		arm(loop, (int)(uint32_t)tag, slot);
}

static void arm_missed(struct sg_loop *loop)
{
	struct uring *u = loop->priv;
	size_t fd;

	u->missed = false;
	for (fd = 0; fd < loop->n_fds && !u->missed; fd++)
		if (loop->fds[fd].active && !loop->fds[fd].armed)
			arm(loop, (int)fd, &loop->fds[fd]);
}

static int uring_wait(struct sg_loop *loop, bool block)
{
	struct uring *u = loop->priv;
	struct io_uring *ring = &u->ring;
	struct io_uring_cqe *cqe;
	int r, n;

	if (u->missed)
		arm_missed(loop);
	r = io_uring_submit_and_wait(ring, block ? 1 : 0);
	if (r < 0 && r != -EINTR && r != -EBUSY && r != -EAGAIN)
		return r;
	for (n = 0; n < BATCH && !io_uring_peek_cqe(ring, &cqe); n++) {
		uint64_t tag = io_uring_cqe_get_data64(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(ring, cqe);
		complete(loop, tag, res);
	}
	return 0;
}

const struct loop_backend sg_loop_uring = {
	.name = "io_uring",
	.init = uring_init,
	.fini = uring_fini,
	.add = arm,
	.mod = uring_mod,
	.del = disarm,
	.wait = uring_wait,
};
