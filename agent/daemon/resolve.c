// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Name resolution in a helper thread: see resolve.h.
 *
 * getaddrinfo() can take half a minute and cannot be stopped. So what the
 * thread touches is in a part of its own, which the last of the two sides to
 * leave frees. The thread ends when its queue is empty.
 */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/resolve.h"

struct job {
	struct job *next;
	uint64_t token;
	bool cancelled;
	int error;
	uint16_t port;
	size_t n;
	union sg_addr addrs[SG_RESOLVE_ADDRS_MAX];
	char host[SG_RESOLVE_HOST_MAX];
};

struct queue {
	struct job *head, **tail;
};

/* Belongs to both sides; all but the constants under the lock. */
struct shared {
	pthread_mutex_t lock;
	int refs;
	int event;
	bool running;	 /* there is a thread */
	bool closed;	 /* the main side has left */
	bool ipv4, ipv6; /* constant */
	struct queue todo, done;
	struct job *current; /* the thread is at it */
	size_t pending;
};

struct sg_resolver {
	struct shared *sh;
	struct sg_loop *loop;
	sg_resolve_fn fn;
	void *ctx;
};

static void queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_push(struct queue *q, struct job *j)
{
	j->next = NULL;
	*q->tail = j;
	q->tail = &j->next;
}

static struct job *queue_pop(struct queue *q)
{
	struct job *j = q->head;

	if (j) {
		q->head = j->next;
		if (!q->head)
			q->tail = &q->head;
	}
	return j;
}

static void queue_free(struct queue *q)
{
	struct job *j;

	while ((j = queue_pop(q)))
		free(j);
}

/* Called with the lock held; gives it up. */
static void shared_put(struct shared *sh)
{
	bool last = --sh->refs == 0;

	pthread_mutex_unlock(&sh->lock);
	if (!last)
		return;
	queue_free(&sh->todo);
	queue_free(&sh->done);
	close(sh->event);
	pthread_mutex_destroy(&sh->lock);
	free(sh);
}

static int error_of(int gai)
{
	switch (gai) {
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_SYSTEM:
		return errno ? -errno : -EIO;
	case EAI_ADDRFAMILY:
	case EAI_FAMILY:
		return -EAFNOSUPPORT;
	default:
		return -ENOENT;
	}
}

/*
 * The resolver's own order (RFC 6724) is kept; families without a socket are
 * left out.
 */
static void job_run(const struct shared *sh, struct job *j, int flags)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_NUMERICSERV | flags,
	};
	struct addrinfo *list = NULL;
	char service[8];
	int gai;

	if (sh->ipv4 != sh->ipv6)
		hints.ai_family = sh->ipv4 ? AF_INET : AF_INET6;
	snprintf(service, sizeof(service), "%u", j->port);
	errno = 0;
	gai = getaddrinfo(j->host, service, &hints, &list);
	if (gai) {
		j->error = error_of(gai);
		return;
	}
	for (struct addrinfo *a = list; a && j->n < SG_RESOLVE_ADDRS_MAX;
	     a = a->ai_next) {
		if (a->ai_addrlen > sizeof(j->addrs[0]))
			continue;
		memcpy(&j->addrs[j->n], a->ai_addr, a->ai_addrlen);
		sg_addr_unmap(&j->addrs[j->n]);
		if (j->addrs[j->n].sa.sa_family == AF_INET ? sh->ipv4
							   : sh->ipv6)
			j->n++;
	}
	freeaddrinfo(list);
	j->error = j->n ? 0 : -EAFNOSUPPORT;
}

static void *worker(void *arg)
{
	struct shared *sh = arg;
	struct job *j;

	pthread_mutex_lock(&sh->lock);
	while (!sh->closed && (j = queue_pop(&sh->todo))) {
		if (!j->cancelled) {
			sh->current = j;
			pthread_mutex_unlock(&sh->lock);
			job_run(sh, j, 0);
			pthread_mutex_lock(&sh->lock);
			sh->current = NULL;
		}
		queue_push(&sh->done, j);
		eventfd_write(sh->event, 1);
	}
	sh->running = false;
	shared_put(sh);
	return NULL;
}

/* Called with the lock held. */
static int worker_start(struct shared *sh)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int err;

	if (sh->running)
		return 0;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	/* signals are the main thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, &attr, worker, sh);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err)
		return -err;
	sh->running = true;
	sh->refs++;
	return 0;
}

static void on_event(void *ctx, int fd, uint32_t events)
{
	struct sg_resolver *r = ctx;
	struct shared *sh = r->sh;
	eventfd_t count;
	struct job *j;

	eventfd_read(fd, &count);
	pthread_mutex_lock(&sh->lock);
	/* the callback may ask again, cancel, or free the resolver */
	sh->refs++;
	while (!sh->closed && (j = queue_pop(&sh->done))) {
		sh->pending--;
		pthread_mutex_unlock(&sh->lock);
		if (!j->cancelled)
			r->fn(r->ctx, j->token, j->error, j->addrs, j->n);
		free(j);
		pthread_mutex_lock(&sh->lock);
	}
	shared_put(sh);
}

int sg_resolver_new(struct sg_resolver **out, struct sg_loop *loop, bool ipv4,
		    bool ipv6, sg_resolve_fn fn, void *ctx)
{
	struct sg_resolver *r = calloc(1, sizeof(*r));
	struct shared *sh = calloc(1, sizeof(*sh));
	int ret = -ENOMEM;

	*out = NULL;
	if (!r || !sh)
		goto cleanup;
	sh->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (sh->event < 0) {
		ret = -errno;
		goto cleanup;
	}
	*r = (struct sg_resolver){ sh, loop, fn, ctx };
	ret = sg_loop_add(loop, sh->event, EPOLLIN, on_event, r);
	if (ret) {
		close(sh->event);
		goto cleanup;
	}
	pthread_mutex_init(&sh->lock, NULL);
	sh->refs = 1;
	sh->ipv4 = ipv4;
	sh->ipv6 = ipv6;
	queue_init(&sh->todo);
	queue_init(&sh->done);
	*out = r;
	return 0;
cleanup:
	free(r);
	free(sh);
	return ret;
}

void sg_resolver_free(struct sg_resolver *r)
{
	if (!r)
		return;
	sg_loop_del(r->loop, r->sh->event);
	pthread_mutex_lock(&r->sh->lock);
	r->sh->closed = true;
	shared_put(r->sh);
	free(r);
}

/* Called with the lock held. */
static void cancel(struct shared *sh, uint64_t token)
{
	struct job *j;

	for (j = sh->todo.head; j; j = j->next)
		if (j->token == token)
			j->cancelled = true;
	for (j = sh->done.head; j; j = j->next)
		if (j->token == token)
			j->cancelled = true;
	if (sh->current && sh->current->token == token)
		sh->current->cancelled = true;
}

void sg_resolve_cancel(struct sg_resolver *r, uint64_t token)
{
	pthread_mutex_lock(&r->sh->lock);
	cancel(r->sh, token);
	pthread_mutex_unlock(&r->sh->lock);
}

size_t sg_resolve_pending(const struct sg_resolver *r)
{
	size_t n;

	pthread_mutex_lock(&r->sh->lock);
	n = r->sh->pending;
	pthread_mutex_unlock(&r->sh->lock);
	return n;
}

static int enqueue(struct shared *sh, struct job *j)
{
	int ret = -ENOSPC;

	pthread_mutex_lock(&sh->lock);
	cancel(sh, j->token);
	if (sh->pending < SG_RESOLVE_QUEUE_MAX) {
		queue_push(&sh->todo, j);
		sh->pending++;
		ret = worker_start(sh);
		if (ret) {
			/* no thread: nobody else looks at the queue */
			queue_init(&sh->todo);
			sh->pending--;
		}
	}
	pthread_mutex_unlock(&sh->lock);
	return ret;
}

int sg_resolve(struct sg_resolver *r, uint64_t token, const char *host,
	       uint16_t port)
{
	size_t len = strnlen(host, SG_RESOLVE_HOST_MAX);
	struct job *j;
	int ret;

	if (!len || len == SG_RESOLVE_HOST_MAX)
		return -EINVAL;
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	j->token = token;
	j->port = port;
	memcpy(j->host, host, len);
	job_run(r->sh, j, AI_NUMERICHOST);
	if (!j->error || j->error == -EAFNOSUPPORT) {
		sg_resolve_cancel(r, token);
		r->fn(r->ctx, token, j->error, j->addrs, j->n);
		free(j);
		return 0;
	}
	j->error = 0;
	ret = enqueue(r->sh, j);
	if (ret)
		free(j);
	return ret;
}
