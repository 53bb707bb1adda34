// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* COSE_Sign1: a public vector, one form only, each bit matters. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <signet/core/cose.h>
#include <sodium.h>

#include "vectors.h"

/* Key of RFC 8032 section 7.1 test 1. */
static const char seed_hex[] =
	"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char public_hex[] =
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/* eddsa-sig-01 of the COSE working group's examples. */
static const char public_vector[] =
	"d28445a201270300a10442313154546869732069732074686520636f6e74656e"
	"742e58407142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c578193"
	"2b7afb8711497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a4"
	"4d6fef0d";

/*
 * "This is the content." under {1: -8} by the same key; the signature was
 * made by another Ed25519 over a Sig_structure written by hand.
 */
static const char plain_vector[] =
	"d28443a10127a054546869732069732074686520636f6e74656e742e58406354"
	"488f9f290e36cd80e23762e664a5cb03e4267c66a8cffaef7c66d89a40bf2cbb"
	"8222432a08e5ee410d8b540c6931d26fb6af673f7e2100655d8bae765c04";

static const uint8_t content[] = "This is the content.";
#define CONTENT_LEN (sizeof(content) - 1)

static uint8_t pk[32], sk[64];

static int setup(void **state)
{
	uint8_t seed[32], expected[32];

	if (sodium_init() < 0)
		return -1;
	vector_unhex(seed_hex, seed, sizeof(seed));
	vector_unhex(public_hex, expected, sizeof(expected));
	crypto_sign_seed_keypair(pk, sk, seed);
	assert_memory_equal(pk, expected, 32);
	return 0;
}

static void public_vector_verifies(void **state)
{
	uint8_t buf[256];
	const uint8_t *payload;
	size_t len, n;

	len = vector_unhex(public_vector, buf, sizeof(buf));
	assert_int_equal(signet_sign1_verify(buf, len, NULL, pk, &payload, &n),
			 0);
	assert_int_equal(n, CONTENT_LEN);
	assert_memory_equal(payload, content, n);
	buf[len - 1] ^= 1;
	assert_int_equal(signet_sign1_verify(buf, len, NULL, pk, &payload, &n),
			 -EKEYREJECTED);
	assert_null(payload);
}

static void own_signature_has_the_vectors_bytes(void **state)
{
	uint8_t buf[256], expected[256];
	size_t len, n;

	n = vector_unhex(plain_vector, expected, sizeof(expected));
	assert_int_equal(signet_sign1_sign(NULL, content, CONTENT_LEN, sk, buf,
					   sizeof(buf), &len),
			 0);
	assert_int_equal(len, n);
	assert_memory_equal(buf, expected, n);
}

static size_t sign(const char *typ, uint8_t buf[256])
{
	size_t len;

	assert_int_equal(signet_sign1_sign(typ, content, CONTENT_LEN, sk, buf,
					   256, &len),
			 0);
	return len;
}

static void another_typ_is_refused(void **state)
{
	static const char *const others[] = { "signet-b+cose", "signet-a+cos",
					      "signet-a+cose2", "", NULL };
	uint8_t buf[256];
	const uint8_t *payload;
	size_t len = sign("signet-a+cose", buf), n, i;

	assert_int_equal(signet_sign1_verify(buf, len, "signet-a+cose", pk,
					     &payload, &n),
			 0);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(signet_sign1_verify(buf, len, others[i], pk,
						     &payload, &n),
				 -EBADMSG);
	len = sign(NULL, buf);
	assert_int_equal(signet_sign1_verify(buf, len, "signet-a+cose", pk,
					     &payload, &n),
			 -EBADMSG);
}

static void each_flipped_bit_is_refused(void **state)
{
	uint8_t buf[256];
	const uint8_t *payload;
	size_t len = sign("signet-a+cose", buf), n, bit;
	int ret;

	for (bit = 0; bit < len * 8; bit++) {
		buf[bit / 8] ^= 1 << bit % 8;
		ret = signet_sign1_verify(buf, len, "signet-a+cose", pk,
					  &payload, &n);
		assert_true(ret == -EBADMSG || ret == -EKEYREJECTED);
		buf[bit / 8] ^= 1 << bit % 8;
	}
}

static void each_other_length_is_refused(void **state)
{
	uint8_t buf[257] = { 0 };
	const uint8_t *payload;
	size_t len = sign("signet-a+cose", buf), n, i;

	for (i = 0; i < sizeof(buf); i++)
		if (i != len)
			assert_int_equal(signet_sign1_verify(buf, i,
							     "signet-a+cose",
							     pk, &payload, &n),
					 -EBADMSG);
}

/* A second form of the same statement would be a second hash of it. */
static void other_forms_of_the_same_are_refused(void **state)
{
	static const char *const forms[] = {
		/* no tag */
		"8443a10127a054546869732069732074686520636f6e74656e742e5840",
		/* tag in two bytes */
		"d8128443a10127a054546869732069732074686520636f6e74656e742e584"
		"0",
		/* array of indefinite length */
		"d29f43a10127a054546869732069732074686520636f6e74656e742e5840",
		/* length of the payload in two bytes */
		"d28443a10127a05814546869732069732074686520636f6e74656e742e584"
		"0",
		/* payload in chunks */
		"d28443a10127a05f54546869732069732074686520636f6e74656e742eff58"
		"40",
		/* algorithm in two bytes */
		"d28444a1013807a054546869732069732074686520636f6e74656e742e584"
		"0",
		/* algorithm as text */
		"d2844ba1016545644453413131a0"
		"54546869732069732074686520636f6e74656e742e5840",
		/* protected header of another map form */
		"d28444bf0127ffa054546869732069732074686520636f6e74656e742e584"
		"0",
		/* key twice */
		"d28445a201270127a054546869732069732074686520636f6e74656e742e58"
		"40",
		/* crit */
		"d28447a201270281183aa054546869732069732074686520636f6e74656e74"
		"2e5840",
		/* unprotected header no map */
		"d28443a101278054546869732069732074686520636f6e74656e742e5840",
		/* keys of the unprotected header out of order */
		"d28443a10127a20440014054546869732069732074686520636f6e74656e74"
		"2e5840",
		/* detached payload */
		"d28443a10127a0f65840",
	};
	const uint8_t *payload;
	uint8_t buf[256];
	size_t i, len, n;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		len = vector_unhex(forms[i], buf, sizeof(buf));
		memset(buf + len, 0, 64);
		assert_int_equal(signet_sign1_verify(buf, len + 64, NULL, pk,
						     &payload, &n),
				 -EBADMSG);
	}
}

static void limits_hold(void **state)
{
	static uint8_t big[SIGNET_SIGN1_PAYLOAD_MAX + 1], out[4096];
	char typ[SIGNET_SIGN1_TYP_MAX + 2];
	const uint8_t *payload;
	size_t len, n, cap;

	memset(typ, 'a', sizeof(typ));
	typ[SIGNET_SIGN1_TYP_MAX + 1] = '\0';
	assert_int_equal(
		signet_sign1_sign(typ, big, 1, sk, out, sizeof(out), &len),
		-EMSGSIZE);
	typ[SIGNET_SIGN1_TYP_MAX] = '\0';
	assert_int_equal(signet_sign1_sign(typ, big, sizeof(big), sk, out,
					   sizeof(out), &len),
			 -EMSGSIZE);
	assert_int_equal(signet_sign1_sign(typ, big, sizeof(big) - 1, sk, out,
					   sizeof(out), &len),
			 0);
	assert_int_equal(signet_sign1_verify(out, len, typ, pk, &payload, &n),
			 0);
	assert_int_equal(n, SIGNET_SIGN1_PAYLOAD_MAX);
	for (cap = 0; cap < len; cap += 7)
		assert_int_equal(signet_sign1_sign(typ, big, sizeof(big) - 1,
						   sk, out, cap, &n),
				 -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_vector_verifies),
		cmocka_unit_test(own_signature_has_the_vectors_bytes),
		cmocka_unit_test(another_typ_is_refused),
		cmocka_unit_test(each_flipped_bit_is_refused),
		cmocka_unit_test(each_other_length_is_refused),
		cmocka_unit_test(other_forms_of_the_same_are_refused),
		cmocka_unit_test(limits_hold),
	};

	return cmocka_run_group_tests_name("cose", tests, setup, NULL);
}
