/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet check: the agent's own parser, without the agent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "client.h"
#include "common/config.h"
#include "config.h"
#include "human.h"
#include "identity.h"
#include "json.h"

static const char help[] =
	"Usage: signet check [--json]\n"
	"Check the configuration as a whole, with the agent's own parser; no "
	"agent is\n"
	"needed and nothing is applied. Every problem is listed with file, "
	"line and what\n"
	"would be right.\n\n"
	"Example:\n"
	"  signet check --config ./signet.conf && echo good\n";

static struct json_object *problems_json(const struct sg_problems *p)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < p->n; i++) {
		struct json_object *o = json_object_new_object();

		sg_json_add_str(o, "file", p->list[i].file);
		sg_json_add_int(o, "line", p->list[i].line);
		sg_json_add_bool(o, "warning", p->list[i].warning);
		sg_json_add_str(o, "message", p->list[i].text);
		json_object_array_add(list, o);
	}
	return list;
}

void sg_problems_print(const struct sg_tool *t, FILE *f,
		       const struct sg_problems *p)
{
	struct json_object *o;
	char text[1024];

	if (t->json) {
		o = json_object_new_object();
		json_object_object_add(o, "problems", problems_json(p));
		sg_json_line(f, o);
		json_object_put(o);
		return;
	}
	for (size_t i = 0; i < p->n; i++) {
		sg_problem_format(&p->list[i], text, sizeof(text));
		fputs(sg_style(f, p->list[i].warning ? SG_WARN : SG_BAD), f);
		sg_put(f, text);
		fprintf(f, "%s\n", sg_style(f, SG_PLAIN));
	}
	if (p->omitted)
		fprintf(f, "and %zu more\n", p->omitted);
}

static void print_json(const struct sg_config *cfg, const struct sg_problems *p)
{
	struct json_object *o = json_object_new_object();

	sg_json_add_bool(o, "ok", cfg != NULL);
	sg_json_add_int(o, "peers", cfg ? cfg->n_peers : 0);
	sg_json_add_int(o, "omitted", p->omitted);
	json_object_object_add(o, "problems", problems_json(p));
	sg_json_print(stdout, o);
	json_object_put(o);
}

int sg_cmd_check(struct sg_tool *t, int argc, char **argv)
{
	struct sg_problems *p;
	struct sg_config *cfg = NULL;
	struct sg_owner before;
	struct signet_id self;
	int r;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	p = calloc(1, sizeof(*p));
	if (!p)
		return sg_fail(t, SG_EXIT_FAILED, NULL, "out of memory");
	/* with the eyes of the agent, which is not root */
	sg_owner_enter(t, &before);
	r = sg_config_load(t->config, &cfg, p);
	sg_owner_leave(&before);
	if (!r && sg_own_id(t, &self) && sg_config_check_self(cfg, &self, p)) {
		sg_config_free(cfg);
		cfg = NULL;
	}
	if (t->json) {
		print_json(cfg, p);
	} else {
		sg_problems_print(t, stdout, p);
		if (cfg)
			printf("%s: good, %zu peer%s\n", t->config,
			       cfg->n_peers, cfg->n_peers == 1 ? "" : "s");
		else
			printf("%zu error%s; the agent would refuse this\n",
			       p->errors, p->errors == 1 ? "" : "s");
	}
	r = cfg ? SG_EXIT_OK : SG_EXIT_FAILED;
	sg_config_free(cfg);
	free(p);
	return r;
}
