// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Histories. The first byte says what the rest is:
 *
 *	0  a whole history
 *	1  the map of a first change, signed here by a known key
 *	2  the map of a second change, signed by the key that the first one
 *	   commits to
 *
 * What is accepted must say what we know of it.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <signet/core/cose.h>
#include <signet/core/identity.h>

#define CHANGE_TYP "signet-change+cose"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint8_t pk[3][32], sk[3][64];
static uint8_t first[SIGNET_CHANGE_MAX];
static struct signet_identity first_says;
static size_t first_len;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t seed[32] = { 0 };
	int i;

	if (sodium_init() < 0)
		abort();
	for (i = 0; i < 3; i++) {
		seed[0] = i + 1;
		crypto_sign_seed_keypair(pk[i], sk[i], seed);
	}
	if (signet_history_create(sk[0], pk[1], first, sizeof(first),
				  &first_len, &first_says))
		abort();
	return 0;
}

static void whole(const uint8_t *data, size_t len)
{
	struct signet_identity ident;

	if (!signet_history_verify(data, len, &ident) &&
	    (!ident.head.length ||
	     ident.head.length > SIGNET_HISTORY_CHANGES_MAX))
		abort();
}

/* The map, signed by @key, behind @before bytes of the good first change. */
static void signed_map(const uint8_t *data, size_t len, int key, size_t before)
{
	uint8_t buf[SIGNET_CHANGE_MAX + SIGNET_SIGN1_PAYLOAD_MAX + 256];
	struct signet_identity ident;
	size_t n;

	if (len > SIGNET_SIGN1_PAYLOAD_MAX)
		return;
	memcpy(buf, first, before);
	if (signet_sign1_sign(CHANGE_TYP, data, len, sk[key], buf + before,
			      sizeof(buf) - before, &n))
		abort();
	if (signet_history_verify(buf, before + n, &ident))
		return;
	if (memcmp(ident.key, pk[key], 32) ||
	    ident.head.length != (before ? 2 : 1))
		abort();
	if (before && signet_id_cmp(&ident.id, &first_says.id))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	if (data[0] == 0)
		whole(data + 1, len - 1);
	else if (data[0] == 1)
		signed_map(data + 1, len - 1, 0, 0);
	else if (data[0] == 2)
		signed_map(data + 1, len - 1, 1, first_len);
	return 0;
}
