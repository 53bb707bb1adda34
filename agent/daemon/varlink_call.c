// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls: from a request to its method, and from replies to bytes. */
#include <errno.h>
#include <json-c/json.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/varlink_private.h"

/* Length of a reply whose making leaves megabytes of free memory behind. */
#define TRIM_ABOVE (512 * 1024)

static void end_call(struct sg_varlink_call *call)
{
	struct varlink_client *c = call->client;

	sg_varlink_request_free(&call->req);
	memset(call, 0, sizeof(*call));
	call->client = c;
	/* Its next request may wait already. */
	if (!c->working && (c->in_len || c->eof))
		varlink_schedule(c->server);
}

static int send_message(struct sg_varlink_call *call, struct json_object *msg)
{
	const char *text;
	size_t len = 0;
	int r;

	if (call->client->dead) {
		r = -EPIPE;
	} else if (call->req.oneway) {
		r = 0;
	} else {
		text = json_object_to_json_string_length(
			msg,
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
			&len);
		r = text ? varlink_queue(call->client, text, len + 1) : -ENOMEM;
	}
	json_object_put(msg);
	if (len > TRIM_ABOVE)
		malloc_trim(0);
	return r;
}

int sg_varlink_reply(struct sg_varlink_call *call,
		     struct json_object *parameters, bool continues)
{
	struct json_object *msg;
	int r;

	if (!call->active) {
		json_object_put(parameters);
		return -EPIPE;
	}
	msg = json_object_new_object();
	if (!call->req.more || call->req.oneway || !call->method ||
	    !call->method->streams)
		continues = false;
	if (!parameters)
		parameters = json_object_new_object();
	json_object_object_add(msg, "parameters", parameters);
	if (continues)
		json_object_object_add(msg, "continues",
				       json_object_new_boolean(true));
	r = send_message(call, msg);
	if (!continues)
		end_call(call);
	return r;
}

int sg_varlink_error(struct sg_varlink_call *call, const char *name,
		     struct json_object *parameters)
{
	struct json_object *msg;
	char full[128];
	int r;

	if (!call->active) {
		json_object_put(parameters);
		return -EPIPE;
	}
	msg = json_object_new_object();
	snprintf(full, sizeof(full), "%s%s",
		 strchr(name, '.') ? "" : SG_VARLINK_INTERFACE ".", name);
	json_object_object_add(msg, "error", json_object_new_string(full));
	if (!parameters)
		parameters = json_object_new_object();
	json_object_object_add(msg, "parameters", parameters);
	r = send_message(call, msg);
	end_call(call);
	return r;
}

int sg_varlink_error_what(struct sg_varlink_call *call, const char *name,
			  const char *key, const char *text)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, key, json_object_new_string(text));
	return sg_varlink_error(call, name, o);
}

static int error_with_remedy(struct sg_varlink_call *call, const char *name,
			     const char *remedy, const char *detail)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "detail", json_object_new_string(detail));
	if (remedy)
		json_object_object_add(o, "remedy",
				       json_object_new_string(remedy));
	return sg_varlink_error(call, name, o);
}

int sg_varlink_fail(struct sg_varlink_call *call, const char *remedy,
		    const char *fmt, ...)
{
	char detail[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	return error_with_remedy(call, "Failed", remedy, detail);
}

int sg_varlink_unreachable(struct sg_varlink_call *call, const char *remedy,
			   const char *detail)
{
	return error_with_remedy(call, "Unreachable", remedy, detail);
}

int sg_varlink_invalid_parameter(struct sg_varlink_call *call,
				 const char *parameter)
{
	return sg_varlink_error_what(call, SG_VARLINK_INVALID_PARAMETER,
				     "parameter", parameter);
}

bool sg_varlink_wants_more(const struct sg_varlink_call *call)
{
	return call->req.more;
}

uid_t sg_varlink_uid(const struct sg_varlink_call *call)
{
	return call->client->uid;
}

void sg_varlink_on_disconnect(struct sg_varlink_call *call,
			      void (*fn)(void *ctx,
					 struct sg_varlink_call *call),
			      void *ctx)
{
	call->on_disconnect = fn;
	call->on_disconnect_ctx = ctx;
}

static bool type_matches(char type, struct json_object *value)
{
	switch (type) {
	case 's':
		return json_object_is_type(value, json_type_string);
	case 'i':
		return json_object_is_type(value, json_type_int);
	case 'b':
		return json_object_is_type(value, json_type_boolean);
	case 'a':
		return json_object_is_type(value, json_type_array);
	case 'o':
		return json_object_is_type(value, json_type_object);
	default:
		return false;
	}
}

/*
 * Checks one parameter, given as "name:type" or "name:type?". Return: 1 where
 * it is there, 0 where it is absent and may be, -1 where it is wrong.
 */
static int check_parameter(struct json_object *params, const char *name,
			   const char *type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(params, name, &value))
		return type[1] == '?' ? 0 : -1;
	if (!value) {
		json_object_object_del(params, name);
		return type[1] == '?' ? 0 : -1;
	}
	return type_matches(type[0], value) ? 1 : -1;
}

static bool name_in(const char *signature, const char *name)
{
	size_t n = strlen(name);
	const char *s = signature;

	while (n && (s = strstr(s, name)) != NULL) {
		if ((s == signature || s[-1] == ' ') && s[n] == ':')
			return true;
		s += n;
	}
	return false;
}

/* Return: whether it matches; else the call has been answered */
static bool check_parameters(struct sg_varlink_call *call,
			     const char *signature)
{
	struct json_object *params = call->req.parameters;
	char copy[256], *rest = copy, *name, *type;
	struct json_object_iter it;
	int r, present = 0;

	snprintf(copy, sizeof(copy), "%s", signature ? signature : "");
	while ((name = strsep(&rest, " ")) != NULL) {
		type = strchr(name, ':');
		if (!type)
			continue;
		*type++ = 0;
		r = check_parameter(params, name, type);
		if (r < 0) {
			sg_varlink_invalid_parameter(call, name);
			return false;
		}
		present += r;
	}
	if (json_object_object_length(params) == present)
		return true;
	json_object_object_foreachC(
		params, it) if (!name_in(signature ? signature : "", it.key))
	{
		sg_varlink_invalid_parameter(call, it.key);
		return false;
	}
	return true;
}

static const struct sg_varlink_method *
find_method(const struct sg_varlink_server *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->cfg.n_methods; i++)
		if (!strcmp(s->cfg.methods[i].name, name))
			return &s->cfg.methods[i];
	return NULL;
}

static void call_method(struct sg_varlink_call *call, const char *name)
{
	struct varlink_client *c = call->client;
	const struct sg_varlink_method *m = find_method(c->server, name);

	if (!m) {
		sg_varlink_error_what(call, SG_VARLINK_METHOD_NOT_FOUND,
				      "method", call->req.method);
		return;
	}
	call->method = m;
	if (m->changes ? !c->may_change : !c->may_read)
		sg_varlink_error(call, SG_VARLINK_PERMISSION_DENIED, NULL);
	else if (!m->handler)
		sg_varlink_error_what(call, SG_VARLINK_METHOD_NOT_IMPLEMENTED,
				      "method", call->req.method);
	else if (check_parameters(call, m->signature))
		m->handler(c->server->cfg.ctx, call, call->req.parameters);
}

void varlink_dispatch(struct varlink_client *c, const char *buf, size_t len)
{
	struct sg_varlink_call *call = &c->call;
	char interface[128];
	const char *dot;

	call->client = c;
	/* Who does not speak Varlink gets no answer that it could read. */
	if (sg_varlink_request_parse(buf, len, &call->req)) {
		c->dead = true;
		return;
	}
	call->active = true;
	dot = strrchr(call->req.method, '.');
	if (!dot || (size_t)(dot - call->req.method) >= sizeof(interface)) {
		sg_varlink_error_what(call, SG_VARLINK_METHOD_NOT_FOUND,
				      "method", call->req.method);
		return;
	}
	memcpy(interface, call->req.method, (size_t)(dot - call->req.method));
	interface[dot - call->req.method] = 0;
	if (!strcmp(interface, "org.varlink.service"))
		varlink_service(call, dot + 1);
	else if (!strcmp(interface, SG_VARLINK_INTERFACE))
		call_method(call, dot + 1);
	else
		sg_varlink_error_what(call, SG_VARLINK_INTERFACE_NOT_FOUND,
				      "interface", interface);
}
