/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames and events from the workers to the main thread. Messages and events
 * come first, then what may answer a handshake of ours, then inits: a flood of
 * those neither keeps the others waiting nor takes their room. An init is only
 * looked at here; its public-key work comes later, see admission.h.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/tun.h"

/* Taken of each kind between two looks at the messages, and turns in a call. */
#define HANDSHAKES_TURN 8
#define INITS_TURN	64
#define TURNS_MAX	8
#define MESSAGES_TURN	256

static void notify(struct sg_datapath *dp)
{
	uint64_t one = 1;

	if (atomic_exchange(&dp->notified, true))
		return;
	/* The counter cannot overflow: only a cleared flag leads here. */
	if (write(dp->event_fd, &one, sizeof(one)) < 0)
		atomic_store(&dp->notified, false);
}

bool tun_event_data(struct tun_worker *w, const struct sg_queue_entry *e,
		    const uint8_t *data)
{
	if (!sg_queue_push(&w->messages, e, data))
		return false;
	notify(w->dp);
	return true;
}

bool tun_event_push(struct tun_worker *w, const struct sg_queue_entry *e)
{
	return tun_event_data(w, e, NULL);
}

bool tun_event_frame(struct tun_worker *w, struct sg_queue *q,
		     const uint8_t *data, size_t len, const union sg_addr *from,
		     const union sg_addr *to)
{
	struct sg_queue_entry e = {
		.type = SG_QUEUE_FRAME,
		.len = (uint32_t)len,
		.from = *from,
		.to = *to,
	};

	if (!sg_queue_push(q, &e, data))
		return false;
	notify(w->dp);
	return true;
}

static void deliver_channel(struct sg_datapath *dp, struct sg_queue_entry *e)
{
	/* The channel may be gone since; its number is not in use again. */
	if (!tun_channel_get(&dp->tables, e->number))
		return;
	switch (e->type) {
	case SG_QUEUE_ENDPOINT:
		if (dp->ev.endpoint_seen)
			dp->ev.endpoint_seen(dp->ctx, e->number, &e->from,
					     &e->to);
		break;
	case SG_QUEUE_CONFIRMED:
		if (dp->ev.key_confirmed)
			dp->ev.key_confirmed(dp->ctx, e->number,
					     (uint8_t)e->value);
		break;
	case SG_QUEUE_REKEY:
		if (dp->ev.rekey_wanted)
			dp->ev.rekey_wanted(dp->ctx, e->number,
					    (enum sg_rekey_reason)e->value);
		break;
	case SG_QUEUE_ACTIVE:
		if (dp->ev.active)
			dp->ev.active(dp->ctx, e->number);
		break;
	}
}

/* A packet that was to wait for what the entries before it have changed. */
static void deliver_packet(struct sg_datapath *dp, uint8_t *packet, size_t len)
{
	static uint8_t vnet[TUN_VNET_LEN];
	struct tun_worker *w = &dp->workers[0];
	struct iovec iov[] = {
		{ vnet, dp->vnet_hdr ? sizeof(vnet) : 0 },
		{ packet, len },
	};

	while (writev(w->tun_fd, iov, 2) < 0) {
		if (errno == EINTR)
			continue;
		pthread_mutex_lock(&w->lock);
		tun_drop(w, SIGNET_DROP_DEVICE, 1);
		pthread_mutex_unlock(&w->lock);
		return;
	}
}

static void deliver(struct sg_datapath *dp, struct sg_queue_entry *e,
		    uint8_t *data)
{
	switch (e->type) {
	case SG_QUEUE_FRAME:
		if (dp->ev.frame)
			dp->ev.frame(dp->ctx, data, e->len, &e->from, &e->to);
		break;
	case SG_QUEUE_WANTED:
		if (dp->ev.channel_wanted && dp->tables.peers[e->number].used)
			dp->ev.channel_wanted(dp->ctx, e->number);
		break;
	case SG_QUEUE_PMTU:
		if (dp->ev.pmtu)
			dp->ev.pmtu(dp->ctx, &e->from, e->value);
		break;
	case SG_QUEUE_PACKET:
		if (tun_channel_get(&dp->tables, e->number))
			deliver_packet(dp, data, e->len);
		break;
	default:
		deliver_channel(dp, e);
	}
}

static bool drain_queue(struct sg_datapath *dp, struct sg_queue *q, int max)
{
	struct sg_queue_entry *e;
	uint8_t *data;
	int n = 0;

	while (n < max && (e = sg_queue_peek(q, &data))) {
		deliver(dp, e, data);
		sg_queue_pop(q);
		n++;
	}
	return n == max;
}

/* Return: whether there may be more */
static bool drain_turn(struct sg_datapath *dp)
{
	bool more = false;

	for (uint32_t i = 0; i < dp->n_workers; i++)
		more |= drain_queue(dp, &dp->workers[i].messages,
				    MESSAGES_TURN);
	for (uint32_t i = 0; i < dp->n_workers; i++)
		more |= drain_queue(dp, &dp->workers[i].handshakes,
				    HANDSHAKES_TURN);
	for (uint32_t i = 0; i < dp->n_workers; i++)
		more |= drain_queue(dp, &dp->workers[i].inits, INITS_TURN);
	return more;
}

void tun_event_drain(void *ctx, int fd, uint32_t events)
{
	struct sg_datapath *dp = ctx;
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		n = 0;
	atomic_store(&dp->notified, false);
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		if (!drain_turn(dp))
			return;
	}
	notify(dp);
}
