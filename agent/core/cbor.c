// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "core/cbor.h"

#include <cbor.h>
#include <errno.h>
#include <string.h>

/* Longest head: its first byte and a 64 bit number. */
#define HEAD_MAX  9
#define MAJOR_TAG 6

/* One decoded head; for strings the content too. */
struct item {
	enum sg_cbor_type type;
	uint64_t value; /* integer, -1 - negint, count, tag, bool */
	const uint8_t *data;
	size_t head_len;
	size_t total; /* head and string content */
};

#define ON_INT(name, ctype, kind)            \
	static void name(void *ctx, ctype v) \
	{                                    \
		struct item *it = ctx;       \
                                             \
		it->type = kind;             \
		it->value = v;               \
	}

ON_INT(on_uint8, uint8_t, SG_CBOR_UINT)
ON_INT(on_uint16, uint16_t, SG_CBOR_UINT)
ON_INT(on_uint32, uint32_t, SG_CBOR_UINT)
ON_INT(on_uint64, uint64_t, SG_CBOR_UINT)
ON_INT(on_negint8, uint8_t, SG_CBOR_NEGINT)
ON_INT(on_negint16, uint16_t, SG_CBOR_NEGINT)
ON_INT(on_negint32, uint32_t, SG_CBOR_NEGINT)
ON_INT(on_negint64, uint64_t, SG_CBOR_NEGINT)
ON_INT(on_array, size_t, SG_CBOR_ARRAY)
ON_INT(on_map, size_t, SG_CBOR_MAP)
ON_INT(on_bool, bool, SG_CBOR_BOOL)

static void on_bytes(void *ctx, cbor_data data, size_t len)
{
	struct item *it = ctx;

	it->type = SG_CBOR_BYTES;
	it->value = len;
	it->data = data;
}

static void on_text(void *ctx, cbor_data data, size_t len)
{
	on_bytes(ctx, data, len);
	((struct item *)ctx)->type = SG_CBOR_TEXT;
}

static void on_null(void *ctx)
{
	((struct item *)ctx)->type = SG_CBOR_NULL;
}

/* What must not occur leaves the item's type at SG_CBOR_END. */
static void on_refused(void *ctx)
{
}

static void on_refused_float(void *ctx, float v)
{
}

static void on_refused_double(void *ctx, double v)
{
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string_start = on_refused,
	.byte_string = on_bytes,
	.string_start = on_refused,
	.string = on_text,
	.indef_array_start = on_refused,
	.array_start = on_array,
	.indef_map_start = on_refused,
	.map_start = on_map,
	.float2 = on_refused_float,
	.float4 = on_refused_float,
	.float8 = on_refused_double,
	.undefined = on_refused,
	.null = on_null,
	.boolean = on_bool,
	.indef_break = on_refused,
};

/* The head as it must be written, so that any other form is refused. */
static size_t encode_head(const struct item *it, uint8_t *out, size_t cap)
{
	switch (it->type) {
	case SG_CBOR_UINT:
		return cbor_encode_uint(it->value, out, cap);
	case SG_CBOR_NEGINT:
		return cbor_encode_negint(it->value, out, cap);
	case SG_CBOR_BYTES:
		return cbor_encode_bytestring_start(it->value, out, cap);
	case SG_CBOR_TEXT:
		return cbor_encode_string_start(it->value, out, cap);
	case SG_CBOR_ARRAY:
		return cbor_encode_array_start(it->value, out, cap);
	case SG_CBOR_MAP:
		return cbor_encode_map_start(it->value, out, cap);
	case SG_CBOR_TAG:
		return cbor_encode_tag(it->value, out, cap);
	case SG_CBOR_BOOL:
		return cbor_encode_bool(it->value, out, cap);
	case SG_CBOR_NULL:
		return cbor_encode_null(out, cap);
	case SG_CBOR_END:
		break;
	}
	return 0;
}

/* Length of the UTF-8 sequence at @p, 0 where there is none. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	static const uint32_t min[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = p[0];
	size_t n, i;

	if (c < 0x80)
		return 1;
	n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4 || left < n)
		return 0;
	c &= 0xff >> (n + 1);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < min[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

static bool utf8_valid(const uint8_t *p, size_t len)
{
	size_t n;

	for (; len; p += n, len -= n) {
		n = utf8_sequence(p, len);
		if (!n)
			return false;
	}
	return true;
}

/*
 * libcbor's decoder refuses the tags 6 to 20 (COSE_Sign1 is 18) as not
 * assigned, so that a tag's head is read as that of an integer, which has the
 * same form but for the upper three bits.
 */
static struct cbor_decoder_result decode_tag(const struct sg_cbor_reader *r,
					     struct item *it)
{
	size_t len = r->left < HEAD_MAX ? r->left : HEAD_MAX;
	struct cbor_decoder_result res;
	uint8_t head[HEAD_MAX];

	memcpy(head, r->p, len);
	head[0] &= 0x1f;
	res = cbor_stream_decode(head, len, &callbacks, it);
	if (res.status == CBOR_DECODER_FINISHED)
		it->type = SG_CBOR_TAG;
	return res;
}

static bool decode(const struct sg_cbor_reader *r, struct item *it)
{
	struct cbor_decoder_result res;
	uint8_t head[HEAD_MAX];

	memset(it, 0, sizeof(*it));
	if (r->err || !r->left)
		return false;
	if (r->p[0] >> 5 == MAJOR_TAG)
		res = decode_tag(r, it);
	else
		res = cbor_stream_decode(r->p, r->left, &callbacks, it);
	if (res.status != CBOR_DECODER_FINISHED || it->type == SG_CBOR_END)
		return false;
	it->head_len = encode_head(it, head, sizeof(head));
	it->total = it->head_len + (it->data ? it->value : 0);
	if (!it->head_len || it->total != res.read || it->total > r->left ||
	    memcmp(head, r->p, it->head_len))
		return false;
	return it->type != SG_CBOR_TEXT || utf8_valid(it->data, it->value);
}

/* Take the next item; on failure @it is zero. */
static bool take_any(struct sg_cbor_reader *r, struct item *it)
{
	if (!decode(r, it)) {
		memset(it, 0, sizeof(*it));
		sg_cbor_fail(r);
		return false;
	}
	r->p += it->total;
	r->left -= it->total;
	return true;
}

static bool take(struct sg_cbor_reader *r, enum sg_cbor_type type,
		 struct item *it)
{
	if (take_any(r, it) && it->type == type)
		return true;
	memset(it, 0, sizeof(*it));
	sg_cbor_fail(r);
	return false;
}

void sg_cbor_read(struct sg_cbor_reader *r, const uint8_t *buf, size_t len)
{
	*r = (struct sg_cbor_reader){ .p = buf, .left = len };
}

void sg_cbor_fail(struct sg_cbor_reader *r)
{
	r->err = -EBADMSG;
}

int sg_cbor_end(struct sg_cbor_reader *r)
{
	if (r->left)
		sg_cbor_fail(r);
	return r->err;
}

enum sg_cbor_type sg_cbor_peek(const struct sg_cbor_reader *r)
{
	struct item it;

	return decode(r, &it) ? it.type : SG_CBOR_END;
}

uint64_t sg_cbor_get_uint(struct sg_cbor_reader *r)
{
	struct item it;

	take(r, SG_CBOR_UINT, &it);
	return it.value;
}

uint64_t sg_cbor_get_uint_max(struct sg_cbor_reader *r, uint64_t max)
{
	uint64_t v = sg_cbor_get_uint(r);

	if (v > max) {
		sg_cbor_fail(r);
		return 0;
	}
	return v;
}

int64_t sg_cbor_get_int(struct sg_cbor_reader *r)
{
	struct item it;

	if (!take_any(r, &it))
		return 0;
	if ((it.type != SG_CBOR_UINT && it.type != SG_CBOR_NEGINT) ||
	    it.value > INT64_MAX) {
		sg_cbor_fail(r);
		return 0;
	}
	return it.type == SG_CBOR_UINT ? (int64_t)it.value
				       : -1 - (int64_t)it.value;
}

bool sg_cbor_get_bool(struct sg_cbor_reader *r)
{
	struct item it;

	take(r, SG_CBOR_BOOL, &it);
	return it.value;
}

void sg_cbor_get_null(struct sg_cbor_reader *r)
{
	struct item it;

	take(r, SG_CBOR_NULL, &it);
}

uint64_t sg_cbor_get_tag(struct sg_cbor_reader *r)
{
	struct item it;

	take(r, SG_CBOR_TAG, &it);
	return it.value;
}

const uint8_t *sg_cbor_get_bytes(struct sg_cbor_reader *r, size_t *len)
{
	struct item it;

	take(r, SG_CBOR_BYTES, &it);
	*len = it.value;
	return it.data;
}

void sg_cbor_get_fixed(struct sg_cbor_reader *r, uint8_t *out, size_t len)
{
	const uint8_t *p;
	size_t n;

	p = sg_cbor_get_bytes(r, &n);
	if (p && n == len) {
		memcpy(out, p, len);
		return;
	}
	memset(out, 0, len);
	sg_cbor_fail(r);
}

const char *sg_cbor_get_text(struct sg_cbor_reader *r, size_t *len)
{
	struct item it;

	take(r, SG_CBOR_TEXT, &it);
	*len = it.value;
	return (const char *)it.data;
}

size_t sg_cbor_get_array(struct sg_cbor_reader *r)
{
	struct item it;

	take(r, SG_CBOR_ARRAY, &it);
	if (it.value > r->left) {
		/* each item takes a byte at least */
		sg_cbor_fail(r);
		return 0;
	}
	return it.value;
}

void sg_cbor_get_map(struct sg_cbor_reader *r, struct sg_cbor_map *m)
{
	struct item it;

	memset(m, 0, sizeof(*m));
	take(r, SG_CBOR_MAP, &it);
	if (it.value > r->left / 2) {
		sg_cbor_fail(r);
		return;
	}
	m->left = it.value;
}

/* Bytewise order of encoded keys (RFC 8949 section 4.2.1). */
static void check_order(struct sg_cbor_reader *r, struct sg_cbor_map *m,
			const uint8_t *key)
{
	size_t len = r->p - key;
	size_t common = len < m->key_len ? len : m->key_len;
	int order;

	if (m->key) {
		order = memcmp(m->key, key, common);
		if (order > 0 || (!order && m->key_len >= len))
			sg_cbor_fail(r);
	}
	m->key = key;
	m->key_len = len;
}

bool sg_cbor_map_next(struct sg_cbor_reader *r, struct sg_cbor_map *m,
		      int64_t *key)
{
	const uint8_t *start = r->p;

	if (r->err || !m->left)
		return false;
	m->left--;
	*key = sg_cbor_get_int(r);
	if (!r->err)
		check_order(r, m, start);
	return !r->err;
}

static void skip(struct sg_cbor_reader *r, unsigned int depth);

static void skip_pairs(struct sg_cbor_reader *r, uint64_t pairs,
		       unsigned int depth)
{
	struct sg_cbor_map m = { 0 };
	const uint8_t *start;

	for (; pairs && !r->err; pairs--) {
		start = r->p;
		skip(r, depth);
		check_order(r, &m, start);
		skip(r, depth);
	}
}

/* Each turn of every loop takes at least one byte or fails. */
static void skip(struct sg_cbor_reader *r, unsigned int depth)
{
	struct item it;
	uint64_t i;

	if (!depth) {
		sg_cbor_fail(r);
		return;
	}
	if (!take_any(r, &it))
		return;
	if (it.type == SG_CBOR_MAP)
		skip_pairs(r, it.value, depth - 1);
	else if (it.type == SG_CBOR_ARRAY)
		for (i = 0; i < it.value && !r->err; i++)
			skip(r, depth - 1);
	else if (it.type == SG_CBOR_TAG)
		skip(r, depth - 1);
}

void sg_cbor_skip(struct sg_cbor_reader *r)
{
	skip(r, SG_CBOR_DEPTH_MAX);
}
