// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses and prefixes as text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/addr.h"

static void addresses_keep_their_form(void **state)
{
	static const char *const good[] = { "192.0.2.1:51900",
					    "[2001:db8::1]:1",
					    "[fe80::1%1]:65535" };
	static const char *const wrong[] = { "",
					     ":",
					     "1.2.3.4",
					     "1.2.3.4:",
					     "1.2.3.4:0",
					     "1.2.3:5",
					     "[::1]",
					     "[::1:5",
					     "::1:5",
					     "[]:1",
					     "[1.2.3.4]:1",
					     "a:1",
					     "1.2.3.4:+5",
					     "1.2.3.4:123456" };
	char text[SG_ADDR_STR_LEN];
	union sg_addr a, b;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(sg_addr_parse(good[i], &a), 0);
		assert_string_equal(sg_addr_format(&a, text), good[i]);
		assert_int_equal(sg_addr_parse(text, &b), 0);
		assert_true(sg_addr_equal(&a, &b));
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(sg_addr_parse(wrong[i], &a), -EINVAL);
	assert_int_equal(sg_addr_parse("[::ffff:192.0.2.1]:7", &a), 0);
	assert_string_equal(sg_addr_format(&a, text), "192.0.2.1:7");
	assert_int_equal(a.sa.sa_family, AF_INET);
}

static void prefixes_contain_what_they_should(void **state)
{
	struct sg_prefix all, net, host, v6;
	char text[SG_PREFIX_STR_LEN];

	assert_int_equal(sg_prefix_parse("0.0.0.0/0", &all), 0);
	assert_int_equal(sg_prefix_parse("10.64.0.0/10", &net), 0);
	assert_int_equal(sg_prefix_parse("10.127.255.255", &host), 0);
	assert_int_equal(sg_prefix_parse("::/0", &v6), 0);
	assert_true(sg_prefix_contains(&all, &net));
	assert_true(sg_prefix_contains(&net, &host));
	assert_true(sg_prefix_contains(&net, &net));
	assert_false(sg_prefix_contains(&host, &net));
	assert_false(sg_prefix_contains(&v6, &host));
	host.addr[1] = 128;
	assert_false(sg_prefix_contains(&net, &host));
	assert_true(sg_prefix_is_network(&net));
	net.addr[1] |= 32;
	assert_false(sg_prefix_is_network(&net));
	assert_int_equal(sg_prefix_parse("::/129", &v6), -ERANGE);
	assert_int_equal(sg_prefix_parse("::/", &v6), -ERANGE);
	assert_int_equal(sg_prefix_parse("x/1", &v6), -EINVAL);
	assert_int_equal(sg_prefix_parse("fd00::/8", &v6), 0);
	assert_string_equal(sg_prefix_format(&v6, text), "fd00::/8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_keep_their_form),
		cmocka_unit_test(prefixes_contain_what_they_should),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
