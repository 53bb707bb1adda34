/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a node must remember across restarts: its growing handshake number, and
 * for each peer the newest number and head it has seen and the last address
 * that worked. One SQLite file, state.db, mode 0600, in the state folder. It
 * holds no secrets.
 *
 * An older copy of the file coming back (a restored snapshot, a cloned disk)
 * must not lock the node out:
 *
 * - Our own number then falls behind what peers have seen. They treat our init
 *   as stale and answer it at most once in 5 s, without changing anything until
 *   a frame under the new keys has opened; so the handshake still completes.
 *   There is no floor from the clock: devices have none, and a clock that was
 *   once wrong would burn numbers.
 * - The numbers of peers fall back: an init recorded by an attacker may look
 *   new. It still changes nothing, as the attacker cannot send the confirming
 *   frame.
 * - A head falls back: a key that was rotated away would be accepted again
 *   until the peer shows its newer history once more. That is the one thing a
 *   restored copy costs; whoever restores a node's disk is trusted with it.
 */
#ifndef SG_STATE_H
#define SG_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/core/identity.h>

#include "common/addr.h"

struct sg_state;
struct sg_error;

#define SG_STATE_DIR   "/var/lib/signet"
#define SG_STATE_FILE  "state.db"
/* Numbers that are reserved on disk at a time */
#define SG_STATE_BLOCK 1000

/** struct sg_state_peer - what is remembered of a peer; zero: nothing */
struct sg_state_peer {
	uint64_t number;	 /* newest handshake number, 0: none */
	struct signet_head head; /* newest head, length 0: none */
	union sg_addr endpoint;	 /* last good address, family 0: none */
};

/**
 * sg_state_open() - open or create DIR/state.db
 * @dir: the state folder; must exist
 * @wait_ms: how long another agent that has it may take to end
 * Return: 0 or -errno with @err filled. -EPERM: the file can be read or
 *	written by others; -EUCLEAN: damaged, @err says what to do; -EBUSY:
 *	another agent has it open.
 */
int sg_state_open(const char *dir, int wait_ms, struct sg_state **out,
		  struct sg_error *err);

/** sg_state_close() - flush and close; NULL is fine */
void sg_state_close(struct sg_state *s);

/**
 * sg_state_next_number() - a number that was never given out before
 *
 * Strictly grows, also across crashes: blocks of SG_STATE_BLOCK are on disk
 * before the first of them is given out. Waits for the disk once a block, and
 * only if no sg_state_flush() came by in the block's second half.
 *
 * Return: 0; -ENOSPC, -EIO, ...: the disk refused, and no number is given.
 */
int sg_state_next_number(struct sg_state *s, uint64_t *number);

/**
 * sg_state_peer_load() - what is remembered, queued changes included
 * Return: 0; -ENOENT nothing, @peer is zeroed; -errno.
 */
int sg_state_peer_load(struct sg_state *s, const struct signet_id *id,
		       struct sg_state_peer *peer);

/**
 * sg_state_peer_store() - remember; queued in memory, no disk access
 *
 * The number and the head's length never go back: the greater one stays.
 * Return: 0 or -ENOMEM.
 */
int sg_state_peer_store(struct sg_state *s, const struct signet_id *id,
			const struct sg_state_peer *peer);

/** sg_state_peer_forget() - for a peer removed for good; queued likewise */
int sg_state_peer_forget(struct sg_state *s, const struct signet_id *id);

/** sg_state_dirty() - is there anything for sg_state_flush() to do? */
bool sg_state_dirty(const struct sg_state *s);

/**
 * sg_state_flush() - write what is queued as one transaction
 *
 * Meant for a timer some seconds after sg_state_dirty() became true. Waits for
 * the disk only if a head changed or numbers run low. On error everything
 * stays queued, to be tried again.
 */
int sg_state_flush(struct sg_state *s);

#endif
