// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "common/log.h"
#include "daemon/service_manager.h"

#define LIBRARY "libsystemd.so.0"

static struct {
	void *handle;
	__typeof__(sd_notify) *notify;
	__typeof__(sd_listen_fds) *listen_fds;
	__typeof__(sd_is_socket_unix) *is_socket_unix;
} lib;

static int load(void)
{
	const struct {
		const char *name;
		void *at;
	} symbols[] = {
		{ "sd_notify", &lib.notify },
		{ "sd_listen_fds", &lib.listen_fds },
		{ "sd_is_socket_unix", &lib.is_socket_unix },
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
