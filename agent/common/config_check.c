// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What can be said only of the whole configuration: nothing stands twice. */
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_private.h"

static bool peer_has_name(const void *array, uint32_t i, const void *key)
{
	return !strcmp(((const struct sg_config_peer *)array)[i].name, key);
}

static bool peer_has_id(const void *array, uint32_t i, const void *key)
{
	const struct sg_config_peer *p = array;

	return !signet_id_cmp(&p[i].id, key);
}

static uint32_t *by_name(const struct sg_config *cfg, const char *name)
{
	return sg_index_find(&cfg->priv->by_name,
			     sg_index_hash(name, strlen(name)), peer_has_name,
			     cfg->peers, name);
}

static uint32_t *by_id(const struct sg_config *cfg, const struct signet_id *id)
{
	return sg_index_find(&cfg->priv->by_id,
			     sg_index_hash(id->b, sizeof(id->b)), peer_has_id,
			     cfg->peers, id);
}

const struct sg_config_peer *sg_config_peer_by_name(const struct sg_config *cfg,
						    const char *name)
{
	uint32_t i = *by_name(cfg, name);

	return i ? &cfg->peers[i - 1] : NULL;
}

const struct sg_config_peer *sg_config_peer_by_id(const struct sg_config *cfg,
						  const struct signet_id *id)
{
	uint32_t i = *by_id(cfg, id);

	return i ? &cfg->peers[i - 1] : NULL;
}

static void index_peer(struct sg_config *cfg, uint32_t i,
		       struct sg_problems *problems)
{
	const struct sg_config_peer *p = &cfg->peers[i], *first;
	uint32_t *slot = by_name(cfg, p->name);

	if (*slot) {
		first = &cfg->peers[*slot - 1];
		sg_problem_add(problems, false, p->file, p->line,
			       "[Peer %s] stands already at %s:%u", p->name,
			       first->file, first->line);
	} else {
		*slot = i + 1;
	}
	if (sodium_is_zero(p->id.b, sizeof(p->id.b)))
		return; /* refused before */
	slot = by_id(cfg, &p->id);
	if (*slot) {
		first = &cfg->peers[*slot - 1];
		sg_problem_add(problems, false, p->file, p->line,
			       "[Peer %s] has the identity of [Peer %s] at "
			       "%s:%u: keep one of them",
			       p->name, first->name, first->file, first->line);
	} else {
		*slot = i + 1;
	}
}

/* A prefix and whose it is. */
struct owned {
	struct sg_prefix prefix;
	uint32_t peer;
};

static bool owned_equal(const void *array, uint32_t i, const void *key)
{
	return sg_prefix_equal(&((const struct owned *)array)[i].prefix, key);
}

static void own(const struct sg_config *cfg, const struct sg_index *ix,
		struct owned *all, uint32_t *n, const struct sg_prefix *prefix,
		uint32_t peer, struct sg_problems *problems)
{
	const struct sg_config_peer *p = &cfg->peers[peer], *first;
	char text[SG_PREFIX_STR_LEN];
	uint32_t *slot;

	slot = sg_index_find(ix, sg_index_hash(prefix, sizeof(*prefix)),
			     owned_equal, all, prefix);
	if (!*slot) {
		all[*n] = (struct owned){ *prefix, peer };
		*slot = ++*n;
		return;
	}
	first = &cfg->peers[all[*slot - 1].peer];
	sg_prefix_format(prefix, text);
	if (first == p)
		sg_problem_add(problems, false, p->file, p->line,
			       "[Peer %s]: Prefixes has %s twice, or it is the "
			       "peer's overlay address, which it has anyway",
			       p->name, text);
	else
		sg_problem_add(problems, false, p->file, p->line,
			       "[Peer %s]: Prefixes has %s, which belongs to "
			       "[Peer %s] at %s:%u: only one peer can have it",
			       p->name, text, first->name, first->file,
			       first->line);
}

/* Overlay addresses first: nobody may list that of another peer. */
static int check_prefixes(const struct sg_config *cfg,
			  struct sg_problems *problems)
{
	struct sg_index ix = { 0 };
	size_t total = cfg->n_peers, j;
	struct owned *all;
	uint32_t i, n = 0;
	int r = -ENOMEM;

	for (i = 0; i < cfg->n_peers; i++)
		total += cfg->peers[i].n_prefixes;
	all = calloc(total + 1, sizeof(*all));
	if (!all || sg_index_init(&ix, total))
		goto cleanup;
	for (i = 0; i < cfg->n_peers; i++) {
		struct sg_prefix overlay = { AF_INET6, 128, { 0 } };

		/* Those named twice have been told of. */
		if (sg_config_peer_by_id(cfg, &cfg->peers[i].id) !=
		    &cfg->peers[i])
			continue;
		signet_id_overlay(&cfg->peers[i].id, overlay.addr);
		own(cfg, &ix, all, &n, &overlay, i, problems);
	}
	for (i = 0; i < cfg->n_peers; i++)
		for (j = 0; j < cfg->peers[i].n_prefixes; j++)
			own(cfg, &ix, all, &n, &cfg->peers[i].prefixes[j], i,
			    problems);
	r = 0;
cleanup:
	sg_index_free(&ix);
	free(all);
	return r;
}

/* Loopback, multicast and the like are nobody's place in a network. */
static bool is_device(const union sg_addr *to)
{
	uint32_t v4 = ntohl(to->v4.sin_addr.s_addr);
	const struct in6_addr *v6 = &to->v6.sin6_addr;

	if (to->sa.sa_family == AF_INET)
		return v4 && v4 >> 24 != 127 && v4 >> 28 < 14;
	return !IN6_IS_ADDR_UNSPECIFIED(v6) && !IN6_IS_ADDR_LOOPBACK(v6) &&
	       !IN6_IS_ADDR_MULTICAST(v6) && !IN6_IS_ADDR_LINKLOCAL(v6);
}

/* A device appears at an inner address of its own family. */
static void check_device(const struct sg_config *cfg,
			 const struct sg_config_expose *e,
			 struct sg_problems *problems)
{
	bool have = e->to.sa.sa_family == AF_INET6;

	if (!e->to.sa.sa_family)
		return;
	for (size_t i = 0; i < cfg->n_addresses; i++)
		have |= cfg->addresses[i].family == AF_INET;
	if (!have)
		sg_problem_add(
			problems, false, e->file, e->line,
			"[Expose %s] is an IPv4 device, and this node has no "
			"IPv4 address inside the tunnel for it to appear at: "
			"add for instance Address = 10.77.0.1/24 to [Node]",
			e->name);
	if (!is_device(&e->to))
		sg_problem_add(
			problems, false, e->file, e->line,
			"[Expose %s]: To is the address of a device beside "
			"this host, for instance 192.168.1.50:9999",
			e->name);
}

static void check_exposes(const struct sg_config *cfg,
			  struct sg_problems *problems)
{
	size_t i, j;

	for (i = 0; i < cfg->n_exposes; i++) {
		const struct sg_config_expose *e = &cfg->exposes[i];

		for (j = 0; j < i; j++) {
			const struct sg_config_expose *f = &cfg->exposes[j];

			if (!strcmp(e->name, f->name))
				sg_problem_add(problems, false, e->file,
					       e->line,
					       "[Expose %s] stands "
					       "already at %s:%u",
					       e->name, f->file, f->line);
			if (e->port && e->proto == f->proto &&
			    e->port == f->port)
				sg_problem_add(
					problems, false, e->file, e->line,
					"[Expose %s] listens "
					"on %s/%u, as [Expose %s] at "
					"%s:%u does: choose another "
					"port",
					e->name,
					e->proto == IPPROTO_TCP ? "tcp" : "udp",
					e->port, f->name, f->file, f->line);
		}
		check_device(cfg, e, problems);
	}
}

/* One that a peer's section gives away: the whole address, not a network. */
static bool gives_away(const struct sg_config_peer *p, uint8_t family,
		       const uint8_t *addr)
{
	struct sg_prefix host = { family, family == AF_INET ? 32 : 128, { 0 } };

	memcpy(host.addr, addr, host.len / 8);
	for (size_t i = 0; i < p->n_prefixes; i++)
		if (sg_prefix_equal(&p->prefixes[i], &host))
			return true;
	return false;
}

/* No peer may have an address of this node's own. */
static void check_addresses(const struct sg_config *cfg,
			    struct sg_problems *problems)
{
	char text[SG_PREFIX_STR_LEN];

	for (size_t i = 0; i < cfg->n_addresses; i++) {
		const struct sg_prefix *a = &cfg->addresses[i];

		for (size_t j = 0; j < cfg->n_peers; j++) {
			const struct sg_config_peer *p = &cfg->peers[j];

			if (!gives_away(p, a->family, a->addr))
				continue;
			sg_problem_add(problems, false, p->file, p->line,
				       "[Peer %s]: Prefixes has this node's "
				       "own Address %s: give one of them "
				       "another",
				       p->name, sg_prefix_format(a, text));
		}
	}
}

int sg_config_peer_verdicts(const struct sg_config_peer *p,
			    struct signet_verdicts *v)
{
	struct signet_allow items[SG_CONFIG_ALLOW_MAX] = {
		{ .what = SIGNET_ALLOW_IP },
	};

	for (size_t i = 0; i < p->n_allow; i++)
		items[i] = p->allow[i].item;
	return signet_policy_compile(items, p->n_allow ? p->n_allow : 1, v);
}

static void check_allow(const struct sg_config_peer *p,
			struct sg_problems *problems)
{
	struct signet_verdicts v;

	for (size_t i = 0; i < p->n_allow; i++) {
		if (p->allow[i].item.what != SIGNET_ALLOW_NONE ||
		    p->n_allow == 1)
			continue;
		sg_problem_add(problems, false, p->file, p->allow[i].line,
			       "[Peer %s]: Allow = none stands alone: remove "
			       "it, or the other items",
			       p->name);
		return;
	}
	if (sg_config_peer_verdicts(p, &v))
		sg_problem_add(problems, false, p->file, p->line,
			       "[Peer %s]: Allow has more than %d port ranges: "
			       "join some of them",
			       p->name, SIGNET_POLICY_RANGES);
}

int sg_config_check(struct sg_config *cfg, struct sg_problems *problems)
{
	uint32_t i;

	if (sg_index_init(&cfg->priv->by_name, cfg->n_peers) ||
	    sg_index_init(&cfg->priv->by_id, cfg->n_peers))
		return -ENOMEM;
	for (i = 0; i < cfg->n_peers; i++) {
		index_peer(cfg, i, problems);
		check_allow(&cfg->peers[i], problems);
	}
	if (cfg->n_peers > cfg->limits.max_peers)
		sg_problem_add(problems, false, cfg->path, 0,
			       "%zu peers, but MaxPeers is %u: raise it in "
			       "[Limits]",
			       cfg->n_peers, cfg->limits.max_peers);
	if (cfg->routes && !cfg->mark)
		sg_problem_add(problems, false, cfg->path, 0,
			       "Routes = yes needs a Mark other than 0, which "
			       "keeps outer packets out of the tunnel");
	check_exposes(cfg, problems);
	sg_config_gates_check(cfg, problems);
	check_addresses(cfg, problems);
	return check_prefixes(cfg, problems);
}

int sg_config_check_self(const struct sg_config *cfg,
			 const struct signet_id *self,
			 struct sg_problems *problems)
{
	const struct sg_config_peer *p = sg_config_peer_by_id(cfg, self);
	uint8_t own[16], overlay[16];
	bool wrong = p;

	if (p)
		sg_problem_add(problems, false, p->file, p->line,
			       "[Peer %s] has this node's own identity: give "
			       "the other node's, or remove the section",
			       p->name);
	signet_id_overlay(self, own);
	for (size_t i = 0; i < cfg->n_peers; i++) {
		const struct sg_config_peer *q = &cfg->peers[i];

		signet_id_overlay(&q->id, overlay);
		if (q == p || (memcmp(overlay, own, sizeof(own)) &&
			       !gives_away(q, AF_INET6, own)))
			continue;
		wrong = true;
		sg_problem_add(problems, false, q->file, q->line,
			       "[Peer %s] has this node's own overlay address",
			       q->name);
	}
	return wrong ? -EINVAL : 0;
}

static bool endpoints_equal(const struct sg_config_peer *a,
			    const struct sg_config_peer *b)
{
	size_t i;

	for (i = 0; i < a->n_endpoints; i++)
		if (a->endpoints[i].port != b->endpoints[i].port ||
		    strcmp(a->endpoints[i].host, b->endpoints[i].host))
			return false;
	return true;
}

static bool allow_equal(const struct sg_config_peer *a,
			const struct sg_config_peer *b)
{
	if (a->n_allow != b->n_allow)
		return false;
	for (size_t i = 0; i < a->n_allow; i++) {
		const struct signet_allow *x = &a->allow[i].item;
		const struct signet_allow *y = &b->allow[i].item;

		if (x->what != y->what || x->first != y->first ||
		    x->last != y->last)
			return false;
	}
	return true;
}

bool sg_config_peer_equal(const struct sg_config_peer *a,
			  const struct sg_config_peer *b)
{
	return !strcmp(a->name, b->name) && !signet_id_cmp(&a->id, &b->id) &&
	       a->has_static == b->has_static &&
	       !memcmp(a->static_key, b->static_key, sizeof(a->static_key)) &&
	       a->keepalive == b->keepalive && a->n_prefixes == b->n_prefixes &&
	       (!a->n_prefixes ||
		!memcmp(a->prefixes, b->prefixes,
			a->n_prefixes * sizeof(*a->prefixes))) &&
	       allow_equal(a, b) && a->n_endpoints == b->n_endpoints &&
	       endpoints_equal(a, b);
}
