/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the tunnel device to the network: route, segment, seal, send. */
#include <errno.h>
#include <string.h>

#include "daemon/tun.h"
#include "daemon/tun_segment.h"

#define OUTER4 (20 + 8 + SIGNET_FRAME_OVERHEAD)
#define OUTER6 (40 + 8 + SIGNET_FRAME_OVERHEAD)

static void note_active(struct tun_worker *w, struct tun_channel *c)
{
	struct sg_queue_entry e = { .type = SG_QUEUE_ACTIVE, .number = c->id };

	if (atomic_load_explicit(&c->watched, memory_order_relaxed) &&
	    atomic_exchange(&c->watched, false) && !tun_event_push(w, &e))
		atomic_store(&c->watched, true);
}

/* The path's MTU shrank: what the inner MTU is now. */
static void learn_mtu(struct tun_worker *w, struct tun_channel *c)
{
	bool v6 = c->path.remote.sa.sa_family == AF_INET6;
	uint32_t outer = tun_socket_pmtu(w->dp, &c->path.remote);
	uint32_t cost = v6 ? OUTER6 : OUTER4;
	struct sg_queue_entry e = {
		.type = SG_QUEUE_PMTU,
		.value = outer,
		.from = c->path.remote,
	};

	if (outer <= cost)
		return;
	if (atomic_exchange(&c->mtu, outer - cost) != outer - cost)
		tun_event_push(w, &e);
	atomic_store(&c->mtu_ns, w->now_ns);
}

static void sent(struct tun_worker *w, struct tun_run *r)
{
	struct tun_stats *st = &r->channel->stats[w->index];

	tun_count(&st->tx_packets, r->count);
	tun_count(&st->tx_bytes, r->inner);
	atomic_store_explicit(&st->tx_last_ns, w->now_ns, memory_order_relaxed);
	note_active(w, r->channel);
}

void tun_tx_flush(struct tun_worker *w)
{
	struct tun_run *r = &w->run;
	int err;

	if (!r->count)
		return;
	err = tun_socket_send(w->dp, &w->sock, &r->channel->path.remote,
			      &r->channel->path.local, r->buf, r->bytes,
			      r->count > 1 ? r->frame_len : 0);
	if (!err) {
		sent(w, r);
	} else if (err == -EMSGSIZE) {
		tun_drop(w, SIGNET_DROP_MTU, r->count);
		learn_mtu(w, r->channel);
	} else {
		tun_drop(w, SIGNET_DROP_SEND, r->count);
	}
	r->count = 0;
	r->bytes = 0;
	r->inner = 0;
	r->closed = false;
	r->channel = NULL;
}

/* Room for a frame of this channel and length at the end of the run. */
static uint8_t *run_reserve(struct tun_worker *w, struct tun_channel *c,
			    size_t frame_len)
{
	struct tun_run *r = &w->run;

	if (r->count &&
	    (r->channel != c || r->closed || frame_len > r->frame_len ||
	     r->count == TUN_RUN_MAX || r->bytes + frame_len > TUN_UDP_MAX))
		tun_tx_flush(w);
	if (!r->count) {
		r->channel = c;
		r->frame_len = frame_len;
	}
	r->closed = frame_len < r->frame_len;
	return r->buf + r->bytes;
}

static void note_soft(struct tun_worker *w, struct tun_channel *c,
		      struct tun_key *k)
{
	struct sg_queue_entry e = {
		.type = SG_QUEUE_REKEY,
		.number = c->id,
		.value = SG_REKEY_FRAMES,
	};

	if (!tun_key_soft(k) || atomic_load(&k->told))
		return;
	if (!atomic_exchange(&k->told, true) && !tun_event_push(w, &e))
		atomic_store(&k->told, false);
}

static void seal_segments(struct tun_worker *w, struct tun_channel *c,
			  struct sg_gso *g)
{
	struct tun_key *k = c->tx[c->tx_key];
	struct signet_frame_info info = {
		.type = SIGNET_FRAME_PACKET,
		.key_id = (uint8_t)c->tx_key,
		.lane = tun_lane_of(c, w->index),
		.label = c->path.tx_label,
	};
	uint32_t n = tun_key_reserve(k, info.lane, g->segments, &info.counter);

	note_soft(w, c, k);
	if (n < g->segments) {
		tun_drop(w, SIGNET_DROP_KEY_EXPIRED, g->segments - n);
		tun_want(w, c->peer);
	}
	for (uint32_t i = 0; i < n; i++, info.counter++) {
		uint8_t *packet, *frame;
		size_t len = sg_gso_segment(g, i, &packet);

		frame = run_reserve(w, c, len + SIGNET_FRAME_OVERHEAD);
		w->run.bytes += signet_frame_seal(&k->aead, c->path.tx_hop_key,
						  &info, packet, len, frame);
		w->run.inner += (uint32_t)len;
		w->run.count++;
	}
}

/* Whether all of it fits the path; tells the inner sender if not. */
static bool fits(struct tun_worker *w, struct tun_channel *c,
		 const struct sg_gso *g)
{
	uint32_t mtu = atomic_load_explicit(&c->mtu, memory_order_relaxed);

	if (mtu && w->now_ns - atomic_load(&c->mtu_ns) > TUN_MTU_NS) {
		atomic_store(&c->mtu, 0);
		mtu = 0;
	}
	if (!mtu)
		mtu = TUN_UDP_MAX - SIGNET_FRAME_OVERHEAD;
	if (g->largest <= mtu)
		return true;
	tun_drop(w, SIGNET_DROP_MTU, g->segments);
	tun_icmp_too_big(w, g->packet, g->len, mtu);
	return false;
}

static struct tun_channel *usable(const struct tun_worker *w,
				  const struct tun_peer *p)
{
	struct tun_channel *c = p->selected;

	if (!c || c->tx_key < 0 || !c->tx[c->tx_key] ||
	    w->now_ns >= c->tx[c->tx_key]->hard_ns)
		return NULL;
	return c;
}

/* Where a packet goes, or SG_LPM_NONE when it has been dropped. */
static uint32_t route(struct tun_worker *w, const uint8_t *packet, size_t len)
{
	bool v6 = len >= 40 && packet[0] >> 4 == 6;
	const uint8_t *dst = packet + (v6 ? 24 : 16);
	uint32_t peer;

	if (!v6 && (len < 20 || packet[0] >> 4 != 4)) {
		tun_drop(w, SIGNET_DROP_INNER, 1);
		return SG_LPM_NONE;
	}
	peer = tun_peer_find(&w->dp->tables, &w->tx_peer, dst, v6 ? 6 : 4);
	/* The kernel itself speaks multicast on every link: not worth
	 * counting. */
	if (peer == SG_LPM_NONE && !(v6 ? dst[0] == 0xff : dst[0] >> 4 == 14))
		tun_drop(w, SIGNET_DROP_NO_ROUTE, 1);
	return peer;
}

static bool may_go(struct tun_worker *w, uint32_t peer, const struct sg_gso *g)
{
	enum signet_drop why;

	if (!w->dp->tables.peers[peer].verdicts)
		return true;
	why = tun_policy_judge(w, peer, true, g->packet, g->len, g->segments);
	if (why)
		tun_drop(w, why, g->segments);
	return !why;
}

void tun_tx_packet(struct tun_worker *w, uint8_t *buf, size_t len)
{
	size_t head = w->dp->vnet_hdr ? TUN_VNET_LEN : 0;
	struct tun_channel *c;
	uint32_t peer;
	struct sg_gso g;

	if (len < head) {
		tun_drop(w, SIGNET_DROP_INNER, 1);
		return;
	}
	peer = route(w, buf + head, len - head);
	if (peer == SG_LPM_NONE)
		return;
	c = usable(w, &w->dp->tables.peers[peer]);
	if (!c) {
		tun_keep(w, peer, buf, len);
		return;
	}
	if (!c->path.remote.sa.sa_family) {
		tun_drop(w, SIGNET_DROP_NO_ENDPOINT, 1);
		return;
	}
	if (sg_gso_parse(&g, head ? buf : NULL, buf + head, len - head)) {
		tun_drop(w, SIGNET_DROP_INNER, 1);
		return;
	}
	if (may_go(w, peer, &g) && fits(w, c, &g))
		seal_segments(w, c, &g);
}
