// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reliable messages on a peer's channels. So far they carry the histories of
 * identities that did not fit the handshake (service 0).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <signet/core/reliable.h>

#include "common/log.h"
#include "daemon/peer.h"

struct sg_messages {
	struct sg_peer *peer;
	struct signet_channel *channel;
	struct signet_reliable *reliable;
	void *mem;
	size_t size;
	struct sg_timer timer;
};

static const struct signet_reliable_limits limits = {
	.send_max = SIGNET_HISTORY_MAX,
	.recv_max = SIGNET_HISTORY_MAX,
	.send_bytes = SIGNET_HISTORY_MAX,
	.recv_bytes = SIGNET_RELIABLE_FIRST_BYTES > SIGNET_HISTORY_MAX
			      ? SIGNET_RELIABLE_FIRST_BYTES
			      : SIGNET_HISTORY_MAX,
	.send_messages = 2,
	.recv_messages = SIGNET_RELIABLE_FIRST_MESSAGES,
};

static void destroy(struct sg_messages *m)
{
	sg_timer_cancel(m->peer->node->loop, &m->timer);
	m->peer->messages = NULL;
	sodium_memzero(m->mem, m->size);
	free(m->mem);
	free(m);
}

/* Send what wants to be sent, and set the timer for the rest. */
static void flush(void *ctx)
{
	struct sg_messages *m = ctx;
	uint8_t buf[SIGNET_RECORDS_MAX];
	uint64_t now = sg_now(), at, id;
	struct signet_record_writer w;
	size_t n;
	int result;

	for (;;) {
		signet_record_writer_init(&w, buf, sizeof(buf));
		n = signet_reliable_next_records(m->reliable, buf, w.cap, now);
		if (!n)
			break;
		w.len = n;
		n = signet_record_finish(&w);
		if (signet_session_send(&m->peer->session, m->channel, buf, n,
					now))
			break;
	}
	while (signet_reliable_poll_sent(m->reliable, &id, &result))
		if (result)
			sg_log(SG_LOG_WARNING, "%s: our history did not arrive",
			       m->peer->config->name);
	sg_peer_rearm(m->peer);
	at = signet_reliable_deadline(m->reliable);
	if (at == UINT64_MAX)
		sg_timer_cancel(m->peer->node->loop, &m->timer);
	else
		sg_timer_set(m->peer->node->loop, &m->timer, at);
}

static struct sg_messages *get(struct sg_peer *p, struct signet_channel *c)
{
	struct sg_messages *m = p->messages;

	if (m && m->channel == c)
		return m;
	if (m)
		destroy(m);
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->peer = p;
	m->channel = c;
	m->size = signet_reliable_size(&limits);
	m->mem = calloc(1, m->size);
	m->timer.fn = flush;
	m->timer.ctx = m;
	if (!m->mem ||
	    signet_reliable_init(m->mem, m->size, &limits, &m->reliable)) {
		free(m->mem);
		free(m);
		return NULL;
	}
	p->messages = m;
	return m;
}

void sg_messages_history(struct sg_peer *p, struct signet_channel *c)
{
	const struct signet_local *l = &p->node->local;
	struct sg_messages *m = get(p, c);
	uint64_t now = sg_now();

	if (!m || signet_reliable_send(m->reliable, SIGNET_SERVICE_CONTROL,
				       l->history, l->history_len, now, NULL))
		return;
	/* From the loop: the session is in the middle of something. */
	sg_timer_set(p->node->loop, &m->timer, now);
}

int sg_messages_record(struct sg_peer *p, struct signet_channel *c,
		       const struct signet_record *r)
{
	struct sg_messages *m = p->messages;

	/* What comes late on an old channel does not end the new one's. */
	if (m && m->channel != c && c != signet_session_current(&p->session))
		return 0;
	m = get(p, c);
	if (!m)
		return 0;
	if (signet_reliable_receive_record(m->reliable, r->kind, r->body,
					   r->len, sg_now()))
		return -EPROTO;
	sg_timer_set(p->node->loop, &m->timer, sg_now());
	return 0;
}

void sg_messages_deliver(struct sg_peer *p)
{
	struct signet_reliable_message msg;
	struct signet_channel *c;
	uint64_t now = sg_now();

	while (p->messages &&
	       signet_reliable_poll_message(p->messages->reliable, &msg)) {
		c = p->messages->channel;
		if (msg.service == SIGNET_SERVICE_CONTROL && !c->verified)
			signet_session_history(&p->session, c, msg.data,
					       msg.len, now, sg_node_wall());
		/* A refused history has closed the channel, and this engine. */
		if (p->messages && p->messages->channel == c)
			signet_reliable_release(p->messages->reliable, msg.id,
						now);
	}
}

void sg_messages_gone(struct sg_peer *p, struct signet_channel *c)
{
	if (p->messages && p->messages->channel == c)
		destroy(p->messages);
}
