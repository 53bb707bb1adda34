// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Is the other side still there? A channel that nobody uses costs nothing: the
 * data path watches it, and only its first packet starts a timer here.
 */
#include "core/session_internal.h"

static void last_used(struct signet_session *s, struct signet_channel *c,
		      uint64_t *rx, uint64_t *tx)
{
	*rx = *tx = 0;
	if (c->env)
		s->env->activity(s->ctx, s, c, rx, tx);
	*rx = max64(*rx, c->rx_last);
	*tx = max64(*tx, c->tx_last);
}

bool session_used_since(struct signet_session *s, struct signet_channel *c,
			uint64_t then)
{
	uint64_t rx, tx;

	last_used(s, c, &rx, &tx);
	return max64(rx, tx) > then || s->timing.keepalive;
}

/*
 * A frame has opened: whoever sent it is alive. On another channel than the
 * current one it says nothing, the peer may know that one no more.
 */
void session_received(struct signet_session *s, const struct signet_channel *c)
{
	if (c != signet_session_current(s))
		return;
	s->probes = 0;
	s->probe_at = NEVER;
}

static void probe(struct signet_session *s, struct signet_channel *c,
		  uint64_t now)
{
	s->probes++;
	s->probe_at = now + s->timing.probe;
	session_probe(s, c, now);
}

/* A channel became the current one; where we began it, it needs a first frame */
void session_liveness_begin(struct signet_session *s, struct signet_channel *c,
			    uint64_t now)
{
	s->probes = 0;
	s->probe_at = NEVER;
	s->watch_at = now + s->timing.silence;
	s->keepalive_at = s->timing.keepalive ? now + s->timing.keepalive
					      : NEVER;
	if (c->initiator)
		probe(s, c, now);
}

void signet_session_active(struct signet_session *s, struct signet_channel *c,
			   uint64_t now)
{
	struct signet_slot *slot;

	if (c != signet_session_current(s))
		return;
	if (s->watch_at == NEVER)
		s->watch_at = now + s->timing.silence;
	/* It was idle when its key was due. */
	slot = session_slot_selected(c);
	if (slot && slot->rekey_at == NEVER)
		session_rekey_start(s, c, now);
}

uint64_t session_liveness_deadline(const struct signet_session *s)
{
	return min64(s->probe_at, min64(s->watch_at, s->keepalive_at));
}

static void watch_tick(struct signet_session *s, struct signet_channel *c,
		       uint64_t now)
{
	uint64_t rx, tx;

	last_used(s, c, &rx, &tx);
	s->watch_at = now + s->timing.silence;
	if (s->probe_at != NEVER)
		return;
	if (tx > rx && now >= rx + s->timing.silence) {
		probe(s, c, now);
	} else if (now >= max64(rx, tx) + s->timing.silence) {
		s->watch_at = NEVER;
		if (c->env)
			s->env->watch(s->ctx, s, c);
	}
}

static void probe_tick(struct signet_session *s, struct signet_channel *c,
		       uint64_t now)
{
	uint64_t rx, tx;

	last_used(s, c, &rx, &tx);
	if (rx + s->probes * s->timing.probe >= now) {
		session_received(s, c);
		return;
	}
	if (s->probes < SIGNET_PROBES) {
		probe(s, c, now);
		return;
	}
	/* Nobody there. Whoever sends again starts a new handshake. */
	session_channel_lost(s, c, SIGNET_CLOSE_DEAD, now);
}

static void keepalive_tick(struct signet_session *s, struct signet_channel *c,
			   uint64_t now)
{
	const uint64_t pause = s->timing.keepalive;
	uint64_t rx, tx, at;

	last_used(s, c, &rx, &tx);
	if (s->probe_at == NEVER && now >= rx + pause)
		probe(s, c, now);
	else if (s->probe_at == NEVER && now >= tx + pause && c->env)
		s->env->keepalive(s->ctx, s, c);
	/* No pause is longer, whenever the last frame was. */
	last_used(s, c, &rx, &tx);
	at = min64(rx, tx) + pause;
	s->keepalive_at = at > now ? at : now + pause;
}

void session_liveness_tick(struct signet_session *s, uint64_t now)
{
	struct signet_channel *c = signet_session_current(s);

	if (!c) {
		s->probe_at = s->watch_at = s->keepalive_at = NEVER;
		return;
	}
	if (now >= s->watch_at)
		watch_tick(s, c, now);
	if (now >= s->keepalive_at)
		keepalive_tick(s, c, now);
	if (now >= s->probe_at)
		probe_tick(s, c, now);
}
