/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two TUN data paths in one process, each in a network namespace of its own,
 * joined by a veth pair; and a stranger's socket between them.
 */
#ifndef DATAPATH_LAB_H
#define DATAPATH_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/datapath.h"
#include "daemon/loop.h"

#define PORT	 51900
#define LABEL(i) (0x1000u + (uint32_t)(i))
#define SECOND	 1000000000ull
#define dpo	 sg_datapath_tun

/* What the events of one side have said. */
struct seen {
	int frames, messages, answers, endpoint, confirmed, wanted, soft,
		failures;
	int active, pmtu;
	union sg_addr from;
	uint32_t mtu;
};

struct side {
	struct sg_datapath *dp;
	uint32_t channel;
	struct seen seen;
	int ns;
};

static struct lab {
	struct sg_loop *loop;
	struct side side[2];
	pid_t holder;
	bool ready;
	uint8_t hop[2][SIGNET_HOP_KEY_LEN];  /* of frames to that side */
	uint8_t key[2][SIGNET_AEAD_KEY_LEN]; /* of frames to that side */
	uint64_t counter;		     /* for frames the test seals */
} lab;

static void enter(int side)
{
	assert_int_equal(setns(lab.side[side].ns, CLONE_NEWNET), 0);
}

__attribute__((format(printf, 1, 2))) static int shell(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

/* Root, or root of a user namespace. */
static bool become_root(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid == 0)
		return true;
	if (unshare(CLONE_NEWUSER))
		return false;
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
	return geteuid() == 0;
}

/* The second namespace needs a process to be named by. */
static pid_t hold_namespace(void)
{
	int sync[2];
	char c;
	pid_t pid;

	if (pipe(sync))
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		c = unshare(CLONE_NEWNET) ? 'n' : 'y';
		if (write(sync[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	if (pid < 0 || read(sync[0], &c, 1) != 1 || c != 'y')
		return -1;
	close(sync[0]);
	close(sync[1]);
	return pid;
}

static bool lab_namespaces(void)
{
	char path[64];

	if (!become_root() || unshare(CLONE_NEWNET))
		return false;
	lab.holder = hold_namespace();
	if (lab.holder < 0)
		return false;
	lab.side[0].ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", lab.holder);
	lab.side[1].ns = open(path, O_RDONLY | O_CLOEXEC);
	if (access("/dev/net/tun", R_OK | W_OK))
		return false;
	if (shell("ip link add v0 type veth peer name v1 netns %d && "
		  "ip link set lo up && ip link set v0 up && "
		  "ip addr add 192.0.2.1/24 dev v0 && "
		  "ip addr add 2001:db8::1/64 dev v0 nodad",
		  lab.holder))
		return false;
	enter(1);
	return !shell("ip link set lo up && ip link set v1 up && "
		      "ip addr add 192.0.2.2/24 dev v1 && "
		      "ip addr add 2001:db8::2/64 dev v1 nodad");
}

static void on_frame(void *ctx, uint8_t *frame, size_t len,
		     const union sg_addr *from, const union sg_addr *to)
{
	struct seen *s = ctx;

	if (frame[0] == SIGNET_FRAME_MESSAGE)
		s->messages++;
	else
		s->frames++;
	s->answers += frame[0] == SIGNET_FRAME_RESPONSE;
	s->from = *from;
	assert_int_not_equal(to->sa.sa_family, 0);
	memset(frame, 0, len);
}

static void on_endpoint(void *ctx, uint32_t channel, const union sg_addr *from,
			const union sg_addr *to)
{
	struct seen *s = ctx;

	s->endpoint++;
	s->from = *from;
}

static void on_confirmed(void *ctx, uint32_t channel, uint8_t key_id)
{
	((struct seen *)ctx)->confirmed++;
}

static void on_wanted(void *ctx, uint32_t peer)
{
	((struct seen *)ctx)->wanted++;
}

static void on_rekey(void *ctx, uint32_t channel, enum sg_rekey_reason why)
{
	struct seen *s = ctx;

	*(why == SG_REKEY_FRAMES ? &s->soft : &s->failures) += 1;
}

static void on_active(void *ctx, uint32_t channel)
{
	((struct seen *)ctx)->active++;
}

static void on_pmtu(void *ctx, const union sg_addr *remote, uint32_t mtu)
{
	struct seen *s = ctx;

	s->pmtu++;
	s->mtu = mtu;
}

static const struct sg_dp_events lab_events = {
	.frame = on_frame,
	.endpoint_seen = on_endpoint,
	.key_confirmed = on_confirmed,
	.channel_wanted = on_wanted,
	.rekey_wanted = on_rekey,
	.active = on_active,
	.pmtu = on_pmtu,
};

static void stop_loop(void *ctx)
{
	sg_loop_stop(lab.loop);
}

/* Let the main thread's loop run for a while. */
static void spin(unsigned int ms)
{
	struct sg_timer t = { .fn = stop_loop };

	sg_timer_set(lab.loop, &t, sg_now() + ms * 1000000ull);
	sg_loop_run(lab.loop);
	sg_timer_cancel(lab.loop, &t);
}

/* Spin until @cond holds, at most three seconds. */
#define spin_until(cond)                                                \
	do {                                                            \
		for (int tries_ = 0; tries_ < 300 && !(cond); tries_++) \
			spin(10);                                       \
		assert_true(cond);                                      \
	} while (0)

static union sg_addr addr(const char *text, uint16_t port)
{
	union sg_addr a = { 0 };

	if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons(port);
	} else {
		inet_pton(AF_INET6, text, &a.v6.sin6_addr);
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons(port);
	}
	return a;
}

static struct sg_prefix prefix(const char *text, uint8_t len)
{
	struct sg_prefix p = { .len = len };

	p.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	inet_pton(p.family, text, p.addr);
	return p;
}

static struct sg_dp_key key_of(int to, bool tx)
{
	struct sg_dp_key k = {
		.key_id = 3,
		.tx = tx,
		.aead = SIGNET_AEAD_CHACHA20POLY1305,
		.hard_ns = UINT64_MAX,
		.hard_frames = 1ull << 40,
	};

	memcpy(k.key, lab.key[to], sizeof(k.key));
	return k;
}

static void open_side(int i, bool v6_only)
{
	struct side *s = &lab.side[i];
	struct sg_dp_config cfg = {
		.ifname = "sgt0",
		.port = PORT,
		.ipv4 = !v6_only,
		.ipv6 = true,
		.mtu = 1400,
		.workers = 2,
		.max_peers = 20000,
		.uring = true,
	};
	struct sg_prefix p[2] = {
		prefix(i ? "10.99.0.1" : "10.99.0.2", 32),
		prefix(i ? "fd99::1" : "fd99::2", 128),
	};

	memset(&s->seen, 0, sizeof(s->seen));
	enter(i);
	assert_int_equal(
		dpo.open(&s->dp, lab.loop, &cfg, &lab_events, &s->seen), 0);
	assert_int_equal(shell("ip addr add 10.99.0.%d/24 dev sgt0 && "
			       "ip addr add fd99::%d/64 dev sgt0 nodad && "
			       "ip link set sgt0 up",
			       i + 1, i + 1),
			 0);
	assert_int_equal(dpo.peer_add(s->dp, 7), 0);
	assert_int_equal(dpo.prefixes_set(s->dp, 7, p, 2), 0);
}

static struct sg_path path_from(int i, bool v6)
{
	struct sg_path p = { .tx_label = LABEL(!i) };

	p.remote = addr(v6 ? (i ? "2001:db8::1" : "2001:db8::2")
			   : (i ? "192.0.2.1" : "192.0.2.2"),
			PORT);
	memcpy(p.tx_hop_key, lab.hop[!i], SIGNET_HOP_KEY_LEN);
	return p;
}

/* A channel and its receiving key. */
static void add_channel(int i, bool v6)
{
	struct side *s = &lab.side[i];
	struct sg_path p = path_from(i, v6);
	struct sg_dp_key k = key_of(i, false);

	assert_int_equal(dpo.channel_add(s->dp, 7, LABEL(i), lab.hop[i], &p, 4,
					 &s->channel),
			 0);
	assert_int_equal(dpo.key_add(s->dp, s->channel, &k), 0);
}

static void select_channel(int i)
{
	struct side *s = &lab.side[i];
	struct sg_dp_key k = key_of(!i, true);

	assert_int_equal(dpo.key_add(s->dp, s->channel, &k), 0);
	assert_int_equal(dpo.key_select(s->dp, s->channel, k.key_id), 0);
	assert_int_equal(dpo.channel_select(s->dp, s->channel), 0);
}

/* *state: "v6", or what SIGNET_OFFLOADS_OFF is to be, or NULL */
static int lab_setup(void **state)
{
	const char *variant = *state;
	bool v6 = variant && !strcmp(variant, "v6");

	if (!lab.ready)
		return 0;
	if (variant && !v6)
		setenv("SIGNET_OFFLOADS_OFF", variant, 1);
	randombytes_buf(lab.hop, sizeof(lab.hop));
	randombytes_buf(lab.key, sizeof(lab.key));
	lab.counter = 1ull << 32;
	for (int i = 0; i < 2; i++)
		open_side(i, v6);
	for (int i = 0; i < 2; i++) {
		add_channel(i, v6);
		select_channel(i);
	}
	unsetenv("SIGNET_OFFLOADS_OFF");
	return 0;
}

static int lab_teardown(void **state)
{
	for (int i = 0; i < 2; i++) {
		if (lab.side[i].dp)
			dpo.close(lab.side[i].dp);
		lab.side[i].dp = NULL;
	}
	return 0;
}

static int lab_group_setup(void **state)
{
	if (sodium_init() < 0)
		return -1;
	lab.ready = lab_namespaces();
	if (!lab.ready)
		fprintf(stderr, "no network namespaces or no TUN here\n");
	return sg_loop_new(&lab.loop, SG_LOOP_AUTO);
}

static int lab_group_teardown(void **state)
{
	if (lab.holder > 0) {
		kill(lab.holder, SIGKILL);
		waitpid(lab.holder, NULL, 0);
	}
	sg_loop_free(lab.loop);
	return 0;
}

/* An ordinary program's socket in a namespace, on an inner or outer address. */
static int app_socket(int side, int type, const char *local, uint16_t port)
{
	union sg_addr a = addr(local, port);
	int fd, one = 1;

	enter(side);
	fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, &a.sa, sizeof(a)), 0);
	return fd;
}

static void app_send(int fd, const char *to, uint16_t port, const void *data,
		     size_t len)
{
	union sg_addr a = addr(to, port);

	assert_int_equal(sendto(fd, data, len, 0, &a.sa, sizeof(a)), len);
}

/* Return: length, or -1 if nothing came within @ms. */
static ssize_t app_recv(int fd, void *buf, size_t cap, unsigned int ms)
{
	for (unsigned int t = 0; t <= ms; t += 5) {
		ssize_t n = recv(fd, buf, cap, MSG_DONTWAIT);

		if (n >= 0)
			return n;
		spin(5);
	}
	return -1;
}

static uint64_t drops(int side, enum signet_drop why)
{
	uint64_t d[SIGNET_DROP_COUNT] = { 0 };

	dpo.drops(lab.side[side].dp, d);
	return d[why];
}

#endif
