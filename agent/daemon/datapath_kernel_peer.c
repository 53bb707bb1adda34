// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Peers and their prefixes in the kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/kernel.h"

struct kernel_peer *kernel_peer_get(struct sg_datapath *dp, uint32_t peer)
{
	if (peer >= dp->cfg.max_peers || !dp->peers[peer].used)
		return NULL;
	return &dp->peers[peer];
}

static int remember(struct sg_datapath *dp, uint32_t peer, uint32_t id)
{
	return sg_map_put(&dp->by_peer, id, (void *)((uintptr_t)peer + 1));
}

int kernel_peer_make(struct sg_datapath *dp, uint32_t peer)
{
	struct kernel_peer *p = &dp->peers[peer];
	struct sg_kmod_peer_set set = {
		.set = SG_KMOD_PEER_MARK,
		.mark = dp->cfg.fwmark,
	};
	int err;

	if (p->made)
		return 0;
	set.id = dp->next_peer;
	err = remember(dp, peer, set.id);
	if (err)
		return err;
	err = sg_kmod_peer_new(dp->km, dp->ifindex, &set, false);
	if (err) {
		sg_map_del(&dp->by_peer, set.id);
		return err;
	}
	dp->next_peer++;
	p->id = set.id;
	p->made = true;
	return 0;
}

int kernel_peer_add(struct sg_datapath *dp, uint32_t peer)
{
	int err;

	if (peer >= dp->cfg.max_peers)
		return -EINVAL;
	if (dp->peers[peer].used)
		return -EEXIST;
	memset(&dp->peers[peer], 0, sizeof(dp->peers[peer]));
	/* whose it is, its prefixes tell */
	if (!dp->leftover.n_peers) {
		err = kernel_peer_make(dp, peer);
		if (err)
			return err;
	}
	dp->peers[peer].used = true;
	return 0;
}

void kernel_peer_del(struct sg_datapath *dp, uint32_t peer)
{
	struct kernel_peer *p = kernel_peer_get(dp, peer);

	if (!p)
		return;
	if (p->made) {
		sg_map_del(&dp->by_peer, p->id);
		if (!dp->left)
			sg_kmod_peer_del(dp->km, dp->ifindex, p->id);
	}
	while (p->channels)
		kernel_channel_forget(dp, p->channels);
	memset(p, 0, sizeof(*p));
}

/* The peer that an earlier agent made for it goes on, with its channels. */
static int adopt(struct sg_datapath *dp, uint32_t peer,
		 struct kernel_left_peer *l)
{
	struct kernel_peer *p = &dp->peers[peer];
	const struct sg_kmod_peer_set set = {
		.id = l->id,
		.set = SG_KMOD_PEER_MARK,
		.mark = dp->cfg.fwmark,
	};
	int err = remember(dp, peer, l->id);

	if (err)
		return err;
	err = sg_kmod_peer_set(dp->km, dp->ifindex, &set);
	if (err) {
		sg_map_del(&dp->by_peer, l->id);
		return err;
	}
	p->id = l->id;
	p->made = true;
	l->adopted = true;
	l->number = peer;
	return 0;
}

/* What the peer of an earlier agent has that is not here yet moves over. */
static int set_prefixes(struct sg_datapath *dp, struct kernel_peer *k,
			const struct sg_prefix *p, size_t n)
{
	struct sg_kmod_peer_set set = {
		.id = k->id,
		.set = SG_KMOD_PEER_REPLACE_PREFIXES,
		.n_prefixes = n,
	};
	struct sg_kmod_prefix *list;
	int err;

	if (!dp->leftover.n_peers)
		return sg_kmod_peer_prefixes(dp->km, dp->ifindex, k->id, p, n);
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		list[i].prefix = p[i];
		list[i].move = kernel_left_peer(dp, &p[i], 1);
	}
	set.prefix = list;
	err = sg_kmod_peer_set(dp->km, dp->ifindex, &set);
	free(list);
	return err;
}

int kernel_prefixes_set(struct sg_datapath *dp, uint32_t peer,
			const struct sg_prefix *p, size_t n)
{
	struct kernel_peer *k = kernel_peer_get(dp, peer);
	struct kernel_left_peer *l;
	int err;

	if (!k)
		return -ENOENT;
	if (dp->left)
		return 0;
	/* the overlay address comes first: it is the identity's own */
	l = k->made || !n ? NULL : kernel_left_peer(dp, p, 1);
	err = l ? adopt(dp, peer, l) : kernel_peer_make(dp, peer);
	if (err)
		return err;
	return set_prefixes(dp, k, p, n);
}
