/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SipHash-2-4 with 64 and 128 bits of output (Aumasson and Bernstein), over
 * messages of whole words and a rest. Messages are short and of constant
 * length: everything is unrolled.
 */
#ifndef SIGNET_BPF_SIPHASH_H
#define SIGNET_BPF_SIPHASH_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* from little-endian and to it */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define le16(x) ((__u16)(x))
#define le32(x) ((__u32)(x))
#define le64(x) ((__u64)(x))
#else
#define le16(x) __builtin_bswap16(x)
#define le32(x) __builtin_bswap32(x)
#define le64(x) __builtin_bswap64(x)
#endif

struct sip {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 sip_rotl(__u64 x, int n)
{
	return x << n | x >> (64 - n);
}

static __always_inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = sip_rotl(s->v1, 13) ^ s->v0;
	s->v0 = sip_rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = sip_rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = sip_rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = sip_rotl(s->v1, 17) ^ s->v2;
	s->v2 = sip_rotl(s->v2, 32);
}

/* @key: two words, as they lie in memory in little-endian order */
static __always_inline void sip_start(struct sip *s, const __u64 *key)
{
	__u64 k0 = le64(key[0]), k1 = le64(key[1]);

	s->v0 = k0 ^ 0x736f6d6570736575ULL;
	s->v1 = k1 ^ 0x646f72616e646f6dULL;
	s->v2 = k0 ^ 0x6c7967656e657261ULL;
	s->v3 = k1 ^ 0x7465646279746573ULL;
}

static __always_inline void sip_word(struct sip *s, __u64 m)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(s);
	s->v0 ^= m;
}

/* @m: @n words of the message; @rest: what is left of it, less than 8 bytes,
 * little-endian; @len: of all
 */
static __always_inline void sip_message(struct sip *s, const __u64 *m, int n,
					__u64 rest, __u64 len)
{
#pragma unroll
	for (int i = 0; i < n; i++)
		sip_word(s, le64(m[i]));
	sip_word(s, rest | len << 56);
}

static __always_inline __u64 sip_end(struct sip *s)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* Return: as it lies in memory, little-endian */
static __always_inline __u64 siphash64(const __u64 *key, const __u64 *m, int n)
{
	struct sip s;

	sip_start(&s, key);
	sip_message(&s, m, n, 0, n * 8);
	s.v2 ^= 0xff;
	return le64(sip_end(&s));
}

static __always_inline void siphash128(__u64 out[2], const __u64 *key,
				       const __u64 *m, int n, __u64 rest,
				       __u64 len)
{
	struct sip s;

	sip_start(&s, key);
	s.v1 ^= 0xee;
	sip_message(&s, m, n, rest, len);
	s.v2 ^= 0xee;
	out[0] = le64(sip_end(&s));
	s.v1 ^= 0xdd;
	out[1] = le64(sip_end(&s));
}

#endif
