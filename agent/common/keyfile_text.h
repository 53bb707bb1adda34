/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The text form of a key file. Internal to keyfile. */
#ifndef SG_COMMON_KEYFILE_TEXT_H
#define SG_COMMON_KEYFILE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define SG_KEYFILE_IDENTITY "identity-key"
#define SG_KEYFILE_NEXT	    "next-key"
#define SG_KEYFILE_STATIC   "static-key"
#define SG_KEYFILE_HISTORY  "history"

/**
 * sg_keyfile_read() - read and check one file
 * @kind: what it must hold
 * @out: receives the content
 * @cap: its size
 * @len: receives the length
 * Return: 0; -EBADMSG not such a file, truncated or altered; or what
 *	sg_file_read_secret() returns.
 */
int sg_keyfile_read(const char *path, const char *kind, uint8_t *out,
		    size_t cap, size_t *len, struct sg_error *err);

/**
 * sg_keyfile_write() - write one file, mode 0600
 * @replace: whether an older file may be replaced
 * Return: 0; -EEXIST; -ENOMEM; -errno.
 */
int sg_keyfile_write(const char *path, const char *kind, const uint8_t *data,
		     size_t len, bool replace, struct sg_error *err);

#endif
