/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records: what the plaintext of a message frame is made of. A record is
 *
 *	offset  size  field
 *	0       1     kind      enum signet_record_kind
 *	1       1     zero
 *	2       2     length    of the body, little-endian
 *	4       n     body
 *
 * and records follow each other without gaps. Kind 0 ends them: it and every
 * byte after it are zero, up to the end of the plaintext, whose length is a
 * multiple of SIGNET_MESSAGE_PAD. A plaintext that is full to the last byte
 * has no record of kind 0; one to three bytes left over are zero.
 */
#ifndef SIGNET_CORE_RECORD_H
#define SIGNET_CORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <signet/wire.h>

#pragma GCC visibility push(default)

#define SIGNET_RECORD_HDR_LEN 4
/* Plaintext of the longest message frame. */
#define SIGNET_RECORDS_MAX    (SIGNET_MESSAGE_MAX - SIGNET_FRAME_OVERHEAD)

/**
 * enum signet_record_kind - kinds of records and their bodies
 * @SIGNET_RECORD_END: no more records; only zero bytes follow
 * @SIGNET_RECORD_PING: 8 byte id, then any bytes that the sender likes
 * @SIGNET_RECORD_PONG: the body of the ping that it answers
 * @SIGNET_RECORD_CHALLENGE: 8 random bytes, sent to an address to be proved
 * @SIGNET_RECORD_ECHO: the 8 bytes of the challenge that it answers
 * @SIGNET_RECORD_CLOSE: 1 byte, the reason
 * @SIGNET_RECORD_REKEY_REQUEST: first Noise message of a rekey; not empty
 * @SIGNET_RECORD_REKEY_RESPONSE: second Noise message of a rekey; not empty
 * @SIGNET_RECORD_FRAGMENT: part of a reliable message, see reliable.h
 * @SIGNET_RECORD_ACK: acknowledgement of fragments and probes, see reliable.h
 * @SIGNET_RECORD_PROBE: asks for an acknowledgement, see reliable.h
 * @SIGNET_RECORD_HELLO: what the responder says of itself when pairing is
 *	complete: a CBOR array of its name and its inner addresses
 *
 * A receiver skips a kind that it does not know.
 */
enum signet_record_kind {
	SIGNET_RECORD_END = 0,
	SIGNET_RECORD_PING = 1,
	SIGNET_RECORD_PONG = 2,
	SIGNET_RECORD_CHALLENGE = 3,
	SIGNET_RECORD_ECHO = 4,
	SIGNET_RECORD_CLOSE = 5,
	SIGNET_RECORD_REKEY_REQUEST = 6,
	SIGNET_RECORD_REKEY_RESPONSE = 7,
	SIGNET_RECORD_FRAGMENT = 8,
	SIGNET_RECORD_ACK = 9,
	SIGNET_RECORD_PROBE = 10,
	SIGNET_RECORD_HELLO = 11,
	SIGNET_RECORD_KNOWN = SIGNET_RECORD_HELLO,
};

#define SIGNET_PING_ID_LEN   8
#define SIGNET_CHALLENGE_LEN 8

/**
 * struct signet_record_writer - a plaintext under construction
 * @buf: the caller's buffer; the plaintext starts at its first byte
 * @cap: usable bytes, a multiple of SIGNET_MESSAGE_PAD
 * @len: bytes written
 *
 * A caller that fills @buf + @len by other means (signet_reliable_next_records)
 * adds what it wrote to @len.
 */
struct signet_record_writer {
	uint8_t *buf;
	size_t cap;
	size_t len;
};

/**
 * signet_record_writer_init() - start a plaintext
 * @w: writer
 * @buf: where to write
 * @cap: its size; rounded down to a multiple of SIGNET_MESSAGE_PAD and to
 *	 SIGNET_RECORDS_MAX
 */
void signet_record_writer_init(struct signet_record_writer *w, uint8_t *buf,
			       size_t cap);

/** signet_record_space() - the longest body that still fits; 0 if none */
size_t signet_record_space(const struct signet_record_writer *w);

/**
 * signet_record_reserve() - append a record's header, leave the body to write
 * @w: writer
 * @kind: not SIGNET_RECORD_END
 * @len: length of the body
 *
 * Return: where the body goes (@len bytes, uninitialised), NULL if it does
 * not fit or @kind is SIGNET_RECORD_END.
 */
uint8_t *signet_record_reserve(struct signet_record_writer *w, uint8_t kind,
			       size_t len);

/**
 * signet_record_add() - append a record
 * @w: writer
 * @kind: not SIGNET_RECORD_END
 * @body: its bytes; may be NULL if @len is 0
 * @len: their number
 *
 * Return: 0, -ENOSPC if it does not fit, -EINVAL for SIGNET_RECORD_END.
 */
int signet_record_add(struct signet_record_writer *w, uint8_t kind,
		      const void *body, size_t len);

/**
 * signet_record_finish() - pad with zeros to a multiple of SIGNET_MESSAGE_PAD
 * @w: writer
 *
 * Return: the plaintext's length, at least SIGNET_MESSAGE_PAD unless the
 * buffer was smaller than that (then 0). Can be called more than once.
 */
size_t signet_record_finish(struct signet_record_writer *w);

/**
 * struct signet_record - one record of a plaintext
 * @kind: never SIGNET_RECORD_END
 * @len: length of the body
 * @body: points into the plaintext
 */
struct signet_record {
	uint8_t kind;
	uint16_t len;
	const uint8_t *body;
};

/** struct signet_record_reader - position in a plaintext that is read */
struct signet_record_reader {
	const uint8_t *pos;
	size_t left;
};

/**
 * signet_record_reader_init() - start reading, and check all of it first
 * @r: reader
 * @buf: plaintext of a message frame
 * @len: its length
 *
 * Looks through the whole plaintext, so that nobody acts on the first half of
 * one whose second half is malformed.
 *
 * Return: 0, or -EBADMSG: length not a multiple of SIGNET_MESSAGE_PAD, zero or
 * above SIGNET_RECORDS_MAX; second byte of a header not zero; a record longer
 * than what is left; padding not zero; a body of a length that its kind does
 * not allow. The reader is then at its end.
 */
int signet_record_reader_init(struct signet_record_reader *r,
			      const uint8_t *buf, size_t len);

/**
 * signet_record_next() - read the next record
 * @r: reader
 * @rec: receives it
 *
 * Return: 1 for a record, 0 at the end, -EBADMSG as above (not after
 * signet_record_reader_init() returned 0).
 */
int signet_record_next(struct signet_record_reader *r,
		       struct signet_record *rec);

#pragma GCC visibility pop

#endif
