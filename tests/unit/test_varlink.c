// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Varlink: requests as bytes, and a server with real clients. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <grp.h>
#include <json-c/json.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/varlink.h"
#include "daemon/loop.h"
#include "daemon/varlink_server.h"

#define TIMEOUT 10000

/* Requests */

static int parse(const char *text, struct sg_varlink_request *req)
{
	return sg_varlink_request_parse(text, strlen(text), req);
}

static void good_requests_are_read(void **state)
{
	struct sg_varlink_request req;

	assert_int_equal(parse("{\"method\":\"a.b.C\"}", &req), 0);
	assert_string_equal(req.method, "a.b.C");
	assert_int_equal(json_object_object_length(req.parameters), 0);
	assert_false(req.more || req.oneway);
	sg_varlink_request_free(&req);

	assert_int_equal(parse("{\"method\":\"a.b.C\",\"more\":true,"
			       "\"oneway\":false,\"upgrade\":false,"
			       "\"parameters\":{\"x\":1}}", &req), 0);
	assert_int_equal(json_object_object_length(req.parameters), 1);
	assert_true(req.more);
	sg_varlink_request_free(&req);

	assert_int_equal(parse("{\"method\":\"a.b.C\",\"parameters\":null}",
			       &req), 0);
	sg_varlink_request_free(&req);
}

static void bad_requests_are_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "null", "[]", "1", "\"x\"", "{", "{}",
		"{\"method\":1}", "{\"method\":null}",
		"{\"method\":\"a.B\"} x", "{\"method\":\"a.B\"",
		"{\"method\":\"a.B\",}", "{'method':'a.B'}",
		"{\"method\":\"a.B\",\"parameters\":[]}",
		"{\"method\":\"a.B\",\"parameters\":\"x\"}",
		"{\"method\":\"a.B\",\"more\":1}",
		"{\"method\":\"a.B\",\"upgrade\":true}",
		"{\"method\":\"a.B\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"a.B\",\"surprise\":true}",
		"{\"method\":\"a.B\\u0000C\"}",
		"{\"method\":\"a.B\",\"parameters\":{\"x\":\"\xff\"}}",
	};
	struct sg_varlink_request req;
	char deep[200] = "{\"method\":\"a.B\",\"parameters\":{\"x\":";
	size_t i, n;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], &req) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
		assert_null(req.json);
	}
	n = strlen(deep);
	memset(deep + n, '[', 40);
	memset(deep + n + 40, ']', 40);
	strcpy(deep + n + 80, "}}");
	assert_int_equal(parse(deep, &req), -EBADMSG);
}

static void every_cut_of_a_request_is_refused(void **state)
{
	const char *text = "{\"method\":\"a.b.C\",\"more\":true,"
			   "\"parameters\":{\"x\":[1,{\"y\":\"z\"}]}}";
	struct sg_varlink_request req;
	size_t i;

	for (i = 0; i < strlen(text); i++)
		assert_int_equal(sg_varlink_request_parse(text, i, &req),
				 -EBADMSG);
	assert_int_equal(parse(text, &req), 0);
	sg_varlink_request_free(&req);
}

static void an_oversized_request_is_refused(void **state)
{
	char *text = malloc(SG_VARLINK_REQUEST_MAX + 2);
	struct sg_varlink_request req;

	memset(text, ' ', SG_VARLINK_REQUEST_MAX + 1);
	assert_int_equal(sg_varlink_request_parse(
				 text, SG_VARLINK_REQUEST_MAX + 1, &req),
			 -E2BIG);
	free(text);
}

/* Server: on its own thread, as the clients here block. */

struct fixture {
	char dir[64], path[96];
	struct sg_loop *loop;
	struct sg_varlink_server *server;
	struct sg_varlink_call *kept;
	struct sg_timer tick;
	int ticks, flood;
	int gone;		/* eventfd: on_disconnect ran */
	int command;		/* eventfd: reply to the kept call */
	pthread_t thread;
	bool running;
};

static void echo(void *ctx, struct sg_varlink_call *call,
		 struct json_object *params)
{
	sg_varlink_reply(call, json_object_get(params), false);
}

static void refuse(void *ctx, struct sg_varlink_call *call,
		   struct json_object *params)
{
	sg_varlink_fail(call, "try again", "no %s", "luck");
}

static void kept_gone(void *ctx, struct sg_varlink_call *call)
{
	struct fixture *f = ctx;
	uint64_t one = 1;

	assert_ptr_equal(call, f->kept);
	assert_int_equal(sg_varlink_reply(call, NULL, true), -EPIPE);
	f->kept = NULL;
	sg_timer_cancel(f->loop, &f->tick);
	assert_int_equal(write(f->gone, &one, sizeof(one)), sizeof(one));
}

static void keep(void *ctx, struct sg_varlink_call *call,
		 struct json_object *params)
{
	struct fixture *f = ctx;

	f->kept = call;
	sg_varlink_on_disconnect(call, kept_gone, f);
}

static void tick(void *ctx)
{
	struct fixture *f = ctx;
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "n", json_object_new_int(f->ticks));
	if (++f->ticks == 3) {
		sg_varlink_reply(f->kept, o, false);
		f->kept = NULL;
		return;
	}
	sg_varlink_reply(f->kept, o, true);
	sg_timer_set(f->loop, &f->tick, sg_now() + 1000000);
}

static void count(void *ctx, struct sg_varlink_call *call,
		  struct json_object *params)
{
	struct fixture *f = ctx;

	if (!sg_varlink_wants_more(call)) {
		sg_varlink_error(call, SG_VARLINK_EXPECTED_MORE, NULL);
		return;
	}
	keep(ctx, call, params);
	f->ticks = 0;
	f->tick.fn = tick;
	f->tick.ctx = f;
	sg_timer_set(f->loop, &f->tick, 0);
}

/* Sends a lot to a client that does not read. */
static void pour(void *ctx)
{
	struct fixture *f = ctx;
	struct json_object *o = json_object_new_object();
	static char block[65536];

	memset(block, 'x', sizeof(block) - 1);
	json_object_object_add(o, "x", json_object_new_string(block));
	f->flood++;
	if (!sg_varlink_reply(f->kept, o, true))
		sg_timer_set(f->loop, &f->tick, 0);
}

static void flood(void *ctx, struct sg_varlink_call *call,
		  struct json_object *params)
{
	struct fixture *f = ctx;

	keep(ctx, call, params);
	f->tick.fn = pour;
	f->tick.ctx = f;
	sg_timer_set(f->loop, &f->tick, 0);
}

static const struct sg_varlink_method methods[] = {
	{ "Echo", false, false, "s:s? i:i? b:b? a:a? o:o?", echo },
	{ "Need", false, false, "peer:s count:i?", echo },
	{ "Refuse", false, false, NULL, refuse },
	{ "Change", true, false, "", echo },
	{ "Keep", false, true, "", keep },
	{ "Count", false, true, "", count },
	{ "Flood", false, true, "", flood },
	{ "Later", false, false, "", NULL },
};

static void answer_kept(void *ctx, int fd, uint32_t events)
{
	struct fixture *f = ctx;
	uint64_t n;

	assert_int_equal(read(fd, &n, sizeof(n)), sizeof(n));
	if (f->kept)
		sg_varlink_reply(f->kept, NULL, false);
	f->kept = NULL;
}

static void *serve(void *ctx)
{
	struct fixture *f = ctx;

	sg_loop_run(f->loop);
	return NULL;
}

static int start(struct fixture *f)
{
	const struct sg_varlink_server_config cfg = {
		.path = f->path, .product = "signetd", .version = "1.2",
		.methods = methods, .ctx = f,
		.n_methods = sizeof(methods) / sizeof(methods[0]),
	};
	struct sg_error err = { "" };
	int r;

	r = sg_varlink_server_new(f->loop, &cfg, &f->server, &err);
	if (r)
		return r;
	f->running = true;
	return pthread_create(&f->thread, NULL, serve, f);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	unsetenv("SIGNET_SOCKET");
	strcpy(f->dir, "/tmp/signet-varlink-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/run/s.sock", f->dir);
	f->gone = eventfd(0, EFD_CLOEXEC);
	f->command = eventfd(0, EFD_CLOEXEC);
	*state = f;
	if (sg_loop_new(&f->loop, SG_LOOP_AUTO) ||
	    sg_loop_add(f->loop, f->command, EPOLLIN, answer_kept, f))
		return -1;
	return start(f);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char dir[96];
	int r;

	if (f->running) {
		sg_loop_stop(f->loop);
		pthread_join(f->thread, NULL);
	}
	sg_varlink_server_free(f->server);
	sg_loop_free(f->loop);
	r = access(f->path, F_OK) ? 0 : -1;	/* it takes its socket along */
	snprintf(dir, sizeof(dir), "%s/run", f->dir);
	unlink(f->path);
	rmdir(dir);
	rmdir(f->dir);
	close(f->gone);
	close(f->command);
	free(f);
	return r;
}

static struct sg_varlink *client(struct fixture *f)
{
	struct sg_varlink *v = NULL;
	struct sg_error err;

	assert_int_equal(sg_varlink_connect(f->path, &v, &err), 0);
	return v;
}

static void wait_gone(struct fixture *f)
{
	struct pollfd p = { .fd = f->gone, .events = POLLIN };

	assert_int_equal(poll(&p, 1, TIMEOUT), 1);
}

static struct json_object *json(const char *text)
{
	return json_tokener_parse(text);
}

/* Calls with the given parameters and expects the given reply. */
static void expect_reply(struct sg_varlink *v, const char *method,
			 const char *params, const char *reply)
{
	struct json_object *o;
	struct sg_varlink_fault fault;
	int r;

	r = sg_varlink_invoke(v, method, params ? json(params) : NULL, TIMEOUT,
			      &o, &fault);
	if (r == -EREMOTEIO)
		fail_msg("%s: %s", method, fault.name);
	assert_int_equal(r, 0);
	assert_string_equal(
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
		reply);
	json_object_put(o);
}

static void expect_fault(struct sg_varlink *v, const char *method,
			 const char *params, const char *name, const char *key,
			 const char *value)
{
	struct sg_varlink_fault fault;

	assert_int_equal(sg_varlink_invoke(v, method,
					   params ? json(params) : NULL,
					   TIMEOUT, NULL, &fault), -EREMOTEIO);
	assert_string_equal(fault.name, name);
	if (key)
		assert_string_equal(sg_varlink_fault_string(&fault, key),
				    value);
	sg_varlink_fault_free(&fault);
}

static void methods_are_called(void **state)
{
	struct sg_varlink *v = client(*state);

	expect_reply(v, "Echo", NULL, "{}");
	expect_reply(v, "io.signet.Echo", "{\"s\":\"x/y\",\"i\":-5,\"b\":true,"
		     "\"a\":[1],\"o\":{}}",
		     "{\"s\":\"x\\/y\",\"i\":-5,\"b\":true,\"a\":[1],"
		     "\"o\":{}}");
	expect_reply(v, "Echo", "{\"s\":null}", "{}");
	expect_reply(v, "Change", NULL, "{}");
	expect_fault(v, "Refuse", NULL, "io.signet.Failed", "detail",
		     "no luck");
	expect_fault(v, "Refuse", NULL, "io.signet.Failed", "remedy",
		     "try again");
	sg_varlink_close(v);
}

static void wrong_parameters_are_refused_by_name(void **state)
{
	static const char *const bad[][2] = {
		{ "{}", "peer" },
		{ "{\"peer\":1}", "peer" },
		{ "{\"peer\":null}", "peer" },
		{ "{\"peer\":\"x\",\"count\":\"1\"}", "count" },
		{ "{\"peer\":\"x\",\"count\":1.5}", "count" },
		{ "{\"peer\":\"x\",\"cuont\":1}", "cuont" },
		{ "{\"peer\":\"x\",\"pee\":1}", "pee" },
		{ "{\"peer\":\"x\",\"er\":1}", "er" },
		{ "{\"peer\":\"x\",\"\":1}", "" },
		{ "{\"peer\":\"x\",\"peer:s\":1}", "peer:s" },
	};
	struct sg_varlink *v = client(*state);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_fault(v, "Need", bad[i][0], SG_VARLINK_INVALID_PARAMETER,
			     "parameter", bad[i][1]);
	expect_fault(v, "Refuse", "{\"x\":1}", SG_VARLINK_INVALID_PARAMETER,
		     "parameter", "x");
	expect_reply(v, "Need", "{\"peer\":\"x\"}", "{\"peer\":\"x\"}");
	sg_varlink_close(v);
}

static void what_is_not_there_is_said(void **state)
{
	struct sg_varlink *v = client(*state);

	expect_fault(v, "Nothing", NULL, SG_VARLINK_METHOD_NOT_FOUND, "method",
		     "io.signet.Nothing");
	expect_fault(v, "Later", NULL, SG_VARLINK_METHOD_NOT_IMPLEMENTED,
		     "method", "io.signet.Later");
	expect_fault(v, "com.example.X", NULL, SG_VARLINK_INTERFACE_NOT_FOUND,
		     "interface", "com.example");
	expect_fault(v, "io.signet.", NULL, SG_VARLINK_METHOD_NOT_FOUND,
		     "method", "io.signet.");
	expect_fault(v, "Count", NULL, SG_VARLINK_EXPECTED_MORE, NULL, NULL);
	sg_varlink_close(v);
}

static void the_service_describes_itself(void **state)
{
	struct sg_varlink *v = client(*state);
	struct sg_varlink_fault fault;
	struct json_object *o, *text;

	expect_reply(v, "org.varlink.service.GetInfo", NULL,
		     "{\"vendor\":\"Signet\",\"product\":\"signetd\","
		     "\"version\":\"1.2\",\"url\":\"\",\"interfaces\":["
		     "\"org.varlink.service\",\"io.signet\"]}");
	assert_int_equal(
		sg_varlink_invoke(v,
				  "org.varlink.service.GetInterfaceDescription",
				  json("{\"interface\":\"io.signet\"}"),
				  TIMEOUT, &o, &fault), 0);
	assert_true(json_object_object_get_ex(o, "description", &text));
	assert_string_equal(json_object_get_string(text),
			    sg_varlink_interface_text());
	assert_non_null(strstr(sg_varlink_interface_text(),
			       "\ninterface io.signet\n"));
	json_object_put(o);
	expect_fault(v, "org.varlink.service.GetInterfaceDescription",
		     "{\"interface\":\"x.y\"}", SG_VARLINK_INTERFACE_NOT_FOUND,
		     "interface", "x.y");
	expect_fault(v, "org.varlink.service.GetInterfaceDescription", "{}",
		     SG_VARLINK_INVALID_PARAMETER, "parameter", "interface");
	expect_fault(v, "org.varlink.service.GetInfo", "{\"x\":1}",
		     SG_VARLINK_INVALID_PARAMETER, NULL, NULL);
	expect_fault(v, "org.varlink.service.Nothing", NULL,
		     SG_VARLINK_METHOD_NOT_FOUND, NULL, NULL);
	sg_varlink_close(v);
}

static void more_brings_more_replies(void **state)
{
	struct sg_varlink *v = client(*state);
	struct sg_varlink_fault fault;
	struct json_object *o;
	bool continues = true;
	int n = 0;

	assert_int_equal(sg_varlink_send(v, "Count", NULL, true), 0);
	while (continues) {
		assert_int_equal(sg_varlink_recv(v, TIMEOUT, &o, &continues,
						 &fault), 0);
		assert_int_equal(json_object_get_int(
					 json_object_object_get(o, "n")), n++);
		json_object_put(o);
	}
	assert_int_equal(n, 3);
	expect_reply(v, "Echo", NULL, "{}");
	sg_varlink_close(v);
}

static void requests_wait_for_the_one_before(void **state)
{
	struct fixture *f = *state;
	struct sg_varlink *v = client(f);
	struct json_object *o;
	uint64_t one = 1;

	assert_int_equal(sg_varlink_send(v, "Keep", NULL, false), 0);
	assert_int_equal(sg_varlink_send(v, "Echo", json("{\"i\":1}"), false),
			 0);
	assert_int_equal(sg_varlink_send(v, "Echo", json("{\"i\":2}"), false),
			 0);
	assert_int_equal(sg_varlink_recv(v, 50, NULL, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(write(f->command, &one, 8), 8);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, &o, NULL, NULL), 0);
	assert_int_equal(json_object_get_int(json_object_object_get(o, "i")),
			 1);
	json_object_put(o);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	sg_varlink_close(v);
}

static void a_kept_call_learns_of_the_disconnect(void **state)
{
	struct fixture *f = *state;
	struct sg_varlink *v = client(f);

	assert_int_equal(sg_varlink_send(v, "Keep", NULL, true), 0);
	assert_int_equal(sg_varlink_recv(v, 50, NULL, NULL, NULL), -ETIMEDOUT);
	sg_varlink_close(v);
	wait_gone(f);
}

static void a_client_that_does_not_read_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct sg_varlink *v = client(f), *other;

	assert_int_equal(sg_varlink_send(v, "Flood", NULL, true), 0);
	wait_gone(f);
	/* 4 MiB, and what the socket holds */
	assert_in_range(f->flood, 60, 100);
	other = client(f);
	expect_reply(other, "Echo", NULL, "{}");
	sg_varlink_close(other);
	sg_varlink_close(v);
}

static void raw_send(struct sg_varlink *v, const char *buf, size_t len)
{
	assert_int_equal(send(sg_varlink_fd(v), buf, len, MSG_NOSIGNAL),
			 (ssize_t)len);
}

static void requests_may_come_in_pieces_and_together(void **state)
{
	static const char text[] = "{\"method\":\"io.signet.Echo\"}";
	struct sg_varlink *v = client(*state);
	char both[2 * sizeof(text)];
	size_t i;

	for (i = 0; i < sizeof(text); i++) {
		raw_send(v, text + i, 1);
		usleep(200);
	}
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	memcpy(both, text, sizeof(text));
	memcpy(both + sizeof(text), text, sizeof(text));
	raw_send(v, both, sizeof(both));
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	sg_varlink_close(v);
}

static void oneway_gets_no_reply(void **state)
{
	static const char text[] =
		"{\"method\":\"io.signet.Refuse\",\"oneway\":true}";
	struct sg_varlink *v = client(*state);

	raw_send(v, text, sizeof(text));
	expect_reply(v, "Echo", "{\"i\":7}", "{\"i\":7}");
	sg_varlink_close(v);
}

static void a_half_closed_client_gets_its_reply(void **state)
{
	struct sg_varlink *v = client(*state);

	assert_int_equal(sg_varlink_send(v, "Echo", NULL, false), 0);
	shutdown(sg_varlink_fd(v), SHUT_WR);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), -EPIPE);
	sg_varlink_close(v);
}

static void nonsense_ends_the_connection(void **state)
{
	struct sg_varlink *v = client(*state), *other;

	raw_send(v, "GET / HTTP/1.0\r\n\r\n", 19);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), -EPIPE);
	other = client(*state);
	expect_reply(other, "Echo", NULL, "{}");
	sg_varlink_close(other);
	sg_varlink_close(v);
}

static void an_endless_request_ends_the_connection(void **state)
{
	struct sg_varlink *v = client(*state);
	static char block[65536];
	size_t sent = 0;
	ssize_t n;

	memset(block, ' ', sizeof(block));
	do {
		n = send(sg_varlink_fd(v), block, sizeof(block), MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
	} while (n > 0 && sent < 64 * 1024 * 1024);
	assert_true(n < 0);
	assert_in_range(sent, SG_VARLINK_REQUEST_MAX,
			SG_VARLINK_REQUEST_MAX + 1024 * 1024);
	sg_varlink_close(v);
}

static void a_large_request_and_reply_pass(void **state)
{
	struct sg_varlink *v = client(*state);
	struct json_object *o = json_object_new_object(), *reply;
	char *big = malloc(900001);

	memset(big, 'y', 900000);
	big[900000] = 0;
	json_object_object_add(o, "s", json_object_new_string(big));
	assert_int_equal(sg_varlink_invoke(v, "Echo", o, TIMEOUT, &reply, NULL),
			 0);
	assert_string_equal(json_object_get_string(
				    json_object_object_get(reply, "s")), big);
	json_object_put(reply);
	free(big);
	sg_varlink_close(v);
}

static void clients_beyond_the_limit_are_refused(void **state)
{
	struct sg_varlink *v[SG_VARLINK_CLIENTS_MAX], *extra;
	int i;

	for (i = 0; i < SG_VARLINK_CLIENTS_MAX; i++) {
		v[i] = client(*state);
		expect_reply(v[i], "Echo", NULL, "{}");
	}
	extra = client(*state);
	assert_int_equal(sg_varlink_recv(extra, TIMEOUT, NULL, NULL, NULL),
			 -EPIPE);
	sg_varlink_close(extra);
	sg_varlink_close(v[0]);
	for (i = 0; i < 100; i++) {
		extra = client(*state);
		if (!sg_varlink_invoke(extra, "Echo", NULL, TIMEOUT, NULL,
				       NULL))
			break;
		sg_varlink_close(extra);
		usleep(10000);
	}
	assert_true(i < 100);
	sg_varlink_close(extra);
	for (i = 1; i < SG_VARLINK_CLIENTS_MAX; i++)
		sg_varlink_close(v[i]);
}

static void a_second_agent_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct sg_varlink_server_config cfg = { .path = f->path };
	struct sg_varlink_server *second;
	struct sg_error err;

	assert_int_equal(sg_varlink_server_new(f->loop, &cfg, &second, &err),
			 -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(err.text, "another agent is running"));
	sg_varlink_close(client(f));
}

static void a_dead_agents_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sg_varlink_server_config cfg = { 0 };
	struct sg_varlink_server *s;
	struct sg_varlink *v;
	struct sg_error err;
	struct stat st;
	char path[96];
	int fd, i;

	snprintf(path, sizeof(path), "%s/dead.sock", f->dir);
	strcpy(un.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	assert_int_equal(sg_varlink_connect(path, &v, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "signet up"));
	cfg.path = path;
	/* The loop of this one is not running: only the socket counts. */
	for (i = 0; i < 2; i++) {
		struct sg_loop *loop;

		assert_int_equal(sg_loop_new(&loop, SG_LOOP_EPOLL), 0);
		assert_int_equal(sg_varlink_server_new(loop, &cfg, &s, &err),
				 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0660);
		sg_varlink_server_free(s);
		sg_loop_free(loop);
	}
	assert_int_equal(sg_varlink_connect(path, &v, &err), -ENOENT);
}

static void a_file_in_the_way_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct sg_varlink_server_config cfg = { 0 };
	struct sg_varlink_server *s;
	struct sg_error err;
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/file", f->dir);
	file = fopen(path, "w");
	fclose(file);
	cfg.path = path;
	assert_int_equal(sg_varlink_server_new(f->loop, &cfg, &s, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.text, "not a socket"));
	assert_int_equal(unlink(path), 0);
}

/* As another user, what does this call say? 0: reply, 1: denied, 2: else */
static int as_user(struct fixture *f, uid_t uid, gid_t gid, const char *method)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct sg_varlink_fault fault;
		struct sg_varlink *v;
		int r = 2;

		if (setgroups(0, NULL) || setgid(gid) || setuid(uid) ||
		    sg_varlink_connect(f->path, &v, NULL))
			_exit(3);
		switch (sg_varlink_invoke(v, method, NULL, TIMEOUT, NULL,
					  &fault)) {
		case 0:
			r = 0;
			break;
		case -EREMOTEIO:
			r = strcmp(fault.name, SG_VARLINK_PERMISSION_DENIED) ?
				    2 : 1;
		}
		_exit(r);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void strangers_may_neither_read_nor_change(void **state)
{
	struct fixture *f = *state;

	if (geteuid())
		skip();
	assert_int_equal(as_user(f, 12345, 12345, "Echo"), 3);
	/* Even where the socket lets them in. */
	chmod(f->path, 0666);
	chmod(f->dir, 0755);
	assert_int_equal(as_user(f, 12345, 12345, "Echo"), 1);
	assert_int_equal(as_user(f, 12345, 12345, "Change"), 1);
	assert_int_equal(as_user(f, 12345, 12345,
				 "org.varlink.service.GetInfo"), 0);
	assert_int_equal(as_user(f, 0, 12345, "Change"), 0);
}

#define T(f) cmocka_unit_test(f)
#define S(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(good_requests_are_read),
		T(bad_requests_are_refused),
		T(every_cut_of_a_request_is_refused),
		T(an_oversized_request_is_refused),
		S(methods_are_called),
		S(wrong_parameters_are_refused_by_name),
		S(what_is_not_there_is_said),
		S(the_service_describes_itself),
		S(more_brings_more_replies),
		S(requests_wait_for_the_one_before),
		S(a_kept_call_learns_of_the_disconnect),
		S(a_client_that_does_not_read_is_dropped),
		S(requests_may_come_in_pieces_and_together),
		S(oneway_gets_no_reply),
		S(a_half_closed_client_gets_its_reply),
		S(nonsense_ends_the_connection),
		S(an_endless_request_ends_the_connection),
		S(a_large_request_and_reply_pass),
		S(clients_beyond_the_limit_are_refused),
		S(a_second_agent_is_refused),
		S(a_dead_agents_socket_is_replaced),
		S(a_file_in_the_way_is_left_alone),
		S(strangers_may_neither_read_nor_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
