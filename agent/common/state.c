// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The state's file, and the growing number. */
#include "common/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/state_private.h"

#define SCHEMA 1

static const char create[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE number (id INTEGER PRIMARY KEY CHECK (id = 1),"
	"  reserved INTEGER NOT NULL);"
	"INSERT INTO number VALUES (1, 1);"
	"CREATE TABLE peer (id BLOB PRIMARY KEY, number INTEGER NOT NULL,"
	"  head_length INTEGER NOT NULL, head_hash BLOB NOT NULL,"
	"  endpoint TEXT NOT NULL) WITHOUT ROWID;"
	"PRAGMA user_version = 1;"
	"COMMIT";

int sg_state_errno(sqlite3 *db, int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR: /* a table is missing or has other columns */
		return -EUCLEAN;
	case SQLITE_CANTOPEN:
		if (sqlite3_system_errno(db))
			return -sqlite3_system_errno(db);
		return -ENOENT;
	default:
		return -EIO;
	}
}

int sg_state_exec(struct sg_state *s, const char *sql)
{
	return sg_state_errno(s->db,
			      sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

int sg_state_step(struct sg_state *s, sqlite3_stmt *stmt)
{
	int r = sg_state_errno(s->db, sqlite3_step(stmt));

	sqlite3_reset(stmt);
	return r;
}

/* One integer; -EUCLEAN where there is none. */
static int query_int(struct sg_state *s, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt;
	int r;

	r = sg_state_errno(s->db,
			   sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL));
	if (r)
		return r;
	r = sqlite3_step(stmt);
	if (r == SQLITE_ROW) {
		*out = sqlite3_column_int64(stmt, 0);
		r = 0;
	} else {
		r = r == SQLITE_DONE ? -EUCLEAN : sg_state_errno(s->db, r);
	}
	sqlite3_finalize(stmt);
	return r;
}

/* SQLite has many ways to be damaged and one to be whole. */
static int check_whole(struct sg_state *s)
{
	sqlite3_stmt *stmt;
	const char *text;
	int r;

	r = sg_state_errno(s->db,
			   sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)",
					      -1, &stmt, NULL));
	if (r)
		return r;
	r = sqlite3_step(stmt);
	if (r == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(stmt, 0);
		r = text && !strcmp(text, "ok") ? 0 : -EUCLEAN;
	} else {
		r = r == SQLITE_DONE ? -EUCLEAN : sg_state_errno(s->db, r);
	}
	sqlite3_finalize(stmt);
	return r;
}

/* Makes the file, or refuses one that others could have changed. */
static int check_file(const char *path, struct sg_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return sg_err(err, errno, "%s: cannot open it: %s", path,
			      strerror(errno));
	if (fstat(fd, &st))
		r = sg_err(err, errno, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		r = sg_err(err, EINVAL, "%s: not a regular file", path);
	else if (st.st_mode & 077)
		r = sg_err(err, EPERM,
			   "%s can be read or written by others: "
			   "chmod 600 %s",
			   path, path);
	close(fd);
	return r;
}

/*
 * The exclusive lock keeps a second agent away and spares the shared-memory
 * file; it is taken by the first transaction.
 */
static int open_database(struct sg_state *s, const char *path, int wait_ms)
{
	int64_t version = 0;
	int r;

	r = sg_state_errno(NULL, sqlite3_open_v2(path, &s->db,
						 SQLITE_OPEN_READWRITE |
							 SQLITE_OPEN_NOMUTEX |
							 SQLITE_OPEN_NOFOLLOW,
						 NULL));
	if (r)
		return r;
	sqlite3_busy_timeout(s->db, wait_ms);
	r = sg_state_exec(s, "PRAGMA locking_mode = EXCLUSIVE;"
			     "PRAGMA journal_mode = WAL;"
			     "PRAGMA synchronous = FULL;"
			     "PRAGMA trusted_schema = OFF;"
			     "PRAGMA cache_size = -1024;"
			     "BEGIN IMMEDIATE; COMMIT");
	if (!r)
		r = check_whole(s);
	if (!r)
		r = query_int(s, "PRAGMA user_version", &version);
	if (!r && version == 0)
		return sg_state_exec(s, create);
	if (!r && version != SCHEMA)
		return -EPROTONOSUPPORT;
	return r;
}

static int prepare(struct sg_state *s, sqlite3_stmt **stmt, const char *sql)
{
	return sg_state_errno(s->db,
			      sqlite3_prepare_v3(s->db, sql, -1,
						 SQLITE_PREPARE_PERSISTENT,
						 stmt, NULL));
}

static int prepare_all(struct sg_state *s)
{
	int64_t reserved = 0;
	int r;

	r = prepare(s, &s->reserve, "UPDATE number SET reserved = ?1");
	if (!r)
		r = prepare(s, &s->load,
			    "SELECT number, head_length, head_hash, endpoint "
			    "FROM peer WHERE id = ?1");
	if (!r)
		r = prepare(s, &s->store,
			    "REPLACE INTO peer VALUES (?1, ?2, ?3, ?4, ?5)");
	if (!r)
		r = prepare(s, &s->forget, "DELETE FROM peer WHERE id = ?1");
	if (!r)
		r = query_int(s, "SELECT reserved FROM number", &reserved);
	if (!r && reserved < 1)
		r = -EUCLEAN;
	s->next = s->end = (uint64_t)reserved;
	return r;
}

static int open_error(int r, const char *path, struct sg_error *err)
{
	switch (r) {
	case -EBUSY:
		return sg_err(err, EBUSY, "%s: another agent has it open",
			      path);
	case -EUCLEAN:
		return sg_err(err, EUCLEAN,
			      "%s is damaged: move it and its -wal away, and "
			      "the agent starts with an empty one (peers "
			      "answer its first handshake as stale, which "
			      "then corrects itself)",
			      path);
	case -EPROTONOSUPPORT:
		return sg_err(err, EPROTONOSUPPORT,
			      "%s was written by a newer version of signetd",
			      path);
	default:
		return sg_err(err, -r, "%s: %s", path, strerror(-r));
	}
}

int sg_state_open(const char *dir, int wait_ms, struct sg_state **out,
		  struct sg_error *err)
{
	struct sg_state *s = calloc(1, sizeof(*s));
	char *path = NULL;
	int r;

	*out = NULL;
	if (!s || asprintf(&path, "%s/" SG_STATE_FILE, dir) < 0) {
		free(s);
		return sg_err(err, ENOMEM, "not enough memory");
	}
	r = check_file(path, err);
	if (r)
		goto cleanup;
	r = open_database(s, path, wait_ms);
	if (!r)
		r = prepare_all(s);
	if (r)
		open_error(r, path, err);
cleanup:
	free(path);
	if (r) {
		sg_state_close(s);
		return r;
	}
	*out = s;
	return 0;
}

void sg_state_close(struct sg_state *s)
{
	if (!s)
		return;
	if (s->store)
		sg_state_flush(s);
	sqlite3_finalize(s->reserve);
	sqlite3_finalize(s->load);
	sqlite3_finalize(s->store);
	sqlite3_finalize(s->forget);
	sqlite3_close(s->db);
	sg_state_clear_queue(s);
	free(s->queue);
	free(s);
}

/* Numbers below @end are ours once this returns 0. */
static int reserve(struct sg_state *s, uint64_t end)
{
	int r = sg_state_exec(s, "PRAGMA synchronous = FULL");

	if (r)
		return r;
	sqlite3_bind_int64(s->reserve, 1, (int64_t)end);
	r = sg_state_step(s, s->reserve);
	if (!r)
		s->end = end;
	return r;
}

int sg_state_next_number(struct sg_state *s, uint64_t *number)
{
	int r = 0;

	if (s->next == s->end)
		r = reserve(s, s->end + SG_STATE_BLOCK);
	if (!r)
		*number = s->next++;
	return r;
}

static bool numbers_run_low(const struct sg_state *s)
{
	return s->end - s->next < SG_STATE_BLOCK / 2;
}

bool sg_state_dirty(const struct sg_state *s)
{
	/* Not before the first number: a node may never need one. */
	return s->n_queue || (s->end != s->next && numbers_run_low(s));
}

int sg_state_flush(struct sg_state *s)
{
	int r = 0, low = 0;

	if (s->n_queue) {
		r = sg_state_exec(s, s->head_changed
					     ? "PRAGMA synchronous = FULL"
					     : "PRAGMA synchronous = NORMAL");
		if (!r)
			r = sg_state_write_queue(s);
	}
	if (s->end != s->next && numbers_run_low(s))
		low = reserve(s, s->end + SG_STATE_BLOCK);
	return r ? r : low;
}
