/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the gate's source files share. */
#ifndef SG_GATE_PRIVATE_H
#define SG_GATE_PRIVATE_H

#include <netinet/in.h>

#include "bpf/gate.h"
#include "daemon/bpf_load.h"
#include "daemon/gate.h"
#include "daemon/loop.h"

#define GATE_FOLLOWERS_MAX 16

/* Steps of attaching, the best one first. */
enum gate_mode { GATE_NATIVE, GATE_FRAGS, GATE_GENERIC, GATE_MODES };

/* The maps that an agent has in hand. */
enum gate_map {
	GATE_SETTINGS,
	GATE_LABELS,
	GATE_LOCAL_ADDRS,
	GATE_COUNTERS,
	GATE_BUCKET_LIST,
	GATE_CONTROL,
	GATE_EVENTS, /* not pinned: each program has its own */
	GATE_MAPS
};

/* The ring buffer of events, see gate_event.c. */
struct gate_ring {
	int fd;
	uint64_t *consumer;
	const uint64_t *producer;
	const uint8_t *data;
	size_t size;
};

/* An interface, as rtnetlink has it. */
struct gate_link {
	char name[16];
	uint32_t ifindex, mtu;
	uint32_t prog; /* of XDP, 0: none */
	bool generic;
	bool veth;
	bool ethernet; /* has such headers */
};

/**
 * struct sg_gate - one interface
 * @want: how it is to be
 * @ifindex: 0: there is no such interface at present
 * @by_command: else by the configuration
 * @attached: a program is there, and the maps
 * @mode: how
 * @tried: what was tried before that, and why not; ""
 * @error: why it is not attached; ""
 * @failed: what the interface was like then: until that is another, it would fail
 *	again
 * @control: the program's switches, in memory shared with it
 */
struct sg_gate {
	struct sg_config_gate want;
	uint32_t ifindex;
	uint32_t mtu;
	__be32 own_ip4;
	bool by_command;
	bool attached;
	enum gate_mode mode;
	char tried[256];
	char error[512];
	struct gate_link failed;
	char folder[SG_BPF_PIN_LEN];
	uint64_t since;
	uint64_t trial_ends;
	int link; /* -1: it has none, or is in a dispatcher */
	int prog; /* in a dispatcher, or -1 */
	int maps[GATE_MAPS];
	volatile struct gate_control *control;
	struct gate_ring ring;
};

/**
 * struct sg_gates - of a node
 * @ports: in use; [1]: of a data path that is being left, or 0
 * @refresh: while one is attached: cookie secrets, and load while there is any
 * @sweep: labels of an earlier agent's channels go when these have ended
 * @locals: this host's addresses, sorted
 */
struct sg_gates {
	struct sg_node *node;
	struct sg_gate *list[SG_CONFIG_GATES_MAX];
	size_t n;
	uint16_t ports[2];
	uint8_t bucket_secret[16];
	int cpus;

	bool loaded;
	unsigned int calm; /* looks without load */
	uint64_t challenged;
	struct sg_timer refresh;
	struct sg_timer sweep;
	struct sg_timer trial;

	int watch; /* netlink socket, or -1 */
	struct sg_timer changed;
	struct gate_local *locals;
	size_t n_locals;

	struct sg_varlink_call *followers[GATE_FOLLOWERS_MAX];
	size_t n_followers;
	uint64_t event_second;
	uint32_t events_now;
	uint64_t events_left_out;
};

/* gate.c */
int gate_make(struct sg_node *n);
struct sg_gate *gate_find(const struct sg_gates *gs, const char *ifname);
/** gate_add() - an empty one; NULL: there are too many */
struct sg_gate *gate_add(struct sg_gates *gs);
void gate_del(struct sg_gates *gs, struct sg_gate *g);
/** gate_change() - Return: 0, or what was so before still is so */
int gate_change(struct sg_gates *gs, struct sg_gate *g,
		const struct sg_config_gate *want, bool by_command,
		uint64_t trial_ends, struct sg_error *err);
int gate_configure(struct sg_gates *gs, const struct sg_config_gate *c,
		   struct sg_error *err);
uint16_t gate_port_of(const struct sg_node *n);
void gate_host_changed(struct sg_gates *gs);

/* gate_command.c */
void gate_arm_trial(struct sg_gates *gs);

/* gate_load.c */

/**
 * gate_load() - load the program
 * @maps: to be used where they fit, -1: none; receives those in use
 * Return: the program's descriptor or -errno
 */
int gate_load(bool strict, bool frags, int maps[GATE_MAPS],
	      struct sg_error *err);

/** gate_load_beside() - the same, for a place in libxdp's dispatcher: it comes in
 * several buffers, and its answers are as long as what they answer
 * @fn: loads it
 */
int gate_load_beside(bool strict, int (*fn)(void *ctx, struct bpf_object *obj),
		     void *ctx, int maps[GATE_MAPS], struct sg_error *err);

/* gate_dispatcher.c */

/** gate_dispatcher_wanted() - libxdp is there, and the agent may use it */
bool gate_dispatcher_wanted(void);
/** gate_dispatcher_add() - into the dispatcher in front of an interface; one is
 * made where there is no program. Return: the program's descriptor or -errno
 * @maps: of a program that was loaded, and right
 */
int gate_dispatcher_add(uint32_t ifindex, bool generic, bool strict,
			int maps[GATE_MAPS], struct sg_error *err);
/** gate_dispatcher_has() - is it there still? */
bool gate_dispatcher_has(uint32_t ifindex, int prog);
/** gate_dispatcher_del() - the others stay, and go on meanwhile */
int gate_dispatcher_del(uint32_t ifindex, int prog);

/* gate_attach.c */

/** gate_put() - the program as @g->want says, in front of the interface or in
 * place of what is there. Return: 0, or -errno: what was there still is
 */
int gate_put(struct sg_gates *gs, struct sg_gate *g, struct sg_error *err);
/** gate_remove() - nothing of it stays */
void gate_remove(struct sg_gates *gs, struct sg_gate *g);
/** gate_release() - it stays, and we have nothing to do with it any more */
void gate_release(struct sg_gates *gs, struct sg_gate *g);
/** gate_adopt() - what an earlier agent was told by command, from its maps */
int gate_adopt(struct sg_gates *gs, uint32_t ifindex, struct sg_gate *g);
/** gate_in_place() - is it in front of its interface, so far as is known? Others
 * may have taken it off.
 */
bool gate_in_place(const struct sg_gate *g);
const char *gate_mode_name(const struct sg_gate *g);

/* gate_folder.c */

/** gate_folder_name() - where an interface's pins are */
void gate_folder_name(const struct sg_gates *gs, uint32_t ifindex,
		      char name[96]);
/** gate_left() - call @fn with each interface that an earlier agent left with
 * a gate
 */
void gate_left(struct sg_gates *gs,
	       void (*fn)(struct sg_gates *gs, uint32_t ifindex));
/** gate_foreign() - is there a gate of another identity on that interface, as far
 * as its folder says? @name receives that
 */
bool gate_foreign(uint32_t ifindex, char name[96]);

/* gate_map.c */

/** gate_fill() - write all maps of @g as things are now */
int gate_fill(struct sg_gates *gs, struct sg_gate *g);
int gate_settings_write(struct sg_gates *gs, struct sg_gate *g);
void gate_locals_write(struct sg_gates *gs, struct sg_gate *g,
		       const struct gate_local *old, size_t n_old);
int gate_label_put(struct sg_gates *gs, uint32_t label, const uint8_t *hop_key);
void gate_label_del(struct sg_gates *gs, uint32_t label);
/** gate_sweep() - remove labels that nobody receives on */
void gate_sweep(struct sg_gates *gs, struct sg_gate *g);
int gate_counters_sum(const struct sg_gates *gs, const struct sg_gate *g,
		      struct gate_counters *sum);

/* gate_host.c */

/** gate_link_get() - by name, or with NULL by @ifindex. Return: 0 or -ENODEV */
int gate_link_get(const char *name, uint32_t ifindex, struct gate_link *l);
/** gate_link_carries() - do packets of interface @above come by @ifindex: is it the
 * same, a port of it (bridge, bond), or what it lies on (VLAN, macvlan)?
 */
bool gate_link_carries(uint32_t ifindex, uint32_t above);
/** gate_watch() - call gate_host_changed() when addresses or links change */
int gate_watch(struct sg_gates *gs);
void gate_unwatch(struct sg_gates *gs);
/** gate_addresses() - this host's, sorted, the caller's to free; each gate gets
 * its interface's own
 */
int gate_addresses(struct gate_local **list, size_t *n, struct sg_gates *gs);

/* gate_event.c */

/** gate_followers_end() - the agent goes down: their calls end */
void gate_followers_end(struct sg_gates *gs);
int gate_ring_open(struct sg_gates *gs, struct sg_gate *g);
void gate_ring_close(struct sg_gates *gs, struct sg_gate *g);

#endif
