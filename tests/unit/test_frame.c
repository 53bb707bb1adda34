/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signet/core/frame.h>
#include <signet/drop.h>

static const uint8_t raw_key[SIGNET_AEAD_KEY_LEN] = { 1, 2, 3 };
static const uint8_t hop_key[SIGNET_HOP_KEY_LEN] = { 9, 8, 7 };

static const struct signet_frame_info info0 = {
	.type = SIGNET_FRAME_PACKET,
	.key_id = 5,
	.lane = 17,
	.label = 0x12345678,
	.counter = 0x0102030405060708,
};

static const enum signet_aead aeads[] = {
	SIGNET_AEAD_CHACHA20POLY1305,
	SIGNET_AEAD_AES256GCM,
};

#define for_each_aead(a)                                            \
	for (const enum signet_aead *a = aeads; a < aeads + 2; a++) \
		if (signet_aead_supported() & *a)

static void sealed_frames_open_at_every_length(void **state)
{
	static uint8_t pt[1500], frame[1500 + SIGNET_FRAME_OVERHEAD], out[1500];

	randombytes_buf(pt, sizeof(pt));
	for_each_aead(a)
	{
		struct signet_aead_key key;

		assert_int_equal(signet_aead_key_init(&key, *a, raw_key), 0);
		for (size_t n = 0; n <= sizeof(pt); n++) {
			struct signet_frame_info got;
			size_t len = signet_frame_seal(&key, hop_key, &info0,
						       pt, n, frame);

			assert_int_equal(len, n + SIGNET_FRAME_OVERHEAD);
			assert_int_equal(signet_frame_parse(frame, len, &got),
					 0);
			assert_int_equal(got.type, info0.type);
			assert_int_equal(got.key_id, info0.key_id);
			assert_int_equal(got.lane, info0.lane);
			assert_int_equal(got.label, info0.label);
			assert_int_equal(got.counter, info0.counter);
			assert_true(signet_hop_tag_ok(frame, hop_key));
			assert_int_equal(
				signet_frame_open(&key, &got, frame, len, out),
				0);
			assert_memory_equal(out, pt, n);
		}
		signet_aead_key_wipe(&key);
	}
}

static void sealing_and_opening_in_place(void **state)
{
	uint8_t frame[200 + SIGNET_FRAME_OVERHEAD], pt[200];
	uint8_t *body = frame + SIGNET_FRAME_HDR_LEN;

	randombytes_buf(pt, sizeof(pt));
	for_each_aead(a)
	{
		struct signet_aead_key key;

		assert_int_equal(signet_aead_key_init(&key, *a, raw_key), 0);
		memcpy(body, pt, sizeof(pt));
		signet_frame_seal(&key, hop_key, &info0, body, sizeof(pt),
				  frame);
		assert_memory_not_equal(body, pt, sizeof(pt));
		assert_int_equal(signet_frame_open(&key, &info0, frame,
						   sizeof(frame), body),
				 0);
		assert_memory_equal(body, pt, sizeof(pt));
	}
}

/* Whoever changes one bit on the way is refused by some check. */
static int receive(const struct signet_aead_key *key, const uint8_t *frame,
		   size_t len, uint8_t *out)
{
	struct signet_frame_info info;
	int why = signet_frame_parse(frame, len, &info);

	if (why)
		return why;
	if (info.type != info0.type)
		return SIGNET_DROP_TYPE;
	if (info.label != info0.label)
		return SIGNET_DROP_LABEL;
	if (!signet_hop_tag_ok(frame, hop_key))
		return SIGNET_DROP_HOP_TAG;
	if (signet_frame_open(key, &info, frame, len, out))
		return SIGNET_DROP_AEAD;
	return 0;
}

static void every_flipped_bit_is_refused(void **state)
{
	uint8_t frame[100 + SIGNET_FRAME_OVERHEAD], pt[100], out[100];

	randombytes_buf(pt, sizeof(pt));
	for_each_aead(a)
	{
		struct signet_aead_key key;

		assert_int_equal(signet_aead_key_init(&key, *a, raw_key), 0);
		signet_frame_seal(&key, hop_key, &info0, pt, sizeof(pt), frame);
		assert_int_equal(receive(&key, frame, sizeof(frame), out), 0);
		for (size_t bit = 0; bit < 8 * sizeof(frame); bit++) {
			int why;

			frame[bit / 8] ^= 1 << bit % 8;
			why = receive(&key, frame, sizeof(frame), out);
			assert_int_not_equal(why, 0);
			if (bit >= 8 * SIGNET_FRAME_HDR_LEN)
				assert_int_equal(why, SIGNET_DROP_AEAD);
			else if (bit >= 8 * 8)
				assert_int_equal(why, SIGNET_DROP_HOP_TAG);
			frame[bit / 8] ^= 1 << bit % 8;
		}
	}
}

static void every_truncation_is_refused(void **state)
{
	uint8_t frame[100 + SIGNET_FRAME_OVERHEAD], pt[100], out[100];

	memset(pt, 7, sizeof(pt));
	for_each_aead(a)
	{
		struct signet_aead_key key;

		assert_int_equal(signet_aead_key_init(&key, *a, raw_key), 0);
		signet_frame_seal(&key, hop_key, &info0, pt, sizeof(pt), frame);
		for (size_t n = 0; n < sizeof(frame); n++) {
			/* an exact copy, so that ASan sees any overrun */
			uint8_t *copy = malloc(n ? n : 1);

			memcpy(copy, frame, n);
			assert_int_not_equal(receive(&key, copy, n, out), 0);
			free(copy);
		}
	}
}

static void another_hop_tag_and_label_still_open(void **state)
{
	uint8_t frame[60 + SIGNET_FRAME_OVERHEAD], pt[60] = { 4 }, out[60];
	const uint8_t other_hop[SIGNET_HOP_KEY_LEN] = { 1 };
	struct signet_aead_key key;

	assert_int_equal(signet_aead_key_init(
				 &key, SIGNET_AEAD_CHACHA20POLY1305, raw_key),
			 0);
	signet_frame_seal(&key, hop_key, &info0, pt, sizeof(pt), frame);
	frame[4] ^= 0xff;
	signet_hop_tag(frame, other_hop, frame + SIGNET_HOP_TAG_OFFSET);
	assert_true(signet_hop_tag_ok(frame, other_hop));
	assert_int_equal(
		signet_frame_open(&key, &info0, frame, sizeof(frame), out), 0);
	assert_memory_equal(out, pt, sizeof(pt));
}

static void parse_checks_lengths_of_every_type(void **state)
{
	static uint8_t f[1500];
	struct signet_frame_info info;

	for (int type = 0; type < 256; type++) {
		for (size_t n = 0; n <= sizeof(f); n++) {
			bool good = false;
			int why;

			memset(f, 0, sizeof(f));
			f[0] = (uint8_t)type;
			if (type >= 1 && type <= 3)
				f[1] = 1, f[8] = 1;
			if (type >= 2)
				f[4] = 1;
			if (type >= 1 && type <= 3)
				good = n >= 96 && n <= 1232;
			else if (type == 4)
				good = n == 64;
			else if (type == 5)
				good = n >= 40;
			else if (type == 6)
				good = n >= 104 && n <= 40 + 1152 &&
				       (n - 40) % 64 == 0;
			why = signet_frame_parse(f, n, &info);
			if (good)
				assert_int_equal(why, 0);
			else if (type >= 1 && type <= 6)
				assert_int_equal(why, SIGNET_DROP_LENGTH);
			else
				assert_int_not_equal(why, 0);
		}
	}
	assert_int_equal(signet_frame_parse(f, 0, &info), SIGNET_DROP_LENGTH);
}

static void parse_checks_flags_labels_and_reserved(void **state)
{
	uint8_t f[200] = { SIGNET_FRAME_PACKET, 0, 0, 0, 1 };
	struct signet_frame_info info;

	assert_int_equal(signet_frame_parse(f, 200, &info), 0);
	f[2] = 1;
	assert_int_equal(signet_frame_parse(f, 200, &info), SIGNET_DROP_FLAGS);
	f[2] = 0, f[3] = 0x80;
	assert_int_equal(signet_frame_parse(f, 200, &info), SIGNET_DROP_FLAGS);
	f[3] = 0, f[4] = 0;
	assert_int_equal(signet_frame_parse(f, 200, &info), SIGNET_DROP_LABEL);

	f[0] = SIGNET_FRAME_INIT, f[1] = SIGNET_PATTERN_IK, f[8] = 1;
	assert_int_equal(signet_frame_parse(f, 200, &info), 0);
	f[8] = 0;
	assert_int_equal(signet_frame_parse(f, 200, &info), SIGNET_DROP_LABEL);
	f[8] = 1, f[12] = 1;
	assert_int_equal(signet_frame_parse(f, 200, &info), SIGNET_DROP_FLAGS);
	f[12] = 0, f[1] = 0;
	assert_int_equal(signet_frame_parse(f, 200, &info), SIGNET_DROP_TYPE);
	f[1] = SIGNET_PATTERN_MAX + 1;
	assert_int_equal(signet_frame_parse(f, 200, &info), SIGNET_DROP_TYPE);
	f[1] = 1, f[4] = 1;
	assert_int_equal(signet_frame_parse(f, 200, &info), SIGNET_DROP_LABEL);
	f[0] = SIGNET_FRAME_RESPONSE;
	assert_int_equal(signet_frame_parse(f, 200, &info), 0);

	memset(f, 0, sizeof(f));
	f[0] = SIGNET_FRAME_COOKIE, f[4] = 1;
	assert_int_equal(signet_frame_parse(f, 64, &info), 0);
	f[15] = 1;
	assert_int_equal(signet_frame_parse(f, 64, &info), SIGNET_DROP_FLAGS);
}

static void hop_tag_is_siphash_2_4(void **state)
{
	/* From the SipHash paper's reference vectors: key and input are the
	 * bytes 0, 1, 2...; 16 bytes of input. */
	static const uint8_t want[8] = {
		0xdb, 0x9b, 0xc2, 0x57, 0x7f, 0xcc, 0x2a, 0x3f,
	};
	uint8_t in[16], key[16], tag[8];

	for (int i = 0; i < 16; i++)
		in[i] = key[i] = (uint8_t)i;
	signet_hop_tag(in, key, tag);
	assert_memory_equal(tag, want, 8);
}

static void unknown_aead_is_refused(void **state)
{
	struct signet_aead_key key;

	assert_int_equal(signet_aead_key_init(&key, 0, raw_key), -EINVAL);
	assert_int_equal(signet_aead_key_init(&key, 3, raw_key), -EINVAL);
}

static int setup(void **state)
{
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_frames_open_at_every_length),
		cmocka_unit_test(sealing_and_opening_in_place),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(another_hop_tag_and_label_still_open),
		cmocka_unit_test(parse_checks_lengths_of_every_type),
		cmocka_unit_test(parse_checks_flags_labels_and_reserved),
		cmocka_unit_test(hop_tag_is_siphash_2_4),
		cmocka_unit_test(unknown_aead_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
