// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Peer files, as `signet pair` and `signet peer` write them. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config.h"
#include "common/error.h"
#include "common/file.h"

static void print_endpoints(FILE *f, const struct sg_config_peer *p)
{
	size_t i;

	for (i = 0; i < p->n_endpoints; i++) {
		const char *host = p->endpoints[i].host;
		bool v6 = strchr(host, ':') != NULL;

		fprintf(f, "%s%s%s%s:%u",
			i ? ", " : "Endpoint = ", v6 ? "[" : "", host,
			v6 ? "]" : "", p->endpoints[i].port);
	}
	if (i)
		fputc('\n', f);
}

static void print_peer(FILE *f, const struct sg_config_peer *p)
{
	char id[SIGNET_ID_STR_LEN], prefix[SG_PREFIX_STR_LEN];
	char allow[SIGNET_ALLOW_STR_LEN];
	char key[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];
	size_t i;

	signet_id_format(&p->id, id);
	fprintf(f, "[Peer %s]\nIdentity = %s\n", p->name, id);
	if (p->has_static) {
		sodium_bin2base64(key, sizeof(key), p->static_key, 32,
				  sodium_base64_VARIANT_ORIGINAL);
		fprintf(f, "StaticKey = %s\n", key);
	}
	print_endpoints(f, p);
	for (i = 0; i < p->n_prefixes; i++)
		fprintf(f, "%s%s", i ? ", " : "Prefixes = ",
			sg_prefix_format(&p->prefixes[i], prefix));
	if (i)
		fputc('\n', f);
	for (i = 0; i < p->n_allow; i++)
		fprintf(f, "%s%s", i ? ", " : "Allow = ",
			signet_allow_format(&p->allow[i].item, allow));
	if (i)
		fputc('\n', f);
	if (p->keepalive)
		fprintf(f, "Keepalive = %us\n", p->keepalive);
}

/* What we are about to write must be read back as the same. */
static int check_text(const char *file, const char *text, size_t len,
		      const struct sg_config_peer *peer, struct sg_error *err)
{
	struct sg_problems *problems = calloc(1, sizeof(*problems));
	struct sg_config *cfg = NULL;
	int r;

	if (!problems)
		return sg_err(err, ENOMEM, "%s: not enough memory", file);
	r = sg_config_parse(file, text, len, &cfg, problems);
	if (r)
		sg_err(err, EINVAL, "%s is not written: %s", file,
		       problems->n ? problems->list[0].text : strerror(-r));
	else if (cfg->n_peers != 1 ||
		 !sg_config_peer_equal(&cfg->peers[0], peer))
		r = sg_err(err, EINVAL,
			   "%s is not written: it would not say "
			   "what was asked for",
			   file);
	sg_config_free(cfg);
	free(problems);
	return r;
}

static int peer_path(const char *dir, const char *name, char **path,
		     struct sg_error *err)
{
	*path = NULL;
	if (!sg_config_name_valid(name))
		return sg_err(err, EINVAL,
			      "\"%.70s\" is not a name for a peer: use 1-63 "
			      "letters, digits, '.', '_' or '-', not starting "
			      "with '.'",
			      name);
	if (asprintf(path, "%s/%s.conf", dir, name) < 0) {
		*path = NULL;
		return sg_err(err, ENOMEM, "not enough memory");
	}
	return 0;
}

int sg_config_write_peer(const char *dir, const struct sg_config_peer *peer,
			 bool replace, struct sg_error *err)
{
	char *path, *text = NULL;
	size_t len = 0;
	FILE *f;
	int r;

	r = peer_path(dir, peer->name, &path, err);
	if (r)
		return r;
	f = open_memstream(&text, &len);
	if (!f) {
		r = sg_err(err, ENOMEM, "not enough memory");
		goto cleanup;
	}
	print_peer(f, peer);
	if (fclose(f)) {
		r = sg_err(err, ENOMEM, "not enough memory");
		goto cleanup;
	}
	r = check_text(path, text, len, peer, err);
	if (r)
		goto cleanup;
	if (mkdir(dir, 0755) && errno != EEXIST) {
		r = sg_err(err, errno, "%s: cannot make this folder: %s", dir,
			   strerror(errno));
		goto cleanup;
	}
	r = replace ? sg_file_write_atomic(path, 0644, text, len, err)
		    : sg_file_create_atomic(path, 0644, text, len, err);
cleanup:
	free(text);
	free(path);
	return r;
}

int sg_config_remove_peer_file(const char *dir, const char *name,
			       struct sg_error *err)
{
	char *path;
	int r;

	r = peer_path(dir, name, &path, err);
	if (r)
		return r;
	if (unlink(path))
		r = sg_err(err, errno, "%s: cannot remove it: %s", path,
			   strerror(errno));
	free(path);
	return r;
}
