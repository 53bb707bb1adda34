/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * bpf(2), as far as the agent uses it after programs are loaded: libbpf is in
 * memory for the time of loading alone. All return 0 or a descriptor, or
 * -errno. None of them needs a capability but link_create (CAP_NET_ADMIN).
 */
#ifndef SG_BPF_SYS_H
#define SG_BPF_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

/** sg_bpf_map_create() - needs CAP_BPF, see sg_privileges_bpf() */
int sg_bpf_map_create(enum bpf_map_type type, uint32_t key, uint32_t value,
		      uint32_t entries, uint32_t flags);
/** sg_bpf_close_fd() - if it is one; @fd becomes -1 */
void sg_bpf_close_fd(int *fd);
int sg_bpf_map_lookup(int fd, const void *key, void *value);
int sg_bpf_map_update(int fd, const void *key, const void *value);
int sg_bpf_map_delete(int fd, const void *key);
/* @key NULL: the first one. -ENOENT: that was the last */
int sg_bpf_map_next(int fd, const void *key, void *next);

/**
 * sg_bpf_map_batch() - several elements of a hash map, without a call for each
 * @from: where to go on, NULL: at the beginning; @next receives what is next
 * @n: room in @keys and @values; receives how many came
 * Return: 0; -ENOENT: these were the last; or -errno
 */
int sg_bpf_map_batch(int fd, const uint32_t *from, uint32_t *next, void *keys,
		     void *values, uint32_t *n);

int sg_bpf_map_info(int fd, struct bpf_map_info *info);
int sg_bpf_prog_info(int fd, struct bpf_prog_info *info);

/** sg_bpf_possible_cpus() - values that a lookup in a per-CPU map fills */
int sg_bpf_possible_cpus(void);

/** sg_bpf_map_mmap() - the memory of an array map made with BPF_F_MMAPABLE */
void *sg_bpf_map_mmap(int fd, size_t len);

int sg_bpf_obj_get(const char *path);
/** sg_bpf_obj_pin() - in place of what has that name, in one step */
int sg_bpf_obj_pin(int fd, const char *path);

/** sg_bpf_link_create() - @flags: XDP_FLAGS_* where @type is BPF_XDP */
int sg_bpf_link_create(int prog, int ifindex, enum bpf_attach_type type,
		       uint32_t flags);
/** sg_bpf_link_update() - another program in one step, no packet between */
int sg_bpf_link_update(int link, int prog);
/** sg_bpf_link_ifindex() - of its device; 0: it is gone */
int sg_bpf_link_ifindex(int link);
int sg_bpf_link_detach(int link);

#endif
