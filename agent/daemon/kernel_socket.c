// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The outer UDP sockets, one for each family, which the kernel shares: made
 * here, or taken back from the service manager, which keeps them while no
 * agent runs. The kernel takes packet frames from them, and nothing else.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/kernel.h"
#include "daemon/service_manager.h"

static const char *name_of(int family)
{
	return family == AF_INET6 ? "udp6" : "udp4";
}

static int *place_of(struct sg_datapath *dp, int family)
{
	return family == AF_INET6 ? &dp->sock6 : &dp->sock4;
}

static int open_one(struct sg_datapath *dp, int family)
{
	union sg_addr a = { 0 };
	socklen_t len;
	int fd, err;

	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = sg_udp_options(fd, family, dp->cfg.fwmark);
	a.sa.sa_family = (sa_family_t)family;
	a.v4.sin_port = htons(dp->port); /* where sin6_port is too */
	len = sg_addr_len(&a);
	if (!err && (bind(fd, &a.sa, len) || getsockname(fd, &a.sa, &len)))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	dp->port = ntohs(a.v4.sin_port);
	*place_of(dp, family) = fd;
	return 0;
}

/* A socket that was kept, if it is what the configuration wants now. */
static int take_back(struct sg_datapath *dp, int family)
{
	int fd = sg_service_fd_take(name_of(family)), kind;
	socklen_t len = sizeof(kind);
	union sg_addr a = { 0 };

	if (fd < 0)
		return -ENOENT;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &len) ||
	    kind != SOCK_DGRAM)
		goto refused;
	len = sizeof(a);
	if (getsockname(fd, &a.sa, &len) || a.sa.sa_family != family)
		goto refused;
	if (dp->port && sg_addr_port(&a) != dp->port)
		goto refused;
	if (sg_udp_options(fd, family, dp->cfg.fwmark))
		goto refused;
	dp->port = sg_addr_port(&a);
	*place_of(dp, family) = fd;
	*(family == AF_INET6 ? &dp->kept6 : &dp->kept4) = true;
	sg_log(SG_LOG_INFO, "took back the %s socket of port %u",
	       family == AF_INET6 ? "IPv6" : "IPv4", dp->port);
	return 0;
refused:
	sg_service_fd_forget(name_of(family));
	close(fd);
	return -ESTALE;
}

static int open_family(void *ctx, int family)
{
	struct sg_datapath *dp = ctx;

	if (*place_of(dp, family) >= 0)
		return 0;
	return open_one(dp, family);
}

static void close_all(struct sg_datapath *dp)
{
	if (dp->sock4 >= 0)
		close(dp->sock4);
	if (dp->sock6 >= 0)
		close(dp->sock6);
	dp->sock4 = dp->sock6 = -1;
}

int kernel_sockets_open(struct sg_datapath *dp)
{
	int err = -EADDRINUSE;

	dp->port = dp->cfg.port;
	/* a family that is not wanted any more is not kept, either */
	if (dp->cfg.ipv4)
		take_back(dp, AF_INET);
	else
		sg_service_fd_forget(name_of(AF_INET));
	if (dp->cfg.ipv6)
		take_back(dp, AF_INET6);
	else
		sg_service_fd_forget(name_of(AF_INET6));
	/* A port that the kernel chose for IPv4 may be taken for IPv6. */
	for (int tries = dp->port ? 1 : 16; tries; tries--) {
		err = sg_udp_open(dp->cfg.ipv4, dp->cfg.ipv6, open_family, dp);
		if (err != -EADDRINUSE || tries == 1)
			break;
		close_all(dp);
		dp->port = dp->cfg.port;
	}
	return err;
}

/* After the kernel has them: a socket that nobody answers is of no use. */
static void store(struct sg_datapath *dp)
{
	if (dp->sock4 >= 0)
		sg_service_fd_store(name_of(AF_INET), dp->sock4);
	if (dp->sock6 >= 0)
		sg_service_fd_store(name_of(AF_INET6), dp->sock6);
}

int kernel_sockets_attach(struct sg_datapath *dp)
{
	struct sg_kmod_dev_set set = { .sock4 = dp->sock4, .sock6 = dp->sock6 };
	int err;

	if (dp->sock4 >= 0)
		set.set |= SG_KMOD_DEV_SOCK4;
	if (dp->sock6 >= 0)
		set.set |= SG_KMOD_DEV_SOCK6;
	err = sg_kmod_dev_set(dp->km, dp->ifindex, &set);
	if (!err)
		store(dp);
	return err;
}

bool kernel_sockets_kept(const struct sg_datapath *dp)
{
	return (dp->sock4 < 0 || sg_service_fd_kept(name_of(AF_INET))) &&
	       (dp->sock6 < 0 || sg_service_fd_kept(name_of(AF_INET6)));
}

void kernel_sockets_close(struct sg_datapath *dp, bool keep)
{
	if (!keep) {
		if (dp->sock4 >= 0)
			sg_service_fd_forget(name_of(AF_INET));
		if (dp->sock6 >= 0)
			sg_service_fd_forget(name_of(AF_INET6));
	}
	close_all(dp);
}
