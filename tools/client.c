/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "client.h"
#include "common/error.h"
#include "common/varlink.h"
#include "human.h"
#include "json.h"

/* How soon an interrupt is noticed while waiting. */
#define SLICE_MS 200

volatile sig_atomic_t sg_interrupted;

static void interrupt(int sig)
{
	sg_interrupted = 1;
}

void sg_catch_interrupt(void)
{
	struct sigaction sa = { .sa_handler = interrupt };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

const char *sg_no_agent_remedy(const struct sg_tool *t)
{
	return t->defaults ? "start it with `systemctl start signetd` or "
			     "`signet up`"
			   : "start it with `signet up` and the same options";
}

static int cannot_connect(const struct sg_tool *t, int r, const char *text)
{
	switch (-r) {
	case ENOENT:
	case ECONNREFUSED:
		return sg_fail(t, SG_EXIT_NO_AGENT, sg_no_agent_remedy(t),
			       "no agent answers at %s", t->socket);
	case EACCES:
	case EPERM:
		return sg_fail(t, SG_EXIT_DENIED,
			       "run it as root; members of the group signet "
			       "may look, but not change anything",
			       "%s: permission denied", t->socket);
	}
	return sg_fail(t, SG_EXIT_NO_AGENT, NULL, "%s",
		       *text ? text : strerror(-r));
}

static void put_problems(const struct sg_tool *t, struct json_object *list)
{
	if (t->json) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "problems", json_object_get(list));
		sg_json_line(stderr, o);
		json_object_put(o);
		return;
	}
	for (size_t i = 0; i < sg_json_len(list); i++) {
		struct json_object *p = json_object_array_get_idx(list, i);

		fputs("  ", stderr);
		sg_put(stderr, sg_json_str(p, "file"));
		if (sg_json_int(p, "line"))
			fprintf(stderr, ":%lld",
				(long long)sg_json_int(p, "line"));
		fputs(": ", stderr);
		sg_put(stderr, sg_json_str(p, "message"));
		putc('\n', stderr);
	}
}

static int bad_configuration(const struct sg_tool *t,
			     const struct sg_varlink_fault *f)
{
	struct json_object *list = NULL;

	if (f->parameters)
		json_object_object_get_ex(f->parameters, "problems", &list);
	sg_fail(t, SG_EXIT_FAILED,
		"correct it; `signet check` reads it "
		"again without applying it",
		"the configuration was refused; "
		"nothing has changed");
	put_problems(t, list);
	return SG_EXIT_FAILED;
}

static int fault_exit(const struct sg_tool *t, const char *method,
		      const struct sg_varlink_fault *f)
{
	const char *detail = sg_varlink_fault_string(f, "detail");
	const char *what;

	if (!detail)
		detail = "the agent does not say why";
	if (!strcmp(f->name, "io.signet.NotFound")) {
		what = sg_varlink_fault_string(f, "what");
		return sg_fail(t, SG_EXIT_FAILED, "`signet peers` lists them",
			       "the agent knows no \"%s\"",
			       what ? what : "such thing");
	}
	if (!strcmp(f->name, "io.signet.Denied"))
		return sg_fail(t, SG_EXIT_DENIED, NULL, "%s", detail);
	if (!strcmp(f->name, SG_VARLINK_PERMISSION_DENIED))
		return sg_fail(t, SG_EXIT_DENIED,
			       "run it as root; members of the group signet "
			       "may look, but not change anything",
			       "the agent does not let you call %s", method);
	if (!strcmp(f->name, "io.signet.Unreachable"))
		return sg_fail(t, SG_EXIT_UNREACHABLE,
			       sg_varlink_fault_string(f, "remedy"), "%s",
			       detail);
	if (!strcmp(f->name, "io.signet.Failed"))
		return sg_fail(t, SG_EXIT_FAILED,
			       sg_varlink_fault_string(f, "remedy"), "%s",
			       detail);
	if (!strcmp(f->name, "io.signet.BadConfiguration"))
		return bad_configuration(t, f);
	if (!strcmp(f->name, SG_VARLINK_METHOD_NOT_FOUND) ||
	    !strcmp(f->name, SG_VARLINK_METHOD_NOT_IMPLEMENTED))
		return sg_fail(t, SG_EXIT_FAILED,
			       "restart signetd, so that it "
			       "is of the same version as this command",
			       "the agent does not know %s", method);
	if (!strcmp(f->name, SG_VARLINK_INVALID_PARAMETER)) {
		what = sg_varlink_fault_string(f, "parameter");
		return sg_fail(t, SG_EXIT_USAGE, NULL,
			       "the agent refuses the value of \"%s\"",
			       what ? what : "a parameter");
	}
	return sg_fail(t, SG_EXIT_FAILED, NULL, "%s: the agent answers \"%s\"",
		       method, f->name);
}

static int call_exit(const struct sg_tool *t, const char *method, int r,
		     const struct sg_varlink_fault *f)
{
	if (!r)
		return SG_EXIT_OK;
	if (r == -EREMOTEIO)
		return fault_exit(t, method, f);
	if (r == -ETIMEDOUT)
		return sg_fail(t, SG_EXIT_FAILED,
			       "see its log: `journalctl -u "
			       "signetd -n 50`",
			       "%s: the agent did not answer "
			       "in time",
			       method);
	if (r == -EPIPE || r == -ECONNRESET)
		return sg_fail(t, SG_EXIT_NO_AGENT,
			       "see its log: `journalctl "
			       "-u signetd -n 50`",
			       "%s: the agent went away", method);
	return sg_fail(t, SG_EXIT_FAILED, NULL,
		       "%s: %s does not speak "
		       "Varlink: %s",
		       method, t->socket, strerror(-r));
}

static int invoke(const struct sg_tool *t, bool quiet, const char *method,
		  struct json_object *parameters, int timeout_ms,
		  struct json_object **reply)
{
	struct sg_varlink_fault fault = { 0 };
	struct sg_error err = { 0 };
	struct sg_varlink *v = NULL;
	int r, code;

	if (reply)
		*reply = NULL;
	r = sg_varlink_connect(t->socket, &v, &err);
	if (r) {
		json_object_put(parameters);
		return quiet ? SG_EXIT_NO_AGENT
			     : cannot_connect(t, r, err.text);
	}
	r = sg_varlink_invoke(v, method, parameters, timeout_ms, reply, &fault);
	if (quiet)
		code = r ? SG_EXIT_FAILED : SG_EXIT_OK;
	else
		code = call_exit(t, method, r, &fault);
	sg_varlink_fault_free(&fault);
	sg_varlink_close(v);
	return code;
}

int sg_call(const struct sg_tool *t, const char *method,
	    struct json_object *parameters, int timeout_ms,
	    struct json_object **reply)
{
	return invoke(t, false, method, parameters, timeout_ms, reply);
}

int sg_call_quiet(const struct sg_tool *t, const char *method,
		  struct json_object *parameters, int timeout_ms,
		  struct json_object **reply)
{
	return invoke(t, true, method, parameters, timeout_ms, reply);
}

bool sg_agent_answers(const struct sg_tool *t)
{
	return !sg_call_quiet(t, "org.varlink.service.GetInfo", NULL, 2000,
			      NULL);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* Waits in slices, so that an interrupt is noticed. -EINTR: interrupted. */
static int receive(struct sg_varlink *v, int timeout_ms,
		   struct json_object **reply, bool *continues,
		   struct sg_varlink_fault *fault)
{
	int64_t end = now_ms() + timeout_ms;
	int r;

	for (;;) {
		if (sg_interrupted)
			return -EINTR;
		r = sg_varlink_recv(v, SLICE_MS, reply, continues, fault);
		if (r != -ETIMEDOUT && r != -EINTR)
			return r;
		if (timeout_ms >= 0 && now_ms() >= end)
			return -ETIMEDOUT;
	}
}

int sg_call_more(const struct sg_tool *t, const char *method,
		 struct json_object *parameters, int timeout_ms, sg_reply_fn fn,
		 void *ctx)
{
	struct sg_varlink_fault fault = { 0 };
	struct json_object *reply = NULL;
	struct sg_error err = { 0 };
	struct sg_varlink *v = NULL;
	bool continues = true;
	int r, code = SG_GO_ON;

	r = sg_varlink_connect(t->socket, &v, &err);
	if (r) {
		json_object_put(parameters);
		return cannot_connect(t, r, err.text);
	}
	r = sg_varlink_send(v, method, parameters, true);
	while (!r && continues && code == SG_GO_ON) {
		r = receive(v, timeout_ms, &reply, &continues, &fault);
		if (!r) {
			code = fn(ctx, reply);
			json_object_put(reply);
			reply = NULL;
		}
	}
	if (r == -EINTR)
		code = SG_EXIT_OK;
	else if (r)
		code = call_exit(t, method, r, &fault);
	else if (code == SG_GO_ON)
		code = SG_EXIT_OK;
	sg_varlink_fault_free(&fault);
	sg_varlink_close(v);
	return code;
}
