/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate, loaded but on no interface: each packet goes through it by
 * BPF_PROG_TEST_RUN, and its verdict, what it became and the counters are
 * looked at.
 */
#ifndef TESTS_BPF_GATE_LAB_H
#define TESTS_BPF_GATE_LAB_H

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include <sodium.h>

#include <signet/core/mac.h>
#include <signet/drop.h>
#include <signet/wire.h>

#include "bpf/gate_keys.h"
#include "bpf/gate.skel.h"
#include "bpf/gate_beside.skel.h"
#include "packet.h"

#define LABEL 0x11223344u

static struct {
	struct gate_bpf *gate;
	bool beside; /* it is the one for a dispatcher */
	struct gate_settings settings;
	struct gate_counters before;
	uint8_t hop_key[16], mac1_key[16], mac1_zero[16];
	uint32_t in_len;
	uint8_t out[4096];
	uint32_t out_len;
} lab;

static inline int fd_of(struct bpf_map *map)
{
	return bpf_map__fd(map);
}

/* As an agent changes them: the other ones are written, then used. */
static inline void settings_use(void)
{
	uint32_t other = !lab.gate->data->control.active;

	for (int i = 0; i < GATE_PORTS; i++)
		gate_port_keys(&lab.settings.port[i]);
	assert_int_equal(bpf_map_update_elem(fd_of(lab.gate->maps.settings),
					     &other, &lab.settings, 0),
			 0);
	lab.gate->data->control.active = other;
}

static inline int label_put(uint32_t label, bool pending)
{
	struct gate_label_key key = { .port = htons(PORT), .label = label };
	struct gate_label value = { .pending = pending };

	memcpy(value.hop_key, lab.hop_key, sizeof(lab.hop_key));
	return bpf_map_update_elem(fd_of(lab.gate->maps.labels), &key, &value,
				   0);
}

static inline void label_drop(uint32_t label)
{
	struct gate_label_key key = { .port = htons(PORT), .label = label };

	bpf_map_delete_elem(fd_of(lab.gate->maps.labels), &key);
}

static inline void sum_counters(struct gate_counters *sum)
{
	int n = libbpf_num_possible_cpus();
	struct gate_counters *each = calloc(n, sizeof(*each));
	uint32_t zero = 0;

	assert_non_null(each);
	assert_int_equal(bpf_map_lookup_elem(fd_of(lab.gate->maps.counters),
					     &zero, each),
			 0);
	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; cpu < n; cpu++)
		for (size_t i = 0; i < sizeof(*sum) / 8; i++)
			((__u64 *)sum)[i] += ((__u64 *)&each[cpu])[i];
	free(each);
}

static inline int lab_setup(void **state)
{
	struct gate_port *port = &lab.settings.port[1];

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(NULL);
	/* the same source, so the same maps and programs in the same order */
	_Static_assert(sizeof(struct gate_bpf) ==
			       sizeof(struct gate_beside_bpf),
		       "a skeleton for both");
	lab.beside = *state && !strcmp(*state, "beside");
	lab.gate = lab.beside ? (struct gate_bpf *)gate_beside_bpf__open()
			      : gate_bpf__open();
	if (!lab.gate)
		return -1;
	lab.gate->rodata->strict = *state && !strcmp(*state, "strict");
	lab.gate->rodata->frags = *state && !strcmp(*state, "frags");
	if (lab.gate->rodata->frags)
		bpf_program__set_flags(lab.gate->progs.signet_gate,
				       BPF_F_XDP_HAS_FRAGS);
	if (gate_bpf__load(lab.gate)) {
		print_message("the gate can't be loaded: %s\n",
			      strerror(errno));
		return -1;
	}
	randombytes_buf(lab.hop_key, sizeof(lab.hop_key));
	randombytes_buf(lab.mac1_key, sizeof(lab.mac1_key));
	randombytes_buf(lab.mac1_zero, sizeof(lab.mac1_zero));

	memset(&lab.settings, 0, sizeof(lab.settings));
	lab.settings.n_ports = 2;
	lab.settings.ports[0] = lab.settings.port[0].port = htons(4);
	lab.settings.ports[1] = port->port = htons(PORT);
	memcpy(port->mac1_key, lab.mac1_key, 16);
	memcpy(port->mac1_zero, lab.mac1_zero, 16);
	randombytes_buf(port->secret, sizeof(port->secret));
	randombytes_buf(port->bucket_secret, sizeof(port->bucket_secret));
	port->interval = 1000000000;
	port->burst = 5;
	port->cookie_interval = 1;
	settings_use();
	return label_put(LABEL, false);
}

static inline int lab_teardown(void **state)
{
	gate_bpf__destroy(lab.gate);
	return 0;
}

/* Return: the verdict; lab.out has what became of it */
static inline uint32_t run(const void *packet, uint32_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet,
		    .data_size_in = len, .data_out = lab.out,
		    .data_size_out = sizeof(lab.out), .repeat = 1);

	lab.in_len = len;
	sum_counters(&lab.before);
	assert_int_equal(
		bpf_prog_test_run_opts(
			bpf_program__fd(lab.gate->progs.signet_gate), &opts),
		0);
	lab.out_len = opts.data_size_out;
	return opts.retval;
}

/* One counter has grown by one, and no other; dropped bytes with a drop. */
static inline void counted(const __u64 *which)
{
	bool dropped = which >= lab.before.dropped;
	struct gate_counters after;
	size_t at = which - (const __u64 *)&lab.before;
	uint64_t grown = 0;

	sum_counters(&after);
	for (size_t i = 0;
	     i < offsetof(struct gate_counters, dropped_bytes) / 8; i++)
		grown += ((__u64 *)&after)[i] - ((__u64 *)&lab.before)[i];
	assert_int_equal(((__u64 *)&after)[at] - *which, 1);
	assert_int_equal(grown, 1);
	assert_int_equal(after.dropped_bytes - lab.before.dropped_bytes,
			 dropped ? lab.in_len : 0);
}

static inline void is_as_it_came(const struct made *m)
{
	assert_int_equal(lab.out_len, m->len);
	assert_memory_equal(lab.out, m->b, m->len);
}

static inline void passes(const struct made *m, enum gate_pass what)
{
	assert_int_equal(run(m->b, m->len), XDP_PASS);
	is_as_it_came(m);
	counted(&lab.before.passed[what]);
}

static inline void drops(const struct made *m, enum signet_drop reason)
{
	assert_int_equal(run(m->b, m->len), XDP_DROP);
	is_as_it_came(m);
	counted(&lab.before.dropped[reason]);
}

/* A frame with its hop tag; what is sealed in it is not the gate's concern. */
static inline size_t make_frame(uint8_t *f, uint8_t type, size_t n,
				uint32_t label)
{
	struct signet_frame *h = (struct signet_frame *)f;

	randombytes_buf(f, n);
	h->type = type;
	h->flags = 0;
	h->label = label;
	crypto_shorthash_siphash24(h->hop_tag, f, SIGNET_HOP_TAG_OFFSET,
				   lab.hop_key);
	return n;
}

/* Return: the @nth CPU that this process may run on, -1: there are fewer */
static inline int cpu_of(int nth)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all))
		return -1;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && !nth--)
			return i;
	return -1;
}

static inline void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* Where BPF is not to be had, every test would fail for the same reason. */
static inline int run_group(const struct CMUnitTest *tests, size_t n)
{
	struct gate_bpf *gate;

	if (sodium_init() < 0)
		return 1;
	libbpf_set_print(NULL);
	gate = gate_bpf__open_and_load();
	if (!gate && errno == EPERM) {
		puts("1..0 # SKIP needs CAP_BPF and CAP_NET_ADMIN");
		return 4;
	}
	gate_bpf__destroy(gate);
	return _cmocka_run_group_tests("gate", tests, n, NULL, NULL);
}

#endif
