/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From an inner packet to sealed frames on the wire. */
#ifndef SIGNET_KMOD_TX_H
#define SIGNET_KMOD_TX_H

#include "channel.h"

struct signet_socket;

int signet_tx_init(struct signet_device *sd); /* sd->tx */
void signet_tx_uninit(struct signet_device *sd); /* nothing sends any more */
netdev_tx_t signet_xmit(struct sk_buff *skb, struct net_device *dev);
/* process context: the peer has a channel with a key now */
void signet_tx_waiting(struct signet_peer *peer);
/* drop what waits: all, or (expire.c) what is older than 5 s */
void signet_tx_purge(struct signet_peer *peer, bool all);
/* process context; 0, -ENOKEY, -EDESTADDRREQ, -EKEYEXPIRED, -ENOTCONN */
int signet_tx_keepalive(struct signet_channel *ch);
/* udp_sock.encap_err_lookup: 0 only for an error about a frame of ours */
int signet_tx_err_lookup(struct sock *sk, struct sk_buff *skb);

#endif
