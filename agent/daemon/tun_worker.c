/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A worker's thread: waits, takes its lock, moves a batch each way. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/tun.h"

#define MESSAGE_RING   (128u << 10)
#define HANDSHAKE_RING (64u << 10)
#define INIT_RING      (256u << 10)
/* An extra cache line keeps the run clear of what follows it. */
#define RUN_BUF	       (TUN_UDP_MAX + 64)

void tun_write_lock(struct sg_datapath *dp)
{
	pthread_mutex_lock(&dp->gate);
	atomic_store(&dp->writer, true);
	for (uint32_t i = 0; i < dp->n_workers; i++)
		pthread_mutex_lock(&dp->workers[i].lock);
}

void tun_write_unlock(struct sg_datapath *dp)
{
	for (uint32_t i = dp->n_workers; i > 0; i--)
		pthread_mutex_unlock(&dp->workers[i - 1].lock);
	atomic_store(&dp->writer, false);
	pthread_mutex_unlock(&dp->gate);
}

/* A busy worker lets a waiting writer in first: locks are not fair. */
static void read_lock(struct tun_worker *w)
{
	if (atomic_load_explicit(&w->dp->writer, memory_order_relaxed)) {
		pthread_mutex_lock(&w->dp->gate);
		pthread_mutex_unlock(&w->dp->gate);
	}
	pthread_mutex_lock(&w->lock);
	w->now_ns = tun_now();
	w->tx_peer.family = 0;
	w->rx_peer.family = 0;
}

static void write_device(void *ctx, struct iovec *iov, int n, uint32_t packets)
{
	struct tun_worker *w = ctx;

	if (!w->dp->vnet_hdr) {
		iov[0].iov_base = (uint8_t *)iov[0].iov_base + TUN_VNET_LEN;
		iov[0].iov_len -= TUN_VNET_LEN;
	}
	while (writev(w->tun_fd, iov, n) < 0) {
		if (errno == EINTR)
			continue;
		tun_drop(w, SIGNET_DROP_DEVICE, packets);
		break;
	}
}

static ssize_t device_read(struct tun_worker *w)
{
	ssize_t n;

	if (w->uring)
		return tun_uring_read(w);
	n = read(w->tun_fd, w->tun_buf, TUN_BUF_LEN);
	return n < 0 ? -errno : n;
}

static ssize_t socket_read(struct tun_worker *w, bool v6,
			   struct sg_udp_packet *p)
{
	if (w->uring)
		return tun_uring_recv(w, v6, p);
	p->buf = w->rx_buf;
	return sg_udp_recv(v6 ? w->sock.v6 : w->sock.v4, p, w->dp->port);
}

/* Return: whether there may be more. */
static bool drain_device(struct tun_worker *w)
{
	size_t total = 0;
	ssize_t n;

	for (int i = 0; i < TUN_TX_BATCH && total < TUN_TX_BATCH_BYTES; i++) {
		n = device_read(w);
		if (n == -EBADFD || n == -ENODEV)
			tun_poll_forget_device(w);
		if (n <= 0)
			return false;
		tun_tx_packet(w, w->tun_buf, (size_t)n);
		total += (size_t)n;
	}
	return true;
}

static bool drain_socket(struct tun_worker *w, bool v6)
{
	struct sg_udp_packet p;
	ssize_t n;

	for (int i = 0; i < TUN_RX_BATCH; i++) {
		n = socket_read(w, v6, &p);
		if (n < 0)
			return false;
		tun_rx_buffer(w, &p, (size_t)n);
	}
	return true;
}

static void drain_inbox(struct tun_worker *w)
{
	struct tun_kept *list = w->inbox;

	w->inbox = NULL;
	for (struct tun_kept *k = list; k; k = k->next) {
		if (w->now_ns - k->at_ns > TUN_KEEP_NS)
			tun_drop(w, SIGNET_DROP_NO_CHANNEL, 1);
		else
			tun_tx_packet(w, k->data, k->len);
	}
	tun_keep_free(list);
}

/* One batch each way. @ready: bits of what has input; Return: what may have
 * more. */
static uint32_t run_batch(struct tun_worker *w, uint32_t ready)
{
	uint32_t more = 0;

	read_lock(w);
	if (w->inbox)
		drain_inbox(w);
	if (ready & TUN_READY_DEVICE && drain_device(w))
		more |= TUN_READY_DEVICE;
	tun_tx_flush(w);
	if (ready & TUN_READY_V4 && drain_socket(w, false))
		more |= TUN_READY_V4;
	if (ready & TUN_READY_V6 && drain_socket(w, true))
		more |= TUN_READY_V6;
	tun_judged_flush(w, &w->judged_in);
	tun_judged_flush(w, &w->judged_out);
	pthread_mutex_unlock(&w->lock);
	return more;
}

/* A ring belongs to the thread that makes it. */
static int wait_init(struct tun_worker *w)
{
	if (w->dp->cfg.uring && !(w->dp->off & SG_OFF_URING) &&
	    tun_uring_init(w) == 0)
		return 0;
	return tun_poll_init(w);
}

static void *worker_main(void *arg)
{
	struct tun_worker *w = arg;
	uint32_t ready = 0;

	w->err = wait_init(w);
	sem_post(&w->ready);
	while (!w->err && !atomic_load(&w->dp->stop)) {
		/* What has more must not keep the others waiting. */
		if (w->uring)
			ready |= tun_uring_wait(w, !ready);
		else
			ready |= tun_poll_wait(w, !ready);
		ready = run_batch(w, ready);
	}
	tun_uring_free(w);
	return NULL;
}

void tun_worker_wake(struct tun_worker *w)
{
	uint64_t one = 1;

	while (write(w->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static int worker_init(struct tun_worker *w)
{
	int err;

	w->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (w->wake_fd < 0)
		return -errno;
	w->tun_buf = malloc(TUN_BUF_LEN);
	w->rx_buf = malloc(TUN_PACKET_MAX);
	w->rx_buf6 = malloc(TUN_PACKET_MAX);
	w->run.buf = malloc(RUN_BUF);
	if (!w->tun_buf || !w->rx_buf || !w->rx_buf6 || !w->run.buf)
		return -ENOMEM;
	w->gro.tcp = w->dp->tso4 && w->dp->tso6;
	w->gro.udp = w->dp->uso;
	w->gro.write = write_device;
	w->gro.ctx = w;
	err = sg_queue_init(&w->messages, MESSAGE_RING);
	if (!err)
		err = sg_queue_init(&w->handshakes, HANDSHAKE_RING);
	if (!err)
		err = sg_queue_init(&w->inits, INIT_RING);
	return err;
}

int tun_worker_start(struct tun_worker *w)
{
	sigset_t all, old;
	char name[16];
	int err = worker_init(w);

	if (err)
		return err;
	sigfillset(&all);
	sem_init(&w->ready, 0, 0);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return -err;
	w->started = true;
	snprintf(name, sizeof(name), "signet-w%u", w->index);
	pthread_setname_np(w->thread, name);
	while (sem_wait(&w->ready) && errno == EINTR)
		;
	sem_destroy(&w->ready);
	return w->err;
}

void tun_worker_stop(struct tun_worker *w)
{
	if (w->started)
		pthread_join(w->thread, NULL);
	w->started = false;
	tun_poll_free(w);
	tun_sockets_close(&w->sock);
	if (w->tun_fd >= 0)
		close(w->tun_fd);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	w->tun_fd = w->wake_fd = -1;
	tun_keep_free(w->inbox);
	w->inbox = NULL;
	/* Plaintext has been in these. */
	if (w->tun_buf)
		sodium_memzero(w->tun_buf, TUN_BUF_LEN);
	if (w->rx_buf)
		sodium_memzero(w->rx_buf, TUN_PACKET_MAX);
	free(w->tun_buf);
	if (w->rx_buf6)
		sodium_memzero(w->rx_buf6, TUN_PACKET_MAX);
	free(w->rx_buf);
	free(w->rx_buf6);
	free(w->run.buf);
	sg_queue_free(&w->messages);
	sg_queue_free(&w->handshakes);
	sg_queue_free(&w->inits);
}
