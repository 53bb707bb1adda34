// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/bpf_sys.h"

static int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

static uint64_t ptr(const void *p)
{
	return (uintptr_t)p;
}

void sg_bpf_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int sg_bpf_map_create(enum bpf_map_type type, uint32_t key, uint32_t value,
		      uint32_t entries, uint32_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = entries;
	a.map_flags = flags;
	return sys_bpf(BPF_MAP_CREATE, &a);
}

static int element(enum bpf_cmd cmd, int fd, const void *key, const void *value)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = fd;
	a.key = ptr(key);
	a.value = ptr(value);
	return sys_bpf(cmd, &a);
}

int sg_bpf_map_lookup(int fd, const void *key, void *value)
{
	return element(BPF_MAP_LOOKUP_ELEM, fd, key, value);
}

int sg_bpf_map_update(int fd, const void *key, const void *value)
{
	return element(BPF_MAP_UPDATE_ELEM, fd, key, value);
}

int sg_bpf_map_delete(int fd, const void *key)
{
	return element(BPF_MAP_DELETE_ELEM, fd, key, NULL);
}

int sg_bpf_map_next(int fd, const void *key, void *next)
{
	return element(BPF_MAP_GET_NEXT_KEY, fd, key, next);
}

int sg_bpf_map_batch(int fd, const uint32_t *from, uint32_t *next, void *keys,
		     void *values, uint32_t *n)
{
	union bpf_attr a;
	int ret;

	memset(&a, 0, sizeof(a));
	a.batch.map_fd = (uint32_t)fd;
	a.batch.in_batch = ptr(from);
	a.batch.out_batch = ptr(next);
	a.batch.keys = ptr(keys);
	a.batch.values = ptr(values);
	a.batch.count = *n;
	ret = sys_bpf(BPF_MAP_LOOKUP_BATCH, &a);
	/* the last of them come with that error */
	*n = !ret || ret == -ENOENT ? a.batch.count : 0;
	return ret;
}

static int info_of(int fd, void *info, uint32_t len)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	memset(info, 0, len);
	a.info.bpf_fd = fd;
	a.info.info_len = len;
	a.info.info = ptr(info);
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &a);
}

int sg_bpf_map_info(int fd, struct bpf_map_info *info)
{
	return info_of(fd, info, sizeof(*info));
}

int sg_bpf_prog_info(int fd, struct bpf_prog_info *info)
{
	return info_of(fd, info, sizeof(*info));
}

int sg_bpf_possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	unsigned int first, last, highest = 0;
	int n;

	if (!f)
		return -errno;
	while ((n = fscanf(f, "%u-%u", &first, &last)) > 0) {
		highest = n == 2 ? last : first;
		if (fgetc(f) != ',')
			break;
	}
	fclose(f);
	return (int)highest + 1;
}

void *sg_bpf_map_mmap(int fd, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int by_path(enum bpf_cmd cmd, int fd, const char *path)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.pathname = ptr(path);
	a.bpf_fd = fd;
	return sys_bpf(cmd, &a);
}

int sg_bpf_obj_get(const char *path)
{
	return by_path(BPF_OBJ_GET, 0, path);
}

int sg_bpf_obj_pin(int fd, const char *path)
{
	char fresh[256];
	int ret;

	if (snprintf(fresh, sizeof(fresh), "%s-new", path) >=
	    (int)sizeof(fresh))
		return -ENAMETOOLONG;
	unlink(fresh);
	ret = by_path(BPF_OBJ_PIN, fd, fresh);
	if (ret)
		return ret;
	if (!rename(fresh, path))
		return 0;
	ret = -errno;
	unlink(fresh);
	return ret;
}

int sg_bpf_link_create(int prog, int ifindex, enum bpf_attach_type type,
		       uint32_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = prog;
	a.link_create.target_ifindex = ifindex;
	a.link_create.attach_type = type;
	a.link_create.flags = flags;
	return sys_bpf(BPF_LINK_CREATE, &a);
}

int sg_bpf_link_update(int link, int prog)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_update.link_fd = link;
	a.link_update.new_prog_fd = prog;
	return sys_bpf(BPF_LINK_UPDATE, &a);
}

int sg_bpf_link_ifindex(int link)
{
	struct bpf_link_info info;
	int ret = info_of(link, &info, sizeof(info));

	if (ret)
		return ret;
	/* tcx has its number in the same place */
	return (int)info.xdp.ifindex;
}

int sg_bpf_link_detach(int link)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_detach.link_fd = link;
	return sys_bpf(BPF_LINK_DETACH, &a);
}
