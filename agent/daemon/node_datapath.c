// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which data path the node uses, and how it changes from one to the other. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "daemon/datapath_kernel.h"
#include "daemon/incoming.h"
#include "daemon/node_policy.h"
#include "daemon/node_up.h"
#include "daemon/peer.h"
#include "daemon/service_manager.h"

/* An Ethernet path over IPv6, where nothing better is known. */
#define MTU_DEFAULT (1500 - SG_NETIF_OVERHEAD6)
#define MTU_MIN	    1280

/* The smallest that fits the routes to all endpoints given as addresses. */
static uint32_t default_mtu(const struct sg_node *n)
{
	int best = MTU_DEFAULT;
	bool known = false;

	for (size_t i = 0; i < n->config->n_peers; i++) {
		const struct sg_config_peer *c = &n->config->peers[i];

		for (size_t j = 0; j < c->n_endpoints; j++) {
			union sg_addr a;
			int mtu;

			if (sg_addr_set(&a, c->endpoints[j].host,
					c->endpoints[j].port))
				continue;
			mtu = sg_netif_route_mtu(&a, n->config->mark);
			if (mtu > 0 && (!known || mtu < best)) {
				best = mtu;
				known = true;
			}
		}
		/* A look at many routes tells no more than one at a few. */
		if (i >= 256)
			break;
	}
	return best < MTU_MIN ? MTU_MIN : best > 65535 ? 65535 : best;
}

static void fill_config(const struct sg_node *n, const char *beside,
			struct sg_dp_config *cfg)
{
	const struct sg_config *c = n->config;
	uint16_t port = n->dp_port ? n->dp_port : c->listen;

	*cfg = (struct sg_dp_config){
		.ifname = beside ? beside : c->ifname,
		.port = beside && !n->dp_borrowed ? 0 : port,
		.ipv4 = c->family != SG_CONFIG_FAMILY_IPV6,
		.ipv6 = c->family != SG_CONFIG_FAMILY_IPV4,
		.mtu = c->mtu ? c->mtu : default_mtu(n),
		.workers = c->workers,
		.fwmark = c->mark,
		.max_peers = n->max_peers,
		.max_channels = n->max_peers * SIGNET_SESSION_CHANNELS,
		.rx_lanes = n->local.lanes,
		.policy = sg_node_restricted(n),
		.uring = !strcmp(sg_loop_backend(n->loop), "io_uring"),
	};
	memcpy(cfg->owner, n->overlay, sizeof(cfg->owner));
}

/*
 * The kernel takes down the rings of an agent that was killed after the process
 * is gone; its device and sockets live as long. So do those that the service
 * manager is told to keep no more.
 */
static int open_patiently(struct sg_node *n, const struct sg_dp_config *cfg)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	int ret, tries = 20;

	for (;;) {
		ret = n->dp_ops == &sg_datapath_tun
			      ? sg_kernel_forget(cfg->ifname)
			      : 0;
		if (!ret)
			ret = n->dp_ops->open(&n->dp, n->loop, cfg,
					      &sg_node_dp_events, n);
		if ((ret != -EBUSY && ret != -EADDRINUSE) || !--tries)
			break;
		nanosleep(&pause, NULL);
	}
	if (ret)
		n->dp = NULL;
	return ret;
}

static int no_datapath(const struct sg_node *n, const struct sg_dp_config *cfg,
		       int ret, struct sg_error *err)
{
	return sg_err(err, -ret,
		      "cannot open the data path %s: interface %s, UDP port "
		      "%u: %s",
		      n->dp_ops->name, cfg->ifname, cfg->port, strerror(-ret));
}

/* Return: 0; else @n->dp_why says why not. */
static int open_kernel(struct sg_node *n, const struct sg_dp_config *cfg,
		       struct sg_error *err)
{
	int ret;

	n->dp_ops = &sg_datapath_kernel;
	ret = sg_kernel_probe(n->dp_why, sizeof(n->dp_why));
	if (ret)
		return sg_err(err, -ret, "DataPath = kernel: %s", n->dp_why);
	ret = open_patiently(n, cfg);
	if (!ret)
		return 0;
	no_datapath(n, cfg, ret, err);
	/* the module may have gone since */
	if (!sg_kernel_probe(n->dp_why, sizeof(n->dp_why)))
		snprintf(n->dp_why, sizeof(n->dp_why), "signet.ko: %s",
			 strerror(-ret));
	return ret;
}

static int open_tun(struct sg_node *n, const struct sg_dp_config *cfg,
		    struct sg_error *err)
{
	int ret;

	n->dp_ops = &sg_datapath_tun;
	/* the module's: this one has several for each family */
	sg_service_fd_forget("udp4");
	sg_service_fd_forget("udp6");
	ret = open_patiently(n, cfg);
	return ret ? no_datapath(n, cfg, ret, err) : 0;
}

static enum sg_config_datapath wanted(const struct sg_node *n)
{
	return n->dp_asked ? n->dp_want : n->config->datapath;
}

/* The AEADs that are offered are those that agent and data path both have. */
static void opened(struct sg_node *n, bool borrowed)
{
	struct sg_dp_status st;

	n->dp_ops->status(n->dp, &st);
	n->dp_borrowed = borrowed;
	if (!borrowed)
		n->dp_port = st.port;
	n->local.aeads = signet_aead_supported() & st.aeads;
	sg_log(SG_LOG_INFO, "data path %s%s%s%s%s", st.name,
	       st.detail[0] ? ": " : "", st.detail, n->dp_why[0] ? ": " : "",
	       n->dp_why);
}

int sg_node_open_datapath(struct sg_node *n, const char *beside,
			  struct sg_error *err)
{
	enum sg_config_datapath want = n->dp_aside ? SG_CONFIG_DP_TUN
						   : wanted(n);
	struct sg_dp_config cfg;
	int ret = -ENOENT;

	fill_config(n, beside, &cfg);
	n->mtu = cfg.mtu;
	n->dp_why[0] = '\0';
	if (want != SG_CONFIG_DP_TUN)
		ret = open_kernel(n, &cfg, err);
	/* a port that is taken is so for the other, too */
	if (want == SG_CONFIG_DP_TUN ||
	    (want == SG_CONFIG_DP_AUTO && ret && ret != -EADDRINUSE))
		ret = open_tun(n, &cfg, err);
	if (!ret)
		opened(n, !cfg.port && n->dp_port);
	return ret;
}

uint8_t *sg_node_wanted_peers(const struct sg_node *n)
{
	uint8_t *list = calloc(n->max_peers, 1);

	for (uint32_t i = 0; list && i < n->max_peers; i++) {
		const struct sg_peer *p = n->peers[i];

		if (p && signet_session_current(&p->session))
			list[i] = SG_PEER_WAS_UP;
		else if (p && (p->session.wanted || p->session.out))
			list[i] = SG_PEER_WANTED;
	}
	return list;
}

void sg_node_connect_peers(struct sg_node *n, const uint8_t *list)
{
	for (uint32_t i = 0; i < n->max_peers; i++)
		if (list[i] && n->peers[i])
			sg_peer_connect(n->peers[i]);
}

/* What was asked for, to be asked for again where the new one fails. */
struct choice {
	bool asked;
	enum sg_config_datapath want;
};

/* @fallback: NULL, there is none */
static int open_again(struct sg_node *n, const struct choice *fallback,
		      struct sg_error *err)
{
	uint8_t *list = sg_node_wanted_peers(n);
	struct sg_error second;
	int ret;

	if (!list)
		return sg_err(err, ENOMEM, "no memory");
	sg_node_tear_down(n, true, NULL, NULL);
	ret = sg_node_bring_up(n, err);
	if (ret && fallback) {
		sg_log(SG_LOG_ERR, "%s", err->text);
		n->dp_asked = fallback->asked;
		n->dp_want = fallback->want;
		if (sg_node_bring_up(n, &second))
			sg_log(SG_LOG_ERR, "the node is down: %s", second.text);
	}
	if (n->up)
		sg_node_connect_peers(n, list);
	free(list);
	return ret;
}

/* What stands in the way of the kernel's, before anything is given up for it. */
static int check_kernel(const struct sg_node *n, enum sg_config_datapath want,
			struct sg_error *err)
{
	char why[sizeof(n->dp_why)];
	int ret;

	if (!n->up || want != SG_CONFIG_DP_KERNEL ||
	    n->dp_ops == &sg_datapath_kernel)
		return 0;
	ret = sg_kernel_probe(why, sizeof(why));
	return ret ? sg_err(err, -ret, "%s", why) : 0;
}

int sg_node_set_datapath(struct sg_node *n, enum sg_config_datapath want,
			 bool configured, const struct sg_moved *moved,
			 struct sg_error *err)
{
	const struct choice before = { n->dp_asked, n->dp_want };
	bool kernel;
	int ret;

	sg_node_move_end(n);
	kernel = n->dp_ops == &sg_datapath_kernel;
	ret = check_kernel(n, want, err);
	if (ret)
		return ret;
	n->dp_asked = !configured;
	n->dp_want = want;
	if (!n->up || (want == SG_CONFIG_DP_TUN ? !kernel : kernel))
		return 0;
	/* what it comes to is what there is */
	if (want == SG_CONFIG_DP_AUTO && !n->dp_borrowed &&
	    sg_kernel_probe(n->dp_why, sizeof(n->dp_why)))
		return 0;
	ret = sg_node_move(n, !kernel && !n->dp_borrowed, moved, err);
	if (ret == -EINPROGRESS)
		return ret;
	return open_again(n, &before, err);
}

int sg_node_open_again(struct sg_node *n, struct sg_error *err)
{
	return open_again(n, NULL, err);
}

static void again(void *ctx)
{
	const struct sg_event down = { .kind = "down" };
	struct sg_error err = { "" };
	struct sg_node *n = ctx;

	if (!n->up || !open_again(n, NULL, &err))
		return;
	sg_log(SG_LOG_ERR, "the node is down: %s", err.text);
	sg_event(n, &down);
}

void sg_node_datapath_lost(struct sg_node *n, const char *why)
{
	const struct sg_event e = { .kind = "warning",
				    .reason = "data path lost",
				    .detail = why };

	sg_log(SG_LOG_WARNING, "data path %s: %s: opening it again",
	       n->dp_ops->name, why);
	sg_event(n, &e);
	n->dp_timer.fn = again;
	n->dp_timer.ctx = n;
	sg_timer_set(n->loop, &n->dp_timer, sg_now());
}
