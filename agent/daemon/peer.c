// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/peer.h"

static uint64_t id_key(const struct signet_id *id)
{
	uint64_t k;

	memcpy(&k, id->b, sizeof(k));
	return k;
}

struct sg_peer *sg_peer_by_id(const struct sg_node *n,
			      const struct signet_id *id)
{
	struct sg_peer *p = sg_map_get(&n->peer_ids, id_key(id));

	return p && !signet_id_cmp(&p->session.remote, id) ? p : NULL;
}

struct sg_peer *sg_peer_find(const struct sg_node *n, const char *what)
{
	const struct sg_config_peer *c =
		sg_config_peer_by_name(n->config, what);
	char text[SIGNET_ID_STR_LEN];
	struct sg_peer *found = NULL;
	struct signet_id id;

	if (c)
		return sg_peer_by_id(n, &c->id);
	if (!signet_id_parse(what, &id))
		return sg_peer_by_id(n, &id);
	if (strlen(what) != SIGNET_ID_SHORT_LEN)
		return NULL;
	for (uint32_t i = 0; i < n->max_peers; i++) {
		if (!n->peers[i])
			continue;
		signet_id_format(&n->peers[i]->session.remote, text);
		if (strncmp(text, what, SIGNET_ID_SHORT_LEN))
			continue;
		if (found)
			return NULL;
		found = n->peers[i];
	}
	return found;
}

struct signet_channel *sg_peer_channel(const struct sg_peer *p, uint32_t dp)
{
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (p->session.ch[i] && p->session.ch[i]->env == dp + 1)
			return p->session.ch[i];
	return NULL;
}

void sg_peer_rearm(struct sg_peer *p)
{
	uint64_t at = signet_session_deadline(&p->session);

	if (at == UINT64_MAX)
		sg_timer_cancel(p->node->loop, &p->timer);
	else if (sg_timer_set(p->node->loop, &p->timer, at))
		sg_log(SG_LOG_ERR, "no memory for a timer");
	if (p->resolve_again && p->node->up) {
		p->resolve_again = false;
		sg_peer_resolve(p);
	}
}

static void tick(void *ctx)
{
	struct sg_peer *p = ctx;

	signet_session_tick(&p->session, sg_now());
	sg_peer_rearm(p);
}

static struct signet_timing timing_of(const struct sg_node *n,
				      const struct sg_config_peer *c)
{
	struct signet_timing t = SIGNET_TIMING;

	t.rekey = n->config->limits.rekey_after * SIGNET_SECOND;
	t.keepalive = c->keepalive * SIGNET_SECOND;
	return t;
}

static void remembered(struct sg_peer *p)
{
	struct sg_state_peer st;

	if (sg_state_peer_load(p->node->state, &p->config->id, &st))
		return;
	p->session.newest = st.number;
	p->session.head = st.head;
	p->last_good = st.endpoint;
}

static uint32_t free_number(const struct sg_node *n)
{
	uint32_t i = 0;

	while (i < n->max_peers && n->peers[i])
		i++;
	return i;
}

int sg_peer_add(struct sg_node *n, const struct sg_config_peer *c,
		struct sg_peer **out)
{
	struct signet_timing timing = timing_of(n, c);
	uint32_t number = n->n_peers;
	struct sg_peer *p;

	if (number >= n->max_peers || n->peers[number])
		number = free_number(n);
	if (number >= n->max_peers)
		return -ENOSPC;
	/* Two identifiers that agree in 64 bits: not by accident. */
	if (sg_map_get(&n->peer_ids, id_key(&c->id)))
		return -EEXIST;
	p = calloc(1, sizeof(*p));
	if (!p || sg_map_put(&n->peer_ids, id_key(&c->id), p)) {
		free(p);
		return -ENOMEM;
	}
	p->owner.kind = SG_LABEL_PEER;
	p->node = n;
	p->config = c;
	p->number = number;
	p->timer.fn = tick;
	p->timer.ctx = p;
	signet_session_init(&p->session, &n->local, &sg_peer_env, n, &c->id,
			    c->has_static ? c->static_key : NULL, &timing);
	remembered(p);
	n->peers[number] = p;
	n->n_peers++;
	*out = p;
	return 0;
}

void sg_peer_remove(struct sg_peer *p, enum signet_close why)
{
	struct sg_node *n = p->node;

	sg_peer_detach(p, why);
	signet_session_destroy(&p->session);
	sg_timer_cancel(n->loop, &p->timer);
	sg_map_del(&n->peer_ids, id_key(&p->session.remote));
	n->peers[p->number] = NULL;
	n->n_peers--;
	sodium_memzero(p, sizeof(*p));
	free(p);
}

int sg_peer_prefixes(struct sg_peer *p, const struct sg_prefix *prefixes,
		     size_t n)
{
	struct sg_prefix *all = calloc(n + 1, sizeof(*all));
	int err;

	if (!all)
		return -ENOMEM;
	all[0].family = AF_INET6;
	all[0].len = 128;
	signet_id_overlay(&p->session.remote, all[0].addr);
	if (n)
		memcpy(all + 1, prefixes, n * sizeof(*all));
	err = p->node->dp_ops->prefixes_set(p->node->dp, p->number, all, n + 1);
	free(all);
	return err;
}

int sg_peer_attach(struct sg_peer *p, struct sg_error *err)
{
	struct sg_node *n = p->node;
	int ret;

	ret = n->dp_ops->peer_add(n->dp, p->number);
	if (ret)
		return sg_err(err, -ret,
			      "peer %s: the data path refused it: %s",
			      p->config->name, strerror(-ret));
	p->in_dp = true;
	ret = sg_peer_prefixes(p, p->config->prefixes, p->config->n_prefixes);
	if (ret)
		return sg_err(err, -ret, "peer %s: its prefixes: %s",
			      p->config->name, strerror(-ret));
	sg_peer_resolve(p);
	return 0;
}

void sg_peer_detach(struct sg_peer *p, enum signet_close why)
{
	struct sg_node *n = p->node;

	sg_ping_lost(p);
	if (n->resolver)
		sg_resolve_cancel(n->resolver, p->number);
	if (n->dp)
		signet_session_close(&p->session, why, sg_now());
	if (p->in_dp)
		n->dp_ops->peer_del(n->dp, p->number);
	p->in_dp = false;
	sg_timer_cancel(n->loop, &p->timer);
}

void sg_peer_restart(struct sg_peer *p)
{
	bool wanted = p->session.wanted || signet_session_current(&p->session);

	signet_session_destroy(&p->session);
	if (wanted)
		sg_peer_connect(p);
	sg_peer_rearm(p);
}

void sg_peer_connect(struct sg_peer *p)
{
	bool keep = p->config->keepalive > 0;

	if (!p->node->up)
		return;
	signet_session_connect(&p->session, keep, sg_now());
	sg_peer_rearm(p);
}

/* Ask for the addresses of the endpoints, one name after the other. */
void sg_peer_resolve(struct sg_peer *p)
{
	p->resolving = 0;
	p->addrs_old = true;
	p->resolve_error = 0;
	sg_peer_resolved(p->node, p->number, 0, NULL, 0);
}

void sg_peer_resolved(void *ctx, uint64_t token, int error,
		      const union sg_addr *addrs, size_t n)
{
	struct sg_node *node = ctx;
	struct sg_peer *p = token < node->max_peers ? node->peers[token] : NULL;
	const struct sg_config_endpoint *e;

	if (!p)
		return;
	if (error)
		p->resolve_error = error;
	/* What was known serves until there is something newer. */
	if (n && p->addrs_old) {
		p->addrs_old = false;
		p->n_addrs = 0;
	}
	for (size_t i = 0; i < n && p->n_addrs < SG_RESOLVE_ADDRS_MAX; i++)
		p->addrs[p->n_addrs++] = addrs[i];
	if (p->resolving < p->config->n_endpoints) {
		e = &p->config->endpoints[p->resolving++];
		if (!sg_resolve(node->resolver, p->number, e->host, e->port))
			return;
		p->resolve_error = -ENOSPC;
	}
	/* Also without an address: its attempts ask for the names again. */
	if (p->config->keepalive && p->config->n_endpoints)
		sg_peer_connect(p);
}

void sg_peer_configure(struct sg_peer *p, const struct sg_config_peer *c)
{
	struct signet_timing timing = timing_of(p->node, c);

	p->config = c;
	p->session.timing = timing;
	p->session.pinned_static = c->has_static;
	if (c->has_static) {
		p->session.has_static = true;
		memcpy(p->session.remote_static, c->static_key, 32);
	}
	p->session.wanted = c->keepalive > 0;
	/* Endpoints that are configured now come before what was learned. */
	p->n_addrs = 0;
	if (c->n_endpoints)
		memset(&p->last_good, 0, sizeof(p->last_good));
	if (!p->node->up)
		return;
	sg_peer_resolve(p);
	sg_peer_rearm(p);
}

const char *sg_peer_state(const struct sg_peer *p)
{
	const struct signet_channel *c = signet_session_current(&p->session);

	if (c)
		return c->verified ? "up" : "verifying";
	if (p->session.out)
		return "handshake";
	return p->dead ? "dead" : "idle";
}

void sg_peer_stats(const struct sg_peer *p, struct sg_dp_channel_stats *sum)
{
	const struct sg_node *n = p->node;

	memset(sum, 0, sizeof(*sum));
	sum->rx_packets = p->rx_packets;
	sum->rx_bytes = p->rx_bytes;
	sum->tx_packets = p->tx_packets;
	sum->tx_bytes = p->tx_bytes;
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++) {
		const struct signet_channel *c = p->session.ch[i];
		struct sg_dp_channel_stats st = { 0 };

		if (!c)
			continue;
		if (c->env)
			n->dp_ops->channel_stats(n->dp, c->env - 1, &st);
		sum->rx_packets += st.rx_packets;
		sum->rx_bytes += st.rx_bytes;
		sum->tx_packets += st.tx_packets;
		sum->tx_bytes += st.tx_bytes;
		sum->aead_failures += st.aead_failures;
		if (st.rx_last_ns > sum->rx_last_ns)
			sum->rx_last_ns = st.rx_last_ns;
		if (c->rx_last > sum->rx_last_ns)
			sum->rx_last_ns = c->rx_last;
		if (st.tx_last_ns > sum->tx_last_ns)
			sum->tx_last_ns = st.tx_last_ns;
	}
}
