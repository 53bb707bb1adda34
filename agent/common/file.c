// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		len -= n;
	}
	return 0;
}

static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	int ret = 0, fd;

	if (!slash)
		strcpy(dir, ".");
	else if (slash == path)
		strcpy(dir, "/");
	else
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* some filesystems have nothing to sync for a folder */
	if (fsync(fd) && errno != EINVAL)
		ret = -errno;
	close(fd);
	return ret;
}

/* Content into the temporary file, down to the disk. */
static int fill(int fd, mode_t mode, const void *data, size_t len)
{
	int ret;

	if (fchmod(fd, mode))
		return -errno;
	ret = write_all(fd, data, len);
	if (!ret && fsync(fd))
		ret = -errno;
	return ret;
}

static int put_in_place(const char *tmp, const char *path, bool replace)
{
	if (replace)
		return rename(tmp, path) ? -errno : 0;
	/* link() refuses, at once and for all, a name that exists */
	if (link(tmp, path))
		return -errno;
	unlink(tmp);
	return 0;
}

static int write_file(const char *path, mode_t mode, const void *data,
		      size_t len, bool replace, struct sg_error *err)
{
	bool made = false;
	char tmp[PATH_MAX];
	int fd = -1, ret;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return sg_err(err, ENAMETOOLONG, "%s: name too long", path);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		goto cleanup;
	}
	made = true;
	ret = fill(fd, mode, data, len);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret)
		ret = put_in_place(tmp, path, replace);
	if (!ret) {
		made = false;
		ret = sync_folder(path);
	}
cleanup:
	if (made)
		unlink(tmp);
	if (ret)
		sg_err(err, -ret, "cannot write %s: %s", path, strerror(-ret));
	return ret;
}

int sg_file_write_atomic(const char *path, mode_t mode, const void *data,
			 size_t len, struct sg_error *err)
{
	return write_file(path, mode, data, len, true, err);
}

int sg_file_create_atomic(const char *path, mode_t mode, const void *data,
			  size_t len, struct sg_error *err)
{
	return write_file(path, mode, data, len, false, err);
}

static int check_private(const char *path, int fd, struct sg_error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return sg_err(err, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return sg_err(err, EINVAL, "%s is not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return sg_err(err, EPERM,
			      "%s belongs to user %u: its owner must be root "
			      "or the user that the agent runs as",
			      path, (unsigned int)st.st_uid);
	if (st.st_mode & 077)
		return sg_err(err, EPERM,
			      "%s can be accessed by others (mode %04o): if "
			      "nobody has read it, run chmod 600 %s; otherwise "
			      "make new keys",
			      path, (unsigned int)(st.st_mode & 07777), path);
	return 0;
}

static int read_all(int fd, uint8_t *buf, size_t cap, size_t *len)
{
	uint8_t extra;
	ssize_t n;

	*len = 0;
	for (;;) {
		if (*len < cap)
			n = read(fd, buf + *len, cap - *len);
		else
			n = read(fd, &extra, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		if (*len == cap)
			return -EFBIG;
		*len += n;
	}
}

int sg_file_read_secret(const char *path, void *buf, size_t cap, size_t *len,
			struct sg_error *err)
{
	int fd, ret;

	*len = 0;
	/* O_NONBLOCK: a planted pipe must not stop the agent */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ELOOP)
		return sg_err(err, ELOOP, "%s is a symbolic link: refused",
			      path);
	if (fd < 0)
		return sg_err(err, errno, "cannot read %s: %s", path,
			      strerror(errno));
	ret = check_private(path, fd, err);
	if (ret)
		goto cleanup;
	ret = read_all(fd, buf, cap, len);
	if (ret)
		sg_err(err, -ret, "cannot read %s: %s", path, strerror(-ret));
cleanup:
	close(fd);
	return ret;
}
