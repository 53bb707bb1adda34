// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a scraper gets, and what those get who are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/loop.h"
#include "daemon/metrics_socket.h"

#define BIG (4u << 20)

static struct lab {
	struct sg_loop *loop;
	struct sg_metrics_socket *socket;
	struct sg_timer guard;
	char dir[64], control[96], path[96];
	bool peers, fails;
	size_t asked, len;
	/* a client's */
	char *got;
	size_t got_len;
	bool ended;
} lab;

static char *text(void *ctx, bool peers, size_t *len)
{
	char *t = lab.fails ? NULL : malloc(lab.len + 1);

	lab.asked++;
	lab.peers = peers;
	*len = lab.len;
	if (t)
		memset(t, 'x', lab.len);
	return t;
}

static void stop(void *ctx)
{
	sg_loop_stop(lab.loop);
}

static int setup(void **state)
{
	struct sg_error err;

	memset(&lab, 0, sizeof(lab));
	lab.len = 1000;
	lab.guard.fn = stop;
	strcpy(lab.dir, "/tmp/signet-metrics.XXXXXX");
	if (!mkdtemp(lab.dir) || sg_loop_new(&lab.loop, SG_LOOP_AUTO))
		return -1;
	lab.got = calloc(1, BIG + 4096);
	snprintf(lab.control, sizeof(lab.control), "%s/sock", lab.dir);
	snprintf(lab.path, sizeof(lab.path), "%s/" SG_METRICS_SOCKET, lab.dir);
	return sg_metrics_socket_new(lab.loop, lab.control, text, NULL,
				     &lab.socket, &err);
}

static int teardown(void **state)
{
	sg_metrics_socket_free(lab.socket);
	sg_timer_cancel(lab.loop, &lab.guard);
	sg_loop_free(lab.loop);
	free(lab.got);
	assert_int_equal(access(lab.path, F_OK), -1);
	return rmdir(lab.dir);
}

static int dial(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(un.sun_path, lab.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void on_reply(void *ctx, int fd, uint32_t events)
{
	ssize_t n =
		recv(fd, lab.got + lab.got_len, BIG + 4000 - lab.got_len, 0);

	if (n > 0) {
		lab.got_len += (size_t)n;
		return;
	}
	lab.ended = true;
	sg_loop_del(lab.loop, fd);
	sg_loop_stop(lab.loop);
}

/* Until the other end hangs up. */
static void until_end(int fd)
{
	lab.got_len = 0;
	lab.ended = false;
	sg_loop_add(lab.loop, fd, EPOLLIN, on_reply, NULL);
	sg_timer_set(lab.loop, &lab.guard, sg_now() + 30000000000ULL);
	sg_loop_run(lab.loop);
	assert_true(lab.ended);
	lab.got[lab.got_len] = '\0';
	close(fd);
}

static void turn(void)
{
	sg_timer_set(lab.loop, &lab.guard, sg_now() + 50000000);
	sg_loop_run(lab.loop);
}

/* However little time a busy machine gives us in a turn. */
static void until_clients(size_t n)
{
	for (int i = 0; i < 100; i++)
		if (sg_metrics_socket_clients(lab.socket) != n)
			turn();
	assert_int_equal(sg_metrics_socket_clients(lab.socket), n);
}

static void get(const char *request)
{
	int fd = dial();

	assert_int_equal(send(fd, request, strlen(request), 0),
			 strlen(request));
	until_end(fd);
}

static void begins(const char *status)
{
	assert_int_equal(strncmp(lab.got, status, strlen(status)), 0);
}

static void a_scraper_gets_the_text(void **state)
{
	const char *body;

	get("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
	begins("HTTP/1.1 200 OK\r\n");
	assert_non_null(strstr(lab.got, "\r\nContent-Length: 1000\r\n"));
	assert_non_null(strstr(lab.got,
			       "\r\nContent-Type: application/openmetrics-text;"
			       " version=1.0.0; charset=utf-8\r\n"));
	body = strstr(lab.got, "\r\n\r\n") + 4;
	assert_int_equal(strspn(body, "x"), 1000);
	assert_int_equal(body + 1000 - lab.got, lab.got_len);
	assert_false(lab.peers);
	assert_int_equal(sg_metrics_socket_clients(lab.socket), 0);
}

static void peers_only_where_asked_for(void **state)
{
	get("GET /metrics?peers=1 HTTP/1.0\r\n\r\n");
	begins("HTTP/1.1 200 OK\r\n");
	assert_true(lab.peers);
	get("GET /metrics HTTP/1.0\r\n\r\n");
	assert_false(lab.peers);
}

static void nothing_else_is_answered(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404" },
		{ "GET /metrics/ HTTP/1.1\r\n\r\n", "HTTP/1.1 404" },
		{ "GET /metrics?peers=2 HTTP/1.1\r\n\r\n", "HTTP/1.1 404" },
		{ "POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405" },
		{ "get /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405" },
		{ "GET /metrics\r\n\r\n", "HTTP/1.1 400" },
		{ "\r\n\r\n", "HTTP/1.1 405" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		get(cases[i].request);
		begins(cases[i].status);
	}
	assert_int_equal(lab.asked, 0);
}

static void a_request_may_come_in_pieces(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nA: b\r\n\r\n";
	int fd = dial();

	for (size_t i = 0; i < sizeof(request) - 1; i += 5) {
		size_t n = sizeof(request) - 1 - i;

		send(fd, request + i, n < 5 ? n : 5, 0);
		turn();
	}
	until_end(fd);
	begins("HTTP/1.1 200 OK\r\n");
}

static void a_request_without_end_is_refused(void **state)
{
	char long_one[SG_METRICS_REQUEST_MAX];
	int fd = dial();

	memset(long_one, 'a', sizeof(long_one));
	send(fd, long_one, sizeof(long_one), 0);
	until_end(fd);
	/* what was left unread may cost it the answer, but not us */
	assert_int_equal(lab.asked, 0);
	assert_int_equal(sg_metrics_socket_clients(lab.socket), 0);
	fd = dial();
	send(fd, "GET \0/metrics HTTP/1.1\r\n\r\n", 26, 0);
	until_end(fd);
	assert_int_equal(lab.asked, 0);
}

static void a_large_text_comes_whole(void **state)
{
	lab.len = BIG;
	get("GET /metrics HTTP/1.1\r\n\r\n");
	assert_int_equal(lab.got_len - (size_t)(strstr(lab.got, "\r\n\r\n") +
						4 - lab.got),
			 BIG);
}

static void no_memory_is_said(void **state)
{
	lab.fails = true;
	get("GET /metrics HTTP/1.1\r\n\r\n");
	begins("HTTP/1.1 503");
}

/* Who says nothing, or reads nothing, has a place for 5 s. */
static void places_are_bounded_in_number_and_time(void **state)
{
	int fd[SG_METRICS_CLIENTS_MAX + 1];

	lab.len = BIG;
	for (int i = 0; i < SG_METRICS_CLIENTS_MAX; i++)
		fd[i] = dial();
	send(fd[0], "GET /metrics HTTP/1.1\r\n\r\n", 25, 0);
	until_clients(SG_METRICS_CLIENTS_MAX);
	fd[SG_METRICS_CLIENTS_MAX] = dial();
	until_end(fd[SG_METRICS_CLIENTS_MAX]);
	assert_int_equal(lab.got_len, 0);
	until_end(fd[1]);
	until_clients(0);
	for (int i = 0; i < SG_METRICS_CLIENTS_MAX; i++)
		if (i != 1)
			close(fd[i]);
	get("GET /metrics HTTP/1.1\r\n\r\n");
	begins("HTTP/1.1 200 OK\r\n");
}

/* A client that can't be let in waits; nobody asks for it all the time. */
static void without_descriptors_it_waits_for_some(void **state)
{
	struct rlimit before, few;
	uint64_t wakeups;
	int fd = dial();

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	wakeups = sg_loop_wakeups(lab.loop);
	turn();
	assert_in_range(sg_loop_wakeups(lab.loop) - wakeups, 1, 20);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	send(fd, "GET /metrics HTTP/1.1\r\n\r\n", 25, 0);
	until_end(fd);
	begins("HTTP/1.1 200 OK\r\n");
}

static void only_its_own_and_the_group_may_connect(void **state)
{
	struct stat st;

	assert_int_equal(stat(lab.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(a_scraper_gets_the_text),
		T(peers_only_where_asked_for),
		T(nothing_else_is_answered),
		T(a_request_may_come_in_pieces),
		T(a_request_without_end_is_refused),
		T(a_large_text_comes_whole),
		T(no_memory_is_said),
		T(places_are_bounded_in_number_and_time),
		T(without_descriptors_it_waits_for_some),
		T(only_its_own_and_the_group_may_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
