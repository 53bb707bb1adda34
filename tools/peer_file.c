/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changing peers.d so that bad input loses nothing: the whole configuration is
 * first read as it would be afterwards, from a folder of symbolic links.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "client.h"
#include "common/error.h"
#include "config.h"
#include "identity.h"
#include "json.h"
#include "peer.h"
#include "session.h"

/* Paths of the trial, and of what it stands for. */
struct trial {
	char dir[64];
	char file[96];	/* DIR/signet.conf */
	char peers[96]; /* DIR/peers.d */
	char real_file[PATH_MAX];
	char real_peers[PATH_MAX];
};

int sg_peer_add_endpoint(struct sg_config_peer *p, const char *host,
			 uint16_t port)
{
	struct sg_config_endpoint *e;
	char *copy;

	if (p->n_endpoints == SG_CONFIG_ENDPOINTS_MAX)
		return -E2BIG;
	e = reallocarray(p->endpoints, p->n_endpoints + 1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	p->endpoints = e;
	copy = strdup(host);
	if (!copy)
		return -ENOMEM;
	e[p->n_endpoints++] = (struct sg_config_endpoint){ copy, port };
	return 0;
}

int sg_peer_add_prefix(struct sg_config_peer *p, const struct sg_prefix *prefix)
{
	struct sg_prefix *all;

	if (p->n_prefixes == SG_CONFIG_PREFIXES_MAX)
		return -E2BIG;
	all = reallocarray(p->prefixes, p->n_prefixes + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	all[p->n_prefixes++] = *prefix;
	p->prefixes = all;
	return 0;
}

int sg_peer_add_allow(struct sg_config_peer *p, const struct signet_allow *item)
{
	struct sg_config_allow *all;

	if (p->n_allow == SG_CONFIG_ALLOW_MAX)
		return -E2BIG;
	all = reallocarray(p->allow, p->n_allow + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	all[p->n_allow++] = (struct sg_config_allow){ .item = *item };
	p->allow = all;
	return 0;
}

void sg_peer_clear_endpoints(struct sg_config_peer *p)
{
	for (size_t i = 0; i < p->n_endpoints; i++)
		free(p->endpoints[i].host);
	free(p->endpoints);
	p->endpoints = NULL;
	p->n_endpoints = 0;
}

void sg_peer_clear_prefixes(struct sg_config_peer *p)
{
	free(p->prefixes);
	p->prefixes = NULL;
	p->n_prefixes = 0;
}

void sg_peer_clear_allow(struct sg_config_peer *p)
{
	free(p->allow);
	p->allow = NULL;
	p->n_allow = 0;
}

void sg_peer_clear(struct sg_config_peer *p)
{
	sg_peer_clear_endpoints(p);
	sg_peer_clear_prefixes(p);
	sg_peer_clear_allow(p);
}

/* In what the parser says, the trial's paths stand for the real ones. */
static void rename_path(char *text, size_t cap, const char *trial,
			const char *real)
{
	char *at = strstr(text, trial), *rest;

	rest = at ? strdup(at + strlen(trial)) : NULL;
	if (!rest)
		return;
	cap -= at - text;
	if (snprintf(at, cap, "%s", real) < (int)cap)
		strncat(at, rest, cap - strlen(at) - 1);
	free(rest);
}

static void rename_paths(struct sg_problems *p, const struct trial *tr)
{
	for (size_t i = 0; tr && i < p->n; i++) {
		struct sg_problem *one = &p->list[i];

		rename_path(one->file, sizeof(one->file), tr->peers,
			    tr->real_peers);
		rename_path(one->file, sizeof(one->file), tr->file,
			    tr->real_file);
		rename_path(one->text, sizeof(one->text), tr->peers,
			    tr->real_peers);
		rename_path(one->text, sizeof(one->text), tr->file,
			    tr->real_file);
	}
}

/* Load, and list the problems if there are any. */
static int load(const struct sg_tool *t, const char *path,
		const struct signet_id *self, struct sg_config **cfg,
		const struct trial *tr, const char *what)
{
	struct sg_problems *p = calloc(1, sizeof(*p));
	int r, code = SG_EXIT_OK;

	*cfg = NULL;
	if (!p)
		return sg_fail(t, SG_EXIT_FAILED, NULL, "out of memory");
	r = sg_config_load(path, cfg, p);
	if (!r && self)
		r = sg_config_check_self(*cfg, self, p);
	if (r == -ENOENT)
		code = sg_fail(t, SG_EXIT_FAILED,
			       "`signet identity new` "
			       "writes one with the usual settings",
			       "there is no configuration file %s", t->config);
	else if (r)
		code = sg_fail(t,
			       r == -EACCES ? SG_EXIT_DENIED : SG_EXIT_FAILED,
			       NULL, "%s", what);
	rename_paths(p, tr);
	if (r)
		sg_problems_print(t, stderr, p);
	free(p);
	return code;
}

static const struct sg_config_peer *by_short_id(const struct sg_config *cfg,
						const char *word, bool *twice)
{
	const struct sg_config_peer *found = NULL;
	char id[SIGNET_ID_STR_LEN];

	*twice = false;
	if (strlen(word) != SIGNET_ID_SHORT_LEN)
		return NULL;
	for (size_t i = 0; i < cfg->n_peers; i++) {
		signet_id_format(&cfg->peers[i].id, id);
		if (strncmp(id, word, SIGNET_ID_SHORT_LEN))
			continue;
		*twice = found;
		found = &cfg->peers[i];
	}
	return found;
}

int sg_peer_find(const struct sg_tool *t, const char *word,
		 struct sg_config **cfg, const struct sg_config_peer **peer)
{
	struct signet_id id;
	bool twice = false;
	int code = load(t, t->config, NULL, cfg, NULL,
			"the configuration is not "
			"good as it is: correct it first");

	if (code)
		return code;
	*peer = sg_config_peer_by_name(*cfg, word);
	if (!*peer && !signet_id_parse(word, &id))
		*peer = sg_config_peer_by_id(*cfg, &id);
	if (!*peer)
		*peer = by_short_id(*cfg, word, &twice);
	if (twice)
		return sg_fail(t, SG_EXIT_FAILED,
			       "use the name or the full "
			       "identifier",
			       "\"%s\" is the beginning of more "
			       "than one peer's identifier",
			       word);
	if (!*peer)
		return sg_fail(t, SG_EXIT_FAILED,
			       "`signet check` reads it; "
			       "`signet peer add` adds one",
			       "the configuration has no peer \"%s\"", word);
	return SG_EXIT_OK;
}

/* Fill the trial's folder with links, but for @skip. */
static int link_peers(struct trial *tr, const char *skip)
{
	struct dirent *e;
	char from[PATH_MAX], to[PATH_MAX];
	DIR *d = opendir(tr->real_peers);
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (e = readdir(d))) {
		if (*e->d_name == '.' || !strcmp(e->d_name, skip))
			continue;
		if (snprintf(from, sizeof(from), "%s/%s", tr->real_peers,
			     e->d_name) >= (int)sizeof(from))
			r = -ENAMETOOLONG;
		snprintf(to, sizeof(to), "%s/%s", tr->peers, e->d_name);
		if (!r && symlink(from, to))
			r = -errno;
	}
	closedir(d);
	return r;
}

static int trial_make(const struct sg_tool *t, struct trial *tr,
		      const char *skip)
{
	char *slash;

	memset(tr, 0, sizeof(*tr));
	if (!realpath(t->config, tr->real_file))
		return -errno;
	/* the folder beside the name that was given, not beside its target */
	slash = strrchr(t->config, '/');
	if (snprintf(tr->real_peers, sizeof(tr->real_peers), "%.*s",
		     slash ? (int)(slash - t->config) + 1 : 2,
		     slash ? t->config : "./") >= (int)sizeof(tr->real_peers))
		return -ENAMETOOLONG;
	slash = realpath(tr->real_peers, NULL);
	if (!slash)
		return -errno;
	snprintf(tr->real_peers, sizeof(tr->real_peers), "%.*s/peers.d",
		 PATH_MAX - 16, slash);
	free(slash);
	strcpy(tr->dir, "/tmp/signet-trial.XXXXXX");
	if (!mkdtemp(tr->dir)) {
		tr->dir[0] = '\0';
		return -errno;
	}
	snprintf(tr->file, sizeof(tr->file), "%s/signet.conf", tr->dir);
	snprintf(tr->peers, sizeof(tr->peers), "%s/peers.d", tr->dir);
	if (symlink(tr->real_file, tr->file) || mkdir(tr->peers, 0700))
		return -errno;
	return link_peers(tr, skip);
}

static void trial_remove(struct trial *tr)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d;

	if (!tr->dir[0])
		return;
	d = opendir(tr->peers);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", tr->peers, e->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(tr->peers);
	unlink(tr->file);
	rmdir(tr->dir);
}

/* @effect: what a running agent has made of it */
static int apply(struct sg_tool *t, const char *done, const char *effect)
{
	struct json_object *reply = NULL, *o;
	int code = SG_EXIT_OK;
	bool agent = sg_agent_answers(t);

	if (agent)
		code = sg_call(t, "Reload", sg_session_params(false),
			       SG_CALL_SLOW_MS, &reply);
	if (!code && t->json) {
		o = json_object_new_object();
		sg_json_add_str(o, "done", done);
		sg_json_add_bool(o, "applied", agent);
		sg_json_print(stdout, o);
		json_object_put(o);
	} else if (!code) {
		printf("%s%s\n", done,
		       agent ? effect
			     : "; no agent runs that could use it now");
	}
	json_object_put(reply);
	return code;
}

/* A file that holds other peers too would lose them. */
static bool alone_in_file(const struct sg_config *cfg, const char *file)
{
	size_t n = 0;

	for (size_t i = 0; i < cfg->n_peers; i++)
		n += !strcmp(cfg->peers[i].file, file);
	return n == 1;
}

/* May peers.d/NAME.conf be written over or removed for this peer? */
static int check_place(struct sg_tool *t, const struct sg_config_peer *peer)
{
	const struct sg_config_peer *now;
	struct sg_config *cfg = NULL;
	char base[SG_CONFIG_NAME_LEN + 8];
	const char *file;
	int code;

	code = sg_peer_find(t, peer->name, &cfg, &now);
	if (code)
		goto cleanup;
	snprintf(base, sizeof(base), "%s.conf", now->name);
	file = strrchr(now->file, '/') ? strrchr(now->file, '/') + 1
				       : now->file;
	if (strcmp(file, base) || !alone_in_file(cfg, now->file))
		code = sg_fail(t, SG_EXIT_FAILED,
			       "change it there by hand, "
			       "then run `signet reload`",
			       "peer %s stands in "
			       "%s, line %u, not in a file of its own",
			       now->name, now->file, now->line);
cleanup:
	sg_config_free(cfg);
	return code;
}

static int try_write(struct sg_tool *t, struct trial *tr,
		     const struct sg_config_peer *peer, bool replace)
{
	struct sg_config *cfg = NULL;
	struct sg_error err = { 0 };
	char base[SG_CONFIG_NAME_LEN + 8];
	struct signet_id self;
	int r, code;

	snprintf(base, sizeof(base), "%s.conf", peer->name);
	r = trial_make(t, tr, replace ? base : "");
	if (r == -ENOENT)
		return sg_fail(t, SG_EXIT_FAILED,
			       "`signet identity new` "
			       "writes one with the usual settings",
			       "there is no configuration file %s", t->config);
	if (r == -EACCES)
		return sg_fail(t, SG_EXIT_DENIED, "run it as root",
			       "%s may not be read", t->config);
	if (r)
		return sg_fail(t, SG_EXIT_FAILED, NULL,
			       "cannot try the "
			       "change in %s: %s",
			       tr->dir[0] ? tr->dir : "/tmp", strerror(-r));
	r = sg_config_write_peer(tr->peers, peer, false, &err);
	if (r == -EEXIST)
		return sg_fail(t, SG_EXIT_FAILED,
			       "`signet peer set` changes it", "%s/%s exists",
			       tr->real_peers, base);
	if (r)
		return sg_fail(t, SG_EXIT_FAILED, NULL, "%s", err.text);
	code = load(t, tr->file, sg_own_id(t, &self) ? &self : NULL, &cfg, tr,
		    "the configuration would not be good; nothing was changed");
	sg_config_free(cfg);
	return code;
}

int sg_peer_write(struct sg_tool *t, const struct sg_config_peer *peer,
		  bool replace)
{
	struct sg_error err = { 0 };
	struct trial tr = { 0 };
	char done[PATH_MAX + 256];
	int code = SG_EXIT_OK, r;

	if (replace)
		code = check_place(t, peer);
	if (!code)
		code = try_write(t, &tr, peer, replace);
	trial_remove(&tr);
	if (code)
		return code;
	r = sg_config_write_peer(tr.real_peers, peer, replace, &err);
	if (r)
		return sg_fail(t,
			       r == -EACCES ? SG_EXIT_DENIED : SG_EXIT_FAILED,
			       NULL, "%s", err.text);
	snprintf(done, sizeof(done), "%s %s in %s/%s.conf",
		 replace ? "changed" : "added", peer->name, tr.real_peers,
		 peer->name);
	return apply(t, done, ", and in use");
}

int sg_peer_remove(struct sg_tool *t, const struct sg_config_peer *peer)
{
	struct sg_error err = { 0 };
	char done[SG_CONFIG_NAME_LEN + 16], dir[PATH_MAX];
	const char *slash = strrchr(t->config, '/');
	int code, r;

	code = check_place(t, peer);
	if (code)
		return code;
	snprintf(dir, sizeof(dir), "%.*speers.d",
		 slash ? (int)(slash - t->config) + 1 : 0, t->config);
	r = sg_config_remove_peer_file(dir, peer->name, &err);
	if (r)
		return sg_fail(t,
			       r == -EACCES ? SG_EXIT_DENIED : SG_EXIT_FAILED,
			       NULL, "%s", err.text);
	snprintf(done, sizeof(done), "removed %s", peer->name);
	return apply(t, done, ", its channel and keys too");
}
