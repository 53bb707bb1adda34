// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose init is worked on next, and whose goes when there is no more room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/fair_queue.h"

static struct sg_fair_queue *q;
static uint64_t late;

static int setup(void **state)
{
	q = sg_fair_queue_new();
	late = 0;
	return q ? 0 : -1;
}

static int teardown(void **state)
{
	free(q);
	return 0;
}

/* An init that says who sent it and which one it is; came at time @number. */
static bool push(uint64_t site, uint64_t subnet, uint32_t number)
{
	const struct sg_source src = { site, subnet };
	struct sg_waiting w = { .since = number, .len = 24 };
	uint8_t frame[24] = { 0 };

	memcpy(frame, &site, 8);
	memcpy(frame + 8, &subnet, 8);
	memcpy(frame + 16, &number, 4);
	w.from.v4.sin_port = (uint16_t)number;
	return sg_fair_queue_push(q, &src, &w, frame);
}

struct popped {
	uint64_t site, subnet;
	uint32_t number;
};

static bool pop_since(uint64_t since, struct popped *p)
{
	const struct sg_waiting *w = sg_fair_queue_pop(q, since, &late);

	if (!w)
		return false;
	assert_int_equal(w->len, 24);
	memcpy(&p->site, w->frame, 8);
	memcpy(&p->subnet, w->frame + 8, 8);
	memcpy(&p->number, w->frame + 16, 4);
	assert_int_equal(w->from.v4.sin_port, (uint16_t)p->number);
	assert_int_equal(w->since, p->number);
	return true;
}

static struct popped pop(void)
{
	struct popped p;

	assert_true(pop_since(0, &p));
	return p;
}

static void a_loud_site_does_not_delay_a_quiet_one(void **state)
{
	for (uint32_t i = 0; i < 400; i++)
		assert_true(push(1, 1, i));
	assert_true(push(2, 2, 1000));
	assert_int_equal(pop().site, 1);
	assert_int_equal(pop().number, 1000);
}

static void a_quiet_site_waits_one_turn_of_each_other(void **state)
{
	for (uint32_t i = 0; i < 500; i++)
		assert_true(push(1 + i % 50, 1, i));
	assert_true(push(99, 1, 1000));
	for (int i = 0; i < 50; i++)
		assert_int_not_equal(pop().site, 99);
	assert_int_equal(pop().site, 99);
}

/* Who has a /48 has 65536 /64s: they share what the /48 gets. */
static void subnets_share_the_turns_of_their_site(void **state)
{
	int mine = 0;

	for (uint32_t i = 0; i < 300; i++)
		assert_true(push(1, i % 100, i));
	for (uint32_t i = 0; i < 3; i++)
		assert_true(push(2, 7, 1000 + i));
	for (int i = 0; i < 6; i++)
		mine += pop().site == 2;
	assert_int_equal(mine, 3);
}

static void subnets_of_a_site_take_turns(void **state)
{
	for (uint32_t i = 0; i < 100; i++)
		assert_true(push(1, 1, i));
	assert_true(push(1, 2, 1000));
	assert_int_equal(pop().subnet, 1);
	assert_int_equal(pop().subnet, 2);
	assert_int_equal(pop().subnet, 1);
}

static void one_source_is_served_in_order(void **state)
{
	for (uint32_t i = 0; i < 100; i++)
		assert_true(push(5, 6, i));
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(pop().number, i);
	assert_int_equal(q->n, 0);
	assert_int_equal(q->n_sites, 0);
}

static void the_same_subnet_hash_in_two_sites_is_two_flows(void **state)
{
	assert_true(push(1, 9, 10));
	assert_true(push(2, 9, 11));
	assert_int_equal(q->n_sites, 2);
	assert_int_equal(pop().site, 1);
	assert_int_equal(pop().site, 2);
}

static void a_full_queue_drops_the_oldest_of_the_loudest(void **state)
{
	struct popped p;
	uint32_t first = UINT32_MAX;
	int quiet = 0;

	for (uint32_t i = 0; i < 12; i++)
		assert_true(push(100 + i, 1, i));
	for (uint32_t i = 0; i < SG_FAIR_MAX - 12; i++)
		assert_true(push(1, 1, 1000 + i));
	/* the loud one only ever pushes its own out */
	for (uint32_t i = 0; i < 1000; i++)
		assert_false(push(1, 1, 5000 + i));
	/* and makes room for another */
	assert_false(push(200, 1, 9000));
	assert_int_equal(q->n, SG_FAIR_MAX);
	while (pop_since(0, &p)) {
		quiet += p.site != 1;
		if (p.site == 1 && first == UINT32_MAX)
			first = p.number;
	}
	assert_int_equal(quiet, 13);
	assert_int_equal(first, 5000 + 1000 - (SG_FAIR_MAX - 13));
}

static void the_loudest_subnet_of_the_loudest_site_loses(void **state)
{
	int count[4] = { 0 };
	struct popped p;

	/* no subnet of site 1 has as many as the one of site 2 */
	for (uint32_t i = 0; i < 200; i++)
		push(2, 0, i);
	for (uint32_t i = 0; i < 100; i++)
		push(1, 1, i);
	for (uint32_t i = 0; i < SG_FAIR_MAX - 300; i++)
		push(1, 2, i);
	for (uint32_t i = 0; i < 50; i++)
		assert_false(push(3, 0, i));
	while (pop_since(0, &p))
		count[p.site == 1 ? p.subnet : p.site == 2 ? 0 : 3]++;
	assert_int_equal(count[0], 200);
	assert_int_equal(count[1], 100);
	assert_int_equal(count[2], SG_FAIR_MAX - 300 - 50);
	assert_int_equal(count[3], 50);
}

/* Who was there first keeps the place, where nobody has more than one. */
static void more_sites_than_places(void **state)
{
	for (uint32_t i = 0; i < SG_FAIR_MAX; i++)
		assert_true(push(i, i, i));
	for (uint32_t i = 0; i < 100; i++)
		assert_false(push(10000 + i, 1, i));
	for (uint32_t i = 0; i < SG_FAIR_MAX; i++)
		assert_int_equal(pop().site, i);
	assert_int_equal(q->n, 0);
}

static void who_waited_too_long_is_passed_over_and_counted(void **state)
{
	struct popped p;

	for (uint32_t i = 0; i < 10; i++)
		push(1, 1, 10 + i);
	push(2, 2, 100);
	assert_true(pop_since(15, &p));
	assert_int_equal(p.number, 100);
	assert_true(pop_since(15, &p));
	assert_int_equal(p.number, 15);
	assert_int_equal(late, 5);
	assert_false(pop_since(1000, &p));
	assert_int_equal(late, 9);
	assert_int_equal(q->n, 0);
}

static void clearing_leaves_all_room(void **state)
{
	for (uint32_t i = 0; i < 300; i++)
		push(i % 7, i % 31, i);
	assert_int_equal(sg_fair_queue_clear(q), 300);
	assert_int_equal(q->n, 0);
	assert_int_equal(q->n_sites, 0);
	for (uint32_t i = 0; i < SG_FAIR_MAX; i++)
		assert_true(push(i, 1, i));
}

/* 300,000 steps from a seed: nothing is lost, found twice, or leaks. */
static void any_order_of_use_keeps_the_books(void **state)
{
	static uint32_t last[16][8];
	uint64_t pushed = 0, popped = 0, dropped = 0;
	uint32_t seed = 7;
	struct popped p;

	memset(last, 0, sizeof(last));
	for (uint32_t i = 1; i < 300000; i++) {
		uint32_t r = seed = seed * 1664525 + 1013904223;
		bool filling = i / 5000 % 2;

		if ((r >> 28) < (filling ? 11u : 5u)) {
			pushed++;
			dropped += !push((r >> 8) % 16, (r >> 16) % 8, i);
		} else if (pop_since(0, &p)) {
			popped++;
			/* of one flow: in order, each once */
			assert_true(p.number > last[p.site][p.subnet]);
			last[p.site][p.subnet] = p.number;
		}
		assert_true(q->n <= SG_FAIR_MAX);
		assert_true(q->n_sites <= 16);
		assert_int_equal(q->n, pushed - popped - dropped);
	}
	assert_true(dropped > 1000);
	sg_fair_queue_clear(q);
	clearing_leaves_all_room(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(a_loud_site_does_not_delay_a_quiet_one),
		T(a_quiet_site_waits_one_turn_of_each_other),
		T(subnets_share_the_turns_of_their_site),
		T(subnets_of_a_site_take_turns),
		T(one_source_is_served_in_order),
		T(the_same_subnet_hash_in_two_sites_is_two_flows),
		T(a_full_queue_drops_the_oldest_of_the_loudest),
		T(the_loudest_subnet_of_the_loudest_site_loses),
		T(more_sites_than_places),
		T(who_waited_too_long_is_passed_over_and_counted),
		T(clearing_leaves_all_room),
		T(any_order_of_use_keeps_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
