// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <signet/core/cose.h>

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "core/cbor.h"

#define COSE_SIGN1_TAG	 18
#define COSE_HEADER_ALG	 1
#define COSE_HEADER_CRIT 2
#define COSE_HEADER_TYP	 16
#define COSE_ALG_EDDSA	 -8

#define PROTECTED_MAX (SIGNET_SIGN1_TYP_MAX + 8)
/* "Signature1" and the heads around it, of protected header and payload */
#define TO_SIGN_MAX   (SIGNET_SIGN1_PAYLOAD_MAX + PROTECTED_MAX + 32)

/* The one form of the protected header for a typ. */
static int encode_protected(const char *typ, uint8_t out[PROTECTED_MAX],
			    size_t *len)
{
	struct sg_cbor_writer w;

	if (typ && strlen(typ) > SIGNET_SIGN1_TYP_MAX)
		return -EMSGSIZE;
	sg_cbor_write(&w, out, PROTECTED_MAX);
	sg_cbor_put_map(&w, typ ? 2 : 1);
	sg_cbor_put_uint(&w, COSE_HEADER_ALG);
	sg_cbor_put_int(&w, COSE_ALG_EDDSA);
	if (typ) {
		sg_cbor_put_uint(&w, COSE_HEADER_TYP);
		sg_cbor_put_text(&w, typ);
	}
	return sg_cbor_finish(&w, len);
}

/* Sig_structure of RFC 9052 section 4.4 */
static int encode_to_sign(const struct signet_sign1 *s,
			  uint8_t out[TO_SIGN_MAX], size_t *len)
{
	struct sg_cbor_writer w;

	if (s->payload_len > SIGNET_SIGN1_PAYLOAD_MAX ||
	    s->protected_len > PROTECTED_MAX)
		return -EMSGSIZE;
	sg_cbor_write(&w, out, TO_SIGN_MAX);
	sg_cbor_put_array(&w, 4);
	sg_cbor_put_text(&w, "Signature1");
	sg_cbor_put_bytes(&w, s->protected_hdr, s->protected_len);
	sg_cbor_put_bytes(&w, NULL, 0);
	sg_cbor_put_bytes(&w, s->payload, s->payload_len);
	return sg_cbor_finish(&w, len);
}

int signet_sign1_sign(const char *typ, const uint8_t *payload,
		      size_t payload_len, const uint8_t sk[64], uint8_t *out,
		      size_t cap, size_t *len)
{
	uint8_t hdr[PROTECTED_MAX], to_sign[TO_SIGN_MAX], sig[64];
	struct signet_sign1 s = { .payload = payload,
				  .payload_len = payload_len };
	struct sg_cbor_writer w;
	size_t to_sign_len;
	int ret;

	*len = 0;
	ret = encode_protected(typ, hdr, &s.protected_len);
	if (ret)
		return ret;
	s.protected_hdr = hdr;
	ret = encode_to_sign(&s, to_sign, &to_sign_len);
	if (ret)
		return ret;
	crypto_sign_detached(sig, NULL, to_sign, to_sign_len, sk);
	sg_cbor_write(&w, out, cap);
	sg_cbor_put_tag(&w, COSE_SIGN1_TAG);
	sg_cbor_put_array(&w, 4);
	sg_cbor_put_bytes(&w, hdr, s.protected_len);
	sg_cbor_put_map(&w, 0);
	sg_cbor_put_bytes(&w, payload, payload_len);
	sg_cbor_put_bytes(&w, sig, sizeof(sig));
	return sg_cbor_finish(&w, len);
}

/* Empty where a typ is wanted; else ignored, as long as it is a map. */
static void read_unprotected(struct sg_cbor_reader *r, bool empty)
{
	struct sg_cbor_map m;

	if (!empty && sg_cbor_peek(r) == SG_CBOR_MAP) {
		sg_cbor_skip(r);
		return;
	}
	sg_cbor_get_map(r, &m);
	if (m.left)
		sg_cbor_fail(r);
}

/* A statement of ours: its protected header has one form. */
static bool protected_is(const struct signet_sign1 *s, const char *typ)
{
	uint8_t hdr[PROTECTED_MAX];
	size_t len;

	return !encode_protected(typ, hdr, &len) && s->protected_len == len &&
	       !memcmp(s->protected_hdr, hdr, len);
}

/* Anyone's: EdDSA, and nothing that must be understood. */
static bool protected_is_eddsa(const struct signet_sign1 *s)
{
	struct sg_cbor_reader r;
	struct sg_cbor_map m;
	bool eddsa = false;
	int64_t key;

	sg_cbor_read(&r, s->protected_hdr, s->protected_len);
	sg_cbor_get_map(&r, &m);
	while (sg_cbor_map_next(&r, &m, &key)) {
		if (key == COSE_HEADER_CRIT || key == COSE_HEADER_TYP)
			sg_cbor_fail(&r);
		else if (key == COSE_HEADER_ALG)
			eddsa = sg_cbor_get_int(&r) == COSE_ALG_EDDSA;
		else
			sg_cbor_skip(&r);
	}
	return eddsa && !sg_cbor_end(&r);
}

int signet_sign1_parse(const uint8_t *buf, size_t len, const char *typ,
		       struct signet_sign1 *s, size_t *used)
{
	struct sg_cbor_reader r;
	size_t sig_len;

	*used = 0;
	sg_cbor_read(&r, buf, len);
	if (sg_cbor_get_tag(&r) != COSE_SIGN1_TAG)
		sg_cbor_fail(&r);
	if (sg_cbor_get_array(&r) != 4)
		sg_cbor_fail(&r);
	s->protected_hdr = sg_cbor_get_bytes(&r, &s->protected_len);
	read_unprotected(&r, typ);
	s->payload = sg_cbor_get_bytes(&r, &s->payload_len);
	s->signature = sg_cbor_get_bytes(&r, &sig_len);
	if (r.err || sig_len != SIGNET_SIGN1_SIG_LEN)
		return -EBADMSG;
	if (!(typ ? protected_is(s, typ) : protected_is_eddsa(s)))
		return -EBADMSG;
	*used = len - r.left;
	return 0;
}

int signet_sign1_check(const struct signet_sign1 *s, const uint8_t key[32])
{
	uint8_t to_sign[TO_SIGN_MAX];
	size_t len;
	int ret;

	ret = encode_to_sign(s, to_sign, &len);
	if (ret)
		return ret;
	if (crypto_sign_verify_detached(s->signature, to_sign, len, key))
		return -EKEYREJECTED;
	return 0;
}

int signet_sign1_verify(const uint8_t *buf, size_t len, const char *typ,
			const uint8_t key[32], const uint8_t **payload,
			size_t *payload_len)
{
	struct signet_sign1 s;
	size_t used;
	int ret;

	ret = signet_sign1_parse(buf, len, typ, &s, &used);
	if (!ret && used != len)
		ret = -EBADMSG;
	if (!ret)
		ret = signet_sign1_check(&s, key);
	*payload = ret ? NULL : s.payload;
	*payload_len = ret ? 0 : s.payload_len;
	return ret;
}
