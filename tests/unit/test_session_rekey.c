// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sessions under load: keys are renewed and no packet is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_node.h"

/* Packets from who is in @who (bits), one each @pause. */
static void load(struct net *net, uint64_t span, uint64_t pause,
		 unsigned int who)
{
	uint64_t until = net->now + span;

	while (net->now < until) {
		for (int i = 0; i < 2; i++)
			if (who >> i & 1)
				packet(&net->node[i]);
		run(net, pause);
	}
}

static void all_delivered(struct net *net)
{
	run(net, SEC);
	assert_int_equal(net->node[0].delivered, net->node[1].packets);
	assert_int_equal(net->node[1].delivered, net->node[0].packets);
}

static uint8_t key_in_use(struct node *n)
{
	return n->selected->tx_id;
}

static unsigned int slots(struct node *n)
{
	unsigned int count = 0;

	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++)
		count += !!up(n)->slot[i];
	return count;
}

static void rekey_under_load_loses_nothing(void **state)
{
	for (unsigned int who = 1; who <= 3; who++) {
		struct net *net = connected(100 + who);
		uint8_t id[32];

		net->weather.jitter = 30 * MS;
		memcpy(id, up(&net->node[0])->id, 32);
		load(net, 1300 * SEC, 400 * MS, who);
		all_delivered(net);
		for (int i = 0; i < 2; i++) {
			struct node *n = &net->node[i];

			/* The same channel all along, its keys renewed. */
			assert_memory_equal(up(n)->id, id, 32);
			assert_int_equal(n->opened, 1);
			assert_in_range(n->s.counters.rekeys, 9, 13);
			assert_int_equal(n->events[SIGNET_EVENT_DOWN], 0);
			assert_true(slots(n) <= 2);
		}
		assert_int_equal(key_in_use(&net->node[0]),
				 key_in_use(&net->node[1]));
		net_free(net);
	}
}

/* The last ephemeral of each node. */
static uint8_t ephemeral[2][32];

static void note_random(void *ctx, void *buf, size_t len)
{
	struct node *n = ctx;

	env_random(ctx, buf, len);
	if (len == 32)
		memcpy(ephemeral[n == &n->net->node[1]], buf, len);
}

static void start_noise(struct signet_noise *ns, struct net *net, int who,
			const uint8_t base_psk[32], uint8_t base, uint8_t id)
{
	struct signet_local *l = &net->node[who].side.local;
	struct signet_noise_keys keys = {
		.s_priv = l->static_sk,
		.s_pub = l->static_pk,
		.rs = net->node[!who].side.local.static_pk,
		.psk = base_psk,
	};
	uint8_t prologue[14 + 32 + 2];

	memcpy(prologue, "signet/1 rekey", 14);
	memcpy(prologue + 14, up(&net->node[0])->id, 32);
	prologue[46] = base;
	prologue[47] = id;
	assert_int_equal(signet_noise_init(ns, SIGNET_NOISE_KKPSK0, !who,
					   prologue, sizeof(prologue), &keys),
			 0);
}

/* The keys are those of the specification, from what is known to both. */
static void a_rekey_is_what_the_specification_says(void **state)
{
	struct net *net = connected(99);
	struct node *a = &net->node[0], *b = &net->node[1];
	struct signet_noise ni, nr;
	struct signet_keys keys;
	uint8_t base_psk[32], msg[2][48], none[1];
	bool found = false;
	size_t n;

	a->env.random = b->env.random = note_random;
	memcpy(base_psk, up(a)->slot[0]->rekey, 32);
	signet_session_want_rekey(&a->s, up(a), net->now);
	run(net, SEC);
	start_noise(&ni, net, 0, base_psk, 0, 2);
	start_noise(&nr, net, 1, base_psk, 0, 2);
	assert_int_equal(
		signet_noise_write(&ni, ephemeral[0], NULL, 0, msg[0], 48, &n),
		0);
	assert_int_equal(signet_noise_read(&nr, msg[0], 48, none, 1, &n), 0);
	assert_int_equal(
		signet_noise_write(&nr, ephemeral[1], NULL, 0, msg[1], 48, &n),
		0);
	assert_int_equal(signet_noise_read(&ni, msg[1], 48, none, 1, &n), 0);
	assert_int_equal(signet_keys_derive(&keys, &ni, up(a)->aead, 2), 0);
	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++) {
		const struct signet_slot *s = up(a)->slot[i];

		if (!s || s->key_id != 2)
			continue;
		assert_memory_equal(s->tx, keys.message[SIGNET_I2R], 32);
		assert_memory_equal(s->rx, keys.message[SIGNET_R2I], 32);
		assert_memory_equal(s->rekey, keys.rekey, 32);
		found = true;
	}
	assert_true(found);
	assert_int_equal(key_in_use(a), 2);
	assert_memory_equal(a->selected->tx[2].raw, keys.packet[SIGNET_I2R],
			    32);
	assert_memory_equal(b->selected->tx[2].raw, keys.packet[SIGNET_R2I],
			    32);
	net_free(net);
}

/* Both ask at once, with every offset between them and every delay. */
static void both_rekey(uint64_t seed, int first, uint64_t between,
		       uint64_t delay, uint64_t jitter)
{
	struct net *net = connected(seed);
	struct node *x = &net->node[first], *y = &net->node[!first];

	net->weather.delay = delay;
	net->weather.jitter = jitter;
	signet_session_want_rekey(&x->s, up(x), net->now);
	load(net, between, 3 * MS, 3);
	signet_session_want_rekey(&y->s, up(y), net->now);
	load(net, 6 * (delay + jitter) + 4 * SEC, 37 * MS, 3);
	all_delivered(net);
	assert_int_equal(key_in_use(x), key_in_use(y));
	assert_int_not_equal(x->s.counters.rekeys, 0);
	/* Nothing of it stays, and nothing more comes of it. */
	run(net, 35 * SEC);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(slots(&net->node[i]), 1);
		assert_null(net->node[i].s.rekey);
		assert_int_equal(net->node[i].opened, 1);
	}
	agree(net);
	/* And it can be done again. */
	signet_session_want_rekey(&y->s, up(y), net->now);
	load(net, 5 * SEC, 100 * MS, 3);
	all_delivered(net);
	assert_int_equal(key_in_use(x), key_in_use(y));
	assert_int_equal(x->opened + y->opened, 2);
	net_free(net);
}

static void both_rekey_at_once_and_agree(void **state)
{
	static const uint64_t delays[] = { MS, 40 * MS, 200 * MS };
	uint64_t seed = 200;

	for (int first = 0; first < 2; first++)
		for (size_t d = 0; d < 3; d++)
			for (int b = 0; b <= 10; b++) {
				both_rekey(seed++, first, b * delays[d] / 4,
					   delays[d], 0);
				both_rekey(seed++, first, b * delays[d] / 4,
					   delays[d], 2 * delays[d]);
			}
}

/* Some frames of the rekey are lost: it goes on under the old key meanwhile. */
static bool lose_first(struct net *net, struct datagram *d)
{
	unsigned int *left = net->tap_arg;

	if (d->b[0] != SIGNET_FRAME_MESSAGE || !*left)
		return true;
	--*left;
	return false;
}

static void a_lost_rekey_is_repeated(void **state)
{
	for (unsigned int lost = 1; lost <= 5; lost++) {
		for (int who = 0; who < 2; who++) {
			struct net *net = connected(300 + lost);
			struct node *n = &net->node[who];
			unsigned int left = lost;

			net->tap = lose_first;
			net->tap_arg = &left;
			signet_session_want_rekey(&n->s, up(n), net->now);
			load(net, 45 * SEC, 100 * MS, 3);
			all_delivered(net);
			assert_int_equal(n->s.counters.rekeys, 1);
			assert_int_equal(key_in_use(&net->node[0]),
					 key_in_use(&net->node[1]));
			assert_int_equal(n->opened, 1);
			net_free(net);
		}
	}
}

/* All messages are lost, packets pass: a new handshake in time. */
static bool lose_messages(struct net *net, struct datagram *d)
{
	return d->b[0] != SIGNET_FRAME_MESSAGE;
}

static void a_rekey_that_never_succeeds_ends_in_a_handshake(void **state)
{
	struct net *net = connected(310);
	unsigned int sent = net->node[0].packets;

	net->tap = lose_messages;
	load(net, 400 * SEC, 200 * MS, 3);
	all_delivered(net);
	assert_true(net->node[0].packets - sent > 1900);
	assert_in_range(net->node[0].opened, 2, 6);
	net_free(net);
}

static void an_idle_channel_is_not_renewed_and_sets_no_timer(void **state)
{
	struct net *net = connected(320);
	struct node *a = &net->node[0];
	uint64_t begun = net->now;
	unsigned int steps;

	run(net, 20 * SEC);
	steps = net->steps;
	for (int i = 0; i < 2; i++) {
		const struct node *n = &net->node[i];

		assert_true(signet_session_deadline(&n->s) >
			    net->now + 80 * SEC);
		assert_true(n->dp[up((struct node *)n)->env - 1].watch);
	}
	run(net, 180 * SEC);
	/* One look at the key's age each, and no frame. */
	assert_in_range(net->steps - steps, 0, 6);
	assert_int_equal(a->s.counters.rekeys, 0);
	/* All keys are gone after 210 s, and the channel with them. */
	run(net, begun + 212 * SEC - net->now);
	for (int i = 0; i < 2; i++) {
		assert_null(up(&net->node[i]));
		assert_int_equal(net->node[i].last_detail[SIGNET_EVENT_DOWN],
				 SIGNET_CLOSE_EXPIRED);
		assert_int_equal(net->node[i].memory, 0);
		assert_int_equal(signet_session_deadline(&net->node[i].s),
				 FOREVER);
	}
	/* The next packet starts a handshake. */
	assert_false(packet(a));
	run(net, SEC);
	agree(net);
	net_free(net);
}

/* Idle when its key was due: the first packet afterwards has it renewed. */
static void activity_renews_a_key_that_was_due(void **state)
{
	struct net *net = connected(330);
	struct node *a = &net->node[0];

	run(net, 150 * SEC);
	assert_int_equal(a->s.counters.rekeys, 0);
	agree(net);
	run(net, SEC);
	assert_int_equal(a->s.counters.rekeys, 1);
	assert_int_equal(a->opened, 1);
	all_delivered(net);
	net_free(net);
}

/* Idle for longer than anything may be sealed: a handshake, within a second */
static void nothing_is_sealed_after_180_s(void **state)
{
	struct net *net = connected(340);
	struct node *a = &net->node[0], *b = &net->node[1];
	uint8_t id[32];

	memcpy(id, up(a)->id, 32);
	run(net, 180 * SEC - 500 * MS);
	assert_non_null(up(a));
	run(net, 2 * SEC);
	assert_non_null(up(a));
	assert_int_equal(signet_session_ping(&a->s, id, 0, net->now),
			 -ENOTCONN);
	assert_false(packet(a));
	run(net, SEC);
	assert_memory_not_equal(up(a)->id, id, 32);
	assert_memory_not_equal(up(b)->id, id, 32);
	agree(net);
	net_free(net);
}

/* A frame that was kept back until its key was too old. */
static struct datagram kept;

static bool keep_one(struct net *net, struct datagram *d)
{
	if (d->b[0] != SIGNET_FRAME_MESSAGE || kept.len)
		return true;
	kept = *d;
	return false;
}

static void nothing_is_opened_after_210_s(void **state)
{
	struct net *net = connected(350);
	struct node *a = &net->node[0], *b = &net->node[1];
	uint64_t begun = net->now;
	static const uint8_t id[8] = { 1 };

	memset(&kept, 0, sizeof(kept));
	run(net, 170 * SEC);
	net->tap = keep_one;
	assert_int_equal(signet_session_ping(&a->s, id, 0, net->now), 0);
	run(net, MS);
	assert_int_not_equal(kept.len, 0);
	/* Not moved by its timers, so that the limit itself is what refuses. */
	net->now = begun + 209 * SEC;
	net->now = up(b)->slot[0]->created + 210 * SEC;
	assert_int_equal(receive(b, &kept), SIGNET_DROP_KEY_EXPIRED);
	net_free(net);
}

/* Messages alone are use as well. */
static void messages_renew_keys(void **state)
{
	uint8_t records[SIGNET_MESSAGE_PAD] = { 0 };
	struct net *net = connected(360);
	struct node *a = &net->node[0];

	for (int i = 0; i < 500; i++) {
		run(net, SEC);
		assert_int_equal(signet_session_send(&a->s, up(a), records,
						     sizeof(records), net->now),
				 0);
	}
	assert_in_range(a->s.counters.rekeys, 3, 5);
	assert_int_equal(a->opened, 1);
	net_free(net);
}

static void rekeys_in_quick_succession(void **state)
{
	struct net *net = connected(370);
	struct node *a = &net->node[0], *b = &net->node[1];

	for (int i = 0; i < 30; i++) {
		struct node *n = rnd(net) & 1 ? a : b;

		signet_session_want_rekey(&n->s, up(n), net->now);
		load(net, rnd(net) % 1000 * MS, 50 * MS, 3);
	}
	load(net, 5 * SEC, 50 * MS, 3);
	all_delivered(net);
	assert_int_equal(key_in_use(a), key_in_use(b));
	assert_true(a->s.counters.rekeys > 10);
	assert_int_equal(a->opened, 1);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rekey_under_load_loses_nothing),
		cmocka_unit_test(a_rekey_is_what_the_specification_says),
		cmocka_unit_test(both_rekey_at_once_and_agree),
		cmocka_unit_test(a_lost_rekey_is_repeated),
		cmocka_unit_test(
			a_rekey_that_never_succeeds_ends_in_a_handshake),
		cmocka_unit_test(
			an_idle_channel_is_not_renewed_and_sets_no_timer),
		cmocka_unit_test(activity_renews_a_key_that_was_due),
		cmocka_unit_test(nothing_is_sealed_after_180_s),
		cmocka_unit_test(nothing_is_opened_after_210_s),
		cmocka_unit_test(messages_renew_keys),
		cmocka_unit_test(rekeys_in_quick_succession),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
