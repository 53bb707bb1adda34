// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the sessions of the crowd ask of their environment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "crowd.h"

static struct crowd_peer *peer_of(struct signet_session *s)
{
	return (struct crowd_peer *)((char *)s -
				     offsetof(struct crowd_peer, session));
}

static void *env_alloc(void *ctx, size_t size)
{
	return calloc(1, size);
}

static void env_free(void *ctx, void *p, size_t size)
{
	free(p);
}

static void env_random(void *ctx, void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

/* Labels say whose they are: no table is needed. */
static uint32_t env_label_new(void *ctx, struct signet_session *s)
{
	struct crowd_peer *p = peer_of(s);
	uint32_t turns = UINT32_MAX / p->crowd->n - 1;

	return 1 + p->number + p->generation++ % turns * p->crowd->n;
}

struct crowd_peer *crowd_by_label(const struct crowd *c, uint32_t label)
{
	return c->peers[(label - 1) % c->n];
}

static void env_label_free(void *ctx, uint32_t label)
{
}

/* Grows over restarts of the crowd, as the agent remembers it. */
static int env_number(void *ctx, uint64_t *number)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	*number = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return 0;
}

static void env_remember(void *ctx, struct signet_session *s)
{
}

static bool env_endpoint(void *ctx, struct signet_session *s,
			 unsigned int attempt, struct signet_endpoint *ep)
{
	*ep = peer_of(s)->crowd->agent;
	return true;
}

static void env_send(void *ctx, struct signet_session *s,
		     const struct signet_endpoint *to, const uint8_t *frame,
		     size_t len)
{
	struct crowd_peer *p = peer_of(s);

	if (frame[0] == SIGNET_FRAME_INIT)
		p->crowd->stats.inits++;
	crowd_send(p, frame, len);
}

static int env_channel_open(void *ctx, struct signet_session *s,
			    struct signet_channel *c)
{
	struct crowd_peer *p = peer_of(s);
	int i = 0;

	while (i < SIGNET_SESSION_CHANNELS && p->chan[i])
		i++;
	if (i == SIGNET_SESSION_CHANNELS)
		return -ENOSPC;
	p->chan[i] = calloc(1, sizeof(*p->chan[i]));
	if (!p->chan[i])
		return -ENOMEM;
	p->chan[i]->core = c;
	p->chan[i]->tx_key = -1;
	c->env = (uint32_t)i + 1;
	return 0;
}

static void env_channel_close(void *ctx, struct signet_session *s,
			      struct signet_channel *c)
{
	struct crowd_peer *p = peer_of(s);

	free(p->chan[c->env - 1]);
	p->chan[c->env - 1] = NULL;
	c->env = 0;
}

static int env_channel_select(void *ctx, struct signet_session *s,
			      struct signet_channel *c)
{
	return 0;
}

static void env_channel_path(void *ctx, struct signet_session *s,
			     struct signet_channel *c)
{
}

static struct crowd_channel *chan_of(struct signet_session *s,
				     const struct signet_channel *c)
{
	return peer_of(s)->chan[c->env - 1];
}

static int env_key_add(void *ctx, struct signet_session *s,
		       struct signet_channel *c, uint8_t key_id, bool tx,
		       const uint8_t key[SIGNET_AEAD_KEY_LEN], uint64_t hard_ns)
{
	struct crowd_key *k = &chan_of(s, c)->key[key_id];

	memcpy(tx ? k->tx : k->rx, key, SIGNET_AEAD_KEY_LEN);
	*(tx ? &k->tx_set : &k->rx_set) = true;
	return 0;
}

static int env_key_select(void *ctx, struct signet_session *s,
			  struct signet_channel *c, uint8_t key_id)
{
	chan_of(s, c)->tx_key = key_id;
	return 0;
}

static void env_key_del(void *ctx, struct signet_session *s,
			struct signet_channel *c, uint8_t key_id)
{
	struct crowd_channel *ch = chan_of(s, c);

	memset(&ch->key[key_id], 0, sizeof(ch->key[key_id]));
	if (ch->tx_key == key_id)
		ch->tx_key = -1;
}

static void env_activity(void *ctx, struct signet_session *s,
			 struct signet_channel *c, uint64_t *rx_last,
			 uint64_t *tx_last)
{
	*rx_last = chan_of(s, c)->rx_last;
	*tx_last = chan_of(s, c)->tx_last;
}

static void env_watch(void *ctx, struct signet_session *s,
		      struct signet_channel *c)
{
	chan_of(s, c)->watched = true;
}

static void env_keepalive(void *ctx, struct signet_session *s,
			  struct signet_channel *c)
{
	crowd_keepalive(peer_of(s));
}

static void env_event(void *ctx, struct signet_session *s,
		      enum signet_session_event what, uint64_t detail)
{
	struct crowd_peer *p = peer_of(s);
	struct crowd *c = p->crowd;
	uint64_t took = c->now - p->wanted;

	switch (what) {
	case SIGNET_EVENT_UP:
		c->stats.handshakes++;
		if (p->wants && took > c->stats.slowest_ns)
			c->stats.slowest_ns = took;
		p->wants = false;
		break;
	case SIGNET_EVENT_DOWN:
		c->stats.downs++;
		break;
	case SIGNET_EVENT_REKEYED:
		c->stats.rekeys++;
		break;
	default:
		break;
	}
}

static int env_record(void *ctx, struct signet_session *s,
		      struct signet_channel *c, const struct signet_record *r)
{
	return 0;
}

static void env_nothing(void *ctx, struct signet_session *s,
			struct signet_channel *c)
{
}

void crowd_touched(struct crowd_peer *p)
{
	uint64_t at = signet_session_deadline(&p->session);

	if (at < p->crowd->next_tick)
		p->crowd->next_tick = at;
}

const struct signet_session_env crowd_env = {
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
	.send_history = env_nothing,
	.channel_gone = env_nothing,
};
