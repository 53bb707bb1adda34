// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Acknowledgements that arrive, what they show to be lost, and the timers. */
#include <errno.h>

#include "core/reliable_internal.h"

static void settle(struct signet_reliable *r)
{
	while (r->oldest_flight < r->next_number &&
	       sent_at(r, r->oldest_flight)->state != SENT_FLIGHT)
		r->oldest_flight++;
}

/*
 * Lost is what is still not acknowledged a while after something that was sent
 * later has been (RFC 8985, section 6.2).
 */
static void detect_losses(struct signet_reliable *r, uint64_t now)
{
	uint64_t n, delay = signet_cc_loss_delay(&r->cc);
	struct sent *s;

	r->loss_at = NEVER;
	if (!r->any_acked)
		return;
	for (n = r->oldest_flight; n < r->largest_acked; n++) {
		s = sent_at(r, n);
		if (s->state != SENT_FLIGHT)
			continue;
		if (now < s->time + delay) {
			r->loss_at = min64(r->loss_at, s->time + delay);
			continue;
		}
		s->state = SENT_LOST;
		r->cc.in_flight -= s->bytes;
		r->stats.lost += !s->probe;
		signet_cc_lost(&r->cc, n, r->next_number);
		signet_out_lost(r, s);
	}
	settle(r);
}

/* What one acknowledgement did. */
struct outcome {
	uint64_t bytes;
	uint64_t grow;
	bool any;
	bool spurious;
};

static void acked(struct signet_reliable *r, uint64_t number, struct outcome *o)
{
	struct sent *s = sent_at(r, number);

	switch (s->state) {
	case SENT_FLIGHT:
		r->cc.in_flight -= s->bytes;
		if (number >= r->cc.recovery)
			o->grow += s->bytes;
		break;
	case SENT_LOST:
		o->spurious = true;
		/* fall through */
	case SENT_EXPIRED:
		r->stats.spurious += !s->probe;
		break;
	default:
		return;
	}
	s->state = SENT_ACKED;
	o->any = true;
	signet_out_acked(r, s);
}

/* Return: number of ranges, -EPROTO if they are malformed. */
static int parse_ranges(const uint8_t *p, unsigned int n, uint64_t largest,
			struct range *range)
{
	uint64_t gap, run, below = 0;
	unsigned int i;

	for (i = 0; i < n; i++, p += 4) {
		gap = le_get(p, 2);
		run = le_get(p + 2, 2);
		if (!i != !gap || (i && below < gap + 1))
			return -EPROTO;
		range[i].high = i ? below - gap - 1 : largest;
		if (run > range[i].high)
			return -EPROTO;
		range[i].low = range[i].high - run;
		below = range[i].low;
	}
	return n;
}

static void apply(struct signet_reliable *r, const struct range *range,
		  int ranges, uint64_t delay, uint64_t now)
{
	uint64_t flight = r->cc.in_flight, largest = range[0].high;
	uint64_t n, low = 0;
	struct outcome o = { 0 };
	int i;

	if (r->next_number > SENT_RING)
		low = r->next_number - SENT_RING;
	if (largest >= low && sent_at(r, largest)->state == SENT_FLIGHT)
		signet_cc_rtt(&r->cc, now - sent_at(r, largest)->time, delay);
	for (i = 0; i < ranges; i++)
		for (n = max64(range[i].low, low); n <= range[i].high; n++)
			acked(r, n, &o);
	if (!r->any_acked || largest > r->largest_acked)
		r->largest_acked = largest;
	r->any_acked = true;
	settle(r);
	if (o.spurious && r->cc.reorder < REORDER_MAX)
		r->cc.reorder++;
	if (o.any) {
		r->rto_base = now;
		r->cc.backoff = 0;
		r->probe_at = now + signet_cc_rto(&r->cc, r->probe_shift);
		signet_cc_acked(&r->cc, o.grow, flight);
	}
	detect_losses(r, now);
}

static void take_credit(struct signet_reliable *r, uint64_t bytes,
			uint64_t messages)
{
	if (bytes <= r->credit_bytes && messages <= r->credit_messages)
		return;
	r->credit_bytes = max64(r->credit_bytes, bytes);
	r->credit_messages = max64(r->credit_messages, messages);
	r->probe_shift = 0;
}

int signet_reliable_take_ack(struct signet_reliable *r, const uint8_t *body,
			     size_t len, uint64_t now)
{
	struct range range[SIGNET_ACK_RANGES];
	uint64_t largest;
	int n;

	if (len < SIGNET_ACK_HDR_LEN + 4 || len % 4 ||
	    len > SIGNET_ACK_HDR_LEN + 4 * SIGNET_ACK_RANGES)
		return -EPROTO;
	largest = le_get(body, 8);
	if (largest >= r->next_number)
		return -EPROTO;
	n = parse_ranges(body + SIGNET_ACK_HDR_LEN,
			 (len - SIGNET_ACK_HDR_LEN) / 4, largest, range);
	if (n < 0)
		return n;
	if (r->failed)
		return 0;
	r->heard = now;
	take_credit(r, le_get(body + 12, 8), le_get(body + 20, 8));
	apply(r, range, n, le_get(body + 8, 4) * 1000, now);
	return 0;
}

static uint64_t rto_at(const struct signet_reliable *r)
{
	return r->rto_base + signet_cc_rto(&r->cc, r->cc.backoff);
}

static bool may_give_up(const struct signet_reliable *r)
{
	return signet_out_waiting(r) && r->cc.backoff >= GIVE_UP_TRIES;
}

/* Nothing came back: hold all of it lost, start again with one fragment. */
static void timeout(struct signet_reliable *r, uint64_t now)
{
	struct sent *s;
	uint64_t n;

	for (n = r->oldest_flight; n < r->next_number; n++) {
		s = sent_at(r, n);
		if (s->state != SENT_FLIGHT)
			continue;
		s->state = SENT_EXPIRED;
		r->stats.lost += !s->probe;
		signet_out_lost(r, s);
	}
	r->oldest_flight = r->next_number;
	r->cc.in_flight = 0;
	r->loss_at = NEVER;
	r->rto_base = now;
	r->probe_at = now;
	r->stats.timeouts++;
	signet_cc_timeout(&r->cc, r->next_number);
}

void signet_reliable_timers(struct signet_reliable *r, uint64_t now)
{
	if (r->failed)
		return;
	if (r->loss_at <= now)
		detect_losses(r, now);
	if (r->cc.in_flight && rto_at(r) <= now)
		timeout(r, now);
	if (may_give_up(r) && now >= r->heard + SIGNET_RELIABLE_GIVE_UP)
		signet_out_fail(r);
}

uint64_t signet_reliable_timers_at(const struct signet_reliable *r)
{
	uint64_t at = r->loss_at;

	if (r->failed)
		return NEVER;
	if (r->cc.in_flight)
		at = min64(at, rto_at(r));
	if (may_give_up(r))
		at = min64(at, r->heard + SIGNET_RELIABLE_GIVE_UP);
	return at;
}
