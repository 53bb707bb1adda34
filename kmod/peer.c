// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/dst_metadata.h>

#include "peer.h"
#include "tx.h"

static struct kmem_cache *peer_cache;

int signet_peer_cache_init(void)
{
	peer_cache = KMEM_CACHE(signet_peer, SLAB_ACCOUNT);
	return peer_cache ? 0 : -ENOMEM;
}

void signet_peer_cache_exit(void)
{
	kmem_cache_destroy(peer_cache);
}

static void peer_free_rcu(struct rcu_head *rcu)
{
	struct signet_peer *peer = container_of(rcu, struct signet_peer, rcu);
	struct metadata_dst *metadata;

	metadata = rcu_dereference_protected(peer->metadata, 1);
	if (metadata)
		dst_release(&metadata->dst);
	/* what a sender queued while the peer went away */
	skb_queue_purge(&peer->waiting);
	free_percpu(peer->drops);
	kmem_cache_free(peer_cache, peer);
}

static void peer_release(struct kref *ref)
{
	struct signet_peer *peer = container_of(ref, struct signet_peer, ref);

	call_rcu(&peer->rcu, peer_free_rcu);
}

void signet_peer_get(struct signet_peer *peer)
{
	kref_get(&peer->ref);
}

void signet_peer_put(struct signet_peer *peer)
{
	kref_put(&peer->ref, peer_release);
}

struct signet_peer *signet_peer_new(struct signet_device *sd, u32 id,
				    struct netlink_ext_ack *extack)
{
	struct signet_peer *peer;
	int err;

	if (sd->n_peers >= sd->limits.peers) {
		NL_SET_ERR_MSG(extack, "too many peers on this device");
		return ERR_PTR(-ENOSPC);
	}
	peer = kmem_cache_zalloc(peer_cache, GFP_KERNEL_ACCOUNT);
	if (!peer)
		return ERR_PTR(-ENOMEM);
	peer->sd = sd;
	peer->id = id;
	kref_init(&peer->ref);
	INIT_LIST_HEAD(&peer->channels);
	INIT_LIST_HEAD(&peer->prefixes);
	skb_queue_head_init(&peer->waiting);

	err = xa_insert(&sd->peers, id, peer, GFP_KERNEL_ACCOUNT);
	if (err) {
		if (err == -EBUSY) {
			NL_SET_ERR_MSG(extack, "there is a peer with that id");
			err = -EEXIST;
		}
		kmem_cache_free(peer_cache, peer);
		return ERR_PTR(err);
	}
	sd->n_peers++;
	signet_device_changed(sd);
	return peer;
}

void signet_peer_del(struct signet_peer *peer)
{
	struct signet_device *sd = peer->sd;
	struct signet_channel *ch, *next;

	signet_prefixes_change(peer, NULL, 0, true, NULL);
	list_for_each_entry_safe(ch, next, &peer->channels, node)
		signet_channel_del(ch);
	xa_erase(&sd->peers, peer->id);
	sd->n_peers--;
	signet_device_changed(sd);
	signet_tx_purge(peer, true);
	signet_peer_put(peer);
}

struct signet_peer *signet_peer_find(struct signet_device *sd, u32 id)
{
	return xa_load(&sd->peers, id);
}
