/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet policy, loaded but on no device: packets go through both programs by
 * BPF_PROG_TEST_RUN. Two peers: RESTRICTED may begin what a test says, FREE
 * everything.
 */
#ifndef TESTS_BPF_POLICY_LAB_H
#define TESTS_BPF_POLICY_LAB_H

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <signet/core/policy.h>
#include <signet/drop.h>

#include "bpf/policy.h"
#include "bpf/policy.skel.h"
#include "bpf/policy_lab.skel.h"
#include "packet.h"

#define RESTRICTED 7u
#define FREE	   8u
#define NEVER_SET  9u

static struct {
	struct policy_bpf *policy;
	struct policy_lab_bpf *before;
	struct signet_verdicts verdicts; /* of RESTRICTED */
	uint32_t out_peer;		 /* that all addresses belong to */
	uint32_t segments;		 /* in the next packets, 0: one */
	struct policy_counters counted;
} lab;

static inline int fd_of(struct bpf_map *map)
{
	return bpf_map__fd(map);
}

static inline int inner_map(enum bpf_map_type type, uint32_t key,
			    uint32_t value)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);

	return bpf_map_create(type, NULL, key, value, 16, &opts);
}

static inline void verdict_put(int map, uint32_t peer,
			       const struct signet_verdicts *v)
{
	assert_int_equal(bpf_map_update_elem(map, &peer, v, 0), 0);
}

/* all of IPv4 or IPv6, by the length */
static inline void prefix_put(int map, uint32_t len, uint32_t peer)
{
	struct policy_prefix p = { .len = len };

	if (len)
		p.addr[2] = htonl(0xffff);
	assert_int_equal(bpf_map_update_elem(map, &p, &peer, 0), 0);
}

/* As the agent puts a policy in force: the other one, whole, then used. */
static inline void policy_use(int verdicts, int prefixes)
{
	uint32_t other = !lab.policy->bss->active;

	assert_int_equal(bpf_map_update_elem(fd_of(lab.policy->maps.verdicts),
					     &other, &verdicts, 0),
			 0);
	assert_int_equal(bpf_map_update_elem(fd_of(lab.policy->maps.prefixes),
					     &other, &prefixes, 0),
			 0);
	lab.policy->bss->active = other;
	close(verdicts);
	close(prefixes);
}

static inline void policy_set(void)
{
	struct signet_verdicts free_one = { .flags = SIGNET_VERDICT_IP };
	int v = inner_map(BPF_MAP_TYPE_HASH, 4, sizeof(struct signet_verdicts));
	int p = inner_map(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct policy_prefix),
			  4);

	assert_true(v >= 0 && p >= 0);
	verdict_put(v, RESTRICTED, &lab.verdicts);
	verdict_put(v, FREE, &free_one);
	if (lab.out_peer != POLICY_NOBODY) {
		prefix_put(p, 0, lab.out_peer);
		prefix_put(p, POLICY_PREFIX4, lab.out_peer);
	}
	policy_use(v, p);
}

/* @text: as of Allow, up to 8 items */
static inline void allow(const char *text)
{
	uint32_t generation = lab.verdicts.generation;
	struct signet_allow items[8];
	char copy[128], *save, *item;
	const char *why;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (item = strtok_r(copy, ", ", &save); item;
	     item = strtok_r(NULL, ", ", &save))
		assert_int_equal(signet_allow_parse(item, &items[n++], &why),
				 0);
	assert_int_equal(signet_policy_compile(items, n, &lab.verdicts), 0);
	lab.verdicts.generation = generation + 1;
	policy_set();
}

static inline void sum_counters(struct policy_counters *sum)
{
	int n = libbpf_num_possible_cpus();
	struct policy_counters *each = calloc(n, sizeof(*each));
	uint32_t zero = 0;

	assert_non_null(each);
	assert_int_equal(bpf_map_lookup_elem(fd_of(lab.policy->maps.counters),
					     &zero, each),
			 0);
	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; cpu < n; cpu++)
		for (int i = 0; i < SIGNET_DROP_COUNT; i++)
			sum->dropped[i] += each[cpu].dropped[i];
	free(each);
}

static inline int test_run(int prog, const uint8_t *packet, uint32_t len,
			   uint32_t peer)
{
	struct __sk_buff skb = { .mark = peer, .gso_segs = lab.segments };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet,
		    .data_size_in = len, .ctx_in = &skb,
		    .ctx_size_in = sizeof(skb), .repeat = 1);

	sum_counters(&lab.counted);
	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	return (int)opts.retval;
}

static inline int in(const struct made *m, uint32_t peer)
{
	return test_run(bpf_program__fd(lab.before->progs.received), m->b,
			m->len, peer);
}

static inline int out(const struct made *m)
{
	return test_run(bpf_program__fd(lab.policy->progs.signet_policy_out),
			m->b, m->len, 0);
}

/* Exactly one packet was dropped, for this reason; or none. */
static inline void counted(enum signet_drop why)
{
	uint32_t n = lab.segments ? lab.segments : 1;
	struct policy_counters after;

	sum_counters(&after);
	for (int i = 0; i < SIGNET_DROP_COUNT; i++)
		assert_int_equal(after.dropped[i] - lab.counted.dropped[i],
				 why && i == (int)why ? n : 0);
}

static inline void in_passes(const struct made *m, uint32_t peer)
{
	assert_int_equal(in(m, peer), TC_ACT_UNSPEC);
	counted(SIGNET_DROP_NONE);
}

static inline void in_drops(const struct made *m, uint32_t peer,
			    enum signet_drop why)
{
	assert_int_equal(in(m, peer), TC_ACT_SHOT);
	counted(why);
}

static inline void out_passes(const struct made *m)
{
	assert_int_equal(out(m), TC_ACT_UNSPEC);
	counted(SIGNET_DROP_NONE);
}

static inline void out_drops(const struct made *m, enum signet_drop why)
{
	assert_int_equal(out(m), TC_ACT_SHOT);
	counted(why);
}

/* Return: packets of this peer that were dropped, for this reason */
static inline uint64_t refused(uint32_t peer, uint32_t reason)
{
	struct policy_refusal key = { .peer = peer, .reason = reason };
	uint64_t n = 0;

	bpf_map_lookup_elem(fd_of(lab.policy->maps.refusals), &key, &n);
	return n;
}

static inline void clear(struct bpf_map *map)
{
	uint8_t key[sizeof(struct signet_flow_key)];

	while (!bpf_map_get_next_key(fd_of(map), NULL, key))
		assert_int_equal(bpf_map_delete_elem(fd_of(map), key), 0);
}

/* As if it had just been loaded: the verifier takes its time for that. */
static inline void lab_clear(void)
{
	clear(lab.policy->maps.flows);
	clear(lab.policy->maps.asked);
	clear(lab.policy->maps.refusals);
	for (uint32_t i = 0; i < 2; i++) {
		bpf_map_delete_elem(fd_of(lab.policy->maps.verdicts), &i);
		bpf_map_delete_elem(fd_of(lab.policy->maps.prefixes), &i);
	}
	lab.policy->bss->active = 0;
}

static inline void lab_close(void)
{
	policy_lab_bpf__destroy(lab.before);
	policy_bpf__destroy(lab.policy);
	lab.before = NULL;
	lab.policy = NULL;
}

static inline int lab_load(uint32_t each)
{
	uint32_t zero = 0;
	int fd;

	lab_close();
	lab.policy = policy_bpf__open();
	lab.before = policy_lab_bpf__open_and_load();
	if (!lab.policy || !lab.before)
		return -1;
	lab.policy->rodata->mac_len = 14;
	bpf_map__set_max_entries(lab.policy->maps.flows, each);
	bpf_map__set_max_entries(lab.policy->maps.asked, each);
	bpf_map__set_max_entries(lab.policy->maps.refusals, each);
	if (policy_bpf__load(lab.policy)) {
		print_message("the policy can't be loaded: %s\n",
			      strerror(errno));
		lab_close();
		return -1;
	}
	fd = bpf_program__fd(lab.policy->progs.signet_policy_in);
	return bpf_map_update_elem(fd_of(lab.before->maps.next), &zero, &fd, 0);
}

/* @each: entries of each map that packets fill */
static inline int lab_open(uint32_t each)
{
	if (lab.policy && bpf_map__max_entries(lab.policy->maps.flows) == each)
		lab_clear();
	else if (lab_load(each))
		return -1;
	memset(&lab.verdicts, 0, sizeof(lab.verdicts));
	lab.out_peer = RESTRICTED;
	lab.segments = 0;
	return 0;
}

static inline int lab_setup(void **state)
{
	return lab_open(4096);
}

/* it stays loaded for the next test */
static inline int lab_teardown(void **state)
{
	return 0;
}

/* the same headers the other way round, as an answer has them */
static inline void turn(struct made *m, bool ip6)
{
	uint32_t n = ip6 ? 16 : 4, at = m->l3 + (ip6 ? 8 : 12);
	uint8_t t[16];

	memcpy(t, m->b + at, n);
	memcpy(m->b + at, m->b + at + n, n);
	memcpy(m->b + at + n, t, n);
	memcpy(t, m->b + m->l4, 2);
	memcpy(m->b + m->l4, m->b + m->l4 + 2, 2);
	memcpy(m->b + m->l4 + 2, t, 2);
}

/* Where BPF is not to be had, every test would fail for the same reason. */
static inline int run_group(const struct CMUnitTest *tests, size_t n)
{
	struct policy_lab_bpf *probe;
	int failed;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(NULL);
	probe = policy_lab_bpf__open_and_load();
	if (!probe && errno == EPERM) {
		puts("1..0 # SKIP needs CAP_BPF and CAP_NET_ADMIN");
		return 4;
	}
	policy_lab_bpf__destroy(probe);
	failed = _cmocka_run_group_tests("policy", tests, n, NULL, NULL);
	lab_close();
	return failed;
}

#endif
