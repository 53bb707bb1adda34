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
	/* errors come from wherever they happen */
	for (int type = 0; type < 128; type++) {
		icmp[0] = type;
		make(&m,
		     &(struct shape){ .ip6 = true, .proto = IPPROTO_ICMPV6 },
		     icmp, sizeof(icmp));
		passes(&m, GATE_PASS_ALLOWED);
	}
	/* from farther away it is no neighbour's */
	icmp[0] = 135;
	make(&m,
	     &(struct shape){
		     .ip6 = true, .proto = IPPROTO_ICMPV6, .hop_limit = 254 },
	     icmp, sizeof(icmp));
	drops(&m, SIGNET_DROP_STRICT);

	/* each family has its own */
	for (int type = 0; type < 256; type++) {
		icmp[0] = type;
		make(&m, &(struct shape){ .proto = IPPROTO_ICMPV6 }, icmp,
		     sizeof(icmp));
		drops(&m, SIGNET_DROP_STRICT);
		make(&m,
		     &(struct shape){ .ip6 = true,
				      .proto = IPPROTO_ICMP,
				      .hop_limit = 255 },
		     icmp, sizeof(icmp));
		drops(&m, SIGNET_DROP_STRICT);
	}
	/* of a part, nobody can tell */
	icmp[0] = 3;
	for (int part = 1; part <= 0x2000; part += 0x1fff) {
		make(&m,
		     &(struct shape){ .proto = IPPROTO_ICMP, .fragment = part },
		     icmp, sizeof(icmp));
		drops(&m, SIGNET_DROP_STRICT);
		make(&m, &(struct shape){ .dport = 68, .fragment = part }, icmp,
		     32);
		drops(&m, SIGNET_DROP_STRICT);
	}
	/* cut off before its checksum's end */
	for (int n = 0; n < 4; n++) {
		make(&m, &(struct shape){ .proto = IPPROTO_ICMP }, icmp, n);
		drops(&m, SIGNET_DROP_STRICT);
	}
	make(&m, &(struct shape){ .proto = IPPROTO_ICMP }, icmp, 4);
	passes(&m, GATE_PASS_ALLOWED);

	make(&m, &(struct shape){ .dport = 546 }, icmp, 32);
	drops(&m, SIGNET_DROP_STRICT);
	make(&m, &(struct shape){ .ip6 = true, .dport = 68 }, icmp, 32);
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

/* Which ports, of what, and from where: to the last number and bit. */
static void rules_are_read_to_the_letter(void **state)
{
	static const struct {
		uint16_t first, last;
	} none[] = { { 0, 65534 }, { 1, 65535 } };
	uint8_t tcp[20] = { 0x30, 0x39, 0, 22 };
	struct shape s = { .proto = IPPROTO_TCP };
	struct made m;

	/* of any family and protocol */
	allow((struct gate_allow){ .first = 20, .last = 22 });
	for (int ip6 = 0; ip6 < 2; ip6++) {
		s.ip6 = ip6;
		for (int port = 18; port < 25; port++) {
			tcp[3] = port;
			make(&m, &s, tcp, sizeof(tcp));
			if (port >= 20 && port <= 22)
				passes(&m, GATE_PASS_ALLOWED);
			else
				drops(&m, SIGNET_DROP_STRICT);
		}
		make(&m, &(struct shape){ .ip6 = ip6, .dport = 22 }, tcp, 20);
		passes(&m, GATE_PASS_ALLOWED);
		/* what has no ports, or is cut off before them */
		make(&m, &(struct shape){ .ip6 = ip6, .proto = 132 }, tcp, 20);
		m.b[m.l4 + 3] = 22;
		drops(&m, SIGNET_DROP_STRICT);
		tcp[3] = 22;
		for (int n = 0; n < 4; n++) {
			make(&m, &s, tcp, n);
			drops(&m, SIGNET_DROP_STRICT);
		}
		make(&m, &s, tcp, 4);
		passes(&m, GATE_PASS_ALLOWED);
	}
	/* the first part has its ports, a later one has none */
	make(&m, &(struct shape){ .proto = IPPROTO_TCP, .fragment = 0x2000 },
	     tcp, sizeof(tcp));
	passes(&m, GATE_PASS_ALLOWED);
	for (int i = 0; i < 2; i++) {
		allow((struct gate_allow){ .first = none[i].first,
					   .last = none[i].last });
		make(&m, &(struct shape){ .proto = 132 }, tcp, sizeof(tcp));
		drops(&m, SIGNET_DROP_STRICT);
	}
	/* all that is IP */
	allow((struct gate_allow){ .last = 65535 });
	passes(&m, GATE_PASS_ALLOWED);
	memcpy(m.b + 12, "\x88\xcc", 2);
	drops(&m, SIGNET_DROP_STRICT);
	/* a list that is shorter again has no more than it says */
	lab.settings.n_allow = 3;
	settings_use();
	make(&m, &(struct shape){ .proto = 132 }, tcp, sizeof(tcp));
	drops(&m, SIGNET_DROP_STRICT);
}

/* The same bytes are another address in the other family. */
static void a_rule_is_for_its_family(void **state)
{
	const uint8_t tcp[20] = { 0 };

	for (int rule = 0; rule < 2; rule++) {
		for (int prefix = 0; prefix < 2; prefix++) {
			lab.settings.n_allow = 0;
			allow((struct gate_allow){
				.family = rule ? AF_INET6 : AF_INET,
				.last = 65535,
				.prefix = { prefix ? htonl(0x20010db8) : 0 },
				.mask = { prefix ? ~0u : 0 } });
			for (int ip6 = 0; ip6 < 2; ip6++) {
				struct made m;

				make(&m,
				     &(struct shape){ .proto = IPPROTO_TCP,
						      .ip6 = ip6 },
				     tcp, sizeof(tcp));
				if (!ip6)
					memcpy(m.b + m.l3 + 12,
					       "\x20\x01\x0d\xb8", 4);
				if (ip6 == rule)
					passes(&m, GATE_PASS_ALLOWED);
				else
					drops(&m, SIGNET_DROP_STRICT);
			}
		}
	}
}

static void each_bit_of_a_rules_prefix_counts(void **state)
{
	const uint8_t tcp[20] = { 0 };

	for (int ip6 = 0; ip6 < 2; ip6++) {
		struct shape s = { .proto = IPPROTO_TCP, .ip6 = ip6 };
		struct gate_allow rule = { .last = 65535 };
		size_t n = ip6 ? 16 : 4;
		struct made m;
		uint8_t *from;

		make(&m, &s, tcp, sizeof(tcp));
		from = m.b + m.l3 + (ip6 ? 8 : 12);
		memcpy(rule.prefix, from, n);
		memset(rule.mask, 0xff, n);
		lab.settings.n_allow = 0;
		allow(rule);
		passes(&m, GATE_PASS_ALLOWED);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			from[bit / 8] ^= 1 << bit % 8;
			drops(&m, SIGNET_DROP_STRICT);
			from[bit / 8] ^= 1 << bit % 8;
		}
	}
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
	static const uint8_t x[] = { 0, 60, 43, 51, 44 };
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
		m.b[m.l3] ^= 0x10;
		if (ip6)
			continue;
		for (int ihl = 0; ihl < 5; ihl++) {
			m.b[m.l3] = 0x40 | ihl;
			drops(&m, SIGNET_DROP_OUTER);
		}
		for (int ihl = 5; ihl < 16; ihl++) {
			m.b[m.l3] = 0x40 | ihl;
			put16(m.b + m.l3 + 2, 4 * ihl - 1);
			drops(&m, SIGNET_DROP_OUTER);
			put16(m.b + m.l3 + 2, 4 * ihl);
			passes(&m, GATE_PASS_ALLOWED);
		}
	}
	/* and among extension headers */
	make(&m,
	     &(struct shape){ .proto = IPPROTO_TCP,
			      .ip6 = true,
			      .extensions = x,
			      .n_extensions = sizeof(x) },
	     tcp, sizeof(tcp));
	allow((struct gate_allow){ .last = 65535 });
	passes(&m, GATE_PASS_ALLOWED);
	for (m.len = m.l4 - 1; m.len >= m.l3; m.len--)
		drops(&m, SIGNET_DROP_OUTER);
	/* between the tags: no IP, and no ARP */
	make(&m, &(struct shape){ .vlans = 2 }, tcp, sizeof(tcp));
	for (m.len = 14; m.len < 22; m.len++)
		drops(&m, SIGNET_DROP_STRICT);
	drops(&m, SIGNET_DROP_OUTER);
}

static struct gate_event event;

static int on_event(void *ctx, void *data, size_t size)
{
	assert_int_equal(size, sizeof(event));
	event = *(struct gate_event *)data;
	++*(unsigned int *)ctx;
	return 0;
}

/* What is not Signet's is shown with what is known of it. */
static void drops_of_others_are_sampled(void **state)
{
	const uint8_t tcp[20] = { 0x30, 0x39, 0, 22 };
	struct ring_buffer *ring;
	unsigned int n = 0;
	struct made m;

	ring = ring_buffer__new(fd_of(lab.gate->maps.events), on_event, &n,
				NULL);
	assert_non_null(ring);
	lab.gate->data->control.sampled = true;
	for (int ip6 = 0; ip6 < 2; ip6++) {
		make(&m, &(struct shape){ .proto = IPPROTO_TCP, .ip6 = ip6 },
		     tcp, sizeof(tcp));
		drops(&m, SIGNET_DROP_STRICT);
		ring_buffer__consume(ring);
		assert_int_equal(event.reason, SIGNET_DROP_STRICT);
		assert_int_equal(event.family, ip6 ? AF_INET6 : AF_INET);
		assert_int_equal(event.port, htons(22));
		assert_int_equal(event.source_port, 0);
		assert_int_equal(event.label, 0);
		assert_int_equal(event.length, m.len);
		assert_memory_equal(event.source, m.b + m.l3 + (ip6 ? 8 : 12),
				    ip6 ? 16 : 4);
	}
	/* no IP */
	memcpy(m.b + 12, "\x88\xcc", 2);
	drops(&m, SIGNET_DROP_STRICT);
	ring_buffer__consume(ring);
	assert_int_equal(event.family, 0);
	assert_int_equal(event.port, 0);
	assert_int_equal(n, 3);
	ring_buffer__free(ring);
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
		strict_test(rules_are_read_to_the_letter),
		strict_test(a_rule_is_for_its_family),
		strict_test(each_bit_of_a_rules_prefix_counts),
		strict_test(fragments_pass_by_rules_without_ports),
		strict_test(the_whole_list_is_read),
		strict_test(malformed_packets_are_dropped),
		strict_test(drops_of_others_are_sampled),
		strict_test(a_trial_ends_by_itself),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
