// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sessions against replay, hijacking, forgery, restarts and old state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_node.h"

#define ELSEWHERE 7

/* Keeps what it sees of one type; lets it pass. */
struct recorder {
	uint8_t type;
	bool swallow;
	unsigned int count;
	struct datagram d[32];
};

static bool record(struct net *net, struct datagram *d)
{
	struct recorder *r = net->tap_arg;

	if (d->b[0] != r->type || r->count == 32)
		return true;
	r->d[r->count++] = *d;
	return !r->swallow;
}

static void record_begin(struct net *net, struct recorder *r, uint8_t type,
			 bool swallow)
{
	memset(r, 0, sizeof(*r));
	r->type = type;
	r->swallow = swallow;
	net->tap = record;
	net->tap_arg = r;
}

static void replay(struct net *net, const struct datagram *d, uint8_t from)
{
	fly(net, from, d->to, d->b, d->len, net->now);
	run(net, MS);
}

/* All that an attacker would like to change. */
struct snapshot {
	struct signet_channel *c;
	struct signet_endpoint path;
	uint8_t id[32], remote_static[32];
	uint64_t newest;
	struct signet_head head;
	unsigned int remembered, events[8];
	void *selected;
};

static struct snapshot look(struct node *n)
{
	struct snapshot s;

	memset(&s, 0, sizeof(s));
	s.c = up(n);
	s.path = s.c->path;
	memcpy(s.id, s.c->id, 32);
	memcpy(s.remote_static, n->s.remote_static, 32);
	s.newest = n->s.newest;
	s.head = n->s.head;
	s.remembered = n->remembered;
	memcpy(s.events, n->events, sizeof(s.events));
	s.selected = n->selected;
	return s;
}

static void unchanged(struct node *n, const struct snapshot *then)
{
	struct snapshot now = look(n);

	assert_memory_equal(&now, then, sizeof(now));
}

static void a_replayed_init_changes_nothing(void **state)
{
	struct net *net = net_new(1, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];
	struct recorder r;
	struct snapshot then;
	unsigned int answers, took = 0;

	record_begin(net, &r, SIGNET_FRAME_INIT, false);
	signet_session_connect(&a->s, false, net->now);
	run(net, SEC);
	agree(net);
	net->tap = NULL;
	assert_int_equal(r.count, 1);
	/* The peer has another static key since. */
	side_new_static(&a->side, 3);
	signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	run(net, SEC);
	node_session(b, false);
	b->s.newest = 1001;
	signet_session_connect(&a->s, false, net->now);
	run(net, SEC);
	agree(net);

	then = look(b);
	answers = b->sent[SIGNET_FRAME_RESPONSE];
	for (int i = 0; i < 200; i++) {
		unsigned int got = b->got[SIGNET_FRAME_INIT];

		replay(net, &r.d[0], ELSEWHERE);
		took += b->got[SIGNET_FRAME_INIT] - got;
		run(net, 100 * MS);
		packet(a);
		packet(b);
		unchanged(b, &then);
		assert_true(b->live_labels <= 2);
		assert_true(b->memory < 16 * 1024);
	}
	/* 20 s: an answer at once, and one each five seconds. */
	assert_in_range(took, 1, 4);
	assert_int_equal(b->sent[SIGNET_FRAME_RESPONSE] - answers, took);
	run(net, 11 * SEC);
	agree(net);
	assert_int_equal(b->live_labels, 1);
	assert_int_equal(b->events[SIGNET_EVENT_DOWN], 1);
	net_free(net);
}

/* Different old inits, each newer than the one before: one answer in 5 s. */
static void many_replayed_inits_get_one_answer(void **state)
{
	struct net *net = net_new(14, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];
	struct snapshot then;
	struct recorder r;
	unsigned int took;

	record_begin(net, &r, SIGNET_FRAME_INIT, false);
	for (int i = 0; i < 20; i++) {
		signet_session_connect(&a->s, false, net->now);
		run(net, 200 * MS);
		agree(net);
		if (i == 19)
			break;
		signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
		run(net, 200 * MS);
	}
	net->tap = NULL;
	run(net, 40 * SEC);
	then = look(b);
	took = b->got[SIGNET_FRAME_INIT];
	for (unsigned int i = 0; i < r.count; i++) {
		replay(net, &r.d[i], ELSEWHERE);
		run(net, 200 * MS);
	}
	assert_int_equal(b->got[SIGNET_FRAME_INIT] - took, 1);
	unchanged(b, &then);
	net_free(net);
}

/* An init that was never confirmed is newer than all that was. */
static void a_withheld_init_changes_nothing_either(void **state)
{
	struct net *net = connected(2);
	struct node *a = &net->node[0], *b = &net->node[1];
	struct recorder r;
	struct snapshot then;

	/* The attacker keeps the init; a gives up and connects again later. */
	signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	run(net, SEC);
	record_begin(net, &r, SIGNET_FRAME_INIT, true);
	signet_session_connect(&a->s, false, net->now);
	run(net, 10 * MS);
	assert_int_equal(r.count, 1);
	net->tap = NULL;
	signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	a->number -= 1;
	signet_session_connect(&a->s, false, net->now);
	run(net, SEC);
	agree(net);
	then = look(b);
	replay(net, &r.d[0], ELSEWHERE);
	run(net, 20 * SEC);
	unchanged(b, &then);
	agree(net);
	net_free(net);
}

/* A replay in the middle of a true handshake does not push that aside. */
static void a_replay_does_not_push_a_handshake_aside(void **state)
{
	for (uint64_t at = 0; at < 80; at += 5) {
		struct net *net = net_new(3, 0, 0);
		struct node *a = &net->node[0], *b = &net->node[1];
		struct recorder r;

		record_begin(net, &r, SIGNET_FRAME_INIT, false);
		signet_session_connect(&a->s, false, net->now);
		run(net, SEC);
		net->tap = NULL;
		signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
		run(net, SEC);
		signet_session_connect(&a->s, false, net->now);
		run(net, at * MS);
		replay(net, &r.d[0], ELSEWHERE);
		run(net, 500 * MS);
		assert_int_equal(a->sent[SIGNET_FRAME_INIT], 2);
		agree(net);
		assert_non_null(up(b));
		net_free(net);
	}
}

static void forged_frames_change_nothing(void **state)
{
	struct net *net = connected(4);
	struct node *a = &net->node[0], *b = &net->node[1];
	static const uint8_t id[8] = { 5 };
	struct snapshot then = look(b);
	struct datagram again;
	struct recorder r;
	uint64_t deadline;

	record_begin(net, &r, SIGNET_FRAME_MESSAGE, true);
	assert_int_equal(signet_session_ping(&a->s, id, 0, net->now), 0);
	net->tap = NULL;
	assert_int_equal(r.count, 1);
	deadline = signet_session_deadline(&b->s);
	for (size_t bit = 0; bit < 8 * r.d[0].len; bit++) {
		struct datagram bad = r.d[0];

		bad.b[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(receive(b, &bad), 0);
	}
	for (size_t n = 0; n < r.d[0].len; n++) {
		struct datagram bad = r.d[0];

		bad.len = n;
		assert_int_not_equal(receive(b, &bad), 0);
	}
	unchanged(b, &then);
	assert_int_equal(signet_session_deadline(&b->s), deadline);
	/* The true one still opens, and opens once. */
	again = r.d[0];
	assert_int_equal(receive(b, &again), 0);
	assert_int_equal(receive(b, &r.d[0]), SIGNET_DROP_REPLAY);
	net_free(net);
}

static void a_peer_that_restarts_is_back_at_once(void **state)
{
	for (int who = 0; who < 2; who++) {
		struct net *net = connected(5);
		struct node *n = &net->node[who], *other = &net->node[!who];

		run(net, 10 * SEC);
		/* It has lost all but its number. */
		signet_session_destroy(&n->s);
		node_session(n, true);
		signet_session_connect(&n->s, true, net->now);
		run(net, 200 * MS);
		agree(net);
		assert_int_equal(n->sent[SIGNET_FRAME_INIT], who ? 1 : 2);
		/* The old channel is gone after a while. */
		run(net, 31 * SEC);
		assert_int_equal(other->live_labels, 1);
		agree(net);
		net_free(net);
	}
}

/* Its number went back, as from an older backup. */
static void a_peer_with_an_older_number_comes_back(void **state)
{
	struct net *net = connected(6);
	struct node *a = &net->node[0], *b = &net->node[1];
	uint64_t newest = b->s.newest;

	for (int i = 0; i < 5; i++) {
		signet_session_destroy(&a->s);
		node_session(a, true);
		a->number = 10;
		signet_session_connect(&a->s, true, net->now);
		run(net, 12 * SEC);
		agree(net);
		assert_int_equal(b->s.newest, newest);
	}
	net_free(net);
}

static void an_older_head_is_refused(void **state)
{
	struct net *net = net_new(7, 2, 0);
	struct node *a = &net->node[0], *b = &net->node[1];
	struct side older;

	signet_session_connect(&a->s, false, net->now);
	run(net, SEC);
	agree(net);
	assert_int_equal(b->s.head.length, 3);
	signet_session_close(&a->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	run(net, SEC);
	side_make(&older, a->side.tag, 1);
	a->side = older;
	a->side.local.history = a->side.history;
	signet_session_connect(&a->s, false, net->now);
	run(net, SEC);
	assert_null(up(b));
	assert_int_equal(b->s.last_drop, SIGNET_DROP_IDENTITY);
	/* And the other way round. */
	signet_session_connect(&b->s, false, net->now);
	run(net, SEC);
	assert_null(up(b));
	net_free(net);
}

/* Frames that were kept back and come from elsewhere: asked, not believed. */
static void a_withheld_frame_moves_nothing(void **state)
{
	struct net *net = connected(8);
	struct node *a = &net->node[0], *b = &net->node[1];
	static const uint8_t id[8] = { 5 };
	const uint8_t was = b->dp[up(b)->env - 1].to;
	struct recorder r, asked;
	uint8_t types[] = { SIGNET_FRAME_MESSAGE, SIGNET_FRAME_PACKET };

	for (int i = 0; i < 2; i++) {
		record_begin(net, &r, types[i], true);
		if (i)
			assert_true(packet(a));
		else
			signet_session_ping(&a->s, id, 0, net->now);
		assert_int_equal(r.count, 1);
		/* Answers are of no use to the attacker: it cannot open them */
		record_begin(net, &asked, SIGNET_FRAME_MESSAGE, false);
		replay(net, &r.d[0], ELSEWHERE);
		run(net, 10 * SEC);
		for (unsigned int k = 0; k < asked.count; k++)
			if (asked.d[k].to == ELSEWHERE)
				assert_true(asked.d[k].len <= 3 * r.d[0].len);
		assert_int_equal(up(b)->path.remote[0], a->address);
		assert_int_equal(b->dp[up(b)->env - 1].to, was);
		assert_int_equal(b->s.counters.roams, 0);
		net->tap = NULL;
		agree(net);
	}
	net_free(net);
}

static void challenges_are_limited(void **state)
{
	struct net *net = connected(9);
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int sent = b->sent[SIGNET_FRAME_MESSAGE];

	a->address = ELSEWHERE;
	a->off = true; /* never answers */
	for (int i = 0; i < 100; i++) {
		a->off = false;
		packet(a);
		a->off = true;
		run(net, 100 * MS);
	}
	/* In 10 s one each second at most, and the probes of a silent peer */
	assert_in_range(b->sent[SIGNET_FRAME_MESSAGE] - sent, 5, 15);
	assert_int_equal(b->s.counters.roams, 0);
	net_free(net);
}

static void either_side_roams(void **state)
{
	for (int who = 0; who < 2; who++) {
		for (int by_message = 0; by_message < 2; by_message++) {
			struct net *net = connected(10);
			struct node *n = &net->node[who];
			struct node *other = &net->node[!who];
			static const uint8_t id[8] = { 5 };
			uint8_t channel[32];

			memcpy(channel, up(n)->id, 32);
			for (uint8_t at = 20; at < 25; at++) {
				n->address = at;
				run(net, 2 * SEC);
				if (by_message)
					signet_session_ping(&n->s, id, 0,
							    net->now);
				else
					packet(n);
				run(net, 200 * MS);
				agree(net);
				assert_int_equal(up(other)->path.remote[0], at);
				assert_memory_equal(up(n)->id, channel, 32);
			}
			assert_int_equal(other->s.counters.roams, 5);
			assert_int_equal(n->s.counters.roams, 0);
			net_free(net);
		}
	}
}

static void both_roam_at_once(void **state)
{
	struct net *net = connected(11);
	struct node *a = &net->node[0], *b = &net->node[1];

	/* Nobody knows the other's new address: only a new init can help. */
	a->address = 30;
	b->address = 31;
	a->peer_address = 31;
	b->peer_address = 30;
	for (int i = 0; i < 200; i++) {
		packet(a);
		packet(b);
		run(net, 100 * MS);
	}
	agree(net);
	net_free(net);
}

static void a_cookie_is_taken_once_for_each_init(void **state)
{
	struct net *net = net_new(12, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];
	struct recorder r;

	b->under_load = true;
	record_begin(net, &r, SIGNET_FRAME_COOKIE, false);
	signet_session_connect(&a->s, true, net->now);
	run(net, SEC);
	agree(net);
	assert_int_equal(a->sent[SIGNET_FRAME_INIT], 2);
	assert_int_equal(r.count, 1);
	assert_int_equal(receive(a, &r.d[0]), SIGNET_DROP_LABEL);
	/* The next init has it from the start. */
	signet_session_close(&b->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	run(net, 2 * SEC);
	agree(net);
	assert_int_equal(a->sent[SIGNET_FRAME_INIT], 3);
	/* A responder that never has enough is not answered for ever. */
	signet_session_close(&b->s, SIGNET_CLOSE_SHUTDOWN, net->now);
	run(net, 100 * MS);
	memset(b->cookie_secret, 9, sizeof(b->cookie_secret));
	b->address = 77;
	a->peer_address = 77;
	net->tap = NULL;
	run(net, 2 * SEC);
	agree(net);
	assert_in_range(a->sent[SIGNET_FRAME_INIT], 4, 5);
	net_free(net);
}

/* No init ever has a good mac2: two for each attempt, and no more. */
static bool spoil_mac2(struct net *net, struct datagram *d)
{
	if (d->b[0] == SIGNET_FRAME_INIT)
		d->b[SIGNET_MAC2_OFFSET] ^= 1;
	return true;
}

static void cookies_do_not_make_a_storm(void **state)
{
	struct net *net = net_new(15, 0, 0);
	struct node *a = &net->node[0];

	net->node[1].under_load = true;
	net->tap = spoil_mac2;
	signet_session_connect(&a->s, true, net->now);
	run(net, 60 * SEC);
	assert_in_range(a->sent[SIGNET_FRAME_INIT], 10, 22);
	net->tap = NULL;
	run(net, 10 * SEC);
	agree(net);
	net_free(net);
}

static bool spoil(struct net *net, struct datagram *d)
{
	if (d->b[0] == SIGNET_FRAME_COOKIE)
		memset(d->b + 32, 0x55, SIGNET_COOKIE_LEN);
	return true;
}

static void a_forged_cookie_is_refused(void **state)
{
	struct net *net = net_new(13, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];

	b->under_load = true;
	net->tap = spoil;
	signet_session_connect(&a->s, true, net->now);
	run(net, 500 * MS);
	assert_int_equal(a->sent[SIGNET_FRAME_INIT], 1);
	assert_int_equal(a->drop, SIGNET_DROP_MAC1);
	net->tap = NULL;
	run(net, 2 * SEC);
	agree(net);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replayed_init_changes_nothing),
		cmocka_unit_test(many_replayed_inits_get_one_answer),
		cmocka_unit_test(a_withheld_init_changes_nothing_either),
		cmocka_unit_test(a_replay_does_not_push_a_handshake_aside),
		cmocka_unit_test(forged_frames_change_nothing),
		cmocka_unit_test(a_peer_that_restarts_is_back_at_once),
		cmocka_unit_test(a_peer_with_an_older_number_comes_back),
		cmocka_unit_test(an_older_head_is_refused),
		cmocka_unit_test(a_withheld_frame_moves_nothing),
		cmocka_unit_test(challenges_are_limited),
		cmocka_unit_test(either_side_roams),
		cmocka_unit_test(both_roam_at_once),
		cmocka_unit_test(a_cookie_is_taken_once_for_each_init),
		cmocka_unit_test(cookies_do_not_make_a_storm),
		cmocka_unit_test(a_forged_cookie_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
