/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options that every command takes, and reading of numbers and times. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define OWN_MAX 24

enum { OPT_SOCKET = 0x1000, OPT_CONFIG, OPT_STATE, OPT_JSON };

static const struct option globals[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
};

#define GLOBALS (sizeof(globals) / sizeof(globals[0]))

static bool global(struct sg_tool *t, int c)
{
	switch (c) {
	case OPT_SOCKET:
		t->socket = optarg;
		break;
	case OPT_CONFIG:
		t->config = optarg;
		break;
	case OPT_STATE:
		t->state = optarg;
		break;
	case OPT_JSON:
		t->json = true;
		return true;
	default:
		return false;
	}
	t->defaults = false;
	return true;
}

/* getopt has put the offender in optopt, or left it before optind. */
static void complain(struct sg_tool *t, char **argv, int c)
{
	const char *word = argv[optind - 1];

	if (c == ':' && strncmp(word, "--", 2))
		sg_usage(t, "option -%c needs a value", optopt);
	else if (c == ':')
		sg_usage(t, "option %s needs a value", word);
	else if (optopt && optopt < 256)
		sg_usage(t, "there is no option -%c here", optopt);
	else if (optopt)
		sg_usage(t, "option %s takes no value", word);
	else
		sg_usage(t, "there is no option %s here", word);
}

int sg_getopt(struct sg_tool *t, int argc, char **argv, const char *shorts,
	      const struct option *own, const char *help)
{
	struct option all[GLOBALS + OWN_MAX + 1] = { 0 };
	char letters[64];
	size_t n = GLOBALS;
	int c;

	memcpy(all, globals, sizeof(globals));
	for (; own && own->name && n < GLOBALS + OWN_MAX; own++)
		all[n++] = *own;
	snprintf(letters, sizeof(letters), "%s%s%sh", *shorts == '+' ? "+" : "",
		 ":", shorts + (*shorts == '+'));
	opterr = 0;
	for (;;) {
		c = getopt_long(argc, argv, letters, all, NULL);
		if (c == 'h') {
			fputs(help, stdout);
			exit(SG_EXIT_OK);
		}
		if (c == '?' || c == ':') {
			complain(t, argv, c);
			return '?';
		}
		if (!global(t, c))
			return c;
	}
}

int sg_global_options(struct sg_tool *t, int argc, char **argv,
		      void (*help)(void))
{
	static const struct option own[] = {
		{ "version", no_argument, NULL, 'V' }, { 0 }
	};
	struct option all[GLOBALS + 2] = { 0 };
	int c;

	memcpy(all, globals, sizeof(globals));
	all[GLOBALS] = own[0];
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:hV", all, NULL)) != -1) {
		if (c == 'h') {
			help();
			return SG_EXIT_OK;
		}
		if (c == 'V') {
			char *version[] = { (char *)"version", NULL };

			optind = 0;
			return sg_cmd_version(t, 1, version);
		}
		if (!global(t, c)) {
			complain(t, argv, c);
			return SG_EXIT_USAGE;
		}
	}
	return -1;
}

bool sg_operands(struct sg_tool *t, int argc, char **argv, int min, int max)
{
	int n = argc - optind;

	if (n < min)
		sg_usage(t, "something is missing after \"%s\"",
			 argv[argc - 1] ? argv[argc - 1] : t->command);
	else if (n > max)
		sg_usage(t, "\"%s\" is too much", argv[optind + max]);
	return n >= min && n <= max;
}

bool sg_parse_uint(struct sg_tool *t, const char *what, const char *s,
		   uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	if (isdigit((unsigned char)*s) && !*end && !errno && *out >= min &&
	    *out <= max)
		return true;
	sg_usage(t, "%s: \"%s\" is not a whole number from %llu to %llu", what,
		 s, (unsigned long long)min, (unsigned long long)max);
	return false;
}

bool sg_parse_ms(struct sg_tool *t, const char *what, const char *s,
		 uint64_t min_ms, uint64_t max_ms, uint64_t *ms)
{
	static const struct {
		const char *name;
		double ms;
	} unit[] = { { "", 1e3 },   { "ms", 1 },    { "s", 1e3 },
		     { "m", 6e4 },  { "min", 6e4 }, { "h", 3.6e6 },
		     { "d", 864e5 } };
	char *end;
	double v = isdigit((unsigned char)*s) || *s == '.' ? strtod(s, &end)
							   : -1;

	for (size_t i = 0; v >= 0 && i < sizeof(unit) / sizeof(unit[0]); i++) {
		if (strcmp(end, unit[i].name))
			continue;
		v *= unit[i].ms;
		if (v < (double)min_ms || v > (double)max_ms)
			break;
		*ms = (uint64_t)(v + 0.5);
		return true;
	}
	sg_usage(t,
		 "%s: \"%s\" is not a time from %g to %g seconds "
		 "(for instance 200ms, 25s, 5m)",
		 what, s, min_ms / 1e3, max_ms / 1e3);
	return false;
}
