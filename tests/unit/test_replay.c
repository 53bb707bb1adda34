/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signet/core/frame.h>

#define W SIGNET_REPLAY_WINDOW

static void each_counter_is_accepted_once(void **state)
{
	struct signet_replay w = { 0 };

	for (uint64_t i = 0; i < 3 * W; i++) {
		assert_true(signet_replay_check(&w, i));
		assert_true(signet_replay_commit(&w, i));
		assert_false(signet_replay_check(&w, i));
		assert_false(signet_replay_commit(&w, i));
	}
}

static void check_changes_nothing(void **state)
{
	struct signet_replay w = { 0 }, before = { 0 };

	assert_true(signet_replay_check(&w, 12345));
	assert_memory_equal(&w, &before, sizeof(w));
}

static void window_edges_are_exact(void **state)
{
	for (uint64_t base = 0; base < 130; base++) {
		struct signet_replay w = { 0 };
		uint64_t top = base + 3 * W;

		assert_true(signet_replay_commit(&w, top));
		assert_true(signet_replay_check(&w, top - W + 1));
		assert_false(signet_replay_check(&w, top - W));
		assert_true(signet_replay_commit(&w, top - W + 1));
		assert_false(signet_replay_commit(&w, top - W + 1));
		assert_true(signet_replay_commit(&w, top - 1));
		assert_true(signet_replay_commit(&w, top + 1));
		assert_false(signet_replay_check(&w, top - W + 1));
	}
}

static void any_forward_jump_is_accepted(void **state)
{
	static const uint64_t jumps[] = {
		1,     63,     64,     65,     W - 1,	   W,
		W + 1, W + 63, W + 64, W + 65, 1ull << 32, 1ull << 63,
	};

	for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++) {
		for (uint64_t start = 0; start < 70; start++) {
			struct signet_replay w = { 0 };
			uint64_t top = start + jumps[i];

			assert_true(signet_replay_commit(&w, start));
			assert_true(signet_replay_commit(&w, top));
			assert_false(signet_replay_commit(&w, top));
			assert_false(signet_replay_check(&w, start));
			if (jumps[i] > 1)
				assert_true(signet_replay_check(&w, top - 1));
		}
	}
}

static void nothing_old_shines_through_after_a_jump(void **state)
{
	struct signet_replay w = { 0 };

	for (uint64_t i = 0; i < W; i++)
		assert_true(signet_replay_commit(&w, i));
	assert_true(signet_replay_commit(&w, (1ull << 63) + 5));
	for (uint64_t i = 0; i < W - 1; i++)
		assert_true(signet_replay_commit(&w, (1ull << 63) + 4 - i));
	assert_false(signet_replay_check(&w, (1ull << 63) + 5 - W));
}

static void the_last_counter_is_never_accepted(void **state)
{
	struct signet_replay w = { 0 };

	assert_false(signet_replay_commit(&w, UINT64_MAX));
	assert_true(signet_replay_commit(&w, UINT64_MAX - 1));
	assert_false(signet_replay_commit(&w, UINT64_MAX - 1));
	assert_false(signet_replay_commit(&w, UINT64_MAX));
	assert_true(signet_replay_commit(&w, UINT64_MAX - 2));
	assert_true(signet_replay_commit(&w, UINT64_MAX - W));
	assert_false(signet_replay_commit(&w, UINT64_MAX - W - 1));
	assert_false(signet_replay_commit(&w, 0));
}

/* The window against the plainest thing that could be right. */
static void agrees_with_a_naive_model(void **state)
{
	enum { SPAN = 5 * W };
	static bool seen[SPAN];
	struct signet_replay w = { 0 };
	uint64_t top = 0, x = 88172645463325252ull;
	bool any = false;

	for (int i = 0; i < 200000; i++) {
		uint64_t c, base = (uint64_t)i * (SPAN - 2 * W) / 200000;
		bool want;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		c = base + x % (2 * W);
		want = !seen[c] && !(any && top >= W && c <= top - W);
		assert_int_equal(signet_replay_check(&w, c), want);
		assert_int_equal(signet_replay_commit(&w, c), want);
		if (!want)
			continue;
		seen[c] = true;
		if (!any || c > top)
			top = c;
		any = true;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counter_is_accepted_once),
		cmocka_unit_test(check_changes_nothing),
		cmocka_unit_test(window_edges_are_exact),
		cmocka_unit_test(any_forward_jump_is_accepted),
		cmocka_unit_test(nothing_old_shines_through_after_a_jump),
		cmocka_unit_test(the_last_counter_is_never_accepted),
		cmocka_unit_test(agrees_with_a_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
