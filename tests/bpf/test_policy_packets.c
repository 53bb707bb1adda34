// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which packets a peer may send: every kind of header, and what is wrong. */
#include "policy_lab.h"

#define ICMP4 1
#define ICMP6 58

static struct made m;
static const uint8_t payload[64] = "payload";

static void tcp(const struct shape *shape, uint16_t port)
{
	struct shape s = *shape;
	uint8_t h[20] = { 0 };

	s.proto = IPPROTO_TCP;
	put16(put16(h, SOURCE_PORT), port);
	h[12] = 5 << 4;
	make(&m, &s, h, sizeof(h));
}

static void udp(const struct shape *shape, uint16_t port)
{
	struct shape s = *shape;

	s.dport = port;
	make(&m, &s, payload, 16);
}

static void icmp(const struct shape *shape, uint8_t type)
{
	struct shape s = *shape;
	uint8_t h[16] = { type, 0, 0, 0, 0x12, 0x34 };

	s.proto = s.ip6 ? ICMP6 : ICMP4;
	make(&m, &s, h, sizeof(h));
}

static void what_is_allowed_passes_and_nothing_else(void **state)
{
	allow("tcp/5432, udp/5000-5010, icmp");
	for (int ip6 = 0; ip6 < 2; ip6++) {
		const struct shape s = { .ip6 = ip6 };
		static const uint8_t types[] = { 0, 3, 5, 8, 13, 128, 129, 2 };

		tcp(&s, 5432);
		in_passes(&m, RESTRICTED);
		for (uint32_t port = 5430; port < 5435; port++) {
			tcp(&s, port);
			if (port == 5432)
				in_passes(&m, RESTRICTED);
			else
				in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
			in_passes(&m, FREE);
		}
		udp(&s, 5432);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		for (uint32_t port = 4998; port < 5013; port++) {
			udp(&s, port);
			if (port >= 5000 && port <= 5010)
				in_passes(&m, RESTRICTED);
			else
				in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		}
		for (size_t i = 0; i < sizeof(types); i++) {
			icmp(&s, types[i]);
			in_passes(&m, RESTRICTED);
		}
	}
}

static void none_lets_nothing_in(void **state)
{
	allow("none");
	for (int ip6 = 0; ip6 < 2; ip6++) {
		const struct shape s = { .ip6 = ip6 };
		static const uint8_t other[] = { 4, 41, 47, 50, 132, 59, 255 };

		tcp(&s, 22);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		udp(&s, 53);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		icmp(&s, ip6 ? 128 : 8);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		for (size_t i = 0; i < sizeof(other); i++) {
			const struct shape x = { .ip6 = ip6,
						 .proto = other[i] };

			make(&m, &x, payload, 40);
			in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
			in_passes(&m, FREE);
		}
	}
}

static void who_is_not_known_gets_nothing(void **state)
{
	const struct shape s = { 0 };
	int in_fd;

	tcp(&s, 5432);
	/* before there is any policy */
	in_drops(&m, FREE, SIGNET_DROP_POLICY);
	out_passes(&m); /* no peer has the address */
	allow("tcp/5432");
	in_passes(&m, RESTRICTED);
	in_drops(&m, NEVER_SET, SIGNET_DROP_POLICY);
	in_drops(&m, 0, SIGNET_DROP_POLICY);
	/* without metadata */
	in_fd = bpf_program__fd(lab.policy->progs.signet_policy_in);
	assert_int_equal(test_run(in_fd, m.b, m.len, RESTRICTED), TC_ACT_SHOT);
	counted(SIGNET_DROP_POLICY);
	assert_int_equal(refused(POLICY_NOBODY, SIGNET_DROP_POLICY), 1);
	assert_int_equal(refused(0, SIGNET_DROP_POLICY), 1);
	lab.out_peer = NEVER_SET;
	policy_set();
	out_drops(&m, SIGNET_DROP_POLICY);
	lab.out_peer = POLICY_NOBODY;
	policy_set();
	out_passes(&m);
	lab.out_peer = FREE;
	policy_set();
	out_passes(&m);
}

static void options_and_extension_headers_are_passed_over(void **state)
{
	static const uint8_t chains[][6] = {
		{ 0 },
		{ 60 },
		{ 43 },
		{ 51 },
		{ 0, 60, 43, 51 },
		{ 0, 60, 60, 60, 60, 51 },
	};
	static const int lengths[] = { 1, 1, 1, 1, 4, 6 };
	static const uint8_t seven[7] = { 0, 60, 60, 60, 60, 60, 60 };

	allow("tcp/5432");
	for (int words = 0; words <= 10; words++) {
		const struct shape s = { .options = words };

		tcp(&s, 5432);
		in_passes(&m, RESTRICTED);
		tcp(&s, 5433);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const struct shape s = { .ip6 = true,
					 .extensions = chains[i],
					 .n_extensions = lengths[i] };

		tcp(&s, 5432);
		in_passes(&m, RESTRICTED);
		tcp(&s, 5433);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
	}
	const struct shape endless = { .ip6 = true,
				       .extensions = seven,
				       .n_extensions = 7 };
	tcp(&endless, 5432);
	in_drops(&m, RESTRICTED, SIGNET_DROP_INNER);
	out_drops(&m, SIGNET_DROP_INNER);
	in_passes(&m, FREE);
}

/* Further from the start than is read directly. */
static void a_long_extension_header_hides_nothing(void **state)
{
	static const uint8_t one[] = { 60 };
	const struct shape s = { .ip6 = true,
				 .extensions = one,
				 .n_extensions = 1 };
	uint8_t tail[20];

	allow("tcp/5432");
	for (uint16_t port = 5432; port <= 5433; port++) {
		tcp(&s, port);
		memcpy(tail, m.b + m.l4, sizeof(tail));
		m.b[m.l3 + 41] = 255; /* 2048 bytes */
		memset(m.b + m.l3 + 42, 0, 2046);
		memcpy(m.b + m.l3 + 40 + 2048, tail, sizeof(tail));
		put16(m.b + m.l3 + 4, 2048 + sizeof(tail));
		m.len = m.l3 + 40 + 2048 + sizeof(tail);
		if (port == 5432)
			in_passes(&m, RESTRICTED);
		else
			in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
	}
}

static void fragments_without_ports_pass_for_those_who_may_all(void **state)
{
	static const uint8_t fragment[] = { 44 };
	static const uint16_t later4[] = { 1, 0x2001, 0x1fff, 0x3fff };
	static const uint16_t later6[] = { 8, 9, 0xfff8, 0xfff9 };

	allow("tcp, udp, icmp");
	for (size_t i = 0; i < 4; i++) {
		const struct shape s4 = { .fragment = later4[i] };
		const struct shape s6 = { .ip6 = true,
					  .extensions = fragment,
					  .n_extensions = 1,
					  .fragment = later6[i] };

		tcp(&s4, 5432);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY_FRAGMENT);
		out_drops(&m, SIGNET_DROP_POLICY_FRAGMENT);
		in_passes(&m, FREE);
		tcp(&s6, 5432);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY_FRAGMENT);
		out_drops(&m, SIGNET_DROP_POLICY_FRAGMENT);
		in_passes(&m, FREE);
	}
	/* the first has ports, and an "atomic" one is whole */
	for (uint16_t more = 0; more < 2; more++) {
		const struct shape s4 = { .fragment = more << 13 };
		const struct shape s6 = { .ip6 = true,
					  .extensions = fragment,
					  .n_extensions = 1,
					  .fragment = more };

		udp(&s4, 53);
		in_passes(&m, RESTRICTED);
		udp(&s6, 53);
		in_passes(&m, RESTRICTED);
	}
	allow("ip");
	const struct shape s = { .fragment = 1 };
	tcp(&s, 1);
	in_passes(&m, RESTRICTED);
	out_passes(&m);
}

/* Each number of bytes: cut off, and as if it had been sent like that. */
static void cut_off(const struct shape *s, uint32_t least)
{
	struct made whole = m;

	for (uint32_t len = whole.l3 + 1; len < whole.len; len++) {
		m = whole;
		m.len = len;
		/* newer kernels take no short IP packets for a test */
		if (len < whole.l3 + 40)
			put16(m.b + 12, 0x88b5);
		in_drops(&m, RESTRICTED, SIGNET_DROP_INNER);
		put16(m.b + m.l3 + (s->ip6 ? 4 : 2),
		      len - m.l3 - (s->ip6 && len >= m.l3 + 40 ? 40 : 0));
		if (len < whole.l4 + least)
			in_drops(&m, RESTRICTED, SIGNET_DROP_INNER);
		else
			in_passes(&m, RESTRICTED);
	}
	in_passes(&whole, RESTRICTED);
}

static void what_is_cut_off_does_not_pass(void **state)
{
	static const uint8_t all[] = { 0, 60, 43, 51, 44 };
	const struct shape plain4 = { 0 }, options = { .options = 3 };
	const struct shape plain6 = { .ip6 = true };
	const struct shape many = { .ip6 = true,
				    .extensions = all,
				    .n_extensions = 5 };

	allow("tcp/5432, udp/53, icmp");
	for (int i = 0; i < 4; i++) {
		const struct shape *s[] = { &plain4, &options, &plain6, &many };

		tcp(s[i], 5432);
		cut_off(s[i], 4);
		udp(s[i], 53);
		cut_off(s[i], 4);
		icmp(s[i], s[i]->ip6 ? 128 : 8);
		cut_off(s[i], 8);
	}
}

static void lengths_that_do_not_fit_are_no_packets(void **state)
{
	allow("tcp/5432, udp/53");
	for (int ip6 = 0; ip6 < 2; ip6++) {
		struct shape s = { .ip6 = ip6, .ip_len = 1 };

		tcp(&s, 5432);
		in_drops(&m, RESTRICTED, SIGNET_DROP_INNER);
		out_drops(&m, SIGNET_DROP_INNER);
		/* shorter than what came: the rest is nobody's */
		s.ip_len = -16;
		tcp(&s, 5432);
		in_passes(&m, RESTRICTED);
		s.ip_len = -17;
		tcp(&s, 5432);
		in_drops(&m, RESTRICTED, SIGNET_DROP_INNER);
		/* UDP's own is for whoever receives it */
		for (int n = -8; n <= 8; n += 4) {
			const struct shape u = { .ip6 = ip6, .udp_len = n };

			udp(&u, 53);
			in_passes(&m, RESTRICTED);
			udp(&u, 54);
			in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		}
	}
	for (uint8_t ihl = 0; ihl < 5; ihl++) {
		const struct shape s = { 0 };

		tcp(&s, 5432);
		m.b[m.l3] = 0x40 | ihl;
		in_drops(&m, RESTRICTED, SIGNET_DROP_INNER);
	}
	for (int version = 0; version < 16; version++) {
		const struct shape s = { 0 };

		tcp(&s, 5432);
		m.b[m.l3] = version << 4 | 5;
		if (version == 4)
			in_passes(&m, RESTRICTED);
		else
			in_drops(&m, RESTRICTED, SIGNET_DROP_INNER);
	}
}

static void each_peer_has_counters_of_its_own(void **state)
{
	const struct shape s = { 0 }, part = { .fragment = 1 };

	allow("none");
	tcp(&s, 1);
	for (int i = 0; i < 3; i++)
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
	in_drops(&m, NEVER_SET, SIGNET_DROP_POLICY);
	in_passes(&m, FREE);
	tcp(&part, 1);
	in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY_FRAGMENT);
	assert_int_equal(refused(RESTRICTED, SIGNET_DROP_POLICY), 3);
	assert_int_equal(refused(RESTRICTED, SIGNET_DROP_POLICY_FRAGMENT), 1);
	assert_int_equal(refused(NEVER_SET, SIGNET_DROP_POLICY), 1);
	assert_int_equal(refused(FREE, SIGNET_DROP_POLICY), 0);
	/* each of what was put together on the way */
	lab.segments = 5;
	tcp(&s, 1);
	in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
	in_drops(&m, NEVER_SET + 1, SIGNET_DROP_POLICY);
	assert_int_equal(refused(RESTRICTED, SIGNET_DROP_POLICY), 8);
	assert_int_equal(refused(NEVER_SET + 1, SIGNET_DROP_POLICY), 5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_allowed_passes_and_nothing_else),
		T(none_lets_nothing_in),
		T(who_is_not_known_gets_nothing),
		T(options_and_extension_headers_are_passed_over),
		T(a_long_extension_header_hides_nothing),
		T(fragments_without_ports_pass_for_those_who_may_all),
		T(what_is_cut_off_does_not_pass),
		T(lengths_that_do_not_fit_are_no_packets),
		T(each_peer_has_counters_of_its_own),
	};

	return run_group(tests, sizeof(tests) / sizeof(tests[0]));
}
