// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * COSE_Sign1 and attestations. The first byte says what the rest is:
 *
 *	0  a whole COSE_Sign1 of any origin
 *	1  a whole attestation
 *	2  the claims of an attestation, signed here: what a faulty signer makes;
 *	   what is accepted must sign to the same bytes
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <signet/core/cose.h>
#include <signet/core/identity.h>

#define ATTESTATION_TYP "signet-attestation+cwt"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint8_t pk[32], sk[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t seed[32] = { 0x42 };

	if (sodium_init() < 0)
		abort();
	crypto_sign_seed_keypair(pk, sk, seed);
	return 0;
}

/* Nothing that we did not sign verifies; all parts lie within the input. */
static void any_sign1(const uint8_t *data, size_t len)
{
	const uint8_t *payload;
	struct signet_sign1 s;
	size_t n;

	if (!signet_sign1_parse(data, len, NULL, &s, &n)) {
		if (n > len || s.payload < data ||
		    s.payload + s.payload_len > data + len ||
		    s.signature + SIGNET_SIGN1_SIG_LEN > data + len)
			abort();
	}
	signet_sign1_verify(data, len, NULL, pk, &payload, &n);
	signet_sign1_verify(data, len, ATTESTATION_TYP, pk, &payload, &n);
}

static void any_attestation(const uint8_t *data, size_t len)
{
	uint8_t again[SIGNET_ATTESTATION_MAX];
	struct signet_attestation att;
	size_t n;

	if (signet_attestation_verify(data, len, pk, &att))
		return;
	if (signet_attestation_sign(&att, sk, again, sizeof(again), &n) ||
	    n != len || memcmp(again, data, len))
		abort();
}

static void any_claims(const uint8_t *data, size_t len)
{
	uint8_t out[SIGNET_SIGN1_PAYLOAD_MAX + 256];
	size_t n;

	if (len > SIGNET_SIGN1_PAYLOAD_MAX)
		return;
	if (signet_sign1_sign(ATTESTATION_TYP, data, len, sk, out, sizeof(out),
			      &n))
		abort();
	any_attestation(out, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	if (data[0] == 0)
		any_sign1(data + 1, len - 1);
	else if (data[0] == 1)
		any_attestation(data + 1, len - 1);
	else if (data[0] == 2)
		any_claims(data + 1, len - 1);
	return 0;
}
