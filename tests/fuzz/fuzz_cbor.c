// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The CBOR reader: what it accepts, written again, must be the same bytes, and
 * skipping must accept exactly what walking accepts.
 */
#include <stdlib.h>
#include <string.h>

#include "core/cbor.h"

#define INPUT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void copy_item(struct sg_cbor_reader *r, struct sg_cbor_writer *w,
		      unsigned int depth);

static void copy_map(struct sg_cbor_reader *r, struct sg_cbor_writer *w,
		     unsigned int depth)
{
	struct sg_cbor_map m;
	size_t pairs;
	int64_t key;

	sg_cbor_get_map(r, &m);
	pairs = m.left;
	sg_cbor_put_map(w, pairs);
	while (sg_cbor_map_next(r, &m, &key)) {
		sg_cbor_put_int(w, key);
		copy_item(r, w, depth);
	}
}

static void copy_string(struct sg_cbor_reader *r, struct sg_cbor_writer *w)
{
	char text[INPUT_MAX + 1];
	const void *p;
	size_t len;

	if (sg_cbor_peek(r) == SG_CBOR_BYTES) {
		p = sg_cbor_get_bytes(r, &len);
		sg_cbor_put_bytes(w, p, len);
		return;
	}
	p = sg_cbor_get_text(r, &len);
	if (!p)
		return;
	memcpy(text, p, len);
	text[len] = '\0';
	/* the writer takes C strings: one with a NUL inside is left out */
	if (strlen(text) == len)
		sg_cbor_put_text(w, text);
	else
		sg_cbor_fail(r);
}

static void copy_items(struct sg_cbor_reader *r, struct sg_cbor_writer *w,
		       unsigned int depth)
{
	size_t n = sg_cbor_get_array(r);

	sg_cbor_put_array(w, n);
	for (; n && !r->err; n--)
		copy_item(r, w, depth);
}

static void copy_item(struct sg_cbor_reader *r, struct sg_cbor_writer *w,
		      unsigned int depth)
{
	if (!depth) {
		sg_cbor_fail(r);
		return;
	}
	switch (sg_cbor_peek(r)) {
	case SG_CBOR_UINT:
		sg_cbor_put_uint(w, sg_cbor_get_uint(r));
		break;
	case SG_CBOR_NEGINT:
		sg_cbor_put_int(w, sg_cbor_get_int(r));
		break;
	case SG_CBOR_BYTES:
	case SG_CBOR_TEXT:
		copy_string(r, w);
		break;
	case SG_CBOR_ARRAY:
		copy_items(r, w, depth - 1);
		break;
	case SG_CBOR_MAP:
		copy_map(r, w, depth - 1);
		break;
	case SG_CBOR_TAG:
		sg_cbor_put_tag(w, sg_cbor_get_tag(r));
		copy_item(r, w, depth - 1);
		break;
	case SG_CBOR_BOOL:
		sg_cbor_put_bool(w, sg_cbor_get_bool(r));
		break;
	case SG_CBOR_NULL:
		sg_cbor_get_null(r);
		sg_cbor_put_null(w);
		break;
	case SG_CBOR_END:
		sg_cbor_fail(r);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sg_cbor_reader walked, skipped;
	uint8_t again[INPUT_MAX];
	struct sg_cbor_writer w;
	size_t again_len;

	if (len > INPUT_MAX)
		return 0;
	sg_cbor_read(&walked, data, len);
	sg_cbor_write(&w, again, sizeof(again));
	copy_item(&walked, &w, SG_CBOR_DEPTH_MAX);
	sg_cbor_read(&skipped, data, len);
	sg_cbor_skip(&skipped);
	if (sg_cbor_end(&walked))
		return 0;
	if (sg_cbor_finish(&w, &again_len) || again_len != len ||
	    (len && memcmp(again, data, len)))
		abort();
	/* walking takes fewer kinds of keys and numbers than skipping */
	if (sg_cbor_end(&skipped))
		abort();
	return 0;
}
