// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What an earlier agent left in the kernel when it ended without taking the
 * device along. Its channels go on carrying packets until their keys end or
 * a new channel has taken over, since their keys are nowhere but in the
 * kernel. Peers are known again by their overlay address, which follows from
 * the identity and is the first of their prefixes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/kernel.h"

#define SWEEP_NS   (5 * KERNEL_SECOND)
/* Between the handshakes of two peers, so that they do not come at once. */
#define WAKE_PAUSE (KERNEL_SECOND / 500)

/* Make room for one more element; the array grows by powers of two. */
static int grow(void *array, size_t n, size_t size)
{
	void **p = array, *bigger;

	if (n & (n - 1))
		return 0;
	bigger = reallocarray(*p, n ? 2 * n : 1, size);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	return 0;
}

static void free_peers(struct kernel_left *l)
{
	for (size_t i = 0; i < l->n_peers; i++)
		free(l->peers[i].prefixes);
	free(l->peers);
	l->peers = NULL;
	l->n_peers = 0;
}

static int add_prefixes(struct kernel_left_peer *p, const struct sg_prefix *x,
			size_t n)
{
	struct sg_prefix *more;

	if (!n)
		return 0;
	more = reallocarray(p->prefixes, p->n_prefixes + n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	memcpy(more + p->n_prefixes, x, n * sizeof(*more));
	p->prefixes = more;
	p->n_prefixes += n;
	return 0;
}

/* One peer may come in several parts, one after the other. */
static int on_peer(void *ctx, const struct sg_kmod_peer *o)
{
	struct sg_datapath *dp = ctx;
	struct kernel_left *l = &dp->leftover;
	struct kernel_left_peer *p;

	if (!o) {
		free_peers(l);
		return 0;
	}
	if (o->id >= dp->next_peer)
		dp->next_peer = o->id + 1;
	if (l->n_peers && l->peers[l->n_peers - 1].id == o->id)
		return add_prefixes(&l->peers[l->n_peers - 1], o->prefix,
				    o->n_prefixes);
	if (grow(&l->peers, l->n_peers, sizeof(*l->peers)))
		return -ENOMEM;
	p = &l->peers[l->n_peers++];
	memset(p, 0, sizeof(*p));
	p->id = o->id;
	return add_prefixes(p, o->prefix, o->n_prefixes);
}

static int on_channel(void *ctx, const struct sg_kmod_channel *o)
{
	struct sg_datapath *dp = ctx;
	struct kernel_left *l = &dp->leftover;

	if (!o) {
		free(l->channels);
		l->channels = NULL;
		l->n_channels = 0;
		return 0;
	}
	if (o->id >= dp->next_channel)
		dp->next_channel = o->id + 1;
	if (grow(&l->channels, l->n_channels, sizeof(*l->channels)))
		return -ENOMEM;
	l->channels[l->n_channels++] = (struct kernel_left_channel){
		.id = o->id,
		.peer = o->peer,
		.until = sg_now() + KERNEL_LEFT_NS,
	};
	return 0;
}

static void remove_channel(struct sg_datapath *dp, size_t i)
{
	struct kernel_left *l = &dp->leftover;

	sg_kmod_channel_del(dp->km, dp->ifindex, l->channels[i].id);
	l->channels[i] = l->channels[--l->n_channels];
}

static void sweep(void *ctx)
{
	struct sg_datapath *dp = ctx;
	struct kernel_left *l = &dp->leftover;
	uint64_t now = sg_now();

	if (dp->left || dp->is_lost)
		return;
	for (size_t i = l->n_channels; i-- > 0;)
		if (l->channels[i].until <= now)
			remove_channel(dp, i);
	if (l->n_channels)
		sg_timer_set(dp->loop, &l->sweep, now + SWEEP_NS);
}

/* Its peers are not ours to talk to, and ours are to be made known to them. */
static int forget_all(struct sg_datapath *dp)
{
	struct kernel_left *l = &dp->leftover;
	int err = 0;

	sg_log(SG_LOG_INFO,
	       "device %s was left by an agent with another identity: removing "
	       "its %zu peers, %zu channels",
	       dp->ifname, l->n_peers, l->n_channels);
	for (size_t i = 0; !err && i < l->n_peers; i++) {
		err = sg_kmod_peer_del(dp->km, dp->ifindex, l->peers[i].id);
		if (err == -ENOENT)
			err = 0;
	}
	free_peers(l);
	l->n_channels = 0;
	return err;
}

int kernel_left_find(struct sg_datapath *dp, bool ours)
{
	struct kernel_left *l = &dp->leftover;
	int err;

	err = sg_kmod_peer_dump(dp->km, dp->ifindex, on_peer, dp);
	if (!err)
		err = sg_kmod_channel_dump(dp->km, dp->ifindex, on_channel, dp);
	if (err || !l->n_peers)
		return err;
	if (!ours)
		return forget_all(dp);
	sg_log(SG_LOG_INFO,
	       "device %s was left by an earlier agent: %zu peers, %zu "
	       "channels go on until new ones are up",
	       dp->ifname, l->n_peers, l->n_channels);
	l->sweep.fn = sweep;
	l->sweep.ctx = dp;
	return sg_timer_set(dp->loop, &l->sweep, sg_now() + SWEEP_NS);
}

struct kernel_left_peer *kernel_left_peer(struct sg_datapath *dp,
					  const struct sg_prefix *p, size_t n)
{
	struct kernel_left *l = &dp->leftover;

	for (size_t i = 0; i < l->n_peers; i++) {
		struct kernel_left_peer *left = &l->peers[i];

		for (size_t j = 0; !left->adopted && j < left->n_prefixes; j++)
			for (size_t k = 0; k < n; k++)
				if (sg_prefix_equal(&left->prefixes[j], &p[k]))
					return left;
	}
	return NULL;
}

static bool has_channel(const struct kernel_left *l, uint32_t peer)
{
	for (size_t i = 0; i < l->n_channels; i++)
		if (l->channels[i].peer == peer)
			return true;
	return false;
}

/* The keys of what was left can't be renewed: handshake anew. */
static void wake(void *ctx)
{
	struct sg_datapath *dp = ctx;
	struct kernel_left *l = &dp->leftover;

	while (!dp->left && l->next < l->n_peers) {
		const struct kernel_left_peer *p = &l->peers[l->next++];

		if (!p->adopted || !has_channel(l, p->id) ||
		    !kernel_peer_get(dp, p->number))
			continue;
		dp->ev.channel_wanted(dp->ctx, p->number);
		sg_timer_set(dp->loop, &l->wake, sg_now() + WAKE_PAUSE);
		return;
	}
	free_peers(l);
}

void kernel_left_attached(struct sg_datapath *dp)
{
	struct kernel_left *l = &dp->leftover;

	for (size_t i = 0; i < l->n_peers; i++)
		if (!l->peers[i].adopted)
			sg_kmod_peer_del(dp->km, dp->ifindex, l->peers[i].id);
	if (!l->n_peers)
		return;
	l->wake.fn = wake;
	l->wake.ctx = dp;
	sg_timer_set(dp->loop, &l->wake, sg_now());
}

/* Frames that the peer sent on the old one may still be under way. */
void kernel_left_replaced(struct sg_datapath *dp, uint32_t peer)
{
	struct kernel_left *l = &dp->leftover;
	uint64_t until = sg_now() + KERNEL_AFTER_NS;

	for (size_t i = 0; i < l->n_channels; i++)
		if (l->channels[i].peer == peer && l->channels[i].until > until)
			l->channels[i].until = until;
}

void kernel_left_free(struct sg_datapath *dp)
{
	struct kernel_left *l = &dp->leftover;

	sg_timer_cancel(dp->loop, &l->sweep);
	sg_timer_cancel(dp->loop, &l->wake);
	free_peers(l);
	free(l->channels);
}
