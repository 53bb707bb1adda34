// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sections: which there are, where they may stand, and what they fill. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config_private.h"

#define WORD_MAX 32

/* Levenshtein distance, WORD_MAX where a word is too long to be a mistake. */
static unsigned int distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), i, j;
	unsigned int row[WORD_MAX + 1], diagonal, above, best;

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (j = 0; j <= m; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= n; i++) {
		diagonal = row[0];
		row[0] = (unsigned int)i;
		for (j = 1; j <= m; j++) {
			above = row[j];
			best = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[m];
}

/* The better of @best and @name as what @word was meant to be. */
static const char *nearer(const char *word, const char *best, const char *name)
{
	unsigned int d = strcasecmp(word, name) ? distance(word, name) : 0;
	unsigned int limit = strlen(word) > 3 ? 2 : 1;

	if (d > limit)
		return best;
	if (best && strcasecmp(word, best) && distance(word, best) <= d)
		return best;
	return name;
}

static void unknown_section(struct sg_config_parse *p, const char *type)
{
	const char *best = NULL;
	size_t i;

	for (i = 0; i < sg_config_n_sections; i++)
		best = nearer(type, best, sg_config_sections[i].name);
	if (best)
		config_problem(p, "unknown section [%.60s]: did you mean [%s]?",
			       type, best);
	else
		config_problem(p,
			       "unknown section [%.60s]: there are [Node], "
			       "[Peer NAME], [Expose NAME], [Gate INTERFACE], "
			       "[Log], [Limits]",
			       type);
}

static void unknown_key(struct sg_config_parse *p, const char *name)
{
	const struct sg_config_section *s = p->section;
	const char *best = NULL;
	char list[300] = "";
	size_t i, n = 0;

	for (i = 0; i < s->n_keys; i++) {
		best = nearer(name, best, s->keys[i].name);
		if (n < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n,
					      "%s%s", n ? ", " : "",
					      s->keys[i].name);
	}
	if (best)
		config_problem(p,
			       "unknown key \"%.40s\" in [%s]: did you mean "
			       "%s?",
			       name, s->name, best);
	else
		config_problem(p, "unknown key \"%.40s\" in [%s]: there are %s",
			       name, s->name, list);
}

/* The section that ends here must have what it needs. */
static void end_section(struct sg_config_parse *p)
{
	const struct sg_config_section *s = p->section;
	size_t i;

	for (i = 0; s && i < s->n_keys; i++)
		if (s->keys[i].required && !p->seen[i])
			sg_problem_add(p->problems, false, p->file,
				       p->section_line,
				       "[%s] lacks the key %s, which it needs",
				       s->name, s->keys[i].name);
	p->section = NULL;
}

static void *grow(void *array, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 16;

	if (n < *cap)
		return array;
	array = reallocarray(array, more, size);
	if (array)
		*cap = more;
	return array;
}

static void *new_peer(struct sg_config_parse *p, const char *name)
{
	struct sg_config *cfg = p->cfg;
	struct sg_config_peer *peer;

	if (cfg->n_peers == SG_CONFIG_PEERS_MAX) {
		config_problem(p, "more than %d peers", SG_CONFIG_PEERS_MAX);
		return NULL;
	}
	peer = grow(cfg->peers, cfg->n_peers, &p->cap_peers, sizeof(*peer));
	if (!peer) {
		p->no_memory = true;
		return NULL;
	}
	cfg->peers = peer;
	peer += cfg->n_peers++;
	memset(peer, 0, sizeof(*peer));
	strcpy(peer->name, name);
	peer->file = p->file;
	peer->line = p->line;
	return peer;
}

static void *new_expose(struct sg_config_parse *p, const char *name)
{
	struct sg_config *cfg = p->cfg;
	struct sg_config_expose *e;

	if (cfg->n_exposes == SG_CONFIG_EXPOSES_MAX) {
		config_problem(p, "more than %d [Expose] sections",
			       SG_CONFIG_EXPOSES_MAX);
		return NULL;
	}
	e = grow(cfg->exposes, cfg->n_exposes, &p->cap_exposes, sizeof(*e));
	if (!e) {
		p->no_memory = true;
		return NULL;
	}
	cfg->exposes = e;
	e += cfg->n_exposes++;
	memset(e, 0, sizeof(*e));
	strcpy(e->name, name);
	e->file = p->file;
	e->line = p->line;
	return e;
}

static bool is_named(const struct sg_config_section *s)
{
	return s->kind == SG_SECTION_PEER || s->kind == SG_SECTION_EXPOSE ||
	       s->kind == SG_SECTION_GATE;
}

static void *new_target(struct sg_config_parse *p,
			const struct sg_config_section *s, const char *name)
{
	size_t i = (size_t)(s - sg_config_sections);

	if (is_named(s)) {
		if (!sg_config_name_valid(name)) {
			config_problem(p,
				       "[%s %.70s]: after %s comes a name of "
				       "1-63 letters, digits, '.', '_' or '-', "
				       "not starting with '.'",
				       s->name, name, s->name);
			return NULL;
		}
		if (s->kind == SG_SECTION_GATE)
			return sg_config_gate_new(p, name);
		return s->kind == SG_SECTION_PEER ? new_peer(p, name)
						  : new_expose(p, name);
	}
	if (*name) {
		config_problem(p, "[%s] takes no name: leave out \"%.60s\"",
			       s->name, name);
		return NULL;
	}
	if (p->once[i].line) {
		config_problem(p,
			       "[%s] stands already at %s:%u: put its keys "
			       "there",
			       s->name, p->once[i].file, p->once[i].line);
		return NULL;
	}
	p->once[i].file = p->file;
	p->once[i].line = p->line;
	if (s->kind == SG_SECTION_LIMITS)
		return &p->cfg->limits;
	return p->cfg;
}

static const struct sg_config_section *find_section(const char *type)
{
	size_t i;

	for (i = 0; i < sg_config_n_sections; i++)
		if (!strcmp(type, sg_config_sections[i].name))
			return &sg_config_sections[i];
	return NULL;
}

static void section_found(void *ctx, unsigned int line, const char *text)
{
	struct sg_config_parse *p = ctx;
	const struct sg_config_section *s;
	char type[160], *name;

	end_section(p);
	p->line = line;
	p->section_line = line;
	memset(p->seen, 0, sizeof(p->seen));
	if (!text)
		return;
	text += strspn(text, " \t");
	snprintf(type, sizeof(type), "%s", text);
	for (name = type + strlen(type);
	     name > type && (name[-1] == ' ' || name[-1] == '\t');)
		*--name = 0;
	name = type + strcspn(type, " \t");
	if (*name)
		*name++ = 0;
	name += strspn(name, " \t");
	s = find_section(type);
	if (!s) {
		unknown_section(p, type);
	} else if (s->kind == SG_SECTION_LATER) {
		config_problem(p, "[%s] is not in this version", s->name);
	} else if (p->drop_in && !is_named(s)) {
		config_problem(p, "[%s] belongs into the main file, %s",
			       s->name, p->cfg->path);
	} else {
		p->target = new_target(p, s, name);
		if (p->target)
			p->section = s;
	}
}

static void entry_found(void *ctx, unsigned int line, const char *name,
			char *value)
{
	struct sg_config_parse *p = ctx;
	const struct sg_config_key *k;
	size_t i;

	p->line = line;
	if (!p->section) {
		if (!p->section_line)
			config_problem(p,
				       "\"%.40s\" stands before the first "
				       "section: write [Node] above it",
				       name);
		return;
	}
	for (i = 0; i < p->section->n_keys; i++)
		if (!strcmp(name, p->section->keys[i].name))
			break;
	if (i == p->section->n_keys) {
		unknown_key(p, name);
		return;
	}
	k = &p->section->keys[i];
	if (p->seen[i] && !k->list) {
		config_problem(p, "%s stands already on line %u", k->name,
			       p->seen[i]);
		return;
	}
	p->seen[i] = line;
	if (*value)
		k->set(p, k, value);
	else
		config_problem(p,
			       "%s has no value: write one, or leave the "
			       "line out",
			       k->name);
}

static void line_malformed(void *ctx, unsigned int line, const char *why)
{
	struct sg_config_parse *p = ctx;

	p->line = line;
	config_problem(p, "%s", why);
}

int sg_config_parse_file(struct sg_config_parse *p, const char *file,
			 const char *text, size_t len, bool drop_in)
{
	static const struct sg_ini_events events = {
		.section = section_found,
		.entry = entry_found,
		.malformed = line_malformed,
	};
	int r;

	p->file = file;
	p->line = 0;
	p->section = NULL;
	p->section_line = 0;
	p->drop_in = drop_in;
	if (memchr(text, 0, len)) {
		sg_problem_add(p->problems, false, file, 0,
			       "this is not a text file");
		return 0;
	}
	r = sg_ini_read(text, len, &events, p);
	end_section(p);
	return p->no_memory ? -ENOMEM : r;
}
