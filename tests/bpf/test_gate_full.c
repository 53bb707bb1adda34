// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maps that are full: what is in them stays and is found, what finds no place
 * changes no verdict but its own, and every packet is counted.
 */
#include <time.h>

#include "handshake.h"

static void make_authentic(struct made *m, const struct shape *s,
			   uint32_t label)
{
	uint8_t f[100];

	make(m, s, f, make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), label));
}

/* A full map refuses labels, and forgets none. */
static void a_full_map_of_labels_keeps_what_it_has(void **state)
{
	uint32_t n = bpf_map__max_entries(lab.gate->maps.labels), i;
	struct made m;

	for (i = 1; i < n; i++)
		assert_int_equal(label_put(LABEL + i, false), 0);
	assert_int_equal(label_put(LABEL + i, false), -E2BIG);
	make_authentic(&m, &(struct shape){ 0 }, LABEL);
	passes(&m, GATE_PASS_PACKET);
	make_authentic(&m, &(struct shape){ 0 }, LABEL + n - 1);
	passes(&m, GATE_PASS_PACKET);
	make_authentic(&m, &(struct shape){ 0 }, LABEL + n);
	drops(&m, SIGNET_DROP_LABEL);
	label_drop(LABEL + 1);
	assert_int_equal(label_put(LABEL + n, false), 0);
	passes(&m, GATE_PASS_PACKET);
}

static int local_put(const struct gate_local *a)
{
	uint32_t yes = 1;

	return bpf_map_update_elem(fd_of(lab.gate->maps.locals), a, &yes, 0);
}

/* The packet's destination, as a key. */
static struct gate_local destination(const struct made *m,
				     const struct shape *s)
{
	struct gate_local a = { .addr = { 0, 0, htonl(0xffff) } };

	if (s->ip6)
		memcpy(a.addr, m->b + m->l3 + 24, 16);
	else
		memcpy(&a.addr[3], m->b + m->l3 + 16, 4);
	return a;
}

/* What is forged is dropped on its way to an address that is known to be this
 * host's, to the last one, and none of our business on its way to any other.
 */
static void a_full_map_of_addresses_keeps_what_it_has(void **state)
{
	struct gate_local a;
	struct made m;

	for (int ip6 = 0; ip6 < 2; ip6++) {
		const struct shape s = { .ip6 = ip6 };

		make_authentic(&m, &s, LABEL);
		a = destination(&m, &s);
		assert_int_equal(local_put(&a), 0);
	}
	for (uint32_t i = 2; i < GATE_LOCALS; i++) {
		a = (struct gate_local){ { htonl(0x20010db8), 1, 2,
					   htonl(i) } };
		assert_int_equal(local_put(&a), 0);
	}
	a.addr[3] = 0;
	assert_int_equal(local_put(&a), -E2BIG);
	lab.gate->data->control.locals_known = 1;
	for (int ip6 = 0; ip6 < 2; ip6++) {
		make_authentic(&m, &(struct shape){ .ip6 = ip6 }, LABEL + 1);
		drops(&m, SIGNET_DROP_LABEL);
		m.b[m.l4 - 1] ^= 1;
		passes(&m, GATE_PASS_OTHER);
		make_authentic(&m, &(struct shape){ .ip6 = ip6 }, LABEL);
		passes(&m, GATE_PASS_PACKET);
	}
	/* the last that had a place */
	make_authentic(&m, &(struct shape){ .ip6 = true }, LABEL + 1);
	a.addr[3] = htonl(GATE_LOCALS - 1);
	memcpy(m.b + m.l3 + 24, a.addr, 16);
	drops(&m, SIGNET_DROP_LABEL);
}

/* Return: the bucket of an IPv4 address */
static uint32_t bucket_of(uint8_t source)
{
	const uint8_t from[] = { 192, 0, 2, source };
	uint64_t hash[2];

	/* the protocol's core has no other use for such a hash */
	signet_cookie((uint8_t *)lab.settings.port[1].bucket_secret, from,
		      sizeof(from), (uint8_t *)hash);
	return hash[1] % (GATE_BUCKETS / 2);
}

static struct gate_bucket bucket_at(uint32_t at)
{
	struct gate_bucket b;

	assert_int_equal(
		bpf_map_lookup_elem(fd_of(lab.gate->maps.buckets), &at, &b), 0);
	return b;
}

/* Two prefixes in one bucket: whoever comes has all tokens, not the other's, and
 * only what both share is lost.
 */
static void prefixes_push_each_other_out_of_a_bucket(void **state)
{
	struct shape one = { 0 }, other = { 0 };
	struct made m;

	lab.settings.port[1].interval = 3600ull * 1000000000;
	set_flags(GATE_LOADED);
	for (one.source = 1; !other.source; one.source++)
		for (int i = one.source + 1; i < 256; i++)
			if (bucket_of(i) == bucket_of(one.source))
				other.source = i;
	one.source--;
	for (int turn = 0; turn < 2; turn++) {
		const struct shape *s = turn ? &other : &one;
		struct gate_bucket b;

		for (int i = 0; i < 5; i++) {
			make_proved(&m, s);
			passes(&m, GATE_PASS_HANDSHAKE);
		}
		make_proved(&m, s);
		drops(&m, SIGNET_DROP_RATE);
		b = bucket_at(bucket_of(s->source));
		assert_int_not_equal(b.tag, 0);
		assert_int_not_equal(b.next, 0);
	}
	make_proved(&m, &one);
	passes(&m, GATE_PASS_HANDSHAKE);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* A bucket for the /64 in one half, one for the /48 in the other; of IPv4 one. */
static void sites_have_buckets_of_their_own(void **state)
{
	struct made m;

	set_flags(GATE_LOADED);
	for (int ip6 = 0; ip6 < 2; ip6++) {
		uint32_t used[2] = { 0 }, in_time[2] = { 0 };
		uint64_t before = now_ns();

		make_proved(&m, &(struct shape){ .ip6 = ip6 });
		passes(&m, GATE_PASS_HANDSHAKE);
		for (uint32_t i = 0; i < GATE_BUCKETS; i++) {
			/* a site's tokens come back eight times as fast */
			bool site = i >= GATE_BUCKETS / 2;
			uint64_t each = 1000000000 / (site ? 8 : 1);
			struct gate_bucket b = bucket_at(i);

			used[site] += !!b.tag;
			in_time[site] += b.next >= before + each &&
					 b.next <= now_ns() + each;
		}
		assert_int_equal(in_time[0], 1);
		assert_int_equal(in_time[1], ip6);
		assert_int_equal(used[0], 1 + ip6);
		assert_int_equal(used[1], ip6);
	}
}

/* All buckets taken: a prefix that has proved itself still gets through. */
static void full_buckets_refuse_nobody(void **state)
{
	struct gate_bucket taken = { .tag = 2, .next = ~0ull / 2 };
	struct made m;

	set_flags(GATE_LOADED);
	for (uint32_t i = 0; i < GATE_BUCKETS; i++)
		assert_int_equal(
			bpf_map_update_elem(fd_of(lab.gate->maps.buckets), &i,
					    &taken, 0),
			0);
	for (int ip6 = 0; ip6 < 2; ip6++) {
		make_proved(&m, &(struct shape){ .ip6 = ip6 });
		passes(&m, GATE_PASS_HANDSHAKE);
	}
}

static struct gate_event last;

static int count_event(void *ctx, void *data, size_t size)
{
	assert_int_equal(size, sizeof(last));
	last = *(struct gate_event *)data;
	++*(unsigned int *)ctx;
	return 0;
}

/* As if all CPUs had shown no event for long. */
static void forget_paces(void)
{
	int n = libbpf_num_possible_cpus();
	void *zero = calloc(n, 16);
	uint32_t at = 0;

	assert_non_null(zero);
	assert_int_equal(
		bpf_map_update_elem(fd_of(lab.gate->maps.paces), &at, zero, 0),
		0);
	free(zero);
}

/* Nobody reads the events: they end, and drops don't. */
static void a_full_ring_of_events_changes_nothing(void **state)
{
	size_t room = bpf_map__max_entries(lab.gate->maps.events) /
		      (sizeof(struct gate_event) + 8);
	struct ring_buffer *ring;
	unsigned int n = 0;
	struct made m;

	ring = ring_buffer__new(fd_of(lab.gate->maps.events), count_event, &n,
				NULL);
	assert_non_null(ring);
	lab.gate->data->control.sampled = true;
	make_authentic(&m, &(struct shape){ .ip6 = true }, LABEL + 1);
	for (size_t i = 0; i < room + 200; i++) {
		if (i % 50 == 0)
			forget_paces();
		drops(&m, SIGNET_DROP_LABEL);
	}
	make_authentic(&m, &(struct shape){ 0 }, LABEL);
	passes(&m, GATE_PASS_PACKET);
	ring_buffer__consume(ring);
	assert_in_range(n, room - 1, room);
	/* and go on once there is room */
	forget_paces();
	make_authentic(&m, &(struct shape){ 0 }, LABEL + 1);
	n = 0;
	drops(&m, SIGNET_DROP_LABEL);
	ring_buffer__consume(ring);
	assert_int_equal(n, 1);
	/* with nothing of what was there before */
	assert_int_equal(last.source[0], htonl(0xc0000201));
	for (int i = 1; i < 4; i++)
		assert_int_equal(last.source[i], 0);
	ring_buffer__free(ring);
}

int main(void)
{
#define gate_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		gate_test(a_full_map_of_labels_keeps_what_it_has),
		gate_test(a_full_map_of_addresses_keeps_what_it_has),
		gate_test(prefixes_push_each_other_out_of_a_bucket),
		gate_test(sites_have_buckets_of_their_own),
		gate_test(full_buckets_refuse_nobody),
		gate_test(a_full_ring_of_events_changes_nothing),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
