// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the kernel tells: events of the module, and whether the device is still
 * there. Where events were lost, a dump says what they would have said.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/kernel.h"

#define EVENTS_TURN 256

static const char gone[] = "its device is gone";

static void say_lost(void *ctx)
{
	struct sg_datapath *dp = ctx;

	/* its objects go first */
	if (if_nametoindex(dp->ifname) != dp->ifindex)
		dp->lost_why = gone;
	if (dp->ev.lost)
		dp->ev.lost(dp->ctx, dp->lost_why);
}

/* The agent closes us for it, so not from within a call of ours. */
void kernel_lost(struct sg_datapath *dp, const char *why)
{
	if (dp->is_lost || dp->left)
		return;
	dp->is_lost = true;
	dp->lost_why = why;
	dp->lost_timer.fn = say_lost;
	dp->lost_timer.ctx = dp;
	sg_timer_set(dp->loop, &dp->lost_timer, sg_now());
}

static void rekey_wanted(struct sg_datapath *dp, const struct sg_kmod_event *e,
			 struct kernel_channel *c)
{
	enum sg_rekey_reason why = e->reason == SIGNET_REKEY_REASON_FAILURES
					   ? SG_REKEY_FAILURES
					   : SG_REKEY_FRAMES;

	if (e->key_id < SIGNET_KEY_IDS)
		c->key[e->tx][e->key_id].told = true;
	dp->ev.rekey_wanted(dp->ctx, c->id, why);
}

static void key_confirmed(struct sg_datapath *dp, struct kernel_channel *c,
			  uint8_t key_id)
{
	if (key_id >= SIGNET_KEY_IDS || c->key[0][key_id].told)
		return;
	c->key[0][key_id].told = true;
	dp->ev.key_confirmed(dp->ctx, c->id, key_id);
}

/* At the end of its time we have removed it or are about to. */
static void key_expired(struct sg_datapath *dp, const struct sg_kmod_event *e,
			struct kernel_channel *c)
{
	struct kernel_key *k;

	if (e->key_id >= SIGNET_KEY_IDS)
		return;
	k = &c->key[e->tx][e->key_id];
	if (!k->hard_ns || k->hard_ns <= sg_now() + KERNEL_SECOND)
		return;
	memset(k, 0, sizeof(*k));
	if (dp->ev.key_lost)
		dp->ev.key_lost(dp->ctx, c->id);
}

static void active(struct sg_datapath *dp, struct kernel_channel *c)
{
	if (!c->watched)
		return;
	c->watched = false;
	dp->ev.active(dp->ctx, c->id);
}

/* An address that was seen before the path moved says nothing any more. */
static void endpoint_seen(struct sg_datapath *dp, const struct sg_kmod_event *e,
			  const struct kernel_channel *c)
{
	union sg_addr to = e->local;

	if (e->generation != c->generation)
		return;
	if (to.sa.sa_family)
		to.v4.sin_port = htons(dp->port);
	dp->ev.endpoint_seen(dp->ctx, c->id, &e->remote, &to);
}

static void of_channel(struct sg_datapath *dp, const struct sg_kmod_event *e)
{
	struct kernel_channel *c = kernel_channel_get(dp, e->channel);

	if (!c)
		return;
	switch (e->type) {
	case SG_KMOD_REKEY_WANTED:
		rekey_wanted(dp, e, c);
		break;
	case SG_KMOD_ENDPOINT_SEEN:
		endpoint_seen(dp, e, c);
		break;
	case SG_KMOD_KEY_CONFIRMED:
		key_confirmed(dp, c, e->key_id);
		break;
	case SG_KMOD_KEY_EXPIRED:
		key_expired(dp, e, c);
		break;
	case SG_KMOD_CHANNEL_ACTIVE:
		active(dp, c);
		break;
	default:
		break;
	}
}

static void on_event(struct sg_datapath *dp, const struct sg_kmod_event *e)
{
	uintptr_t peer;

	if (!dp->ifindex || e->ifindex != dp->ifindex || dp->left)
		return;
	switch (e->type) {
	case SG_KMOD_CHANNEL_WANTED:
		peer = (uintptr_t)sg_map_get(&dp->by_peer, e->peer);
		if (peer)
			dp->ev.channel_wanted(dp->ctx, (uint32_t)peer - 1);
		break;
	case SG_KMOD_PEER_DEL:
		if (sg_map_get(&dp->by_peer, e->peer))
			kernel_lost(dp, "somebody removed a peer from it");
		break;
	case SG_KMOD_SOCKET_LOST:
		/* ours are open: somebody put others in their place */
		if (kernel_sockets_attach(dp))
			kernel_lost(dp, "somebody took its sockets away");
		break;
	case SG_KMOD_PMTU:
		dp->ev.pmtu(dp->ctx, &e->remote, e->mtu);
		break;
	default:
		of_channel(dp, e);
	}
}

/* Events that are told once, as the objects themselves tell them. */
static int missed_active(void *ctx, const struct sg_kmod_channel *o)
{
	struct sg_datapath *dp = ctx;
	struct kernel_channel *c = o ? kernel_channel_get(dp, o->id) : NULL;

	if (c && !o->watched)
		active(dp, c);
	return 0;
}

static int missed_key(void *ctx, const struct sg_kmod_key *o)
{
	struct sg_datapath *dp = ctx;
	struct kernel_channel *c = o ? kernel_channel_get(dp, o->channel)
				     : NULL;
	struct kernel_key *k;
	uint64_t frames = 0;

	if (!c || o->key_id >= SIGNET_KEY_IDS)
		return 0;
	if (!o->tx) {
		if (o->lanes)
			key_confirmed(dp, c, o->key_id);
		return 0;
	}
	k = &c->key[1][o->key_id];
	for (int i = 0; i < SIGNET_LANES; i++)
		frames += o->frames[i];
	if (k->told || !k->soft_frames || frames < k->soft_frames)
		return 0;
	k->told = true;
	dp->ev.rekey_wanted(dp->ctx, c->id, SG_REKEY_FRAMES);
	return 0;
}

/*
 * The rest is said again: wanted channels and new addresses once a second. A
 * dump that fails leaves what it has found; timers of the session find out.
 */
static void reconcile(struct sg_datapath *dp)
{
	if (dp->left)
		return;
	sg_log(SG_LOG_WARNING, "events of signet.ko were lost: looking at all "
			       "channels");
	sg_kmod_channel_dump(dp->km, dp->ifindex, missed_active, dp);
	sg_kmod_key_dump(dp->km, dp->ifindex, missed_key, dp);
	if (kernel_sockets_attach(dp))
		kernel_lost(dp, "its sockets are gone");
}

static void on_events(void *ctx, int fd, uint32_t events)
{
	struct sg_datapath *dp = ctx;
	struct sg_kmod_event e;
	bool missed = false;
	int r = 1;

	for (int i = 0; i < EVENTS_TURN && r; i++) {
		r = sg_kmod_events_read(dp->events, &e);
		if (r == 1)
			on_event(dp, &e);
		else if (r == -ENOBUFS)
			missed = true;
		else if (r < 0)
			break;
	}
	if (missed)
		reconcile(dp);
	if (r < 0 && r != -ENOBUFS) {
		sg_loop_del(dp->loop, fd);
		kernel_lost(dp, "its events can't be read");
	}
}

static void on_links(void *ctx, int fd, uint32_t events)
{
	char buf[8192] __attribute__((aligned(8)));
	struct sg_datapath *dp = ctx;
	struct nlmsghdr *nh;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		for (nh = (struct nlmsghdr *)buf; NLMSG_OK(nh, n);
		     nh = NLMSG_NEXT(nh, n)) {
			struct ifinfomsg *ifi = NLMSG_DATA(nh);

			if (nh->nlmsg_type == RTM_DELLINK && dp->ifindex &&
			    (uint32_t)ifi->ifi_index == dp->ifindex &&
			    ifi->ifi_family == AF_UNSPEC)
				kernel_lost(dp, gone);
		}
	}
	/* some were lost: is the device there? */
	if (n < 0 && errno == ENOBUFS && dp->ifindex) {
		struct sg_kmod_link link;

		if (sg_kmod_link_get(dp->km, dp->ifindex, &link) == -ENODEV)
			kernel_lost(dp, gone);
	}
}

static int watch_links(struct sg_datapath *dp)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK,
				 .nl_groups = RTMGRP_LINK };

	dp->link_fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (dp->link_fd < 0 ||
	    bind(dp->link_fd, (struct sockaddr *)&a, sizeof(a)))
		return -errno;
	return sg_loop_add(dp->loop, dp->link_fd, EPOLLIN, on_links, dp);
}

int kernel_events_start(struct sg_datapath *dp)
{
	int err = sg_kmod_events_open(&dp->events);

	if (!err)
		err = sg_loop_add(dp->loop, sg_kmod_events_fd(dp->events),
				  EPOLLIN, on_events, dp);
	return err ? err : watch_links(dp);
}

void kernel_events_stop(struct sg_datapath *dp)
{
	if (dp->events)
		sg_loop_del(dp->loop, sg_kmod_events_fd(dp->events));
	sg_kmod_events_close(dp->events);
	if (dp->link_fd >= 0) {
		sg_loop_del(dp->loop, dp->link_fd);
		close(dp->link_fd);
	}
}
