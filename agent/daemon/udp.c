// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One UDP message in or out, with source addresses and segments. */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/uio.h>

#include "daemon/udp.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO	    104
#endif

union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
		 CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int))];
};

static struct cmsghdr *put_cmsg(struct msghdr *m, int level, int type,
				const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)((char *)m->msg_control +
						       m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	m->msg_controllen += CMSG_SPACE(len);
	return c;
}

static void put_source(struct msghdr *m, const union sg_addr *local)
{
	if (local->sa.sa_family == AF_INET) {
		struct in_pktinfo i = { .ipi_spec_dst = local->v4.sin_addr };

		put_cmsg(m, IPPROTO_IP, IP_PKTINFO, &i, sizeof(i));
	} else if (local->sa.sa_family == AF_INET6) {
		struct in6_pktinfo i = {
			.ipi6_addr = local->v6.sin6_addr,
			.ipi6_ifindex = local->v6.sin6_scope_id,
		};

		put_cmsg(m, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i));
	}
}

static int send_once(int fd, const union sg_addr *remote,
		     const union sg_addr *local, const uint8_t *data,
		     size_t len, size_t segment)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };
	union control control;
	struct msghdr m = {
		.msg_name = (void *)(uintptr_t)&remote->sa,
		.msg_namelen = sg_addr_len(remote),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
	};

	if (local && local->sa.sa_family == remote->sa.sa_family)
		put_source(&m, local);
	if (segment) {
		uint16_t size = (uint16_t)segment;

		put_cmsg(&m, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	}
	if (!m.msg_controllen)
		m.msg_control = NULL;
	while (sendmsg(fd, &m, MSG_NOSIGNAL) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* One send, from an address that may have left this machine meanwhile. */
int sg_udp_send(int fd, const union sg_addr *remote, const union sg_addr *local,
		const uint8_t *data, size_t len, size_t segment)
{
	int err = send_once(fd, remote, local, data, len, segment);

	if (local && local->sa.sa_family &&
	    (err == -EINVAL || err == -EADDRNOTAVAIL || err == -ENETUNREACH))
		return send_once(fd, remote, NULL, data, len, segment);
	return err;
}

static void read_control(struct msghdr *m, struct sg_udp_packet *p)
{
	union sg_addr *to = &p->to;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			int size;

			memcpy(&size, CMSG_DATA(c), sizeof(size));
			p->segment = size > 0 ? (size_t)size : p->segment;
		} else if (c->cmsg_level == IPPROTO_IP &&
			   c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo i;

			memcpy(&i, CMSG_DATA(c), sizeof(i));
			to->v4.sin_family = AF_INET;
			to->v4.sin_addr = i.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
			   c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo i;

			memcpy(&i, CMSG_DATA(c), sizeof(i));
			to->v6.sin6_family = AF_INET6;
			to->v6.sin6_addr = i.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&i.ipi6_addr))
				to->v6.sin6_scope_id = i.ipi6_ifindex;
		}
	}
}

void sg_udp_message_init(struct sg_udp_message *m, uint8_t *buf)
{
	m->iov.iov_base = buf;
	m->iov.iov_len = SG_UDP_MAX;
	memset(&m->from, 0, sizeof(m->from));
	memset(&m->hdr, 0, sizeof(m->hdr));
	m->hdr.msg_name = &m->from;
	m->hdr.msg_namelen = sizeof(m->from);
	m->hdr.msg_iov = &m->iov;
	m->hdr.msg_iovlen = 1;
	m->hdr.msg_control = m->control.buf;
	m->hdr.msg_controllen = sizeof(m->control);
}

void sg_udp_message_read(struct sg_udp_message *m, size_t len,
			 struct sg_udp_packet *p, uint16_t port)
{
	p->segment = len;
	p->from = m->from;
	memset(&p->to, 0, sizeof(p->to));
	read_control(&m->hdr, p);
	if (p->to.sa.sa_family)
		p->to.v4.sin_port = htons(port);
}

ssize_t sg_udp_recv(int fd, struct sg_udp_packet *p, uint16_t port)
{
	struct sg_udp_message m;
	ssize_t n;

	sg_udp_message_init(&m, p->buf);
	n = recvmsg(fd, &m.hdr, MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	sg_udp_message_read(&m, (size_t)n, p, port);
	return n;
}

int sg_udp_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

static int options4(int fd)
{
	int err = sg_udp_set(fd, IPPROTO_IP, IP_PKTINFO, 1);

	return err ? err
		   : sg_udp_set(fd, IPPROTO_IP, IP_MTU_DISCOVER,
				IP_PMTUDISC_DO);
}

static int options6(int fd)
{
	int err = sg_udp_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);

	if (!err)
		err = sg_udp_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return err ? err
		   : sg_udp_set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
				IPV6_PMTUDISC_DO);
}

int sg_udp_options(int fd, int family, uint32_t mark)
{
	int err = family == AF_INET ? options4(fd) : options6(fd);

	if (!err && mark)
		err = sg_udp_set(fd, SOL_SOCKET, SO_MARK, (int)mark);
	if (!err && sg_udp_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SG_UDP_BUFFER))
		sg_udp_set(fd, SOL_SOCKET, SO_RCVBUF, SG_UDP_BUFFER);
	return err;
}

int sg_udp_open(bool ipv4, bool ipv6, int (*open)(void *ctx, int family),
		void *ctx)
{
	bool any = false;
	int err;

	if (ipv4) {
		err = open(ctx, AF_INET);
		if (err && !(err == -EAFNOSUPPORT && ipv6))
			return err;
		any = !err;
	}
	if (ipv6) {
		err = open(ctx, AF_INET6);
		if (err && !(err == -EAFNOSUPPORT && any))
			return err;
		any = true;
	}
	return any ? 0 : -EINVAL;
}
