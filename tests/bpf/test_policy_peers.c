// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who a packet goes to, the tables of ranges to their last entry, what several
 * packets in one count for, and maps that are full.
 */
#include "flow.h"

static void prefix_of(int map, uint32_t peer, uint32_t len, const char *text)
{
	struct policy_prefix p = { .len = len };

	assert_int_equal(inet_pton(AF_INET6, text, p.addr), 1);
	assert_int_equal(bpf_map_update_elem(map, &p, &peer, 0), 0);
}

/* 192.0.2.0/24 is RESTRICTED's, 2001:db8::/64 nobody's that is known. */
static void use_prefixes(void)
{
	int v = inner_map(BPF_MAP_TYPE_HASH, 4, sizeof(struct signet_verdicts));
	int p = inner_map(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct policy_prefix),
			  4);

	verdict_put(v, RESTRICTED, &lab.verdicts);
	prefix_of(p, RESTRICTED, 120, "::ffff:192.0.2.0");
	prefix_of(p, NEVER_SET, 64, "2001:db8::");
	/* whatever is not looked up as it should be ends here */
	prefix_of(p, NEVER_SET, 96, "::");
	policy_use(v, p);
}

static void the_longest_prefix_says_who(void **state)
{
	use_prefixes();
	l4(&families[0], IPPROTO_TCP, 40001, 443);
	out_passes(&m);
	assert_int_equal(entries(lab.policy->maps.flows), 1);
	m.b[m.l3 + 18] ^= 1; /* of the destination */
	out_passes(&m);
	l4(&families[1], IPPROTO_TCP, 40001, 443);
	out_drops(&m, SIGNET_DROP_POLICY);
	assert_int_equal(refused(NEVER_SET, SIGNET_DROP_POLICY), 1);
	m.b[m.l3 + 31] ^= 1;
	out_passes(&m);
	assert_int_equal(entries(lab.policy->maps.flows), 1);
}

/* Whose destination is not there goes to nobody, as the module will say. */
static void what_goes_out_is_cut_off(void **state)
{
	use_prefixes();
	for (int f = 0; f < 2; f++) {
		uint32_t header = f ? 40 : 20;
		struct made cut;

		allow("none");
		l4(&families[f], IPPROTO_TCP, 40001, 443);
		for (uint32_t n = 1; n < header + 4; n++) {
			cut = m;
			cut.len = m.l3 + n;
			/* newer kernels take no short IP packets for a test */
			put16(cut.b + 12, 0x88b5);
			if (n < header)
				out_passes(&cut);
			else
				out_drops(&cut, SIGNET_DROP_INNER);
		}
		for (int version = 0; version < 16; version++) {
			cut = m;
			cut.b[cut.l3] = version << 4 | (cut.b[cut.l3] & 15);
			if (version == (f ? 6 : 4))
				out_passes(&cut);
			else
				out_drops(&cut, SIGNET_DROP_INNER);
		}
	}
	assert_int_equal(entries(lab.policy->maps.flows), 2);
}

static void one_protocols_ranges_are_not_the_others(void **state)
{
	allow("tcp/22, tcp/30-31, udp/23, udp/1000");
	for (int p = 0; p < 2; p++) {
		static const uint16_t ports[] = { 0,	21,   22,   23, 24,
						  29,	30,   31,   32, 999,
						  1000, 1001, 65535 };

		for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
			uint16_t port = ports[i];
			bool may = p ? port == 23 || port == 1000
				     : port == 22 || port == 30 || port == 31;

			l4(&families[0], p ? IPPROTO_UDP : IPPROTO_TCP, port,
			   40000);
			if (may)
				in_passes(&answer, RESTRICTED);
			else
				in_drops(&answer, RESTRICTED,
					 SIGNET_DROP_POLICY);
		}
	}
	/* of none at all, none is right */
	allow("none");
	l4(&families[0], IPPROTO_TCP, 0, 40000);
	in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
}

/* @n_tcp of the ranges are TCP's, the rest UDP's: each has two ports, and one
 * lies between them.
 */
static void fill_ranges(uint8_t n_tcp)
{
	lab.verdicts.n_tcp = n_tcp;
	lab.verdicts.n_udp = SIGNET_POLICY_RANGES - n_tcp;
	for (int i = 0; i < SIGNET_POLICY_RANGES; i++) {
		uint16_t first = 100 + 3 * (i < n_tcp ? i : i - n_tcp);

		lab.verdicts.range[i] =
			(struct signet_port_range){ first, first + 1 };
	}
	lab.verdicts.generation++;
	policy_set();
}

static void a_full_table_is_read_to_its_ends(void **state)
{
	static const uint8_t n_tcp[] = { 0, 1, 31, 32, 63, 64 };

	for (size_t t = 0; t < sizeof(n_tcp); t++) {
		fill_ranges(n_tcp[t]);
		for (int p = 0; p < 2; p++) {
			int n = p ? lab.verdicts.n_udp : lab.verdicts.n_tcp;

			for (int at = -1; at < 3 * SIGNET_POLICY_RANGES + 2;
			     at++) {
				l4(&families[at & 1],
				   p ? IPPROTO_UDP : IPPROTO_TCP, 100 + at,
				   40000);
				if (at >= 0 && at < 3 * n && at % 3 != 2)
					in_passes(&answer, RESTRICTED);
				else
					in_drops(&answer, RESTRICTED,
						 SIGNET_DROP_POLICY);
			}
		}
	}
}

static struct policy_flow only_flow(struct bpf_map *map)
{
	struct signet_flow_key key;
	struct policy_flow f;

	assert_int_equal(entries(map), 1);
	assert_int_equal(bpf_map_get_next_key(fd_of(map), NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd_of(map), &key, &f), 0);
	return f;
}

/* What was put together on the way counts for as many as it was. */
static void each_segment_is_a_packet(void **state)
{
	struct policy_flow f;

	allow("none");
	l4(&families[0], IPPROTO_TCP, 40001, 443);
	lab.segments = 7;
	out_passes(&m);
	f = only_flow(lab.policy->maps.flows);
	assert_int_equal(f.packets, 7);
	assert_int_equal(f.bytes, 40);
	in_passes(&answer, RESTRICTED);
	lab.segments = 0;
	in_passes(&answer, RESTRICTED);
	f = only_flow(lab.policy->maps.flows);
	assert_int_equal(f.packets, 15);
	assert_int_equal(f.bytes, 120);
	assert_int_equal(f.verdict, POLICY_BEGUN);
}

static int few(void **state)
{
	return lab_open(512);
}

/* Peers fill what is theirs, and change nothing for anybody. */
static void where_what_peers_ask_is_full_verdicts_stay(void **state)
{
	struct made mine;

	allow("tcp/1-2000");
	l4(&families[0], IPPROTO_TCP, 40001, 443);
	mine = answer;
	out_passes(&m);
	for (uint16_t i = 0; i < 1500; i++) {
		l4(&families[i & 1], IPPROTO_TCP, 501 + i, 40000);
		in_passes(&answer, RESTRICTED);
		l4(&families[i & 1], IPPROTO_UDP, 501 + i, 40000);
		in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
	}
	assert_in_range(entries(lab.policy->maps.asked), 1, 512);
	in_passes(&mine, RESTRICTED);
	assert_int_equal(entries(lab.policy->maps.flows), 1);
}

/* The counters of so many peers are forgotten; what is dropped is counted. */
static void where_refusals_are_full_all_are_counted(void **state)
{
	struct policy_counters before, after;

	allow("none");
	sum_counters(&before);
	l4(&families[0], IPPROTO_TCP, 22, 40000);
	for (uint32_t peer = 1000; peer < 2500; peer++) {
		in_drops(&answer, peer, SIGNET_DROP_POLICY);
		assert_int_equal(refused(peer, SIGNET_DROP_POLICY), 1);
	}
	sum_counters(&after);
	assert_int_equal(after.dropped[SIGNET_DROP_POLICY] -
				 before.dropped[SIGNET_DROP_POLICY],
			 1500);
	assert_int_equal(refused(1000, SIGNET_DROP_POLICY), 0);
}

/* So many peers and prefixes as the agent made room for: the next is refused
 * there, and the others' packets find theirs.
 */
static void full_maps_of_a_policy_keep_what_they_have(void **state)
{
	struct signet_verdicts nothing = { 0 };
	int v = inner_map(BPF_MAP_TYPE_HASH, 4, sizeof(nothing));
	int p = inner_map(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct policy_prefix),
			  4);
	struct policy_prefix x = { .len = 128 };
	uint32_t peer = 100;

	lab.verdicts.flags = SIGNET_VERDICT_IP;
	verdict_put(v, RESTRICTED, &lab.verdicts);
	prefix_of(p, RESTRICTED, 120, "::ffff:192.0.2.0");
	for (int i = 1; i < 16; i++, peer++) {
		verdict_put(v, peer, &nothing);
		x.addr[0] = i;
		assert_int_equal(bpf_map_update_elem(p, &x, &peer, 0), 0);
	}
	x.addr[0] = 0;
	assert_true(bpf_map_update_elem(v, &peer, &nothing, 0) < 0);
	assert_true(bpf_map_update_elem(p, &x, &peer, 0) < 0);
	policy_use(v, p);
	l4(&families[0], IPPROTO_TCP, 22, 40000);
	in_passes(&answer, RESTRICTED);
	in_drops(&answer, 100, SIGNET_DROP_POLICY);
	out_passes(&m);
}

#define T(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_longest_prefix_says_who),
		T(what_goes_out_is_cut_off),
		T(one_protocols_ranges_are_not_the_others),
		T(a_full_table_is_read_to_its_ends),
		T(each_segment_is_a_packet),
		cmocka_unit_test_setup_teardown(
			where_what_peers_ask_is_full_verdicts_stay, few,
			lab_teardown),
		cmocka_unit_test_setup_teardown(
			where_refusals_are_full_all_are_counted, few,
			lab_teardown),
		T(full_maps_of_a_policy_keep_what_they_have),
	};

	return run_group(tests, sizeof(tests) / sizeof(tests[0]));
}
