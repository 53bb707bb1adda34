// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading, filling and attaching bpf/policy.bpf.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bpf/policy.h"
#include "bpf/policy.skel.h"
#include "common/log.h"
#include "daemon/bpf_load.h"
#include "daemon/bpf_sys.h"
#include "daemon/kernel.h"
#include "daemon/kernel_policy.h"
#include "daemon/privileges.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
/* enum bpf_attach_type since Linux 6.6 */
#define TCX_INGRESS ((enum bpf_attach_type)46)
#define TCX_EGRESS  ((enum bpf_attach_type)47)

/* Flows that are read at once. */
#define FLOWS_BATCH 512

enum { IN, OUT, N_PROGS };
enum { VERDICTS, PREFIXES, FLOWS, ASKED, REFUSALS, COUNTERS, BSS, N_MAPS };

static const struct {
	const char *name;
	bool pinned; /* what the next agent goes on with */
} map_names[N_MAPS] = {
	[VERDICTS] = { "verdicts", false }, [PREFIXES] = { "prefixes", false },
	[FLOWS] = { "flows", true },	    [ASKED] = { "asked", true },
	[REFUSALS] = { "refusals", true },  [COUNTERS] = { "counters", true },
	[BSS] = { ".bss", false },
};
static const char *const link_names[N_PROGS] = { "link-in", "link-out" };

/**
 * struct kernel_policy
 * @folder: of its pins
 * @link: of each program; -1: it is a filter, or not on the device
 * @attached: these programs are on the device
 * @active: which of the two policies is in use
 */
struct kernel_policy {
	char folder[SG_BPF_PIN_LEN];
	struct sg_bpf_prog progs[N_PROGS];
	struct sg_bpf_map maps[N_MAPS];
	int link[N_PROGS];
	bool loaded, attached;
	uint32_t active;
};

/* The same for as long as there is the device, and for no other. */
static int folder_of(uint32_t ifindex, bool create, char path[SG_BPF_PIN_LEN],
		     struct sg_error *err)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	char name[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len);
	close(fd);
	snprintf(name, sizeof(name), "policy-%llx-%u",
		 (unsigned long long)cookie, ifindex);
	return sg_bpf_folder(name, create, path, err);
}

static struct sg_bpf_object object_of(struct kernel_policy *p)
{
	struct sg_bpf_object o = {
		.name = "policy",
		.progs = p->progs,
		.n_progs = N_PROGS,
		.maps = p->maps,
		.n_maps = N_MAPS,
	};

	o.elf = policy_bpf__elf_bytes(&o.elf_len);
	return o;
}

static void policy_free(struct kernel_policy *p)
{
	struct sg_bpf_object o;

	if (!p)
		return;
	o = object_of(p);
	sg_bpf_close(&o);
	sg_bpf_close_fd(&p->link[IN]);
	sg_bpf_close_fd(&p->link[OUT]);
	free(p);
}

static struct kernel_policy *policy_new(void)
{
	struct kernel_policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->progs[IN] =
		(struct sg_bpf_prog){ .name = "signet_policy_in", .fd = -1 };
	p->progs[OUT] =
		(struct sg_bpf_prog){ .name = "signet_policy_out", .fd = -1 };
	p->link[IN] = p->link[OUT] = -1;
	for (int i = 0; i < N_MAPS; i++)
		p->maps[i] = (struct sg_bpf_map){ .name = map_names[i].name,
						  .fd = -1 };
	return p;
}

/* What an earlier agent left: links that are still on the device, flows. */
static void take_pinned(struct kernel_policy *p)
{
	for (int i = 0; i < N_MAPS; i++)
		if (map_names[i].pinned)
			p->maps[i].fd =
				sg_bpf_pinned(p->folder, map_names[i].name);
	for (int i = 0; i < N_PROGS; i++) {
		p->link[i] = sg_bpf_pinned(p->folder, link_names[i]);
		if (p->link[i] >= 0 && !sg_bpf_link_ifindex(p->link[i]))
			sg_bpf_close_fd(&p->link[i]);
	}
}

void kernel_policy_forget(uint32_t ifindex)
{
	char folder[SG_BPF_PIN_LEN];
	struct sg_error err;

	if (!folder_of(ifindex, false, folder, &err))
		sg_bpf_folder_remove(folder);
}

int kernel_policy_load(struct sg_datapath *dp)
{
	struct sg_error err = { "" };
	struct kernel_policy *p;
	struct sg_bpf_object o;
	int ret;

	if (dp->policy)
		return 0;
	p = policy_new();
	if (!p)
		return -ENOMEM;
	ret = folder_of(dp->ifindex, true, p->folder, &err);
	if (!ret) {
		if (dp->made) /* of another device that had the number */
			sg_bpf_folder_remove(p->folder);
		ret = folder_of(dp->ifindex, true, p->folder, &err);
	}
	if (!ret) {
		take_pinned(p);
		o = object_of(p);
		ret = sg_bpf_load(&o, &err);
	}
	if (ret) {
		sg_log(SG_LOG_WARNING, "Allow lines on %s: %s", dp->ifname,
		       *err.text ? err.text : strerror(-ret));
		policy_free(p);
		return ret;
	}
	dp->policy = p;
	return 0;
}

/* Nothing of it stays on the device, but that sums which are shown never become
 * smaller.
 */
static void detach(struct sg_datapath *dp)
{
	const struct sg_kmod_link off = { .set = SG_KMOD_LINK_METADATA };
	char folder[SG_BPF_PIN_LEN];
	struct sg_error err;

	if (folder_of(dp->ifindex, false, folder, &err))
		return;
	kernel_policy_drops(dp, dp->drops);
	policy_free(dp->policy);
	dp->policy = NULL;
	sg_bpf_folder_remove(folder);
	kernel_tc_detach(dp->ifindex);
	sg_kmod_link_set(dp->km, dp->ifindex, &off);
}

void kernel_policy_free(struct sg_datapath *dp, bool keep)
{
	if (!keep && dp->ifindex)
		detach(dp);
	policy_free(dp->policy);
	dp->policy = NULL;
}

static int new_map(enum bpf_map_type type, uint32_t key, uint32_t value,
		   uint32_t entries)
{
	return sg_bpf_map_create(type, key, value, entries ? entries : 1,
				 BPF_F_NO_PREALLOC);
}

static int fill_prefixes(int map, uint32_t id, const struct sg_dp_policy *e)
{
	for (size_t i = 0; i < e->n_prefixes; i++) {
		const struct sg_prefix *x = &e->prefixes[i];
		struct policy_prefix key = { .len = x->len };
		int ret;

		if (x->family == AF_INET) {
			key.len += POLICY_PREFIX4;
			key.addr[2] = htonl(0xffff);
			memcpy(&key.addr[3], x->addr, 4);
		} else {
			memcpy(key.addr, x->addr, 16);
		}
		ret = sg_bpf_map_update(map, &key, &id);
		if (ret)
			return ret;
	}
	return 0;
}

/* The kernel's numbers of peers, which metadata carries. */
static int fill(struct sg_datapath *dp, int verdicts, int prefixes,
		const struct sg_dp_policy *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct kernel_peer *k = &dp->peers[list[i].peer];
		int ret;

		if (list[i].peer >= dp->cfg.max_peers || !k->made)
			continue;
		ret = sg_bpf_map_update(verdicts, &k->id, &list[i].verdicts);
		if (!ret)
			ret = fill_prefixes(prefixes, k->id, &list[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static int activate(struct kernel_policy *p, uint32_t which)
{
	struct policy_bpf__bss bss = { .active = which };
	uint32_t zero = 0;

	if (p->maps[BSS].value_size != sizeof(bss))
		return -EPROTO;
	return sg_bpf_map_update(p->maps[BSS].fd, &zero, &bss);
}

/* The other one is filled and put in its place, whole; then it is in use. */
static int replace(struct sg_datapath *dp, const struct sg_dp_policy *list,
		   size_t n)
{
	struct kernel_policy *p = dp->policy;
	uint32_t other = !p->active, total = 0;
	int verdicts, prefixes, ret;

	for (size_t i = 0; i < n; i++)
		total += (uint32_t)list[i].n_prefixes;
	sg_privileges_bpf(true);
	verdicts = new_map(BPF_MAP_TYPE_HASH, sizeof(uint32_t),
			   sizeof(struct signet_verdicts), (uint32_t)n);
	prefixes = new_map(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct policy_prefix),
			   sizeof(uint32_t), total);
	sg_privileges_bpf(false);
	ret = verdicts < 0 ? verdicts : prefixes < 0 ? prefixes : 0;
	if (!ret)
		ret = fill(dp, verdicts, prefixes, list, n);
	if (!ret)
		ret = sg_bpf_map_update(p->maps[PREFIXES].fd, &other,
					&prefixes);
	if (!ret)
		ret = sg_bpf_map_update(p->maps[VERDICTS].fd, &other,
					&verdicts);
	if (!ret)
		ret = activate(p, other);
	if (!ret) {
		p->active = other;
		/* Such an update waits for all packets that are under way: now
		 * none is left that may meet half of what comes next.
		 */
		ret = sg_bpf_map_update(p->maps[VERDICTS].fd, &other,
					&verdicts);
	}
	sg_bpf_close_fd(&verdicts);
	sg_bpf_close_fd(&prefixes);
	return ret;
}

static int attach_one(struct sg_datapath *dp, int i)
{
	struct kernel_policy *p = dp->policy;
	int fd = p->progs[i].fd, ret;

	if (p->link[i] >= 0)
		return sg_bpf_link_update(p->link[i], fd);
	ret = sg_bpf_link_create(fd, (int)dp->ifindex,
				 i == IN ? TCX_INGRESS : TCX_EGRESS, 0);
	if (ret == -EINVAL) /* before Linux 6.6 */
		return kernel_tc_attach(dp->ifindex, i == OUT, fd);
	if (ret < 0)
		return ret;
	p->link[i] = ret;
	return sg_bpf_pin(p->folder, link_names[i], ret);
}

static int attach(struct sg_datapath *dp)
{
	const struct sg_kmod_link on = { .set = SG_KMOD_LINK_METADATA,
					 .metadata = true };
	struct kernel_policy *p = dp->policy;
	int ret = sg_kmod_link_set(dp->km, dp->ifindex, &on);

	for (int i = 0; !ret && i < N_MAPS; i++)
		if (map_names[i].pinned)
			ret = sg_bpf_pin(p->folder, map_names[i].name,
					 p->maps[i].fd);
	for (int i = 0; !ret && i < N_PROGS; i++)
		ret = attach_one(dp, i);
	if (ret)
		return ret;
	p->attached = true;
	sg_log(SG_LOG_INFO, "Allow lines: tc programs on %s, %s", dp->ifname,
	       p->link[IN] >= 0 ? "tcx" : "clsact");
	return 0;
}

int kernel_policy_set(struct sg_datapath *dp, const struct sg_dp_policy *list,
		      size_t n)
{
	int ret;

	if (dp->left)
		return 0;
	if (!n) {
		detach(dp);
		return 0;
	}
	ret = kernel_policy_load(dp);
	if (!ret)
		ret = replace(dp, list, n);
	if (!ret && !dp->policy->attached)
		ret = attach(dp);
	return ret;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * KERNEL_SECOND + (uint64_t)ts.tv_nsec;
}

/* Return: whether it is of a peer that we know */
static bool to_flow(struct sg_datapath *dp, const struct signet_flow_key *key,
		    const struct policy_flow *f, uint64_t now,
		    struct sg_dp_flow *out)
{
	void *peer = sg_map_get(&dp->by_peer, key->peer);

	if (!peer)
		return false;
	*out = (struct sg_dp_flow){
		.key = *key,
		.verdict = (enum sg_dp_verdict)f->verdict,
		.packets = f->packets,
		.bytes = f->bytes,
		.idle_ns = now > f->last_ns ? now - f->last_ns : 0,
	};
	out->key.peer = (uint32_t)(uintptr_t)peer - 1;
	return true;
}

/* One call for many: a full table takes a second one by one, and the loop waits. */
static size_t read_flows(struct sg_datapath *dp, int map,
			 struct sg_dp_flow *out, size_t cap)
{
	static struct signet_flow_key keys[FLOWS_BATCH];
	static struct policy_flow flows[FLOWS_BATCH];
	uint32_t next, from, got;
	uint64_t now = now_ns();
	bool first = true;
	size_t n = 0;
	int ret;

	do {
		got = FLOWS_BATCH;
		ret = sg_bpf_map_batch(map, first ? NULL : &from, &next, keys,
				       flows, &got);
		for (uint32_t i = 0; i < got && n < cap; i++)
			n += to_flow(dp, &keys[i], &flows[i], now, &out[n]);
		first = false;
		from = next;
	} while (!ret && n < cap);
	return n;
}

size_t kernel_policy_flows(struct sg_datapath *dp, struct sg_dp_flow *out,
			   size_t cap)
{
	struct kernel_policy *p = dp->policy;
	size_t n;

	if (!p)
		return 0;
	n = read_flows(dp, p->maps[ASKED].fd, out, cap);
	return n + read_flows(dp, p->maps[FLOWS].fd, out + n, cap - n);
}

void kernel_policy_refused(struct sg_datapath *dp, uint32_t peer,
			   uint64_t d[SIGNET_DROP_COUNT])
{
	struct policy_refusal key;
	uint64_t n;

	if (!dp->policy || peer >= dp->cfg.max_peers || !dp->peers[peer].made)
		return;
	key.peer = dp->peers[peer].id;
	for (uint32_t i = 1; i < SIGNET_DROP_COUNT; i++) {
		key.reason = i;
		if (!sg_bpf_map_lookup(dp->policy->maps[REFUSALS].fd, &key, &n))
			d[i] += n;
	}
}

void kernel_policy_drops(struct sg_datapath *dp, uint64_t d[SIGNET_DROP_COUNT])
{
	struct policy_counters *each;
	uint32_t zero = 0;
	int cpus;

	if (!dp->policy)
		return;
	cpus = sg_bpf_possible_cpus();
	each = cpus > 0 ? calloc((size_t)cpus, sizeof(*each)) : NULL;
	if (each &&
	    !sg_bpf_map_lookup(dp->policy->maps[COUNTERS].fd, &zero, each))
		for (int cpu = 0; cpu < cpus; cpu++)
			for (int i = 0; i < SIGNET_DROP_COUNT; i++)
				d[i] += each[cpu].dropped[i];
	free(each);
}

_Static_assert((int)SG_DP_FLOW_ALLOWED == POLICY_ALLOWED &&
		       (int)SG_DP_FLOW_BEGUN == POLICY_BEGUN &&
		       (int)SG_DP_FLOW_DENIED == POLICY_DENIED,
	       "verdicts have the same numbers");
