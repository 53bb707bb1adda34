// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sgtraffic: send from one network namespace to another, and see that what
 * arrives is what was sent, byte for byte: a tunnel device vouches for
 * checksums, so that nobody else would notice.
 *
 *   sgtraffic [-g] [-d DEV] SENDER RECEIVER tcp ADDR BYTES [CHUNK]
 *   sgtraffic [-g] [-d DEV] SENDER RECEIVER udp ADDR SIZE...
 *   sgtraffic [-g] [-d DEV] SENDER RECEIVER gso ADDR SEGMENT BYTES...
 *   sgtraffic       [-d DEV] SENDER RECEIVER ip ADDR PROTOCOL SIZE...
 *
 * SENDER and RECEIVER are names of namespaces, ADDR is the receiver's. tcp
 * writes CHUNK bytes at a time and shuts the stream down; udp and ip wait for
 * each packet; gso sends super-packets and waits for all of their segments.
 * -d binds the sender to a device, -g takes what arrives with UDP_GRO.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define PORT	  4000
#define BUFFER	  (1 << 17)
#define TIMEOUT_S 60

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static uint8_t out[BUFFER], in[BUFFER];
static union address to;
static const char *device;
static bool gro;

static void __attribute__((format(printf, 1, 2), noreturn))
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(1);
}

static void enter(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail("namespace %s: %s", name, strerror(errno));
	close(fd);
}

/* No two places of a stream look alike to what shifts or repeats it. */
static uint8_t pattern(uint64_t offset)
{
	uint64_t v = (offset + 1) * 0x9e3779b97f4a7c15;

	return (uint8_t)(v >> 56);
}

static void fill(uint8_t *p, size_t n, uint64_t offset)
{
	for (size_t i = 0; i < n; i++)
		p[i] = pattern(offset + i);
}

static void compare(const uint8_t *p, size_t n, uint64_t offset)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != pattern(offset + i))
			fail("byte %llu is %02x instead of %02x",
			     (unsigned long long)(offset + i), p[i],
			     pattern(offset + i));
}

static socklen_t address_len(void)
{
	return to.sa.sa_family == AF_INET ? sizeof(to.v4) : sizeof(to.v6);
}

static void parse_address(const char *s, uint16_t port)
{
	if (inet_pton(AF_INET, s, &to.v4.sin_addr) == 1)
		to.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, s, &to.v6.sin6_addr) == 1)
		to.sa.sa_family = AF_INET6;
	else
		fail("not an address: %s", s);
	to.v4.sin_port = htons(port); /* v6's is in the same place */
}

static int make(int type, int protocol)
{
	const struct timeval wait = { .tv_sec = 5 };
	const int size = 4 << 20;
	int fd = socket(to.sa.sa_family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		fail("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static int receiver(const char *netns, int type, int protocol)
{
	const int on = 1;
	int fd;

	enter(netns);
	fd = make(type, protocol);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (gro && type == SOCK_DGRAM &&
	    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)))
		fail("UDP_GRO: %s", strerror(errno));
	if (bind(fd, &to.sa, address_len()))
		fail("bind: %s", strerror(errno));
	return fd;
}

static int sender(const char *netns, int type, int protocol)
{
	int fd;

	enter(netns);
	fd = make(type, protocol);
	if (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
				 (socklen_t)strlen(device)))
		fail("SO_BINDTODEVICE: %s", strerror(errno));
	return fd;
}

static void connect_to(int fd)
{
	if (connect(fd, &to.sa, address_len()))
		fail("connect: %s", strerror(errno));
}

static size_t number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 0);

	if (!*s || *end)
		fail("not a number: %s", s);
	return n;
}

/* One write of at most @chunk bytes. Return: bytes written. */
static size_t write_some(int fd, uint64_t sent, uint64_t bytes, size_t chunk)
{
	size_t n = bytes - sent < chunk ? (size_t)(bytes - sent) : chunk;
	ssize_t r;

	fill(out, n, sent);
	r = send(fd, out, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r < 0 && errno != EAGAIN)
		fail("send after %llu bytes: %s", (unsigned long long)sent,
		     strerror(errno));
	return r < 0 ? 0 : (size_t)r;
}

static void stream(int tx, int rx, uint64_t bytes, size_t chunk)
{
	struct pollfd p[2] = { { .fd = tx, .events = POLLOUT },
			       { .fd = rx, .events = POLLIN } };
	uint64_t sent = 0, got = 0;
	ssize_t n;

	for (;;) {
		if (poll(p, 2, 10000) <= 0)
			fail("stuck: %llu bytes of %llu arrived",
			     (unsigned long long)got, (unsigned long long)sent);
		if (p[0].revents) {
			sent += write_some(tx, sent, bytes, chunk);
			if (sent == bytes) {
				shutdown(tx, SHUT_WR);
				p[0].fd = -1;
			}
		}
		if (!p[1].revents)
			continue;
		n = recv(rx, in, sizeof(in), 0);
		if (n < 0)
			fail("recv: %s", strerror(errno));
		if (!n)
			break;
		compare(in, (size_t)n, got);
		got += (uint64_t)n;
	}
	if (got != bytes)
		fail("the stream ended after %llu of %llu bytes",
		     (unsigned long long)got, (unsigned long long)bytes);
}

static void tcp(char **ns, char **words)
{
	size_t chunk = words[1] ? number(words[1]) : 65536;
	uint64_t bytes = number(words[0]);
	int listener, tx, rx;
	const int on = 1;

	if (!chunk || chunk > BUFFER)
		fail("chunks are 1 to %d bytes", BUFFER);
	listener = receiver(ns[1], SOCK_STREAM, 0);
	if (listen(listener, 1))
		fail("listen: %s", strerror(errno));
	tx = sender(ns[0], SOCK_STREAM, 0);
	/* small chunks are to become small packets */
	setsockopt(tx, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connect_to(tx);
	rx = accept(listener, NULL, NULL);
	if (rx < 0)
		fail("accept: %s", strerror(errno));
	stream(tx, rx, bytes, chunk);
}

/* Length of what came, with @segment that of the datagrams in it. */
static size_t receive(int fd, size_t *segment)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = in, .iov_len = sizeof(in) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, 0);
	struct cmsghdr *c;

	if (n < 0)
		fail("nothing came: %s", strerror(errno));
	*segment = (size_t)n;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
		int size;

		memcpy(&size, CMSG_DATA(c), sizeof(size));
		*segment = (size_t)size;
	}
	return (size_t)n;
}

static void send_all(int fd, size_t n)
{
	if (send(fd, out, n, 0) != (ssize_t)n)
		fail("send of %zu bytes: %s", n, strerror(errno));
}

static void udp(char **ns, char **words)
{
	int rx = receiver(ns[1], SOCK_DGRAM, 0);
	int tx = sender(ns[0], SOCK_DGRAM, 0);
	size_t n, got, segment;

	connect_to(tx);
	for (uint64_t at = 0; *words; words++, at += 100000) {
		n = number(*words);
		fill(out, n, at);
		send_all(tx, n);
		got = receive(rx, &segment);
		if (got != n)
			fail("%zu bytes came of %zu", got, n);
		compare(in, n, at);
	}
}

/* Segments may come in any grouping, each of its right length. */
static void segments(int rx, size_t segment, size_t bytes, uint64_t at)
{
	size_t got = 0, n, size, want;

	while (got < bytes) {
		n = receive(rx, &size);
		want = bytes - got < segment ? bytes - got : segment;
		if (size != want &&
		    !(gro && n <= bytes - got && size < n && size == segment))
			fail("a segment of %zu bytes after %zu of %zu, "
			     "not of %zu",
			     size, got, bytes, want);
		compare(in, n, at + got);
		got += n;
	}
	if (got != bytes)
		fail("%zu bytes came of %zu", got, bytes);
}

static void gso(char **ns, char **words)
{
	int rx = receiver(ns[1], SOCK_DGRAM, 0);
	int tx = sender(ns[0], SOCK_DGRAM, 0);
	int segment = (int)number(words[0]);
	size_t n;

	connect_to(tx);
	if (setsockopt(tx, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)))
		fail("UDP_SEGMENT: %s", strerror(errno));
	words++;
	for (uint64_t at = 0; *words; words++, at += 100000) {
		n = number(*words);
		fill(out, n, at);
		send_all(tx, n);
		segments(rx, (size_t)segment, n, at);
	}
}

static void ip(char **ns, char **words)
{
	int protocol = (int)number(words[0]);
	int rx = receiver(ns[1], SOCK_RAW, protocol);
	int tx = sender(ns[0], SOCK_RAW, protocol);
	size_t n, got, segment, header;

	connect_to(tx);
	words++;
	for (uint64_t at = 0; *words; words++, at += 100000) {
		n = number(*words);
		fill(out, n, at);
		send_all(tx, n);
		got = receive(rx, &segment);
		header = to.sa.sa_family == AF_INET ? (in[0] & 15) * 4u : 0;
		if (got != n + header)
			fail("%zu bytes came of %zu", got - header, n);
		compare(in + header, n, at);
	}
}

static const struct {
	const char *name;
	void (*run)(char **ns, char **words);
	int words;
} modes[] = {
	{ "tcp", tcp, 1 },
	{ "udp", udp, 1 },
	{ "gso", gso, 2 },
	{ "ip", ip, 2 },
};

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+d:g")) != -1) {
		if (c == 'd')
			device = optarg;
		else if (c == 'g')
			gro = true;
		else
			return 2;
	}
	argc -= optind;
	argv += optind;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (argc < 4 + modes[i].words || strcmp(argv[2], modes[i].name))
			continue;
		/* raw sockets of IPv6 take no port */
		parse_address(argv[3], modes[i].run == ip ? 0 : PORT);
		alarm(TIMEOUT_S);
		modes[i].run(argv, argv + 4);
		return 0;
	}
	fail("which mode?");
}
