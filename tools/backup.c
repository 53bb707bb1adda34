/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "backup.h"

#define MAGIC	   "signet-backup 1\n"
#define OFF_PASSES 16
#define OFF_MEMORY 20
#define OFF_SALT   24
#define OFF_NONCE  40
#define ABYTES	   crypto_aead_xchacha20poly1305_ietf_ABYTES

/* What a backup from elsewhere may ask this machine to spend. */
#define PASSES_MAX     16
#define MEMORY_MIN_KIB 8
#define MEMORY_MAX_KIB (1024 * 1024)

_Static_assert(sizeof(MAGIC) - 1 == OFF_PASSES, "magic");
_Static_assert(crypto_pwhash_SALTBYTES == OFF_NONCE - OFF_SALT, "salt");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES ==
		       SG_BACKUP_HDR - OFF_NONCE,
	       "nonce");

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = v >> (8 * i);
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int derive(const uint8_t *header, const char *passphrase,
		  uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES])
{
	return crypto_pwhash(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
			     passphrase, strlen(passphrase), header + OFF_SALT,
			     get32(header + OFF_PASSES),
			     (size_t)get32(header + OFF_MEMORY) * 1024,
			     crypto_pwhash_ALG_ARGON2ID13)
		       ? -ENOMEM
		       : 0;
}

/* Return: length, or 0 where it does not fit. */
static size_t write_files(const struct sg_backup_file *files, size_t n,
			  uint8_t *out)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		size_t name = strlen(files[i].name);

		if (files[i].len > SG_BACKUP_FILE_MAX ||
		    used + 5 + name + files[i].len > SG_BACKUP_PLAIN_MAX)
			return 0;
		out[used] = name;
		memcpy(out + used + 1, files[i].name, name);
		used += 1 + name;
		put32(out + used, files[i].len);
		memcpy(out + used + 4, files[i].data, files[i].len);
		used += 4 + files[i].len;
	}
	return used;
}

int sg_backup_seal(const struct sg_backup_file *files, size_t n,
		   const char *passphrase, uint8_t *out, size_t *len)
{
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint8_t *body = out + SG_BACKUP_HDR;
	unsigned long long sealed;
	size_t plain;
	int r;

	memcpy(out, MAGIC, OFF_PASSES);
	put32(out + OFF_PASSES, crypto_pwhash_OPSLIMIT_MODERATE);
	put32(out + OFF_MEMORY, crypto_pwhash_MEMLIMIT_MODERATE / 1024);
	randombytes_buf(out + OFF_SALT, SG_BACKUP_HDR - OFF_SALT);
	r = derive(out, passphrase, key);
	if (r)
		goto cleanup;
	plain = write_files(files, n, body);
	if (!plain) {
		r = -E2BIG;
		goto cleanup;
	}
	crypto_aead_xchacha20poly1305_ietf_encrypt(body, &sealed, body, plain,
						   out, SG_BACKUP_HDR, NULL,
						   out + OFF_NONCE, key);
	*len = SG_BACKUP_HDR + sealed;
cleanup:
	sodium_memzero(key, sizeof(key));
	if (r)
		sodium_memzero(out, SG_BACKUP_MAX);
	return r;
}

static int read_files(uint8_t *p, size_t len, struct sg_backup_file *files,
		      size_t *n)
{
	*n = 0;
	while (len) {
		struct sg_backup_file *f = &files[*n];
		size_t name = p[0];

		if (*n == SG_BACKUP_FILES || name >= SG_BACKUP_NAME_LEN ||
		    len < 5 + name)
			return -EBADMSG;
		memcpy(f->name, p + 1, name);
		f->name[name] = '\0';
		f->len = get32(p + 1 + name);
		p += 5 + name;
		len -= 5 + name;
		if (f->len > len)
			return -EBADMSG;
		f->data = p;
		p += f->len;
		len -= f->len;
		(*n)++;
	}
	return 0;
}

int sg_backup_open(const uint8_t *in, size_t len, const char *passphrase,
		   uint8_t *plain, struct sg_backup_file *files, size_t *n)
{
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	unsigned long long opened;
	uint32_t passes, memory;
	int r;

	if (len < SG_BACKUP_HDR + ABYTES || len > SG_BACKUP_MAX ||
	    memcmp(in, MAGIC, OFF_PASSES))
		return -EINVAL;
	passes = get32(in + OFF_PASSES);
	memory = get32(in + OFF_MEMORY);
	if (!passes || passes > PASSES_MAX || memory < MEMORY_MIN_KIB ||
	    memory > MEMORY_MAX_KIB)
		return -EPROTO;
	r = derive(in, passphrase, key);
	if (!r && crypto_aead_xchacha20poly1305_ietf_decrypt(
			  plain, &opened, NULL, in + SG_BACKUP_HDR,
			  len - SG_BACKUP_HDR, in, SG_BACKUP_HDR,
			  in + OFF_NONCE, key))
		r = -EBADMSG;
	if (!r)
		r = read_files(plain, opened, files, n);
	sodium_memzero(key, sizeof(key));
	return r;
}
