/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Cutting super-packets, joining packets, checksums, prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sodium.h>

#include "daemon/tun_checksum.h"
#include "daemon/tun_gro.h"
#include "daemon/tun_inner.h"
#include "daemon/tun_lpm.h"
#include "daemon/tun_segment.h"
#include "daemon/tun_virtio.h"

#define HEAD SG_GRO_HEADROOM

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* The plainest sum that could be right. */
static uint16_t naive_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint32_t naive_pseudo(const uint8_t *ip, bool v6, uint8_t proto,
			     size_t len)
{
	return naive_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8,
			 proto + (uint32_t)len);
}

static void checksums_agree_with_the_plain_way(void **state)
{
	static uint8_t buf[2000];

	randombytes_buf(buf, sizeof(buf));
	for (size_t len = 0; len < sizeof(buf) - 8; len++) {
		for (size_t at = 0; at < 3; at++) {
			uint16_t want = htons(naive_sum(buf + at, len, 0));
			uint16_t got =
				sg_csum_fold(sg_csum_add(buf + at, len, 0));

			assert_int_equal(got, want);
		}
	}
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(sg_csum_fold(sg_csum_add(buf, 2000, UINT64_MAX)),
			 0xffff);
}

/* A TCP or UDP packet with right checksums. */
struct spec {
	bool v6, tcp;
	uint32_t seq;
	uint16_t id;
	uint8_t flags;
	size_t payload;
	const uint8_t *data;
};

static void set_checksum(uint8_t *p, bool v6, bool tcp, size_t len)
{
	size_t l4 = v6 ? 40 : 20;
	uint8_t proto = tcp ? 6 : 17, *check = p + l4 + (tcp ? 16 : 6);

	put16(check, 0);
	put16(check, 0xffff ^ naive_sum(p + l4, len - l4,
					naive_pseudo(p, v6, proto, len - l4)));
}

static size_t build(uint8_t *p, const struct spec *s)
{
	size_t l4 = s->v6 ? 40 : 20, hdr = l4 + (s->tcp ? 32 : 8);
	size_t len = hdr + s->payload;

	memset(p, 0, hdr);
	if (s->v6) {
		p[0] = 0x60;
		put16(p + 4, (uint32_t)(len - 40));
		p[6] = s->tcp ? 6 : 17;
		p[7] = 64;
		p[8] = p[24] = 0xfd;
		p[23] = 1, p[39] = 2;
	} else {
		p[0] = 0x45;
		put16(p + 2, (uint32_t)len);
		put16(p + 4, s->id);
		p[6] = 0x40;
		p[8] = 64;
		p[9] = s->tcp ? 6 : 17;
		p[12] = p[16] = 10;
		p[15] = 1, p[19] = 2;
		put16(p + 10, 0xffff ^ naive_sum(p, 20, 0));
	}
	put16(p + l4, 1000);
	put16(p + l4 + 2, 2000);
	if (s->tcp) {
		put16(p + l4 + 4, s->seq >> 16);
		put16(p + l4 + 6, s->seq & 0xffff);
		p[l4 + 12] = 8 << 4;
		p[l4 + 13] = s->flags;
		put16(p + l4 + 14, 500);
		p[l4 + 20] = p[l4 + 21] = 1;
	} else {
		put16(p + l4 + 4, (uint32_t)(8 + s->payload));
	}
	memcpy(p + hdr, s->data, s->payload);
	set_checksum(p, s->v6, s->tcp, len);
	return len;
}

static bool checksums_good(const uint8_t *p, size_t len)
{
	bool v6 = p[0] >> 4 == 6;
	size_t l4 = v6 ? 40 : 20;
	uint8_t proto = v6 ? p[6] : p[9];

	if (!v6 && naive_sum(p, 20, 0) != 0xffff)
		return false;
	return naive_sum(p + l4, len - l4,
			 naive_pseudo(p, v6, proto, len - l4)) == 0xffff;
}

static uint8_t data[70000];
static uint8_t super[70000];

/* What the kernel hands out for @s as a super-packet of @mss. */
static size_t build_super(const struct spec *s, struct virtio_net_hdr *h,
			  uint16_t mss)
{
	size_t len = build(super, s), l4 = s->v6 ? 40 : 20;

	memset(h, 0, sizeof(*h));
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->gso_type = !s->tcp ? VIRTIO_NET_HDR_GSO_UDP_L4
		      : s->v6 ? VIRTIO_NET_HDR_GSO_TCPV6
			      : VIRTIO_NET_HDR_GSO_TCPV4;
	h->gso_size = mss;
	h->csum_start = (uint16_t)l4;
	h->csum_offset = s->tcp ? 16 : 6;
	return len;
}

static void cut_and_check(const struct spec *s, uint16_t mss)
{
	struct virtio_net_hdr h;
	size_t len = build_super(s, &h, mss), at = 0;
	size_t hdr = (s->v6 ? 40u : 20u) + (s->tcp ? 32u : 8u);
	struct sg_gso g;

	assert_int_equal(sg_gso_parse(&g, (uint8_t *)&h, super, len), 0);
	assert_int_equal(g.segments, (s->payload + mss - 1) / mss);
	for (uint32_t i = 0; i < g.segments; i++) {
		uint8_t *p;
		size_t n = sg_gso_segment(&g, i, &p);

		assert_int_equal(sg_inner_check(p, n), s->v6 ? 6 : 4);
		assert_true(n <= g.largest);
		assert_true(checksums_good(p, n));
		assert_memory_equal(p + hdr, data + at, n - hdr);
		if (!s->v6)
			assert_int_equal(get16(p + 4), (s->id + i) & 0xffff);
		if (s->tcp) {
			uint8_t f = p[(s->v6 ? 40 : 20) + 13];

			assert_int_equal(!!(f & 0x09), i + 1 == g.segments);
			assert_int_equal(!!(f & 0x80), i == 0);
		}
		at += n - hdr;
	}
	assert_int_equal(at, s->payload);
}

static void super_packets_are_cut_to_good_packets(void **state)
{
	randombytes_buf(data, sizeof(data));
	for (int k = 0; k < 4; k++) {
		struct spec s = { .v6 = k & 1,
				  .tcp = k & 2,
				  .seq = 0xffffff00,
				  .id = 0xfff0,
				  .flags = 0x99,
				  .data = data };

		for (size_t n = 1; n < 65000; n += 1 + n / 3) {
			s.payload = n;
			cut_and_check(&s, 1348);
			cut_and_check(&s, 536);
		}
	}
}

static void contradicting_super_packets_are_refused(void **state)
{
	struct spec s = { .tcp = true, .payload = 3000, .data = data };
	struct virtio_net_hdr h, bad;
	size_t len = build_super(&s, &h, 1000);
	struct sg_gso g;

	bad = h, bad.gso_size = 0;
	assert_int_not_equal(sg_gso_parse(&g, (void *)&bad, super, len), 0);
	bad = h, bad.csum_start = 60000;
	assert_int_not_equal(sg_gso_parse(&g, (void *)&bad, super, len), 0);
	bad = h, bad.csum_start = 4;
	assert_int_not_equal(sg_gso_parse(&g, (void *)&bad, super, len), 0);
	bad = h, bad.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	assert_int_not_equal(sg_gso_parse(&g, (void *)&bad, super, len), 0);
	bad = h, bad.gso_type = 77;
	assert_int_not_equal(sg_gso_parse(&g, (void *)&bad, super, len), 0);
	assert_int_not_equal(sg_gso_parse(&g, (void *)&h, super, 45), 0);
	bad = h, bad.gso_type = 0, bad.csum_offset = 65535;
	assert_int_not_equal(sg_gso_parse(&g, (void *)&bad, super, len), 0);
}

/* Collects what the joined packets come out as. */
static struct out {
	int n;
	uint32_t segments[300];
	struct virtio_net_hdr h[300];
	size_t len[300];
	uint8_t packet[70000]; /* the last one */
} out;

static void collect(void *ctx, struct iovec *iov, int n, uint32_t segments)
{
	size_t at = 0;

	memcpy(&out.h[out.n], iov[0].iov_base, HEAD);
	for (int i = 0; i < n; i++) {
		const uint8_t *p = iov[i].iov_base;
		size_t skip = i ? 0 : HEAD;

		memcpy(out.packet + at, p + skip, iov[i].iov_len - skip);
		at += iov[i].iov_len - skip;
	}
	out.len[out.n] = at;
	out.segments[out.n++] = segments;
}

static struct sg_gro gro = { .tcp = true, .udp = true, .write = collect };
static uint8_t slots[300][1600];

static void feed(int slot, const struct spec *s)
{
	sg_gro_packet(&gro, slots[slot] + HEAD, build(slots[slot] + HEAD, s));
}

static void begin(void)
{
	memset(&out, 0, sizeof(out));
	gro.n_flows = 0;
}

static void segments_are_joined_and_cut_again(void **state)
{
	for (int k = 0; k < 4; k++) {
		struct spec s = { .v6 = k & 1,
				  .tcp = k & 2,
				  .flags = 0x10,
				  .payload = 1000 };
		size_t hdr = (s.v6 ? 40u : 20u) + (s.tcp ? 32u : 8u), at = 0;
		struct sg_gso g;

		begin();
		for (int i = 0; i < 30; i++) {
			s.data = data + 1000 * i;
			s.seq = 7 + 1000 * (uint32_t)i;
			s.id = (uint16_t)(100 + i);
			if (i == 29) {
				s.payload = 300;
				s.flags |= 8;
			}
			feed(i, &s);
		}
		assert_int_equal(out.n, 0);
		sg_gro_flush(&gro);
		assert_int_equal(out.n, 1);
		assert_int_equal(out.segments[0], 30);
		assert_int_equal(out.len[0], hdr + 29300);
		assert_int_equal(out.h[0].gso_size, 1000);
		assert_int_equal(sg_gso_parse(&g, (uint8_t *)&out.h[0],
					      out.packet, out.len[0]),
				 0);
		assert_int_equal(g.segments, 30);
		for (uint32_t i = 0; i < 30; i++) {
			uint8_t *p;
			size_t n = sg_gso_segment(&g, i, &p);

			assert_true(checksums_good(p, n));
			assert_memory_equal(p + hdr, data + at, n - hdr);
			at += n - hdr;
		}
		assert_int_equal(at, 29300);
	}
}

/* Two packets, of which the second differs somehow: are they joined? */
static int joined_after(void (*change)(uint8_t *p), struct spec *second,
			bool fix)
{
	struct spec s = { .tcp = true,
			  .flags = 0x10,
			  .seq = 1,
			  .id = 5,
			  .payload = 500,
			  .data = data };
	size_t len;

	begin();
	feed(0, &s);
	len = build(slots[1] + HEAD, second);
	if (change)
		change(slots[1] + HEAD);
	if (fix) {
		put16(slots[1] + HEAD + 10, 0);
		put16(slots[1] + HEAD + 10,
		      0xffff ^ naive_sum(slots[1] + HEAD, 20, 0));
		set_checksum(slots[1] + HEAD, false, true, len);
	}
	sg_gro_packet(&gro, slots[1] + HEAD, len);
	sg_gro_flush(&gro);
	assert_true(out.n == 1 || out.n == 2);
	return out.n == 1;
}

static void flip_payload(uint8_t *p)
{
	p[80] ^= 1;
}
static void other_ttl(uint8_t *p)
{
	p[8]--;
}
static void other_tos(uint8_t *p)
{
	p[1] = 3;
}
static void other_ack(uint8_t *p)
{
	p[31] ^= 1;
}
static void other_window(uint8_t *p)
{
	p[35] ^= 1;
}
static void other_option(uint8_t *p)
{
	p[45] ^= 1;
}
static void other_port(uint8_t *p)
{
	p[21] ^= 1;
}
static void fragment(uint8_t *p)
{
	p[6] = 0x20;
}
static void with_syn(uint8_t *p)
{
	p[33] |= 2;
}
static void with_rst(uint8_t *p)
{
	p[33] |= 4;
}
static void with_urg(uint8_t *p)
{
	p[33] |= 0x20;
}
static void with_ece(uint8_t *p)
{
	p[33] |= 0x40;
}
static void with_cwr(uint8_t *p)
{
	p[33] |= 0x80;
}

static void only_what_continues_is_joined(void **state)
{
	struct spec good = { .tcp = true,
			     .flags = 0x10,
			     .seq = 501,
			     .id = 6,
			     .payload = 500,
			     .data = data },
		    s;
	static void (*const changes[])(uint8_t *) = {
		other_ttl,    other_tos,  other_ack, other_window,
		other_option, other_port, fragment,  with_syn,
		with_rst,     with_urg,	  with_ece,  with_cwr,
	};

	assert_true(joined_after(NULL, &good, false));
	assert_false(joined_after(flip_payload, &good, false));
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		assert_false(joined_after(changes[i], &good, true));
	s = good, s.seq = 502;
	assert_false(joined_after(NULL, &s, false));
	s = good, s.payload = 501;
	assert_false(joined_after(NULL, &s, false));
	s = good, s.payload = 0;
	assert_false(joined_after(NULL, &s, false));
	s = good, s.payload = 499;
	assert_true(joined_after(NULL, &s, false));
	s = good, s.id = 9;
	assert_false(joined_after(NULL, &s, false));
	s = good, s.id = 5;
	assert_true(joined_after(NULL, &s, false));
}

static void what_ends_a_super_packet_stays_last(void **state)
{
	struct spec s = {
		.tcp = true, .flags = 0x18, .payload = 500, .data = data
	};

	begin();
	for (int i = 0; i < 4; i++) {
		s.seq = 500 * (uint32_t)i;
		s.id = (uint16_t)i;
		feed(i, &s);
	}
	sg_gro_flush(&gro);
	assert_int_equal(out.n, 4);
	begin();
	s.flags = 0x10;
	for (int i = 0; i < 300; i++) {
		s.seq = 500 * (uint32_t)i;
		s.id = (uint16_t)i;
		feed(i, &s);
	}
	sg_gro_flush(&gro);
	for (int i = 0; i < out.n; i++) {
		assert_true(out.segments[i] <= 64);
		assert_true(out.len[i] <= 65535);
	}
}

static void a_flow_stays_in_order(void **state)
{
	struct spec s = { .tcp = true,
			  .flags = 0x10,
			  .seq = 1,
			  .id = 1,
			  .payload = 100,
			  .data = data };

	begin();
	feed(0, &s);
	s.payload = 0;
	feed(1, &s);
	assert_int_equal(out.n, 2);
	assert_int_equal(out.len[0], 152);
	assert_int_equal(out.len[1], 52);
	sg_gro_flush(&gro);
	assert_int_equal(out.n, 2);
}

static void many_flows_lose_nothing(void **state)
{
	struct spec s = { .v6 = true, .payload = 64, .data = data };

	begin();
	for (int i = 0; i < 300; i++) {
		uint8_t *p = slots[i] + HEAD;
		size_t len = build(p, &s);

		put16(p + 40, (uint32_t)(i * 7 % 20));
		set_checksum(p, true, false, len);
		sg_gro_packet(&gro, p, len);
	}
	sg_gro_flush(&gro);
	for (int i = s.id = 0; i < out.n; i++)
		s.id = (uint16_t)(s.id + out.segments[i]);
	assert_int_equal(s.id, 300);
}

static void inner_check_holds_every_length(void **state)
{
	for (size_t n = 0; n < 1500; n++) {
		uint8_t *p = malloc(n ? n : 1);

		for (int v = 0; v < 16; v++) {
			memset(p, 0, n);
			if (n > 0)
				p[0] = (uint8_t)(v << 4 | 5);
			if (n >= 6)
				put16(p + (v == 6 ? 4 : 2),
				      (uint32_t)(v == 6 ? n - 40 : n));
			assert_int_equal(sg_inner_check(p, n),
					 v == 4 && n >= 20   ? 4
					 : v == 6 && n >= 40 ? 6
							     : 0);
		}
		free(p);
	}
}

/* Longest match by looking at every prefix. */
static void prefixes_match_longest_first(void **state)
{
	enum { N = 3000 };
	static struct {
		uint8_t a[4];
		uint8_t len;
		bool in;
	} set[N];
	struct sg_lpm t;

	assert_int_equal(sg_lpm_init(&t, 32), 0);
	assert_int_equal(sg_lpm_reserve(&t, N), 0);
	for (int i = 0; i < N; i++) {
		randombytes_buf(set[i].a, 4);
		set[i].a[0] = 10, set[i].a[1] &= 3;
		set[i].len = (uint8_t)(i < 3 ? 8 + i : 12 + i % 21);
		set[i].in = sg_lpm_exact(&t, set[i].a, set[i].len) ==
			    SG_LPM_NONE;
		if (set[i].in)
			sg_lpm_insert(&t, set[i].a, set[i].len, (uint32_t)i);
	}
	for (int i = 0; i < N; i += 3) {
		if (set[i].in)
			sg_lpm_remove(&t, set[i].a, set[i].len);
		set[i].in = false;
	}
	for (int k = 0; k < 2000; k++) {
		uint8_t a[4] = { 10, (uint8_t)(k & 3) };
		uint32_t best = SG_LPM_NONE;
		int best_len = -1;

		randombytes_buf(a + 2, 2);
		for (int i = 0; i < N; i++) {
			uint32_t x, y,
				m = set[i].len ? ~0u << (32 - set[i].len) : 0;

			memcpy(&x, a, 4), memcpy(&y, set[i].a, 4);
			if (set[i].in && !((ntohl(x) ^ ntohl(y)) & m) &&
			    set[i].len > best_len) {
				best = (uint32_t)i;
				best_len = set[i].len;
			}
		}
		assert_int_equal(sg_lpm_find(&t, a), best);
	}
	sg_lpm_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_agree_with_the_plain_way),
		cmocka_unit_test(super_packets_are_cut_to_good_packets),
		cmocka_unit_test(contradicting_super_packets_are_refused),
		cmocka_unit_test(segments_are_joined_and_cut_again),
		cmocka_unit_test(only_what_continues_is_joined),
		cmocka_unit_test(what_ends_a_super_packet_stays_last),
		cmocka_unit_test(a_flow_stays_in_order),
		cmocka_unit_test(many_flows_lose_nothing),
		cmocka_unit_test(inner_check_holds_every_length),
		cmocka_unit_test(prefixes_match_longest_first),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
