// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tape.h"

static void drop_oldest(struct tape *t)
{
	free(t->f[t->first].p);
	t->first = (t->first + 1) % TAPE_MAX;
	t->n--;
}

int tape_add(struct tape *t, const struct packet *p, int dir)
{
	size_t size = offsetof(struct packet, b) + p->len;
	struct packet *copy = malloc(sizeof(*copy));
	struct taped *f;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, p, size);
	if (t->n == TAPE_MAX)
		drop_oldest(t);
	f = &t->f[(t->first + t->n++) % TAPE_MAX];
	f->p = copy;
	f->dir = dir;
	return 0;
}

struct taped *tape_at(struct tape *t, size_t i)
{
	return i < t->n ? &t->f[(t->first + i) % TAPE_MAX] : NULL;
}

void tape_clear(struct tape *t)
{
	while (t->n)
		drop_oldest(t);
}
