// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libinih does the parsing; this feeds it. By itself it cuts lines at its
 * buffer and section names at 50 characters, and its handler does not learn
 * the line. So we hand it one line at a time, remember where we are, keep
 * section names to ourselves, and give a long value in pieces that it takes
 * for continuation lines.
 */
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_private.h"

#define KEY_MAX 48 /* libinih's own limit is 50 */

/**
 * struct ini - where we are
 * @pos: start of the next line
 * @rest: what is left of a long line; NULL between lines
 * @expect: libinih has been given an entry and has not called back yet
 * @have: an entry is complete but for further pieces
 * @section: the line was a section, and libinih must only reset itself
 */
struct ini {
	const struct sg_ini_events *ev;
	void *ctx;
	const char *text;
	size_t len, pos;
	unsigned int line;
	const char *rest, *rest_end;
	bool expect, have;
	char key[KEY_MAX + 1];
	char *value;
	size_t value_len;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static int entry_found(void *user, const char *section, const char *name,
		       const char *value)
{
	struct ini *in = user;
	size_t n = strlen(value);

	if (in->expect) {
		in->expect = false;
		in->have = true;
		in->value_len = 0;
		strncpy(in->key, name, KEY_MAX);
		in->key[KEY_MAX] = 0;
	}
	memcpy(in->value + in->value_len, value, n + 1);
	in->value_len += n;
	return 1;
}

/* The line before is complete. */
static void end_line(struct ini *in)
{
	if (in->expect)
		in->ev->malformed(in->ctx, in->line,
				  "expected [Section], Key = Value or a "
				  "comment");
	else if (in->have)
		in->ev->entry(in->ctx, in->line, in->key, in->value);
	in->expect = false;
	in->have = false;
}

/*
 * Hand out what fits of the rest. libinih strips white space off both ends and
 * takes a piece that starts with ; or # for a comment: cut where neither
 * happens.
 */
static void give(struct ini *in, char *str, int num, bool more)
{
	size_t cap = (size_t)num - 3, n = (size_t)(in->rest_end - in->rest);
	const char *s = in->rest;

	if (n > cap) {
		n = cap;
		while (n && (is_space(s[n - 1]) || is_space(s[n]) ||
			     s[n] == ';' || s[n] == '#'))
			n--;
	}
	if (!n || (n < KEY_MAX + 1 && s + n < in->rest_end)) {
		in->ev->malformed(in->ctx, in->line,
				  "line is too long to be read");
		in->expect = false;
		in->have = false;
		in->rest = NULL;
		strcpy(str, "\n");
		return;
	}
	if (more)
		*str++ = ' ';
	memcpy(str, s, n);
	strcpy(str + n, "\n");
	in->rest = s + n < in->rest_end ? s + n : NULL;
}

/* Comments after a value: white space, then ; or #. */
static const char *strip(const char *s, const char *end)
{
	const char *c;

	for (c = s; c + 1 < end; c++) {
		if (is_space(c[0]) && (c[1] == ';' || c[1] == '#')) {
			end = c;
			break;
		}
	}
	while (end > s && is_space(end[-1]))
		end--;
	return end;
}

static void section_line(struct ini *in, const char *s, const char *end)
{
	const char *close = memchr(s, ']', (size_t)(end - s));
	char name[160];
	size_t n;

	if (!close || strip(close, end) != close + 1) {
		in->ev->malformed(in->ctx, in->line,
				  "expected [Section] or [Section NAME]");
		/* What follows belongs to nothing that we know. */
		in->ev->section(in->ctx, in->line, NULL);
		return;
	}
	n = (size_t)(close - s - 1);
	if (n >= sizeof(name))
		n = sizeof(name) - 1;
	memcpy(name, s + 1, n);
	name[n] = 0;
	in->ev->section(in->ctx, in->line, name);
}

static bool has_control(const char *s, const char *end)
{
	for (; s < end; s++)
		if (((unsigned char)*s < 0x20 && !is_space(*s)) || *s == 0x7f)
			return true;
	return false;
}

static void begin_line(struct ini *in, const char *s, const char *end,
		       char *str, int num)
{
	const char *eq;

	strcpy(str, "\n");
	while (s < end && is_space(*s))
		s++;
	if (s == end || *s == ';' || *s == '#')
		return;
	if (has_control(s, end)) {
		in->ev->malformed(in->ctx, in->line,
				  "control characters are not allowed");
		return;
	}
	if (*s == '[') {
		section_line(in, s, end);
		strcpy(str, "[s]\n");
		return;
	}
	end = strip(s, end);
	eq = memchr(s, '=', (size_t)(end - s));
	if (eq && eq - s > KEY_MAX) {
		in->ev->malformed(in->ctx, in->line, "key is too long");
		return;
	}
	in->expect = true;
	in->rest = s;
	in->rest_end = end;
	give(in, str, num, false);
}

static char *next_line(char *str, int num, void *stream)
{
	struct ini *in = stream;
	const char *start, *end;

	if (in->rest) {
		if (in->have) {
			give(in, str, num, true);
			return str;
		}
		in->rest = NULL;
	}
	end_line(in);
	if (in->pos >= in->len)
		return NULL;
	start = in->text + in->pos;
	end = memchr(start, '\n', in->len - in->pos);
	if (!end)
		end = in->text + in->len;
	in->pos = (size_t)(end - in->text) + 1;
	in->line++;
	begin_line(in, start, end, str, num);
	return str;
}

int sg_ini_read(const char *text, size_t len, const struct sg_ini_events *ev,
		void *ctx)
{
	struct ini in = { .ev = ev, .ctx = ctx, .text = text, .len = len };

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		in.pos = 3;
	/* Pieces lose characters and gain none. */
	in.value = malloc(len + 1);
	if (!in.value)
		return -ENOMEM;
	ini_parse_stream(next_line, &in, entry_found, &in);
	free(in.value);
	return 0;
}
