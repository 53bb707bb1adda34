/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <sodium.h>
#include <sys/mman.h>

#include "daemon/tun_slab.h"

#define CHUNK_SIZE 32768
#define ALIGN	   64

struct sg_slab_item {
	struct sg_slab_item *next;
};

struct sg_slab_chunk {
	struct sg_slab_chunk *next;
};

void sg_slab_init(struct sg_slab *s, size_t size)
{
	s->size = (size + ALIGN - 1) / ALIGN * ALIGN;
	s->free = NULL;
	s->chunks = NULL;
}

static int grow(struct sg_slab *s)
{
	struct sg_slab_chunk *c;
	char *p;

	p = mmap(NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	/* Beyond RLIMIT_MEMLOCK the keys still stay out of core dumps. */
	if (sodium_mlock(p, CHUNK_SIZE))
		madvise(p, CHUNK_SIZE, MADV_DONTDUMP);
	c = (struct sg_slab_chunk *)p;
	c->next = s->chunks;
	s->chunks = c;
	for (size_t at = ALIGN; at + s->size <= CHUNK_SIZE; at += s->size) {
		struct sg_slab_item *i = (struct sg_slab_item *)(p + at);

		i->next = s->free;
		s->free = i;
	}
	return 0;
}

void *sg_slab_get(struct sg_slab *s)
{
	struct sg_slab_item *i;

	if (!s->free && grow(s))
		return NULL;
	i = s->free;
	s->free = i->next;
	i->next = NULL;
	return i;
}

void sg_slab_put(struct sg_slab *s, void *p)
{
	struct sg_slab_item *i = p;

	if (!p)
		return;
	sodium_memzero(p, s->size);
	i->next = s->free;
	s->free = i;
}

void sg_slab_free(struct sg_slab *s)
{
	while (s->chunks) {
		struct sg_slab_chunk *c = s->chunks;

		s->chunks = c->next;
		sodium_munlock(c, CHUNK_SIZE);
		munmap(c, CHUNK_SIZE);
	}
	s->free = NULL;
}
