/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Handshake frames: form, mac1, under load a cookie that shows that the sender
 * receives at its address, and the rate of its prefix.
 */
#ifndef SIGNET_BPF_GATE_HANDSHAKE_H
#define SIGNET_BPF_GATE_HANDSHAKE_H

#include "gate_challenge.bpf.h"

/* What a /48 may, against one /64 in it. */
#define SITE_SCALE 8

static __always_inline bool has_mac2(const struct arrival *a)
{
	return a->head[MAC2_WORD] | a->head[MAC2_WORD + 1];
}

/* Return: 0 or the reason to drop it, as signet_handshake_parse() */
static __always_inline enum signet_drop handshake_form(const struct arrival *a)
{
	bool init = a->hs.type == SIGNET_FRAME_INIT;

	if (a->len < SIGNET_HANDSHAKE_MIN || a->len > SIGNET_HANDSHAKE_MAX)
		return SIGNET_DROP_LENGTH;
	if (a->hs.pattern < SIGNET_PATTERN_IK ||
	    a->hs.pattern > SIGNET_PATTERN_MAX)
		return SIGNET_DROP_TYPE;
	/* reserved bytes, in the second half of the second word */
	if (a->hs.flags || le64(a->head[1]) >> 32)
		return SIGNET_DROP_FLAGS;
	if (!init && has_mac2(a))
		return SIGNET_DROP_FLAGS;
	if (init && a->hs.pattern != SIGNET_PATTERN_IK &&
	    a->len != SIGNET_HANDSHAKE_MAX)
		return SIGNET_DROP_LENGTH;
	if (init != !a->hs.label || !a->hs.sender_label)
		return SIGNET_DROP_LABEL;
	return SIGNET_DROP_NONE;
}

/* The same of what most of them are, in one look. */
static __always_inline bool usual_init(const struct arrival *a)
{
	return a->head[0] == le64(SIGNET_FRAME_INIT | SIGNET_PATTERN_IK << 8) &&
	       le64(a->head[1]) - 1 < 0xffffffff &&
	       a->len - SIGNET_HANDSHAKE_MIN <=
		       SIGNET_HANDSHAKE_MAX - SIGNET_HANDSHAKE_MIN;
}

static __always_inline bool proved(const struct arrival *a,
				   const struct gate_port *cfg,
				   const __u32 source[4])
{
	__u64 cookie[2], mac[2];

#pragma unroll
	for (int i = 0; i < 2; i++) {
		cookie_of(a, cfg, source, i, cookie);
		siphash128(mac, cookie, a->head, MAC2_WORD, 0,
			   SIGNET_MAC2_OFFSET);
		if (same_mac(mac, &a->head[MAC2_WORD]))
			return true;
	}
	return false;
}

/* Half of the buckets are those of sites: else one of a site's many prefixes could
 * push the site out of its own.
 */
static __always_inline bool take_one(const __u64 hash[2], bool site,
				     __u64 interval, __u64 burst, __u64 now)
{
	__u32 index =
		hash[1] % (GATE_BUCKETS / 2) + (site ? GATE_BUCKETS / 2 : 0);
	__u64 tag = hash[0] | 1, at, to;
	struct gate_bucket *b;

	b = bpf_map_lookup_elem(&buckets, &index);
	if (!b)
		return false;
	if (b->tag != tag) {
		b->tag = tag;
		b->next = 0;
	}
	/* another CPU may be as quick, a few times */
#pragma unroll
	for (int i = 0; i < 4; i++) {
		at = b->next;
		if (at > now + interval * (burst - 1))
			return false;
		to = (at > now ? at : now) + interval;
		if (__sync_val_compare_and_swap(&b->next, at, to) == at)
			return true;
	}
	return false;
}

/* A token of the prefix that proved itself: IPv4 /32, or IPv6 /64 and /48. */
static __always_inline bool take_token(const struct arrival *a,
				       const struct gate_port *cfg,
				       const __u32 source[4])
{
	__u64 now = bpf_ktime_get_ns();
	__u64 hash[2], prefix;

	if (!a->k.ip6) {
		siphash128(hash, cfg->bucket_secret, hash, 0, le32(source[0]),
			   4);
		return take_one(hash, false, cfg->interval, cfg->burst, now);
	}
	__builtin_memcpy(&prefix, source, sizeof(prefix));
	siphash128(hash, cfg->bucket_secret, &prefix, 1, 0, 8);
	if (!take_one(hash, false, cfg->interval, cfg->burst, now))
		return false;
	siphash128(hash, cfg->bucket_secret, &prefix, 0,
		   le64(prefix) << 16 >> 16, 6);
	return take_one(hash, true, cfg->interval / SITE_SCALE,
			(__u64)cfg->burst * SITE_SCALE, now);
}

/* An init begins with a word that is known. */
static __always_inline bool mac1_ok(const struct arrival *a,
				    const struct gate_port *cfg)
{
	__u64 mac[2];
	struct sip s;

	if (a->hs.type == SIGNET_FRAME_INIT) {
		sip_from(&s, of_pattern(a, cfg->init));
	} else {
		sip_from(&s, of_pattern(a, cfg->mac1));
		sip_next(&s, le64(a->head[0]));
		sip_ahead(&s);
	}
	sip_next(&s, le64(a->head[1]));
	sip_message(&s, a->head + 2, MAC1_WORD - 2, 0, SIGNET_MAC1_OFFSET);
	sip_end128(&s, mac);
	return same_mac(mac, &a->head[MAC1_WORD]);
}

/* An address has to be proved under load, and where strangers are answered; a
 * mac2 that is wrong is never passed over.
 */
static __always_inline int judge_init(struct xdp_md *ctx, struct arrival *a,
				      const struct gate_port *cfg)
{
	__u32 source[4];

	source_of(ctx, &a->k, source);
	if (!has_mac2(a)) {
		if (!(cfg->flags & GATE_LOADED) &&
		    a->hs.pattern == SIGNET_PATTERN_IK)
			return pass(GATE_PASS_HANDSHAKE);
	} else if (proved(a, cfg, source)) {
		return take_token(a, cfg, source)
			       ? pass(GATE_PASS_HANDSHAKE)
			       : refuse_frame(SIGNET_DROP_RATE);
	}
	return challenge(ctx, a, cfg, source);
}

static __always_inline int judge_handshake(struct xdp_md *ctx,
					   struct arrival *a)
{
	const struct gate_port *cfg;
	enum signet_drop reason;

	if (!a)
		return XDP_DROP;
	cfg = port_at(a->index);
	/* the settings may have changed meanwhile */
	if (!cfg || cfg->port != a->port)
		return refuse_frame(SIGNET_DROP_TYPE);
	reason = usual_init(a) ? SIGNET_DROP_NONE : handshake_form(a);
	if (reason)
		return refuse_frame(reason);
	if (a->hs.type != SIGNET_FRAME_INIT && !label_of(a))
		return refuse_frame(SIGNET_DROP_LABEL);
	/* of a response it is made for whom we asked */
	if (a->hs.type == SIGNET_FRAME_RESPONSE)
		return pass(GATE_PASS_HANDSHAKE);
	if (!mac1_ok(a, cfg))
		return refuse_frame(SIGNET_DROP_MAC1);
	if (a->hs.type == SIGNET_FRAME_INIT)
		return judge_init(ctx, a, cfg);
	return pass(GATE_PASS_HANDSHAKE);
}

static __always_inline int judge_cookie(const struct arrival *a)
{
	if (a->len != SIGNET_COOKIE_FRAME_LEN)
		return refuse_frame(SIGNET_DROP_LENGTH);
	/* type, three zero bytes, label; eight zero bytes */
	if (a->hs.pattern || a->frame.flags || a->head[1])
		return refuse_frame(SIGNET_DROP_FLAGS);
	if (!label_of(a))
		return refuse_frame(SIGNET_DROP_LABEL);
	return pass(GATE_PASS_HANDSHAKE);
}

#endif
