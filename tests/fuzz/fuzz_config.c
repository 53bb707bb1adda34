// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Configuration files. What is accepted must be within its bounds and found
 * again by name and identity; what is refused must have a reason that a
 * terminal can show.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_problems(const struct sg_problems *problems)
{
	char line[1024];
	size_t i;

	for (i = 0; i < problems->n; i++) {
		const char *s = sg_problem_format(&problems->list[i], line,
						  sizeof(line));

		must(problems->list[i].text[0]);
		for (; *s; s++)
			must((*s >= 0x20 && *s < 0x7f) || *s == '\n');
	}
}

static void check_config(const struct sg_config *cfg)
{
	size_t i;

	must(sg_config_name_valid(cfg->name));
	for (i = 0; i < cfg->n_peers; i++) {
		const struct sg_config_peer *p = &cfg->peers[i];

		must(sg_config_name_valid(p->name));
		must(p->n_endpoints <= SG_CONFIG_ENDPOINTS_MAX);
		must(p->n_prefixes <= SG_CONFIG_PREFIXES_MAX);
		must(sg_config_peer_by_name(cfg, p->name) == p);
		must(sg_config_peer_by_id(cfg, &p->id) == p);
	}
	for (i = 0; i < cfg->n_exposes; i++)
		must(cfg->exposes[i].port && cfg->exposes[i].to.sa.sa_family);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sg_problems problems;
	struct sg_config *cfg;
	int r;

	r = sg_config_parse("f", (const char *)data, size, &cfg, &problems);
	must((r == 0) == (cfg != NULL));
	must((r == 0) == (problems.errors == 0));
	check_problems(&problems);
	if (cfg)
		check_config(cfg);
	sg_config_free(cfg);
	return 0;
}
