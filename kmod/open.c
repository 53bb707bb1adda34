// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opening: frames of one label, key and lane are a run. Each is opened into
 * fresh pages, as the pages that it came in may be anyone's; then the run is
 * committed to the replay window under one lock.
 */
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "aead.h"
#include "event.h"
#include "run.h"
#include "stats.h"
#include "trace.h"

struct signet_run *signet_run_alloc(struct signet_device *sd,
				    struct napi_struct *napi, int node)
{
	struct signet_run *run;

	run = kvmalloc_node(sizeof(*run), GFP_KERNEL_ACCOUNT, node);
	if (!run)
		return NULL;
	memset(run, 0, offsetof(struct signet_run, segments));
	run->sd = sd;
	run->napi = napi;
	__skb_queue_head_init(&run->done);
	return run;
}

void signet_run_free(struct signet_run *run)
{
	if (!run)
		return;
	signet_mem_free(&run->mem);
	kvfree(run);
}

/* A work item sleeps in the AEAD: RCU doesn't keep channel and key. */
static bool run_hold(struct signet_run *run)
{
	return !run->napi;
}

static void run_end(struct signet_run *run)
{
	if (!run->ch)
		return;
	if (run_hold(run)) {
		signet_key_put(run->look.key);
		signet_channel_put(run->ch);
	}
	run->ch = NULL;
}

/* Context: RCU. They may be about to go. */
static bool run_take(struct signet_run *run)
{
	struct signet_channel *ch = run->look.entry->channel;

	if (!kref_get_unless_zero(&run->look.key->ref))
		return false;
	if (kref_get_unless_zero(&ch->ref))
		return true;
	signet_key_put(run->look.key);
	return false;
}

/* Context: RCU. The frame has been classified, but things change. */
static int run_begin(struct signet_run *run, const struct signet_frame *f)
{
	struct signet_look *look = &run->look;
	struct signet_channel *ch;
	enum signet_drop reason;

	signet_look_up(run->sd, f, look);
	ch = look->entry ? look->entry->channel : NULL;
	reason = signet_look_counter(look, le64_to_cpu(f->counter));
	if (!reason && run->napi && unlikely(!signet_aead_inline(look->key)))
		return -EAGAIN;
	if (!reason && run_hold(run) && !run_take(run))
		reason = SIGNET_DROP_KEY_ID;
	if (reason) {
		signet_count_drop(run->sd, ch ? ch->peer : NULL, reason, 1);
		return -ENOENT;
	}
	run->ch = ch;
	run->source_len = 0;
	run->stream.header_len = 0;
	return 0;
}

static bool run_is_full(const struct signet_run *run)
{
	return run->n == SIGNET_RUN_MAX || run->n_full == SIGNET_RUN_PAGES - 1;
}

/* 0 when the frame belongs to the run, which may be new */
static int run_enter(struct signet_run *run, const struct signet_frame *f)
{
	enum signet_drop reason;
	int err;

	if (run->ch && (!signet_look_is(&run->look, f) || run_is_full(run)))
		signet_run_flush(run);
	if (unlikely(!run->ch)) {
		rcu_read_lock();
		err = run_begin(run, f);
		rcu_read_unlock();
		return err;
	}
	reason = signet_look_counter(&run->look, le64_to_cpu(f->counter));
	if (likely(!reason))
		return 0;
	signet_count_drop(run->sd, run->ch->peer, reason, 1);
	return -ENOENT;
}

static void open_failed(struct signet_run *run, int err)
{
	enum signet_drop reason = SIGNET_DROP_NO_MEMORY;

	if (err == -EBADMSG) {
		reason = SIGNET_DROP_AEAD;
		signet_key_failed(run->look.key);
	} else if (err == -EKEYEXPIRED) {
		reason = SIGNET_DROP_KEY_EXPIRED;
	}
	signet_count_drop(run->sd, run->ch->peer, reason, 1);
}

/* An AEAD that answers later still writes to the run's page, perhaps over the
 * end of the segment before: nothing there can be trusted any more.
 */
static void run_abandon(struct signet_run *run)
{
	if (run->n)
		signet_count_drop(run->sd, run->ch->peer,
				  SIGNET_DROP_NO_MEMORY, run->n);
	run->n = 0;
	run->stream.header_len = 0;
	put_page(run->mem.page);
	run->mem.page = NULL;
	run->mem.size = 0;
}

static int open_frame(struct signet_run *run, const struct signet_sealed *s)
{
	struct signet_segment *seg = &run->segments[run->n];
	struct signet_key *key = run->look.key;
	int err;

	seg->skb = s->skb;
	seg->counter = le64_to_cpu(s->hdr->counter);
	seg->len = s->len;
	seg->data = signet_join_room(run, s->len);
	if (unlikely(!seg->data))
		return -ENOMEM;
	err = signet_aead_open(key, s, seg->data, run->mem.page, run_hold(run));
	if (unlikely(err == -EINPROGRESS)) {
		run_abandon(run);
		return err;
	}
	if (unlikely(err))
		seg->len = 0;
	if (unlikely(!signet_join(run, seg)) && !err)
		err = -ENOMEM;
	if (unlikely(err))
		return err;
	trace_signet_open(run->ch->id, key->id,
			  s->hdr->key_lane & SIGNET_LANE_MASK, seg->counter,
			  s->len + SIGNET_FRAME_OVERHEAD);
	run->n++;
	return 0;
}

static int add_frame(struct signet_run *run, struct sk_buff *skb,
		     struct signet_cursor *cursor, unsigned int i)
{
	const struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	unsigned int offset = cb->offset + i * cb->size;
	struct signet_sealed s = { .skb = skb };
	unsigned int len = cb->size;
	struct signet_frame f;
	int err;

	if (i + 1 == cb->frames)
		len = skb->len - offset;
	if (!signet_cursor_read(cursor, offset, &f))
		return 0;
	err = run_enter(run, &f);
	if (unlikely(err))
		return err == -EAGAIN ? err : 0;
	s.hdr = &f;
	s.offset = offset + SIGNET_FRAME_HDR_LEN;
	s.len = len - SIGNET_FRAME_OVERHEAD;
	s.text = signet_cursor_piece(cursor, s.offset,
				     len - SIGNET_FRAME_HDR_LEN);
	err = open_frame(run, &s);
	if (unlikely(err))
		open_failed(run, err);
	return 0;
}

/* A run goes on from one skb to the next while its key is good. */
static void run_check(struct signet_run *run)
{
	const struct signet_key *key = run->look.key;

	if (run->ch && (test_bit(SIGNET_KEY_DEAD, &key->flags) ||
			signet_key_expired(key)))
		signet_run_flush(run);
}

int signet_run_add(struct signet_run *run, struct sk_buff *skb)
{
	struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	struct signet_cursor cursor;
	unsigned int i;
	int err, n = 0;

	run_check(run);
	signet_cursor_init(&cursor, skb);
	for_each_set_bit(i, cb->good, cb->frames) {
		err = add_frame(run, skb, &cursor, i);
		if (unlikely(err)) {
			/* the frames before it are done with */
			bitmap_clear(cb->good, 0, i);
			return err;
		}
		n++;
	}
	__skb_queue_tail(&run->done, skb);
	if (!run->ch)
		signet_run_flush(run);
	return n;
}

/* what was new in a run; @highest: in whose frame the lane's highest counter is */
struct commit {
	unsigned int fresh;
	unsigned int packets;
	unsigned int bytes;
	struct sk_buff *highest;
};

/* A lane's first frame. Return: false without memory */
static bool lane_begin(struct signet_run *run, struct signet_replay *replay)
{
	if (!signet_replay_alloc(replay))
		return false;
	/* the key's second lane: see steer.c */
	if (test_and_set_bit(SIGNET_KEY_LANE, &run->look.key->flags))
		set_bit(SIGNET_CHANNEL_LANES, &run->ch->flags);
	return true;
}

/* Return: false without memory for a lane's first frame */
static bool run_commit(struct signet_run *run, struct commit *c)
{
	u8 lane = run->look.key_lane & SIGNET_LANE_MASK;
	struct signet_replay *replay = &run->look.key->rx[lane].window;
	struct signet_segment *seg = run->segments;
	struct signet_segment *end = seg + run->n;
	bool advanced;

	spin_lock(&replay->lock);
	if (unlikely(!replay->bits) && !lane_begin(run, replay)) {
		spin_unlock(&replay->lock);
		return false;
	}
	for (; seg < end; seg++) {
		advanced = signet_replay_commit_next(replay, seg->counter);
		seg->fresh = advanced ||
			     signet_replay_commit(replay, seg->counter,
						  &advanced);
		if (unlikely(!seg->fresh))
			continue;
		c->fresh++;
		/* an empty one, a keepalive, is no packet */
		c->packets += !!seg->len;
		c->bytes += seg->len + (seg->joined ? seg->header_len : 0);
		if (likely(advanced))
			c->highest = seg->skb;
	}
	spin_unlock(&replay->lock);
	return true;
}

static bool outer_addresses(struct sk_buff *skb, union signet_addr *remote,
			    union signet_addr *local)
{
	const struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	struct udphdr copy, *uh;

	uh = skb_header_pointer(skb, cb->offset - sizeof(*uh), sizeof(copy),
				&copy);
	if (!uh)
		return false;
	memset(remote, 0, sizeof(*remote));
	memset(local, 0, sizeof(*local));
	if (skb->protocol == htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip6h = ipv6_hdr(skb);
		int type = ipv6_addr_type(&ip6h->saddr);

		remote->in6.sin6_family = AF_INET6;
		remote->in6.sin6_addr = ip6h->saddr;
		remote->in6.sin6_port = uh->source;
		if (__ipv6_addr_needs_scope_id(type))
			remote->in6.sin6_scope_id = cb->iif;
		local->in6.sin6_family = AF_INET6;
		local->in6.sin6_addr = ip6h->daddr;
		local->in6.sin6_port = uh->dest;
		return true;
	}
	remote->in.sin_family = AF_INET;
	remote->in.sin_addr.s_addr = ip_hdr(skb)->saddr;
	remote->in.sin_port = uh->source;
	local->in.sin_family = AF_INET;
	local->in.sin_addr.s_addr = ip_hdr(skb)->daddr;
	local->in.sin_port = uh->dest;
	return true;
}

/* Does the path go where this came from? */
static bool from_path(const struct sk_buff *skb, const struct signet_path *path)
{
	const struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	const union signet_addr *remote = &path->remote;
	struct udphdr copy, *uh;

	uh = skb_header_pointer(skb, cb->offset - sizeof(*uh), sizeof(copy),
				&copy);
	if (unlikely(!uh))
		return false;
	if (skb->protocol == htons(ETH_P_IPV6))
		return remote->sa.sa_family == AF_INET6 &&
		       remote->in6.sin6_port == uh->source &&
		       ipv6_addr_equal(&remote->in6.sin6_addr,
				       &ipv6_hdr(skb)->saddr) &&
		       (!remote->in6.sin6_scope_id ||
			remote->in6.sin6_scope_id == cb->iif);
	return remote->sa.sa_family == AF_INET &&
	       remote->in.sin_port == uh->source &&
	       remote->in.sin_addr.s_addr == ip_hdr(skb)->saddr;
}

/*
 * An authentic frame came from elsewhere than the path goes to. It moves
 * nothing: the agent is told, at most once a second, and finds out.
 */
static void endpoint_seen(struct signet_run *run, struct sk_buff *skb, u64 now)
{
	const struct signet_path *path = rcu_dereference(run->ch->path);
	u64 told = READ_ONCE(run->ch->endpoint_told);
	union signet_addr remote, local;

	if (path && likely(from_path(skb, path)))
		return;
	if (told && now - told < NSEC_PER_SEC)
		return;
	if (!outer_addresses(skb, &remote, &local))
		return;
	WRITE_ONCE(run->ch->endpoint_told, now);
	signet_event_endpoint_seen(run->ch, &remote, &local);
}

static void run_authentic(struct signet_run *run)
{
	u64 now = ktime_get_coarse_boottime_ns();
	struct signet_key *key = run->look.key;
	struct commit c = {};

	if (unlikely(!run_commit(run, &c))) {
		signet_count_drop(run->sd, run->ch->peer,
				  SIGNET_DROP_NO_MEMORY, run->n);
		return;
	}
	if (unlikely(c.fresh < run->n))
		signet_count_drop(run->sd, run->ch->peer, SIGNET_DROP_REPLAY,
				  run->n - c.fresh);
	if (!c.fresh)
		return;
	signet_count_rx(run->ch, c.packets, c.bytes, now);
	signet_channel_active(run->ch);
	if (unlikely(!test_bit(SIGNET_KEY_CONFIRMED, &key->flags)))
		signet_key_opened(key);
	if (c.highest)
		endpoint_seen(run, c.highest, now);
	signet_run_deliver(run);
}

static void run_release(struct signet_run *run)
{
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < run->n_full; i++)
		put_page(run->full[i]);
	run->n_full = 0;
	run->n = 0;
	while ((skb = __skb_dequeue(&run->done)))
		consume_skb(skb);
}

void signet_run_flush(struct signet_run *run)
{
	if (run->n) {
		local_bh_disable();
		rcu_read_lock();
		run_authentic(run);
		rcu_read_unlock();
		local_bh_enable();
	}
	run_release(run);
	run_end(run);
}
