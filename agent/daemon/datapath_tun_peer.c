/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Peers and their prefixes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/datapath_tun.h"

static struct tun_peer *peer_get(struct sg_datapath *dp, uint32_t peer)
{
	if (peer >= dp->cfg.max_peers || !dp->tables.peers[peer].used)
		return NULL;
	return &dp->tables.peers[peer];
}

int tun_peer_add(struct sg_datapath *dp, uint32_t peer)
{
	if (peer >= dp->cfg.max_peers)
		return -EINVAL;
	if (dp->tables.peers[peer].used)
		return -EEXIST;
	tun_write_lock(dp);
	memset(&dp->tables.peers[peer], 0, sizeof(dp->tables.peers[peer]));
	dp->tables.peers[peer].used = true;
	tun_write_unlock(dp);
	return 0;
}

static struct sg_lpm *family_of(struct sg_datapath *dp,
				const struct sg_prefix *p)
{
	return p->family == AF_INET6 ? &dp->tables.v6 : &dp->tables.v4;
}

/* caller holds the write lock */
static void prefixes_remove(struct sg_datapath *dp, struct tun_peer *p)
{
	for (size_t i = 0; i < p->n_prefixes; i++) {
		const struct sg_prefix *x = &p->prefixes[i];

		sg_lpm_remove(family_of(dp, x), x->addr, x->len);
	}
	free(p->prefixes);
	p->prefixes = NULL;
	p->n_prefixes = 0;
}

void tun_peer_del(struct sg_datapath *dp, uint32_t peer)
{
	struct tun_peer *p = peer_get(dp, peer);
	struct tun_channel *c, *next;

	if (!p)
		return;
	tun_write_lock(dp);
	c = p->channels;
	while (p->channels)
		tun_channel_remove(dp, p->channels);
	prefixes_remove(dp, p);
	p->used = false;
	tun_write_unlock(dp);
	for (; c; c = next) {
		next = c->next;
		tun_channel_free(dp, c);
	}
	tun_keep_free(tun_keep_take(dp, p));
}

void tun_peers_clear(struct sg_datapath *dp)
{
	for (uint32_t i = 0; i < dp->cfg.max_peers; i++) {
		if (dp->tables.peers[i].used)
			tun_peer_del(dp, i);
	}
}

static int prefixes_check(struct sg_datapath *dp, uint32_t peer,
			  const struct sg_prefix *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t owner;

		if (p[i].family != AF_INET && p[i].family != AF_INET6)
			return -EAFNOSUPPORT;
		if (p[i].len > (p[i].family == AF_INET ? 32 : 128))
			return -EINVAL;
		owner = sg_lpm_exact(family_of(dp, &p[i]), p[i].addr, p[i].len);
		if (owner != SG_LPM_NONE && owner != peer)
			return -EEXIST;
	}
	return 0;
}

int tun_prefixes_set(struct sg_datapath *dp, uint32_t peer,
		     const struct sg_prefix *p, size_t n)
{
	struct tun_peer *t = peer_get(dp, peer);
	struct sg_prefix *copy = NULL;
	int err;

	if (!t)
		return -ENOENT;
	err = prefixes_check(dp, peer, p, n);
	if (err)
		return err;
	if (n) {
		copy = malloc(n * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, p, n * sizeof(*copy));
	}
	tun_write_lock(dp);
	err = sg_lpm_reserve(&dp->tables.v4, (uint32_t)n);
	if (!err)
		err = sg_lpm_reserve(&dp->tables.v6, (uint32_t)n);
	if (!err) {
		prefixes_remove(dp, t);
		for (size_t i = 0; i < n; i++)
			sg_lpm_insert(family_of(dp, &p[i]), p[i].addr, p[i].len,
				      peer);
		t->prefixes = copy;
		t->n_prefixes = n;
	}
	tun_write_unlock(dp);
	if (err)
		free(copy);
	return err;
}
