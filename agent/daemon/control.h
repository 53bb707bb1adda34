/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The methods of io.signet: control.c has the table and the short ones,
 * control_*.c a group each.
 */
#ifndef SG_CONTROL_H
#define SG_CONTROL_H

#include <stdio.h>

#include "daemon/node.h"
#include "daemon/varlink_server.h"

struct json_object;
struct sg_gate_session;
struct sg_peer;

int sg_control_start(struct sg_node *n, struct sg_error *err);

/* control_status.c */
struct json_object *sg_control_status(struct sg_node *n);
struct json_object *sg_control_peer(struct sg_peer *p);
struct json_object *sg_control_drops(struct sg_node *n);
void sg_control_sum_drops(struct sg_node *n, uint64_t d[SIGNET_DROP_COUNT]);

/* control_flows.c */
void sg_control_flows(void *ctx, struct sg_varlink_call *call,
		      struct json_object *params);

/* control_metrics.c */
/* see sg_metrics_fn */
char *sg_control_metrics_text(void *ctx, bool peers, size_t *len);
void sg_control_metrics(void *ctx, struct sg_varlink_call *call,
			struct json_object *params);
void sg_control_report(void *ctx, struct sg_varlink_call *call,
		       struct json_object *params);

/* control_gate.c */
struct json_object *sg_control_gates(const struct sg_node *n);
void sg_control_gate_metrics(FILE *f, const struct sg_node *n);
void sg_control_gate_stats(void *ctx, struct sg_varlink_call *call,
			   struct json_object *params);
void sg_control_gate_attach(void *ctx, struct sg_varlink_call *call,
			    struct json_object *params);
void sg_control_gate_detach(void *ctx, struct sg_varlink_call *call,
			    struct json_object *params);
void sg_control_gate_confirm(void *ctx, struct sg_varlink_call *call,
			     struct json_object *params);
/** sg_control_session() - sessionFrom and sessionPort. Return: 0 or -errno */
int sg_control_session(struct json_object *params, struct sg_gate_session *s,
		       struct sg_error *err);
void sg_control_follow_drops(void *ctx, struct sg_varlink_call *call,
			     struct json_object *params);

/* control_ping.c */
void sg_control_ping(void *ctx, struct sg_varlink_call *call,
		     struct json_object *params);

/* control_why.c */
void sg_control_why(void *ctx, struct sg_varlink_call *call,
		    struct json_object *params);

/* control_config.c */
void sg_control_reload(void *ctx, struct sg_varlink_call *call,
		       struct json_object *params);
void sg_control_up(void *ctx, struct sg_varlink_call *call,
		   struct json_object *params);
void sg_control_down(void *ctx, struct sg_varlink_call *call,
		     struct json_object *params);
void sg_control_set_datapath(void *ctx, struct sg_varlink_call *call,
			     struct json_object *params);
void sg_control_pair(void *ctx, struct sg_varlink_call *call,
		     struct json_object *params);
void sg_control_pair_accept(void *ctx, struct sg_varlink_call *call,
			    struct json_object *params);

/* Short forms for building replies. */
const char *sg_param_string(struct json_object *params, const char *key);
int64_t sg_param_int(struct json_object *params, const char *key,
		     int64_t otherwise);
bool sg_param_bool(struct json_object *params, const char *key);
void sg_json_string(struct json_object *o, const char *key, const char *value);
void sg_json_int(struct json_object *o, const char *key, int64_t value);
void sg_json_bool(struct json_object *o, const char *key, bool value);
/** sg_control_find() - the peer of a call, or NULL and the call is answered */
struct sg_peer *sg_control_find(struct sg_node *n, struct sg_varlink_call *call,
				struct json_object *params);

#endif
