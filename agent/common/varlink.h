/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Varlink (varlink.org): requests and replies are JSON objects, each ended by
 * a NUL byte, over a Unix stream socket. This is the framing that daemon and
 * tool share, and the tool's blocking client. The daemon's server is in
 * daemon/varlink_server.h.
 */
#ifndef SG_VARLINK_H
#define SG_VARLINK_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct sg_error;

#define SG_SOCKET_PATH	       "/run/signet/signet.sock"
#define SG_VARLINK_INTERFACE   "io.signet"
#define SG_VARLINK_REQUEST_MAX (1024 * 1024)
#define SG_VARLINK_OUTPUT_MAX  (4 * 1024 * 1024)
#define SG_VARLINK_DEPTH_MAX   16 /* nesting of a request's JSON */

#define SG_VARLINK_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define SG_VARLINK_METHOD_NOT_IMPLEMENTED \
	"org.varlink.service.MethodNotImplemented"
#define SG_VARLINK_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"
#define SG_VARLINK_INVALID_PARAMETER   "org.varlink.service.InvalidParameter"
#define SG_VARLINK_PERMISSION_DENIED   "org.varlink.service.PermissionDenied"
#define SG_VARLINK_EXPECTED_MORE       "org.varlink.service.ExpectedMore"

/**
 * struct sg_varlink_request - a parsed request
 * @method: fully qualified; points into @json
 * @parameters: an object, never NULL; owned by @json
 */
struct sg_varlink_request {
	struct json_object *json;
	const char *method;
	struct json_object *parameters;
	bool more, oneway;
};

/**
 * sg_varlink_request_parse() - one request without its NUL
 * Return: 0; -EBADMSG not JSON, not an object, unknown or wrongly typed
 *	members, nested too deep; -E2BIG; -ENOMEM.
 */
int sg_varlink_request_parse(const char *buf, size_t len,
			     struct sg_varlink_request *req);
void sg_varlink_request_free(struct sg_varlink_request *req);

/** sg_varlink_interface_text() - text of Documentation/io.signet.varlink */
const char *sg_varlink_interface_text(void);

/*
 * Client
 */
struct sg_varlink;

/**
 * struct sg_varlink_fault - the agent's error reply
 * @name: "io.signet.NotFound" ..., empty when there was none
 * @parameters: its parameters, or NULL; free with sg_varlink_fault_free()
 */
struct sg_varlink_fault {
	char name[128];
	struct json_object *parameters;
};

void sg_varlink_fault_free(struct sg_varlink_fault *f);

/** sg_varlink_fault_string() - a string parameter of the fault, or NULL */
const char *sg_varlink_fault_string(const struct sg_varlink_fault *f,
				    const char *key);

/**
 * sg_varlink_connect() - connect to an agent
 * @path: socket, or NULL: SIGNET_SOCKET or SG_SOCKET_PATH
 * Return: 0; -ENOENT, -ECONNREFUSED: no agent runs; -EACCES: not allowed.
 *	@err says what to do.
 */
int sg_varlink_connect(const char *path, struct sg_varlink **out,
		       struct sg_error *err);
void sg_varlink_close(struct sg_varlink *v);

/** sg_varlink_fd() - the socket, to poll for a reply */
int sg_varlink_fd(const struct sg_varlink *v);

/**
 * sg_varlink_invoke() - call a method and wait for its one reply
 * @method: "GetStatus" (of io.signet) or fully qualified
 * @parameters: consumed; may be NULL
 * @timeout_ms: negative: for ever
 * @reply: receives the parameters of the reply, to be put; may be NULL
 * @fault: filled on -EREMOTEIO; zero-initialised by the call
 * Return: 0; -EREMOTEIO the agent replied with an error; -ETIMEDOUT;
 *	-EPIPE the agent went away; -EBADMSG it does not speak Varlink.
 */
int sg_varlink_invoke(struct sg_varlink *v, const char *method,
		      struct json_object *parameters, int timeout_ms,
		      struct json_object **reply,
		      struct sg_varlink_fault *fault);

/**
 * sg_varlink_send() - send a request, for methods with more than one reply
 * @more: ask for many replies
 */
int sg_varlink_send(struct sg_varlink *v, const char *method,
		    struct json_object *parameters, bool more);

/**
 * sg_varlink_recv() - wait for the next reply
 * @continues: receives whether another one follows
 * Return: as sg_varlink_invoke().
 */
int sg_varlink_recv(struct sg_varlink *v, int timeout_ms,
		    struct json_object **reply, bool *continues,
		    struct sg_varlink_fault *fault);

#endif
