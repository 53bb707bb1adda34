// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Packet policy on a device: a TUN device stands for the module's, a table in
 * memory for the module, BPF is the kernel's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kmod_table.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/bpf_load.h"
#include "daemon/datapath_kernel.h"
#include "daemon/loop.h"

#define dpo    sg_datapath_kernel
#define DEVICE "sgpolicy0"
#define PEER   3

static struct sg_loop *loop;
static struct sg_datapath *dp;
static int tun = -1;

static void on_frame(void *ctx, uint8_t *frame, size_t len,
		     const union sg_addr *from, const union sg_addr *to)
{
}

static int make_tun(void)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	strcpy(r.ifr_name, DEVICE);
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (tun < 0 || ioctl(tun, TUNSETIFF, &r))
		return -1;
	return system("ip link set lo up; ip link set " DEVICE " up && "
		      "ip addr add 10.9.0.1/24 dev " DEVICE);
}

/* Return: 0, or 1 where no such world is to be had */
static int own_world(void)
{
	return unshare(CLONE_NEWNS | CLONE_NEWNET) ||
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount("bpf", SG_BPF_FS, "bpf", 0, NULL) || make_tun();
}

static int open_on(const char *ifname)
{
	static const struct sg_dp_events events = { .frame = on_frame };
	const struct sg_dp_config cfg = { .ifname = ifname,
					  .ipv4 = true,
					  .mtu = 1400,
					  .max_peers = 8,
					  .max_channels = 32,
					  .rx_lanes = 2,
					  .policy = true };

	return dpo.open(&dp, loop, &cfg, &events, NULL);
}

static int setup(void **state)
{
	memset(&table, 0, sizeof(table));
	table.module = (struct sg_kmod_module){
		.version = "9.9",
		.wire_version = SIGNET_WIRE_VERSION,
		.abi = SIGNET_ABI,
		.lanes_max = SIGNET_LANES,
		.ciphers = 1u << SIGNET_CIPHER_CHACHA20_POLY1305,
	};
	table.dev.ifindex = if_nametoindex(DEVICE);
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

static const struct sg_prefix prefixes[] = {
	{ .family = AF_INET6, .len = 128, .addr = { 0xfd, [15] = 9 } },
	{ .family = AF_INET, .len = 24, .addr = { 10, 9, 0, 0 } },
};

static int policy(uint32_t generation, uint16_t port)
{
	struct sg_dp_policy p = { .peer = PEER,
				  .prefixes = prefixes,
				  .n_prefixes = 2 };

	p.verdicts.generation = generation;
	p.verdicts.n_tcp = 1;
	p.verdicts.range[0].first = p.verdicts.range[0].last = port;
	return dpo.policy_set(dp, &p, 1);
}

static void with_peer(void)
{
	assert_int_equal(dpo.peer_add(dp, PEER), 0);
	assert_int_equal(dpo.prefixes_set(dp, PEER, prefixes, 2), 0);
}

/* This node begins a flow. */
static void send_udp(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(0x0a090002) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)), 1);
	close(fd);
}

static uint64_t dropped(void)
{
	uint64_t d[SIGNET_DROP_COUNT] = { 0 };

	dpo.drops(dp, d);
	return d[SIGNET_DROP_POLICY];
}

/* Something comes in without metadata, as nothing from the module does. */
static void receive_stray(void)
{
	uint8_t p[28] = { 0x45, 0, 0,  28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 9,
			  0,	2, 10, 9,  0, 1, 0, 1, 0,  7,  0, 8, 0,	 0 };

	assert_int_equal(write(tun, p, sizeof(p)), sizeof(p));
}

static bool known(uint16_t port)
{
	static struct sg_dp_flow f[64];
	size_t n = dpo.policy_flows(dp, f, 64);

	for (size_t i = 0; i < n; i++)
		if (f[i].key.peer == PEER && f[i].verdict == SG_DP_FLOW_BEGUN &&
		    f[i].key.remote_port == htons(port) && f[i].packets)
			return true;
	return false;
}

static bool is_pinned(void)
{
	return !access(SG_BPF_PINS, F_OK);
}

static void programs_are_on_the_device_until_there_is_no_policy(void **state)
{
	assert_int_equal(open_on("nothing0"), 0);
	with_peer();
	assert_false(table.metadata);
	send_udp(52);
	assert_false(known(52));
	assert_int_equal(policy(1, 22), 0);
	assert_true(table.metadata);
	assert_true(is_pinned());
	send_udp(53);
	assert_true(known(53));
	assert_false(known(52));
	assert_int_equal(dropped(), 0);
	receive_stray();
	assert_int_equal(dropped(), 1);
	assert_int_equal(policy(2, 23), 0);
	send_udp(54);
	assert_true(known(54));

	assert_int_equal(dpo.policy_set(dp, NULL, 0), 0);
	assert_false(table.metadata);
	assert_false(is_pinned());
	send_udp(55);
	assert_false(known(55));
	/* and again */
	assert_int_equal(policy(3, 22), 0);
	send_udp(56);
	assert_true(known(56));
	dpo.close(dp);
	dp = NULL;
	assert_false(is_pinned());
}

static void the_next_agent_goes_on_with_it(void **state)
{
	assert_int_equal(open_on("nothing0"), 0);
	with_peer();
	assert_int_equal(policy(1, 22), 0);
	send_udp(53);
	dpo.leave(dp);
	dpo.close(dp);
	assert_true(is_pinned());
	receive_stray(); /* nobody is there, and still */

	table.device = true;
	assert_int_equal(open_on(DEVICE), 0);
	assert_int_equal(dropped(), 1);
	with_peer();
	assert_int_equal(policy(1, 22), 0);
	receive_stray();
	assert_int_equal(dropped(), 2);
	assert_true(known(53)); /* flows as well */
	send_udp(54);
	assert_true(known(54));
	dpo.close(dp);
	dp = NULL;
	assert_false(is_pinned());
}

static void where_it_cant_be_pinned_it_is_refused(void **state)
{
	assert_int_equal(umount2(SG_BPF_FS, MNT_DETACH), 0);
	assert_int_equal(mount("tmp", SG_BPF_FS, "tmpfs", 0, NULL), 0);
	assert_true(open_on("nothing0") < 0);
	dp = NULL;
	assert_int_equal(umount2(SG_BPF_FS, MNT_DETACH), 0);
	assert_int_equal(mount("bpf", SG_BPF_FS, "bpf", 0, NULL), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(programs_are_on_the_device_until_there_is_no_policy),
		T(the_next_agent_goes_on_with_it),
		T(where_it_cant_be_pinned_it_is_refused),
	};

	if (sodium_init() < 0)
		return 1;
	if (own_world()) {
		puts("1..0 # SKIP needs namespaces, a TUN device and BPF");
		return 4;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
