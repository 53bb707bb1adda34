// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets come to several CPUs: what is counted, and what there is but once. */
#include <pthread.h>
#include <stdatomic.h>

#include "handshake.h"

static struct made init;
static uint32_t wanted = XDP_TX;

/* Return: how many of @n inits were challenged, or what else is wanted */
static uintptr_t flood(int n)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = init.b,
		    .data_size_in = init.len, .repeat = 1);
	int fd = bpf_program__fd(lab.gate->progs.signet_gate);
	uintptr_t sent = 0;

	for (int i = 0; i < n; i++)
		sent += !bpf_prog_test_run_opts(fd, &opts) &&
			opts.retval == wanted;
	return sent;
}

static void budget_setup(void)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX];

	lab.settings.port[1].cookie_interval = 3600ull * 1000000000;
	set_flags(GATE_LOADED);
	make_init(f, SIGNET_PATTERN_IK);
	make(&init, &(struct shape){ 0 }, f, 200);
}

/* What all strangers together may make the gate send. */
static void challenges_have_a_budget(void **state)
{
	cpu_set_t before;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	on_cpu(cpu_of(0));
	budget_setup();
	assert_int_equal(flood(2 * GATE_COOKIE_BURST), GATE_COOKIE_BURST);
	drops(&init, SIGNET_DROP_MAC2);
	/* it comes back as time goes by */
	lab.settings.port[1].cookie_interval = 1;
	settings_use();
	assert_int_equal(bpf_map_update_elem(fd_of(lab.gate->maps.budget),
					     &(uint32_t){ 0 }, &(uint64_t){ 0 },
					     0),
			 0);
	assert_true(flood(100) == 100);
	sched_setaffinity(0, sizeof(before), &before);
}

static atomic_bool go;

static void *flood_on(void *cpu)
{
	on_cpu(*(int *)cpu);
	while (!go)
		;
	return (void *)flood(2 * GATE_COOKIE_BURST);
}

/* However many CPUs are flooded: one budget, and no init goes uncounted. */
static void the_budget_is_of_all_cpus(void **state)
{
	int cpu[2] = { cpu_of(0), cpu_of(1) };
	struct gate_counters c;
	pthread_t thread[2];
	uintptr_t sent = 0;
	void *one;

	if (cpu[1] < 0)
		skip();
	budget_setup();
	go = false;
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, flood_on, &cpu[i]), 0);
	go = true;
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], &one);
		sent += (uintptr_t)one;
	}
	assert_int_equal(sent, GATE_COOKIE_BURST);
	sum_counters(&c);
	assert_int_equal(c.passed[GATE_CHALLENGED], sent);
	assert_int_equal(c.dropped[SIGNET_DROP_MAC2],
			 4 * GATE_COOKIE_BURST - sent);
}

/* A prefix has its tokens once, whichever CPU its inits come to. */
static void a_bucket_is_of_all_cpus(void **state)
{
	struct shape s = { .source = 77 };
	int cpu[2] = { cpu_of(0), cpu_of(1) };
	cpu_set_t before;
	struct made m;

	if (cpu[1] < 0)
		skip();
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	lab.settings.port[1].interval = 3600ull * 1000000000;
	set_flags(GATE_LOADED);
	for (int i = 0; i < 5; i++) {
		on_cpu(cpu[i & 1]);
		make_proved(&m, &s);
		passes(&m, GATE_PASS_HANDSHAKE);
	}
	for (int i = 0; i < 2; i++) {
		on_cpu(cpu[i]);
		drops(&m, SIGNET_DROP_RATE);
	}
	sched_setaffinity(0, sizeof(before), &before);
}

/* Nor is one taken twice at the same time. */
static void no_token_is_taken_twice(void **state)
{
	int cpu[2] = { cpu_of(0), cpu_of(1) };
	pthread_t thread[2];
	uintptr_t passed = 0;
	void *one;

	if (cpu[1] < 0)
		skip();
	lab.settings.port[1].interval = 3600ull * 1000000000;
	lab.settings.port[1].burst = GATE_COOKIE_BURST;
	set_flags(GATE_LOADED);
	make_proved(&init, &(struct shape){ 0 });
	wanted = XDP_PASS;
	go = false;
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, flood_on, &cpu[i]), 0);
	go = true;
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], &one);
		passed += (uintptr_t)one;
	}
	wanted = XDP_TX;
	assert_int_equal(passed, GATE_COOKIE_BURST);
}

/* Labels come and go while frames come to both CPUs: each frame meets a label as
 * a whole, with its key, or none; none goes uncounted.
 */
#define EACH 20000

static struct made frame;
static atomic_bool ended;

static void *frames_on(void *cpu)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.b,
		    .data_size_in = frame.len, .repeat = 1);
	int fd = bpf_program__fd(lab.gate->progs.signet_gate);
	uintptr_t passed = 0;

	on_cpu(*(int *)cpu);
	for (int i = 0; i < EACH; i++)
		passed += !bpf_prog_test_run_opts(fd, &opts) &&
			  opts.retval == XDP_PASS;
	return (void *)passed;
}

static void *change_labels(void *arg)
{
	while (!ended) {
		label_put(77, true);
		label_put(77, false);
		label_drop(77);
		settings_use();
	}
	return NULL;
}

static void labels_end_under_traffic(void **state)
{
	int cpu[2] = { cpu_of(0), cpu_of(1) };
	struct gate_counters c;
	pthread_t thread[2], changer;
	uintptr_t passed = 0;
	uint8_t f[100];
	void *one;

	if (cpu[1] < 0)
		skip();
	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), 77);
	make(&frame, &(struct shape){ 0 }, f, sizeof(f));
	ended = false;
	assert_int_equal(pthread_create(&changer, NULL, change_labels, NULL),
			 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, frames_on, &cpu[i]),
			0);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], &one);
		passed += (uintptr_t)one;
	}
	ended = true;
	pthread_join(changer, NULL);
	sum_counters(&c);
	assert_int_equal(c.passed[GATE_PASS_PACKET], passed);
	assert_int_equal(c.dropped[SIGNET_DROP_LABEL], 2 * EACH - passed);
	assert_int_equal(c.dropped_bytes,
			 (uint64_t)frame.len * (2 * EACH - passed));
	/* and once it is gone, nothing */
	label_drop(77);
	drops(&frame, SIGNET_DROP_LABEL);
}

int main(void)
{
#define gate_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		gate_test(challenges_have_a_budget),
		gate_test(the_budget_is_of_all_cpus),
		gate_test(a_bucket_is_of_all_cpus),
		gate_test(no_token_is_taken_twice),
		gate_test(labels_end_under_traffic),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
