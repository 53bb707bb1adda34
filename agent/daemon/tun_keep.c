/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A few packets are kept while a channel to their peer is being opened. */
#include <stdlib.h>
#include <string.h>

#include "daemon/tun.h"

void tun_keep_free(struct tun_kept *k)
{
	while (k) {
		struct tun_kept *next = k->next;

		free(k);
		k = next;
	}
}

/* caller holds keep_lock */
static struct tun_kept *take(struct sg_datapath *dp, struct tun_peer *p)
{
	struct tun_kept *list = p->kept;

	for (struct tun_kept *k = list; k; k = k->next)
		dp->keep_bytes -= (uint32_t)k->len;
	dp->keep_packets -= p->n_kept;
	p->n_kept = 0;
	p->kept = NULL;
	p->kept_tail = NULL;
	return list;
}

struct tun_kept *tun_keep_take(struct sg_datapath *dp, struct tun_peer *p)
{
	struct tun_kept *list;

	pthread_mutex_lock(&dp->keep_lock);
	list = take(dp, p);
	pthread_mutex_unlock(&dp->keep_lock);
	return list;
}

static bool keep(struct tun_worker *w, struct tun_peer *p, const uint8_t *buf,
		 size_t len)
{
	struct sg_datapath *dp = w->dp;
	struct tun_kept *k, *stale = NULL;
	uint64_t now = w->now_ns;
	bool kept = false;

	pthread_mutex_lock(&dp->keep_lock);
	/* What has waited too long makes room. */
	if (p->kept && now - p->kept->at_ns > TUN_KEEP_NS)
		stale = take(dp, p);
	if (p->n_kept >= TUN_KEEP_PER_PEER ||
	    dp->keep_packets >= TUN_KEEP_PACKETS ||
	    dp->keep_bytes + len > TUN_KEEP_BYTES)
		goto cleanup;
	k = malloc(sizeof(*k) + len);
	if (!k)
		goto cleanup;
	k->next = NULL;
	k->at_ns = now;
	k->len = len;
	memcpy(k->data, buf, len);
	if (!p->kept_tail)
		p->kept_tail = &p->kept;
	*p->kept_tail = k;
	p->kept_tail = &k->next;
	p->n_kept++;
	dp->keep_packets++;
	dp->keep_bytes += (uint32_t)len;
	kept = true;
cleanup:
	pthread_mutex_unlock(&dp->keep_lock);
	for (k = stale; k; k = k->next)
		tun_drop(w, SIGNET_DROP_NO_CHANNEL, 1);
	tun_keep_free(stale);
	return kept;
}

void tun_want(struct tun_worker *w, uint32_t peer)
{
	struct tun_peer *p = &w->dp->tables.peers[peer];
	uint64_t last = atomic_load(&p->wanted_ns);
	struct sg_queue_entry e = { .type = SG_QUEUE_WANTED, .number = peer };

	if (last && w->now_ns - last < TUN_NSEC)
		return;
	if (atomic_compare_exchange_strong(&p->wanted_ns, &last, w->now_ns) &&
	    !tun_event_push(w, &e))
		atomic_store(&p->wanted_ns, 0);
}

void tun_keep(struct tun_worker *w, uint32_t peer, const uint8_t *buf,
	      size_t len)
{
	if (!keep(w, &w->dp->tables.peers[peer], buf, len))
		tun_drop(w, SIGNET_DROP_NO_CHANNEL, 1);
	tun_want(w, peer);
}
