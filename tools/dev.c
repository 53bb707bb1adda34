/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev: which commands there are, and what all of them need. */
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"

static const char help[] =
	"Usage: signet dev COMMAND [ARGUMENT]...\n"
	"Devices of the kernel module, with keys that you give: no agent takes "
	"part. For\n"
	"tests and for those who debug; a node's own device is the agent's "
	"affair.\n\n"
	"  add       make a device\n"
	"  del       remove it with all that it has\n"
	"  set       change its settings and limits\n"
	"  show      all devices, or all that one has\n"
	"  listen    hold a device's UDP sockets\n"
	"  peer      who owns prefixes: add set del show\n"
	"  channel   where frames go: add set del show select keepalive\n"
	"  label     what frames are received on: add del show\n"
	"  key       one direction of a channel: add swap del show\n"
	"  monitor   events as they happen\n"
	"  reload    have the agent change to the module as it is on disk "
	"now\n\n"
	"Example:\n"
	"  signet dev add sg0 --listen 51820\n"
	"  signet dev show sg0\n";

static const struct sg_command commands[] = {
	{ "add", sg_dev_add_command, "" },
	{ "del", sg_dev_del_command, "" },
	{ "set", sg_dev_set_command, "" },
	{ "show", sg_dev_show_command, "" },
	{ "listen", sg_dev_listen_command, "" },
	{ "peer", sg_dev_peer_command, "" },
	{ "channel", sg_dev_channel_command, "" },
	{ "label", sg_dev_label_command, "" },
	{ "key", sg_dev_key_command, "" },
	{ "monitor", sg_dev_monitor_command, "" },
	{ "reload", sg_dev_reload_command, "" },
	{ 0 }
};

int sg_cmd_dev(struct sg_tool *t, int argc, char **argv)
{
	return sg_subcommand(t, argc, argv, commands, "dev command", help,
			     "which command?");
}

static int no_module(const struct sg_tool *t, int r)
{
	if (r == -ENOENT)
		return sg_fail(t, SG_EXIT_FAILED,
			       "`modprobe signet` loads it, as root; where "
			       "there is none, build it for this kernel: see "
			       "kmod/README.md",
			       "the kernel module signet is not loaded");
	if (r == -EPERM)
		return sg_fail(t, SG_EXIT_DENIED, "run it as root",
			       "you may not talk to the kernel module");
	return sg_fail(t, SG_EXIT_FAILED, NULL,
		       "cannot talk to the kernel module: %s", strerror(-r));
}

static int find(struct sg_dev *dev, const char *name)
{
	struct sg_kmod_link link;
	int r;

	snprintf(dev->name, sizeof(dev->name), "%s", name);
	dev->ifindex = if_nametoindex(name);
	if (!dev->ifindex)
		return sg_fail(dev->t, SG_EXIT_FAILED,
			       "`signet dev show` lists the devices",
			       "there is no device \"%s\"", name);
	r = sg_kmod_link_get(dev->km, dev->ifindex, &link);
	if (r == -EINVAL)
		return sg_fail(dev->t, SG_EXIT_FAILED,
			       "`signet dev show` lists the devices",
			       "%s is a device of another kind", name);
	return sg_dev_fail(dev, r, "look at %s", name);
}

int sg_dev_open(struct sg_tool *t, const char *name, bool load,
		struct sg_dev *dev)
{
	int r;

	memset(dev, 0, sizeof(*dev));
	dev->t = t;
	r = sg_kmod_open(&dev->km, load);
	if (r)
		return no_module(t, r);
	r = name ? find(dev, name) : SG_EXIT_OK;
	if (r)
		sg_dev_close(dev);
	return r;
}

void sg_dev_close(struct sg_dev *dev)
{
	sg_kmod_close(dev->km);
	dev->km = NULL;
}

int sg_dev_fail(const struct sg_dev *dev, int r, const char *fmt, ...)
{
	const char *words = sg_kmod_error(dev->km), *remedy = NULL;
	bool denied = r == -EPERM || r == -EACCES;
	char what[160];
	va_list ap;

	if (!r)
		return SG_EXIT_OK;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (denied)
		remedy = "it needs CAP_NET_ADMIN: run it as root";
	return sg_fail(dev->t, denied ? SG_EXIT_DENIED : SG_EXIT_FAILED, remedy,
		       "cannot %s: %s", what, *words ? words : strerror(-r));
}

int sg_dev_each(struct sg_tool *t, int argc, char **argv, const char *help_text,
		const char *verb,
		int (*call)(struct sg_kmod *km, uint32_t ifindex, uint32_t id))
{
	struct sg_dev dev;
	uint32_t id;
	int r;

	if (sg_getopt(t, argc, argv, "", NULL, help_text) != -1 ||
	    !sg_operands(t, argc, argv, 2, 2) ||
	    !sg_dev_parse_u32(t, "the number", argv[optind + 1], 0, UINT32_MAX,
			      &id))
		return SG_EXIT_USAGE;
	r = sg_dev_open(t, argv[optind], false, &dev);
	if (r)
		return r;
	r = sg_dev_fail(&dev, call(dev.km, dev.ifindex, id), "%s %u of %s",
			verb, id, dev.name);
	sg_dev_close(&dev);
	return r;
}
