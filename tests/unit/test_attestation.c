// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attestations: a second implementation's bytes, one form, each bit matters. */
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
#define TYP	"signet-attestation+cwt"

static uint8_t pk[32], sk[64];

static struct signet_attestation sample(void)
{
	struct signet_attestation att = {
		.head = { .length = 3 },
		.issued = 1700000000,
		.expires = 1700604800,
	};

	memset(att.id.b, 0x5a, sizeof(att.id.b));
	memset(att.head.hash, 0xc3, sizeof(att.head.hash));
	memset(att.static_key, 0x99, sizeof(att.static_key));
	return att;
}

static void assert_same(const struct signet_attestation *a,
			const struct signet_attestation *b)
{
	assert_int_equal(signet_id_cmp(&a->id, &b->id), 0);
	assert_int_equal(a->head.length, b->head.length);
	assert_memory_equal(a->head.hash, b->head.hash, 32);
	assert_memory_equal(a->static_key, b->static_key, 32);
	assert_true(a->issued == b->issued);
	assert_true(a->expires == b->expires);
}

static void check_vector(struct json_object *v)
{
	struct json_object *seeds = vector_field(v, "seeds");
	static uint8_t history[SIGNET_HISTORY_MAX];
	uint8_t expected[512], ours[512], seed[32], key[32], secret[64];
	struct signet_attestation att, back;
	struct signet_identity ident;
	size_t len, ours_len, count;

	len = vector_bytes(v, "history", history, sizeof(history));
	assert_int_equal(signet_history_verify(history, len, &ident), 0);
	att.id = ident.id;
	att.head = ident.head;
	vector_bytes(v, "static_key", att.static_key, 32);
	att.issued = json_object_get_int64(vector_field(v, "issued"));
	att.expires = json_object_get_int64(vector_field(v, "expires"));
	count = json_object_array_length(seeds);
	vector_unhex(json_object_get_string(
			     json_object_array_get_idx(seeds, count - 2)),
		     seed, sizeof(seed));
	crypto_sign_seed_keypair(key, secret, seed);
	assert_int_equal(signet_attestation_sign(&att, secret, ours,
						 sizeof(ours), &ours_len),
			 0);
	len = vector_bytes(v, "attestation", expected, sizeof(expected));
	assert_int_equal(ours_len, len);
	assert_true(len <= SIGNET_ATTESTATION_MAX);
	assert_memory_equal(ours, expected, len);
	assert_int_equal(
		signet_attestation_verify(expected, len, ident.key, &back), 0);
	assert_same(&att, &back);
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

static void impossible_attestations_are_not_signed(void **state)
{
	uint8_t out[SIGNET_ATTESTATION_MAX];
	struct signet_attestation att;
	size_t len, cap;

	att = sample();
	att.issued = -1;
	assert_int_equal(
		signet_attestation_sign(&att, sk, out, sizeof(out), &len),
		-EINVAL);
	att = sample();
	att.expires = att.issued;
	assert_int_equal(
		signet_attestation_sign(&att, sk, out, sizeof(out), &len),
		-EINVAL);
	att = sample();
	att.head.length = 0;
	assert_int_equal(
		signet_attestation_sign(&att, sk, out, sizeof(out), &len),
		-EINVAL);
	att.head.length = SIGNET_HISTORY_CHANGES_MAX + 1;
	assert_int_equal(
		signet_attestation_sign(&att, sk, out, sizeof(out), &len),
		-EINVAL);
	att = sample();
	assert_int_equal(
		signet_attestation_sign(&att, sk, out, sizeof(out), &len), 0);
	for (cap = 0; cap < len; cap++) {
		size_t n;

		assert_int_equal(
			signet_attestation_sign(&att, sk, out, cap, &n),
			-ENOBUFS);
	}
}

static void each_flipped_bit_is_refused(void **state)
{
	struct signet_attestation att = sample(), back;
	uint8_t buf[SIGNET_ATTESTATION_MAX];
	size_t len, bit;
	int ret;

	assert_int_equal(
		signet_attestation_sign(&att, sk, buf, sizeof(buf), &len), 0);
	for (bit = 0; bit < len * 8; bit++) {
		buf[bit / 8] ^= 1 << bit % 8;
		ret = signet_attestation_verify(buf, len, pk, &back);
		assert_true(ret == -EBADMSG || ret == -EKEYREJECTED);
		assert_true(sodium_is_zero((uint8_t *)&back, sizeof(back)));
		buf[bit / 8] ^= 1 << bit % 8;
	}
}

static void each_other_length_is_refused(void **state)
{
	struct signet_attestation att = sample(), back;
	uint8_t buf[1024] = { 0 };
	size_t len, i;

	assert_int_equal(
		signet_attestation_sign(&att, sk, buf, sizeof(buf), &len), 0);
	for (i = 0; i < sizeof(buf); i++)
		if (i != len)
			assert_int_equal(
				signet_attestation_verify(buf, i, pk, &back),
				-EBADMSG);
}

static void another_key_is_refused(void **state)
{
	struct signet_attestation att = sample(), back;
	uint8_t buf[SIGNET_ATTESTATION_MAX], other[32], other_sk[64];
	uint8_t seed[32] = { 0xee };
	size_t len;

	crypto_sign_seed_keypair(other, other_sk, seed);
	assert_int_equal(
		signet_attestation_sign(&att, sk, buf, sizeof(buf), &len), 0);
	assert_int_equal(signet_attestation_verify(buf, len, other, &back),
			 -EKEYREJECTED);
}

/* What a faulty signer could make: claims that are off, rightly signed. */
enum fault {
	NONE,
	NO_SUB,
	UPPER_SUB,
	SHORT_SUB,
	TAGGED_EXP,
	NEGATIVE_IAT,
	EXP_BEFORE_IAT,
	OTHER_KTY,
	OTHER_CRV,
	SHORT_KEY,
	EXTRA_KEY_FIELD,
	HEAD_ZERO,
	HEAD_LONG,
	EXTRA_CLAIM,
	FAULTS
};

static void put_sub(struct sg_cbor_writer *w, enum fault fault)
{
	struct signet_attestation att = sample();
	char sub[SIGNET_ID_STR_LEN];
	size_t i;

	signet_id_format(&att.id, sub);
	for (i = 0; fault == UPPER_SUB && sub[i]; i++)
		if (sub[i] >= 'a')
			sub[i] -= 32;
	if (fault == SHORT_SUB)
		sub[SIGNET_ID_STR_LEN - 2] = '\0';
	if (fault == NO_SUB)
		return;
	sg_cbor_put_uint(w, 2);
	sg_cbor_put_text(w, sub);
}

static void put_cnf(struct sg_cbor_writer *w, enum fault fault)
{
	struct signet_attestation att = sample();

	sg_cbor_put_uint(w, 8);
	sg_cbor_put_map(w, 1);
	sg_cbor_put_uint(w, 1);
	sg_cbor_put_map(w, 3 + (fault == EXTRA_KEY_FIELD));
	sg_cbor_put_uint(w, 1);
	sg_cbor_put_uint(w, fault == OTHER_KTY ? 2 : 1);
	sg_cbor_put_int(w, -1);
	sg_cbor_put_uint(w, fault == OTHER_CRV ? 6 : 4);
	sg_cbor_put_int(w, -2);
	sg_cbor_put_bytes(w, att.static_key, fault == SHORT_KEY ? 31 : 32);
	if (fault == EXTRA_KEY_FIELD) {
		sg_cbor_put_int(w, -3);
		sg_cbor_put_uint(w, 0);
	}
}

static int verify_faulty(enum fault fault)
{
	struct signet_attestation att = sample(), back;
	uint8_t claims[512], out[512];
	struct sg_cbor_writer w;
	size_t len;
	int ret;

	sg_cbor_write(&w, claims, sizeof(claims));
	sg_cbor_put_map(&w, 5 - (fault == NO_SUB) + (fault == EXTRA_CLAIM));
	put_sub(&w, fault);
	sg_cbor_put_uint(&w, 4);
	if (fault == TAGGED_EXP)
		sg_cbor_put_tag(&w, 1);
	sg_cbor_put_uint(&w, fault == EXP_BEFORE_IAT ? 5 : att.expires);
	sg_cbor_put_uint(&w, 6);
	sg_cbor_put_int(&w, fault == NEGATIVE_IAT ? -1 : att.issued);
	put_cnf(&w, fault);
	sg_cbor_put_int(&w, -65537);
	sg_cbor_put_array(&w, 2);
	sg_cbor_put_uint(&w, fault == HEAD_ZERO	  ? 0
			     : fault == HEAD_LONG ? 65
						  : att.head.length);
	sg_cbor_put_bytes(&w, att.head.hash, 32);
	if (fault == EXTRA_CLAIM) {
		sg_cbor_put_int(&w, -65538);
		sg_cbor_put_bool(&w, true);
	}
	assert_int_equal(sg_cbor_finish(&w, &len), 0);
	assert_int_equal(
		signet_sign1_sign(TYP, claims, len, sk, out, sizeof(out), &len),
		0);
	ret = signet_attestation_verify(out, len, pk, &back);
	if (!ret)
		assert_same(&att, &back);
	return ret;
}

static void rightly_signed_but_malformed_is_refused(void **state)
{
	int fault;

	assert_int_equal(verify_faulty(NONE), 0);
	for (fault = NONE + 1; fault < FAULTS; fault++)
		if (verify_faulty(fault) != -EBADMSG)
			fail_msg("fault %d was accepted", fault);
}

static int setup(void **state)
{
	uint8_t seed[32] = { 0x42 };

	if (sodium_init() < 0)
		return -1;
	crypto_sign_seed_keypair(pk, sk, seed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_implementations_bytes_are_ours),
		cmocka_unit_test(impossible_attestations_are_not_signed),
		cmocka_unit_test(each_flipped_bit_is_refused),
		cmocka_unit_test(each_other_length_is_refused),
		cmocka_unit_test(another_key_is_refused),
		cmocka_unit_test(rightly_signed_but_malformed_is_refused),
	};

	return cmocka_run_group_tests_name("attestation", tests, setup, NULL);
}
