/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Logs, to stderr, one write(2) a line. With the journal at the other end each
 * line carries its priority ("<4>text"); on a terminal or in a file it reads
 * "signetd: warning: text"; with json it is one object a line. Never pass
 * secrets. Any thread may log.
 */
#ifndef SG_LOG_H
#define SG_LOG_H

#include <stdbool.h>

/* syslog's numbers */
enum sg_log_level {
	SG_LOG_ERR = 3,
	SG_LOG_WARNING = 4,
	SG_LOG_NOTICE = 5,
	SG_LOG_INFO = 6,
	SG_LOG_DEBUG = 7,
};

/**
 * sg_log_init() - choose the form; before any other thread starts
 * @ident: program's name, a constant string
 * @json: one JSON object a line: {"time","level","message","fields"}
 *
 * Level is SG_LOG_INFO until sg_log_set_level(). Logging without sg_log_init()
 * works and is plain.
 */
void sg_log_init(const char *ident, bool json);
void sg_log_set_level(enum sg_log_level level);
/* Would a line of this level be written? To spare the work of making it. */
bool sg_log_enabled(enum sg_log_level level);

/**
 * sg_log_level_parse() - "error", "warning", "notice", "info", "debug"
 * Return: the level or -EINVAL.
 */
int sg_log_level_parse(const char *s);
const char *sg_log_level_name(enum sg_log_level level);

/** sg_log() - one line; control characters in it are replaced */
void sg_log(enum sg_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * sg_log_kv() - one line with fields: key, value, key, value, ..., NULL
 *
 * Keys and values are strings; a NULL value leaves its field out. In plain form
 * they follow the message as key=value.
 *
 * sg_log_kv(SG_LOG_INFO, "channel up", "peer", name, "address", addr, NULL);
 */
void sg_log_kv(enum sg_log_level level, const char *message, ...)
	__attribute__((sentinel));

/** sg_log_set_fd() - write elsewhere than to stderr; for tests */
void sg_log_set_fd(int fd);

#endif
