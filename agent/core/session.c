// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Life of a session and of its channels, and its timers. */
#include "core/session_internal.h"

void signet_session_init(struct signet_session *s,
			 const struct signet_local *local,
			 const struct signet_session_env *env, void *ctx,
			 const struct signet_id *remote,
			 const uint8_t *remote_static,
			 const struct signet_timing *timing)
{
	memset(s, 0, sizeof(*s));
	s->env = env;
	s->ctx = ctx;
	s->local = local;
	s->timing = *timing;
	s->remote = *remote;
	s->lower = signet_id_cmp(&local->ident.id, remote) < 0;
	if (remote_static) {
		s->has_static = true;
		s->pinned_static = true;
		memcpy(s->remote_static, remote_static, 32);
	}
	s->out_at = s->out_until = NEVER;
	s->probe_at = s->watch_at = s->keepalive_at = NEVER;
}

void *session_alloc(struct signet_session *s, size_t size)
{
	return s->env->alloc(s->ctx, size);
}

void session_free(struct signet_session *s, void *p, size_t size)
{
	if (!p)
		return;
	sodium_memzero(p, size);
	s->env->free(s->ctx, p, size);
}

/* A random number of nanoseconds below @span. */
uint64_t session_jitter(struct signet_session *s, uint64_t span)
{
	uint64_t r;

	s->env->random(s->ctx, &r, sizeof(r));
	return span ? r % span : 0;
}

bool session_has(const struct signet_session *s, const struct signet_channel *c)
{
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (c && s->ch[i] == c)
			return true;
	return false;
}

struct signet_channel *signet_session_current(const struct signet_session *s)
{
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (s->ch[i] && s->ch[i]->state == SIGNET_CHANNEL_UP)
			return s->ch[i];
	return NULL;
}

/*
 * A data path may send on a channel that waits for confirmation as soon as a
 * frame on it has opened. It was not to be: the current one goes on.
 */
void session_keep_current(struct signet_session *s)
{
	struct signet_channel *cur = signet_session_current(s);

	if (cur && !cur->held && session_slot_selected(cur))
		s->env->channel_select(s->ctx, s, cur);
}

/* Wipe and free a channel and whatever hangs on it. */
void session_channel_free(struct signet_session *s, struct signet_channel *c)
{
	bool was_pending = !c->held && c->state == SIGNET_CHANNEL_PENDING;
	bool known = false;

	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++) {
		if (s->ch[i] == c) {
			s->ch[i] = NULL;
			known = true;
		}
	}
	session_rekey_forget(s, c);
	if (known)
		s->env->channel_gone(s->ctx, s, c);
	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++)
		session_slot_free(s, c, i);
	if (!c->held && c->env)
		s->env->channel_close(s->ctx, s, c);
	session_free(s, c->held, sizeof(*c->held));
	s->env->label_free(s->ctx, c->rx_label);
	session_free(s, c, sizeof(*c));
	if (known && was_pending)
		session_keep_current(s);
}

/* A channel ends. Where it was the current one, begin anew if wanted. */
void session_channel_lost(struct signet_session *s, struct signet_channel *c,
			  enum signet_close why, uint64_t now)
{
	bool current = c->state == SIGNET_CHANNEL_UP;

	session_channel_free(s, c);
	if (current) {
		s->probes = 0;
		s->probe_at = s->watch_at = s->keepalive_at = NEVER;
		s->env->event(s->ctx, s, SIGNET_EVENT_DOWN, why);
	}
	if (!s->wanted || s->out_at != NEVER || signet_session_current(s))
		return;
	if (why == SIGNET_CLOSE_DEAD || why == SIGNET_CLOSE_EXPIRED) {
		session_begin(s, now);
		return;
	}
	/* A peer that closed, or that we refuse, is not pressed at once. */
	session_initiate_end(s);
	s->out_at = now + SIGNET_SECOND;
}

/* Worst first: what to give up when there is no room for a channel. */
static int victim(const struct signet_session *s)
{
	int worst = -1;

	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++) {
		const struct signet_channel *c = s->ch[i];

		if (c->state == SIGNET_CHANNEL_UP)
			continue;
		if (worst < 0 || c->begun < s->ch[worst]->begun)
			worst = i;
	}
	return worst;
}

int session_channel_add(struct signet_session *s, struct signet_channel *c,
			uint64_t now)
{
	int at = -1;

	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (!s->ch[i])
			at = i;
	if (at < 0) {
		at = victim(s);
		session_channel_lost(s, s->ch[at], SIGNET_CLOSE_REPLACED, now);
	}
	s->ch[at] = c;
	return 0;
}

void signet_session_destroy(struct signet_session *s)
{
	s->wanted = false;
	session_initiate_end(s);
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (s->ch[i])
			session_channel_free(s, s->ch[i]);
	session_rekey_forget(s, NULL);
	sodium_memzero(s->cookie, sizeof(s->cookie));
	sodium_memzero(s->challenge, sizeof(s->challenge));
}

void signet_session_close(struct signet_session *s, enum signet_close why,
			  uint64_t now)
{
	uint8_t reason = why;
	bool up = false;

	s->wanted = false;
	session_initiate_end(s);
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++) {
		struct signet_channel *c = s->ch[i];

		if (!c)
			continue;
		if (c->state == SIGNET_CHANNEL_UP) {
			up = true;
			session_send_record(s, c, NULL, SIGNET_RECORD_CLOSE,
					    &reason, 1, now);
		}
		session_channel_free(s, c);
	}
	s->probes = 0;
	s->probe_at = s->watch_at = s->keepalive_at = NEVER;
	if (up)
		s->env->event(s->ctx, s, SIGNET_EVENT_DOWN, why);
}

void signet_session_connect(struct signet_session *s, bool keep, uint64_t now)
{
	struct signet_channel *c = signet_session_current(s);
	struct signet_slot *slot = c ? session_slot_selected(c) : NULL;

	s->wanted |= keep;
	if (s->out_at != NEVER) {
		if (keep)
			s->out_until = NEVER;
		return;
	}
	/* It may have been asked for since the channel came up. */
	if (c && s->timing.keepalive && s->keepalive_at == NEVER)
		s->keepalive_at = now + s->timing.keepalive;
	/* A channel that waits for its peer's history does so for 5 s only. */
	if (slot && now < slot->created + s->timing.seal_limit &&
	    now < c->deadline)
		return;
	session_begin(s, now);
}

void signet_session_renew(struct signet_session *s, uint64_t at)
{
	struct signet_channel *c = signet_session_current(s);

	if (s->out_at != NEVER)
		s->out_at = min64(s->out_at, at);
	else if (c)
		c->renew_at = min64(c->renew_at, at);
}

static uint64_t channel_deadline(const struct signet_session *s,
				 const struct signet_channel *c)
{
	uint64_t at = min64(c->close_at, min64(c->deadline, c->renew_at));
	bool renewing = s->rekey && s->rekey->channel == c;

	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++) {
		const struct signet_slot *slot = c->slot[i];

		if (!slot)
			continue;
		at = min64(at, slot->drain_at);
		at = min64(at, slot->created + s->timing.open_limit);
		if (slot->selected && c->state == SIGNET_CHANNEL_UP &&
		    !renewing)
			at = min64(at, slot->rekey_at);
	}
	return at;
}

uint64_t signet_session_deadline(const struct signet_session *s)
{
	uint64_t at = session_liveness_deadline(s);

	at = min64(at, min64(s->out_at, s->out_until));
	if (s->rekey)
		at = min64(at, s->rekey->at);
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (s->ch[i])
			at = min64(at, channel_deadline(s, s->ch[i]));
	return at;
}

/* Old keys go. Return: whether any is left. */
static bool slots_tick(struct signet_session *s, struct signet_channel *c,
		       uint64_t now)
{
	bool left = false;

	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++) {
		struct signet_slot *slot = c->slot[i];

		if (!slot)
			continue;
		if (now >= slot->drain_at ||
		    now >= slot->created + s->timing.open_limit)
			session_slot_free(s, c, i);
		else
			left = true;
	}
	return left;
}

static void channel_tick(struct signet_session *s, struct signet_channel *c,
			 uint64_t now)
{
	struct signet_slot *slot;

	if (now >= c->close_at) {
		session_channel_lost(s, c, SIGNET_CLOSE_REPLACED, now);
		return;
	}
	if (now >= c->deadline || !slots_tick(s, c, now)) {
		session_channel_lost(s, c, SIGNET_CLOSE_EXPIRED, now);
		return;
	}
	if (now >= c->renew_at) {
		c->renew_at = NEVER;
		if (c->state == SIGNET_CHANNEL_UP)
			session_begin(s, now);
	}
	slot = session_slot_selected(c);
	if (c->state != SIGNET_CHANNEL_UP || !slot || now < slot->rekey_at)
		return;
	/*
	 * An idle channel is not renewed; activity will ask again. Where keys
	 * live shortly that is too little time to call it idle.
	 */
	slot->rekey_at = NEVER;
	if (s->timing.rekey < 4 * s->timing.silence ||
	    session_used_since(s, c, slot->created + s->timing.silence))
		session_rekey_start(s, c, now);
}

void signet_session_tick(struct signet_session *s, uint64_t now)
{
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (s->ch[i])
			channel_tick(s, s->ch[i], now);
	if (s->rekey && now >= s->rekey->at)
		session_rekey_retry(s, now);
	if (now >= s->out_until)
		session_initiate_end(s);
	if (now >= s->out_at)
		session_initiate(s, now);
	session_liveness_tick(s, now);
}

int signet_session_frame(struct signet_session *s, uint8_t *frame, size_t len,
			 const struct signet_endpoint *from, uint64_t now,
			 int64_t wall)
{
	struct signet_frame_info info;
	int drop = signet_frame_parse(frame, len, &info);

	if (drop)
		return drop;
	switch (info.type) {
	case SIGNET_FRAME_RESPONSE:
		return session_response(s, frame, len, from, now, wall);
	case SIGNET_FRAME_COOKIE:
		return session_cookie(s, frame, now);
	case SIGNET_FRAME_MESSAGE:
		return session_message(s, frame, len, from, now);
	default:
		return SIGNET_DROP_TYPE;
	}
}
