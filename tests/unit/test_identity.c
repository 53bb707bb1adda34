// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Histories: the bytes of a second implementation, rotation, and tampering. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <signet/core/cose.h>
#include <signet/core/identity.h>
#include <sodium.h>

#include "core/cbor.h"
#include "vectors.h"

#define VECTORS "tests/vectors/identity/signet.json"

struct node {
	uint8_t sk[SIGNET_HISTORY_CHANGES_MAX + 2][64];
	uint8_t pk[SIGNET_HISTORY_CHANGES_MAX + 2][32];
	uint8_t history[SIGNET_HISTORY_MAX];
	size_t len;
	struct signet_identity ident;
};

static struct node node;

/* An identity of @changes changes with fixed keys. */
static void make(struct node *n, int changes)
{
	uint8_t seed[32];
	int i;

	for (i = 0; i < SIGNET_HISTORY_CHANGES_MAX + 2; i++) {
		memset(seed, i + 1, sizeof(seed));
		crypto_sign_seed_keypair(n->pk[i], n->sk[i], seed);
	}
	assert_int_equal(signet_history_create(n->sk[0], n->pk[1], n->history,
					       sizeof(n->history), &n->len,
					       &n->ident),
			 0);
	for (i = 1; i < changes; i++)
		assert_int_equal(signet_history_rotate(n->sk[i], n->pk[i + 1],
						       n->history, &n->len,
						       sizeof(n->history),
						       &n->ident),
				 0);
}

static void check_vector(struct json_object *v)
{
	struct json_object *seeds = vector_field(v, "seeds");
	static uint8_t expected[SIGNET_HISTORY_MAX], ours[SIGNET_HISTORY_MAX];
	uint8_t pk[65][32], sk[65][64], seed[32], b[32], overlay[16];
	struct signet_identity ident, verified;
	size_t i, keys, len, ours_len;
	char text[SIGNET_ID_STR_LEN];

	keys = json_object_array_length(seeds);
	assert_in_range(keys, 2, 65);
	for (i = 0; i < keys; i++) {
		vector_unhex(json_object_get_string(
				     json_object_array_get_idx(seeds, i)),
			     seed, sizeof(seed));
		crypto_sign_seed_keypair(pk[i], sk[i], seed);
	}
	assert_int_equal(signet_history_create(sk[0], pk[1], ours, sizeof(ours),
					       &ours_len, &ident),
			 0);
	for (i = 1; i + 1 < keys; i++)
		assert_int_equal(signet_history_rotate(sk[i], pk[i + 1], ours,
						       &ours_len, sizeof(ours),
						       &ident),
				 0);
	len = vector_bytes(v, "history", expected, sizeof(expected));
	assert_int_equal(ours_len, len);
	assert_memory_equal(ours, expected, len);
	assert_int_equal(signet_history_verify(expected, len, &verified), 0);
	assert_memory_equal(&verified, &ident, sizeof(ident));
	assert_int_equal(ident.head.length, keys - 1);
	assert_memory_equal(ident.key, pk[keys - 2], 32);
	assert_int_equal(vector_bytes(v, "id", b, 32), 32);
	assert_memory_equal(ident.id.b, b, 32);
	assert_int_equal(vector_bytes(v, "head_hash", b, 32), 32);
	assert_memory_equal(ident.head.hash, b, 32);
	signet_id_format(&ident.id, text);
	assert_string_equal(text,
			    json_object_get_string(vector_field(v, "text")));
	signet_id_overlay(&ident.id, overlay);
	assert_int_equal(vector_bytes(v, "overlay", b, 16), 16);
	assert_memory_equal(overlay, b, 16);
}

static void second_implementations_bytes_are_ours(void **state)
{
	struct json_object *root = json_object_from_file(VECTORS), *list;
	size_t i;

	if (!root)
		fail_msg("cannot read " VECTORS);
	list = vector_field(root, "vectors");
	assert_true(json_object_array_length(list) >= 4);
	for (i = 0; i < json_object_array_length(list); i++)
		check_vector(json_object_array_get_idx(list, i));
	json_object_put(root);
}

static void rotation_keeps_the_identifier(void **state)
{
	struct signet_identity first, third;

	make(&node, 1);
	first = node.ident;
	make(&node, 3);
	third = node.ident;
	assert_int_equal(signet_id_cmp(&first.id, &third.id), 0);
	assert_int_equal(first.head.length, 1);
	assert_int_equal(third.head.length, 3);
	assert_memory_equal(third.key, node.pk[2], 32);
	assert_memory_not_equal(first.head.hash, third.head.hash, 32);
}

static void stolen_current_key_cannot_rotate(void **state)
{
	uint8_t before[SIGNET_HISTORY_MAX];
	struct signet_identity ident;
	size_t len;

	make(&node, 2);
	memcpy(before, node.history, sizeof(before));
	len = node.len;
	/* the current key, an older key, a key from nowhere */
	assert_int_equal(signet_history_rotate(node.sk[1], node.pk[9],
					       node.history, &node.len,
					       sizeof(node.history), &ident),
			 -EKEYREJECTED);
	assert_int_equal(signet_history_rotate(node.sk[0], node.pk[9],
					       node.history, &node.len,
					       sizeof(node.history), &ident),
			 -EKEYREJECTED);
	assert_int_equal(signet_history_rotate(node.sk[30], node.pk[9],
					       node.history, &node.len,
					       sizeof(node.history), &ident),
			 -EKEYREJECTED);
	assert_int_equal(node.len, len);
	assert_memory_equal(before, node.history, len);
}

static void committing_to_the_same_key_is_refused(void **state)
{
	struct signet_identity ident;
	uint8_t out[SIGNET_CHANGE_MAX];
	size_t len;

	make(&node, 1);
	assert_int_equal(signet_history_create(node.sk[0], node.pk[0], out,
					       sizeof(out), &len, &ident),
			 -EINVAL);
	assert_int_equal(signet_history_rotate(node.sk[1], node.pk[1],
					       node.history, &node.len,
					       sizeof(node.history), &ident),
			 -EINVAL);
}

static void full_history_is_refused(void **state)
{
	struct signet_identity ident;
	size_t len;

	make(&node, SIGNET_HISTORY_CHANGES_MAX);
	len = node.len;
	assert_true(len <= SIGNET_HISTORY_MAX);
	assert_int_equal(signet_history_rotate(node.sk[64], node.pk[65],
					       node.history, &node.len,
					       sizeof(node.history), &ident),
			 -E2BIG);
	assert_int_equal(node.len, len);
}

static void small_buffers_are_refused(void **state)
{
	uint8_t out[SIGNET_CHANGE_MAX];
	struct signet_identity ident;
	size_t cap, len, one;

	make(&node, 1);
	one = node.len;
	assert_true(one <= SIGNET_CHANGE_MAX);
	for (cap = 0; cap < one; cap++)
		assert_int_equal(signet_history_create(node.sk[0], node.pk[1],
						       out, cap, &len, &ident),
				 -ENOBUFS);
	len = one;
	assert_int_equal(signet_history_rotate(node.sk[1], node.pk[2],
					       node.history, &len, one + 200,
					       &ident),
			 -ENOBUFS);
	assert_int_equal(len, one);
	assert_int_equal(signet_history_rotate(node.sk[1], node.pk[2],
					       node.history, &len, one - 1,
					       &ident),
			 -ENOBUFS);
}

static void each_flipped_bit_is_refused(void **state)
{
	struct signet_identity ident;
	size_t bit;

	make(&node, 3);
	for (bit = 0; bit < node.len * 8; bit++) {
		node.history[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(
			signet_history_verify(node.history, node.len, &ident),
			-EBADMSG);
		assert_int_equal(ident.head.length, 0);
		node.history[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(signet_history_verify(node.history, node.len, &ident),
			 0);
}

/* A history cut between changes is an older, valid one; the head tells. */
static void cut_history_is_older_or_refused(void **state)
{
	struct signet_identity ident;
	size_t len, valid = 0;

	make(&node, 3);
	for (len = 0; len < node.len; len++) {
		if (signet_history_verify(node.history, len, &ident))
			continue;
		valid++;
		assert_int_equal(ident.head.length, valid);
	}
	assert_int_equal(valid, 2);
	node.history[node.len] = 0;
	assert_int_equal(
		signet_history_verify(node.history, node.len + 1, &ident),
		-EBADMSG);
}

static void changes_out_of_place_are_refused(void **state)
{
	static uint8_t mixed[SIGNET_HISTORY_MAX];
	struct signet_identity ident;
	size_t one, two;

	make(&node, 1);
	one = node.len;
	make(&node, 2);
	two = node.len - one;
	/* the first twice, the second alone, the two exchanged */
	memcpy(mixed, node.history, one);
	memcpy(mixed + one, node.history, one);
	assert_int_equal(signet_history_verify(mixed, 2 * one, &ident),
			 -EBADMSG);
	assert_int_equal(signet_history_verify(node.history + one, two, &ident),
			 -EBADMSG);
	memcpy(mixed, node.history + one, two);
	memcpy(mixed + two, node.history, one);
	assert_int_equal(signet_history_verify(mixed, node.len, &ident),
			 -EBADMSG);
}

/* Sign a change map by hand, and see whether it makes a history. */
static int verify_map(const uint8_t *map, size_t len, const uint8_t sk[64],
		      const char *typ)
{
	struct signet_identity ident;
	uint8_t out[512];
	size_t out_len;

	assert_int_equal(signet_sign1_sign(typ, map, len, sk, out, sizeof(out),
					   &out_len),
			 0);
	return signet_history_verify(out, out_len, &ident);
}

static size_t first_map(uint8_t map[256], uint64_t version, bool extra,
			bool previous)
{
	struct sg_cbor_writer w;
	uint8_t hash[32];
	size_t len;

	crypto_hash_sha256(hash, node.pk[1], 32);
	sg_cbor_write(&w, map, 256);
	sg_cbor_put_map(&w, 3 + extra + previous);
	sg_cbor_put_uint(&w, 1);
	sg_cbor_put_uint(&w, version);
	sg_cbor_put_uint(&w, 2);
	sg_cbor_put_bytes(&w, node.pk[0], 32);
	sg_cbor_put_uint(&w, 3);
	sg_cbor_put_bytes(&w, hash, 32);
	if (previous) {
		sg_cbor_put_uint(&w, 4);
		sg_cbor_put_bytes(&w, hash, 32);
	}
	if (extra) {
		sg_cbor_put_uint(&w, 5);
		sg_cbor_put_uint(&w, 0);
	}
	assert_int_equal(sg_cbor_finish(&w, &len), 0);
	return len;
}

static void signed_but_malformed_changes_are_refused(void **state)
{
	const char *typ = "signet-change+cose";
	uint8_t map[256];
	size_t len;

	make(&node, 1);
	len = first_map(map, 1, false, false);
	assert_int_equal(verify_map(map, len, node.sk[0], typ), 0);
	assert_int_equal(
		verify_map(map, len, node.sk[0], "signet-attestation+cwt"),
		-EBADMSG);
	assert_int_equal(verify_map(map, len, node.sk[1], typ), -EBADMSG);
	assert_int_equal(verify_map(map, len - 1, node.sk[0], typ), -EBADMSG);
	map[len] = 0;
	assert_int_equal(verify_map(map, len + 1, node.sk[0], typ), -EBADMSG);
	len = first_map(map, 2, false, false);
	assert_int_equal(verify_map(map, len, node.sk[0], typ), -EBADMSG);
	len = first_map(map, 1, true, false);
	assert_int_equal(verify_map(map, len, node.sk[0], typ), -EBADMSG);
	len = first_map(map, 1, false, true);
	assert_int_equal(verify_map(map, len, node.sk[0], typ), -EBADMSG);
}

static void order_of_identifiers_is_that_of_bytes(void **state)
{
	struct signet_id a = { { 0x7f } }, b = { { 0x80 } };

	assert_int_equal(signet_id_cmp(&a, &b), -1);
	assert_int_equal(signet_id_cmp(&b, &a), 1);
	assert_int_equal(signet_id_cmp(&a, &a), 0);
}

static int setup(void **state)
{
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_implementations_bytes_are_ours),
		cmocka_unit_test(rotation_keeps_the_identifier),
		cmocka_unit_test(stolen_current_key_cannot_rotate),
		cmocka_unit_test(committing_to_the_same_key_is_refused),
		cmocka_unit_test(full_history_is_refused),
		cmocka_unit_test(small_buffers_are_refused),
		cmocka_unit_test(each_flipped_bit_is_refused),
		cmocka_unit_test(cut_history_is_older_or_refused),
		cmocka_unit_test(changes_out_of_place_are_refused),
		cmocka_unit_test(signed_but_malformed_changes_are_refused),
		cmocka_unit_test(order_of_identifiers_is_that_of_bytes),
	};

	return cmocka_run_group_tests_name("identity", tests, setup, NULL);
}
