/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reliable messages: byte strings of up to 256 KiB, carried by the records of
 * message frames over a path that loses, repeats and reorders. Frames are
 * authentic and free of replays before they get here; the peer may still be
 * hostile.
 *
 * One engine serves both directions of one channel, from the channel's first
 * handshake to its end (rekeys included); a new channel takes a new engine on
 * both sides. It does no I/O, allocates nothing and asks nobody for the time.
 *
 * Promises: a message arrives whole and unchanged, at most once. Messages are
 * delivered in the order in which they become complete, so that a small one
 * does not wait behind a large one; messages of service 0 overtake the rest.
 * Who needs an order sends one message at a time or numbers them. A message is
 * reported as sent when the peer's engine holds all of it. When nothing at all
 * is acknowledged for SIGNET_RELIABLE_GIVE_UP while something is outstanding,
 * the engine fails: every outstanding message is reported with -ETIMEDOUT (it
 * may have arrived), and signet_reliable_send() refuses from then on.
 *
 * The records (integers little-endian)
 *
 * Each direction numbers its messages from 0, and lays them end to end in an
 * imaginary stream: a message starts where the one before it ended. Fragments
 * are SIGNET_FRAGMENT_LEN long, the last one is what remains; an empty message
 * has one empty fragment. Every fragment and probe that is sent takes the next
 * transmission number, from 0, also when it repeats an earlier fragment: so
 * acknowledgements are never ambiguous.
 *
 * SIGNET_RECORD_FRAGMENT
 *	offset  size  field
 *	0       8     transmission number
 *	8       8     message id
 *	16      8     where the message starts in the stream
 *	24      4     length of the message
 *	28      2     index of the fragment
 *	30      2     service
 *	32      n     data: 1024 bytes, or what remains for the last fragment
 *
 * SIGNET_RECORD_ACK
 *	offset  size  field
 *	0       8     largest transmission number received
 *	8       4     microseconds since that arrived, at most 2^32 - 1
 *	12      8     byte credit: the stream may be sent up to here
 *	20      8     message credit: ids below this may be sent
 *	28      4 n   n ranges, 1 to 32, from the newest to the oldest
 *
 * A range is a gap (2 bytes) and a run (2 bytes). The first range's gap is 0 and
 * its top is the largest number; another's top lies gap + 1 below the bottom
 * of the range before it (gap numbers, at least 1, are missing between).
 * A range holds its top and the run numbers below it. Old ranges may be left
 * out. Credits never shrink: of two acknowledgements, the larger credit holds.
 * Before the first one, SIGNET_RELIABLE_FIRST_BYTES and _FIRST_MESSAGES apply.
 *
 * SIGNET_RECORD_PROBE
 *	offset  size  field
 *	0       8     transmission number
 *
 * Sent when there is data but no credit, since the acknowledgement that gave
 * some may have been lost.
 *
 * Refused with -EPROTO (the caller closes the channel): lengths or indexes
 * that don't fit each other; a message longer than agreed; anything beyond
 * the credit; a message whose start, length or service changes, or that
 * overlaps or leaves a gap to its neighbour; a transmission number more than
 * SIGNET_RELIABLE_NUMBER_JUMP ahead; acknowledgement of a number never sent.
 *
 * Congestion control (RFC 8085, 3.1.1): NewReno (RFC 5681, RFC 6582) counted
 * in bytes, paced, bursts of at most 10 fragments, initial window of 10
 * (RFC 6928). Loss is a fragment that is still not acknowledged a reordering
 * time (an eighth of a round trip, growing to a whole one where losses turn
 * out to be false; RFC 8985) after a later one was. Retransmission timer of
 * RFC 6298 with 200 ms for the least and doubling up to 3 s: so one datagram
 * in 3 s on a path that passes nothing.
 */
#ifndef SIGNET_CORE_RELIABLE_H
#define SIGNET_CORE_RELIABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/core/record.h>

#pragma GCC visibility push(default)

#define SIGNET_RELIABLE_MESSAGE_MAX (256 * 1024)
#define SIGNET_FRAGMENT_LEN	    1024
#define SIGNET_FRAGMENT_HDR_LEN	    32
#define SIGNET_ACK_HDR_LEN	    28
#define SIGNET_ACK_RANGES	    32
#define SIGNET_PROBE_LEN	    8

/* Credit that both sides assume before the first acknowledgement. */
#define SIGNET_RELIABLE_FIRST_BYTES    (16 * 1024)
#define SIGNET_RELIABLE_FIRST_MESSAGES 16
#define SIGNET_RELIABLE_NUMBER_JUMP    65536

/* Nanoseconds without any acknowledgement after which an engine fails. */
#define SIGNET_RELIABLE_GIVE_UP 60000000000ULL

/* Space that the next fragment may need; offer at least this much. */
#define SIGNET_RELIABLE_SPACE \
	(SIGNET_RECORD_HDR_LEN + SIGNET_FRAGMENT_HDR_LEN + SIGNET_FRAGMENT_LEN)

/* Services. */
#define SIGNET_SERVICE_CONTROL 0

/**
 * struct signet_reliable_limits - what bounds an engine's memory
 * @send_max: longest message to send: what the peer accepts, as agreed in the
 *	      handshake
 * @recv_max: longest message to accept
 * @send_bytes: total of messages waiting to be acknowledged; at least
 *		@send_max
 * @recv_bytes: total of messages being received or not yet released; at least
 *		@recv_max and SIGNET_RELIABLE_FIRST_BYTES
 * @send_messages: messages waiting to be acknowledged or whose fate was not
 *		   yet fetched with signet_reliable_poll_sent(); 1 to 1024
 * @recv_messages: messages being received or not yet released;
 *		   SIGNET_RELIABLE_FIRST_MESSAGES to 1024
 *
 * An engine takes @send_bytes + @send_max + @recv_bytes + @recv_max, 104 bytes
 * for each of @send_messages, 72 for each of @recv_messages, and 13 KiB: with
 * SIGNET_RELIABLE_LIMITS 1.02 MiB, with SIGNET_RELIABLE_SMALL 56 KiB. A channel
 * that sends and receives no messages needs no engine: make it when the first
 * one is to be sent or the first fragment arrives.
 */
struct signet_reliable_limits {
	uint32_t send_max;
	uint32_t recv_max;
	uint32_t send_bytes;
	uint32_t recv_bytes;
	uint16_t send_messages;
	uint16_t recv_messages;
};

#define SIGNET_RELIABLE_LIMITS                             \
	((struct signet_reliable_limits){                  \
		.send_max = SIGNET_RELIABLE_MESSAGE_MAX,   \
		.recv_max = SIGNET_RELIABLE_MESSAGE_MAX,   \
		.send_bytes = SIGNET_RELIABLE_MESSAGE_MAX, \
		.recv_bytes = SIGNET_RELIABLE_MESSAGE_MAX, \
		.send_messages = 64,                       \
		.recv_messages = 64,                       \
	})

/* For control messages and small devices: messages of up to 4 KiB. */
#define SIGNET_RELIABLE_SMALL             \
	((struct signet_reliable_limits){ \
		.send_max = 4096,         \
		.recv_max = 4096,         \
		.send_bytes = 16384,      \
		.recv_bytes = 16384,      \
		.send_messages = 16,      \
		.recv_messages = 16,      \
	})

struct signet_reliable;

/**
 * signet_reliable_size() - bytes that an engine with these limits takes
 * Return: the size, 0 if the limits are not allowed.
 */
size_t signet_reliable_size(const struct signet_reliable_limits *limits);

/**
 * signet_reliable_init() - make an engine
 * @mem: the caller's memory, aligned for any type; holds messages in the
 *	 clear, so wipe it with sodium_memzero() at the end
 * @size: its size, at least signet_reliable_size()
 * @limits: see there
 * @r: receives the engine, which lies in @mem
 *
 * Return: 0, -EINVAL for limits that are not allowed or an unaligned @mem,
 * -ENOSPC if @size is too small.
 */
int signet_reliable_init(void *mem, size_t size,
			 const struct signet_reliable_limits *limits,
			 struct signet_reliable **r);

/**
 * signet_reliable_send() - take a message to be sent
 * @r: engine
 * @service: whom it is for
 * @data: copied
 * @len: 0 to send_max
 * @now: nanoseconds, never going back
 * @id: receives the message's number; may be NULL
 *
 * Return: 0; -EMSGSIZE; -EAGAIN while full (see signet_reliable_poll_sent());
 * -ETIMEDOUT once the engine has failed.
 */
int signet_reliable_send(struct signet_reliable *r, uint16_t service,
			 const void *data, size_t len, uint64_t now,
			 uint64_t *id);

/**
 * signet_reliable_poll_sent() - what became of a message that was sent
 * @r: engine
 * @id: receives its number
 * @result: receives 0 when the peer has all of it, -ETIMEDOUT when given up
 *
 * Must be called until it returns false, after records were received and after
 * signet_reliable_next_records(): a message takes its place among
 * send_messages until its fate was fetched.
 */
bool signet_reliable_poll_sent(struct signet_reliable *r, uint64_t *id,
			       int *result);

/**
 * signet_reliable_receive_record() - take a record that arrived
 * @r: engine
 * @kind: SIGNET_RECORD_FRAGMENT, _ACK or _PROBE
 * @body: its body
 * @len: length of the body
 * @now: nanoseconds
 *
 * Return: 0; -EPROTO if the peer breaks the protocol (nothing was changed; close
 * the channel); -EINVAL for another kind.
 */
int signet_reliable_receive_record(struct signet_reliable *r, uint8_t kind,
				   const uint8_t *body, size_t len,
				   uint64_t now);

/**
 * signet_reliable_next_records() - fill a message frame, and run the timers
 * @r: engine
 * @buf: where to write records (the frame's other records may precede it)
 * @cap: space there; at least SIGNET_RELIABLE_SPACE, or fragments may wait
 * @now: nanoseconds
 *
 * Call after signet_reliable_send(), _receive_record() and _release() and when
 * signet_reliable_deadline() has come; call, and send what it wrote as one
 * frame, until it returns 0. What the caller fails to send counts as lost.
 *
 * Return: bytes written.
 */
size_t signet_reliable_next_records(struct signet_reliable *r, uint8_t *buf,
				    size_t cap, uint64_t now);

/**
 * signet_reliable_deadline() - when signet_reliable_next_records() wants to be
 * called next
 * Return: nanoseconds (in the past if at once), UINT64_MAX if idle.
 */
uint64_t signet_reliable_deadline(const struct signet_reliable *r);

/**
 * struct signet_reliable_message - a message that was received
 * @id: the peer's number for it
 * @service: whom it is for
 * @data: its bytes, in the engine's memory, until released
 * @len: their number
 */
struct signet_reliable_message {
	uint64_t id;
	uint16_t service;
	const uint8_t *data;
	size_t len;
};

/**
 * signet_reliable_poll_message() - fetch the next complete message
 *
 * Each is returned once. Several can be held at a time; what is held uses up
 * the peer's credit.
 *
 * Return: false if there is none.
 */
bool signet_reliable_poll_message(struct signet_reliable *r,
				  struct signet_reliable_message *msg);

/**
 * signet_reliable_release() - give a fetched message's memory back
 * Return: 0, -ENOENT if no such message is held.
 */
int signet_reliable_release(struct signet_reliable *r, uint64_t id,
			    uint64_t now);

/**
 * struct signet_reliable_stats - for status and tests
 * @window: congestion window in bytes
 * @in_flight: bytes sent, neither acknowledged nor held lost
 * @rtt: smoothed round trip in nanoseconds, 0 before the first
 * @sent: fragments sent
 * @retransmitted: of these, repeats
 * @lost: fragments held lost
 * @spurious: of these, acknowledged after all
 * @timeouts: times the retransmission timer ran out
 * @duplicates: fragments received that were there already
 * @waiting: messages sent, not yet acknowledged
 * @failed: the engine has given up
 */
struct signet_reliable_stats {
	uint64_t window;
	uint64_t in_flight;
	uint64_t rtt;
	uint64_t sent;
	uint64_t retransmitted;
	uint64_t lost;
	uint64_t spurious;
	uint64_t timeouts;
	uint64_t duplicates;
	unsigned int waiting;
	bool failed;
};

void signet_reliable_stats(const struct signet_reliable *r,
			   struct signet_reliable_stats *stats);

#pragma GCC visibility pop

#endif
