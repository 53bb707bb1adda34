// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/gfp.h>

#include "mem.h"

#define MEM_ORDER get_order(32768)

/* the page filled longest ago, if nobody else holds it any more */
static struct page *mem_again(struct signet_mem *mem)
{
	struct page *page = mem->used[mem->next];

	mem->used[mem->next] = mem->page;
	mem->next = (mem->next + 1) % SIGNET_MEM_PAGES;
	mem->page = NULL;
	if (page && (page_ref_count(page) != 1 || page_is_pfmemalloc(page))) {
		put_page(page);
		page = NULL;
	}
	return page;
}

static struct page *mem_alloc(unsigned int size)
{
	gfp_t gfp = GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN;
	struct page *page = NULL;

	if (size <= PAGE_SIZE << MEM_ORDER)
		page = alloc_pages(gfp | __GFP_NORETRY | __GFP_NOMEMALLOC,
				   MEM_ORDER);
	if (!page)
		page = alloc_pages(gfp, get_order(size));
	return page;
}

bool signet_mem_refill(struct signet_mem *mem, unsigned int size)
{
	struct page *page = mem_again(mem);

	if (page && page_size(page) < size) {
		put_page(page);
		page = NULL;
	}
	if (!page)
		page = mem_alloc(size);
	mem->page = page;
	mem->offset = 0;
	mem->size = page ? page_size(page) : 0;
	return page;
}

void signet_mem_free(struct signet_mem *mem)
{
	int i;

	if (mem->page)
		put_page(mem->page);
	for (i = 0; i < SIGNET_MEM_PAGES; i++) {
		if (mem->used[i])
			put_page(mem->used[i]);
	}
	memset(mem, 0, sizeof(*mem));
}
