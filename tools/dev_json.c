/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the objects of a device have in common, as JSON and as text. */
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "dev.h"
#include "human.h"
#include "json.h"
#include "table.h"

static uint64_t boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void add_ago(struct json_object *o, const char *key, uint64_t then)
{
	uint64_t now = boottime_ns();

	if (then)
		sg_json_add_int(o, key,
				now > then ? (int64_t)((now - then) / 1000000)
					   : 0);
}

void sg_dev_json_counters(struct json_object *o,
			  const struct sg_kmod_counters *c)
{
	sg_json_add_int(o, "rxPackets", (int64_t)c->rx_packets);
	sg_json_add_int(o, "rxBytes", (int64_t)c->rx_bytes);
	sg_json_add_int(o, "txPackets", (int64_t)c->tx_packets);
	sg_json_add_int(o, "txBytes", (int64_t)c->tx_bytes);
	sg_json_add_int(o, "aeadFailures", (int64_t)c->aead_failures);
	add_ago(o, "lastReceived", c->rx_last);
	add_ago(o, "lastSent", c->tx_last);
}

const char *sg_dev_json_heard(struct json_object *o, char *buf)
{
	if (!sg_json_has(o, "lastReceived"))
		return "never";
	return sg_human_ago((uint64_t)sg_json_int(o, "lastReceived"), buf);
}

void sg_dev_json_limit(struct json_object *o, const char *key, uint64_t n)
{
	if (n == SG_KMOD_NEVER)
		json_object_object_add(o, key, NULL);
	else
		sg_json_add_int(o, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

void sg_dev_json_address(struct json_object *o, const char *key,
			 const union sg_addr *a, bool port)
{
	char text[SG_ADDR_STR_LEN];

	if (a->sa.sa_family)
		sg_json_add_str(o, key,
				port ? sg_addr_format(a, text)
				     : sg_addr_format_host(a, text));
}

void sg_dev_list_again(struct json_object **list)
{
	json_object_put(*list);
	*list = json_object_new_array();
}

void sg_dev_print(struct json_object *list, const struct sg_column *column,
		  unsigned int columns,
		  void (*add_row)(struct sg_table *tb, struct json_object *o))
{
	struct sg_table tb;

	sg_table_init(&tb, column, columns);
	for (size_t i = 0; i < sg_json_len(list); i++)
		add_row(&tb, json_object_array_get_idx(list, i));
	sg_table_print(&tb, stdout);
}

int sg_dev_show(struct sg_tool *t, int argc, char **argv, const char *help,
		const char *what,
		struct json_object *(*list)(struct sg_dev *, const uint32_t *),
		void (*print)(struct json_object *))
{
	struct json_object *o;
	uint32_t id, *only;
	struct sg_dev dev;
	int r;

	if (sg_getopt(t, argc, argv, "", NULL, help) != -1 ||
	    !sg_operands(t, argc, argv, 1, 2))
		return SG_EXIT_USAGE;
	only = argv[optind + 1] ? &id : NULL;
	if (only &&
	    !sg_dev_parse_u32(t, what, argv[optind + 1], 0, UINT32_MAX, &id))
		return SG_EXIT_USAGE;
	r = sg_dev_open(t, argv[optind], false, &dev);
	if (r)
		return r;
	o = list(&dev, only);
	if (!o)
		r = SG_EXIT_FAILED;
	else if (t->json)
		sg_json_print(stdout, o);
	else if (sg_json_len(o))
		print(o);
	else
		sg_note(t, "%s has none.", dev.name);
	json_object_put(o);
	sg_dev_close(&dev);
	return r;
}
