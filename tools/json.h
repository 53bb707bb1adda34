/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading members of replies, and printing JSON. */
#ifndef SG_JSON_H
#define SG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;

/* All of these take a NULL object, and treat a missing, null or wrongly typed
 * member as: NULL, "", 0, false, an empty list. Results live as long as @o. */
struct json_object *sg_json_get(struct json_object *o, const char *key);
const char *sg_json_str(struct json_object *o, const char *key);
int64_t sg_json_int(struct json_object *o, const char *key);
bool sg_json_bool(struct json_object *o, const char *key);
bool sg_json_has(struct json_object *o, const char *key);

/** sg_json_len() - elements of a list, 0 for anything else */
size_t sg_json_len(struct json_object *list);

/** sg_json_add_str() - NULL becomes null */
void sg_json_add_str(struct json_object *o, const char *key, const char *s);
void sg_json_add_int(struct json_object *o, const char *key, int64_t n);
void sg_json_add_bool(struct json_object *o, const char *key, bool b);

/** sg_json_join() - strings of a list joined by ", ", cut at @cap */
const char *sg_json_join(struct json_object *list, char *buf, size_t cap);

/** sg_json_print() - indented, for --json; NULL prints null */
void sg_json_print(FILE *f, struct json_object *o);

/** sg_json_line() - in one line, flushed: for streams of objects */
void sg_json_line(FILE *f, struct json_object *o);

#endif
