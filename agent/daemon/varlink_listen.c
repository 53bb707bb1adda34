// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The control socket, and who may use it. */
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/service_manager.h"
#include "daemon/varlink_private.h"

#define GROUP	   "signet"
#define GROUPS_MAX 1024
#define RETRY_NS   UINT64_C(1000000000)

/*
 * The group of those who may read. It is made by sysusers, in the local file;
 * asking the name service for it would load every module of nsswitch.conf.
 */
static gid_t find_group(void)
{
	gid_t gid = (gid_t)-1;
	FILE *f = fopen("/etc/group", "re");
	struct group *g;

	if (!f)
		return gid;
	while (gid == (gid_t)-1 && (g = fgetgrent(f)))
		if (!strcmp(g->gr_name, GROUP))
			gid = g->gr_gid;
	fclose(f);
	return gid;
}

static int make_folder(const char *path, struct sg_error *err)
{
	const char *slash = strrchr(path, '/');
	char dir[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	if (!slash || slash == path)
		return 0;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = 0;
	if (!mkdir(dir, 0755) || errno == EEXIST)
		return 0;
	return sg_err(err, errno, "%s: cannot make this folder: %s", dir,
		      strerror(errno));
}

/*
 * Does anybody answer there for five seconds? The kernel takes down the rings of an agent that
 * was killed after the process is gone; its sockets live as long.
 */
static bool answers(const struct sockaddr_un *un, int *err)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	bool yes = true;

	for (int i = 0; yes && i < 100; i++) {
		int fd = socket(AF_UNIX,
				SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (i)
			nanosleep(&pause, NULL);
		/* EAGAIN: its queue is full, so somebody has it. */
		yes = !connect(fd, (const struct sockaddr *)un, sizeof(*un)) ||
		      errno == EAGAIN;
		*err = errno;
		if (fd >= 0)
			close(fd);
	}
	return yes;
}

/* If nobody answers, the socket is of an agent that died. */
static int remove_stale(const struct sockaddr_un *un, struct sg_error *err)
{
	struct stat st;
	int e;

	if (!lstat(un->sun_path, &st) && !S_ISSOCK(st.st_mode))
		return sg_err(err, EADDRINUSE,
			      "%s exists and is not a socket: remove it",
			      un->sun_path);
	if (answers(un, &e))
		return sg_err(err, EADDRINUSE,
			      "another agent is running on %s: "
			      "stop it, or choose another --socket",
			      un->sun_path);
	if (e != ECONNREFUSED && e != ENOENT)
		return sg_err(err, e, "%s: %s", un->sun_path, strerror(e));
	if (unlink(un->sun_path) && errno != ENOENT)
		return sg_err(err, errno,
			      "%s: cannot remove a dead agent's socket: %s",
			      un->sun_path, strerror(errno));
	return 0;
}

static int bind_socket(int fd, const struct sockaddr_un *un,
		       struct sg_error *err)
{
	mode_t old = umask(0117);
	int r = bind(fd, (const struct sockaddr *)un, sizeof(*un)) ? errno : 0;

	umask(old);
	if (!r)
		return 0;
	if (r == EADDRINUSE)
		return -EADDRINUSE;
	return sg_err(err, r, "%s: cannot listen: %s", un->sun_path,
		      strerror(r));
}

/* @group: of those who may connect; -1 after it: there is none */
static int listen_at(const char *path, gid_t *group, int *out,
		     struct sg_error *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(un.sun_path))
		return sg_err(err, ENAMETOOLONG,
			      "%s: a socket's path has at "
			      "most %zu characters",
			      path, sizeof(un.sun_path) - 1);
	strcpy(un.sun_path, path);
	r = make_folder(path, err);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sg_err(err, errno, "no socket: %s", strerror(errno));
	r = bind_socket(fd, &un, err);
	if (r == -EADDRINUSE) {
		r = remove_stale(&un, err);
		if (!r)
			r = bind_socket(fd, &un, err);
		if (r == -EADDRINUSE && err && !err->text[0])
			sg_err(err, EADDRINUSE, "%s is in use", path);
	}
	if (r)
		goto cleanup;
	/* Without the right to, the group stays ours, which is as safe. */
	if (*group != (gid_t)-1 && chown(path, (uid_t)-1, *group))
		*group = (gid_t)-1;
	if (listen(fd, 64)) {
		r = sg_err(err, errno, "%s: cannot listen: %s", path,
			   strerror(errno));
		unlink(path);
	}
cleanup:
	if (r)
		close(fd);
	else
		*out = fd;
	return r;
}

int sg_socket_listen(const char *path, int *fd, struct sg_error *err)
{
	gid_t group = find_group();

	return listen_at(path, &group, fd, err);
}

int sg_socket_accept(struct sg_loop *loop, int fd, struct sg_timer *retry)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client < 0 && (errno == EMFILE || errno == ENFILE ||
			   errno == ENOMEM || errno == ENOBUFS)) {
		sg_loop_mod(loop, fd, 0);
		sg_timer_set(loop, retry, sg_now() + RETRY_NS);
	}
	return client;
}

int varlink_listen(struct sg_varlink_server *s, struct sg_error *err)
{
	int r;

	s->group = find_group();
	s->fd = sg_service_socket(s->path);
	if (s->fd >= 0)
		return 0;
	r = listen_at(s->path, &s->group, &s->fd, err);
	s->unlink_path = !r;
	return r;
}

static bool in_group(int fd, gid_t primary, gid_t wanted)
{
	gid_t list[GROUPS_MAX];
	socklen_t len = sizeof(list);
	size_t i;

	if (wanted == (gid_t)-1)
		return false;
	if (primary == wanted)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &len))
		return false;
	for (i = 0; i < len / sizeof(list[0]); i++)
		if (list[i] == wanted)
			return true;
	return false;
}

bool varlink_credentials(struct varlink_client *c)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	c->uid = cred.uid;
	c->may_change = !cred.uid || cred.uid == geteuid();
	c->may_read = c->may_change ||
		      in_group(c->fd, cred.gid, c->server->group);
	return true;
}
