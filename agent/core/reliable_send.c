// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reliable messages on their way out, and the records of the next frame. */
#include <errno.h>
#include <string.h>

#include "core/reliable_internal.h"

/* A fragment to send. */
struct pick {
	struct out *msg;
	unsigned int index;
	bool again;
};

static uint64_t floor_of(const struct signet_reliable *r)
{
	return signet_out_waiting(r) ? out_at(r, r->open_id)->start : r->end;
}

static void advance(struct signet_reliable *r)
{
	while (r->open_id < r->next_id &&
	       out_at(r, r->open_id)->state != OUT_OPEN)
		r->open_id++;
	while (r->first_id < r->next_id &&
	       out_at(r, r->first_id)->state == OUT_FREE)
		r->first_id++;
}

int signet_reliable_send(struct signet_reliable *r, uint16_t service,
			 const void *data, size_t len, uint64_t now,
			 uint64_t *id)
{
	struct out *m = out_at(r, r->next_id);

	if (r->failed)
		return -ETIMEDOUT;
	if (len > r->limits.send_max)
		return -EMSGSIZE;
	if (r->next_id - r->first_id >= r->limits.send_messages ||
	    r->end + len - floor_of(r) > r->limits.send_bytes)
		return -EAGAIN;
	if (!signet_out_waiting(r))
		r->heard = now;
	*m = (struct out){
		.id = r->next_id++,
		.start = r->end,
		.len = len,
		.fragments = fragments_of(len),
		.service = service,
		.state = OUT_OPEN,
	};
	r->end += len;
	if (len)
		memcpy(out_data(r, m), data, len);
	if (id)
		*id = m->id;
	return 0;
}

bool signet_reliable_poll_sent(struct signet_reliable *r, uint64_t *id,
			       int *result)
{
	struct out *m;
	uint64_t i;

	for (i = r->first_id; i < r->next_id; i++) {
		m = out_at(r, i);
		if (m->state != OUT_DONE)
			continue;
		*id = i;
		*result = m->result;
		m->state = OUT_FREE;
		advance(r);
		return true;
	}
	return false;
}

/* The message of a transmission, unless it was completed by another one. */
static struct out *open_message(const struct signet_reliable *r,
				const struct sent *s)
{
	struct out *m = out_at(r, s->id);

	if (s->probe || m->state != OUT_OPEN || m->id != s->id)
		return NULL;
	return m;
}

void signet_out_acked(struct signet_reliable *r, const struct sent *s)
{
	struct out *m = open_message(r, s);

	if (!m || bit_get(m->acked, s->index))
		return;
	if (bit_get(m->lost, s->index)) {
		bit_clear(m->lost, s->index);
		m->lost_count--;
	}
	bit_set(m->acked, s->index);
	if (++m->acked_count < m->fragments)
		return;
	m->state = OUT_DONE;
	m->result = 0;
	advance(r);
}

void signet_out_lost(struct signet_reliable *r, const struct sent *s)
{
	struct out *m = open_message(r, s);

	if (!m || bit_get(m->acked, s->index) || bit_get(m->lost, s->index))
		return;
	bit_set(m->lost, s->index);
	m->lost_count++;
}

void signet_out_fail(struct signet_reliable *r)
{
	struct out *m;
	uint64_t id;

	for (id = r->open_id; id < r->next_id; id++) {
		m = out_at(r, id);
		if (m->state != OUT_OPEN)
			continue;
		m->state = OUT_DONE;
		m->result = -ETIMEDOUT;
	}
	r->failed = true;
	r->cc.in_flight = 0;
	r->oldest_flight = r->next_number;
	advance(r);
}

static bool has_new(const struct out *m)
{
	return m->state == OUT_OPEN && m->next < m->fragments;
}

static bool has_credit(const struct signet_reliable *r, const struct out *m)
{
	uint64_t end = m->start + (uint64_t)m->next * SIGNET_FRAGMENT_LEN +
		       fragment_len(m->len, m->next);

	return m->id < r->credit_messages && end <= r->credit_bytes;
}

static unsigned int first_lost(const struct out *m)
{
	unsigned int i = 0;

	while (!bit_get(m->lost, i))
		i++;
	return i;
}

/* What was lost goes first, then control messages, then the oldest. */
static bool pick(const struct signet_reliable *r, struct pick *p)
{
	struct out *m, *best = NULL;
	uint64_t id;

	for (id = r->open_id; id < r->next_id; id++) {
		m = out_at(r, id);
		if (m->state == OUT_OPEN && m->lost_count) {
			*p = (struct pick){ m, first_lost(m), true };
			return true;
		}
		if (!has_new(m) || !has_credit(r, m))
			continue;
		if (!best || (best->service != SIGNET_SERVICE_CONTROL &&
			      m->service == SIGNET_SERVICE_CONTROL))
			best = m;
	}
	if (!best)
		return false;
	*p = (struct pick){ best, best->next, false };
	return true;
}

static bool blocked(const struct signet_reliable *r)
{
	uint64_t id;

	for (id = r->open_id; id < r->next_id; id++)
		if (has_new(out_at(r, id)))
			return true;
	return false;
}

static size_t record_len(const struct pick *p)
{
	return SIGNET_RECORD_HDR_LEN + SIGNET_FRAGMENT_HDR_LEN +
	       fragment_len(p->msg->len, p->index);
}

/* Whether only the pace holds the next fragment back. */
static bool ready(const struct signet_reliable *r, struct pick *p)
{
	return !r->failed && r->next_number - r->oldest_flight < SENT_RING &&
	       pick(r, p) && signet_cc_room(&r->cc, record_len(p));
}

/* Whether only the time holds a probe back. */
static bool probing(const struct signet_reliable *r)
{
	struct pick p;

	return !r->failed && !r->cc.in_flight && !pick(r, &p) && blocked(r);
}

static uint64_t note_sent(struct signet_reliable *r, size_t bytes, uint64_t now,
			  struct sent **s)
{
	uint64_t number = r->next_number++;

	if (!r->cc.in_flight) {
		if (now - r->rto_base > signet_cc_rto(&r->cc, 0))
			signet_cc_idle(&r->cc);
		r->rto_base = now;
	}
	*s = sent_at(r, number);
	**s = (struct sent){ .time = now,
			     .bytes = bytes,
			     .state = SENT_FLIGHT };
	signet_cc_sent(&r->cc, bytes, now);
	return number;
}

static void put_header(uint8_t *buf, uint8_t kind, size_t record)
{
	buf[0] = kind;
	buf[1] = 0;
	le_put(buf + 2, 2, record - SIGNET_RECORD_HDR_LEN);
}

static size_t put_fragment(struct signet_reliable *r, const struct pick *p,
			   uint8_t *buf, uint64_t now)
{
	uint8_t *body = buf + SIGNET_RECORD_HDR_LEN;
	size_t bytes = record_len(p);
	struct out *m = p->msg;
	struct sent *s;

	put_header(buf, SIGNET_RECORD_FRAGMENT, bytes);
	le_put(body, 8, note_sent(r, bytes, now, &s));
	le_put(body + 8, 8, m->id);
	le_put(body + 16, 8, m->start);
	le_put(body + 24, 4, m->len);
	le_put(body + 28, 2, p->index);
	le_put(body + 30, 2, m->service);
	if (m->len)
		memcpy(body + SIGNET_FRAGMENT_HDR_LEN,
		       out_data(r, m) + p->index * SIGNET_FRAGMENT_LEN,
		       fragment_len(m->len, p->index));
	s->id = m->id;
	s->index = p->index;
	if (p->again) {
		bit_clear(m->lost, p->index);
		m->lost_count--;
		r->stats.retransmitted++;
	} else {
		m->next++;
	}
	r->stats.sent++;
	return bytes;
}

static size_t put_probe(struct signet_reliable *r, uint8_t *buf, uint64_t now)
{
	const size_t bytes = SIGNET_RECORD_HDR_LEN + SIGNET_PROBE_LEN;
	struct sent *s;

	put_header(buf, SIGNET_RECORD_PROBE, bytes);
	le_put(buf + SIGNET_RECORD_HDR_LEN, 8, note_sent(r, bytes, now, &s));
	s->probe = true;
	if (r->probe_shift < 16)
		r->probe_shift++;
	return bytes;
}

size_t signet_reliable_next_records(struct signet_reliable *r, uint8_t *buf,
				    size_t cap, uint64_t now)
{
	struct pick p;
	size_t len = 0;
	bool data;

	signet_reliable_timers(r, now);
	data = ready(r, &p) && r->cc.pace_at <= now;
	if (r->ack_at <= now || (data && r->ack_at != NEVER))
		len = signet_reliable_put_ack(
			r, buf, cap,
			data ? ACK_RANGES_SHARED : SIGNET_ACK_RANGES, now);
	while (r->cc.pace_at <= now && ready(r, &p) &&
	       record_len(&p) <= cap - len)
		len += put_fragment(r, &p, buf + len, now);
	if (probing(r) && r->probe_at <= now &&
	    cap - len >= SIGNET_RECORD_HDR_LEN + SIGNET_PROBE_LEN)
		len += put_probe(r, buf + len, now);
	return len;
}

uint64_t signet_reliable_deadline(const struct signet_reliable *r)
{
	uint64_t at = min64(r->ack_at, signet_reliable_timers_at(r));
	struct pick p;

	if (ready(r, &p))
		at = min64(at, r->cc.pace_at);
	else if (probing(r))
		at = min64(at, r->probe_at);
	return at;
}
