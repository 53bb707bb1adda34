// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The hash table against a plain array, and labels against their promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "daemon/label.h"
#include "daemon/map.h"

#define KEYS   4096
#define SECOND 1000000000ULL

static uint64_t rng = 88172645463325252ULL;

static uint32_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng >> 16;
}

/* Keys that lie close together, far apart, and both. */
static uint64_t key_of(int kind, uint64_t i)
{
	switch (kind) {
	case 0:
		return i;
	case 1:
		return i << 32;
	default:
		return i * 0x10001 << (i % 3 * 16);
	}
}

static void a_map_is_an_array_that_is_quick(void **state)
{
	static char values[KEYS];

	for (int kind = 0; kind < 3; kind++) {
		static char *want[KEYS];
		struct sg_map m = { 0 };
		size_t n = 0;

		memset(want, 0, sizeof(want));
		for (int round = 0; round < 200000; round++) {
			/* It grows, and then it shrinks. */
			unsigned int most = round < 100000 ? KEYS : 64;
			unsigned int i = rnd() % KEYS;
			uint64_t key = key_of(kind, i);

			assert_ptr_equal(sg_map_get(&m, key), want[i]);
			if (i < most && rnd() % 3) {
				n += !want[i];
				want[i] = &values[rnd() % KEYS];
				assert_int_equal(sg_map_put(&m, key, want[i]),
						 0);
			} else {
				n -= !!want[i];
				want[i] = NULL;
				sg_map_del(&m, key);
			}
			assert_int_equal(m.n, n);
		}
		for (unsigned int i = 0; i < KEYS; i++)
			assert_ptr_equal(sg_map_get(&m, key_of(kind, i)),
					 want[i]);
		sg_map_free(&m);
	}
}

static void every_value_is_visited_once(void **state)
{
	static int seen[1000];
	struct sg_map m = { 0 };
	size_t i;
	int *v;

	sg_map_for_each (&m, i, v)
		fail();
	for (int k = 0; k < 1000; k++)
		assert_int_equal(sg_map_put(&m, k * 7, &seen[k]), 0);
	for (int k = 0; k < 1000; k += 3)
		sg_map_del(&m, k * 7);
	sg_map_for_each (&m, i, v)
		++*v;
	for (int k = 0; k < 1000; k++)
		assert_int_equal(seen[k], k % 3 != 0);
	sg_map_free(&m);
	assert_null(sg_map_get(&m, 7));
	sg_map_del(&m, 7);
}

static void labels_are_not_zero_and_not_given_out_twice(void **state)
{
	struct sg_label_owner owner = { .kind = SG_LABEL_PEER };
	struct sg_label_owner other = { .kind = SG_LABEL_PAIR };
	struct sg_labels l = { 0 };
	uint32_t label[1000];

	assert_null(sg_label_owner(&l, 1));
	for (int i = 0; i < 1000; i++) {
		label[i] = sg_label_new(&l, &owner, SECOND);
		assert_int_not_equal(label[i], 0);
		assert_ptr_equal(sg_label_owner(&l, label[i]), &owner);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(label[k], label[i]);
	}
	assert_int_equal(sg_label_move(&l, label[0], &other), 0);
	assert_ptr_equal(sg_label_owner(&l, label[0]), &other);
	sg_labels_destroy(&l);
}

static void a_freed_label_rests_for_240_s(void **state)
{
	struct sg_label_owner owner = { .kind = SG_LABEL_PEER };
	uint64_t now = 1000 * SECOND;
	struct sg_labels l = { 0 };
	uint32_t label[500];

	for (int i = 0; i < 500; i++)
		label[i] = sg_label_new(&l, &owner, now);
	for (int i = 0; i < 500; i++) {
		sg_label_free(&l, label[i], now + i);
		assert_null(sg_label_owner(&l, label[i]));
	}
	/* Known still, so that nobody gets it. */
	sg_label_new(&l, &owner, now + 240 * SECOND - 1);
	for (int i = 0; i < 500; i++)
		assert_non_null(sg_map_get(&l.map, label[i]));
	sg_label_new(&l, &owner, now + 240 * SECOND + 249);
	for (int i = 0; i < 500; i++)
		assert_int_equal(!sg_map_get(&l.map, label[i]), i < 250);
	sg_label_free(&l, 0, now);
	sg_labels_destroy(&l);
}

/* As after years of handshakes: the table does not grow with them. */
static void labels_come_and_go(void **state)
{
	struct sg_label_owner owner = { .kind = SG_LABEL_PEER };
	struct sg_labels l = { 0 };
	uint64_t now = SECOND;

	for (int i = 0; i < 50000; i++) {
		uint32_t label = sg_label_new(&l, &owner, now);

		now += SECOND / 4;
		sg_label_free(&l, label, now);
		assert_null(sg_label_owner(&l, label));
	}
	assert_true(l.n <= 961);
	assert_true(l.map.n <= 962);
	assert_true(l.cap <= 1024);
	sg_labels_destroy(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_is_an_array_that_is_quick),
		cmocka_unit_test(every_value_is_visited_once),
		cmocka_unit_test(labels_are_not_zero_and_not_given_out_twice),
		cmocka_unit_test(a_freed_label_rests_for_240_s),
		cmocka_unit_test(labels_come_and_go),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
