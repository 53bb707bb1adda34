// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rekeying: Noise KKpsk0 inside the channel. */
#include "core/session_internal.h"

static const char prologue_label[] = "signet/1 rekey";

static int start(struct signet_session *s, const struct signet_channel *c,
		 struct signet_noise *ns, bool initiator,
		 const struct signet_slot *base, uint8_t new_id)
{
	uint8_t prologue[sizeof(prologue_label) - 1 + sizeof(c->id) + 2];
	const struct signet_noise_keys keys = {
		.s_priv = s->local->static_sk,
		.s_pub = s->local->static_pk,
		.rs = c->remote_static,
		.psk = base->rekey,
	};
	size_t n = sizeof(prologue_label) - 1;

	memcpy(prologue, prologue_label, n);
	memcpy(prologue + n, c->id, sizeof(c->id));
	n += sizeof(c->id);
	prologue[n++] = base->key_id;
	prologue[n++] = new_id;
	return signet_noise_init(ns, SIGNET_NOISE_KKPSK0, initiator, prologue,
				 n, &keys);
}

static int write_message(struct signet_session *s, struct signet_noise *ns,
			 uint8_t body[REKEY_BODY_LEN])
{
	uint8_t ephemeral[32];
	size_t len;
	int err;

	s->env->random(s->ctx, ephemeral, sizeof(ephemeral));
	err = signet_noise_write(ns, ephemeral, NULL, 0, body + 2,
				 REKEY_BODY_LEN - 2, &len);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	return err;
}

/* Turn a finished rekey into a slot that receives at once. */
static struct signet_slot *
add_slot(struct signet_session *s, struct signet_channel *c,
	 const struct signet_noise *ns, bool initiator,
	 const struct signet_slot *base, uint8_t new_id, uint64_t now)
{
	uint32_t generation = base->generation + 1;
	struct signet_slot *slot = NULL;
	struct signet_keys keys;

	if (!signet_keys_derive(&keys, ns, c->aead, new_id))
		slot = session_slot_add(s, c, new_id, initiator, &keys, now);
	if (slot)
		slot->generation = generation;
	sodium_memzero(&keys, sizeof(keys));
	return slot;
}

void session_rekey_forget(struct signet_session *s,
			  const struct signet_channel *c)
{
	if (s->rekey && (!c || s->rekey->channel == c)) {
		session_free(s, s->rekey, sizeof(*s->rekey));
		s->rekey = NULL;
	}
	if (s->answer && (!c || s->answer->channel == c)) {
		session_free(s, s->answer, sizeof(*s->answer));
		s->answer = NULL;
	}
}

/* A newer key is in use: a request to renew an older one has had its day. */
void session_rekey_settled(struct signet_session *s,
			   const struct signet_channel *c,
			   const struct signet_slot *slot)
{
	if (!s->rekey || s->rekey->channel != c ||
	    s->rekey->body[0] == slot->key_id)
		return;
	session_free(s, s->rekey, sizeof(*s->rekey));
	s->rekey = NULL;
}

/* The lower identity allocates even key ids, the higher odd. */
static int free_key_id(const struct signet_session *s,
		       const struct signet_channel *c, uint8_t after)
{
	uint8_t first = s->lower ? 0 : 1;

	for (int i = 0; i < SIGNET_KEY_IDS; i += 2) {
		uint8_t id = ((after & ~1) + 2 + i + first) % SIGNET_KEY_IDS;

		if (!session_slot_find(c, id))
			return id;
	}
	return -EBUSY;
}

void session_rekey_start(struct signet_session *s, struct signet_channel *c,
			 uint64_t now)
{
	struct signet_slot *base = session_slot_selected(c);
	struct signet_rekey *r;
	int id;

	if (s->rekey || !base || c->held || c->state != SIGNET_CHANNEL_UP)
		return;
	/* Where it does not come about, it is tried again. */
	base->rekey_at = now + SIGNET_SECOND;
	id = free_key_id(s, c, base->key_id);
	if (id < 0)
		return;
	r = session_alloc(s, sizeof(*r));
	if (!r)
		return;
	r->channel = c;
	r->body[0] = base->key_id;
	r->body[1] = id;
	if (start(s, c, &r->noise, true, base, id) ||
	    write_message(s, &r->noise, r->body)) {
		session_free(s, r, sizeof(*r));
		return;
	}
	s->rekey = r;
	base->rekey_at = NEVER;
	session_rekey_retry(s, now);
}

/* Send the request, or send it again: the same bytes, for the same answer. */
void session_rekey_retry(struct signet_session *s, uint64_t now)
{
	struct signet_rekey *r = s->rekey;
	struct signet_slot *base = session_slot_find(r->channel, r->body[0]);
	unsigned int n = r->attempt < 3 ? r->attempt : 3;
	struct signet_channel *c = r->channel;

	/* Too late: only a new handshake helps now. */
	if (!base || now >= base->created + s->timing.seal_limit) {
		session_rekey_forget(s, c);
		session_begin(s, now);
		return;
	}
	r->attempt++;
	r->at = now + (SIGNET_SECOND << n) +
		session_jitter(s, SIGNET_SECOND / 3);
	session_send_record(s, c, NULL, SIGNET_RECORD_REKEY_REQUEST, r->body,
			    sizeof(r->body), now);
}

static int answer(struct signet_session *s, struct signet_channel *c,
		  const uint8_t *body, const struct signet_slot *base,
		  uint64_t now)
{
	struct signet_rekey_answer *a = s->answer;
	struct signet_noise ns;
	uint8_t none[1];
	size_t len;
	int err;

	if (!a)
		a = session_alloc(s, sizeof(*a));
	if (!a)
		return -ENOMEM;
	s->answer = a;
	/* Until it is complete, it is nobody's answer. */
	a->channel = NULL;
	err = start(s, c, &ns, false, base, body[1]);
	if (!err)
		err = signet_noise_read(&ns, body + 2, REKEY_BODY_LEN - 2, none,
					sizeof(none), &len);
	if (!err)
		err = write_message(s, &ns, a->response);
	/* Receive under the new key before the other side can send under it. */
	if (!err && !add_slot(s, c, &ns, false, base, body[1], now))
		err = -ENOMEM;
	signet_noise_wipe(&ns);
	if (err)
		return err;
	memcpy(a->response, body, 2);
	memcpy(a->request, body, REKEY_BODY_LEN);
	a->channel = c;
	return 0;
}

int session_rekey_request(struct signet_session *s, struct signet_channel *c,
			  const uint8_t *body, size_t len, uint64_t now)
{
	const struct signet_slot *base;

	if (len != REKEY_BODY_LEN || body[0] >= SIGNET_KEY_IDS ||
	    body[1] >= SIGNET_KEY_IDS)
		return -EPROTO;
	if (s->answer && s->answer->channel == c &&
	    !sodium_memcmp(s->answer->request, body, REKEY_BODY_LEN))
		goto send;
	base = session_slot_find(c, body[0]);
	/* Late or early, harmless: the other side asks again. */
	if (!base || c->held || session_slot_find(c, body[1]) ||
	    (body[1] & 1) != (s->lower ? 1 : 0) || base->drain_at != NEVER)
		return 0;
	if (answer(s, c, body, base, now))
		return 0;
send:
	session_send_record(s, c, NULL, SIGNET_RECORD_REKEY_RESPONSE,
			    s->answer->response, REKEY_BODY_LEN, now);
	return 0;
}

int session_rekey_response(struct signet_session *s, struct signet_channel *c,
			   const uint8_t *body, size_t len, uint64_t now)
{
	struct signet_rekey *r = s->rekey;
	const struct signet_slot *base;
	struct signet_slot *slot = NULL;
	struct signet_noise ns;
	uint8_t none[1];
	size_t n;

	if (len != REKEY_BODY_LEN)
		return -EPROTO;
	/* A repeated answer, or one to a request that was given up. */
	if (!r || r->channel != c || memcmp(r->body, body, 2))
		return 0;
	base = session_slot_find(c, body[0]);
	if (!base)
		return 0;
	ns = r->noise;
	if (!signet_noise_read(&ns, body + 2, len - 2, none, sizeof(none), &n))
		slot = add_slot(s, c, &ns, true, base, body[1], now);
	signet_noise_wipe(&ns);
	if (!slot)
		return 0;
	session_free(s, r, sizeof(*r));
	s->rekey = NULL;
	session_slot_prefer(s, c, slot, now);
	/* Tells the other side that it may use the key as well. */
	session_probe(s, c, now);
	return 0;
}

void signet_session_want_rekey(struct signet_session *s,
			       struct signet_channel *c, uint64_t now)
{
	if (session_has(s, c))
		session_rekey_start(s, c, now);
}
