// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What headers can be made to look like: fragments behind fragments, every type
 * of ICMP, quotes of what never was, lengths to the last byte.
 */
#include "flow.h"

/* Two fragment headers, of which one says that it is a later part. */
static void no_second_fragment_header_undoes_the_first(void **state)
{
	static const uint8_t two[] = { 44, 44 };
	const struct shape s = { .ip6 = true,
				 .extensions = two,
				 .n_extensions = 2 };

	allow("tcp, udp, icmp");
	l4(&s, IPPROTO_TCP, 22, 40000);
	in_passes(&m, RESTRICTED);
	for (int at = 0; at < 2; at++) {
		l4(&s, IPPROTO_TCP, 22, 40000);
		put16(m.b + m.l3 + 40 + 8 * at + 2, 8);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY_FRAGMENT);
		out_drops(&m, SIGNET_DROP_POLICY_FRAGMENT);
	}
}

/* Behind a later part is no header, whatever it looks like. */
static void a_later_fragment_has_no_more_headers(void **state)
{
	static const uint8_t x[] = { 44, 60, 60, 60, 60, 60, 60, 60 };

	allow("tcp");
	for (int n = 1; n <= 8; n++) {
		const struct shape s = { .ip6 = true,
					 .extensions = x,
					 .n_extensions = n,
					 .fragment = 8 };

		l4(&s, IPPROTO_TCP, 22, 40000);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY_FRAGMENT);
		m.len = m.l3 + 48; /* nor anything else */
		put16(m.b + m.l3 + 4, 8);
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY_FRAGMENT);
	}
}

static bool is_error(int f, int type)
{
	return f ? type >= 1 && type <= 4
		 : type == 3 || type == 11 || type == 12;
}

static void of_icmp_errors_alone_quote(void **state)
{
	static struct made e;

	allow("none");
	for (int f = 0; f < 2; f++) {
		l4(&families[f], IPPROTO_TCP, 40001, 443);
		out_passes(&m);
		for (int type = 0; type < 256; type++) {
			error_about(&e, &m, &families[f], type, f ? 48 : 28);
			if (is_error(f, type))
				in_passes(&e, RESTRICTED);
			else
				in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		}
	}
	/* some of it was asked for, none of it begun */
	assert_int_equal(entries(lab.policy->maps.flows), 2);
}

/* One family's ICMP in the other is a protocol like any other. */
static void icmp_belongs_to_its_family(void **state)
{
	uint8_t h[16] = { 0 };

	allow("icmp");
	for (int f = 0; f < 2; f++) {
		struct shape s = { .ip6 = f, .proto = f ? 1 : 58 };

		for (int type = 0; type < 256; type++) {
			h[0] = type;
			make(&m, &s, h, sizeof(h));
			in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
			s.proto = f ? 58 : 1;
			make(&m, &s, h, sizeof(h));
			/* what quotes nothing is not taken for an error */
			in_passes(&m, RESTRICTED);
			s.proto = f ? 1 : 58;
		}
	}
}

/* What has no ports is not let in by ports: identifiers are none either. */
static void ports_let_in_errors_about_ports_alone(void **state)
{
	static struct made e;
	uint8_t inside[16] = { 0 };
	uint32_t before;

	allow("tcp, udp");
	for (int f = 0; f < 2; f++) {
		struct shape s = families[f];
		uint32_t header = f ? 40 : 20;

		echo(&families[f], 0x77, false);
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		s.proto = 47;
		make(&m, &s, inside, sizeof(inside));
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		/* but its flow does */
		out_passes(&m);
		in_passes(&e, RESTRICTED);
		/* a part without ports is not quoted */
		s = (struct shape){ .fragment = f ? 8 : 1, .ip6 = f };
		s.extensions = (const uint8_t[]){ 44 };
		s.n_extensions = f;
		l4(&s, IPPROTO_TCP, 22, 40000);
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 20);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		/* who may ICMP may tell of anything, and leaves no flow */
		allow("icmp");
		before = entries(lab.policy->maps.asked);
		l4(&families[f], IPPROTO_TCP, 40000 + f, 1);
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		in_passes(&e, RESTRICTED);
		assert_int_equal(entries(lab.policy->maps.asked), before);
		allow("tcp, udp");
	}
}

/* Not even of what the peer may ask for: nobody answers in the other family. */
static void errors_quote_their_own_family(void **state)
{
	static struct made e;

	allow("tcp/5432");
	for (int f = 0; f < 2; f++) {
		uint32_t header = f ? 40 : 20;

		l4(&families[f], IPPROTO_TCP, 5432, 40000);
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		in_passes(&e, RESTRICTED);
		error_about(&e, &m, &families[!f], f ? 3 : 1, header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
	}
}

/* Other types have something else where an echo has its identifier. */
static void replies_alone_answer_an_echo(void **state)
{
	allow("none");
	for (int f = 0; f < 2; f++) {
		echo(&families[f], 0x1234, false);
		out_passes(&m);
		turn(&m, f);
		put16(m.b + m.l4 + 4, 0x1234);
		for (int type = 0; type < 256; type++) {
			m.b[m.l4] = type;
			if (type == (f ? 129 : 0))
				in_passes(&m, RESTRICTED);
			else
				in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		}
	}
}

/* The quote is read as far as the error goes, not what lies behind it. */
static void a_quote_ends_with_its_packet(void **state)
{
	static struct made e;

	allow("none");
	for (int f = 0; f < 2; f++) {
		uint32_t header = f ? 40 : 20;

		l4(&families[f], IPPROTO_TCP, 40001, 443);
		out_passes(&m);
		for (int less = 0; less <= 8; less++) {
			struct shape s = families[f];

			s.ip_len = -less;
			error_about(&e, &m, &s, f ? 1 : 3, header + 8);
			if (less <= 4)
				in_passes(&e, RESTRICTED);
			else
				in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		}
		/* how long it was itself nobody can see any more */
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		put16(e.b + e.payload + 8 + (f ? 4 : 2), 65535);
		in_passes(&e, RESTRICTED);
		/* IPv4's own header is in it, and what it quotes has one */
		if (f)
			continue;
		put16(e.b + e.payload + 8 + 2, 19);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		put16(e.b + e.payload + 8 + 2, 40);
		e.b[e.payload + 8] = 0x44;
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
	}
}

/* A protocol that is not looked into needs nothing behind its IP header. */
static void an_empty_packet_is_one(void **state)
{
	uint8_t inside[16] = { 0 };

	allow("none");
	for (int f = 0; f < 2; f++) {
		struct shape s = { .ip6 = f, .proto = 47, .ip_len = -16 };

		make(&m, &s, inside, sizeof(inside));
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		out_passes(&m);
		if (f)
			continue;
		s.ip_len = -17;
		make(&m, &s, inside, sizeof(inside));
		in_drops(&m, RESTRICTED, SIGNET_DROP_INNER);
		out_drops(&m, SIGNET_DROP_INNER);
	}
}

static struct policy_flow asked_of(uint16_t local, uint16_t remote)
{
	struct signet_flow_key key = { .peer = RESTRICTED,
				       .proto = 1,
				       .local_port = htons(local),
				       .remote_port = htons(remote) };
	struct policy_flow f = { 0 };

	/* of what the peer sent */
	memcpy(key.remote, m.b + m.l3 + 12, 4);
	memcpy(key.local, m.b + m.l3 + 16, 4);
	assert_int_equal(
		bpf_map_lookup_elem(fd_of(lab.policy->maps.asked), &key, &f),
		0);
	return f;
}

/* A peer's echo and our reply to it are one flow, where it may ask. */
static void an_allowed_echo_is_a_flow(void **state)
{
	struct made reply;
	struct policy_flow f;

	allow("icmp");
	echo(&families[0], 0x99, true);
	reply = m;
	turn(&reply, false);
	memcpy(reply.b + reply.l4, m.b + m.l4, 4);
	echo(&families[0], 0x99, false);
	in_passes(&m, RESTRICTED);
	f = asked_of(0, 0x99);
	assert_int_equal(f.packets, 1);
	assert_int_equal(f.verdict, POLICY_ALLOWED);
	out_passes(&reply);
	assert_int_equal(asked_of(0, 0x99).packets, 2);
	assert_int_equal(entries(lab.policy->maps.asked), 1);
	/* where it may not, our reply is nothing to be noted */
	allow("none");
	out_passes(&reply);
	assert_int_equal(asked_of(0, 0x99).packets, 2);
	assert_int_equal(entries(lab.policy->maps.asked), 1);
	assert_int_equal(entries(lab.policy->maps.flows), 0);
	in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
	assert_int_equal(asked_of(0, 0x99).verdict, POLICY_DENIED);
}

/* What of ICMP is neither asked nor answered goes out and leaves nothing. */
static void other_icmp_goes_out_without_a_flow(void **state)
{
	uint8_t h[16] = { 0 };

	allow("none");
	for (int f = 0; f < 2; f++) {
		struct shape s = { .ip6 = f, .proto = f ? 58 : 1 };

		for (int type = 0; type < 256; type++) {
			if (type == (f ? 128 : 8))
				continue;
			h[0] = type;
			make(&m, &s, h, sizeof(h));
			out_passes(&m);
		}
	}
	assert_int_equal(entries(lab.policy->maps.flows), 0);
	assert_int_equal(entries(lab.policy->maps.asked), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_second_fragment_header_undoes_the_first),
		T(a_later_fragment_has_no_more_headers),
		T(of_icmp_errors_alone_quote),
		T(icmp_belongs_to_its_family),
		T(ports_let_in_errors_about_ports_alone),
		T(errors_quote_their_own_family),
		T(replies_alone_answer_an_echo),
		T(a_quote_ends_with_its_packet),
		T(an_empty_packet_is_one),
		T(an_allowed_echo_is_a_flow),
		T(other_icmp_goes_out_without_a_flow),
	};

	return run_group(tests, sizeof(tests) / sizeof(tests[0]));
}
