// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The data path of the kernel module, with a table in memory for the kernel:
 * what it asks for, what it makes of what it is told, and what it takes over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kmod_table.h"

#include "daemon/datapath_kernel.h"
#include "daemon/loop.h"

#define dpo    sg_datapath_kernel
#define SECOND 1000000000ull
#define LABEL  0x1234

static struct sg_loop *loop;
static struct sg_datapath *dp;
static struct seen {
	int endpoint, confirmed, wanted, rekey, active, key_lost, lost;
	uint32_t peer;
	const char *why;
} seen;

static void on_frame(void *ctx, uint8_t *frame, size_t len,
		     const union sg_addr *from, const union sg_addr *to)
{
}

static void on_endpoint(void *ctx, uint32_t channel, const union sg_addr *from,
			const union sg_addr *to)
{
	seen.endpoint++;
}

static void on_confirmed(void *ctx, uint32_t channel, uint8_t key_id)
{
	seen.confirmed++;
}

static void on_wanted(void *ctx, uint32_t peer)
{
	seen.wanted++;
	seen.peer = peer;
}

static void on_rekey(void *ctx, uint32_t channel, enum sg_rekey_reason why)
{
	seen.rekey++;
}

static void on_active(void *ctx, uint32_t channel)
{
	seen.active++;
}

static void on_pmtu(void *ctx, const union sg_addr *remote, uint32_t mtu)
{
}

static void on_key_lost(void *ctx, uint32_t channel)
{
	seen.key_lost++;
}

static void on_lost(void *ctx, const char *why)
{
	seen.lost++;
	seen.why = why;
}

static const struct sg_dp_events events = {
	.frame = on_frame,
	.endpoint_seen = on_endpoint,
	.key_confirmed = on_confirmed,
	.channel_wanted = on_wanted,
	.rekey_wanted = on_rekey,
	.active = on_active,
	.pmtu = on_pmtu,
	.key_lost = on_key_lost,
	.lost = on_lost,
};

static void stop_loop(void *ctx)
{
	sg_loop_stop(loop);
}

static void spin(unsigned int ms)
{
	struct sg_timer t = { .fn = stop_loop };

	sg_timer_set(loop, &t, sg_now() + ms * 1000000ull);
	sg_loop_run(loop);
	sg_timer_cancel(loop, &t);
}

static int open_on(const char *ifname)
{
	const struct sg_dp_config cfg = { .ifname = ifname,
					  .ipv4 = true,
					  .ipv6 = true,
					  .mtu = 1400,
					  .max_peers = 8,
					  .max_channels = 32,
					  .rx_lanes = 2,
					  .owner = { 0xfd, 1 } };

	return dpo.open(&dp, loop, &cfg, &events, NULL);
}

/* A device that is there has its name from the host: the loopback's. */
static int setup(void **state)
{
	memset(&table, 0, sizeof(table));
	memset(&seen, 0, sizeof(seen));
	table.module = (struct sg_kmod_module){
		.version = "9.9",
		.wire_version = SIGNET_WIRE_VERSION,
		.abi = SIGNET_ABI,
		.lanes_max = SIGNET_LANES,
		.ciphers = 1u << SIGNET_CIPHER_CHACHA20_POLY1305,
	};
	table.dev.ifindex = 4242;
	dp = NULL;
	return sg_loop_new(&loop, SG_LOOP_AUTO);
}

static int teardown(void **state)
{
	if (dp)
		dpo.close(dp);
	sg_loop_free(loop);
	return 0;
}

static struct sg_prefix overlay(uint8_t n)
{
	return (struct sg_prefix){ .family = AF_INET6,
				   .len = 128,
				   .addr = { 0xfd, [15] = n } };
}

static struct sg_prefix net(uint8_t n)
{
	return (struct sg_prefix){ .family = AF_INET,
				   .len = 24,
				   .addr = { 10, n } };
}

static struct sg_path path(void)
{
	struct sg_path p = { .tx_label = 7 };

	assert_int_equal(sg_addr_parse("192.0.2.1:1", &p.remote), 0);
	return p;
}

static uint32_t add_channel(uint32_t peer)
{
	static const uint8_t hop[SIGNET_HOP_KEY_LEN];
	struct sg_path p = path();
	uint32_t id;

	assert_int_equal(dpo.channel_add(dp, peer, LABEL, hop, &p, 4, &id), 0);
	return id;
}

static struct sg_dp_key key(bool tx)
{
	return (struct sg_dp_key){ .key_id = 3,
				   .tx = tx,
				   .aead = SIGNET_AEAD_CHACHA20POLY1305,
				   .key = { 1, 2, 3 },
				   .hard_ns = sg_now() + 100 * SECOND,
				   .soft_frames = 10,
				   .hard_frames = 20 };
}

/* A new device with one peer and one channel. */
static uint32_t simple(void)
{
	assert_int_equal(open_on("sgk-none"), 0);
	assert_int_equal(dpo.peer_add(dp, 1), 0);
	return add_channel(1);
}

static void versions_that_do_not_match_are_said(void **state)
{
	struct sg_kmod_module m = table.module;
	char why[160];

	assert_true(sg_kernel_usable(&m, why, sizeof(why)));
	m.abi = SIGNET_ABI + 1;
	assert_true(sg_kernel_usable(&m, why, sizeof(why)));
	m.abi = SIGNET_ABI - 1;
	assert_false(sg_kernel_usable(&m, why, sizeof(why)));
	assert_string_equal(why, "signet.ko 9.9 speaks abi 0, needs 1");
	m = table.module;
	m.wire_version = SIGNET_WIRE_VERSION + 1;
	assert_false(sg_kernel_usable(&m, why, sizeof(why)));
	assert_non_null(strstr(why, "version 2, needs 1"));
	m = table.module;
	m.ciphers = 1u << SIGNET_CIPHER_AES_256_GCM;
	assert_false(sg_kernel_usable(&m, why, sizeof(why)));
	table.module.abi = 0;
	assert_int_equal(open_on("sgk-none"), -EPROTO);
	assert_false(table.device);
}

static void channel_and_label_are_made_together(void **state)
{
	static const uint8_t hop[SIGNET_HOP_KEY_LEN];
	uint32_t id = simple(), other;
	struct sg_path p = path();
	struct table_channel *c = table_channel(id);

	assert_non_null(c);
	assert_int_equal(c->label, LABEL);
	assert_true(c->label_expiry == SG_KMOD_NEVER);
	assert_int_equal(c->k.tx_lanes, 4);
	assert_int_equal(c->k.rx_lanes, 2);
	table.label_error = -EEXIST;
	assert_int_equal(dpo.channel_add(dp, 1, LABEL, hop, &p, 4, &other),
			 -EEXIST);
	assert_int_equal(table.channel_dels, 1);
	assert_int_equal(dpo.channel_add(dp, 2, LABEL, hop, &p, 4, &other),
			 -ENOENT);
	assert_int_equal(table.dev.limits.peers, 8);
	assert_int_equal(table.dev.limits.channels, 32);
}

static void a_channel_takes_over_where_the_module_knows_how(void **state)
{
	uint32_t id = simple();

	dpo.channel_takes_over(dp, id);
	assert_true(table_channel(id)->k.takes_over);
	table.take_over_error = -EINVAL;
	dpo.channel_takes_over(dp, id);
	/* too old: all goes on, and it is not asked again */
	dpo.channel_takes_over(dp, id);
	assert_int_equal(table.take_overs, 2);
	assert_int_equal(dpo.channel_select(dp, id), 0);
	assert_int_equal(seen.lost, 0);
}

static void keys_have_what_is_left_of_their_lives(void **state)
{
	uint32_t id = simple();
	struct sg_dp_key k = key(false);

	assert_int_equal(dpo.key_add(dp, id, &k), 0);
	assert_int_equal(dpo.key_add(dp, id, &k), -EEXIST);
	assert_int_equal(table.n_keys, 1);
	assert_false(table.key[0].tx);
	assert_int_equal(table.key[0].cipher, SIGNET_CIPHER_CHACHA20_POLY1305);
	assert_memory_equal(table.key[0].key, k.key, sizeof(k.key));
	assert_in_range(table.key[0].hard_ms, 99000, 100000);
	assert_true(table.key[0].hard_frames == SG_KMOD_NEVER);
	k = key(true);
	assert_int_equal(dpo.key_add(dp, id, &k), 0);
	assert_int_equal(table.key[1].soft_frames, 10);
	assert_int_equal(table.key[1].hard_frames, 20);
	k.key_id = 5;
	k.hard_ns = sg_now();
	assert_int_equal(dpo.key_add(dp, id, &k), -EKEYEXPIRED);
	k.hard_ns = UINT64_MAX;
	assert_int_equal(dpo.key_add(dp, id, &k), 0);
	assert_true(table.key[2].hard_ms == SG_KMOD_NEVER);
	/* an empty slot can be filled again */
	dpo.key_del(dp, id, 5);
	assert_int_equal(dpo.key_add(dp, id, &k), 0);
}

static void prefixes_of_another_peer_are_refused(void **state)
{
	struct sg_prefix a[] = { overlay(1), net(1) };
	struct sg_prefix b[] = { overlay(2), net(1) };

	simple();
	assert_int_equal(dpo.peer_add(dp, 2), 0);
	assert_int_equal(dpo.prefixes_set(dp, 1, a, 2), 0);
	assert_int_equal(dpo.prefixes_set(dp, 2, b, 2), -EEXIST);
	assert_int_equal(dpo.prefixes_set(dp, 2, b, 1), 0);
	assert_int_equal(dpo.prefixes_set(dp, 1, a, 1), 0);
	assert_int_equal(dpo.prefixes_set(dp, 2, b, 2), 0);
}

static void events_are_passed_on(void **state)
{
	uint32_t id = simple();
	struct sg_dp_key k = key(false);
	struct sg_kmod_event e = { .type = SG_KMOD_KEY_CONFIRMED,
				   .ifindex = 4242,
				   .channel = id,
				   .key_id = 3 };
	struct sg_path p = path();

	assert_int_equal(dpo.key_add(dp, id, &k), 0);
	table_event(&e);
	table_event(&e);
	e.ifindex = 1;
	e.type = SG_KMOD_REKEY_WANTED;
	table_event(&e); /* of another device */
	e.ifindex = 4242;
	e.channel = id + 1;
	table_event(&e); /* of no channel of ours */
	e.channel = id;
	table_event(&e);
	/* an address that was seen before the path moved */
	assert_int_equal(dpo.channel_path(dp, id, &p), 0);
	e.type = SG_KMOD_ENDPOINT_SEEN;
	table_event(&e);
	spin(20);
	assert_int_equal(seen.confirmed, 1);
	assert_int_equal(seen.rekey, 1);
	assert_int_equal(seen.endpoint, 0);
	e.generation = table_channel(id)->k.path.generation;
	table_event(&e);
	/* not armed */
	e.type = SG_KMOD_CHANNEL_ACTIVE;
	table_event(&e);
	e.type = SG_KMOD_CHANNEL_WANTED;
	e.peer = table_channel(id)->k.peer;
	table_event(&e);
	spin(20);
	assert_int_equal(seen.endpoint, 1);
	assert_int_equal(seen.active, 0);
	assert_int_equal(seen.wanted, 1);
	assert_int_equal(seen.peer, 1);
}

static void lost_events_are_made_up_for(void **state)
{
	uint32_t id = simple();
	struct sg_dp_key rx = key(false), tx = key(true);
	struct sg_kmod_event e = { .type = SG_KMOD_OTHER };

	assert_int_equal(dpo.key_add(dp, id, &rx), 0);
	assert_int_equal(dpo.key_add(dp, id, &tx), 0);
	dpo.watch(dp, id);
	table.event_error = -ENOBUFS;
	table_event(&e);
	spin(20);
	/* nothing had happened */
	assert_int_equal(seen.confirmed + seen.rekey + seen.active, 0);
	table.key_frames[0] = 1;
	table.key_frames[1] = 10;
	table_channel(id)->k.watched = false;
	for (int i = 0; i < 2; i++) {
		table.event_error = -ENOBUFS;
		table_event(&e);
		spin(20);
		assert_int_equal(seen.confirmed, 1);
		assert_int_equal(seen.rekey, 1);
		assert_int_equal(seen.active, 1);
	}
}

static void a_key_that_ends_before_its_time_is_told(void **state)
{
	uint32_t id = simple();
	struct sg_dp_key k = key(true);
	struct sg_kmod_event e = { .type = SG_KMOD_KEY_EXPIRED,
				   .ifindex = 4242,
				   .channel = id,
				   .key_id = 3,
				   .tx = true };

	k.hard_ns = sg_now() + SECOND / 2;
	assert_int_equal(dpo.key_add(dp, id, &k), 0);
	table_event(&e);
	spin(20);
	assert_int_equal(seen.key_lost, 0);
	k = key(true);
	e.key_id = k.key_id = 4;
	assert_int_equal(dpo.key_add(dp, id, &k), 0);
	table_event(&e);
	table_event(&e);
	spin(20);
	assert_int_equal(seen.key_lost, 1);
}

static void a_device_that_others_change_is_lost(void **state)
{
	uint32_t id = simple();
	struct sg_kmod_event e = { .type = SG_KMOD_PEER_DEL,
				   .ifindex = 4242,
				   .peer = 77 };

	table_event(&e);
	spin(20);
	assert_int_equal(seen.lost, 0);
	e.peer = table_channel(id)->k.peer;
	table_event(&e);
	table_event(&e);
	spin(20);
	assert_int_equal(seen.lost, 1);
	/* the host has no such device */
	assert_string_equal(seen.why, "its device is gone");
}

/* What an earlier agent left: two peers, a channel of the first. */
static void leave_something(void)
{
	table.device = true;
	table.peer[0] = (struct table_peer){
		.used = true,
		.id = 5,
		.tx_channel = 9,
		.prefix = { overlay(1), net(1), net(3) },
		.n = 3,
	};
	table.peer[1] = (struct table_peer){
		.used = true,
		.id = 6,
		.prefix = { overlay(2), net(2) },
		.n = 2,
	};
	table.channel[0] =
		(struct table_channel){ .used = true,
					.k = { .id = 9, .peer = 5 } };
	table.dev.ifindex = 1;
	table.dev.owner[0] = 0xfd;
	table.dev.owner[1] = 1;
}

static void what_was_left_is_taken_over(void **state)
{
	/* another order, and what was the other's before */
	struct sg_prefix first[] = { overlay(3), net(3), net(2) };
	struct sg_prefix second[] = { overlay(1), net(1) };
	uint32_t id;

	leave_something();
	assert_int_equal(open_on("lo"), 0);
	assert_int_equal(dpo.peer_add(dp, 0), 0);
	assert_int_equal(dpo.prefixes_set(dp, 0, first, 3), 0);
	assert_int_equal(dpo.peer_add(dp, 1), 0);
	assert_int_equal(dpo.prefixes_set(dp, 1, second, 2), 0);
	/* known by the overlay address, and not touched */
	assert_int_equal(table_peer(5)->tx_channel, 9);
	assert_int_equal(table_peer(5)->n, 2);
	assert_non_null(table_peer(7));
	assert_int_equal(table_peer(7)->n, 3);
	assert_non_null(table_peer(6));
	dpo.attached(dp);
	assert_null(table_peer(6));
	spin(20);
	assert_int_equal(seen.wanted, 1);
	assert_int_equal(seen.peer, 1);
	id = add_channel(1);
	assert_true(id > 9);
	assert_int_equal(table_channel(id)->k.peer, 5);
	assert_int_equal(dpo.channel_select(dp, id), 0);
	assert_int_equal(table_peer(5)->tx_channel, id);
	/* frames on the old one may be under way */
	assert_non_null(table_channel(9));
	/* true clashes stay such */
	assert_int_equal(dpo.prefixes_set(dp, 1, first + 1, 1), -EEXIST);
}

static void what_another_identity_left_goes(void **state)
{
	struct sg_prefix p = overlay(1);

	leave_something();
	table.dev.owner[1] = 2;
	assert_int_equal(open_on("lo"), 0);
	assert_int_equal(table.peer_dels, 2);
	assert_null(table_channel(9));
	/* with the next one it is otherwise */
	assert_int_equal(table.dev.owner[1], 1);
	assert_int_equal(dpo.peer_add(dp, 0), 0);
	assert_int_equal(dpo.prefixes_set(dp, 0, &p, 1), 0);
	/* not the number of one that was there */
	assert_non_null(table_peer(7));
	assert_true(add_channel(0) > 9);
	dpo.attached(dp);
	spin(20);
	assert_int_equal(seen.wanted + seen.lost, 0);
}

static void what_nobody_owns_goes(void **state)
{
	leave_something();
	memset(table.dev.owner, 0, sizeof(table.dev.owner));
	assert_int_equal(open_on("lo"), 0);
	assert_int_equal(table.peer_dels, 2);
}

static void a_device_in_use_is_left_alone(void **state)
{
	leave_something();
	table.dev.port4 = 51900;
	assert_int_equal(open_on("lo"), -EBUSY);
	table.dev.port4 = 0;
	table.other = true;
	assert_int_equal(open_on("lo"), -EBUSY);
	assert_int_equal(table.link_dels + table.peer_dels, 0);
	assert_int_equal(sg_kernel_forget("lo"), 0);
	assert_int_equal(table.link_dels, 0);
	table.other = false;
	table.dev.port4 = 51900;
	assert_int_equal(sg_kernel_forget("lo"), -EBUSY);
	table.dev.port4 = 0;
	assert_int_equal(sg_kernel_forget("lo"), 0);
	assert_int_equal(table.link_dels, 1);
}

static void who_leaves_changes_nothing(void **state)
{
	uint32_t id = simple();

	dpo.leave(dp);
	assert_int_equal(dpo.channel_select(dp, id), 0);
	dpo.channel_del(dp, id);
	dpo.peer_del(dp, 1);
	dpo.close(dp);
	assert_int_equal(table.link_dels + table.peer_dels + table.channel_dels,
			 0);
	assert_non_null(table_channel(id));
	assert_int_equal(open_on("sgk-none"), 0);
	dpo.close(dp);
	dp = NULL;
	assert_int_equal(table.link_dels, 1);
}

static void figures_of_many_come_from_one_dump(void **state)
{
	uint64_t drops[SIGNET_DROP_COUNT] = { 0 };
	struct sg_dp_channel_stats st;
	uint32_t id = simple();

	table_channel(id)->k.counters.rx_packets = 12;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(dpo.channel_stats(dp, id, &st), 0);
		assert_int_equal(st.rx_packets, 12);
	}
	assert_true(table.channel_gets + table.dumps < 200);
	dpo.drops(dp, drops);
	assert_int_equal(drops[SIGNET_DROP_LABEL], 2);
	assert_int_equal(drops[SIGNET_DROP_REPLAY], 3);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(versions_that_do_not_match_are_said),
		test(channel_and_label_are_made_together),
		test(a_channel_takes_over_where_the_module_knows_how),
		test(keys_have_what_is_left_of_their_lives),
		test(prefixes_of_another_peer_are_refused),
		test(events_are_passed_on),
		test(lost_events_are_made_up_for),
		test(a_key_that_ends_before_its_time_is_told),
		test(a_device_that_others_change_is_lost),
		test(what_was_left_is_taken_over),
		test(what_another_identity_left_goes),
		test(what_nobody_owns_goes),
		test(a_device_in_use_is_left_alone),
		test(who_leaves_changes_nothing),
		test(figures_of_many_come_from_one_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
