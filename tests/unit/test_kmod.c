/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The netlink client: what it makes of the kernel's messages. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/kmod_private.h"

static struct sg_kmod km = { .family = 30 };

static struct nl_msg *event(uint8_t cmd)
{
	struct nl_msg *msg = sg_kmod_request(&km, cmd, 0, 7, SG_KMOD_MSG_LEN);

	assert_non_null(msg);
	return msg;
}

static void an_event_is_read_with_its_addresses(void **state)
{
	struct nl_msg *msg = event(SIGNET_CMD_ENDPOINT_SEEN_NTF);
	const uint16_t port = htons(51820);
	struct sg_kmod_event e;
	struct in6_addr v6;

	inet_pton(AF_INET6, "fe80::1", &v6);
	sg_kmod_put_u32(&km, msg, SIGNET_A_EVENT_CHANNEL, 3);
	sg_kmod_put(&km, msg, SIGNET_A_EVENT_REMOTE, &v6, 16);
	sg_kmod_put(&km, msg, SIGNET_A_EVENT_REMOTE_PORT, &port, 2);
	sg_kmod_put_u32(&km, msg, SIGNET_A_EVENT_SCOPE_ID, 2);
	sg_kmod_put_u32(&km, msg, SIGNET_A_EVENT_GENERATION, 9);
	assert_int_equal(sg_kmod_event_decode(nlmsg_hdr(msg), &e), 0);
	assert_int_equal(e.type, SG_KMOD_ENDPOINT_SEEN);
	assert_int_equal(e.ifindex, 7);
	assert_int_equal(e.channel, 3);
	assert_int_equal(e.generation, 9);
	assert_int_equal(e.remote.sa.sa_family, AF_INET6);
	assert_int_equal(sg_addr_port(&e.remote), 51820);
	assert_int_equal(e.remote.v6.sin6_scope_id, 2);
	assert_int_equal(e.local.sa.sa_family, 0);
	nlmsg_free(msg);
}

static void an_event_of_a_newer_module_is_no_error(void **state)
{
	struct nl_msg *msg = event(SIGNET_CMD_MAX + 1);
	struct sg_kmod_event e;

	assert_int_equal(sg_kmod_event_decode(nlmsg_hdr(msg), &e), 0);
	assert_int_equal(e.type, SG_KMOD_OTHER);
	assert_string_equal(sg_kmod_event_name(e.type), "other");
	nlmsg_free(msg);
}

static void every_event_has_a_name(void **state)
{
	for (int i = SG_KMOD_OTHER; i <= SG_KMOD_PMTU; i++)
		assert_non_null(sg_kmod_event_name((enum sg_kmod_event_type)i));
	assert_string_equal(sg_kmod_event_name(SG_KMOD_PMTU), "pmtu");
	assert_string_equal(sg_kmod_event_name((enum sg_kmod_event_type)99),
			    "other");
}

static void a_message_without_room_for_a_header_is_refused(void **state)
{
	struct nl_msg *msg = event(SIGNET_CMD_PMTU_NTF);
	struct sg_kmod_event e;

	nlmsg_hdr(msg)->nlmsg_len = NLMSG_HDRLEN + 2;
	assert_int_equal(sg_kmod_event_decode(nlmsg_hdr(msg), &e), -EBADMSG);
	nlmsg_free(msg);
}

static void short_attributes_read_as_zero(void **state)
{
	struct nl_msg *msg = event(SIGNET_CMD_PMTU_NTF);
	struct sg_kmod_event e;

	sg_kmod_put(&km, msg, SIGNET_A_EVENT_MTU, "\1\1\1", 3);
	sg_kmod_put(&km, msg, SIGNET_A_EVENT_REMOTE, "\1\1\1\1\1", 5);
	assert_int_equal(sg_kmod_event_decode(nlmsg_hdr(msg), &e), 0);
	assert_int_equal(e.mtu, 0);
	assert_int_equal(e.remote.sa.sa_family, 0);
	nlmsg_free(msg);
}

static void large_numbers_take_eight_bytes_and_small_ones_four(void **state)
{
	struct nl_msg *msg = event(SIGNET_CMD_KEY_NEW);
	struct nlattr *tb[SIGNET_A_KEY_MAX + 1];

	sg_kmod_put_uint(&km, msg, SIGNET_A_KEY_SOFT_MS, UINT32_MAX);
	sg_kmod_put_uint(&km, msg, SIGNET_A_KEY_HARD_MS, 1 + (1ULL << 40));
	assert_int_equal(sg_kmod_attrs(nlmsg_hdr(msg), tb, SIGNET_A_KEY_MAX),
			 0);
	assert_int_equal(nla_len(tb[SIGNET_A_KEY_SOFT_MS]), 4);
	assert_int_equal(nla_len(tb[SIGNET_A_KEY_HARD_MS]), 8);
	assert_int_equal(sg_kmod_uint(tb[SIGNET_A_KEY_SOFT_MS]), UINT32_MAX);
	assert_true(sg_kmod_uint(tb[SIGNET_A_KEY_HARD_MS]) == 1 + (1ULL << 40));
	nlmsg_free(msg);
}

static void text_of_the_kernel_is_one_line(void **state)
{
	struct nl_msg *msg = event(SIGNET_CMD_MODULE_GET);
	struct nlattr *tb[SIGNET_A_MODULE_MAX + 1];
	char text[8];

	sg_kmod_put(&km, msg, SIGNET_A_MODULE_WIRE_VERSION, "a\nb\0c", 5);
	sg_kmod_put(&km, msg, SIGNET_A_MODULE_ABI, "0123456789", 10);
	assert_int_equal(sg_kmod_attrs(nlmsg_hdr(msg), tb, SIGNET_A_MODULE_MAX),
			 0);
	sg_kmod_string(tb[SIGNET_A_MODULE_WIRE_VERSION], text, sizeof(text));
	assert_string_equal(text, "a b");
	sg_kmod_string(tb[SIGNET_A_MODULE_ABI], text, sizeof(text));
	assert_string_equal(text, "0123456");
	nlmsg_free(msg);
}

static void what_does_not_fit_is_not_sent(void **state)
{
	struct nl_msg *msg =
		sg_kmod_request(&km, SIGNET_CMD_PEER_NEW, 0, 7, 16);

	for (int i = 0; i < 16; i++)
		sg_kmod_put_u32(&km, msg, SIGNET_A_PEER_ID, 1);
	/* it would crash without a socket */
	assert_int_equal(sg_kmod_call(&km, msg, NULL, NULL, NULL), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_read_with_its_addresses),
		cmocka_unit_test(an_event_of_a_newer_module_is_no_error),
		cmocka_unit_test(every_event_has_a_name),
		cmocka_unit_test(
			a_message_without_room_for_a_header_is_refused),
		cmocka_unit_test(short_attributes_read_as_zero),
		cmocka_unit_test(
			large_numbers_take_eight_bytes_and_small_ones_four),
		cmocka_unit_test(text_of_the_kernel_is_one_line),
		cmocka_unit_test(what_does_not_fit_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
