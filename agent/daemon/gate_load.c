// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The gate's program and its maps, from the object that is built in. */
#include <errno.h>

/* the skeleton has its types from there */
#include "daemon/gate_private.h"

#include "bpf/gate.skel.h"
#include "bpf/gate_beside.skel.h"

static const char *const map_names[GATE_MAPS] = {
	[GATE_SETTINGS] = "settings",	[GATE_LABELS] = "labels",
	[GATE_LOCAL_ADDRS] = "locals",	[GATE_COUNTERS] = "counters",
	[GATE_BUCKET_LIST] = "buckets", [GATE_CONTROL] = ".data",
	[GATE_EVENTS] = "events",
};

_Static_assert(sizeof(struct gate_bpf__data) == sizeof(struct gate_control),
	       "the program's switches are all that it has");

_Static_assert(sizeof(struct gate_beside_bpf__data) ==
		       sizeof(struct gate_control),
	       "and that of the other one");

/**
 * struct variant - how the program is to be
 * @load: what loads it, NULL: libbpf
 */
struct variant {
	bool strict, frags;
	int (*load)(void *ctx, struct bpf_object *obj);
	void *ctx;
};

static void configure(void *ctx, void *rodata, size_t len)
{
	const struct variant *v = ctx;
	struct gate_bpf__rodata *r = rodata;

	_Static_assert(sizeof(*r) == sizeof(struct gate_beside_bpf__rodata),
		       "the other one has the same constants");
	r->strict = v->strict;
	r->frags = v->frags;
}

static int load(void *ctx, struct bpf_object *obj)
{
	const struct variant *v = ctx;

	return v->load(v->ctx, obj);
}

static int load_variant(struct variant *v, int fds[GATE_MAPS],
			struct sg_error *err)
{
	struct sg_bpf_prog prog = { .name = "signet_gate",
				    .flags = v->frags && !v->load
						     ? BPF_F_XDP_HAS_FRAGS
						     : 0 };
	struct sg_bpf_map maps[GATE_MAPS];
	struct sg_bpf_object o = { .name = "gate",
				   .progs = &prog,
				   .n_progs = 1,
				   .maps = maps,
				   .n_maps = GATE_MAPS,
				   .configure = configure,
				   .load = v->load ? load : NULL,
				   .ctx = v };
	int ret;

	o.elf = v->load ? gate_beside_bpf__elf_bytes(&o.elf_len)
			: gate_bpf__elf_bytes(&o.elf_len);
	for (int i = 0; i < GATE_MAPS; i++)
		maps[i] = (struct sg_bpf_map){ .name = map_names[i],
					       .fd = fds[i] };
	ret = sg_bpf_load(&o, err);
	for (int i = 0; i < GATE_MAPS; i++)
		fds[i] = maps[i].fd;
	return ret ? ret : prog.fd;
}

int gate_load(bool strict, bool frags, int maps[GATE_MAPS],
	      struct sg_error *err)
{
	struct variant v = { .strict = strict, .frags = frags };

	return load_variant(&v, maps, err);
}

int gate_load_beside(bool strict, int (*fn)(void *ctx, struct bpf_object *obj),
		     void *ctx, int maps[GATE_MAPS], struct sg_error *err)
{
	struct variant v = {
		.strict = strict, .frags = true, .load = fn, .ctx = ctx
	};

	return load_variant(&v, maps, err);
}
