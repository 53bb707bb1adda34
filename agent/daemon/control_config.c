// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "daemon/control.h"
#include "daemon/gate.h"
#include "daemon/pair.h"
#include "daemon/peer.h"

static struct json_object *names(char **list, size_t n)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(a, json_object_new_string(list[i]));
	return a;
}

static void bad_configuration(struct sg_varlink_call *call,
			      const struct sg_problems *problems)
{
	struct json_object *list = json_object_new_array();
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < problems->n; i++) {
		struct json_object *p = json_object_new_object();

		if (problems->list[i].warning) {
			json_object_put(p);
			continue;
		}
		sg_json_string(p, "file", problems->list[i].file);
		sg_json_int(p, "line", problems->list[i].line);
		sg_json_string(p, "message", problems->list[i].text);
		json_object_array_add(list, p);
	}
	json_object_object_add(o, "problems", list);
	sg_varlink_error(call, "BadConfiguration", o);
}

static const char *lockout_remedy(int ret)
{
	return ret == -ECANCELED
		       ? "add Allow = tcp/22 from YOUR-ADDRESS to the [Gate] "
			 "section, or --force"
		       : NULL;
}

void sg_control_reload(void *ctx, struct sg_varlink_call *call,
		       struct json_object *params)
{
	struct sg_problems *problems = calloc(1, sizeof(*problems));
	bool force = sg_param_bool(params, "force");
	struct sg_gate_session session = { 0 };
	struct sg_error err = { "" };
	struct json_object *o;
	struct sg_reload what;
	int ret;

	if (!problems) {
		sg_varlink_fail(call, NULL, "no memory");
		return;
	}
	ret = sg_control_session(params, &session, &err);
	if (!ret)
		ret = sg_node_reload(ctx, force ? NULL : &session, &what,
				     problems, &err);
	if (ret && problems->errors) {
		bad_configuration(call, problems);
	} else if (ret) {
		sg_varlink_fail(call, lockout_remedy(ret), "%s", err.text);
	} else {
		o = json_object_new_object();
		json_object_object_add(o, "added",
				       names(what.added, what.n_added));
		json_object_object_add(o, "changed",
				       names(what.changed, what.n_changed));
		json_object_object_add(o, "removed",
				       names(what.removed, what.n_removed));
		sg_json_int(o, "kept", what.kept);
		sg_reload_free(&what);
		sg_varlink_reply(call, o, false);
	}
	free(problems);
}

struct placed {
	struct json_object *addresses, *routes, *all;
};

static void note(void *ctx, const char *what)
{
	struct placed *p = ctx;
	struct json_object *s = json_object_new_string(what);

	if (p->all)
		json_object_array_add(p->all, s);
	else if (!strncmp(what, "address ", 8))
		json_object_array_add(p->addresses, s);
	else
		json_object_array_add(p->routes, s);
}

void sg_control_up(void *ctx, struct sg_varlink_call *call,
		   struct json_object *params)
{
	struct sg_gate_session session = { 0 };
	struct sg_node *n = ctx;
	struct sg_error err = { "" };
	struct sg_dp_status st;
	struct json_object *o;
	struct placed placed;
	int ret;

	ret = sg_control_session(params, &session, &err);
	if (!ret && !n->up && !sg_param_bool(params, "force"))
		ret = sg_gates_lock_out(n, n->config, &session, &err);
	if (!ret)
		ret = sg_node_up(n, &err);
	if (ret) {
		sg_varlink_fail(call, lockout_remedy(ret), "%s", err.text);
		return;
	}
	n->dp_ops->status(n->dp, &st);
	placed = (struct placed){ .addresses = json_object_new_array(),
				  .routes = json_object_new_array() };
	sg_netif_each(n->netif, note, &placed);
	o = json_object_new_object();
	sg_json_string(o, "interface", st.ifname);
	json_object_object_add(o, "addresses", placed.addresses);
	json_object_object_add(o, "routes", placed.routes);
	sg_varlink_reply(call, o, false);
}

void sg_control_down(void *ctx, struct sg_varlink_call *call,
		     struct json_object *params)
{
	struct placed placed = { .all = json_object_new_array() };
	struct json_object *o = json_object_new_object();

	sg_node_down(ctx, note, &placed);
	json_object_object_add(o, "undone", placed.all);
	sg_varlink_reply(call, o, false);
}

static const char *const datapath_names[] = {
	[SG_CONFIG_DP_AUTO] = "auto",
	[SG_CONFIG_DP_TUN] = "tun",
	[SG_CONFIG_DP_KERNEL] = "kernel",
};

/* A SetDataPath call that waits; @call: NULL, its client is gone. */
struct moving {
	struct sg_node *node;
	struct sg_varlink_call *call;
};

static void moved(void *ctx, int ret, const struct sg_error *err)
{
	struct moving *m = ctx;
	struct sg_node *n = m->node;
	struct json_object *o;

	if (!m->call)
		goto cleanup;
	if (ret) {
		sg_varlink_fail(m->call,
				"`signet why` shows what the node uses", "%s",
				err->text);
		goto cleanup;
	}
	o = json_object_new_object();
	sg_json_string(o, "datapath",
		       n->up ? n->dp_ops->name : datapath_names[n->dp_want]);
	if (n->dp_why[0])
		sg_json_string(o, "why", n->dp_why);
	sg_varlink_reply(m->call, o, false);
cleanup:
	free(m);
}

static void client_gone(void *ctx, struct sg_varlink_call *call)
{
	((struct moving *)ctx)->call = NULL;
}

void sg_control_set_datapath(void *ctx, struct sg_varlink_call *call,
			     struct json_object *params)
{
	const char *name = sg_param_string(params, "datapath");
	struct moving *m = calloc(1, sizeof(*m));
	const struct sg_moved told = { moved, m };
	struct sg_error err = { "" };
	struct sg_node *n = ctx;
	size_t want = 0;
	bool configured;
	int ret;

	while (want < 3 && strcmp(name, datapath_names[want]))
		want++;
	configured = want == 3 && !strcmp(name, "configured");
	if (!m || (want == 3 && !configured)) {
		free(m);
		sg_varlink_invalid_parameter(call, "datapath");
		return;
	}
	*m = (struct moving){ n, call };
	sg_varlink_on_disconnect(call, client_gone, m);
	ret = sg_node_set_datapath(n,
				   configured ? n->config->datapath
					      : (enum sg_config_datapath)want,
				   configured, &told, &err);
	if (ret != -EINPROGRESS)
		moved(m, ret, &err);
}

/* A name for the new peer, where one was given. */
static bool name_ok(struct sg_node *n, struct sg_varlink_call *call,
		    const char *name)
{
	if (!name)
		return true;
	if (!sg_config_name_valid(name)) {
		sg_varlink_invalid_parameter(call, "name");
		return false;
	}
	if (sg_config_peer_by_name(n->config, name)) {
		sg_varlink_fail(call, "choose another with --name",
				"a peer \"%s\" exists already", name);
		return false;
	}
	return true;
}

void sg_control_pair(void *ctx, struct sg_varlink_call *call,
		     struct json_object *params)
{
	const char *name = sg_param_string(params, "name");
	int64_t ms = sg_param_int(params, "timeout", SG_PAIR_TIMEOUT * 1000);
	struct sg_error err = { "" };
	struct sg_node *n = ctx;

	if (!sg_varlink_wants_more(call)) {
		sg_varlink_error(call, "org.varlink.service.ExpectedMore",
				 NULL);
		return;
	}
	if (ms < 1000 || ms > SG_PAIR_TIMEOUT_MAX * 1000LL) {
		sg_varlink_invalid_parameter(call, "timeout");
		return;
	}
	if (!name_ok(n, call, name))
		return;
	if (sg_pair_open(n, call, name, ms / 1000, &err))
		sg_varlink_fail(call, NULL, "%s", err.text);
}

void sg_control_pair_accept(void *ctx, struct sg_varlink_call *call,
			    struct json_object *params)
{
	const char *name = sg_param_string(params, "name");
	const char *code = sg_param_string(params, "code");
	struct sg_error err = { "" };
	struct sg_node *n = ctx;
	int ret;

	if (!name_ok(n, call, name))
		return;
	/* A number for an address may answer the call at once. */
	json_object_get(params);
	ret = sg_pair_accept(n, call, sg_param_string(params, "address"), code,
			     name, &err);
	sodium_memzero((char *)(uintptr_t)code, strlen(code));
	json_object_put(params);
	if (ret)
		sg_varlink_fail(call, NULL, "%s", err.text);
}
