/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory that frames are written into: large pages, filled from start to end.
 * Those whose frames have all been sent are used again, so that in the long
 * run nothing is allocated, and nothing cleared where the kernel clears what
 * it allocates.
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

bool signet_mem_refill(struct signet_mem *mem, unsigned int size);
void signet_mem_free(struct signet_mem *mem);

/**
 * signet_mem_room() - see to it that there are @size bytes at mem->offset
 *
 * What fits a page of the smallest kind does not cross from one into the
 * next, where walks of the crypto API stop, and copy the block that crosses.
 */
static inline bool signet_mem_room(struct signet_mem *mem, unsigned int size)
{
	if (offset_in_page(mem->offset) + size > PAGE_SIZE &&
	    size <= PAGE_SIZE)
		mem->offset = PAGE_ALIGN(mem->offset);
	return likely(mem->offset + size <= mem->size) ||
	       signet_mem_refill(mem, size);
}

#endif
