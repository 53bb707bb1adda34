// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reliable messages over a network that does its worst. */
#include "reliable_net.h"

static const struct weather calm = { .delay = 20 * MS };

static struct net *start(uint64_t seed, const struct weather *w)
{
	return net_new(seed, w, &SIGNET_RELIABLE_LIMITS);
}

static void finish(struct net *n, uint64_t limit)
{
	struct side *a = &n->side[0], *b = &n->side[1];

	net_run(n, n->now + limit);
	assert_int_equal(a->reported, a->items);
	assert_int_equal(b->reported, b->items);
	assert_int_equal(a->failed, 0);
	assert_int_equal(b->failed, 0);
	assert_int_equal(a->delivered, b->items);
	assert_int_equal(b->delivered, a->items);
}

static void messages_of_every_size_arrive(void **state)
{
	static const uint32_t sizes[] = { 0,	 1,	 1023,	1024,  1025,
					  2047,	 2048,	 2049,	65535, 65536,
					  65537, 262143, 262144 };
	struct net *n = start(1, &calm);
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		net_add(n, 0, sizes[i]);
		net_add(n, 1, sizes[i]);
	}
	finish(n, 60 * SEC);
	net_free(n);
}

static void one_message_takes_one_frame_and_one_acknowledgement(void **state)
{
	struct net *n = start(1, &calm);

	net_add(n, 0, 100);
	finish(n, SEC);
	assert_int_equal(n->side[0].frames, 1);
	assert_int_equal(n->side[1].frames, 1);
	assert_true(n->now <= SEC + 41 * MS);
	net_free(n);
}

static void sizes_at_random(struct net *n, int side, unsigned int count,
			    uint32_t max)
{
	while (count--)
		net_add(n, side, rnd(n) % (max >> rnd(n) % 10));
}

static void third_lost_each_way_in_both_directions(void **state)
{
	struct weather w = { .loss = 300, .delay = 10 * MS, .jitter = 5 * MS };
	struct net *n;
	uint64_t seed;

	for (seed = 1; seed <= 300; seed++) {
		n = start(seed, &w);
		sizes_at_random(n, 0, 40, 20000);
		sizes_at_random(n, 1, 40, 20000);
		finish(n, 600 * SEC);
		net_free(n);
	}
}

static void reordering_and_duplicates(void **state)
{
	struct weather w = {
		.loss = 20, .duplicate = 300, .delay = 5 * MS, .jitter = 60 * MS
	};
	struct net *n;
	uint64_t seed;

	for (seed = 1; seed <= 60; seed++) {
		n = start(seed, &w);
		sizes_at_random(n, 0, 30, 100000);
		sizes_at_random(n, 1, 30, 100000);
		finish(n, 600 * SEC);
		net_free(n);
	}
}

static void reordering_alone_is_learned(void **state)
{
	struct weather w = { .delay = 40 * MS, .jitter = 30 * MS };
	struct signet_reliable_stats st;
	struct net *n = start(3, &w);
	int i;

	for (i = 0; i < 20; i++)
		net_add(n, 0, 200000);
	finish(n, 600 * SEC);
	signet_reliable_stats(n->side[0].r, &st);
	/* Nothing was lost: what is repeated is for nothing. */
	assert_true(st.retransmitted * 20 < st.sent);
	net_free(n);
}

static void largest_message_survives_everything_at_once(void **state)
{
	struct weather w = { .loss = 300,
			     .duplicate = 100,
			     .delay = 10 * MS,
			     .jitter = 20 * MS };
	struct net *n;
	uint64_t seed;

	for (seed = 1; seed <= 40; seed++) {
		n = start(seed, &w);
		net_add(n, 0, 262144);
		net_add(n, 1, 262144);
		finish(n, 900 * SEC);
		net_free(n);
	}
}

static void burst_of_loss_passes_and_the_window_recovers(void **state)
{
	struct weather w = { .delay = 20 * MS,
			     .dark_from = SEC + 300 * MS,
			     .dark_to = 11 * SEC + 300 * MS };
	struct signet_reliable_stats st;
	struct net *n = start(1, &w);
	int i;

	for (i = 0; i < 40; i++)
		net_add(n, 0, 262144);
	net_run(n, w.dark_to - MS);
	signet_reliable_stats(n->side[0].r, &st);
	assert_true(st.timeouts >= 4);
	assert_true(st.window <= SIGNET_RELIABLE_SPACE);
	/* The path is back: within 4 s all runs again. */
	net_run(n, w.dark_to + 4 * SEC);
	signet_reliable_stats(n->side[0].r, &st);
	assert_true(st.window >= 20 * SIGNET_RELIABLE_SPACE);
	finish(n, 60 * SEC);
	net_free(n);
}

static void silence_backs_off(void **state)
{
	struct weather w = { .delay = 20 * MS,
			     .dark_from = SEC + 500 * MS,
			     .dark_to = 41 * SEC };
	struct net *n = start(1, &w);
	uint64_t before;
	int i;

	for (i = 0; i < 20; i++)
		net_add(n, 0, 262144);
	net_run(n, 6 * SEC);
	before = n->side[0].frames;
	net_run(n, 36 * SEC);
	/* One in three seconds. */
	assert_true(n->side[0].frames - before <= 11);
	finish(n, 60 * SEC);
	net_free(n);
}

static void giving_up_is_reported_for_every_message(void **state)
{
	struct weather w = { .delay = 20 * MS,
			     .dark_from = SEC + 100 * MS,
			     .dark_to = NEVER };
	struct net *n = start(1, &w);
	uint64_t id;

	net_add(n, 0, 10);
	net_add(n, 0, 200000);
	net_add(n, 0, 0);
	net_run(n, 55 * SEC);
	assert_int_equal(n->side[0].failed, 0);
	net_run(n, 70 * SEC);
	assert_int_equal(n->side[0].reported, 3);
	assert_int_equal(n->side[0].failed, 2);
	assert_int_equal(
		signet_reliable_send(n->side[0].r, 1, "", 0, n->now, &id),
		-ETIMEDOUT);
	assert_int_equal(signet_reliable_deadline(n->side[0].r), NEVER);
	net_free(n);
}

static void acknowledgements_alone_are_lost(void **state)
{
	struct weather w = { .delay = 10 * MS };
	struct net *n = start(5, &w);
	uint64_t end;
	int i;

	for (i = 0; i < 10; i++)
		net_add(n, 0, 30000);
	net_pump(n, 0);
	/* For three seconds, drop whatever comes back. */
	for (end = n->now + 3 * SEC; n->now < end;) {
		n->now = net_next(n);
		n->weather.loss = 0;
		net_deliver(n);
		net_pump(n, 0);
		n->weather.loss = 1000;
		net_pump(n, 1);
	}
	n->weather.loss = 0;
	finish(n, 60 * SEC);
	net_free(n);
}

static void a_slow_reader_holds_the_sender_back(void **state)
{
	struct weather w = { .loss = 100, .delay = 10 * MS };
	struct net *n = start(7, &w);
	int i;

	n->side[1].hold = 2 * SEC;
	for (i = 0; i < 12; i++)
		net_add(n, 0, 262144 >> i % 3);
	for (i = 0; i < 200; i++)
		net_add(n, 0, 5);
	finish(n, 600 * SEC);
	net_free(n);
}

static void small_limits_carry_small_messages(void **state)
{
	struct weather w = { .loss = 100,
			     .duplicate = 50,
			     .delay = 10 * MS,
			     .jitter = 10 * MS };
	struct net *n;
	uint64_t seed;

	assert_true(signet_reliable_size(&SIGNET_RELIABLE_SMALL) < 62 * 1024);
	for (seed = 1; seed <= 40; seed++) {
		n = net_new(seed, &w, &SIGNET_RELIABLE_SMALL);
		sizes_at_random(n, 0, 300, 4097);
		sizes_at_random(n, 1, 300, 4097);
		finish(n, 600 * SEC);
		net_free(n);
	}
}

/* Bytes a second of messages over a bottleneck of 10 MB/s. */
static double throughput(unsigned int loss, struct signet_reliable_stats *st)
{
	struct weather w = { .loss = loss,
			     .delay = 10 * MS,
			     .byte_time = 100,
			     .queue = 40 * MS };
	struct net *n = start(11, &w);
	double rate;
	int i;

	for (i = 0; i < 60; i++)
		net_add(n, 0, 100000);
	finish(n, 600 * SEC);
	rate = 60 * 100000.0 * SEC / (n->now - SEC);
	signet_reliable_stats(n->side[0].r, st);
	net_free(n);
	return rate;
}

static void throughput_is_sane(void **state)
{
	struct signet_reliable_stats st;
	double clean = throughput(0, &st), lossy;

	print_message("clean %.0f kB/s, timeouts %u, lost %u\n", clean / 1000,
		      (unsigned int)st.timeouts, (unsigned int)st.lost);
	assert_true(clean > 3e6);
	/* Mathis: 1.2 MSS / (RTT sqrt(p)) is about 600 kB/s. */
	lossy = throughput(10, &st);
	print_message("1%% loss %.0f kB/s, timeouts %u\n", lossy / 1000,
		      (unsigned int)st.timeouts);
	assert_true(lossy > 300e3 && lossy < 2000e3);
}

static void a_small_message_overtakes_a_large_one(void **state)
{
	struct weather w = { .delay = 10 * MS,
			     .byte_time = 1000,
			     .queue = 100 * MS };
	struct net *n = start(1, &w);
	uint64_t end = n->now + 60 * SEC;

	net_add(n, 0, 10); /* service 0: opens the credit */
	net_add(n, 0, 150000);
	net_add(n, 0, 10);
	net_add(n, 0, 10);
	net_add(n, 0, 10);
	net_add(n, 0, 10); /* service 0 */
	while (!n->side[1].seen[5] && n->now < end)
		net_run(n, n->now + MS);
	assert_true(n->side[1].seen[5]);
	assert_false(n->side[1].seen[1]);
	finish(n, 60 * SEC);
	net_free(n);
}

/* Whatever the weather, from a local network to a satellite. */
static void weather_of_all_kinds(void **state)
{
	struct weather w;
	struct net *n;
	uint64_t seed;

	for (seed = 1; seed <= 400; seed++) {
		n = start(seed, &calm);
		w = (struct weather){
			.loss = rnd(n) % 300,
			.duplicate = rnd(n) % 300,
			.delay = (50000ULL << rnd(n) % 15) + rnd(n) % MS,
			.jitter = 50000ULL << rnd(n) % 12,
			.dark_from = SEC + rnd(n) % (2 * SEC),
			.byte_time = rnd(n) % 2 * (20ULL << rnd(n) % 8),
			.queue = (5 + rnd(n) % 100) * MS,
		};
		w.dark_to = w.dark_from + rnd(n) % (10 * SEC);
		n->weather = w;
		n->side[rnd(n) % 2].hold = rnd(n) % (500 * MS);
		sizes_at_random(n, 0, 1 + rnd(n) % 60, 40000);
		sizes_at_random(n, 1, 1 + rnd(n) % 60, 40000);
		finish(n, 1800 * SEC);
		net_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_every_size_arrive),
		cmocka_unit_test(
			one_message_takes_one_frame_and_one_acknowledgement),
		cmocka_unit_test(third_lost_each_way_in_both_directions),
		cmocka_unit_test(reordering_and_duplicates),
		cmocka_unit_test(reordering_alone_is_learned),
		cmocka_unit_test(largest_message_survives_everything_at_once),
		cmocka_unit_test(burst_of_loss_passes_and_the_window_recovers),
		cmocka_unit_test(silence_backs_off),
		cmocka_unit_test(giving_up_is_reported_for_every_message),
		cmocka_unit_test(acknowledgements_alone_are_lost),
		cmocka_unit_test(a_slow_reader_holds_the_sender_back),
		cmocka_unit_test(small_limits_carry_small_messages),
		cmocka_unit_test(weather_of_all_kinds),
		cmocka_unit_test(throughput_is_sane),
		cmocka_unit_test(a_small_message_overtakes_a_large_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
