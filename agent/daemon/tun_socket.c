/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Outer UDP sockets: segmentation offload both ways, source addresses. */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "daemon/tun.h"

bool tun_addr_equal(const union sg_addr *a, const union sg_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port &&
		       a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->v6.sin6_port == b->v6.sin6_port &&
	       a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
	       !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16);
}

/* What a socket must have, and what it can do without. */
static int set_options(struct sg_datapath *dp, int fd, int family)
{
	struct timeval tv = { .tv_usec = 10000 };
	int err = sg_udp_options(fd, family, dp->cfg.fwmark);

	if (!err && dp->n_workers > 1)
		err = sg_udp_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (err)
		return err;
	if (sg_udp_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SG_UDP_BUFFER))
		sg_udp_set(fd, SOL_SOCKET, SO_SNDBUF, SG_UDP_BUFFER);
	/* A send waits for room, but never for long. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (!(dp->off & SG_OFF_GRO))
		dp->udp_gro = !sg_udp_set(fd, IPPROTO_UDP, UDP_GRO, 1);
	return 0;
}

/* Frames of one lane go to one worker: packets of a flow stay in order. */
static void steer_by_lane(struct sg_datapath *dp, int fd)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_B | BPF_ABS, 0, 0, 1 },
		{ BPF_ALU | BPF_AND | BPF_K, 0, 0, SIGNET_LANE_MASK },
		{ BPF_ALU | BPF_MOD | BPF_K, 0, 0, dp->n_workers },
		{ BPF_RET | BPF_A, 0, 0, 0 },
	};
	struct sock_fprog prog = { 4, code };

	/* Where it is refused the kernel spreads by addresses and ports. */
	setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog,
		   sizeof(prog));
}

static int open_one(struct sg_datapath *dp, int family)
{
	union sg_addr a = { 0 };
	socklen_t len;
	int fd, err;

	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = set_options(dp, fd, family);
	if (err)
		goto fail;
	a.sa.sa_family = (sa_family_t)family;
	a.v4.sin_port = htons(dp->port); /* where sin6_port is too */
	len = sg_addr_len(&a);
	if (bind(fd, &a.sa, len) || getsockname(fd, &a.sa, &len)) {
		err = -errno;
		goto fail;
	}
	dp->port = ntohs(a.v4.sin_port);
	return fd;
fail:
	close(fd);
	return err;
}

/*
 * SO_REUSEPORT would let two agents share a port without a word. A socket
 * without it finds out, and finds a free port where any will do.
 */
static int claim_port(struct sg_datapath *dp, int family)
{
	union sg_addr a = { 0 };
	socklen_t len;
	int err = 0, fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (family == AF_INET6)
		err = sg_udp_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	a.sa.sa_family = (sa_family_t)family;
	a.v4.sin_port = htons(dp->port);
	len = sg_addr_len(&a);
	if (!err && (bind(fd, &a.sa, len) || getsockname(fd, &a.sa, &len)))
		err = -errno;
	if (!err)
		dp->port = ntohs(a.v4.sin_port);
	close(fd);
	return err;
}

static int open_family(void *ctx, int family)
{
	struct sg_datapath *dp = ctx;
	int err = claim_port(dp, family);

	if (err)
		return err;
	for (uint32_t i = 0; i < dp->n_workers; i++) {
		struct tun_sockets *s = &dp->workers[i].sock;
		int fd = open_one(dp, family);

		if (fd < 0)
			return fd;
		*(family == AF_INET ? &s->v4 : &s->v6) = fd;
		if (i == 0 && dp->n_workers > 1)
			steer_by_lane(dp, fd);
	}
	return 0;
}

static void close_all(struct sg_datapath *dp)
{
	for (uint32_t i = 0; i < dp->n_workers; i++)
		tun_sockets_close(&dp->workers[i].sock);
}

int tun_sockets_open(struct sg_datapath *dp)
{
	int err = -EADDRINUSE;

	/* A port that the kernel chose for IPv4 may be taken for IPv6. */
	for (int tries = dp->cfg.port ? 1 : 16; tries; tries--) {
		dp->port = dp->cfg.port;
		err = sg_udp_open(dp->cfg.ipv4, dp->cfg.ipv6, open_family, dp);
		if (!err)
			break;
		close_all(dp);
		if (err != -EADDRINUSE)
			break;
	}
	atomic_store(&dp->udp_gso, !(dp->off & SG_OFF_GSO));
	return err;
}

void tun_sockets_close(struct tun_sockets *s)
{
	if (s->v4 >= 0)
		close(s->v4);
	if (s->v6 >= 0)
		close(s->v6);
	s->v4 = s->v6 = -1;
}

static int send_singly(int fd, const union sg_addr *remote,
		       const union sg_addr *local, const uint8_t *data,
		       size_t len, size_t segment)
{
	int err = 0, e;

	for (size_t n; len; data += n, len -= n) {
		n = len < segment ? len : segment;
		e = sg_udp_send(fd, remote, local, data, n, 0);
		if (e)
			err = e;
	}
	return err;
}

int tun_socket_send(struct sg_datapath *dp, const struct tun_sockets *s,
		    const union sg_addr *remote, const union sg_addr *local,
		    const uint8_t *data, size_t len, size_t segment)
{
	int fd = remote->sa.sa_family == AF_INET6 ? s->v6 : s->v4, err;

	if (fd < 0 || (remote->sa.sa_family != AF_INET &&
		       remote->sa.sa_family != AF_INET6))
		return -EAFNOSUPPORT;
	if (!segment || len <= segment)
		return sg_udp_send(fd, remote, local, data, len, 0);
	if (atomic_load_explicit(&dp->udp_gso, memory_order_relaxed)) {
		err = sg_udp_send(fd, remote, local, data, len, segment);
		if (err != -EIO && err != -EINVAL && err != -EMSGSIZE)
			return err;
		/* EIO: the device has no checksum offload. EINVAL, EMSGSIZE:
		 * the segment exceeds the path's MTU, which plain sends tell
		 * apart, or the kernel knows no UDP_SEGMENT. */
		if (err == -EIO)
			atomic_store(&dp->udp_gso, false);
		else if (sg_udp_send(fd, remote, local, data, segment, 0) == 0)
			return send_singly(fd, remote, local, data + segment,
					   len - segment, segment);
		else
			return -EMSGSIZE;
	}
	return send_singly(fd, remote, local, data, len, segment);
}

uint32_t tun_socket_pmtu(const struct sg_datapath *dp,
			 const union sg_addr *remote)
{
	bool v6 = remote->sa.sa_family == AF_INET6;
	int fd = socket(remote->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(int);
	int mtu = 0;

	if (fd < 0)
		return 0;
	if (dp->cfg.fwmark)
		sg_udp_set(fd, SOL_SOCKET, SO_MARK, (int)dp->cfg.fwmark);
	if (connect(fd, &remote->sa, sg_addr_len(remote)) ||
	    getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		       v6 ? IPV6_MTU : IP_MTU, &mtu, &len))
		mtu = 0;
	close(fd);
	return mtu > 0 ? (uint32_t)mtu : 0;
}
