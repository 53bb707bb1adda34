/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two nodes: what they do with frames and packets, and the time they live in */
#ifndef SG_TEST_SESSION_NODE_H
#define SG_TEST_SESSION_NODE_H

#include "session_env.h"

static inline int dp_seal(struct node *n, struct dp_channel *d, uint32_t what,
			  bool empty)
{
	struct signet_frame_info info = { .type = SIGNET_FRAME_PACKET,
					  .label = d->c->tx_label };
	uint8_t frame[SIGNET_FRAME_OVERHEAD + 4], pt[4];
	struct signet_aead_key key;
	struct dp_key *k;
	size_t len;

	if (d->tx_id < 0)
		return -ENOKEY;
	k = &d->tx[d->tx_id];
	if (n->net->now >= k->hard)
		return -EKEYEXPIRED;
	info.key_id = d->tx_id;
	info.counter = k->counter++;
	memcpy(pt, &what, sizeof(pt));
	assert_int_equal(signet_aead_key_init(&key, d->c->aead, k->raw), 0);
	len = signet_frame_seal(&key, d->c->tx_hop, &info, pt, empty ? 0 : 4,
				frame);
	d->tx_last = n->net->now;
	n->sent[SIGNET_FRAME_PACKET]++;
	transmit(n->net, n->address, d->to, frame, len);
	return 0;
}

static inline void env_keepalive(void *ctx, struct signet_session *s,
				 struct signet_channel *c)
{
	dp_seal(ctx, dp_of(ctx, c), 0, true);
}

static inline void dp_active(struct node *n, struct dp_channel *d)
{
	if (!d->watch)
		return;
	d->watch = false;
	signet_session_active(&n->s, d->c, n->net->now);
}

/*
 * Send a packet. Return: whether it was sealed; else a channel is asked for,
 * at most once a second.
 */
static inline bool packet(struct node *n)
{
	struct dp_channel *d = n->selected;

	assert_true(n->packets < PACKETS);
	if (d && !dp_seal(n, d, n->packets, false)) {
		n->packets++;
		dp_active(n, d);
		return true;
	}
	if (n->net->now >= n->wanted_at) {
		n->wanted_at = n->net->now + SEC;
		signet_session_connect(&n->s, false, n->net->now);
	}
	return false;
}

/* Note a packet that arrived: never the same twice. */
static inline void dp_deliver(struct node *n, const uint8_t *pt)
{
	uint32_t what;

	memcpy(&what, pt, sizeof(what));
	assert_true(what < other_of(n)->packets ||
		    other_of(n)->packets == what);
	assert_false(n->seen[what / 8] >> what % 8 & 1);
	n->seen[what / 8] |= 1 << what % 8;
	n->delivered++;
}

static inline struct dp_channel *dp_find(struct node *n, uint32_t label)
{
	for (int i = 0; i < CHANNELS; i++)
		if (n->dp[i].c && n->dp[i].c->rx_label == label)
			return &n->dp[i];
	return NULL;
}

static inline int dp_receive(struct node *n, const struct datagram *g)
{
	struct signet_endpoint from = endpoint_of(g->from, n->address);
	uint64_t now = n->net->now;
	struct signet_frame_info info;
	struct signet_aead_key key;
	struct dp_channel *d;
	struct dp_key *k;
	uint8_t pt[FRAME];
	bool advances;
	int err = signet_frame_parse(g->b, g->len, &info);

	if (err)
		return err;
	d = dp_find(n, info.label);
	if (!d)
		return SIGNET_DROP_LABEL;
	if (!signet_hop_tag_ok(g->b, d->c->rx_hop))
		return SIGNET_DROP_HOP_TAG;
	k = &d->rx[info.key_id];
	if (!k->used)
		return SIGNET_DROP_KEY_ID;
	if (now >= k->hard)
		return SIGNET_DROP_KEY_EXPIRED;
	if (!signet_replay_check(&k->replay, info.counter))
		return SIGNET_DROP_REPLAY;
	assert_int_equal(signet_aead_key_init(&key, d->c->aead, k->raw), 0);
	if (signet_frame_open(&key, &info, g->b, g->len, pt))
		return SIGNET_DROP_AEAD;
	advances = info.counter >= k->replay.next;
	assert_true(signet_replay_commit(&k->replay, info.counter));
	d->rx_last = now;
	if (!k->confirmed && d->takes_over && d->tx[info.key_id].used) {
		d->takes_over = false;
		d->tx_id = info.key_id;
		n->selected = d;
	}
	if (g->len > SIGNET_FRAME_OVERHEAD)
		dp_deliver(n, pt);
	if (!k->confirmed) {
		k->confirmed = true;
		signet_session_confirmed(&n->s, d->c, info.key_id, now);
	}
	dp_active(n, d);
	if (advances && g->from != d->to && now >= d->seen_at) {
		d->seen_at = now + SEC;
		signet_session_seen(&n->s, d->c, &from, now);
	}
	return 0;
}

static inline void reply(struct node *n, uint8_t to, const uint8_t *b,
			 size_t len)
{
	n->sent[b[0]]++;
	transmit(n->net, n->address, to, b, len);
}

/* First contact: nothing is kept of earlier ones. */
static inline int take_xx(struct node *n, const struct datagram *g)
{
	uint8_t frame[SIGNET_HANDSHAKE_MAX], ephemeral[32];
	size_t len;
	int drop;

	if (!n->first_contact)
		return SIGNET_DROP_PATTERN;
	if (n->xx.rx_label)
		env_label_free(n, n->xx.rx_label);
	drop = signet_handshake_read_init(&n->xx, &n->side.local,
					  &n->side.local.ident.id, NULL, g->b,
					  g->len, wall_of(n));
	if (drop)
		return drop;
	env_random(n, ephemeral, 32);
	assert_int_equal(signet_handshake_respond(&n->xx, &n->side.local,
						  env_label_new(n, &n->s),
						  ephemeral, frame, &len),
			 0);
	n->xx_from = g->from;
	reply(n, g->from, frame, len);
	return 0;
}

static inline int take_finish(struct node *n, const struct datagram *g)
{
	struct signet_endpoint from = endpoint_of(g->from, n->address);
	int drop = signet_handshake_read_finish(&n->xx, &n->side.local, g->b,
						g->len, wall_of(n));

	if (drop)
		return drop;
	return signet_session_accept_finished(&n->s, &n->xx, &from, n->net->now,
					      wall_of(n));
}

static inline int take_init(struct node *n, const struct datagram *g)
{
	struct signet_endpoint from = endpoint_of(g->from, n->address);
	uint8_t mac1_key[SIGNET_MAC_LEN], cookie[SIGNET_COOKIE_LEN];
	struct signet_handshake hs;
	int drop;

	signet_mac1_key(&n->side.local.ident.id, mac1_key);
	if (!signet_mac1_ok(g->b, mac1_key))
		return SIGNET_DROP_MAC1;
	signet_cookie(n->cookie_secret, &g->from, 1, cookie);
	if (n->under_load && !signet_mac2_ok(g->b, cookie)) {
		uint8_t frame[SIGNET_COOKIE_FRAME_LEN];

		signet_cookie_frame_write(frame, g->b, cookie, mac1_key);
		reply(n, g->from, frame, sizeof(frame));
		return SIGNET_DROP_MAC2;
	}
	if (g->b[1] != SIGNET_PATTERN_IK)
		return take_xx(n, g);
	drop = signet_handshake_read_init(&hs, &n->side.local,
					  &n->side.local.ident.id, NULL, g->b,
					  g->len, wall_of(n));
	if (drop)
		return drop;
	return signet_session_accept(&n->s, &hs, &from, n->net->now,
				     wall_of(n));
}

/* A datagram has arrived. Return: 0 or why it was dropped. */
static inline int receive(struct node *n, struct datagram *g)
{
	struct signet_endpoint from = endpoint_of(g->from, n->address);
	struct signet_frame_info info;
	uint8_t type = g->b[0];
	int drop = signet_frame_parse(g->b, g->len, &info);

	if (!drop && type == SIGNET_FRAME_PACKET)
		drop = dp_receive(n, g);
	else if (!drop && type == SIGNET_FRAME_INIT)
		drop = take_init(n, g);
	else if (!drop && !has_label(n, info.label))
		drop = SIGNET_DROP_LABEL;
	else if (!drop && type == SIGNET_FRAME_FINISH)
		drop = take_finish(n, g);
	else if (!drop)
		drop = signet_session_frame(&n->s, g->b, g->len, &from,
					    n->net->now, wall_of(n));
	if (drop)
		n->drop = drop;
	else
		n->got[type]++;
	return drop;
}

static inline void check(struct node *n)
{
	const struct signet_channel *c = signet_session_current(&n->s);
	uint64_t at = signet_session_deadline(&n->s);
	unsigned int up = 0, pending = 0;

	if (n->off)
		return;
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++) {
		const struct signet_channel *x = n->s.ch[i];

		up += x && x->state == SIGNET_CHANNEL_UP;
		pending += x && x->state == SIGNET_CHANNEL_PENDING;
	}
	assert_true(up <= 1 && pending <= 1);
	/* Who wants a channel and has none does not sleep. */
	if (n->s.wanted && !c)
		assert_true(at <= n->net->now + 40 * SEC);
	assert_true(n->memory < 64 * 1024);
}

/* The next thing that happens, at @until at the latest. */
static inline void step(struct net *net, uint64_t until)
{
	uint64_t at = until;
	int g = -1;

	for (unsigned int i = 0; i < net->flying; i++) {
		if (net->queue[i].at > at || (g >= 0 && net->queue[i].at == at))
			continue;
		at = net->queue[i].at;
		g = i;
	}
	for (int i = 0; i < 2; i++) {
		struct node *n = &net->node[i];
		uint64_t due = n->off ? FOREVER
				      : signet_session_deadline(&n->s);

		if (due > at || (due == at && g >= 0))
			continue;
		net->now = due > net->now ? due : net->now;
		signet_session_tick(&n->s, net->now);
		assert_true(signet_session_deadline(&n->s) > net->now);
		check(n);
		return;
	}
	net->now = at > net->now ? at : net->now;
	if (g >= 0) {
		struct datagram d = net->queue[g];

		net->queue[g] = net->queue[--net->flying];
		for (int i = 0; i < 2; i++) {
			if (net->node[i].address != d.to || net->node[i].off)
				continue;
			receive(&net->node[i], &d);
			check(&net->node[i]);
		}
	}
}

static inline void run(struct net *net, uint64_t span)
{
	uint64_t until = net->now + span;

	while (net->now < until) {
		step(net, until);
		assert_true(net->steps++ < 2000000);
	}
}

static inline void node_session(struct node *n, bool has_static)
{
	signet_session_init(&n->s, &n->side.local, &n->env, n,
			    &other_of(n)->side.local.ident.id,
			    has_static ? other_of(n)->side.local.static_pk
				       : NULL,
			    &SIGNET_TIMING);
}

static inline void node_make(struct net *net, struct node *n, uint8_t address)
{
	n->net = net;
	n->address = address;
	n->peer_address = 3 - address;
	n->knows_address = true;
	n->number = 1000;
	n->fail_alloc = n->fail_label = n->fail_number = n->fail_open =
		n->fail_key = n->fail_select = -1;
	n->env = (struct signet_session_env){
		.alloc = env_alloc,
		.free = env_free,
		.random = env_random,
		.label_new = env_label_new,
		.label_free = env_label_free,
		.number = env_number,
		.remember = env_remember,
		.endpoint = env_endpoint,
		.send = env_send,
		.channel_open = env_open,
		.channel_close = env_close,
		.channel_select = env_select,
		.channel_path = env_path,
		.key_add = env_key_add,
		.key_select = env_key_select,
		.key_del = env_key_del,
		.activity = env_activity,
		.watch = env_watch,
		.keepalive = env_keepalive,
		.event = env_event,
		.record = env_record,
		.send_history = env_history,
		.channel_gone = env_gone,
	};
}

/* Node 0 has the lower identity. They know each other's static keys. */
static inline struct net *net_new(uint64_t seed, unsigned int rotations0,
				  unsigned int rotations1)
{
	struct net *net = test_calloc(1, sizeof(*net));

	net->now = START;
	net->rng = 0x9e3779b97f4a7c15ULL * (seed + 1);
	net->weather.delay = 20 * MS;
	sides_make(&net->node[0].side, &net->node[1].side, rotations0,
		   rotations1);
	for (int i = 0; i < 2; i++)
		node_make(net, &net->node[i], i + 1);
	for (int i = 0; i < 2; i++)
		node_session(&net->node[i], true);
	return net;
}

/* All is given back. */
static inline void net_end(struct net *net)
{
	for (int i = 0; i < 2; i++) {
		struct node *n = &net->node[i];

		signet_session_destroy(&n->s);
		assert_int_equal(n->blocks, 0);
		assert_int_equal(n->memory, 0);
		if (n->xx.rx_label)
			env_label_free(n, n->xx.rx_label);
		assert_int_equal(n->live_labels, 0);
		for (int k = 0; k < CHANNELS; k++)
			assert_null(n->dp[k].c);
	}
}

static inline void net_free(struct net *net)
{
	net_end(net);
	test_free(net);
}

static inline struct signet_channel *up(struct node *n)
{
	struct signet_channel *c = signet_session_current(&n->s);

	return c && c->verified ? c : NULL;
}

/* Both ends use one and the same channel, and packets pass both ways. */
static inline void agree(struct net *net)
{
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int ad = a->delivered, bd = b->delivered;

	assert_non_null(up(a));
	assert_non_null(up(b));
	assert_memory_equal(up(a)->id, up(b)->id, 32);
	assert_int_equal(up(a)->tx_label, up(b)->rx_label);
	assert_int_equal(up(b)->tx_label, up(a)->rx_label);
	assert_true(packet(a));
	assert_true(packet(b));
	run(net, 2 * (net->weather.delay + net->weather.jitter) + MS);
	assert_int_equal(a->delivered, ad + 1);
	assert_int_equal(b->delivered, bd + 1);
}

static inline struct net *connected(uint64_t seed)
{
	struct net *net = net_new(seed, 0, 0);

	signet_session_connect(&net->node[0].s, false, net->now);
	run(net, SEC);
	agree(net);
	return net;
}

#endif
