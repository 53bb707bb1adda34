/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the network to the tunnel device: check, open, join, write. */
#include <errno.h>
#include <string.h>

#include "daemon/tun.h"
#include "daemon/tun_inner.h"

/* What frames of one buffer share; most buffers hold one channel's. */
struct rx {
	struct tun_worker *w;
	const union sg_addr *from, *to;
	struct tun_channel *channel;
	struct tun_key *key;
	uint8_t key_id, lane;
	struct tun_window *window; /* locked */
	uint32_t packets;
	uint64_t bytes;
	bool opened, moved;
};

static void window_release(struct rx *rx)
{
	if (rx->window)
		pthread_mutex_unlock(&rx->window->lock);
	rx->window = NULL;
	rx->key = NULL;
}

static void note_moved(struct rx *rx)
{
	struct tun_channel *c = rx->channel;
	uint64_t now = rx->w->now_ns, last = atomic_load(&c->seen_ns);
	struct sg_queue_entry e = {
		.type = SG_QUEUE_ENDPOINT,
		.number = c->id,
		.from = *rx->from,
		.to = *rx->to,
	};

	if (last && now - last < TUN_NSEC)
		return;
	if (atomic_compare_exchange_strong(&c->seen_ns, &last, now) &&
	    !tun_event_push(rx->w, &e))
		atomic_store(&c->seen_ns, last);
}

/* Done with a channel for now: write down what its frames did. */
static void channel_release(struct rx *rx)
{
	struct tun_channel *c = rx->channel;
	struct sg_queue_entry e = { .type = SG_QUEUE_ACTIVE };
	struct tun_stats *st;

	window_release(rx);
	if (!c)
		return;
	st = &c->stats[rx->w->index];
	if (rx->opened) {
		atomic_store_explicit(&st->rx_last_ns, rx->w->now_ns,
				      memory_order_relaxed);
		tun_count(&st->rx_packets, rx->packets);
		tun_count(&st->rx_bytes, rx->bytes);
		e.number = c->id;
		if (atomic_load_explicit(&c->watched, memory_order_relaxed) &&
		    atomic_exchange(&c->watched, false) &&
		    !tun_event_push(rx->w, &e))
			atomic_store(&c->watched, true);
	}
	if (rx->moved)
		note_moved(rx);
	rx->channel = NULL;
	rx->packets = 0;
	rx->bytes = 0;
	rx->opened = rx->moved = false;
}

/* The channel of a label, with the hop tag checked. */
static struct tun_channel *channel_of(struct rx *rx, const uint8_t *frame,
				      uint32_t label)
{
	struct tun_channel *c = rx->channel;

	if (!c || c->rx_label != label) {
		c = tun_label_find(&rx->w->dp->tables, label);
		if (!c) {
			tun_drop(rx->w, SIGNET_DROP_LABEL, 1);
			return NULL;
		}
	}
	if (!signet_hop_tag_ok(frame, c->rx_hop_key)) {
		tun_drop(rx->w, SIGNET_DROP_HOP_TAG, 1);
		return NULL;
	}
	return c;
}

/* Lock the replay window of a frame's lane, if the lane has been used. */
static bool key_take(struct rx *rx, const struct signet_frame_info *info)
{
	struct tun_key *k;

	if (rx->key && rx->key_id == info->key_id && rx->lane == info->lane)
		return true;
	window_release(rx);
	k = rx->channel->rx[info->key_id];
	if (!k) {
		tun_drop(rx->w, SIGNET_DROP_KEY_ID, 1);
		return false;
	}
	if (rx->w->now_ns >= k->hard_ns) {
		tun_drop(rx->w, SIGNET_DROP_KEY_EXPIRED, 1);
		return false;
	}
	rx->key = k;
	rx->key_id = info->key_id;
	rx->lane = info->lane;
	rx->window = tun_key_window(k, info->lane, false);
	if (rx->window)
		pthread_mutex_lock(&rx->window->lock);
	return true;
}

static void note_failure(struct rx *rx)
{
	struct sg_queue_entry e = {
		.type = SG_QUEUE_REKEY,
		.number = rx->channel->id,
		.value = SG_REKEY_FAILURES,
	};
	struct tun_key *k = rx->key;

	tun_drop(rx->w, SIGNET_DROP_AEAD, 1);
	tun_count(&rx->channel->stats[rx->w->index].aead_failures, 1);
	if (atomic_fetch_add(&k->failures, 1) < TUN_FAILURES_MAX ||
	    atomic_exchange(&k->failures_told, true))
		return;
	if (!tun_event_push(rx->w, &e))
		atomic_store(&k->failures_told, false);
}

static void note_confirmed(struct rx *rx)
{
	struct sg_queue_entry e = {
		.type = SG_QUEUE_CONFIRMED,
		.number = rx->channel->id,
		.value = rx->key_id,
	};
	struct tun_key *k = rx->key;

	if (!atomic_exchange(&k->told, true) && !tun_event_push(rx->w, &e))
		atomic_store(&k->told, false);
}

/* The counter of an authentic frame; makes the window at a lane's first. */
static bool replay_commit(struct rx *rx, uint64_t counter)
{
	bool ahead;

	if (!rx->window) {
		rx->window = tun_key_window(rx->key, rx->lane, true);
		if (!rx->window) {
			tun_drop(rx->w, SIGNET_DROP_NO_MEMORY, 1);
			return false;
		}
		pthread_mutex_lock(&rx->window->lock);
	}
	ahead = counter >= rx->window->replay.next;
	if (!signet_replay_commit(&rx->window->replay, counter)) {
		tun_drop(rx->w, SIGNET_DROP_REPLAY, 1);
		return false;
	}
	if (ahead && !tun_addr_equal(rx->from, &rx->channel->path.remote))
		rx->moved = true;
	return true;
}

static bool open_frame(struct rx *rx, uint8_t *frame, size_t len,
		       const struct signet_frame_info *info)
{
	if (!key_take(rx, info))
		return false;
	if (info->counter == UINT64_MAX ||
	    (rx->window &&
	     !signet_replay_check(&rx->window->replay, info->counter))) {
		tun_drop(rx->w, SIGNET_DROP_REPLAY, 1);
		return false;
	}
	if (signet_frame_open(&rx->key->aead, info, frame, len,
			      frame + SIGNET_FRAME_HDR_LEN)) {
		note_failure(rx);
		return false;
	}
	if (!replay_commit(rx, info->counter))
		return false;
	rx->opened = true;
	if (!atomic_load_explicit(&rx->key->told, memory_order_relaxed))
		note_confirmed(rx);
	return true;
}

/*
 * The first packets of a channel that the other side began, while an older one
 * is still selected: they go through the main thread, behind the news that the
 * channel is confirmed. Otherwise the answer would be sealed for a channel that
 * the other side may not have any more. That the new one has a key to seal with
 * is not enough: it is selected a moment later. Return: false if that is not
 * needed.
 */
static bool deliver_after(struct rx *rx, const uint8_t *packet, size_t len)
{
	const struct tun_channel *c = rx->channel;
	const struct tun_channel *old;
	const struct sg_queue_entry e = {
		.type = SG_QUEUE_PACKET,
		.len = (uint32_t)len,
		.number = c->id,
	};

	if (c->taken)
		return false;
	old = rx->w->dp->tables.peers[c->peer].selected;
	return old && old != c && tun_event_data(rx->w, &e, packet);
}

/* Give an opened packet to the device, if it is one that its peer may send. */
static void deliver(struct rx *rx, uint8_t *packet, size_t len)
{
	struct tun_worker *w = rx->w;
	int version = sg_inner_check(packet, len);

	if (!version) {
		tun_drop(w, SIGNET_DROP_INNER, 1);
		return;
	}
	if (tun_peer_find(&w->dp->tables, &w->rx_peer,
			  packet + (version == 6 ? 8 : 12),
			  (uint8_t)version) != rx->channel->peer) {
		tun_drop(w, SIGNET_DROP_INNER_SOURCE, 1);
		return;
	}
	if (w->dp->tables.peers[rx->channel->peer].verdicts) {
		enum signet_drop why = tun_policy_judge(w, rx->channel->peer,
							false, packet, len, 1);

		if (why) {
			tun_drop(w, why, 1);
			return;
		}
	}
	rx->packets++;
	rx->bytes += len;
	if (!deliver_after(rx, packet, len))
		sg_gro_packet(&w->gro, packet, len);
}

static void take_packet(struct rx *rx, uint8_t *frame, size_t len,
			const struct signet_frame_info *info)
{
	struct tun_channel *c = channel_of(rx, frame, info->label);

	if (!c)
		return;
	if (c != rx->channel) {
		channel_release(rx);
		rx->channel = c;
	}
	if (open_frame(rx, frame, len, info) && len > SIGNET_FRAME_OVERHEAD)
		deliver(rx, frame + SIGNET_FRAME_HDR_LEN,
			len - SIGNET_FRAME_OVERHEAD);
}

static void take_frame(struct rx *rx, uint8_t *frame, size_t len)
{
	struct signet_frame_info info;
	int why = signet_frame_parse(frame, len, &info);
	struct tun_worker *w = rx->w;
	struct sg_queue *q;

	if (why) {
		tun_drop(rx->w, (enum signet_drop)why, 1);
		return;
	}
	if (info.type == SIGNET_FRAME_PACKET) {
		take_packet(rx, frame, len, &info);
		return;
	}
	/* A label that is not ours may be the agent's: pairing has no channel
	 * yet. Such frames share the room of handshakes in the queue. */
	if (info.type == SIGNET_FRAME_INIT)
		q = &w->inits;
	else if (info.type != SIGNET_FRAME_MESSAGE ||
		 !tun_label_find(&w->dp->tables, info.label))
		q = &w->handshakes;
	else if (channel_of(rx, frame, info.label))
		q = &w->messages;
	else
		return;
	if (!tun_event_frame(w, q, frame, len, rx->from, rx->to))
		tun_drop(w, SIGNET_DROP_QUEUE_FULL, 1);
}

void tun_rx_buffer(struct tun_worker *w, const struct sg_udp_packet *p,
		   size_t len)
{
	struct rx rx = { .w = w, .from = &p->from, .to = &p->to };
	size_t segment = p->segment ? p->segment : len;
	uint8_t *at = p->buf;

	if (len == 0)
		tun_drop(w, SIGNET_DROP_LENGTH, 1);
	for (size_t n; len; at += n, len -= n) {
		n = len < segment ? len : segment;
		take_frame(&rx, at, n);
	}
	channel_release(&rx);
	sg_gro_flush(&w->gro);
}
