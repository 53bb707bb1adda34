// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Channels and their key slots: from a handshake's end to the data path. */
#include "core/session_internal.h"

struct signet_slot *session_slot_find(const struct signet_channel *c,
				      uint8_t key_id)
{
	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++)
		if (c->slot[i] && c->slot[i]->key_id == key_id)
			return c->slot[i];
	return NULL;
}

struct signet_slot *session_slot_selected(const struct signet_channel *c)
{
	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++)
		if (c->slot[i] && c->slot[i]->selected)
			return c->slot[i];
	return NULL;
}

void session_slot_free(struct signet_session *s, struct signet_channel *c,
		       int i)
{
	struct signet_slot *slot = c->slot[i];

	if (!slot)
		return;
	if (!c->held && c->env)
		s->env->key_del(s->ctx, s, c, slot->key_id);
	session_free(s, slot, sizeof(*slot));
	c->slot[i] = NULL;
}

/* Hand a slot's packet keys to the data path: receive before transmit. */
static int install(struct signet_session *s, struct signet_channel *c,
		   const struct signet_slot *slot,
		   const uint8_t rx[SIGNET_AEAD_KEY_LEN],
		   const uint8_t tx[SIGNET_AEAD_KEY_LEN])
{
	const struct signet_timing *t = &s->timing;
	int err;

	err = s->env->key_add(
		s->ctx, s, c, slot->key_id, false, rx,
		min64(slot->created + t->open_limit, c->deadline));
	if (err)
		return err;
	return s->env->key_add(
		s->ctx, s, c, slot->key_id, true, tx,
		min64(slot->created + t->seal_limit, c->deadline));
}

static int free_slot(struct signet_session *s, struct signet_channel *c)
{
	int oldest = -1;

	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++) {
		const struct signet_slot *slot = c->slot[i];

		if (!slot)
			return i;
		if (slot->selected || slot->drain_at == NEVER)
			continue;
		if (oldest < 0 || slot->created < c->slot[oldest]->created)
			oldest = i;
	}
	if (oldest >= 0)
		session_slot_free(s, c, oldest);
	return oldest;
}

struct signet_slot *session_slot_add(struct signet_session *s,
				     struct signet_channel *c, uint8_t key_id,
				     bool initiator,
				     const struct signet_keys *keys,
				     uint64_t now)
{
	const int tx = initiator ? SIGNET_I2R : SIGNET_R2I;
	uint64_t spread = s->timing.rekey / 5;
	int i = free_slot(s, c);
	struct signet_slot *slot;

	if (i < 0)
		return NULL;
	slot = session_alloc(s, sizeof(*slot));
	if (!slot)
		return NULL;
	slot->key_id = key_id;
	slot->created = now;
	slot->rekey_at =
		now + s->timing.rekey - spread / 2 + session_jitter(s, spread);
	slot->drain_at = NEVER;
	memcpy(slot->tx, keys->message[tx], sizeof(slot->tx));
	memcpy(slot->rx, keys->message[!tx], sizeof(slot->rx));
	memcpy(slot->rekey, keys->rekey, sizeof(slot->rekey));
	c->slot[i] = slot;
	if (c->held) {
		memcpy(c->held->packet_tx, keys->packet[tx], 32);
		memcpy(c->held->packet_rx, keys->packet[!tx], 32);
	} else if (install(s, c, slot, keys->packet[!tx], keys->packet[tx])) {
		session_slot_free(s, c, i);
		return NULL;
	}
	return slot;
}

/* All keys that @slot renews, and those that others renewed them by. */
static void retire(const struct signet_session *s, struct signet_channel *c,
		   const struct signet_slot *slot, uint64_t now)
{
	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++) {
		struct signet_slot *old = c->slot[i];

		if (!old || old == slot || old->generation > slot->generation)
			continue;
		old->selected = false;
		old->drain_at = min64(old->drain_at, now + s->timing.drain);
	}
}

/*
 * Seal under @slot unless what we seal under is as good: of two keys that
 * renew the same one, both sides take the lower identity's (an even key id).
 */
void session_slot_prefer(struct signet_session *s, struct signet_channel *c,
			 struct signet_slot *slot, uint64_t now)
{
	struct signet_slot *old = session_slot_selected(c);

	if (old == slot)
		return;
	if (old &&
	    (old->generation > slot->generation ||
	     (old->generation == slot->generation && !(old->key_id & 1)))) {
		slot->drain_at = min64(slot->drain_at, now + s->timing.drain);
		return;
	}
	if (!c->held && s->env->key_select(s->ctx, s, c, slot->key_id)) {
		slot->drain_at = now + s->timing.drain;
		if (old)
			old->rekey_at =
				min64(old->rekey_at, now + SIGNET_SECOND);
		return;
	}
	retire(s, c, slot, now);
	slot->selected = true;
	slot->drain_at = NEVER;
	session_rekey_settled(s, c, slot);
	if (!old)
		return;
	s->counters.rekeys++;
	s->env->event(s->ctx, s, SIGNET_EVENT_REKEYED, slot->key_id);
}

/* Give a verified channel to the data path. */
static int attach(struct signet_session *s, struct signet_channel *c)
{
	c->verified = true;
	return s->env->channel_open(s->ctx, s, c);
}

static uint64_t end_of(const struct signet_attestation *att, uint64_t now,
		       int64_t wall)
{
	const int64_t most = 10LL * 365 * 86400;
	int64_t left = wall < 0 ? att->expires : att->expires - wall;

	if (left < 0)
		left = 0;
	return now + (uint64_t)(left < most ? left : most) * SIGNET_SECOND;
}

static void set_deadline(struct signet_channel *c,
			 const struct signet_attestation *att, uint64_t now,
			 int64_t wall)
{
	c->deadline = end_of(att, now, wall);
	c->renew_at = c->deadline > now + 2 * RENEW_AHEAD
			      ? c->deadline - RENEW_AHEAD
			      : NEVER;
}

static struct signet_channel *new_channel(struct signet_session *s,
					  struct signet_handshake *hs,
					  const struct signet_keys *keys)
{
	const int tx = hs->initiator ? SIGNET_I2R : SIGNET_R2I;
	struct signet_channel *c = session_alloc(s, sizeof(*c));

	if (!c)
		return NULL;
	c->initiator = hs->initiator;
	c->aead = hs->aead;
	c->tx_lanes = hs->remote.lanes;
	c->rx_label = hs->rx_label;
	c->tx_label = hs->remote.label;
	c->number = hs->remote.number;
	c->max_message = hs->remote.max_message;
	c->owes_history = hs->owes_history;
	signet_hop_key(keys->hop, !tx, c->rx_label, c->rx_hop);
	signet_hop_key(keys->hop, tx, c->tx_label, c->tx_hop);
	memcpy(c->id, keys->channel, sizeof(c->id));
	memcpy(c->remote_static, hs->remote.static_key, 32);
	c->head = hs->remote.head;
	return c;
}

static int hold(struct signet_session *s, struct signet_channel *c,
		const struct signet_proof *proof, uint64_t now)
{
	c->held = session_alloc(s, sizeof(*c->held));
	if (!c->held)
		return -ENOMEM;
	c->held->proof = *proof;
	c->close_at = now + UNVERIFIED_LIFE;
	return 0;
}

/* What the peer of a channel has proved; not before a frame has opened. */
static void learn(struct signet_session *s, const struct signet_channel *c)
{
	if (!s->has_static || memcmp(s->remote_static, c->remote_static, 32)) {
		s->has_static = true;
		memcpy(s->remote_static, c->remote_static, 32);
		s->env->event(s->ctx, s, SIGNET_EVENT_STATIC, 0);
	}
	if (c->head.length > s->head.length) {
		s->head = c->head;
		s->env->remember(s->ctx, s);
	}
}

/*
 * Make a channel of a finished handshake. Takes the handshake's label over, also
 * when it fails, and wipes the handshake.
 */
struct signet_channel *session_establish(struct signet_session *s,
					 struct signet_handshake *hs,
					 const struct signet_endpoint *path,
					 uint64_t begun, uint64_t now,
					 int64_t wall)
{
	struct signet_channel *c = NULL;
	struct signet_slot *slot;
	struct signet_keys keys;
	int err = -ENOMEM;

	if (signet_handshake_keys(hs, s->local, &keys))
		goto cleanup;
	c = new_channel(s, hs, &keys);
	if (!c)
		goto cleanup;
	c->path = *path;
	c->begun = begun;
	c->established = now;
	c->close_at = hs->initiator ? NEVER : now + PENDING_LIFE;
	c->confirmed = c->deadline = c->renew_at = NEVER;
	if (hs->remote.verified) {
		set_deadline(c, &hs->remote.att, now, wall);
		err = attach(s, c);
	} else {
		err = hold(s, c, &hs->remote, now);
	}
	if (err)
		goto cleanup;
	slot = session_slot_add(s, c, signet_handshake_key_id(hs, s->local),
				hs->initiator, &keys, now);
	err = slot ? session_channel_add(s, c, now) : -ENOMEM;
cleanup:
	sodium_memzero(&keys, sizeof(keys));
	if (err && c)
		session_channel_free(s, c);
	else if (err)
		s->env->label_free(s->ctx, hs->rx_label);
	signet_handshake_wipe(hs);
	return err ? NULL : c;
}

/*
 * Of two handshakes that crossed, the lower identity's is used. They did when
 * the second began before the first was known to be up on both sides; one that
 * does not get there soon is of no use to anybody.
 */
static bool yields(const struct signet_session *s,
		   const struct signet_channel *c,
		   const struct signet_channel *cur)
{
	bool crossed = c->begun <=
		       min64(cur->confirmed, cur->established + CROSSED_LIFE);
	bool cur_lower = cur->initiator == s->lower;
	bool c_lower = c->initiator == s->lower;

	return crossed && cur_lower && !c_lower;
}

/* Have the data path send on a channel. Return: whether it does. */
static bool use(struct signet_session *s, struct signet_channel *c,
		uint64_t now)
{
	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++)
		if (c->slot[i])
			session_slot_prefer(s, c, c->slot[i], now);
	if (!session_slot_selected(c))
		return false;
	return c->held || !s->env->channel_select(s->ctx, s, c);
}

/* A frame under the channel's keys has opened, or we began it: use it. */
void session_promote(struct signet_session *s, struct signet_channel *c,
		     uint64_t now)
{
	struct signet_channel *cur = signet_session_current(s);

	if (c == cur || c->state == SIGNET_CHANNEL_DRAINING)
		return;
	if (!c->initiator && c->number > s->newest) {
		s->newest = c->number;
		s->env->remember(s->ctx, s);
	}
	if (!c->held)
		learn(s, c);
	if (cur && yields(s, c, cur)) {
		c->state = SIGNET_CHANNEL_DRAINING;
		c->close_at = now + s->timing.drain;
		session_keep_current(s);
		return;
	}
	/* Where the data path refuses, the old channel goes on. */
	if (!use(s, c, now)) {
		session_channel_lost(s, c, SIGNET_CLOSE_ERROR, now);
		return;
	}
	if (cur) {
		cur->state = SIGNET_CHANNEL_DRAINING;
		cur->close_at = now + s->timing.drain;
		session_rekey_forget(s, cur);
	}
	c->state = SIGNET_CHANNEL_UP;
	if (!c->held)
		c->close_at = NEVER;
	/* Our own init may still be answered; it is not repeated. */
	s->out_at = NEVER;
	s->out_until = s->out ? now + CROSSED_LIFE : NEVER;
	if (c->owes_history) {
		c->owes_history = false;
		s->env->send_history(s->ctx, s, c);
	}
	session_liveness_begin(s, c, now);
	if (c->held)
		return;
	s->counters.handshakes++;
	s->env->event(s->ctx, s, SIGNET_EVENT_UP, 0);
}

/* The first frame under a slot's receive key has opened. */
void session_slot_confirmed(struct signet_session *s, struct signet_channel *c,
			    struct signet_slot *slot, uint64_t now)
{
	slot->confirmed = true;
	c->confirmed = min64(c->confirmed, now);
	if (c->state == SIGNET_CHANNEL_PENDING)
		session_promote(s, c, now);
	else
		session_slot_prefer(s, c, slot, now);
}

void signet_session_confirmed(struct signet_session *s,
			      struct signet_channel *c, uint8_t key_id,
			      uint64_t now)
{
	struct signet_slot *slot;

	if (!session_has(s, c))
		return;
	slot = session_slot_find(c, key_id);
	if (slot && !slot->confirmed)
		session_slot_confirmed(s, c, slot, now);
	session_received(s, c);
}

/* Give the data path what was held back. */
static int hand_over(struct signet_session *s, struct signet_channel *c,
		     const struct signet_held *held)
{
	struct signet_slot *slot = session_slot_selected(c);
	int err;

	if (!slot)
		return -ENOTCONN;
	err = attach(s, c);
	if (!err)
		err = install(s, c, slot, held->packet_rx, held->packet_tx);
	if (!err)
		err = s->env->key_select(s->ctx, s, c, slot->key_id);
	if (!err && c->state == SIGNET_CHANNEL_UP)
		err = s->env->channel_select(s->ctx, s, c);
	return err;
}

int signet_session_history(struct signet_session *s, struct signet_channel *c,
			   const uint8_t *history, size_t len, uint64_t now,
			   int64_t wall)
{
	const uint8_t reason = SIGNET_CLOSE_REFUSED;
	int drop = SIGNET_DROP_STATE;
	struct signet_held *held;

	if (!session_has(s, c))
		return SIGNET_DROP_STATE;
	held = c->held;
	if (held)
		drop = signet_proof_verify(&held->proof, history, len, wall);
	if (!drop && held->proof.head.length < s->head.length)
		drop = SIGNET_DROP_IDENTITY;
	if (drop)
		goto refused;
	c->held = NULL;
	set_deadline(c, &held->proof.att, now, wall);
	drop = hand_over(s, c, held) ? SIGNET_DROP_NO_MEMORY : 0;
	session_free(s, held, sizeof(*held));
	if (drop)
		goto refused;
	learn(s, c);
	if (c->state != SIGNET_CHANNEL_UP)
		return 0;
	c->close_at = NEVER;
	s->counters.handshakes++;
	s->env->event(s->ctx, s, SIGNET_EVENT_UP, 0);
	return 0;
refused:
	s->last_drop = drop;
	session_send_record(s, c, NULL, SIGNET_RECORD_CLOSE, &reason, 1, now);
	session_channel_lost(s, c, SIGNET_CLOSE_REFUSED, now);
	return drop;
}
