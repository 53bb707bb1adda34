// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* [Gate IFACE]: what stands before an outer interface. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_private.h"

static void set_strict(struct sg_config_parse *p,
		       const struct sg_config_key *key, char *value)
{
	struct sg_config_gate *g = p->target;

	if (!strcmp(value, "yes") || !strcmp(value, "true") ||
	    !strcmp(value, "on"))
		g->strict = true;
	else if (strcmp(value, "no") && strcmp(value, "false") &&
		 strcmp(value, "off"))
		config_problem(p, "Strict \"%.100s\": write yes or no", value);
}

static void set_cookies(struct sg_config_parse *p,
			const struct sg_config_key *key, char *value)
{
	struct sg_config_gate *g = p->target;

	if (!strcmp(value, "always"))
		g->always = true;
	else if (strcmp(value, "auto"))
		config_problem(p, "Cookies \"%.100s\": write auto or always",
			       value);
}

bool sg_gate_mode_parse(const char *text, enum sg_gate_mode *mode)
{
	static const char *const names[] = { "auto", "native", "generic" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, names[i]))
			continue;
		*mode = (enum sg_gate_mode)i;
		return true;
	}
	return false;
}

static void set_mode(struct sg_config_parse *p, const struct sg_config_key *key,
		     char *value)
{
	struct sg_config_gate *g = p->target;

	if (!sg_gate_mode_parse(value, &g->mode))
		config_problem(p,
			       "Mode \"%.100s\": write auto, native or generic",
			       value);
}

static void set_allow(struct sg_config_parse *p,
		      const struct sg_config_key *key, char *value)
{
	struct sg_config_gate *g = p->target;
	const char *why;
	char *item;

	while ((item = strsep(&value, ","))) {
		if (g->n_allow == SG_GATE_ALLOW_MAX) {
			config_problem(p, "Allow: at most %d are possible",
				       SG_GATE_ALLOW_MAX);
			return;
		}
		if (sg_gate_allow_parse(item, &g->allow[g->n_allow], &why))
			config_problem(p, "Allow \"%.100s\": %s", item, why);
		else
			g->n_allow++;
	}
}

const struct sg_config_key sg_config_gate_keys[SG_CONFIG_GATE_KEYS] = {
	{ .name = "Strict", .set = set_strict },
	{ .name = "Allow", .set = set_allow, .list = true },
	{ .name = "Mode", .set = set_mode },
	{ .name = "Cookies", .set = set_cookies },
};

struct sg_config_gate *sg_config_gate_new(struct sg_config_parse *p,
					  const char *name)
{
	struct sg_config *cfg = p->cfg;
	struct sg_config_gate *g;

	if (strlen(name) >= SG_CONFIG_IFNAME_LEN) {
		config_problem(p,
			       "[Gate %.70s]: write an interface name of "
			       "1-15 characters",
			       name);
		return NULL;
	}
	if (cfg->n_gates == SG_CONFIG_GATES_MAX) {
		config_problem(p, "more than %d [Gate] sections",
			       SG_CONFIG_GATES_MAX);
		return NULL;
	}
	g = reallocarray(cfg->gates, cfg->n_gates + 1, sizeof(*g));
	if (!g) {
		p->no_memory = true;
		return NULL;
	}
	cfg->gates = g;
	g += cfg->n_gates++;
	memset(g, 0, sizeof(*g));
	strcpy(g->ifname, name);
	g->file = p->file;
	g->line = p->line;
	return g;
}

void sg_config_gates_check(const struct sg_config *cfg,
			   struct sg_problems *problems)
{
	for (size_t i = 0; i < cfg->n_gates; i++) {
		const struct sg_config_gate *g = &cfg->gates[i];

		if (g->n_allow && !g->strict)
			sg_problem_add(problems, true, g->file, g->line,
				       "[Gate %s]: without Strict = yes "
				       "everything that is not Signet's "
				       "passes, and Allow says nothing",
				       g->ifname);
		if (!strcmp(g->ifname, cfg->ifname))
			sg_problem_add(problems, false, g->file, g->line,
				       "[Gate %s] is the tunnel's own device: "
				       "name the interface that outer packets "
				       "come in on",
				       g->ifname);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(g->ifname, cfg->gates[j].ifname))
				sg_problem_add(problems, false, g->file,
					       g->line,
					       "[Gate %s] stands already at "
					       "%s:%u",
					       g->ifname, cfg->gates[j].file,
					       cfg->gates[j].line);
	}
}

const struct sg_config_gate *sg_config_gate(const struct sg_config *cfg,
					    const char *ifname)
{
	for (size_t i = 0; i < cfg->n_gates; i++)
		if (!strcmp(cfg->gates[i].ifname, ifname))
			return &cfg->gates[i];
	return NULL;
}
