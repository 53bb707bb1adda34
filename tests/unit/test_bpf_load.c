// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs come into the kernel, their maps live on under a new program where
 * the layout is the same, and pins leave nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/gate.h"
#include "bpf/gate.skel.h"
#include "daemon/bpf_load.h"
#include "daemon/bpf_sys.h"

static struct sg_bpf_prog progs[1];
static struct sg_bpf_map maps[2];

static struct sg_bpf_object object(void)
{
	struct sg_bpf_object o = { .name = "gate",
				   .progs = progs,
				   .n_progs = 1,
				   .maps = maps,
				   .n_maps = 2 };

	o.elf = gate_bpf__elf_bytes(&o.elf_len);
	progs[0] = (struct sg_bpf_prog){ .name = "signet_gate" };
	maps[0] = (struct sg_bpf_map){ .name = "labels", .fd = -1 };
	maps[1] = (struct sg_bpf_map){ .name = ".data", .fd = -1 };
	return o;
}

/* A BPF file system of the test's own. Return: 0, or 1 where none is to be had */
static int own_world(void **state)
{
	struct sg_bpf_object o = object();
	struct sg_error err;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", SG_BPF_FS, "bpf", 0, NULL))
		return 1;
	if (sg_bpf_load(&o, &err)) {
		print_message("%s\n", err.text);
		return 1;
	}
	sg_bpf_close(&o);
	return 0;
}

static void a_program_is_loaded_and_its_maps_have_their_sizes(void **state)
{
	struct sg_bpf_object o = object();
	struct gate_label_key key = { .label = 5 };
	struct gate_label value = { .pending = 1 };
	struct sg_error err = { "" };

	assert_int_equal(sg_bpf_load(&o, &err), 0);
	assert_true(progs[0].fd >= 0);
	assert_false(maps[0].kept);
	assert_int_equal(maps[0].value_size, sizeof(struct gate_label));
	assert_int_equal(sg_bpf_map_update(maps[0].fd, &key, &value), 0);
	memset(&value, 0, sizeof(value));
	assert_int_equal(sg_bpf_map_lookup(maps[0].fd, &key, &value), 0);
	assert_int_equal(value.pending, 1);
	assert_int_equal(sg_bpf_map_delete(maps[0].fd, &key), 0);
	assert_int_equal(sg_bpf_map_lookup(maps[0].fd, &key, &value), -ENOENT);
	sg_bpf_close(&o);
	assert_int_equal(progs[0].fd, -1);
}

static void a_map_of_the_same_layout_is_kept(void **state)
{
	struct sg_bpf_object o = object();
	struct gate_label_key key = { .label = 5 };
	struct gate_label value = { 0 };
	struct sg_error err = { "" };
	int labels;

	assert_int_equal(sg_bpf_load(&o, &err), 0);
	assert_int_equal(sg_bpf_map_update(maps[0].fd, &key, &value), 0);
	labels = fcntl(maps[0].fd, F_DUPFD_CLOEXEC, 0);
	sg_bpf_close(&o);

	o = object();
	maps[0].fd = labels;
	assert_int_equal(sg_bpf_load(&o, &err), 0);
	assert_true(maps[0].kept);
	assert_false(maps[1].kept);
	assert_int_equal(sg_bpf_map_lookup(maps[0].fd, &key, &value), 0);
	sg_bpf_close(&o);
}

static void a_map_of_another_layout_is_replaced(void **state)
{
	struct sg_bpf_object o = object();
	struct sg_error err = { "" };
	int other;

	assert_int_equal(sg_bpf_load(&o, &err), 0);
	other = fcntl(maps[1].fd, F_DUPFD_CLOEXEC, 0);
	sg_bpf_close(&o);

	o = object();
	maps[0].fd = other;
	assert_int_equal(sg_bpf_load(&o, &err), 0);
	assert_false(maps[0].kept);
	assert_int_equal(maps[0].value_size, sizeof(struct gate_label));
	sg_bpf_close(&o);
}

static void a_program_that_is_not_there_is_refused(void **state)
{
	struct sg_bpf_object o = object();
	struct sg_error err = { "" };

	progs[0].name = "no_such_program";
	assert_int_equal(sg_bpf_load(&o, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no_such_program"));
	o = object();
	o.elf_len = 100;
	assert_true(sg_bpf_load(&o, &err) < 0);
}

static void a_table_is_read_whole_by_several_at_once(void **state)
{
	static const uint32_t all = 5000;
	static uint8_t seen[5000];
	uint32_t keys[64], next, from, n, value = 7;
	uint64_t values[64], nine = 9;
	int fd = sg_bpf_map_create(BPF_MAP_TYPE_LRU_HASH, sizeof(value),
				   sizeof(nine), 65536, 0);
	bool first = true;
	int ret;

	assert_true(fd >= 0);
	n = 64;
	assert_int_equal(sg_bpf_map_batch(fd, NULL, &next, keys, values, &n),
			 -ENOENT);
	assert_int_equal(n, 0);
	for (uint32_t i = 0; i < all; i++)
		assert_int_equal(sg_bpf_map_update(fd, &i, &nine), 0);
	do {
		n = 64;
		ret = sg_bpf_map_batch(fd, first ? NULL : &from, &next, keys,
				       values, &n);
		for (uint32_t i = 0; i < n; i++) {
			assert_in_range(keys[i], 0, all - 1);
			assert_int_equal(seen[keys[i]]++, 0);
			assert_int_equal(values[i], 9);
		}
		first = false;
		from = next;
	} while (!ret);
	assert_int_equal(ret, -ENOENT);
	for (uint32_t i = 0; i < all; i++)
		assert_int_equal(seen[i], 1);
	close(fd);
}

static void pins_are_replaced_and_leave_nothing_behind(void **state)
{
	struct sg_bpf_object o = object();
	char path[SG_BPF_PIN_LEN];
	struct sg_error err = { "" };
	int fd;

	assert_int_equal(sg_bpf_folder("here", false, path, &err), -ENOENT);
	assert_int_equal(sg_bpf_load(&o, &err), 0);
	assert_int_equal(sg_bpf_folder("here", true, path, &err), 0);
	assert_int_equal(sg_bpf_pin(path, "map", maps[0].fd), 0);
	assert_int_equal(sg_bpf_pin(path, "map", maps[1].fd), 0);
	fd = sg_bpf_pinned(path, "map");
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sg_bpf_pinned(path, "other"), -ENOENT);
	sg_bpf_folder_remove(path);
	assert_int_equal(access(SG_BPF_FS "/signet", F_OK), -1);
	sg_bpf_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_program_is_loaded_and_its_maps_have_their_sizes),
		cmocka_unit_test(a_map_of_the_same_layout_is_kept),
		cmocka_unit_test(a_map_of_another_layout_is_replaced),
		cmocka_unit_test(a_program_that_is_not_there_is_refused),
		cmocka_unit_test(a_table_is_read_whole_by_several_at_once),
		cmocka_unit_test(pins_are_replaced_and_leave_nothing_behind),
	};

	if (own_world(NULL)) {
		puts("ok 1 - programs are loaded # SKIP needs root, BPF and "
		     "libbpf\n1..1");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
