// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "common/log.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 2048

enum log_form { FORM_PLAIN, FORM_JOURNAL, FORM_JSON };

static struct {
	const char *ident;
	enum log_form form;
	int fd;
	atomic_int level;
} log_to = { .ident = "signet", .fd = STDERR_FILENO, .level = SG_LOG_INFO };

static const struct {
	enum sg_log_level level;
	const char *name;
} levels[] = {
	{ SG_LOG_ERR, "error" },     { SG_LOG_WARNING, "warning" },
	{ SG_LOG_NOTICE, "notice" }, { SG_LOG_INFO, "info" },
	{ SG_LOG_DEBUG, "debug" },
};

#define N_LEVELS (sizeof(levels) / sizeof(levels[0]))

/* systemd sets JOURNAL_STREAM to "device:inode" of the socket it gave us. */
static bool stderr_is_journal(int fd)
{
	const char *env = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (!env || sscanf(env, "%llu:%llu", &dev, &ino) != 2)
		return false;
	return !fstat(fd, &st) && st.st_dev == dev && st.st_ino == ino;
}

void sg_log_init(const char *ident, bool json)
{
	log_to.ident = ident;
	if (json)
		log_to.form = FORM_JSON;
	else if (stderr_is_journal(log_to.fd))
		log_to.form = FORM_JOURNAL;
	else
		log_to.form = FORM_PLAIN;
}

void sg_log_set_fd(int fd)
{
	log_to.fd = fd;
}

void sg_log_set_level(enum sg_log_level level)
{
	atomic_store_explicit(&log_to.level, (int)level, memory_order_relaxed);
}

bool sg_log_enabled(enum sg_log_level level)
{
	return (int)level <=
	       atomic_load_explicit(&log_to.level, memory_order_relaxed);
}

int sg_log_level_parse(const char *s)
{
	size_t i;

	for (i = 0; i < N_LEVELS; i++)
		if (!strcmp(s, levels[i].name))
			return (int)levels[i].level;
	return -EINVAL;
}

const char *sg_log_level_name(enum sg_log_level level)
{
	size_t i;

	for (i = 0; i < N_LEVELS; i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "unknown";
}

/* One write for a line, so that those of several threads do not mix. */
static void write_line(const char *buf, size_t len)
{
	ssize_t n;

	do
		n = write(log_to.fd, buf, len);
	while (n < 0 && errno == EINTR);
	/* There is nowhere to report that logging fails. */
}

/* Text from outside must not forge lines or drive a terminal. */
static void replace_controls(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static void append(char *buf, size_t cap, size_t *len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void append(char *buf, size_t cap, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf + *len, cap - *len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	*len = *len + (size_t)n < cap ? *len + (size_t)n : cap - 1;
}

static void append_value(char *buf, size_t cap, size_t *len, const char *key,
			 const char *value)
{
	const char *quote = !*value || strpbrk(value, " \"=") ? "\"" : "";

	append(buf, cap, len, " %s=%s%s%s", key, quote, value, quote);
}

static void log_text(enum sg_log_level level, const char *message, va_list *kv)
{
	char buf[LINE_MAX_LEN];
	const char *key, *value;
	size_t len = 0;

	if (log_to.form == FORM_JOURNAL)
		append(buf, sizeof(buf) - 1, &len, "<%d>", (int)level);
	else if (level == SG_LOG_INFO)
		append(buf, sizeof(buf) - 1, &len, "%s: ", log_to.ident);
	else
		append(buf, sizeof(buf) - 1, &len, "%s: %s: ", log_to.ident,
		       sg_log_level_name(level));
	append(buf, sizeof(buf) - 1, &len, "%s", message);
	while (kv && (key = va_arg(*kv, const char *)) != NULL) {
		value = va_arg(*kv, const char *);
		if (value)
			append_value(buf, sizeof(buf) - 1, &len, key, value);
	}
	replace_controls(buf);
	buf[len++] = '\n';
	write_line(buf, len);
}

static void format_time(char *buf, size_t cap)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(buf, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, cap - n, ".%06ldZ", ts.tv_nsec / 1000);
}

/*
 * json-c writes bytes above 0x7f as they are: what is not UTF-8 would make
 * the whole line unreadable to a machine.
 */
static struct json_object *json_text(const char *s)
{
	char clean[LINE_MAX_LEN];
	size_t i;

	for (i = 0; s[i] && i + 1 < sizeof(clean); i++)
		clean[i] = (unsigned char)s[i] < 0x80 ? s[i] : '?';
	clean[i] = 0;
	return json_object_new_string(clean);
}

static void log_json(enum sg_log_level level, const char *message, va_list *kv)
{
	struct json_object *line = json_object_new_object();
	struct json_object *fields = json_object_new_object();
	const char *key, *value, *text;
	char when[64], buf[2 * LINE_MAX_LEN];
	size_t len = 0;

	format_time(when, sizeof(when));
	json_object_object_add(line, "time", json_object_new_string(when));
	json_object_object_add(
		line, "level",
		json_object_new_string(sg_log_level_name(level)));
	json_object_object_add(line, "message", json_text(message));
	while (kv && (key = va_arg(*kv, const char *)) != NULL) {
		value = va_arg(*kv, const char *);
		if (value)
			json_object_object_add(fields, key, json_text(value));
	}
	json_object_object_add(line, "fields", fields);
	text = json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN);
	if (text && strlen(text) < sizeof(buf) - 1) {
		append(buf, sizeof(buf), &len, "%s\n", text);
		write_line(buf, len);
	}
	json_object_put(line);
}

static void log_line(enum sg_log_level level, const char *message, va_list *kv)
{
	if (log_to.form == FORM_JSON)
		log_json(level, message, kv);
	else
		log_text(level, message, kv);
}

void sg_log(enum sg_log_level level, const char *fmt, ...)
{
	char message[LINE_MAX_LEN / 2];
	int saved = errno;
	va_list ap;

	if (!sg_log_enabled(level))
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	log_line(level, message, NULL);
	errno = saved;
}

void sg_log_kv(enum sg_log_level level, const char *message, ...)
{
	int saved = errno;
	va_list ap;

	if (!sg_log_enabled(level))
		return;
	va_start(ap, message);
	log_line(level, message, &ap);
	va_end(ap);
	errno = saved;
}
