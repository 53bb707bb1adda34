/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * COSE_Sign1 (RFC 9052 section 4.2) with EdDSA over Ed25519: the form of every
 * signed statement. No allocation.
 *
 *	18([ << {1: -8, 16: typ} >>, {}, payload, signature ])
 *
 * The protected header holds the algorithm (1: EdDSA, -8) and the kind of the
 * statement (16: typ, RFC 9596), nothing else; the unprotected header is
 * empty; the payload is always attached. The signature is over
 *
 *	["Signature1", protected header, h'', payload]
 *
 * All of it is deterministic CBOR (RFC 8949 section 4.2.1), and nothing else
 * is accepted, so that a signed statement has exactly one form.
 */
#ifndef SIGNET_CORE_COSE_H
#define SIGNET_CORE_COSE_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

/* Longest payload and typ that are signed or verified. */
#define SIGNET_SIGN1_PAYLOAD_MAX 2048
#define SIGNET_SIGN1_TYP_MAX	 64
#define SIGNET_SIGN1_SIG_LEN	 64

/**
 * struct signet_sign1 - a parsed COSE_Sign1; points into what was parsed
 * @protected_hdr: content of the protected header's byte string
 * @payload: content of the payload's byte string
 * @signature: 64 bytes
 */
struct signet_sign1 {
	const uint8_t *protected_hdr;
	size_t protected_len;
	const uint8_t *payload;
	size_t payload_len;
	const uint8_t *signature;
};

/**
 * signet_sign1_sign() - sign a payload
 * @typ: kind of statement; NULL leaves it out
 * @payload: payload
 * @payload_len: its length
 * @sk: Ed25519 secret key (64 bytes, libsodium form)
 * @out: receives the COSE_Sign1; must not overlap @payload
 * @cap: its size
 * @len: receives the length
 * Return: 0; -EMSGSIZE payload or typ too long; -ENOBUFS.
 */
int signet_sign1_sign(const char *typ, const uint8_t *payload,
		      size_t payload_len, const uint8_t sk[64], uint8_t *out,
		      size_t cap, size_t *len);

/**
 * signet_sign1_parse() - read a COSE_Sign1, without checking its signature:
 * for statements that hold the key which they are signed with
 * @buf: input; more may follow the COSE_Sign1
 * @len: its length
 * @typ: kind of statement that it must be; NULL: one of another origin, without
 *	typ, whose headers may hold more than the algorithm, but no crit
 * @s: receives the parts
 * @used: receives the length of the COSE_Sign1
 * Return: 0; -EBADMSG malformed, not canonical, other algorithm or typ.
 */
int signet_sign1_parse(const uint8_t *buf, size_t len, const char *typ,
		       struct signet_sign1 *s, size_t *used);

/**
 * signet_sign1_check() - check the signature of a parsed COSE_Sign1
 * @key: Ed25519 public key
 * Return: 0; -EKEYREJECTED the signature is not @key's; -EMSGSIZE.
 */
int signet_sign1_check(const struct signet_sign1 *s, const uint8_t key[32]);

/**
 * signet_sign1_verify() - parse a COSE_Sign1 that fills the buffer, and check
 * its signature
 * @payload: receives where the payload is, only when all is good
 * @payload_len: receives its length
 * Return: 0; -EBADMSG malformed or something follows; -EKEYREJECTED bad
 *	signature; -EMSGSIZE.
 */
int signet_sign1_verify(const uint8_t *buf, size_t len, const char *typ,
			const uint8_t key[32], const uint8_t **payload,
			size_t *payload_len);

#pragma GCC visibility pop

#endif
