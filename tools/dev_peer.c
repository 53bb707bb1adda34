/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev peer: who owns prefixes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "dev.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet dev peer COMMAND DEV [ARGUMENT]...\n"
	"Peers of a device. Inner packets to a peer's prefixes go to it, and "
	"packets from\n"
	"it must come from them.\n\n"
	"  add DEV ID [OPTION]...   one more, with a number of your choice\n"
	"  set DEV ID [OPTION]...   change what is given, keep the rest\n"
	"  del DEV ID               remove it with its channels and keys\n"
	"  show DEV [ID]            all peers, or one\n\n"
	"Example:\n"
	"  signet dev peer add sg0 1 --prefix 10.9.0.2/32\n";

static const char change_help[] =
	"Usage: signet dev peer add DEV ID [OPTION]...\n"
	"       signet dev peer set DEV ID [OPTION]...\n"
	"Prefixes are taken in the order given, all or none.\n\n"
	"      --prefix P            give it a prefix that no peer has\n"
	"      --move P              take a prefix from whichever peer has it\n"
	"      --remove P            take a prefix from it\n"
	"      --replace             first, take all prefixes from it\n"
	"      --channel ID          (set) send on this channel of the peer's\n"
	"      --df set|unset|inherit   Don't Fragment of outer IPv4 packets\n"
	"      --tos N|inherit       DSCP of outer packets, in its place in "
	"the octet\n"
	"      --mark N              mark of outer packets, for routing\n"
	"      --update              (add) change it where it exists\n\n"
	"Example:\n"
	"  signet dev peer set sg0 1 --move 10.9.7.0/24 --tos inherit\n";

static const char del_help[] =
	"Usage: signet dev peer del DEV ID\n"
	"Remove a peer with its channels, labels and keys.\n\n"
	"Example:\n"
	"  signet dev peer del sg0 1\n";

static const char show_help[] = "Usage: signet dev peer show DEV [ID]\n\n"
				"Example:\n"
				"  signet dev peer show sg0 --json\n";

#define PREFIXES_MAX 1024

struct change {
	struct sg_kmod_peer_set set;
	struct sg_kmod_prefix prefix[PREFIXES_MAX];
	bool update;
};

static bool add_prefix(struct sg_tool *t, struct change *ch, int c)
{
	struct sg_kmod_prefix *p = &ch->prefix[ch->set.n_prefixes];

	if (ch->set.n_prefixes == PREFIXES_MAX) {
		sg_usage(t, "more than %d prefixes", PREFIXES_MAX);
		return false;
	}
	ch->set.n_prefixes++;
	p->move = c == 'm';
	p->remove = c == 'r';
	return sg_dev_parse_prefix(t, "the prefix", optarg, &p->prefix);
}

static bool parse_tos(struct sg_tool *t, struct sg_kmod_peer_set *set)
{
	uint32_t n = 1; /* copy the inner one */

	if (strcmp(optarg, "inherit") &&
	    !sg_dev_parse_u32(t, "--tos", optarg, 0, 255, &n))
		return false;
	set->set |= SG_KMOD_PEER_TOS;
	set->tos = (uint8_t)n;
	return true;
}

static bool one_option(struct sg_tool *t, struct change *ch, int c)
{
	struct sg_kmod_peer_set *set = &ch->set;

	switch (c) {
	case 'p':
	case 'm':
	case 'r':
		return add_prefix(t, ch, c);
	case 'R':
		set->set |= SG_KMOD_PEER_REPLACE_PREFIXES;
		return true;
	case 'c':
		set->set |= SG_KMOD_PEER_TX_CHANNEL;
		return sg_dev_parse_u32(t, "--channel", optarg, 0, UINT32_MAX,
					&set->tx_channel);
	case 'd':
		set->set |= SG_KMOD_PEER_DF;
		return sg_dev_parse_word(t, "--df", optarg, sg_dev_df,
					 &set->df);
	case 't':
		return parse_tos(t, set);
	case 'k':
		set->set |= SG_KMOD_PEER_MARK;
		return sg_dev_parse_u32(t, "--mark", optarg, 0, UINT32_MAX,
					&set->mark);
	case 'u':
		ch->update = true;
		return true;
	}
	return false;
}

static bool parse_change(struct sg_tool *t, int argc, char **argv,
			 struct change *ch)
{
	static const struct option options[] = {
		{ "prefix", required_argument, NULL, 'p' },
		{ "move", required_argument, NULL, 'm' },
		{ "remove", required_argument, NULL, 'r' },
		{ "replace", no_argument, NULL, 'R' },
		{ "channel", required_argument, NULL, 'c' },
		{ "df", required_argument, NULL, 'd' },
		{ "tos", required_argument, NULL, 't' },
		{ "mark", required_argument, NULL, 'k' },
		{ "update", no_argument, NULL, 'u' },
		{ 0 }
	};
	int c;

	ch->set.prefix = ch->prefix;
	while ((c = sg_getopt(t, argc, argv, "", options, change_help)) != -1)
		if (!one_option(t, ch, c))
			return false;
	return sg_operands(t, argc, argv, 2, 2) &&
	       sg_dev_parse_u32(t, "the peer's number", argv[optind + 1], 0,
				UINT32_MAX, &ch->set.id);
}

static int change(struct sg_tool *t, int argc, char **argv, bool add)
{
	struct change *ch = calloc(1, sizeof(*ch));
	int code = SG_EXIT_USAGE, r;
	struct sg_dev dev;

	if (!ch)
		return sg_fail(t, SG_EXIT_FAILED, NULL, "out of memory");
	if (!parse_change(t, argc, argv, ch))
		goto cleanup;
	if (add && ch->set.set & SG_KMOD_PEER_TX_CHANNEL) {
		sg_usage(t, "--channel goes with set: a new peer has none");
		goto cleanup;
	}
	if (!add && !ch->set.set && !ch->set.n_prefixes) {
		sg_usage(t, "nothing to set is given");
		goto cleanup;
	}
	code = sg_dev_open(t, argv[optind], false, &dev);
	if (code)
		goto cleanup;
	r = add ? sg_kmod_peer_new(dev.km, dev.ifindex, &ch->set, ch->update)
		: sg_kmod_peer_set(dev.km, dev.ifindex, &ch->set);
	code = sg_dev_fail(&dev, r, "%s peer %u of %s", add ? "add" : "change",
			   ch->set.id, dev.name);
	sg_dev_close(&dev);
cleanup:
	free(ch);
	return code;
}

static int add(struct sg_tool *t, int argc, char **argv)
{
	return change(t, argc, argv, true);
}

static int set_peer(struct sg_tool *t, int argc, char **argv)
{
	return change(t, argc, argv, false);
}

static int del(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_each(t, argc, argv, del_help, "remove peer",
			   sg_kmod_peer_del);
}

static void add_prefixes(struct json_object *o, const struct sg_kmod_peer *p)
{
	struct json_object *list = sg_json_get(o, "prefixes");
	char text[SG_PREFIX_STR_LEN];

	for (size_t i = 0; i < p->n_prefixes; i++)
		json_object_array_add(
			list, json_object_new_string(
				      sg_prefix_format(&p->prefix[i], text)));
}

/* A peer may come in several parts, one after the other. */
static struct json_object *last_part(struct json_object *list, uint32_t id)
{
	size_t n = sg_json_len(list);
	struct json_object *o = n ? json_object_array_get_idx(list, n - 1)
				  : NULL;

	return o && sg_json_int(o, "peer") == id ? o : NULL;
}

static int on_peer(void *ctx, const struct sg_kmod_peer *p)
{
	struct json_object **list = ctx, *o;

	if (!p) {
		sg_dev_list_again(list);
		return 0;
	}
	o = last_part(*list, p->id);
	if (!o) {
		o = json_object_new_object();
		sg_json_add_int(o, "peer", p->id);
		if (p->has_tx_channel)
			sg_json_add_int(o, "channel", p->tx_channel);
		else
			json_object_object_add(o, "channel", NULL);
		json_object_object_add(o, "prefixes", json_object_new_array());
		sg_json_add_str(o, "df", p->df < 3 ? sg_dev_df[p->df] : NULL);
		sg_json_add_int(o, "tos", p->tos);
		sg_json_add_int(o, "mark", p->mark);
		sg_json_add_int(o, "waiting", p->waiting);
		sg_dev_json_counters(o, &p->counters);
		json_object_array_add(*list, o);
	}
	add_prefixes(o, p);
	return 0;
}

struct json_object *sg_dev_peers(struct sg_dev *dev, const uint32_t *id)
{
	struct json_object *list = json_object_new_array();
	int r;

	if (id)
		r = sg_kmod_peer_get(dev->km, dev->ifindex, *id, on_peer,
				     &list);
	else
		r = sg_kmod_peer_dump(dev->km, dev->ifindex, on_peer, &list);
	if (!r)
		return list;
	sg_dev_fail(dev, r, "list the peers of %s", dev->name);
	json_object_put(list);
	return NULL;
}

static void add_row(struct sg_table *tb, struct json_object *o)
{
	char buf[SG_HUMAN_LEN], text[4096];

	sg_table_addf(tb, SG_BOLD, "%lld", (long long)sg_json_int(o, "peer"));
	if (sg_json_has(o, "channel"))
		sg_table_addf(tb, SG_PLAIN, "%lld",
			      (long long)sg_json_int(o, "channel"));
	else
		sg_table_add(tb, SG_WARN, NULL);
	sg_table_add(tb, SG_PLAIN, sg_dev_json_heard(o, buf));
	sg_table_add(tb, SG_PLAIN,
		     sg_human_bytes((uint64_t)sg_json_int(o, "rxBytes"), buf));
	sg_table_add(tb, SG_PLAIN,
		     sg_human_bytes((uint64_t)sg_json_int(o, "txBytes"), buf));
	sg_table_addf(tb, SG_PLAIN, "%lld",
		      (long long)sg_json_int(o, "waiting"));
	sg_table_add(
		tb, SG_PLAIN,
		sg_json_join(sg_json_get(o, "prefixes"), text, sizeof(text)));
}

void sg_dev_peers_print(struct json_object *list)
{
	static const struct sg_column columns[] = {
		{ .title = "PEER", .right = true },
		{ .title = "SENDS ON", .right = true },
		{ .title = "HEARD" },
		{ .title = "RECEIVED", .right = true },
		{ .title = "SENT", .right = true },
		{ .title = "WAITING", .right = true },
		{ .title = "PREFIXES", .wrap = true },
	};

	sg_dev_print(list, columns, sizeof(columns) / sizeof(*columns),
		     add_row);
}

static int show(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_show(t, argc, argv, show_help, "the peer's number",
			   sg_dev_peers, sg_dev_peers_print);
}

int sg_dev_peer_command(struct sg_tool *t, int argc, char **argv)
{
	static const struct sg_command commands[] = { { "add", add, "" },
						      { "set", set_peer, "" },
						      { "del", del, "" },
						      { "show", show, "" },
						      { 0 } };

	return sg_subcommand(t, argc, argv, commands, "dev peer command", help,
			     "add, set, del or show?");
}
