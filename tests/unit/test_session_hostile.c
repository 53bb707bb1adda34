// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A peer that is authentic, and hostile: whatever it says in its channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_node.h"

static void garbage(struct net *net, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		b[i] = rnd(net);
}

/* Records of every kind with bodies of any length and content. */
static size_t make_records(struct net *net, uint8_t *buf)
{
	struct signet_record_writer w;
	uint8_t body[SIGNET_RECORDS_MAX];

	signet_record_writer_init(&w, buf, SIGNET_RECORDS_MAX);
	for (int i = rnd(net) % 6; i >= 0; i--) {
		uint8_t kind = 1 + rnd(net) % (SIGNET_RECORD_KNOWN + 2);
		size_t len = rnd(net) % 60;

		/* Ends of channels are tested elsewhere, and end the test. */
		if (kind == SIGNET_RECORD_CLOSE)
			continue;
		if (kind == SIGNET_RECORD_REKEY_REQUEST ||
		    kind == SIGNET_RECORD_REKEY_RESPONSE)
			len = 50;
		if (rnd(net) % 50 == 0)
			len = rnd(net) % sizeof(body);
		garbage(net, body, len);
		if (len == 50) {
			body[0] %= SIGNET_KEY_IDS;
			body[1] %= SIGNET_KEY_IDS;
		}
		signet_record_add(&w, kind, body, len);
	}
	if (rnd(net) % 20 == 0)
		garbage(net, buf, w.cap);
	return signet_record_finish(&w);
}

static void records_of_any_kind(void **state)
{
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct net *net = connected(seed);
		struct node *a = &net->node[0], *b = &net->node[1];
		uint8_t buf[SIGNET_RECORDS_MAX];

		signet_session_connect(&a->s, true, net->now);
		for (int i = 0; i < 3000; i++) {
			size_t len = make_records(net, buf);

			if (up(a))
				signet_session_send(&a->s, up(a), buf, len,
						    net->now);
			packet(a);
			packet(b);
			run(net, rnd(net) % 100 * MS);
			assert_true(b->memory < 16 * 1024);
			assert_true(a->memory < 16 * 1024);
			assert_true(b->live_labels <= 5);
		}
		/* It is not the worse for it. */
		for (int i = 0; i < 100 && !(up(a) && up(b)); i++)
			run(net, 100 * MS);
		run(net, 3 * SEC);
		agree(net);
		net_free(net);
	}
}

static void send_one(struct node *n, uint8_t kind, const uint8_t *body,
		     size_t len)
{
	uint8_t buf[SIGNET_RECORDS_MAX];
	struct signet_record_writer w;

	signet_record_writer_init(&w, buf, sizeof(buf));
	assert_int_equal(signet_record_add(&w, kind, body, len), 0);
	assert_int_equal(signet_session_send(&n->s, up(n), buf,
					     signet_record_finish(&w),
					     n->net->now),
			 0);
}

/* Requests that are not its to make, or for keys in use: not answered. */
static void rekeys_that_do_not_fit_are_ignored(void **state)
{
	struct net *net = connected(20);
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int keys = b->keys_added;
	uint8_t body[50];

	for (int base = 0; base < SIGNET_KEY_IDS; base++) {
		for (int id = 0; id < SIGNET_KEY_IDS; id++) {
			garbage(net, body, sizeof(body));
			body[0] = base;
			body[1] = id;
			send_one(a, SIGNET_RECORD_REKEY_REQUEST, body, 50);
			send_one(a, SIGNET_RECORD_REKEY_RESPONSE, body, 50);
			run(net, 50 * MS);
		}
	}
	assert_int_equal(b->keys_added, keys);
	assert_null(b->s.rekey);
	agree(net);
	/* Another length breaks the protocol. */
	send_one(a, SIGNET_RECORD_REKEY_REQUEST, body, 49);
	run(net, 50 * MS);
	assert_null(up(b));
	assert_int_equal(b->last_detail[SIGNET_EVENT_DOWN], SIGNET_CLOSE_ERROR);
	net_free(net);
}

/* An echo that was not asked for, and one from elsewhere. */
/* One datagram, hundreds of answers, to whatever address it seems to be from */
static void a_frame_is_answered_once_for_each_kind(void **state)
{
	static const uint8_t kinds[] = { SIGNET_RECORD_PING,
					 SIGNET_RECORD_CHALLENGE };

	for (size_t k = 0; k < sizeof(kinds); k++) {
		struct net *net = connected(17 + k);
		struct node *a = &net->node[0], *b = &net->node[1];
		uint8_t buf[SIGNET_RECORDS_MAX], body[8] = { 1, 2, 3 };
		struct signet_record_writer w;
		uint64_t before;

		run(net, 3 * SEC);
		signet_record_writer_init(&w, buf, sizeof(buf));
		while (!signet_record_add(&w, kinds[k], body, sizeof(body)))
			body[7]++;
		assert_true(body[7] > 50);
		before = b->sent[SIGNET_FRAME_MESSAGE];
		assert_int_equal(signet_session_send(&a->s, up(a), buf,
						     signet_record_finish(&w),
						     net->now),
				 0);
		run(net, 200 * MS);
		assert_int_equal(b->sent[SIGNET_FRAME_MESSAGE], before + 1);
		net_free(net);
	}
}

static void an_echo_proves_only_what_was_asked(void **state)
{
	struct net *net = connected(21);
	struct node *a = &net->node[0], *b = &net->node[1];
	uint8_t body[8] = { 0 };

	/* All zero, as a challenge is before there is one. */
	a->address = 50;
	net->node[0].off = true;
	for (int i = 0; i < 5; i++) {
		send_one(a, SIGNET_RECORD_ECHO, body, 8);
		run(net, 100 * MS);
		garbage(net, body, 8);
	}
	assert_int_equal(up(b)->path.remote[0], 1);
	assert_int_equal(b->s.counters.roams, 0);
	net_free(net);
}

/* What was asked of one address is answered from another. */
static bool echo_elsewhere(struct net *net, struct datagram *d)
{
	/* The first frame comes from 50, and all later ones from 51. */
	if (d->from == 50 && net->tap_arg)
		d->from = 51;
	if (d->to == 50)
		net->tap_arg = net;
	return true;
}

static void an_echo_comes_from_where_it_was_asked(void **state)
{
	struct net *net = connected(24);
	struct node *a = &net->node[0], *b = &net->node[1];

	a->address = 50;
	net->tap = echo_elsewhere;
	net->tap_arg = NULL;
	packet(a);
	run(net, 500 * MS);
	assert_non_null(net->tap_arg);
	assert_int_equal(up(b)->path.remote[0], 1);
	assert_int_equal(b->s.counters.roams, 0);
	net_free(net);
}

/* Pongs with a wrong id do not measure, and are nobody else's. */
static void a_pong_answers_its_ping(void **state)
{
	struct net *net = connected(22);
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int pongs = b->events[SIGNET_EVENT_PONG];
	unsigned int records = b->records;
	uint8_t body[20] = { 1 };

	send_one(a, SIGNET_RECORD_PONG, body, 20);
	run(net, 100 * MS);
	assert_int_equal(b->events[SIGNET_EVENT_PONG], pongs);
	assert_int_equal(b->records, records + 1);
	assert_int_equal(signet_session_ping(&b->s, body, 900, net->now), 0);
	run(net, 100 * MS);
	assert_int_equal(b->records, records + 2);
	assert_int_equal(
		signet_session_ping(&b->s, body, SIGNET_RECORDS_MAX, net->now),
		-EMSGSIZE);
	net_free(net);
}

/* It rekeys as fast as it can: bounded, and packets pass all the while. */
static void a_storm_of_rekeys(void **state)
{
	struct net *net = connected(23);
	struct node *a = &net->node[0], *b = &net->node[1];

	for (int i = 0; i < 2000; i++) {
		if (up(a))
			signet_session_want_rekey(&a->s, up(a), net->now);
		packet(b);
		run(net, 5 * MS);
		assert_true(b->memory < 16 * 1024);
	}
	run(net, SEC);
	assert_int_equal(a->delivered, b->packets);
	assert_int_equal(b->opened, 1);
	agree(net);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_any_kind),
		cmocka_unit_test(rekeys_that_do_not_fit_are_ignored),
		cmocka_unit_test(a_frame_is_answered_once_for_each_kind),
		cmocka_unit_test(an_echo_proves_only_what_was_asked),
		cmocka_unit_test(an_echo_comes_from_where_it_was_asked),
		cmocka_unit_test(a_pong_answers_its_ping),
		cmocka_unit_test(a_storm_of_rekeys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
