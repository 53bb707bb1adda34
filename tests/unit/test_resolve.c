// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Resolving endpoints beside the main loop. Only names of the hosts file are
 * used; no name server is asked, but where one does not answer, that is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/resolve.h"

#define SECOND 1000000000ULL

struct seen {
	struct sg_loop *loop;
	struct sg_resolver *resolver;
	struct sg_timer timer;
	int calls, stop_after;
	uint64_t token;
	int error;
	size_t n;
	union sg_addr first;
	bool free_in_callback;
};

static void on_result(void *ctx, uint64_t token, int error,
		      const union sg_addr *addrs, size_t n)
{
	struct seen *s = ctx;

	s->calls++;
	s->token = token;
	s->error = error;
	s->n = n;
	if (n)
		s->first = addrs[0];
	if (s->free_in_callback) {
		sg_resolver_free(s->resolver);
		s->resolver = NULL;
	}
	if (s->calls == s->stop_after)
		sg_loop_stop(s->loop);
}

static void on_timeout(void *ctx)
{
	sg_loop_stop(((struct seen *)ctx)->loop);
}

static struct seen *start(bool v4, bool v6)
{
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->stop_after = 1;
	s->timer.fn = on_timeout;
	s->timer.ctx = s;
	assert_int_equal(sg_loop_new(&s->loop, SG_LOOP_EPOLL), 0);
	assert_int_equal(
		sg_resolver_new(&s->resolver, s->loop, v4, v6, on_result, s),
		0);
	return s;
}

static void run(struct seen *s, uint64_t ns)
{
	assert_int_equal(sg_timer_set(s->loop, &s->timer, sg_now() + ns), 0);
	assert_int_equal(sg_loop_run(s->loop), 0);
	sg_timer_cancel(s->loop, &s->timer);
}

static void finish(struct seen *s)
{
	sg_resolver_free(s->resolver);
	sg_loop_free(s->loop);
	free(s);
}

static void numeric_addresses_are_answered_at_once(void **state)
{
	struct seen *s = start(true, true);

	assert_int_equal(sg_resolve(s->resolver, 7, "192.0.2.1", 51900), 0);
	assert_int_equal(s->calls, 1);
	assert_int_equal(s->token, 7);
	assert_int_equal(s->error, 0);
	assert_int_equal(s->n, 1);
	assert_int_equal(s->first.v4.sin_port, htons(51900));
	assert_int_equal(s->first.v4.sin_addr.s_addr, inet_addr("192.0.2.1"));
	assert_int_equal(sg_resolve(s->resolver, 8, "2001:db8::1", 1), 0);
	assert_int_equal(s->calls, 2);
	assert_int_equal(s->first.sa.sa_family, AF_INET6);
	assert_int_equal(sg_resolve_pending(s->resolver), 0);
	finish(s);
}

static void an_address_without_a_socket_of_its_family_is_an_error(void **state)
{
	struct seen *s = start(true, false);

	assert_int_equal(sg_resolve(s->resolver, 1, "2001:db8::1", 1), 0);
	assert_int_equal(s->calls, 1);
	assert_int_equal(s->error, -EAFNOSUPPORT);
	assert_int_equal(s->n, 0);
	finish(s);
	s = start(false, true);
	assert_int_equal(sg_resolve(s->resolver, 1, "192.0.2.1", 1), 0);
	assert_int_equal(s->calls, 1);
	assert_int_equal(s->error, -EAFNOSUPPORT);
	finish(s);
}

static void names_are_resolved_beside_the_loop(void **state)
{
	struct seen *s = start(true, true);

	assert_int_equal(sg_resolve(s->resolver, 9, "localhost", 51900), 0);
	assert_int_equal(s->calls, 0);
	assert_int_equal(sg_resolve_pending(s->resolver), 1);
	run(s, 10 * SECOND);
	assert_int_equal(s->calls, 1);
	assert_int_equal(s->token, 9);
	assert_int_equal(s->error, 0);
	assert_true(s->n >= 1);
	assert_int_equal(sg_addr_port(&s->first), 51900);
	assert_int_equal(sg_resolve_pending(s->resolver), 0);
	/* the thread has ended; another one serves the next */
	assert_int_equal(sg_resolve(s->resolver, 10, "localhost", 1), 0);
	s->stop_after = 2;
	run(s, 10 * SECOND);
	assert_int_equal(s->token, 10);
	finish(s);
}

static void a_name_that_does_not_exist_is_an_error(void **state)
{
	struct seen *s = start(true, true);

	assert_int_equal(sg_resolve(s->resolver, 1, "no such name!", 1), 0);
	run(s, 30 * SECOND);
	assert_int_equal(s->calls, 1);
	assert_true(s->error < 0);
	assert_int_equal(s->n, 0);
	finish(s);
}

static void a_cancelled_request_is_not_answered(void **state)
{
	struct seen *s = start(true, true);

	assert_int_equal(sg_resolve(s->resolver, 1, "localhost", 1), 0);
	assert_int_equal(sg_resolve(s->resolver, 2, "localhost", 2), 0);
	sg_resolve_cancel(s->resolver, 1);
	run(s, 10 * SECOND);
	assert_int_equal(s->calls, 1);
	assert_int_equal(s->token, 2);
	finish(s);
}

static void a_second_request_replaces_the_first(void **state)
{
	struct seen *s = start(true, true);

	assert_int_equal(sg_resolve(s->resolver, 1, "localhost", 1), 0);
	assert_int_equal(sg_resolve(s->resolver, 1, "localhost", 2), 0);
	s->stop_after = 2; /* of which there must be one only */
	run(s, SECOND / 2);
	assert_int_equal(s->calls, 1);
	assert_int_equal(sg_addr_port(&s->first), 2);
	finish(s);
}

static void the_queue_is_bounded(void **state)
{
	struct seen *s = start(true, true);
	int ret = 0;
	size_t i;

	/* the loop does not run, so none of them is answered */
	for (i = 0; i < SG_RESOLVE_QUEUE_MAX + 10 && !ret; i++)
		ret = sg_resolve(s->resolver, i, "localhost", 1);
	assert_int_equal(ret, -ENOSPC);
	assert_int_equal(sg_resolve_pending(s->resolver), SG_RESOLVE_QUEUE_MAX);
	finish(s);
}

static void hosts_of_bad_length_are_refused(void **state)
{
	struct seen *s = start(true, true);
	char name[400];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sg_resolve(s->resolver, 1, name, 1), -EINVAL);
	assert_int_equal(sg_resolve(s->resolver, 1, "", 1), -EINVAL);
	assert_int_equal(s->calls, 0);
	finish(s);
}

static void the_resolver_may_go_while_requests_are_open(void **state)
{
	struct seen *s = start(true, true);

	for (uint64_t i = 0; i < 50; i++)
		assert_int_equal(sg_resolve(s->resolver, i, "localhost", 1), 0);
	finish(s);
	/* also from its own callback */
	s = start(true, true);
	s->free_in_callback = true;
	for (uint64_t i = 0; i < 50; i++)
		assert_int_equal(sg_resolve(s->resolver, i, "localhost", 1), 0);
	run(s, 10 * SECOND);
	assert_int_equal(s->calls, 1);
	finish(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numeric_addresses_are_answered_at_once),
		cmocka_unit_test(
			an_address_without_a_socket_of_its_family_is_an_error),
		cmocka_unit_test(names_are_resolved_beside_the_loop),
		cmocka_unit_test(a_name_that_does_not_exist_is_an_error),
		cmocka_unit_test(a_cancelled_request_is_not_answered),
		cmocka_unit_test(a_second_request_replaces_the_first),
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(hosts_of_bad_length_are_refused),
		cmocka_unit_test(the_resolver_may_go_while_requests_are_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
