// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* OpenMetrics text, and the support bundle. Names and labels are documented in
 * Documentation/operations.rst, and stay. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <json-c/json.h>

#include "daemon/control.h"
#include "daemon/gate.h"
#include "daemon/limits.h"
#include "daemon/peer.h"

static void family(FILE *f, const char *name, const char *type,
		   const char *help)
{
	fprintf(f, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void value(FILE *f, const char *name, const char *type, const char *help,
		  uint64_t v)
{
	family(f, name, type, help);
	fprintf(f, "%s%s %llu\n", name, type[0] == 'c' ? "_total" : "",
		(unsigned long long)v);
}

struct peer_metric {
	const char *name, *help;
	size_t offset;
};

#define STAT(field) offsetof(struct sg_dp_channel_stats, field)

static const struct peer_metric peer_metrics[] = {
	{ "signet_peer_received_packets", "inner packets received",
	  STAT(rx_packets) },
	{ "signet_peer_received_bytes", "inner bytes received",
	  STAT(rx_bytes) },
	{ "signet_peer_sent_packets", "inner packets sent", STAT(tx_packets) },
	{ "signet_peer_sent_bytes", "inner bytes sent", STAT(tx_bytes) },
};

static void write_peers(FILE *f, struct sg_node *n,
			const struct sg_dp_channel_stats *st)
{
	for (size_t m = 0; m < sizeof(peer_metrics) / sizeof(*peer_metrics);
	     m++) {
		const struct peer_metric *pm = &peer_metrics[m];

		family(f, pm->name, "counter", pm->help);
		for (uint32_t i = 0; i < n->max_peers; i++) {
			const char *at = (const char *)&st[i] + pm->offset;

			if (n->peers[i])
				fprintf(f, "%s_total{peer=\"%s\"} %llu\n",
					pm->name, n->peers[i]->config->name,
					*(const unsigned long long *)at);
		}
	}
	family(f, "signet_peer_up", "gauge", "1 while a channel is up");
	for (uint32_t i = 0; i < n->max_peers; i++)
		if (n->peers[i])
			fprintf(f, "signet_peer_up{peer=\"%s\"} %d\n",
				n->peers[i]->config->name,
				!!signet_session_current(
					&n->peers[i]->session));
}

/* Each peer's are asked for once: the kernel's cost a message. */
static bool peers(FILE *f, struct sg_node *n)
{
	struct sg_dp_channel_stats *st = calloc(n->max_peers, sizeof(*st));

	for (uint32_t i = 0; st && i < n->max_peers; i++)
		if (n->peers[i])
			sg_peer_stats(n->peers[i], &st[i]);
	if (st)
		write_peers(f, n, st);
	free(st);
	return st;
}

static uint32_t channels_up(const struct sg_node *n)
{
	uint32_t up = 0;

	for (uint32_t i = 0; i < n->max_peers; i++)
		up += n->peers[i] &&
		      signet_session_current(&n->peers[i]->session);
	return up;
}

static void node(FILE *f, struct sg_node *n)
{
	family(f, "signet_build", "info", "version of the agent");
	fprintf(f, "signet_build_info{version=\"" SIGNET_VERSION "\"} 1\n");
	if (n->dp) {
		family(f, "signet_datapath", "info", "what carries packets");
		fprintf(f, "signet_datapath_info{datapath=\"%s\"} 1\n",
			n->dp_ops->name);
	}
	value(f, "signet_up", "gauge", "1 while the node is up", n->up);
	value(f, "signet_peers", "gauge", "peers configured", n->n_peers);
	value(f, "signet_channels", "gauge", "peers that have a channel",
	      channels_up(n));
	value(f, "signet_wakeups", "counter", "wake-ups of the main loop",
	      sg_loop_wakeups(n->loop));
}

/* The agent by itself, or a gate for it: few inits reach the agent then. */
static bool asks_for_cookies(const struct sg_node *n)
{
	bool asks = sg_admission_loaded(n);
	struct sg_gate_info g;

	for (size_t i = 0; i < sg_gates_count(n); i++) {
		sg_gates_get(n, i, &g);
		asks |= g.attached && g.loaded;
	}
	return asks;
}

static void handshakes(FILE *f, struct sg_node *n)
{
	const struct sg_admission *a = &n->admission;

	value(f, "signet_handshakes", "counter", "channels that came up",
	      n->handshakes);
	value(f, "signet_refused_handshakes", "counter",
	      "handshakes with a valid mac1 that were refused", n->refused);
	value(f, "signet_inits", "counter",
	      "first messages of handshakes that were made for this node",
	      a->all_inits);
	value(f, "signet_worked_inits", "counter",
	      "those that public-key work was done for", a->all_worked);
	value(f, "signet_challenges", "counter",
	      "those that were answered with a cookie, gates not counted",
	      a->all_cookies);
	value(f, "signet_loaded", "gauge",
	      "1 while handshakes are asked for a cookie", asks_for_cookies(n));
}

static void limits(FILE *f, struct sg_node *n)
{
	struct sg_limit l[SG_LIMITS_COUNT];

	sg_limits_read(n, l);
	family(f, "signet_limit_used", "gauge", "how much of a limit is used");
	for (size_t i = 0; i < SG_LIMITS_COUNT; i++)
		fprintf(f, "signet_limit_used{limit=\"%s\"} %llu\n", l[i].id,
			(unsigned long long)l[i].used);
	family(f, "signet_limit_max", "gauge", "and how much there is");
	for (size_t i = 0; i < SG_LIMITS_COUNT; i++)
		fprintf(f, "signet_limit_max{limit=\"%s\"} %llu\n", l[i].id,
			(unsigned long long)l[i].max);
}

static void drops(FILE *f, struct sg_node *n)
{
	uint64_t d[SIGNET_DROP_COUNT];

	family(f, "signet_dropped", "counter",
	       "frames and packets dropped, by reason");
	sg_control_sum_drops(n, d);
	for (int i = 1; i < SIGNET_DROP_COUNT; i++)
		fprintf(f, "signet_dropped_total{reason=\"%s\"} %llu\n",
			sg_drop_name(i), (unsigned long long)d[i]);
}

char *sg_control_metrics_text(void *ctx, bool each_peer, size_t *len)
{
	struct sg_node *n = ctx;
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	bool good;

	if (!f)
		return NULL;
	if (sg_admission_turn(n))
		sg_gates_sync(n);
	node(f, n);
	handshakes(f, n);
	limits(f, n);
	drops(f, n);
	sg_control_gate_metrics(f, n);
	good = !each_peer || peers(f, n);
	fputs("# EOF\n", f);
	if (!fclose(f) && good)
		return text;
	free(text);
	return NULL;
}

void sg_control_metrics(void *ctx, struct sg_varlink_call *call,
			struct json_object *params)
{
	struct json_object *o;
	size_t len;
	char *text = sg_control_metrics_text(
		ctx, sg_param_bool(params, "peers"), &len);

	if (!text) {
		sg_varlink_fail(call, NULL, "no memory");
		return;
	}
	o = json_object_new_object();
	sg_json_string(o, "text", text);
	sg_varlink_reply(call, o, false);
	free(text);
}

static struct json_object *usage(void)
{
	struct json_object *o = json_object_new_object();
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	sg_json_int(o, "maxRssKiB", ru.ru_maxrss);
	sg_json_int(o, "userMs",
		    ru.ru_utime.tv_sec * 1000 + ru.ru_utime.tv_usec / 1000);
	sg_json_int(o, "systemMs",
		    ru.ru_stime.tv_sec * 1000 + ru.ru_stime.tv_usec / 1000);
	return o;
}

/* Only what status and peers show: no key, no code, no file's content. */
void sg_control_report(void *ctx, struct sg_varlink_call *call,
		       struct json_object *params)
{
	struct json_object *report = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct json_object *o = json_object_new_object();
	struct sg_node *n = ctx;

	for (uint32_t i = 0; i < n->max_peers; i++)
		if (n->peers[i])
			json_object_array_add(list,
					      sg_control_peer(n->peers[i]));
	json_object_object_add(report, "status", sg_control_status(n));
	json_object_object_add(report, "peers", list);
	json_object_object_add(report, "drops", sg_control_drops(n));
	json_object_object_add(report, "usage", usage());
	sg_json_string(report, "configuration", n->config->path);
	json_object_object_add(o, "report", report);
	sg_varlink_reply(call, o, false);
}
