// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The Varlink server's clients: what comes in, what goes out, who leaves. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"
#include "daemon/varlink_private.h"

#define READ_SIZE 16384

void varlink_schedule(struct sg_varlink_server *s)
{
	sg_timer_set(s->loop, &s->work, 0);
}

static void kill_client(struct varlink_client *c)
{
	c->dead = true;
	varlink_schedule(c->server);
}

/* Waits for what can be used: no more input than one request while we work. */
static void update_events(struct varlink_client *c)
{
	uint32_t want = 0;

	if (c->dead)
		return;
	if (!c->eof && c->in_len <= SG_VARLINK_REQUEST_MAX)
		want |= EPOLLIN;
	if (c->out_len)
		want |= EPOLLOUT;
	if (want != c->events && !sg_loop_mod(c->server->loop, c->fd, want))
		c->events = want;
}

static void wipe_free(char *buf, size_t len)
{
	if (buf)
		sodium_memzero(buf, len);
	free(buf);
}

static void flush(struct varlink_client *c)
{
	ssize_t n;

	while (c->out_len && !c->dead) {
		n = send(c->fd, c->out + c->out_start, c->out_len,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			kill_client(c);
			return;
		}
		c->out_start += (size_t)n;
		c->out_len -= (size_t)n;
	}
	/* A large reply's memory is not kept. Pairing codes pass here. */
	wipe_free(c->out, c->out_cap);
	c->out = NULL;
	c->out_start = 0;
	c->out_cap = 0;
}

int varlink_queue(struct varlink_client *c, const char *buf, size_t len)
{
	size_t need;
	char *out;

	/*
	 * The bound is on what it has left unread when the next reply comes; a
	 * single reply may be larger, as a table of many peers is.
	 */
	if (c->out_len > SG_VARLINK_OUTPUT_MAX) {
		kill_client(c);
		return -EPIPE;
	}
	if (c->out_start) {
		memmove(c->out, c->out + c->out_start, c->out_len);
		c->out_start = 0;
	}
	need = c->out_len + len;
	if (need > c->out_cap) {
		out = realloc(c->out, need + need / 2);
		if (!out) {
			kill_client(c);
			return -ENOMEM;
		}
		c->out = out;
		c->out_cap = need + need / 2;
	}
	memcpy(c->out + c->out_len, buf, len);
	c->out_len += len;
	flush(c);
	update_events(c);
	return c->dead ? -EPIPE : 0;
}

static void free_client(struct varlink_client *c)
{
	struct varlink_client **p = &c->server->clients;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	c->server->n_clients--;
	c->dead = true;
	sg_loop_del(c->server->loop, c->fd);
	if (c->call.active && c->call.on_disconnect)
		c->call.on_disconnect(c->call.on_disconnect_ctx, &c->call);
	sg_varlink_request_free(&c->call.req);
	close(c->fd);
	wipe_free(c->in, c->in_cap);
	wipe_free(c->out, c->out_cap);
	free(c);
}

static void receive(struct varlink_client *c)
{
	ssize_t n;
	char *in;

	if (c->in_cap - c->in_len < READ_SIZE) {
		in = realloc(c->in, c->in_cap * 2 + READ_SIZE);
		if (!in) {
			c->dead = true;
			return;
		}
		c->in = in;
		c->in_cap = c->in_cap * 2 + READ_SIZE;
	}
	n = recv(c->fd, c->in + c->in_len, READ_SIZE, MSG_DONTWAIT);
	if (n > 0)
		c->in_len += (size_t)n;
	else if (!n)
		c->eof = true;
	else if (errno != EAGAIN && errno != EINTR)
		c->dead = true;
}

/* Works on requests until one is kept by its handler. */
static void work_on(struct varlink_client *c)
{
	size_t used = 0, len;
	char *nul;

	c->working = true;
	while (!c->dead && !c->call.active && c->in_len > used + c->in_seen) {
		nul = memchr(c->in + used + c->in_seen, 0,
			     c->in_len - used - c->in_seen);
		if (!nul) {
			c->in_seen = c->in_len - used;
			break;
		}
		len = (size_t)(nul - (c->in + used));
		varlink_dispatch(c, c->in + used, len);
		used += len + 1;
		c->in_seen = 0;
	}
	c->working = false;
	if (used) {
		c->in_len -= used;
		memmove(c->in, c->in + used, c->in_len);
	}
	if (!c->in_len) {
		wipe_free(c->in, c->in_cap);
		c->in = NULL;
		c->in_cap = 0;
	}
	if (c->in_seen > SG_VARLINK_REQUEST_MAX)
		c->dead = true;
	/* It may have closed its half and still wait for our replies. */
	if (c->eof && !c->call.active && !c->out_len)
		c->dead = true;
	update_events(c);
}

static void client_ready(void *ctx, int fd, uint32_t events)
{
	struct varlink_client *c = ctx;

	if (events & (EPOLLHUP | EPOLLERR))
		c->dead = true;
	if (!c->dead && (events & EPOLLIN))
		receive(c);
	if (!c->dead && (events & EPOLLOUT))
		flush(c);
	if (!c->dead)
		work_on(c);
	if (c->dead)
		free_client(c);
}

/*
 * A callback may free any client, so start again after each that changed
 * something; there are few.
 */
static void do_work(void *ctx)
{
	struct sg_varlink_server *s = ctx;
	struct varlink_client *c;
	size_t left = s->n_clients;

	for (c = s->clients; c && left; c = c->next, left--)
		if (!c->dead && !c->call.active)
			work_on(c);
	do {
		for (c = s->clients; c && !c->dead; c = c->next)
			;
		if (c)
			free_client(c);
	} while (c);
}

static void add_client(struct sg_varlink_server *s, int fd)
{
	struct varlink_client *c;

	if (s->n_clients == SG_VARLINK_CLIENTS_MAX) {
		sg_log(SG_LOG_WARNING,
		       "control: a client is refused, %d are "
		       "connected",
		       SG_VARLINK_CLIENTS_MAX);
		close(fd);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	c->server = s;
	c->fd = fd;
	c->call.client = c;
	c->events = EPOLLIN;
	if (!varlink_credentials(c) ||
	    sg_loop_add(s->loop, fd, EPOLLIN, client_ready, c)) {
		close(fd);
		free(c);
		return;
	}
	c->next = s->clients;
	s->clients = c;
	s->n_clients++;
}

static void listener_ready(void *ctx, int fd, uint32_t events)
{
	struct sg_varlink_server *s = ctx;
	int client = sg_socket_accept(s->loop, fd, &s->retry);

	if (client >= 0)
		add_client(s, client);
}

static void listen_again(void *ctx)
{
	struct sg_varlink_server *s = ctx;

	sg_loop_mod(s->loop, s->fd, EPOLLIN);
}

int sg_varlink_server_new(struct sg_loop *loop,
			  const struct sg_varlink_server_config *cfg,
			  struct sg_varlink_server **out, struct sg_error *err)
{
	struct sg_varlink_server *s = calloc(1, sizeof(*s));
	int r;

	*out = NULL;
	if (err)
		err->text[0] = 0;
	if (!s)
		return sg_err(err, ENOMEM, "not enough memory");
	s->loop = loop;
	s->cfg = *cfg;
	s->fd = -1;
	s->work.fn = do_work;
	s->work.ctx = s;
	s->retry.fn = listen_again;
	s->retry.ctx = s;
	s->path = strdup(cfg->path);
	if (!s->path) {
		r = sg_err(err, ENOMEM, "not enough memory");
		goto cleanup;
	}
	r = varlink_listen(s, err);
	if (r)
		goto cleanup;
	r = sg_loop_add(loop, s->fd, EPOLLIN, listener_ready, s);
	if (r)
		sg_err(err, -r, "%s: %s", s->path, strerror(-r));
cleanup:
	if (r) {
		sg_varlink_server_free(s);
		s = NULL;
	}
	*out = s;
	return r;
}

void sg_varlink_server_free(struct sg_varlink_server *s)
{
	if (!s)
		return;
	while (s->clients)
		free_client(s->clients);
	sg_timer_cancel(s->loop, &s->work);
	sg_timer_cancel(s->loop, &s->retry);
	/* First: once it is closed the next agent may have made its own there. */
	if (s->unlink_path)
		unlink(s->path);
	if (s->fd >= 0) {
		sg_loop_del(s->loop, s->fd);
		close(s->fd);
	}
	free(s->path);
	free(s);
}

size_t sg_varlink_server_clients(const struct sg_varlink_server *s)
{
	return s->n_clients;
}
