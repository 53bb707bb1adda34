// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "core/cbor.h"

#include <cbor.h>
#include <errno.h>
#include <string.h>

void sg_cbor_write(struct sg_cbor_writer *w, uint8_t *buf, size_t cap)
{
	*w = (struct sg_cbor_writer){ .buf = buf, .cap = cap };
}

/* The encoders return 0 where the buffer is too small. */
static void advance(struct sg_cbor_writer *w, size_t n)
{
	if (n)
		w->len += n;
	else
		w->err = -ENOBUFS;
}

#define PUT(w, encoder, value)                                         \
	do {                                                           \
		if (!(w)->err)                                         \
			advance(w, encoder(value, (w)->buf + (w)->len, \
					   (w)->cap - (w)->len));      \
	} while (0)

void sg_cbor_put_uint(struct sg_cbor_writer *w, uint64_t v)
{
	PUT(w, cbor_encode_uint, v);
}

void sg_cbor_put_int(struct sg_cbor_writer *w, int64_t v)
{
	if (v >= 0)
		PUT(w, cbor_encode_uint, (uint64_t)v);
	else
		PUT(w, cbor_encode_negint, (uint64_t)(-1 - v));
}

void sg_cbor_put_bool(struct sg_cbor_writer *w, bool v)
{
	PUT(w, cbor_encode_bool, v);
}

void sg_cbor_put_null(struct sg_cbor_writer *w)
{
	if (!w->err)
		advance(w, cbor_encode_null(w->buf + w->len, w->cap - w->len));
}

void sg_cbor_put_tag(struct sg_cbor_writer *w, uint64_t tag)
{
	PUT(w, cbor_encode_tag, tag);
}

void sg_cbor_put_raw(struct sg_cbor_writer *w, const void *p, size_t len)
{
	if (w->err)
		return;
	if (len > w->cap - w->len) {
		w->err = -ENOBUFS;
		return;
	}
	if (len)
		memcpy(w->buf + w->len, p, len);
	w->len += len;
}

void sg_cbor_put_bytes(struct sg_cbor_writer *w, const void *p, size_t len)
{
	PUT(w, cbor_encode_bytestring_start, len);
	sg_cbor_put_raw(w, p, len);
}

void sg_cbor_put_text(struct sg_cbor_writer *w, const char *s)
{
	size_t len = strlen(s);

	PUT(w, cbor_encode_string_start, len);
	sg_cbor_put_raw(w, s, len);
}

void sg_cbor_put_array(struct sg_cbor_writer *w, size_t items)
{
	PUT(w, cbor_encode_array_start, items);
}

void sg_cbor_put_map(struct sg_cbor_writer *w, size_t pairs)
{
	PUT(w, cbor_encode_map_start, pairs);
}

int sg_cbor_finish(const struct sg_cbor_writer *w, size_t *len)
{
	*len = w->err ? 0 : w->len;
	return w->err;
}
