// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <signet/core/mac.h>

#include "daemon/gate.h"
#include "daemon/incoming.h"
#include "daemon/node.h"
#include "daemon/pair.h"

#define TOKEN	   1000u
/* What a /48 may, against one /64 in it. */
#define SITE_SCALE 8
/* What was left unused of HandshakesPerSecond can be made up for this long. */
#define WORK_BURST (SIGNET_SECOND / 10)

static void work(void *ctx);

int sg_admission_init(struct sg_node *n)
{
	static const struct signet_id unknown;
	struct sg_admission *a = &n->admission;

	a->buckets = calloc(SG_ADMISSION_BUCKETS, sizeof(*a->buckets));
	a->queue = sg_fair_queue_new();
	if (!a->buckets || !a->queue)
		return -ENOMEM;
	a->timer.fn = work;
	a->timer.ctx = n;
	randombytes_buf(a->secret, sizeof(a->secret));
	randombytes_buf(a->bucket_secret, sizeof(a->bucket_secret));
	a->secret_ns = sg_now();
	signet_mac1_key(&n->local.ident.id, a->mac1_key);
	signet_mac1_key(&unknown, a->mac1_zero);
	return 0;
}

void sg_admission_destroy(struct sg_node *n)
{
	if (n->loop)
		sg_timer_cancel(n->loop, &n->admission.timer);
	free(n->admission.buckets);
	free(n->admission.queue);
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
	if (second == a->second + 1)
		a->last = a->rates;
	else
		memset(&a->last, 0, sizeof(a->last));
	memset(&a->rates, 0, sizeof(a->rates));
	a->second = second;
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

	return a->rates.inits > threshold || a->last.inits > threshold;
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

	if (a->rates.cookies >= SG_ADMISSION_COOKIES)
		return;
	a->rates.cookies++;
	a->all_cookies++;
	signet_cookie(a->secret[0], addr, addr_bytes(from, false, addr),
		      cookie);
	signet_cookie_frame_write(out, frame, cookie, mac1_key);
	n->dp_ops->send(n->dp, from, to, out, sizeof(out));
}

/* Address bytes alone are hashed: a prefix of 4 bytes, 6 or 8 */
static void hash_prefix(const struct sg_admission *a, const uint8_t *prefix,
			size_t len, uint64_t hash[2])
{
	uint8_t out[SIGNET_COOKIE_LEN];

	signet_cookie(a->bucket_secret, prefix, len, out);
	memcpy(hash, out, sizeof(out));
}

void sg_admission_source(const struct sg_admission *a,
			 const union sg_addr *from, bool proven,
			 struct sg_source *src)
{
	uint64_t hash[2] = { 0 };
	uint8_t addr[20];
	size_t len;

	memset(src, 0, sizeof(*src));
	if (!proven)
		return;
	len = addr_bytes(from, true, addr);
	hash_prefix(a, addr, len, hash);
	src->subnet = hash[0];
	if (len > 4)
		hash_prefix(a, addr, 6, hash);
	src->site = hash[0] | 1;
}

/* What is in a bucket by now. */
static uint64_t tokens(const struct sg_config_limits *lim,
		       const struct sg_bucket *b, uint64_t now, uint64_t *ms)
{
	uint64_t cap = (uint64_t)lim->prefix_burst * TOKEN * b->scale, sum;

	/* Whole milliseconds; what is left of one counts the next time. */
	*ms = (now - b->filled_ns) / 1000000;
	sum = b->tokens + *ms * lim->prefix_rate * b->scale;
	return sum < cap ? sum : cap;
}

/* One token from the bucket of these bytes; @scale: times PrefixRate */
static bool take_one(struct sg_node *n, const uint8_t *prefix, size_t len,
		     uint32_t scale, uint64_t now)
{
	const struct sg_config_limits *lim = &n->config->limits;
	struct sg_admission *a = &n->admission;
	struct sg_bucket *b;
	uint64_t hash[2], ms;

	hash_prefix(a, prefix, len, hash);
	hash[0] |= 1;
	b = &a->buckets[hash[1] % SG_ADMISSION_BUCKETS];
	if (b->key != hash[0]) {
		b->key = hash[0];
		b->filled_ns = now;
		b->scale = scale;
		b->tokens = (uint64_t)lim->prefix_burst * TOKEN * scale;
	}
	b->tokens = tokens(lim, b, now, &ms);
	b->filled_ns += ms * 1000000;
	if (b->tokens < TOKEN)
		return false;
	b->tokens -= TOKEN;
	return true;
}

uint32_t sg_admission_sources(const struct sg_node *n)
{
	const struct sg_config_limits *lim = &n->config->limits;
	uint64_t now = sg_now(), ms;
	uint32_t count = 0;

	for (size_t i = 0; i < SG_ADMISSION_BUCKETS; i++) {
		const struct sg_bucket *b = &n->admission.buckets[i];

		count += b->key &&
			 tokens(lim, b, now, &ms) <
				 (uint64_t)lim->prefix_burst * TOKEN * b->scale;
	}
	return count;
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

/* @zero: set when mac1 was made for an unknown responder (pairing) */
static int check(struct sg_node *n, const uint8_t *frame,
		 const union sg_addr *from, const union sg_addr *to,
		 uint64_t now, bool *zero, bool *proven)
{
	struct sg_admission *a = &n->admission;
	const uint8_t *mac1_key = a->mac1_key;
	uint8_t addr[20];

	*zero = sg_pair_listens(n) && frame[1] == SIGNET_PATTERN_XXPSK3;
	if (*zero)
		mac1_key = a->mac1_zero;
	if (!signet_mac1_ok(frame, mac1_key))
		return SIGNET_DROP_MAC1;
	if (sg_admission_turn(n))
		sg_gates_sync(n);
	a->all_inits++;
	if (++a->rates.inits > n->config->limits.load_threshold)
		sg_gates_loaded(n);
	*proven = has_cookie(a, frame, addr, addr_bytes(from, false, addr));
	/* A mac2 that is wrong is never passed over: it was changed on the way,
	 * or made with a cookie of before our restart. */
	if (!*proven && (sg_admission_loaded(n) ||
			 frame[1] != SIGNET_PATTERN_IK || has_mac2(frame))) {
		send_cookie(n, frame, from, to, mac1_key);
		return SIGNET_DROP_MAC2;
	}
	return *proven && !take_token(n, from, now) ? SIGNET_DROP_RATE : 0;
}

int sg_admission_take(struct sg_node *n, const uint8_t *frame, size_t len,
		      const union sg_addr *from, const union sg_addr *to)
{
	struct sg_admission *a = &n->admission;
	struct sg_waiting w = { .since = sg_now(), .len = (uint16_t)len };
	struct sg_source src;
	bool proven;
	int drop;

	drop = check(n, frame, from, to, w.since, &w.zero, &proven);
	if (drop)
		return drop;
	w.from = *from;
	w.to = *to;
	sg_admission_source(a, from, proven, &src);
	if (!sg_fair_queue_push(a->queue, &src, &w, frame))
		sg_drop(n, SIGNET_DROP_QUEUE_FULL);
	if (!a->timer.slot)
		sg_timer_set(n->loop, &a->timer, w.since);
	return 0;
}

void sg_admission_clear(struct sg_node *n)
{
	sg_fair_queue_clear(n->admission.queue);
	sg_timer_cancel(n->loop, &n->admission.timer);
}

/* HandshakesPerSecond, evenly but for a short burst */
static void charge(struct sg_node *n, uint64_t now)
{
	struct sg_admission *a = &n->admission;

	if (a->work_at + WORK_BURST < now)
		a->work_at = now - WORK_BURST;
	a->work_at += SIGNET_SECOND / n->config->limits.handshakes_per_second;
	turn_second(a, now);
	a->rates.worked++;
	a->all_worked++;
}

/*
 * From the loop, as a timer that is due: descriptors were looked at before, and
 * timers that were due before have run. What is left waits for the next turn.
 */
static void work(void *ctx)
{
	struct sg_node *n = ctx;
	struct sg_admission *a = &n->admission;
	const struct sg_waiting *w;
	uint64_t now = sg_now();
	int drop;

	for (int i = 0; i < SG_ADMISSION_TURN && a->work_at <= now; i++) {
		w = sg_fair_queue_pop(a->queue, now - SG_ADMISSION_WAIT,
				      &n->drops[SIGNET_DROP_LATE]);
		if (!w)
			return;
		charge(n, now);
		drop = sg_incoming_init(n, w);
		if (drop)
			sg_drop(n, drop);
		now = sg_now();
	}
	if (a->queue->n)
		sg_timer_set(n->loop, &a->timer,
			     a->work_at > now ? a->work_at : now);
}
