// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The file-descriptor store: what is sent to the service manager, and what is
 * taken back from it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service_manager.h"

static int manager;
static char folder[] = "/tmp/signet-store.XXXXXX";

static int setup(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (!mkdtemp(folder))
		return -1;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/notify", folder);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* clear of the numbers that the test passes */
	fd = manager;
	manager = fcntl(fd, F_DUPFD_CLOEXEC, 50);
	close(fd);
	if (bind(manager, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	return setenv("NOTIFY_SOCKET", a.sun_path, 1);
}

static int teardown(void **state)
{
	unlink(getenv("NOTIFY_SOCKET"));
	rmdir(folder);
	close(manager);
	return 0;
}

/* The next message, and the descriptor in it or -1. "" when there is none. */
static int hear(char *text, size_t cap)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { text, cap - 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(manager, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	int fd = -1;

	text[n < 0 ? 0 : n] = '\0';
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static bool same(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

/* First of all, since what was passed is looked at once. */
static void passed_descriptors_are_taken_by_name(void **state)
{
	int before = socket(AF_INET, SOCK_DGRAM, 0), fd, again;
	char text[16], said[256];

	/* where a service manager puts them */
	assert_int_equal(dup2(before, 3), 3);
	assert_int_equal(dup2(manager, 4), 4);
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "udp4:control", 1);
	assert_int_equal(sg_service_fd_take("udp6"), -ENOENT);
	/* others are not for the data path */
	assert_int_equal(sg_service_fd_take("control"), -ENOENT);
	fd = sg_service_fd_take("udp4");
	assert_true(fd > 4);
	assert_true(same(fd, before));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(3, F_GETFD) & FD_CLOEXEC);
	/* who fails with it may try again */
	again = sg_service_fd_take("udp4");
	assert_true(again > 4 && same(again, before));
	/* it is in the store: not a second time */
	sg_service_fd_store("udp4", fd);
	assert_int_equal(hear(said, sizeof(said)), -1);
	assert_string_equal(said, "");
	sg_service_fd_forget("udp4");
	hear(said, sizeof(said));
	assert_non_null(strstr(said, "FDSTOREREMOVE=1\n"));
	assert_non_null(strstr(said, "FDNAME=udp4"));
	assert_int_equal(fcntl(3, F_GETFD), -1);
	assert_int_equal(sg_service_fd_take("udp4"), -ENOENT);
	unsetenv("LISTEN_FDS");
	close(before);
	close(again);
	close(fd);
}

static void a_socket_is_stored_once_and_not_polled(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), got;
	char said[256];

	sg_service_fd_store("udp6", fd);
	got = hear(said, sizeof(said));
	assert_true(got >= 0 && same(got, fd));
	assert_non_null(strstr(said, "FDSTORE=1\n"));
	assert_non_null(strstr(said, "FDPOLL=0\n"));
	assert_non_null(strstr(said, "FDNAME=udp6"));
	sg_service_fd_store("udp6", fd);
	assert_int_equal(hear(said, sizeof(said)), -1);
	assert_string_equal(said, "");
	sg_service_fd_forget("udp6");
	hear(said, sizeof(said));
	assert_string_equal(said, "FDSTOREREMOVE=1\nFDNAME=udp6");
	sg_service_fd_forget("udp6");
	hear(said, sizeof(said));
	assert_string_equal(said, "");
	close(got);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passed_descriptors_are_taken_by_name),
		cmocka_unit_test(a_socket_is_stored_once_and_not_polled),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
