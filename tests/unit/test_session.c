// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sessions: how channels come up, cross, and end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_node.h"

static void one_side_connects(void **state)
{
	struct net *net = connected(1);

	for (int i = 0; i < 2; i++) {
		const struct node *n = &net->node[i];

		assert_int_equal(n->events[SIGNET_EVENT_UP], 1);
		assert_int_equal(n->s.counters.handshakes, 1);
		assert_int_equal(n->opened, 1);
		assert_int_equal(n->keys_added, 2);
	}
	assert_int_equal(net->node[0].sent[SIGNET_FRAME_INIT], 1);
	assert_int_equal(net->node[1].sent[SIGNET_FRAME_RESPONSE], 1);
	assert_int_equal(net->node[1].s.newest, 1001);
	net_free(net);
}

/* What it proves has changed: a new channel, and never none in between. */
static void a_renewed_channel_is_followed_by_another(void **state)
{
	struct net *net = connected(21);
	struct node *a = &net->node[0], *b = &net->node[1];

	signet_session_renew(&a->s, net->now + SEC);
	run(net, 900 * MS);
	assert_int_equal(a->sent[SIGNET_FRAME_INIT], 1);
	for (int i = 0; i < 200; i++) {
		run(net, 5 * MS);
		assert_non_null(signet_session_current(&a->s));
		assert_non_null(signet_session_current(&b->s));
		assert_true(packet(a) && packet(b));
	}
	run(net, SEC);
	assert_int_equal(a->sent[SIGNET_FRAME_INIT], 2);
	assert_int_equal(a->events[SIGNET_EVENT_UP], 2);
	assert_int_equal(b->events[SIGNET_EVENT_UP], 2);
	assert_int_equal(a->events[SIGNET_EVENT_DOWN], 0);
	assert_int_equal(a->delivered, b->packets);
	assert_int_equal(b->delivered, a->packets);
	net_free(net);
}

/* Until a frame under the new keys has opened, nothing changes. */
static void a_responder_waits_for_confirmation(void **state)
{
	struct net *net = net_new(2, 0, 0);
	struct node *b = &net->node[1];

	signet_session_connect(&net->node[0].s, false, net->now);
	run(net, 30 * MS);
	assert_null(signet_session_current(&b->s));
	assert_int_equal(b->s.newest, 0);
	assert_int_equal(b->remembered, 0);
	assert_int_equal(b->events[SIGNET_EVENT_UP], 0);
	assert_null(b->selected);
	net->node[0].off = true;
	run(net, 11 * SEC);
	assert_int_equal(b->live_labels, 0);
	assert_int_equal(b->memory, 0);
	net_free(net);
}

static void init_is_repeated_with_growing_pauses(void **state)
{
	static const uint64_t pauses[] = { 1, 2, 4, 8, 8, 8 };
	struct net *net = net_new(3, 0, 0);
	struct node *a = &net->node[0];
	uint64_t last = net->now;

	net->node[1].off = true;
	signet_session_connect(&a->s, true, net->now);
	for (unsigned int i = 0; i < 6; i++) {
		unsigned int sent = a->sent[SIGNET_FRAME_INIT];

		assert_int_equal(sent, i + 1);
		while (a->sent[SIGNET_FRAME_INIT] == sent)
			step(net, net->now + 20 * SEC);
		assert_in_range(net->now - last, pauses[i] * SEC,
				pauses[i] * SEC + SEC / 3);
		last = net->now;
	}
	assert_int_equal(a->live_labels, 1);
	/* For ever, as asked. */
	run(net, 3600 * SEC);
	assert_in_range(a->sent[SIGNET_FRAME_INIT], 400, 500);
	net->node[1].off = false;
	run(net, 10 * SEC);
	agree(net);
	net_free(net);
}

static void a_connection_that_nobody_keeps_up_is_given_up(void **state)
{
	struct net *net = net_new(4, 0, 0);
	struct node *a = &net->node[0];

	net->node[1].off = true;
	signet_session_connect(&a->s, false, net->now);
	run(net, 61 * SEC);
	assert_int_equal(signet_session_deadline(&a->s), FOREVER);
	assert_int_equal(a->memory, 0);
	assert_int_equal(a->live_labels, 0);
	net->node[1].off = false;
	signet_session_connect(&a->s, false, net->now);
	run(net, SEC);
	agree(net);
	net_free(net);
}

/* Both begin, with every delay between them, at every speed of the network. */
static void crossed(uint64_t seed, int first, uint64_t between, uint64_t delay,
		    uint64_t jitter, bool keep)
{
	struct net *net = net_new(seed, 0, 0);
	struct node *x = &net->node[first], *y = &net->node[!first];

	net->weather.delay = delay;
	net->weather.jitter = jitter;
	signet_session_connect(&x->s, keep, net->now);
	run(net, between);
	signet_session_connect(&y->s, keep, net->now);
	run(net, 8 * (delay + jitter) + 8 * SEC);
	agree(net);
	/* Nothing more is tried, the other channels end, this one stays. */
	run(net, 40 * SEC);
	agree(net);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(net->node[i].live_labels, 1);
		assert_int_equal(net->node[i].events[SIGNET_EVENT_DOWN], 0);
	}
	net_free(net);
}

/* The same under traffic: packets are the first frames of each channel. */
static void crossed_busy(uint64_t seed, int first, uint64_t between)
{
	struct net *net = net_new(seed, 0, 0);
	struct node *x = &net->node[first], *y = &net->node[!first];

	net->weather.delay = 5 * MS;
	net->weather.jitter = 60 * MS;
	signet_session_connect(&x->s, true, net->now);
	run(net, between);
	signet_session_connect(&y->s, true, net->now);
	for (int i = 0; i < 100; i++) {
		packet(x);
		packet(y);
		run(net, MS);
	}
	run(net, 40 * SEC);
	agree(net);
	for (int i = 0; i < 2; i++)
		assert_int_equal(net->node[i].live_labels, 1);
	net_free(net);
}

static void packets_go_on_when_both_begin(void **state)
{
	for (int first = 0; first < 2; first++)
		for (uint64_t seed = 0; seed < 600; seed++)
			crossed_busy(seed, first, seed % 60 * MS);
}

static void simultaneous_open_agrees_on_one_channel(void **state)
{
	static const uint64_t delays[] = { MS, 20 * MS, 150 * MS, 480 * MS };
	uint64_t seed = 0;

	for (int first = 0; first < 2; first++)
		for (size_t d = 0; d < 4; d++)
			for (int b = 0; b <= 12; b++) {
				crossed(seed++, first, b * delays[d] / 4,
					delays[d], 0, b & 1);
				crossed(seed++, first, b * delays[d] / 4,
					delays[d], delays[d], b & 1);
			}
}

static void close_is_told(void **state)
{
	struct net *net = connected(6);
	struct node *a = &net->node[0], *b = &net->node[1];

	signet_session_close(&a->s, SIGNET_CLOSE_REMOVED, net->now);
	assert_null(signet_session_current(&a->s));
	assert_int_equal(a->events[SIGNET_EVENT_DOWN], 1);
	assert_int_equal(a->last_detail[SIGNET_EVENT_DOWN],
			 SIGNET_CLOSE_REMOVED);
	assert_int_equal(a->memory, 0);
	assert_int_equal(signet_session_deadline(&a->s), FOREVER);
	run(net, SEC);
	assert_null(signet_session_current(&b->s));
	assert_int_equal(b->last_detail[SIGNET_EVENT_DOWN], SIGNET_CLOSE_PEER);
	assert_int_equal(b->memory, 0);
	net_free(net);
}

/* Who wants to keep the channel waits a second before it asks again. */
static void a_peer_that_closed_is_not_pressed(void **state)
{
	struct net *net = connected(7);
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int inits;

	signet_session_connect(&b->s, true, net->now);
	inits = b->sent[SIGNET_FRAME_INIT];
	signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	run(net, 900 * MS);
	assert_int_equal(b->sent[SIGNET_FRAME_INIT], inits);
	run(net, 200 * MS);
	assert_int_equal(b->sent[SIGNET_FRAME_INIT], inits + 1);
	run(net, SEC);
	agree(net);
	net_free(net);
}

/* The other side closes while our own init is still open. */
static void a_close_after_crossing_does_not_stall(void **state)
{
	for (uint64_t wait = 0; wait < 7000; wait += 500) {
		struct net *net = net_new(8, 0, 0);
		struct node *a = &net->node[0], *b = &net->node[1];

		net->node[1].peer_address = 9; /* nobody there */
		signet_session_connect(&b->s, true, net->now);
		run(net, 100 * MS);
		signet_session_connect(&a->s, false, net->now);
		run(net, 200 * MS + wait * MS);
		assert_non_null(up(b));
		b->peer_address = a->address;
		signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
		run(net, 20 * SEC);
		agree(net);
		net_free(net);
	}
}

static void first_contact_by_xx(void **state)
{
	struct net *net = net_new(9, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];

	node_session(a, false);
	node_session(b, false);
	signet_session_connect(&a->s, true, net->now);
	run(net, SEC);
	assert_null(signet_session_current(&b->s));
	assert_int_equal(b->drop, SIGNET_DROP_PATTERN);
	b->first_contact = true;
	run(net, 10 * SEC);
	agree(net);
	assert_int_equal(a->events[SIGNET_EVENT_STATIC], 1);
	assert_int_equal(b->events[SIGNET_EVENT_STATIC], 1);
	assert_memory_equal(a->s.remote_static, b->side.local.static_pk, 32);
	assert_true(b->s.newest > 1000);
	/* From now on by IK. */
	signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	run(net, SEC);
	b->first_contact = false;
	signet_session_connect(&b->s, false, net->now);
	run(net, SEC);
	agree(net);
	net_free(net);
}

/* Who answers first may be a liar; the true answer still counts. */
static uint8_t liar_history[SIGNET_HISTORY_MAX];

static bool lie(struct net *net, struct datagram *d)
{
	struct side *liar = net->tap_arg;
	struct signet_handshake hs;
	struct signet_id id = net->node[1].side.local.ident.id;
	static const uint8_t ephemeral[32] = { 77 };
	uint8_t frame[SIGNET_HANDSHAKE_MAX];
	size_t len;

	if (d->b[0] != SIGNET_FRAME_INIT)
		return true;
	assert_int_equal(signet_handshake_read_init(&hs, &liar->local, &id,
						    NULL, d->b, d->len, WALL),
			 0);
	/* A claim: another's identifier, and no history. */
	liar->local.ident.id = id;
	liar->local.history = liar_history;
	liar->local.history_len = sizeof(liar_history);
	assert_int_equal(signet_handshake_respond(&hs, &liar->local, 99,
						  ephemeral, frame, &len),
			 0);
	fly(net, d->to, d->from, frame, len, net->now);
	return true;
}

static void
a_liar_on_first_contact_does_not_keep_the_true_one_away(void **state)
{
	struct net *net = net_new(10, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];
	struct side liar;

	side_make(&liar, 'z', 0);
	node_session(a, false);
	b->first_contact = true;
	net->tap = lie;
	net->tap_arg = &liar;
	signet_session_connect(&a->s, true, net->now);
	run(net, SEC);
	assert_int_equal(a->sent[SIGNET_FRAME_INIT], 1);
	agree(net);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_side_connects),
		cmocka_unit_test(a_renewed_channel_is_followed_by_another),
		cmocka_unit_test(a_responder_waits_for_confirmation),
		cmocka_unit_test(init_is_repeated_with_growing_pauses),
		cmocka_unit_test(a_connection_that_nobody_keeps_up_is_given_up),
		cmocka_unit_test(simultaneous_open_agrees_on_one_channel),
		cmocka_unit_test(packets_go_on_when_both_begin),
		cmocka_unit_test(close_is_told),
		cmocka_unit_test(a_peer_that_closed_is_not_pressed),
		cmocka_unit_test(a_close_after_crossing_does_not_stall),
		cmocka_unit_test(first_contact_by_xx),
		cmocka_unit_test(
			a_liar_on_first_contact_does_not_keep_the_true_one_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
