// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The data path of the kernel module: life cycle and what it reports. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/kernel.h"

/* Of nothing but objects; what of it a device refuses stays as it is. */
static void set_limits(struct sg_datapath *dp)
{
	struct kernel_left *l = &dp->leftover;
	struct sg_kmod_dev_set set = {
		.set = SG_KMOD_DEV_PEERS | SG_KMOD_DEV_CHANNELS,
		.limits = { .peers = dp->cfg.max_peers + (uint32_t)l->n_peers,
			    .channels = dp->cfg.max_channels +
					(uint32_t)l->n_channels },
	};

	int err;

	if (!dp->cfg.max_channels)
		set.limits.channels += 4 * dp->cfg.max_peers;
	err = sg_kmod_dev_set(dp->km, dp->ifindex, &set);
	if (err)
		sg_log(SG_LOG_WARNING, "limits of device %s: %s", dp->ifname,
		       *sg_kmod_error(dp->km) ? sg_kmod_error(dp->km)
					      : strerror(-err));
}

/*
 * A device of that name and kind was left by an agent that ended without
 * taking it along, or made by the administrator. Where somebody else's socket
 * is attached, its owner may still run.
 */
static int take_device(struct sg_datapath *dp)
{
	struct sg_kmod_link link;
	struct sg_kmod_dev dev;
	int err;

	err = sg_kmod_link_get(dp->km, dp->ifindex, &link);
	if (err == -EINVAL)
		return -EBUSY;
	if (!err)
		err = sg_kmod_dev_get(dp->km, dp->ifindex, &dev);
	if (err)
		return err;
	if ((dev.port4 && !dp->kept4) || (dev.port6 && !dp->kept6))
		return -EBUSY;
	return kernel_left_find(
		dp, !memcmp(dev.owner, dp->cfg.owner, sizeof(dev.owner)));
}

/* For the next agent. A module that is too old for it leaves nothing to it. */
static void set_owner(struct sg_datapath *dp)
{
	struct sg_kmod_dev_set set = { .set = SG_KMOD_DEV_OWNER };

	_Static_assert(sizeof(set.owner) == sizeof(dp->cfg.owner), "owner");
	memcpy(set.owner, dp->cfg.owner, sizeof(set.owner));
	if (sg_kmod_dev_set(dp->km, dp->ifindex, &set))
		sg_log(SG_LOG_INFO,
		       "signet.ko %s does not keep whose device %s is: the "
		       "next agent makes its channels anew",
		       dp->module.version, dp->ifname);
}

static int open_device(struct sg_datapath *dp)
{
	int err;

	strncpy(dp->ifname, dp->cfg.ifname, sizeof(dp->ifname) - 1);
	dp->ifindex = if_nametoindex(dp->ifname);
	if (dp->ifindex)
		return take_device(dp);
	err = sg_kmod_link_add(dp->km, dp->ifname, NULL, &dp->ifindex);
	dp->made = !err;
	return err;
}

static int start(struct sg_datapath *dp)
{
	char why[160];
	int err;

	err = sg_kmod_open(&dp->km, true);
	if (!err)
		err = sg_kmod_module_get(dp->km, &dp->module);
	if (err)
		return err;
	if (!sg_kernel_usable(&dp->module, why, sizeof(why)))
		return -EPROTO;
	dp->peers = calloc(dp->cfg.max_peers, sizeof(*dp->peers));
	if (!dp->peers)
		return -ENOMEM;
	/* first of all: what is said while we look is not to be missed */
	err = kernel_events_start(dp);
	if (!err)
		err = kernel_sockets_open(dp);
	if (!err)
		err = open_device(dp);
	if (err)
		return err;
	set_owner(dp);
	set_limits(dp);
	if (dp->cfg.policy) {
		err = kernel_policy_load(dp);
		if (err)
			return err;
	}
	err = kernel_frames_start(dp);
	if (!err)
		err = kernel_sockets_attach(dp);
	return err;
}

static void free_objects(struct sg_datapath *dp)
{
	for (uint32_t i = 0; dp->peers && i < dp->cfg.max_peers; i++)
		while (dp->peers[i].channels)
			kernel_channel_forget(dp, dp->peers[i].channels);
	free(dp->peers);
	sg_map_free(&dp->by_peer);
	sg_map_free(&dp->by_channel);
}

static void datapath_free(struct sg_datapath *dp, bool keep_sockets)
{
	kernel_frames_stop(dp);
	kernel_events_stop(dp);
	kernel_left_free(dp);
	kernel_sockets_close(dp, keep_sockets);
	sg_timer_cancel(dp->loop, &dp->lost_timer);
	sg_kmod_close(dp->km);
	free_objects(dp);
	free(dp);
}

static void datapath_close(struct sg_datapath *dp)
{
	bool stays;

	if (!dp)
		return;
	stays = dp->left && !dp->retired;
	kernel_policy_free(dp, stays);
	if (!stays && dp->ifindex && !dp->is_lost &&
	    sg_kmod_link_del(dp->km, dp->ifindex))
		sg_log(SG_LOG_WARNING, "cannot remove device %s: %s",
		       dp->ifname, sg_kmod_error(dp->km));
	datapath_free(dp, stays);
}

static void datapath_leave(struct sg_datapath *dp)
{
	dp->left = true;
}

static void datapath_retire(struct sg_datapath *dp)
{
	dp->left = dp->retired = true;
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

	if (!cfg->max_peers || cfg->mtu < 68)
		return -EINVAL;
	dp = aligned_alloc(_Alignof(struct sg_datapath), sizeof(*dp));
	if (!dp)
		return -ENOMEM;
	memset(dp, 0, sizeof(*dp));
	dp->loop = loop;
	dp->cfg = *cfg;
	dp->ev = *ev;
	dp->ctx = ctx;
	dp->sock4 = dp->sock6 = dp->link_fd = -1;
	err = start(dp);
	if (err) {
		if (dp->km && *sg_kmod_error(dp->km))
			sg_log(SG_LOG_WARNING, "signet.ko: %s",
			       sg_kmod_error(dp->km));
		/* what was there before us stays, and the next try needs the
		 * sockets that were kept for us */
		kernel_policy_free(dp, !dp->made);
		if (dp->made)
			sg_kmod_link_del(dp->km, dp->ifindex);
		datapath_free(dp, true);
		return err;
	}
	*out = dp;
	return 0;
}

static int datapath_send(struct sg_datapath *dp, const union sg_addr *remote,
			 const union sg_addr *local, const uint8_t *frame,
			 size_t len)
{
	int fd = remote->sa.sa_family == AF_INET6 ? dp->sock6 : dp->sock4;

	if (dp->left)
		return 0;
	if (fd < 0 || (remote->sa.sa_family != AF_INET &&
		       remote->sa.sa_family != AF_INET6))
		return -EAFNOSUPPORT;
	return sg_udp_send(fd, remote, local, frame, len, 0);
}

/* of all peers; from the start again where objects change meanwhile */
static int add_drops(void *ctx, const struct sg_kmod_stats *o)
{
	uint64_t *sum = ctx;

	if (!o) {
		memset(sum, 0, SIGNET_DROP_COUNT * sizeof(*sum));
		return 0;
	}
	for (int i = 0; i < SIGNET_DROP_COUNT; i++)
		sum[i] += o->drops[i];
	return 0;
}

static void datapath_drops(struct sg_datapath *dp,
			   uint64_t d[SIGNET_DROP_COUNT])
{
	uint64_t peers[SIGNET_DROP_COUNT] = { 0 };
	struct sg_kmod_stats dev;

	if (sg_kmod_stats_get(dp->km, dp->ifindex, NULL, &dev))
		memset(&dev, 0, sizeof(dev));
	if (sg_kmod_stats_dump(dp->km, dp->ifindex, add_drops, peers))
		memset(peers, 0, sizeof(peers));
	for (int i = 0; i < SIGNET_DROP_COUNT; i++)
		d[i] += dp->drops[i] + dev.drops[i] + peers[i];
	kernel_policy_drops(dp, d);
}

static void datapath_status(struct sg_datapath *dp, struct sg_dp_status *st)
{
	uint32_t ciphers = dp->module.ciphers;

	memset(st, 0, sizeof(*st));
	st->name = "kernel";
	st->io = sg_loop_backend(dp->loop);
	memcpy(st->ifname, dp->ifname, sizeof(st->ifname));
	st->port = dp->port;
	st->mtu = dp->cfg.mtu;
	if (ciphers & 1u << SIGNET_CIPHER_CHACHA20_POLY1305)
		st->aeads |= SIGNET_AEAD_CHACHA20POLY1305;
	if (ciphers & 1u << SIGNET_CIPHER_AES_256_GCM)
		st->aeads |= SIGNET_AEAD_AES256GCM;
	st->kept = kernel_sockets_kept(dp);
	snprintf(st->detail, sizeof(st->detail), "signet.ko %s, abi %u",
		 dp->module.version, dp->module.abi);
}

const struct sg_datapath_ops sg_datapath_kernel = {
	.name = "kernel",
	.open = datapath_open,
	.close = datapath_close,
	.leave = datapath_leave,
	.retire = datapath_retire,
	.renamed = datapath_renamed,
	.attached = kernel_left_attached,
	.peer_add = kernel_peer_add,
	.peer_del = kernel_peer_del,
	.prefixes_set = kernel_prefixes_set,
	.channel_add = kernel_channel_add,
	.channel_del = kernel_channel_del,
	.channel_path = kernel_channel_path,
	.channel_select = kernel_channel_select,
	.channel_takes_over = kernel_channel_takes_over,
	.key_add = kernel_key_add,
	.key_select = kernel_key_select,
	.key_del = kernel_key_del,
	.keepalive = kernel_keepalive,
	.watch = kernel_watch,
	.send = datapath_send,
	.policy_set = kernel_policy_set,
	.policy_flows = kernel_policy_flows,
	.policy_refused = kernel_policy_refused,
	.channel_stats = kernel_channel_stats,
	.drops = datapath_drops,
	.status = datapath_status,
	.diagnose = kernel_diagnose,
};
