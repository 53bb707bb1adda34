/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Identities: an Ed25519 signing key with a hash-linked, signed history of
 * changes, each of which commits to the next key. See
 * Documentation/protocol.rst, "Identities".
 */
#ifndef SIGNET_CORE_IDENTITY_H
#define SIGNET_CORE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#define SIGNET_ID_LEN		   32
/* "sg" + "1" + 52 data characters + 6 checksum characters + NUL */
#define SIGNET_ID_STR_LEN	   62
#define SIGNET_ID_SHORT_LEN	   12
/* One encoded, signed change never takes more; a history never holds more. */
#define SIGNET_CHANGE_MAX	   256
#define SIGNET_HISTORY_CHANGES_MAX 64
#define SIGNET_HISTORY_MAX	   (SIGNET_CHANGE_MAX * SIGNET_HISTORY_CHANGES_MAX)

/** struct signet_id - identifier: SHA-256 of the unsigned first change */
struct signet_id {
	uint8_t b[SIGNET_ID_LEN];
};

/** struct signet_head - how long a history is and what its last change is */
struct signet_head {
	uint32_t length;  /* number of changes, at least 1 */
	uint8_t hash[32]; /* SHA-256 of the last change, signed form */
};

/** struct signet_identity - what a verified history says */
struct signet_identity {
	struct signet_id id;
	struct signet_head head;
	uint8_t key[32];  /* current Ed25519 public key */
	uint8_t next[32]; /* SHA-256 of the next public key */
};

/* -1, 0, 1: order of identifiers as big-endian numbers (memcmp order) */
int signet_id_cmp(const struct signet_id *a, const struct signet_id *b);

/**
 * signet_id_format() - write an identifier as bech32m ("sg1...")
 * signet_id_parse() - read one; -EINVAL when it is not valid bech32m of 32
 *	bytes with prefix "sg"
 */
void signet_id_format(const struct signet_id *id, char out[SIGNET_ID_STR_LEN]);
int signet_id_parse(const char *s, struct signet_id *id);

/** signet_id_overlay() - overlay IPv6 address: 0xfd and the first 120 bits */
void signet_id_overlay(const struct signet_id *id, uint8_t addr[16]);

/*
 * The bytes of a history.
 *
 * A change is a deterministic CBOR map of:
 *
 *	1: 1			version
 *	2: bytes .size 32	the Ed25519 public key that becomes current
 *	3: bytes .size 32	SHA-256 of the public key that may follow it
 *	4: bytes .size 32	SHA-256 of the change before, signed form; not in
 *				the first change
 *
 * Its signed form is a COSE_Sign1 (see cose.h) of typ "signet-change+cose"
 * whose payload is that map, signed by the key under 2. A history is its
 * signed changes one after another, nothing between or behind.
 *
 * The identifier is the SHA-256 of the first change's map, so that neither
 * signature nor header is part of it. A later change is good when the SHA-256
 * of its key is what the change before committed to, and its key 4 is the
 * SHA-256 of that change. A change that commits to its own key is refused.
 */

/**
 * signet_history_create() - first change of a new identity
 * @sk: Ed25519 secret key (64 bytes, libsodium form) of the current key
 * @next_pk: public key of the pre-committed next key
 * @out: receives the encoded change
 * @cap: its size
 * @len: receives the length
 * @ident: receives what the history then says
 * Return: 0; -EINVAL @next_pk is @sk's own; -ENOBUFS.
 */
int signet_history_create(const uint8_t sk[64], const uint8_t next_pk[32],
			  uint8_t *out, size_t cap, size_t *len,
			  struct signet_identity *ident);

/**
 * signet_history_rotate() - append a change that makes the committed next key
 * the current one and commits to another
 * @next_sk: secret key of the committed key: signs the change
 * @after_pk: public key of the key after it
 * @history: verified history; the new change is appended in place
 * @len: in: its length, out: the new length
 * @cap: size of @history
 * Return: 0; -EKEYREJECTED @next_sk is not what was committed; -ENOBUFS;
 *	-E2BIG the history is full; -EBADMSG @history does not verify;
 *	-EINVAL @after_pk is @next_sk's own.
 */
int signet_history_rotate(const uint8_t next_sk[64], const uint8_t after_pk[32],
			  uint8_t *history, size_t *len, size_t cap,
			  struct signet_identity *ident);

/**
 * signet_history_verify() - verify a whole history from outside
 * Return: 0 with @ident filled; -EBADMSG on anything malformed, not canonical,
 *	wrongly linked, wrongly signed or not committed.
 */
int signet_history_verify(const uint8_t *history, size_t len,
			  struct signet_identity *ident);

/*
 * The bytes of an attestation: a COSE_Sign1 (see cose.h) of typ
 * "signet-attestation+cwt", signed by the identity's current key, whose
 * payload is a CWT claims set, a deterministic CBOR map of:
 *
 *	2: text			sub: the identifier, bech32m in lower case
 *	4: uint			exp: seconds since 1970
 *	6: uint			iat: seconds since 1970, before exp
 *	8: { 1: {		cnf: COSE_Key of the Noise static key
 *		1: 1,			kty: OKP
 *		-1: 4,			crv: X25519
 *		-2: bytes .size 32	x
 *	} }
 *	-65537: [		head of the history
 *		uint,			number of changes, 1 to 64
 *		bytes .size 32		SHA-256 of the last, signed form
 *	]
 *
 * There is no iss: issuer and subject are the same.
 */

/**
 * struct signet_attestation - binds a Noise static key to an identity
 * Times are in seconds since 1970, UTC.
 */
struct signet_attestation {
	struct signet_id id;
	struct signet_head head;
	uint8_t static_key[32];
	int64_t issued;
	int64_t expires;
};

#define SIGNET_ATTESTATION_MAX 320

/**
 * signet_attestation_sign() - make an attestation: a CWT (RFC 8392) in a
 * COSE_Sign1 (RFC 9052), typ "signet-attestation+cwt" (RFC 9596), cnf
 * (RFC 8747) holding the Noise static key as a COSE_Key
 * Return: 0; -EINVAL times negative or out of order, head impossible; -ENOBUFS.
 */
int signet_attestation_sign(const struct signet_attestation *att,
			    const uint8_t sk[64], uint8_t *out, size_t cap,
			    size_t *len);

/**
 * signet_attestation_verify() - check form and signature; the caller compares
 * times, identifier and head
 * Return: 0; -EBADMSG malformed, not canonical, wrong typ; -EKEYREJECTED bad
 *	signature.
 */
int signet_attestation_verify(const uint8_t *buf, size_t len,
			      const uint8_t key[32],
			      struct signet_attestation *att);

#pragma GCC visibility pop

#endif
