// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reliable messages that arrive, and the acknowledgements of them. */
#include <errno.h>
#include <string.h>

#include "core/reliable_internal.h"

struct fragment {
	uint64_t number;
	uint64_t id;
	uint64_t start;
	uint32_t len;
	uint16_t index;
	uint16_t service;
	const uint8_t *data;
	uint32_t data_len;
};

static bool number_ok(const struct signet_reliable *r, uint64_t number)
{
	uint64_t largest = r->ranges ? r->range[0].high : 0;

	return number <= largest ||
	       number - largest <= SIGNET_RELIABLE_NUMBER_JUMP;
}

static void drop_range(struct signet_reliable *r, unsigned int i)
{
	r->ranges--;
	memmove(&r->range[i], &r->range[i + 1],
		(r->ranges - i) * sizeof(r->range[0]));
}

static void add_range(struct signet_reliable *r, unsigned int i,
		      uint64_t number)
{
	if (i == SIGNET_ACK_RANGES)
		return;
	if (r->ranges == SIGNET_ACK_RANGES)
		r->ranges--;
	memmove(&r->range[i + 1], &r->range[i],
		(r->ranges - i) * sizeof(r->range[0]));
	r->range[i] = (struct range){ number, number };
	r->ranges++;
}

/* Ranges go from the newest to the oldest and never touch. */
static void note_number(struct signet_reliable *r, uint64_t number)
{
	unsigned int i = 0;

	while (i < r->ranges && number + 1 < r->range[i].low)
		i++;
	if (i == r->ranges || number > r->range[i].high + 1) {
		add_range(r, i, number);
	} else if (number == r->range[i].high + 1) {
		r->range[i].high = number;
	} else if (number + 1 == r->range[i].low) {
		r->range[i].low = number;
		if (i + 1 < r->ranges && r->range[i + 1].high + 1 == number) {
			r->range[i].low = r->range[i + 1].low;
			drop_range(r, i + 1);
		}
	}
}

static void want_ack(struct signet_reliable *r, uint64_t at)
{
	r->ack_at = min64(r->ack_at, at);
}

static void arrived(struct signet_reliable *r, uint64_t number, bool at_once,
		    uint64_t now)
{
	bool newest = !r->ranges || number > r->range[0].high;
	bool next = r->ranges ? number == r->range[0].high + 1 : !number;

	note_number(r, number);
	if (newest)
		r->largest_time = now;
	if (at_once || !next || ++r->unacked >= ACK_EVERY)
		want_ack(r, now);
	else
		want_ack(r, now + ACK_DELAY);
}

static int parse_fragment(const struct signet_reliable *r, const uint8_t *body,
			  size_t len, struct fragment *f)
{
	if (len < SIGNET_FRAGMENT_HDR_LEN)
		return -EPROTO;
	f->number = le_get(body, 8);
	f->id = le_get(body + 8, 8);
	f->start = le_get(body + 16, 8);
	f->len = le_get(body + 24, 4);
	f->index = le_get(body + 28, 2);
	f->service = le_get(body + 30, 2);
	f->data = body + SIGNET_FRAGMENT_HDR_LEN;
	f->data_len = len - SIGNET_FRAGMENT_HDR_LEN;
	if (!number_ok(r, f->number) || f->len > r->limits.recv_max ||
	    f->index >= fragments_of(f->len) ||
	    f->data_len != fragment_len(f->len, f->index))
		return -EPROTO;
	return 0;
}

/*
 * Messages lie end to end in the order of their ids. Whatever the peer says,
 * no two of them may share bytes of the ring.
 */
static bool fits_neighbours(const struct signet_reliable *r,
			    const struct fragment *f)
{
	uint64_t id, end = f->start + f->len;
	const struct in *m;

	if (f->id == r->base_id && f->start != r->base)
		return false;
	for (id = r->base_id; id < r->base_id + r->limits.recv_messages; id++) {
		m = in_at(r, id);
		if (m->state == IN_EMPTY)
			continue;
		if (id < f->id && m->start + m->len > f->start)
			return false;
		if (id + 1 == f->id && m->start + m->len != f->start)
			return false;
		if (id > f->id && end > m->start)
			return false;
		if (id == f->id + 1 && end != m->start)
			return false;
	}
	return true;
}

/* Return: 0 if the fragment's message may be written to, else -EPROTO. */
static int check_message(const struct signet_reliable *r,
			 const struct fragment *f)
{
	uint64_t room = r->limits.recv_bytes;
	const struct in *m = in_at(r, f->id);
	uint64_t offset;

	if (f->id - r->base_id >= r->limits.recv_messages ||
	    f->start < r->base || f->start - r->base > room)
		return -EPROTO;
	offset = f->start - r->base + f->index * SIGNET_FRAGMENT_LEN;
	if (offset + f->data_len > room)
		return -EPROTO;
	if (m->state == IN_EMPTY)
		return fits_neighbours(r, f) ? 0 : -EPROTO;
	if (m->start != f->start || m->len != f->len ||
	    m->service != f->service)
		return -EPROTO;
	return 0;
}

/* Return: whether this completed the message. */
static bool store(struct signet_reliable *r, const struct fragment *f)
{
	struct in *m = in_at(r, f->id);

	if (m->state == IN_EMPTY)
		*m = (struct in){
			.id = f->id,
			.start = f->start,
			.len = f->len,
			.service = f->service,
			.fragments = fragments_of(f->len),
			.state = IN_PARTIAL,
		};
	if (bit_get(m->have, f->index)) {
		r->stats.duplicates++;
		return false;
	}
	bit_set(m->have, f->index);
	if (f->data_len)
		memcpy(in_data(r, m) + f->index * SIGNET_FRAGMENT_LEN, f->data,
		       f->data_len);
	if (++m->have_count < m->fragments)
		return false;
	m->state = IN_COMPLETE;
	m->order = r->completed++;
	return true;
}

int signet_reliable_take_fragment(struct signet_reliable *r,
				  const uint8_t *body, size_t len, uint64_t now)
{
	bool complete = false;
	struct fragment f;

	if (parse_fragment(r, body, len, &f))
		return -EPROTO;
	if (f.id < r->base_id)
		r->stats.duplicates++;
	else if (check_message(r, &f))
		return -EPROTO;
	else
		complete = store(r, &f);
	arrived(r, f.number, complete, now);
	return 0;
}

int signet_reliable_take_probe(struct signet_reliable *r, const uint8_t *body,
			       size_t len, uint64_t now)
{
	uint64_t number;

	if (len != SIGNET_PROBE_LEN)
		return -EPROTO;
	number = le_get(body, 8);
	if (!number_ok(r, number))
		return -EPROTO;
	arrived(r, number, true, now);
	return 0;
}

bool signet_reliable_poll_message(struct signet_reliable *r,
				  struct signet_reliable_message *msg)
{
	struct in *m, *first = NULL;
	unsigned int i;

	for (i = 0; i < r->limits.recv_messages; i++) {
		m = &r->in[i];
		if (m->state == IN_COMPLETE &&
		    (!first || m->order < first->order))
			first = m;
	}
	if (!first)
		return false;
	first->state = IN_HELD;
	msg->id = first->id;
	msg->service = first->service;
	msg->data = in_data(r, first);
	msg->len = first->len;
	return true;
}

int signet_reliable_release(struct signet_reliable *r, uint64_t id,
			    uint64_t now)
{
	struct in *m = in_at(r, id);

	if (m->state != IN_HELD || m->id != id)
		return -ENOENT;
	m->state = IN_RELEASED;
	m = in_at(r, r->base_id);
	while (m->state == IN_RELEASED) {
		r->base = m->start + m->len;
		r->base_id++;
		m->state = IN_EMPTY;
		m = in_at(r, r->base_id);
		/* The peer may be waiting for this credit. */
		want_ack(r, now + ACK_DELAY);
	}
	return 0;
}

static unsigned int put_ranges(const struct signet_reliable *r, uint8_t *p,
			       unsigned int max)
{
	uint64_t gap, run, top;
	unsigned int i;

	for (i = 0; i < r->ranges && i < max; i++, p += 4) {
		top = r->range[i].high;
		gap = i ? r->range[i - 1].low - top - 1 : 0;
		run = top - r->range[i].low;
		if (gap > UINT16_MAX)
			break;
		le_put(p, 2, gap);
		le_put(p + 2, 2, min64(run, UINT16_MAX));
		if (run > UINT16_MAX)
			return i + 1;
	}
	return i;
}

/* Return: bytes written, 0 if there is no space. */
size_t signet_reliable_put_ack(struct signet_reliable *r, uint8_t *buf,
			       size_t cap, unsigned int max_ranges,
			       uint64_t now)
{
	const size_t fixed = SIGNET_RECORD_HDR_LEN + SIGNET_ACK_HDR_LEN;
	uint8_t *body = buf + SIGNET_RECORD_HDR_LEN;
	uint64_t delay;
	unsigned int n;

	if (!r->ranges || cap < fixed + 4)
		return 0;
	n = put_ranges(r, body + SIGNET_ACK_HDR_LEN,
		       min64(max_ranges, (cap - fixed) / 4));
	delay = (now - r->largest_time) / 1000;
	buf[0] = SIGNET_RECORD_ACK;
	buf[1] = 0;
	le_put(buf + 2, 2, SIGNET_ACK_HDR_LEN + 4 * n);
	le_put(body, 8, r->range[0].high);
	le_put(body + 8, 4, min64(delay, UINT32_MAX));
	le_put(body + 12, 8, r->base + r->limits.recv_bytes);
	le_put(body + 20, 8, r->base_id + r->limits.recv_messages);
	r->ack_at = NEVER;
	r->unacked = 0;
	return fixed + 4 * n;
}
