// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whatever the environment refuses, a session goes on and leaks nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_node.h"

enum what {
	ALLOC,
	LABEL,
	NUMBER,
	OPEN,
	KEY,
	SELECT,
	WHATS,
};

static int *countdown(struct node *n, enum what what)
{
	switch (what) {
	case ALLOC:
		return &n->fail_alloc;
	case LABEL:
		return &n->fail_label;
	case NUMBER:
		return &n->fail_number;
	case OPEN:
		return &n->fail_open;
	case KEY:
		return &n->fail_key;
	default:
		return &n->fail_select;
	}
}

static void traffic(struct net *net, uint64_t span)
{
	uint64_t until = net->now + span;

	while (net->now < until) {
		packet(&net->node[0]);
		packet(&net->node[1]);
		run(net, 250 * MS);
	}
}

/* Connect, rekey, lose a peer, find it again, roam, owe a history. */
static void live(struct net *net)
{
	struct node *a = &net->node[0], *b = &net->node[1];

	signet_session_connect(&a->s, true, net->now);
	traffic(net, 3 * SEC);
	for (int i = 0; i < 2; i++) {
		struct node *n = &net->node[i];

		if (up(n))
			signet_session_want_rekey(&n->s, up(n), net->now);
		traffic(net, 3 * SEC);
	}
	a->address = 40;
	traffic(net, 2 * SEC);
	b->peer_address = 40;
	signet_session_connect(&b->s, true, net->now);
	traffic(net, SEC);
	signet_session_destroy(&b->s);
	node_session(b, true);
	traffic(net, 15 * SEC);
}

static void recovers(struct net *net)
{
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int had[2];
	uint64_t begun = net->now;

	for (;;) {
		had[0] = a->delivered;
		had[1] = b->delivered;
		packet(a);
		packet(b);
		run(net, 100 * MS);
		if (a->delivered > had[0] && b->delivered > had[1])
			break;
		assert_true(net->now < begun + 15 * SEC);
	}
	traffic(net, 40 * SEC);
	agree(net);
}

static void a_call_that_fails(enum what what, int who, bool xx)
{
	int k, left;

	for (k = 0; k < 200; k++) {
		struct net *net = net_new(k, 0, 0);
		struct node *n = &net->node[who];

		if (xx) {
			node_session(&net->node[0], false);
			node_session(&net->node[1], false);
			net->node[0].first_contact = true;
			net->node[1].first_contact = true;
		}
		*countdown(n, what) = k;
		live(net);
		left = *countdown(n, what);
		*countdown(n, what) = -1;
		recovers(net);
		net_free(net);
		if (left >= 0)
			break;
	}
	/* Every call had its turn. */
	assert_in_range(k, 1, 100);
}

static void any_call_may_fail_once(void **state)
{
	for (enum what what = 0; what < WHATS; what++)
		for (int who = 0; who < 2; who++)
			a_call_that_fails(what, who, false);
}

static void any_call_may_fail_once_on_first_contact(void **state)
{
	for (enum what what = 0; what < WHATS; what++)
		if (what != LABEL)
			for (int who = 0; who < 2; who++)
				a_call_that_fails(what, who, true);
}

/* From the k-th call on all fail, and then none. */
static void failures_may_last(void **state)
{
	for (enum what what = 0; what < WHATS; what++) {
		for (int who = 0; who < 2; who++) {
			for (int k = 0; k < 5; k++) {
				struct net *net = net_new(k, 0, 0);
				struct node *n = &net->node[who];

				n->fail_for_good = true;
				*countdown(n, what) = k;
				live(net);
				traffic(net, 200 * SEC);
				*countdown(n, what) = -1;
				recovers(net);
				net_free(net);
			}
		}
	}
}

static void verifying_a_history_may_fail(void **state)
{
	static const enum what whats[] = { OPEN, KEY, SELECT };

	for (int w = 0; w < 3; w++) {
		for (int k = 0; k < 2; k++) {
			struct net *net = net_new(5, 10, 0);
			struct node *a = &net->node[0], *b = &net->node[1];
			struct signet_channel *c;

			signet_session_connect(&a->s, true, net->now);
			run(net, 200 * MS);
			*countdown(b, whats[w]) = k;
			c = signet_session_current(&b->s);
			signet_session_history(&b->s, c, a->side.history,
					       a->side.local.history_len,
					       net->now, wall_of(b));
			*countdown(b, whats[w]) = -1;
			run(net, 60 * SEC);
			net_free(net);
		}
	}
}

static void no_address_is_known_yet(void **state)
{
	struct net *net = net_new(6, 0, 0);
	struct node *a = &net->node[0];

	a->knows_address = false;
	signet_session_connect(&a->s, true, net->now);
	run(net, 100 * SEC);
	assert_int_equal(a->sent[SIGNET_FRAME_INIT], 0);
	assert_int_equal(a->live_labels, 0);
	a->knows_address = true;
	run(net, 10 * SEC);
	agree(net);
	net_free(net);
}

/* A peer that breaks the protocol again and again is not raced with. */
static int refuse(void *ctx, struct signet_session *s, struct signet_channel *c,
		  const struct signet_record *r)
{
	return -EPROTO;
}

static void a_peer_that_breaks_the_protocol_is_not_pressed(void **state)
{
	static const uint8_t id[8] = { 9 };
	struct net *net = connected(7);
	struct node *a = &net->node[0];
	uint64_t begun = net->now;

	a->env.record = refuse;
	signet_session_connect(&a->s, true, net->now);
	while (net->now < begun + 60 * SEC) {
		signet_session_ping(&a->s, id, 0, net->now);
		run(net, 20 * MS);
	}
	assert_in_range(a->sent[SIGNET_FRAME_INIT], 20, 61);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_call_may_fail_once),
		cmocka_unit_test(any_call_may_fail_once_on_first_contact),
		cmocka_unit_test(failures_may_last),
		cmocka_unit_test(verifying_a_history_may_fail),
		cmocka_unit_test(no_address_is_known_yet),
		cmocka_unit_test(
			a_peer_that_breaks_the_protocol_is_not_pressed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
