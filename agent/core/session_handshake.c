// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Handshakes: those that we begin, and those that the other side begins. */
#include "core/session_internal.h"

void session_initiate_end(struct signet_session *s)
{
	if (s->out) {
		if (s->out->rx_label)
			s->env->label_free(s->ctx, s->out->rx_label);
		session_free(s, s->out, sizeof(*s->out));
	}
	s->out = NULL;
	s->out_attempt = 0;
	s->out_at = s->out_until = NEVER;
	s->cookie_taken = false;
}

/* 1, 2, 4, 8, 8 ... seconds, and up to a third more. */
static uint64_t backoff(struct signet_session *s)
{
	unsigned int n = s->out_attempt < 3 ? s->out_attempt : 3;

	return (SIGNET_SECOND << n) + session_jitter(s, SIGNET_SECOND / 3);
}

static int write_init(struct signet_session *s, uint32_t label, uint64_t now,
		      uint8_t *frame, size_t *len)
{
	/* A static key that was learned, not pinned, may have been rotated. */
	bool ik = s->has_static &&
		  (s->pinned_static || s->out_attempt % 4 != 3);
	struct signet_handshake_args args = {
		.pattern = ik ? SIGNET_PATTERN_IK : SIGNET_PATTERN_XX,
		.responder = &s->remote,
		.responder_static = ik ? s->remote_static : NULL,
		.rx_label = label,
		.cookie = s->has_cookie && now < s->cookie_until ? s->cookie
								 : NULL,
	};
	uint8_t ephemeral[32];
	int err;

	err = s->env->number(s->ctx, &args.number);
	if (err)
		return err;
	s->env->random(s->ctx, ephemeral, sizeof(ephemeral));
	args.ephemeral = ephemeral;
	err = signet_handshake_initiate(s->out, s->local, &args, frame, len);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	return err;
}

/* Send an init with a fresh ephemeral and label; the old ones are forgotten. */
static void send_init(struct signet_session *s, uint64_t now)
{
	uint8_t frame[SIGNET_HANDSHAKE_MAX];
	uint32_t label;
	size_t len;

	if (!s->env->endpoint(s->ctx, s, s->out_attempt, &s->out_path))
		return;
	label = s->env->label_new(s->ctx, s);
	if (!label)
		return;
	if (s->out->rx_label)
		s->env->label_free(s->ctx, s->out->rx_label);
	if (write_init(s, label, now, frame, &len)) {
		s->env->label_free(s->ctx, label);
		s->out->rx_label = 0;
		return;
	}
	s->out_begun = now;
	s->counters.inits_sent++;
	s->env->send(s->ctx, s, &s->out_path, frame, len);
}

/* Begin a handshake, or try again. */
void session_initiate(struct signet_session *s, uint64_t now)
{
	if (!s->wanted && s->out_until == NEVER)
		s->out_until = now + INIT_LIFE;
	if (s->out) {
		s->out_attempt++;
	} else {
		s->out = session_alloc(s, sizeof(*s->out));
		s->out_attempt = 0;
	}
	s->cookie_taken = false;
	s->out_at = now + backoff(s);
	if (s->out)
		send_init(s, now);
}

/* Begin a handshake unless one is under way. */
void session_begin(struct signet_session *s, uint64_t now)
{
	if (s->out_at != NEVER)
		return;
	session_initiate_end(s);
	session_initiate(s, now);
}

int session_cookie(struct signet_session *s, const uint8_t *frame, uint64_t now)
{
	/* An init that crossed the other side's is not repeated. */
	if (!s->out || !s->out->rx_label || s->cookie_taken ||
	    s->out_at == NEVER)
		return SIGNET_DROP_STATE;
	if (!signet_cookie_frame_read(frame, s->out->rx_label, s->out->mac1,
				      s->out->mac1_key, s->cookie))
		return SIGNET_DROP_MAC1;
	s->has_cookie = true;
	s->cookie_until = now + COOKIE_LIFE;
	s->cookie_taken = true;
	send_init(s, now);
	return 0;
}

/* What the session knows of its peer, held against what was proved. */
static int check_peer(const struct signet_session *s,
		      const struct signet_proof *p)
{
	bool same = s->has_static &&
		    !sodium_memcmp(s->remote_static, p->static_key, 32);

	if (signet_id_cmp(&p->att.id, &s->remote))
		return SIGNET_DROP_IDENTITY;
	if (s->pinned_static && !same)
		return SIGNET_DROP_IDENTITY;
	/* A claim alone, under a key that we do not know, is worth nothing. */
	if (!p->verified && !same)
		return SIGNET_DROP_IDENTITY;
	if (p->head.length < s->head.length ||
	    (p->head.length == s->head.length &&
	     memcmp(p->head.hash, s->head.hash, 32)))
		return SIGNET_DROP_IDENTITY;
	return 0;
}

static int send_finish(struct signet_session *s, struct signet_handshake *hs,
		       const struct signet_endpoint *to)
{
	uint8_t frame[SIGNET_HANDSHAKE_MAX];
	uint64_t number;
	size_t len;

	if (s->env->number(s->ctx, &number) ||
	    signet_handshake_finish(hs, s->local, number, NULL, 0, frame, &len))
		return SIGNET_DROP_HANDSHAKE;
	s->env->send(s->ctx, s, to, frame, len);
	return 0;
}

int session_response(struct signet_session *s, const uint8_t *frame, size_t len,
		     const struct signet_endpoint *from, uint64_t now,
		     int64_t wall)
{
	struct signet_handshake hs;
	struct signet_channel *c;
	int drop;

	if (!s->out || !s->out->rx_label)
		return SIGNET_DROP_STATE;
	/* A copy: after a liar's answer the true one is still welcome. */
	hs = *s->out;
	drop = signet_handshake_read_response(&hs, s->local, frame, len, wall);
	if (!drop)
		drop = check_peer(s, &hs.remote);
	if (!drop && hs.pattern != SIGNET_PATTERN_IK)
		drop = send_finish(s, &hs, from);
	if (drop) {
		s->last_drop = drop;
		signet_handshake_wipe(&hs);
		return drop;
	}
	/* The channel takes the label; without one, an init follows in time. */
	signet_handshake_wipe(s->out);
	c = session_establish(s, &hs, from, s->out_begun, now, wall);
	if (!c)
		return SIGNET_DROP_NO_MEMORY;
	session_initiate_end(s);
	s->last_drop = 0;
	session_promote(s, c, now);
	return 0;
}

/* May this init have an answer? At most one channel waits for confirmation. */
static int check_fresh(struct signet_session *s, uint64_t number, uint64_t now)
{
	bool stale = number <= s->newest;

	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++) {
		const struct signet_channel *c = s->ch[i];

		if (!c || c->state != SIGNET_CHANNEL_PENDING)
			continue;
		if (number <= c->number && now < c->begun + STALE_PAUSE)
			return SIGNET_DROP_STALE;
	}
	if (!stale)
		return 0;
	if (s->stale_at && now < s->stale_at + STALE_PAUSE)
		return SIGNET_DROP_STALE;
	s->stale_at = now;
	return 0;
}

static void drop_pending(struct signet_session *s)
{
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (s->ch[i] && s->ch[i]->state == SIGNET_CHANNEL_PENDING)
			session_channel_free(s, s->ch[i]);
}

int signet_session_accept(struct signet_session *s, struct signet_handshake *hs,
			  const struct signet_endpoint *from, uint64_t now,
			  int64_t wall)
{
	uint8_t frame[SIGNET_HANDSHAKE_MAX], ephemeral[32];
	uint32_t label;
	size_t len;
	int drop, err;

	drop = check_peer(s, &hs->remote);
	if (!drop)
		drop = check_fresh(s, hs->remote.number, now);
	if (drop)
		goto refused;
	drop = SIGNET_DROP_NO_MEMORY;
	label = s->env->label_new(s->ctx, s);
	if (!label)
		goto refused;
	s->env->random(s->ctx, ephemeral, sizeof(ephemeral));
	err = signet_handshake_respond(hs, s->local, label, ephemeral, frame,
				       &len);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	if (err) {
		s->env->label_free(s->ctx, label);
		drop = SIGNET_DROP_PAYLOAD;
		goto refused;
	}
	drop_pending(s);
	/* Keys first, then the answer that lets the other side use them. */
	if (!session_establish(s, hs, from, now, now, wall))
		return SIGNET_DROP_NO_MEMORY;
	s->env->send(s->ctx, s, from, frame, len);
	return 0;
refused:
	s->last_drop = drop;
	signet_handshake_wipe(hs);
	return drop;
}

int signet_session_accept_finished(struct signet_session *s,
				   struct signet_handshake *hs,
				   const struct signet_endpoint *from,
				   uint64_t now, int64_t wall)
{
	struct signet_channel *c;
	int drop = check_peer(s, &hs->remote);

	if (drop) {
		s->last_drop = drop;
		s->env->label_free(s->ctx, hs->rx_label);
		signet_handshake_wipe(hs);
		return drop;
	}
	drop_pending(s);
	c = session_establish(s, hs, from, now, now, wall);
	if (!c)
		return SIGNET_DROP_NO_MEMORY;
	/* The finish answered our ephemeral: it is no replay. */
	c->confirmed = now;
	session_promote(s, c, now);
	return 0;
}
