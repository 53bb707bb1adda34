// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sgctl: the netlink family signet for tests, with libc alone.
 *
 *   sgctl [-a] [-r] [-x] COMMAND [DEV] [NAME=VALUE]...
 *	one request of the specification: -a dumps, -r adds NLM_F_REPLACE,
 *	-x NLM_F_EXCL. Prints objects, one a line. What the kernel refuses is
 *	"ERRNO text" on standard error, and the exit code 1.
 *   sgctl hold DEV PORT [4|6]
 *	give the device sockets and hold them; "ready" when it does. Prints
 *	the first byte and length of each frame that the kernel leaves.
 *   sgctl monitor [COUNT]
 *	events, one a line, after "ready"
 *
 * sgctl channel-new sg0 id=1 peer=1 path.remote=192.0.2.1 path.remote-port=5000
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sgctl.h"

static struct message request;
static char answer[1 << 18] __attribute__((aligned(8)));
static int family, group;

static int open_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	const int on = 1;

	if (fd < 0)
		bad("no netlink: %s", strerror(errno));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return fd;
}

static void begin(uint16_t type, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)request.data;
	struct genlmsghdr *genl = (void *)(request.data + NLMSG_HDRLEN);

	memset(&request, 0, sizeof(request));
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	genl->cmd = cmd;
	genl->version = 1;
	request.len = NLMSG_HDRLEN + GENL_HDRLEN;
}

static const void *find(const void *data, size_t len, uint16_t type, size_t *n)
{
	const char *p = data;

	for (size_t at = 0; at + NLA_HDRLEN <= len;) {
		const struct nlattr *a = (const void *)(p + at);

		if (a->nla_len < NLA_HDRLEN)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*n = a->nla_len - NLA_HDRLEN;
			return p + at + NLA_HDRLEN;
		}
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

static void refused(const struct nlmsghdr *nlh, int error, size_t skip)
{
	const char *data = NLMSG_DATA(nlh), *text = NULL;
	size_t len = nlh->nlmsg_len - NLMSG_HDRLEN, n = 0;

	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && len > skip)
		text = find(data + skip, len - skip, NLMSGERR_ATTR_MSG, &n);
	fprintf(stderr, "%s %.*s\n", strerrorname_np(-error), (int)n,
		text ? text : "");
}

typedef void (*object_fn)(const struct op *op, const struct nlmsghdr *nlh);

/* Return: 1 to go on, 0 the end, -errno. */
static int one_message(const struct op *op, const struct nlmsghdr *nlh,
		       object_fn fn)
{
	const int *error = NLMSG_DATA(nlh);

	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		if (*error)
			refused(nlh, *error, sizeof(struct nlmsgerr));
		return *error;
	case NLMSG_DONE:
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			fputs("interrupted\n", stderr);
		if (*error < 0)
			refused(nlh, *error, sizeof(int));
		return *error < 0 ? *error : 0;
	}
	fn(op, nlh);
	return 1;
}

/* Send the request, take in the whole answer. Return: 0 or -errno. */
static int talk(int fd, const struct op *op, object_fn fn)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)request.data;
	ssize_t n;
	int r = 1;

	nlh->nlmsg_len = (uint32_t)request.len;
	if (send(fd, request.data, request.len, 0) < 0)
		bad("cannot send: %s", strerror(errno));
	while (r > 0) {
		n = recv(fd, answer, sizeof(answer), 0);
		if (n < 0)
			bad("no answer: %s", strerror(errno));
		for (nlh = (struct nlmsghdr *)answer; r > 0 && NLMSG_OK(nlh, n);
		     nlh = NLMSG_NEXT(nlh, n))
			r = one_message(op, nlh, fn);
	}
	return r;
}

static void take_group(const void *data, size_t len)
{
	const char *p = data, *name;
	const uint32_t *id;
	size_t n;

	for (size_t at = 0; at + NLA_HDRLEN <= len;) {
		const struct nlattr *a = (const void *)(p + at);

		name = find(p + at + NLA_HDRLEN, a->nla_len - NLA_HDRLEN,
			    CTRL_ATTR_MCAST_GRP_NAME, &n);
		id = find(p + at + NLA_HDRLEN, a->nla_len - NLA_HDRLEN,
			  CTRL_ATTR_MCAST_GRP_ID, &n);
		if (name && id && !strcmp(name, SIGNET_MCGRP_EVENTS))
			group = (int)*id;
		at += NLA_ALIGN(a->nla_len);
	}
}

static void take_family(const struct op *op, const struct nlmsghdr *nlh)
{
	const char *data = (const char *)NLMSG_DATA(nlh) + GENL_HDRLEN;
	size_t n, len = nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	const uint16_t *id = find(data, len, CTRL_ATTR_FAMILY_ID, &n);
	const void *groups = find(data, len, CTRL_ATTR_MCAST_GROUPS, &n);

	if (id)
		family = *id;
	if (groups)
		take_group(groups, n);
}

static void resolve(int fd)
{
	begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	put(&request, CTRL_ATTR_FAMILY_NAME, SIGNET_FAMILY_NAME,
	    sizeof(SIGNET_FAMILY_NAME));
	if (talk(fd, NULL, take_family) || !family)
		bad("the module is not there");
}

static void print_object(const struct op *op, const struct nlmsghdr *nlh)
{
	const char *data = (const char *)NLMSG_DATA(nlh) + GENL_HDRLEN;

	fputs(op->name, stdout);
	print_attrs(op->set, data, nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN,
		    "");
	putchar('\n');
}

/* a device by name, or any number, for requests that must be refused */
static uint32_t ifindex_of(const char *name)
{
	uint32_t n = if_nametoindex(name);

	return n ? n : (uint32_t)strtoul(name, NULL, 0);
}

static int run(uint16_t flags, char **words)
{
	const struct op *op = ops;
	int fd = open_netlink();
	uint32_t ifindex;

	while (op->name && strcmp(op->name, words[0]))
		op++;
	if (!op->name)
		bad("no such command: %s", words[0]);
	resolve(fd);
	begin((uint16_t)family, op->cmd, flags | NLM_F_ACK);
	words++;
	if (*words && !strchr(*words, '=')) {
		ifindex = ifindex_of(*words++);
		put(&request, SIGNET_A_DEV_IFINDEX, &ifindex, sizeof(ifindex));
	}
	for (; *words; words++)
		put_word(&request, op->set, *words);
	return talk(fd, op, print_object) < 0;
}

static int bind_socket(int af, uint16_t port)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port) };
	struct sockaddr_in a4 = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	int fd = socket(af, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (af == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (fd < 0 || bind(fd, af == AF_INET ? (void *)&a4 : (void *)&a6,
			   af == AF_INET ? sizeof(a4) : sizeof(a6)))
		bad("port %u: %s", port, strerror(errno));
	return fd;
}

static int hold(char **words)
{
	const char *only = words[3] ? words[3] : "46";
	struct pollfd p[2] = { { .fd = -1, .events = POLLIN },
			       { .fd = -1, .events = POLLIN } };
	int fd = open_netlink();
	uint8_t frame[65536];
	uint32_t ifindex;
	uint16_t port;
	ssize_t n;

	if (!words[1] || !words[2])
		bad("hold DEV PORT");
	port = (uint16_t)strtoul(words[2], NULL, 0);
	ifindex = ifindex_of(words[1]);
	resolve(fd);
	begin((uint16_t)family, SIGNET_CMD_DEV_SET, NLM_F_ACK);
	put(&request, SIGNET_A_DEV_IFINDEX, &ifindex, sizeof(ifindex));
	for (int i = 0; i < 2; i++) {
		if (!strchr(only, i ? '6' : '4'))
			continue;
		p[i].fd = bind_socket(i ? AF_INET6 : AF_INET, port);
		put(&request, i ? SIGNET_A_DEV_SOCK6_FD : SIGNET_A_DEV_SOCK4_FD,
		    &p[i].fd, sizeof(p[i].fd));
	}
	if (talk(fd, NULL, NULL) < 0)
		return 1;
	puts("ready");
	for (;;) {
		poll(p, 2, -1);
		for (int i = 0; i < 2; i++) {
			if (!p[i].revents)
				continue;
			n = recv(p[i].fd, frame, sizeof(frame), MSG_DONTWAIT);
			if (n >= 0)
				printf("frame type=%u length=%zd\n",
				       n ? frame[0] : 0, n);
		}
	}
}

static void print_event(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);
	const struct op *op = events;

	while (op->name && op->cmd != genl->cmd)
		op++;
	if (op->name)
		print_object(op, nlh);
}

static int monitor(char **words)
{
	long left = words[1] ? strtol(words[1], NULL, 10) : -1;
	int fd = open_netlink(), size = 1 << 20;
	struct nlmsghdr *nlh;
	ssize_t n;

	resolve(fd);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group))) {
		fprintf(stderr, "%s \n", strerrorname_np(errno));
		return 1;
	}
	puts("ready");
	while (left) {
		n = recv(fd, answer, sizeof(answer), 0);
		if (n < 0)
			printf("lost %s\n", strerrorname_np(errno));
		for (nlh = (struct nlmsghdr *)answer; n > 0 && NLMSG_OK(nlh, n);
		     nlh = NLMSG_NEXT(nlh, n)) {
			print_event(nlh);
			left -= left > 0;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint16_t flags = 0;
	int c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((c = getopt(argc, argv, "+arx")) != -1) {
		if (c == 'a')
			flags |= NLM_F_DUMP;
		else if (c == 'r')
			flags |= NLM_F_CREATE | NLM_F_REPLACE;
		else if (c == 'x')
			flags |= NLM_F_CREATE | NLM_F_EXCL;
		else
			return 2;
	}
	argv += optind;
	if (!*argv)
		bad("which command?");
	if (!strcmp(*argv, "hold"))
		return hold(argv);
	if (!strcmp(*argv, "monitor"))
		return monitor(argv);
	return run(flags, argv);
}
