// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Inits from admission to their public-key work, beside all else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <signet/core/mac.h>

#include "daemon/incoming.h"
#include "handshake_sides.h"

#define INIT_LEN 600
#define LIMITS	 lab.config.limits

static struct lab {
	struct sg_node node;
	struct sg_config config;
	struct sg_datapath_ops ops;
	uint8_t sent[SIGNET_HANDSHAKE_MAX];
	size_t sent_len, sent_count;
	int fd;
	uint64_t worked_before, most, turns, at_timer;
	struct sg_timer timer;
	bool fired;
} lab;

static struct side caller, called;

static int sent(struct sg_datapath *dp, const union sg_addr *remote,
		const union sg_addr *local, const uint8_t *frame, size_t len)
{
	memcpy(lab.sent, frame, len);
	lab.sent_len = len;
	lab.sent_count++;
	return 0;
}

static int setup(void **state)
{
	struct sg_node *n = &lab.node;

	memset(&lab, 0, sizeof(lab));
	lab.ops.send = sent;
	LIMITS.handshakes_per_second = 1000000;
	LIMITS.load_threshold = 1000000;
	LIMITS.prefix_rate = LIMITS.prefix_burst = 1000000;
	n->config = &lab.config;
	n->dp_ops = &lab.ops;
	n->up = true;
	lab.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	randombytes_buf(n->local.static_sk, 32);
	randombytes_buf(&n->local.ident.id, sizeof(n->local.ident.id));
	crypto_scalarmult_base(n->local.static_pk, n->local.static_sk);
	if (lab.fd < 0 || sg_loop_new(&n->loop, SG_LOOP_AUTO))
		return -1;
	return sg_admission_init(n);
}

static int teardown(void **state)
{
	sg_admission_destroy(&lab.node);
	sg_labels_destroy(&lab.node.labels);
	sg_loop_free(lab.node.loop);
	close(lab.fd);
	return 0;
}

static union sg_addr address(const char *text)
{
	union sg_addr a;

	assert_int_equal(sg_addr_parse(text, &a), 0);
	return a;
}

/* An init that anybody can make who knows our identifier; the rest is noise. */
static void make_init(uint8_t f[INIT_LEN], const uint8_t *cookie)
{
	randombytes_buf(f, INIT_LEN);
	memset(f, 0, 16);
	f[0] = SIGNET_FRAME_INIT;
	f[1] = SIGNET_PATTERN_IK;
	f[8] = 1;
	signet_mac1_write(f, lab.node.admission.mac1_key);
	if (cookie)
		signet_mac2_write(f, cookie);
}

static void deliver(const char *from, uint8_t *frame, size_t len)
{
	union sg_addr a = address(from), to = address("192.0.2.1:51900");

	sg_node_dp_events.frame(&lab.node, frame, len, &a, &to);
}

static void send_init(const char *from)
{
	uint8_t f[INIT_LEN];

	make_init(f, NULL);
	deliver(from, f, sizeof(f));
}

/* With a cookie, as who receives at @from gets one. */
static void send_proven(const char *from)
{
	uint32_t threshold = LIMITS.load_threshold;
	uint8_t f[INIT_LEN], cookie[SIGNET_COOKIE_LEN];

	LIMITS.load_threshold = 0;
	make_init(f, NULL);
	lab.sent_len = 0;
	deliver(from, f, sizeof(f));
	LIMITS.load_threshold = threshold;
	assert_int_equal(lab.sent_len, SIGNET_COOKIE_FRAME_LEN);
	assert_int_equal(signet_handshake_parse(lab.sent, lab.sent_len), 0);
	assert_true(
		signet_cookie_frame_read(lab.sent, 1, f + SIGNET_MAC1_OFFSET,
					 lab.node.admission.mac1_key, cookie));
	make_init(f, cookie);
	deliver(from, f, sizeof(f));
}

static uint64_t dropped(int why)
{
	return lab.node.drops[why];
}

/* Noise fails to authenticate, after the work for it has been done. */
static uint64_t worked(void)
{
	return dropped(SIGNET_DROP_HANDSHAKE);
}

static uint32_t waiting(void)
{
	return lab.node.admission.queue->n;
}

/* Always ready, as the sockets of a node under a flood: one call each turn. */
static void each_turn(void *ctx, int fd, uint32_t events)
{
	uint64_t now = worked();

	lab.turns++;
	if (now - lab.worked_before > lab.most)
		lab.most = now - lab.worked_before;
	lab.worked_before = now;
	if (!waiting())
		sg_loop_stop(lab.node.loop);
}

static void run_until_none_waits(void)
{
	assert_int_equal(
		sg_loop_add(lab.node.loop, lab.fd, EPOLLIN, each_turn, NULL),
		0);
	assert_int_equal(sg_loop_run(lab.node.loop), 0);
	sg_loop_del(lab.node.loop, lab.fd);
}

/* But for those that this machine was stopped for a second under. */
static void all_were_worked_on(uint64_t n)
{
	assert_true(worked() >= 1);
	assert_int_equal(worked() + dropped(SIGNET_DROP_LATE), n);
}

static void a_turn_of_the_loop_works_on_a_few(void **state)
{
	for (int i = 0; i < 40; i++)
		send_init("192.0.2.7:1000");
	assert_int_equal(worked(), 0);
	assert_int_equal(waiting(), 40);
	run_until_none_waits();
	all_were_worked_on(40);
	assert_int_equal(lab.most, SG_ADMISSION_TURN);
	assert_true(lab.turns >= worked() / SG_ADMISSION_TURN);
}

static void on_timer(void *ctx)
{
	lab.at_timer = worked();
	lab.fired = true;
}

/* A keepalive's, a rekey's or a probe's. */
static void timers_that_are_due_run_first(void **state)
{
	lab.timer.fn = on_timer;
	sg_timer_set(lab.node.loop, &lab.timer, sg_now());
	for (int i = 0; i < 40; i++)
		send_init("192.0.2.7:1000");
	run_until_none_waits();
	assert_true(lab.fired);
	assert_int_equal(lab.at_timer, 0);
	all_were_worked_on(40);
}

/* What is no init is for somebody who is there, and does not wait. */
static void frames_with_a_label_do_not_wait(void **state)
{
	uint8_t f[SIGNET_MESSAGE_MIN] = { SIGNET_FRAME_MESSAGE };

	for (int i = 0; i < 40; i++)
		send_init("192.0.2.7:1000");
	f[4] = 9;
	deliver("192.0.2.8:1000", f, sizeof(f));
	assert_int_equal(dropped(SIGNET_DROP_LABEL), 1);
	assert_int_equal(worked(), 0);
}

static void handshakes_per_second_and_patience(void **state)
{
	uint64_t began = sg_now();

	LIMITS.handshakes_per_second = 10;
	for (int i = 0; i < 40; i++)
		send_init("192.0.2.7:1000");
	run_until_none_waits();
	assert_true(sg_now() - began >= SG_ADMISSION_WAIT);
	assert_true(worked() <= 13);
	all_were_worked_on(40);
}

/* Until they have shown where they are, all are one: spoofing gains nothing. */
static void the_unproven_are_one_source(void **state)
{
	struct sg_source a, b;
	union sg_addr x = address("192.0.2.7:1"), y = address("198.51.100.1:1");

	sg_admission_source(&lab.node.admission, &x, false, &a);
	sg_admission_source(&lab.node.admission, &y, false, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	send_init("192.0.2.7:1");
	send_init("198.51.100.1:1");
	assert_int_equal(lab.node.admission.queue->n_sites, 1);
	send_proven("198.51.100.1:1");
	assert_int_equal(lab.node.admission.queue->n_sites, 2);
}

static void sources(const char *a, const char *b, bool site, bool subnet)
{
	union sg_addr x = address(a), y = address(b);
	struct sg_source s, t;

	sg_admission_source(&lab.node.admission, &x, true, &s);
	sg_admission_source(&lab.node.admission, &y, true, &t);
	assert_int_equal(s.site == t.site, site);
	assert_int_equal(s.subnet == t.subnet, subnet);
}

static void a_source_is_a_prefix(void **state)
{
	sources("192.0.2.7:1", "192.0.2.7:2", true, true);
	sources("192.0.2.7:1", "192.0.2.8:1", false, false);
	sources("[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::9]:7", true, true);
	sources("[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", true, false);
	sources("[2001:db8:1:2::1]:1", "[2001:db8:2:2::1]:1", false, false);
}

/* Keyed by a secret: who fills one flow can't aim at another's. */
static void sources_differ_from_node_to_node(void **state)
{
	union sg_addr x = address("192.0.2.7:1");
	struct sg_source s, t;

	sg_admission_source(&lab.node.admission, &x, true, &s);
	randombytes_buf(lab.node.admission.bucket_secret,
			sizeof(lab.node.admission.bucket_secret));
	sg_admission_source(&lab.node.admission, &x, true, &t);
	assert_true(s.site != t.site && s.subnet != t.subnet);
}

static void a_quiet_prefix_is_next_whatever_a_loud_one_sends(void **state)
{
	const struct sg_waiting *w;
	uint64_t late = 0;

	for (int i = 0; i < 2 * SG_FAIR_MAX; i++)
		send_proven("192.0.2.7:1000");
	send_proven("198.51.100.1:1000");
	assert_int_equal(waiting(), SG_FAIR_MAX);
	assert_int_equal(dropped(SIGNET_DROP_QUEUE_FULL), SG_FAIR_MAX + 1);
	sg_fair_queue_pop(lab.node.admission.queue, 0, &late);
	w = sg_fair_queue_pop(lab.node.admission.queue, 0, &late);
	assert_int_equal(w->from.v4.sin_addr.s_addr, inet_addr("198.51.100.1"));
}

static void a_prefix_has_a_rate(void **state)
{
	LIMITS.prefix_rate = 0;
	LIMITS.prefix_burst = 3;
	for (int i = 0; i < 10; i++)
		send_proven("[2001:db8:1:2::1]:5");
	assert_int_equal(waiting(), 3);
	assert_int_equal(dropped(SIGNET_DROP_RATE), 7);
	assert_int_equal(sg_admission_sources(&lab.node), 2);
	send_proven("[2001:db8:2::1]:5");
	assert_int_equal(waiting(), 4);
}

/* A first contact from there, with a cookie; none of them is ever ended. */
static void first_contact(const char *from)
{
	struct signet_handshake_args args = { .pattern = SIGNET_PATTERN_XX,
					      .responder =
						      &lab.node.local.ident.id,
					      .rx_label = 1,
					      .number = 1 };
	uint8_t cookie[SIGNET_COOKIE_LEN], ephemeral[32];
	struct signet_handshake hs;
	struct wire init;

	for (int i = 0; i < 2; i++) {
		randombytes_buf(ephemeral, sizeof(ephemeral));
		args.ephemeral = ephemeral;
		assert_int_equal(signet_handshake_initiate(&hs, &caller.local,
							   &args, init.b,
							   &init.len),
				 0);
		deliver(from, init.b, init.len);
		if (i == 0)
			assert_true(signet_cookie_frame_read(
				lab.sent, 1, init.b + SIGNET_MAC1_OFFSET,
				lab.node.admission.mac1_key, cookie));
		args.cookie = cookie;
	}
	run_until_none_waits();
}

static unsigned int half_open(const char *from)
{
	union sg_addr a = address(from);
	struct sg_source src;
	unsigned int n = 0;

	sg_admission_source(&lab.node.admission, &a, true, &src);
	for (struct sg_half_open *h = lab.node.half_open; h; h = h->next)
		n += h->site == src.site;
	return n;
}

static void the_loudest_makes_room_for_first_contacts(void **state)
{
	side_make(&caller, 1, 0);
	side_make(&called, 2, 0);
	lab.node.local = called.local;
	signet_mac1_key(&called.local.ident.id, lab.node.admission.mac1_key);
	lab.config.first_contact = true;
	LIMITS.max_pending = 8;
	for (int i = 0; i < 2; i++)
		first_contact("192.0.2.7:1000");
	for (int i = 0; i < 20; i++)
		first_contact("198.51.100.1:1000");
	assert_int_equal(half_open("192.0.2.7:1000"), 2);
	assert_int_equal(half_open("198.51.100.1:1000"), 6);
	for (int i = 0; i < 3; i++)
		first_contact("[2001:db8::1]:1000");
	assert_int_equal(half_open("192.0.2.7:1000"), 2);
	assert_int_equal(half_open("198.51.100.1:1000"), 3);
	assert_int_equal(half_open("[2001:db8::1]:1000"), 3);
	assert_int_equal(lab.node.n_half_open, 8);
	assert_int_equal(dropped(SIGNET_DROP_QUEUE_FULL), 17);
	sg_first_contact_destroy(&lab.node);
	assert_int_equal(lab.node.n_half_open, 0);
}

static void challenges_have_a_budget(void **state)
{
	LIMITS.load_threshold = 0;
	lab.node.admission.second = sg_now() / SIGNET_SECOND;
	lab.node.admission.rates.cookies = SG_ADMISSION_COOKIES - 1;
	for (int i = 0; i < 50; i++)
		send_init("192.0.2.7:1000");
	/* a second may have begun meanwhile: then some more were sent */
	assert_true(lab.sent_count == 1 ||
		    lab.node.admission.rates.cookies < SG_ADMISSION_COOKIES);
	assert_int_equal(dropped(SIGNET_DROP_MAC2), 50);
	assert_int_equal(waiting(), 0);
}

static void who_waits_when_the_node_goes_down_is_forgotten(void **state)
{
	for (int i = 0; i < 40; i++)
		send_init("192.0.2.7:1000");
	sg_admission_clear(&lab.node);
	assert_int_equal(waiting(), 0);
	run_until_none_waits();
	assert_int_equal(worked(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(a_turn_of_the_loop_works_on_a_few),
		T(timers_that_are_due_run_first),
		T(frames_with_a_label_do_not_wait),
		T(handshakes_per_second_and_patience),
		T(the_unproven_are_one_source),
		T(a_source_is_a_prefix),
		T(sources_differ_from_node_to_node),
		T(a_quiet_prefix_is_next_whatever_a_loud_one_sends),
		T(a_prefix_has_a_rate),
		T(the_loudest_makes_room_for_first_contacts),
		T(challenges_have_a_budget),
		T(who_waits_when_the_node_goes_down_is_forgotten),
	};

	return sodium_init() < 0 ? 1
				 : cmocka_run_group_tests(tests, NULL, NULL);
}
