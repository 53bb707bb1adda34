// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The gate's program and its maps, from the object that is built in. */
#include <errno.h>

/* the skeleton has its types from there */
#include "daemon/gate_private.h"

#include "bpf/gate.skel.h"

static const char *const map_names[GATE_MAPS] = {
	[GATE_SETTINGS] = "settings",	[GATE_LABELS] = "labels",
	[GATE_LOCAL_ADDRS] = "locals",	[GATE_COUNTERS] = "counters",
	[GATE_BUCKET_LIST] = "buckets", [GATE_CONTROL] = ".data",
	[GATE_EVENTS] = "events",
};

_Static_assert(sizeof(struct gate_bpf__data) == sizeof(struct gate_control),
	       "the program's switches are all that it has");

struct constants {
	bool strict, frags;
};

static void configure(void *ctx, void *rodata, size_t len)
{
	const struct constants *c = ctx;
	struct gate_bpf__rodata *r = rodata;

	r->strict = c->strict;
	r->frags = c->frags;
}

int gate_load(bool strict, bool frags, int fds[GATE_MAPS], struct sg_error *err)
{
	struct sg_bpf_prog prog = { .name = "signet_gate",
				    .flags = frags ? BPF_F_XDP_HAS_FRAGS : 0 };
	struct constants constants = { strict, frags };
	struct sg_bpf_map maps[GATE_MAPS];
	struct sg_bpf_object o = { .name = "gate",
				   .progs = &prog,
				   .n_progs = 1,
				   .maps = maps,
				   .n_maps = GATE_MAPS,
				   .configure = configure,
				   .ctx = &constants };
	int ret;

	o.elf = gate_bpf__elf_bytes(&o.elf_len);
	for (int i = 0; i < GATE_MAPS; i++)
		maps[i] = (struct sg_bpf_map){ .name = map_names[i],
					       .fd = fds[i] };
	ret = sg_bpf_load(&o, err);
	for (int i = 0; i < GATE_MAPS; i++)
		fds[i] = maps[i].fd;
	return ret ? ret : prog.fd;
}
