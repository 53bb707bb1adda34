/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Varlink server on the daemon's event loop. Bounded: 64 clients, 1 MiB for a
 * request, 4 MiB of replies that a client has not read. A client's requests
 * are answered in their order, one at a time.
 */
#ifndef SG_VARLINK_SERVER_H
#define SG_VARLINK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct json_object;
struct sg_error;
struct sg_loop;
struct sg_varlink_call;
struct sg_varlink_server;

#define SG_VARLINK_CLIENTS_MAX 64

/**
 * struct sg_varlink_method - one method of the interface
 * @name: without the interface: "GetStatus"
 * @changes: root and the daemon's own user only; else also group "signet"
 * @streams: may reply more than once when called with "more"
 * @signature: parameters as "name:type" separated by spaces; type is one of
 *	s string, i int, b bool, a array, o object, with "?" after it where
 *	optional ("peer:s count:i?"). Requests that do not match are refused
 *	before the handler runs. A JSON null counts as absent and is removed.
 * @handler: must reply now, or keep @call and reply later. @params is valid
 *	until the call ends; handlers need not put it.
 */
struct sg_varlink_method {
	const char *name;
	bool changes;
	bool streams;
	const char *signature;
	void (*handler)(void *ctx, struct sg_varlink_call *call,
			struct json_object *params);
};

struct sg_varlink_server_config {
	const char *path;	       /* of the socket */
	const char *product, *version; /* for GetInfo */
	const struct sg_varlink_method *methods;
	size_t n_methods;
	void *ctx; /* for the handlers */
};

/**
 * sg_varlink_server_new() - listen; takes a socket from systemd (sd_listen_fds)
 * when one was passed for it
 *
 * The socket is 0660, group "signet" where there is one; its folder is made
 * (0755) if missing. A socket left by a dead agent is replaced.
 * Return: 0; -EADDRINUSE another agent is running; -errno. @err says which.
 */
int sg_varlink_server_new(struct sg_loop *loop,
			  const struct sg_varlink_server_config *cfg,
			  struct sg_varlink_server **out, struct sg_error *err);

/**
 * sg_socket_listen() - a listening Unix socket, made and guarded in the same way
 * Return: 0, and the caller's to close and to remove; -errno, @err says which
 */
int sg_socket_listen(const char *path, int *fd, struct sg_error *err);

/**
 * sg_socket_accept() - a client, if one can be let in
 * @retry: its function listens again (EPOLLIN); set for a second later where there
 *	are no descriptors or there is no memory: until then @fd would be ready
 * Return: a descriptor, or -1
 */
int sg_socket_accept(struct sg_loop *loop, int fd, struct sg_timer *retry);

/** sg_varlink_server_free() - ends all calls, removes the socket */
void sg_varlink_server_free(struct sg_varlink_server *s);

/** sg_varlink_server_clients() - how many are connected, for limits */
size_t sg_varlink_server_clients(const struct sg_varlink_server *s);

/**
 * sg_varlink_reply() - send a reply
 * @parameters: consumed; NULL: an empty object
 * @continues: more follow. Without "more" in the request the first reply is
 *	the last: @continues is then ignored and the call has ended.
 * Return: 0; -EPIPE the client is gone or too slow. After the last reply, the
 *	call must not be used any more, whatever is returned. With @continues
 *	and an error, wait for the disconnect callback.
 */
int sg_varlink_reply(struct sg_varlink_call *call,
		     struct json_object *parameters, bool continues);

/**
 * sg_varlink_error() - send an error; ends the call
 * @name: fully qualified, or an error of io.signet ("NotFound")
 * @parameters: consumed; may be NULL
 */
int sg_varlink_error(struct sg_varlink_call *call, const char *name,
		     struct json_object *parameters);

/* Errors with one or two strings, for convenience. @remedy may be NULL. */
int sg_varlink_error_what(struct sg_varlink_call *call, const char *name,
			  const char *key, const char *text);
int sg_varlink_fail(struct sg_varlink_call *call, const char *remedy,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int sg_varlink_unreachable(struct sg_varlink_call *call, const char *remedy,
			   const char *detail);
int sg_varlink_invalid_parameter(struct sg_varlink_call *call,
				 const char *parameter);

/** sg_varlink_wants_more() - was it called with "more"? */
bool sg_varlink_wants_more(const struct sg_varlink_call *call);

/** sg_varlink_uid() - user at the other end */
uid_t sg_varlink_uid(const struct sg_varlink_call *call);

/**
 * sg_varlink_on_disconnect() - be told when a kept call ends without our doing
 *
 * @fn runs from the event loop, never inside sg_varlink_reply(); the call is
 * gone when it returns. It does not run after a last reply or an error.
 */
void sg_varlink_on_disconnect(struct sg_varlink_call *call,
			      void (*fn)(void *ctx,
					 struct sg_varlink_call *call),
			      void *ctx);

#endif
