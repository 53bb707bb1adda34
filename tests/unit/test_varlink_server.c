// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The Varlink server, with real clients. */
#include "varlink_fixture.h"

static void methods_are_called(void **state)
{
	struct sg_varlink *v = client(*state);

	expect_reply(v, "Echo", NULL, "{}");
	expect_reply(v, "io.signet.Echo",
		     "{\"s\":\"x/y\",\"i\":-5,\"b\":true,"
		     "\"a\":[1],\"o\":{}}",
		     "{\"s\":\"x\\/y\",\"i\":-5,\"b\":true,\"a\":[1],"
		     "\"o\":{}}");
	expect_reply(v, "Echo", "{\"s\":null}", "{}");
	expect_reply(v, "Change", NULL, "{}");
	expect_fault(v, "Refuse", NULL, "io.signet.Failed", "detail",
		     "no luck");
	expect_fault(v, "Refuse", NULL, "io.signet.Failed", "remedy",
		     "try again");
	sg_varlink_close(v);
}

static void wrong_parameters_are_refused_by_name(void **state)
{
	static const char *const bad[][2] = {
		{ "{}", "peer" },
		{ "{\"peer\":1}", "peer" },
		{ "{\"peer\":null}", "peer" },
		{ "{\"peer\":\"x\",\"count\":\"1\"}", "count" },
		{ "{\"peer\":\"x\",\"count\":1.5}", "count" },
		{ "{\"peer\":\"x\",\"cuont\":1}", "cuont" },
		{ "{\"peer\":\"x\",\"pee\":1}", "pee" },
		{ "{\"peer\":\"x\",\"er\":1}", "er" },
		{ "{\"peer\":\"x\",\"\":1}", "" },
		{ "{\"peer\":\"x\",\"peer:s\":1}", "peer:s" },
	};
	struct sg_varlink *v = client(*state);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_fault(v, "Need", bad[i][0], SG_VARLINK_INVALID_PARAMETER,
			     "parameter", bad[i][1]);
	expect_fault(v, "Refuse", "{\"x\":1}", SG_VARLINK_INVALID_PARAMETER,
		     "parameter", "x");
	expect_fault(v, "Change", "{\"\":1}", SG_VARLINK_INVALID_PARAMETER,
		     "parameter", "");
	expect_reply(v, "Need", "{\"peer\":\"x\"}", "{\"peer\":\"x\"}");
	sg_varlink_close(v);
}

static void what_is_not_there_is_said(void **state)
{
	struct sg_varlink *v = client(*state);

	expect_fault(v, "Nothing", NULL, SG_VARLINK_METHOD_NOT_FOUND, "method",
		     "io.signet.Nothing");
	expect_fault(v, "Later", NULL, SG_VARLINK_METHOD_NOT_IMPLEMENTED,
		     "method", "io.signet.Later");
	expect_fault(v, "com.example.X", NULL, SG_VARLINK_INTERFACE_NOT_FOUND,
		     "interface", "com.example");
	expect_fault(v, "io.signet.", NULL, SG_VARLINK_METHOD_NOT_FOUND,
		     "method", "io.signet.");
	expect_fault(v, "Count", NULL, SG_VARLINK_EXPECTED_MORE, NULL, NULL);
	sg_varlink_close(v);
}

static void the_service_describes_itself(void **state)
{
	struct sg_varlink *v = client(*state);
	struct sg_varlink_fault fault;
	struct json_object *o, *text;

	expect_reply(v, "org.varlink.service.GetInfo", NULL,
		     "{\"vendor\":\"Signet\",\"product\":\"signetd\","
		     "\"version\":\"1.2\",\"url\":\"\",\"interfaces\":["
		     "\"org.varlink.service\",\"io.signet\"]}");
	assert_int_equal(
		sg_varlink_invoke(v,
				  "org.varlink.service.GetInterfaceDescription",
				  json("{\"interface\":\"io.signet\"}"),
				  TIMEOUT, &o, &fault),
		0);
	assert_true(json_object_object_get_ex(o, "description", &text));
	assert_string_equal(json_object_get_string(text),
			    sg_varlink_interface_text());
	assert_non_null(
		strstr(sg_varlink_interface_text(), "\ninterface io.signet\n"));
	json_object_put(o);
	expect_fault(v, "org.varlink.service.GetInterfaceDescription",
		     "{\"interface\":\"x.y\"}", SG_VARLINK_INTERFACE_NOT_FOUND,
		     "interface", "x.y");
	expect_fault(v, "org.varlink.service.GetInterfaceDescription", "{}",
		     SG_VARLINK_INVALID_PARAMETER, "parameter", "interface");
	expect_fault(v, "org.varlink.service.GetInfo", "{\"x\":1}",
		     SG_VARLINK_INVALID_PARAMETER, NULL, NULL);
	expect_fault(v, "org.varlink.service.Nothing", NULL,
		     SG_VARLINK_METHOD_NOT_FOUND, NULL, NULL);
	sg_varlink_close(v);
}

static void more_brings_more_replies(void **state)
{
	struct sg_varlink *v = client(*state);
	struct sg_varlink_fault fault;
	struct json_object *o;
	bool continues = true;
	int n = 0;

	assert_int_equal(sg_varlink_send(v, "Count", NULL, true), 0);
	while (continues) {
		assert_int_equal(
			sg_varlink_recv(v, TIMEOUT, &o, &continues, &fault), 0);
		assert_int_equal(
			json_object_get_int(json_object_object_get(o, "n")),
			n++);
		json_object_put(o);
	}
	assert_int_equal(n, 3);
	expect_reply(v, "Echo", NULL, "{}");
	sg_varlink_close(v);
}

static void requests_wait_for_the_one_before(void **state)
{
	struct fixture *f = *state;
	struct sg_varlink *v = client(f);
	struct json_object *o;
	uint64_t one = 1;

	assert_int_equal(sg_varlink_send(v, "Keep", NULL, false), 0);
	assert_int_equal(sg_varlink_send(v, "Echo", json("{\"i\":1}"), false),
			 0);
	assert_int_equal(sg_varlink_send(v, "Echo", json("{\"i\":2}"), false),
			 0);
	assert_int_equal(sg_varlink_recv(v, 50, NULL, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(write(f->command, &one, 8), 8);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, &o, NULL, NULL), 0);
	assert_int_equal(json_object_get_int(json_object_object_get(o, "i")),
			 1);
	json_object_put(o);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	sg_varlink_close(v);
}

static void a_kept_call_learns_of_the_disconnect(void **state)
{
	struct fixture *f = *state;
	struct sg_varlink *v = client(f);

	assert_int_equal(sg_varlink_send(v, "Keep", NULL, true), 0);
	assert_int_equal(sg_varlink_recv(v, 50, NULL, NULL, NULL), -ETIMEDOUT);
	sg_varlink_close(v);
	wait_gone(f);
}

static void a_client_that_does_not_read_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct sg_varlink *v = client(f), *other;

	assert_int_equal(sg_varlink_send(v, "Flood", NULL, true), 0);
	wait_gone(f);
	/* 4 MiB, and what the socket holds */
	assert_in_range(f->flood, 60, 100);
	other = client(f);
	expect_reply(other, "Echo", NULL, "{}");
	sg_varlink_close(other);
	sg_varlink_close(v);
}

static void raw_send(struct sg_varlink *v, const char *buf, size_t len)
{
	assert_int_equal(send(sg_varlink_fd(v), buf, len, MSG_NOSIGNAL),
			 (ssize_t)len);
}

static void requests_may_come_in_pieces_and_together(void **state)
{
	static const char text[] = "{\"method\":\"io.signet.Echo\"}";
	struct sg_varlink *v = client(*state);
	char both[2 * sizeof(text)];
	size_t i;

	for (i = 0; i < sizeof(text); i++) {
		raw_send(v, text + i, 1);
		usleep(200);
	}
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	memcpy(both, text, sizeof(text));
	memcpy(both + sizeof(text), text, sizeof(text));
	raw_send(v, both, sizeof(both));
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	sg_varlink_close(v);
}

static void oneway_gets_no_reply(void **state)
{
	static const char text[] =
		"{\"method\":\"io.signet.Refuse\",\"oneway\":true}";
	struct sg_varlink *v = client(*state);

	raw_send(v, text, sizeof(text));
	expect_reply(v, "Echo", "{\"i\":7}", "{\"i\":7}");
	sg_varlink_close(v);
}

static void a_half_closed_client_gets_its_reply(void **state)
{
	struct sg_varlink *v = client(*state);

	assert_int_equal(sg_varlink_send(v, "Echo", NULL, false), 0);
	shutdown(sg_varlink_fd(v), SHUT_WR);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), 0);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), -EPIPE);
	sg_varlink_close(v);
}

static void nonsense_ends_the_connection(void **state)
{
	struct sg_varlink *v = client(*state), *other;

	raw_send(v, "GET / HTTP/1.0\r\n\r\n", 19);
	assert_int_equal(sg_varlink_recv(v, TIMEOUT, NULL, NULL, NULL), -EPIPE);
	other = client(*state);
	expect_reply(other, "Echo", NULL, "{}");
	sg_varlink_close(other);
	sg_varlink_close(v);
}

static void an_endless_request_ends_the_connection(void **state)
{
	struct sg_varlink *v = client(*state);
	static char block[65536];
	size_t sent = 0;
	ssize_t n;

	memset(block, ' ', sizeof(block));
	do {
		n = send(sg_varlink_fd(v), block, sizeof(block), MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
	} while (n > 0 && sent < 64 * 1024 * 1024);
	assert_true(n < 0);
	assert_in_range(sent, SG_VARLINK_REQUEST_MAX,
			SG_VARLINK_REQUEST_MAX + 1024 * 1024);
	sg_varlink_close(v);
}

static void a_large_request_and_reply_pass(void **state)
{
	struct sg_varlink *v = client(*state);
	struct json_object *o = json_object_new_object(), *reply;
	char *big = malloc(900001);

	memset(big, 'y', 900000);
	big[900000] = 0;
	json_object_object_add(o, "s", json_object_new_string(big));
	assert_int_equal(sg_varlink_invoke(v, "Echo", o, TIMEOUT, &reply, NULL),
			 0);
	assert_string_equal(
		json_object_get_string(json_object_object_get(reply, "s")),
		big);
	json_object_put(reply);
	free(big);
	sg_varlink_close(v);
}

#define S(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		S(methods_are_called),
		S(wrong_parameters_are_refused_by_name),
		S(what_is_not_there_is_said),
		S(the_service_describes_itself),
		S(more_brings_more_replies),
		S(requests_wait_for_the_one_before),
		S(a_kept_call_learns_of_the_disconnect),
		S(a_client_that_does_not_read_is_dropped),
		S(requests_may_come_in_pieces_and_together),
		S(oneway_gets_no_reply),
		S(a_half_closed_client_gets_its_reply),
		S(nonsense_ends_the_connection),
		S(an_endless_request_ends_the_connection),
		S(a_large_request_and_reply_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
