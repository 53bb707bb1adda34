/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "human.h"

const char *sg_human_bytes(uint64_t n, char buf[SG_HUMAN_LEN])
{
	static const char *const unit[] = { "B",   "KiB", "MiB", "GiB",
					    "TiB", "PiB", "EiB" };
	double v = n;
	unsigned int i = 0;

	/* 1023.95 would be printed as 1024.0 */
	while (v >= (i ? 1023.95 : 1024.0) && i < 6) {
		v /= 1024;
		i++;
	}
	if (!i)
		snprintf(buf, SG_HUMAN_LEN, "%" PRIu64 " B", n);
	else
		snprintf(buf, SG_HUMAN_LEN, "%.1f %s", v, unit[i]);
	return buf;
}

const char *sg_human_duration(uint64_t ms, char buf[SG_HUMAN_LEN])
{
	static const struct {
		const char *name;
		uint64_t seconds, next; /* @next: of the unit below */
		const char *below;
	} unit[] = { { "d", 86400, 3600, "h" },
		     { "h", 3600, 60, "m" },
		     { "m", 60, 1, "s" } };
	uint64_t s = ms / 1000, rest;

	for (size_t i = 0; i < 3; i++) {
		if (s < unit[i].seconds)
			continue;
		rest = s % unit[i].seconds / unit[i].next;
		if (rest)
			snprintf(buf, SG_HUMAN_LEN,
				 "%" PRIu64 "%s %" PRIu64 "%s",
				 s / unit[i].seconds, unit[i].name, rest,
				 unit[i].below);
		else
			snprintf(buf, SG_HUMAN_LEN, "%" PRIu64 "%s",
				 s / unit[i].seconds, unit[i].name);
		return buf;
	}
	snprintf(buf, SG_HUMAN_LEN, "%" PRIu64 "s", s);
	return buf;
}

const char *sg_human_ago(uint64_t ms, char buf[SG_HUMAN_LEN])
{
	if (ms < 1000)
		return strcpy(buf, "now");
	sg_human_duration(ms, buf);
	return strcat(buf, " ago");
}

const char *sg_human_rtt(uint64_t us, char buf[SG_HUMAN_LEN])
{
	if (us < 1000)
		snprintf(buf, SG_HUMAN_LEN, "%" PRIu64 " us", us);
	else if (us < 9995)
		snprintf(buf, SG_HUMAN_LEN, "%.2f ms", us / 1e3);
	else if (us < 999500)
		snprintf(buf, SG_HUMAN_LEN, "%.0f ms", us / 1e3);
	else
		snprintf(buf, SG_HUMAN_LEN, "%.1f s", us / 1e6);
	return buf;
}

const char *sg_human_count(uint64_t n, char buf[SG_HUMAN_LEN])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *p = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return buf;
}

static bool colourful(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no && *no)
		return false;
	if (!term || !strcmp(term, "dumb"))
		return false;
	return isatty(fileno(f));
}

const char *sg_style(FILE *f, enum sg_style style)
{
	static const char *const escape[] = {
		[SG_PLAIN] = "\033[0m", [SG_BOLD] = "\033[1m",
		[SG_DIM] = "\033[2m",	[SG_GOOD] = "\033[32m",
		[SG_WARN] = "\033[33m", [SG_BAD] = "\033[1;31m",
	};

	return colourful(f) ? escape[style] : "";
}

void sg_put(FILE *f, const char *s)
{
	for (; s && *s; s++)
		putc(iscntrl((unsigned char)*s) ? '?' : *s, f);
}

void sg_put_group(FILE *f, const char *code, unsigned int n)
{
	size_t len = strlen(code);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)code[i])) {
			sg_put(f, code);
			return;
		}
	for (size_t i = 0; i < len; i++) {
		if (i && i % n == 0)
			putc('-', f);
		putc(code[i], f);
	}
}

unsigned int sg_width(FILE *f)
{
	struct winsize ws;

	if (ioctl(fileno(f), TIOCGWINSZ, &ws) || ws.ws_col < 80)
		return 80;
	return ws.ws_col;
}

void sg_wrap(FILE *f, const char *s, unsigned int column, unsigned int indent)
{
	unsigned int width = sg_width(f);
	bool fresh = true; /* nothing yet on this line */

	while (*s) {
		size_t word = strcspn(s, " \n");

		if (!fresh && column + 1 + word > width) {
			fprintf(f, "\n%*s", (int)indent, "");
			column = indent;
			fresh = true;
		}
		if (!fresh) {
			putc(' ', f);
			column++;
		}
		for (size_t i = 0; i < word; i++)
			putc(iscntrl((unsigned char)s[i]) ? '?' : s[i], f);
		column += word;
		fresh = false;
		s += word;
		s += strspn(s, " \n");
	}
	putc('\n', f);
}
