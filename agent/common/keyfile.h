/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A node's keys in its state folder.
 *
 *	identity.key		current Ed25519 key (its seed)
 *	identity.next		the key that the history commits to next; needed
 *				only for a rotation and may be kept elsewhere
 *	identity.history	the signed history (public)
 *	static.key		X25519 key of the handshake
 *
 * Each file is text of three lines: "signet-file 1 KIND", the content in hex,
 * and "sha256 HEX" over the two lines before. Mode 0600, written atomically.
 */
#ifndef SG_COMMON_KEYFILE_H
#define SG_COMMON_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

#include <signet/core/identity.h>

#include "common/error.h"

/**
 * struct sg_keys - what a node needs of its keys; holds secrets
 * @sign_sk: current Ed25519 secret key, libsodium form
 * @static_sk: X25519 private key
 * @static_pk: its public key
 * @history: verified history, owned
 * @history_len: its length
 * @ident: what the history says
 */
struct sg_keys {
	uint8_t sign_sk[64];
	uint8_t static_sk[32];
	uint8_t static_pk[32];
	uint8_t *history;
	size_t history_len;
	struct signet_identity ident;
};

/**
 * sg_keys_alloc() - room for keys that is locked in memory where the system
 * allows it, kept out of core dumps, and zero
 * Return: NULL without memory.
 */
struct sg_keys *sg_keys_alloc(void);

/** sg_keys_free() - wipe and free what sg_keys_alloc() gave; NULL is fine */
void sg_keys_free(struct sg_keys *keys);

/**
 * sg_keys_generate() - make a new identity and all its keys
 * @dir: state folder; made with mode 0700 where it is missing
 *
 * Never replaces a file, and leaves none behind when it fails.
 * Return: 0; -EEXIST where one of the files exists; -errno.
 */
int sg_keys_generate(const char *dir, struct sg_error *err);

/**
 * sg_keys_load() - read and check keys and history
 * @keys: receives them; wipe with sg_keys_wipe()
 * Return: 0; -ENOENT no identity yet; -EPERM a file that others can access;
 *	-EBADMSG truncated or altered; -EKEYREJECTED the keys do not belong to
 *	the history; -errno. @keys is zero then.
 */
int sg_keys_load(const char *dir, struct sg_keys *keys, struct sg_error *err);

/**
 * sg_keys_rotate() - make the committed next key the current one
 * @next_path: where the next key is, and where the key after it is put; NULL:
 *	identity.next in @dir
 *
 * A rotation that was interrupted is finished instead.
 * Return: 0; -EKEYREJECTED the key is not what the history commits to; -errno,
 *	with the identity as it was, or ready to be finished.
 */
int sg_keys_rotate(const char *dir, const char *next_path,
		   struct sg_error *err);

/** sg_keys_wipe() - wipe secrets, free the history */
void sg_keys_wipe(struct sg_keys *keys);

#endif
