// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packet and message frames, in packets of every shape. */
#include <net/if.h>
#include <time.h>

#include "gate_lab.h"

static const struct chain {
	int n;
	uint8_t x[8];
} chains[] = {
	{ 1, { IPPROTO_HOPOPTS } },
	{ 1, { IPPROTO_DSTOPTS } },
	{ 1, { IPPROTO_ROUTING } },
	{ 1, { IPPROTO_AH } },
	{ 1, { IPPROTO_FRAGMENT } },
	{ 6,
	  { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH,
	    IPPROTO_DSTOPTS, IPPROTO_DSTOPTS } },
};

/* every shape of header that the gate understands */
static void each_shape(void (*check)(const struct shape *s))
{
	for (int vlans = 0; vlans <= 2; vlans++) {
		for (int options = 0; options <= 10; options++)
			check(&(struct shape){ .vlans = vlans,
					       .options = options });
		check(&(struct shape){ .vlans = vlans, .ip6 = true });
		for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++)
			check(&(struct shape){ .vlans = vlans,
					       .ip6 = true,
					       .extensions = chains[i].x,
					       .n_extensions = chains[i].n });
	}
}

static void authentic_passes(const struct shape *s)
{
	struct made m;
	uint8_t f[400];

	make(&m, s, f, make_frame(f, SIGNET_FRAME_PACKET, 200, LABEL));
	passes(&m, GATE_PASS_PACKET);
	make(&m, s, f, make_frame(f, SIGNET_FRAME_PACKET, 40, LABEL));
	passes(&m, GATE_PASS_PACKET);
	make(&m, s, f, make_frame(f, SIGNET_FRAME_MESSAGE, 168, LABEL));
	passes(&m, GATE_PASS_MESSAGE);
}

static void authentic_frames_pass(void **state)
{
	each_shape(authentic_passes);
}

static void forged_drops(const struct shape *s)
{
	struct made m;
	uint8_t f[200];

	make(&m, s, f, make_frame(f, SIGNET_FRAME_PACKET, 100, LABEL));
	m.b[m.payload + SIGNET_HOP_TAG_OFFSET] ^= 1;
	drops(&m, SIGNET_DROP_HOP_TAG);
	make(&m, s, f, make_frame(f, SIGNET_FRAME_PACKET, 100, LABEL + 1));
	drops(&m, SIGNET_DROP_LABEL);
}

static void forged_frames_are_dropped(void **state)
{
	each_shape(forged_drops);
}

static enum signet_drop reason_of(size_t byte, const uint8_t *f)
{
	if (byte == 0)
		return f[0] == SIGNET_FRAME_MESSAGE ? SIGNET_DROP_LENGTH
		       : f[0] && f[0] <= SIGNET_FRAME_COOKIE ? SIGNET_DROP_COUNT
							     : SIGNET_DROP_TYPE;
	if (byte == 2 || byte == 3)
		return SIGNET_DROP_FLAGS;
	if (byte >= 4 && byte < 8)
		return SIGNET_DROP_LABEL;
	return SIGNET_DROP_HOP_TAG;
}

static void each_bit_of_header_and_tag_counts(void **state)
{
	struct made m;
	uint8_t f[100];

	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL);
	for (size_t bit = 0; bit < 8 * SIGNET_FRAME_HDR_LEN; bit++) {
		enum signet_drop reason;

		f[bit / 8] ^= 1 << bit % 8;
		make(&m, &(struct shape){ 0 }, f, sizeof(f));
		reason = reason_of(bit / 8, f);
		/* it became another kind of frame, whose form is wrong */
		if (reason == SIGNET_DROP_COUNT)
			assert_int_equal(run(m.b, m.len), XDP_DROP);
		else
			drops(&m, reason);
		f[bit / 8] ^= 1 << bit % 8;
	}
	/* the ciphertext is not the gate's concern */
	f[SIGNET_FRAME_HDR_LEN] ^= 1;
	make(&m, &(struct shape){ 0 }, f, sizeof(f));
	passes(&m, GATE_PASS_PACKET);
}

/* What is cut off anywhere is never taken for a frame. */
static void cut_drops(const struct shape *s)
{
	struct made m;
	uint8_t f[100];
	uint32_t whole;

	make(&m, s, f, make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL));
	whole = m.len;
	for (m.len = 14; m.len < whole; m.len++) {
		/* without its ports it is nobody's, and the stack's to refuse */
		if (m.len < m.l4 + 8)
			passes(&m, GATE_PASS_OTHER);
		else
			drops(&m, SIGNET_DROP_LENGTH);
	}
	passes(&m, GATE_PASS_PACKET);
}

static void cut_packets_are_dropped(void **state)
{
	each_shape(cut_drops);
}

static void lengths_that_differ_are_dropped(void **state)
{
	struct made m;
	uint8_t f[200];

	for (int ip6 = 0; ip6 < 2; ip6++) {
		for (int d = -120; d <= 8; d++) {
			make_frame(f, SIGNET_FRAME_PACKET, 100, LABEL);
			if (!d)
				continue;
			make(&m, &(struct shape){ .ip6 = ip6, .udp_len = d }, f,
			     100);
			drops(&m, SIGNET_DROP_LENGTH);
			make(&m, &(struct shape){ .ip6 = ip6, .ip_len = d }, f,
			     100);
			if (d >= -108 || ip6)
				drops(&m, SIGNET_DROP_LENGTH);
			else /* no room for IPv4's own header */
				passes(&m, GATE_PASS_OTHER);
		}
	}
}

static void frames_of_wrong_length_are_dropped(void **state)
{
	const size_t bad[] = { 40,
			       103,
			       105,
			       167,
			       169,
			       1196,
			       1193 + 64,
			       SIGNET_MESSAGE_MIN - 64,
			       1191,
			       1193,
			       SIGNET_MESSAGE_MAX + 64 };
	uint8_t f[1300];
	struct made m;

	for (size_t n = 1; n < SIGNET_PACKET_MIN; n++) {
		make_frame(f, SIGNET_FRAME_PACKET, 40, LABEL);
		make(&m, &(struct shape){ 0 }, f, n);
		drops(&m, SIGNET_DROP_LENGTH);
	}
	make(&m, &(struct shape){ 0 }, f, 0);
	drops(&m, SIGNET_DROP_LENGTH);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		make(&m, &(struct shape){ 0 }, f,
		     make_frame(f, SIGNET_FRAME_MESSAGE, bad[i], LABEL));
		drops(&m, SIGNET_DROP_LENGTH);
	}
	for (size_t n = SIGNET_MESSAGE_MIN; n <= SIGNET_MESSAGE_MAX; n += 64) {
		make(&m, &(struct shape){ 0 }, f,
		     make_frame(f, SIGNET_FRAME_MESSAGE, n, LABEL));
		passes(&m, GATE_PASS_MESSAGE);
	}
}

/* The reason is the length, whatever kind of frame it would have been: even where
 * the rest of a header is there, behind the packet.
 */
static void what_is_no_frame_is_too_short(void **state)
{
	uint8_t f[100];
	struct made m;

	for (int type = 0; type < 256; type++) {
		for (size_t n = 0; n <= SIGNET_FRAME_HDR_LEN; n++) {
			make_frame(f, type, sizeof(f), LABEL);
			make(&m, &(struct shape){ 0 }, f, n);
			memcpy(m.b + m.len, f + n, sizeof(f) - n);
			m.len += sizeof(f) - n;
			if (n < SIGNET_FRAME_HDR_LEN ||
			    (type && type <= SIGNET_FRAME_TYPE_MAX))
				drops(&m, SIGNET_DROP_LENGTH);
			else
				drops(&m, SIGNET_DROP_TYPE);
		}
	}
}

/* What the stack put together before generic XDP sees it. */
static void the_first_header_speaks_for_an_aggregate(void **state)
{
	uint8_t f[3200];
	struct made m;

	make_frame(f, SIGNET_FRAME_MESSAGE, sizeof(f), LABEL);
	make(&m, &(struct shape){ 0 }, f, sizeof(f));
	passes(&m, GATE_PASS_MESSAGE);
	m.b[m.payload + 8] ^= 1;
	drops(&m, SIGNET_DROP_HOP_TAG);
	m.b[m.payload + 8] ^= 1;
	/* not what fits: without what Ethernet needs */
	for (int vlans = 0; vlans <= 2; vlans++) {
		make(&m, &(struct shape){ .vlans = vlans, .options = vlans }, f,
		     sizeof(f));
		lab.gate->data->control.mtu = m.len - m.l3;
		drops(&m, SIGNET_DROP_LENGTH);
		lab.gate->data->control.mtu = m.len - m.l3 - 1;
		passes(&m, GATE_PASS_MESSAGE);
	}
	lab.gate->data->control.mtu = 9000;
	drops(&m, SIGNET_DROP_LENGTH);
	lab.gate->data->control.mtu = 1500;
}

static void fragments_to_the_port_are_dropped(void **state)
{
	const uint8_t chain[] = { IPPROTO_FRAGMENT };
	uint8_t f[100];
	struct made m;

	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL);
	make(&m, &(struct shape){ .fragment = 0x2000 }, f, sizeof(f));
	drops(&m, SIGNET_DROP_FRAGMENT);
	make(&m,
	     &(struct shape){ .ip6 = true,
			      .extensions = chain,
			      .n_extensions = 1,
			      .fragment = 1 },
	     f, sizeof(f));
	drops(&m, SIGNET_DROP_FRAGMENT);
	/* later ones have no port: without the first they come to nothing */
	make(&m, &(struct shape){ .fragment = 0x2001 }, f, sizeof(f));
	passes(&m, GATE_PASS_OTHER);
	make(&m,
	     &(struct shape){ .ip6 = true,
			      .extensions = chain,
			      .n_extensions = 1,
			      .fragment = 8 },
	     f, sizeof(f));
	passes(&m, GATE_PASS_OTHER);
	/* don't fragment is no fragment */
	make(&m, &(struct shape){ .fragment = 0x4000 }, f, sizeof(f));
	passes(&m, GATE_PASS_PACKET);
}

static void what_is_not_for_the_port_passes(void **state)
{
	const uint8_t seven[] = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS,
				  IPPROTO_DSTOPTS, IPPROTO_DSTOPTS,
				  IPPROTO_DSTOPTS, IPPROTO_DSTOPTS,
				  IPPROTO_DSTOPTS };
	uint8_t f[100];
	struct made m;

	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL);
	make(&m, &(struct shape){ .dport = PORT + 1 }, f, sizeof(f));
	passes(&m, GATE_PASS_OTHER);
	/* the same bytes where UDP has its header, of another protocol */
	for (int proto = 0; proto < 256; proto++) {
		if (proto == IPPROTO_UDP)
			continue;
		make(&m, &(struct shape){ 0 }, f, sizeof(f));
		m.b[m.l3 + 9] = proto;
		passes(&m, GATE_PASS_OTHER);
	}
	make(&m, &(struct shape){ .vlans = 3 }, f, sizeof(f));
	passes(&m, GATE_PASS_OTHER);
	memcpy(m.b + 12, "\x08\x06", 2);
	passes(&m, GATE_PASS_OTHER);
	/* nobody has a use for so many: dropped wherever it may go */
	make(&m,
	     &(struct shape){
		     .ip6 = true, .extensions = seven, .n_extensions = 7 },
	     f, sizeof(f));
	drops(&m, SIGNET_DROP_OUTER);
}

static void a_label_that_ends_lets_nothing_pass(void **state)
{
	uint8_t f[100];
	struct made m;

	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), 77);
	make(&m, &(struct shape){ 0 }, f, sizeof(f));
	drops(&m, SIGNET_DROP_LABEL);
	assert_int_equal(label_put(77, true), 0);
	drops(&m, SIGNET_DROP_LABEL); /* its handshake is not through */
	assert_int_equal(label_put(77, false), 0);
	passes(&m, GATE_PASS_PACKET);
	label_drop(77);
	drops(&m, SIGNET_DROP_LABEL);
	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), 0);
	make(&m, &(struct shape){ 0 }, f, sizeof(f));
	drops(&m, SIGNET_DROP_LABEL);
}

struct events {
	unsigned int n;
	struct gate_event last;
};

static int on_event(void *ctx, void *data, size_t size)
{
	struct events *e = ctx;

	assert_int_equal(size, sizeof(e->last));
	e->last = *(struct gate_event *)data;
	e->n++;
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Sampled, never so many that they cost more than they say. */
static void drops_are_sampled(void **state)
{
	struct ring_buffer *ring;
	struct events e = { 0 };
	uint64_t before = now_ns();
	uint8_t f[100];
	struct made m;

	ring = ring_buffer__new(fd_of(lab.gate->maps.events), on_event, &e,
				NULL);
	assert_non_null(ring);
	make_frame(f, SIGNET_FRAME_PACKET, sizeof(f), LABEL + 9);
	make(&m, &(struct shape){ .source = 7 }, f, sizeof(f));
	drops(&m, SIGNET_DROP_LABEL);
	ring_buffer__consume(ring);
	assert_int_equal(e.n, 0); /* nobody wanted to know */

	lab.gate->data->control.sampled = true;
	drops(&m, SIGNET_DROP_LABEL);
	ring_buffer__consume(ring);
	assert_int_equal(e.n, 1);
	assert_int_equal(e.last.reason, SIGNET_DROP_LABEL);
	assert_int_equal(e.last.label, LABEL + 9);
	assert_int_equal(e.last.family, AF_INET);
	assert_int_equal(e.last.length, m.len);
	assert_in_range(e.last.time_ns, before, now_ns());
	assert_int_equal(e.last.ifindex, if_nametoindex("lo"));
	assert_int_equal(e.last.port, htons(PORT));
	assert_int_equal(e.last.source_port, htons(SOURCE_PORT));
	assert_int_equal(ntohl(e.last.source[0]), 0xc0000207);
	/* what no look was taken into has no label */
	make(&m, &(struct shape){ .fragment = 0x2000 }, f, sizeof(f));
	drops(&m, SIGNET_DROP_FRAGMENT);
	ring_buffer__consume(ring);
	assert_int_equal(e.n, 2);
	assert_int_equal(e.last.reason, SIGNET_DROP_FRAGMENT);
	assert_int_equal(e.last.label, 0);
	assert_int_equal(e.last.port, htons(PORT));
	make(&m, &(struct shape){ .ip6 = true }, f, sizeof(f));
	drops(&m, SIGNET_DROP_LABEL);
	ring_buffer__consume(ring);
	assert_int_equal(e.n, 3);
	assert_int_equal(e.last.label, LABEL + 9);
	assert_int_equal(e.last.family, AF_INET6);
	assert_memory_equal(e.last.source, m.b + m.l3 + 8, 16);
	for (int i = 0; i < 3000; i++)
		drops(&m, SIGNET_DROP_LABEL);
	ring_buffer__consume(ring);
	assert_in_range(e.n, 4, 1000);
	ring_buffer__free(ring);
	lab.gate->data->control.sampled = false;
}

int main(void)
{
#define gate_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		gate_test(authentic_frames_pass),
		gate_test(forged_frames_are_dropped),
		gate_test(each_bit_of_header_and_tag_counts),
		gate_test(cut_packets_are_dropped),
		gate_test(lengths_that_differ_are_dropped),
		gate_test(frames_of_wrong_length_are_dropped),
		gate_test(what_is_no_frame_is_too_short),
		gate_test(the_first_header_speaks_for_an_aggregate),
		gate_test(fragments_to_the_port_are_dropped),
		gate_test(what_is_not_for_the_port_passes),
		gate_test(a_label_that_ends_lets_nothing_pass),
		gate_test(drops_are_sampled),
	};

	return run_group(tests, sizeof(tests) / sizeof(*tests));
}
