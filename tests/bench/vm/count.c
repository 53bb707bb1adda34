// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A plugin for QEMU's emulator: counts the instructions that a guest executes,
 * by phase, virtual CPU and basic block. A guest enters phase N by calling the
 * code at PHASE_BASE + N * 4096 (phase.c); phase 0 is not counted.
 *
 * At the end the plugin writes to the file given by out=FILE:
 *	cpu PHASE VCPU INSTRUCTIONS
 *	block PHASE ADDRESS INSTRUCTIONS TIMES
 *
 * Only calls that every version of the plugin interface has are used, and they
 * are declared here, as distributions do not package the header.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phase.h"

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_info;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_udata_cb)(unsigned int vcpu, void *udata);
typedef void (*udata_cb)(qemu_plugin_id_t id, void *udata);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  vcpu_udata_cb cb,
					  enum qemu_plugin_cb_flags flags,
					  void *udata);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, udata_cb cb,
				    void *udata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

EXPORT int qemu_plugin_version = PLUGIN_VERSION;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
			       const struct qemu_info *info, int argc,
			       char **argv);

#define CPUS   16
#define BLOCKS (1 << 20) /* a power of two */

/* one basic block as it was translated; found by address and length */
struct block {
	uint64_t addr;
	uint64_t insns;
	uint64_t runs[PHASES];
};

static struct block *blocks;
static size_t n_blocks;
static uint64_t cpu[PHASES][CPUS];
static unsigned int phase;
static const char *out;

static struct block *find(uint64_t addr, uint64_t insns)
{
	size_t i = (addr * 0x9e3779b97f4a7c15u) >> 44;

	for (;; i = (i + 1) & (BLOCKS - 1)) {
		struct block *b = &blocks[i];

		if (b->addr == addr && b->insns == insns)
			return b;
		if (!b->insns) {
			if (++n_blocks > BLOCKS / 2)
				return NULL;
			b->addr = addr;
			b->insns = insns;
			return b;
		}
	}
}

/* The clock of instructions needs one thread: nothing here is atomic. */
static void executed(unsigned int vcpu, void *udata)
{
	struct block *b = udata;

	if (!phase)
		return;
	b->runs[phase]++;
	if (vcpu < CPUS)
		cpu[phase][vcpu] += b->insns;
}

static void entered(unsigned int vcpu, void *udata)
{
	(void)vcpu;
	phase = (unsigned int)(uintptr_t)udata;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t addr = qemu_plugin_tb_vaddr(tb);
	uint64_t n = (addr - PHASE_BASE) / PHASE_STEP;
	static bool full;
	struct block *b;

	(void)id;
	if (addr >= PHASE_BASE && n < PHASES && addr % PHASE_STEP == 0) {
		qemu_plugin_register_vcpu_tb_exec_cb(
			tb, entered, QEMU_PLUGIN_CB_NO_REGS, (void *)n);
		return;
	}
	/* of programs only the sum */
	b = find(addr >> 63 ? addr : 0, qemu_plugin_tb_n_insns(tb));
	if (b)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, executed,
						     QEMU_PLUGIN_CB_NO_REGS, b);
	else if (!full)
		full = fprintf(stderr, "count: too many basic blocks\n");
}

static void report(qemu_plugin_id_t id, void *udata)
{
	FILE *f = fopen(out, "w");

	(void)id;
	(void)udata;
	if (!f) {
		perror(out);
		return;
	}
	for (unsigned int p = 1; p < PHASES; p++) {
		for (unsigned int c = 0; c < CPUS; c++)
			if (cpu[p][c])
				fprintf(f, "cpu %u %u %" PRIu64 "\n", p, c,
					cpu[p][c]);
		for (size_t i = 0; i < BLOCKS; i++)
			if (blocks[i].runs[p])
				fprintf(f,
					"block %u %" PRIx64 " %" PRIu64
					" %" PRIu64 "\n",
					p, blocks[i].addr,
					blocks[i].runs[p] * blocks[i].insns,
					blocks[i].runs[p]);
	}
	if (fclose(f))
		perror(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
			int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	blocks = calloc(BLOCKS, sizeof(*blocks));
	if (!out || !blocks) {
		fprintf(stderr, "count: out=FILE is needed\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, report, NULL);
	return 0;
}
