// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <signet/core/identity.h>

#include <errno.h>
#include <string.h>

#include <signet/core/cose.h>

#include "core/cbor.h"

#define ATTESTATION_TYP "signet-attestation+cwt"

/* RFC 8392 section 4, RFC 8747 section 3.1; the head is a private claim */
enum claim {
	CLAIM_SUB = 2,
	CLAIM_EXP = 4,
	CLAIM_IAT = 6,
	CLAIM_CNF = 8,
	CLAIM_HEAD = -65537,
};

#define CLAIMS		    5
#define CNF_COSE_KEY	    1
#define COSE_KEY_KTY	    1
#define COSE_KEY_KTY_OKP    1
#define COSE_KEY_CRV	    -1
#define COSE_KEY_CRV_X25519 4
#define COSE_KEY_X	    -2

static bool well_formed(const struct signet_attestation *att)
{
	return att->issued >= 0 && att->expires > att->issued &&
	       att->head.length >= 1 &&
	       att->head.length <= SIGNET_HISTORY_CHANGES_MAX;
}

static void put_cnf(struct sg_cbor_writer *w, const uint8_t key[32])
{
	sg_cbor_put_map(w, 1);
	sg_cbor_put_uint(w, CNF_COSE_KEY);
	sg_cbor_put_map(w, 3);
	sg_cbor_put_uint(w, COSE_KEY_KTY);
	sg_cbor_put_uint(w, COSE_KEY_KTY_OKP);
	sg_cbor_put_int(w, COSE_KEY_CRV);
	sg_cbor_put_uint(w, COSE_KEY_CRV_X25519);
	sg_cbor_put_int(w, COSE_KEY_X);
	sg_cbor_put_bytes(w, key, 32);
}

int signet_attestation_sign(const struct signet_attestation *att,
			    const uint8_t sk[64], uint8_t *out, size_t cap,
			    size_t *len)
{
	uint8_t claims[SIGNET_ATTESTATION_MAX];
	char sub[SIGNET_ID_STR_LEN];
	struct sg_cbor_writer w;
	size_t claims_len;
	int ret;

	*len = 0;
	if (!well_formed(att))
		return -EINVAL;
	signet_id_format(&att->id, sub);
	sg_cbor_write(&w, claims, sizeof(claims));
	sg_cbor_put_map(&w, CLAIMS);
	sg_cbor_put_uint(&w, CLAIM_SUB);
	sg_cbor_put_text(&w, sub);
	sg_cbor_put_uint(&w, CLAIM_EXP);
	sg_cbor_put_uint(&w, att->expires);
	sg_cbor_put_uint(&w, CLAIM_IAT);
	sg_cbor_put_uint(&w, att->issued);
	sg_cbor_put_uint(&w, CLAIM_CNF);
	put_cnf(&w, att->static_key);
	sg_cbor_put_int(&w, CLAIM_HEAD);
	sg_cbor_put_array(&w, 2);
	sg_cbor_put_uint(&w, att->head.length);
	sg_cbor_put_bytes(&w, att->head.hash, sizeof(att->head.hash));
	ret = sg_cbor_finish(&w, &claims_len);
	if (ret)
		return ret;
	return signet_sign1_sign(ATTESTATION_TYP, claims, claims_len, sk, out,
				 cap, len);
}

/* An identifier has one form here: lower case. */
static void get_sub(struct sg_cbor_reader *r, struct signet_id *id)
{
	char sub[SIGNET_ID_STR_LEN], again[SIGNET_ID_STR_LEN];
	const char *text;
	size_t len;

	text = sg_cbor_get_text(r, &len);
	if (!text || len != SIGNET_ID_STR_LEN - 1 || memchr(text, '\0', len)) {
		sg_cbor_fail(r);
		return;
	}
	memcpy(sub, text, len);
	sub[len] = '\0';
	if (signet_id_parse(sub, id)) {
		sg_cbor_fail(r);
		return;
	}
	signet_id_format(id, again);
	if (strcmp(sub, again))
		sg_cbor_fail(r);
}

static void expect_key(struct sg_cbor_reader *r, struct sg_cbor_map *m,
		       int64_t expected)
{
	int64_t key;

	if (!sg_cbor_map_next(r, m, &key) || key != expected)
		sg_cbor_fail(r);
}

static void get_cnf(struct sg_cbor_reader *r, uint8_t key[32])
{
	struct sg_cbor_map cnf, cose_key;

	sg_cbor_get_map(r, &cnf);
	expect_key(r, &cnf, CNF_COSE_KEY);
	sg_cbor_get_map(r, &cose_key);
	expect_key(r, &cose_key, COSE_KEY_KTY);
	if (sg_cbor_get_uint(r) != COSE_KEY_KTY_OKP)
		sg_cbor_fail(r);
	expect_key(r, &cose_key, COSE_KEY_CRV);
	if (sg_cbor_get_uint(r) != COSE_KEY_CRV_X25519)
		sg_cbor_fail(r);
	expect_key(r, &cose_key, COSE_KEY_X);
	sg_cbor_get_fixed(r, key, 32);
	if (cnf.left || cose_key.left)
		sg_cbor_fail(r);
}

static void get_head(struct sg_cbor_reader *r, struct signet_head *head)
{
	if (sg_cbor_get_array(r) != 2)
		sg_cbor_fail(r);
	head->length = sg_cbor_get_uint_max(r, SIGNET_HISTORY_CHANGES_MAX);
	sg_cbor_get_fixed(r, head->hash, sizeof(head->hash));
}

/* All claims are there, in their one order, and no other. */
static int get_claims(const uint8_t *buf, size_t len,
		      struct signet_attestation *att)
{
	struct sg_cbor_reader r;
	struct sg_cbor_map m;

	sg_cbor_read(&r, buf, len);
	sg_cbor_get_map(&r, &m);
	expect_key(&r, &m, CLAIM_SUB);
	get_sub(&r, &att->id);
	expect_key(&r, &m, CLAIM_EXP);
	att->expires = sg_cbor_get_uint_max(&r, INT64_MAX);
	expect_key(&r, &m, CLAIM_IAT);
	att->issued = sg_cbor_get_uint_max(&r, INT64_MAX);
	expect_key(&r, &m, CLAIM_CNF);
	get_cnf(&r, att->static_key);
	expect_key(&r, &m, CLAIM_HEAD);
	get_head(&r, &att->head);
	if (m.left || sg_cbor_end(&r) || !well_formed(att))
		return -EBADMSG;
	return 0;
}

int signet_attestation_verify(const uint8_t *buf, size_t len,
			      const uint8_t key[32],
			      struct signet_attestation *att)
{
	const uint8_t *payload;
	size_t payload_len;
	int ret;

	memset(att, 0, sizeof(*att));
	if (len > SIGNET_ATTESTATION_MAX)
		return -EBADMSG;
	ret = signet_sign1_verify(buf, len, ATTESTATION_TYP, key, &payload,
				  &payload_len);
	if (!ret)
		ret = get_claims(payload, payload_len, att);
	if (ret)
		memset(att, 0, sizeof(*att));
	return ret;
}
