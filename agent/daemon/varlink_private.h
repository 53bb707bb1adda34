/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the Varlink server: varlink_server.c has the clients,
 * varlink_call.c their calls, varlink_listen.c the socket.
 */
#ifndef SG_VARLINK_PRIVATE_H
#define SG_VARLINK_PRIVATE_H

#include "common/varlink.h"
#include "daemon/loop.h"
#include "daemon/varlink_server.h"

struct varlink_client;

/**
 * struct sg_varlink_call - the one call of a client; part of the client
 * @active: between the request and the last reply
 */
struct sg_varlink_call {
	struct varlink_client *client;
	struct sg_varlink_request req;
	const struct sg_varlink_method *method;
	bool active;
	void (*on_disconnect)(void *ctx, struct sg_varlink_call *call);
	void *on_disconnect_ctx;
};

/**
 * struct varlink_client - a connection
 * @in: what was received; requests end with NUL
 * @in_seen: so much of @in holds no NUL
 * @out: replies from @out_start on are still to be sent
 * @eof: it will send nothing more
 * @dead: to be freed, from the event loop, not where it was found out
 * @working: its requests are being looked at
 * @events: what we wait for
 */
struct varlink_client {
	struct sg_varlink_server *server;
	struct varlink_client *next;
	int fd;
	uid_t uid;
	bool may_read, may_change;
	bool eof, dead, working;
	uint32_t events;
	char *in, *out;
	size_t in_len, in_cap, in_seen;
	size_t out_start, out_len, out_cap;
	struct sg_varlink_call call;
};

/**
 * struct sg_varlink_server
 * @work: set when a client needs a look from the event loop
 * @retry: set when there was no descriptor for a new client
 */
struct sg_varlink_server {
	struct sg_loop *loop;
	struct sg_varlink_server_config cfg;
	char *path;
	bool unlink_path;
	int fd;
	gid_t group; /* of "signet", (gid_t)-1: there is none */
	struct varlink_client *clients;
	size_t n_clients;
	struct sg_timer work, retry;
};

/* varlink_call.c */
/** varlink_dispatch() - work on a request of a client without active call */
void varlink_dispatch(struct varlink_client *c, const char *buf, size_t len);

/* varlink_server.c */
/** varlink_queue() - send a message with its NUL, at once if possible */
int varlink_queue(struct varlink_client *c, const char *buf, size_t len);
/** varlink_schedule() - look at all clients soon, from the event loop */
void varlink_schedule(struct sg_varlink_server *s);

/* varlink_service.c */
/** varlink_service() - org.varlink.service, which every service has */
void varlink_service(struct sg_varlink_call *call, const char *method);

/* varlink_listen.c */
int varlink_listen(struct sg_varlink_server *s, struct sg_error *err);
/** varlink_credentials() - who is it, and what may it do; false: refuse */
bool varlink_credentials(struct varlink_client *c);

#endif
