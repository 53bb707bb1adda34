/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the reliable messages share. reliable.c has the engine's
 * memory, reliable_send.c messages and records on their way out,
 * reliable_loss.c acknowledgements that arrive and timers, reliable_cc.c round
 * trips and the congestion window, reliable_recv.c messages that arrive and
 * acknowledgements of them.
 */
#ifndef SIGNET_RELIABLE_INTERNAL_H
#define SIGNET_RELIABLE_INTERNAL_H

#include <signet/core/reliable.h>

#define NEVER UINT64_MAX
#define MSEC  1000000ULL

/* Transmissions remembered at a time; a power of two. */
#define SENT_RING     512
#define MAX_FRAGMENTS (SIGNET_RELIABLE_MESSAGE_MAX / SIGNET_FRAGMENT_LEN)

#define MSS	     ((uint64_t)SIGNET_RELIABLE_SPACE)
#define WINDOW_FIRST (10 * MSS)
#define WINDOW_MIN   (2 * MSS)
#define WINDOW_MAX   (SENT_RING * MSS)
#define BURST	     (10 * MSS)

#define RTO_FIRST     (1000 * MSEC)
#define RTO_MIN	      (200 * MSEC)
#define RTO_MAX	      (3000 * MSEC)
#define GRANULARITY   MSEC
#define ACK_DELAY     (25 * MSEC)
#define ACK_EVERY     2
#define REORDER_MAX   8
/* Timeouts in a row before giving up: a sleep alone proves nothing. */
#define GIVE_UP_TRIES 4

/* Ranges of an acknowledgement that shares its frame with a fragment. */
#define ACK_RANGES_SHARED 15

_Static_assert(SIGNET_RECORDS_MAX >=
		       SIGNET_RELIABLE_SPACE + SIGNET_RECORD_HDR_LEN +
			       SIGNET_ACK_HDR_LEN + 4 * ACK_RANGES_SHARED,
	       "a fragment and an acknowledgement share a frame");
_Static_assert(MAX_FRAGMENTS <= UINT16_MAX, "indexes fit 16 bits");

enum sent_state {
	SENT_NONE,
	SENT_FLIGHT,
	SENT_LOST,
	SENT_EXPIRED,
	SENT_ACKED,
};

/* One transmission, at its number modulo SENT_RING. */
struct sent {
	uint64_t time;
	uint64_t id;
	uint16_t index;
	uint16_t bytes;
	uint8_t state; /* SENT_EXPIRED: lost by timeout */
	bool probe;
};

enum out_state {
	OUT_FREE,
	OUT_OPEN,
	OUT_DONE,
};

/* A message on its way out, at its id modulo send_messages. */
struct out {
	uint64_t id;
	uint64_t start;
	uint32_t len;
	int result;
	uint16_t fragments;
	uint16_t next;
	uint16_t acked_count;
	uint16_t lost_count;
	uint16_t service;
	uint8_t state;
	uint8_t acked[MAX_FRAGMENTS / 8];
	uint8_t lost[MAX_FRAGMENTS / 8];
};

enum in_state {
	IN_EMPTY,
	IN_PARTIAL,
	IN_COMPLETE,
	IN_HELD,
	IN_RELEASED,
};

/* A message on its way in, at its id modulo recv_messages. */
struct in {
	uint64_t id;
	uint64_t start;
	uint64_t order;
	uint32_t len;
	uint16_t fragments;
	uint16_t have_count;
	uint16_t service;
	uint8_t state;
	uint8_t have[MAX_FRAGMENTS / 8];
};

struct range {
	uint64_t high;
	uint64_t low;
};

/* Congestion control and round trips. */
struct cc {
	uint64_t window;
	uint64_t threshold;
	uint64_t partial;
	uint64_t recovery;
	uint64_t in_flight;
	uint64_t srtt;
	uint64_t rttvar;
	uint64_t latest;
	uint64_t pace_at;
	unsigned int backoff;
	unsigned int reorder;
};

struct signet_reliable {
	struct signet_reliable_limits limits;
	struct signet_reliable_stats stats;

	/* Out: messages [first_id, next_id), data from [floor, end). */
	struct cc cc;
	struct sent *sent;
	struct out *out;
	uint8_t *out_buf;
	uint64_t first_id;
	uint64_t open_id;
	uint64_t next_id;
	uint64_t end;
	uint64_t credit_bytes;
	uint64_t credit_messages;
	uint64_t next_number;
	uint64_t oldest_flight;
	uint64_t largest_acked;
	uint64_t rto_base;
	uint64_t loss_at;
	uint64_t probe_at;
	uint64_t heard;
	unsigned int probe_shift;
	bool any_acked;
	bool failed;

	/* In: messages [base_id, base_id + recv_messages). */
	struct in *in;
	uint8_t *in_buf;
	uint64_t base_id;
	uint64_t base;
	uint64_t completed;
	uint64_t largest_time;
	uint64_t ack_at;
	unsigned int unacked;
	unsigned int ranges;
	struct range range[SIGNET_ACK_RANGES];
};

static inline bool bit_get(const uint8_t *map, unsigned int i)
{
	return map[i / 8] >> i % 8 & 1;
}

static inline void bit_set(uint8_t *map, unsigned int i)
{
	map[i / 8] |= 1u << i % 8;
}

static inline void bit_clear(uint8_t *map, unsigned int i)
{
	map[i / 8] &= ~(1u << i % 8);
}

static inline uint64_t le_get(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static inline void le_put(uint8_t *p, unsigned int bytes, uint64_t v)
{
	for (; bytes--; v >>= 8)
		*p++ = v & 0xff;
}

static inline uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline unsigned int fragments_of(uint32_t len)
{
	return len ? (len + SIGNET_FRAGMENT_LEN - 1) / SIGNET_FRAGMENT_LEN : 1;
}

/* Length of fragment @index of a message of @len bytes. */
static inline uint32_t fragment_len(uint32_t len, unsigned int index)
{
	uint32_t left = len - index * SIGNET_FRAGMENT_LEN;

	return left < SIGNET_FRAGMENT_LEN ? left : SIGNET_FRAGMENT_LEN;
}

static inline struct sent *sent_at(const struct signet_reliable *r, uint64_t n)
{
	return &r->sent[n % SENT_RING];
}

static inline struct out *out_at(const struct signet_reliable *r, uint64_t id)
{
	return &r->out[id % r->limits.send_messages];
}

static inline struct in *in_at(const struct signet_reliable *r, uint64_t id)
{
	return &r->in[id % r->limits.recv_messages];
}

/* Where data of the stream lie; a message runs on beyond the ring's end. */
static inline uint8_t *out_data(const struct signet_reliable *r,
				const struct out *m)
{
	return r->out_buf + m->start % r->limits.send_bytes;
}

static inline uint8_t *in_data(const struct signet_reliable *r,
			       const struct in *m)
{
	return r->in_buf + m->start % r->limits.recv_bytes;
}

/* reliable_cc.c */
void signet_cc_init(struct cc *cc);
void signet_cc_sent(struct cc *cc, uint64_t bytes, uint64_t now);
void signet_cc_idle(struct cc *cc);
void signet_cc_rtt(struct cc *cc, uint64_t sample, uint64_t delay);
void signet_cc_acked(struct cc *cc, uint64_t bytes, uint64_t flight);
void signet_cc_lost(struct cc *cc, uint64_t number, uint64_t next_number);
void signet_cc_timeout(struct cc *cc, uint64_t next_number);
bool signet_cc_room(const struct cc *cc, uint64_t bytes);
uint64_t signet_cc_rto(const struct cc *cc, unsigned int backoff);
uint64_t signet_cc_loss_delay(const struct cc *cc);

/* reliable_loss.c */
int signet_reliable_take_ack(struct signet_reliable *r, const uint8_t *body,
			     size_t len, uint64_t now);
void signet_reliable_timers(struct signet_reliable *r, uint64_t now);
uint64_t signet_reliable_timers_at(const struct signet_reliable *r);

/* reliable_send.c */
void signet_out_acked(struct signet_reliable *r, const struct sent *s);
void signet_out_lost(struct signet_reliable *r, const struct sent *s);
void signet_out_fail(struct signet_reliable *r);

static inline bool signet_out_waiting(const struct signet_reliable *r)
{
	return r->open_id < r->next_id;
}

/* reliable_recv.c */
int signet_reliable_take_fragment(struct signet_reliable *r,
				  const uint8_t *body, size_t len,
				  uint64_t now);
int signet_reliable_take_probe(struct signet_reliable *r, const uint8_t *body,
			       size_t len, uint64_t now);
size_t signet_reliable_put_ack(struct signet_reliable *r, uint8_t *buf,
			       size_t cap, unsigned int max_ranges,
			       uint64_t now);

#endif
