// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sessions in bad weather: they never stall for good, never deliver twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_node.h"

#define SEEDS 40

static const struct weather storms[] = {
	{ .loss = 300, .delay = 20 * MS },
	{ .loss = 300, .delay = 80 * MS, .jitter = 200 * MS },
	{ .loss = 100, .duplicate = 300, .delay = 20 * MS, .jitter = 100 * MS },
	{ .burst = 30, .burst_len = 40, .delay = 20 * MS },
	{ .loss = 600, .duplicate = 200, .delay = 50 * MS, .jitter = 50 * MS },
	{ .loss = 1000 },
};

static const struct weather clear_sky = { .delay = 20 * MS };

/* Both send now and then, and want what they want. */
static void blow(struct net *net, uint64_t span)
{
	uint64_t until = net->now + span;

	while (net->now < until) {
		for (int i = 0; i < 2; i++)
			if (rnd(net) % 3)
				packet(&net->node[i]);
		if (rnd(net) % 200 == 0) {
			struct node *n = &net->node[rnd(net) & 1];

			if (up(n))
				signet_session_want_rekey(&n->s, up(n),
							  net->now);
		}
		run(net, (1 + rnd(net) % 500) * MS);
	}
}

/* After the weather has cleared, packets pass both ways within @span. */
static uint64_t recovery(struct net *net, uint64_t span)
{
	uint64_t begun = net->now;
	unsigned int had[2];

	net->weather = clear_sky;
	net->burst_left = 0;
	for (;;) {
		for (int i = 0; i < 2; i++) {
			had[i] = net->node[i].delivered;
			packet(&net->node[i]);
		}
		run(net, 100 * MS);
		if (net->node[0].delivered > had[0] &&
		    net->node[1].delivered > had[1])
			return net->now - begun;
		assert_true(net->now < begun + span);
	}
}

static void no_weather_stalls_a_session(void **state)
{
	const size_t kinds = sizeof(storms) / sizeof(storms[0]);

	for (uint64_t seed = 0; seed < SEEDS * kinds; seed++) {
		struct net *net = net_new(1000 + seed, 0, 0);

		net->weather = storms[seed % kinds];
		signet_session_connect(&net->node[seed & 1].s, seed & 2,
				       net->now);
		if (seed & 4)
			signet_session_connect(&net->node[~seed & 1].s,
					       seed & 8, net->now);
		blow(net, (20 + rnd(net) % 150) * SEC);
		recovery(net, 15 * SEC);
		/* Then all is well for as long as it lasts. */
		run(net, 5 * SEC);
		agree(net);
		net_free(net);
	}
}

static void storms_come_and_go(void **state)
{
	const size_t kinds = sizeof(storms) / sizeof(storms[0]);

	for (uint64_t seed = 0; seed < 4; seed++) {
		struct net *net = net_new(3000 + seed, 0, 0);

		signet_session_connect(&net->node[0].s, true, net->now);
		signet_session_connect(&net->node[1].s, true, net->now);
		for (int i = 0; i < 30; i++) {
			net->weather = storms[rnd(net) % kinds];
			blow(net, rnd(net) % 60 * SEC);
			recovery(net, 15 * SEC);
		}
		/* Bounded: nothing has piled up. */
		run(net, 300 * SEC);
		recovery(net, 15 * SEC);
		run(net, 60 * SEC);
		agree(net);
		for (int i = 0; i < 2; i++) {
			assert_in_range(net->node[i].live_labels, 1, 2);
			assert_true(net->node[i].memory_most < 40 * 1024);
		}
		net_free(net);
	}
}

/* Only one direction passes. */
static bool one_way(struct net *net, struct datagram *d)
{
	return d->from != *(const uint8_t *)net->tap_arg;
}

static void one_way_silence_is_noticed_and_repaired(void **state)
{
	for (uint8_t silent = 1; silent <= 2; silent++) {
		struct net *net = connected(4000 + silent);

		net->tap = one_way;
		net->tap_arg = &silent;
		blow(net, 60 * SEC);
		net->tap = NULL;
		recovery(net, 15 * SEC);
		agree(net);
		net_free(net);
	}
}

static void a_dead_peer_is_found_after_three_probes(void **state)
{
	struct net *net = connected(4100);
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int probes;
	uint64_t begun;

	run(net, 30 * SEC);
	b->off = true;
	assert_true(packet(a));
	probes = a->sent[SIGNET_FRAME_MESSAGE];
	begun = net->now;
	while (up(a))
		step(net, net->now + SEC);
	assert_in_range(net->now - begun, 5 * SEC, 10 * SEC);
	assert_int_equal(a->sent[SIGNET_FRAME_MESSAGE] - probes, SIGNET_PROBES);
	assert_int_equal(a->last_detail[SIGNET_EVENT_DOWN], SIGNET_CLOSE_DEAD);
	/* Nobody asked to keep it up. */
	assert_int_equal(signet_session_deadline(&a->s), FOREVER);
	b->off = false;
	run(net, 10 * SEC);
	recovery(net, 15 * SEC);
	net_free(net);
}

static void a_wanted_peer_is_sought_again(void **state)
{
	struct net *net = connected(4200);
	struct node *a = &net->node[0], *b = &net->node[1];

	signet_session_connect(&a->s, true, net->now);
	run(net, 30 * SEC);
	b->off = true;
	packet(a);
	run(net, 600 * SEC);
	assert_null(up(a));
	assert_int_equal(a->events[SIGNET_EVENT_DOWN], 1);
	b->off = false;
	run(net, 10 * SEC);
	agree(net);
	net_free(net);
}

static void traffic_one_way_is_no_reason_to_probe_much(void **state)
{
	struct net *net = connected(4300);
	struct node *a = &net->node[0];
	unsigned int sent = a->sent[SIGNET_FRAME_MESSAGE];

	for (int i = 0; i < 1000; i++) {
		packet(a);
		run(net, 100 * MS);
	}
	assert_non_null(up(a));
	assert_in_range(a->sent[SIGNET_FRAME_MESSAGE] - sent, 5, 21);
	net_free(net);
}

static void keepalive_holds_the_path_open(void **state)
{
	struct net *net = net_new(4400, 0, 0);
	struct node *a = &net->node[0], *b = &net->node[1];
	unsigned int frames;

	a->s.timing.keepalive = 25 * SEC;
	signet_session_connect(&a->s, true, net->now);
	run(net, 10 * SEC);
	frames = net->steps;
	for (int i = 0; i < 40; i++) {
		unsigned int sent = b->got[SIGNET_FRAME_PACKET] +
				    b->got[SIGNET_FRAME_MESSAGE];

		run(net, 26 * SEC);
		assert_true(b->got[SIGNET_FRAME_PACKET] +
				    b->got[SIGNET_FRAME_MESSAGE] >
			    sent);
		assert_non_null(up(a));
	}
	assert_int_equal(a->events[SIGNET_EVENT_DOWN], 0);
	assert_in_range(net->steps - frames, 40, 700);
	/* It also finds out that the other side is gone. */
	b->off = true;
	run(net, 60 * SEC);
	assert_null(up(a));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_weather_stalls_a_session),
		cmocka_unit_test(storms_come_and_go),
		cmocka_unit_test(one_way_silence_is_noticed_and_repaired),
		cmocka_unit_test(a_dead_peer_is_found_after_three_probes),
		cmocka_unit_test(a_wanted_peer_is_sought_again),
		cmocka_unit_test(traffic_one_way_is_no_reason_to_probe_much),
		cmocka_unit_test(keepalive_holds_the_path_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
