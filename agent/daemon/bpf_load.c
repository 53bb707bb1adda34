// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <linux/magic.h>

#include "common/log.h"
#include "daemon/bpf_load.h"
#include "daemon/bpf_sys.h"
#include "daemon/library.h"
#include "daemon/privileges.h"

/* Functions of libbpf, as its header has them. */
#define FUNCTIONS(X)                        \
	X(libbpf_set_print)                 \
	X(libbpf_get_error)                 \
	X(bpf_object__open_mem)             \
	X(bpf_object__load)                 \
	X(bpf_object__close)                \
	X(bpf_object__find_map_by_name)     \
	X(bpf_object__find_program_by_name) \
	X(bpf_map__initial_value)           \
	X(bpf_map__reuse_fd)                \
	X(bpf_map__fd)                      \
	X(bpf_map__type)                    \
	X(bpf_map__key_size)                \
	X(bpf_map__value_size)              \
	X(bpf_map__max_entries)             \
	X(bpf_map__map_flags)               \
	X(bpf_program__fd)                  \
	X(bpf_program__flags)               \
	X(bpf_program__set_flags)

struct library {
	void *handle;
#define FUNCTION(f) __typeof__(f) *f;
	FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static int on_print(enum libbpf_print_level level, const char *fmt,
		    va_list args)
{
	return sg_library_print((int)level, fmt, args);
}

static int library_open(struct library *l, struct sg_error *err)
{
	const struct sg_symbol symbols[] = {
#define FUNCTION(f) { #f, &l->f },
		FUNCTIONS(FUNCTION)
#undef FUNCTION
	};

	l->handle = sg_library_open("libbpf.so.1",
				    "libbpf1, which BPF programs need", symbols,
				    sizeof(symbols) / sizeof(symbols[0]), err);
	if (!l->handle)
		return -ENOPKG;
	l->libbpf_set_print(on_print);
	return 0;
}

/* Where the layout is another the kernel's map can't be used any more. */
static bool fits(const struct library *l, const struct bpf_map *map, int fd)
{
	struct bpf_map_info i;

	return !sg_bpf_map_info(fd, &i) && i.type == l->bpf_map__type(map) &&
	       i.key_size == l->bpf_map__key_size(map) &&
	       i.value_size == l->bpf_map__value_size(map) &&
	       i.max_entries == l->bpf_map__max_entries(map) &&
	       i.map_flags == l->bpf_map__map_flags(map);
}

static int prepare(struct library *l, struct bpf_object *obj,
		   struct sg_bpf_object *o, struct sg_error *err)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	void *rodata;
	size_t len;

	if (o->n_maps > SG_BPF_MAPS_MAX)
		return sg_err(err, E2BIG, "bpf %s: too many maps", o->name);
	for (size_t i = 0; i < o->n_maps; i++) {
		map = l->bpf_object__find_map_by_name(obj, o->maps[i].name);
		if (!map)
			return sg_err(err, ENOENT, "bpf %s: no map %s", o->name,
				      o->maps[i].name);
		o->maps[i].kept = o->maps[i].fd >= 0 &&
				  fits(l, map, o->maps[i].fd) &&
				  !l->bpf_map__reuse_fd(map, o->maps[i].fd);
	}
	for (size_t i = 0; i < o->n_progs; i++) {
		prog = l->bpf_object__find_program_by_name(obj,
							   o->progs[i].name);
		if (!prog)
			return sg_err(err, ENOENT, "bpf %s: no program %s",
				      o->name, o->progs[i].name);
		l->bpf_program__set_flags(prog, l->bpf_program__flags(prog) |
							o->progs[i].flags);
	}
	map = l->bpf_object__find_map_by_name(obj, ".rodata");
	if (map && o->configure) {
		rodata = (void *)l->bpf_map__initial_value(map, &len);
		o->configure(o->ctx, rodata, len);
	}
	return 0;
}

static int dup_fd(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

/* Copies of the object's descriptors. A map that was given is closed last, when
 * nothing can fail any more.
 */
static int take(struct library *l, struct bpf_object *obj,
		struct sg_bpf_object *o)
{
	int maps[SG_BPF_MAPS_MAX];
	size_t m, p = 0;
	int fd = 0;

	for (m = 0; m < o->n_maps; m++) {
		fd = dup_fd(l->bpf_map__fd(
			l->bpf_object__find_map_by_name(obj, o->maps[m].name)));
		if (fd < 0)
			goto failed;
		maps[m] = fd;
	}
	for (p = 0; p < o->n_progs; p++) {
		fd = dup_fd(
			l->bpf_program__fd(l->bpf_object__find_program_by_name(
				obj, o->progs[p].name)));
		if (fd < 0)
			goto failed;
		o->progs[p].fd = fd;
	}
	for (size_t i = 0; i < o->n_maps; i++) {
		if (o->maps[i].fd >= 0)
			close(o->maps[i].fd);
		o->maps[i].fd = maps[i];
		o->maps[i].value_size = l->bpf_map__value_size(
			l->bpf_object__find_map_by_name(obj, o->maps[i].name));
	}
	return 0;
failed:
	while (m)
		close(maps[--m]);
	while (p)
		close(o->progs[--p].fd);
	return fd;
}

static const char *why(int err)
{
	switch (-err) {
	case EPERM:
		return "the agent lacks CAP_BPF, CAP_PERFMON or CAP_NET_ADMIN";
	case EACCES:
	case EINVAL:
		return "the kernel's verifier refused it; [Log] Level = debug "
		       "shows why";
	case ENOSYS:
		return "this kernel has no BPF";
	default:
		return strerror(-err);
	}
}

static int load(struct library *l, struct sg_bpf_object *o,
		struct sg_error *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = o->name);
	struct bpf_object *obj;
	int ret;

	obj = l->bpf_object__open_mem(o->elf, o->elf_len, &opts);
	ret = (int)l->libbpf_get_error(obj);
	if (ret)
		return sg_err(err, -ret, "bpf %s: %s", o->name, strerror(-ret));
	ret = prepare(l, obj, o, err);
	if (!ret) {
		ret = o->load ? o->load(o->ctx, obj) : l->bpf_object__load(obj);
		if (!ret)
			ret = take(l, obj, o);
		if (ret)
			sg_err(err, -ret, "cannot load BPF program %s: %s",
			       o->name, why(ret));
	}
	l->bpf_object__close(obj);
	return ret;
}

int sg_bpf_load(struct sg_bpf_object *o, struct sg_error *err)
{
	struct library l;
	int ret;

	ret = library_open(&l, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < o->n_progs; i++)
		o->progs[i].fd = -1;
	sg_privileges_bpf(true);
	ret = load(&l, o, err);
	sg_privileges_bpf(false);
	dlclose(l.handle);
	return ret;
}

void sg_bpf_close(struct sg_bpf_object *o)
{
	for (size_t i = 0; i < o->n_progs; i++)
		sg_bpf_close_fd(&o->progs[i].fd);
	for (size_t i = 0; i < o->n_maps; i++)
		sg_bpf_close_fd(&o->maps[i].fd);
}

/* pins ------------------------------------------------------------------- */

static int make(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int sg_bpf_folder(const char *name, bool create, char path[SG_BPF_PIN_LEN],
		  struct sg_error *err)
{
	struct statfs fs;
	int ret = 0;

	snprintf(path, SG_BPF_PIN_LEN, "%s/%s", SG_BPF_PINS, name);
	if (!create)
		return access(path, F_OK) ? -errno : 0;
	/* with systemd's sandbox only the folder below may be one */
	if ((statfs(SG_BPF_FS "/signet", &fs) && statfs(SG_BPF_FS, &fs)) ||
	    fs.f_type != BPF_FS_MAGIC)
		return sg_err(err, ENODEV,
			      SG_BPF_FS " is no BPF file system: mount -t bpf "
					"bpf " SG_BPF_FS);
	ret = make(SG_BPF_FS "/signet");
	if (!ret)
		ret = make(SG_BPF_PINS);
	if (!ret)
		ret = make(path);
	if (ret)
		return sg_err(err, -ret, "%s: %s", path, strerror(-ret));
	return 0;
}

void sg_bpf_folder_remove(const char *path)
{
	char file[SG_BPF_PIN_LEN + 256];
	struct dirent *e;
	DIR *d = opendir(path);

	if (!d)
		return;
	while ((e = readdir(d))) {
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			unlink(file);
	}
	closedir(d);
	if (rmdir(path))
		sg_log(SG_LOG_WARNING, "%s: %s", path, strerror(errno));
	/* where they are empty, and ours to remove */
	if (!rmdir(SG_BPF_PINS))
		rmdir(SG_BPF_FS "/signet");
}

static int pin_path(const char *folder, const char *name,
		    char path[SG_BPF_PIN_LEN])
{
	int n = snprintf(path, SG_BPF_PIN_LEN, "%s/%s", folder, name);

	return n < SG_BPF_PIN_LEN ? 0 : -ENAMETOOLONG;
}

int sg_bpf_pin(const char *folder, const char *name, int fd)
{
	char path[SG_BPF_PIN_LEN];
	int ret = pin_path(folder, name, path);

	return ret ? ret : sg_bpf_obj_pin(fd, path);
}

int sg_bpf_pinned(const char *folder, const char *name)
{
	char path[SG_BPF_PIN_LEN];
	int ret = pin_path(folder, name, path);

	return ret ? ret : sg_bpf_obj_get(path);
}
