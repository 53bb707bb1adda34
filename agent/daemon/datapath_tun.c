/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The in-process data path over TUN: life cycle and what it reports. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/datapath_tun.h"
#include "daemon/loop.h"

static uint32_t count_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

/* For tests and for finding out what an offload is worth. */
static unsigned int read_off(void)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} names[] = {
		{ "vnet", SG_OFF_VNET | SG_OFF_TSO | SG_OFF_USO },
		{ "tso", SG_OFF_TSO | SG_OFF_USO },
		{ "uso", SG_OFF_USO },
		{ "gso", SG_OFF_GSO },
		{ "gro", SG_OFF_GRO },
		{ "mq", SG_OFF_MULTI_QUEUE },
		{ "uring", SG_OFF_URING },
		{ "nowait", SG_OFF_NOWAIT },
	};
	const char *at = getenv("SIGNET_OFFLOADS_OFF");
	unsigned int off = 0;

	while (at && *at) {
		size_t n = strcspn(at, ",");

		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			if (strlen(names[i].name) == n &&
			    !strncmp(at, names[i].name, n))
				off |= names[i].bit;
		}
		at += n + (at[n] == ',');
	}
	return off;
}

static int workers_alloc(struct sg_datapath *dp)
{
	uint32_t n = dp->n_workers;

	dp->workers = aligned_alloc(TUN_CACHE_LINE, n * sizeof(*dp->workers));
	if (!dp->workers)
		return -ENOMEM;
	memset(dp->workers, 0, n * sizeof(*dp->workers));
	for (uint32_t i = 0; i < n; i++) {
		struct tun_worker *w = &dp->workers[i];

		pthread_mutex_init(&w->lock, NULL);
		w->dp = dp;
		w->index = i;
		w->tun_fd = w->wake_fd = w->poll_fd = -1;
		w->sock.v4 = w->sock.v6 = -1;
	}
	return 0;
}

static int open_queues(struct sg_datapath *dp, int first)
{
	dp->workers[0].tun_fd = first;
	for (uint32_t i = 1; i < dp->n_workers; i++) {
		int fd = tun_device_queue(dp);

		if (fd < 0)
			return fd;
		dp->workers[i].tun_fd = fd;
	}
	return 0;
}

static int start(struct sg_datapath *dp)
{
	int err, fd;

	fd = tun_device_open(dp);
	if (fd < 0)
		return fd;
	err = workers_alloc(dp);
	if (err) {
		close(fd);
		return err;
	}
	err = open_queues(dp, fd);
	if (!err)
		err = tun_device_mtu(dp);
	if (!err)
		err = tun_sockets_open(dp);
	if (!err)
		err = tun_tables_init(dp);
	if (err)
		return err;
	dp->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dp->event_fd < 0)
		return -errno;
	err = sg_loop_add(dp->loop, dp->event_fd, EPOLLIN, tun_event_drain, dp);
	if (err)
		return err;
	dp->watching = true;
	for (uint32_t i = 0; i < dp->n_workers && !err; i++)
		err = tun_worker_start(&dp->workers[i]);
	dp->uring = !err && dp->workers[0].uring;
	return err;
}

static void datapath_close(struct sg_datapath *dp)
{
	if (!dp)
		return;
	atomic_store(&dp->stop, true);
	for (uint32_t i = 0; dp->workers && i < dp->n_workers; i++) {
		if (dp->workers[i].started)
			tun_worker_wake(&dp->workers[i]);
	}
	for (uint32_t i = 0; dp->workers && i < dp->n_workers; i++)
		tun_worker_stop(&dp->workers[i]);
	if (dp->watching)
		sg_loop_del(dp->loop, dp->event_fd);
	if (dp->event_fd >= 0)
		close(dp->event_fd);
	if (dp->tables.peers)
		tun_peers_clear(dp);
	tun_tables_free(dp);
	tun_policy_free(dp->policy);
	sg_slab_free(&dp->keys);
	sg_slab_free(&dp->chans);
	free(dp->workers);
	free(dp);
}

static void datapath_retire(struct sg_datapath *dp)
{
	const struct sg_dp_events quiet = { .frame = dp->ev.frame };

	dp->ev = quiet;
	dp->retired = true;
}

static void peer_del(struct sg_datapath *dp, uint32_t peer)
{
	if (!dp->retired)
		tun_peer_del(dp, peer);
}

static void datapath_renamed(struct sg_datapath *dp, const char *ifname)
{
	snprintf(dp->ifname, sizeof(dp->ifname), "%s", ifname);
}

static int datapath_open(struct sg_datapath **out, struct sg_loop *loop,
			 const struct sg_dp_config *cfg,
			 const struct sg_dp_events *ev, void *ctx)
{
	struct sg_datapath *dp;
	int err;

	if (!cfg->max_peers || cfg->mtu < 68 || cfg->mtu > TUN_PACKET_MAX)
		return -EINVAL;
	dp = calloc(1, sizeof(*dp));
	if (!dp)
		return -ENOMEM;
	dp->loop = loop;
	dp->cfg = *cfg;
	dp->ev = *ev;
	dp->ctx = ctx;
	dp->off = read_off();
	dp->event_fd = -1;
	dp->n_workers = cfg->workers ? cfg->workers : count_cpus();
	if (dp->n_workers > TUN_MAX_WORKERS)
		dp->n_workers = TUN_MAX_WORKERS;
	pthread_mutex_init(&dp->gate, NULL);
	pthread_mutex_init(&dp->keep_lock, NULL);
	sg_slab_init(&dp->keys, sizeof(struct tun_key));
	sg_slab_init(&dp->chans, sizeof(struct tun_channel));
	err = start(dp);
	if (err) {
		datapath_close(dp);
		return err;
	}
	*out = dp;
	return 0;
}

static int datapath_send(struct sg_datapath *dp, const union sg_addr *remote,
			 const union sg_addr *local, const uint8_t *frame,
			 size_t len)
{
	return tun_socket_send(dp, &dp->workers[0].sock, remote, local, frame,
			       len, 0);
}

static void datapath_drops(struct sg_datapath *dp,
			   uint64_t d[SIGNET_DROP_COUNT])
{
	for (int r = 0; r < SIGNET_DROP_COUNT; r++) {
		for (uint32_t i = 0; i < dp->n_workers; i++)
			d[r] += atomic_load_explicit(&dp->workers[i].drops[r],
						     memory_order_relaxed);
	}
}

static void datapath_status(struct sg_datapath *dp, struct sg_dp_status *st)
{
	memset(st, 0, sizeof(*st));
	st->name = "tun";
	st->io = dp->uring ? "io_uring" : "epoll";
	memcpy(st->ifname, dp->ifname, sizeof(st->ifname));
	st->port = dp->port;
	st->workers = dp->n_workers;
	st->vnet_hdr = dp->vnet_hdr;
	st->tso4 = dp->tso4;
	st->tso6 = dp->tso6;
	st->uso = dp->uso;
	st->udp_gso = atomic_load(&dp->udp_gso);
	st->udp_gro = dp->udp_gro;
	st->multi_queue = dp->multi_queue;
	st->mtu = dp->cfg.mtu;
	st->aeads = signet_aead_supported();
}

const struct sg_datapath_ops sg_datapath_tun = {
	.name = "tun",
	.open = datapath_open,
	.close = datapath_close,
	.retire = datapath_retire,
	.renamed = datapath_renamed,
	.peer_add = tun_peer_add,
	.peer_del = peer_del,
	.prefixes_set = tun_prefixes_set,
	.channel_add = tun_channel_add,
	.channel_del = tun_channel_del,
	.channel_path = tun_channel_path,
	.channel_select = tun_channel_select,
	.key_add = tun_key_add,
	.key_select = tun_key_select,
	.key_del = tun_key_del,
	.keepalive = tun_keepalive,
	.watch = tun_watch,
	.send = datapath_send,
	.policy_set = tun_policy_set,
	.policy_flows = tun_policy_flows,
	.policy_refused = tun_policy_refused,
	.channel_stats = tun_channel_stats,
	.drops = datapath_drops,
	.status = datapath_status,
};
