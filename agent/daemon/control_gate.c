// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The gates: shown, counted, attached and detached. */
#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "bpf/gate.h"
#include "daemon/control.h"
#include "daemon/gate.h"

static const struct {
	const char *name, *help;
} passes[GATE_PASS_COUNT] = {
	[GATE_PASS_OTHER] = { "other", "not for Signet" },
	[GATE_PASS_PACKET] = { "packet", "packet frames with a valid hop tag" },
	[GATE_PASS_MESSAGE] = { "message",
				"message frames with a valid hop tag" },
	[GATE_PASS_HANDSHAKE] = { "handshake", "handshake and cookie frames" },
	[GATE_PASS_ALLOWED] = { "allowed", "on the list of strict mode" },
	[GATE_CHALLENGED] = { "challenged",
			      "handshakes that were answered with a cookie" },
};

static struct json_object *count(const char *name, uint64_t n, const char *help)
{
	struct json_object *o = json_object_new_object();

	sg_json_string(o, "reason", name);
	sg_json_int(o, "count", n);
	sg_json_string(o, "help", help);
	return o;
}

static struct json_object *allow_list(const struct sg_config_gate *want)
{
	struct json_object *list = json_object_new_array();
	char text[SG_GATE_ALLOW_STR_LEN];

	for (size_t i = 0; i < want->n_allow; i++)
		json_object_array_add(
			list, json_object_new_string(sg_gate_allow_format(
				      &want->allow[i], text)));
	return list;
}

static struct json_object *gate_json(const struct sg_node *n, size_t i)
{
	struct json_object *o = json_object_new_object();
	struct sg_gate_info g;
	uint64_t now = sg_now();

	sg_gates_get(n, i, &g);
	sg_json_string(o, "interface", g.want->ifname);
	sg_json_bool(o, "configured", g.configured);
	sg_json_bool(o, "attached", g.attached);
	if (g.attached) {
		sg_json_string(o, "mode", g.mode);
		sg_json_int(o, "since", (now - g.since) / 1000000);
	}
	if (g.steps[0])
		sg_json_string(o, "tried", g.steps);
	sg_json_bool(o, "strict", g.want->strict);
	json_object_object_add(o, "allow", allow_list(g.want));
	sg_json_string(o, "cookies",
		       g.want->always ? "always"
		       : g.loaded     ? "loaded"
				      : "auto");
	if (g.trial_ends)
		sg_json_int(o, "trial",
			    g.trial_ends > now ? (g.trial_ends - now) / 1000000
					       : 0);
	if (g.error[0])
		sg_json_string(o, "error", g.error);
	return o;
}

struct json_object *sg_control_gates(const struct sg_node *n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < sg_gates_count(n); i++)
		json_object_array_add(list, gate_json(n, i));
	return list;
}

static struct json_object *counters_json(const struct sg_node *n, size_t i)
{
	struct json_object *passed = json_object_new_array();
	struct json_object *dropped = json_object_new_array();
	struct json_object *o = json_object_new_object();
	struct gate_counters c;
	struct sg_gate_info g;

	sg_gates_get(n, i, &g);
	sg_gate_counters(n, i, &c);
	for (int k = 0; k < GATE_PASS_COUNT; k++)
		json_object_array_add(passed, count(passes[k].name, c.passed[k],
						    passes[k].help));
	for (int k = 1; k < SIGNET_DROP_COUNT; k++)
		if (c.dropped[k])
			json_object_array_add(dropped, count(sg_drop_name(k),
							     c.dropped[k],
							     sg_drop_help(k)));
	sg_json_string(o, "interface", g.want->ifname);
	json_object_object_add(o, "passed", passed);
	json_object_object_add(o, "dropped", dropped);
	sg_json_int(o, "droppedBytes", c.dropped_bytes);
	return o;
}

static void metric(FILE *f, const struct sg_node *n, const char *name,
		   const char *label, bool dropped)
{
	struct gate_counters c;
	struct sg_gate_info g;

	for (size_t i = 0; i < sg_gates_count(n); i++) {
		sg_gates_get(n, i, &g);
		if (!g.attached || sg_gate_counters(n, i, &c))
			continue;
		for (int k = dropped;
		     k < (dropped ? SIGNET_DROP_COUNT : GATE_PASS_COUNT); k++)
			fprintf(f,
				"%s_total{interface=\"%s\",%s=\"%s\"} %llu\n",
				name, g.want->ifname, label,
				dropped ? sg_drop_name(k) : passes[k].name,
				(unsigned long long)(dropped ? c.dropped[k]
							     : c.passed[k]));
	}
}

void sg_control_gate_metrics(FILE *f, const struct sg_node *n)
{
	struct sg_gate_info g;

	if (!sg_gates_count(n))
		return;
	fputs("# TYPE signet_gate_attached gauge\n"
	      "# HELP signet_gate_attached 1 while the gate is attached\n",
	      f);
	for (size_t i = 0; i < sg_gates_count(n); i++) {
		sg_gates_get(n, i, &g);
		fprintf(f, "signet_gate_attached{interface=\"%s\"} %d\n",
			g.want->ifname, g.attached);
	}
	fputs("# TYPE signet_gate_passed counter\n"
	      "# HELP signet_gate_passed packets that passed, by kind\n",
	      f);
	metric(f, n, "signet_gate_passed", "kind", false);
	fputs("# TYPE signet_gate_dropped counter\n"
	      "# HELP signet_gate_dropped packets dropped, by reason\n",
	      f);
	metric(f, n, "signet_gate_dropped", "reason", true);
}

void sg_control_gate_stats(void *ctx, struct sg_varlink_call *call,
			   struct json_object *params)
{
	const char *ifname = sg_param_string(params, "interface");
	struct json_object *list = json_object_new_array();
	struct json_object *o = json_object_new_object();
	struct sg_node *n = ctx;
	struct sg_gate_info g;

	for (size_t i = 0; i < sg_gates_count(n); i++) {
		sg_gates_get(n, i, &g);
		if (!ifname || !strcmp(ifname, g.want->ifname))
			json_object_array_add(list, counters_json(n, i));
	}
	json_object_object_add(o, "gates", list);
	sg_varlink_reply(call, o, false);
}

static int read_allow(struct json_object *params, struct sg_config_gate *want,
		      struct sg_error *err)
{
	struct json_object *list;
	const char *text, *why;

	if (!json_object_object_get_ex(params, "allow", &list))
		return 0;
	if (json_object_array_length(list) > SG_GATE_ALLOW_MAX)
		return sg_err(err, E2BIG, "at most %d entries are possible",
			      SG_GATE_ALLOW_MAX);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		text = json_object_get_string(
			json_object_array_get_idx(list, i));
		if (!text || sg_gate_allow_parse(
				     text, &want->allow[want->n_allow], &why))
			return sg_err(err, EINVAL, "\"%.80s\": %s",
				      text ? text : "",
				      text ? why : "write a string");
		want->n_allow++;
	}
	return 0;
}

/* Who calls can only make it stricter for itself with what stands here. */
int sg_control_session(struct json_object *params, struct sg_gate_session *s,
		       struct sg_error *err)
{
	const char *from = sg_param_string(params, "sessionFrom");
	int64_t port = sg_param_int(params, "sessionPort", 0);

	if (!from)
		return 0;
	if (port < 0 || port > 65535 || sg_addr_set(&s->from, from, 0))
		return sg_err(err, EINVAL, "sessionFrom: not an address");
	s->proto = IPPROTO_TCP;
	s->port = (uint16_t)port;
	return 0;
}

static int read_request(struct json_object *params, struct sg_gate_request *r,
			struct sg_error *err)
{
	const char *ifname = sg_param_string(params, "interface");
	const char *mode = sg_param_string(params, "mode");
	int64_t trial = sg_param_int(params, "trial", 0);
	int ret;

	if (!sg_config_name_valid(ifname) ||
	    strlen(ifname) >= sizeof(r->want.ifname))
		return sg_err(err, EINVAL, "not the name of an interface");
	if (trial < 0 || trial > SG_GATE_TRIAL_MAX)
		return sg_err(err, EINVAL, "a trial lasts a day at most");
	strcpy(r->want.ifname, ifname);
	if (mode && !sg_gate_mode_parse(mode, &r->want.mode))
		return sg_err(err, EINVAL,
			      "mode \"%.20s\": write auto, native or "
			      "generic",
			      mode);
	r->want.strict = sg_param_bool(params, "strict");
	r->want.always = sg_param_bool(params, "cookies");
	r->force = sg_param_bool(params, "force");
	r->trial_ms = trial;
	ret = read_allow(params, &r->want, err);
	return ret ? ret : sg_control_session(params, &r->session, err);
}

static const char *remedy(int ret)
{
	switch (-ret) {
	case ECANCELED:
		return "add --allow tcp/22 from YOUR-ADDRESS, or try it with "
		       "--for 60s, or --force";
	case ENETDOWN:
		return "run `signet up`";
	default:
		return NULL;
	}
}

static void reply_gates(const struct sg_node *n, struct sg_varlink_call *call)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "gates", sg_control_gates(n));
	sg_varlink_reply(call, o, false);
}

void sg_control_gate_attach(void *ctx, struct sg_varlink_call *call,
			    struct json_object *params)
{
	struct sg_gate_request r = { 0 };
	struct sg_error err = { "" };
	struct sg_node *n = ctx;
	int ret;

	ret = read_request(params, &r, &err);
	if (!ret)
		ret = sg_gate_attach(n, &r, &err);
	if (ret)
		sg_varlink_fail(call, remedy(ret), "%s", err.text);
	else
		reply_gates(n, call);
}

void sg_control_gate_detach(void *ctx, struct sg_varlink_call *call,
			    struct json_object *params)
{
	struct sg_error err = { "" };
	struct sg_node *n = ctx;

	if (sg_gate_detach(n, sg_param_string(params, "interface"), &err))
		sg_varlink_fail(call, "`signet status` lists them", "%s",
				err.text);
	else
		reply_gates(n, call);
}

void sg_control_gate_confirm(void *ctx, struct sg_varlink_call *call,
			     struct json_object *params)
{
	struct sg_error err = { "" };
	struct sg_node *n = ctx;

	if (sg_gate_confirm(n, sg_param_string(params, "interface"), &err))
		sg_varlink_fail(call, "its time may be over: attach it again",
				"%s", err.text);
	else
		reply_gates(n, call);
}

void sg_control_follow_drops(void *ctx, struct sg_varlink_call *call,
			     struct json_object *params)
{
	int ret;

	if (!sg_varlink_wants_more(call)) {
		sg_varlink_error(call, "org.varlink.service.ExpectedMore",
				 NULL);
		return;
	}
	ret = sg_gate_follow(ctx, call);
	if (ret == -ENOENT)
		sg_varlink_fail(call, "attach one: `signet gate attach IFACE`",
				"there is no gate whose drops could be seen");
	else if (ret)
		sg_varlink_fail(call, "end another `signet drops --follow`",
				"too many follow already");
}
