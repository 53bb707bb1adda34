// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `signet why`: goes through what has to work, in its order, and stops at the
 * first stage that does not, with what to do about it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <json-c/json.h>

#include "daemon/control.h"
#include "daemon/gate.h"
#include "daemon/node_policy.h"
#include "daemon/peer.h"

/* The largest ping: shows that full message frames pass. */
#define PING_SIZE   1100
#define TCP_TIMEOUT (3 * SIGNET_SECOND)

struct why {
	struct sg_node *node;
	struct sg_varlink_call *call;
	struct json_object *stages;
	struct signet_id peer;
	struct sg_ping *ping;
	struct sg_timer timer;
	char proto[8];
	int64_t port;
	int fd;
};

static void why_free(struct why *w)
{
	if (w->fd >= 0) {
		sg_loop_del(w->node->loop, w->fd);
		close(w->fd);
	}
	sg_timer_cancel(w->node->loop, &w->timer);
	if (w->ping)
		sg_ping_cancel(w->ping);
	json_object_put(w->stages);
	free(w);
}

static void gone(void *ctx, struct sg_varlink_call *call)
{
	why_free(ctx);
}

static void stage(struct why *w, const char *name, const char *outcome,
		  const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void stage(struct why *w, const char *name, const char *outcome,
		  const char *remedy, const char *fmt, ...)
{
	struct json_object *o = json_object_new_object();
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sg_json_string(o, "name", name);
	sg_json_string(o, "outcome", outcome);
	sg_json_string(o, "detail", text);
	sg_json_string(o, "remedy", remedy);
	json_object_array_add(w->stages, o);
}

static void finish(struct why *w, bool ok)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "stages", json_object_get(w->stages));
	sg_json_bool(o, "ok", ok);
	sg_varlink_reply(w->call, o, false);
	why_free(w);
}

static void tcp_done(void *ctx, int fd, uint32_t events)
{
	socklen_t len = sizeof(int);
	struct why *w = ctx;
	int err = 0;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err == ECONNREFUSED)
		stage(w, "service", "fail",
		      "start the service there, or check [Expose] and the "
		      "address it listens on",
		      "the far host refused tcp/%d", (int)w->port);
	else if (err)
		stage(w, "service", "fail",
		      "check the firewall and routes of the far host",
		      "tcp/%d: %s", (int)w->port, strerror(err));
	else
		stage(w, "service", "ok", NULL, "tcp/%d accepts connections",
		      (int)w->port);
	finish(w, !err);
}

static void tcp_timeout(void *ctx)
{
	struct why *w = ctx;

	stage(w, "service", "fail",
	      "check the firewall of the far host and, for an exposed device, "
	      "that the device answers",
	      "tcp/%d does not answer", (int)w->port);
	finish(w, false);
}

/* The inner address to try: a single host among the prefixes, else overlay. */
static void inner_address(const struct sg_peer *p, union sg_addr *a,
			  uint16_t port)
{
	const struct sg_config_peer *c = p->config;

	memset(a, 0, sizeof(*a));
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons(port);
	signet_id_overlay(&c->id, a->v6.sin6_addr.s6_addr);
	for (size_t i = 0; i < c->n_prefixes; i++) {
		if (c->prefixes[i].family != AF_INET ||
		    c->prefixes[i].len != 32)
			continue;
		memset(a, 0, sizeof(*a));
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
		memcpy(&a->v4.sin_addr, c->prefixes[i].addr, 4);
		return;
	}
}

static void check_service(struct why *w, struct sg_peer *p)
{
	union sg_addr a;

	if (!w->proto[0]) {
		finish(w, true);
		return;
	}
	if (strcmp(w->proto, "tcp")) {
		stage(w, "service", "skip", NULL,
		      "%s gives no answer that tells: try the application",
		      w->proto);
		finish(w, true);
		return;
	}
	inner_address(p, &a, w->port);
	w->fd = socket(a.sa.sa_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0 ||
	    (connect(w->fd, &a.sa, sg_addr_len(&a)) && errno != EINPROGRESS)) {
		stage(w, "service", "fail", "check the routes of this host",
		      "tcp/%d: %s", (int)w->port, strerror(errno));
		finish(w, false);
		return;
	}
	w->timer.fn = tcp_timeout;
	w->timer.ctx = w;
	sg_timer_set(w->node->loop, &w->timer, sg_now() + TCP_TIMEOUT);
	sg_loop_add(w->node->loop, w->fd, EPOLLOUT, tcp_done, w);
}

static bool check_inner_route(struct why *w, struct sg_peer *p)
{
	struct sg_dp_status st;
	struct sg_route route;
	char text[SG_ADDR_STR_LEN];
	union sg_addr a;
	int err;

	inner_address(p, &a, 0);
	sg_addr_format_host(&a, text);
	w->node->dp_ops->status(w->node->dp, &st);
	err = sg_netif_route_check(&a, 0, &route);
	if (!err && !strcmp(route.ifname, st.ifname)) {
		stage(w, "inner route", "ok", NULL, "%s goes to %s", text,
		      st.ifname);
		return true;
	}
	stage(w, "inner route", "fail",
	      w->node->config->routes
		      ? "another route or rule wins: see `ip rule` and `ip "
			"route show table all`"
		      : "set Routes = yes in [Node], or add the route yourself",
	      "%s goes to %s, not to %s", text,
	      err ? strerror(-err) : route.ifname, st.ifname);
	return false;
}

static bool check_mtu(struct why *w, struct sg_peer *p)
{
	const struct signet_channel *c = signet_session_current(&p->session);
	uint32_t mtu = w->node->mtu;
	char remedy[128];
	union sg_addr a;
	int fits;

	sg_endpoint_remote(&c->path, &a);
	fits = sg_netif_route_mtu(&a, w->node->config->mark);
	if (fits < 0 || (uint32_t)fits >= mtu) {
		stage(w, "MTU", "ok", NULL, "%u fits the outer route", mtu);
		return true;
	}
	snprintf(remedy, sizeof(remedy), "set MTU = %d in [Node] and restart",
		 fits);
	stage(w, "MTU", "fail", remedy,
	      "inner packets of %u do not fit the outer route, which takes %d",
	      mtu, fits);
	return false;
}

static void dp_stage(void *ctx, const char *name, bool ok, const char *remedy,
		     const char *detail)
{
	stage(ctx, name, ok ? "ok" : "fail", remedy, "%s", detail);
}

/* What the data path has of the channel that the agent believes in. */
static bool check_channel(struct why *w, const struct signet_channel *c)
{
	const struct sg_datapath_ops *ops = w->node->dp_ops;
	uint32_t id = c->env - 1;

	return !ops->diagnose || !c->env ||
	       ops->diagnose(w->node->dp, &id, dp_stage, w);
}

static bool check_datapath(struct why *w)
{
	struct sg_node *n = w->node;

	if (n->dp_why[0])
		stage(w, "data path", "ok", NULL, "%s: %s", n->dp_ops->name,
		      n->dp_why);
	return !n->dp_ops->diagnose ||
	       n->dp_ops->diagnose(n->dp, NULL, dp_stage, w);
}

static void after_ping(void *ctx, uint32_t seq, bool lost, uint64_t rtt_ns)
{
	struct why *w = ctx;
	struct sg_peer *p = sg_peer_by_id(w->node, &w->peer);
	const struct signet_channel *c = p ? signet_session_current(&p->session)
					   : NULL;

	w->ping = NULL;
	if (c && !lost) {
		stage(w, "UDP answer", "ok", NULL, "round trip %.3f ms",
		      rtt_ns / 1e6);
		stage(w, "handshake", "ok", NULL, "channel is up");
		if (!check_channel(w, c)) {
			finish(w, false);
			return;
		}
		stage(w, "clock", "ok", NULL,
		      "the peer's attestation is valid for %llu h",
		      (unsigned long long)((c->deadline - sg_now()) /
					   (3600 * SIGNET_SECOND)));
		if (check_mtu(w, p) && check_inner_route(w, p))
			check_service(w, p);
		else
			finish(w, false);
		return;
	}
	if (p && p->session.last_drop == SIGNET_DROP_EXPIRED) {
		stage(w, "UDP answer", "ok", NULL, "the peer answers");
		stage(w, "handshake", "ok", NULL, "authenticated");
		stage(w, "clock", "fail",
		      "compare `date -u` here and there, and set the wrong "
		      "clock",
		      "the peer's attestation is out of date by this clock");
	} else if (p && p->session.last_drop) {
		stage(w, "UDP answer", "ok", NULL, "the peer answers");
		stage(w, "handshake", "fail",
		      "compare Identity and StaticKey in the [Peer] section "
		      "with `signet identity show` there",
		      "%s", sg_drop_help(p->session.last_drop));
	} else if (c) {
		stage(w, "UDP answer", "fail",
		      "check for loss on the path, and the path's MTU",
		      "the channel was up, but a large ping was lost");
	} else {
		stage(w, "UDP answer", "fail",
		      "there: is the agent up, does it listen on that port, "
		      "does a firewall let UDP in, does it pin this node's "
		      "identity? `signet monitor --strangers` there shows whom "
		      "it refuses",
		      "no answer (who is not accepted gets none either)");
	}
	finish(w, false);
}

static bool check_route(struct why *w, struct sg_peer *p)
{
	const struct signet_channel *c = signet_session_current(&p->session);
	char text[SG_ADDR_STR_LEN];
	struct sg_route route;
	union sg_addr a;
	int err;

	if (c)
		sg_endpoint_remote(&c->path, &a);
	else
		a = p->last_good.sa.sa_family ? p->last_good : p->addrs[0];
	sg_addr_format(&a, text);
	err = sg_netif_route_check(&a, w->node->config->mark, &route);
	if (err) {
		stage(w, "route", "fail",
		      "add a route to it, or bring the interface up", "%s: %s",
		      text, strerror(-err));
		return false;
	}
	stage(w, "route", "ok", NULL, "%s through %s", text, route.ifname);
	return true;
}

/* What stands before the sockets: it knows on which labels we receive, or it
 * drops what the peer sends.
 */
static bool check_gates(struct why *w, const struct sg_peer *p)
{
	const struct signet_channel *c = signet_session_current(&p->session);
	const struct sg_node *n = w->node;
	struct sg_gate_info g;

	for (size_t i = 0; i < sg_gates_count(n); i++) {
		sg_gates_get(n, i, &g);
		if (!g.attached) {
			stage(w, "gate", "skip", NULL, "%s: not attached: %s",
			      g.want->ifname, g.error);
		} else if (c &&
			   !sg_gate_has_label(n, i, c->rx_label, c->rx_hop)) {
			stage(w, "gate", "fail",
			      "detach it with `signet gate detach`, attach it "
			      "again, and report this with `signet report`",
			      "%s does not know the channel's label",
			      g.want->ifname);
			return false;
		} else {
			stage(w, "gate", "ok", NULL, "%s: %s%s%s%s",
			      g.want->ifname, g.mode,
			      g.want->strict ? ", strict" : "",
			      g.loaded ? ", asks for cookies" : "",
			      c ? ", knows the channel's label" : "");
		}
	}
	return true;
}

static bool check_name(struct why *w, struct sg_peer *p)
{
	if (p->n_addrs || p->last_good.sa.sa_family) {
		stage(w, "name", "ok", NULL, "%s",
		      p->config->n_endpoints ? p->config->endpoints[0].host
					     : "address learned from the peer");
		return true;
	}
	if (p->resolve_error)
		stage(w, "name", "fail",
		      "check Endpoint, and the name server of this host",
		      "%s: %s", p->config->endpoints[0].host,
		      strerror(-p->resolve_error));
	else
		stage(w, "name", "fail",
		      "set Endpoint = host:port in its [Peer] section, or let "
		      "the peer connect to this node",
		      "no address is known for this peer");
	return false;
}

/* What was asked for, as an item of Allow. */
static bool asked_for(const struct why *w, struct signet_allow *asked)
{
	const char *why;
	char text[32];

	snprintf(text, sizeof(text), w->port ? "%s/%d" : "%s", w->proto,
		 (int)w->port);
	return !signet_allow_parse(text, asked, &why) &&
	       asked->what != SIGNET_ALLOW_NONE;
}

/*
 * What the peer may begin here. That is not in the way of what this node begins
 * there, so the stages go on.
 */
static void show_policy(struct why *w, const struct sg_config_peer *c)
{
	char item[SIGNET_ALLOW_STR_LEN], text[SIGNET_ALLOW_STR_LEN];
	const struct sg_config_allow *line;
	struct signet_allow asked;
	char remedy[512];
	bool everything;

	if (!asked_for(w, &asked)) {
		stage(w, "policy", "ok", NULL,
		      c->n_allow ? "[Peer %s] may begin what its Allow lines "
				   "say"
				 : "[Peer %s] has no Allow line: it may begin "
				   "everything",
		      c->name);
		return;
	}
	signet_allow_format(&asked, text);
	line = sg_peer_allow_line(c, &asked, &everything);
	if (everything) {
		stage(w, "policy", "ok", NULL,
		      "[Peer %s] has no Allow line: it may begin everything",
		      c->name);
	} else if (line) {
		stage(w, "policy", "ok", NULL,
		      "%s:%u: %s lets this peer begin %s here", c->file,
		      line->line, signet_allow_format(&line->item, item), text);
	} else {
		snprintf(remedy, sizeof(remedy),
			 "if it may, add Allow = %s to [Peer %s] in %s", text,
			 c->name, c->file);
		stage(w, "policy", "skip", remedy,
		      "no Allow line lets it begin %s here; what this node "
		      "begins there passes",
		      text);
	}
}

static void begin(struct why *w, struct sg_peer *p)
{
	stage(w, "configuration", "ok", NULL, "%s", p->config->file);
	show_policy(w, p->config);
	if (!check_datapath(w) || !check_name(w, p) || !check_route(w, p) ||
	    !check_gates(w, p)) {
		finish(w, false);
		return;
	}
	if (sg_ping_start(p, 0, PING_SIZE, after_ping, w, &w->ping)) {
		stage(w, "UDP answer", "fail", "try again in a moment",
		      "too many pings to this peer are under way");
		finish(w, false);
	}
}

void sg_control_why(void *ctx, struct sg_varlink_call *call,
		    struct json_object *params)
{
	const char *name = sg_param_string(params, "peer");
	const char *proto = sg_param_string(params, "protocol");
	struct sg_node *n = ctx;
	struct sg_peer *p;
	struct why *w;

	w = calloc(1, sizeof(*w));
	if (!w) {
		sg_varlink_fail(call, NULL, "no memory");
		return;
	}
	w->node = n;
	w->call = call;
	w->fd = -1;
	w->stages = json_object_new_array();
	w->port = sg_param_int(params, "port", 0);
	if (proto && (strlen(proto) >= sizeof(w->proto) || w->port < 0 ||
		      w->port > 65535)) {
		why_free(w);
		sg_varlink_invalid_parameter(call, "protocol");
		return;
	}
	if (proto)
		strcpy(w->proto, proto);
	p = sg_peer_find(n, name);
	if (!p) {
		stage(w, "configuration", "fail",
		      "`signet peers` lists them; `signet pair` or `signet "
		      "peer add` adds one",
		      "no peer \"%s\" is configured", name);
		finish(w, false);
		return;
	}
	if (!n->up) {
		stage(w, "configuration", "fail", "run `signet up`",
		      "this node is down");
		finish(w, false);
		return;
	}
	w->peer = p->session.remote;
	sg_varlink_on_disconnect(call, gone, w);
	begin(w, p);
}
