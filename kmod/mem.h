/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory that frames, or opened text, are written into: large pages, filled
 * from start to end. Those that nobody else holds any more are used again, so
 * that in the long run nothing is allocated, and nothing cleared where the
 * kernel clears what it allocates.
 */
#ifndef SIGNET_KMOD_MEM_H
#define SIGNET_KMOD_MEM_H

#include <linux/mm.h>

#define SIGNET_MEM_PAGES 8

/**
 * struct signet_mem - owned by one CPU with bottom halves off, or by one work
 * @page: being filled
 * @offset: where free memory starts
 * @size: of @page
 * @used: pages filled before, oldest at @next
 */
struct signet_mem {
	struct page *page;
	unsigned int offset;
	unsigned int size;
	unsigned int next;
	struct page *used[SIGNET_MEM_PAGES];
};

/* go on with another page, of @size bytes at least, or with none */
bool signet_mem_refill(struct signet_mem *mem, unsigned int size);
void signet_mem_free(struct signet_mem *mem);

#endif
