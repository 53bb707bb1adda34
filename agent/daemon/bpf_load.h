/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Loading BPF programs that are built into the agent, and the folders where
 * what is loaded outlives it.
 *
 * libbpf is loaded with dlopen() for the time of one call: an agent without BPF
 * programs never has it in memory, one with them only until they are there. So
 * a skeleton's header serves for its bytes (NAME_bpf__elf_bytes()) and for the
 * types of its data alone; none of its other functions may be called.
 */
#ifndef SG_BPF_LOAD_H
#define SG_BPF_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* "v1" changes when what is pinned means something else. */
#define SG_BPF_FS      "/sys/fs/bpf"
#define SG_BPF_PINS    SG_BPF_FS "/signet/v1"
#define SG_BPF_PIN_LEN 160

/* of one object */
#define SG_BPF_MAPS_MAX 16

struct bpf_object;

/** struct sg_bpf_prog - one program of an object
 * @name: of its function
 * @flags: to load it with, for instance BPF_F_XDP_HAS_FRAGS
 * @fd: receives it
 */
struct sg_bpf_prog {
	const char *name;
	uint32_t flags;
	int fd;
};

/** struct sg_bpf_map - one map of an object
 * @name: as in the source; ".bss" for the programs' variables
 * @fd: one to be used if it has the same layout, -1: none. Receives the one in
 *	use: the same, or a new one, and the old one is closed.
 * @kept: it is the one that was given
 * @value_size: of it
 */
struct sg_bpf_map {
	const char *name;
	int fd;
	bool kept;
	uint32_t value_size;
};

/** struct sg_bpf_object - what is to be loaded, and what came of it
 * @name: "gate"
 * @elf, @elf_len: from NAME_bpf__elf_bytes()
 * @progs, @maps: those that the caller wants to have
 * @configure: writes the constants (NAME_bpf__rodata); may be NULL
 * @load: loads it, in place of bpf_object__load(); may be NULL
 */
struct sg_bpf_object {
	const char *name;
	const void *elf;
	size_t elf_len;
	struct sg_bpf_prog *progs;
	size_t n_progs;
	struct sg_bpf_map *maps;
	size_t n_maps;
	void (*configure)(void *ctx, void *rodata, size_t len);
	int (*load)(void *ctx, struct bpf_object *obj);
	void *ctx;
};

/**
 * sg_bpf_load() - load all programs of an object
 *
 * Nothing is attached or pinned. What libbpf and the verifier say goes to the
 * log at level debug. Return: 0, and all descriptors are the caller's to close;
 * or -errno with @err filled: no new ones are open, given ones still are.
 */
int sg_bpf_load(struct sg_bpf_object *o, struct sg_error *err);

/** sg_bpf_close() - close every descriptor of @o and set it to -1 */
void sg_bpf_close(struct sg_bpf_object *o);

/**
 * sg_bpf_folder() - SG_BPF_PINS/@name, made if missing
 * @create: else: -ENOENT where it is missing
 */
int sg_bpf_folder(const char *name, bool create, char path[SG_BPF_PIN_LEN],
		  struct sg_error *err);
/** sg_bpf_folder_remove() - with what is pinned in it, and empty parents */
void sg_bpf_folder_remove(const char *path);
/** sg_bpf_pin() - @fd as @folder/@name, in place of what is there */
int sg_bpf_pin(const char *folder, const char *name, int fd);
/** sg_bpf_pinned() - Return: a descriptor or -errno */
int sg_bpf_pinned(const char *folder, const char *name);

#endif
