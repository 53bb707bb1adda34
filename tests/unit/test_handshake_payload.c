// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Payloads of the handshake: what is taken, and all that is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/cbor.h"
#include "core/payload.h"
#include "handshake_sides.h"

/* One pair of the map: an encoded value under a key. */
struct pair {
	int64_t key;
	uint8_t v[400];
	size_t len;
};

struct map {
	struct pair p[16];
	size_t n;
	uint8_t b[4000];
	size_t len;
};

static struct side side;

static struct pair *find(struct map *m, int64_t key)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->p[i].key == key)
			return &m->p[i];
	fail_msg("no key %d", (int)key);
	return m->p;
}

static void encode(struct map *m)
{
	struct sg_cbor_writer w;

	sg_cbor_write(&w, m->b, sizeof(m->b));
	sg_cbor_put_map(&w, m->n);
	for (size_t i = 0; i < m->n; i++) {
		sg_cbor_put_int(&w, m->p[i].key);
		sg_cbor_put_raw(&w, m->p[i].v, m->p[i].len);
	}
	assert_int_equal(sg_cbor_finish(&w, &m->len), 0);
}

/* Take a good payload apart. */
static void good(struct map *m, bool history)
{
	struct payload_args args = { .label = 7,
				     .aeads = 1,
				     .has_number = true,
				     .number = 99,
				     .room = 1100 };
	struct sg_cbor_reader r;
	struct sg_cbor_map pairs;
	bool without;
	int64_t key;

	if (!history)
		args.room = 450;
	assert_int_equal(signet_payload_write(&side.local, &args, m->b,
					      sizeof(m->b), &m->len, &without),
			 0);
	assert_int_equal(without, !history);
	m->n = 0;
	sg_cbor_read(&r, m->b, m->len);
	sg_cbor_get_map(&r, &pairs);
	while (sg_cbor_map_next(&r, &pairs, &key)) {
		struct pair *p = &m->p[m->n++];
		const uint8_t *begin = r.p;

		sg_cbor_skip(&r);
		p->key = key;
		p->len = r.p - begin;
		assert_true(p->len <= sizeof(p->v));
		memcpy(p->v, begin, p->len);
	}
	assert_int_equal(sg_cbor_end(&r), 0);
	encode(m);
}

static int take(const uint8_t *b, size_t len, struct signet_proof *p)
{
	uint8_t *exact = test_malloc(len + !len);
	int drop;

	memcpy(exact, b, len);
	memset(p, 0, sizeof(*p));
	memcpy(p->static_key, side.local.static_pk, 32);
	drop = signet_payload_read(p, exact, len, true, WALL);
	test_free(exact);
	return drop;
}

static void taken(struct map *m)
{
	struct signet_proof p;

	encode(m);
	assert_int_equal(take(m->b, m->len, &p), 0);
	assert_int_equal(p.label, 7);
	assert_int_equal(p.number, 99);
}

static void refused(struct map *m)
{
	struct signet_proof p;

	encode(m);
	assert_int_equal(take(m->b, m->len, &p), SIGNET_DROP_PAYLOAD);
	assert_false(p.verified);
}

static void set_uint(struct map *m, int64_t key, uint64_t v)
{
	struct sg_cbor_writer w;
	struct pair *p = find(m, key);

	sg_cbor_write(&w, p->v, sizeof(p->v));
	sg_cbor_put_uint(&w, v);
	p->len = w.len;
}

static void set_two(struct map *m, int64_t key, uint64_t a, uint64_t b)
{
	struct sg_cbor_writer w;
	struct pair *p = find(m, key);

	sg_cbor_write(&w, p->v, sizeof(p->v));
	sg_cbor_put_array(&w, 2);
	sg_cbor_put_uint(&w, a);
	sg_cbor_put_uint(&w, b);
	p->len = w.len;
}

static void set_bytes(struct map *m, int64_t key, size_t len)
{
	static const uint8_t zero[400];
	struct sg_cbor_writer w;
	struct pair *p = find(m, key);

	sg_cbor_write(&w, p->v, sizeof(p->v));
	sg_cbor_put_bytes(&w, zero, len);
	p->len = w.len;
	assert_int_equal(w.err, 0);
}

static void insert(struct map *m, size_t at, int64_t key)
{
	memmove(&m->p[at + 1], &m->p[at], (m->n - at) * sizeof(m->p[0]));
	m->n++;
	m->p[at].key = key;
	m->p[at].len = 0;
}

static void unknown_keys_are_skipped(void **state)
{
	static const int64_t keys[] = { 4,	   31, 32,     64,	 1000,
					INT64_MAX, -1, -70000, INT64_MIN };
	struct map m;

	for (int history = 0; history < 2; history++) {
		good(&m, history);
		taken(&m);
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			size_t at = 0;

			good(&m, history);
			while (at < m.n &&
			       (keys[i] < 0 || m.p[at].key < keys[i]))
				at++;
			insert(&m, at, keys[i]);
			set_two(&m, keys[i], 5, 1000000);
			taken(&m);
		}
	}
}

static void doubled_and_unsorted_keys_are_refused(void **state)
{
	struct map m;

	good(&m, true);
	for (size_t i = 0; i < m.n; i++) {
		insert(&m, i, m.p[i].key);
		m.p[i] = m.p[i + 1];
		refused(&m);
		good(&m, true);
	}
	for (size_t i = 0; i + 1 < m.n; i++) {
		struct pair swap = m.p[i];

		m.p[i] = m.p[i + 1];
		m.p[i + 1] = swap;
		refused(&m);
		good(&m, true);
	}
}

static void every_part_is_needed(void **state)
{
	static const int64_t optional[] = { 8 };
	struct map m;

	for (int history = 0; history < 2; history++) {
		good(&m, history);
		for (size_t i = 0; i < m.n; i++) {
			int64_t key = m.p[i].key;

			m.n--;
			memmove(&m.p[i], &m.p[i + 1],
				(m.n - i) * sizeof(m.p[0]));
			if (key == optional[0])
				taken(&m);
			else
				refused(&m);
			good(&m, history);
		}
	}
}

static void truncated_and_longer_payloads_are_refused(void **state)
{
	struct signet_proof p;
	struct map m;

	for (int history = 0; history < 2; history++) {
		good(&m, history);
		for (size_t n = 0; n < m.len; n++)
			assert_int_equal(take(m.b, n, &p), SIGNET_DROP_PAYLOAD);
		m.b[m.len] = 0;
		assert_int_equal(take(m.b, m.len + 1, &p), SIGNET_DROP_PAYLOAD);
	}
}

/* Longer heads than needed, indefinite lengths: one payload has one form. */
static void other_forms_of_the_same_are_refused(void **state)
{
	struct signet_proof p;
	struct map m;
	struct pair *x;

	good(&m, true);
	x = find(&m, 5);
	memcpy(x->v, "\x18\x07", 2);
	x->len = 2;
	refused(&m);
	good(&m, true);
	x = find(&m, 9);
	memcpy(x->v, "\x19\x00\x63", 3);
	x->len = 3;
	refused(&m);
	good(&m, true);
	x = find(&m, 6);
	memcpy(x->v, "\x9f\x04\x05\xff", 4);
	x->len = 4;
	refused(&m);
	good(&m, true);
	/* A map of indefinite length. */
	m.b[0] = 0xbf;
	m.b[m.len] = 0xff;
	assert_int_equal(take(m.b, m.len + 1, &p), SIGNET_DROP_PAYLOAD);
	good(&m, true);
	memmove(m.b + 2, m.b + 1, m.len);
	m.b[1] = m.n;
	m.b[0] = 0xb8;
	assert_int_equal(take(m.b, m.len + 1, &p), SIGNET_DROP_PAYLOAD);
}

#define REFUSED(change)         \
	do {                    \
		good(&m, true); \
		change;         \
		refused(&m);    \
	} while (0)

static void values_out_of_range_are_refused(void **state)
{
	struct map m;

	REFUSED(set_uint(&m, 5, 0));
	REFUSED(set_uint(&m, 5, 1ULL << 32));
	REFUSED(set_bytes(&m, 5, 4));
	REFUSED(set_two(&m, 6, 0, 5));
	REFUSED(set_two(&m, 6, SIGNET_LANES + 1, 5));
	REFUSED(set_two(&m, 6, 256 + 1, 5));
	REFUSED(set_two(&m, 6, 4, 1ULL << 32));
	REFUSED(set_uint(&m, 6, 4));
	REFUSED(set_two(&m, 1, 1, 5));
	REFUSED(find(&m, 1)->v[1] = 0);
	REFUSED(set_uint(&m, 2, 4));
	REFUSED(set_bytes(&m, 2, SIGNET_ATTESTATION_MAX + 1));
	REFUSED(set_uint(&m, 3, 4));
	REFUSED(set_uint(&m, 7, 1ULL << 32));
	REFUSED(set_bytes(&m, 8, 4));
	REFUSED(set_bytes(&m, 9, 8));
	/* Both a history and the identifier that stands for it. */
	REFUSED(insert(&m, m.n, 10); set_bytes(&m, 10, 32));
	REFUSED(insert(&m, m.n, 11); set_bytes(&m, 11, SIGNET_HELLO_MAX + 1));
	good(&m, false);
	set_bytes(&m, 10, 31);
	refused(&m);
	good(&m, true);
	insert(&m, m.n, 11);
	set_bytes(&m, 11, SIGNET_HELLO_MAX);
	taken(&m);
}

/* Well formed, but it proves nothing. */
static void a_proof_that_does_not_hold_is_refused(void **state)
{
	struct signet_proof p;
	struct map m;

	for (int64_t key = 1; key <= 3; key++) {
		good(&m, true);
		for (size_t at = 3; at < find(&m, key)->len; at++) {
			find(&m, key)->v[at] ^= 4;
			encode(&m);
			assert_int_not_equal(take(m.b, m.len, &p), 0);
			assert_false(p.verified);
			find(&m, key)->v[at] ^= 4;
		}
		taken(&m);
	}
	/* Without a history nothing is verified, only claimed. */
	good(&m, false);
	encode(&m);
	assert_int_equal(take(m.b, m.len, &p), 0);
	assert_false(p.verified);
	assert_memory_equal(p.att.id.b, side.local.ident.id.b, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_keys_are_skipped),
		cmocka_unit_test(doubled_and_unsorted_keys_are_refused),
		cmocka_unit_test(every_part_is_needed),
		cmocka_unit_test(truncated_and_longer_payloads_are_refused),
		cmocka_unit_test(other_forms_of_the_same_are_refused),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(a_proof_that_does_not_hold_is_refused),
	};

	if (sodium_init() < 0)
		return 1;
	side_make(&side, 'p', 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
