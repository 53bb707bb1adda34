/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the state: state.c has the file and the numbers, state_peer.c
 * what is remembered of peers.
 */
#ifndef SG_STATE_PRIVATE_H
#define SG_STATE_PRIVATE_H

#include <sqlite3.h>

#include "common/index.h"
#include "common/state.h"

/** struct state_queued - a change that is not on disk yet */
struct state_queued {
	struct signet_id id;
	struct sg_state_peer peer;
	bool forget;
};

/**
 * struct sg_state
 * @next: the next number to give out
 * @end: numbers below this are reserved on disk
 * @queue: changes, found by identifier through @index
 * @head_changed: one of them must not be lost to a power cut
 */
struct sg_state {
	sqlite3 *db;
	sqlite3_stmt *reserve, *load, *store, *forget;
	uint64_t next, end;
	struct state_queued *queue;
	size_t n_queue, cap_queue;
	struct sg_index index;
	bool head_changed;
};

/** sg_state_errno() - the negative errno that an SQLite result means */
int sg_state_errno(sqlite3 *db, int result);
/** sg_state_exec() - statements without result; Return: 0 or -errno */
int sg_state_exec(struct sg_state *s, const char *sql);
/** sg_state_step() - run a bound statement that gives no rows, and reset it */
int sg_state_step(struct sg_state *s, sqlite3_stmt *stmt);

/* Write the queue; the caller has chosen how well. */
int sg_state_write_queue(struct sg_state *s);
void sg_state_clear_queue(struct sg_state *s);

#endif
