// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tool's client: blocking, one call at a time. */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/varlink.h"

/* The agent is trusted with our memory, but not without end. */
#define REPLY_MAX (64 * 1024 * 1024)

/**
 * struct sg_varlink - a connection
 * @buf: received and not yet returned
 * @seen: so much of it holds no NUL
 */
struct sg_varlink {
	int fd;
	char *buf;
	size_t len, cap, seen;
};

static int refused(int e, const char *path, struct sg_error *err)
{
	switch (e) {
	case ENOENT:
	case ECONNREFUSED:
		return sg_err(err, e,
			      "no agent answers on %s: start one with "
			      "\"signet up\"",
			      path);
	case EACCES:
	case EPERM:
		return sg_err(err, EACCES,
			      "not allowed to talk to the agent on "
			      "%s: be root, or a member of the group signet",
			      path);
	default:
		return sg_err(err, e, "cannot connect to %s: %s", path,
			      strerror(e));
	}
}

int sg_varlink_connect(const char *path, struct sg_varlink **out,
		       struct sg_error *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sg_varlink *v;
	int e;

	*out = NULL;
	if (!path)
		path = getenv("SIGNET_SOCKET");
	if (!path || !*path)
		path = SG_SOCKET_PATH;
	if (strlen(path) >= sizeof(un.sun_path))
		return sg_err(err, ENAMETOOLONG,
			      "%s: a socket's path has at "
			      "most %zu characters",
			      path, sizeof(un.sun_path) - 1);
	strcpy(un.sun_path, path);
	v = calloc(1, sizeof(*v));
	if (!v)
		return sg_err(err, ENOMEM, "not enough memory");
	v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (v->fd >= 0 && !connect(v->fd, (struct sockaddr *)&un, sizeof(un))) {
		*out = v;
		return 0;
	}
	e = errno;
	sg_varlink_close(v);
	return refused(e, path, err);
}

void sg_varlink_close(struct sg_varlink *v)
{
	if (!v)
		return;
	if (v->fd >= 0)
		close(v->fd);
	free(v->buf);
	free(v);
}

int sg_varlink_fd(const struct sg_varlink *v)
{
	return v->fd;
}

static int send_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return errno == ECONNRESET ? -EPIPE : -errno;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int sg_varlink_send(struct sg_varlink *v, const char *method,
		    struct json_object *parameters, bool more)
{
	struct json_object *req = json_object_new_object();
	char name[160];
	const char *text;
	size_t len;
	int r;

	snprintf(name, sizeof(name), "%s%s",
		 strchr(method, '.') ? "" : SG_VARLINK_INTERFACE ".", method);
	json_object_object_add(req, "method", json_object_new_string(name));
	if (parameters)
		json_object_object_add(req, "parameters", parameters);
	if (more)
		json_object_object_add(req, "more",
				       json_object_new_boolean(true));
	text = json_object_to_json_string_length(req, JSON_C_TO_STRING_PLAIN,
						 &len);
	/* The string's own NUL ends the message. */
	r = text ? send_all(v->fd, text, len + 1) : -ENOMEM;
	json_object_put(req);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int wait_readable(int fd, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left = -1;
	int n;

	do {
		if (deadline >= 0) {
			left = deadline - now_ms();
			if (left < 0)
				left = 0;
		}
		n = poll(&p, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

static int fill(struct sg_varlink *v)
{
	ssize_t n;

	if (v->len == v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 16384;
		char *buf = cap <= REPLY_MAX ? realloc(v->buf, cap) : NULL;

		if (!buf)
			return cap <= REPLY_MAX ? -ENOMEM : -EBADMSG;
		v->buf = buf;
		v->cap = cap;
	}
	do
		n = recv(v->fd, v->buf + v->len, v->cap - v->len, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (!n)
		return -EPIPE;
	v->len += (size_t)n;
	return 0;
}

/* One whole message: its JSON text stands at v->buf when this returns 0. */
static int receive(struct sg_varlink *v, int timeout_ms, size_t *len)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	char *nul;
	int r;

	for (;;) {
		nul = v->len > v->seen
			      ? memchr(v->buf + v->seen, 0, v->len - v->seen)
			      : NULL;
		if (nul)
			break;
		v->seen = v->len;
		r = wait_readable(v->fd, deadline);
		if (!r)
			r = fill(v);
		if (r)
			return r;
	}
	*len = (size_t)(nul - v->buf);
	return 0;
}

static void consume(struct sg_varlink *v, size_t n)
{
	memmove(v->buf, v->buf + n, v->len - n);
	v->len -= n;
	v->seen = 0;
}

static int take_reply(struct json_object *msg, struct json_object **reply,
		      bool *continues, struct sg_varlink_fault *fault)
{
	struct json_object *o = NULL, *p = NULL;

	if (!json_object_is_type(msg, json_type_object))
		return -EBADMSG;
	if (json_object_object_get_ex(msg, "parameters", &p) && p &&
	    !json_object_is_type(p, json_type_object))
		return -EBADMSG;
	if (json_object_object_get_ex(msg, "error", &o)) {
		if (!json_object_is_type(o, json_type_string))
			return -EBADMSG;
		if (fault) {
			snprintf(fault->name, sizeof(fault->name), "%s",
				 json_object_get_string(o));
			fault->parameters = json_object_get(p);
		}
		return -EREMOTEIO;
	}
	if (json_object_object_get_ex(msg, "continues", &o) && continues)
		*continues = json_object_get_boolean(o);
	if (reply)
		*reply = p ? json_object_get(p) : json_object_new_object();
	return 0;
}

int sg_varlink_recv(struct sg_varlink *v, int timeout_ms,
		    struct json_object **reply, bool *continues,
		    struct sg_varlink_fault *fault)
{
	struct json_object *msg;
	size_t len = 0;
	int r;

	if (reply)
		*reply = NULL;
	if (continues)
		*continues = false;
	if (fault)
		memset(fault, 0, sizeof(*fault));
	r = receive(v, timeout_ms, &len);
	if (r)
		return r;
	msg = json_tokener_parse(v->buf);
	r = take_reply(msg, reply, continues, fault);
	json_object_put(msg);
	consume(v, len + 1);
	return r;
}

int sg_varlink_invoke(struct sg_varlink *v, const char *method,
		      struct json_object *parameters, int timeout_ms,
		      struct json_object **reply,
		      struct sg_varlink_fault *fault)
{
	int r;

	if (reply)
		*reply = NULL;
	if (fault)
		memset(fault, 0, sizeof(*fault));
	r = sg_varlink_send(v, method, parameters, false);
	if (r)
		return r;
	return sg_varlink_recv(v, timeout_ms, reply, NULL, fault);
}

void sg_varlink_fault_free(struct sg_varlink_fault *f)
{
	json_object_put(f->parameters);
	memset(f, 0, sizeof(*f));
}

const char *sg_varlink_fault_string(const struct sg_varlink_fault *f,
				    const char *key)
{
	struct json_object *o;

	if (!f->parameters ||
	    !json_object_object_get_ex(f->parameters, key, &o) ||
	    !json_object_is_type(o, json_type_string))
		return NULL;
	return json_object_get_string(o);
}
