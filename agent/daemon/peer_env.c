// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a session asks of the agent: memory, labels, frames, the data path. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/gate.h"
#include "daemon/peer.h"

/* Frames under one key over all lanes: RFC 9001's bound for AES-GCM is far
 * above; the protocol asks for a rekey here and stops a little later. */
#define SOFT_FRAMES	  (1ULL << 28)
#define SOFT_FRAMES_JUMBO (1ULL << 23)

static void *env_alloc(void *ctx, size_t size)
{
	struct sg_node *n = ctx;
	void *p;

	if (n->session_memory + size > (size_t)n->max_peers * SG_SESSION_MEMORY)
		return NULL;
	p = calloc(1, size);
	if (p)
		n->session_memory += size;
	return p;
}

static void env_free(void *ctx, void *p, size_t size)
{
	struct sg_node *n = ctx;

	n->session_memory -= size;
	free(p);
}

static void env_random(void *ctx, void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

static uint32_t env_label_new(void *ctx, struct signet_session *s)
{
	struct sg_node *n = ctx;

	return sg_label_new(&n->labels, &sg_peer_of(s)->owner, sg_now());
}

static void env_label_free(void *ctx, uint32_t label)
{
	struct sg_node *n = ctx;

	sg_label_free(&n->labels, label, sg_now());
}

static int env_number(void *ctx, uint64_t *number)
{
	struct sg_node *n = ctx;
	int err = sg_state_next_number(n->state, number);

	if (err)
		sg_log(SG_LOG_ERR,
		       "cannot reserve handshake numbers in %s: %s: no "
		       "handshake is started until there is room",
		       n->paths.state, strerror(-err));
	sg_node_state_dirty(n);
	return err;
}

static void store(struct sg_peer *p)
{
	const struct sg_state_peer st = { .number = p->session.newest,
					  .head = p->session.head,
					  .endpoint = p->last_good };

	sg_state_peer_store(p->node->state, &p->session.remote, &st);
	sg_node_state_dirty(p->node);
}

static void env_remember(void *ctx, struct signet_session *s)
{
	store(sg_peer_of(s));
}

static bool env_endpoint(void *ctx, struct signet_session *s,
			 unsigned int attempt, struct signet_endpoint *ep)
{
	struct sg_peer *p = sg_peer_of(s);
	const union sg_addr none = { 0 };
	const union sg_addr *list[SG_RESOLVE_ADDRS_MAX + 1];
	size_t n = 0;

	if (p->last_good.sa.sa_family)
		list[n++] = &p->last_good;
	for (size_t i = 0; i < p->n_addrs; i++)
		if (!n || !sg_addr_equal(list[0], &p->addrs[i]))
			list[n++] = &p->addrs[i];
	/* Names may lead elsewhere by now. Asked when the session is done. */
	if (attempt % 4 == 3 && p->config->n_endpoints)
		p->resolve_again = true;
	if (!n)
		return false;
	sg_endpoint_set(ep, list[attempt % n], &none);
	return true;
}

static void env_send(void *ctx, struct signet_session *s,
		     const struct signet_endpoint *to, const uint8_t *frame,
		     size_t len)
{
	struct sg_node *n = ctx;
	union sg_addr remote, local;

	sg_endpoint_remote(to, &remote);
	sg_endpoint_local(to, &local);
	if (n->dp_ops->send(n->dp, &remote, &local, frame, len))
		n->drops[SIGNET_DROP_SEND]++;
}

static void path_of(const struct signet_channel *c, struct sg_path *path)
{
	memset(path, 0, sizeof(*path));
	sg_endpoint_remote(&c->path, &path->remote);
	sg_endpoint_local(&c->path, &path->local);
	path->tx_label = c->tx_label;
	memcpy(path->tx_hop_key, c->tx_hop, sizeof(path->tx_hop_key));
}

static int env_channel_open(void *ctx, struct signet_session *s,
			    struct signet_channel *c)
{
	struct sg_peer *p = sg_peer_of(s);
	struct sg_node *n = ctx;
	struct sg_path path;
	uint32_t dp;
	int err;

	path_of(c, &path);
	err = n->dp_ops->channel_add(n->dp, p->number, c->rx_label, c->rx_hop,
				     &path, c->tx_lanes, &dp);
	/* the gate is to know it before the peer does */
	if (!err)
		sg_gate_label_open(n, c->rx_label, c->rx_hop);
	if (!err && sg_map_put(&n->channels, dp, p)) {
		n->dp_ops->channel_del(n->dp, dp);
		err = -ENOMEM;
	}
	if (!err)
		c->env = dp + 1;
	if (!err && !c->initiator && c->state == SIGNET_CHANNEL_PENDING &&
	    n->dp_ops->channel_takes_over)
		n->dp_ops->channel_takes_over(n->dp, dp);
	sodium_memzero(&path, sizeof(path));
	return err;
}

static void env_channel_close(void *ctx, struct signet_session *s,
			      struct signet_channel *c)
{
	struct sg_peer *p = sg_peer_of(s);
	struct sg_dp_channel_stats st;
	struct sg_node *n = ctx;

	if (!n->dp_ops->channel_stats(n->dp, c->env - 1, &st)) {
		p->rx_packets += st.rx_packets;
		p->rx_bytes += st.rx_bytes;
		p->tx_packets += st.tx_packets;
		p->tx_bytes += st.tx_bytes;
	}
	sg_gate_label_close(n, c->rx_label);
	n->dp_ops->channel_del(n->dp, c->env - 1);
	sg_map_del(&n->channels, c->env - 1);
	c->env = 0;
}

static int env_channel_select(void *ctx, struct signet_session *s,
			      struct signet_channel *c)
{
	struct sg_node *n = ctx;

	return n->dp_ops->channel_select(n->dp, c->env - 1);
}

static void env_channel_path(void *ctx, struct signet_session *s,
			     struct signet_channel *c)
{
	struct sg_node *n = ctx;
	struct sg_path path;

	path_of(c, &path);
	n->dp_ops->channel_path(n->dp, c->env - 1, &path);
	sodium_memzero(&path, sizeof(path));
}

static int env_key_add(void *ctx, struct signet_session *s,
		       struct signet_channel *c, uint8_t key_id, bool tx,
		       const uint8_t key[SIGNET_AEAD_KEY_LEN], uint64_t hard_ns)
{
	struct sg_node *n = ctx;
	uint64_t soft = n->mtu > 2048 ? SOFT_FRAMES_JUMBO : SOFT_FRAMES;
	struct sg_dp_key k = { .key_id = key_id,
			       .tx = tx,
			       .aead = c->aead,
			       .hard_ns = hard_ns,
			       .soft_frames = soft - soft / 16,
			       .hard_frames = soft };
	int err;

	memcpy(k.key, key, sizeof(k.key));
	err = n->dp_ops->key_add(n->dp, c->env - 1, &k);
	sodium_memzero(&k, sizeof(k));
	return err;
}

static int env_key_select(void *ctx, struct signet_session *s,
			  struct signet_channel *c, uint8_t key_id)
{
	struct sg_node *n = ctx;

	return n->dp_ops->key_select(n->dp, c->env - 1, key_id);
}

static void env_key_del(void *ctx, struct signet_session *s,
			struct signet_channel *c, uint8_t key_id)
{
	struct sg_node *n = ctx;

	n->dp_ops->key_del(n->dp, c->env - 1, key_id);
}

static void env_activity(void *ctx, struct signet_session *s,
			 struct signet_channel *c, uint64_t *rx_last,
			 uint64_t *tx_last)
{
	struct sg_dp_channel_stats st = { 0 };
	struct sg_node *n = ctx;

	n->dp_ops->channel_stats(n->dp, c->env - 1, &st);
	*rx_last = st.rx_last_ns;
	*tx_last = st.tx_last_ns;
}

static void env_watch(void *ctx, struct signet_session *s,
		      struct signet_channel *c)
{
	struct sg_node *n = ctx;

	n->dp_ops->watch(n->dp, c->env - 1);
}

static void env_keepalive(void *ctx, struct signet_session *s,
			  struct signet_channel *c)
{
	struct sg_node *n = ctx;

	n->dp_ops->keepalive(n->dp, c->env - 1);
}

static const char *close_reason(uint64_t why)
{
	switch (why) {
	case SIGNET_CLOSE_SHUTDOWN:
		return "shutdown";
	case SIGNET_CLOSE_REMOVED:
		return "removed";
	case SIGNET_CLOSE_REPLACED:
		return "replaced";
	case SIGNET_CLOSE_DEAD:
		return "dead";
	case SIGNET_CLOSE_EXPIRED:
		return "expired";
	case SIGNET_CLOSE_PEER:
		return "closed by the peer";
	case SIGNET_CLOSE_REFUSED:
		return "refused";
	default:
		return "error";
	}
}

/* The address that works is worth remembering, also across restarts. */
static void note_path(struct sg_peer *p)
{
	struct signet_channel *c = signet_session_current(&p->session);
	union sg_addr a;

	if (!c)
		return;
	sg_endpoint_remote(&c->path, &a);
	if (sg_addr_equal(&a, &p->last_good))
		return;
	p->last_good = a;
	store(p);
}

static void say(struct sg_peer *p, const char *kind, const char *reason)
{
	const struct sg_event e = { .kind = kind,
				    .peer = p->config->name,
				    .identity = &p->session.remote,
				    .address = &p->last_good,
				    .reason = reason };

	sg_event(p->node, &e);
}

static void env_event(void *ctx, struct signet_session *s,
		      enum signet_session_event what, uint64_t detail)
{
	struct sg_peer *p = sg_peer_of(s);
	struct sg_node *n = ctx;

	switch (what) {
	case SIGNET_EVENT_UP:
		n->handshakes++;
		p->dead = 0;
		p->last_handshake = sg_now();
		note_path(p);
		say(p, "channel-up", NULL);
		sg_ping_up(p);
		break;
	case SIGNET_EVENT_DOWN:
		p->dead = detail == SIGNET_CLOSE_DEAD ? sg_now() : 0;
		say(p, p->dead ? "dead" : "channel-down", close_reason(detail));
		break;
	case SIGNET_EVENT_REKEYED:
		say(p, "rekey", NULL);
		break;
	case SIGNET_EVENT_ROAMED:
		note_path(p);
		say(p, "endpoint", NULL);
		break;
	case SIGNET_EVENT_PONG:
	case SIGNET_EVENT_STATIC:
		break;
	}
}

static int env_record(void *ctx, struct signet_session *s,
		      struct signet_channel *c, const struct signet_record *r)
{
	struct sg_peer *p = sg_peer_of(s);

	if (r->kind == SIGNET_RECORD_PONG) {
		sg_ping_pong(p, r->body, r->len);
		return 0;
	}
	return sg_messages_record(p, c, r);
}

static void env_send_history(void *ctx, struct signet_session *s,
			     struct signet_channel *c)
{
	sg_messages_history(sg_peer_of(s), c);
}

static void env_channel_gone(void *ctx, struct signet_session *s,
			     struct signet_channel *c)
{
	sg_messages_gone(sg_peer_of(s), c);
}

const struct signet_session_env sg_peer_env = {
	.alloc = env_alloc,
	.free = env_free,
	.random = env_random,
	.label_new = env_label_new,
	.label_free = env_label_free,
	.number = env_number,
	.remember = env_remember,
	.endpoint = env_endpoint,
	.send = env_send,
	.channel_open = env_channel_open,
	.channel_close = env_channel_close,
	.channel_select = env_channel_select,
	.channel_path = env_channel_path,
	.key_add = env_key_add,
	.key_select = env_key_select,
	.key_del = env_key_del,
	.activity = env_activity,
	.watch = env_watch,
	.keepalive = env_keepalive,
	.event = env_event,
	.record = env_record,
	.send_history = env_send_history,
	.channel_gone = env_channel_gone,
};
