/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How errors and notes reach a person, or a program that asked for JSON. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <json-c/json.h>

#include "human.h"
#include "tool.h"

static const char *code_name(int code)
{
	switch (code) {
	case SG_EXIT_USAGE:
		return "usage";
	case SG_EXIT_DENIED:
		return "denied";
	case SG_EXIT_UNREACHABLE:
		return "unreachable";
	case SG_EXIT_NO_AGENT:
		return "no-agent";
	}
	return "failed";
}

static void fail_json(int code, const char *what, const char *remedy)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "error",
			       json_object_new_string(code_name(code)));
	json_object_object_add(o, "message", json_object_new_string(what));
	json_object_object_add(o, "remedy",
			       remedy ? json_object_new_string(remedy) : NULL);
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PLAIN |
				   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

int sg_fail(const struct sg_tool *t, int code, const char *remedy,
	    const char *fmt, ...)
{
	char *what = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&what, fmt, ap);
	va_end(ap);
	fflush(stdout);
	if (n < 0) {
		fputs("signet: out of memory\n", stderr);
		return code;
	}
	if (t->json) {
		fail_json(code, what, remedy);
	} else {
		fprintf(stderr, "%ssignet:%s ", sg_style(stderr, SG_BAD),
			sg_style(stderr, SG_PLAIN));
		sg_put(stderr, what);
		if (remedy) {
			fputs("\n  ", stderr);
			sg_wrap(stderr, remedy, 2, 2);
		} else {
			putc('\n', stderr);
		}
	}
	free(what);
	return code;
}

int sg_usage(const struct sg_tool *t, const char *fmt, ...)
{
	char remedy[96], *what = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&what, fmt, ap);
	va_end(ap);
	snprintf(remedy, sizeof(remedy),
		 "`signet %s%s--help` shows how it is "
		 "used",
		 t->command, *t->command ? " " : "");
	if (n >= 0)
		sg_fail(t, SG_EXIT_USAGE, remedy, "%s%s%s", t->command,
			*t->command ? ": " : "", what);
	free(what);
	return SG_EXIT_USAGE;
}

void sg_note(const struct sg_tool *t, const char *fmt, ...)
{
	va_list ap;

	if (t->json)
		return;
	fflush(stdout);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
}
