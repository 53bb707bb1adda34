/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading of test vectors in JSON; included after cmocka.h. */
#ifndef SG_TEST_VECTORS_H
#define SG_TEST_VECTORS_H

#include <json-c/json.h>
#include <sodium.h>
#include <string.h>

static inline struct json_object *vector_field(struct json_object *v,
					       const char *name)
{
	struct json_object *field;

	if (!json_object_object_get_ex(v, name, &field))
		fail_msg("vector without %s", name);
	return field;
}

static inline size_t vector_unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t len = 0;

	if (sodium_hex2bin(out, cap, hex, strlen(hex), NULL, &len, NULL))
		fail_msg("bad hex in vector: %.60s", hex);
	return len;
}

static inline size_t vector_bytes(struct json_object *v, const char *name,
				  uint8_t *out, size_t cap)
{
	return vector_unhex(json_object_get_string(vector_field(v, name)), out,
			    cap);
}

#endif
