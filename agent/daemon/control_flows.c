// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What packet policy decided: flows, and what it dropped of each peer. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "daemon/control.h"
#include "daemon/peer.h"

#define FLOWS_MAX  1000	   /* in a reply: the latest */
#define FLOWS_READ 100000u /* more than any data path keeps */

static int latest_first(const void *a, const void *b)
{
	const struct sg_dp_flow *x = a, *y = b;

	return x->idle_ns < y->idle_ns ? -1 : x->idle_ns > y->idle_ns;
}

static void protocol(struct json_object *o, uint8_t proto)
{
	char number[12];

	switch (proto) {
	case IPPROTO_TCP:
		sg_json_string(o, "protocol", "tcp");
		return;
	case IPPROTO_UDP:
		sg_json_string(o, "protocol", "udp");
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		sg_json_string(o, "protocol", "icmp");
		return;
	}
	snprintf(number, sizeof(number), "ip/%u", proto);
	sg_json_string(o, "protocol", number);
}

static void side(struct json_object *o, const char *address, const char *port,
		 const struct signet_flow_key *k, const uint32_t *a, uint16_t p)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(k->ip6 ? AF_INET6 : AF_INET, a, text, sizeof(text));
	sg_json_string(o, address, text);
	if (k->proto == IPPROTO_TCP || k->proto == IPPROTO_UDP)
		sg_json_int(o, port, ntohs(p));
}

static struct json_object *one(const struct sg_peer *p,
			       const struct sg_dp_flow *f)
{
	static const char *const verdicts[] = {
		[SG_DP_FLOW_ALLOWED] = "allowed",
		[SG_DP_FLOW_BEGUN] = "begun",
		[SG_DP_FLOW_DENIED] = "denied",
	};
	struct json_object *o = json_object_new_object();

	sg_json_string(o, "peer", p->config->name);
	sg_json_string(o, "verdict", verdicts[f->verdict]);
	protocol(o, f->key.proto);
	side(o, "local", "localPort", &f->key, f->key.local, f->key.local_port);
	side(o, "remote", "remotePort", &f->key, f->key.remote,
	     f->key.remote_port);
	sg_json_int(o, "packets", f->packets);
	sg_json_int(o, "bytes", f->bytes);
	sg_json_int(o, "idle", f->idle_ns / 1000000);
	return o;
}

static struct json_object *flows(struct sg_node *n, const struct sg_peer *only)
{
	struct json_object *list = json_object_new_array();
	struct sg_dp_flow *f = NULL;
	size_t count = 0, shown = 0;

	if (n->dp && n->dp_ops->policy_flows)
		f = calloc(FLOWS_READ, sizeof(*f));
	if (f)
		count = n->dp_ops->policy_flows(n->dp, f, FLOWS_READ);
	if (count)
		qsort(f, count, sizeof(*f), latest_first);
	for (size_t i = 0; i < count && shown < FLOWS_MAX; i++) {
		const struct sg_peer *p = f[i].key.peer < n->max_peers
						  ? n->peers[f[i].key.peer]
						  : NULL;

		if (!p || (only && p != only))
			continue;
		json_object_array_add(list, one(p, &f[i]));
		shown++;
	}
	free(f);
	return list;
}

static void dropped_of(struct sg_node *n, const struct sg_peer *p,
		       struct json_object *list)
{
	uint64_t d[SIGNET_DROP_COUNT] = { 0 };

	if (n->dp && n->dp_ops->policy_refused)
		n->dp_ops->policy_refused(n->dp, p->number, d);
	for (int i = 1; i < SIGNET_DROP_COUNT; i++) {
		struct json_object *o;

		if (!d[i])
			continue;
		o = json_object_new_object();
		sg_json_string(o, "peer", p->config->name);
		sg_json_string(o, "reason", sg_drop_name(i));
		sg_json_int(o, "count", d[i]);
		json_object_array_add(list, o);
	}
}

void sg_control_flows(void *ctx, struct sg_varlink_call *call,
		      struct json_object *params)
{
	const char *name = sg_param_string(params, "peer");
	struct json_object *dropped, *o;
	struct sg_peer *only = NULL;
	struct sg_node *n = ctx;

	if (name) {
		only = sg_control_find(n, call, params);
		if (!only)
			return;
	}
	dropped = json_object_new_array();
	for (uint32_t i = 0; i < n->max_peers; i++)
		if (n->peers[i] && (!only || n->peers[i] == only))
			dropped_of(n, n->peers[i], dropped);
	o = json_object_new_object();
	json_object_object_add(o, "flows", flows(n, only));
	json_object_object_add(o, "dropped", dropped);
	sg_varlink_reply(call, o, false);
}
