// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "common/log.h"
#include "daemon/control.h"
#include "daemon/metrics_socket.h"
#include "daemon/peer.h"

const char *sg_param_string(struct json_object *params, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(params, key, &v))
		return NULL;
	return json_object_get_string(v);
}

int64_t sg_param_int(struct json_object *params, const char *key,
		     int64_t otherwise)
{
	struct json_object *v;

	if (!json_object_object_get_ex(params, key, &v))
		return otherwise;
	return json_object_get_int64(v);
}

bool sg_param_bool(struct json_object *params, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(params, key, &v) &&
	       json_object_get_boolean(v);
}

void sg_json_string(struct json_object *o, const char *key, const char *value)
{
	if (value)
		json_object_object_add(o, key, json_object_new_string(value));
}

void sg_json_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

void sg_json_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

struct sg_peer *sg_control_find(struct sg_node *n, struct sg_varlink_call *call,
				struct json_object *params)
{
	const char *name = sg_param_string(params, "peer");
	struct sg_peer *p = name ? sg_peer_find(n, name) : NULL;

	if (!p)
		sg_varlink_error_what(call, "NotFound", "what",
				      name ? name : "");
	return p;
}

static void get_status(void *ctx, struct sg_varlink_call *call,
		       struct json_object *params)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "status", sg_control_status(ctx));
	sg_varlink_reply(call, o, false);
}

static void list_peers(void *ctx, struct sg_varlink_call *call,
		       struct json_object *params)
{
	const char *name = sg_param_string(params, "name");
	struct json_object *list, *o;
	struct sg_node *n = ctx;
	struct sg_peer *p;

	if (name && !sg_peer_find(n, name)) {
		sg_varlink_error_what(call, "NotFound", "what", name);
		return;
	}
	list = json_object_new_array();
	if (name) {
		json_object_array_add(list,
				      sg_control_peer(sg_peer_find(n, name)));
	} else {
		for (size_t i = 0; i < n->config->n_peers; i++) {
			p = sg_peer_by_id(n, &n->config->peers[i].id);
			if (p)
				json_object_array_add(list, sg_control_peer(p));
		}
	}
	o = json_object_new_object();
	json_object_object_add(o, "peers", list);
	sg_varlink_reply(call, o, false);
}

static void get_drops(void *ctx, struct sg_varlink_call *call,
		      struct json_object *params)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "drops", sg_control_drops(ctx));
	sg_varlink_reply(call, o, false);
}

static void monitor(void *ctx, struct sg_varlink_call *call,
		    struct json_object *params)
{
	struct sg_node *n = ctx;

	if (!sg_varlink_wants_more(call))
		sg_varlink_error(call, "org.varlink.service.ExpectedMore",
				 NULL);
	else if (sg_event_listen(n, call, sg_param_bool(params, "strangers")))
		sg_varlink_fail(call, "end another `signet monitor` first",
				"%d monitors are running already",
				SG_LISTENERS_MAX);
}

static const struct sg_varlink_method methods[] = {
	{ .name = "GetStatus", .signature = "", .handler = get_status },
	{ .name = "ListPeers", .signature = "name:s?", .handler = list_peers },
	{ .name = "Ping",
	  .streams = true,
	  .signature = "peer:s count:i? interval:i? size:i?",
	  .handler = sg_control_ping },
	{ .name = "Why",
	  .signature = "peer:s protocol:s? port:i?",
	  .handler = sg_control_why },
	{ .name = "Reload",
	  .changes = true,
	  .signature = "sessionFrom:s? sessionPort:i? force:b?",
	  .handler = sg_control_reload },
	{ .name = "Up",
	  .changes = true,
	  .signature = "sessionFrom:s? sessionPort:i? force:b?",
	  .handler = sg_control_up },
	{ .name = "Down",
	  .changes = true,
	  .signature = "",
	  .handler = sg_control_down },
	{ .name = "SetDataPath",
	  .changes = true,
	  .signature = "datapath:s",
	  .handler = sg_control_set_datapath },
	{ .name = "Pair",
	  .changes = true,
	  .streams = true,
	  .signature = "name:s? timeout:i?",
	  .handler = sg_control_pair },
	{ .name = "PairAccept",
	  .changes = true,
	  .signature = "address:s code:s name:s?",
	  .handler = sg_control_pair_accept },
	{ .name = "Monitor",
	  .streams = true,
	  .signature = "strangers:b?",
	  .handler = monitor },
	{ .name = "Drops", .signature = "", .handler = get_drops },
	{ .name = "Flows",
	  .signature = "peer:s?",
	  .handler = sg_control_flows },
	{ .name = "FollowDrops",
	  .streams = true,
	  .signature = "",
	  .handler = sg_control_follow_drops },
	{ .name = "GateStats",
	  .signature = "interface:s?",
	  .handler = sg_control_gate_stats },
	{ .name = "GateAttach",
	  .changes = true,
	  .signature =
		  "interface:s strict:b? allow:a? mode:s? cookies:b? trial:i? "
		  "sessionFrom:s? sessionPort:i? force:b?",
	  .handler = sg_control_gate_attach },
	{ .name = "GateDetach",
	  .changes = true,
	  .signature = "interface:s",
	  .handler = sg_control_gate_detach },
	{ .name = "GateConfirm",
	  .changes = true,
	  .signature = "interface:s?",
	  .handler = sg_control_gate_confirm },
	{ .name = "Metrics",
	  .signature = "peers:b?",
	  .handler = sg_control_metrics },
	{ .name = "Report", .signature = "", .handler = sg_control_report },
};

int sg_control_start(struct sg_node *n, struct sg_error *err)
{
	const struct sg_varlink_server_config cfg = {
		.path = n->paths.socket,
		.product = "signetd",
		.version = SIGNET_VERSION,
		.methods = methods,
		.n_methods = sizeof(methods) / sizeof(methods[0]),
		.ctx = n,
	};

	struct sg_error metrics = { "" };
	int ret = sg_varlink_server_new(n->loop, &cfg, &n->varlink, err);

	if (!ret && sg_metrics_socket_new(n->loop, n->paths.socket,
					  sg_control_metrics_text, n,
					  &n->metrics, &metrics))
		sg_log(SG_LOG_WARNING, "no socket for metrics: %s",
		       metrics.text);
	return ret;
}
