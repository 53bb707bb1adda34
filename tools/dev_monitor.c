/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet dev monitor: what the module tells. */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "client.h"
#include "dev.h"
#include "human.h"
#include "json.h"

static const char help[] =
	"Usage: signet dev monitor [NAME] [-c COUNT]\n"
	"Print what the kernel module tells, of one device or of all, until "
	"interrupted.\n\n"
	"  -c, --count N   stop after N events\n\n"
	"Example:\n"
	"  signet dev monitor sg0 --json | jq -c 'select(.event == "
	"\"rekey-wanted\")'\n";

static const char *const reasons[] = { "", "time", "frames", "failures" };

static void add_id(struct json_object *o, const struct sg_kmod_event *e)
{
	switch (e->type) {
	case SG_KMOD_PEER_DEL:
	case SG_KMOD_CHANNEL_WANTED:
		sg_json_add_int(o, "peer", e->peer);
		break;
	case SG_KMOD_SOCKET_LOST:
		sg_json_add_str(o, "family",
				e->family == AF_INET6 ? "IPv6" : "IPv4");
		break;
	case SG_KMOD_OTHER:
		break;
	default:
		sg_json_add_int(o, "channel", e->channel);
	}
}

static void add_key(struct json_object *o, const struct sg_kmod_event *e)
{
	if (e->type != SG_KMOD_REKEY_WANTED && e->type != SG_KMOD_KEY_EXPIRED &&
	    e->type != SG_KMOD_KEY_CONFIRMED)
		return;
	sg_json_add_int(o, "slot", e->key_id);
	sg_json_add_str(o, "direction", e->tx ? "tx" : "rx");
	if (e->reason && e->reason < 4)
		sg_json_add_str(o, "reason", reasons[e->reason]);
}

static struct json_object *describe(const struct sg_kmod_event *e)
{
	struct json_object *o = json_object_new_object();
	char name[IF_NAMESIZE] = "";
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	sg_json_add_int(o, "time",
			ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000);
	sg_json_add_str(o, "event", sg_kmod_event_name(e->type));
	/* a device that is gone has no name */
	sg_json_add_str(o, "device",
			if_indextoname(e->ifindex, name) ? name : NULL);
	sg_json_add_int(o, "ifindex", e->ifindex);
	add_id(o, e);
	add_key(o, e);
	sg_dev_json_address(o, "remote", &e->remote, true);
	sg_dev_json_address(o, "local", &e->local, false);
	if (e->type == SG_KMOD_ENDPOINT_SEEN)
		sg_json_add_int(o, "generation", e->generation);
	if (e->mtu)
		sg_json_add_int(o, "mtu", e->mtu);
	return o;
}

/* Time and event, then what else there is as name and value. */
static void print_line(struct json_object *o)
{
	int64_t ms = sg_json_int(o, "time");
	time_t s = ms / 1000;
	struct tm tm;
	char when[16];

	localtime_r(&s, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	printf("%s%s.%03d%s %-14s ", sg_style(stdout, SG_DIM), when,
	       (int)(ms % 1000), sg_style(stdout, SG_PLAIN),
	       sg_json_str(o, "event"));
	sg_put(stdout, sg_json_str(o, "device"));
	json_object_object_foreach(o, key, value)
	{
		if (!strcmp(key, "time") || !strcmp(key, "event") ||
		    !strcmp(key, "device") || !strcmp(key, "ifindex"))
			continue;
		printf(" %s ", key);
		sg_put(stdout, value ? json_object_get_string(value) : "");
	}
	putchar('\n');
	fflush(stdout);
}

/* Return: 1 when all that were asked for have been printed, 0, -errno. */
static int print_events(const struct sg_dev *dev, struct sg_kmod_events *ev,
			uint64_t *left)
{
	struct sg_kmod_event e;
	struct json_object *o;
	int r;

	while ((r = sg_kmod_events_read(ev, &e)) == 1) {
		if (dev->ifindex && e.ifindex != dev->ifindex)
			continue;
		o = describe(&e);
		if (dev->t->json)
			sg_json_line(stdout, o);
		else
			print_line(o);
		json_object_put(o);
		if (ferror(stdout))
			return -EPIPE;
		if (*left && !--*left)
			return 1;
	}
	if (r == -ENOBUFS) {
		fprintf(stderr, "some events were lost\n");
		r = 0;
	}
	return r;
}

static int monitor(const struct sg_dev *dev, uint64_t left)
{
	struct sg_kmod_events *ev;
	struct pollfd p = { .events = POLLIN };
	int r = sg_kmod_events_open(&ev);

	if (r)
		return sg_dev_fail(dev, r, "listen to events");
	p.fd = sg_kmod_events_fd(ev);
	while (!r && !sg_interrupted)
		if (poll(&p, 1, 500) > 0)
			r = print_events(dev, ev, &left);
	sg_kmod_events_close(ev);
	return r < 0 ? sg_dev_fail(dev, r, "go on listening to events")
		     : SG_EXIT_OK;
}

int sg_dev_monitor_command(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' }, { 0 }
	};
	uint64_t left = 0;
	struct sg_dev dev;
	int c, r;

	while ((c = sg_getopt(t, argc, argv, "c:", options, help)) != -1)
		if (c != 'c' ||
		    !sg_parse_uint(t, "-c", optarg, 1, UINT32_MAX, &left))
			return SG_EXIT_USAGE;
	if (!sg_operands(t, argc, argv, 0, 1))
		return SG_EXIT_USAGE;
	r = sg_dev_open(t, argv[optind], false, &dev);
	if (r)
		return r;
	sg_catch_interrupt();
	r = monitor(&dev, left);
	sg_dev_close(&dev);
	return r;
}
