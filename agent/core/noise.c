// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <signet/core/noise.h>

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "core/noise_patterns.h"

#define KEY_LEN SIGNET_NOISE_KEY_LEN
#define TAG_LEN SIGNET_NOISE_TAG_LEN

#define NAME_PREFIX  "Noise_"
#define NAME_SUFFIX  "_25519_ChaChaPoly_SHA256"
#define NAME_MAX_LEN 64

_Static_assert(crypto_scalarmult_BYTES == KEY_LEN, "X25519");
_Static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == TAG_LEN, "tag");
_Static_assert(crypto_auth_hmacsha256_BYTES == SIGNET_NOISE_HASH_LEN, "HMAC");

static const struct noise_pattern *pattern_of(const struct signet_noise *ns)
{
	return &sg_noise_patterns[ns->pattern];
}

static void protocol_name(int pattern, char name[NAME_MAX_LEN])
{
	size_t len = strlen(sg_noise_patterns[pattern].name);

	memset(name, 0, NAME_MAX_LEN);
	memcpy(name, NAME_PREFIX, strlen(NAME_PREFIX));
	name += strlen(NAME_PREFIX);
	memcpy(name, sg_noise_patterns[pattern].name, len);
	memcpy(name + len, NAME_SUFFIX, sizeof(NAME_SUFFIX));
}

int signet_noise_find(const char *name)
{
	char known[NAME_MAX_LEN];
	int i;

	for (i = 0; i < SIGNET_NOISE_PATTERN_COUNT; i++) {
		protocol_name(i, known);
		if (!strcmp(name, known))
			return i;
	}
	return -ENOENT;
}

/*
 * Hashing and encryption (Noise sections 4.3, 5.1, 5.2)
 */

static void mix_hash(struct signet_noise *ns, const uint8_t *data, size_t len)
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, ns->h, sizeof(ns->h));
	crypto_hash_sha256_update(&st, data, len);
	crypto_hash_sha256_final(&st, ns->h);
}

/* HKDF of section 4.3: @count outputs of 32 bytes each, at most 3 */
static void hkdf(const uint8_t ck[32], const uint8_t *ikm, size_t len,
		 uint8_t out[][32], int count)
{
	crypto_auth_hmacsha256_state st;
	uint8_t temp[32], number;
	int i;

	crypto_auth_hmacsha256_init(&st, ck, 32);
	crypto_auth_hmacsha256_update(&st, ikm, len);
	crypto_auth_hmacsha256_final(&st, temp);
	for (i = 0; i < count; i++) {
		number = i + 1;
		crypto_auth_hmacsha256_init(&st, temp, sizeof(temp));
		if (i)
			crypto_auth_hmacsha256_update(&st, out[i - 1], 32);
		crypto_auth_hmacsha256_update(&st, &number, 1);
		crypto_auth_hmacsha256_final(&st, out[i]);
	}
	sodium_memzero(temp, sizeof(temp));
	sodium_memzero(&st, sizeof(st));
}

static void set_key(struct signet_noise *ns, const uint8_t k[32])
{
	memcpy(ns->k, k, KEY_LEN);
	ns->has_key = true;
	ns->n = 0;
}

static void mix_key(struct signet_noise *ns, const uint8_t ikm[32])
{
	uint8_t out[2][32];

	hkdf(ns->ck, ikm, 32, out, 2);
	memcpy(ns->ck, out[0], 32);
	set_key(ns, out[1]);
	sodium_memzero(out, sizeof(out));
}

static int mix_psk(struct signet_noise *ns)
{
	uint8_t out[3][32];

	if (!ns->has_psk)
		return -EINVAL;
	hkdf(ns->ck, ns->psk, sizeof(ns->psk), out, 3);
	memcpy(ns->ck, out[0], 32);
	mix_hash(ns, out[1], 32);
	set_key(ns, out[2]);
	sodium_memzero(out, sizeof(out));
	return 0;
}

static int mix_dh(struct signet_noise *ns, const uint8_t priv[32],
		  const uint8_t pub[32])
{
	uint8_t shared[KEY_LEN];
	int ret = 0;

	if (crypto_scalarmult(shared, priv, pub) ||
	    sodium_is_zero(shared, sizeof(shared)))
		ret = -EBADMSG;
	else
		mix_key(ns, shared);
	sodium_memzero(shared, sizeof(shared));
	return ret;
}

/* Four zero bytes and the counter, little-endian (section 12.3). */
static void next_nonce(struct signet_noise *ns, uint8_t nonce[12])
{
	int i;

	memset(nonce, 0, 12);
	for (i = 0; i < 8; i++)
		nonce[4 + i] = ns->n >> (8 * i);
	ns->n++;
}

/* Returns the length written to @out. */
static size_t encrypt_and_hash(struct signet_noise *ns, const uint8_t *pt,
			       size_t len, uint8_t *out)
{
	unsigned long long written = len;
	uint8_t nonce[12];

	if (ns->has_key) {
		next_nonce(ns, nonce);
		crypto_aead_chacha20poly1305_ietf_encrypt(
			out, &written, pt, len, ns->h, sizeof(ns->h), NULL,
			nonce, ns->k);
	} else if (len) {
		memmove(out, pt, len);
	}
	mix_hash(ns, out, written);
	return written;
}

/* @len is that of the ciphertext with its tag, if there is one. */
static int decrypt_and_hash(struct signet_noise *ns, const uint8_t *ct,
			    size_t len, uint8_t *out)
{
	uint8_t nonce[12];

	if (ns->has_key) {
		next_nonce(ns, nonce);
		if (crypto_aead_chacha20poly1305_ietf_decrypt(
			    out, NULL, NULL, ct, len, ns->h, sizeof(ns->h),
			    nonce, ns->k))
			return -EBADMSG;
	} else if (len) {
		memcpy(out, ct, len);
	}
	mix_hash(ns, ct, len);
	return 0;
}

/*
 * The handshake (sections 5.3 and 9)
 */

static size_t message_count(const struct noise_base *base)
{
	size_t n = 0;

	while (n < NOISE_MESSAGES_MAX && base->messages[n][0])
		n++;
	return n;
}

/* Does the side send its static key in a message? */
static bool sends_static(const struct noise_base *base, bool initiator)
{
	size_t m, t;

	for (m = initiator ? 0 : 1; m < NOISE_MESSAGES_MAX; m += 2)
		for (t = 0; t < NOISE_TOKENS_MAX; t++)
			if (base->messages[m][t] == NOISE_S)
				return true;
	return false;
}

static int take_keys(struct signet_noise *ns, const struct noise_base *base,
		     const struct signet_noise_keys *keys)
{
	bool own_pre = ns->initiator ? base->pre_i : base->pre_r;
	bool other_pre = ns->initiator ? base->pre_r : base->pre_i;

	if (own_pre || sends_static(base, ns->initiator)) {
		if (!keys->s_priv || !keys->s_pub)
			return -EINVAL;
		memcpy(ns->s_priv, keys->s_priv, KEY_LEN);
		memcpy(ns->s_pub, keys->s_pub, KEY_LEN);
	}
	if (other_pre) {
		if (!keys->rs)
			return -EINVAL;
		memcpy(ns->rs, keys->rs, KEY_LEN);
		ns->has_rs = true;
	}
	if (keys->psk)
		signet_noise_set_psk(ns, keys->psk);
	return 0;
}

int signet_noise_init(struct signet_noise *ns, int pattern, bool initiator,
		      const uint8_t *prologue, size_t prologue_len,
		      const struct signet_noise_keys *keys)
{
	const struct noise_base *base;
	char name[NAME_MAX_LEN];
	int ret;

	memset(ns, 0, sizeof(*ns));
	ns->failed = true;
	if (pattern < 0 || pattern >= SIGNET_NOISE_PATTERN_COUNT)
		return -EINVAL;
	ns->pattern = pattern;
	ns->initiator = initiator;
	base = pattern_of(ns)->base;
	ret = take_keys(ns, base, keys);
	if (ret) {
		signet_noise_wipe(ns);
		return ret;
	}
	protocol_name(pattern, name);
	if (strlen(name) <= sizeof(ns->h))
		memcpy(ns->h, name, strlen(name));
	else
		crypto_hash_sha256(ns->h, (const uint8_t *)name, strlen(name));
	memcpy(ns->ck, ns->h, sizeof(ns->ck));
	mix_hash(ns, prologue, prologue_len);
	if (base->pre_i)
		mix_hash(ns, initiator ? ns->s_pub : ns->rs, KEY_LEN);
	if (base->pre_r)
		mix_hash(ns, initiator ? ns->rs : ns->s_pub, KEY_LEN);
	ns->failed = false;
	return 0;
}

void signet_noise_set_psk(struct signet_noise *ns,
			  const uint8_t psk[SIGNET_NOISE_KEY_LEN])
{
	memcpy(ns->psk, psk, KEY_LEN);
	ns->has_psk = true;
}

bool signet_noise_done(const struct signet_noise *ns)
{
	return !ns->failed &&
	       ns->message == message_count(pattern_of(ns)->base);
}

size_t signet_noise_overhead(const struct signet_noise *ns)
{
	const struct noise_pattern *p = pattern_of(ns);
	bool keyed = ns->has_key;
	const uint8_t *t;
	size_t len = 0;

	if (ns->failed || signet_noise_done(ns))
		return 0;
	if (!p->psk && !ns->message)
		keyed = true;
	for (t = p->base->messages[ns->message]; *t; t++) {
		if (*t == NOISE_E)
			len += KEY_LEN;
		else if (*t == NOISE_S)
			len += KEY_LEN + (keyed ? TAG_LEN : 0);
		if (*t != NOISE_S && (*t != NOISE_E || p->psk != NOISE_NO_PSK))
			keyed = true;
	}
	if (p->psk == ns->message + 1)
		keyed = true;
	return len + (keyed ? TAG_LEN : 0);
}

static int mix_token(struct signet_noise *ns, uint8_t token)
{
	bool own_first = ns->initiator;

	switch (token) {
	case NOISE_EE:
		return mix_dh(ns, ns->e_priv, ns->re);
	case NOISE_ES:
		return own_first ? mix_dh(ns, ns->e_priv, ns->rs)
				 : mix_dh(ns, ns->s_priv, ns->re);
	case NOISE_SE:
		return own_first ? mix_dh(ns, ns->s_priv, ns->re)
				 : mix_dh(ns, ns->e_priv, ns->rs);
	case NOISE_SS:
		return mix_dh(ns, ns->s_priv, ns->rs);
	}
	return -EINVAL;
}

/* A public ephemeral, own or other's, goes into the state. */
static void mix_ephemeral(struct signet_noise *ns, const uint8_t pub[32])
{
	mix_hash(ns, pub, KEY_LEN);
	if (pattern_of(ns)->psk != NOISE_NO_PSK)
		mix_key(ns, pub);
}

static int write_token(struct signet_noise *ns, uint8_t token,
		       const uint8_t ephemeral[32], uint8_t **out)
{
	switch (token) {
	case NOISE_E:
		memcpy(ns->e_priv, ephemeral, KEY_LEN);
		if (crypto_scalarmult_base(ns->e_pub, ns->e_priv))
			return -EBADMSG;
		memcpy(*out, ns->e_pub, KEY_LEN);
		*out += KEY_LEN;
		mix_ephemeral(ns, ns->e_pub);
		return 0;
	case NOISE_S:
		*out += encrypt_and_hash(ns, ns->s_pub, KEY_LEN, *out);
		return 0;
	}
	return mix_token(ns, token);
}

/* The caller has checked that the message is long enough for its tokens. */
static int read_token(struct signet_noise *ns, uint8_t token,
		      const uint8_t **msg)
{
	size_t len = KEY_LEN + (ns->has_key ? TAG_LEN : 0);

	switch (token) {
	case NOISE_E:
		memcpy(ns->re, *msg, KEY_LEN);
		*msg += KEY_LEN;
		mix_ephemeral(ns, ns->re);
		return 0;
	case NOISE_S:
		if (decrypt_and_hash(ns, *msg, len, ns->rs))
			return -EBADMSG;
		ns->has_rs = true;
		*msg += len;
		return 0;
	}
	return mix_token(ns, token);
}

/* Even messages are the initiator's. */
static bool own_turn(const struct signet_noise *ns, bool writing)
{
	if (ns->failed || signet_noise_done(ns))
		return false;
	return (ns->message % 2 == 0) == (ns->initiator == writing);
}

/*
 * All tokens of the next message with its psk modifier: written to *@out, or
 * where @out is NULL read from *@msg.
 */
static int run_tokens(struct signet_noise *ns, const uint8_t ephemeral[32],
		      uint8_t **out, const uint8_t **msg)
{
	const struct noise_pattern *p = pattern_of(ns);
	const uint8_t *t;
	int ret = 0;

	if (!ns->message && !p->psk)
		ret = mix_psk(ns);
	for (t = p->base->messages[ns->message]; *t && !ret; t++)
		ret = out ? write_token(ns, *t, ephemeral, out)
			  : read_token(ns, *t, msg);
	if (!ret && p->psk == ns->message + 1)
		ret = mix_psk(ns);
	return ret;
}

int signet_noise_write(struct signet_noise *ns, const uint8_t ephemeral[32],
		       const uint8_t *payload, size_t payload_len, uint8_t *out,
		       size_t cap, size_t *out_len)
{
	uint8_t *end = out;
	size_t overhead;
	int ret = -EINVAL;

	*out_len = 0;
	if (!own_turn(ns, true))
		goto cleanup;
	overhead = signet_noise_overhead(ns);
	if (cap > SIGNET_NOISE_MAX)
		cap = SIGNET_NOISE_MAX;
	if (cap < overhead || cap - overhead < payload_len)
		return -ENOBUFS;
	ret = run_tokens(ns, ephemeral, &end, NULL);
	if (ret)
		goto cleanup;
	end += encrypt_and_hash(ns, payload, payload_len, end);
	*out_len = end - out;
	ns->message++;
cleanup:
	if (ret)
		signet_noise_wipe(ns);
	return ret;
}

int signet_noise_read(struct signet_noise *ns, const uint8_t *msg, size_t len,
		      uint8_t *payload, size_t cap, size_t *payload_len)
{
	const uint8_t *end = msg + len;
	size_t overhead;
	int ret = -EINVAL;

	*payload_len = 0;
	if (!own_turn(ns, false))
		goto cleanup;
	overhead = signet_noise_overhead(ns);
	ret = -EBADMSG;
	if (len < overhead || len > SIGNET_NOISE_MAX)
		goto cleanup;
	ret = -ENOBUFS;
	if (cap < len - overhead)
		goto cleanup;
	ret = run_tokens(ns, NULL, NULL, &msg);
	if (ret)
		goto cleanup;
	ret = decrypt_and_hash(ns, msg, end - msg, payload);
	if (ret)
		goto cleanup;
	*payload_len = len - overhead;
	ns->message++;
cleanup:
	if (ret)
		signet_noise_wipe(ns);
	return ret;
}

int signet_noise_split(const struct signet_noise *ns, uint8_t k1[32],
		       uint8_t k2[32], uint8_t hash[32])
{
	uint8_t out[2][32];

	if (!signet_noise_done(ns))
		return -EINVAL;
	hkdf(ns->ck, NULL, 0, out, 2);
	memcpy(k1, out[0], 32);
	memcpy(k2, out[1], 32);
	memcpy(hash, ns->h, sizeof(ns->h));
	sodium_memzero(out, sizeof(out));
	return 0;
}

void signet_noise_wipe(struct signet_noise *ns)
{
	uint8_t pattern = ns->pattern;

	sodium_memzero(ns, sizeof(*ns));
	ns->pattern = pattern;
	ns->failed = true;
}
