/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * signet dev listen: a process that holds a device's UDP sockets. The kernel
 * takes packet frames from them and leaves all other frames to the holder,
 * which here counts them and throws them away. Where the holder ends, the
 * sockets go, and the device sends and receives no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <json-c/json.h>
#include <systemd/sd-daemon.h>

#include "client.h"
#include "dev.h"
#include "json.h"

#ifndef UDP_ENCAP
#define UDP_ENCAP 100
#endif

static const char help[] =
	"Usage: signet dev listen NAME PORT [--background]\n"
	"Give a device UDP sockets, for IPv4 and IPv6, and hold them until "
	"interrupted:\n"
	"without a process that does, a device sends and receives nothing.\n"
	"Frames that the kernel leaves to an agent (handshakes, messages) are "
	"counted and\n"
	"thrown away.\n\n"
	"      --background   return when it holds them, leaving a process "
	"behind, which\n"
	"                     ends when the device is removed\n\n"
	"PORT 0 lets the kernel choose one. A line is printed when the sockets "
	"are ready.\n\n"
	"Example:\n"
	"  signet dev listen sg0 51820 --background\n";

#define SLICE_MS 500
#define TYPES	 (SIGNET_FRAME_TYPE_MAX + 1)

/* @frames: by type; [0] are those of no type */
struct holder {
	int fd[2];
	bool taken; /* the kernel says that it uses them */
	uint64_t frames[TYPES];
};

static int bind_to(int family, uint16_t *port)
{
	union sg_addr a = { .sa.sa_family = (sa_family_t)family };
	socklen_t len = sg_addr_len(&a);
	const int on = 1;
	int fd, r;

	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* the port is in the same place for both */
	a.v4.sin_port = htons(*port);
	if ((family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
	    bind(fd, &a.sa, len) || getsockname(fd, &a.sa, &len)) {
		r = -errno;
		close(fd);
		return r;
	}
	*port = sg_addr_port(&a);
	return fd;
}

/* A machine may lack one of the two families. */
static bool no_family(int r)
{
	return r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL;
}

static int open_sockets(struct sg_dev *dev, struct holder *h, uint16_t *port)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (int i = 0; i < 2; i++) {
		h->fd[i] = bind_to(families[i], port);
		if (h->fd[i] < 0 && !(i && no_family(h->fd[i])))
			return sg_fail(dev->t, SG_EXIT_FAILED,
				       h->fd[i] == -EADDRINUSE
					       ? "`ss -ulpn` shows who uses it"
					       : NULL,
				       "cannot bind to UDP port %u (IPv%d): %s",
				       *port, i ? 6 : 4, strerror(-h->fd[i]));
	}
	return SG_EXIT_OK;
}

static bool in_use(int fd)
{
	socklen_t len = sizeof(int);
	int encap = 0;

	return !getsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &encap, &len) && encap;
}

static int attach(struct sg_dev *dev, struct holder *h)
{
	struct sg_kmod_dev_set set = {
		.set = SG_KMOD_DEV_SOCK4,
		.sock4 = h->fd[0],
		.sock6 = h->fd[1],
	};

	if (h->fd[1] >= 0)
		set.set |= SG_KMOD_DEV_SOCK6;
	return sg_dev_fail(dev, sg_kmod_dev_set(dev->km, dev->ifindex, &set),
			   "give %s its sockets", dev->name);
}

static void say_ready(struct sg_dev *dev, uint16_t port, pid_t pid)
{
	struct json_object *o;

	if (dev->t->json) {
		o = json_object_new_object();
		sg_json_add_str(o, "device", dev->name);
		sg_json_add_int(o, "port", port);
		sg_json_add_int(o, "process", pid);
		sg_json_line(stdout, o);
		json_object_put(o);
		return;
	}
	printf("%s listens on port %u, process %d\n", dev->name, port,
	       (int)pid);
	fflush(stdout);
}

static void take_frames(struct holder *h, int fd)
{
	uint8_t type = 0;
	ssize_t n;

	while ((n = recv(fd, &type, 1, MSG_TRUNC)) >= 0)
		h->frames[n && type < TYPES ? type : 0]++;
}

static void hold(struct holder *h)
{
	struct pollfd p[2] = {
		{ .fd = h->fd[0], .events = POLLIN },
		{ .fd = h->fd[1], .events = POLLIN },
	};

	h->taken = in_use(h->fd[0]);
	while (!sg_interrupted) {
		int n = poll(p, 2, SLICE_MS);

		for (int i = 0; n > 0 && i < 2; i++)
			if (p[i].revents)
				take_frames(h, p[i].fd);
		if (h->taken && !in_use(h->fd[0]))
			return;
	}
}

static void say_counts(struct sg_dev *dev, const struct holder *h)
{
	static const char *const names[TYPES] = { "other",    "init",
						  "response", "finish",
						  "cookie",   "packet",
						  "message" };
	struct json_object *o = json_object_new_object(), *frames;

	frames = json_object_new_object();
	for (int i = 0; i < TYPES; i++) {
		if (dev->t->json)
			sg_json_add_int(frames, names[i],
					(int64_t)h->frames[i]);
		else if (h->frames[i])
			printf("%-10s %llu\n", names[i],
			       (unsigned long long)h->frames[i]);
	}
	sg_json_add_str(o, "device", dev->name);
	json_object_object_add(o, "frames", frames);
	if (dev->t->json)
		sg_json_line(stdout, o);
	json_object_put(o);
}

/* Return: -1 in the process that is to hold, else the exit code. */
static int leave_behind(struct sg_dev *dev, uint16_t port)
{
	pid_t pid = fork();
	int null;

	if (pid < 0)
		return sg_fail(dev->t, SG_EXIT_FAILED, NULL,
			       "cannot make a process: %s", strerror(errno));
	if (pid) {
		say_ready(dev, port, pid);
		return SG_EXIT_OK;
	}
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	return chdir("/") ? -1 : -1;
}

int sg_dev_listen(struct sg_dev *dev, uint16_t port, bool background)
{
	struct holder h = { .fd = { -1, -1 } };
	int code;

	sg_catch_interrupt();
	code = open_sockets(dev, &h, &port);
	if (!code)
		code = attach(dev, &h);
	if (code)
		goto cleanup;
	if (background) {
		code = leave_behind(dev, port);
		if (code >= 0)
			goto cleanup;
	} else {
		say_ready(dev, port, getpid());
		sd_notify(0, "READY=1");
	}
	code = SG_EXIT_OK;
	hold(&h);
	if (background)
		_exit(code);
	say_counts(dev, &h);
	if (!sg_interrupted)
		code = sg_fail(dev->t, SG_EXIT_FAILED, NULL,
			       "%s no longer uses these sockets", dev->name);
cleanup:
	for (int i = 0; i < 2; i++)
		if (h.fd[i] >= 0)
			close(h.fd[i]);
	return code;
}

int sg_dev_listen_command(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "background", no_argument, NULL, 'b' }, { 0 }
	};
	bool background = false;
	struct sg_dev dev;
	uint32_t port;
	int c, r;

	while ((c = sg_getopt(t, argc, argv, "", options, help)) != -1) {
		if (c != 'b')
			return SG_EXIT_USAGE;
		background = true;
	}
	if (!sg_operands(t, argc, argv, 2, 2) ||
	    !sg_dev_parse_u32(t, "the port", argv[optind + 1], 0, 65535, &port))
		return SG_EXIT_USAGE;
	r = sg_dev_open(t, argv[optind], false, &dev);
	if (r)
		return r;
	r = sg_dev_listen(&dev, (uint16_t)port, background);
	sg_dev_close(&dev);
	return r;
}
