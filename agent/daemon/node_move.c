// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From one data path to another without losing packets: the new one is opened
 * beside the old one, with a device and a port of its own, and makes channels.
 * The old one, which the agent does not touch any more, goes on opening and
 * sealing under the keys that it has. Once the peers have channels, routes and
 * the device's name move over in one step; what is still under way to the old
 * one is given a moment. Keys are never in both.
 *
 * The new one has a port of its own meanwhile. To have the node's own in the end,
 * a move from that port to the kernel's goes by TUN on a borrowed one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/expose.h"
#include "daemon/gate.h"
#include "daemon/incoming.h"
#include "daemon/node_policy.h"
#include "daemon/node_up.h"
#include "daemon/pair.h"
#include "daemon/peer.h"

#define LOOK_NS	  (SIGNET_SECOND / 50)
/* A peer that is there answers the fourth init at the latest. */
#define WAIT_NS	  (8 * SIGNET_SECOND)
#define DRAIN_NS  (1 * SIGNET_SECOND)
/* A borrowed port that nobody else knows of is given back after this. */
#define BORROW_NS (60 * SIGNET_SECOND)

struct sg_move {
	struct sg_node *node;
	const struct sg_datapath_ops *ops; /* the old one's */
	struct sg_datapath *dp;
	struct sg_netif *netif;
	uint8_t *peers; /* see sg_node_wanted_peers() */
	bool switched;
	bool aside; /* and on from there, to what is wanted */
	uint64_t until;
	struct sg_timer timer;
	struct sg_moved moved;
};

/* "sg0" becomes "sg0-new": device names have 15 characters at most. */
static void side_name(const struct sg_node *n, const char *what, char name[16])
{
	snprintf(name, 16, "%.11s-%.3s", n->config->ifname, what);
}

/* The new one is in @n, or, after an error, the old one still is. */
static int open_beside(struct sg_node *n, struct sg_move *m,
		       struct sg_error *err)
{
	bool borrowed = n->dp_borrowed;
	char name[16];
	int ret;

	/* the old one may have kept such a name */
	side_name(n, "new", name);
	if (!strcmp(sg_netif_name(m->netif), name))
		snprintf(name, sizeof(name), "%s", n->config->ifname);
	n->dp = NULL;
	n->netif = NULL;
	ret = sg_node_open_datapath(n, name, err);
	if (!ret)
		ret = sg_node_netif(n, true, err);
	if (!ret)
		return 0;
	if (n->dp)
		n->dp_ops->close(n->dp);
	n->dp_ops = m->ops;
	n->dp = m->dp;
	n->netif = m->netif;
	n->dp_borrowed = borrowed;
	return ret;
}

/* Sessions leave the old one, which goes on without them, for the new one. */
static int change_over(struct sg_node *n, struct sg_move *m,
		       struct sg_error *err)
{
	const struct sg_datapath_ops *ops = n->dp_ops;
	struct sg_datapath *dp = n->dp;
	int ret;

	m->ops->retire(m->dp);
	n->dp_ops = m->ops;
	n->dp = m->dp;
	sg_pair_stop(n, "pair again", "the data path changes");
	sg_first_contact_destroy(n);
	for (uint32_t i = 0; i < n->max_peers; i++) {
		if (!n->peers[i])
			continue;
		signet_session_destroy(&n->peers[i]->session);
		sg_peer_detach(n->peers[i], SIGNET_CLOSE_SHUTDOWN);
	}
	n->dp_ops = ops;
	n->dp = dp;
	ret = sg_node_attach_peers(n, err);
	if (!ret)
		ret = sg_node_policy(n, err);
	if (!ret && n->dp_ops->attached)
		n->dp_ops->attached(n->dp);
	return ret;
}

static uint16_t port_of(const struct sg_datapath_ops *ops,
			struct sg_datapath *dp)
{
	struct sg_dp_status st;

	ops->status(dp, &st);
	return st.port;
}

static void close_old(struct sg_move *m)
{
	if (!m->dp)
		return;
	sg_netif_down(m->netif, NULL, NULL);
	m->ops->close(m->dp);
	m->netif = NULL;
	m->dp = NULL;
}

/* Nobody went on from here: the node's own port again. */
static void settle(void *ctx)
{
	struct sg_node *n = ctx;
	struct sg_error err = { "" };

	if (!n->up || !n->dp_borrowed || n->move)
		return;
	if (sg_node_move(n, false, NULL, &err) != -EINPROGRESS)
		sg_timer_set(n->loop, &n->dp_timer, sg_now() + BORROW_NS);
}

static void finish(struct sg_move *m, int ret, const struct sg_error *err)
{
	bool onward = m->aside && !ret;
	struct sg_moved moved = m->moved;
	struct sg_node *n = m->node;
	struct sg_error further = *err;

	n->move = NULL;
	sg_timer_cancel(n->loop, &m->timer);
	close_old(m);
	if (n->dp)
		sg_gates_port(n, port_of(n->dp_ops, n->dp), 0);
	free(m->peers);
	free(m);
	if (onward) {
		ret = sg_node_move(n, false, &moved, &further);
		if (ret == -EINPROGRESS)
			return;
	}
	if (n->dp_borrowed) {
		n->dp_timer.fn = settle;
		n->dp_timer.ctx = n;
		sg_timer_set(n->loop, &n->dp_timer, sg_now() + BORROW_NS);
	}
	if (moved.fn)
		moved.fn(moved.ctx, ret, &further);
}

/* Not beside: the old one goes first. */
static void give_up(struct sg_move *m, const struct sg_error *why)
{
	const struct sg_event down = { .kind = "down" };
	struct sg_error err = { "" };
	struct sg_node *n = m->node;
	int ret;

	n->move = NULL;
	m->aside = false;
	sg_log(SG_LOG_WARNING, "data path: %s: closing the old one first",
	       why->text);
	/* its routes and name are still the old device's */
	sg_netif_down(n->netif, NULL, NULL);
	n->netif = NULL;
	close_old(m);
	ret = sg_node_open_again(n, &err);
	if (ret) {
		sg_log(SG_LOG_ERR, "the node is down: %s", err.text);
		sg_event(n, &down);
	} else {
		sg_node_connect_peers(n, m->peers);
	}
	finish(m, ret, &err);
}

/* A frame of the peer's on its new channel: it has left the old one. */
static bool has_moved(const struct sg_peer *p)
{
	const struct signet_channel *c = signet_session_current(&p->session);

	return c && c->verified && c->confirmed != UINT64_MAX;
}

/* Return: whether all that had a channel use another now; @some: any. */
static bool peers_moved(const struct sg_node *n, const struct sg_move *m,
			bool *some)
{
	bool all = true, any = false, had = false;

	for (uint32_t i = 0; i < n->max_peers; i++) {
		const struct sg_peer *p = n->peers[i];
		bool yes;

		if (m->peers[i] != SG_PEER_WAS_UP || !p)
			continue;
		yes = has_moved(p);
		had = true;
		any |= yes;
		all &= yes;
	}
	*some = any || !had;
	return all;
}

/* Its rules name the device. */
static int expose_again(struct sg_node *n, const char *before,
			struct sg_error *err)
{
	if (n->exposed && strcmp(before, sg_netif_name(n->netif)))
		sg_expose_remove(before, err);
	return sg_node_expose(n, err);
}

static int switch_over(struct sg_node *n, struct sg_move *m,
		       struct sg_error *err)
{
	char spare[16], before[16];
	int ret;

	side_name(n, "old", spare);
	snprintf(before, sizeof(before), "%s", sg_netif_name(m->netif));
	ret = sg_netif_move(n->netif, m->netif, n->config->ifname, spare, err);
	if (ret)
		return ret;
	m->ops->renamed(m->dp, sg_netif_name(m->netif));
	n->dp_ops->renamed(n->dp, sg_netif_name(n->netif));
	m->switched = true;
	return expose_again(n, before, err);
}

static void look(void *ctx)
{
	struct sg_move *m = ctx;
	struct sg_node *n = m->node;
	struct sg_error err = { "" };
	uint64_t now = sg_now();
	bool some;

	if (m->switched) {
		finish(m, 0, &err);
		return;
	}
	if (!peers_moved(n, m, &some) && now < m->until) {
		sg_timer_set(n->loop, &m->timer, now + LOOK_NS);
		return;
	}
	if (!some) {
		sg_err(&err, ETIMEDOUT, "no peer answered on a second port");
		give_up(m, &err);
		return;
	}
	if (switch_over(n, m, &err)) {
		give_up(m, &err);
		return;
	}
	sg_timer_set(n->loop, &m->timer, now + DRAIN_NS);
}

int sg_node_move(struct sg_node *n, bool aside, const struct sg_moved *moved,
		 struct sg_error *err)
{
	struct sg_move *m = calloc(1, sizeof(*m));
	int ret = -ENOMEM;

	if (!m)
		return sg_err(err, ENOMEM, "no memory");
	m->node = n;
	m->ops = n->dp_ops;
	m->dp = n->dp;
	m->netif = n->netif;
	m->aside = aside;
	m->peers = sg_node_wanted_peers(n);
	n->dp_aside = aside;
	if (m->peers)
		ret = open_beside(n, m, err);
	n->dp_aside = false;
	if (ret) {
		sg_log(SG_LOG_WARNING, "data path: %s", err->text);
		free(m->peers);
		free(m);
		return ret;
	}
	sg_timer_cancel(n->loop, &n->dp_timer);
	if (moved)
		m->moved = *moved;
	m->until = sg_now() + WAIT_NS;
	m->timer.fn = look;
	m->timer.ctx = m;
	n->move = m;
	sg_gates_port(n, port_of(n->dp_ops, n->dp), port_of(m->ops, m->dp));
	if (change_over(n, m, err)) {
		m->until = 0; /* it will not get better */
		sg_log(SG_LOG_ERR, "%s", err->text);
	}
	sg_node_connect_peers(n, m->peers);
	sg_timer_set(n->loop, &m->timer, sg_now());
	return -EINPROGRESS;
}

void sg_node_move_end(struct sg_node *n)
{
	struct sg_move *m = n->move;
	struct sg_error err = { "" };

	if (!m)
		return;
	m->aside = false;
	if (!m->switched && switch_over(n, m, &err))
		sg_log(SG_LOG_ERR, "%s", err.text);
	finish(m, 0, &err);
}
