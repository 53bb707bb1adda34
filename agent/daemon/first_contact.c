// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Handshakes of pattern XX, where the initiator knows our identity but not our
 * static key, and we know nothing of it until its third frame.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/incoming.h"
#include "daemon/peer.h"

#define HALF_OPEN_LIFE (5 * SIGNET_SECOND)
/* Counters of sites; those that share one are taken for one. */
#define SITES	       1024

static void destroy(struct sg_node *n, struct sg_half_open *h, bool label)
{
	struct sg_half_open **at = &n->half_open;

	while (*at && *at != h)
		at = &(*at)->next;
	if (*at)
		*at = h->next;
	n->n_half_open--;
	if (label)
		sg_label_free(&n->labels, h->hs.rx_label, sg_now());
	signet_handshake_wipe(&h->hs);
	free(h);
}

static void expire(void *ctx)
{
	struct sg_node *n = ctx;
	struct sg_half_open *h = n->half_open, *next;
	uint64_t now = sg_now();

	for (; h; h = next) {
		next = h->next;
		if (h->until <= now)
			destroy(n, h, true);
	}
	if (n->half_open)
		sg_timer_set(n->loop, &n->half_open_timer, now + SIGNET_SECOND);
}

void sg_first_contact_destroy(struct sg_node *n)
{
	while (n->half_open)
		destroy(n, n->half_open, true);
	sg_timer_cancel(n->loop, &n->half_open_timer);
}

/* The oldest from the site that has most: the list begins with the newest. */
static struct sg_half_open *oldest_of_loudest(const struct sg_node *n)
{
	uint32_t count[SITES] = { 0 }, most = 0;
	struct sg_half_open *h, *found = NULL;

	for (h = n->half_open; h; h = h->next)
		count[h->site % SITES]++;
	for (h = n->half_open; h; h = h->next) {
		if (count[h->site % SITES] < most)
			continue;
		most = count[h->site % SITES];
		found = h;
	}
	return found;
}

static void make_room(struct sg_node *n)
{
	while (n->n_half_open >= n->config->limits.max_pending) {
		destroy(n, oldest_of_loudest(n), true);
		sg_drop(n, SIGNET_DROP_QUEUE_FULL);
	}
}

int sg_first_contact_init(struct sg_node *n, const uint8_t *frame, size_t len,
			  const union sg_addr *from, const union sg_addr *to)
{
	uint8_t out[SIGNET_HANDSHAKE_MAX], ephemeral[32];
	struct sg_half_open *h;
	struct sg_source src;
	int drop = SIGNET_DROP_NO_MEMORY;
	uint32_t label;
	size_t n_out;

	make_room(n);
	h = calloc(1, sizeof(*h));
	if (!h)
		return SIGNET_DROP_NO_MEMORY;
	h->owner.kind = SG_LABEL_HALF_OPEN;
	h->until = sg_now() + HALF_OPEN_LIFE;
	sg_admission_source(&n->admission, from, true, &src);
	h->site = src.site;
	h->next = n->half_open;
	n->half_open = h;
	n->n_half_open++;
	drop = signet_handshake_read_init(&h->hs, &n->local, &n->local.ident.id,
					  NULL, frame, len, sg_node_wall());
	if (drop)
		goto cleanup;
	drop = SIGNET_DROP_NO_MEMORY;
	label = sg_label_new(&n->labels, &h->owner, sg_now());
	if (!label)
		goto cleanup;
	randombytes_buf(ephemeral, sizeof(ephemeral));
	drop = signet_handshake_respond(&h->hs, &n->local, label, ephemeral,
					out, &n_out)
		       ? SIGNET_DROP_HANDSHAKE
		       : 0;
	sodium_memzero(ephemeral, sizeof(ephemeral));
	h->hs.rx_label = label;
	if (drop)
		goto cleanup;
	n->half_open_timer.fn = expire;
	n->half_open_timer.ctx = n;
	/* Set once: those who come later must not put it off. */
	if (!n->half_open_timer.slot)
		sg_timer_set(n->loop, &n->half_open_timer, h->until);
	n->dp_ops->send(n->dp, from, to, out, n_out);
	return 0;
cleanup:
	destroy(n, h, true);
	return drop;
}

int sg_first_contact_finish(struct sg_node *n, struct sg_half_open *h,
			    const uint8_t *frame, size_t len,
			    const union sg_addr *from, const union sg_addr *to)
{
	struct signet_endpoint ep;
	struct signet_id id;
	struct sg_peer *p;
	bool proved;
	int drop;

	drop = signet_handshake_read_finish(&h->hs, &n->local, frame, len,
					    sg_node_wall());
	if (drop == SIGNET_DROP_HANDSHAKE || drop == SIGNET_DROP_MAC1 ||
	    drop == SIGNET_DROP_STATE)
		return drop;
	id = h->hs.remote.att.id;
	proved = sg_incoming_proved(&h->hs, drop);
	p = drop ? NULL : sg_peer_by_id(n, &id);
	if (!drop && !p)
		drop = SIGNET_DROP_STRANGER;
	if (!drop && sg_label_move(&n->labels, h->hs.rx_label, &p->owner))
		drop = SIGNET_DROP_NO_MEMORY;
	if (drop) {
		destroy(n, h, true);
		sg_event_refused(n, proved ? &id : NULL, from, drop);
		return drop;
	}
	sg_endpoint_set(&ep, from, to);
	drop = signet_session_accept_finished(&p->session, &h->hs, &ep,
					      sg_now(), sg_node_wall());
	sg_peer_rearm(p);
	/* The label is the session's, or freed by it. */
	destroy(n, h, false);
	if (drop)
		sg_event_refused(n, proved ? &id : NULL, from, drop);
	return drop;
}
