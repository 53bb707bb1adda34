// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The gate beside other XDP programs: libxdp's dispatcher calls one after the
 * other. libxdp is loaded when it is needed, and there is no need of it to build.
 *
 * Descriptors of what others loaded need CAP_SYS_ADMIN, and what root pinned
 * CAP_DAC_OVERRIDE: the agent has neither unless it is told to.
 */
#include <dlfcn.h>
#include <errno.h>

#include "daemon/bpf_sys.h"
#include "daemon/gate_private.h"
#include "daemon/library.h"
#include "daemon/privileges.h"

/* enum xdp_attach_mode of libxdp */
enum { MODE_NATIVE = 1, MODE_GENERIC = 2 };

struct xdp_program;
struct xdp_multiprog;

struct library {
	void *handle;
	void *(*set_print)(void *fn);
	long (*get_error)(const void *ptr);
	struct xdp_program *(*from_bpf_obj)(struct bpf_object *obj,
					    const char *section);
	int (*set_frags)(struct xdp_program *p, bool frags);
	int (*attach)(struct xdp_program *p, int ifindex, int mode,
		      unsigned int flags);
	int (*detach)(struct xdp_program *p, int ifindex, int mode,
		      unsigned int flags);
	void (*close)(struct xdp_program *p);
	uint32_t (*id)(const struct xdp_program *p);
	struct xdp_multiprog *(*of_ifindex)(int ifindex);
	struct xdp_program *(*next)(const struct xdp_program *p,
				    const struct xdp_multiprog *all);
	bool (*is_legacy)(const struct xdp_multiprog *all);
	int (*mode)(const struct xdp_multiprog *all);
	void (*close_all)(struct xdp_multiprog *all);
};

static int library_open(struct library *l, struct sg_error *err)
{
	const struct sg_symbol symbols[] = {
		{ "libxdp_set_print", &l->set_print },
		{ "libxdp_get_error", &l->get_error },
		{ "xdp_program__from_bpf_obj", &l->from_bpf_obj },
		{ "xdp_program__set_xdp_frags_support", &l->set_frags },
		{ "xdp_program__attach", &l->attach },
		{ "xdp_program__detach", &l->detach },
		{ "xdp_program__close", &l->close },
		{ "xdp_program__id", &l->id },
		{ "xdp_multiprog__get_from_ifindex", &l->of_ifindex },
		{ "xdp_multiprog__next_prog", &l->next },
		{ "xdp_multiprog__is_legacy", &l->is_legacy },
		{ "xdp_multiprog__attach_mode", &l->mode },
		{ "xdp_multiprog__close", &l->close_all },
	};
	void *(*libbpf_set_print)(void *fn);

	l->handle = sg_library_open("libxdp.so.1", "libxdp1", symbols,
				    sizeof(symbols) / sizeof(symbols[0]), err);
	if (!l->handle)
		return -ENOPKG;
	l->set_print(sg_library_print);
	/* of the libbpf that it uses; the same types and levels */
	*(void **)&libbpf_set_print = dlsym(l->handle, "libbpf_set_print");
	if (libbpf_set_print)
		libbpf_set_print(sg_library_print);
	return 0;
}

static int open_all(struct library *l, struct sg_error *err)
{
	int ret = library_open(l, err);

	if (!ret)
		sg_privileges_dispatcher(true);
	return ret;
}

static void close_all(struct library *l)
{
	sg_privileges_dispatcher(false);
	dlclose(l->handle);
}

bool gate_dispatcher_wanted(void)
{
	struct library l;

	if (!sg_privileges_for_dispatcher() || library_open(&l, NULL))
		return false;
	dlclose(l.handle);
	return true;
}

/* What is in front of the interface, NULL: nothing. */
static struct xdp_multiprog *all_of(struct library *l, uint32_t ifindex)
{
	struct xdp_multiprog *all = l->of_ifindex((int)ifindex);

	return !all || l->get_error(all) ? NULL : all;
}

static struct xdp_program *find(struct library *l, struct xdp_multiprog *all,
				uint32_t id)
{
	struct xdp_program *p = NULL;

	while ((p = l->next(p, all)))
		if (l->id(p) == id)
			break;
	return p;
}

/* Where the kernel or libxdp can't do it, libxdp attaches the program alone. */
static bool is_alone(struct library *l, uint32_t ifindex)
{
	struct xdp_multiprog *all = all_of(l, ifindex);
	bool alone = !all || l->is_legacy(all);

	if (all)
		l->close_all(all);
	return alone;
}

struct place {
	struct library *l;
	uint32_t ifindex;
	bool generic;
};

/* It loads the program, too, as one that takes a place of the dispatcher's. */
static int attach(void *ctx, struct bpf_object *obj)
{
	const struct place *at = ctx;
	int mode = at->generic ? MODE_GENERIC : MODE_NATIVE, ret;
	struct library *l = at->l;
	struct xdp_program *p;

	/* loading asked for less */
	sg_privileges_dispatcher(true);
	p = l->from_bpf_obj(obj, "xdp");
	ret = (int)l->get_error(p);
	if (ret)
		return ret;
	/* the dispatcher takes several buffers if all its programs do */
	ret = l->set_frags(p, true);
	if (!ret)
		ret = l->attach(p, (int)at->ifindex, mode, 0);
	if (!ret && is_alone(l, at->ifindex)) {
		l->detach(p, (int)at->ifindex, mode, 0);
		ret = -EOPNOTSUPP;
	}
	l->close(p);
	return ret;
}

int gate_dispatcher_add(uint32_t ifindex, bool generic, bool strict,
			int maps[GATE_MAPS], struct sg_error *err)
{
	struct xdp_multiprog *all;
	struct library l;
	struct place at = { .l = &l, .ifindex = ifindex, .generic = generic };
	bool other = false;
	int ret;

	ret = open_all(&l, err);
	if (ret)
		return ret;
	all = all_of(&l, ifindex);
	if (all) {
		other = l.is_legacy(all);
		l.close_all(all);
	}
	ret = other ? sg_err(err, EBUSY,
			     "what is there is not in libxdp's dispatcher")
		    : gate_load_beside(strict, attach, &at, maps, err);
	close_all(&l);
	return ret;
}

/* Return: 0, and @id is that of @prog */
static int id_of(int prog, uint32_t *id)
{
	struct bpf_prog_info info;
	int ret = sg_bpf_prog_info(prog, &info);

	*id = info.id;
	return ret;
}

bool gate_dispatcher_has(uint32_t ifindex, int prog)
{
	struct xdp_multiprog *all;
	struct library l;
	bool has = false;
	uint32_t id;

	if (id_of(prog, &id) || open_all(&l, NULL))
		return false;
	all = all_of(&l, ifindex);
	if (all) {
		has = !l.is_legacy(all) && find(&l, all, id);
		l.close_all(all);
	}
	close_all(&l);
	return has;
}

int gate_dispatcher_del(uint32_t ifindex, int prog)
{
	struct xdp_multiprog *all;
	struct xdp_program *p;
	struct library l;
	int ret = 0;
	uint32_t id;

	ret = id_of(prog, &id);
	if (!ret)
		ret = open_all(&l, NULL);
	if (ret)
		return ret;
	all = all_of(&l, ifindex);
	if (all) {
		p = l.is_legacy(all) ? NULL : find(&l, all, id);
		if (p)
			ret = l.detach(p, (int)ifindex, l.mode(all), 0);
		l.close_all(all);
	}
	close_all(&l);
	return ret;
}
