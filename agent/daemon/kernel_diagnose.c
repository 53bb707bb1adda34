// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `signet why`: what the kernel has of what it needs. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "daemon/event.h"
#include "daemon/kernel.h"

struct look {
	struct sg_datapath *dp;
	sg_dp_stage_fn fn;
	void *ctx;
};

__attribute__((format(printf, 4, 5))) static bool stage(const struct look *l,
							const char *name,
							const char *remedy,
							const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->fn(l->ctx, name, !remedy, remedy, text);
	return !remedy;
}

static bool see_module(const struct look *l)
{
	struct sg_kmod_module m;
	char why[160];
	int err = sg_kmod_module_get(l->dp->km, &m);

	if (err)
		return stage(l, "module", "`modprobe signet`",
			     "signet.ko does not answer: %s", strerror(-err));
	if (!sg_kernel_usable(&m, why, sizeof(why)))
		return stage(l, "module", "`signet dev reload`", "%s", why);
	return stage(l, "module", NULL,
		     "signet.ko %s, abi %u, frames of version %u", m.version,
		     m.abi, m.wire_version);
}

static bool see_device(const struct look *l)
{
	struct sg_datapath *dp = l->dp;
	struct sg_kmod_link link;
	char remedy[64];
	int err = sg_kmod_link_get(dp->km, dp->ifindex, &link);

	snprintf(remedy, sizeof(remedy), "`ip link set %s up`", dp->ifname);
	if (err)
		return stage(l, "device", "`signet down`, then `signet up`",
			     "%s: %s", dp->ifname, strerror(-err));
	if (!link.up)
		return stage(l, "device", remedy, "%s is down", dp->ifname);
	return stage(l, "device", NULL, "%s is up, MTU %u", dp->ifname,
		     link.mtu);
}

static bool see_sockets(const struct look *l)
{
	struct sg_datapath *dp = l->dp;
	struct sg_kmod_dev dev;
	int err = sg_kmod_dev_get(dp->km, dp->ifindex, &dev);

	if (err)
		return stage(l, "socket", "`signet down`, then `signet up`",
			     "%s: %s", dp->ifname, strerror(-err));
	if ((dp->sock4 >= 0 && dev.port4 != dp->port) ||
	    (dp->sock6 >= 0 && dev.port6 != dp->port))
		return stage(l, "socket", "`signet down`, then `signet up`",
			     "the kernel does not have the socket of port %u",
			     dp->port);
	return stage(l, "socket", NULL,
		     "the kernel takes packets from port %u; while no agent "
		     "runs, %s",
		     dp->port,
		     kernel_sockets_kept(dp)
			     ? "the service manager keeps it: they pass for up "
			       "to 180 s"
			     : "nobody keeps it: nothing passes");
}

static int count_keys(void *ctx, const struct sg_kmod_key *o)
{
	struct {
		uint32_t channel, rx, tx;
	} *n = ctx;

	if (!o)
		n->rx = n->tx = 0;
	else if (o->channel == n->channel && o->tx)
		n->tx += o->active;
	else if (o->channel == n->channel)
		n->rx++;
	return 0;
}

static bool see_channel(const struct look *l, uint32_t id)
{
	struct {
		uint32_t channel, rx, tx;
	} n = { .channel = id };
	struct sg_kmod_channel c;
	int err = sg_kmod_channel_get(l->dp->km, l->dp->ifindex, id, &c);

	if (!err)
		err = sg_kmod_key_dump(l->dp->km, l->dp->ifindex, count_keys,
				       &n);
	if (err)
		return stage(l, "kernel channel",
			     "`signet down`, then `signet up`",
			     "the kernel does not have channel %u: %s", id,
			     strerror(-err));
	if (!n.rx || !n.tx)
		return stage(l, "kernel channel", "wait for the next handshake",
			     "no key to %s with", n.rx ? "seal" : "open");
	return stage(l, "kernel channel", NULL,
		     "%llu packets out, %llu in, %llu did not open",
		     (unsigned long long)c.counters.tx_packets,
		     (unsigned long long)c.counters.rx_packets,
		     (unsigned long long)c.counters.aead_failures);
}

/* Only where there is something to say; a drop alone breaks nothing. */
static void see_drops(const struct look *l, uint32_t channel)
{
	struct kernel_channel *c = kernel_channel_get(l->dp, channel);
	struct sg_kmod_stats st;
	char text[256] = "";
	size_t len = 0;

	if (!c || sg_kmod_stats_get(l->dp->km, l->dp->ifindex,
				    &l->dp->peers[c->peer].id, &st))
		return;
	for (int i = 1; i < SIGNET_DROP_COUNT && len < sizeof(text); i++)
		if (st.drops[i])
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "%s%s %llu",
				len ? ", " : "", sg_drop_name(i),
				(unsigned long long)st.drops[i]);
	if (len)
		stage(l, "kernel drops", NULL, "for this peer: %s", text);
}

bool kernel_diagnose(struct sg_datapath *dp, const uint32_t *channel,
		     sg_dp_stage_fn fn, void *ctx)
{
	const struct look l = { dp, fn, ctx };

	if (!channel)
		return see_module(&l) && see_device(&l) && see_sockets(&l);
	if (!see_channel(&l, *channel))
		return false;
	see_drops(&l, *channel);
	return true;
}
