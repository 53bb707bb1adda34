// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <signet/core/mac.h>

#include "daemon/gate.h"
#include "daemon/node.h"
#include "daemon/pair.h"

#define TOKEN	   1000u
/* What a /48 may, against one /64 in it. */
#define SITE_SCALE 8

int sg_admission_init(struct sg_node *n)
{
	static const struct signet_id unknown;
	struct sg_admission *a = &n->admission;

	a->buckets = calloc(SG_ADMISSION_BUCKETS, sizeof(*a->buckets));
	if (!a->buckets)
		return -ENOMEM;
	randombytes_buf(a->secret, sizeof(a->secret));
	randombytes_buf(a->bucket_secret, sizeof(a->bucket_secret));
	a->secret_ns = sg_now();
	signet_mac1_key(&n->local.ident.id, a->mac1_key);
	signet_mac1_key(&unknown, a->mac1_zero);
	return 0;
}

void sg_admission_destroy(struct sg_node *n)
{
	free(n->admission.buckets);
	sodium_memzero(&n->admission, sizeof(n->admission));
}

/* Address and port, or the prefix alone, as bytes. */
static size_t addr_bytes(const union sg_addr *a, bool prefix, uint8_t out[20])
{
	if (a->sa.sa_family == AF_INET) {
		memcpy(out, &a->v4.sin_addr, 4);
		memcpy(out + 4, &a->v4.sin_port, 2);
		return prefix ? 4 : 6;
	}
	memcpy(out, &a->v6.sin6_addr, 16);
	memcpy(out + 16, &a->v6.sin6_port, 2);
	return prefix ? 8 : 18;
}

static void turn_second(struct sg_admission *a, uint64_t now)
{
	uint64_t second = now / SIGNET_SECOND;

	if (second == a->second)
		return;
	a->last_inits = second == a->second + 1 ? a->inits : 0;
	a->second = second;
	a->inits = a->worked = a->cookies = 0;
}

static bool turn_secret(struct sg_admission *a, uint64_t now)
{
	if (now < a->secret_ns + SG_COOKIE_LIFE)
		return false;
	if (now < a->secret_ns + 2 * SG_COOKIE_LIFE)
		memcpy(a->secret[1], a->secret[0], SIGNET_MAC_LEN);
	else
		randombytes_buf(a->secret[1], SIGNET_MAC_LEN);
	randombytes_buf(a->secret[0], SIGNET_MAC_LEN);
	a->secret_ns = now;
	return true;
}

bool sg_admission_turn(struct sg_node *n)
{
	uint64_t now = sg_now();

	turn_second(&n->admission, now);
	return turn_secret(&n->admission, now);
}

bool sg_admission_loaded(const struct sg_node *n)
{
	const struct sg_admission *a = &n->admission;
	uint32_t threshold = n->config->limits.load_threshold;

	return a->inits > threshold || a->last_inits > threshold;
}

static bool has_cookie(struct sg_admission *a, const uint8_t *frame,
		       const uint8_t *addr, size_t len)
{
	uint8_t cookie[SIGNET_COOKIE_LEN];

	for (int i = 0; i < 2; i++) {
		signet_cookie(a->secret[i], addr, len, cookie);
		if (signet_mac2_ok(frame, cookie))
			return true;
	}
	return false;
}

static bool has_mac2(const uint8_t *frame)
{
	return !sodium_is_zero(frame + SIGNET_MAC2_OFFSET, SIGNET_MAC_LEN);
}

static void send_cookie(struct sg_node *n, const uint8_t *frame,
			const union sg_addr *from, const union sg_addr *to,
			const uint8_t *mac1_key)
{
	uint8_t cookie[SIGNET_COOKIE_LEN], addr[20];
	uint8_t out[SIGNET_COOKIE_FRAME_LEN];
	struct sg_admission *a = &n->admission;

	if (a->cookies >= SG_ADMISSION_COOKIES)
		return;
	a->cookies++;
	signet_cookie(a->secret[0], addr, addr_bytes(from, false, addr),
		      cookie);
	signet_cookie_frame_write(out, frame, cookie, mac1_key);
	n->dp_ops->send(n->dp, from, to, out, sizeof(out));
}

/* One token from the bucket of these bytes; @scale: times PrefixRate */
static bool take_one(struct sg_node *n, const uint8_t *prefix, size_t len,
		     uint32_t scale, uint64_t now)
{
	const struct sg_config_limits *lim = &n->config->limits;
	uint64_t hash[2], cap = (uint64_t)lim->prefix_burst * TOKEN * scale;
	struct sg_admission *a = &n->admission;
	struct sg_bucket *b;
	uint64_t fill, ms;

	signet_cookie(a->bucket_secret, prefix, len, (uint8_t *)hash);
	hash[0] |= 1;
	b = &a->buckets[hash[1] % SG_ADMISSION_BUCKETS];
	if (b->key != hash[0]) {
		b->key = hash[0];
		b->filled_ns = now;
		b->tokens = cap;
	}
	/* Whole milliseconds; what is left of one counts the next time. */
	ms = (now - b->filled_ns) / 1000000;
	fill = ms * lim->prefix_rate * scale;
	if (fill) {
		b->filled_ns += ms * 1000000;
		b->tokens = b->tokens + fill < cap ? b->tokens + fill : cap;
	}
	if (b->tokens < TOKEN)
		return false;
	b->tokens -= TOKEN;
	return true;
}

/*
 * From the bucket of a prefix that has proved itself. Whoever has an IPv6 /64
 * often has 65536 of them: the /48 has a larger bucket of its own.
 */
static bool take_token(struct sg_node *n, const union sg_addr *from,
		       uint64_t now)
{
	uint8_t addr[20];
	size_t len = addr_bytes(from, true, addr);

	return take_one(n, addr, len, 1, now) &&
	       (len == 4 || take_one(n, addr, 6, SITE_SCALE, now));
}

int sg_admission_check(struct sg_node *n, const uint8_t *frame,
		       const union sg_addr *from, const union sg_addr *to,
		       bool *zero)
{
	struct sg_admission *a = &n->admission;
	const uint8_t *mac1_key = a->mac1_key;
	uint64_t now = sg_now();
	uint8_t addr[20];
	bool proven;

	*zero = sg_pair_listens(n) && frame[1] == SIGNET_PATTERN_XXPSK3;
	if (*zero)
		mac1_key = a->mac1_zero;
	if (!signet_mac1_ok(frame, mac1_key))
		return SIGNET_DROP_MAC1;
	if (sg_admission_turn(n))
		sg_gates_sync(n);
	if (++a->inits > n->config->limits.load_threshold)
		sg_gates_loaded(n);
	proven = has_cookie(a, frame, addr, addr_bytes(from, false, addr));
	/* A mac2 that is wrong is never passed over: it was changed on the way,
	 * or made with a cookie of before our restart. */
	if (!proven && (sg_admission_loaded(n) ||
			frame[1] != SIGNET_PATTERN_IK || has_mac2(frame))) {
		send_cookie(n, frame, from, to, mac1_key);
		return SIGNET_DROP_MAC2;
	}
	if (proven && !take_token(n, from, now))
		return SIGNET_DROP_RATE;
	if (a->worked >= n->config->limits.handshakes_per_second)
		return SIGNET_DROP_RATE;
	a->worked++;
	return 0;
}
