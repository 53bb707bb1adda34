// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/service_manager.h"

#define LIBRARY "libsystemd.so.0"

static struct {
	void *handle;
	__typeof__(sd_notify) *notify;
	__typeof__(sd_listen_fds) *listen_fds;
	__typeof__(sd_is_socket_unix) *is_socket_unix;
	__typeof__(sd_listen_fds_with_names) *listen_names;
	__typeof__(sd_pid_notify_with_fds) *notify_fds;
} lib;

/* Descriptors in the store. @fd: as passed to us at the start, or -1 */
static struct kept {
	char name[16];
	int fd;
} kept[4];
static size_t n_kept;
static bool kept_known;

static int load(void)
{
	const struct {
		const char *name;
		void *at;
	} symbols[] = {
		{ "sd_notify", &lib.notify },
		{ "sd_listen_fds", &lib.listen_fds },
		{ "sd_is_socket_unix", &lib.is_socket_unix },
		{ "sd_listen_fds_with_names", &lib.listen_names },
		{ "sd_pid_notify_with_fds", &lib.notify_fds },
	};

	if (lib.handle)
		return 0;
	lib.handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!lib.handle)
		goto failed;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *p = dlsym(lib.handle, symbols[i].name);

		if (!p)
			goto failed;
		memcpy(symbols[i].at, &p, sizeof(p));
	}
	return 0;
failed:
	sg_log(SG_LOG_WARNING, "cannot talk to systemd: %s", dlerror());
	if (lib.handle)
		dlclose(lib.handle);
	lib.handle = NULL;
	return -ENOPKG;
}

void sg_service_notify(const char *state)
{
	if (getenv("NOTIFY_SOCKET") && !load())
		lib.notify(0, state);
}

int sg_service_socket(const char *path)
{
	int n;

	if (!getenv("LISTEN_FDS") || load())
		return -ENOENT;
	n = lib.listen_fds(0);
	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++)
		if (lib.is_socket_unix(fd, SOCK_STREAM, 1, path, 0) > 0)
			return fd;
	return -ENOENT;
}

static struct kept *find(const char *name)
{
	for (size_t i = 0; i < n_kept; i++)
		if (!strcmp(kept[i].name, name))
			return &kept[i];
	return NULL;
}

static struct kept *add(const char *name, int fd)
{
	struct kept *k = &kept[n_kept];

	if (n_kept == sizeof(kept) / sizeof(kept[0]) ||
	    strlen(name) >= sizeof(k->name))
		return NULL;
	n_kept++;
	strcpy(k->name, name);
	k->fd = fd;
	return k;
}

/* What was in the store at the start; the control socket has other names. */
static void look(void)
{
	char **names = NULL;
	int n;

	if (kept_known)
		return;
	kept_known = true;
	if (!getenv("LISTEN_FDS") || load())
		return;
	n = lib.listen_names(0, &names);
	for (int i = 0; i < n; i++) {
		if (names && !strncmp(names[i], SG_SERVICE_FD, 3))
			add(names[i], SD_LISTEN_FDS_START + i);
		if (names)
			free(names[i]);
	}
	free(names);
}

int sg_service_fd_take(const char *name)
{
	struct kept *k;
	int fd;

	look();
	k = find(name);
	if (!k || k->fd < 0)
		return -ENOENT;
	fd = fcntl(k->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

void sg_service_fd_store(const char *name, int fd)
{
	char state[64];

	look();
	if (find(name) || !getenv("NOTIFY_SOCKET") || load() || !add(name, -1))
		return;
	/* no polling: an error on a socket is no reason to drop it */
	snprintf(state, sizeof(state), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	lib.notify_fds(0, 0, state, &fd, 1);
}

bool sg_service_fd_kept(const char *name)
{
	look();
	return find(name);
}

void sg_service_fd_forget(const char *name)
{
	char state[64];
	struct kept *k;

	look();
	k = find(name);
	if (!k)
		return;
	if (k->fd >= 0)
		close(k->fd);
	*k = kept[--n_kept];
	snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	sg_service_notify(state);
}
