// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Headers in every order, fragments in every place, every kind of frame cut off at
 * every byte; ports side by side; packets in several buffers.
 */
#include "handshake.h"

static const uint8_t kinds[] = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS,
				 IPPROTO_ROUTING, IPPROTO_AH,
				 IPPROTO_FRAGMENT };

#define KINDS sizeof(kinds)

static void make_authentic(struct made *m, const struct shape *s)
{
	uint8_t f[100];

	make(m, s, f, make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL));
}

/* An authentic frame passes, a forged one and an unknown label don't. */
static void is_judged(const struct shape *s)
{
	struct made m;

	make_authentic(&m, s);
	passes(&m, GATE_PASS_PACKET);
	m.b[m.payload + SIGNET_HOP_TAG_OFFSET + 7] ^= 0x80;
	drops(&m, SIGNET_DROP_HOP_TAG);
	m.b[m.payload + 4] ^= 1;
	drops(&m, SIGNET_DROP_LABEL);
}

static void extension_headers_come_in_any_order(void **state)
{
	uint8_t x[3];

	for (size_t i = 0; i < KINDS * KINDS * KINDS; i++) {
		struct shape s = { .ip6 = true,
				   .vlans = i % 3,
				   .extensions = x,
				   .n_extensions = 3 };

		x[0] = kinds[i % KINDS];
		x[1] = kinds[i / KINDS % KINDS];
		x[2] = kinds[i / KINDS / KINDS];
		is_judged(&s);
	}
}

/* Wherever the fragment header is among others, and with IPv4 options. */
static void fragments_are_seen_in_any_place(void **state)
{
	struct made m;

	for (int at = 0; at < 6; at++) {
		uint8_t x[] = { 0, 60, 43, 51, 60, 60 };
		struct shape s = { .ip6 = true,
				   .vlans = at % 3,
				   .extensions = x,
				   .n_extensions = 6 };

		x[at] = IPPROTO_FRAGMENT;
		s.fragment = 0; /* whole */
		is_judged(&s);
		s.fragment = 1;
		make_authentic(&m, &s);
		drops(&m, SIGNET_DROP_FRAGMENT);
		for (uint32_t later = 8; later < 65536; later <<= 1) {
			s.fragment = later;
			make_authentic(&m, &s);
			passes(&m, GATE_PASS_OTHER);
			s.fragment = later | 1;
			make_authentic(&m, &s);
			passes(&m, GATE_PASS_OTHER);
		}
	}
	for (int options = 0; options <= 10; options++) {
		struct shape s = { .options = options, .vlans = options % 3 };

		s.fragment = 0x2000;
		make_authentic(&m, &s);
		drops(&m, SIGNET_DROP_FRAGMENT);
		for (uint16_t later = 1; later < 0x2000; later <<= 1) {
			s.fragment = later;
			make_authentic(&m, &s);
			passes(&m, GATE_PASS_OTHER);
			s.fragment = later | 0x2000;
			make_authentic(&m, &s);
			passes(&m, GATE_PASS_OTHER);
		}
	}
}

/* An extension header of any length that somebody might have a use for. */
static void long_extension_headers_hide_nothing(void **state)
{
	static const uint8_t one[] = { IPPROTO_DSTOPTS };
	const struct shape s = { .ip6 = true,
				 .extensions = one,
				 .n_extensions = 1 };
	struct made m, longer;

	make_authentic(&m, &s);
	for (uint32_t len = 0; len < 256; len++) {
		uint32_t at = m.l3 + 40, size = 8 * (len + 1);
		uint32_t rest = m.len - m.l4;

		longer = m;
		longer.b[at + 1] = len;
		memset(longer.b + at + 2, 0, size - 2);
		memcpy(longer.b + at + size, m.b + m.l4, rest);
		put16(longer.b + m.l3 + 4, size + rest);
		longer.l4 = at + size;
		longer.payload = longer.l4 + 8;
		longer.len = at + size + rest;
		if (at + size > 1024) {
			drops(&longer, SIGNET_DROP_OUTER);
			continue;
		}
		passes(&longer, GATE_PASS_PACKET);
		longer.b[longer.payload + 8] ^= 1;
		drops(&longer, SIGNET_DROP_HOP_TAG);
	}
}

/* The last bytes are missing, and the headers say so or not. */
static void is_nothing_when_cut(const uint8_t *f, size_t n, size_t least)
{
	for (int ip6 = 0; ip6 < 2; ip6++) {
		const struct shape s = { .ip6 = ip6 };
		struct made m;

		make(&m, &s, f, n);
		for (m.len = m.payload; m.len < m.payload + n; m.len++)
			drops(&m, SIGNET_DROP_LENGTH);
		for (size_t len = 0; len < least; len++) {
			make(&m, &s, f, len);
			drops(&m, SIGNET_DROP_LENGTH);
		}
	}
}

static void frames_that_are_cut_off_are_dropped(void **state)
{
	uint8_t f[SIGNET_HANDSHAKE_MAX] = { SIGNET_FRAME_COOKIE };

	is_nothing_when_cut(f, SIGNET_COOKIE_FRAME_LEN,
			    SIGNET_COOKIE_FRAME_LEN);
	make_frame(f, SIGNET_FRAME_PACKET, 100, LABEL);
	is_nothing_when_cut(f, 100, SIGNET_PACKET_MIN);
	make_frame(f, SIGNET_FRAME_MESSAGE, 104, LABEL);
	is_nothing_when_cut(f, 104, 104);
	make_init(f, SIGNET_PATTERN_IK);
	is_nothing_when_cut(f, 200, SIGNET_HANDSHAKE_MIN);
	make_init(f, SIGNET_PATTERN_XX);
	is_nothing_when_cut(f, sizeof(f), sizeof(f));
	f[0] = SIGNET_FRAME_RESPONSE;
	is_nothing_when_cut(f, 400, SIGNET_HANDSHAKE_MIN);
	f[0] = SIGNET_FRAME_FINISH;
	is_nothing_when_cut(f, 400, SIGNET_HANDSHAKE_MIN);
}

static void each_bit_of_a_message_counts(void **state)
{
	uint8_t f[168];
	struct made m;

	make_frame(f, SIGNET_FRAME_MESSAGE, sizeof(f), LABEL);
	make(&m, &(struct shape){ .ip6 = true }, f, sizeof(f));
	passes(&m, GATE_PASS_MESSAGE);
	for (size_t bit = 0; bit < 8 * SIGNET_FRAME_HDR_LEN; bit++) {
		m.b[m.payload + bit / 8] ^= 1 << bit % 8;
		assert_int_equal(run(m.b, m.len), XDP_DROP);
		m.b[m.payload + bit / 8] ^= 1 << bit % 8;
	}
	passes(&m, GATE_PASS_MESSAGE);
}

/* Each of as many ports as there can be has labels of its own. */
static void ports_are_apart(void **state)
{
	struct gate_label_key key = { .label = LABEL };
	struct gate_label value = { 0 };
	struct made m;

	memcpy(value.hop_key, lab.hop_key, sizeof(lab.hop_key));
	for (int n = 0; n <= GATE_PORTS; n++) {
		lab.settings.n_ports = n;
		for (int i = 0; i < n; i++)
			lab.settings.ports[i] = lab.settings.port[i].port =
				htons(1000 + i);
		settings_use();
		for (int i = 0; i <= GATE_PORTS; i++) {
			struct shape s = { .dport = 1000 + i };

			make_authentic(&m, &s);
			key.port = htons(1000 + i);
			bpf_map_delete_elem(fd_of(lab.gate->maps.labels), &key);
			if (i >= n) {
				passes(&m, GATE_PASS_OTHER);
				continue;
			}
			drops(&m, SIGNET_DROP_LABEL);
			assert_int_equal(bpf_map_update_elem(
						 fd_of(lab.gate->maps.labels),
						 &key, &value, 0),
					 0);
			passes(&m, GATE_PASS_PACKET);
		}
	}
}

/* A frame that is longer than a page comes in several buffers. */
static void frames_come_in_several_buffers(void **state)
{
	static uint8_t f[7000], packet[8000], out[8000];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);
	int fd = bpf_program__fd(lab.gate->progs.signet_gate);
	uint32_t n = sizeof(f);
	struct made m;

	lab.gate->data->control.mtu = 9000;
	make_frame(f, SIGNET_FRAME_PACKET, n, LABEL);
	make(&m, &(struct shape){ .udp_len = n - 100, .ip_len = n - 100 }, f,
	     100);
	memcpy(packet, m.b, m.payload);
	memcpy(packet + m.payload, f, n);
	opts.data_size_in = m.payload + n;
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	assert_int_equal(opts.retval, XDP_PASS);
	assert_int_equal(opts.data_size_out, m.payload + n);
	assert_memory_equal(out, packet, m.payload + n);
	/* the last byte is missing, or the tag is another */
	opts.data_size_in--;
	opts.data_size_out = sizeof(out);
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	assert_int_equal(opts.retval, XDP_DROP);
	opts.data_size_in++;
	opts.data_size_out = sizeof(out);
	packet[m.payload + 20] ^= 1;
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	assert_int_equal(opts.retval, XDP_DROP);
}

int main(void)
{
#define gate_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		gate_test(extension_headers_come_in_any_order),
		gate_test(fragments_are_seen_in_any_place),
		gate_test(long_extension_headers_hide_nothing),
		gate_test(frames_that_are_cut_off_are_dropped),
		gate_test(each_bit_of_a_message_counts),
		gate_test(ports_are_apart),
		cmocka_unit_test_prestate_setup_teardown(
			frames_come_in_several_buffers, lab_setup, lab_teardown,
			"frags"),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
