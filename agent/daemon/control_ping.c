// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "daemon/control.h"
#include "daemon/peer.h"

#define COUNT_MAX 1000000

/* A Ping call: one ping after the other. */
struct run {
	struct sg_node *node;
	struct sg_varlink_call *call;
	struct sg_ping *ping;
	struct sg_timer timer;
	struct signet_id peer;
	int64_t count, seq, interval, size;
	bool answered;
};

static void run_free(struct run *r)
{
	sg_timer_cancel(r->node->loop, &r->timer);
	if (r->ping)
		sg_ping_cancel(r->ping);
	free(r);
}

static void gone(void *ctx, struct sg_varlink_call *call)
{
	run_free(ctx);
}

static void finish(struct run *r, const char *error, const char *text)
{
	struct sg_varlink_call *call = r->call;

	run_free(r);
	sg_varlink_error_what(call, error, "detail", text);
}

static void result(void *ctx, uint32_t seq, bool lost, uint64_t rtt_ns);

static void next(void *ctx)
{
	struct run *r = ctx;
	struct sg_peer *p = sg_peer_by_id(r->node, &r->peer);
	int err;

	if (!p || !r->node->up) {
		finish(r, "Unreachable",
		       "the peer was removed or the node went down");
		return;
	}
	err = sg_ping_start(p, r->seq, r->size, result, r, &r->ping);
	if (err == -EMSGSIZE)
		finish(r, "Failed", "a ping holds at most 1140 bytes");
	else if (err)
		finish(r, "Failed", "too many pings to this peer at once");
}

static void result(void *ctx, uint32_t seq, bool lost, uint64_t rtt_ns)
{
	struct run *r = ctx;
	bool last = ++r->seq >= r->count;
	struct json_object *o = json_object_new_object();

	r->ping = NULL;
	sg_json_int(o, "sequence", seq);
	sg_json_int(o, "rtt", rtt_ns / 1000);
	sg_json_bool(o, "lost", lost);
	if (sg_varlink_reply(r->call, o, !last) && !last)
		return; /* the disconnect callback frees it */
	if (last) {
		run_free(r);
		return;
	}
	r->timer.fn = next;
	r->timer.ctx = r;
	sg_timer_set(r->node->loop, &r->timer,
		     sg_now() + r->interval * 1000000);
}

void sg_control_ping(void *ctx, struct sg_varlink_call *call,
		     struct json_object *params)
{
	struct sg_node *n = ctx;
	struct sg_peer *p = sg_control_find(n, call, params);
	struct run *r;

	if (!p)
		return;
	if (!n->up) {
		sg_varlink_error_what(call, "Unreachable", "detail",
				      "the node is down: run `signet up`");
		return;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		sg_varlink_fail(call, NULL, "no memory");
		return;
	}
	r->node = n;
	r->call = call;
	r->peer = p->session.remote;
	r->count = sg_param_int(params, "count", 1);
	if (!sg_varlink_wants_more(call))
		r->count = 1;
	r->interval = sg_param_int(params, "interval", 1000);
	r->size = sg_param_int(params, "size", 0);
	if (r->count < 1 || r->count > COUNT_MAX || r->interval < 10 ||
	    r->interval > 3600000 || r->size < 0) {
		free(r);
		sg_varlink_invalid_parameter(call, "count");
		return;
	}
	sg_varlink_on_disconnect(call, gone, r);
	next(r);
}
