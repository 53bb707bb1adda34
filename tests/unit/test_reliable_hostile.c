// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A peer that is authentic and breaks the protocol of reliable messages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signet/core/reliable.h>

#define NOW 1000000000ULL

struct fixture {
	struct signet_reliable *r;
	uint8_t *mem, *before;
	size_t size;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->size = signet_reliable_size(&SIGNET_RELIABLE_SMALL);
	f->mem = calloc(1, f->size);
	f->before = malloc(f->size);
	assert_true(f->mem && f->before);
	assert_int_equal(signet_reliable_init(f->mem, f->size,
					      &SIGNET_RELIABLE_SMALL, &f->r),
			 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->mem);
	free(f->before);
	free(f);
	return 0;
}

static void put(uint8_t *p, unsigned int bytes, uint64_t v)
{
	for (; bytes--; v >>= 8)
		*p++ = v & 0xff;
}

/* The fields of a fragment; data are @data_len times @fill. */
struct frag {
	uint64_t number, id, start;
	uint32_t len;
	uint16_t index, service;
	uint16_t data_len;
	uint8_t fill;
};

static int give(struct fixture *f, struct frag g)
{
	uint8_t *body = malloc(32 + g.data_len);
	int ret;

	assert_non_null(body);
	put(body, 8, g.number);
	put(body + 8, 8, g.id);
	put(body + 16, 8, g.start);
	put(body + 24, 4, g.len);
	put(body + 28, 2, g.index);
	put(body + 30, 2, g.service);
	memset(body + 32, g.fill, g.data_len);
	ret = signet_reliable_receive_record(f->r, SIGNET_RECORD_FRAGMENT, body,
					     32 + g.data_len, NOW);
	free(body);
	return ret;
}

#define GIVE(...) give(f, (struct frag){ __VA_ARGS__ })

/* Refused, and nothing at all has changed. */
static void refuse(struct fixture *f, struct frag g)
{
	memcpy(f->before, f->mem, f->size);
	assert_int_equal(give(f, g), -EPROTO);
	assert_memory_equal(f->before, f->mem, f->size);
}

#define REFUSE(...) refuse(f, (struct frag){ __VA_ARGS__ })

static void fields_that_do_not_fit_each_other(void **state)
{
	struct fixture *f = *state;
	uint8_t body[31] = { 0 };
	size_t len;

	for (len = 0; len < sizeof(body); len++)
		assert_int_equal(
			signet_reliable_receive_record(
				f->r, SIGNET_RECORD_FRAGMENT, body, len, NOW),
			-EPROTO);
	REFUSE(.len = 10, .data_len = 9);
	REFUSE(.len = 10, .data_len = 11);
	REFUSE(.len = 10, .index = 1, .data_len = 0);
	REFUSE(.len = 0, .index = 1);
	REFUSE(.len = 0, .data_len = 1);
	REFUSE(.len = 1024, .index = 1, .data_len = 0);
	REFUSE(.len = 2000, .data_len = 1000);
	REFUSE(.len = 2000, .index = 1, .data_len = 1024);
	REFUSE(.len = 2000, .index = 65535, .data_len = 976);
	assert_int_equal(GIVE(.len = 2000, .index = 1, .data_len = 976), 0);
}

static void longer_than_agreed(void **state)
{
	struct fixture *f = *state;

	REFUSE(.len = 4097, .data_len = 1024);
	REFUSE(.len = UINT32_MAX, .data_len = 1024);
	REFUSE(.len = UINT32_MAX, .index = 65535, .data_len = 1024);
	assert_int_equal(GIVE(.len = 4096, .data_len = 1024), 0);
}

static void beyond_the_credit(void **state)
{
	struct fixture *f = *state;

	REFUSE(.id = 16, .start = 0, .len = 1, .data_len = 1);
	REFUSE(.id = UINT64_MAX, .start = 0, .len = 1, .data_len = 1);
	REFUSE(.id = 1, .start = 16384, .len = 1, .data_len = 1);
	REFUSE(.id = 1, .start = 16385, .len = 0, .data_len = 0);
	REFUSE(.id = 1, .start = UINT64_MAX, .len = 1, .data_len = 1);
	REFUSE(.id = 1, .start = UINT64_MAX - 4095, .len = 4096, .index = 3,
	       .data_len = 1024);
	/* The first part of this is within, the last is not. */
	assert_int_equal(
		GIVE(.id = 4, .start = 13000, .len = 4096, .data_len = 1024),
		0);
	REFUSE(.id = 4, .start = 13000, .len = 4096, .index = 3,
	       .data_len = 1024);
}

static void messages_that_overlap_or_leave_gaps(void **state)
{
	struct fixture *f = *state;

	REFUSE(.id = 0, .start = 1, .len = 10, .data_len = 10);
	assert_int_equal(GIVE(.id = 2, .start = 100, .len = 50, .data_len = 50),
			 0);
	REFUSE(.id = 0, .start = 0, .len = 101, .data_len = 101);
	REFUSE(.id = 1, .start = 10, .len = 89, .data_len = 89);
	REFUSE(.id = 1, .start = 10, .len = 91, .data_len = 91);
	REFUSE(.id = 3, .start = 149, .len = 9, .data_len = 9);
	REFUSE(.id = 3, .start = 151, .len = 9, .data_len = 9);
	REFUSE(.id = 5, .start = 149, .len = 9, .data_len = 9);
	assert_int_equal(GIVE(.id = 1, .start = 10, .len = 90, .data_len = 90),
			 0);
	REFUSE(.id = 0, .start = 0, .len = 9, .data_len = 9);
	assert_int_equal(GIVE(.id = 0, .start = 0, .len = 10, .data_len = 10),
			 0);
}

static void a_message_that_changes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(GIVE(.len = 3000, .data_len = 1024, .service = 1), 0);
	REFUSE(.len = 2999, .data_len = 1024, .index = 1, .service = 1);
	REFUSE(.len = 3000, .data_len = 1024, .index = 1, .service = 2);
	REFUSE(.len = 3000, .data_len = 1024, .index = 1, .service = 1,
	       .start = 1);
}

static void other_bytes_for_what_is_there_already(void **state)
{
	struct fixture *f = *state;
	struct signet_reliable_message m;
	int i;

	assert_int_equal(GIVE(.len = 1100, .data_len = 1024, .fill = 'a'), 0);
	assert_int_equal(
		GIVE(.number = 1, .len = 1100, .data_len = 1024, .fill = 'b'),
		0);
	assert_int_equal(GIVE(.number = 2, .len = 1100, .index = 1,
			      .data_len = 76, .fill = 'a'),
			 0);
	assert_true(signet_reliable_poll_message(f->r, &m));
	assert_int_equal(
		GIVE(.number = 3, .len = 1100, .data_len = 1024, .fill = 'c'),
		0);
	for (i = 0; i < 1100; i++)
		assert_int_equal(m.data[i], 'a');
	assert_int_equal(signet_reliable_release(f->r, m.id, NOW), 0);
	/* Delivered once, whatever comes. */
	assert_int_equal(GIVE(.number = 4, .len = 1100, .data_len = 1024), 0);
	assert_false(signet_reliable_poll_message(f->r, &m));
	assert_int_equal(signet_reliable_release(f->r, 0, NOW), -ENOENT);
}

static void numbers_far_ahead(void **state)
{
	struct fixture *f = *state;
	uint8_t body[9] = { 0 };

	REFUSE(.number = 65537, .len = 1, .data_len = 1);
	REFUSE(.number = UINT64_MAX, .len = 1, .data_len = 1);
	assert_int_equal(GIVE(.number = 65536, .len = 1, .data_len = 1), 0);
	put(body, 8, 65536 * 2 + 1);
	assert_int_equal(signet_reliable_receive_record(
				 f->r, SIGNET_RECORD_PROBE, body, 8, NOW),
			 -EPROTO);
	put(body, 8, 65536 * 2);
	assert_int_equal(signet_reliable_receive_record(
				 f->r, SIGNET_RECORD_PROBE, body, 9, NOW),
			 -EPROTO);
	assert_int_equal(signet_reliable_receive_record(
				 f->r, SIGNET_RECORD_PROBE, body, 7, NOW),
			 -EPROTO);
	assert_int_equal(signet_reliable_receive_record(
				 f->r, SIGNET_RECORD_PROBE, body, 8, NOW),
			 0);
}

/* An acknowledgement with these ranges (gap and run, alternating). */
static int ack(struct fixture *f, uint64_t largest, unsigned int n,
	       const uint16_t *ranges, int more)
{
	uint8_t body[28 + 4 * 40] = { 0 };
	unsigned int i;

	put(body, 8, largest);
	for (i = 0; i < 2 * n; i++)
		put(body + 28 + 2 * i, 2, ranges[i]);
	return signet_reliable_receive_record(f->r, SIGNET_RECORD_ACK, body,
					      28 + 4 * n + more, NOW);
}

#define ACK(largest, n, ...) \
	ack(f, largest, n, (const uint16_t[]){ __VA_ARGS__ }, 0)

static void send_three(struct fixture *f)
{
	uint8_t buf[SIGNET_RECORDS_MAX];
	int i;

	for (i = 0; i < 3; i++)
		assert_int_equal(
			signet_reliable_send(f->r, 7, "hello", 5, NOW, NULL),
			0);
	assert_int_equal(
		signet_reliable_next_records(f->r, buf, sizeof(buf), NOW),
		3 * 41);
}

static void acknowledgements_of_what_was_never_sent(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ACK(0, 1, 0, 0), -EPROTO);
	send_three(f);
	memcpy(f->before, f->mem, f->size);
	assert_int_equal(ACK(3, 1, 0, 0), -EPROTO);
	assert_int_equal(ACK(UINT64_MAX, 1, 0, 0), -EPROTO);
	assert_int_equal(ACK(2, 1, 0, 3), -EPROTO);
	assert_int_equal(ACK(2, 1, 1, 0), -EPROTO);
	assert_int_equal(ACK(2, 2, 0, 0, 0, 0), -EPROTO);
	assert_int_equal(ACK(2, 2, 0, 0, 2, 0), -EPROTO);
	assert_int_equal(ACK(2, 2, 0, 0, 1, 1), -EPROTO);
	assert_int_equal(ACK(2, 2, 0, 0, 65535, 65535), -EPROTO);
	assert_memory_equal(f->before, f->mem, f->size);
	assert_int_equal(ACK(2, 2, 0, 0, 1, 0), 0);
	assert_int_equal(ACK(2, 1, 0, 2), 0);
}

static void acknowledgements_of_wrong_length(void **state)
{
	static const uint16_t ranges[2 * 40];
	struct fixture *f = *state;
	int more;

	send_three(f);
	memcpy(f->before, f->mem, f->size);
	assert_int_equal(ack(f, 2, 0, ranges, 0), -EPROTO);
	for (more = 1; more < 4; more++)
		assert_int_equal(ack(f, 2, 1, ranges, more), -EPROTO);
	assert_int_equal(ack(f, 2, 33, ranges, 0), -EPROTO);
	assert_memory_equal(f->before, f->mem, f->size);
}

static void other_kinds_are_not_taken(void **state)
{
	struct fixture *f = *state;
	uint8_t body[8] = { 0 };
	int kind;

	for (kind = 0; kind < 256; kind++)
		if (kind < 8 || kind > 10)
			assert_int_equal(signet_reliable_receive_record(
						 f->r, kind, body, 8, NOW),
					 -EINVAL);
}

static void limits_are_checked(void **state)
{
	struct signet_reliable_limits good = SIGNET_RELIABLE_LIMITS, l;
	struct fixture *f = *state;
	struct signet_reliable *r;

	assert_true(signet_reliable_size(&good) < 1100 * 1024);
	assert_int_equal(signet_reliable_init(f->mem, f->size - 1,
					      &SIGNET_RELIABLE_SMALL, &r),
			 -ENOSPC);
	assert_int_equal(signet_reliable_init(f->mem + 1, f->size,
					      &SIGNET_RELIABLE_SMALL, &r),
			 -EINVAL);
#define BAD(field, value) \
	l = good;         \
	l.field = value;  \
	assert_int_equal(signet_reliable_size(&l), 0)
	BAD(send_max, 0);
	BAD(send_max, 262145);
	BAD(recv_max, 0);
	BAD(recv_max, 262145);
	BAD(send_bytes, 262143);
	BAD(recv_bytes, 262143);
	BAD(recv_bytes, UINT32_MAX);
	BAD(send_messages, 0);
	BAD(send_messages, 1025);
	BAD(recv_messages, 15);
	BAD(recv_messages, 1025);
}

static void full_is_said_and_room_comes_back(void **state)
{
	struct fixture *f = *state;
	uint8_t data[4097] = { 0 };
	uint64_t id;
	int i, ret;

	assert_int_equal(signet_reliable_send(f->r, 1, data, 4097, NOW, &id),
			 -EMSGSIZE);
	for (i = 0; i < 4; i++)
		assert_int_equal(
			signet_reliable_send(f->r, 1, data, 4096, NOW, &id), 0);
	assert_int_equal(signet_reliable_send(f->r, 1, data, 1, NOW, &id),
			 -EAGAIN);
	for (; i < 16; i++)
		assert_int_equal(
			signet_reliable_send(f->r, 1, data, 0, NOW, &id), 0);
	assert_int_equal(signet_reliable_send(f->r, 1, data, 0, NOW, &id),
			 -EAGAIN);
	assert_false(signet_reliable_poll_sent(f->r, &id, &ret));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_that_do_not_fit_each_other),
		TEST(longer_than_agreed),
		TEST(beyond_the_credit),
		TEST(messages_that_overlap_or_leave_gaps),
		TEST(a_message_that_changes),
		TEST(other_bytes_for_what_is_there_already),
		TEST(numbers_far_ahead),
		TEST(acknowledgements_of_what_was_never_sent),
		TEST(acknowledgements_of_wrong_length),
		TEST(other_kinds_are_not_taken),
		TEST(limits_are_checked),
		TEST(full_is_said_and_room_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
