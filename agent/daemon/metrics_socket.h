/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A Unix socket for whoever collects metrics: answers GET /metrics over HTTP,
 * and nothing else. It changes nothing. One request for each connection.
 */
#ifndef SG_METRICS_SOCKET_H
#define SG_METRICS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

struct sg_error;
struct sg_loop;
struct sg_metrics_socket;

/* Connections at a time; each has 5 s for all that it wants. */
#define SG_METRICS_CLIENTS_MAX 8
/* Of a request, with a NUL behind it. */
#define SG_METRICS_REQUEST_MAX 4096
/* Its name, in the folder of the control socket. */
#define SG_METRICS_SOCKET      "metrics.sock"

/**
 * sg_metrics_fn - makes the text
 * @peers: with series for each peer
 * Return: to be freed, or NULL; @len receives its length
 */
typedef char *(*sg_metrics_fn)(void *ctx, bool peers, size_t *len);

/**
 * sg_metrics_socket_new() - listen
 * @control: path of the control socket, beside which it is made
 * Return: 0 or -errno; @err says why
 */
int sg_metrics_socket_new(struct sg_loop *loop, const char *control,
			  sg_metrics_fn fn, void *ctx,
			  struct sg_metrics_socket **out, struct sg_error *err);

/** sg_metrics_socket_free() - and remove it; NULL is none */
void sg_metrics_socket_free(struct sg_metrics_socket *s);

/**
 * sg_metrics_parse() - what a request asks for
 * @in: what has come of it, and a NUL after @len bytes
 * @peers: whether series for each peer are wanted
 * Return: 0 where there is more to come; else the status of the answer: 200, or
 * 400, 404, 405.
 */
int sg_metrics_parse(const char *in, size_t len, bool *peers);

/** sg_metrics_socket_clients() - how many are connected; of NULL none */
size_t sg_metrics_socket_clients(const struct sg_metrics_socket *s);

#endif
