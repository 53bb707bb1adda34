// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading the configuration's files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config_private.h"
#include "common/log.h"

bool sg_config_name_valid(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n < SG_CONFIG_NAME_LEN && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static void default_name(char name[SG_CONFIG_NAME_LEN])
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1))
		host[0] = 0;
	host[strcspn(host, ".")] = 0;
	strcpy(name, sg_config_name_valid(host) ? host : "node");
}

static struct sg_config *new_config(const char *path)
{
	struct sg_config *cfg = calloc(1, sizeof(*cfg));
	const char *slash = strrchr(path, '/');

	if (!cfg)
		return NULL;
	default_name(cfg->name);
	cfg->listen = SG_CONFIG_PORT;
	cfg->routes = true;
	strcpy(cfg->ifname, "sg0");
	cfg->auto_up = true;
	cfg->mark = SG_CONFIG_MARK;
	cfg->log_level = SG_LOG_INFO;
	cfg->limits.max_peers = 16384;
	cfg->limits.handshakes_per_second = 2000;
	cfg->limits.load_threshold = 100;
	cfg->limits.prefix_rate = 20;
	cfg->limits.prefix_burst = 40;
	cfg->limits.max_pending = 1024;
	cfg->limits.stranger_events = 10;
	cfg->limits.rekey_after = 120;
	cfg->path = strdup(path);
	if (asprintf(&cfg->peers_dir, "%.*speers.d",
		     slash ? (int)(slash + 1 - path) : 0, path) < 0)
		cfg->peers_dir = NULL;
	cfg->priv = calloc(1, sizeof(*cfg->priv));
	if (cfg->path && cfg->peers_dir && cfg->priv)
		return cfg;
	sg_config_free(cfg);
	return NULL;
}

static void free_peer(struct sg_config_peer *p)
{
	size_t i;

	for (i = 0; i < p->n_endpoints; i++)
		free(p->endpoints[i].host);
	free(p->endpoints);
	free(p->prefixes);
	free(p->allow);
}

void sg_config_free(struct sg_config *cfg)
{
	size_t i;

	if (!cfg)
		return;
	for (i = 0; i < cfg->n_peers; i++)
		free_peer(&cfg->peers[i]);
	if (cfg->priv) {
		for (i = 0; i < cfg->priv->n_files; i++)
			free(cfg->priv->files[i]);
		free(cfg->priv->files);
		sg_index_free(&cfg->priv->by_name);
		sg_index_free(&cfg->priv->by_id);
	}
	free(cfg->priv);
	free(cfg->peers);
	free(cfg->exposes);
	free(cfg->gates);
	free(cfg->addresses);
	free(cfg->path);
	free(cfg->peers_dir);
	free(cfg);
}

/* A copy that lives as long as the configuration. */
static const char *keep_file(struct sg_config *cfg, const char *file)
{
	struct sg_config_private *priv = cfg->priv;
	char **files, *copy;

	files = reallocarray(priv->files, priv->n_files + 1, sizeof(*files));
	if (!files)
		return NULL;
	priv->files = files;
	copy = strdup(file);
	if (copy)
		files[priv->n_files++] = copy;
	return copy;
}

/* Who may write here decides whom this node trusts. */
static void check_owner(const struct stat *st, const char *file,
			struct sg_problems *problems)
{
	if (st->st_mode & S_IWOTH)
		sg_problem_add(problems, false, file, 0,
			       "everybody may write to it: chmod o-w %s", file);
	else if (st->st_uid && st->st_uid != geteuid())
		sg_problem_add(problems, true, file, 0,
			       "belongs to user %u, who can change whom this "
			       "node trusts: chown root %s",
			       (unsigned int)st->st_uid, file);
}

static int read_all(int fd, char *buf, size_t cap, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len < cap; *len += (size_t)n) {
		n = read(fd, buf + *len, cap - *len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return -errno;
		else if (!n)
			return 0;
	}
	return -EFBIG;
}

/* Return: 0 with *text to be freed; -errno, told to @problems */
static int read_file(const char *file, char **text, size_t *len,
		     struct sg_problems *problems)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;
	struct stat st;

	*text = NULL;
	if (fd < 0 || fstat(fd, &st))
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (st.st_size > SG_CONFIG_FILE_MAX)
		r = -EFBIG;
	if (r)
		goto cleanup;
	check_owner(&st, file, problems);
	*text = malloc((size_t)st.st_size + 2);
	r = *text ? read_all(fd, *text, (size_t)st.st_size + 2, len) : -ENOMEM;
cleanup:
	if (fd >= 0)
		close(fd);
	if (r == -EFBIG)
		sg_problem_add(problems, false, file, 0,
			       "larger than %d KiB, or growing: split it into "
			       "several files in peers.d",
			       SG_CONFIG_FILE_MAX / 1024);
	else if (r == -EINVAL)
		sg_problem_add(problems, false, file, 0, "not a regular file");
	else if (r && r != -ENOENT)
		sg_problem_add(problems, false, file, 0, "cannot be read: %s",
			       strerror(-r));
	if (r) {
		free(*text);
		*text = NULL;
	}
	return r;
}

static int load_file(struct sg_config_parse *p, const char *path, bool drop_in)
{
	const char *file = keep_file(p->cfg, path);
	size_t len = 0;
	char *text;
	int r;

	if (!file)
		return -ENOMEM;
	r = read_file(file, &text, &len, p->problems);
	if (!r)
		r = sg_config_parse_file(p, file, text, len, drop_in);
	free(text);
	return r;
}

static int is_conf(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 &&
	       !strcmp(d->d_name + n - 5, ".conf");
}

/* Not alphasort(): the order must not depend on the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_peers_dir(struct sg_config_parse *p)
{
	const char *dir = p->cfg->peers_dir;
	struct dirent **list = NULL;
	struct stat st;
	char *path;
	int i, n, r = 0;

	n = scandir(dir, &list, is_conf, by_bytes);
	if (n < 0) {
		if (errno == ENOMEM)
			return -ENOMEM;
		if (errno != ENOENT)
			sg_problem_add(p->problems, false, dir, 0,
				       "cannot be read: %s", strerror(errno));
		return 0;
	}
	if (!stat(dir, &st))
		check_owner(&st, dir, p->problems);
	for (i = 0; i < n; i++) {
		if (r != -ENOMEM &&
		    asprintf(&path, "%s/%s", dir, list[i]->d_name) >= 0) {
			r = load_file(p, path, true);
			if (r == -ENOENT) /* removed just now */
				r = 0;
			free(path);
		}
		free(list[i]);
	}
	free(list);
	return r == -ENOMEM ? r : 0;
}

static int finish(struct sg_config_parse *p, int r, struct sg_config **out)
{
	struct sg_problems *problems = p->problems;
	size_t before = problems->errors;

	if (!r)
		r = sg_config_check(p->cfg, problems);
	if (r == -ENOMEM && problems->errors == before)
		sg_problem_add(problems, false, p->cfg->path, 0,
			       "not enough memory");
	if (!r && problems->errors)
		r = -EINVAL;
	if (r) {
		sg_config_free(p->cfg);
		return r;
	}
	*out = p->cfg;
	return 0;
}

static int begin(struct sg_config_parse *p, const char *path,
		 struct sg_problems *problems)
{
	memset(problems, 0, sizeof(*problems));
	memset(p, 0, sizeof(*p));
	p->problems = problems;
	p->cfg = new_config(path);
	if (p->cfg)
		return 0;
	sg_problem_add(problems, false, path, 0, "not enough memory");
	return -ENOMEM;
}

int sg_config_load(const char *path, struct sg_config **out,
		   struct sg_problems *problems)
{
	struct sg_config_parse p;
	int r;

	*out = NULL;
	if (!path)
		path = getenv("SIGNET_CONFIG");
	if (!path || !*path)
		path = SG_CONFIG_PATH;
	r = begin(&p, path, problems);
	if (r)
		return r;
	r = load_file(&p, path, false);
	if (r == -ENOENT) {
		sg_problem_add(problems, false, path, 0,
			       "there is no such file; the least it must hold "
			       "is two lines, \"[Node]\" and \"Name = %s\"",
			       p.cfg->name);
		sg_config_free(p.cfg);
		return r;
	}
	/* What is wrong with the main file does not hide what else is. */
	if (r != -ENOMEM && load_peers_dir(&p) == -ENOMEM)
		r = -ENOMEM;
	return finish(&p, r, out);
}

int sg_config_parse(const char *file, const char *text, size_t len,
		    struct sg_config **out, struct sg_problems *problems)
{
	struct sg_config_parse p;
	const char *kept;
	int r;

	*out = NULL;
	r = begin(&p, file, problems);
	if (r)
		return r;
	kept = keep_file(p.cfg, file);
	r = kept ? sg_config_parse_file(&p, kept, text, len, false) : -ENOMEM;
	return finish(&p, r, out);
}
