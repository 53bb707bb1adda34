// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/hash.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "channel.h"
#include "hop.h"
#include "key.h"
#include "label.h"
#include "tx.h"

static struct kmem_cache *channel_cache, *path_cache;

int signet_channel_caches_init(void)
{
	channel_cache = KMEM_CACHE(signet_channel, SLAB_ACCOUNT);
	path_cache = KMEM_CACHE(signet_path, SLAB_ACCOUNT);
	if (channel_cache && path_cache)
		return 0;
	signet_channel_caches_exit();
	return -ENOMEM;
}

void signet_channel_caches_exit(void)
{
	kmem_cache_destroy(path_cache);
	kmem_cache_destroy(channel_cache);
}

static void path_free(struct signet_path *path)
{
	dst_cache_destroy(&path->cache);
	memzero_explicit(path, sizeof(*path)); /* holds a hop key */
	kmem_cache_free(path_cache, path);
}

static void path_free_rcu(struct rcu_head *rcu)
{
	path_free(container_of(rcu, struct signet_path, rcu));
}

static struct signet_path *path_new(struct signet_channel *ch,
				    const struct signet_path_config *cfg)
{
	struct signet_path *path;
	int err;

	path = kmem_cache_zalloc(path_cache, GFP_KERNEL_ACCOUNT);
	if (!path)
		return ERR_PTR(-ENOMEM);
	err = dst_cache_init(&path->cache, GFP_KERNEL_ACCOUNT);
	if (err) {
		kmem_cache_free(path_cache, path);
		return ERR_PTR(err);
	}
	path->channel = ch;
	path->remote = cfg->remote;
	if (cfg->local.sa.sa_family == AF_INET)
		path->local.in = cfg->local.in.sin_addr.s_addr;
	else if (cfg->local.sa.sa_family == AF_INET6)
		path->local.in6 = cfg->local.in6.sin6_addr;
	path->generation = cfg->generation;
	path->tx_label = cpu_to_le32(cfg->tx_label);
	signet_hop_key_set(&path->hop_key, cfg->hop_key);
	return path;
}

static struct hlist_head *path_slot(struct signet_device *sd, __le32 tx_label)
{
	return &sd->paths[hash_32(le32_to_cpu(tx_label),
				  SIGNET_TX_LABEL_BITS)];
}

/* @path may be NULL: away with the old one */
static void path_replace(struct signet_channel *ch, struct signet_path *path)
{
	struct signet_device *sd = ch->peer->sd;
	struct signet_path *old;

	if (path)
		hlist_add_head_rcu(&path->node, path_slot(sd, path->tx_label));
	old = rcu_replace_pointer(ch->path, path, lockdep_is_held(&sd->lock));
	if (old) {
		hlist_del_rcu(&old->node);
		call_rcu(&old->rcu, path_free_rcu);
	}
}

static bool same_address(const union signet_addr *a,
			 const union signet_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr &&
		       a->in.sin_port == b->in.sin_port;
	return ipv6_addr_equal(&a->in6.sin6_addr, &b->in6.sin6_addr) &&
	       a->in6.sin6_port == b->in6.sin6_port;
}

struct signet_path *signet_path_find(struct signet_device *sd, __le32 tx_label,
				     const union signet_addr *remote)
{
	struct signet_path *path;

	hlist_for_each_entry_rcu(path, path_slot(sd, tx_label), node)
		if (path->tx_label == tx_label &&
		    same_address(&path->remote, remote))
			return path;
	return NULL;
}

static void channel_free_rcu(struct rcu_head *rcu)
{
	struct signet_channel *ch =
		container_of(rcu, struct signet_channel, rcu);

	signet_peer_put(ch->peer);
	free_percpu(ch->counters);
	kmem_cache_free(channel_cache, ch);
}

static void channel_release(struct kref *ref)
{
	struct signet_channel *ch =
		container_of(ref, struct signet_channel, ref);

	call_rcu(&ch->rcu, channel_free_rcu);
}

void signet_channel_get(struct signet_channel *ch)
{
	kref_get(&ch->ref);
}

void signet_channel_put(struct signet_channel *ch)
{
	kref_put(&ch->ref, channel_release);
}

static struct signet_channel *channel_alloc(struct signet_peer *peer, u32 id,
					    u8 tx_lanes, u8 rx_lanes)
{
	struct signet_channel *ch;
	int cpu;

	ch = kmem_cache_zalloc(channel_cache, GFP_KERNEL_ACCOUNT);
	if (!ch)
		return NULL;
	ch->counters = alloc_percpu_gfp(struct signet_counters,
					GFP_KERNEL_ACCOUNT);
	if (!ch->counters) {
		kmem_cache_free(channel_cache, ch);
		return NULL;
	}
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(ch->counters, cpu)->syncp);
	ch->peer = peer;
	ch->id = id;
	ch->tx_lanes = tx_lanes;
	ch->rx_lanes = rx_lanes;
	INIT_LIST_HEAD(&ch->labels);
	kref_init(&ch->ref);
	return ch;
}

struct signet_channel *
signet_channel_new(struct signet_peer *peer, u32 id, u8 tx_lanes, u8 rx_lanes,
		   const struct signet_path_config *cfg,
		   struct netlink_ext_ack *extack)
{
	struct signet_device *sd = peer->sd;
	struct signet_path *path = NULL;
	struct signet_channel *ch;
	int err = -ENOMEM;

	if (sd->n_channels >= sd->limits.channels) {
		NL_SET_ERR_MSG(extack, "too many channels on this device");
		return ERR_PTR(-ENOSPC);
	}
	ch = channel_alloc(peer, id, tx_lanes, rx_lanes);
	if (!ch)
		return ERR_PTR(err);
	if (cfg) {
		path = path_new(ch, cfg);
		if (IS_ERR(path)) {
			err = PTR_ERR(path);
			goto err_channel;
		}
	}
	err = xa_insert(&sd->channels, id, ch, GFP_KERNEL_ACCOUNT);
	if (err == -EBUSY) {
		NL_SET_ERR_MSG(extack, "there is a channel with that id");
		err = -EEXIST;
	}
	if (err)
		goto err_path;
	signet_peer_get(peer);
	list_add_tail(&ch->node, &peer->channels);
	path_replace(ch, path);
	sd->n_channels++;
	signet_device_changed(sd);
	return ch;

err_path:
	if (path)
		path_free(path);
err_channel:
	free_percpu(ch->counters);
	kmem_cache_free(channel_cache, ch);
	return ERR_PTR(err);
}

void signet_channel_del(struct signet_channel *ch)
{
	struct signet_peer *peer = ch->peer;
	struct signet_device *sd = peer->sd;
	struct signet_label *label, *next;
	struct signet_key *key;
	int direction, id;

	set_bit(SIGNET_CHANNEL_DEAD, &ch->flags);
	list_for_each_entry_safe(label, next, &ch->labels, node)
		signet_label_del(label);
	spin_lock_bh(&peer->waiting.lock);
	if (rcu_access_pointer(peer->tx) == ch)
		RCU_INIT_POINTER(peer->tx, NULL);
	spin_unlock_bh(&peer->waiting.lock);
	for (direction = 0; direction < 2; direction++) {
		for (id = 0; id < SIGNET_KEY_IDS; id++) {
			key = signet_key_in(ch, direction, id);
			if (key)
				signet_key_del(key);
		}
	}
	path_replace(ch, NULL);
	signet_channel_sum(ch, &peer->past);
	xa_erase(&sd->channels, ch->id);
	list_del(&ch->node);
	sd->n_channels--;
	signet_device_changed(sd);
	signet_channel_put(ch);
}

struct signet_channel *signet_channel_find(struct signet_device *sd, u32 id)
{
	return xa_load(&sd->channels, id);
}

int signet_channel_set_path(struct signet_channel *ch,
			    const struct signet_path_config *cfg,
			    struct netlink_ext_ack *extack)
{
	struct signet_path *path;

	path = path_new(ch, cfg);
	if (IS_ERR(path))
		return PTR_ERR(path);
	path_replace(ch, path);
	signet_device_changed(ch->peer->sd);
	return 0;
}

void signet_channel_select(struct signet_channel *ch)
{
	struct signet_peer *peer = ch->peer;
	struct signet_channel *other;

	spin_lock_bh(&peer->waiting.lock);
	list_for_each_entry(other, &peer->channels, node)
		clear_bit(SIGNET_CHANNEL_TAKES_OVER, &other->flags);
	rcu_assign_pointer(peer->tx, ch);
	spin_unlock_bh(&peer->waiting.lock);
	signet_device_changed(peer->sd);
}

/* Whoever deletes the channel or its key does so first, and then takes the
 * lock: nothing that is gone is put in place here.
 */
static bool take_over(struct signet_channel *ch, u8 key_id)
{
	struct signet_key *key;

	key = signet_key_in(ch, SIGNET_DIRECTION_TRANSMIT, key_id);
	if (!key || !rcu_access_pointer(ch->path) ||
	    test_bit(SIGNET_CHANNEL_DEAD, &ch->flags) ||
	    !test_and_clear_bit(SIGNET_CHANNEL_TAKES_OVER, &ch->flags))
		return false;
	if (!rcu_access_pointer(ch->tx_key))
		rcu_assign_pointer(ch->tx_key, key);
	rcu_assign_pointer(ch->peer->tx, ch);
	return true;
}

void signet_channel_take_over(struct signet_channel *ch, u8 key_id)
{
	struct signet_peer *peer = ch->peer;
	bool taken;

	if (!test_bit(SIGNET_CHANNEL_TAKES_OVER, &ch->flags))
		return;
	spin_lock(&peer->waiting.lock);
	taken = take_over(ch, key_id);
	spin_unlock(&peer->waiting.lock);
	if (!taken)
		return;
	signet_device_changed(peer->sd);
	signet_tx_waiting(peer);
}

static void sum_counters(const struct signet_counters *c,
			 struct signet_counters_sum *sum)
{
	u64 rx_packets, rx_bytes, tx_packets, tx_bytes, rx_last, tx_last;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&c->syncp);
		rx_packets = u64_stats_read(&c->rx_packets);
		rx_bytes = u64_stats_read(&c->rx_bytes);
		tx_packets = u64_stats_read(&c->tx_packets);
		tx_bytes = u64_stats_read(&c->tx_bytes);
		rx_last = u64_stats_read(&c->rx_last);
		tx_last = u64_stats_read(&c->tx_last);
	} while (u64_stats_fetch_retry(&c->syncp, start));

	sum->rx_packets += rx_packets;
	sum->rx_bytes += rx_bytes;
	sum->tx_packets += tx_packets;
	sum->tx_bytes += tx_bytes;
	sum->rx_last = max(sum->rx_last, rx_last);
	sum->tx_last = max(sum->tx_last, tx_last);
}

void signet_channel_sum(const struct signet_channel *ch,
			struct signet_counters_sum *sum)
{
	const struct signet_key *key;
	int cpu, id;

	sum->aead_failures += ch->failures;
	for_each_possible_cpu(cpu)
		sum_counters(per_cpu_ptr(ch->counters, cpu), sum);

	rcu_read_lock();
	for (id = 0; id < SIGNET_KEY_IDS; id++) {
		key = rcu_dereference(ch->rx_keys[id]);
		if (key)
			sum->aead_failures += atomic64_read(&key->failures);
	}
	rcu_read_unlock();
}
