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

/* So many headers that the last one ends too far from the start. */
static void headers_end_where_nobody_needs_more(void **state)
{
	static const uint8_t six[] = { 0, 60, 60, 60, 60, 60 };

	for (int n = 1; n <= 6; n++) {
		const struct shape s = { .ip6 = true,
					 .extensions = six,
					 .n_extensions = n };
		struct made m, longer;
		uint32_t last, rest;

		make_authentic(&m, &s);
		passes(&m, GATE_PASS_PACKET);
		last = m.l4 - 16;
		rest = m.len - m.l4;
		for (uint32_t size = 1024 - last - 32; size < 1024 - last + 32;
		     size++) {
			if (size % 8)
				continue;
			longer = m;
			longer.b[last + 1] = size / 8 - 1;
			memset(longer.b + last + 2, 0, size - 2);
			memcpy(longer.b + last + size, m.b + m.l4, rest);
			put16(longer.b + m.l3 + 4,
			      last + size + rest - m.l3 - 40);
			longer.len = last + size + rest;
			if (last + size > 1024)
				drops(&longer, SIGNET_DROP_OUTER);
			else
				passes(&longer, GATE_PASS_PACKET);
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

/* every kind of frame, good as it is */
static const struct kind {
	uint8_t type, pattern;
	size_t n, least; /* bytes: it has, it can't do without */
	enum gate_pass what;
} frames[] = {
	{ SIGNET_FRAME_PACKET, 0, 100, SIGNET_PACKET_MIN, GATE_PASS_PACKET },
	{ SIGNET_FRAME_MESSAGE, 0, 104, 104, GATE_PASS_MESSAGE },
	{ SIGNET_FRAME_INIT, SIGNET_PATTERN_IK, 200, SIGNET_HANDSHAKE_MIN,
	  GATE_PASS_HANDSHAKE },
	{ SIGNET_FRAME_INIT, SIGNET_PATTERN_XX, SIGNET_HANDSHAKE_MAX,
	  SIGNET_HANDSHAKE_MAX, GATE_CHALLENGED },
	{ SIGNET_FRAME_RESPONSE, SIGNET_PATTERN_XX, 400, SIGNET_HANDSHAKE_MIN,
	  GATE_PASS_HANDSHAKE },
	{ SIGNET_FRAME_FINISH, SIGNET_PATTERN_XX, 400, SIGNET_HANDSHAKE_MIN,
	  GATE_PASS_HANDSHAKE },
	{ SIGNET_FRAME_COOKIE, 0, SIGNET_COOKIE_FRAME_LEN,
	  SIGNET_COOKIE_FRAME_LEN, GATE_PASS_HANDSHAKE },
};

#define FRAMES (sizeof(frames) / sizeof(*frames))

static void make_kind(uint8_t f[SIGNET_HANDSHAKE_MAX], const struct kind *k)
{
	struct signet_handshake_frame *h;

	if (k->what == GATE_PASS_PACKET || k->what == GATE_PASS_MESSAGE) {
		make_frame(f, k->type, k->n, LABEL);
		return;
	}
	h = make_init(f, k->pattern);
	h->type = k->type;
	if (k->type == SIGNET_FRAME_INIT)
		return;
	h->label = LABEL;
	if (k->type == SIGNET_FRAME_COOKIE)
		h->sender_label = 0;
	signet_mac1_write(f, lab.mac1_key);
}

static void is_taken(const struct made *m, const struct kind *k)
{
	if (k->what != GATE_CHALLENGED) {
		passes(m, k->what);
		return;
	}
	assert_int_equal(run(m->b, m->len), XDP_TX);
	counted(&lab.before.passed[GATE_CHALLENGED]);
}

/* Each number of VLAN tags with both families, with headers of other lengths. */
static void each_number_of_tags(void (*check)(const struct shape *s,
					      const uint8_t *f,
					      const struct kind *k))
{
	static const uint8_t x[] = { IPPROTO_HOPOPTS, IPPROTO_AH };
	uint8_t f[SIGNET_HANDSHAKE_MAX];

	for (size_t i = 0; i < FRAMES; i++) {
		make_kind(f, &frames[i]);
		for (int tags = 0; tags <= 2; tags++) {
			check(&(struct shape){ .vlans = tags,
					       .options = 5 * tags },
			      f, &frames[i]);
			check(&(struct shape){ .vlans = tags,
					       .ip6 = true,
					       .extensions = x,
					       .n_extensions = tags },
			      f, &frames[i]);
		}
	}
}

/* The last bytes are missing, and the headers say so or not. */
static void is_nothing_when_cut(const struct shape *s, const uint8_t *f,
				const struct kind *k)
{
	struct made m;
	uint32_t whole;

	make(&m, s, f, k->n);
	is_taken(&m, k);
	whole = m.len;
	for (m.len = 14; m.len < whole; m.len++) {
		/* without its ports it is nobody's, and the stack's to refuse */
		if (m.len < m.payload)
			passes(&m, GATE_PASS_OTHER);
		else
			drops(&m, SIGNET_DROP_LENGTH);
	}
	for (size_t len = 0; len < k->least; len++) {
		make(&m, s, f, len);
		drops(&m, SIGNET_DROP_LENGTH);
	}
	make(&m, s, f, k->least);
	is_taken(&m, k);
}

static void frames_that_are_cut_off_are_dropped(void **state)
{
	each_number_of_tags(is_nothing_when_cut);
}

/* UDP and IP don't agree about the length, or not with what came. */
static void is_nothing_when_lengths_differ(const struct shape *s,
					   const uint8_t *f,
					   const struct kind *k)
{
	static const int by[] = { -1, 1, -8, 8, -16, 65, 1500 };
	struct shape other = *s;
	struct made m;

	for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
		other.udp_len = by[i];
		other.ip_len = 0;
		make(&m, &other, f, k->n);
		drops(&m, SIGNET_DROP_LENGTH);
		other.ip_len = by[i];
		other.udp_len = 0;
		make(&m, &other, f, k->n);
		drops(&m, SIGNET_DROP_LENGTH);
		if (by[i] < 0)
			continue;
		/* they agree about more than there is */
		other.udp_len = by[i];
		make(&m, &other, f, k->n);
		drops(&m, SIGNET_DROP_LENGTH);
	}
	/* all of UDP's lengths that are less than its header's */
	for (int len = 0; len < 8; len++) {
		make(&m, s, f, k->n);
		put16(m.b + m.l4 + 4, len);
		drops(&m, SIGNET_DROP_LENGTH);
		other.udp_len = other.ip_len = len - 8 - (int)k->n;
		make(&m, &other, f, k->n);
		drops(&m, SIGNET_DROP_LENGTH);
	}
	/* what Ethernet has behind the packet is nothing to it */
	make(&m, s, f, k->n);
	memset(m.b + m.len, 0xaa, 46);
	m.len += 46;
	is_taken(&m, k);
}

static void lengths_that_differ_are_dropped_with_any_header(void **state)
{
	each_number_of_tags(is_nothing_when_lengths_differ);
}

/* Return: why a frame with this byte changed is dropped; NONE: it isn't */
static enum signet_drop reason_of(const struct kind *k, size_t byte,
				  const uint8_t *f)
{
	bool cookie = k->type == SIGNET_FRAME_COOKIE;

	if (byte == 1 && !cookie && (!f[1] || f[1] > SIGNET_PATTERN_MAX))
		return SIGNET_DROP_TYPE;
	if (byte == 1 && k->type == SIGNET_FRAME_INIT &&
	    k->n < SIGNET_HANDSHAKE_MAX)
		return SIGNET_DROP_LENGTH; /* not padded as the others are */
	if ((byte == 1 && cookie) || byte == 2 || byte == 3)
		return SIGNET_DROP_FLAGS;
	if (byte >= 4 && byte < 8)
		return SIGNET_DROP_LABEL;
	if ((byte >= 12 && byte < 16) || (byte >= 8 && byte < 16 && cookie))
		return SIGNET_DROP_FLAGS;
	if (cookie)
		return SIGNET_DROP_NONE; /* its mac is by somebody else's key */
	if (byte >= SIGNET_MAC2_OFFSET)
		return k->type == SIGNET_FRAME_INIT ? SIGNET_DROP_NONE
						    : SIGNET_DROP_FLAGS;
	return k->type == SIGNET_FRAME_RESPONSE ? SIGNET_DROP_NONE
						: SIGNET_DROP_MAC1;
}

static void each_bit_of_a_handshake_has_its_reason(void **state)
{
	for (size_t i = 2; i < FRAMES; i++) {
		const struct kind *k = &frames[i];
		uint8_t f[SIGNET_HANDSHAKE_MAX];
		size_t n = k->type == SIGNET_FRAME_COOKIE
				   ? SIGNET_COOKIE_FRAME_LEN
				   : SIGNET_MAC2_OFFSET + 16;
		struct made m;

		make_kind(f, k);
		for (size_t bit = 8; bit < 8 * n; bit++) {
			enum signet_drop reason;

			/* asked once more, as others see to */
			if (k->type == SIGNET_FRAME_INIT &&
			    bit >= 8 * SIGNET_MAC2_OFFSET)
				break;
			f[bit / 8] ^= 1 << bit % 8;
			make(&m, &(struct shape){ .vlans = bit % 3 }, f, k->n);
			reason = reason_of(k, bit / 8, f);
			if (reason)
				drops(&m, reason);
			else
				is_taken(&m, k);
			f[bit / 8] ^= 1 << bit % 8;
		}
	}
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
	/* fewer again: what is behind the last one is none */
	for (int n = GATE_PORTS; n >= 0; n--) {
		lab.settings.n_ports = n;
		settings_use();
		for (int i = 0; i < GATE_PORTS; i++) {
			struct shape s = { .dport = 1000 + i };

			make_authentic(&m, &s);
			passes(&m, i < n ? GATE_PASS_PACKET : GATE_PASS_OTHER);
		}
		memset(m.b + m.l4 + 2, 0, 2); /* port 0 */
		passes(&m, GATE_PASS_OTHER);
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
		gate_test(headers_end_where_nobody_needs_more),
		gate_test(long_extension_headers_hide_nothing),
		gate_test(frames_that_are_cut_off_are_dropped),
		gate_test(lengths_that_differ_are_dropped_with_any_header),
		gate_test(each_bit_of_a_handshake_has_its_reason),
		gate_test(each_bit_of_a_message_counts),
		gate_test(ports_are_apart),
		cmocka_unit_test_prestate_setup_teardown(
			frames_come_in_several_buffers, lab_setup, lab_teardown,
			"frags"),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
