// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Message frames: sealing, opening, records, and the proof of new addresses. */
#include "core/session_internal.h"

static bool same_remote(const struct signet_endpoint *a,
			const struct signet_endpoint *b)
{
	return !memcmp(a->remote, b->remote, sizeof(a->remote));
}

/* Seal a plaintext and send it; @to is NULL for the channel's own path. */
static int send_to(struct signet_session *s, struct signet_channel *c,
		   const struct signet_endpoint *to, const uint8_t *records,
		   size_t len, uint64_t now)
{
	struct signet_slot *slot = session_slot_selected(c);
	uint8_t frame[SIGNET_MESSAGE_MAX];
	struct signet_frame_info info = { .type = SIGNET_FRAME_MESSAGE,
					  .label = c->tx_label };
	struct signet_aead_key key;
	size_t n;

	if (len > SIGNET_RECORDS_MAX || len % SIGNET_MESSAGE_PAD || !len)
		return -EMSGSIZE;
	if (!slot || now >= slot->created + s->timing.seal_limit ||
	    now >= c->deadline)
		return -ENOTCONN;
	info.key_id = slot->key_id;
	info.counter = slot->tx_counter++;
	if (signet_aead_key_init(&key, c->aead, slot->tx))
		return -ENOTCONN;
	n = signet_frame_seal(&key, c->tx_hop, &info, records, len, frame);
	signet_aead_key_wipe(&key);
	c->tx_last = now;
	s->env->send(s->ctx, s, to ? to : &c->path, frame, n);
	return 0;
}

int signet_session_send(struct signet_session *s, struct signet_channel *c,
			const uint8_t *records, size_t len, uint64_t now)
{
	int err = send_to(s, c, NULL, records, len, now);

	if (!err)
		signet_session_active(s, c, now);
	return err;
}

int session_send_record(struct signet_session *s, struct signet_channel *c,
			const struct signet_endpoint *to, uint8_t kind,
			const void *body, size_t len, uint64_t now)
{
	uint8_t buf[SIGNET_RECORDS_MAX];
	struct signet_record_writer w;
	int err;

	signet_record_writer_init(&w, buf, sizeof(buf));
	err = signet_record_add(&w, kind, body, len);
	if (err)
		return err;
	return send_to(s, c, to, buf, signet_record_finish(&w), now);
}

int session_probe(struct signet_session *s, struct signet_channel *c,
		  uint64_t now)
{
	s->env->random(s->ctx, s->ping_id, sizeof(s->ping_id));
	s->ping_sent = now;
	return session_send_record(s, c, NULL, SIGNET_RECORD_PING, s->ping_id,
				   sizeof(s->ping_id), now);
}

int signet_session_ping(struct signet_session *s, const uint8_t id[8],
			size_t padding, uint64_t now)
{
	uint8_t body[SIGNET_RECORDS_MAX] = { 0 };
	struct signet_channel *c = signet_session_current(s);

	if (!c)
		return -ENOTCONN;
	if (padding > sizeof(body) - SIGNET_RECORD_HDR_LEN - 8)
		return -EMSGSIZE;
	memcpy(body, id, 8);
	return session_send_record(s, c, NULL, SIGNET_RECORD_PING, body,
				   8 + padding, now);
}

/* An authentic, new frame came from another address: ask that address. */
static void challenge(struct signet_session *s, struct signet_channel *c,
		      const struct signet_endpoint *from, uint64_t now)
{
	if (c->state != SIGNET_CHANNEL_UP || now < s->challenge_next)
		return;
	s->challenge_next = now + SIGNET_SECOND;
	s->challenge_at = now;
	s->challenge_path = *from;
	s->env->random(s->ctx, s->challenge, sizeof(s->challenge));
	/* 104 bytes: less than three times the smallest frame, of 40. */
	session_send_record(s, c, from, SIGNET_RECORD_CHALLENGE, s->challenge,
			    sizeof(s->challenge), now);
}

void signet_session_seen(struct signet_session *s, struct signet_channel *c,
			 const struct signet_endpoint *from, uint64_t now)
{
	if (session_has(s, c) && !same_remote(&c->path, from))
		challenge(s, c, from, now);
}

static void echo(struct signet_session *s, struct signet_channel *c,
		 const uint8_t *body, const struct signet_endpoint *from,
		 uint64_t now)
{
	if (!s->challenge_at || now > s->challenge_at + CHALLENGE_LIFE ||
	    c->state != SIGNET_CHANNEL_UP ||
	    !same_remote(&s->challenge_path, from) ||
	    sodium_memcmp(body, s->challenge, sizeof(s->challenge)))
		return;
	s->challenge_at = 0;
	sodium_memzero(s->challenge, sizeof(s->challenge));
	c->path = *from;
	if (!c->held)
		s->env->channel_path(s->ctx, s, c);
	s->counters.roams++;
	s->env->event(s->ctx, s, SIGNET_EVENT_ROAMED, 0);
}

static int pong(struct signet_session *s, struct signet_channel *c,
		const struct signet_record *r, uint64_t now)
{
	if (!s->ping_sent || sodium_memcmp(r->body, s->ping_id, 8))
		return s->env->record(s->ctx, s, c, r);
	s->rtt = now - s->ping_sent;
	s->ping_sent = 0;
	s->env->event(s->ctx, s, SIGNET_EVENT_PONG, s->rtt);
	return 0;
}

static int take_record(struct signet_session *s, struct signet_channel *c,
		       const struct signet_record *r,
		       const struct signet_endpoint *from, uint64_t now)
{
	switch (r->kind) {
	case SIGNET_RECORD_PING:
		session_send_record(s, c, NULL, SIGNET_RECORD_PONG, r->body,
				    r->len, now);
		return 0;
	case SIGNET_RECORD_PONG:
		return pong(s, c, r, now);
	case SIGNET_RECORD_CHALLENGE:
		session_send_record(s, c, from, SIGNET_RECORD_ECHO, r->body,
				    r->len, now);
		return 0;
	case SIGNET_RECORD_ECHO:
		echo(s, c, r->body, from, now);
		return 0;
	case SIGNET_RECORD_CLOSE:
		session_channel_lost(s, c, SIGNET_CLOSE_PEER, now);
		return 0;
	case SIGNET_RECORD_REKEY_REQUEST:
		return session_rekey_request(s, c, r->body, r->len, now);
	case SIGNET_RECORD_REKEY_RESPONSE:
		return session_rekey_response(s, c, r->body, r->len, now);
	case SIGNET_RECORD_FRAGMENT:
	case SIGNET_RECORD_ACK:
	case SIGNET_RECORD_PROBE:
		return s->env->record(s->ctx, s, c, r);
	default:
		return 0;
	}
}

/*
 * Each ping and each challenge makes a frame of its own, and an echo goes to an
 * address that nothing has proved. So a frame is answered once for each kind:
 * else it would be multiplied, at whom its sender names.
 */
static bool answered_before(const struct signet_record *r,
			    unsigned int *answered)
{
	unsigned int bit = r->kind == SIGNET_RECORD_PING	? 1
			   : r->kind == SIGNET_RECORD_CHALLENGE ? 2
								: 0;
	bool before = *answered & bit;

	*answered |= bit;
	return before;
}

static int take_records(struct signet_session *s, struct signet_channel *c,
			const uint8_t *plain, size_t len,
			const struct signet_endpoint *from, uint64_t now)
{
	struct signet_record_reader reader;
	unsigned int answered = 0;
	struct signet_record r;

	if (signet_record_reader_init(&reader, plain, len))
		return SIGNET_DROP_RECORD;
	/* A record may close the channel. */
	while (session_has(s, c) && signet_record_next(&reader, &r) == 1) {
		if (answered_before(&r, &answered))
			continue;
		if (take_record(s, c, &r, from, now) < 0) {
			if (session_has(s, c))
				session_channel_lost(s, c, SIGNET_CLOSE_ERROR,
						     now);
			return SIGNET_DROP_RECORD;
		}
	}
	return 0;
}

static struct signet_channel *by_label(const struct signet_session *s,
				       uint32_t label)
{
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (s->ch[i] && s->ch[i]->rx_label == label)
			return s->ch[i];
	return NULL;
}

/* Find what opens a frame; everything that is cheaper than the AEAD. */
static int look_up(struct signet_session *s, const uint8_t *frame, size_t len,
		   struct signet_frame_info *info, struct signet_channel **c,
		   struct signet_slot **slot, uint64_t now)
{
	int drop = signet_frame_parse(frame, len, info);

	if (drop)
		return drop;
	if (info->type != SIGNET_FRAME_MESSAGE)
		return SIGNET_DROP_TYPE;
	*c = by_label(s, info->label);
	if (!*c)
		return SIGNET_DROP_LABEL;
	if (!signet_hop_tag_ok(frame, (*c)->rx_hop))
		return SIGNET_DROP_HOP_TAG;
	*slot = session_slot_find(*c, info->key_id);
	if (!*slot)
		return SIGNET_DROP_KEY_ID;
	if (info->lane)
		return SIGNET_DROP_LANE;
	if (now >= (*slot)->created + s->timing.open_limit ||
	    now >= (*c)->deadline)
		return SIGNET_DROP_KEY_EXPIRED;
	if (!signet_replay_check(&(*slot)->replay, info->counter))
		return SIGNET_DROP_REPLAY;
	return 0;
}

int session_message(struct signet_session *s, uint8_t *frame, size_t len,
		    const struct signet_endpoint *from, uint64_t now)
{
	uint8_t *plain = frame + SIGNET_FRAME_HDR_LEN;
	struct signet_frame_info info;
	struct signet_aead_key key;
	struct signet_channel *c;
	struct signet_slot *slot;
	bool advances;
	int err, drop;

	drop = look_up(s, frame, len, &info, &c, &slot, now);
	if (drop)
		return drop;
	if (signet_aead_key_init(&key, c->aead, slot->rx))
		return SIGNET_DROP_AEAD;
	err = signet_frame_open(&key, &info, frame, len, plain);
	signet_aead_key_wipe(&key);
	if (err)
		return SIGNET_DROP_AEAD;
	advances = info.counter >= slot->replay.next;
	if (!signet_replay_commit(&slot->replay, info.counter))
		return SIGNET_DROP_REPLAY;
	c->rx_last = now;
	if (!slot->confirmed)
		session_slot_confirmed(s, c, slot, now);
	if (!session_has(s, c))
		return SIGNET_DROP_NO_MEMORY;
	session_received(s, c);
	if (advances && !same_remote(&c->path, from))
		challenge(s, c, from, now);
	return take_records(s, c, plain, len - SIGNET_FRAME_OVERHEAD, from,
			    now);
}
