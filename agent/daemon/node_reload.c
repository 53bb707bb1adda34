// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A new configuration while channels live: only what changed is touched. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/gate.h"
#include "daemon/node_keys.h"
#include "daemon/node_policy.h"
#include "daemon/node_up.h"
#include "daemon/peer.h"

static void note(char ***list, size_t *n, const char *name)
{
	char **more = realloc(*list, (*n + 1) * sizeof(**list));
	char *copy = strdup(name);

	if (more)
		*list = more;
	if (!more || !copy) {
		free(copy);
		return;
	}
	more[(*n)++] = copy;
}

static void free_list(char **list, size_t n)
{
	while (n)
		free(list[--n]);
	free(list);
}

void sg_reload_free(struct sg_reload *r)
{
	free_list(r->added, r->n_added);
	free_list(r->changed, r->n_changed);
	free_list(r->removed, r->n_removed);
	memset(r, 0, sizeof(*r));
}

/* What is fixed while the node is up; said, not silently ignored. */
static void warn_fixed(const struct sg_config *old, const struct sg_config *now)
{
	bool addresses = old->n_addresses != now->n_addresses;

	for (size_t i = 0; !addresses && i < old->n_addresses; i++)
		addresses = !sg_prefix_equal(&old->addresses[i],
					     &now->addresses[i]);
	if (old->listen != now->listen || addresses ||
	    strcmp(old->ifname, now->ifname) || old->mtu != now->mtu ||
	    old->workers != now->workers || old->mark != now->mark ||
	    old->family != now->family || old->loop != now->loop ||
	    old->routes != now->routes || old->datapath != now->datapath ||
	    old->limits.max_peers != now->limits.max_peers)
		sg_log(SG_LOG_WARNING,
		       "[Node] Listen, Address, Interface, MTU, DataPath, "
		       "Workers, Mark, Family, Loop, Routes and MaxPeers "
		       "change with a restart, not with a reload");
}

/*
 * The configuration says what is in force: what stays as it is until the node
 * goes down is not taken over before.
 */
static void keep_fixed(struct sg_config *old, struct sg_config *now)
{
	struct sg_prefix *addresses = now->addresses;
	size_t n_addresses = now->n_addresses;

	now->addresses = old->addresses;
	now->n_addresses = old->n_addresses;
	old->addresses = addresses;
	old->n_addresses = n_addresses;
	memcpy(now->ifname, old->ifname, sizeof(now->ifname));
	now->listen = old->listen;
	now->mtu = old->mtu;
	now->workers = old->workers;
	now->mark = old->mark;
	now->family = old->family;
	now->routes = old->routes;
	now->datapath = old->datapath;
}

static void remove_old(struct sg_node *n, const struct sg_config *now,
		       struct sg_reload *out)
{
	for (uint32_t i = 0; i < n->max_peers; i++) {
		struct sg_peer *p = n->peers[i];
		struct sg_event e = { .kind = "peer-removed" };

		if (!p || sg_config_peer_by_id(now, &p->session.remote))
			continue;
		note(&out->removed, &out->n_removed, p->config->name);
		e.peer = p->config->name;
		sg_event(n, &e);
		sg_peer_remove(p, SIGNET_CLOSE_REMOVED);
	}
}

/* Give up the prefixes that a peer has no more, so that another may have them */
static void shrink(struct sg_node *n, struct sg_peer *p,
		   const struct sg_config_peer *now)
{
	struct sg_prefix *both;
	size_t k = 0;

	if (!n->up)
		return;
	both = calloc(now->n_prefixes + 1, sizeof(*both));
	if (!both)
		return;
	for (size_t i = 0; i < now->n_prefixes; i++)
		for (size_t j = 0; j < p->config->n_prefixes; j++)
			if (sg_prefix_equal(&now->prefixes[i],
					    &p->config->prefixes[j]))
				both[k++] = now->prefixes[i];
	sg_peer_prefixes(p, both, k);
	free(both);
}

/* A pinned key that is another now: the channel was made with the old one. */
static bool repinned(const struct sg_peer *p, const struct sg_config_peer *now)
{
	return now->has_static && p->session.has_static &&
	       memcmp(p->session.remote_static, now->static_key, 32);
}

static void change(struct sg_node *n, struct sg_peer *p,
		   const struct sg_config_peer *now)
{
	if (repinned(p, now) && n->up)
		signet_session_close(&p->session, SIGNET_CLOSE_REMOVED,
				     sg_now());
	sg_peer_configure(p, now);
	if (n->up && sg_peer_prefixes(p, now->prefixes, now->n_prefixes))
		sg_log(SG_LOG_ERR, "peer %s: its prefixes were refused",
		       now->name);
}

static int add_new(struct sg_node *n, const struct sg_config_peer *c,
		   struct sg_error *err)
{
	struct sg_event e = { .kind = "peer-added", .peer = c->name };
	struct sg_peer *p;
	int ret = sg_peer_add(n, c, &p);

	if (ret)
		return sg_err(err, -ret, "peer %s: %s", c->name,
			      strerror(-ret));
	ret = n->up ? sg_peer_attach(p, err) : 0;
	if (ret) {
		/* Whole or not at all: the next reload tries again. */
		sg_peer_remove(p, SIGNET_CLOSE_REMOVED);
		return ret;
	}
	sg_event(n, &e);
	return 0;
}

static int apply(struct sg_node *n, struct sg_config *now,
		 struct sg_reload *out, struct sg_error *err)
{
	struct sg_config *old = n->config;
	int ret = 0, one;

	remove_old(n, now, out);
	for (size_t i = 0; i < now->n_peers; i++) {
		struct sg_peer *p = sg_peer_by_id(n, &now->peers[i].id);

		if (p && !sg_config_peer_equal(p->config, &now->peers[i]))
			shrink(n, p, &now->peers[i]);
	}
	n->config = now;
	for (size_t i = 0; i < now->n_peers; i++) {
		const struct sg_config_peer *c = &now->peers[i];
		struct sg_peer *p = sg_peer_by_id(n, &c->id);

		if (!p) {
			note(&out->added, &out->n_added, c->name);
			one = add_new(n, c, err);
			ret = one ? one : ret;
		} else if (sg_config_peer_equal(p->config, c)) {
			p->config = c;
			out->kept++;
		} else {
			note(&out->changed, &out->n_changed, c->name);
			change(n, p, c);
		}
	}
	sg_config_free(old);
	return ret;
}

int sg_node_reload(struct sg_node *n, const struct sg_gate_session *session,
		   struct sg_reload *out, struct sg_problems *problems,
		   struct sg_error *err)
{
	struct sg_keys *keys;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = sg_node_keys_load(n, &keys, err);
	if (ret) {
		sg_log(SG_LOG_ERR, "%s: nothing was reloaded", err->text);
		return ret;
	}
	ret = sg_node_reload_config(n, session, out, problems, err);
	if (ret) {
		sg_keys_free(keys);
		return ret;
	}
	sg_node_keys_take(n, keys);
	ret = sg_gates_reload(n, err);
	if (ret) {
		sg_log(SG_LOG_ERR, "reload: %s", err->text);
		sg_reload_free(out);
	}
	return ret;
}

int sg_node_reload_config(struct sg_node *n,
			  const struct sg_gate_session *session,
			  struct sg_reload *out, struct sg_problems *problems,
			  struct sg_error *err)
{
	const struct sg_event e = { .kind = "reload" };
	struct sg_error policy;
	struct sg_config *now = NULL;
	char line[1024];
	int ret;

	memset(out, 0, sizeof(*out));
	ret = sg_config_load(n->paths.config, &now, problems);
	if (!ret && sg_config_check_self(now, &n->keys->ident.id, problems))
		ret = -EINVAL;
	if (!ret && now->n_peers > n->max_peers)
		ret = sg_err(err, ENOSPC,
			     "%zu peers are more than [Limits] MaxPeers = %u, "
			     "which changes with a restart",
			     now->n_peers, n->max_peers);
	if (!ret && n->up && session)
		ret = sg_gates_lock_out(n, now, session, err);
	for (size_t i = 0; i < problems->n; i++)
		sg_log(SG_LOG_WARNING, "%s",
		       sg_problem_format(&problems->list[i], line,
					 sizeof(line)));
	if (ret) {
		sg_log(SG_LOG_ERR, "nothing was reloaded: the old "
				   "configuration stays in force");
		sg_config_free(now);
		return ret;
	}
	sg_node_move_end(n);
	warn_fixed(n->config, now);
	if (n->up)
		keep_fixed(n->config, now);
	sg_log_set_level(now->log_level);
	ret = apply(n, now, out, err);
	/* even where a peer could not be added */
	if (n->up && sg_node_policy(n, &policy)) {
		sg_log(SG_LOG_ERR, "%s: opening it again", policy.text);
		ret = sg_node_open_again(n, err);
	}
	if (!ret)
		ret = sg_node_routes(n, err);
	if (!ret && n->up)
		ret = sg_node_expose(n, err);
	sg_event(n, &e);
	if (ret) {
		sg_log(SG_LOG_ERR, "reload: %s", err->text);
		sg_reload_free(out);
	}
	return ret;
}
