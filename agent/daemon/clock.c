// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/clock.h"
#include "daemon/loop.h"

/* Less than this is scheduling between two readings, not sleep. */
#define SLEPT_MIN 100000000LL

static int64_t slept_so_far(void)
{
	struct timespec boot, mono;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (boot.tv_sec - mono.tv_sec) * 1000000000LL + boot.tv_nsec -
	       mono.tv_nsec;
}

/* A timer that never fires, but is cancelled when the wall clock is set. */
static int arm(int fd)
{
	struct itimerspec it = { 0 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	it.it_value.tv_sec = now.tv_sec + 100LL * 365 * 86400;
	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			       &it, NULL)
		       ? -errno
		       : 0;
}

/* Also called after a resume, which sets the wall clock anew. */
static void on_timer(void *ctx, int fd, uint32_t events)
{
	struct sg_clock *c = ctx;
	int64_t slept = slept_so_far();
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0 && errno == EAGAIN)
		return;
	arm(fd);
	c->on_set(c->ctx);
	if (slept - c->slept < SLEPT_MIN)
		return;
	c->slept = slept;
	c->on_resume(c->ctx, "resumed from sleep");
}

static void on_uevent(void *ctx, int fd, uint32_t events)
{
	static const char key[] = "NEW_VMGENID=1";
	struct sg_clock *c = ctx;
	struct sockaddr_nl from;
	socklen_t len = sizeof(from);
	char buf[8192];
	ssize_t n;

	n = recvfrom(fd, buf, sizeof(buf) - 1, 0, (struct sockaddr *)&from,
		     &len);
	/* From the kernel only: others can send to the group as well. */
	if (n <= 0 || from.nl_pid)
		return;
	buf[n] = 0;
	for (char *p = buf; p < buf + n; p += strlen(p) + 1) {
		if (!strcmp(p, key)) {
			c->on_resume(c->ctx,
				     "restored or cloned virtual machine");
			return;
		}
	}
}

static int watch_uevents(struct sg_clock *c)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int err = 0;

	c->uevent_fd = socket(AF_NETLINK,
			      SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			      NETLINK_KOBJECT_UEVENT);
	if (c->uevent_fd < 0)
		return -errno;
	if (bind(c->uevent_fd, (struct sockaddr *)&sa, sizeof(sa)))
		err = -errno;
	if (!err)
		err = sg_loop_add(c->loop, c->uevent_fd, EPOLLIN, on_uevent, c);
	if (err) {
		close(c->uevent_fd);
		c->uevent_fd = -1;
	}
	return err;
}

int sg_clock_start(struct sg_clock *c, struct sg_loop *loop)
{
	int err;

	c->loop = loop;
	c->uevent_fd = -1;
	c->slept = slept_so_far();
	c->timer_fd =
		timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer_fd < 0)
		return -errno;
	err = arm(c->timer_fd);
	if (!err)
		err = sg_loop_add(loop, c->timer_fd, EPOLLIN, on_timer, c);
	if (err) {
		close(c->timer_fd);
		c->timer_fd = -1;
		return err;
	}
	if (watch_uevents(c))
		sg_log(SG_LOG_DEBUG, "no kernel events here: a restored "
				     "snapshot is noticed only by its clocks");
	return 0;
}

void sg_clock_stop(struct sg_clock *c)
{
	if (!c->loop)
		return;
	if (c->timer_fd >= 0) {
		sg_loop_del(c->loop, c->timer_fd);
		close(c->timer_fd);
	}
	if (c->uevent_fd >= 0) {
		sg_loop_del(c->loop, c->uevent_fd);
		close(c->uevent_fd);
	}
	c->loop = NULL;
}
