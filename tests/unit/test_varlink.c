// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Varlink: requests as bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "common/varlink.h"

static int parse(const char *text, struct sg_varlink_request *req)
{
	return sg_varlink_request_parse(text, strlen(text), req);
}

static void good_requests_are_read(void **state)
{
	struct sg_varlink_request req;

	assert_int_equal(parse("{\"method\":\"a.b.C\"}", &req), 0);
	assert_string_equal(req.method, "a.b.C");
	assert_int_equal(json_object_object_length(req.parameters), 0);
	assert_false(req.more || req.oneway);
	sg_varlink_request_free(&req);

	assert_int_equal(parse("{\"method\":\"a.b.C\",\"more\":true,"
			       "\"oneway\":false,\"upgrade\":false,"
			       "\"parameters\":{\"x\":1}}",
			       &req),
			 0);
	assert_int_equal(json_object_object_length(req.parameters), 1);
	assert_true(req.more);
	sg_varlink_request_free(&req);

	assert_int_equal(
		parse("{\"method\":\"a.b.C\",\"parameters\":null}", &req), 0);
	sg_varlink_request_free(&req);
}

static void bad_requests_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"null",
		"[]",
		"1",
		"\"x\"",
		"{",
		"{}",
		"{\"method\":1}",
		"{\"method\":null}",
		"{\"method\":\"a.B\"} x",
		"{\"method\":\"a.B\"",
		"{\"method\":\"a.B\",}",
		"{'method':'a.B'}",
		"{\"method\":\"a.B\",\"parameters\":[]}",
		"{\"method\":\"a.B\",\"parameters\":\"x\"}",
		"{\"method\":\"a.B\",\"more\":1}",
		"{\"method\":\"a.B\",\"upgrade\":true}",
		"{\"method\":\"a.B\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"a.B\",\"surprise\":true}",
		"{\"method\":\"a.B\\u0000C\"}",
		"{\"method\":\"a.B\",\"parameters\":{\"x\":\"\xff\"}}",
	};
	struct sg_varlink_request req;
	char deep[200] = "{\"method\":\"a.B\",\"parameters\":{\"x\":";
	size_t i, n;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], &req) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
		assert_null(req.json);
	}
	n = strlen(deep);
	memset(deep + n, '[', 40);
	memset(deep + n + 40, ']', 40);
	strcpy(deep + n + 80, "}}");
	assert_int_equal(parse(deep, &req), -EBADMSG);
}

static void every_cut_of_a_request_is_refused(void **state)
{
	const char *text = "{\"method\":\"a.b.C\",\"more\":true,"
			   "\"parameters\":{\"x\":[1,{\"y\":\"z\"}]}}";
	struct sg_varlink_request req;
	size_t i;

	for (i = 0; i < strlen(text); i++)
		assert_int_equal(sg_varlink_request_parse(text, i, &req),
				 -EBADMSG);
	assert_int_equal(parse(text, &req), 0);
	sg_varlink_request_free(&req);
}

static void an_oversized_request_is_refused(void **state)
{
	char *text = malloc(SG_VARLINK_REQUEST_MAX + 2);
	struct sg_varlink_request req;

	memset(text, ' ', SG_VARLINK_REQUEST_MAX + 1);
	assert_int_equal(sg_varlink_request_parse(
				 text, SG_VARLINK_REQUEST_MAX + 1, &req),
			 -E2BIG);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests_are_read),
		cmocka_unit_test(bad_requests_are_refused),
		cmocka_unit_test(every_cut_of_a_request_is_refused),
		cmocka_unit_test(an_oversized_request_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
