/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The environment of a session in the simulated network. */
#ifndef SG_TEST_SESSION_ENV_H
#define SG_TEST_SESSION_ENV_H

#include "session_net.h"

/* Is it this call that fails? */
static inline bool fails(struct node *n, int *countdown)
{
	if (*countdown < 0)
		return false;
	if (*countdown)
		return !(*countdown)-- && 0;
	if (!n->fail_for_good)
		*countdown = -1;
	return true;
}

static inline void *env_alloc(void *ctx, size_t size)
{
	struct node *n = ctx;
	void *p;

	if (fails(n, &n->fail_alloc))
		return NULL;
	p = test_calloc(1, size);
	n->memory += size;
	n->blocks++;
	if (n->memory > n->memory_most)
		n->memory_most = n->memory;
	return p;
}

static inline void env_free(void *ctx, void *p, size_t size)
{
	struct node *n = ctx;

	assert_non_null(p);
	/* The core has wiped what was inside. */
	assert_true(sodium_is_zero(p, size));
	assert_true(n->memory >= size && n->blocks);
	n->memory -= size;
	n->blocks--;
	test_free(p);
}

static inline void env_random(void *ctx, void *buf, size_t len)
{
	struct node *n = ctx;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = rnd(n->net);
}

static inline uint32_t env_label_new(void *ctx, struct signet_session *s)
{
	struct node *n = ctx;
	uint32_t label;

	assert_ptr_equal(s, &n->s);
	if (fails(n, &n->fail_label))
		return 0;
	do {
		label = rnd(n->net);
	} while (!label);
	for (int i = 0; i < LABELS; i++) {
		if (!n->labels[i]) {
			n->labels[i] = label;
			n->live_labels++;
			assert_true(n->live_labels <= 8);
			return label;
		}
	}
	fail_msg("labels leak");
	return 0;
}

static inline bool has_label(const struct node *n, uint32_t label)
{
	for (int i = 0; i < LABELS; i++)
		if (label && n->labels[i] == label)
			return true;
	return false;
}

static inline void env_label_free(void *ctx, uint32_t label)
{
	struct node *n = ctx;

	assert_int_not_equal(label, 0);
	assert_true(has_label(n, label));
	for (int i = 0; i < LABELS; i++)
		if (n->labels[i] == label)
			n->labels[i] = 0;
	n->live_labels--;
	n->free_labels++;
}

static inline int env_number(void *ctx, uint64_t *number)
{
	struct node *n = ctx;

	if (fails(n, &n->fail_number))
		return -EIO;
	*number = ++n->number;
	return 0;
}

static inline void env_remember(void *ctx, struct signet_session *s)
{
	((struct node *)ctx)->remembered++;
}

static inline bool env_endpoint(void *ctx, struct signet_session *s,
				unsigned int attempt,
				struct signet_endpoint *ep)
{
	struct node *n = ctx;

	*ep = endpoint_of(n->peer_address, n->address);
	return n->knows_address;
}

static inline void env_send(void *ctx, struct signet_session *s,
			    const struct signet_endpoint *to,
			    const uint8_t *frame, size_t len)
{
	struct node *n = ctx;

	n->sent[frame[0]]++;
	transmit(n->net, n->address, to->remote[0], frame, len);
}

static inline struct dp_channel *dp_of(struct node *n,
				       const struct signet_channel *c)
{
	assert_in_range(c->env, 1, CHANNELS);
	assert_ptr_equal(n->dp[c->env - 1].c, c);
	return &n->dp[c->env - 1];
}

static inline int env_open(void *ctx, struct signet_session *s,
			   struct signet_channel *c)
{
	struct node *n = ctx;

	assert_true(c->verified);
	if (fails(n, &n->fail_open))
		return -ENOSPC;
	for (int i = 0; i < CHANNELS; i++) {
		if (n->dp[i].c)
			continue;
		memset(&n->dp[i], 0, sizeof(n->dp[i]));
		n->dp[i].c = c;
		n->dp[i].tx_id = -1;
		n->dp[i].to = c->path.remote[0];
		n->dp[i].takes_over = !c->initiator &&
				      c->state == SIGNET_CHANNEL_PENDING;
		c->env = i + 1;
		n->opened++;
		return 0;
	}
	fail_msg("channels leak in the data path");
	return -ENOSPC;
}

static inline void env_close(void *ctx, struct signet_session *s,
			     struct signet_channel *c)
{
	struct node *n = ctx;
	struct dp_channel *d = dp_of(n, c);

	if (n->selected == d)
		n->selected = NULL;
	memset(d, 0, sizeof(*d));
}

static inline int env_select(void *ctx, struct signet_session *s,
			     struct signet_channel *c)
{
	struct node *n = ctx;

	if (fails(n, &n->fail_select))
		return -EIO;
	n->selected = dp_of(n, c);
	for (int i = 0; i < CHANNELS; i++)
		n->dp[i].takes_over = false;
	return 0;
}

static inline void env_path(void *ctx, struct signet_session *s,
			    struct signet_channel *c)
{
	dp_of(ctx, c)->to = c->path.remote[0];
}

static inline int env_key_add(void *ctx, struct signet_session *s,
			      struct signet_channel *c, uint8_t key_id, bool tx,
			      const uint8_t key[SIGNET_AEAD_KEY_LEN],
			      uint64_t hard_ns)
{
	struct node *n = ctx;
	struct dp_channel *d = dp_of(n, c);
	struct dp_key *k = tx ? &d->tx[key_id] : &d->rx[key_id];

	assert_in_range(key_id, 0, SIGNET_KEY_IDS - 1);
	assert_false(k->used);
	if (fails(n, &n->fail_key))
		return -ENOMEM;
	assert_false(sodium_is_zero(key, SIGNET_AEAD_KEY_LEN));
	assert_true(hard_ns <= n->net->now + s->timing.open_limit);
	memset(k, 0, sizeof(*k));
	k->used = true;
	memcpy(k->raw, key, sizeof(k->raw));
	k->hard = hard_ns;
	n->keys_added++;
	return 0;
}

static inline int env_key_select(void *ctx, struct signet_session *s,
				 struct signet_channel *c, uint8_t key_id)
{
	struct node *n = ctx;
	struct dp_channel *d = dp_of(n, c);

	assert_true(d->tx[key_id].used && d->rx[key_id].used);
	if (fails(n, &n->fail_select))
		return -EIO;
	d->tx_id = key_id;
	return 0;
}

static inline void env_key_del(void *ctx, struct signet_session *s,
			       struct signet_channel *c, uint8_t key_id)
{
	struct dp_channel *d = dp_of(ctx, c);

	if (d->tx_id == key_id)
		d->tx_id = -1;
	memset(&d->tx[key_id], 0, sizeof(d->tx[key_id]));
	memset(&d->rx[key_id], 0, sizeof(d->rx[key_id]));
}

static inline void env_activity(void *ctx, struct signet_session *s,
				struct signet_channel *c, uint64_t *rx_last,
				uint64_t *tx_last)
{
	const struct dp_channel *d = dp_of(ctx, c);

	*rx_last = d->rx_last;
	*tx_last = d->tx_last;
}

static inline void env_watch(void *ctx, struct signet_session *s,
			     struct signet_channel *c)
{
	dp_of(ctx, c)->watch = true;
}

static inline void env_event(void *ctx, struct signet_session *s,
			     enum signet_session_event what, uint64_t detail)
{
	struct node *n = ctx;

	n->events[what]++;
	n->last_detail[what] = detail;
}

static inline int env_record(void *ctx, struct signet_session *s,
			     struct signet_channel *c,
			     const struct signet_record *r)
{
	((struct node *)ctx)->records++;
	return 0;
}

static inline void env_history(void *ctx, struct signet_session *s,
			       struct signet_channel *c)
{
	struct node *n = ctx;

	n->owed++;
	n->owes = c;
}

static inline void env_gone(void *ctx, struct signet_session *s,
			    struct signet_channel *c)
{
	struct node *n = ctx;

	n->gone++;
	if (n->owes == c)
		n->owes = NULL;
}

#endif
