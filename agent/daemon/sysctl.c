// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/sysctl.h"

static int sysctl_open(const char *dir, const char *ifname, const char *key,
		       int flags)
{
	char path[160];
	int fd, n;

	if (ifname && (!*ifname || ifname[0] == '.' || strchr(ifname, '/')))
		return -EINVAL;
	n = snprintf(path, sizeof(path), "/proc/sys/%s%s%s/%s", dir,
		     ifname ? "/" : "", ifname ? ifname : "", key);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sg_sysctl_read(const char *dir, const char *ifname, const char *key,
		   char *value, size_t cap)
{
	int fd = sysctl_open(dir, ifname, key, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, value, cap - 1);
	if (n < 0) {
		n = -errno;
		close(fd);
		return n;
	}
	close(fd);
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

int sg_sysctl_restore(const char *dir, const char *ifname, const char *key,
		      const char *value)
{
	int fd = sysctl_open(dir, ifname, key, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int sg_sysctl_change(const char *dir, const char *ifname, const char *key,
		     const char *value, char *before, size_t cap)
{
	int ret = sg_sysctl_read(dir, ifname, key, before, cap);

	if (ret) {
		before[0] = '\0';
		return ret;
	}
	if (!strcmp(before, value)) {
		before[0] = '\0';
		return 1;
	}
	ret = sg_sysctl_restore(dir, ifname, key, value);
	if (ret)
		before[0] = '\0';
	return ret;
}
