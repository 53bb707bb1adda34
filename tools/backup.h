/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A backup: named small files under a passphrase.
 *
 *	offset	size	field
 *	0	16	"signet-backup 1\n"
 *	16	4	Argon2id passes, little-endian
 *	20	4	Argon2id memory in KiB
 *	24	16	Argon2id salt
 *	40	24	nonce
 *	64	n	files, sealed with XChaCha20-Poly1305; AAD: bytes 0-63
 *
 * A file is: length of its name (1 byte), name, length of its content (4 bytes,
 * little-endian), content.
 */
#ifndef SG_BACKUP_H
#define SG_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#define SG_BACKUP_HDR	    64
#define SG_BACKUP_FILES	    8
#define SG_BACKUP_NAME_LEN  32
#define SG_BACKUP_FILE_MAX  (64 * 1024)
#define SG_BACKUP_PLAIN_MAX (256 * 1024)
#define SG_BACKUP_MAX	    (SG_BACKUP_PLAIN_MAX + SG_BACKUP_HDR + 16)
#define SG_PASSPHRASE_MIN   8
#define SG_PASSPHRASE_MAX   1024

struct sg_backup_file {
	char name[SG_BACKUP_NAME_LEN];
	uint8_t *data; /* not owned */
	size_t len;
};

/**
 * sg_backup_seal() - Return: 0; -ENOMEM (the key derivation's memory, too);
 *	-E2BIG. @out has room for SG_BACKUP_MAX bytes.
 */
int sg_backup_seal(const struct sg_backup_file *files, size_t n,
		   const char *passphrase, uint8_t *out, size_t *len);

/**
 * sg_backup_open() - @plain has room for SG_BACKUP_PLAIN_MAX bytes, holds
 * secrets afterwards, and the files' contents point into it
 * @files: receives up to SG_BACKUP_FILES
 * Return: 0; -EINVAL not a backup, or truncated in its header; -EPROTO asks
 *	for more work than is reasonable; -EBADMSG wrong passphrase, truncated
 *	or altered; -ENOMEM.
 */
int sg_backup_open(const uint8_t *in, size_t len, const char *passphrase,
		   uint8_t *plain, struct sg_backup_file *files, size_t *n);

#endif
