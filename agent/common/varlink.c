// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests, as the server reads them. */
#include "common/varlink.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

static struct json_object *parse_json(const char *buf, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(SG_VARLINK_DEPTH_MAX);
	struct json_object *json;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
					    JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tok, buf, (int)len);
	if (json && (json_tokener_get_error(tok) != json_tokener_success ||
		     json_tokener_get_parse_end(tok) != len)) {
		json_object_put(json);
		json = NULL;
	}
	json_tokener_free(tok);
	return json;
}

static bool take_bool(struct json_object *value, bool *out)
{
	if (!json_object_is_type(value, json_type_boolean))
		return false;
	*out = json_object_get_boolean(value);
	return true;
}

static bool take_member(struct sg_varlink_request *req, const char *key,
			struct json_object *value)
{
	bool upgrade;

	if (!strcmp(key, "method")) {
		if (!json_object_is_type(value, json_type_string))
			return false;
		req->method = json_object_get_string(value);
		/* A NUL within would hide the rest of the name. */
		return strlen(req->method) ==
		       (size_t)json_object_get_string_len(value);
	}
	if (!strcmp(key, "parameters")) {
		req->parameters = value;
		return !value || json_object_is_type(value, json_type_object);
	}
	if (!strcmp(key, "more"))
		return take_bool(value, &req->more);
	if (!strcmp(key, "oneway"))
		return take_bool(value, &req->oneway);
	/* Turning the connection into something else is not offered. */
	return !strcmp(key, "upgrade") && take_bool(value, &upgrade) &&
	       !upgrade;
}

int sg_varlink_request_parse(const char *buf, size_t len,
			     struct sg_varlink_request *req)
{
	struct json_object_iter it;

	memset(req, 0, sizeof(*req));
	if (len > SG_VARLINK_REQUEST_MAX)
		return -E2BIG;
	req->json = parse_json(buf, len);
	if (!json_object_is_type(req->json, json_type_object))
		goto refuse;
	json_object_object_foreachC(
		req->json,
		it) if (!take_member(req, it.key, it.val)) goto refuse;
	if (!req->method || (req->more && req->oneway))
		goto refuse;
	if (req->parameters)
		return 0;
	req->parameters = json_object_new_object();
	if (!req->parameters)
		goto refuse;
	json_object_object_add(req->json, "parameters", req->parameters);
	return 0;
refuse:
	sg_varlink_request_free(req);
	return -EBADMSG;
}

void sg_varlink_request_free(struct sg_varlink_request *req)
{
	json_object_put(req->json);
	memset(req, 0, sizeof(*req));
}
