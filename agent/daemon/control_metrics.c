// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* OpenMetrics text, and the support bundle. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <json-c/json.h>

#include "daemon/control.h"
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

static void peers(FILE *f, struct sg_node *n)
{
	struct sg_dp_channel_stats st;

	for (size_t m = 0; m < 4; m++) {
		const struct peer_metric *pm = &peer_metrics[m];

		family(f, pm->name, "counter", pm->help);
		for (uint32_t i = 0; i < n->max_peers; i++) {
			uint64_t v;

			if (!n->peers[i])
				continue;
			sg_peer_stats(n->peers[i], &st);
			v = *(uint64_t *)((char *)&st + pm->offset);
			fprintf(f, "%s_total{peer=\"%s\"} %llu\n", pm->name,
				n->peers[i]->config->name,
				(unsigned long long)v);
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

static void write_metrics(FILE *f, struct sg_node *n)
{
	uint64_t d[SIGNET_DROP_COUNT];

	family(f, "signet_build", "info", "version of the agent");
	fprintf(f, "signet_build_info{version=\"" SIGNET_VERSION "\"} 1\n");
	if (n->dp) {
		family(f, "signet_datapath", "info", "what carries packets");
		fprintf(f, "signet_datapath_info{datapath=\"%s\"} 1\n",
			n->dp_ops->name);
	}
	value(f, "signet_up", "gauge", "1 while the node is up", n->up);
	value(f, "signet_peers", "gauge", "peers configured", n->n_peers);
	value(f, "signet_handshakes", "counter", "channels that came up",
	      n->handshakes);
	value(f, "signet_refused_handshakes", "counter",
	      "handshakes with a valid mac1 that were refused", n->refused);
	value(f, "signet_wakeups", "counter", "wake-ups of the main loop",
	      sg_loop_wakeups(n->loop));
	family(f, "signet_dropped", "counter",
	       "frames and packets dropped, by reason");
	sg_control_sum_drops(n, d);
	for (int i = 1; i < SIGNET_DROP_COUNT; i++)
		fprintf(f, "signet_dropped_total{reason=\"%s\"} %llu\n",
			sg_drop_name(i), (unsigned long long)d[i]);
	sg_control_gate_metrics(f, n);
	peers(f, n);
	fputs("# EOF\n", f);
}

void sg_control_metrics(void *ctx, struct sg_varlink_call *call,
			struct json_object *params)
{
	struct json_object *o;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f) {
		sg_varlink_fail(call, NULL, "no memory");
		return;
	}
	write_metrics(f, ctx);
	if (fclose(f)) {
		sg_varlink_fail(call, NULL, "no memory");
	} else {
		o = json_object_new_object();
		sg_json_string(o, "text", text);
		sg_varlink_reply(call, o, false);
	}
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
