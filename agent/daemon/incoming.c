// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include <time.h>

#include <signet/core/mac.h>

#include "daemon/incoming.h"
#include "daemon/node_up.h"
#include "daemon/pair.h"
#include "daemon/peer.h"

int64_t sg_node_wall(void)
{
	return time(NULL);
}

static void address_bytes(const union sg_addr *a,
			  uint8_t out[SIGNET_ADDRESS_LEN])
{
	union sg_addr clean;

	_Static_assert(sizeof(union sg_addr) == SIGNET_ADDRESS_LEN,
		       "an address fits its opaque form");
	memset(&clean, 0, sizeof(clean));
	if (a->sa.sa_family == AF_INET) {
		clean.v4.sin_family = AF_INET;
		clean.v4.sin_port = a->v4.sin_port;
		clean.v4.sin_addr = a->v4.sin_addr;
	} else if (a->sa.sa_family == AF_INET6) {
		clean.v6.sin6_family = AF_INET6;
		clean.v6.sin6_port = a->v6.sin6_port;
		clean.v6.sin6_addr = a->v6.sin6_addr;
		if (IN6_IS_ADDR_LINKLOCAL(&a->v6.sin6_addr))
			clean.v6.sin6_scope_id = a->v6.sin6_scope_id;
	}
	memcpy(out, &clean, sizeof(clean));
}

void sg_endpoint_set(struct signet_endpoint *ep, const union sg_addr *remote,
		     const union sg_addr *local)
{
	address_bytes(remote, ep->remote);
	address_bytes(local, ep->local);
}

void sg_endpoint_remote(const struct signet_endpoint *ep, union sg_addr *a)
{
	memcpy(a, ep->remote, sizeof(*a));
}

void sg_endpoint_local(const struct signet_endpoint *ep, union sg_addr *a)
{
	memcpy(a, ep->local, sizeof(*a));
}

bool sg_incoming_proved(const struct signet_handshake *hs, int drop)
{
	return hs->remote.verified || drop == SIGNET_DROP_EXPIRED;
}

/* An IK init that was admitted: who is it, and do we accept that identity? */
static int take_ik(struct sg_node *n, const uint8_t *frame, size_t len,
		   const union sg_addr *from, const union sg_addr *to)
{
	struct signet_endpoint ep;
	struct signet_handshake hs;
	struct signet_id id;
	struct sg_peer *p;
	bool proved;
	int drop;

	drop = signet_handshake_read_init(&hs, &n->local, &n->local.ident.id,
					  NULL, frame, len, sg_node_wall());
	id = hs.remote.att.id;
	proved = sg_incoming_proved(&hs, drop);
	if (drop)
		goto refused;
	p = sg_peer_by_id(n, &id);
	if (!p) {
		drop = SIGNET_DROP_STRANGER;
		goto refused;
	}
	sg_endpoint_set(&ep, from, to);
	drop = signet_session_accept(&p->session, &hs, &ep, sg_now(),
				     sg_node_wall());
	sg_peer_rearm(p);
refused:
	signet_handshake_wipe(&hs);
	if (drop)
		sg_event_refused(n, proved ? &id : NULL, from, drop);
	return drop;
}

int sg_incoming_init(struct sg_node *n, const struct sg_waiting *w)
{
	if (w->zero)
		return sg_pair_init(n, w->frame, w->len, &w->from, &w->to);
	if (w->frame[1] == SIGNET_PATTERN_IK)
		return take_ik(n, w->frame, w->len, &w->from, &w->to);
	if (w->frame[1] == SIGNET_PATTERN_XX && n->config->first_contact)
		return sg_first_contact_init(n, w->frame, w->len, &w->from,
					     &w->to);
	sg_event_refused(n, NULL, &w->from, SIGNET_DROP_PATTERN);
	return SIGNET_DROP_PATTERN;
}

static int to_peer(struct sg_peer *p, uint8_t *frame, size_t len,
		   const union sg_addr *from, const union sg_addr *to)
{
	struct signet_endpoint ep;
	int drop;

	sg_endpoint_set(&ep, from, to);
	drop = signet_session_frame(&p->session, frame, len, &ep, sg_now(),
				    sg_node_wall());
	sg_messages_deliver(p);
	sg_peer_rearm(p);
	return drop;
}

/* Every other frame carries a label of ours. */
static int take_labelled(struct sg_node *n, uint8_t *frame, size_t len,
			 const union sg_addr *from, const union sg_addr *to)
{
	uint32_t label = frame[4] | frame[5] << 8 | frame[6] << 16 |
			 (uint32_t)frame[7] << 24;
	struct sg_label_owner *o = sg_label_owner(&n->labels, label);

	if (!o)
		return SIGNET_DROP_LABEL;
	switch (o->kind) {
	case SG_LABEL_PEER:
		return to_peer((struct sg_peer *)o, frame, len, from, to);
	case SG_LABEL_HALF_OPEN:
		return sg_first_contact_finish(n, (struct sg_half_open *)o,
					       frame, len, from, to);
	case SG_LABEL_PAIR:
		return sg_pair_frame(n, frame, len, from, to);
	default:
		return SIGNET_DROP_LABEL;
	}
}

static void on_frame(void *ctx, uint8_t *frame, size_t len,
		     const union sg_addr *from, const union sg_addr *to)
{
	struct signet_frame_info info;
	struct sg_node *n = ctx;
	int drop;

	if (!n->up || len < 1)
		return;
	if (frame[0] == SIGNET_FRAME_MESSAGE)
		drop = signet_frame_parse(frame, len, &info);
	else
		drop = signet_handshake_parse(frame, len);
	if (!drop && frame[0] == SIGNET_FRAME_INIT)
		drop = sg_admission_take(n, frame, len, from, to);
	else if (!drop)
		drop = take_labelled(n, frame, len, from, to);
	if (drop)
		sg_drop(n, drop);
}

/* The peer and the core's channel behind a number of the data path. */
static struct sg_peer *channel_of(struct sg_node *n, uint32_t channel,
				  struct signet_channel **c)
{
	struct sg_peer *p = sg_map_get(&n->channels, channel);

	if (p)
		*c = sg_peer_channel(p, channel);
	return p && *c ? p : NULL;
}

static void on_endpoint_seen(void *ctx, uint32_t channel,
			     const union sg_addr *from, const union sg_addr *to)
{
	struct signet_endpoint ep;
	struct signet_channel *c;
	struct sg_peer *p = channel_of(ctx, channel, &c);

	if (!p)
		return;
	sg_endpoint_set(&ep, from, to);
	signet_session_seen(&p->session, c, &ep, sg_now());
	sg_peer_rearm(p);
}

static void on_key_confirmed(void *ctx, uint32_t channel, uint8_t key_id)
{
	struct signet_channel *c;
	struct sg_peer *p = channel_of(ctx, channel, &c);

	if (!p)
		return;
	signet_session_confirmed(&p->session, c, key_id, sg_now());
	sg_peer_rearm(p);
}

static void on_channel_wanted(void *ctx, uint32_t peer)
{
	struct sg_node *n = ctx;

	if (peer < n->max_peers && n->peers[peer])
		sg_peer_connect(n->peers[peer]);
}

static void on_rekey_wanted(void *ctx, uint32_t channel,
			    enum sg_rekey_reason why)
{
	struct signet_channel *c;
	struct sg_peer *p = channel_of(ctx, channel, &c);

	if (!p)
		return;
	signet_session_want_rekey(&p->session, c, sg_now());
	sg_peer_rearm(p);
}

static void on_active(void *ctx, uint32_t channel)
{
	struct signet_channel *c;
	struct sg_peer *p = channel_of(ctx, channel, &c);

	if (!p)
		return;
	signet_session_active(&p->session, c, sg_now());
	sg_peer_rearm(p);
}

static void on_pmtu(void *ctx, const union sg_addr *remote, uint32_t mtu)
{
	const struct sg_event e = {
		.kind = "warning",
		.address = remote,
		.reason = "mtu",
		.detail = "the outer path takes smaller packets than the "
			  "tunnel's MTU; senders inside were told",
	};

	sg_event(ctx, &e);
}

/* Keys that others took away can't be trusted to be gone everywhere. */
static void on_key_lost(void *ctx, uint32_t channel)
{
	struct signet_channel *c;
	struct sg_peer *p = channel_of(ctx, channel, &c);

	if (p)
		sg_peer_restart(p);
}

static void on_lost(void *ctx, const char *why)
{
	sg_node_datapath_lost(ctx, why);
}

const struct sg_dp_events sg_node_dp_events = {
	.frame = on_frame,
	.endpoint_seen = on_endpoint_seen,
	.key_confirmed = on_key_confirmed,
	.channel_wanted = on_channel_wanted,
	.rekey_wanted = on_rekey_wanted,
	.active = on_active,
	.pmtu = on_pmtu,
	.key_lost = on_key_lost,
	.lost = on_lost,
};
