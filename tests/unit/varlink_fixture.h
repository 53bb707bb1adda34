/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A Varlink server on its own thread, and what its clients expect of it. */
#ifndef VARLINK_FIXTURE_H
#define VARLINK_FIXTURE_H

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

/* Server: on its own thread, as the clients here block. */

struct fixture {
	char dir[64], path[96];
	struct sg_loop *loop;
	struct sg_varlink_server *server;
	struct sg_varlink_call *kept;
	struct sg_timer tick;
	int ticks, flood;
	int gone;    /* eventfd: on_disconnect ran */
	int command; /* eventfd: reply to the kept call */
	pthread_t thread;
	bool running;
};

static inline void echo(void *ctx, struct sg_varlink_call *call,
			struct json_object *params)
{
	sg_varlink_reply(call, json_object_get(params), false);
}

static inline void refuse(void *ctx, struct sg_varlink_call *call,
			  struct json_object *params)
{
	sg_varlink_fail(call, "try again", "no %s", "luck");
}

static inline void kept_gone(void *ctx, struct sg_varlink_call *call)
{
	struct fixture *f = ctx;
	uint64_t one = 1;

	assert_ptr_equal(call, f->kept);
	assert_int_equal(sg_varlink_reply(call, NULL, true), -EPIPE);
	f->kept = NULL;
	sg_timer_cancel(f->loop, &f->tick);
	assert_int_equal(write(f->gone, &one, sizeof(one)), sizeof(one));
}

static inline void keep(void *ctx, struct sg_varlink_call *call,
			struct json_object *params)
{
	struct fixture *f = ctx;

	f->kept = call;
	sg_varlink_on_disconnect(call, kept_gone, f);
}

static inline void tick(void *ctx)
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

static inline void count(void *ctx, struct sg_varlink_call *call,
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
static inline void pour(void *ctx)
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

static inline void flood(void *ctx, struct sg_varlink_call *call,
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

static inline void answer_kept(void *ctx, int fd, uint32_t events)
{
	struct fixture *f = ctx;
	uint64_t n;

	assert_int_equal(read(fd, &n, sizeof(n)), sizeof(n));
	if (f->kept)
		sg_varlink_reply(f->kept, NULL, false);
	f->kept = NULL;
}

static inline void *serve(void *ctx)
{
	struct fixture *f = ctx;

	sg_loop_run(f->loop);
	return NULL;
}

static inline int start(struct fixture *f)
{
	const struct sg_varlink_server_config cfg = {
		.path = f->path,
		.product = "signetd",
		.version = "1.2",
		.methods = methods,
		.ctx = f,
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
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
	r = access(f->path, F_OK) ? 0 : -1; /* it takes its socket along */
	snprintf(dir, sizeof(dir), "%s/run", f->dir);
	unlink(f->path);
	rmdir(dir);
	rmdir(f->dir);
	close(f->gone);
	close(f->command);
	free(f);
	return r;
}

static inline struct sg_varlink *client(struct fixture *f)
{
	struct sg_varlink *v = NULL;
	struct sg_error err;

	assert_int_equal(sg_varlink_connect(f->path, &v, &err), 0);
	return v;
}

static inline void wait_gone(struct fixture *f)
{
	struct pollfd p = { .fd = f->gone, .events = POLLIN };

	assert_int_equal(poll(&p, 1, TIMEOUT), 1);
}

static inline struct json_object *json(const char *text)
{
	return json_tokener_parse(text);
}

/* Calls with the given parameters and expects the given reply. */
static inline void expect_reply(struct sg_varlink *v, const char *method,
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

static inline void expect_fault(struct sg_varlink *v, const char *method,
				const char *params, const char *name,
				const char *key, const char *value)
{
	struct sg_varlink_fault fault;

	assert_int_equal(sg_varlink_invoke(v, method,
					   params ? json(params) : NULL,
					   TIMEOUT, NULL, &fault),
			 -EREMOTEIO);
	assert_string_equal(fault.name, name);
	if (key)
		assert_string_equal(sg_varlink_fault_string(&fault, key),
				    value);
	sg_varlink_fault_free(&fault);
}

#endif
