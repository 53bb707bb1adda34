/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet identity backup and restore. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>
#include <sodium.h>

#include "backup.h"
#include "common/file.h"
#include "common/keyfile.h"
#include "identity.h"
#include "json.h"
#include "prompt.h"

static const char backup_help[] =
	"Usage: signet identity backup FILE [--passphrase-file FILE] "
	"[--without-next]\n"
	"Write all keys and the history to FILE, sealed under a passphrase of "
	"at least 8\n"
	"characters, which is asked for twice. FILE must not exist yet.\n\n"
	"  --passphrase-file FILE   first line of FILE, - for standard input\n"
	"  --without-next           leave the next key out, to be kept "
	"apart\n\n"
	"Example:\n"
	"  signet identity backup /media/usb/gw.backup\n";

static const char restore_help[] =
	"Usage: signet identity restore FILE [--passphrase-file FILE]\n"
	"Read a backup into the state folder, which must not hold keys yet. "
	"Never run one\n"
	"identity on two machines at a time.\n\n"
	"  --passphrase-file FILE   first line of FILE, - for standard input\n"
	"\nExample:\n"
	"  signet identity restore /media/usb/gw.backup\n";

/* Everything that holds secrets, in one locked allocation. */
struct vault {
	char passphrase[SG_PASSPHRASE_MAX];
	char again[SG_PASSPHRASE_MAX];
	uint8_t plain[SG_BACKUP_PLAIN_MAX];
	uint8_t sealed[SG_BACKUP_MAX];
};

static int no_memory(const struct sg_tool *t)
{
	return sg_fail(t, SG_EXIT_FAILED, NULL, "out of memory");
}

static int ask_passphrase(const struct sg_tool *t, struct vault *v,
			  const char *file, bool twice)
{
	int r;

	if (file)
		r = sg_secret_file(t, file, v->passphrase, SG_PASSPHRASE_MAX);
	else
		r = sg_prompt_secret(t, "Passphrase: ", v->passphrase,
				     SG_PASSPHRASE_MAX);
	if (r || !twice)
		return r;
	if (strlen(v->passphrase) < SG_PASSPHRASE_MIN)
		return sg_fail(t, SG_EXIT_FAILED, NULL,
			       "the passphrase is "
			       "shorter than %d characters",
			       SG_PASSPHRASE_MIN);
	if (file)
		return SG_EXIT_OK;
	r = sg_prompt_secret(t, "The same again: ", v->again,
			     SG_PASSPHRASE_MAX);
	if (!r && strcmp(v->passphrase, v->again))
		return sg_fail(t, SG_EXIT_FAILED, NULL,
			       "the passphrases differ; nothing was written");
	return r;
}

static int read_state(const struct sg_tool *t, struct vault *v,
		      struct sg_backup_file *files, size_t *n, bool with_next)
{
	struct sg_error err = { 0 };
	struct sg_owner before;
	char path[PATH_MAX];
	size_t used = 0, len;
	int r = 0;

	*n = 0;
	sg_owner_enter(t, &before);
	for (const char *const *name = sg_key_files; !r && *name; name++) {
		if (!strcmp(*name, "identity.next") && !with_next)
			continue;
		snprintf(path, sizeof(path), "%s/%s", t->state, *name);
		r = sg_file_read_secret(path, v->plain + used,
					sizeof(v->plain) - used, &len, &err);
		/* it may be kept elsewhere */
		if (r == -ENOENT && !strcmp(*name, "identity.next")) {
			r = 0;
			continue;
		}
		if (r)
			break;
		snprintf(files[*n].name, SG_BACKUP_NAME_LEN, "%s", *name);
		files[*n].data = v->plain + used;
		files[*n].len = len;
		used += len;
		(*n)++;
	}
	sg_owner_leave(&before);
	return r ? sg_fail(t, sg_identity_exit(r),
			   r != -ENOENT
				   ? NULL
				   : "`signet identity new` makes an identity",
			   "%s", err.text)
		 : SG_EXIT_OK;
}

/* Return: the operand, or NULL after a usage error. */
static const char *read_options(struct sg_tool *t, int argc, char **argv,
				const char *help, const char **passphrase,
				bool *without_next)
{
	const struct option options[] = {
		{ "passphrase-file", required_argument, NULL, 'p' },
		{ without_next ? "without-next" : NULL, no_argument, NULL,
		  'w' },
		{ 0 }
	};
	int c;

	while ((c = sg_getopt(t, argc, argv, "", options, help)) != -1) {
		if (c == 'p')
			*passphrase = optarg;
		else if (c == 'w' && without_next)
			*without_next = true;
		else
			return NULL;
	}
	return sg_operands(t, argc, argv, 1, 1) ? argv[optind] : NULL;
}

static void print_json(const char *path, size_t n)
{
	struct json_object *o = json_object_new_object();

	sg_json_add_str(o, "file", path);
	sg_json_add_int(o, "files", n);
	sg_json_print(stdout, o);
	json_object_put(o);
}

static int write_backup(struct sg_tool *t, struct vault *v, const char *path,
			const struct sg_backup_file *files, size_t n)
{
	struct sg_error err = { 0 };
	size_t len;
	int r;

	r = sg_backup_seal(files, n, v->passphrase, v->sealed, &len);
	if (r)
		return sg_fail(t, SG_EXIT_FAILED, NULL,
			       "cannot seal the "
			       "backup: %s",
			       r == -ENOMEM ? "256 MiB of memory "
					      "are needed"
					    : strerror(-r));
	r = sg_file_create_atomic(path, 0600, v->sealed, len, &err);
	if (r == -EEXIST)
		return sg_fail(t, SG_EXIT_FAILED,
			       "give another name: backups "
			       "are never overwritten",
			       "%s exists", path);
	if (r)
		return sg_fail(t, sg_identity_exit(r), NULL, "%s", err.text);
	if (t->json)
		print_json(path, n);
	else
		printf("%zu files are sealed in %s\n", n, path);
	return SG_EXIT_OK;
}

int sg_identity_backup(struct sg_tool *t, int argc, char **argv)
{
	struct sg_backup_file files[SG_BACKUP_FILES];
	const char *path, *passphrase = NULL;
	bool without_next = false;
	struct vault *v;
	size_t n;
	int r;

	path = read_options(t, argc, argv, backup_help, &passphrase,
			    &without_next);
	if (!path)
		return SG_EXIT_USAGE;
	v = sodium_malloc(sizeof(*v));
	if (!v)
		return no_memory(t);
	r = read_state(t, v, files, &n, !without_next);
	if (!r)
		r = ask_passphrase(t, v, passphrase, true);
	if (!r)
		r = write_backup(t, v, path, files, n);
	sodium_free(v);
	return r;
}

static int open_backup(struct sg_tool *t, struct vault *v, const char *path,
		       size_t len, struct sg_backup_file *files, size_t *n)
{
	int r = sg_backup_open(v->sealed, len, v->passphrase, v->plain, files,
			       n);

	switch (r) {
	case 0:
		return SG_EXIT_OK;
	case -EINVAL:
		return sg_fail(t, SG_EXIT_FAILED, NULL,
			       "%s is not a backup "
			       "of an identity, or only its beginning",
			       path);
	case -EPROTO:
		return sg_fail(t, SG_EXIT_FAILED, NULL,
			       "%s asks for more "
			       "memory or time than any backup does: it was "
			       "altered",
			       path);
	case -EBADMSG:
		return sg_fail(t, SG_EXIT_FAILED, NULL,
			       "%s does not open: "
			       "the passphrase is wrong, or the file is "
			       "truncated or altered",
			       path);
	}
	return no_memory(t);
}

static bool known(const char *name)
{
	for (const char *const *k = sg_key_files; *k; k++)
		if (!strcmp(name, *k))
			return true;
	return false;
}

/* Into @dir; what was written is removed again when something fails. */
static int write_files(const char *dir, const struct sg_backup_file *files,
		       size_t n, struct sg_error *err)
{
	char path[PATH_MAX];
	size_t i;
	int r = 0;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		r = known(files[i].name)
			    ? sg_file_create_atomic(path, 0600, files[i].data,
						    files[i].len, err)
			    : sg_err(err, EBADMSG,
				     "the backup holds a file "
				     "that is not known: %s",
				     files[i].name);
		if (r)
			break;
	}
	while (r && i--) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		unlink(path);
	}
	return r;
}

static int refuse_existing(const char *dir, struct sg_error *err)
{
	char path[PATH_MAX];
	struct stat st;

	for (const char *const *name = sg_key_files; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *name);
		if (!lstat(path, &st))
			return sg_err(err, EEXIST,
				      "%s exists: keys are never "
				      "overwritten",
				      path);
	}
	return 0;
}

/* All or nothing: checked in a folder of its own, then put in place. */
static int put_in_place(const struct sg_tool *t,
			const struct sg_backup_file *files, size_t n,
			struct sg_error *err)
{
	struct sg_keys *keys = NULL;
	char trial[PATH_MAX], path[PATH_MAX + 64];
	int r;

	if (mkdir(t->state, 0700) && errno != EEXIST)
		return sg_err(err, errno, "cannot make %s: %s", t->state,
			      strerror(errno));
	r = refuse_existing(t->state, err);
	if (r)
		return r;
	snprintf(trial, sizeof(trial), "%s/.restore.XXXXXX", t->state);
	if (!mkdtemp(trial))
		return sg_err(err, errno, "cannot write to %s: %s", t->state,
			      strerror(errno));
	r = write_files(trial, files, n, err);
	keys = r ? NULL : sg_keys_alloc();
	if (!r)
		r = keys ? sg_keys_load(trial, keys, err)
			 : sg_err(err, ENOMEM, "out of memory");
	sg_keys_free(keys);
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%.31s", trial, files[i].name);
		unlink(path);
	}
	rmdir(trial);
	return r ? r : write_files(t->state, files, n, err);
}

/* It is sealed: anybody may hold it, on any medium. */
static int read_sealed(struct sg_tool *t, const char *path, uint8_t *buf,
		       size_t cap, size_t *len)
{
	FILE *f = fopen(path, "rbe");
	int r = SG_EXIT_OK;

	*len = f ? fread(buf, 1, cap, f) : 0;
	if (!f || ferror(f))
		r = sg_fail(t, sg_identity_exit(-errno), NULL,
			    "cannot read "
			    "%s: %s",
			    path, strerror(errno));
	if (f)
		fclose(f);
	return r;
}

int sg_identity_restore(struct sg_tool *t, int argc, char **argv)
{
	struct sg_backup_file files[SG_BACKUP_FILES];
	const char *path, *passphrase = NULL;
	char *show[] = { (char *)"show", NULL };
	struct sg_error err = { 0 };
	struct sg_owner before;
	struct vault *v;
	size_t n, len;
	int r;

	path = read_options(t, argc, argv, restore_help, &passphrase, NULL);
	if (!path)
		return SG_EXIT_USAGE;
	v = sodium_malloc(sizeof(*v));
	if (!v)
		return no_memory(t);
	/* before anybody types a passphrase for nothing */
	sg_owner_enter(t, &before);
	r = refuse_existing(t->state, &err);
	sg_owner_leave(&before);
	if (r)
		r = sg_fail(t, SG_EXIT_FAILED, NULL, "%s", err.text);
	if (!r)
		r = read_sealed(t, path, v->sealed, sizeof(v->sealed), &len);
	if (!r)
		r = ask_passphrase(t, v, passphrase, false);
	if (!r)
		r = open_backup(t, v, path, len, files, &n);
	if (r)
		goto cleanup;
	sg_owner_enter(t, &before);
	r = put_in_place(t, files, n, &err);
	sg_owner_leave(&before);
	if (r)
		r = sg_fail(t, sg_identity_exit(r), NULL, "%s", err.text);
cleanup:
	sodium_free(v);
	if (r)
		return r;
	optind = 0;
	return sg_identity_show(t, 1, show);
}
