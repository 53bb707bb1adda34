/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev label: what frames are received on. */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "dev.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const char help[] =
	"Usage: signet dev label COMMAND DEV [ARGUMENT]...\n"
	"Labels that a device receives on: each leads to a channel.\n\n"
	"  add DEV LABEL --channel ID --hop-key-file FILE [OPTION]...\n"
	"  del DEV LABEL            forget it\n"
	"  show DEV [LABEL]         all labels, or one\n\n"
	"Example:\n"
	"  signet dev label add sg0 7 --channel 1 --hop-key-file hop.key\n";

static const char add_help[] =
	"Usage: signet dev label add DEV LABEL --channel ID --hop-key-file "
	"FILE\n"
	"                            [OPTION]...\n"
	"Accept frames on a label.\n\n"
	"      --channel ID          channel that opens the frames\n"
	"      --hop-key-file FILE   16 bytes in hexadecimal or base64; -: "
	"standard input\n"
	"      --expires T           forget it after, for instance, 90s\n"
	"      --update              where it exists, change when it "
	"expires\n\n"
	"Example:\n"
	"  head -c16 /dev/urandom | base64 | install -m600 /dev/stdin hop.key\n"
	"  signet dev label add sg0 7 --channel 1 --hop-key-file hop.key\n";

static const char del_help[] = "Usage: signet dev label del DEV LABEL\n"
			       "Accept no more frames on a label.\n\n"
			       "Example:\n"
			       "  signet dev label del sg0 7\n";

static const char show_help[] = "Usage: signet dev label show DEV [LABEL]\n\n"
				"Example:\n"
				"  signet dev label show sg0 --json\n";

struct wish {
	struct sg_kmod_label label;
	bool channel, update;
	const char *hop_key_file;
};

static bool one_option(struct sg_tool *t, struct wish *w, int c)
{
	switch (c) {
	case 'c':
		w->channel = true;
		return sg_dev_parse_u32(t, "--channel", optarg, 0, UINT32_MAX,
					&w->label.channel);
	case 'k':
		w->hop_key_file = optarg;
		return true;
	case 'e':
		return sg_parse_ms(t, "--expires", optarg, 1,
				   UINT64_C(3650) * 86400000,
				   &w->label.expiry_ms);
	case 'u':
		w->update = true;
		return true;
	}
	return false;
}

static bool parse_add(struct sg_tool *t, int argc, char **argv, struct wish *w)
{
	static const struct option options[] = {
		{ "channel", required_argument, NULL, 'c' },
		{ "hop-key-file", required_argument, NULL, 'k' },
		{ "expires", required_argument, NULL, 'e' },
		{ "update", no_argument, NULL, 'u' },
		{ 0 }
	};
	int c;

	while ((c = sg_getopt(t, argc, argv, "", options, add_help)) != -1)
		if (!one_option(t, w, c))
			return false;
	if (!sg_operands(t, argc, argv, 2, 2) ||
	    !sg_dev_parse_u32(t, "the label", argv[optind + 1], 1, UINT32_MAX,
			      &w->label.label))
		return false;
	if (w->channel && w->hop_key_file)
		return true;
	sg_usage(t, "%s is missing",
		 w->channel ? "--hop-key-file" : "--channel");
	return false;
}

static int add(struct sg_tool *t, int argc, char **argv)
{
	struct wish w = { .label.expiry_ms = SG_KMOD_NEVER };
	uint8_t hop_key[SIGNET_HOP_KEY_LEN];
	struct sg_dev dev;
	int code, r;

	if (!parse_add(t, argc, argv, &w))
		return SG_EXIT_USAGE;
	code = sg_dev_secret_read(t, "--hop-key-file", w.hop_key_file, hop_key,
				  sizeof(hop_key));
	if (code)
		return code;
	code = sg_dev_open(t, argv[optind], false, &dev);
	if (!code) {
		r = sg_kmod_label_new(dev.km, dev.ifindex, &w.label, hop_key,
				      w.update);
		code = sg_dev_fail(&dev, r, "add label %u to %s", w.label.label,
				   dev.name);
		sg_dev_close(&dev);
	}
	sodium_memzero(hop_key, sizeof(hop_key));
	return code;
}

static int del(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_each(t, argc, argv, del_help, "remove label",
			   sg_kmod_label_del);
}

static int on_label(void *ctx, const struct sg_kmod_label *l)
{
	struct json_object **list = ctx, *o;

	if (!l) {
		sg_dev_list_again(list);
		return 0;
	}
	o = json_object_new_object();
	sg_json_add_int(o, "label", l->label);
	sg_json_add_int(o, "channel", l->channel);
	sg_dev_json_limit(o, "expires", l->expiry_ms);
	json_object_array_add(*list, o);
	return 0;
}

struct json_object *sg_dev_labels(struct sg_dev *dev, const uint32_t *id)
{
	struct json_object *list = json_object_new_array();
	struct sg_kmod_label l;
	int r;

	if (id) {
		r = sg_kmod_label_get(dev->km, dev->ifindex, *id, &l);
		if (!r)
			on_label(&list, &l);
	} else {
		r = sg_kmod_label_dump(dev->km, dev->ifindex, on_label, &list);
	}
	if (!r)
		return list;
	sg_dev_fail(dev, r, "list the labels of %s", dev->name);
	json_object_put(list);
	return NULL;
}

static void add_row(struct sg_table *tb, struct json_object *o)
{
	char buf[SG_HUMAN_LEN];

	sg_table_addf(tb, SG_BOLD, "%lld", (long long)sg_json_int(o, "label"));
	sg_table_addf(tb, SG_PLAIN, "%lld",
		      (long long)sg_json_int(o, "channel"));
	sg_table_add(tb, SG_PLAIN,
		     sg_json_has(o, "expires")
			     ? sg_human_duration(
				       (uint64_t)sg_json_int(o, "expires"), buf)
			     : "never");
}

void sg_dev_labels_print(struct json_object *list)
{
	static const struct sg_column columns[] = {
		{ .title = "LABEL", .right = true },
		{ .title = "CHANNEL", .right = true },
		{ .title = "EXPIRES IN" },
	};

	sg_dev_print(list, columns, sizeof(columns) / sizeof(*columns),
		     add_row);
}

static int show(struct sg_tool *t, int argc, char **argv)
{
	return sg_dev_show(t, argc, argv, show_help, "the label", sg_dev_labels,
			   sg_dev_labels_print);
}

int sg_dev_label_command(struct sg_tool *t, int argc, char **argv)
{
	static const struct sg_command commands[] = { { "add", add, "" },
						      { "del", del, "" },
						      { "show", show, "" },
						      { 0 } };

	return sg_subcommand(t, argc, argv, commands, "dev label command", help,
			     "add, del or show?");
}
