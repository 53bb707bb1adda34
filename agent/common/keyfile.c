// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "common/keyfile.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/keyfile_text.h"

/* Where the files of a node are. */
struct paths {
	char identity[PATH_MAX];
	char next[PATH_MAX];
	char history[PATH_MAX];
	char static_key[PATH_MAX];
	/* the key after the next one, until a rotation is done */
	char after[PATH_MAX];
};

static int join(char out[PATH_MAX], const char *dir, const char *name,
		struct sg_error *err)
{
	int n = snprintf(out, PATH_MAX, "%s%s", dir, name);

	if (n >= PATH_MAX)
		return sg_err(err, ENAMETOOLONG, "%s: name too long", dir);
	return 0;
}

static int find_paths(struct paths *p, const char *dir, const char *next,
		      struct sg_error *err)
{
	int ret;

	if (sodium_init() < 0)
		return sg_err(err, EIO, "the system gives no randomness");
	ret = join(p->identity, dir, "/identity.key", err);
	if (!ret)
		ret = join(p->history, dir, "/identity.history", err);
	if (!ret)
		ret = join(p->static_key, dir, "/static.key", err);
	if (!ret)
		ret = next ? join(p->next, next, "", err)
			   : join(p->next, dir, "/identity.next", err);
	if (!ret)
		ret = join(p->after, p->next, ".new", err);
	return ret;
}

struct sg_keys *sg_keys_alloc(void)
{
	struct sg_keys *keys;

	if (sodium_init() < 0)
		return NULL;
	keys = sodium_malloc(sizeof(*keys));
	if (keys)
		memset(keys, 0, sizeof(*keys));
	return keys;
}

void sg_keys_wipe(struct sg_keys *keys)
{
	free(keys->history);
	sodium_memzero(keys, sizeof(*keys));
}

void sg_keys_free(struct sg_keys *keys)
{
	if (!keys)
		return;
	sg_keys_wipe(keys);
	sodium_free(keys);
}

/*
 * Reading
 */

static int read_key(const char *path, const char *kind, uint8_t key[32],
		    struct sg_error *err)
{
	size_t len;
	int ret;

	ret = sg_keyfile_read(path, kind, key, 32, &len, err);
	if (!ret && len != 32)
		ret = sg_err(err, EBADMSG, "%s does not hold a key", path);
	if (ret)
		sodium_memzero(key, 32);
	return ret;
}

static int read_signing_key(const char *path, const char *kind, uint8_t sk[64],
			    struct sg_error *err)
{
	uint8_t seed[32], pk[32];
	int ret;

	ret = read_key(path, kind, seed, err);
	if (!ret)
		crypto_sign_seed_keypair(pk, sk, seed);
	sodium_memzero(seed, sizeof(seed));
	return ret;
}

static int read_history(const char *path, uint8_t **history, size_t *len,
			struct signet_identity *ident, struct sg_error *err)
{
	int ret;

	*history = malloc(SIGNET_HISTORY_MAX);
	if (!*history)
		return sg_err(err, ENOMEM, "%s: out of memory", path);
	ret = sg_keyfile_read(path, SG_KEYFILE_HISTORY, *history,
			      SIGNET_HISTORY_MAX, len, err);
	if (ret)
		return ret;
	ret = signet_history_verify(*history, *len, ident);
	if (ret)
		sg_err(err, -ret,
		       "%s holds an identity history that does not verify; "
		       "restore it from a backup",
		       path);
	return ret;
}

static int load(const struct paths *p, const char *dir, struct sg_keys *keys,
		struct sg_error *err)
{
	int ret;

	if (access(p->identity, F_OK) && errno == ENOENT)
		return sg_err(
			err, ENOENT,
			"%s holds no identity yet: run signet identity new",
			dir);
	ret = read_signing_key(p->identity, SG_KEYFILE_IDENTITY, keys->sign_sk,
			       err);
	if (!ret)
		ret = read_key(p->static_key, SG_KEYFILE_STATIC,
			       keys->static_sk, err);
	if (!ret)
		ret = read_history(p->history, &keys->history,
				   &keys->history_len, &keys->ident, err);
	if (ret)
		return ret;
	crypto_scalarmult_base(keys->static_pk, keys->static_sk);
	/* the public key is the second half of libsodium's secret key */
	if (memcmp(keys->sign_sk + 32, keys->ident.key, 32))
		return sg_err(
			err, EKEYREJECTED,
			"%s is not the current key of %s: if a rotation was "
			"interrupted, run signet identity rotate again; "
			"otherwise restore both from the same backup",
			p->identity, p->history);
	return 0;
}

int sg_keys_load(const char *dir, struct sg_keys *keys, struct sg_error *err)
{
	struct paths p;
	int ret;

	memset(keys, 0, sizeof(*keys));
	ret = find_paths(&p, dir, NULL, err);
	if (!ret)
		ret = load(&p, dir, keys, err);
	if (ret)
		sg_keys_wipe(keys);
	return ret;
}

/*
 * Making
 */

static int refuse_existing(const struct paths *p, struct sg_error *err)
{
	const char *const files[] = { p->identity, p->history, p->static_key,
				      p->next };
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!lstat(files[i], &st))
			return sg_err(err, EEXIST,
				      "%s exists: keys are never overwritten",
				      files[i]);
	return 0;
}

/* Secrets and history of a new identity, before they are written. */
struct fresh {
	uint8_t seed[32], next_seed[32], static_sk[32];
	uint8_t sk[64], next_sk[64];
	uint8_t history[SIGNET_CHANGE_MAX];
	size_t history_len;
};

static int make_fresh(struct fresh *f, struct sg_error *err)
{
	struct signet_identity ident;
	uint8_t pk[32], next_pk[32];
	int ret;

	randombytes_buf(f->seed, sizeof(f->seed));
	randombytes_buf(f->next_seed, sizeof(f->next_seed));
	randombytes_buf(f->static_sk, sizeof(f->static_sk));
	crypto_sign_seed_keypair(pk, f->sk, f->seed);
	crypto_sign_seed_keypair(next_pk, f->next_sk, f->next_seed);
	ret = signet_history_create(f->sk, next_pk, f->history,
				    sizeof(f->history), &f->history_len,
				    &ident);
	if (ret)
		sg_err(err, -ret, "cannot make an identity: %s",
		       strerror(-ret));
	return ret;
}

/* The history comes last: without it there is no identity. */
static int write_fresh(const struct paths *p, const struct fresh *f,
		       struct sg_error *err)
{
	const struct {
		const char *path, *kind;
		const uint8_t *data;
		size_t len;
	} files[] = {
		{ p->next, SG_KEYFILE_NEXT, f->next_seed, 32 },
		{ p->static_key, SG_KEYFILE_STATIC, f->static_sk, 32 },
		{ p->identity, SG_KEYFILE_IDENTITY, f->seed, 32 },
		{ p->history, SG_KEYFILE_HISTORY, f->history, f->history_len },
	};
	size_t done;
	int ret;

	for (done = 0; done < sizeof(files) / sizeof(files[0]); done++) {
		ret = sg_keyfile_write(files[done].path, files[done].kind,
				       files[done].data, files[done].len, false,
				       err);
		if (ret)
			break;
	}
	while (ret && done--)
		unlink(files[done].path);
	return ret;
}

int sg_keys_generate(const char *dir, struct sg_error *err)
{
	struct fresh *f = NULL;
	struct paths p;
	int ret;

	ret = find_paths(&p, dir, NULL, err);
	if (ret)
		return ret;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return sg_err(err, errno, "cannot make %s: %s", dir,
			      strerror(errno));
	ret = refuse_existing(&p, err);
	if (ret)
		return ret;
	f = sodium_malloc(sizeof(*f));
	if (!f)
		return sg_err(err, ENOMEM, "out of memory");
	ret = make_fresh(f, err);
	if (!ret)
		ret = write_fresh(&p, f, err);
	sodium_free(f);
	return ret;
}

/*
 * Rotation. Each step leaves either the old identity whole, or something that
 * finish_rotation() completes:
 *	1. the key after the next one is written beside the next key, as ".new";
 *	2. the longer history replaces the old one;
 *	3. the next key becomes the current key;
 *	4. ".new" becomes the next key.
 */

struct rotation {
	uint8_t next_sk[64], after_sk[64];
	uint8_t *history;
	size_t history_len;
	struct signet_identity ident;
};

static int finish_rotation(const struct paths *p, struct rotation *r,
			   struct sg_error *err)
{
	uint8_t hash[32];
	int ret;

	ret = read_signing_key(p->after, SG_KEYFILE_NEXT, r->after_sk, err);
	if (ret)
		return ret;
	crypto_hash_sha256(hash, r->after_sk + 32, 32);
	if (memcmp(hash, r->ident.next, 32))
		return sg_err(err, EKEYREJECTED,
			      "%s is not the key that %s commits to", p->after,
			      p->history);
	/* libsodium's secret key begins with the seed */
	ret = sg_keyfile_write(p->identity, SG_KEYFILE_IDENTITY, r->next_sk, 32,
			       true, err);
	if (ret)
		return ret;
	if (rename(p->after, p->next))
		return sg_err(err, errno, "cannot rename %s to %s: %s",
			      p->after, p->next, strerror(errno));
	return 0;
}

static int begin_rotation(const struct paths *p, struct rotation *r,
			  struct sg_error *err)
{
	uint8_t after_pk[32];
	int ret;

	crypto_sign_keypair(after_pk, r->after_sk);
	ret = signet_history_rotate(r->next_sk, after_pk, r->history,
				    &r->history_len, SIGNET_HISTORY_MAX,
				    &r->ident);
	if (ret == -EKEYREJECTED)
		return sg_err(err, -ret, "%s is not the key that %s commits to",
			      p->next, p->history);
	if (ret == -E2BIG)
		return sg_err(
			err, -ret,
			"the history holds its %d changes: make a new identity",
			SIGNET_HISTORY_CHANGES_MAX);
	if (ret)
		return sg_err(err, -ret, "cannot rotate the identity: %s",
			      strerror(-ret));
	ret = sg_keyfile_write(p->after, SG_KEYFILE_NEXT, r->after_sk, 32, true,
			       err);
	if (ret)
		return ret;
	return sg_keyfile_write(p->history, SG_KEYFILE_HISTORY, r->history,
				r->history_len, true, err);
}

int sg_keys_rotate(const char *dir, const char *next_path, struct sg_error *err)
{
	struct rotation *r = NULL;
	struct paths p;
	int ret;

	ret = find_paths(&p, dir, next_path, err);
	if (ret)
		return ret;
	r = sodium_malloc(sizeof(*r));
	if (!r)
		return sg_err(err, ENOMEM, "out of memory");
	memset(r, 0, sizeof(*r));
	ret = read_history(p.history, &r->history, &r->history_len, &r->ident,
			   err);
	if (!ret)
		ret = read_signing_key(p.next, SG_KEYFILE_NEXT, r->next_sk,
				       err);
	if (ret)
		goto cleanup;
	/* still the next key, or already the current one: step 2 was done */
	if (memcmp(r->next_sk + 32, r->ident.key, 32))
		ret = begin_rotation(&p, r, err);
	if (!ret)
		ret = finish_rotation(&p, r, err);
cleanup:
	free(r->history);
	sodium_free(r);
	return ret;
}
