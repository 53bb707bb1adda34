/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev key: one direction of a channel. */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "dev.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet dev key COMMAND DEV CHANNEL [ARGUMENT]...\n"
	"Keys of a channel, in slots 0 to 7 of either direction.\n\n"
	"  add DEV CHANNEL SLOT --direction rx|tx --cipher NAME --key-file "
	"FILE\n"
	"  swap DEV CHANNEL SLOT    seal under this transmit key from now on\n"
	"  del DEV CHANNEL SLOT     wipe it\n"
	"  show DEV [CHANNEL]       ages and counters, never the keys\n\n"
	"Two ends of a channel share each key: one seals (tx), the other opens "
	"(rx).\n\n"
	"Example:\n"
	"  signet dev key add sg0 1 0 --direction tx --cipher aes-256-gcm \\\n"
	"         --key-file a-to-b.key\n"
	"  signet dev key swap sg0 1 0\n";

static const char add_help[] =
	"Usage: signet dev key add DEV CHANNEL SLOT --direction rx|tx --cipher "
	"NAME\n"
	"                          --key-file FILE [OPTION]...\n"
	"Install a key. A slot is filled once; del empties it.\n\n"
	"      --direction rx|tx   opens, or seals\n"
	"      --cipher NAME       chacha20-poly1305 or aes-256-gcm\n"
	"      --key-file FILE     32 bytes in hexadecimal or base64, mode "
	"0600; -:\n"
	"                          standard input\n"
	"      --soft T, --hard T  time until a new key is asked for, and "
	"until the end\n"
	"      --soft-frames N, --hard-frames N   the same, over all lanes\n\n"
	"A key must never be used twice: counters start again with each "
	"install.\n\n"
	"Example:\n"
	"  head -c32 /dev/urandom | base64 | install -m600 /dev/stdin "
	"a-to-b.key\n"
	"  signet dev key add sg0 1 0 --direction rx --cipher aes-256-gcm \\\n"
	"         --key-file a-to-b.key --hard 3m\n";

static const char swap_help[] = "Usage: signet dev key swap DEV CHANNEL SLOT\n"
				"Seal under this transmit key from now on.\n\n"
				"Example:\n"
				"  signet dev key swap sg0 1 0\n";

static const char del_help[] =
	"Usage: signet dev key del DEV CHANNEL SLOT [--direction rx|tx]\n"
	"Wipe a key, in both directions unless one is named.\n\n"
	"Example:\n"
	"  signet dev key del sg0 1 0\n";

static const char show_help[] = "Usage: signet dev key show DEV [CHANNEL]\n\n"
				"Example:\n"
				"  signet dev key show sg0 --json\n";

#define LONGEST_MS (UINT64_C(3650) * 86400000)

struct wish {
	struct sg_kmod_key_new key;
	int direction; /* -1: not said */
	const char *file;
};

static bool one_option(struct sg_tool *t, struct wish *w, int c)
{
	uint32_t n = 0;
	bool ok;

	switch (c) {
	case 'd':
		return sg_dev_parse_direction(t, "--direction", optarg,
					      &w->direction);
	case 'c':
		ok = sg_dev_parse_word(t, "--cipher", optarg, sg_dev_ciphers,
				       &n);
		w->key.cipher = (enum signet_cipher)(n + 1);
		return ok;
	case 'k':
		w->file = optarg;
		return true;
	case 's':
		return sg_parse_ms(t, "--soft", optarg, 1, LONGEST_MS,
				   &w->key.soft_ms);
	case 'x':
		return sg_parse_ms(t, "--hard", optarg, 1, LONGEST_MS,
				   &w->key.hard_ms);
	case 'S':
		return sg_dev_parse_number(t, "--soft-frames", optarg, 1,
					   UINT64_MAX - 1, &w->key.soft_frames);
	case 'X':
		return sg_dev_parse_number(t, "--hard-frames", optarg, 1,
					   UINT64_MAX - 1, &w->key.hard_frames);
	}
	return false;
}

static bool slot(struct sg_tool *t, int argc, char **argv, uint32_t *channel,
		 uint8_t *key_id)
{
	uint32_t id = 0;
	bool ok;

	ok = sg_operands(t, argc, argv, 3, 3) &&
	     sg_dev_parse_u32(t, "the channel's number", argv[optind + 1], 0,
			      UINT32_MAX, channel) &&
	     sg_dev_parse_u32(t, "the slot", argv[optind + 2], 0,
			      SIGNET_KEY_IDS - 1, &id);
	*key_id = (uint8_t)id;
	return ok;
}

static bool parse_add(struct sg_tool *t, int argc, char **argv, struct wish *w)
{
	static const struct option options[] = {
		{ "direction", required_argument, NULL, 'd' },
		{ "cipher", required_argument, NULL, 'c' },
		{ "key-file", required_argument, NULL, 'k' },
		{ "soft", required_argument, NULL, 's' },
		{ "hard", required_argument, NULL, 'x' },
		{ "soft-frames", required_argument, NULL, 'S' },
		{ "hard-frames", required_argument, NULL, 'X' },
		{ 0 }
	};
	int c;

	while ((c = sg_getopt(t, argc, argv, "", options, add_help)) != -1)
		if (!one_option(t, w, c))
			return false;
	if (!slot(t, argc, argv, &w->key.channel, &w->key.key_id))
		return false;
	if (w->direction >= 0 && w->key.cipher && w->file)
		return true;
	sg_usage(t, "%s is missing",
		 w->direction < 0 ? "--direction"
		 : w->file	  ? "--cipher"
				  : "--key-file");
	return false;
}

static int add(struct sg_tool *t, int argc, char **argv)
{
	struct wish w = { .direction = -1,
			  .key = { .soft_ms = SG_KMOD_NEVER,
				   .hard_ms = SG_KMOD_NEVER,
				   .soft_frames = SG_KMOD_NEVER,
				   .hard_frames = SG_KMOD_NEVER } };
	struct sg_dev dev;
	int code;

	if (!parse_add(t, argc, argv, &w))
		return SG_EXIT_USAGE;
	w.key.tx = w.direction == SIGNET_DIRECTION_TRANSMIT;
	code = sg_dev_secret_read(t, "--key-file", w.file, w.key.key,
				  sizeof(w.key.key));
	if (code)
		return code;
	code = sg_dev_open(t, argv[optind], false, &dev);
	if (!code) {
		code = sg_dev_fail(&dev,
				   sg_kmod_key_new(dev.km, dev.ifindex, &w.key),
				   "add key %u to channel %u of %s",
				   w.key.key_id, w.key.channel, dev.name);
		sg_dev_close(&dev);
	}
	sodium_memzero(&w.key, sizeof(w.key));
	return code;
}

static int swap(struct sg_tool *t, int argc, char **argv)
{
	struct sg_dev dev;
	uint32_t channel;
	uint8_t key_id;
	int r;

	if (sg_getopt(t, argc, argv, "", NULL, swap_help) != -1 ||
	    !slot(t, argc, argv, &channel, &key_id))
		return SG_EXIT_USAGE;
	r = sg_dev_open(t, argv[optind], false, &dev);
	if (r)
		return r;
	r = sg_dev_fail(&dev,
			sg_kmod_key_swap(dev.km, dev.ifindex, channel, key_id),
			"seal under key %u of channel %u of %s", key_id,
			channel, dev.name);
	sg_dev_close(&dev);
	return r;
}

static int del(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "direction", required_argument, NULL, 'd' }, { 0 }
	};
	int c, r, direction = -1;
	struct sg_dev dev;
	uint32_t channel;
	uint8_t key_id;

	while ((c = sg_getopt(t, argc, argv, "", options, del_help)) != -1)
		if (c != 'd' || !sg_dev_parse_direction(t, "--direction",
							optarg, &direction))
			return SG_EXIT_USAGE;
	if (!slot(t, argc, argv, &channel, &key_id))
		return SG_EXIT_USAGE;
	r = sg_dev_open(t, argv[optind], false, &dev);
	if (r)
		return r;
	r = sg_dev_fail(&dev,
			sg_kmod_key_del(dev.km, dev.ifindex, channel, key_id,
					direction),
			"wipe key %u of channel %u of %s", key_id, channel,
			dev.name);
	sg_dev_close(&dev);
	return r;
}

struct collect {
	struct json_object *list;
	const uint32_t *channel;
};

static void add_lanes(struct json_object *o, const struct sg_kmod_key *k)
{
	struct json_object *lanes = json_object_new_array();
	uint64_t sum = 0;

	for (int i = 0; i < SIGNET_LANES; i++) {
		struct json_object *lane;

		if (!(k->lanes & 1u << i))
			continue;
		lane = json_object_new_object();
		sg_json_add_int(lane, "lane", i);
		sg_json_add_int(lane, "frames", (int64_t)k->frames[i]);
		json_object_array_add(lanes, lane);
		sum += k->frames[i];
	}
	sg_json_add_int(o, "frames", (int64_t)sum);
	json_object_object_add(o, "lanes", lanes);
}

static int on_key(void *ctx, const struct sg_kmod_key *k)
{
	struct collect *c = ctx;
	struct json_object *o;

	if (!k) {
		sg_dev_list_again(&c->list);
		return 0;
	}
	if (c->channel && *c->channel != k->channel)
		return 0;
	o = json_object_new_object();
	sg_json_add_int(o, "channel", k->channel);
	sg_json_add_int(o, "slot", k->key_id);
	sg_json_add_str(o, "direction", k->tx ? "tx" : "rx");
	sg_json_add_str(o, "cipher",
			k->cipher == 1 || k->cipher == 2
				? sg_dev_ciphers[k->cipher - 1]
				: NULL);
	sg_json_add_bool(o, "active", k->active);
	sg_json_add_int(o, "age", (int64_t)k->age_ms);
	sg_dev_json_limit(o, "soft", k->soft_ms);
	sg_dev_json_limit(o, "hard", k->hard_ms);
	sg_dev_json_limit(o, "softFrames", k->soft_frames);
	sg_dev_json_limit(o, "hardFrames", k->hard_frames);
	add_lanes(o, k);
	sg_json_add_int(o, "failures", (int64_t)k->failures);
	json_object_array_add(c->list, o);
	return 0;
}

struct json_object *sg_dev_keys(struct sg_dev *dev, const uint32_t *channel)
{
	struct collect c = { .channel = channel };
	int r = sg_kmod_key_dump(dev->km, dev->ifindex, on_key, &c);

	if (!r)
		return c.list;
	sg_dev_fail(dev, r, "list the keys of %s", dev->name);
	json_object_put(c.list);
	return NULL;
}

static void add_row(struct sg_table *tb, struct json_object *o)
{
	const char *direction = sg_json_str(o, "direction");
	char buf[SG_HUMAN_LEN];

	sg_table_addf(tb, SG_BOLD, "%lld",
		      (long long)sg_json_int(o, "channel"));
	sg_table_addf(tb, SG_PLAIN, "%lld", (long long)sg_json_int(o, "slot"));
	sg_table_addf(tb, sg_json_bool(o, "active") ? SG_GOOD : SG_PLAIN,
		      "%s%s", direction,
		      sg_json_bool(o, "active") ? ", seals" : "");
	sg_table_add(tb, SG_PLAIN, sg_json_str(o, "cipher"));
	sg_table_add(tb, SG_PLAIN,
		     sg_human_duration((uint64_t)sg_json_int(o, "age"), buf));
	sg_table_add(tb, SG_PLAIN,
		     sg_json_has(o, "hard")
			     ? sg_human_duration(
				       (uint64_t)sg_json_int(o, "hard"), buf)
			     : "never");
	sg_table_add(tb, SG_PLAIN,
		     sg_human_count((uint64_t)sg_json_int(o, "frames"), buf));
	sg_table_add(tb, sg_json_int(o, "failures") ? SG_WARN : SG_PLAIN,
		     sg_human_count((uint64_t)sg_json_int(o, "failures"), buf));
}

void sg_dev_keys_print(struct json_object *list)
{
	static const struct sg_column columns[] = {
		{ .title = "CHANNEL", .right = true },
		{ .title = "SLOT", .right = true },
		{ .title = "DIRECTION" },
		{ .title = "CIPHER" },
		{ .title = "AGE" },
		{ .title = "ENDS IN" },
		{ .title = "FRAMES", .right = true },
		{ .title = "FAILURES", .right = true },
	};

	sg_dev_print(list, columns, sizeof(columns) / sizeof(*columns),
		     add_row);
}

static int show(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_show(t, argc, argv, show_help, "the channel's number",
			   sg_dev_keys, sg_dev_keys_print);
}

int sg_dev_key_command(struct sg_tool *t, int argc, char **argv)
{
	static const struct sg_command commands[] = { { "add", add, "" },
						      { "swap", swap, "" },
						      { "del", del, "" },
						      { "show", show, "" },
						      { 0 } };

	return sg_subcommand(t, argc, argv, commands, "dev key command", help,
			     "add, swap, del or show?");
}
