// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The event loop: every test runs on both back ends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/loop.h"

#define MS UINT64_C(1000000)

struct fixture {
	struct sg_loop *loop;
	struct sg_timer guard;
	int calls, other_calls, timer_calls;
	int fd[2], fd2[2];
	uint64_t last_at;
	uint32_t events;
};

static void guard_fired(void *ctx)
{
	struct fixture *f = ctx;

	sg_loop_stop(f->loop);
}

static int setup(void **state, enum sg_loop_backend want)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int r;

	r = sg_loop_new(&f->loop, want);
	if (r) {
		free(f);
		*state = NULL;
		return want == SG_LOOP_URING ? 0 : r;
	}
	f->guard.fn = guard_fired;
	f->guard.ctx = f;
	assert_int_equal(pipe2(f->fd, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(pipe2(f->fd2, O_NONBLOCK | O_CLOEXEC), 0);
	*state = f;
	return 0;
}

static int setup_uring(void **state)
{
	return setup(state, SG_LOOP_URING);
}

static int setup_epoll(void **state)
{
	return setup(state, SG_LOOP_EPOLL);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int i;

	if (!f)
		return 0;
	sg_loop_free(f->loop);
	for (i = 0; i < 2; i++) {
		close(f->fd[i]);
		close(f->fd2[i]);
	}
	free(f);
	return 0;
}

static struct fixture *fixture(void **state)
{
	if (!*state)
		skip();
	return *state;
}

/* Runs the loop until something stops it, or for @ms. */
static void run(struct fixture *f, unsigned int ms)
{
	assert_int_equal(sg_timer_set(f->loop, &f->guard, sg_now() + ms * MS),
			 0);
	assert_int_equal(sg_loop_run(f->loop), 0);
	sg_timer_cancel(f->loop, &f->guard);
}

static void put(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

static void take(int fd)
{
	char c;

	assert_int_equal(read(fd, &c, 1), 1);
}

static void count_three_then_take(void *ctx, int fd, uint32_t events)
{
	struct fixture *f = ctx;

	f->events |= events;
	if (++f->calls < 3)
		return;
	take(fd);
	sg_loop_stop(f->loop);
}

static void readable_is_level_triggered(void **state)
{
	struct fixture *f = fixture(state);

	assert_int_equal(sg_loop_add(f->loop, f->fd[0], EPOLLIN,
				     count_three_then_take, f),
			 0);
	put(f->fd[1]);
	run(f, 2000);
	assert_int_equal(f->calls, 3);
	assert_int_equal(f->events, EPOLLIN);
	run(f, 20);
	assert_int_equal(f->calls, 3);
	put(f->fd[1]);
	run(f, 2000);
	assert_int_equal(f->calls, 4);
}

static void count(void *ctx, int fd, uint32_t events)
{
	struct fixture *f = ctx;

	f->events |= events;
	f->calls++;
}

static void hang_up_is_told_without_asking(void **state)
{
	struct fixture *f = fixture(state);

	assert_int_equal(
		sg_loop_add(f->loop, f->fd[0], 0, count_three_then_take, f), 0);
	f->calls = 1;
	put(f->fd[1]);
	run(f, 20);
	assert_int_equal(f->calls, 1);
	close(f->fd[1]);
	f->fd[1] = -1;
	run(f, 2000);
	assert_true(f->events & EPOLLHUP);
}

static void misuse_is_refused(void **state)
{
	struct fixture *f = fixture(state);

	assert_int_equal(sg_loop_add(f->loop, -1, EPOLLIN, count, f), -EINVAL);
	assert_int_equal(sg_loop_mod(f->loop, f->fd[0], EPOLLIN), -ENOENT);
	assert_int_equal(sg_loop_mod(f->loop, 1 << 20, EPOLLIN), -ENOENT);
	assert_int_equal(sg_loop_add(f->loop, f->fd[0], EPOLLIN, count, f), 0);
	assert_int_equal(sg_loop_add(f->loop, f->fd[0], EPOLLIN, count, f),
			 -EEXIST);
	sg_loop_del(f->loop, f->fd[0]);
	sg_loop_del(f->loop, f->fd[0]);
	sg_loop_del(f->loop, -1);
	sg_loop_del(f->loop, 1 << 20);
	assert_int_equal(sg_loop_add(f->loop, f->fd[0], EPOLLIN, count, f), 0);
}

static void mod_changes_what_is_told(void **state)
{
	struct fixture *f = fixture(state);
	int s[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	assert_int_equal(sg_loop_add(f->loop, s[0], EPOLLIN, count, f), 0);
	run(f, 10);
	assert_int_equal(f->calls, 0);
	assert_int_equal(sg_loop_mod(f->loop, s[0], EPOLLIN | EPOLLOUT), 0);
	run(f, 10);
	assert_true(f->calls > 1);
	assert_int_equal(f->events, EPOLLOUT);
	assert_int_equal(sg_loop_mod(f->loop, s[0], EPOLLIN), 0);
	f->calls = 0;
	run(f, 10);
	assert_int_equal(f->calls, 0);
	sg_loop_del(f->loop, s[0]);
	close(s[0]);
	close(s[1]);
}

static void mod_itself(void *ctx, int fd, uint32_t events)
{
	struct fixture *f = ctx;

	f->calls++;
	assert_int_equal(sg_loop_mod(f->loop, fd, 0), 0);
}

static void callback_may_mod_itself(void **state)
{
	struct fixture *f = fixture(state);

	put(f->fd[1]);
	assert_int_equal(sg_loop_add(f->loop, f->fd[0], EPOLLIN, mod_itself, f),
			 0);
	run(f, 20);
	assert_int_equal(f->calls, 1);
	assert_int_equal(sg_loop_mod(f->loop, f->fd[0], EPOLLIN), 0);
	run(f, 20);
	assert_int_equal(f->calls, 2);
}

/* Whichever of two ready descriptors comes first deletes both. */
static void delete_both(void *ctx, int fd, uint32_t events)
{
	struct fixture *f = ctx;

	f->calls++;
	sg_loop_del(f->loop, f->fd[0]);
	sg_loop_del(f->loop, f->fd2[0]);
}

static void deleted_in_the_same_batch_is_not_called(void **state)
{
	struct fixture *f = fixture(state);

	put(f->fd[1]);
	put(f->fd2[1]);
	sg_loop_add(f->loop, f->fd[0], EPOLLIN, delete_both, f);
	sg_loop_add(f->loop, f->fd2[0], EPOLLIN, delete_both, f);
	run(f, 20);
	assert_int_equal(f->calls, 1);
}

static void count_other(void *ctx, int fd, uint32_t events)
{
	struct fixture *f = ctx;

	f->other_calls++;
}

/* Replaces the other ready descriptor by an idle one of the same number. */
static void reuse_other(void *ctx, int fd, uint32_t events)
{
	struct fixture *f = ctx;
	int *other = fd == f->fd[0] ? f->fd2 : f->fd;
	int idle[2], r;

	f->calls++;
	sg_loop_del(f->loop, fd);
	sg_loop_del(f->loop, other[0]);
	assert_int_equal(pipe2(idle, O_CLOEXEC), 0);
	r = dup2(idle[0], other[0]);
	assert_int_equal(r, other[0]);
	close(idle[0]);
	close(other[1]);
	other[1] = idle[1];
	assert_int_equal(
		sg_loop_add(f->loop, other[0], EPOLLIN, count_other, f), 0);
}

static void reused_number_gets_no_stale_event(void **state)
{
	struct fixture *f = fixture(state);

	put(f->fd[1]);
	put(f->fd2[1]);
	sg_loop_add(f->loop, f->fd[0], EPOLLIN, reuse_other, f);
	sg_loop_add(f->loop, f->fd2[0], EPOLLIN, reuse_other, f);
	run(f, 20);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->other_calls, 0);
}

static void deleted_socket_is_closed_at_once(void **state)
{
	struct fixture *f = fixture(state);
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int i;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < 20; i++) {
		int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
		getsockname(s, (struct sockaddr *)&a, &len);
		assert_int_equal(sg_loop_add(f->loop, s, EPOLLIN, count, f), 0);
		run(f, 1);
		sg_loop_del(f->loop, s);
		close(s);
	}
}

struct many {
	struct fixture *f;
	struct sg_timer t;
	uint64_t at;
};

static void many_fired(void *ctx)
{
	struct many *m = ctx;

	assert_true(m->at >= m->f->last_at);
	assert_true(sg_now() >= m->at);
	m->f->last_at = m->at;
	m->f->timer_calls++;
}

static void twenty_thousand_timers_fire_in_order(void **state)
{
	struct fixture *f = fixture(state);
	struct many *m = calloc(20000, sizeof(*m));
	uint64_t base = sg_now(), x = 88172645463325252u;
	int i, cancelled = 0;

	for (i = 0; i < 20000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		m[i].f = f;
		m[i].t.fn = many_fired;
		m[i].t.ctx = &m[i];
		m[i].at = base + x % (100 * MS);
		sg_timer_set(f->loop, &m[i].t, m[i].at);
	}
	for (i = 0; i < 20000; i += 3) { /* move */
		m[i].at = base + (m[i].at * 7) % (100 * MS);
		sg_timer_set(f->loop, &m[i].t, m[i].at);
	}
	for (i = 1; i < 20000; i += 5) {
		sg_timer_cancel(f->loop, &m[i].t);
		sg_timer_cancel(f->loop, &m[i].t);
		cancelled++;
	}
	run(f, 400);
	assert_int_equal(f->timer_calls, 20000 - cancelled);
	free(m);
}

static void again(void *ctx)
{
	struct many *m = ctx;

	if (++m->f->timer_calls < 5)
		sg_timer_set(m->f->loop, &m->t, 1); /* long past */
}

static void timer_may_set_itself_to_the_past(void **state)
{
	struct fixture *f = fixture(state);
	struct many m = { .f = f, .t = { .fn = again, .ctx = &m } };

	sg_timer_set(f->loop, &m.t, 0);
	run(f, 20);
	assert_int_equal(f->timer_calls, 5);
}

static void for_ever(void *ctx)
{
	struct many *m = ctx;

	m->f->timer_calls++;
	sg_timer_set(m->f->loop, &m->t, 0);
}

static void busy_timer_does_not_starve_descriptors(void **state)
{
	struct fixture *f = fixture(state);
	struct many m = { .f = f, .t = { .fn = for_ever, .ctx = &m } };

	sg_timer_set(f->loop, &m.t, 0);
	put(f->fd[1]);
	sg_loop_add(f->loop, f->fd[0], EPOLLIN, count_three_then_take, f);
	run(f, 2000);
	assert_int_equal(f->calls, 3);
	sg_timer_cancel(f->loop, &m.t);
}

static void idle_loop_does_not_wake(void **state)
{
	struct fixture *f = fixture(state);
	struct sg_timer later = { .fn = guard_fired, .ctx = f };
	uint64_t before;

	sg_timer_set(f->loop, &later, sg_now() + 3600000 * MS);
	sg_loop_add(f->loop, f->fd[0], EPOLLIN, count, f);
	run(f, 5);
	before = sg_loop_wakeups(f->loop);
	run(f, 100);
	assert_in_range(sg_loop_wakeups(f->loop) - before, 1, 4);
	sg_timer_cancel(f->loop, &later);
}

static void earlier_timer_shortens_the_wait(void **state)
{
	struct fixture *f = fixture(state);
	struct sg_timer soon = { .fn = guard_fired, .ctx = f };
	uint64_t start = sg_now();

	sg_timer_set(f->loop, &f->guard, sg_now() + 5000 * MS);
	sg_timer_set(f->loop, &soon, sg_now() + 10 * MS);
	assert_int_equal(sg_loop_run(f->loop), 0);
	assert_true(sg_now() - start < 2000 * MS);
	sg_timer_cancel(f->loop, &f->guard);
}

static void *stop_later(void *ctx)
{
	struct fixture *f = ctx;

	usleep(10000);
	sg_loop_stop(f->loop);
	return NULL;
}

static void another_thread_may_stop_it(void **state)
{
	struct fixture *f = fixture(state);
	uint64_t start = sg_now();
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, stop_later, f), 0);
	run(f, 5000);
	pthread_join(t, NULL);
	assert_true(sg_now() - start < 2000 * MS);
}

/* More descriptors than the submission queue has entries. */
static void thousand_ready_descriptors(void **state)
{
	struct fixture *f = fixture(state);
	struct rlimit rl = { 4096, 4096 };
	int i, fds[1000];

	setrlimit(RLIMIT_NOFILE, &rl);
	put(f->fd[1]);
	for (i = 0; i < 1000; i++) {
		fds[i] = fcntl(f->fd[0], F_DUPFD_CLOEXEC, 0);
		assert_true(fds[i] >= 0);
		assert_int_equal(
			sg_loop_add(f->loop, fds[i], EPOLLIN, mod_itself, f),
			0);
	}
	for (i = 0; i < 50 && f->calls < 1000; i++)
		run(f, 100);
	assert_int_equal(f->calls, 1000);
	for (i = 0; i < 1000; i++) {
		sg_loop_del(f->loop, fds[i]);
		close(fds[i]);
	}
}

static void environment_chooses_epoll(void **state)
{
	struct sg_loop *loop;

	setenv("SIGNET_LOOP", "epoll", 1);
	assert_int_equal(sg_loop_new(&loop, SG_LOOP_AUTO), 0);
	assert_string_equal(sg_loop_backend(loop), "epoll");
	sg_loop_free(loop);
	unsetenv("SIGNET_LOOP");
}

#define BOTH(f)                                               \
	{ #f " (io_uring)", f, setup_uring, teardown, NULL }, \
	{                                                     \
		#f " (epoll)", f, setup_epoll, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(readable_is_level_triggered),
		BOTH(hang_up_is_told_without_asking),
		BOTH(misuse_is_refused),
		BOTH(mod_changes_what_is_told),
		BOTH(callback_may_mod_itself),
		BOTH(deleted_in_the_same_batch_is_not_called),
		BOTH(reused_number_gets_no_stale_event),
		BOTH(deleted_socket_is_closed_at_once),
		BOTH(twenty_thousand_timers_fire_in_order),
		BOTH(timer_may_set_itself_to_the_past),
		BOTH(busy_timer_does_not_starve_descriptors),
		BOTH(idle_loop_does_not_wake),
		BOTH(earlier_timer_shortens_the_wait),
		BOTH(another_thread_may_stop_it),
		BOTH(thousand_ready_descriptors),
		cmocka_unit_test(environment_chooses_epoll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
