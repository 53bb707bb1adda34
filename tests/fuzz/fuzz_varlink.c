// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Varlink requests, each ended by NUL, given to the daemon's dispatcher with a
 * method of every signature. Each request that is not oneway and not nonsense
 * must be answered with whole messages.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "daemon/varlink_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sg_loop *loop;
static struct sg_varlink_server server;
static struct varlink_client client;
static int fd[2];

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void echo(void *ctx, struct sg_varlink_call *call,
		 struct json_object *params)
{
	sg_varlink_reply(call, json_object_get(params), false);
}

static const struct sg_varlink_method methods[] = {
	{ "Any", false, false, "s:s? i:i? b:b? a:a? o:o?", echo },
	{ "Need", true, true, "peer:s count:i?", echo },
	{ "None", false, false, "", echo },
};

static void ignore(void *ctx, int ready, uint32_t events)
{
}

static void start(void)
{
	must(!sg_loop_new(&loop, SG_LOOP_EPOLL));
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	must(!sg_loop_add(loop, fd[0], EPOLLIN, ignore, NULL));
	server.loop = loop;
	server.cfg.product = "fuzz";
	server.cfg.version = "0";
	server.cfg.methods = methods;
	server.cfg.n_methods = sizeof(methods) / sizeof(methods[0]);
	server.work.fn = (sg_timer_fn)abort;
	client.server = &server;
	client.fd = fd[0];
	client.may_read = true;
	client.may_change = true;
	client.working = true;
}

/* What came out must be JSON objects. */
static void check_output(void)
{
	static char buf[1 << 20];
	struct json_object *o;
	ssize_t n;
	char *s;

	n = recv(fd[1], buf, sizeof(buf) - 1, MSG_DONTWAIT);
	if (n <= 0)
		return;
	buf[n] = 0;
	must(!buf[n - 1]);
	for (s = buf; s < buf + n; s += strlen(s) + 1) {
		o = json_tokener_parse(s);
		must(json_object_is_type(o, json_type_object));
		json_object_put(o);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data, *end = s + size, *nul;

	if (!loop)
		start();
	while (s < end) {
		nul = memchr(s, 0, (size_t)(end - s));
		if (!nul)
			nul = end;
		varlink_dispatch(&client, s, (size_t)(nul - s));
		must(!client.call.active);
		must(!client.out_len);
		check_output();
		client.dead = false;
		s = nul + 1;
	}
	return 0;
}
