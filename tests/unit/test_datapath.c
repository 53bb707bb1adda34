/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the TUN data path lets through, what it drops, and what it reports. */
#include "datapath_lab.h"

#define need_lab()              \
	do {                    \
		if (!lab.ready) \
			skip(); \
	} while (0)

/* A frame that side 0 could have sent to side 1, around any plaintext. */
static size_t seal_for(uint32_t label, uint8_t *frame, const void *pt,
		       size_t len)
{
	struct signet_frame_info info = {
		.type = SIGNET_FRAME_PACKET,
		.key_id = 3,
		.lane = 9,
		.label = label,
		.counter = lab.counter++,
	};
	struct signet_aead_key k;

	signet_aead_key_init(&k, SIGNET_AEAD_CHACHA20POLY1305, lab.key[1]);
	return signet_frame_seal(&k, lab.hop[1], &info, pt, len, frame);
}

static size_t seal(uint8_t *frame, const void *pt, size_t len)
{
	return seal_for(LABEL(1), frame, pt, len);
}

/* An IPv4 packet without transport from @src to 10.99.0.2. */
static size_t inner(uint8_t *p, const char *src, size_t len)
{
	memset(p, 0, len);
	p[0] = 0x45;
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
	p[8] = 64;
	p[9] = 253;
	inet_pton(AF_INET, src, p + 12);
	inet_pton(AF_INET, "10.99.0.2", p + 16);
	return len;
}

static int stranger(void)
{
	return app_socket(0, SOCK_DGRAM, "192.0.2.1", 0);
}

static void to_side1(int fd, const uint8_t *frame, size_t len)
{
	app_send(fd, "192.0.2.2", PORT, frame, len);
}

static struct sg_dp_channel_stats stats(int side)
{
	struct sg_dp_channel_stats st;

	assert_int_equal(dpo.channel_stats(lab.side[side].dp,
					   lab.side[side].channel, &st),
			 0);
	return st;
}

static void exchange(const char *a, const char *b)
{
	int fa = app_socket(0, SOCK_DGRAM, a, 5000);
	int fb = app_socket(1, SOCK_DGRAM, b, 5000);
	char buf[2000], msg[1300];

	memset(msg, 'x', sizeof(msg));
	for (int i = 0; i < 20; i++) {
		msg[0] = (char)i;
		app_send(fa, b, 5000, msg, sizeof(msg));
		assert_int_equal(app_recv(fb, buf, sizeof(buf), 2000),
				 sizeof(msg));
		assert_memory_equal(buf, msg, sizeof(msg));
		app_send(fb, a, 5000, msg, 10);
		assert_int_equal(app_recv(fa, buf, sizeof(buf), 2000), 10);
	}
	close(fa);
	close(fb);
}

static void packets_flow_both_ways(void **state)
{
	need_lab();
	exchange("10.99.0.1", "10.99.0.2");
	exchange("fd99::1", "fd99::2");
	for (int i = 0; i < 2; i++) {
		struct sg_dp_channel_stats st;

		/* a packet may arrive before its sender has counted it */
		spin_until(stats(i).rx_packets >= 40);
		spin_until(stats(i).tx_packets >= 40);
		st = stats(i);
		assert_true(st.rx_last_ns && st.tx_last_ns);
		spin_until(lab.side[i].seen.confirmed == 1);
	}
	assert_true(stats(1).rx_bytes >= 40 * 1328);
}

static void flow_over_ipv6_only(void **state)
{
	need_lab();
	exchange("10.99.0.1", "10.99.0.2");
}

static void each_refusal_has_its_reason(void **state)
{
	uint8_t f[400], p[100];
	size_t n;
	int fd;

	need_lab();
	fd = stranger();
	n = seal(f, p, inner(p, "10.99.0.1", 60));
	to_side1(fd, f, n);
	spin_until(stats(1).rx_packets == 1);

	to_side1(fd, f, n);
	spin_until(drops(1, SIGNET_DROP_REPLAY) == 1);
	f[4] ^= 0x80;
	to_side1(fd, f, n);
	spin_until(drops(1, SIGNET_DROP_LABEL) == 1);
	f[4] ^= 0x80;
	f[9] ^= 1;
	to_side1(fd, f, n);
	spin_until(drops(1, SIGNET_DROP_HOP_TAG) == 1);
	f[9] ^= 1;
	to_side1(fd, f, 39);
	spin_until(drops(1, SIGNET_DROP_LENGTH) == 1);
	f[0] = 9;
	to_side1(fd, f, n);
	spin_until(drops(1, SIGNET_DROP_TYPE) == 1);

	n = seal(f, p, inner(p, "10.99.0.1", 60));
	f[30] ^= 1;
	to_side1(fd, f, n);
	spin_until(drops(1, SIGNET_DROP_AEAD) == 1);
	spin_until(stats(1).aead_failures == 1);
	/* What failed to open has not used up its counter. */
	f[30] ^= 1;
	to_side1(fd, f, n);
	spin_until(stats(1).rx_packets == 2);
	to_side1(fd, f, n - 1);
	spin_until(drops(1, SIGNET_DROP_REPLAY) == 2);
	f[1] ^= 0x20;
	signet_hop_tag(f, lab.hop[1], f + SIGNET_HOP_TAG_OFFSET);
	to_side1(fd, f, n);
	spin_until(drops(1, SIGNET_DROP_KEY_ID) == 1);
	assert_int_equal(stats(1).rx_packets, 2);
	close(fd);
}

static void inner_packets_are_checked(void **state)
{
	uint8_t f[400], p[100];
	int fd;

	need_lab();
	fd = stranger();
	inner(p, "10.99.0.3", 60);
	to_side1(fd, f, seal(f, p, 60));
	spin_until(drops(1, SIGNET_DROP_INNER_SOURCE) == 1);
	inner(p, "10.99.0.1", 60);
	to_side1(fd, f, seal(f, p, 61));
	spin_until(drops(1, SIGNET_DROP_INNER) == 1);
	to_side1(fd, f, seal(f, p, 59));
	spin_until(drops(1, SIGNET_DROP_INNER) == 2);
	to_side1(fd, f, seal(f, p, 1));
	spin_until(drops(1, SIGNET_DROP_INNER) == 3);
	p[0] = 0x55;
	to_side1(fd, f, seal(f, p, 60));
	spin_until(drops(1, SIGNET_DROP_INNER) == 4);
	assert_int_equal(stats(1).rx_packets, 0);
	/* All were authentic, though, as is an empty one. */
	to_side1(fd, f, seal(f, p, 0));
	spin_until(stats(1).rx_last_ns != 0);
	assert_int_equal(drops(1, SIGNET_DROP_INNER), 4);
	close(fd);
}

static void a_deleted_key_opens_and_seals_nothing(void **state)
{
	struct side *b = &lab.side[1];
	struct sg_dp_key k;
	uint8_t f[400], p[100];
	int fd, app;

	need_lab();
	exchange("10.99.0.1", "10.99.0.2");
	dpo.key_del(b->dp, b->channel, 3);
	fd = stranger();
	to_side1(fd, f, seal(f, p, inner(p, "10.99.0.1", 60)));
	spin_until(drops(1, SIGNET_DROP_KEY_ID) == 1);
	app = app_socket(1, SOCK_DGRAM, "10.99.0.2", 5000);
	app_send(app, "10.99.0.1", 5000, "x", 1);
	spin_until(b->seen.wanted == 1);

	/* The slot is free again. */
	k = key_of(1, false);
	assert_int_equal(dpo.key_add(b->dp, b->channel, &k), 0);
	assert_int_equal(dpo.key_add(b->dp, b->channel, &k), -EEXIST);
	close(fd);
	close(app);
}

static void limits_of_a_key_are_exact(void **state)
{
	struct side *a = &lab.side[0];
	struct sg_dp_key k;
	char buf[64];
	int fa, fb, got = 0;

	need_lab();
	fa = app_socket(0, SOCK_DGRAM, "10.99.0.1", 5000);
	fb = app_socket(1, SOCK_DGRAM, "10.99.0.2", 5000);
	dpo.key_del(a->dp, a->channel, 3);
	k = key_of(1, true);
	k.hard_frames = 10;
	k.soft_frames = 5;
	assert_int_equal(dpo.key_add(a->dp, a->channel, &k), 0);
	assert_int_equal(dpo.key_select(a->dp, a->channel, 3), 0);
	for (int i = 0; i < 15; i++)
		app_send(fa, "10.99.0.2", 5000, "x", 1);
	while (app_recv(fb, buf, sizeof(buf), 1000) > 0)
		got++;
	assert_int_equal(got, 10);
	assert_int_equal(drops(0, SIGNET_DROP_KEY_EXPIRED), 5);
	assert_int_equal(a->seen.soft, 1);
	assert_int_equal(dpo.keepalive(a->dp, a->channel), -ENOKEY);
	close(fa);
	close(fb);
}

static void a_key_past_its_time_opens_and_seals_nothing(void **state)
{
	struct sg_dp_key k;
	uint8_t f[400], p[100];
	int fd, app;

	need_lab();
	for (int i = 0; i < 2; i++) {
		struct side *s = &lab.side[i];

		dpo.key_del(s->dp, s->channel, 3);
		k = key_of(1, i == 0);
		k.hard_ns = sg_now() - 1;
		assert_int_equal(dpo.key_add(s->dp, s->channel, &k), 0);
	}
	assert_int_equal(dpo.key_select(lab.side[0].dp, lab.side[0].channel, 3),
			 0);
	fd = stranger();
	to_side1(fd, f, seal(f, p, inner(p, "10.99.0.1", 60)));
	spin_until(drops(1, SIGNET_DROP_KEY_EXPIRED) == 1);
	app = app_socket(0, SOCK_DGRAM, "10.99.0.1", 5000);
	app_send(app, "10.99.0.2", 5000, "x", 1);
	spin_until(lab.side[0].seen.wanted == 1);
	assert_int_equal(stats(0).tx_packets, 0);
	close(fd);
	close(app);
}

static void packets_wait_for_a_channel(void **state)
{
	struct side *a = &lab.side[0];
	char buf[64];
	int fa, fb;

	need_lab();
	fa = app_socket(0, SOCK_DGRAM, "10.99.0.1", 5000);
	fb = app_socket(1, SOCK_DGRAM, "10.99.0.2", 5000);
	dpo.channel_del(a->dp, a->channel);
	for (char i = 0; i < 20; i++)
		app_send(fa, "10.99.0.2", 5000, &i, 1);
	spin_until(a->seen.wanted == 1);
	spin_until(drops(0, SIGNET_DROP_NO_CHANNEL) == 4);
	add_channel(0, false);
	assert_int_equal(app_recv(fb, buf, sizeof(buf), 50), -1);
	select_channel(0);
	for (char i = 0; i < 16; i++) {
		assert_int_equal(app_recv(fb, buf, sizeof(buf), 1000), 1);
		assert_int_equal(buf[0], i);
	}
	assert_int_equal(a->seen.wanted, 1);
	close(fa);
	close(fb);
}

/* A datagram of one byte from 10.99.0.1 to 10.99.0.2, both on port 5000. */
static size_t inner_udp(uint8_t *p, uint8_t payload)
{
	uint32_t sum = 0;

	inner(p, "10.99.0.1", 29);
	p[9] = IPPROTO_UDP;
	p[20] = p[22] = 5000 >> 8;
	p[21] = p[23] = 5000 & 0xff;
	p[25] = 9;
	p[28] = payload;
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = ~((sum & 0xffff) + (sum >> 16));
	p[10] = (uint8_t)(sum >> 8);
	p[11] = (uint8_t)sum;
	return 29;
}

/*
 * The other side began a channel and sends on it. Whatever the agent has done
 * for it so far, the device gets nothing before answers can go out on it.
 */
static void a_new_channels_packets_wait_until_it_is_selected(void **state)
{
	struct side *b = &lab.side[1];
	struct sg_dp_key rx = key_of(1, false), tx = key_of(0, true);
	struct sg_path path;
	uint8_t f[200], p[64];
	uint32_t channel;
	int fd, app;

	need_lab();
	app = app_socket(1, SOCK_DGRAM, "10.99.0.2", 5000);
	fd = stranger();
	path = path_from(1, false);
	assert_int_equal(dpo.channel_add(b->dp, 7, 0x2000, lab.hop[1], &path, 4,
					 &channel),
			 0);
	assert_int_equal(dpo.key_add(b->dp, channel, &rx), 0);
	assert_int_equal(dpo.key_add(b->dp, channel, &tx), 0);
	assert_int_equal(dpo.key_select(b->dp, channel, tx.key_id), 0);
	to_side1(fd, f, seal_for(0x2000, f, p, inner_udp(p, 'x')));
	/* the workers have it; the main thread is elsewhere */
	for (int i = 0; i < 300; i++) {
		struct sg_dp_channel_stats st;

		dpo.channel_stats(b->dp, channel, &st);
		if (st.rx_packets)
			break;
		usleep(10000);
	}
	usleep(20000);
	assert_int_equal(recv(app, p, sizeof(p), MSG_DONTWAIT), -1);
	assert_int_equal(dpo.channel_select(b->dp, channel), 0);
	assert_int_equal(app_recv(app, p, sizeof(p), 2000), 1);
	assert_int_equal(p[0], 'x');
	assert_int_equal(b->seen.confirmed, 1);
	/* from now on there is no detour */
	to_side1(fd, f, seal_for(0x2000, f, p, inner_udp(p, 'y')));
	for (int i = 0; i < 300 && recv(app, p, 1, MSG_DONTWAIT) < 0; i++)
		usleep(10000);
	assert_int_equal(p[0], 'y');
	close(fd);
	close(app);
}

static void a_new_source_is_reported_and_moves_nothing(void **state)
{
	struct side *b = &lab.side[1];
	uint8_t f[2][400], p[100];
	union sg_addr self;
	socklen_t len = sizeof(self);
	size_t n;
	int fd;

	need_lab();
	fd = stranger();
	inner(p, "10.99.0.1", 60);
	seal(f[0], p, 60);
	n = seal(f[1], p, 60);
	to_side1(fd, f[1], n);
	spin_until(b->seen.endpoint == 1);
	assert_int_equal(getsockname(fd, &self.sa, &len), 0);
	assert_int_equal(b->seen.from.v4.sin_port, self.v4.sin_port);
	/* An older counter is authentic, but says nothing of now. */
	spin(1100);
	to_side1(fd, f[0], n);
	spin_until(stats(1).rx_packets == 2);
	to_side1(fd, f[0], n);
	spin(50);
	assert_int_equal(b->seen.endpoint, 1);
	/* At most one report a second. */
	for (int i = 0; i < 20; i++)
		to_side1(fd, f[0], seal(f[0], p, 60));
	spin_until(stats(1).rx_packets == 22);
	spin(20);
	assert_int_equal(b->seen.endpoint, 2);
	exchange("10.99.0.1", "10.99.0.2");
	close(fd);
}

static void other_frames_reach_the_agent(void **state)
{
	struct seen *s = &lab.side[1].seen;
	uint8_t f[1300] = { SIGNET_FRAME_INIT, SIGNET_PATTERN_IK };
	int fd;

	need_lab();
	fd = stranger();
	f[8] = 1;
	to_side1(fd, f, 200);
	spin_until(s->frames == 1);
	to_side1(fd, f, 1233);
	spin_until(drops(1, SIGNET_DROP_LENGTH) == 1);

	memset(f, 0, sizeof(f));
	f[0] = SIGNET_FRAME_MESSAGE;
	f[5] = LABEL(1) >> 8;
	f[4] = LABEL(1) & 0xff;
	to_side1(fd, f, SIGNET_MESSAGE_MIN);
	spin_until(drops(1, SIGNET_DROP_HOP_TAG) == 1);
	signet_hop_tag(f, lab.hop[1], f + SIGNET_HOP_TAG_OFFSET);
	to_side1(fd, f, SIGNET_MESSAGE_MIN);
	spin_until(s->messages == 1);
	f[6] = 1;
	to_side1(fd, f, SIGNET_MESSAGE_MIN);
	/* The agent may know that label: a pairing has no channel yet. */
	spin_until(s->messages == 2);
	assert_int_equal(drops(1, SIGNET_DROP_LABEL), 0);
	close(fd);
}

/* The main thread is busy: inits pile up to their limit, and a message and the
 * answer to an init of ours still get through. */
static void inits_do_not_crowd_out_others(void **state)
{
	struct seen *s = &lab.side[1].seen;
	uint8_t f[1300] = { SIGNET_FRAME_INIT, SIGNET_PATTERN_IK };
	int fd;

	need_lab();
	fd = stranger();
	f[8] = 1;
	for (int i = 0; i < 2000; i++)
		to_side1(fd, f, 1000);
	memset(f, 0, sizeof(f));
	f[0] = SIGNET_FRAME_MESSAGE;
	f[5] = LABEL(1) >> 8;
	f[4] = LABEL(1) & 0xff;
	signet_hop_tag(f, lab.hop[1], f + SIGNET_HOP_TAG_OFFSET);
	to_side1(fd, f, SIGNET_MESSAGE_MIN);
	memset(f, 0, sizeof(f));
	f[0] = SIGNET_FRAME_RESPONSE;
	f[1] = SIGNET_PATTERN_IK;
	f[4] = f[8] = 1;
	to_side1(fd, f, SIGNET_HANDSHAKE_MIN);
	for (int i = 0; i < 300 && drops(1, SIGNET_DROP_QUEUE_FULL) < 1500; i++)
		usleep(10000);
	assert_true(drops(1, SIGNET_DROP_QUEUE_FULL) >= 1500);
	spin_until(s->messages == 1 && s->answers == 1);
	assert_true(s->frames > 0);
	close(fd);
}

static void a_port_in_use_is_refused(void **state)
{
	struct sg_dp_config cfg = { .ifname = "sgt1",
				    .port = PORT,
				    .ipv4 = true,
				    .ipv6 = true,
				    .mtu = 1400,
				    .workers = 2,
				    .max_peers = 4,
				    .uring = true };
	struct sg_datapath *dp = NULL;
	struct sg_dp_status st;

	need_lab();
	enter(0);
	assert_int_equal(dpo.open(&dp, lab.loop, &cfg, &lab_events, NULL),
			 -EADDRINUSE);
	cfg.port = 0;
	assert_int_equal(dpo.open(&dp, lab.loop, &cfg, &lab_events, NULL), 0);
	dpo.status(dp, &st);
	assert_int_not_equal(st.port, 0);
	assert_int_not_equal(st.port, PORT);
	dpo.close(dp);
	/* Closed at once: workers may not have begun to wait yet. */
	for (int i = 0; i < 50; i++) {
		assert_int_equal(
			dpo.open(&dp, lab.loop, &cfg, &lab_events, NULL), 0);
		dpo.close(dp);
	}
}

static void keepalive_and_watch(void **state)
{
	struct side *a = &lab.side[0], *b = &lab.side[1];

	need_lab();
	dpo.watch(b->dp, b->channel);
	assert_int_equal(dpo.keepalive(a->dp, a->channel), 0);
	spin_until(b->seen.active == 1);
	assert_true(stats(1).rx_last_ns != 0);
	assert_int_equal(stats(1).rx_packets, 0);
	assert_int_equal(dpo.keepalive(a->dp, a->channel), 0);
	spin(50);
	assert_int_equal(b->seen.active, 1);
	dpo.watch(a->dp, a->channel);
	exchange("10.99.0.1", "10.99.0.2");
	spin_until(a->seen.active == 1);
}

static void ten_thousand_peers(void **state)
{
	struct side *b = &lab.side[1];
	static uint32_t ids[10000];
	struct sg_path path;
	uint64_t start;

	need_lab();
	path = path_from(1, false);
	start = sg_now();
	for (uint32_t i = 0; i < 10000; i++) {
		struct sg_prefix p[2] = { prefix("172.16.0.0", 32),
					  prefix("fd00::", 128) };

		p[0].addr[2] = p[1].addr[14] = (uint8_t)(i >> 8);
		p[0].addr[3] = p[1].addr[15] = (uint8_t)i;
		assert_int_equal(dpo.peer_add(b->dp, 100 + i), 0);
		assert_int_equal(dpo.prefixes_set(b->dp, 100 + i, p, 2), 0);
		assert_int_equal(dpo.channel_add(b->dp, 100 + i, 0x100000 + i,
						 lab.hop[1], &path, 2, &ids[i]),
				 0);
	}
	assert_true(sg_now() - start < 5 * SECOND);
	exchange("10.99.0.1", "10.99.0.2");
	assert_int_equal(dpo.channel_add(b->dp, 100, 0x100000 + 9999,
					 lab.hop[1], &path, 2, &ids[0]),
			 -EEXIST);
	for (uint32_t i = 0; i < 10000; i += 2)
		dpo.peer_del(b->dp, 100 + i);
	for (uint32_t i = 1; i < 10000; i += 2)
		assert_int_equal(dpo.channel_path(b->dp, ids[i], &path), 0);
	assert_int_equal(dpo.channel_path(b->dp, ids[2], &path), -ENOENT);
	exchange("fd99::1", "fd99::2");
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(packets_flow_both_ways),
		cmocka_unit_test_prestate_setup_teardown(
			flow_over_ipv6_only, lab_setup, lab_teardown, "v6"),
		lab_test(each_refusal_has_its_reason),
		lab_test(inner_packets_are_checked),
		lab_test(a_deleted_key_opens_and_seals_nothing),
		lab_test(limits_of_a_key_are_exact),
		lab_test(a_key_past_its_time_opens_and_seals_nothing),
		lab_test(packets_wait_for_a_channel),
		lab_test(a_new_channels_packets_wait_until_it_is_selected),
		lab_test(a_new_source_is_reported_and_moves_nothing),
		lab_test(other_frames_reach_the_agent),
		lab_test(inits_do_not_crowd_out_others),
		lab_test(a_port_in_use_is_refused),
		lab_test(keepalive_and_watch),
		lab_test(ten_thousand_peers),
	};

	return cmocka_run_group_tests(tests, lab_group_setup,
				      lab_group_teardown);
}
