/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Channels and keys, as the main thread sets them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/datapath_tun.h"

static struct tun_channel *channel_new(struct sg_datapath *dp)
{
	struct tun_channel *c = sg_slab_get(&dp->chans);
	size_t len = dp->n_workers * sizeof(*c->stats);

	if (!c)
		return NULL;
	c->stats = aligned_alloc(TUN_CACHE_LINE, len);
	if (!c->stats) {
		sg_slab_put(&dp->chans, c);
		return NULL;
	}
	memset(c->stats, 0, len);
	c->tx_key = -1;
	return c;
}

void tun_channel_free(struct sg_datapath *dp, struct tun_channel *c)
{
	for (int i = 0; i < SIGNET_KEY_IDS; i++) {
		tun_key_free(dp, c->rx[i]);
		tun_key_free(dp, c->tx[i]);
	}
	free(c->stats);
	sg_slab_put(&dp->chans, c);
}

int tun_channel_add(struct sg_datapath *dp, uint32_t peer, uint32_t rx_label,
		    const uint8_t rx_hop_key[SIGNET_HOP_KEY_LEN],
		    const struct sg_path *path, uint8_t tx_lanes,
		    uint32_t *channel)
{
	struct tun_channel *c;
	int err;

	if (peer >= dp->cfg.max_peers || !dp->tables.peers[peer].used)
		return -ENOENT;
	if (!rx_label || !tx_lanes || tx_lanes > SIGNET_LANES)
		return -EINVAL;
	c = channel_new(dp);
	if (!c)
		return -ENOMEM;
	c->peer = peer;
	c->rx_label = rx_label;
	memcpy(c->rx_hop_key, rx_hop_key, SIGNET_HOP_KEY_LEN);
	if (path)
		c->path = *path;
	c->tx_lanes = tx_lanes;
	tun_write_lock(dp);
	err = tun_channel_insert(dp, c);
	tun_write_unlock(dp);
	if (err) {
		tun_channel_free(dp, c);
		return err;
	}
	*channel = c->id;
	return 0;
}

void tun_channel_del(struct sg_datapath *dp, uint32_t channel)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);

	if (!c || dp->retired)
		return;
	tun_write_lock(dp);
	tun_channel_remove(dp, c);
	tun_write_unlock(dp);
	tun_channel_free(dp, c);
}

int tun_channel_path(struct sg_datapath *dp, uint32_t channel,
		     const struct sg_path *path)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);

	if (!c)
		return -ENOENT;
	tun_write_lock(dp);
	c->path = *path;
	atomic_store(&c->mtu, 0);
	tun_write_unlock(dp);
	return 0;
}

/* Kept packets go to a worker as soon as they can be sent; caller holds the
 * write lock. */
static void send_kept(struct sg_datapath *dp, struct tun_channel *c)
{
	struct tun_peer *p = &dp->tables.peers[c->peer];
	struct tun_worker *w = &dp->workers[0];
	struct tun_kept **end = &w->inbox;

	if (p->selected != c || c->tx_key < 0)
		return;
	while (*end)
		end = &(*end)->next;
	*end = tun_keep_take(dp, p);
	if (*end)
		tun_worker_wake(w);
}

int tun_channel_select(struct sg_datapath *dp, uint32_t channel)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);

	if (!c)
		return -ENOENT;
	tun_write_lock(dp);
	dp->tables.peers[c->peer].selected = c;
	c->taken = true;
	send_kept(dp, c);
	tun_write_unlock(dp);
	return 0;
}

int tun_key_add(struct sg_datapath *dp, uint32_t channel,
		const struct sg_dp_key *key)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);
	struct tun_key *k;

	if (!c)
		return -ENOENT;
	if (key->key_id >= SIGNET_KEY_IDS || (key->tx && !key->hard_frames))
		return -EINVAL;
	if (key->aead != SIGNET_AEAD_AES256GCM &&
	    key->aead != SIGNET_AEAD_CHACHA20POLY1305)
		return -EINVAL;
	if (!(signet_aead_supported() & key->aead))
		return -EOPNOTSUPP;
	if (key->tx ? c->tx[key->key_id] : c->rx[key->key_id])
		return -EEXIST;
	k = tun_key_new(dp, key, c->tx_lanes);
	if (!k)
		return -ENOMEM;
	tun_write_lock(dp);
	if (key->tx)
		c->tx[key->key_id] = k;
	else
		c->rx[key->key_id] = k;
	tun_write_unlock(dp);
	return 0;
}

int tun_key_select(struct sg_datapath *dp, uint32_t channel, uint8_t key_id)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);

	if (!c || key_id >= SIGNET_KEY_IDS || !c->tx[key_id])
		return -ENOENT;
	tun_write_lock(dp);
	c->tx_key = (int8_t)key_id;
	send_kept(dp, c);
	tun_write_unlock(dp);
	return 0;
}

void tun_key_del(struct sg_datapath *dp, uint32_t channel, uint8_t key_id)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);
	struct tun_key *rx, *tx;

	if (!c || key_id >= SIGNET_KEY_IDS || dp->retired)
		return;
	tun_write_lock(dp);
	rx = c->rx[key_id];
	tx = c->tx[key_id];
	c->rx[key_id] = c->tx[key_id] = NULL;
	if (c->tx_key == (int8_t)key_id)
		c->tx_key = -1;
	tun_write_unlock(dp);
	tun_key_free(dp, rx);
	tun_key_free(dp, tx);
}

int tun_keepalive(struct sg_datapath *dp, uint32_t channel)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);
	struct signet_frame_info info = { .type = SIGNET_FRAME_PACKET };
	uint8_t frame[SIGNET_FRAME_OVERHEAD];
	struct tun_key *k;
	size_t len;

	if (!c)
		return -ENOENT;
	k = c->tx_key < 0 ? NULL : c->tx[c->tx_key];
	if (!k || tun_now() >= k->hard_ns)
		return -ENOKEY;
	if (!c->path.remote.sa.sa_family)
		return -EDESTADDRREQ;
	info.key_id = (uint8_t)c->tx_key;
	info.label = c->path.tx_label;
	if (!tun_key_reserve(k, info.lane, 1, &info.counter))
		return -ENOKEY;
	len = signet_frame_seal(&k->aead, c->path.tx_hop_key, &info, frame, 0,
				frame);
	return tun_socket_send(dp, &dp->workers[0].sock, &c->path.remote,
			       &c->path.local, frame, len, 0);
}

void tun_watch(struct sg_datapath *dp, uint32_t channel)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);

	if (c)
		atomic_store(&c->watched, true);
}

int tun_channel_stats(struct sg_datapath *dp, uint32_t channel,
		      struct sg_dp_channel_stats *st)
{
	struct tun_channel *c = tun_channel_get(&dp->tables, channel);

	memset(st, 0, sizeof(*st));
	if (!c)
		return -ENOENT;
	for (uint32_t i = 0; i < dp->n_workers; i++) {
		struct tun_stats *s = &c->stats[i];
		uint64_t rx = atomic_load(&s->rx_last_ns);
		uint64_t tx = atomic_load(&s->tx_last_ns);

		st->rx_packets += atomic_load(&s->rx_packets);
		st->rx_bytes += atomic_load(&s->rx_bytes);
		st->tx_packets += atomic_load(&s->tx_packets);
		st->tx_bytes += atomic_load(&s->tx_bytes);
		st->aead_failures += atomic_load(&s->aead_failures);
		st->rx_last_ns = rx > st->rx_last_ns ? rx : st->rx_last_ns;
		st->tx_last_ns = tx > st->tx_last_ns ? tx : st->tx_last_ns;
	}
	return 0;
}
