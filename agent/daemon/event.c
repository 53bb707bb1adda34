// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <json-c/json.h>

#include "common/log.h"
#include "daemon/node.h"

static const char *const drop_names[] = {
#define NAME(name, text, help) [SIGNET_DROP_##name] = text,
	SIGNET_DROP_REASONS(NAME)
#undef NAME
};

static const char *const drop_helps[] = {
#define HELP(name, text, help) [SIGNET_DROP_##name] = help,
	SIGNET_DROP_REASONS(HELP)
#undef HELP
};

const char *sg_drop_name(int drop)
{
	return drop >= 0 && drop < SIGNET_DROP_COUNT ? drop_names[drop] : "";
}

const char *sg_drop_help(int drop)
{
	return drop >= 0 && drop < SIGNET_DROP_COUNT ? drop_helps[drop] : "";
}

static void add(struct json_object *o, const char *key, const char *value)
{
	if (value)
		json_object_object_add(o, key, json_object_new_string(value));
}

static struct json_object *to_json(const struct sg_event *e, const char *id,
				   const char *addr)
{
	struct json_object *o = json_object_new_object();
	struct json_object *wrap = json_object_new_object();
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	json_object_object_add(o, "time",
			       json_object_new_int64(ts.tv_sec * 1000LL +
						     ts.tv_nsec / 1000000));
	add(o, "kind", e->kind);
	add(o, "peer", e->peer);
	add(o, "identity", id);
	add(o, "address", addr);
	add(o, "reason", e->reason);
	add(o, "detail", e->detail);
	json_object_object_add(wrap, "event", o);
	return wrap;
}

static void forget(struct sg_events *ev, size_t i)
{
	ev->listeners[i] = ev->listeners[--ev->n];
}

static void say(struct sg_node *n, const struct sg_event *e, bool stranger)
{
	char id[SIGNET_ID_STR_LEN], addr[SG_ADDR_STR_LEN];
	const char *idp = NULL, *ap = NULL;

	if (e->identity) {
		signet_id_format(e->identity, id);
		idp = id;
	}
	if (e->address && e->address->sa.sa_family)
		ap = sg_addr_format(e->address, addr);
	sg_log_kv(stranger ? SG_LOG_DEBUG : SG_LOG_INFO, e->kind, "peer",
		  e->peer, "identity", e->peer ? NULL : idp, "address", ap,
		  "reason", e->reason, "detail", e->detail, NULL);
	for (size_t i = 0; i < n->events.n; i++) {
		struct sg_listener *l = &n->events.listeners[i];

		if (stranger && !l->strangers)
			continue;
		/* One that is gone is told so by its disconnect callback. */
		sg_varlink_reply(l->call, to_json(e, idp, ap), true);
	}
}

void sg_event(struct sg_node *n, const struct sg_event *e)
{
	say(n, e, false);
}

/* How many refusals were not said, as soon as there is room to. */
static void say_suppressed(struct sg_node *n)
{
	char text[64];
	const struct sg_event e = { .kind = "refused",
				    .reason = "more",
				    .detail = text };

	if (!n->events.strangers_suppressed)
		return;
	snprintf(text, sizeof(text), "%llu more, not listed one by one",
		 (unsigned long long)n->events.strangers_suppressed);
	n->events.strangers_suppressed = 0;
	say(n, &e, true);
}

void sg_event_refused(struct sg_node *n, const struct signet_id *identity,
		      const union sg_addr *from, int drop)
{
	struct sg_events *ev = &n->events;
	uint64_t second = sg_now() / SIGNET_SECOND;
	bool known = identity &&
		     !sodium_is_zero(identity->b, sizeof(identity->b));
	const struct sg_event e = { .kind = "refused",
				    .identity = known ? identity : NULL,
				    .address = from,
				    .reason = sg_drop_name(drop),
				    .detail = sg_drop_help(drop) };

	n->refused++;
	if (second != ev->stranger_second) {
		ev->stranger_second = second;
		ev->strangers_now = 0;
		say_suppressed(n);
	}
	if (ev->strangers_now++ >= n->config->limits.stranger_events) {
		ev->strangers_suppressed++;
		return;
	}
	say(n, &e, true);
}

static void gone(void *ctx, struct sg_varlink_call *call)
{
	struct sg_node *n = ctx;

	for (size_t i = 0; i < n->events.n; i++)
		if (n->events.listeners[i].call == call)
			forget(&n->events, i--);
}

int sg_event_listen(struct sg_node *n, struct sg_varlink_call *call,
		    bool strangers)
{
	if (n->events.n == SG_LISTENERS_MAX)
		return -EBUSY;
	n->events.listeners[n->events.n++] =
		(struct sg_listener){ call, strangers };
	sg_varlink_on_disconnect(call, gone, n);
	return 0;
}
