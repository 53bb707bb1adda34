// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Strict mode: nothing passes but Signet and what is on the list. */
#include <time.h>

#include "gate_lab.h"

static void allow(struct gate_allow rule)
{
	lab.settings.allow[lab.settings.n_allow++] = rule;
	settings_use();
}

static void signet_passes_as_ever(void **state)
{
	uint8_t f[100];
	struct made m;

	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL);
	make(&m, &(struct shape){ 0 }, f, sizeof(f));
	passes(&m, GATE_PASS_PACKET);
	m.b[m.payload + 20] ^= 1;
	drops(&m, SIGNET_DROP_HOP_TAG);
}

/* A scan of every port finds none. */
static void each_port_is_closed(void **state)
{
	const uint8_t tcp[20] = { 0 };
	uint8_t f[100] = { 0 };
	struct made m;

	for (int port = 1; port < 65536; port++) {
		struct shape s = { .dport = port, .ip6 = port & 1 };

		if (port == PORT || port == 4 || port == (s.ip6 ? 546 : 68))
			continue;
		make(&m, &s, f, sizeof(f));
		assert_int_equal(run(m.b, m.len), XDP_DROP);
	}
	for (int port = 1; port < 65536; port += 7) {
		make(&m, &(struct shape){ .proto = IPPROTO_TCP }, tcp,
		     sizeof(tcp));
		m.b[m.l4 + 2] = port >> 8;
		m.b[m.l4 + 3] = port;
		drops(&m, SIGNET_DROP_STRICT);
	}
	for (int proto = 0; proto < 256; proto++) {
		if (proto == IPPROTO_UDP)
			continue;
		make(&m, &(struct shape){ .proto = proto }, f, sizeof(f));
		if (proto)
			drops(&m, SIGNET_DROP_STRICT);
	}
}

static void what_a_network_needs_passes(void **state)
{
	uint8_t icmp[32] = { 0 };
	struct made m;

	make(&m, &(struct shape){ 0 }, icmp, sizeof(icmp));
	memcpy(m.b + 12, "\x08\x06", 2); /* ARP */
	passes(&m, GATE_PASS_ALLOWED);
	memcpy(m.b + 12, "\x88\xcc", 2);
	drops(&m, SIGNET_DROP_STRICT);

	for (int type = 0; type < 256; type++) {
		icmp[0] = type;
		make(&m, &(struct shape){ .proto = IPPROTO_ICMP }, icmp,
		     sizeof(icmp));
		if (type == 3)
			passes(&m, GATE_PASS_ALLOWED);
		else
			drops(&m, SIGNET_DROP_STRICT);
		make(&m,
		     &(struct shape){ .ip6 = true,
				      .proto = IPPROTO_ICMPV6,
				      .hop_limit = 255 },
		     icmp, sizeof(icmp));
		if (type < 128 || (type >= 133 && type <= 137))
			passes(&m, GATE_PASS_ALLOWED);
		else
			drops(&m, SIGNET_DROP_STRICT);
	}
	/* from farther away it is no neighbour's */
	icmp[0] = 135;
	make(&m,
	     &(struct shape){
		     .ip6 = true, .proto = IPPROTO_ICMPV6, .hop_limit = 254 },
	     icmp, sizeof(icmp));
	drops(&m, SIGNET_DROP_STRICT);

	make(&m, &(struct shape){ .sport = 67, .dport = 68 }, icmp, 32);
	passes(&m, GATE_PASS_ALLOWED);
	make(&m, &(struct shape){ .ip6 = true, .sport = 547, .dport = 546 },
	     icmp, 32);
	passes(&m, GATE_PASS_ALLOWED);
}

static void a_rule_lets_pass_what_it_says(void **state)
{
	const uint8_t tcp[20] = { 0x30, 0x39, 0, 22 };
	struct shape s = { .proto = IPPROTO_TCP };
	struct made m;

	make(&m, &s, tcp, sizeof(tcp));
	drops(&m, SIGNET_DROP_STRICT);
	/* tcp/20-22 from 192.0.2.0/25 */
	allow((struct gate_allow){ .family = AF_INET,
				   .proto = IPPROTO_TCP,
				   .first = 20,
				   .last = 22,
				   .prefix = { htonl(0xc0000200) },
				   .mask = { htonl(0xffffff80) } });
	passes(&m, GATE_PASS_ALLOWED);
	m.b[m.l4 + 3] = 23;
	drops(&m, SIGNET_DROP_STRICT);
	s.source = 128;
	make(&m, &s, tcp, sizeof(tcp));
	drops(&m, SIGNET_DROP_STRICT);
	s = (struct shape){ .dport = 22 };
	make(&m, &s, tcp, sizeof(tcp));
	drops(&m, SIGNET_DROP_STRICT);
	s = (struct shape){ .ip6 = true, .proto = IPPROTO_TCP };
	make(&m, &s, tcp, sizeof(tcp));
	drops(&m, SIGNET_DROP_STRICT);
	/* tcp/22 from 2001:db8::/127 */
	allow((struct gate_allow){
		.family = AF_INET6,
		.proto = IPPROTO_TCP,
		.first = 22,
		.last = 22,
		.prefix = { htonl(0x20010db8) },
		.mask = { ~0u, ~0u, ~0u, htonl(0xfffffffe) } });
	passes(&m, GATE_PASS_ALLOWED);
	s.source = 2;
	make(&m, &s, tcp, sizeof(tcp));
	drops(&m, SIGNET_DROP_STRICT);
}

/* A fragment shows no port: only a rule without ports lets it pass. */
static void fragments_pass_by_rules_without_ports(void **state)
{
	const uint8_t tcp[20] = { 0x30, 0x39, 0, 22 };
	struct shape s = { .proto = IPPROTO_TCP, .fragment = 0x2001 };
	struct made m;

	make(&m, &s, tcp, sizeof(tcp));
	allow((struct gate_allow){
		.proto = IPPROTO_TCP, .first = 22, .last = 22 });
	drops(&m, SIGNET_DROP_STRICT);
	allow((struct gate_allow){ .proto = IPPROTO_TCP, .last = 65535 });
	passes(&m, GATE_PASS_ALLOWED);
}

static void the_whole_list_is_read(void **state)
{
	const uint8_t tcp[20] = { 0x30, 0x39, 0, 22 };
	struct shape s = { .proto = IPPROTO_TCP };
	struct made m;

	make(&m, &s, tcp, sizeof(tcp));
	for (int i = 1; i < GATE_ALLOW; i++)
		allow((struct gate_allow){ .proto = IPPROTO_TCP,
					   .first = 1000 + i,
					   .last = 1000 + i });
	drops(&m, SIGNET_DROP_STRICT);
	allow((struct gate_allow){
		.proto = IPPROTO_TCP, .first = 22, .last = 22 });
	passes(&m, GATE_PASS_ALLOWED);
}

/* Whatever is cut off or malformed has no business here. */
static void malformed_packets_are_dropped(void **state)
{
	const uint8_t tcp[20] = { 0x30, 0x39, 0, 22 };
	struct made m;

	allow((struct gate_allow){ .proto = IPPROTO_TCP, .last = 65535 });
	for (int ip6 = 0; ip6 < 2; ip6++) {
		struct shape s = { .proto = IPPROTO_TCP, .ip6 = ip6 };
		uint32_t whole;

		make(&m, &s, tcp, sizeof(tcp));
		whole = m.len;
		passes(&m, GATE_PASS_ALLOWED);
		for (m.len = 14; m.len < m.l4; m.len++)
			drops(&m, SIGNET_DROP_OUTER);
		m.len = whole;
		m.b[m.l3] ^= 0x10; /* version */
		drops(&m, SIGNET_DROP_OUTER);
	}
}

/* Nobody is locked out for longer than was said, whoever is there to undo it. */
static void a_trial_ends_by_itself(void **state)
{
	struct timespec now;
	uint8_t f[100] = { 0 };
	struct made m;

	make(&m, &(struct shape){ .dport = 53 }, f, sizeof(f));
	clock_gettime(CLOCK_BOOTTIME, &now);
	lab.gate->data->control.trial_ends = (now.tv_sec + 100) * 1000000000ULL;
	drops(&m, SIGNET_DROP_STRICT);
	lab.gate->data->control.trial_ends = now.tv_sec * 1000000000ULL;
	passes(&m, GATE_PASS_OTHER);
	lab.gate->data->control.trial_ends = 0;
	drops(&m, SIGNET_DROP_STRICT);
}

int main(void)
{
#define strict_test(f)                                                       \
	cmocka_unit_test_prestate_setup_teardown(f, lab_setup, lab_teardown, \
						 "strict")
	const struct CMUnitTest tests[] = {
		strict_test(signet_passes_as_ever),
		strict_test(each_port_is_closed),
		strict_test(what_a_network_needs_passes),
		strict_test(a_rule_lets_pass_what_it_says),
		strict_test(fragments_pass_by_rules_without_ports),
		strict_test(the_whole_list_is_read),
		strict_test(malformed_packets_are_dropped),
		strict_test(a_trial_ends_by_itself),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
