/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev channel: the way to a peer, to which keys belong. */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "dev.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet dev channel COMMAND DEV [ARGUMENT]...\n"
	"Channels of a device. Each belongs to one peer; packets to the peer "
	"leave on the\n"
	"channel that is selected, and all of them receive.\n\n"
	"  add DEV ID --peer ID [OPTION]...   one more, numbered as you like\n"
	"  set DEV ID OPTION...     change its path, or watch it\n"
	"  del DEV ID               remove it with its labels and keys\n"
	"  show DEV [ID]            all channels, or one\n"
	"  select DEV ID            its peer's packets leave on it from now "
	"on\n"
	"  keepalive DEV ID         send an empty frame\n\n"
	"Example:\n"
	"  signet dev channel add sg0 1 --peer 1 --remote 192.0.2.2:51820 \\\n"
	"         --tx-label 7 --tx-hop-key-file hop.key\n"
	"  signet dev channel select sg0 1\n";

static const char change_help[] =
	"Usage: signet dev channel add DEV ID --peer ID [OPTION]...\n"
	"       signet dev channel set DEV ID OPTION...\n"
	"The first three make a path and go together; without, a channel only "
	"receives.\n\n"
	"      --remote ADDR:PORT       where frames go\n"
	"      --tx-label N             label that the receiver chose\n"
	"      --tx-hop-key-file FILE   hop key of that label, in hexadecimal "
	"or base64;\n"
	"                               -: standard input\n"
	"      --local ADDR             source address; else routing chooses\n"
	"      --generation N           of the path: told in events\n"
	"      --tx-lanes N, --rx-lanes N   (add) 1 to 32\n"
	"      --watch                  (set) tell the next packet, once\n"
	"      --take-over              (set) selected by the first frame that "
	"opens\n\n"
	"Example:\n"
	"  signet dev channel set sg0 1 --remote '[2001:db8::2]:51820' \\\n"
	"         --tx-label 7 --tx-hop-key-file hop.key\n";

static const char del_help[] = "Usage: signet dev channel del DEV ID\n"
			       "Remove a channel with its labels and keys.\n\n"
			       "Example:\n"
			       "  signet dev channel del sg0 1\n";

static const char show_help[] = "Usage: signet dev channel show DEV [ID]\n\n"
				"Example:\n"
				"  signet dev channel show sg0 --json\n";

static const char select_help[] =
	"Usage: signet dev channel select DEV ID\n"
	"The packets of the channel's peer leave on it from now on.\n\n"
	"Example:\n"
	"  signet dev channel select sg0 1\n";

static const char keepalive_help[] =
	"Usage: signet dev channel keepalive DEV ID\n"
	"Send an empty frame, as a sign of life.\n\n"
	"Example:\n"
	"  signet dev channel keepalive sg0 1\n";

enum {
	HAS_PEER = 1,
	HAS_REMOTE = 2,
	HAS_LABEL = 4,
	HAS_HOP_KEY = 8,
	HAS_LOCAL = 16,
	HAS_GENERATION = 32,
	HAS_LANES = 64,
	HAS_WATCH = 128,
	HAS_TAKE_OVER = 256,
	PATH = HAS_REMOTE | HAS_LABEL | HAS_HOP_KEY,
	PATH_MORE = PATH | HAS_LOCAL | HAS_GENERATION,
};

struct change {
	struct sg_kmod_channel_new new;
	struct sg_kmod_path path;
	const char *hop_key_file;
	int has;
};

static bool parse_address(struct sg_tool *t, struct change *ch, int c)
{
	if (c == HAS_REMOTE && sg_addr_parse(optarg, &ch->path.remote)) {
		sg_usage(t,
			 "--remote: \"%s\" is not an address with a port, for "
			 "instance 192.0.2.1:51820 or [2001:db8::1]:51820",
			 optarg);
		return false;
	}
	if (c == HAS_LOCAL && sg_addr_set(&ch->path.local, optarg, 0)) {
		sg_usage(t, "--local: \"%s\" is not an address", optarg);
		return false;
	}
	return true;
}

static bool parse_lanes(struct sg_tool *t, uint8_t *to)
{
	uint32_t n = 0;
	bool ok = sg_dev_parse_u32(t, "lanes", optarg, 1, SIGNET_LANES, &n);

	*to = (uint8_t)n;
	return ok;
}

static bool one_option(struct sg_tool *t, struct change *ch, int c)
{
	ch->has |= c == 't' || c == 'r' ? HAS_LANES : c;
	switch (c) {
	case HAS_PEER:
		return sg_dev_parse_u32(t, "--peer", optarg, 0, UINT32_MAX,
					&ch->new.peer);
	case HAS_REMOTE:
	case HAS_LOCAL:
		return parse_address(t, ch, c);
	case HAS_LABEL:
		return sg_dev_parse_u32(t, "--tx-label", optarg, 1, UINT32_MAX,
					&ch->path.tx_label);
	case HAS_HOP_KEY:
		ch->hop_key_file = optarg;
		return true;
	case HAS_GENERATION:
		return sg_dev_parse_u32(t, "--generation", optarg, 0,
					UINT32_MAX, &ch->path.generation);
	case 't':
		return parse_lanes(t, &ch->new.tx_lanes);
	case 'r':
		return parse_lanes(t, &ch->new.rx_lanes);
	case HAS_WATCH:
	case HAS_TAKE_OVER:
		return true;
	}
	return false;
}

static bool parse_change(struct sg_tool *t, int argc, char **argv,
			 struct change *ch)
{
	static const struct option options[] = {
		{ "peer", required_argument, NULL, HAS_PEER },
		{ "remote", required_argument, NULL, HAS_REMOTE },
		{ "tx-label", required_argument, NULL, HAS_LABEL },
		{ "tx-hop-key-file", required_argument, NULL, HAS_HOP_KEY },
		{ "local", required_argument, NULL, HAS_LOCAL },
		{ "generation", required_argument, NULL, HAS_GENERATION },
		{ "tx-lanes", required_argument, NULL, 't' },
		{ "rx-lanes", required_argument, NULL, 'r' },
		{ "watch", no_argument, NULL, HAS_WATCH },
		{ "take-over", no_argument, NULL, HAS_TAKE_OVER },
		{ 0 }
	};
	int c;

	while ((c = sg_getopt(t, argc, argv, "", options, change_help)) != -1)
		if (!one_option(t, ch, c))
			return false;
	if (!sg_operands(t, argc, argv, 2, 2) ||
	    !sg_dev_parse_u32(t, "the channel's number", argv[optind + 1], 0,
			      UINT32_MAX, &ch->new.id))
		return false;
	if (!(ch->has & PATH_MORE) || (ch->has & PATH) == PATH)
		return true;
	sg_usage(t, "a path needs --remote, --tx-label and --tx-hop-key-file");
	return false;
}

static bool fits(struct sg_tool *t, const struct change *ch, bool add)
{
	if (add && !(ch->has & HAS_PEER))
		sg_usage(t, "--peer is missing");
	else if (add && ch->has & (HAS_WATCH | HAS_TAKE_OVER))
		sg_usage(t, "--watch and --take-over go with set");
	else if (!add && ch->has & (HAS_PEER | HAS_LANES))
		sg_usage(t, "a channel's peer and lanes stay as they are");
	else if (!add && !ch->has)
		sg_usage(t, "nothing to set is given");
	else
		return true;
	return false;
}

static int apply(struct sg_dev *dev, struct change *ch, bool add)
{
	int r = 0;

	if (add) {
		ch->new.path = ch->has &PATH ? &ch->path : NULL;
		return sg_kmod_channel_new(dev->km, dev->ifindex, &ch->new);
	}
	if (ch->has & PATH)
		r = sg_kmod_channel_path(dev->km, dev->ifindex, ch->new.id,
					 &ch->path);
	if (!r && ch->has & HAS_WATCH)
		r = sg_kmod_channel_watch(dev->km, dev->ifindex, ch->new.id);
	if (!r && ch->has & HAS_TAKE_OVER)
		r = sg_kmod_channel_take_over(dev->km, dev->ifindex,
					      ch->new.id);
	return r;
}

static int change(struct sg_tool *t, int argc, char **argv, bool add)
{
	struct change ch = { 0 };
	struct sg_dev dev;
	int code;

	if (!parse_change(t, argc, argv, &ch) || !fits(t, &ch, add))
		return SG_EXIT_USAGE;
	if (ch.hop_key_file) {
		code = sg_dev_secret_read(t, "--tx-hop-key-file",
					  ch.hop_key_file, ch.path.tx_hop_key,
					  SIGNET_HOP_KEY_LEN);
		if (code)
			return code;
	}
	code = sg_dev_open(t, argv[optind], false, &dev);
	if (!code) {
		code = sg_dev_fail(&dev, apply(&dev, &ch, add),
				   "%s channel %u of %s",
				   add ? "add" : "change", ch.new.id, dev.name);
		sg_dev_close(&dev);
	}
	sodium_memzero(&ch, sizeof(ch));
	return code;
}

static int add(struct sg_tool *t, int argc, char **argv)
{
	return change(t, argc, argv, true);
}

static int set_channel(struct sg_tool *t, int argc, char **argv)
{
	return change(t, argc, argv, false);
}

static int del(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_each(t, argc, argv, del_help, "remove channel",
			   sg_kmod_channel_del);
}

static int select_it(struct sg_kmod *km, uint32_t ifindex, uint32_t id)
{
	struct sg_kmod_channel ch;
	int r = sg_kmod_channel_get(km, ifindex, id, &ch);

	return r ? r : sg_kmod_peer_select(km, ifindex, ch.peer, id);
}

static int select_channel(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_each(t, argc, argv, select_help, "select channel",
			   select_it);
}

static int keepalive(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_each(t, argc, argv, keepalive_help, "send on channel",
			   sg_kmod_channel_keepalive);
}

static int on_channel(void *ctx, const struct sg_kmod_channel *ch)
{
	struct json_object **list = ctx, *o;

	if (!ch) {
		sg_dev_list_again(list);
		return 0;
	}
	o = json_object_new_object();
	sg_json_add_int(o, "channel", ch->id);
	sg_json_add_int(o, "peer", ch->peer);
	if (ch->has_path) {
		sg_dev_json_address(o, "remote", &ch->path.remote, true);
		sg_dev_json_address(o, "local", &ch->path.local, false);
		sg_json_add_int(o, "txLabel", ch->path.tx_label);
		sg_json_add_int(o, "generation", ch->path.generation);
	}
	sg_json_add_int(o, "txLanes", ch->tx_lanes);
	sg_json_add_int(o, "rxLanes", ch->rx_lanes);
	sg_json_add_bool(o, "watched", ch->watched);
	sg_json_add_bool(o, "takesOver", ch->takes_over);
	sg_dev_json_counters(o, &ch->counters);
	json_object_array_add(*list, o);
	return 0;
}

struct json_object *sg_dev_channels(struct sg_dev *dev, const uint32_t *id)
{
	struct json_object *list = json_object_new_array();
	struct sg_kmod_channel ch;
	int r;

	if (id) {
		r = sg_kmod_channel_get(dev->km, dev->ifindex, *id, &ch);
		if (!r)
			on_channel(&list, &ch);
	} else {
		r = sg_kmod_channel_dump(dev->km, dev->ifindex, on_channel,
					 &list);
	}
	if (!r)
		return list;
	sg_dev_fail(dev, r, "list the channels of %s", dev->name);
	json_object_put(list);
	return NULL;
}

static void add_row(struct sg_table *tb, struct json_object *o)
{
	const char *remote = sg_json_str(o, "remote");
	char buf[SG_HUMAN_LEN];

	sg_table_addf(tb, SG_BOLD, "%lld",
		      (long long)sg_json_int(o, "channel"));
	sg_table_addf(tb, SG_PLAIN, "%lld", (long long)sg_json_int(o, "peer"));
	sg_table_add(tb, SG_PLAIN, *remote ? remote : NULL);
	if (sg_json_has(o, "txLabel"))
		sg_table_addf(tb, SG_PLAIN, "%lld",
			      (long long)sg_json_int(o, "txLabel"));
	else
		sg_table_add(tb, SG_PLAIN, NULL);
	sg_table_addf(tb, SG_PLAIN, "%lld/%lld",
		      (long long)sg_json_int(o, "txLanes"),
		      (long long)sg_json_int(o, "rxLanes"));
	sg_table_add(tb, SG_PLAIN, sg_dev_json_heard(o, buf));
	sg_table_add(tb, SG_PLAIN,
		     sg_human_bytes((uint64_t)sg_json_int(o, "rxBytes"), buf));
	sg_table_add(tb, SG_PLAIN,
		     sg_human_bytes((uint64_t)sg_json_int(o, "txBytes"), buf));
}

void sg_dev_channels_print(struct json_object *list)
{
	static const struct sg_column columns[] = {
		{ .title = "CHANNEL", .right = true },
		{ .title = "PEER", .right = true },
		{ .title = "REMOTE", .shrink = true },
		{ .title = "LABEL", .right = true },
		{ .title = "LANES", .right = true },
		{ .title = "HEARD" },
		{ .title = "RECEIVED", .right = true },
		{ .title = "SENT", .right = true },
	};

	sg_dev_print(list, columns, sizeof(columns) / sizeof(*columns),
		     add_row);
}

static int show(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_show(t, argc, argv, show_help, "the channel's number",
			   sg_dev_channels, sg_dev_channels_print);
}

int sg_dev_channel_command(struct sg_tool *t, int argc, char **argv)
{
	static const struct sg_command commands[] = {
		{ "add", add, "" },
		{ "set", set_channel, "" },
		{ "del", del, "" },
		{ "show", show, "" },
		{ "select", select_channel, "" },
		{ "keepalive", keepalive, "" },
		{ 0 }
	};

	return sg_subcommand(t, argc, argv, commands, "dev channel command",
			     help, "which command?");
}
