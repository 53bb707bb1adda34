// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/loop.h"
#include "daemon/metrics_socket.h"
#include "daemon/varlink_server.h"

#define PATIENCE_NS 5000000000ULL
#define HEAD_MAX    256

struct client {
	struct sg_metrics_socket *socket;
	int fd; /* -1: free */
	struct sg_timer timer;
	char in[SG_METRICS_REQUEST_MAX];
	size_t in_len;
	char *out; /* NULL: the request is not complete yet */
	size_t out_len, out_sent;
	char head[HEAD_MAX];
	size_t head_len, head_sent;
};

struct sg_metrics_socket {
	struct sg_loop *loop;
	sg_metrics_fn fn;
	void *ctx;
	int fd;
	struct sg_timer retry; /* set when there was no descriptor */
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	size_t n_clients;
	struct client clients[SG_METRICS_CLIENTS_MAX];
};

static void client_end(void *ctx)
{
	struct client *c = ctx;

	sg_timer_cancel(c->socket->loop, &c->timer);
	sg_loop_del(c->socket->loop, c->fd);
	close(c->fd);
	free(c->out);
	c->fd = -1;
	c->out = NULL;
	c->socket->n_clients--;
}

/* Return: whether all of it is gone, or -errno */
static int write_some(int fd, const char *b, size_t len, size_t *sent)
{
	ssize_t n;

	while (*sent < len) {
		n = send(fd, b + *sent, len - *sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		*sent += (size_t)n;
	}
	return 1;
}

static void write_reply(struct client *c)
{
	int done = write_some(c->fd, c->head, c->head_len, &c->head_sent);

	if (done > 0)
		done = write_some(c->fd, c->out, c->out_len, &c->out_sent);
	if (done)
		client_end(c);
	else
		sg_loop_mod(c->socket->loop, c->fd, EPOLLOUT);
}

/* @body: consumed */
static void reply(struct client *c, const char *status, const char *type,
		  char *body, size_t len)
{
	c->out = body;
	c->out_len = body ? len : 0;
	c->head_len = (size_t)snprintf(c->head, sizeof(c->head),
				       "HTTP/1.1 %s\r\n"
				       "Content-Type: %s; charset=utf-8\r\n"
				       "Content-Length: %zu\r\n"
				       "Connection: close\r\n\r\n",
				       status, type, c->out_len);
	write_reply(c);
}

static void refuse(struct client *c, const char *status)
{
	char *body = NULL;
	int len = asprintf(&body, "%s\nGET /metrics, or /metrics?peers=1\n",
			   status);

	reply(c, status, "text/plain", len < 0 ? NULL : body, (size_t)len);
}

static bool path_is(const char *path, const char *end, const char *want)
{
	size_t len = strlen(want);

	return (size_t)(end - path) == len && !memcmp(path, want, len);
}

int sg_metrics_parse(const char *in, size_t len, bool *peers)
{
	const char *path = in + 4, *end;

	*peers = false;
	if (!strstr(in, "\r\n\r\n") && !strstr(in, "\n\n"))
		return len >= SG_METRICS_REQUEST_MAX - 1 || strlen(in) != len
			       ? 400
			       : 0;
	if (strncmp(in, "GET ", 4))
		return 405;
	end = strstr(path, " HTTP/1.");
	if (!end || end > in + strcspn(in, "\r\n"))
		return 400;
	*peers = path_is(path, end, "/metrics?peers=1");
	return *peers || path_is(path, end, "/metrics") ? 200 : 404;
}

static void answer(struct client *c, bool peers)
{
	const struct sg_metrics_socket *s = c->socket;
	size_t len;
	char *text = s->fn(s->ctx, peers, &len);

	if (!text)
		refuse(c, "503 Service Unavailable");
	else
		reply(c, "200 OK",
		      "application/openmetrics-text; version=1.0.0", text, len);
}

static void read_request(struct client *c)
{
	size_t room = sizeof(c->in) - 1 - c->in_len;
	ssize_t n = recv(c->fd, c->in + c->in_len, room, 0);
	bool peers;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_end(c);
		return;
	}
	c->in_len += (size_t)n;
	c->in[c->in_len] = '\0';
	switch (sg_metrics_parse(c->in, c->in_len, &peers)) {
	case 200:
		answer(c, peers);
		break;
	case 400:
		refuse(c, "400 Bad Request");
		break;
	case 404:
		refuse(c, "404 Not Found");
		break;
	case 405:
		refuse(c, "405 Method Not Allowed");
		break;
	}
}

static void on_client(void *ctx, int fd, uint32_t events)
{
	struct client *c = ctx;

	if (c->out || c->head_len)
		write_reply(c);
	else
		read_request(c);
}

static void client_new(struct sg_metrics_socket *s, int fd)
{
	struct client *c = s->clients;

	while (c < s->clients + SG_METRICS_CLIENTS_MAX && c->fd >= 0)
		c++;
	if (c == s->clients + SG_METRICS_CLIENTS_MAX ||
	    sg_loop_add(s->loop, fd, EPOLLIN, on_client, c)) {
		close(fd);
		return;
	}
	memset(c, 0, offsetof(struct client, in));
	c->socket = s;
	c->fd = fd;
	c->in_len = c->head_len = c->head_sent = c->out_sent = 0;
	c->timer.fn = client_end;
	c->timer.ctx = c;
	s->n_clients++;
	if (sg_timer_set(s->loop, &c->timer, sg_now() + PATIENCE_NS))
		client_end(c);
}

static void on_listener(void *ctx, int fd, uint32_t events)
{
	struct sg_metrics_socket *s = ctx;
	int client = sg_socket_accept(s->loop, fd, &s->retry);

	if (client >= 0)
		client_new(s, client);
}

static void listen_again(void *ctx)
{
	struct sg_metrics_socket *s = ctx;

	sg_loop_mod(s->loop, s->fd, EPOLLIN);
}

int sg_metrics_socket_new(struct sg_loop *loop, const char *control,
			  sg_metrics_fn fn, void *ctx,
			  struct sg_metrics_socket **out, struct sg_error *err)
{
	const char *slash = strrchr(control, '/');
	struct sg_metrics_socket *s = calloc(1, sizeof(*s));
	int ret;

	*out = NULL;
	if (!s)
		return sg_err(err, ENOMEM, "no memory");
	s->loop = loop;
	s->fn = fn;
	s->ctx = ctx;
	s->retry.fn = listen_again;
	s->retry.ctx = s;
	for (size_t i = 0; i < SG_METRICS_CLIENTS_MAX; i++)
		s->clients[i].fd = -1;
	ret = snprintf(s->path, sizeof(s->path), "%.*s" SG_METRICS_SOCKET,
		       slash ? (int)(slash + 1 - control) : 0, control);
	if ((size_t)ret >= sizeof(s->path))
		ret = sg_err(err, ENAMETOOLONG, "%s: the path is too long",
			     control);
	else
		ret = sg_socket_listen(s->path, &s->fd, err);
	if (ret) {
		free(s);
		return ret;
	}
	ret = sg_loop_add(loop, s->fd, EPOLLIN, on_listener, s);
	if (ret) {
		sg_metrics_socket_free(s);
		return sg_err(err, -ret, "%s", strerror(-ret));
	}
	*out = s;
	return 0;
}

void sg_metrics_socket_free(struct sg_metrics_socket *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SG_METRICS_CLIENTS_MAX; i++)
		if (s->clients[i].fd >= 0)
			client_end(&s->clients[i]);
	sg_timer_cancel(s->loop, &s->retry);
	sg_loop_del(s->loop, s->fd);
	/* in this order: once it is closed the next agent may have made its own */
	unlink(s->path);
	close(s->fd);
	free(s);
}

size_t sg_metrics_socket_clients(const struct sg_metrics_socket *s)
{
	return s ? s->n_clients : 0;
}
