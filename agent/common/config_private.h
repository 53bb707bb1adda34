/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the configuration: what its source files share.
 */
#ifndef SG_CONFIG_PRIVATE_H
#define SG_CONFIG_PRIVATE_H

#include "common/config.h"
#include "common/index.h"

/*
 * config_ini.c: text to sections and entries, through libinih
 */

/** struct sg_ini_events - what was found, in the order of the file */
struct sg_ini_events {
	/* @text: what stands between the brackets */
	void (*section)(void *ctx, unsigned int line, const char *text);
	void (*entry)(void *ctx, unsigned int line, const char *key,
		      char *value);
	void (*malformed)(void *ctx, unsigned int line, const char *why);
};

/** sg_ini_read() - Return: 0 or -ENOMEM; the rest is told through @ev */
int sg_ini_read(const char *text, size_t len, const struct sg_ini_events *ev,
		void *ctx);

/**
 * struct sg_config_private - what belongs to a configuration and is not for
 * its users
 */
struct sg_config_private {
	struct sg_index by_name, by_id;
	char **files; /* that peers and exposes point to */
	size_t n_files;
};

/*
 * config_parse.c: sections
 */
enum { SG_CONFIG_SECTIONS = 16, SG_CONFIG_KEYS = 24 };

struct sg_config_section;

struct sg_config_place {
	const char *file;
	unsigned int line;
};

/**
 * struct sg_config_parse - while files are read
 * @section: NULL where entries are skipped, as their section was refused
 * @target: what the section's entries are written to
 * @seen: line on which each key of the section stood
 * @drop_in: this file is one of peers.d
 */
struct sg_config_parse {
	struct sg_config *cfg;
	struct sg_problems *problems;
	const char *file;
	unsigned int line;
	bool drop_in;
	bool no_memory;
	const struct sg_config_section *section;
	unsigned int section_line;
	void *target;
	unsigned int seen[SG_CONFIG_KEYS];
	struct sg_config_place once[SG_CONFIG_SECTIONS];
	size_t cap_peers, cap_exposes;
};

/** sg_config_parse_file() - one file; Return: 0 or -ENOMEM */
int sg_config_parse_file(struct sg_config_parse *p, const char *file,
			 const char *text, size_t len, bool drop_in);

/*
 * config_keys.c: the keys of each section, and how values are read
 */
struct sg_config_key {
	const char *name;
	void (*set)(struct sg_config_parse *p, const struct sg_config_key *key,
		    char *value);
	size_t offset;	   /* of the field in the target */
	uint32_t min, max; /* of a number */
	bool list;	   /* may stand more than once */
	bool required;
};

/* What a section fills; a peer and an expose have a name. */
enum sg_section_kind {
	SG_SECTION_NODE,
	SG_SECTION_LIMITS,
	SG_SECTION_PEER,
	SG_SECTION_EXPOSE,
	SG_SECTION_GATE,
	SG_SECTION_LATER, /* not in this version */
};

struct sg_config_section {
	const char *name;
	enum sg_section_kind kind;
	const struct sg_config_key *keys;
	size_t n_keys;
};

extern const struct sg_config_section sg_config_sections[];
extern const size_t sg_config_n_sections;

/* A problem on the current line. */
#define config_problem(p, ...) \
	sg_problem_add((p)->problems, false, (p)->file, (p)->line, __VA_ARGS__)

/*
 * config_gate.c: [Gate IFACE]
 */
#define SG_CONFIG_GATE_KEYS 4
extern const struct sg_config_key sg_config_gate_keys[SG_CONFIG_GATE_KEYS];
struct sg_config_gate *sg_config_gate_new(struct sg_config_parse *p,
					  const char *name);
void sg_config_gates_check(const struct sg_config *cfg,
			   struct sg_problems *problems);

/*
 * config_check.c: what can be said only of the whole
 */
/** sg_config_check() - indexes, duplicates, limits; Return: 0 or -ENOMEM */
int sg_config_check(struct sg_config *cfg, struct sg_problems *problems);

#endif
