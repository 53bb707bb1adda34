// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Frames that the kernel leaves to us. An init is only looked at here; its
 * public-key work comes later, see admission.h, so that a flood of them does not
 * keep established channels waiting.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "daemon/kernel.h"

#define RECEIVES_TURN 256

static void take_frame(struct sg_datapath *dp, uint8_t *frame, size_t len,
		       const struct sg_udp_packet *p)
{
	if (frame[0] == SIGNET_FRAME_PACKET)
		/* came while the socket was not the kernel's */
		dp->drops[SIGNET_DROP_STATE]++;
	else
		dp->ev.frame(dp->ctx, frame, len, &p->from, &p->to);
}

static void take(struct sg_datapath *dp, const struct sg_udp_packet *p,
		 size_t len)
{
	size_t segment = p->segment ? p->segment : len;
	uint8_t *at = p->buf;

	if (!len)
		dp->drops[SIGNET_DROP_LENGTH]++;
	for (size_t n; len; at += n, len -= n) {
		n = len < segment ? len : segment;
		take_frame(dp, at, n, p);
	}
}

static void on_socket(void *ctx, int fd, uint32_t events)
{
	struct sg_datapath *dp = ctx;
	struct sg_udp_packet p = { .buf = dp->buf };
	ssize_t n;

	for (int i = 0; i < RECEIVES_TURN; i++) {
		n = sg_udp_recv(fd, &p, dp->port);
		/* an error of an earlier send is read like this, too */
		if (n == -EAGAIN)
			break;
		if (n >= 0)
			take(dp, &p, (size_t)n);
	}
}

int kernel_frames_start(struct sg_datapath *dp)
{
	int err = 0;

	dp->buf = malloc(SG_UDP_MAX);
	if (!dp->buf)
		return -ENOMEM;
	if (dp->sock4 >= 0)
		err = sg_loop_add(dp->loop, dp->sock4, EPOLLIN, on_socket, dp);
	if (!err && dp->sock6 >= 0)
		err = sg_loop_add(dp->loop, dp->sock6, EPOLLIN, on_socket, dp);
	return err;
}

void kernel_frames_stop(struct sg_datapath *dp)
{
	if (dp->sock4 >= 0)
		sg_loop_del(dp->loop, dp->sock4);
	if (dp->sock6 >= 0)
		sg_loop_del(dp->loop, dp->sock6);
	free(dp->buf);
	dp->buf = NULL;
}
