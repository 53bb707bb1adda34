// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <signet/core/identity.h>

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include <signet/core/cose.h>

#include "core/bech32m.h"
#include "core/cbor.h"

#define CHANGE_TYP     "signet-change+cose"
#define CHANGE_VERSION 1
/* a map of four with three byte strings of 32 is 108 bytes */
#define CHANGE_MAP_MAX 128

#define ID_PREFIX "sg"

enum change_key {
	CHANGE_KEY_VERSION = 1,
	CHANGE_KEY_KEY = 2,
	CHANGE_KEY_NEXT = 3,
	CHANGE_KEY_PREVIOUS = 4,
};

struct change {
	uint8_t key[32];
	uint8_t next[32];
	uint8_t previous[32];
	bool first;
};

int signet_id_cmp(const struct signet_id *a, const struct signet_id *b)
{
	int order = memcmp(a->b, b->b, sizeof(a->b));

	return (order > 0) - (order < 0);
}

void signet_id_format(const struct signet_id *id, char out[SIGNET_ID_STR_LEN])
{
	/* prefix and length are fixed: it always fits */
	sg_bech32m_encode(ID_PREFIX, id->b, sizeof(id->b), out,
			  SIGNET_ID_STR_LEN);
}

int signet_id_parse(const char *s, struct signet_id *id)
{
	return sg_bech32m_decode(s, ID_PREFIX, id->b, sizeof(id->b));
}

void signet_id_overlay(const struct signet_id *id, uint8_t addr[16])
{
	addr[0] = 0xfd;
	memcpy(addr + 1, id->b, 15);
}

static int encode_change(const struct change *c, uint8_t out[CHANGE_MAP_MAX],
			 size_t *len)
{
	struct sg_cbor_writer w;

	sg_cbor_write(&w, out, CHANGE_MAP_MAX);
	sg_cbor_put_map(&w, c->first ? 3 : 4);
	sg_cbor_put_uint(&w, CHANGE_KEY_VERSION);
	sg_cbor_put_uint(&w, CHANGE_VERSION);
	sg_cbor_put_uint(&w, CHANGE_KEY_KEY);
	sg_cbor_put_bytes(&w, c->key, sizeof(c->key));
	sg_cbor_put_uint(&w, CHANGE_KEY_NEXT);
	sg_cbor_put_bytes(&w, c->next, sizeof(c->next));
	if (!c->first) {
		sg_cbor_put_uint(&w, CHANGE_KEY_PREVIOUS);
		sg_cbor_put_bytes(&w, c->previous, sizeof(c->previous));
	}
	return sg_cbor_finish(&w, len);
}

static int decode_change(const uint8_t *buf, size_t len, struct change *c)
{
	struct sg_cbor_reader r;
	struct sg_cbor_map m;
	unsigned int seen = 0;
	int64_t key;

	sg_cbor_read(&r, buf, len);
	sg_cbor_get_map(&r, &m);
	while (sg_cbor_map_next(&r, &m, &key)) {
		if (key == CHANGE_KEY_VERSION) {
			if (sg_cbor_get_uint(&r) != CHANGE_VERSION)
				sg_cbor_fail(&r);
		} else if (key == CHANGE_KEY_KEY) {
			sg_cbor_get_fixed(&r, c->key, sizeof(c->key));
		} else if (key == CHANGE_KEY_NEXT) {
			sg_cbor_get_fixed(&r, c->next, sizeof(c->next));
		} else if (key == CHANGE_KEY_PREVIOUS) {
			sg_cbor_get_fixed(&r, c->previous, sizeof(c->previous));
		} else {
			sg_cbor_fail(&r);
			break;
		}
		seen |= 1u << key;
	}
	if (sg_cbor_end(&r))
		return -EBADMSG;
	c->first = !(seen & 1u << CHANGE_KEY_PREVIOUS);
	seen &= ~(1u << CHANGE_KEY_PREVIOUS);
	return seen == (1u << CHANGE_KEY_VERSION | 1u << CHANGE_KEY_KEY |
			1u << CHANGE_KEY_NEXT)
		       ? 0
		       : -EBADMSG;
}

static bool key_has_hash(const uint8_t key[32], const uint8_t hash[32])
{
	uint8_t h[32];

	crypto_hash_sha256(h, key, 32);
	return !sodium_memcmp(h, hash, sizeof(h));
}

/* Does the change follow from what the history said so far? */
static bool change_links(const struct change *c,
			 const struct signet_identity *so_far)
{
	bool first = so_far->head.length == 0;

	if (c->first != first || key_has_hash(c->key, c->next))
		return false;
	return first || (key_has_hash(c->key, so_far->next) &&
			 !sodium_memcmp(c->previous, so_far->head.hash, 32));
}

/* Verify one change that follows @ident, and let @ident say what it says. */
static int apply_change(const uint8_t *buf, size_t len,
			struct signet_identity *ident, size_t *used)
{
	struct signet_sign1 s;
	struct change c;

	if (signet_sign1_parse(buf, len, CHANGE_TYP, &s, used) ||
	    *used > SIGNET_CHANGE_MAX ||
	    decode_change(s.payload, s.payload_len, &c) ||
	    !change_links(&c, ident) || signet_sign1_check(&s, c.key))
		return -EBADMSG;
	if (c.first)
		crypto_hash_sha256(ident->id.b, s.payload, s.payload_len);
	memcpy(ident->key, c.key, sizeof(ident->key));
	memcpy(ident->next, c.next, sizeof(ident->next));
	crypto_hash_sha256(ident->head.hash, buf, *used);
	ident->head.length++;
	return 0;
}

int signet_history_verify(const uint8_t *history, size_t len,
			  struct signet_identity *ident)
{
	struct signet_identity so_far = { 0 };
	size_t used;

	memset(ident, 0, sizeof(*ident));
	if (!len)
		return -EBADMSG;
	for (; len; history += used, len -= used)
		if (so_far.head.length == SIGNET_HISTORY_CHANGES_MAX ||
		    apply_change(history, len, &so_far, &used))
			return -EBADMSG;
	*ident = so_far;
	return 0;
}

/* Sign a change that follows @ident, and verify it as others will. */
static int append_change(const uint8_t sk[64], const uint8_t next_pk[32],
			 struct signet_identity *ident, uint8_t *out,
			 size_t cap, size_t *len)
{
	struct change c = { .first = ident->head.length == 0 };
	uint8_t map[CHANGE_MAP_MAX];
	size_t map_len, used;
	int ret;

	crypto_sign_ed25519_sk_to_pk(c.key, sk);
	crypto_hash_sha256(c.next, next_pk, 32);
	memcpy(c.previous, ident->head.hash, sizeof(c.previous));
	if (!sodium_memcmp(c.key, next_pk, 32))
		return -EINVAL;
	ret = encode_change(&c, map, &map_len);
	if (ret)
		return ret;
	ret = signet_sign1_sign(CHANGE_TYP, map, map_len, sk, out, cap, len);
	if (ret)
		return ret;
	return apply_change(out, *len, ident, &used);
}

int signet_history_create(const uint8_t sk[64], const uint8_t next_pk[32],
			  uint8_t *out, size_t cap, size_t *len,
			  struct signet_identity *ident)
{
	*len = 0;
	memset(ident, 0, sizeof(*ident));
	return append_change(sk, next_pk, ident, out, cap, len);
}

int signet_history_rotate(const uint8_t next_sk[64], const uint8_t after_pk[32],
			  uint8_t *history, size_t *len, size_t cap,
			  struct signet_identity *ident)
{
	uint8_t next_pk[32];
	size_t added;
	int ret;

	ret = signet_history_verify(history, *len, ident);
	if (ret)
		return ret;
	if (ident->head.length == SIGNET_HISTORY_CHANGES_MAX)
		return -E2BIG;
	crypto_sign_ed25519_sk_to_pk(next_pk, next_sk);
	if (!key_has_hash(next_pk, ident->next))
		return -EKEYREJECTED;
	if (cap < *len)
		return -ENOBUFS;
	ret = append_change(next_sk, after_pk, ident, history + *len,
			    cap - *len, &added);
	if (!ret)
		*len += added;
	return ret;
}
