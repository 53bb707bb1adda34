/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a device and its peers dropped, by reason. */
#include <stdio.h>

#include <json-c/json.h>

#include "dev.h"
#include "human.h"
#include "json.h"
#include "table.h"

static const struct {
	const char *name;
	const char *help;
} reasons[] = {
#define REASON(name, text, help) { text, help },
	SIGNET_DROP_REASONS(REASON)
#undef REASON
};

static void add(struct json_object *list, const struct sg_kmod_stats *st,
		const char *reason, const char *help, uint64_t count)
{
	struct json_object *o;

	if (!count)
		return;
	o = json_object_new_object();
	if (st->has_peer)
		sg_json_add_int(o, "peer", st->peer);
	sg_json_add_str(o, "reason", reason);
	sg_json_add_int(o, "count", (int64_t)count);
	sg_json_add_str(o, "help", help);
	json_object_array_add(list, o);
}

static void add_all(struct json_object *list, const struct sg_kmod_stats *st)
{
	for (int i = 0; i < SIGNET_DROP_COUNT; i++)
		add(list, st, reasons[i].name, reasons[i].help, st->drops[i]);
	add(list, st, "other", "reasons that this command does not know",
	    st->unknown);
}

/* Of peers only: those of the device are asked for on their own. */
static int on_stats(void *ctx, const struct sg_kmod_stats *st)
{
	struct json_object **list = ctx;

	if (!st) {
		sg_dev_list_again(list);
	} else if (st->has_peer) {
		add_all(*list, st);
	}
	return 0;
}

struct json_object *sg_dev_drops(struct sg_dev *dev)
{
	struct json_object *list = NULL;
	struct sg_kmod_stats st;
	int r;

	r = sg_kmod_stats_dump(dev->km, dev->ifindex, on_stats, &list);
	if (!r)
		r = sg_kmod_stats_get(dev->km, dev->ifindex, NULL, &st);
	if (!r) {
		st.has_peer = false;
		add_all(list, &st);
		return list;
	}
	sg_dev_fail(dev, r, "count the drops of %s", dev->name);
	json_object_put(list);
	return NULL;
}

static void add_row(struct sg_table *tb, struct json_object *o)
{
	char buf[SG_HUMAN_LEN];

	if (sg_json_has(o, "peer"))
		sg_table_addf(tb, SG_PLAIN, "%lld",
			      (long long)sg_json_int(o, "peer"));
	else
		sg_table_add(tb, SG_PLAIN, NULL);
	sg_table_add(tb, SG_BOLD, sg_json_str(o, "reason"));
	sg_table_add(tb, SG_PLAIN,
		     sg_human_count((uint64_t)sg_json_int(o, "count"), buf));
	sg_table_add(tb, SG_PLAIN, sg_json_str(o, "help"));
}

void sg_dev_drops_print(struct json_object *list)
{
	static const struct sg_column columns[] = {
		{ .title = "PEER", .right = true },
		{ .title = "DROPPED" },
		{ .title = "COUNT", .right = true },
		{ .title = "MEANING", .wrap = true },
	};

	sg_dev_print(list, columns, sizeof(columns) / sizeof(*columns),
		     add_row);
}
