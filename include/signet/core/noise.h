/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Noise protocol framework, revision 34: 25519, ChaChaPoly, SHA256.
 * One engine driven by a table of patterns. No I/O, no allocation; randomness
 * comes in as an argument.
 */
#ifndef SIGNET_CORE_NOISE_H
#define SIGNET_CORE_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#define SIGNET_NOISE_KEY_LEN  32
#define SIGNET_NOISE_HASH_LEN 32
#define SIGNET_NOISE_TAG_LEN  16
#define SIGNET_NOISE_MAX      65535

enum signet_noise_pattern {
	SIGNET_NOISE_N,
	SIGNET_NOISE_K,
	SIGNET_NOISE_X,
	SIGNET_NOISE_NN,
	SIGNET_NOISE_NK,
	SIGNET_NOISE_NX,
	SIGNET_NOISE_KN,
	SIGNET_NOISE_KK,
	SIGNET_NOISE_KX,
	SIGNET_NOISE_XN,
	SIGNET_NOISE_XK,
	SIGNET_NOISE_XX,
	SIGNET_NOISE_IN,
	SIGNET_NOISE_IK,
	SIGNET_NOISE_IX,
	SIGNET_NOISE_XXPSK3,
	SIGNET_NOISE_IKPSK2,
	SIGNET_NOISE_KKPSK0,
	/* the other psk variants: names are found by signet_noise_find() */
	SIGNET_NOISE_NPSK0,
	SIGNET_NOISE_KPSK0,
	SIGNET_NOISE_XPSK1,
	SIGNET_NOISE_NNPSK0,
	SIGNET_NOISE_NNPSK2,
	SIGNET_NOISE_NKPSK0,
	SIGNET_NOISE_NKPSK2,
	SIGNET_NOISE_NXPSK2,
	SIGNET_NOISE_KNPSK0,
	SIGNET_NOISE_KNPSK2,
	SIGNET_NOISE_KKPSK2,
	SIGNET_NOISE_KXPSK2,
	SIGNET_NOISE_XNPSK3,
	SIGNET_NOISE_XKPSK3,
	SIGNET_NOISE_INPSK1,
	SIGNET_NOISE_INPSK2,
	SIGNET_NOISE_IKPSK1,
	SIGNET_NOISE_IXPSK2,
	SIGNET_NOISE_NNPSK1,
	SIGNET_NOISE_XXPSK0,
	SIGNET_NOISE_XXPSK1,
	SIGNET_NOISE_XXPSK2,
	SIGNET_NOISE_IKPSK0,
	SIGNET_NOISE_KKPSK1,
	SIGNET_NOISE_PATTERN_COUNT
};

/**
 * struct signet_noise_keys - what one side brings to a handshake
 * @s_priv: own static private key, or NULL where the pattern has none
 * @s_pub: own static public key, or NULL
 * @rs: the other's static public key where known in advance, or NULL
 * @psk: pre-shared key for psk patterns, or NULL
 *
 * Each points to 32 bytes that need to live only during signet_noise_init().
 */
struct signet_noise_keys {
	const uint8_t *s_priv;
	const uint8_t *s_pub;
	const uint8_t *rs;
	const uint8_t *psk;
};

/**
 * struct signet_noise - state of one handshake; holds secrets
 *
 * Fixed size, may be copied (a copy is an independent state). Wipe with
 * signet_noise_wipe() on every path.
 */
struct signet_noise {
	uint8_t pattern;
	uint8_t message; /* index of the next message */
	bool initiator;
	bool has_key;
	bool has_rs;
	bool has_psk;
	bool failed;
	uint64_t n;
	uint8_t k[SIGNET_NOISE_KEY_LEN];
	uint8_t ck[SIGNET_NOISE_HASH_LEN];
	uint8_t h[SIGNET_NOISE_HASH_LEN];
	uint8_t s_priv[SIGNET_NOISE_KEY_LEN];
	uint8_t s_pub[SIGNET_NOISE_KEY_LEN];
	uint8_t e_priv[SIGNET_NOISE_KEY_LEN];
	uint8_t e_pub[SIGNET_NOISE_KEY_LEN];
	uint8_t rs[SIGNET_NOISE_KEY_LEN];
	uint8_t re[SIGNET_NOISE_KEY_LEN];
	uint8_t psk[SIGNET_NOISE_KEY_LEN];
};

/**
 * signet_noise_find() - pattern of a full protocol name
 * @name: for instance "Noise_IK_25519_ChaChaPoly_SHA256"
 * Return: the pattern, or -ENOENT.
 */
int signet_noise_find(const char *name);

/**
 * signet_noise_init() - start a handshake (Noise section 5.3, Initialize)
 * @ns: state to fill
 * @pattern: enum signet_noise_pattern
 * @initiator: which side this is
 * @prologue: prologue bytes
 * @prologue_len: their number
 * @keys: what this side brings
 * Return: 0; -EINVAL where the pattern needs a static key that @keys lacks. A
 *	psk may come later, by signet_noise_set_psk().
 */
int signet_noise_init(struct signet_noise *ns, int pattern, bool initiator,
		      const uint8_t *prologue, size_t prologue_len,
		      const struct signet_noise_keys *keys);

/**
 * signet_noise_set_psk() - supply the pre-shared key before the message that
 * mixes it (a responder may learn only then whom it talks to)
 */
void signet_noise_set_psk(struct signet_noise *ns,
			  const uint8_t psk[SIGNET_NOISE_KEY_LEN]);

/**
 * signet_noise_overhead() - bytes that the next message adds to its payload
 */
size_t signet_noise_overhead(const struct signet_noise *ns);

/**
 * signet_noise_write() - write the next handshake message
 * @ns: state
 * @ephemeral: 32 random bytes, used as the ephemeral private key where this
 *	message sends one; the caller wipes them
 * @payload: payload, may be NULL when @payload_len is 0
 * @payload_len: its length
 * @out: receives the message
 * @cap: size of @out
 * @out_len: receives the message's length
 * Return: 0; -EINVAL not this side's turn, or a psk is missing; -ENOBUFS
 *	@out too small; -EBADMSG all-zero DH output. After an error other than -ENOBUFS the
 *	state is wiped and failed.
 */
int signet_noise_write(struct signet_noise *ns, const uint8_t ephemeral[32],
		       const uint8_t *payload, size_t payload_len, uint8_t *out,
		       size_t cap, size_t *out_len);

/**
 * signet_noise_read() - read the next handshake message
 * @ns: state
 * @msg: message
 * @len: its length
 * @payload: receives the payload; may not overlap @msg
 * @cap: size of @payload
 * @payload_len: receives its length
 * Return: 0; -EBADMSG not authentic, too short or all-zero DH output;
 *	-ENOBUFS; -EINVAL not this side's turn, or a psk is missing. After
 *	an error the state is wiped and failed.
 */
int signet_noise_read(struct signet_noise *ns, const uint8_t *msg, size_t len,
		      uint8_t *payload, size_t cap, size_t *payload_len);

/** signet_noise_done() - whether all messages of the pattern have passed */
bool signet_noise_done(const struct signet_noise *ns);

/**
 * signet_noise_split() - the two transport keys (Noise section 5.2, Split)
 * @ns: a state that is done
 * @k1: key from initiator to responder
 * @k2: key from responder to initiator
 * @hash: handshake hash, for channel binding (section 11.2)
 * Return: 0 or -EINVAL. The state is not wiped.
 */
int signet_noise_split(const struct signet_noise *ns, uint8_t k1[32],
		       uint8_t k2[32], uint8_t hash[32]);

/** signet_noise_wipe() - wipe all secrets of a state */
void signet_noise_wipe(struct signet_noise *ns);

#pragma GCC visibility pop

#endif
