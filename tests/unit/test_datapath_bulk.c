/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Streams and datagrams in bulk through two TUN data paths, with each offload
 * switched off in turn: whatever is in use, every byte arrives unchanged.
 */
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>

#include "datapath_lab.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define STREAM_LEN (8u << 20)

struct stream {
	int fd;
	uint8_t hash[32];
	size_t len;
};

static uint8_t content[STREAM_LEN];

static void *read_stream(void *arg)
{
	static uint8_t buf[65536];
	struct stream *s = arg;
	crypto_generichash_state h;
	struct timeval tv = { .tv_sec = 10 };
	int fd = accept(s->fd, NULL, NULL);
	ssize_t n;

	crypto_generichash_init(&h, NULL, 0, 32);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		crypto_generichash_update(&h, buf, (size_t)n);
		s->len += (size_t)n;
	}
	crypto_generichash_final(&h, s->hash, 32);
	close(fd);
	return NULL;
}

static void send_stream(const char *from, const char *to, int side)
{
	union sg_addr a = addr(to, 6000);
	struct stream s = { .fd = app_socket(!side, SOCK_STREAM, to, 6000) };
	int fd = app_socket(side, SOCK_STREAM, from, 0);
	uint8_t want[32];
	pthread_t t;
	size_t at = 0;

	randombytes_buf(content, sizeof(content));
	crypto_generichash(want, 32, content, sizeof(content), NULL, 0);
	assert_int_equal(listen(s.fd, 1), 0);
	pthread_create(&t, NULL, read_stream, &s);
	assert_int_equal(connect(fd, &a.sa, sizeof(a)), 0);
	while (at < sizeof(content)) {
		ssize_t n = send(fd, content + at, sizeof(content) - at,
				 MSG_NOSIGNAL);

		assert_true(n > 0);
		at += (size_t)n;
	}
	close(fd);
	pthread_join(t, NULL);
	close(s.fd);
	assert_int_equal(s.len, sizeof(content));
	assert_memory_equal(s.hash, want, 32);
}

static void streams_arrive_unchanged(void **state)
{
	if (!lab.ready)
		skip();
	send_stream("10.99.0.1", "10.99.0.2", 0);
	send_stream("fd99::2", "fd99::1", 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(drops(i, SIGNET_DROP_INNER), 0);
		assert_int_equal(drops(i, SIGNET_DROP_AEAD), 0);
		assert_int_equal(drops(i, SIGNET_DROP_REPLAY), 0);
		assert_int_equal(drops(i, SIGNET_DROP_DEVICE), 0);
	}
}

/* Datagrams that a program hands to the kernel as one super-packet. */
static void datagrams(const char *from, const char *to)
{
	int fa = app_socket(0, SOCK_DGRAM, from, 5000), size = 700;
	int fb = app_socket(1, SOCK_DGRAM, to, 5000);
	uint8_t buf[2000];

	setsockopt(fa, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	for (int r = 0; r < 20; r++) {
		randombytes_buf(content, 40 * 700);
		app_send(fa, to, 5000, content, 39 * 700 + 123);
		for (int i = 0; i < 40; i++) {
			ssize_t n = app_recv(fb, buf, sizeof(buf), 2000);

			assert_int_equal(n, i < 39 ? 700 : 123);
			assert_memory_equal(buf, content + 700 * i, n);
		}
	}
	close(fa);
	close(fb);
}

static void datagrams_arrive_unchanged(void **state)
{
	if (!lab.ready)
		skip();
	datagrams("10.99.0.1", "10.99.0.2");
	datagrams("fd99::1", "fd99::2");
}

static void set_outer_mtu(int mtu)
{
	for (int i = 0; i < 2; i++) {
		enter(i);
		assert_int_equal(shell("ip link set v%d mtu %d", i, mtu), 0);
	}
}

/* The outer path turns out to be narrower than the inner MTU assumes. */
static void a_narrow_path_is_told_to_the_sender(void **state)
{
	uint64_t before;

	if (!lab.ready)
		skip();
	set_outer_mtu(1400);
	send_stream("fd99::1", "fd99::2", 0);
	before = drops(0, SIGNET_DROP_MTU);
	assert_true(before > 0);
	spin_until(lab.side[0].seen.pmtu == 1);
	assert_int_equal(lab.side[0].seen.mtu, 1400);
	set_outer_mtu(1280);
	send_stream("10.99.0.1", "10.99.0.2", 0);
	assert_true(drops(0, SIGNET_DROP_MTU) > before);
	spin_until(lab.side[0].seen.pmtu == 2);
	assert_int_equal(lab.side[0].seen.mtu, 1280);
	set_outer_mtu(1500);
}

static void steps_in_use_are_said(void **state)
{
	struct sg_dp_status s;

	if (!lab.ready)
		skip();
	dpo.status(lab.side[0].dp, &s);
	assert_string_equal(s.name, "tun");
	assert_string_equal(s.ifname, "sgt0");
	assert_int_equal(s.port, PORT);
	assert_int_equal(s.mtu, 1400);
	assert_false(s.vnet_hdr || s.tso4 || s.tso6 || s.uso);
	assert_int_equal(s.workers, 2);
}

#define variant(f, v)                    \
	{ .name = #f " without " v,      \
	  .test_func = f,                \
	  .setup_func = lab_setup,       \
	  .teardown_func = lab_teardown, \
	  .initial_state = (void *)(v) }
#define both(v)                               \
	variant(streams_arrive_unchanged, v), \
		variant(datagrams_arrive_unchanged, v)

int main(void)
{
	const struct CMUnitTest tests[] = {
		both("nothing"),
		both("uring"),
		both("nowait"),
		both("uso"),
		both("tso"),
		both("gso"),
		both("gro"),
		both("mq"),
		both("vnet"),
		both("vnet,gso,gro,mq,uring"),
		both("v6"),
		variant(a_narrow_path_is_told_to_the_sender, "nothing"),
		variant(steps_in_use_are_said, "vnet"),
	};

	return cmocka_run_group_tests(tests, lab_group_setup,
				      lab_group_teardown);
}
