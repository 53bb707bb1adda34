// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Channels in the kernel: one label each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/kernel.h"

/* More requests for figures than that, within this time: ask for all. */
#define BURST	 16
#define BURST_NS (KERNEL_SECOND / 50)

struct kernel_channel *kernel_channel_get(struct sg_datapath *dp, uint32_t id)
{
	return sg_map_get(&dp->by_channel, id);
}

void kernel_channel_forget(struct sg_datapath *dp, struct kernel_channel *c)
{
	struct kernel_channel **at = &dp->peers[c->peer].channels;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	sg_map_del(&dp->by_channel, c->id);
	free(c);
}

static void path_of(const struct sg_path *from, uint32_t generation,
		    struct sg_kmod_path *to)
{
	memset(to, 0, sizeof(*to));
	to->remote = from->remote;
	to->local = from->local;
	to->tx_label = from->tx_label;
	memcpy(to->tx_hop_key, from->tx_hop_key, sizeof(to->tx_hop_key));
	to->generation = generation;
}

static int make(struct sg_datapath *dp, uint32_t id, uint32_t peer,
		uint32_t rx_label, const uint8_t *rx_hop_key,
		const struct sg_path *path, uint8_t tx_lanes)
{
	const struct sg_kmod_label label = { .label = rx_label,
					     .channel = id,
					     .expiry_ms = SG_KMOD_NEVER };
	struct sg_kmod_channel_new new = { .id = id,
					   .peer = dp->peers[peer].id,
					   .tx_lanes = tx_lanes,
					   .rx_lanes =
						   (uint8_t)dp->cfg.rx_lanes };
	struct sg_kmod_path kpath;
	int err;

	if (!new.rx_lanes || new.rx_lanes > SIGNET_LANES)
		new.rx_lanes = SIGNET_LANES;
	if (path && path->remote.sa.sa_family) {
		path_of(path, 0, &kpath);
		new.path = &kpath;
	}
	err = sg_kmod_channel_new(dp->km, dp->ifindex, &new);
	sodium_memzero(&kpath, sizeof(kpath));
	if (err)
		return err;
	err = sg_kmod_label_new(dp->km, dp->ifindex, &label, rx_hop_key, false);
	if (err)
		sg_kmod_channel_del(dp->km, dp->ifindex, id);
	return err;
}

int kernel_channel_add(struct sg_datapath *dp, uint32_t peer, uint32_t rx_label,
		       const uint8_t rx_hop_key[SIGNET_HOP_KEY_LEN],
		       const struct sg_path *path, uint8_t tx_lanes,
		       uint32_t *channel)
{
	struct kernel_peer *p = kernel_peer_get(dp, peer);
	struct kernel_channel *c;
	int err;

	if (!p)
		return -ENOENT;
	if (!rx_label || !tx_lanes || tx_lanes > SIGNET_LANES)
		return -EINVAL;
	if (dp->left)
		return -ESHUTDOWN;
	err = kernel_peer_make(dp, peer);
	if (err)
		return err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->id = dp->next_channel;
	c->peer = peer;
	err = sg_map_put(&dp->by_channel, c->id, c);
	if (err) {
		free(c);
		return err;
	}
	c->next = p->channels;
	p->channels = c;
	err = make(dp, c->id, peer, rx_label, rx_hop_key, path, tx_lanes);
	if (err) {
		kernel_channel_forget(dp, c);
		return err;
	}
	dp->next_channel++;
	*channel = c->id;
	return 0;
}

void kernel_channel_del(struct sg_datapath *dp, uint32_t channel)
{
	struct kernel_channel *c = kernel_channel_get(dp, channel);

	if (!c)
		return;
	if (!dp->left)
		sg_kmod_channel_del(dp->km, dp->ifindex, c->id);
	kernel_channel_forget(dp, c);
}

int kernel_channel_path(struct sg_datapath *dp, uint32_t channel,
			const struct sg_path *path)
{
	struct kernel_channel *c = kernel_channel_get(dp, channel);
	struct sg_kmod_path kpath;
	int err;

	if (!c)
		return -ENOENT;
	if (dp->left)
		return 0;
	path_of(path, c->generation + 1, &kpath);
	err = sg_kmod_channel_path(dp->km, dp->ifindex, channel, &kpath);
	sodium_memzero(&kpath, sizeof(kpath));
	if (!err)
		c->generation++;
	return err;
}

int kernel_channel_select(struct sg_datapath *dp, uint32_t channel)
{
	struct kernel_channel *c = kernel_channel_get(dp, channel);
	int err;

	if (!c)
		return -ENOENT;
	if (dp->left)
		return 0;
	err = sg_kmod_peer_select(dp->km, dp->ifindex, dp->peers[c->peer].id,
				  channel);
	if (!err)
		kernel_left_replaced(dp, dp->peers[c->peer].id);
	return err;
}

void kernel_channel_takes_over(struct sg_datapath *dp, uint32_t channel)
{
	if (!kernel_channel_get(dp, channel) || dp->left || dp->no_take_over)
		return;
	if (sg_kmod_channel_take_over(dp->km, dp->ifindex, channel) != -EINVAL)
		return;
	dp->no_take_over = true;
	sg_log(SG_LOG_INFO,
	       "signet.ko %s is too old to answer at once on the new channel "
	       "of a peer that has lost its old one: a packet may be lost then",
	       dp->module.version);
}

int kernel_keepalive(struct sg_datapath *dp, uint32_t channel)
{
	if (!kernel_channel_get(dp, channel))
		return -ENOENT;
	if (dp->left)
		return 0;
	return sg_kmod_channel_keepalive(dp->km, dp->ifindex, channel);
}

void kernel_watch(struct sg_datapath *dp, uint32_t channel)
{
	struct kernel_channel *c = kernel_channel_get(dp, channel);

	if (c && !dp->left &&
	    !sg_kmod_channel_watch(dp->km, dp->ifindex, channel))
		c->watched = true;
}

static void take_counters(struct sg_dp_channel_stats *st,
			  const struct sg_kmod_counters *c)
{
	st->rx_packets = c->rx_packets;
	st->rx_bytes = c->rx_bytes;
	st->tx_packets = c->tx_packets;
	st->tx_bytes = c->tx_bytes;
	st->rx_last_ns = c->rx_last;
	st->tx_last_ns = c->tx_last;
	st->aead_failures = c->aead_failures;
}

static int keep_stats(void *ctx, const struct sg_kmod_channel *o)
{
	struct kernel_channel *c = o ? kernel_channel_get(ctx, o->id) : NULL;

	if (c)
		take_counters(&c->stats, &o->counters);
	return 0;
}

/* Who asks for one after the other, as metrics do, gets them from one dump. */
static bool from_dump(struct sg_datapath *dp)
{
	uint64_t now = sg_now();

	if (now - dp->burst_ns > BURST_NS) {
		dp->burst_ns = now;
		dp->burst = 0;
	}
	if (++dp->burst < BURST)
		return false;
	return dp->burst > BURST ||
	       !sg_kmod_channel_dump(dp->km, dp->ifindex, keep_stats, dp);
}

int kernel_channel_stats(struct sg_datapath *dp, uint32_t channel,
			 struct sg_dp_channel_stats *st)
{
	struct kernel_channel *c = kernel_channel_get(dp, channel);
	struct sg_kmod_channel k;
	int err;

	memset(st, 0, sizeof(*st));
	if (!c)
		return -ENOENT;
	if (from_dump(dp)) {
		*st = c->stats;
		return 0;
	}
	err = sg_kmod_channel_get(dp->km, dp->ifindex, channel, &k);
	if (!err)
		take_counters(st, &k.counters);
	return err;
}
