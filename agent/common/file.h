/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whole files, read and written so that neither a crash, a full disk nor a
 * planted link does harm.
 */
#ifndef SG_COMMON_FILE_H
#define SG_COMMON_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

/**
 * sg_file_write_atomic() - put a file in place whole, or not at all
 * @path: the file; a symbolic link there is replaced, not followed
 * @mode: its permissions, whatever the umask
 * @data: content
 * @len: its length
 * @err: receives what failed; may be NULL
 *
 * Writes a temporary file beside it, syncs, renames, syncs the folder. On
 * failure (a full disk) an older file stays as it was.
 * Return: 0 or -errno.
 */
int sg_file_write_atomic(const char *path, mode_t mode, const void *data,
			 size_t len, struct sg_error *err);

/**
 * sg_file_create_atomic() - the same, but never replaces a file
 * Return: 0; -EEXIST where @path exists; -errno.
 */
int sg_file_create_atomic(const char *path, mode_t mode, const void *data,
			  size_t len, struct sg_error *err);

/**
 * sg_file_read_secret() - read a file that only its owner may read
 * @path: a regular file; symbolic links are refused
 * @buf: receives the content
 * @cap: size of @buf
 * @len: receives the length
 * @err: receives what failed; may be NULL
 * Return: 0; -EPERM where group or others have access, or the owner is
 *	neither us nor root; -EFBIG more than @cap bytes; -errno.
 */
int sg_file_read_secret(const char *path, void *buf, size_t cap, size_t *len,
			struct sg_error *err);

#endif
