// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Handshake and cookie frames: form, mac1, the challenge that the gate sends,
 * mac2 and rates. Macs and cookies are libsodium's, by the protocol's core.
 */
#include <unistd.h>

#include "handshake.h"

static uint16_t udp_sum(const uint8_t *l3, const uint8_t *l4, bool ip6)
{
	size_t n = SIGNET_COOKIE_FRAME_LEN + 8;
	uint32_t sum = IPPROTO_UDP + n;
	const uint8_t *addr = l3 + (ip6 ? 8 : 12);

	for (int i = 0; i < (ip6 ? 32 : 8); i += 2)
		sum += addr[i] << 8 | addr[i + 1];
	return checksum(l4, n, sum);
}

/* lab.out is the answer to this packet, whole and right in each byte */
static void is_challenge(const struct made *m, const struct shape *s)
{
	size_t ip = s->ip6 ? 40 : 20, addr = s->ip6 ? 8 : 12;
	size_t n = s->ip6 ? 16 : 4;
	const uint8_t *l3 = lab.out + m->l3, *l4 = l3 + ip, *f = l4 + 8;
	uint8_t want[SIGNET_COOKIE_FRAME_LEN], cookie[16];

	size_t len = m->l3 + ip + 8 + SIGNET_COOKIE_FRAME_LEN;

	/* beside others it is not cut; what is behind is as it came */
	if (lab.beside)
		assert_memory_equal(lab.out + len, m->b + len, m->len - len);
	assert_int_equal(lab.out_len, lab.beside ? m->len : len);
	assert_true(lab.out_len <= m->len);
	assert_memory_equal(lab.out, m->b + 6, 6);
	assert_memory_equal(lab.out + 6, m->b, 6);
	assert_memory_equal(lab.out + 12, m->b + 12, m->l3 - 12);
	assert_memory_equal(l3 + addr, m->b + m->l3 + addr + n, n);
	assert_memory_equal(l3 + addr + n, m->b + m->l3 + addr, n);
	if (s->ip6) {
		assert_int_equal(l3[4] << 8 | l3[5],
				 8 + SIGNET_COOKIE_FRAME_LEN);
		assert_memory_equal(l3, "\x60\0\0", 4);
		assert_int_equal(l3[6], IPPROTO_UDP);
		assert_int_equal(l3[7], 64);
	} else {
		assert_memory_equal(l3, "\x45", 2);
		assert_int_equal(l3[2] << 8 | l3[3],
				 28 + SIGNET_COOKIE_FRAME_LEN);
		/* no identifier, as it is not to be fragmented */
		assert_memory_equal(l3 + 4, "\0\0\x40\0\x40\x11", 6);
		assert_int_equal(checksum(l3, 20, 0), 0);
	}
	assert_memory_equal(l4, m->b + m->l4 + 2, 2);
	assert_memory_equal(l4 + 2, m->b + m->l4, 2);
	assert_int_equal(l4[4] << 8 | l4[5], 8 + SIGNET_COOKIE_FRAME_LEN);
	assert_true(l4[6] | l4[7]);
	assert_int_equal(udp_sum(l3, l4, s->ip6), 0);

	cookie_for(m, s, 0, cookie);
	signet_cookie_frame_write(want, m->b + m->payload, cookie,
				  lab.mac1_key);
	assert_memory_equal(f, want, sizeof(want));
}

static void challenged(const struct made *m, const struct shape *s)
{
	assert_int_equal(run(m->b, m->len), XDP_TX);
	counted(&lab.before.passed[GATE_CHALLENGED]);
	is_challenge(m, s);
}

static void an_init_for_us_passes(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX];
	struct made m;

	for (size_t n = SIGNET_HANDSHAKE_MIN; n <= SIGNET_HANDSHAKE_MAX; n++) {
		make_init(f, SIGNET_PATTERN_IK);
		make(&m, &(struct shape){ .ip6 = n & 1 }, f, n);
		passes(&m, GATE_PASS_HANDSHAKE);
	}
	make(&m, &(struct shape){ 0 }, f, SIGNET_HANDSHAKE_MIN - 1);
	drops(&m, SIGNET_DROP_LENGTH);
	make(&m, &(struct shape){ 0 }, f, sizeof(f));
	memset(m.b + m.len, 0, 1);
	m.len++;
	put16(m.b + m.l3 + 2, m.len - m.l3);
	put16(m.b + m.l4 + 4, m.len - m.l4);
	drops(&m, SIGNET_DROP_LENGTH);
}

static void each_bit_before_mac1_counts(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX];
	struct made m;

	make_init(f, SIGNET_PATTERN_IK);
	for (int bit = 0; bit < 8 * SIGNET_MAC2_OFFSET; bit++) {
		f[bit / 8] ^= 1 << bit % 8;
		make(&m, &(struct shape){ 0 }, f, 300);
		assert_int_equal(run(m.b, m.len), XDP_DROP);
		if (bit >= 8 * 16)
			counted(&lab.before.dropped[SIGNET_DROP_MAC1]);
		f[bit / 8] ^= 1 << bit % 8;
	}
	for (int bit = 8 * SIGNET_MAC2_OFFSET; bit < 8 * 80; bit++) {
		f[bit / 8] ^= 1 << bit % 8;
		make(&m, &(struct shape){ 0 }, f, 300);
		/* whoever changed it: the sender is asked again */
		challenged(&m, &(struct shape){ 0 });
		f[bit / 8] ^= 1 << bit % 8;
	}
}

static void under_load_a_source_proves_its_address(void **state)
{
	static const uint8_t chain[] = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS };
	const struct shape shapes[] = {
		{ 0 },
		{ .options = 10, .vlans = 1 },
		{ .ip6 = true },
		{ .ip6 = true,
		  .vlans = 2,
		  .extensions = chain,
		  .n_extensions = 2 },
		{ .sport = 65535 },
		{ .ip6 = true, .sport = 1 },
	};
	uint8_t f[SIGNET_HANDSHAKE_MAX], cookie[16];
	struct made m;

	lab.settings.port[1].burst = 100;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct shape s = shapes[i], other = s;

		set_flags(GATE_LOADED);
		make_init(f, SIGNET_PATTERN_IK);
		make(&m, &s, f, SIGNET_HANDSHAKE_MIN);
		challenged(&m, &s);
		/* with the cookie, and with that of the secret before */
		s.source = other.source = 10 + i;
		for (int secret = 0; secret < 2; secret++) {
			make(&m, &s, f, 200);
			cookie_for(&m, &s, secret, cookie);
			signet_mac2_write(f, cookie);
			make(&m, &s, f, 200);
			passes(&m, GATE_PASS_HANDSHAKE);
		}
		/* from another address or port it proves nothing */
		other.source++;
		make(&m, &other, f, 200);
		challenged(&m, &other);
		other = s;
		other.sport = 7;
		make(&m, &other, f, 200);
		challenged(&m, &other);
		/* without load, neither: it was changed on the way */
		set_flags(0);
		challenged(&m, &other);
	}
}

/* XX and XXpsk3 answer strangers: never without a cookie, and padded. */
static void what_answers_strangers_needs_a_cookie(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX], cookie[16];
	struct shape s = { 0 };
	struct made m;

	make_init(f, SIGNET_PATTERN_XX);
	make(&m, &s, f, sizeof(f));
	challenged(&m, &s);
	make(&m, &s, f, sizeof(f) - 1);
	drops(&m, SIGNET_DROP_LENGTH);
	cookie_for(&m, &s, 0, cookie);
	signet_mac2_write(f, cookie);
	make(&m, &s, f, sizeof(f));
	passes(&m, GATE_PASS_HANDSHAKE);
	/* pairing: made for nobody in particular */
	make_init(f, SIGNET_PATTERN_XXPSK3);
	signet_mac1_write(f, lab.mac1_zero);
	make(&m, &s, f, sizeof(f));
	drops(&m, SIGNET_DROP_MAC1);
	set_flags(GATE_PAIRING);
	assert_int_equal(run(m.b, m.len), XDP_TX);
	/* and nothing else is */
	make_init(f, SIGNET_PATTERN_XXPSK3);
	make(&m, &s, f, sizeof(f));
	drops(&m, SIGNET_DROP_MAC1);
	make_init(f, SIGNET_PATTERN_XX);
	make(&m, &s, f, sizeof(f));
	challenged(&m, &s);
	signet_mac1_write(f, lab.mac1_zero);
	make(&m, &s, f, sizeof(f));
	drops(&m, SIGNET_DROP_MAC1);
	make_init(f, SIGNET_PATTERN_IK);
	signet_mac1_write(f, lab.mac1_zero);
	make(&m, &s, f, sizeof(f));
	drops(&m, SIGNET_DROP_MAC1);
	make_init(f, 4);
	make(&m, &s, f, sizeof(f));
	drops(&m, SIGNET_DROP_TYPE);
}

static void a_prefix_has_its_rate(void **state)
{
	struct made m;

	lab.settings.port[1].interval = 3600ull * 1000000000;
	set_flags(GATE_LOADED);
	for (int ip6 = 0; ip6 < 2; ip6++) {
		struct shape s = { .ip6 = ip6 };

		for (int i = 0; i < 5; i++) {
			s.sport = 1000 + i;
			make_proved(&m, &s);
			passes(&m, GATE_PASS_HANDSHAKE);
		}
		make_proved(&m, &s);
		drops(&m, SIGNET_DROP_RATE);
		/* another address of the same /64, or another one */
		s.source = 2;
		make_proved(&m, &s);
		if (ip6)
			drops(&m, SIGNET_DROP_RATE);
		else
			passes(&m, GATE_PASS_HANDSHAKE);
	}
}

/* a /48 has eight times the rate of one /64, however many it has */
static void a_site_has_its_rate(void **state)
{
	struct shape s = { .ip6 = true };
	uint8_t f[200], cookie[16];
	int passed = 0, verdict;
	struct made m;

	lab.settings.port[1].interval = 3600ull * 1000000000;
	set_flags(GATE_LOADED);
	for (int i = 0; i < 100; i++) {
		uint8_t big[SIGNET_HANDSHAKE_MAX];

		make_init(big, SIGNET_PATTERN_IK);
		memcpy(f, big, sizeof(f));
		make(&m, &s, f, sizeof(f));
		m.b[m.l3 + 8 + 7] = i; /* the last byte of the /64 */
		cookie_for(&m, &s, 0, cookie);
		signet_mac2_write(m.b + m.payload, cookie);
		verdict = run(m.b, m.len);
		passed += verdict == XDP_PASS;
	}
	assert_int_equal(passed, 40);
}

/* Bytes before the /48 ends make another site, those behind it another /64. */
static void a_site_is_a_48(void **state)
{
	struct shape s = { .ip6 = true };
	uint8_t cookie[16];
	struct made m;

	lab.settings.port[1].interval = 3600ull * 1000000000;
	set_flags(GATE_LOADED);
	for (int i = 0; i < 16; i++) {
		/* eight /64s of five each are what one site may */
		for (int j = 0; j < (i ? 1 : 41); j++) {
			make_proved(&m, &s);
			if (!i)
				m.b[m.l3 + 8 + 7] = j;
			else
				m.b[m.l3 + 8 + i - 1] ^= 0x80;
			memset(m.b + m.payload + SIGNET_MAC2_OFFSET, 0, 16);
			cookie_for(&m, &s, 0, cookie);
			signet_mac2_write(m.b + m.payload, cookie);
			if (!i ? j < 40 : i - 1 < 6)
				passes(&m, GATE_PASS_HANDSHAKE);
			else
				drops(&m, SIGNET_DROP_RATE);
		}
	}
}

/* Tokens come back, one in each interval, whether there is load or not. */
static void a_prefix_has_its_tokens_back_in_time(void **state)
{
	struct shape s = { 0 };
	struct made m;

	lab.settings.port[1].interval = 50000000;
	lab.settings.port[1].burst = 1;
	for (int flags = 0; flags < 2; flags++) {
		set_flags(flags ? GATE_LOADED : 0);
		s.source = 100 + flags;
		make_proved(&m, &s);
		for (int i = 0; i < 2; i++) {
			int early = 0;

			passes(&m, GATE_PASS_HANDSHAKE);
			/* a test that is late finds it back at once */
			early = run(m.b, m.len);
			assert_true(early == XDP_DROP || early == XDP_PASS);
			if (early == XDP_DROP)
				counted(&lab.before.dropped[SIGNET_DROP_RATE]);
			usleep(120000);
		}
	}
}

/* Its checksum would be 0, which says that there is none: it is sent as ffff. */
static void a_challenge_has_a_checksum(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX], want[SIGNET_COOKIE_FRAME_LEN];
	uint32_t sport = 0, sum = 0;
	struct shape s = { 0 };
	struct made m;

	set_flags(GATE_LOADED);
	make_init(f, SIGNET_PATTERN_IK);
	while (sum != 0xffff) {
		uint8_t cookie[16];

		s.sport = ++sport % 65535 + 1;
		s.source = 1 + sport / 65535;
		assert_int_not_equal(s.source, 255);
		make(&m, &s, f, 200);
		cookie_for(&m, &s, 0, cookie);
		signet_cookie_frame_write(want, f, cookie, lab.mac1_key);
		sum = IPPROTO_UDP + 2 * (8 + sizeof(want)) + PORT + s.sport;
		for (int i = 12; i < 20; i += 2)
			sum += m.b[m.l3 + i] << 8 | m.b[m.l3 + i + 1];
		sum = (uint16_t)~checksum(want, sizeof(want), sum);
	}
	assert_int_equal(run(m.b, m.len), XDP_TX);
	counted(&lab.before.passed[GATE_CHALLENGED]);
	assert_memory_equal(lab.out + m.l3 + 28, want, sizeof(want));
	assert_memory_equal(lab.out + m.l3 + 26, "\xff\xff", 2);
}

/* The number is in the list, and what belongs to it is another port's. */
static void half_a_port_is_none(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX];
	struct made m;

	make_init(f, SIGNET_PATTERN_IK);
	make(&m, &(struct shape){ 0 }, f, 200);
	lab.settings.port[1].port = htons(5);
	settings_use();
	drops(&m, SIGNET_DROP_TYPE);
}

static void answers_need_a_label_of_ours(void **state)
{
	const uint8_t types[] = { SIGNET_FRAME_RESPONSE, SIGNET_FRAME_FINISH };
	uint8_t f[SIGNET_HANDSHAKE_MAX];
	struct signet_handshake_frame *h;
	struct made m;

	assert_int_equal(label_put(500, true), 0);
	for (size_t i = 0; i < sizeof(types); i++) {
		h = make_init(f, SIGNET_PATTERN_XX);
		h->type = types[i];
		h->label = 500;
		/* a response is made for the one who asked */
		if (types[i] == SIGNET_FRAME_FINISH)
			signet_mac1_write(f, lab.mac1_key);
		make(&m, &(struct shape){ 0 }, f, 400);
		passes(&m, GATE_PASS_HANDSHAKE);
		h->label = 501;
		make(&m, &(struct shape){ 0 }, f, 400);
		drops(&m, SIGNET_DROP_LABEL);
		h->label = 0;
		make(&m, &(struct shape){ 0 }, f, 400);
		drops(&m, SIGNET_DROP_LABEL);
		h->label = 500;
		h->mac2[3] = 1;
		make(&m, &(struct shape){ 0 }, f, 400);
		drops(&m, SIGNET_DROP_FLAGS);
	}
	h->mac2[3] = 0;
	h->noise[0] ^= 1;
	make(&m, &(struct shape){ 0 }, f, 400);
	drops(&m, SIGNET_DROP_MAC1);
	h->sender_label = 0;
	make(&m, &(struct shape){ 0 }, f, 400);
	drops(&m, SIGNET_DROP_LABEL);
}

static void cookie_frames_need_a_label_of_ours(void **state)
{
	uint8_t f[SIGNET_COOKIE_FRAME_LEN + 1] = { SIGNET_FRAME_COOKIE };
	struct signet_cookie_frame *c = (void *)f;
	struct made m;

	c->label = 500;
	make(&m, &(struct shape){ 0 }, f, SIGNET_COOKIE_FRAME_LEN);
	drops(&m, SIGNET_DROP_LABEL);
	assert_int_equal(label_put(500, true), 0);
	passes(&m, GATE_PASS_HANDSHAKE);
	make(&m, &(struct shape){ 0 }, f, sizeof(f));
	drops(&m, SIGNET_DROP_LENGTH);
	make(&m, &(struct shape){ 0 }, f, SIGNET_COOKIE_FRAME_LEN - 1);
	drops(&m, SIGNET_DROP_LENGTH);
	for (int i = 1; i < 16; i++) {
		if (i >= 4 && i < 8)
			continue;
		f[i] = 1;
		make(&m, &(struct shape){ 0 }, f, SIGNET_COOKIE_FRAME_LEN);
		drops(&m, SIGNET_DROP_FLAGS);
		f[i] = 0;
	}
}

static unsigned int entries(struct bpf_map *map, const void *key, size_t n)
{
	uint8_t at[16], next[16];
	unsigned int count = 0;
	const void *from = NULL;

	while (!bpf_map_get_next_key(fd_of(map), from, next)) {
		memcpy(at, next, n);
		from = at;
		count++;
	}
	return count;
}

/* Nothing that a stranger sends leaves anything behind. */
static void strangers_leave_nothing(void **state)
{
	struct gate_bucket bucket;
	uint8_t f[SIGNET_HANDSHAKE_MAX];
	struct made m;

	set_flags(GATE_LOADED);
	for (int i = 0; i < 2000; i++) {
		make_init(f, SIGNET_PATTERN_IK);
		f[i % 80] ^= i & 1;
		if (i & 2)
			make_frame(f, SIGNET_FRAME_PACKET, 100, LABEL + 1 + i);
		make(&m, &(struct shape){ .ip6 = i & 4, .sport = i + 1 }, f,
		     200);
		assert_int_not_equal(run(m.b, m.len), XDP_PASS);
	}
	assert_int_equal(entries(lab.gate->maps.labels, NULL,
				 sizeof(struct gate_label_key)),
			 1);
	for (uint32_t i = 0; i < GATE_BUCKETS; i++) {
		bpf_map_lookup_elem(fd_of(lab.gate->maps.buckets), &i, &bucket);
		assert_true(bucket.tag == 0);
	}
}

int main(void)
{
#define gate_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		gate_test(an_init_for_us_passes),
		gate_test(each_bit_before_mac1_counts),
		gate_test(under_load_a_source_proves_its_address),
		cmocka_unit_test_prestate_setup_teardown(
			under_load_a_source_proves_its_address, lab_setup,
			lab_teardown, "beside"),
		gate_test(what_answers_strangers_needs_a_cookie),
		gate_test(a_prefix_has_its_rate),
		gate_test(a_site_has_its_rate),
		gate_test(a_site_is_a_48),
		gate_test(a_prefix_has_its_tokens_back_in_time),
		gate_test(a_challenge_has_a_checksum),
		gate_test(half_a_port_is_none),
		gate_test(answers_need_a_label_of_ours),
		gate_test(cookie_frames_need_a_label_of_ours),
		gate_test(strangers_leave_nothing),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
