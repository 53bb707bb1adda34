// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An engine of reliable messages: its memory, and what goes in. */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "core/reliable_internal.h"

#define RING_MAX     (16u * 1024 * 1024)
#define MESSAGES_MAX 1024

/* Offsets of the parts of an engine's memory. */
struct layout {
	size_t sent, out, in, out_buf, in_buf, size;
};

static size_t align_up(size_t n)
{
	return (n + alignof(max_align_t) - 1) / alignof(max_align_t) *
	       alignof(max_align_t);
}

static bool ring_ok(uint32_t max, uint32_t bytes)
{
	return max && max <= SIGNET_RELIABLE_MESSAGE_MAX && bytes >= max &&
	       bytes <= RING_MAX;
}

static bool limits_ok(const struct signet_reliable_limits *l)
{
	return ring_ok(l->send_max, l->send_bytes) &&
	       ring_ok(l->recv_max, l->recv_bytes) &&
	       l->recv_bytes >= SIGNET_RELIABLE_FIRST_BYTES &&
	       l->send_messages && l->send_messages <= MESSAGES_MAX &&
	       l->recv_messages >= SIGNET_RELIABLE_FIRST_MESSAGES &&
	       l->recv_messages <= MESSAGES_MAX;
}

static void lay_out(const struct signet_reliable_limits *l, struct layout *at)
{
	at->sent = align_up(sizeof(struct signet_reliable));
	at->out = align_up(at->sent + SENT_RING * sizeof(struct sent));
	at->in = align_up(at->out + l->send_messages * sizeof(struct out));
	at->out_buf = align_up(at->in + l->recv_messages * sizeof(struct in));
	at->in_buf = at->out_buf + l->send_bytes + l->send_max;
	at->size = align_up(at->in_buf + l->recv_bytes + l->recv_max);
}

size_t signet_reliable_size(const struct signet_reliable_limits *limits)
{
	struct layout at;

	if (!limits_ok(limits))
		return 0;
	lay_out(limits, &at);
	return at.size;
}

int signet_reliable_init(void *mem, size_t size,
			 const struct signet_reliable_limits *limits,
			 struct signet_reliable **engine)
{
	struct signet_reliable *r = mem;
	uint8_t *base = mem;
	struct layout at;

	if (!limits_ok(limits) || (uintptr_t)mem % alignof(max_align_t))
		return -EINVAL;
	lay_out(limits, &at);
	if (size < at.size)
		return -ENOSPC;
	/* The buffers of data need no clearing. */
	memset(mem, 0, at.out_buf);
	r->limits = *limits;
	r->sent = (struct sent *)(base + at.sent);
	r->out = (struct out *)(base + at.out);
	r->in = (struct in *)(base + at.in);
	r->out_buf = base + at.out_buf;
	r->in_buf = base + at.in_buf;
	r->credit_bytes = SIGNET_RELIABLE_FIRST_BYTES;
	r->credit_messages = SIGNET_RELIABLE_FIRST_MESSAGES;
	r->loss_at = NEVER;
	r->ack_at = NEVER;
	signet_cc_init(&r->cc);
	*engine = r;
	return 0;
}

int signet_reliable_receive_record(struct signet_reliable *r, uint8_t kind,
				   const uint8_t *body, size_t len,
				   uint64_t now)
{
	switch (kind) {
	case SIGNET_RECORD_FRAGMENT:
		return signet_reliable_take_fragment(r, body, len, now);
	case SIGNET_RECORD_ACK:
		return signet_reliable_take_ack(r, body, len, now);
	case SIGNET_RECORD_PROBE:
		return signet_reliable_take_probe(r, body, len, now);
	default:
		return -EINVAL;
	}
}

void signet_reliable_stats(const struct signet_reliable *r,
			   struct signet_reliable_stats *stats)
{
	uint64_t id;

	*stats = r->stats;
	stats->window = r->cc.window;
	stats->in_flight = r->cc.in_flight;
	stats->rtt = r->cc.srtt;
	stats->failed = r->failed;
	for (id = r->open_id; id < r->next_id; id++)
		stats->waiting += out_at(r, id)->state == OUT_OPEN;
}
