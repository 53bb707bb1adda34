/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include <json-c/json.h>

#include "json.h"

struct json_object *sg_json_get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, key, &v);
	return v;
}

const char *sg_json_str(struct json_object *o, const char *key)
{
	struct json_object *v = sg_json_get(o, key);

	return json_object_is_type(v, json_type_string)
		       ? json_object_get_string(v)
		       : "";
}

int64_t sg_json_int(struct json_object *o, const char *key)
{
	struct json_object *v = sg_json_get(o, key);

	return json_object_is_type(v, json_type_int) ? json_object_get_int64(v)
						     : 0;
}

bool sg_json_bool(struct json_object *o, const char *key)
{
	struct json_object *v = sg_json_get(o, key);

	return json_object_is_type(v, json_type_boolean) &&
	       json_object_get_boolean(v);
}

bool sg_json_has(struct json_object *o, const char *key)
{
	return sg_json_get(o, key) != NULL;
}

size_t sg_json_len(struct json_object *list)
{
	return json_object_is_type(list, json_type_array)
		       ? json_object_array_length(list)
		       : 0;
}

void sg_json_add_str(struct json_object *o, const char *key, const char *s)
{
	json_object_object_add(o, key, s ? json_object_new_string(s) : NULL);
}

void sg_json_add_int(struct json_object *o, const char *key, int64_t n)
{
	json_object_object_add(o, key, json_object_new_int64(n));
}

void sg_json_add_bool(struct json_object *o, const char *key, bool b)
{
	json_object_object_add(o, key, json_object_new_boolean(b));
}

const char *sg_json_join(struct json_object *list, char *buf, size_t cap)
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < sg_json_len(list) && used < cap; i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		used += snprintf(buf + used, cap - used, "%s%s", i ? ", " : "",
				 v ? json_object_get_string(v) : "");
	}
	return buf;
}

void sg_json_print(FILE *f, struct json_object *o)
{
	fprintf(f, "%s\n",
		json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				   JSON_C_TO_STRING_NOSLASHESCAPE));
}

void sg_json_line(FILE *f, struct json_object *o)
{
	fprintf(f, "%s\n",
		json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PLAIN |
				   JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(f);
}
