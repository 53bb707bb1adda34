/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a word to a command, and what to say when there is none. */
#include <stdio.h>
#include <string.h>

#include "tool.h"

#define WORD_MAX 24

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein distance of two short words. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

const char *sg_nearest(const struct sg_command *table, const char *word)
{
	size_t len = strlen(word);
	const char *best = NULL;
	unsigned int best_d = WORD_MAX;

	for (; table->name; table++) {
		unsigned int d = distance(word, table->name);

		/* a beginning of the right word is near, too */
		if (len >= 2 && !strncmp(word, table->name, len))
			d = 1;
		if (d < best_d) {
			best_d = d;
			best = table->name;
		}
	}
	return best_d <= (len < 4 ? 1 : len < 7 ? 2 : 3) ? best : NULL;
}

int sg_dispatch(struct sg_tool *t, const struct sg_command *table,
		const char *what, int argc, char **argv)
{
	size_t used = strlen(t->command);
	const char *near;

	for (const struct sg_command *c = table; c->name; c++) {
		if (strcmp(c->name, argv[0]))
			continue;
		snprintf(t->command + used, sizeof(t->command) - used, "%s%s",
			 used ? " " : "", c->name);
		optind = 0; /* getopt starts anew */
		return c->run(t, argc, argv);
	}
	near = sg_nearest(table, argv[0]);
	if (near)
		return sg_usage(t,
				"there is no %s \"%s\": did you mean "
				"\"%s\"?",
				what, argv[0], near);
	return sg_usage(t, "there is no %s \"%s\"", what, argv[0]);
}

int sg_subcommand(struct sg_tool *t, int argc, char **argv,
		  const struct sg_command *table, const char *what,
		  const char *help, const char *which)
{
	/* stop at the command: what follows is its own */
	if (sg_getopt(t, argc, argv, "+", NULL, help) != -1)
		return SG_EXIT_USAGE;
	if (optind == argc)
		return sg_usage(t, "%s", which);
	return sg_dispatch(t, table, what, argc - optind, argv + optind);
}
