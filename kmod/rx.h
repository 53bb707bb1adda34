/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From frames that arrive on a socket to inner packets. */
#ifndef SIGNET_KMOD_RX_H
#define SIGNET_KMOD_RX_H

#include "socket.h"

/* sd->rx: queue and NAPI for each CPU */
int signet_rx_init(struct signet_device *sd);
void signet_rx_uninit(struct signet_device *sd);

/* udp_sock.encap_rcv: 0 taken or dropped, 1 leave it to the agent */
int signet_encap_rcv(struct sock *sk, struct sk_buff *skb);

/* sd->lock: super-packets for this socket are taken by the LOCAL_IN hook */
int signet_rx_attach(struct signet_socket *s);
void signet_rx_detach(struct signet_socket *s);

#endif
