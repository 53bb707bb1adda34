/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev add, del, set: the device itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dev.h"

static const char add_help[] =
	"Usage: signet dev add NAME [OPTION]...\n"
	"Make a device, as `ip link add NAME type signet` does; it is down and "
	"has no\n"
	"address. The kernel loads the module if need be.\n\n"
	"      --mtu N             of inner packets\n"
	"      --metadata on|off   received packets carry the peer's number, "
	"for BPF\n"
	"                          programs and routes with encapsulation\n"
	"      --mark V[/M]        set these bits of received packets' marks\n"
	"      --listen PORT       leave a process behind that holds its "
	"sockets; see\n"
	"                          `signet dev listen`\n"
	"      --up                set it up\n\n"
	"Example:\n"
	"  signet dev add sg0 --mtu 1380 --listen 51820 --up\n";

static const char set_help[] =
	"Usage: signet dev set NAME OPTION...\n"
	"Change what is given, keep the rest.\n\n"
	"      --mtu N, --metadata on|off, --mark V[/M]   as with add\n"
	"      --max-peers N, --max-channels N, --max-prefixes N   limits\n"
	"      --queue-bytes N   received frames that wait, for each "
	"processor\n"
	"      --detach          let go of its sockets\n"
	"      --up, --down\n\n"
	"Example:\n"
	"  signet dev set sg0 --max-peers 1000 --mtu 1280\n";

static const char del_help[] =
	"Usage: signet dev del NAME\n"
	"Remove a device with its peers, channels, labels and keys.\n\n"
	"Example:\n"
	"  signet dev del sg0\n";

/* What the options of add and set ask for. */
struct wish {
	struct sg_kmod_link link;
	struct sg_kmod_dev_set dev;
	int up; /* -1: not said */
	bool listen;
	uint32_t port;
};

#define COMMON_OPTIONS                                        \
	{ "mtu", required_argument, NULL, 'm' },              \
		{ "metadata", required_argument, NULL, 't' }, \
		{ "mark", required_argument, NULL, 'k' },     \
		{ "up", no_argument, NULL, 'u' }

static bool limit(struct sg_tool *t, struct wish *w, int c)
{
	struct sg_kmod_limits *l = &w->dev.limits;
	uint32_t *to = c == SG_KMOD_DEV_PEERS	   ? &l->peers
		       : c == SG_KMOD_DEV_CHANNELS ? &l->channels
		       : c == SG_KMOD_DEV_PREFIXES ? &l->prefixes
						   : &l->queue_bytes;

	w->dev.set |= (uint32_t)c;
	return sg_dev_parse_u32(t, "the limit", optarg, 0, UINT32_MAX, to);
}

static bool one_option(struct sg_tool *t, struct wish *w, int c)
{
	switch (c) {
	case 'm':
		w->link.set |= SG_KMOD_LINK_MTU;
		return sg_dev_parse_u32(t, "--mtu", optarg, 68, 65535,
					&w->link.mtu);
	case 't':
		w->link.set |= SG_KMOD_LINK_METADATA;
		return sg_dev_parse_switch(t, "--metadata", optarg,
					   &w->link.metadata);
	case 'k':
		w->link.set |= SG_KMOD_LINK_MARK;
		return sg_dev_parse_mark(t, "--mark", optarg, &w->link.mark,
					 &w->link.mark_mask);
	case 'u':
	case 'd':
		w->up = c == 'u';
		return true;
	case 'l':
		w->listen = true;
		return sg_dev_parse_u32(t, "--listen", optarg, 0, 65535,
					&w->port);
	case 'x':
		w->dev.set |= SG_KMOD_DEV_SOCK4 | SG_KMOD_DEV_SOCK6;
		w->dev.sock4 = w->dev.sock6 = -1;
		return true;
	case '?':
		return false;
	}
	return limit(t, w, c);
}

static int apply(struct sg_dev *dev, struct wish *w)
{
	int r = 0;

	if (w->dev.set)
		r = sg_kmod_dev_set(dev->km, dev->ifindex, &w->dev);
	if (!r && w->up >= 0)
		r = sg_kmod_link_up(dev->km, dev->ifindex, w->up);
	return r;
}

int sg_dev_add_command(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS,
						 { "listen", required_argument,
						   NULL, 'l' },
						 { 0 } };
	struct wish w = { .up = -1 };
	struct sg_dev dev;
	int c, r;

	while ((c = sg_getopt(t, argc, argv, "", options, add_help)) != -1)
		if (!one_option(t, &w, c))
			return SG_EXIT_USAGE;
	if (!sg_operands(t, argc, argv, 1, 1))
		return SG_EXIT_USAGE;
	if (!*argv[optind] || strlen(argv[optind]) >= sizeof(dev.name))
		return sg_usage(t,
				"\"%s\" is not a device's name: 1 to 15 "
				"characters",
				argv[optind]);
	r = sg_dev_open(t, NULL, true, &dev);
	if (r)
		return r;
	snprintf(dev.name, sizeof(dev.name), "%s", argv[optind]);
	r = sg_kmod_link_add(dev.km, dev.name, &w.link, &dev.ifindex);
	r = sg_dev_fail(&dev, r, "add %s", dev.name);
	if (r)
		goto cleanup;
	r = sg_dev_fail(&dev, apply(&dev, &w), "set %s up", dev.name);
	if (!r && w.listen)
		r = sg_dev_listen(&dev, (uint16_t)w.port, true);
	if (r)
		sg_kmod_link_del(dev.km, dev.ifindex);
cleanup:
	sg_dev_close(&dev);
	return r;
}

int sg_dev_set_command(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "down", no_argument, NULL, 'd' },
		{ "detach", no_argument, NULL, 'x' },
		{ "max-peers", required_argument, NULL, SG_KMOD_DEV_PEERS },
		{ "max-channels", required_argument, NULL,
		  SG_KMOD_DEV_CHANNELS },
		{ "max-prefixes", required_argument, NULL,
		  SG_KMOD_DEV_PREFIXES },
		{ "queue-bytes", required_argument, NULL,
		  SG_KMOD_DEV_QUEUE_BYTES },
		{ 0 }
	};
	struct wish w = { .up = -1 };
	struct sg_dev dev;
	int c, r;

	while ((c = sg_getopt(t, argc, argv, "", options, set_help)) != -1)
		if (!one_option(t, &w, c))
			return SG_EXIT_USAGE;
	if (!sg_operands(t, argc, argv, 1, 1))
		return SG_EXIT_USAGE;
	if (!w.link.set && !w.dev.set && w.up < 0)
		return sg_usage(t, "nothing to set is given");
	r = sg_dev_open(t, argv[optind], false, &dev);
	if (r)
		return r;
	if (w.link.set)
		r = sg_kmod_link_set(dev.km, dev.ifindex, &w.link);
	if (!r)
		r = apply(&dev, &w);
	r = sg_dev_fail(&dev, r, "change %s", dev.name);
	sg_dev_close(&dev);
	return r;
}

int sg_dev_del_command(struct sg_tool *t, int argc, char **argv)
{
	struct sg_dev dev;
	int r;

	if (sg_getopt(t, argc, argv, "", NULL, del_help) != -1 ||
	    !sg_operands(t, argc, argv, 1, 1))
		return SG_EXIT_USAGE;
	r = sg_dev_open(t, argv[optind], false, &dev);
	if (r)
		return r;
	r = sg_dev_fail(&dev, sg_kmod_link_del(dev.km, dev.ifindex),
			"remove %s", dev.name);
	sg_dev_close(&dev);
	return r;
}
