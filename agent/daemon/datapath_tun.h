/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Operations of the TUN data path that are not about its life cycle. */
#ifndef SG_DATAPATH_TUN_H
#define SG_DATAPATH_TUN_H

#include "daemon/tun.h"

/* datapath_tun_peer.c */
int tun_peer_add(struct sg_datapath *dp, uint32_t peer);
void tun_peer_del(struct sg_datapath *dp, uint32_t peer);
void tun_peers_clear(struct sg_datapath *dp);
int tun_prefixes_set(struct sg_datapath *dp, uint32_t peer,
		     const struct sg_prefix *p, size_t n);

/* tun_policy.c */
int tun_policy_set(struct sg_datapath *dp, const struct sg_dp_policy *list,
		   size_t n);
size_t tun_policy_flows(struct sg_datapath *dp, struct sg_dp_flow *out,
			size_t cap);
void tun_policy_refused(struct sg_datapath *dp, uint32_t peer,
			uint64_t d[SIGNET_DROP_COUNT]);
void tun_policy_free(struct tun_policy *p);

/* datapath_tun_channel.c */
int tun_channel_add(struct sg_datapath *dp, uint32_t peer, uint32_t rx_label,
		    const uint8_t rx_hop_key[SIGNET_HOP_KEY_LEN],
		    const struct sg_path *path, uint8_t tx_lanes,
		    uint32_t *channel);
void tun_channel_del(struct sg_datapath *dp, uint32_t channel);
/* caller holds the write lock, and frees it after with tun_channel_free() */
void tun_channel_free(struct sg_datapath *dp, struct tun_channel *c);
int tun_channel_path(struct sg_datapath *dp, uint32_t channel,
		     const struct sg_path *path);
int tun_channel_select(struct sg_datapath *dp, uint32_t channel);
int tun_key_add(struct sg_datapath *dp, uint32_t channel,
		const struct sg_dp_key *key);
int tun_key_select(struct sg_datapath *dp, uint32_t channel, uint8_t key_id);
void tun_key_del(struct sg_datapath *dp, uint32_t channel, uint8_t key_id);
int tun_keepalive(struct sg_datapath *dp, uint32_t channel);
void tun_watch(struct sg_datapath *dp, uint32_t channel);
int tun_channel_stats(struct sg_datapath *dp, uint32_t channel,
		      struct sg_dp_channel_stats *st);

#endif
