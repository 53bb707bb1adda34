// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is remembered of peers: a queue in memory, and rows on disk. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/state_private.h"

static bool queued_equal(const void *array, uint32_t i, const void *key)
{
	const struct state_queued *q = array;

	return !signet_id_cmp(&q[i].id, key);
}

static uint32_t *slot_of(const struct sg_state *s, const struct signet_id *id)
{
	return sg_index_find(&s->index, sg_index_hash(id->b, sizeof(id->b)),
			     queued_equal, s->queue, id);
}

static struct state_queued *find_queued(const struct sg_state *s,
					const struct signet_id *id)
{
	uint32_t i = s->n_queue ? *slot_of(s, id) : 0;

	return i ? &s->queue[i - 1] : NULL;
}

static int grow(struct sg_state *s)
{
	size_t cap = s->cap_queue ? s->cap_queue * 2 : 64, i;
	struct sg_index old = s->index;
	struct state_queued *queue;
	int r;

	queue = reallocarray(s->queue, cap, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	s->queue = queue;
	r = sg_index_init(&s->index, cap);
	if (r) {
		s->index = old;
		return r;
	}
	sg_index_free(&old);
	s->cap_queue = cap;
	for (i = 0; i < s->n_queue; i++)
		*slot_of(s, &queue[i].id) = (uint32_t)i + 1;
	return 0;
}

static int enqueue(struct sg_state *s, const struct state_queued *new)
{
	struct state_queued *q = find_queued(s, &new->id);
	int r;

	if (q) {
		*q = *new;
		return 0;
	}
	if (s->n_queue == s->cap_queue) {
		r = grow(s);
		if (r)
			return r;
	}
	s->queue[s->n_queue++] = *new;
	*slot_of(s, &new->id) = (uint32_t)s->n_queue;
	return 0;
}

void sg_state_clear_queue(struct sg_state *s)
{
	sg_index_free(&s->index);
	free(s->queue);
	s->queue = NULL;
	s->n_queue = 0;
	s->cap_queue = 0;
	s->head_changed = false;
}

static void bind_id(sqlite3_stmt *stmt, const struct signet_id *id)
{
	sqlite3_bind_blob(stmt, 1, id->b, sizeof(id->b), SQLITE_STATIC);
}

/* A row that somebody has edited must not crash us. */
static void read_row(sqlite3_stmt *stmt, struct sg_state_peer *peer)
{
	const void *hash = sqlite3_column_blob(stmt, 2);
	const char *endpoint = (const char *)sqlite3_column_text(stmt, 3);

	memset(peer, 0, sizeof(*peer));
	peer->number = (uint64_t)sqlite3_column_int64(stmt, 0);
	if (hash &&
	    sqlite3_column_bytes(stmt, 2) == (int)sizeof(peer->head.hash)) {
		peer->head.length = (uint32_t)sqlite3_column_int64(stmt, 1);
		memcpy(peer->head.hash, hash, sizeof(peer->head.hash));
	}
	if (endpoint && *endpoint)
		sg_addr_parse(endpoint, &peer->endpoint);
}

int sg_state_peer_load(struct sg_state *s, const struct signet_id *id,
		       struct sg_state_peer *peer)
{
	struct state_queued *q = find_queued(s, id);
	int r;

	memset(peer, 0, sizeof(*peer));
	if (q && q->forget)
		return -ENOENT;
	if (q) {
		*peer = q->peer;
		return 0;
	}
	bind_id(s->load, id);
	r = sqlite3_step(s->load);
	if (r == SQLITE_ROW) {
		read_row(s->load, peer);
		r = 0;
	} else {
		r = r == SQLITE_DONE ? -ENOENT : sg_state_errno(s->db, r);
	}
	sqlite3_reset(s->load);
	return r;
}

int sg_state_peer_store(struct sg_state *s, const struct signet_id *id,
			const struct sg_state_peer *peer)
{
	struct state_queued new = { .id = *id };
	struct sg_state_peer old;
	int r;

	/* What cannot be read now is compared with nothing. */
	sg_state_peer_load(s, id, &old);
	new.peer = old;
	if (peer->number > old.number)
		new.peer.number = peer->number;
	if (peer->head.length > old.head.length)
		new.peer.head = peer->head;
	if (peer->endpoint.sa.sa_family)
		new.peer.endpoint = peer->endpoint;
	if (new.peer.number == old.number &&new.peer.head.length ==
		    old.head.length &&
	    sg_addr_equal(&new.peer.endpoint, &old.endpoint))
		return 0;
	r = enqueue(s, &new);
	if (!r && new.peer.head.length != old.head.length)
		s->head_changed = true;
	return r;
}

int sg_state_peer_forget(struct sg_state *s, const struct signet_id *id)
{
	struct state_queued new = { .id = *id, .forget = true };

	return enqueue(s, &new);
}

static int write_one(struct sg_state *s, const struct state_queued *q)
{
	const struct sg_state_peer *p = &q->peer;
	char endpoint[SG_ADDR_STR_LEN] = "";

	if (q->forget) {
		bind_id(s->forget, &q->id);
		return sg_state_step(s, s->forget);
	}
	if (p->endpoint.sa.sa_family)
		sg_addr_format(&p->endpoint, endpoint);
	bind_id(s->store, &q->id);
	sqlite3_bind_int64(s->store, 2, (int64_t)p->number);
	sqlite3_bind_int64(s->store, 3, p->head.length);
	sqlite3_bind_blob(s->store, 4, p->head.hash, sizeof(p->head.hash),
			  SQLITE_STATIC);
	sqlite3_bind_text(s->store, 5, endpoint, -1, SQLITE_TRANSIENT);
	return sg_state_step(s, s->store);
}

int sg_state_write_queue(struct sg_state *s)
{
	size_t i;
	int r;

	r = sg_state_exec(s, "BEGIN IMMEDIATE");
	for (i = 0; !r && i < s->n_queue; i++)
		r = write_one(s, &s->queue[i]);
	if (!r)
		r = sg_state_exec(s, "COMMIT");
	if (r) {
		if (!sqlite3_get_autocommit(s->db))
			sg_state_exec(s, "ROLLBACK");
		return r;
	}
	sg_state_clear_queue(s);
	return 0;
}
