// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The program in front of an interface: by a link, which is pinned with the
 * maps, so that it outlives the agent. The maps are right before the program
 * sees a packet; pins come last.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/bpf_sys.h"
#include "daemon/gate_private.h"
#include "daemon/node.h"

static const struct {
	const char *name;
	bool frags;
	uint32_t flags;
} modes[GATE_MODES] = {
	[GATE_NATIVE] = { "native", false, XDP_FLAGS_DRV_MODE },
	[GATE_FRAGS] = { "native multi-buffer", true, XDP_FLAGS_DRV_MODE },
	[GATE_GENERIC] = { "generic", false, XDP_FLAGS_SKB_MODE },
};

/* NULL: not pinned */
static const char *const pins[GATE_MAPS] = {
	[GATE_SETTINGS] = "settings",	[GATE_LABELS] = "labels",
	[GATE_LOCAL_ADDRS] = "locals",	[GATE_COUNTERS] = "counters",
	[GATE_BUCKET_LIST] = "buckets", [GATE_CONTROL] = "control",
};

const char *gate_mode_name(const struct sg_gate *g)
{
	if (g->prog >= 0)
		return g->mode == GATE_GENERIC ? "generic, in a dispatcher"
					       : "native, in a dispatcher";
	return modes[g->mode].name;
}

static bool is_there(const struct sg_gate *g)
{
	return g->link >= 0 || g->prog >= 0;
}

void gate_release(struct sg_gates *gs, struct sg_gate *g)
{
	gate_ring_close(gs, g);
	if (g->control)
		munmap((void *)g->control, sizeof(*g->control));
	g->control = NULL;
	for (int i = 0; i < GATE_MAPS; i++)
		sg_bpf_close_fd(&g->maps[i]);
	sg_bpf_close_fd(&g->link);
	sg_bpf_close_fd(&g->prog);
	g->attached = false;
}

/* Its counters go with it: sums that are shown never become smaller. */
static void keep_drops(struct sg_gates *gs, const struct sg_gate *g)
{
	struct gate_counters c;

	if (!g->attached || gate_counters_sum(gs, g, &c))
		return;
	for (int i = 0; i < SIGNET_DROP_COUNT; i++)
		gs->node->drops[i] += c.dropped[i];
}

void gate_remove(struct sg_gates *gs, struct sg_gate *g)
{
	int ret = 0;

	keep_drops(gs, g);
	if (g->link >= 0)
		sg_bpf_link_detach(g->link);
	else if (g->prog >= 0)
		ret = gate_dispatcher_del(g->ifindex, g->prog);
	if (ret)
		sg_log(SG_LOG_ERR, "gate %s: it stays in the dispatcher: %s",
		       g->want.ifname, strerror(-ret));
	if (g->folder[0])
		sg_bpf_folder_remove(g->folder);
	g->folder[0] = '\0';
	gate_release(gs, g);
}

static void open_maps(struct sg_gate *g)
{
	for (int i = 0; i < GATE_MAPS; i++) {
		if (!pins[i])
			continue;
		sg_bpf_close_fd(&g->maps[i]);
		g->maps[i] = sg_bpf_pinned(g->folder, pins[i]);
	}
}

bool gate_in_place(const struct sg_gate *g)
{
	if (g->prog >= 0)
		return gate_dispatcher_has(g->ifindex, g->prog);
	return g->link >= 0 && sg_bpf_link_ifindex(g->link) == (int)g->ifindex;
}

/* What is pinned for this interface, if it is there: link and maps. */
static void open_pins(struct sg_gates *gs, struct sg_gate *g)
{
	char name[96];

	gate_folder_name(gs, g->ifindex, name);
	if (sg_bpf_folder(name, false, g->folder, NULL)) {
		g->folder[0] = '\0';
		return;
	}
	g->link = sg_bpf_pinned(g->folder, "link");
	g->prog = sg_bpf_pinned(g->folder, "program");
	if (!gate_in_place(g)) {
		gate_remove(gs, g);
		return;
	}
	open_maps(g);
}

static int map_control(struct sg_gate *g)
{
	if (g->control)
		munmap((void *)g->control, sizeof(*g->control));
	g->control =
		sg_bpf_map_mmap(g->maps[GATE_CONTROL], sizeof(*g->control));
	return g->control ? 0 : -ENOMEM;
}

/* A program with maps that are right. Return: its descriptor or -errno */
static int ready(struct sg_gates *gs, struct sg_gate *g, int mode,
		 struct sg_error *err)
{
	int prog = gate_load(g->want.strict, modes[mode].frags, g->maps, err);
	int ret;

	if (prog < 0)
		return prog;
	ret = map_control(g);
	if (!ret)
		ret = gate_fill(gs, g);
	if (!ret)
		return prog;
	close(prog);
	return sg_err(err, -ret, "its maps cannot be filled: %s",
		      strerror(-ret));
}

static void note_step(struct sg_gate *g, const char *where, int mode, int ret)
{
	size_t used = strlen(g->tried);

	snprintf(g->tried + used, sizeof(g->tried) - used, "%s%s%s: %s",
		 used ? "; " : "", where, modes[mode].name, strerror(-ret));
	sg_log(SG_LOG_INFO, "gate %s: %s%s: %s", g->want.ifname, where,
	       modes[mode].name, strerror(-ret));
}

/* Another one's program is not to be pushed aside. */
static int occupied(const struct sg_gate *g, const struct gate_link *l,
		    struct sg_error *err)
{
	const char *beside = strstr(g->tried, "dispatcher");
	char name[96];

	if (!l->prog)
		return 0;
	if (gate_foreign(g->ifindex, name))
		return sg_err(err, EBUSY,
			      "%s has the gate of another identity: detach it "
			      "there, or, if no such node runs any more, "
			      "`rm -r " SG_BPF_PINS "/%s`",
			      g->want.ifname, name);
	return sg_err(err, EBUSY,
		      "%s has another XDP program (number %u, %s): see "
		      "`bpftool net`; take it off with `ip link set dev %s %s "
		      "off` if it is not needed%s%s",
		      g->want.ifname, l->prog,
		      l->generic ? "generic" : "native", g->want.ifname,
		      l->generic ? "xdpgeneric" : "xdp",
		      beside ? "; beside it: " : "", beside ? beside : "");
}

/*
 * The kinds to try. What a native program on a veth sends back lies around until
 * the other end polls, which it does for itself only where it has an XDP program
 * too, and that cannot be seen from here.
 */
static void kinds(struct sg_gate *g, const struct gate_link *l, int *first,
		  int *last)
{
	*first = g->want.mode == SG_GATE_GENERIC ? GATE_GENERIC : GATE_NATIVE;
	*last = g->want.mode == SG_GATE_NATIVE ? GATE_FRAGS : GATE_GENERIC;
	if (g->want.mode == SG_GATE_AUTO && l->veth)
		*first = GATE_GENERIC;
}

/* Where the program looks for headers, there must be some. */
static int headers(const struct sg_gate *g, const struct gate_link *l,
		   struct sg_error *err)
{
	if (l->ethernet)
		return 0;
	return sg_err(err, EOPNOTSUPP,
		      "%s has no Ethernet headers, by which the gate finds its "
		      "way: attach it to the interface below, if there is one",
		      g->want.ifname);
}

/* In a dispatcher. One that is there has its kind; and in place of @old, if that
 * is not -1, which goes when the new one is there.
 */
static int put_beside(struct sg_gates *gs, struct sg_gate *g,
		      const struct gate_link *l, int old, struct sg_error *err)
{
	int mode, last, prog, ret = -EOPNOTSUPP;

	kinds(g, l, &mode, &last);
	if (l->prog)
		mode = last = l->generic ? GATE_GENERIC : GATE_NATIVE;
	for (; mode <= last; mode++) {
		if (mode == GATE_FRAGS) /* it always is */
			continue;
		prog = ready(gs, g, mode, err);
		if (prog < 0)
			return prog;
		close(prog);
		ret = gate_dispatcher_add(g->ifindex, mode == GATE_GENERIC,
					  g->want.strict, g->maps, err);
		if (ret < 0) {
			note_step(g, "dispatcher, ", mode, ret);
			continue;
		}
		if (old >= 0) {
			gate_dispatcher_del(g->ifindex, old);
			close(old);
		}
		g->prog = ret;
		g->mode = mode;
		return 0;
	}
	return ret;
}

static int attach_new(struct sg_gates *gs, struct sg_gate *g,
		      const struct gate_link *l, struct sg_error *err)
{
	int ret = headers(g, l, err), prog, mode, last;

	if (ret)
		return ret;
	kinds(g, l, &mode, &last);
	g->tried[0] = '\0';
	if (g->want.mode == SG_GATE_AUTO && l->veth)
		strcpy(g->tried,
		       "native: on a veth its answers may never leave");
	if (gate_dispatcher_wanted() && !put_beside(gs, g, l, -1, err))
		return 0;
	ret = occupied(g, l, err);
	if (ret)
		return ret;
	for (; mode <= last; mode++) {
		prog = ready(gs, g, mode, err);
		if (prog < 0)
			return prog;
		g->link = sg_bpf_link_create(prog, (int)g->ifindex, BPF_XDP,
					     modes[mode].flags);
		close(prog);
		if (g->link >= 0) {
			g->mode = mode;
			return 0;
		}
		note_step(g, "", mode, g->link);
	}
	ret = g->link;
	g->link = -1;
	return sg_err(err, -ret, "%s takes no XDP program: %s", g->want.ifname,
		      g->tried);
}

/* In place of the one that is there: no packet comes in between. */
static int replace(struct sg_gates *gs, struct sg_gate *g,
		   const struct gate_link *l, struct sg_error *err)
{
	int mode = l->generic ? GATE_GENERIC : GATE_NATIVE;
	int last = l->generic ? GATE_GENERIC : GATE_FRAGS;
	int prog, ret = -ENODEV;

	if (g->prog >= 0)
		return put_beside(gs, g, l, g->prog, err);
	for (; mode <= last; mode++) {
		prog = ready(gs, g, mode, err);
		if (prog < 0)
			return prog;
		ret = sg_bpf_link_update(g->link, prog);
		close(prog);
		if (!ret) {
			g->mode = mode;
			return 0;
		}
	}
	return sg_err(err, -ret, "the program on %s cannot be replaced: %s",
		      g->want.ifname, strerror(-ret));
}

/* A link keeps its kind: where another is asked for, it has to go first. */
static bool other_kind(const struct sg_gate *g, const struct gate_link *l)
{
	return (g->want.mode == SG_GATE_NATIVE && l->generic) ||
	       (g->want.mode == SG_GATE_GENERIC && !l->generic);
}

static int pin_all(struct sg_gates *gs, struct sg_gate *g, struct sg_error *err)
{
	char name[96];
	int ret;

	gate_folder_name(gs, g->ifindex, name);
	ret = sg_bpf_folder(name, true, g->folder, err);
	if (ret)
		return ret;
	for (int i = 0; !ret && i < GATE_MAPS; i++)
		if (pins[i])
			ret = sg_bpf_pin(g->folder, pins[i], g->maps[i]);
	if (!ret)
		ret = g->prog >= 0 ? sg_bpf_pin(g->folder, "program", g->prog)
				   : sg_bpf_pin(g->folder, "link", g->link);
	return ret ? sg_err(err, -ret, "%s: %s", g->folder, strerror(-ret)) : 0;
}

/* Can the program of an earlier agent be fed by this one? */
static bool maps_fit(const struct sg_gate *g)
{
	static const uint32_t sizes[GATE_MAPS] = {
		[GATE_SETTINGS] = sizeof(struct gate_settings),
		[GATE_LABELS] = sizeof(struct gate_label),
		[GATE_LOCAL_ADDRS] = sizeof(uint32_t),
		[GATE_COUNTERS] = sizeof(struct gate_counters),
		[GATE_BUCKET_LIST] = sizeof(struct gate_bucket),
		[GATE_CONTROL] = sizeof(struct gate_control),
	};
	struct bpf_map_info info;

	for (int i = 0; i < GATE_MAPS; i++)
		if (pins[i] && (sg_bpf_map_info(g->maps[i], &info) ||
				info.value_size != sizes[i]))
			return false;
	return true;
}

static int put_program(struct sg_gates *gs, struct sg_gate *g,
		       struct sg_error *err)
{
	struct gate_link l;
	bool before;
	int ret;

	if (!is_there(g))
		open_pins(gs, g);
	ret = gate_link_get(NULL, g->ifindex, &l);
	if (ret)
		return sg_err(err, -ret, "%s: %s", g->want.ifname,
			      strerror(-ret));
	if (is_there(g) && other_kind(g, &l)) {
		gate_remove(gs, g);
		gate_link_get(NULL, g->ifindex, &l);
	}
	before = is_there(g);
	ret = before ? replace(gs, g, &l, err) : attach_new(gs, g, &l, err);
	if (ret && before && !g->attached)
		open_maps(g); /* its own, where ours came in their place */
	if (!ret)
		ret = pin_all(gs, g, err);
	if (ret && g->attached)
		return ret;
	/* better the earlier agent's program than none */
	if (ret && before && maps_fit(g) && !map_control(g) &&
	    !gate_fill(gs, g)) {
		sg_log(SG_LOG_ERR, "gate %s: %s; the one before stays",
		       g->want.ifname, err->text);
		ret = 0;
	}
	if (ret) {
		gate_remove(gs, g);
		return ret;
	}
	if (!g->since)
		g->since = sg_now();
	g->attached = true;
	sg_log(SG_LOG_NOTICE, "gate %s: %s, %s%s", g->want.ifname,
	       gate_mode_name(g), g->want.strict ? "strict" : "open",
	       before ? ", in place of the one before" : "");
	return 0;
}

int gate_put(struct sg_gates *gs, struct sg_gate *g, struct sg_error *err)
{
	int ret;

	/* maps come to have other descriptors: the loop is to know neither */
	gate_ring_close(gs, g);
	ret = put_program(gs, g, err);
	if (g->attached && gs->n_followers)
		gate_ring_open(gs, g);
	return ret;
}

/* what an earlier agent left ------------------------------------------------ */

static void settings_of(const struct gate_settings *s, struct sg_config_gate *c)
{
	for (uint32_t i = 0; i < s->n_allow && i < GATE_ALLOW; i++) {
		const struct gate_allow *a = &s->allow[i];
		struct sg_gate_allow *out = &c->allow[c->n_allow++];
		const uint8_t *mask = (const uint8_t *)a->mask;

		*out = (struct sg_gate_allow){ .proto = a->proto,
					       .first = a->first,
					       .last = a->last };
		if (!a->family)
			continue;
		out->from.family = a->family;
		memcpy(out->from.addr, a->prefix, sizeof(out->from.addr));
		for (int bit = 0; bit < 128; bit++)
			out->from.len += mask[bit / 8] >> (7 - bit % 8) & 1;
	}
}

int gate_adopt(struct sg_gates *gs, uint32_t ifindex, struct sg_gate *g)
{
	static struct gate_settings s;
	struct gate_link l;
	uint32_t which;
	int ret;

	g->ifindex = ifindex;
	open_pins(gs, g);
	if (!g->folder[0])
		return -ENOENT;
	ret = gate_link_get(NULL, ifindex, &l);
	if (ret)
		return ret;
	strcpy(g->want.ifname, l.name);
	g->mtu = l.mtu;
	ret = maps_fit(g) ? map_control(g) : -EPROTO;
	if (ret)
		return ret;
	which = g->control->active & 1;
	ret = sg_bpf_map_lookup(g->maps[GATE_SETTINGS], &which, &s);
	g->want.strict = g->control->flags & GATE_STRICT;
	g->want.always = g->control->flags & GATE_HELD;
	g->by_command = g->control->flags & GATE_BY_COMMAND;
	g->trial_ends = g->control->trial_ends;
	if (!ret)
		settings_of(&s, &g->want);
	sodium_memzero(&s, sizeof(s));
	return ret;
}
