/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One UDP message in or out, as both data paths send and receive them: from
 * which of our addresses, and of how many datagrams.
 */
#ifndef SG_UDP_H
#define SG_UDP_H

#include <sys/socket.h>
#include <sys/types.h>

#include "common/addr.h"

/* The largest receive: a super-packet of many datagrams. */
#define SG_UDP_MAX 65535

/** struct sg_udp_message - what recvmsg() fills in */
struct sg_udp_message {
	struct msghdr hdr;
	struct iovec iov;
	union sg_addr from;
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
			 CMSG_SPACE(sizeof(int))];
	} control;
};

/**
 * struct sg_udp_packet - one receive
 * @segment: length of each of the datagrams in it, but for the last
 */
struct sg_udp_packet {
	uint8_t *buf;
	size_t segment;
	union sg_addr from, to;
};

void sg_udp_message_init(struct sg_udp_message *m, uint8_t *buf);
void sg_udp_message_read(struct sg_udp_message *m, size_t len,
			 struct sg_udp_packet *p, uint16_t port);

/**
 * sg_udp_recv() - what is there; does not wait
 * @p: its @buf has room for SG_UDP_MAX bytes
 * @port: of the socket, for @p->to
 * Return: length or -errno.
 */
ssize_t sg_udp_recv(int fd, struct sg_udp_packet *p, uint16_t port);

/**
 * sg_udp_send() - one datagram, or many of @segment bytes
 * @local: source; NULL, family 0, or an address that is not ours any more:
 *	the kernel chooses
 * @segment: 0: one datagram
 * Return: 0 or -errno.
 */
int sg_udp_send(int fd, const union sg_addr *remote, const union sg_addr *local,
		const uint8_t *data, size_t len, size_t segment);

/** SG_UDP_BUFFER - of an outer socket, where the kernel allows it */
#define SG_UDP_BUFFER (7 << 20)

int sg_udp_set(int fd, int level, int name, int value);

/**
 * sg_udp_options() - what every outer socket has: its own family only, both
 * addresses of a datagram told, never fragmented, a large receive buffer
 * @mark: SO_MARK, 0: none
 * Return: 0 or -errno.
 */
int sg_udp_options(int fd, int family, uint32_t mark);

/**
 * sg_udp_open() - open sockets for the families that are wanted
 * @open: opens those of one family, AF_INET first. Return: 0 or -errno;
 *	-EAFNOSUPPORT is no error while there is the other family
 * Return: 0; -EINVAL where none is wanted; -errno.
 */
int sg_udp_open(bool ipv4, bool ipv6, int (*open)(void *ctx, int family),
		void *ctx);

#endif
