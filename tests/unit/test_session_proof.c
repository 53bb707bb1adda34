// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sessions and what was proved: ends of attestations, clocks, histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_node.h"

/* Busy all the time, so that nothing else ends the channel. */
static void busy(struct net *net, uint64_t span)
{
	uint64_t until = net->now + span;

	while (net->now < until) {
		packet(&net->node[0]);
		packet(&net->node[1]);
		run(net, 5 * SEC);
	}
}

/* The wall clock counts whole seconds. */
static void ends(uint64_t at, uint64_t seconds)
{
	assert_in_range(at, START + seconds * SEC, START + seconds * SEC + SEC);
}

static void a_channel_ends_with_the_attestation(void **state)
{
	for (int who = 0; who < 2; who++) {
		struct net *net = net_new(1, 0, 0);
		struct node *n = &net->node[who], *other = &net->node[!who];

		side_attest(&n->side, WALL - 10, WALL + 300);
		signet_session_connect(&net->node[0].s, true, net->now);
		busy(net, 290 * SEC);
		agree(net);
		ends(up(other)->deadline, 300);
		busy(net, 15 * SEC);
		assert_null(up(other));
		assert_int_equal(other->last_detail[SIGNET_EVENT_DOWN],
				 SIGNET_CLOSE_EXPIRED);
		busy(net, 30 * SEC);
		assert_null(up(other));
		assert_int_equal(other->drop, SIGNET_DROP_EXPIRED);
		/* A new one, and all is well. */
		side_attest(&n->side, WALL + 300, WALL + 10000);
		busy(net, 20 * SEC);
		agree(net);
		net_free(net);
	}
}

/* Packets' keys end with it in the data path as well. */
static void the_data_path_knows_the_end(void **state)
{
	struct net *net = net_new(2, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];
	struct dp_channel *d;

	side_attest(&a->side, WALL - 10, WALL + 100);
	signet_session_connect(&a->s, false, net->now);
	run(net, SEC);
	agree(net);
	d = b->selected;
	ends(d->rx[d->tx_id].hard, 100);
	ends(d->tx[d->tx_id].hard, 100);
	net_free(net);
}

static void a_renewed_attestation_renews_the_channel_in_time(void **state)
{
	struct net *net = net_new(3, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int lost;
	uint8_t id[32];

	side_attest(&a->side, WALL - 10, WALL + 2000);
	signet_session_connect(&a->s, true, net->now);
	busy(net, 1000 * SEC);
	agree(net);
	memcpy(id, up(a)->id, 32);
	/* Half way, and long before the channel looks for it. */
	side_attest(&a->side, WALL + 1000, WALL + 20000);
	busy(net, 1500 * SEC);
	agree(net);
	assert_memory_not_equal(up(a)->id, id, 32);
	ends(up(b)->deadline, 20000);
	lost = a->packets - b->delivered + b->packets - a->delivered;
	assert_int_equal(lost, 0);
	assert_int_equal(a->events[SIGNET_EVENT_DOWN], 0);
	assert_int_equal(b->events[SIGNET_EVENT_DOWN], 0);
	net_free(net);
}

static void no_clock_ends_nothing_early(void **state)
{
	static const int64_t offsets[] = {
		-WALL,		   /* 1970 */
		-WALL - 1,	   /* not known */
		2147483647 - WALL, /* 2038, the last second of 32 bits */
		4294967295 - WALL,
	};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct net *net = net_new(4, 0, 0);

		for (int k = 0; k < 2; k++) {
			struct node *n = &net->node[k];

			if (offsets[i] > 0)
				side_attest(&n->side, WALL,
					    WALL + offsets[i] + ATT_LIFE);
			n->wall_offset = offsets[i];
		}
		signet_session_connect(&net->node[0].s, true, net->now);
		busy(net, 400 * SEC);
		agree(net);
		assert_int_equal(net->node[0].events[SIGNET_EVENT_DOWN], 0);
		net_free(net);
	}
}

/* A clock that jumps does not touch the channels that are up. */
static void a_clock_that_jumps_touches_no_channel(void **state)
{
	static const int64_t offsets[] = { -WALL, 2147483647 - WALL,
					   4000000000 - WALL, 0 };
	struct net *net = connected(5);
	struct node *a = &net->node[0], *b = &net->node[1];

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		a->wall_offset = b->wall_offset = offsets[i];
		busy(net, 300 * SEC);
		agree(net);
		assert_int_equal(a->opened, 1);
	}
	/* A new handshake in 2038 finds the attestation out of date ... */
	b->wall_offset = 2147483647 - WALL;
	signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	run(net, SEC);
	signet_session_connect(&a->s, true, net->now);
	run(net, SEC);
	assert_int_equal(b->drop, SIGNET_DROP_EXPIRED);
	/* ... and back in our days it is good again. */
	b->wall_offset = 0;
	run(net, 10 * SEC);
	agree(net);
	net_free(net);
}

static void far_ends_do_not_overflow(void **state)
{
	struct net *net = net_new(6, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];

	side_attest(&a->side, 1, INT64_MAX);
	side_attest(&b->side, 1, INT64_MAX);
	a->wall_offset = -WALL - 1;
	signet_session_connect(&a->s, true, net->now);
	busy(net, 100 * SEC);
	agree(net);
	assert_true(up(a)->deadline > net->now + 86400 * SEC);
	net_free(net);
}

static void hand_over(struct net *net, struct node *from)
{
	struct node *to = other_of(from);
	struct signet_channel *c = signet_session_current(&to->s);

	assert_int_equal(signet_session_history(&to->s, c, from->side.history,
						from->side.local.history_len,
						net->now, wall_of(to)),
			 0);
}

/* Histories of @rotations0 and @rotations1 changes: verified in the channel */
static void long_history(unsigned int rotations0, unsigned int rotations1,
			 int first)
{
	struct net *net = net_new(7, rotations0, rotations1);
	struct node *a = &net->node[0], *b = &net->node[1];

	signet_session_connect(&net->node[first].s, true, net->now);
	run(net, 200 * MS);
	assert_int_equal(a->owed, rotations0 >= 10);
	assert_int_equal(b->owed, rotations1 >= 10);
	/* No data and no keys in the data path until it is there. */
	if (a->owed) {
		assert_null(up(b));
		assert_int_equal(b->opened, 0);
		assert_int_equal(b->keys_added, 0);
		assert_int_equal(b->events[SIGNET_EVENT_UP], 0);
		assert_false(packet(b));
		run(net, 100 * MS);
		assert_ptr_equal(a->owes, signet_session_current(&a->s));
		hand_over(net, a);
	}
	if (b->owed)
		hand_over(net, b);
	agree(net);
	busy(net, 300 * SEC);
	agree(net);
	assert_int_equal(a->opened, 1);
	assert_true(a->s.counters.rekeys >= 2);
	net_free(net);
}

static void long_histories_are_verified_inside_the_channel(void **state)
{
	for (int first = 0; first < 2; first++) {
		long_history(10, 0, first);
		long_history(0, 10, first);
		long_history(10, 12, first);
	}
}

static void an_unverified_channel_closes_after_5_s(void **state)
{
	for (int first = 0; first < 2; first++) {
		struct net *net = net_new(8, 10, 0);
		struct node *a = &net->node[0], *b = &net->node[1];
		struct signet_channel *c;

		signet_session_connect(&net->node[first].s, false, net->now);
		run(net, SEC);
		assert_int_equal(a->owed, 1);
		c = signet_session_current(&b->s);
		assert_non_null(c);
		run(net, 3900 * MS);
		assert_ptr_equal(signet_session_current(&b->s), c);
		run(net, 200 * MS);
		assert_null(signet_session_current(&b->s));
		assert_int_equal(b->memory, 0);
		assert_int_equal(b->opened, 0);
		net_free(net);
	}
}

static void a_wrong_history_closes_the_channel(void **state)
{
	for (int kind = 0; kind < 4; kind++) {
		struct net *net = net_new(9, 10, 0);
		struct node *a = &net->node[0], *b = &net->node[1];
		size_t len = a->side.local.history_len;
		struct side other;
		int drop;

		signet_session_connect(&a->s, true, net->now);
		run(net, 200 * MS);
		if (kind == 0)
			a->side.history[len - 1] ^= 1;
		if (kind == 1)
			len--;
		side_make(&other, 'z', 10);
		if (kind == 2)
			memcpy(a->side.history, other.history, len);
		if (kind == 3)
			b->s.head.length = 12;
		drop = signet_session_history(
			&b->s, signet_session_current(&b->s), a->side.history,
			len, net->now, wall_of(b));
		assert_int_equal(drop, SIGNET_DROP_IDENTITY);
		assert_null(signet_session_current(&b->s));
		assert_int_equal(b->opened, 0);
		assert_int_equal(b->s.last_drop, SIGNET_DROP_IDENTITY);
		/* The other side is told, and does not press. */
		run(net, 500 * MS);
		assert_null(signet_session_current(&a->s));
		assert_int_equal(a->last_detail[SIGNET_EVENT_DOWN],
				 SIGNET_CLOSE_PEER);
		assert_int_equal(a->sent[SIGNET_FRAME_INIT], 1);
		net_free(net);
	}
}

/* Who only claims an identity, under a key of its own, gets nowhere. */
static void a_claim_under_an_unknown_key_is_refused(void **state)
{
	struct net *net = net_new(10, 10, 0);
	struct node *a = &net->node[0], *b = &net->node[1];

	node_session(b, false);
	signet_session_connect(&a->s, false, net->now);
	run(net, SEC);
	assert_null(signet_session_current(&b->s));
	assert_int_equal(b->s.last_drop, SIGNET_DROP_IDENTITY);
	assert_int_equal(b->memory, 0);
	net_free(net);
}

/* The old channel serves on while the new one waits for its history. */
static void data_flow_on_while_a_history_is_awaited(void **state)
{
	struct net *net = net_new(11, 10, 0);
	struct node *a = &net->node[0], *b = &net->node[1];

	signet_session_connect(&a->s, false, net->now);
	run(net, 200 * MS);
	hand_over(net, a);
	agree(net);
	signet_session_destroy(&a->s);
	node_session(a, true);
	signet_session_connect(&a->s, false, net->now);
	run(net, 200 * MS);
	assert_null(up(b));
	assert_non_null(b->selected);
	hand_over(net, a);
	agree(net);
	net_free(net);
}

static void a_pinned_static_key_is_insisted_on(void **state)
{
	struct net *net = net_new(12, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];

	side_new_static(&a->side, 5);
	b->s.remote_static[0] ^= 1;
	signet_session_connect(&a->s, true, net->now);
	run(net, SEC);
	assert_null(up(b));
	assert_int_equal(b->s.last_drop, SIGNET_DROP_IDENTITY);
	net_free(net);
}

/* A peer that changed its static key is found again through XX. */
static void a_new_static_key_is_learned(void **state)
{
	struct net *net = net_new(13, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];

	node_session(a, false);
	node_session(b, false);
	b->first_contact = true;
	signet_session_connect(&a->s, true, net->now);
	run(net, SEC);
	agree(net);
	signet_session_destroy(&b->s);
	node_session(b, false);
	side_new_static(&b->side, 6);
	busy(net, 60 * SEC);
	agree(net);
	assert_memory_equal(a->s.remote_static, b->side.local.static_pk, 32);
	assert_int_equal(a->events[SIGNET_EVENT_STATIC], 2);
	net_free(net);
}

/* Our own static key changes while a channel lives on. */
static void a_new_static_key_of_our_own(void **state)
{
	struct net *net = net_new(14, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];

	node_session(b, false);
	signet_session_connect(&a->s, true, net->now);
	run(net, SEC);
	agree(net);
	side_new_static(&a->side, 7);
	busy(net, 600 * SEC);
	agree(net);
	assert_memory_equal(b->s.remote_static, a->side.local.static_pk, 32);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_channel_ends_with_the_attestation),
		cmocka_unit_test(the_data_path_knows_the_end),
		cmocka_unit_test(
			a_renewed_attestation_renews_the_channel_in_time),
		cmocka_unit_test(no_clock_ends_nothing_early),
		cmocka_unit_test(a_clock_that_jumps_touches_no_channel),
		cmocka_unit_test(far_ends_do_not_overflow),
		cmocka_unit_test(
			long_histories_are_verified_inside_the_channel),
		cmocka_unit_test(an_unverified_channel_closes_after_5_s),
		cmocka_unit_test(a_wrong_history_closes_the_channel),
		cmocka_unit_test(a_claim_under_an_unknown_key_is_refused),
		cmocka_unit_test(data_flow_on_while_a_history_is_awaited),
		cmocka_unit_test(a_pinned_static_key_is_insisted_on),
		cmocka_unit_test(a_new_static_key_is_learned),
		cmocka_unit_test(a_new_static_key_of_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
