// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The list of what is wrong with a configuration. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"

/* Problems go into JSON and onto terminals: keep to printable ASCII. */
static void clean(char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\n') ||
		    (unsigned char)*s >= 0x7f)
			*s = '?';
}

void sg_problem_add(struct sg_problems *p, bool warning, const char *file,
		    unsigned int line, const char *fmt, ...)
{
	struct sg_problem *new;
	va_list ap;

	if (!warning)
		p->errors++;
	if (p->n == SG_PROBLEMS_MAX) {
		p->omitted++;
		return;
	}
	new = &p->list[p->n++];
	memset(new, 0, sizeof(*new));
	new->line = line;
	new->warning = warning;
	snprintf(new->file, sizeof(new->file), "%s", file);
	va_start(ap, fmt);
	vsnprintf(new->text, sizeof(new->text), fmt, ap);
	va_end(ap);
	clean(new->file);
	clean(new->text);
}

const char *sg_problem_format(const struct sg_problem *p, char *buf, size_t cap)
{
	const char *kind = p->warning ? "warning: " : "";

	if (p->line)
		snprintf(buf, cap, "%s:%u: %s%s", p->file, p->line, kind,
			 p->text);
	else
		snprintf(buf, cap, "%s: %s%s", p->file, kind, p->text);
	return buf;
}
