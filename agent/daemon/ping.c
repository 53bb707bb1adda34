// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Round trips through the sealed channel, for `signet ping` and `why`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/peer.h"

#define WAIT_CHANNEL (5 * SIGNET_SECOND)
#define WAIT_PONG    (2 * SIGNET_SECOND)

struct sg_ping {
	struct sg_ping *next;
	struct sg_peer *peer;
	struct sg_timer timer;
	uint8_t id[SIGNET_PING_ID_LEN];
	uint32_t seq;
	size_t padding;
	uint64_t sent; /* 0: waits for a channel */
	sg_ping_fn fn;
	void *ctx;
};

static void unlink_ping(struct sg_ping *g)
{
	struct sg_ping **at = &g->peer->pings;

	while (*at && *at != g)
		at = &(*at)->next;
	if (*at)
		*at = g->next;
	sg_timer_cancel(g->peer->node->loop, &g->timer);
}

static void finish(struct sg_ping *g, bool lost)
{
	uint64_t rtt = lost ? 0 : sg_now() - g->sent;

	unlink_ping(g);
	g->fn(g->ctx, g->seq, lost, rtt);
	free(g);
}

static void expired(void *ctx)
{
	finish(ctx, true);
}

static void transmit(struct sg_ping *g)
{
	struct sg_peer *p = g->peer;

	g->sent = sg_now();
	if (signet_session_ping(&p->session, g->id, g->padding, g->sent)) {
		g->sent = 0;
		return;
	}
	sg_timer_set(p->node->loop, &g->timer, g->sent + WAIT_PONG);
}

int sg_ping_start(struct sg_peer *p, uint32_t seq, size_t padding,
		  sg_ping_fn fn, void *ctx, struct sg_ping **out)
{
	struct signet_channel *c = signet_session_current(&p->session);
	struct sg_ping *g;
	int n = 0;

	if (padding >
	    SIGNET_RECORDS_MAX - SIGNET_RECORD_HDR_LEN - SIGNET_PING_ID_LEN)
		return -EMSGSIZE;
	for (g = p->pings; g; g = g->next)
		if (++n >= SG_PEER_PINGS_MAX)
			return -EBUSY;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->peer = p;
	g->seq = seq;
	g->padding = padding;
	g->fn = fn;
	g->ctx = ctx;
	g->timer.fn = expired;
	g->timer.ctx = g;
	randombytes_buf(g->id, sizeof(g->id));
	g->next = p->pings;
	p->pings = g;
	sg_timer_set(p->node->loop, &g->timer, sg_now() + WAIT_CHANNEL);
	if (c && c->verified)
		transmit(g);
	if (!g->sent)
		sg_peer_connect(p);
	*out = g;
	return 0;
}

void sg_ping_cancel(struct sg_ping *g)
{
	unlink_ping(g);
	free(g);
}

void sg_ping_pong(struct sg_peer *p, const uint8_t *body, size_t len)
{
	for (struct sg_ping *g = p->pings; g; g = g->next) {
		if (g->sent && len >= sizeof(g->id) &&
		    !sodium_memcmp(g->id, body, sizeof(g->id))) {
			finish(g, false);
			return;
		}
	}
}

/* Called from inside the session: send from the loop, not from here. */
static void send_later(void *ctx)
{
	struct sg_ping *g = ctx;

	g->timer.fn = expired;
	transmit(g);
	if (!g->sent)
		finish(g, true);
}

void sg_ping_up(struct sg_peer *p)
{
	for (struct sg_ping *g = p->pings; g; g = g->next) {
		if (g->sent)
			continue;
		g->timer.fn = send_later;
		sg_timer_set(p->node->loop, &g->timer, sg_now());
	}
}

void sg_ping_lost(struct sg_peer *p)
{
	while (p->pings)
		finish(p->pings, true);
}
