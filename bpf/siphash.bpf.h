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

/* two 32-bit words that lie side by side */
static __always_inline __u64 two32(__u32 first, __u32 second)
{
	return le32(first) | (__u64)le32(second) << 32;
}

struct sip {
	__u64 v0, v1, v2, v3;
};

#define ROTL(v, n)               \
	"%[t] = %[" v "]\n"      \
	"%[t] >>= 64 - " #n "\n" \
	"%[" v "] <<= " #n "\n"  \
	"%[" v "] |= %[t]\n"
#define ADD(v, w) "%[" v "] += %[" w "]\n"
#define XOR(v, w) "%[" v "] ^= %[" w "]\n"

/* clang-format off */
/* BPF has no rotation, and the compiler makes copies of what it rotates: these
 * are all the instructions that there have to be. The part of a round that a word
 * just taken in has no share in: */
static __always_inline void sip_ahead(struct sip *s)
{
	__u64 t;

	asm(ADD("v0", "v1")
	    ROTL("v1", 13) XOR("v1", "v0")
	    ROTL("v0", 32)
	    : [v0] "+r"(s->v0), [v1] "+r"(s->v1), [t] "=&r"(t));
}

/* and the rest of it */
static __always_inline void sip_behind(struct sip *s)
{
	__u64 t;

	asm(ADD("v2", "v3")
	    ROTL("v3", 16) XOR("v3", "v2")
	    ADD("v0", "v3")
	    ADD("v2", "v1")
	    ROTL("v3", 21) XOR("v3", "v0")
	    ROTL("v1", 17) XOR("v1", "v2")
	    ROTL("v2", 32)
	    : [v0] "+r"(s->v0), [v1] "+r"(s->v1), [v2] "+r"(s->v2),
	      [v3] "+r"(s->v3), [t] "=&r"(t));
}
/* clang-format on */

#undef ROTL
#undef ADD
#undef XOR

static __always_inline void sip_round(struct sip *s)
{
	sip_ahead(s);
	sip_behind(s);
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

/* of 128 bits of output */
static __always_inline void sip_start128(struct sip *s, const __u64 *key)
{
	sip_start(s, key);
	s->v1 ^= 0xee;
}

static __always_inline void sip_word(struct sip *s, __u64 m)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(s);
	s->v0 ^= m;
}

/* the word after sip_ahead() */
static __always_inline void sip_next(struct sip *s, __u64 m)
{
	s->v3 ^= m;
	sip_behind(s);
	sip_round(s);
	s->v0 ^= m;
}

/* the same for two of them */
static __always_inline void sip_next_beside(struct sip *s, __u64 m,
					    struct sip *other, __u64 n)
{
	s->v3 ^= m;
	other->v3 ^= n;
	sip_behind(s);
	sip_behind(other);
	sip_round(s);
	sip_round(other);
	s->v0 ^= m;
	other->v0 ^= n;
}

/* The same, with two rounds of another one in between: neither waits for the
 * other, and a processor does more of both at once.
 */
static __always_inline void sip_word_beside(struct sip *s, __u64 m,
					    struct sip *other)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(other);
	sip_round(s);
	sip_round(other);
	s->v0 ^= m;
}

/* @m: @n words of the message; @rest: what is left of it, less than 8 bytes,
 * little-endian; @len: of all
 */
static __always_inline void sip_message(struct sip *s, const __u64 *m, int n,
					__u64 rest, __u64 len)
{
	if (n > 0)
		sip_word(s, le64(m[0]));
	if (n > 1)
		sip_word(s, le64(m[1]));
	if (n > 2)
		sip_word(s, le64(m[2]));
	if (n > 3)
		sip_word(s, le64(m[3]));
	if (n > 4)
		sip_word(s, le64(m[4]));
	if (n > 5)
		sip_word(s, le64(m[5]));
	if (n > 6)
		sip_word(s, le64(m[6]));
	if (n > 7)
		sip_word(s, le64(m[7]));
	sip_word(s, rest | len << 56);
}

static __always_inline __u64 sip_out(const struct sip *s)
{
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static __always_inline __u64 sip_end(struct sip *s)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sip_round(s);
	return sip_out(s);
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

/* after all words, with 128 bits of output */
static __always_inline void sip_end128(struct sip *s, __u64 out[2])
{
	s->v2 ^= 0xee;
	out[0] = le64(sip_end(s));
	s->v1 ^= 0xdd;
	out[1] = le64(sip_end(s));
}

static __always_inline void siphash128(__u64 out[2], const __u64 *key,
				       const __u64 *m, int n, __u64 rest,
				       __u64 len)
{
	struct sip s;

	sip_start128(&s, key);
	sip_message(&s, m, n, rest, len);
	sip_end128(&s, out);
}

#endif
