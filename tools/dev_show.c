/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev show: all devices, or all that one has. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "dev.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet dev show [NAME]\n"
	"All signet devices; with NAME, all that one has: peers, channels, "
	"labels, keys\n"
	"(never their secrets), and what it dropped.\n\n"
	"Example:\n"
	"  signet dev show sg0 --json | jq '.keys[] | select(.active)'\n";

static struct json_object *limits(const struct sg_kmod_limits *l)
{
	struct json_object *o = json_object_new_object();

	sg_json_add_int(o, "peers", l->peers);
	sg_json_add_int(o, "channels", l->channels);
	sg_json_add_int(o, "prefixes", l->prefixes);
	sg_json_add_int(o, "queueBytes", l->queue_bytes);
	return o;
}

static struct json_object *counts(const struct sg_kmod_dev *d)
{
	struct json_object *o = json_object_new_object();

	sg_json_add_int(o, "peers", d->peers);
	sg_json_add_int(o, "channels", d->channels);
	sg_json_add_int(o, "keys", d->keys);
	return o;
}

static void add_port(struct json_object *o, const char *key, uint16_t port)
{
	if (port)
		sg_json_add_int(o, key, port);
	else
		json_object_object_add(o, key, NULL);
}

/* An agent's overlay address, where it was one. */
static void add_owner(struct json_object *o, const uint8_t *owner)
{
	union sg_addr a = { .v6.sin6_family = AF_INET6 };
	char text[SG_ADDR_STR_LEN];

	memcpy(&a.v6.sin6_addr, owner, sizeof(a.v6.sin6_addr));
	if (sodium_is_zero(owner, SIGNET_OWNER_LEN))
		json_object_object_add(o, "owner", NULL);
	else
		sg_json_add_str(o, "owner", sg_addr_format_host(&a, text));
}

static struct json_object *device(const struct sg_kmod_dev *d)
{
	struct json_object *o = json_object_new_object();

	sg_json_add_str(o, "name", d->ifname);
	sg_json_add_int(o, "ifindex", d->ifindex);
	add_port(o, "port4", d->port4);
	add_port(o, "port6", d->port6);
	add_owner(o, d->owner);
	sg_json_add_int(o, "generation", d->generation);
	json_object_object_add(o, "counts", counts(d));
	json_object_object_add(o, "limits", limits(&d->limits));
	return o;
}

static int on_dev(void *ctx, const struct sg_kmod_dev *d)
{
	struct json_object **list = ctx;

	if (d) {
		json_object_array_add(*list, device(d));
	} else {
		sg_dev_list_again(list);
	}
	return 0;
}

/* What rtnetlink knows. A device that went away meanwhile has no more. */
static void add_link(struct sg_kmod *km, struct json_object *o)
{
	struct sg_kmod_link link;

	if (sg_kmod_link_get(km, (uint32_t)sg_json_int(o, "ifindex"), &link))
		return;
	sg_json_add_int(o, "mtu", link.mtu);
	sg_json_add_bool(o, "up", link.up);
	sg_json_add_bool(o, "carrier", link.carrier);
	sg_json_add_bool(o, "metadata", link.metadata);
	sg_json_add_int(o, "mark", link.mark);
	sg_json_add_int(o, "markMask", link.mark_mask);
}

struct json_object *sg_dev_devices(struct sg_dev *dev)
{
	struct json_object *list = NULL;
	int r = sg_kmod_dev_dump(dev->km, on_dev, &list);

	if (r) {
		sg_dev_fail(dev, r, "list the devices");
		json_object_put(list);
		return NULL;
	}
	for (size_t i = 0; i < sg_json_len(list); i++)
		add_link(dev->km, json_object_array_get_idx(list, i));
	return list;
}

static void print_devices(struct json_object *list)
{
	static const struct sg_column columns[] = {
		{ .title = "DEVICE" },
		{ .title = "STATE" },
		{ .title = "MTU", .right = true },
		{ .title = "IPV4 PORT", .right = true },
		{ .title = "IPV6 PORT", .right = true },
		{ .title = "PEERS", .right = true },
		{ .title = "CHANNELS", .right = true },
		{ .title = "KEYS", .right = true },
	};
	struct sg_table tb;

	if (!sg_json_len(list)) {
		puts("No devices. `signet dev add` makes one.");
		return;
	}
	sg_table_init(&tb, columns, 8);
	for (size_t i = 0; i < sg_json_len(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct json_object *n = sg_json_get(o, "counts");
		const long long numbers[] = {
			sg_json_int(o, "mtu"),	    sg_json_int(o, "port4"),
			sg_json_int(o, "port6"),    sg_json_int(n, "peers"),
			sg_json_int(n, "channels"), sg_json_int(n, "keys"),
		};
		bool up = sg_json_bool(o, "up");

		sg_table_add(&tb, SG_BOLD, sg_json_str(o, "name"));
		sg_table_add(&tb, up ? SG_GOOD : SG_WARN, up ? "up" : "down");
		for (int k = 0; k < 6; k++) {
			if ((k == 1 || k == 2) && !numbers[k])
				sg_table_add(&tb, SG_WARN, NULL);
			else
				sg_table_addf(&tb, SG_PLAIN, "%lld",
					      numbers[k]);
		}
	}
	sg_table_print(&tb, stdout);
}

static const struct {
	const char *key;
	struct json_object *(*list)(struct sg_dev *, const uint32_t *);
	void (*print)(struct json_object *);
} parts[] = {
	{ "peers", sg_dev_peers, sg_dev_peers_print },
	{ "channels", sg_dev_channels, sg_dev_channels_print },
	{ "labels", sg_dev_labels, sg_dev_labels_print },
	{ "keys", sg_dev_keys, sg_dev_keys_print },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static struct json_object *whole(struct sg_dev *dev)
{
	struct json_object *o, *list;
	struct sg_kmod_dev d;
	int r = sg_kmod_dev_get(dev->km, dev->ifindex, &d);

	if (sg_dev_fail(dev, r, "look at %s", dev->name))
		return NULL;
	o = device(&d);
	add_link(dev->km, o);
	for (size_t i = 0; i <= PARTS; i++) {
		list = i < PARTS ? parts[i].list(dev, NULL) : sg_dev_drops(dev);
		if (!list) {
			json_object_put(o);
			return NULL;
		}
		json_object_object_add(o, i < PARTS ? parts[i].key : "drops",
				       list);
	}
	return o;
}

static void print_port(const char *family, struct json_object *o,
		       const char *key)
{
	if (sg_json_has(o, key))
		printf(", %s port %lld", family,
		       (long long)sg_json_int(o, key));
}

static void print_whole(struct json_object *o)
{
	struct json_object *l = sg_json_get(o, "limits"), *list;

	printf("%s%s%s, %s, mtu %lld", sg_style(stdout, SG_BOLD),
	       sg_json_str(o, "name"), sg_style(stdout, SG_PLAIN),
	       sg_json_bool(o, "up") ? "up" : "down",
	       (long long)sg_json_int(o, "mtu"));
	print_port("IPv4", o, "port4");
	print_port("IPv6", o, "port6");
	if (!sg_json_has(o, "port4") && !sg_json_has(o, "port6"))
		printf(", no socket: `signet dev listen %s PORT` gives it one",
		       sg_json_str(o, "name"));
	printf("\nmetadata %s, mark %#llx/%#llx\n",
	       sg_json_bool(o, "metadata") ? "on" : "off",
	       (unsigned long long)sg_json_int(o, "mark"),
	       (unsigned long long)sg_json_int(o, "markMask"));
	printf("limits: %lld peers, %lld channels, %lld prefixes, %lld bytes "
	       "in a queue\n",
	       (long long)sg_json_int(l, "peers"),
	       (long long)sg_json_int(l, "channels"),
	       (long long)sg_json_int(l, "prefixes"),
	       (long long)sg_json_int(l, "queueBytes"));
	for (size_t i = 0; i <= PARTS; i++) {
		list = sg_json_get(o, i < PARTS ? parts[i].key : "drops");
		if (!sg_json_len(list))
			continue;
		putchar('\n');
		(i < PARTS ? parts[i].print : sg_dev_drops_print)(list);
	}
}

int sg_dev_show_command(struct sg_tool *t, int argc, char **argv)
{
	struct json_object *o;
	struct sg_dev dev;
	const char *name;
	int r;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 0, 1))
		return SG_EXIT_USAGE;
	name = argv[optind];
	r = sg_dev_open(t, name, false, &dev);
	if (r)
		return r;
	o = name ? whole(&dev) : sg_dev_devices(&dev);
	if (!o)
		r = SG_EXIT_FAILED;
	else if (t->json)
		sg_json_print(stdout, o);
	else
		(name ? print_whole : print_devices)(o);
	json_object_put(o);
	sg_dev_close(&dev);
	return r;
}
