// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sampled drops, for whoever follows them: out of the program's ring buffer
 * (BPF_MAP_TYPE_RINGBUF), while somebody does and no longer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <json-c/json.h>

#include "daemon/bpf_sys.h"
#include "daemon/control.h"
#include "daemon/event.h"
#include "daemon/gate_private.h"

/* The program bounds each CPU, this all of them together. */
#define EVENTS_PER_SECOND 200

static struct json_object *event_json(const struct sg_gates *gs,
				      const struct sg_gate *g,
				      const struct gate_event *e)
{
	struct json_object *o = json_object_new_object();
	char from[INET6_ADDRSTRLEN] = "", label[16];

	sg_json_string(o, "interface", g->want.ifname);
	sg_json_string(o, "reason", sg_drop_name(e->reason));
	sg_json_int(o, "length", e->length);
	if (e->family && inet_ntop(e->family, e->source, from, sizeof(from))) {
		sg_json_string(o, "source", from);
		if (e->source_port)
			sg_json_int(o, "sourcePort", ntohs(e->source_port));
	}
	if (e->port)
		sg_json_int(o, "port", ntohs(e->port));
	if (e->label) {
		snprintf(label, sizeof(label), "%08x", le32toh(e->label));
		sg_json_string(o, "label", label);
	}
	sg_json_int(o, "leftOut", gs->events_left_out);
	return o;
}

static void tell(struct sg_gates *gs, const struct sg_gate *g,
		 const struct gate_event *e)
{
	uint64_t second = sg_now() / SIGNET_SECOND;
	struct json_object *o, *drop;

	if (second != gs->event_second)
		gs->events_now = 0;
	gs->event_second = second;
	if (gs->events_now++ >= EVENTS_PER_SECOND ||
	    e->reason >= SIGNET_DROP_COUNT) {
		gs->events_left_out++;
		return;
	}
	drop = event_json(gs, g, e);
	gs->events_left_out = 0;
	for (size_t i = 0; i < gs->n_followers; i++) {
		o = json_object_new_object();
		json_object_object_add(o, "drop", json_object_get(drop));
		sg_varlink_reply(gs->followers[i], o, true);
	}
	json_object_put(drop);
}

static void on_ring(void *ctx, int fd, uint32_t events)
{
	struct sg_gates *gs = ctx;
	struct sg_gate *g = NULL;
	uint64_t at, end;
	uint32_t len, size;
	const uint8_t *p;

	for (size_t i = 0; i < gs->n; i++)
		if (gs->list[i]->ring.fd == fd)
			g = gs->list[i];
	if (!g)
		return;
	at = *g->ring.consumer;
	end = __atomic_load_n(g->ring.producer, __ATOMIC_ACQUIRE);
	while (at < end) {
		p = g->ring.data + (at & (g->ring.size - 1));
		len = __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		size = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (!(len & BPF_RINGBUF_DISCARD_BIT) &&
		    size >= sizeof(struct gate_event))
			tell(gs, g, (const void *)(p + BPF_RINGBUF_HDR_SZ));
		at += (size + BPF_RINGBUF_HDR_SZ + 7) & ~7U;
		__atomic_store_n(g->ring.consumer, at, __ATOMIC_RELEASE);
	}
}

int gate_ring_open(struct sg_gates *gs, struct sg_gate *g)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct bpf_map_info info;
	uint8_t *p;
	int ret;

	ret = sg_bpf_map_info(g->maps[GATE_EVENTS], &info);
	if (ret)
		return ret;
	g->ring.size = info.max_entries;
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
		 g->maps[GATE_EVENTS], 0);
	if (p == MAP_FAILED)
		return -errno;
	g->ring.consumer = (uint64_t *)p;
	p = mmap(NULL, page + 2 * g->ring.size, PROT_READ, MAP_SHARED,
		 g->maps[GATE_EVENTS], page);
	ret = p == MAP_FAILED ? -errno : 0;
	if (!ret) {
		g->ring.producer = (const uint64_t *)p;
		g->ring.data = p + page;
		g->ring.fd = g->maps[GATE_EVENTS];
		ret = sg_loop_add(gs->node->loop, g->ring.fd, EPOLLIN, on_ring,
				  gs);
	}
	if (ret) {
		gate_ring_close(gs, g);
		return ret;
	}
	g->control->sampled = 1;
	return 0;
}

void gate_ring_close(struct sg_gates *gs, struct sg_gate *g)
{
	size_t page = sysconf(_SC_PAGESIZE);

	if (g->control)
		g->control->sampled = 0;
	if (g->ring.fd >= 0)
		sg_loop_del(gs->node->loop, g->ring.fd);
	if (g->ring.consumer)
		munmap(g->ring.consumer, page);
	if (g->ring.producer)
		munmap((void *)g->ring.producer, page + 2 * g->ring.size);
	g->ring = (struct gate_ring){ .fd = -1 };
}

static void rings(struct sg_gates *gs, bool open)
{
	for (size_t i = 0; i < gs->n; i++) {
		if (!gs->list[i]->attached)
			continue;
		if (open)
			gate_ring_open(gs, gs->list[i]);
		else
			gate_ring_close(gs, gs->list[i]);
	}
}

static void gone(void *ctx, struct sg_varlink_call *call)
{
	struct sg_node *n = ctx;
	struct sg_gates *gs = n->gates;

	for (size_t i = 0; gs && i < gs->n_followers; i++)
		if (gs->followers[i] == call) {
			gs->followers[i] = gs->followers[--gs->n_followers];
			break;
		}
	if (gs && !gs->n_followers)
		rings(gs, false);
}

int sg_gate_follow(struct sg_node *n, struct sg_varlink_call *call)
{
	struct sg_gates *gs = n->gates;

	if (!gs || !gs->n)
		return -ENOENT;
	if (gs->n_followers == GATE_FOLLOWERS_MAX)
		return -ENOSPC;
	gs->followers[gs->n_followers++] = call;
	sg_varlink_on_disconnect(call, gone, n);
	if (gs->n_followers == 1)
		rings(gs, true);
	return 0;
}

void gate_followers_end(struct sg_gates *gs)
{
	while (gs->n_followers)
		sg_varlink_fail(gs->followers[--gs->n_followers],
				"run `signet up`", "there is no gate any more");
}
