/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers, times and text as people read them. */
#ifndef SG_HUMAN_H
#define SG_HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Large enough for each of these. */
#define SG_HUMAN_LEN 32

/** sg_human_bytes() - "0 B", "1023 B", "1.2 MiB" */
const char *sg_human_bytes(uint64_t n, char buf[SG_HUMAN_LEN]);

/** sg_human_duration() - at most two units: "45s", "2m 10s", "3d 4h" */
const char *sg_human_duration(uint64_t ms, char buf[SG_HUMAN_LEN]);

/** sg_human_ago() - "2m 10s ago", "now" below a second */
const char *sg_human_ago(uint64_t ms, char buf[SG_HUMAN_LEN]);

/** sg_human_rtt() - "85 us", "1.24 ms", "3.4 s" */
const char *sg_human_rtt(uint64_t us, char buf[SG_HUMAN_LEN]);

/** sg_human_count() - "1,234,567" */
const char *sg_human_count(uint64_t n, char buf[SG_HUMAN_LEN]);

enum sg_style { SG_PLAIN, SG_BOLD, SG_DIM, SG_GOOD, SG_WARN, SG_BAD };

/**
 * sg_style() - escape sequence that starts a style on @f, or "" where @f is
 * no terminal, NO_COLOR is set or TERM is dumb; SG_PLAIN ends a style
 */
const char *sg_style(FILE *f, enum sg_style style);

/**
 * sg_put() - print text that came from outside: control characters, which
 * could drive the terminal, become '?'
 */
void sg_put(FILE *f, const char *s);

/**
 * sg_put_group() - print a code in groups of @n characters joined by '-';
 * as it is where it has separators of its own
 */
void sg_put_group(FILE *f, const char *code, unsigned int n);

/** sg_width() - columns to use: the terminal's, at least 80; 80 elsewhere */
unsigned int sg_width(FILE *f);

/** sg_wrap() - print @s in lines of at most sg_width(), indented by @indent
 * columns from the second line on, @column columns being used up already */
void sg_wrap(FILE *f, const char *s, unsigned int column, unsigned int indent);

#endif
