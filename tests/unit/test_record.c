// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records inside message frames: what is written, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signet/core/record.h>
#include <signet/core/reliable.h>

/* Read from an allocation of exactly that length, so that ASan sees overruns. */
static int check(const uint8_t *data, size_t len)
{
	struct signet_record_reader r;
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, data, len);
	ret = signet_record_reader_init(&r, copy, len);
	if (ret)
		assert_int_equal(r.left, 0);
	free(copy);
	return ret;
}

static void layout_is_kind_zero_length_body(void **state)
{
	static const uint8_t want[12] = { 3,   0,   8,	 0,   'c', 'h',
					  'a', 'l', 'l', 'e', 'n', 'g' };
	uint8_t buf[64];
	struct signet_record_writer w;

	memset(buf, 0xff, sizeof(buf));
	signet_record_writer_init(&w, buf, sizeof(buf));
	assert_int_equal(
		signet_record_add(&w, SIGNET_RECORD_CHALLENGE, "challeng", 8),
		0);
	assert_int_equal(signet_record_finish(&w), 64);
	assert_memory_equal(buf, want, 12);
	for (int i = 12; i < 64; i++)
		assert_int_equal(buf[i], 0);
}

static void kinds_keep_their_numbers(void **state)
{
	assert_int_equal(SIGNET_RECORD_PING, 1);
	assert_int_equal(SIGNET_RECORD_PONG, 2);
	assert_int_equal(SIGNET_RECORD_CHALLENGE, 3);
	assert_int_equal(SIGNET_RECORD_ECHO, 4);
	assert_int_equal(SIGNET_RECORD_CLOSE, 5);
	assert_int_equal(SIGNET_RECORD_REKEY_REQUEST, 6);
	assert_int_equal(SIGNET_RECORD_REKEY_RESPONSE, 7);
	assert_int_equal(SIGNET_RECORD_FRAGMENT, 8);
	assert_int_equal(SIGNET_RECORD_ACK, 9);
	assert_int_equal(SIGNET_RECORD_PROBE, 10);
	assert_int_equal(SIGNET_RECORDS_MAX, 1152);
}

static void what_is_written_is_read(void **state)
{
	uint8_t buf[SIGNET_RECORDS_MAX], body[200];
	struct signet_record_reader r;
	struct signet_record_writer w;
	struct signet_record rec;
	size_t len, i;

	for (i = 0; i < sizeof(body); i++)
		body[i] = i * 7;
	signet_record_writer_init(&w, buf, sizeof(buf));
	for (i = 8; i < 60; i += 5)
		assert_int_equal(
			signet_record_add(&w, SIGNET_RECORD_PING, body, i), 0);
	assert_int_equal(signet_record_add(&w, 200, NULL, 0), 0);
	len = signet_record_finish(&w);
	assert_int_equal(len % 64, 0);
	assert_int_equal(signet_record_finish(&w), len);
	assert_int_equal(signet_record_reader_init(&r, buf, len), 0);
	for (i = 8; i < 60; i += 5) {
		assert_int_equal(signet_record_next(&r, &rec), 1);
		assert_int_equal(rec.kind, SIGNET_RECORD_PING);
		assert_int_equal(rec.len, i);
		assert_memory_equal(rec.body, body, i);
	}
	assert_int_equal(signet_record_next(&r, &rec), 1);
	assert_int_equal(rec.kind, 200);
	assert_int_equal(rec.len, 0);
	assert_int_equal(signet_record_next(&r, &rec), 0);
	assert_int_equal(signet_record_next(&r, &rec), 0);
}

static void writer_never_passes_its_space(void **state)
{
	uint8_t buf[130], body[200] = { 0 };
	struct signet_record_writer w;
	size_t cap, len;

	for (cap = 0; cap <= 129; cap++)
		for (len = 0; len < 140; len++) {
			memset(buf, 0xee, sizeof(buf));
			signet_record_writer_init(&w, buf, cap);
			if (signet_record_add(&w, SIGNET_RECORD_PING, body,
					      len))
				assert_int_equal(w.len, 0);
			else
				assert_true(len + 4 <= cap / 64 * 64);
			assert_int_equal(signet_record_finish(&w) % 64, 0);
			assert_true(w.len <= cap);
			assert_int_equal(buf[cap], 0xee);
		}
	signet_record_writer_init(&w, buf, 64);
	assert_int_equal(signet_record_space(&w), 60);
	assert_null(signet_record_reserve(&w, SIGNET_RECORD_PING, 61));
	assert_int_equal(signet_record_add(&w, SIGNET_RECORD_PING, body, 61),
			 -ENOSPC);
	assert_int_equal(signet_record_add(&w, SIGNET_RECORD_END, body, 0),
			 -EINVAL);
	assert_non_null(signet_record_reserve(&w, SIGNET_RECORD_PING, 57));
	assert_int_equal(signet_record_space(&w), 0);
	assert_null(
		signet_record_reserve(&w, SIGNET_RECORD_CLOSE, SIZE_MAX - 2));
}

static void an_empty_plaintext_is_one_unit_of_zeros(void **state)
{
	uint8_t buf[64], zero[64] = { 0 };
	struct signet_record_reader r;
	struct signet_record_writer w;
	struct signet_record rec;

	memset(buf, 1, sizeof(buf));
	signet_record_writer_init(&w, buf, sizeof(buf));
	assert_int_equal(signet_record_finish(&w), 64);
	assert_memory_equal(buf, zero, 64);
	assert_int_equal(signet_record_reader_init(&r, buf, 64), 0);
	assert_int_equal(signet_record_next(&r, &rec), 0);
	signet_record_writer_init(&w, buf, 63);
	assert_int_equal(signet_record_finish(&w), 0);
}

static void wrong_total_lengths_are_refused(void **state)
{
	static const uint8_t zero[2048];
	size_t len;

	for (len = 0; len <= 1500; len++)
		assert_int_equal(
			check(zero, len),
			len && len % 64 == 0 && len <= 1152 ? 0 : -EBADMSG);
}

static void padding_that_is_not_zero_is_refused(void **state)
{
	uint8_t buf[128] = { SIGNET_RECORD_CLOSE, 0, 1, 0, 9 };
	unsigned int i;

	assert_int_equal(check(buf, sizeof(buf)), 0);
	for (i = 6; i < sizeof(buf); i++) {
		buf[i] = 0x80;
		assert_int_equal(check(buf, sizeof(buf)), -EBADMSG);
		buf[i] = 0;
	}
}

static void one_to_three_bytes_left_over_are_padding(void **state)
{
	uint8_t buf[64] = { SIGNET_RECORD_PING, 0, 0, 0 };
	unsigned int left;

	for (left = 0; left < 4; left++) {
		memset(buf + 4, 0, 60);
		buf[2] = 60 - left;
		assert_int_equal(check(buf, 64), 0);
		buf[63] = 1;
		assert_int_equal(check(buf, 64), left ? -EBADMSG : 0);
	}
}

static void reserved_byte_and_overlong_are_refused(void **state)
{
	uint8_t buf[64] = { SIGNET_RECORD_PING, 0, 60, 0 };

	assert_int_equal(check(buf, 64), 0);
	buf[1] = 1;
	assert_int_equal(check(buf, 64), -EBADMSG);
	buf[1] = 0;
	buf[2] = 61;
	assert_int_equal(check(buf, 64), -EBADMSG);
	buf[2] = 8;
	buf[3] = 0xff;
	assert_int_equal(check(buf, 64), -EBADMSG);
}

static void a_bad_second_record_spoils_the_first(void **state)
{
	uint8_t buf[64] = { SIGNET_RECORD_CLOSE, 0, 1, 0, 1,
			    SIGNET_RECORD_ECHO,	 0, 7, 0 };
	struct signet_record_reader r;
	struct signet_record rec;

	assert_int_equal(signet_record_reader_init(&r, buf, 64), -EBADMSG);
	assert_int_equal(signet_record_next(&r, &rec), 0);
	buf[7] = 8;
	assert_int_equal(signet_record_reader_init(&r, buf, 64), 0);
}

static void bodies_have_the_length_of_their_kind(void **state)
{
	static const struct {
		uint8_t kind;
		uint16_t min, max;
	} want[] = {
		{ SIGNET_RECORD_PING, 8, 1148 },
		{ SIGNET_RECORD_PONG, 8, 1148 },
		{ SIGNET_RECORD_CHALLENGE, 8, 8 },
		{ SIGNET_RECORD_ECHO, 8, 8 },
		{ SIGNET_RECORD_CLOSE, 1, 1 },
		{ SIGNET_RECORD_REKEY_REQUEST, 1, 1148 },
		{ SIGNET_RECORD_REKEY_RESPONSE, 1, 1148 },
		{ SIGNET_RECORD_FRAGMENT, 32, 1056 },
		{ SIGNET_RECORD_ACK, 32, 156 },
		{ SIGNET_RECORD_PROBE, 8, 8 },
		{ SIGNET_RECORD_HELLO, 1, 192 },
		{ 12, 0, 1148 },
		{ 255, 0, 1148 },
	};
	uint8_t buf[SIGNET_RECORDS_MAX] = { 0 };
	unsigned int i, len;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		for (len = 0; len <= 1200; len++) {
			buf[0] = want[i].kind;
			buf[2] = len & 0xff;
			buf[3] = len >> 8;
			assert_int_equal(check(buf, sizeof(buf)),
					 len >= want[i].min &&
							 len <= want[i].max
						 ? 0
						 : -EBADMSG);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_kind_zero_length_body),
		cmocka_unit_test(kinds_keep_their_numbers),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(writer_never_passes_its_space),
		cmocka_unit_test(an_empty_plaintext_is_one_unit_of_zeros),
		cmocka_unit_test(wrong_total_lengths_are_refused),
		cmocka_unit_test(padding_that_is_not_zero_is_refused),
		cmocka_unit_test(one_to_three_bytes_left_over_are_padding),
		cmocka_unit_test(reserved_byte_and_overlong_are_refused),
		cmocka_unit_test(a_bad_second_record_spoils_the_first),
		cmocka_unit_test(bodies_have_the_length_of_their_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
