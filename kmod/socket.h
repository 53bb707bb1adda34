/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * UDP sockets that the agent made and handed over by file descriptor. The
 * module holds the sock, never the file: when the last descriptor goes, the
 * socket is detached, and peers and keys wait for another.
 */
#ifndef SIGNET_KMOD_SOCKET_H
#define SIGNET_KMOD_SOCKET_H

#include <net/sock.h>

struct signet_device;

/**
 * struct signet_socket - one attached socket; sk_user_data points here
 * @sd: the device; valid under RCU while attached
 * @sk: held
 * @node: in the receive hook's list (rx.c)
 * @pmtudisc: IP_MTU_DISCOVER as its owner had it
 */
struct signet_socket {
	struct signet_device *sd;
	struct sock *sk;
	u16 family;
	u8 pmtudisc;
	struct list_head node;
	struct rcu_head rcu;
};

static inline int signet_family_index(u16 family)
{
	return family == AF_INET6;
}

/**
 * signet_socket_attach() - take a UDP socket of the calling process over
 * @fd: its descriptor
 * @family: AF_INET or AF_INET6 that it must be of
 * Context: process, sd->lock held. Replaces the one in use.
 * Return: 0; -EBADF, -EINVAL (not UDP, wrong family, IPv6 not v6only, not
 * bound), -EBUSY (in use by another tunnel, SO_REUSEPORT, connected); always with an
 * extack message.
 */
int signet_socket_attach(struct signet_device *sd, int fd, u16 family,
			 struct netlink_ext_ack *extack);
/* Context: process, sd->lock held */
void signet_socket_detach(struct signet_device *sd, u16 family);
/* Context: process, sd->lock held; from expire.c */
void signet_socket_check(struct signet_device *sd);

#endif
