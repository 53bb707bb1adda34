/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The module's netlink client over a table in memory: what the data path asks
 * of the kernel is written down, and the test says what the kernel answers and
 * tells. It stands in the place of agent/common/kmod*.c when a test is linked.
 */
#ifndef KMOD_TABLE_H
#define KMOD_TABLE_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/kmod.h"

#define TABLE_MAX 16

struct table_channel {
	bool used;
	struct sg_kmod_channel k;
	uint32_t label;
	uint64_t label_expiry;
};

struct table_peer {
	bool used;
	uint32_t id, tx_channel;
	struct sg_prefix prefix[TABLE_MAX];
	size_t n;
};

static struct table {
	struct sg_kmod_module module;
	bool device; /* there is one, of our kind */
	bool other;  /* there is one, of another kind */
	struct sg_kmod_dev dev;
	struct table_peer peer[TABLE_MAX];
	struct table_channel channel[TABLE_MAX];
	struct sg_kmod_key_new key[TABLE_MAX];
	uint32_t key_frames[TABLE_MAX]; /* opened or sealed */
	size_t n_keys;
	int label_error, take_over_error;
	struct sg_kmod_event event[TABLE_MAX];
	size_t n_events;
	int event_error; /* once, before the events */
	int event_fd;
	bool metadata; /* of the link */
	unsigned int link_dels, peer_dels, channel_dels, channel_gets, dumps,
		take_overs;
} table;

static struct table_peer *table_peer(uint32_t id)
{
	for (int i = 0; i < TABLE_MAX; i++)
		if (table.peer[i].used && table.peer[i].id == id)
			return &table.peer[i];
	return NULL;
}

static struct table_channel *table_channel(uint32_t id)
{
	for (int i = 0; i < TABLE_MAX; i++)
		if (table.channel[i].used && table.channel[i].k.id == id)
			return &table.channel[i];
	return NULL;
}

/* Tell the data path. */
static inline void table_event(const struct sg_kmod_event *e)
{
	uint64_t one = 1;

	table.event[table.n_events++] = *e;
	if (write(table.event_fd, &one, sizeof(one)) < 0)
		table.n_events--;
}

int sg_kmod_open(struct sg_kmod **km, bool autoload)
{
	*km = (struct sg_kmod *)&table;
	return 0;
}

void sg_kmod_close(struct sg_kmod *km)
{
}

const char *sg_kmod_error(const struct sg_kmod *km)
{
	return "";
}

int sg_kmod_module_get(struct sg_kmod *km, struct sg_kmod_module *m)
{
	*m = table.module;
	return 0;
}

int sg_kmod_link_add(struct sg_kmod *km, const char *ifname,
		     const struct sg_kmod_link *link, uint32_t *ifindex)
{
	table.device = true;
	*ifindex = table.dev.ifindex;
	return 0;
}

int sg_kmod_link_get(struct sg_kmod *km, uint32_t ifindex,
		     struct sg_kmod_link *link)
{
	memset(link, 0, sizeof(*link));
	return table.other ? -EINVAL : table.device ? 0 : -ENODEV;
}

int sg_kmod_link_set(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_link *link)
{
	if (link->set & SG_KMOD_LINK_METADATA)
		table.metadata = link->metadata;
	return 0;
}

int sg_kmod_link_del(struct sg_kmod *km, uint32_t ifindex)
{
	table.link_dels++;
	return 0;
}

int sg_kmod_dev_get(struct sg_kmod *km, uint32_t ifindex,
		    struct sg_kmod_dev *dev)
{
	*dev = table.dev;
	return 0;
}

int sg_kmod_dev_set(struct sg_kmod *km, uint32_t ifindex,
		    const struct sg_kmod_dev_set *set)
{
	if (set->set & SG_KMOD_DEV_PEERS)
		table.dev.limits.peers = set->limits.peers;
	if (set->set & SG_KMOD_DEV_CHANNELS)
		table.dev.limits.channels = set->limits.channels;
	if (set->set & SG_KMOD_DEV_OWNER)
		memcpy(table.dev.owner, set->owner, sizeof(set->owner));
	return 0;
}

int sg_kmod_peer_new(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_peer_set *peer, bool replace)
{
	if (table_peer(peer->id))
		return -EEXIST;
	for (int i = 0; i < TABLE_MAX; i++)
		if (!table.peer[i].used) {
			table.peer[i] = (struct table_peer){ .used = true,
							     .id = peer->id };
			return 0;
		}
	return -ENOSPC;
}

static struct table_peer *owner_of(const struct sg_prefix *p)
{
	for (int i = 0; i < TABLE_MAX; i++)
		for (size_t j = 0; table.peer[i].used && j < table.peer[i].n;
		     j++)
			if (sg_prefix_equal(&table.peer[i].prefix[j], p))
				return &table.peer[i];
	return NULL;
}

static void take_from(struct table_peer *p, const struct sg_prefix *x)
{
	for (size_t j = 0; j < p->n; j++)
		if (sg_prefix_equal(&p->prefix[j], x))
			p->prefix[j--] = p->prefix[--p->n];
}

int sg_kmod_peer_set(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_peer_set *set)
{
	struct table_peer *p = table_peer(set->id), *owner;

	if (!p)
		return -ENOENT;
	for (size_t i = 0; i < set->n_prefixes; i++) {
		owner = owner_of(&set->prefix[i].prefix);
		if (owner && owner != p && !set->prefix[i].move)
			return -EEXIST;
	}
	if (set->set & SG_KMOD_PEER_REPLACE_PREFIXES)
		p->n = 0;
	for (size_t i = 0; i < set->n_prefixes; i++) {
		owner = owner_of(&set->prefix[i].prefix);
		if (owner)
			take_from(owner, &set->prefix[i].prefix);
		p->prefix[p->n++] = set->prefix[i].prefix;
	}
	return 0;
}

int sg_kmod_peer_prefixes(struct sg_kmod *km, uint32_t ifindex, uint32_t peer,
			  const struct sg_prefix *p, size_t n)
{
	struct sg_kmod_prefix list[TABLE_MAX] = { 0 };
	const struct sg_kmod_peer_set set = {
		.id = peer,
		.set = SG_KMOD_PEER_REPLACE_PREFIXES,
		.prefix = list,
		.n_prefixes = n,
	};

	for (size_t i = 0; i < n; i++)
		list[i].prefix = p[i];
	return sg_kmod_peer_set(km, ifindex, &set);
}

int sg_kmod_peer_select(struct sg_kmod *km, uint32_t ifindex, uint32_t peer,
			uint32_t channel)
{
	struct table_peer *p = table_peer(peer);

	if (!p || !table_channel(channel))
		return -ENOENT;
	p->tx_channel = channel;
	return 0;
}

int sg_kmod_peer_del(struct sg_kmod *km, uint32_t ifindex, uint32_t peer)
{
	struct table_peer *p = table_peer(peer);

	if (!p)
		return -ENOENT;
	p->used = false;
	for (int i = 0; i < TABLE_MAX; i++)
		if (table.channel[i].k.peer == peer)
			table.channel[i].used = false;
	table.peer_dels++;
	return 0;
}

int sg_kmod_peer_dump(struct sg_kmod *km, uint32_t ifindex, sg_kmod_peer_fn fn,
		      void *ctx)
{
	int r = fn(ctx, NULL);

	for (int i = 0; !r && i < TABLE_MAX; i++) {
		struct sg_kmod_peer o = { .id = table.peer[i].id,
					  .prefix = table.peer[i].prefix,
					  .n_prefixes = table.peer[i].n };

		if (table.peer[i].used)
			r = fn(ctx, &o);
	}
	return r;
}

int sg_kmod_channel_new(struct sg_kmod *km, uint32_t ifindex,
			const struct sg_kmod_channel_new *ch)
{
	if (table_channel(ch->id))
		return -EEXIST;
	for (int i = 0; i < TABLE_MAX; i++) {
		struct table_channel *c = &table.channel[i];

		if (c->used)
			continue;
		memset(c, 0, sizeof(*c));
		c->used = true;
		c->k.id = ch->id;
		c->k.peer = ch->peer;
		c->k.tx_lanes = ch->tx_lanes;
		c->k.rx_lanes = ch->rx_lanes;
		return 0;
	}
	return -ENOSPC;
}

int sg_kmod_channel_path(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
			 const struct sg_kmod_path *path)
{
	struct table_channel *c = table_channel(channel);

	if (c)
		c->k.path = *path;
	return c ? 0 : -ENOENT;
}

int sg_kmod_channel_watch(struct sg_kmod *km, uint32_t ifindex,
			  uint32_t channel)
{
	struct table_channel *c = table_channel(channel);

	if (c)
		c->k.watched = true;
	return c ? 0 : -ENOENT;
}

int sg_kmod_channel_take_over(struct sg_kmod *km, uint32_t ifindex,
			      uint32_t channel)
{
	struct table_channel *c = table_channel(channel);

	table.take_overs++;
	if (table.take_over_error)
		return table.take_over_error;
	if (c)
		c->k.takes_over = true;
	return c ? 0 : -ENOENT;
}

int sg_kmod_channel_keepalive(struct sg_kmod *km, uint32_t ifindex,
			      uint32_t channel)
{
	return table_channel(channel) ? 0 : -ENOENT;
}

int sg_kmod_channel_del(struct sg_kmod *km, uint32_t ifindex, uint32_t channel)
{
	struct table_channel *c = table_channel(channel);

	if (!c)
		return -ENOENT;
	c->used = false;
	table.channel_dels++;
	return 0;
}

int sg_kmod_channel_get(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
			struct sg_kmod_channel *ch)
{
	struct table_channel *c = table_channel(channel);

	table.channel_gets++;
	if (c)
		*ch = c->k;
	return c ? 0 : -ENOENT;
}

int sg_kmod_channel_dump(struct sg_kmod *km, uint32_t ifindex,
			 sg_kmod_channel_fn fn, void *ctx)
{
	int r = fn(ctx, NULL);

	table.dumps++;
	for (int i = 0; !r && i < TABLE_MAX; i++)
		if (table.channel[i].used)
			r = fn(ctx, &table.channel[i].k);
	return r;
}

int sg_kmod_label_new(struct sg_kmod *km, uint32_t ifindex,
		      const struct sg_kmod_label *label,
		      const uint8_t hop_key[SIGNET_HOP_KEY_LEN], bool replace)
{
	struct table_channel *c = table_channel(label->channel);

	if (table.label_error || !c)
		return table.label_error ? table.label_error : -ENOENT;
	c->label = label->label;
	c->label_expiry = label->expiry_ms;
	return 0;
}

int sg_kmod_key_new(struct sg_kmod *km, uint32_t ifindex,
		    const struct sg_kmod_key_new *key)
{
	table.key[table.n_keys++] = *key;
	return 0;
}

int sg_kmod_key_swap(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		     uint8_t key_id)
{
	return 0;
}

int sg_kmod_key_del(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		    uint8_t key_id, int direction)
{
	return 0;
}

int sg_kmod_key_dump(struct sg_kmod *km, uint32_t ifindex, sg_kmod_key_fn fn,
		     void *ctx)
{
	int r = fn(ctx, NULL);

	for (size_t i = 0; !r && i < table.n_keys; i++) {
		struct sg_kmod_key o = { .channel = table.key[i].channel,
					 .key_id = table.key[i].key_id,
					 .tx = table.key[i].tx };

		o.lanes = table.key_frames[i] ? 1 : 0;
		o.frames[0] = table.key_frames[i];
		r = fn(ctx, &o);
	}
	return r;
}

int sg_kmod_stats_get(struct sg_kmod *km, uint32_t ifindex,
		      const uint32_t *peer, struct sg_kmod_stats *st)
{
	memset(st, 0, sizeof(*st));
	st->drops[SIGNET_DROP_LABEL] = 2;
	return 0;
}

/* The second time is the one that counts. */
int sg_kmod_stats_dump(struct sg_kmod *km, uint32_t ifindex,
		       sg_kmod_stats_fn fn, void *ctx)
{
	struct sg_kmod_stats st = { .has_peer = true };

	st.drops[SIGNET_DROP_REPLAY] = 3;
	fn(ctx, NULL);
	fn(ctx, &st);
	fn(ctx, NULL);
	fn(ctx, &st);
	return 0;
}

int sg_kmod_events_open(struct sg_kmod_events **ev)
{
	*ev = (struct sg_kmod_events *)&table;
	table.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return 0;
}

void sg_kmod_events_close(struct sg_kmod_events *ev)
{
	if (ev)
		close(table.event_fd);
}

int sg_kmod_events_fd(const struct sg_kmod_events *ev)
{
	return table.event_fd;
}

int sg_kmod_events_read(struct sg_kmod_events *ev, struct sg_kmod_event *e)
{
	int err = table.event_error;
	uint64_t n;

	table.event_error = 0;
	if (err)
		return err;
	if (!table.n_events) {
		if (read(table.event_fd, &n, sizeof(n)) < 0)
			return 0;
		return 0;
	}
	*e = table.event[0];
	memmove(table.event, table.event + 1,
		--table.n_events * sizeof(*table.event));
	return 1;
}

#endif
