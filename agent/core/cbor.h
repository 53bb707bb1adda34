/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Deterministic CBOR (RFC 8949 section 4.2.1) over libcbor's streaming decoder
 * and buffer encoders. No allocation.
 *
 * The reader accepts only what the writer would have written: shortest heads,
 * definite lengths, map keys in bytewise order without duplicates, text that
 * is UTF-8. Floats, undefined and other simple values are refused.
 *
 * Errors stick in reader and writer: call after call may follow without a
 * check, and the last call, sg_cbor_end() or sg_cbor_finish(), tells.
 */
#ifndef SG_CORE_CBOR_H
#define SG_CORE_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nesting that sg_cbor_skip() follows. */
#define SG_CBOR_DEPTH_MAX 8

enum sg_cbor_type {
	SG_CBOR_END, /* nothing left, or an error before */
	SG_CBOR_UINT,
	SG_CBOR_NEGINT,
	SG_CBOR_BYTES,
	SG_CBOR_TEXT,
	SG_CBOR_ARRAY,
	SG_CBOR_MAP,
	SG_CBOR_TAG,
	SG_CBOR_BOOL,
	SG_CBOR_NULL,
};

/**
 * struct sg_cbor_reader - reads over a buffer
 * @p: next byte
 * @left: bytes left
 * @err: 0 or -EBADMSG, sticks
 */
struct sg_cbor_reader {
	const uint8_t *p;
	size_t left;
	int err;
};

/** struct sg_cbor_map - place within a map, for the order of its keys */
struct sg_cbor_map {
	size_t left;	    /* pairs left */
	const uint8_t *key; /* last key as encoded */
	size_t key_len;
};

void sg_cbor_read(struct sg_cbor_reader *r, const uint8_t *buf, size_t len);

/** sg_cbor_peek() - type of the next item; takes nothing */
enum sg_cbor_type sg_cbor_peek(const struct sg_cbor_reader *r);

/*
 * Each takes one item of its type. After an error, and where the item is of
 * another type or out of range, they return 0, false or NULL, and the error
 * sticks.
 */
uint64_t sg_cbor_get_uint(struct sg_cbor_reader *r);
/** sg_cbor_get_uint_max() - an unsigned integer no larger than @max */
uint64_t sg_cbor_get_uint_max(struct sg_cbor_reader *r, uint64_t max);
int64_t sg_cbor_get_int(struct sg_cbor_reader *r);
bool sg_cbor_get_bool(struct sg_cbor_reader *r);
void sg_cbor_get_null(struct sg_cbor_reader *r);
uint64_t sg_cbor_get_tag(struct sg_cbor_reader *r);
/** sg_cbor_get_bytes() - a byte string; points into the buffer */
const uint8_t *sg_cbor_get_bytes(struct sg_cbor_reader *r, size_t *len);
/** sg_cbor_get_fixed() - a byte string of exactly @len bytes, copied out */
void sg_cbor_get_fixed(struct sg_cbor_reader *r, uint8_t *out, size_t len);
/** sg_cbor_get_text() - a text string; points into the buffer, no NUL */
const char *sg_cbor_get_text(struct sg_cbor_reader *r, size_t *len);
/** sg_cbor_get_array() - head of an array: number of items that follow */
size_t sg_cbor_get_array(struct sg_cbor_reader *r);

/**
 * sg_cbor_get_map() - head of a map; pairs are taken with sg_cbor_map_next()
 */
void sg_cbor_get_map(struct sg_cbor_reader *r, struct sg_cbor_map *m);

/**
 * sg_cbor_map_next() - take the next key, an integer
 *
 * The caller then takes, or skips, its value. Usual form:
 *	sg_cbor_get_map(&r, &m);
 *	while (sg_cbor_map_next(&r, &m, &key)) {
 *		switch (key) {
 *		case 1: v = sg_cbor_get_uint(&r); break;
 *		default: sg_cbor_skip(&r);
 *		}
 *	}
 * Return: false at the end of the map and after an error.
 */
bool sg_cbor_map_next(struct sg_cbor_reader *r, struct sg_cbor_map *m,
		      int64_t *key);

/** sg_cbor_skip() - take one item of any type, checked, whatever it holds */
void sg_cbor_skip(struct sg_cbor_reader *r);

/** sg_cbor_fail() - mark the input as bad: for a caller's own checks */
void sg_cbor_fail(struct sg_cbor_reader *r);

/** sg_cbor_end() - 0 when all was good and nothing is left, else -EBADMSG */
int sg_cbor_end(struct sg_cbor_reader *r);

/**
 * struct sg_cbor_writer - writes into a buffer
 * @buf: start
 * @cap: size
 * @len: bytes written
 * @err: 0 or -ENOBUFS, sticks
 */
struct sg_cbor_writer {
	uint8_t *buf;
	size_t cap;
	size_t len;
	int err;
};

/* The caller writes map keys in order: 0, 1, 2 ... then -1, -2 ... */
void sg_cbor_write(struct sg_cbor_writer *w, uint8_t *buf, size_t cap);
void sg_cbor_put_uint(struct sg_cbor_writer *w, uint64_t v);
void sg_cbor_put_int(struct sg_cbor_writer *w, int64_t v);
void sg_cbor_put_bool(struct sg_cbor_writer *w, bool v);
void sg_cbor_put_null(struct sg_cbor_writer *w);
void sg_cbor_put_tag(struct sg_cbor_writer *w, uint64_t tag);
void sg_cbor_put_bytes(struct sg_cbor_writer *w, const void *p, size_t len);
void sg_cbor_put_text(struct sg_cbor_writer *w, const char *s);
void sg_cbor_put_array(struct sg_cbor_writer *w, size_t items);
void sg_cbor_put_map(struct sg_cbor_writer *w, size_t pairs);
/** sg_cbor_put_raw() - bytes that are encoded already */
void sg_cbor_put_raw(struct sg_cbor_writer *w, const void *p, size_t len);
/** sg_cbor_finish() - 0 with the length in @len, or -ENOBUFS */
int sg_cbor_finish(const struct sg_cbor_writer *w, size_t *len);

#endif
