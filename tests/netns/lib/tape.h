/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an attacker keeps: the last frames that passed, oldest first. */
#ifndef NETNS_TAPE_H
#define NETNS_TAPE_H

#include "packet.h"

#define TAPE_MAX 4096

struct taped {
	struct packet *p;
	int dir;
};

/** struct tape - a ring; zero-initialise */
struct tape {
	struct taped f[TAPE_MAX];
	size_t first, n;
};

/** tape_add() - copy a frame to the end; the oldest goes when it is full */
int tape_add(struct tape *t, const struct packet *p, int dir);

/** tape_at() - the i-th oldest */
struct taped *tape_at(struct tape *t, size_t i);

void tape_clear(struct tape *t);

#endif
