// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Answers: what is let in since it was begun here, and for how long. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "flow.h"

static void answers_come_in_once_the_flow_was_begun(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	allow("tcp/5432");
	for (int f = 0; f < 2; f++) {
		for (int p = 0; p < 2; p++) {
			l4(&families[f], protos[p], 40001, 443);
			in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
			out_passes(&m);
			in_passes(&answer, RESTRICTED);
			/* beside it */
			put16(answer.b + answer.l4, 444);
			in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
			put16(answer.b + answer.l4, 443);
			put16(answer.b + answer.l4 + 2, 40002);
			in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
			put16(answer.b + answer.l4 + 2, 40001);
			answer.b[answer.l3 + (f ? 23 : 15)] ^= 1;
			in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
		}
	}
}

static void a_flow_belongs_to_one_peer(void **state)
{
	struct signet_verdicts nothing = { 0 };
	int v, p;

	allow("none");
	l4(&families[0], IPPROTO_TCP, 40001, 443);
	out_passes(&m);
	in_passes(&answer, RESTRICTED);
	in_drops(&answer, NEVER_SET, SIGNET_DROP_POLICY);
	v = inner_map(BPF_MAP_TYPE_HASH, 4, sizeof(nothing));
	p = inner_map(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct policy_prefix), 4);
	verdict_put(v, RESTRICTED, &lab.verdicts);
	verdict_put(v, 5, &nothing);
	policy_use(v, p);
	in_drops(&answer, 5, SIGNET_DROP_POLICY);
	in_passes(&answer, RESTRICTED);
}

static void other_protocols_have_flows_without_ports(void **state)
{
	for (int f = 0; f < 2; f++) {
		struct shape s = families[f];
		uint8_t inside[16] = { 1, 2, 3, 4 };

		allow("none");
		s.proto = 47;
		make(&m, &s, inside, sizeof(inside));
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		out_passes(&m);
		answer = m;
		turn(&answer, f);
		in_passes(&answer, RESTRICTED);
	}
}

static void echoes_are_known_by_their_identifier(void **state)
{
	allow("none");
	for (int f = 0; f < 2; f++) {
		struct made reply;

		echo(&families[f], 0x1234, true);
		reply = m;
		turn(&reply, f);
		memcpy(reply.b + reply.l4, m.b + m.l4, 4);
		in_drops(&reply, RESTRICTED, SIGNET_DROP_POLICY);
		echo(&families[f], 0x1234, false);
		out_passes(&m);
		in_passes(&reply, RESTRICTED);
		/* a request from there is none of ours, nor another reply */
		in_drops(&m, RESTRICTED, SIGNET_DROP_POLICY);
		put16(reply.b + reply.l4 + 4, 0x1235);
		in_drops(&reply, RESTRICTED, SIGNET_DROP_POLICY);
		/* a reply of ours lets nothing in */
		echo(&families[f], 7, true);
		out_passes(&m);
		answer = m;
		turn(&answer, f);
		memcpy(answer.b + answer.l4, m.b + m.l4, 4);
		in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
		assert_int_equal(entries(lab.policy->maps.flows), f + 1);
	}
}

static void errors_pass_if_they_quote_a_flow(void **state)
{
	static const uint8_t errors[2][4] = { { 3, 11, 12, 3 },
					      { 1, 2, 3, 4 } };
	static struct made e;

	allow("none");
	for (int f = 0; f < 2; f++) {
		uint32_t header = f ? 40 : 20;

		l4(&families[f], IPPROTO_TCP, 40001 + f, 443);
		error_about(&e, &m, &families[f], errors[f][0], header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		out_passes(&m);
		for (int i = 0; i < 4; i++) {
			error_about(&e, &m, &families[f], errors[f][i],
				    header + 8);
			in_passes(&e, RESTRICTED);
		}
		/* as far as the ports, not less */
		for (uint32_t n = 0; n < header + 8; n++) {
			error_about(&e, &m, &families[f], errors[f][0], n);
			if (n < header + 4)
				in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
			else
				in_passes(&e, RESTRICTED);
		}
		/* what the peer sent is nothing to be told about */
		error_about(&e, &answer, &families[f], errors[f][0],
			    header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		/* redirects and the like are no errors */
		error_about(&e, &m, &families[f], f ? 137 : 5, header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		/* of the other family */
		error_about(&e, &m, &families[!f], errors[!f][0], header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		/* ours have no answer */
		error_about(&e, &answer, &families[f], errors[f][0],
			    header + 8);
		out_passes(&e);
		assert_int_equal(entries(lab.policy->maps.flows), f + 1);
	}
}

static void errors_about_echoes_and_errors(void **state)
{
	static struct made e, first;

	allow("none");
	for (int f = 0; f < 2; f++) {
		uint32_t header = f ? 40 : 20;

		echo(&families[f], 0x77, false);
		first = m;
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		out_passes(&m);
		in_passes(&e, RESTRICTED);
		error_about(&first, &e, &families[f], f ? 1 : 3,
			    header + 8 + header + 8);
		in_drops(&first, RESTRICTED, SIGNET_DROP_POLICY);
	}
}

/* Our answers to an allowed port have no flow; errors about them pass. */
static void errors_pass_if_they_quote_an_answer(void **state)
{
	static struct made e;

	allow("tcp/5432, udp/53");
	for (int f = 0; f < 2; f++) {
		uint32_t header = f ? 40 : 20;

		l4(&families[f], IPPROTO_TCP, 5432, 40000);
		out_passes(&m);
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		in_passes(&e, RESTRICTED);
		l4(&families[f], IPPROTO_UDP, 5432, 40000);
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		in_drops(&e, RESTRICTED, SIGNET_DROP_POLICY);
		l4(&families[f], IPPROTO_UDP, 53, 40000);
		error_about(&e, &m, &families[f], f ? 1 : 3, header + 8);
		in_passes(&e, RESTRICTED);
	}
	/* errors are no flows: what was answered is all */
	assert_int_equal(entries(lab.policy->maps.asked), 2);
}

static void peers_take_no_place_among_flows(void **state)
{
	allow("tcp/1-60000");
	for (uint16_t port = 1; port < 300; port++) {
		l4(&families[0], IPPROTO_TCP, port, 40000 + port);
		in_passes(&answer, RESTRICTED);
		out_passes(&m); /* the answer to it */
		l4(&families[0], IPPROTO_UDP, port, 40000 + port);
		in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
	}
	assert_int_equal(entries(lab.policy->maps.flows), 0);
	assert_true(entries(lab.policy->maps.asked) >= 2 * 299);
}

static int few_flows(void **state)
{
	return lab_open(512);
}

static void where_flows_are_full_new_ones_still_work(void **state)
{
	allow("none");
	for (uint32_t i = 0; i < 2000; i++) {
		l4(&families[0], IPPROTO_TCP, 1024 + i, 443);
		out_passes(&m);
		in_passes(&answer, RESTRICTED);
	}
	assert_true(entries(lab.policy->maps.flows) <= 512);
	l4(&families[0], IPPROTO_TCP, 1024, 443);
	in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
	out_passes(&m);
	in_passes(&answer, RESTRICTED);
}

static void another_generation_looks_again(void **state)
{
	static struct made first;

	allow("none");
	l4(&families[0], IPPROTO_TCP, 40001, 443);
	first = m;
	out_passes(&m);
	in_passes(&answer, RESTRICTED);
	policy_set(); /* the same once more */
	in_passes(&answer, RESTRICTED);
	allow("tcp/22");
	in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
	out_passes(&first);
	in_passes(&answer, RESTRICTED);
	/* an older one does not come back */
	lab.verdicts.generation--;
	policy_set();
	in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
}

static void key_of(struct signet_flow_key *key, uint8_t proto,
		   uint16_t local_port, uint16_t remote_port)
{
	*key = (struct signet_flow_key){ .peer = RESTRICTED,
					 .proto = proto,
					 .local_port = htons(local_port),
					 .remote_port = htons(remote_port) };
	memcpy(key->local, m.b + m.l3 + 12, 4);
	memcpy(key->remote, m.b + m.l3 + 16, 4);
}

static struct policy_flow flow_of(struct bpf_map *map, uint16_t local_port,
				  uint16_t remote_port)
{
	struct signet_flow_key key;
	struct policy_flow f = { 0 };

	key_of(&key, IPPROTO_TCP, local_port, remote_port);
	assert_int_equal(bpf_map_lookup_elem(fd_of(map), &key, &f), 0);
	return f;
}

/* As if its last packet had come so long ago. */
static void silent(uint8_t proto, uint64_t ns)
{
	int map = fd_of(lab.policy->maps.flows);
	struct signet_flow_key key;
	struct policy_flow f;

	key_of(&key, proto, 40001, 443);
	assert_int_equal(bpf_map_lookup_elem(map, &key, &f), 0);
	f.last_ns -= ns;
	f.tick = 0;
	assert_int_equal(bpf_map_update_elem(map, &key, &f, 0), 0);
}

static void a_silent_flow_is_forgotten(void **state)
{
	static const struct {
		uint8_t proto;
		uint64_t ns;
	} t[] = {
		{ IPPROTO_UDP, SIGNET_FLOW_OTHER_NS },
		{ IPPROTO_TCP, SIGNET_FLOW_TCP_NS },
	};
	const uint64_t second = 1000000000;

	allow("none");
	for (size_t i = 0; i < 2; i++) {
		l4(&families[0], t[i].proto, 40001, 443);
		out_passes(&m);
		silent(t[i].proto, t[i].ns - 60 * second);
		in_passes(&answer, RESTRICTED);
		/* which was heard */
		silent(t[i].proto, t[i].ns - 60 * second);
		in_passes(&answer, RESTRICTED);
		/* another CPU's clock is a little ahead */
		silent(t[i].proto, -second);
		in_passes(&answer, RESTRICTED);
		silent(t[i].proto, t[i].ns + second);
		in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
		out_passes(&m);
		in_passes(&answer, RESTRICTED);
	}
}

static uint64_t coarse_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC_COARSE, &t), 0);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* When it was noted, and when heard again: in the clock's next tick. */
static void flows_have_the_time_of_their_last_packet(void **state)
{
	struct policy_flow first, later;
	uint64_t before = coarse_ns();

	allow("none");
	l4(&families[0], IPPROTO_TCP, 40001, 443);
	out_passes(&m);
	first = flow_of(lab.policy->maps.flows, 40001, 443);
	assert_in_range(first.last_ns, before, coarse_ns());
	assert_int_not_equal(first.tick, 0);
	usleep(30000);
	before = coarse_ns();
	in_passes(&answer, RESTRICTED);
	later = flow_of(lab.policy->maps.flows, 40001, 443);
	assert_in_range(later.last_ns, before, coarse_ns());
	assert_true(later.tick > first.tick);
	assert_int_equal(later.packets, 2);
}

static void flows_are_counted_with_their_verdict(void **state)
{
	struct policy_flow f;

	allow("tcp/5432");
	l4(&families[0], IPPROTO_TCP, 40001, 443);
	for (int i = 0; i < 3; i++) {
		out_passes(&m);
		in_passes(&answer, RESTRICTED);
	}
	f = flow_of(lab.policy->maps.flows, 40001, 443);
	assert_int_equal(f.packets, 6);
	assert_int_equal(f.bytes, 6 * 40);
	assert_int_equal(f.verdict, POLICY_BEGUN);
	l4(&families[0], IPPROTO_TCP, 5432, 40000);
	in_passes(&answer, RESTRICTED);
	out_passes(&m);
	f = flow_of(lab.policy->maps.asked, 5432, 40000);
	assert_int_equal(f.packets, 2);
	assert_int_equal(f.verdict, POLICY_ALLOWED);
	l4(&families[0], IPPROTO_TCP, 5433, 40000);
	in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
	f = flow_of(lab.policy->maps.asked, 5433, 40000);
	assert_int_equal(f.packets, 1);
	assert_int_equal(f.verdict, POLICY_DENIED);
	/* allowed from now on: nothing of what was denied counts with it */
	allow("tcp/5433");
	in_passes(&answer, RESTRICTED);
	f = flow_of(lab.policy->maps.asked, 5433, 40000);
	assert_int_equal(f.packets, 1);
	assert_int_equal(f.verdict, POLICY_ALLOWED);
}

static bool on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

static void two_cpus_know_the_same_flows(void **state)
{
	cpu_set_t before;
	int first = -1, second = -1;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &before)) {
			if (first < 0)
				first = i;
			else if (second < 0)
				second = i;
		}
	if (second < 0)
		skip();
	allow("tcp/22");
	assert_true(on_cpu(first));
	l4(&families[0], IPPROTO_TCP, 40001, 443);
	out_passes(&m);
	assert_true(on_cpu(second));
	in_passes(&answer, RESTRICTED);
	put16(answer.b + answer.l4, 1);
	in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
	assert_true(on_cpu(first));
	in_drops(&answer, RESTRICTED, SIGNET_DROP_POLICY);
	sched_setaffinity(0, sizeof(before), &before);
}

/*
 * Two policies that give the same address to different peers, each of which
 * only its own policy knows: whoever met half of each would be dropped.
 */
static void use_one(uint32_t peer)
{
	struct signet_verdicts v = { .flags = SIGNET_VERDICT_IP };
	int verdicts = inner_map(BPF_MAP_TYPE_HASH, 4, sizeof(v));
	int prefixes = inner_map(BPF_MAP_TYPE_LPM_TRIE,
				 sizeof(struct policy_prefix), 4);

	verdict_put(verdicts, peer, &v);
	prefix_put(prefixes, POLICY_PREFIX4, peer);
	policy_use(verdicts, prefixes);
}

static atomic_bool done;
static struct made busy_packet;

static void *busy(void *arg)
{
	int fd = bpf_program__fd(lab.policy->progs.signet_policy_out);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = busy_packet.b,
		    .data_size_in = busy_packet.len, .repeat = 1);
	uintptr_t dropped = 0;

	while (!done)
		if (bpf_prog_test_run_opts(fd, &opts) ||
		    (int)opts.retval != TC_ACT_UNSPEC)
			dropped++;
	return (void *)dropped;
}

static void no_packet_meets_half_a_policy(void **state)
{
	pthread_t thread;
	void *dropped;

	use_one(1);
	l4(&families[0], IPPROTO_TCP, 1, 2);
	busy_packet = m;
	done = false;
	assert_int_equal(pthread_create(&thread, NULL, busy, NULL), 0);
	for (uint32_t i = 0; i < 60; i++)
		use_one(1 + i % 2);
	done = true;
	pthread_join(thread, &dropped);
	assert_int_equal((uintptr_t)dropped, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(answers_come_in_once_the_flow_was_begun),
		T(a_flow_belongs_to_one_peer),
		T(other_protocols_have_flows_without_ports),
		T(echoes_are_known_by_their_identifier),
		T(errors_pass_if_they_quote_a_flow),
		T(errors_about_echoes_and_errors),
		T(errors_pass_if_they_quote_an_answer),
		T(peers_take_no_place_among_flows),
		cmocka_unit_test_setup_teardown(
			where_flows_are_full_new_ones_still_work, few_flows,
			lab_teardown),
		T(another_generation_looks_again),
		T(a_silent_flow_is_forgotten),
		T(flows_have_the_time_of_their_last_packet),
		T(flows_are_counted_with_their_verdict),
		T(two_cpus_know_the_same_flows),
		T(no_packet_meets_half_a_policy),
	};

	return run_group(tests, sizeof(tests) / sizeof(tests[0]));
}
