/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Internals of the in-process data path over TUN (datapath_tun*.c, tun_*.c).
 *
 * Every worker has a thread, a TUN queue, a socket for each address family
 * and a lock that it holds for one batch of packets. The tables (peers,
 * channels, keys, labels, prefixes) are read under any worker's lock and
 * written by the main thread holding all of them: readers share no cache line
 * that is written, and what is removed is in use by nobody once the writer
 * holds the locks.
 */
#ifndef SG_TUN_H
#define SG_TUN_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/datapath.h"
#include "daemon/tun_flow.h"
#include "daemon/tun_gro.h"
#include "daemon/tun_lpm.h"
#include "daemon/tun_queue.h"
#include "daemon/tun_slab.h"
#include "daemon/udp.h"

#define TUN_CACHE_LINE	   64
#define TUN_NSEC	   1000000000ull
#define TUN_MAX_WORKERS	   SIGNET_LANES
/* A TUN read: virtio-net header and the largest packet or super-packet. */
#define TUN_VNET_LEN	   10
#define TUN_PACKET_MAX	   65535
#define TUN_BUF_LEN	   (TUN_VNET_LEN + TUN_PACKET_MAX + 1)
/* The largest UDP payload, and the most segments of one UDP_SEGMENT send. */
#define TUN_UDP_MAX	   65507
#define TUN_RUN_MAX	   64
/* Packets kept for peers whose channel is still being opened. */
#define TUN_KEEP_PER_PEER  16
#define TUN_KEEP_PACKETS   512
#define TUN_KEEP_BYTES	   (1u << 20)
#define TUN_KEEP_NS	   (5 * TUN_NSEC)
/* Failed openings under one key after which a new key is asked for. */
/* A learned path MTU is forgotten after this, as the kernel forgets its own. */
#define TUN_MTU_NS	   (600 * TUN_NSEC)
#define TUN_FAILURES_MAX   (1u << 20)
/* Work done under a worker's lock before others get a turn. */
#define TUN_TX_BATCH	   64
#define TUN_TX_BATCH_BYTES (128u << 10)
#define TUN_RX_BATCH	   4
/* Flows that were begun here, and those that peers asked for, by sets. */
#define TUN_BEGUN_SETS	   8192
#define TUN_ASKED_SETS	   1024

/** struct tun_lane - sending side of a lane; one cache line */
struct tun_lane {
	_Alignas(TUN_CACHE_LINE) _Atomic uint64_t next;
	_Atomic uint64_t limit; /* counters below it may be used */
};

/** struct tun_window - receiving side of a lane */
struct tun_window {
	pthread_mutex_t lock; /* guards @replay */
	struct signet_replay replay;
};

/**
 * struct tun_key - an installed key; in locked memory
 * @budget: frames that no lane has claimed yet (tx)
 * @soft_left: @budget at which rekey_wanted() is due (tx)
 * @told: rekey_wanted() or key_confirmed() is in the queue or was delivered
 */
struct tun_key {
	struct signet_aead_key aead;
	uint64_t hard_ns;
	_Atomic uint64_t budget;
	uint64_t soft_left;
	_Atomic uint64_t failures;
	_Atomic bool told;
	_Atomic bool failures_told;
	struct tun_lane *lanes;
	struct tun_window *_Atomic windows[SIGNET_LANES];
};

/** struct tun_stats - of one channel in one worker; written by it only */
struct tun_stats {
	_Alignas(TUN_CACHE_LINE) _Atomic uint64_t rx_packets;
	_Atomic uint64_t rx_bytes;
	_Atomic uint64_t tx_packets;
	_Atomic uint64_t tx_bytes;
	_Atomic uint64_t rx_last_ns;
	_Atomic uint64_t tx_last_ns;
	_Atomic uint64_t aead_failures;
};

/** struct tun_channel - in locked memory for its hop keys */
struct tun_channel {
	uint32_t id;
	uint32_t peer;
	uint32_t rx_label;
	uint8_t rx_hop_key[SIGNET_HOP_KEY_LEN];
	uint8_t tx_lanes;
	int8_t tx_key; /* selected slot, -1: none */
	bool taken;    /* it was selected for sending once */
	struct sg_path path;
	struct tun_key *rx[SIGNET_KEY_IDS];
	struct tun_key *tx[SIGNET_KEY_IDS];
	struct tun_stats *stats;  /* one for each worker */
	struct tun_channel *next; /* of the same peer */
	_Atomic uint64_t seen_ns; /* last endpoint_seen() */
	_Atomic uint32_t mtu;	  /* learned inner MTU, 0: none */
	_Atomic uint64_t mtu_ns;  /* when it was learned */
	_Atomic bool watched;
};

/** struct tun_kept - a TUN read that waits for a channel */
struct tun_kept {
	struct tun_kept *next;
	uint64_t at_ns;
	size_t len;
	uint8_t data[];
};

struct tun_peer {
	bool used;
	const struct signet_verdicts *verdicts; /* NULL: everything */
	_Atomic uint64_t refused[2]; /* SIGNET_DROP_POLICY, _FRAGMENT */
	struct tun_channel *selected;
	struct tun_channel *channels;
	struct sg_prefix *prefixes;
	size_t n_prefixes;
	_Atomic uint64_t wanted_ns; /* last channel_wanted() */
	/* guarded by keep_lock */
	struct tun_kept *kept, **kept_tail;
	uint32_t n_kept;
};

/** struct tun_label - slot of the label table; label 0: free */
struct tun_label {
	uint32_t label;
	struct tun_channel *channel;
};

/** struct tun_tables - read under any worker's lock, written under all */
struct tun_tables {
	struct tun_peer *peers;
	struct tun_label *labels;
	uint32_t label_mask, n_labels;
	uint64_t label_seed;
	struct tun_channel **channels; /* by index part of the number */
	uint32_t channels_cap, channels_hint;
	struct sg_lpm v4, v6;
};

/** struct tun_sockets - UDP sockets of a worker, -1 where not open */
struct tun_sockets {
	int v4, v6;
};

/**
 * struct tun_run - sealed frames that leave in one send
 * All have @frame_len bytes; only the last may be shorter.
 */
struct tun_run {
	struct tun_channel *channel;
	size_t frame_len;
	size_t bytes;
	uint32_t count;
	uint32_t inner; /* bytes of plaintext */
	bool closed;
	uint8_t *buf;
};

/** struct tun_lookup - answers that hold until the lock is released */
struct tun_lookup {
	uint8_t addr[16];
	uint32_t peer;
	uint8_t family; /* 0: empty */
};

/**
 * struct tun_policy - there from when some peer may not begin everything
 * @verdicts: that peers point to; written under all workers' locks
 * @begun: by this node; answers to them are let in
 * @asked: what peers began, or tried to; only to be shown
 */
struct tun_policy {
	struct signet_verdicts *verdicts;
	struct sg_flows begun, asked;
};

/** struct tun_judged - the last flow; holds until the lock is released */
struct tun_judged {
	bool used;
	struct sg_flow_seen seen;
};

struct tun_worker {
	_Alignas(TUN_CACHE_LINE) pthread_mutex_t lock;
	struct sg_datapath *dp;
	uint32_t index;
	pthread_t thread;
	bool started;
	int err;     /* of starting */
	sem_t ready; /* posted when the thread runs or has failed */
	int tun_fd;
	int wake_fd;
	struct tun_sockets sock;
	uint64_t now_ns; /* CLOCK_BOOTTIME of the batch */
	uint8_t *tun_buf;
	uint8_t *rx_buf, *rx_buf6;
	struct tun_run run;
	struct tun_lookup tx_peer, rx_peer;
	struct tun_judged judged_in, judged_out;
	struct sg_gro gro;
	struct tun_kept *inbox; /* guarded by @lock; kept packets to send */
	uint64_t icmp_ns;	/* earliest next ICMP error */
	_Atomic uint64_t drops[SIGNET_DROP_COUNT];
	struct sg_queue messages;   /* and events */
	struct sg_queue handshakes; /* answers, cookies, pairing */
	struct sg_queue inits;
	int poll_fd; /* epoll, where @uring is NULL */
	struct tun_uring *uring;
};

struct sg_datapath {
	struct sg_loop *loop;
	struct sg_dp_events ev;
	void *ctx;
	struct sg_dp_config cfg;
	char ifname[16];
	uint16_t port;
	uint32_t n_workers;
	struct tun_worker *workers;
	struct tun_tables tables;
	struct tun_policy *policy; /* NULL: none was ever set */
	struct sg_slab keys, chans;
	uint32_t generation;
	int event_fd;
	bool watching; /* event_fd is in the loop */
	bool retired;  /* nothing is changed or reported any more */
	_Atomic bool notified;
	_Atomic bool stop;
	_Atomic bool writer; /* a writer is at the gate */
	pthread_mutex_t gate;
	pthread_mutex_t keep_lock;
	uint32_t keep_packets, keep_bytes;
	/* steps in use */
	bool vnet_hdr, tso4, tso6, uso, multi_queue, udp_gro, uring;
	_Atomic bool udp_gso;
	unsigned int off; /* SG_OFF_*: steps that are not to be tried */
};

/* Steps that SIGNET_OFFLOADS_OFF can switch off, a comma-separated list. */
enum {
	SG_OFF_VNET = 1,
	SG_OFF_TSO = 2,
	SG_OFF_USO = 4,
	SG_OFF_GSO = 8,
	SG_OFF_GRO = 16,
	SG_OFF_MULTI_QUEUE = 32,
	SG_OFF_URING = 64,
	SG_OFF_NOWAIT = 128,
};

static inline uint64_t tun_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * TUN_NSEC + (uint64_t)ts.tv_nsec;
}

/* Counters have one writer: no locked instruction is needed. */
static inline void tun_count(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(c,
			      atomic_load_explicit(c, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline void tun_drop(struct tun_worker *w, enum signet_drop why,
			    uint64_t n)
{
	tun_count(&w->drops[why], n);
}

/* tun_table.c */
int tun_tables_init(struct sg_datapath *dp);
void tun_tables_free(struct sg_datapath *dp);
struct tun_channel *tun_label_find(const struct tun_tables *t, uint32_t label);
struct tun_channel *tun_channel_get(const struct tun_tables *t, uint32_t id);
int tun_channel_insert(struct sg_datapath *dp, struct tun_channel *c);
void tun_channel_remove(struct sg_datapath *dp, struct tun_channel *c);
uint32_t tun_peer_find(const struct tun_tables *t, struct tun_lookup *cache,
		       const uint8_t *addr, uint8_t family);

/* tun_key.c */
struct tun_key *tun_key_new(struct sg_datapath *dp, const struct sg_dp_key *k,
			    uint8_t lanes);
void tun_key_free(struct sg_datapath *dp, struct tun_key *k);
/* claim @n counters of a lane; Return: how many may be used, from *@first */
uint32_t tun_key_reserve(struct tun_key *k, uint8_t lane, uint32_t n,
			 uint64_t *first);
bool tun_key_soft(const struct tun_key *k);
struct tun_window *tun_key_window(struct tun_key *k, uint8_t lane, bool make);

/* tun_device.c */
int tun_device_open(struct sg_datapath *dp);
int tun_device_queue(struct sg_datapath *dp);
int tun_device_mtu(struct sg_datapath *dp);

/* tun_socket.c */
int tun_sockets_open(struct sg_datapath *dp);
void tun_sockets_close(struct tun_sockets *s);
/* Return: 0 or -errno */
int tun_socket_send(struct sg_datapath *dp, const struct tun_sockets *s,
		    const union sg_addr *remote, const union sg_addr *local,
		    const uint8_t *data, size_t len, size_t segment);
uint32_t tun_socket_pmtu(const struct sg_datapath *dp,
			 const union sg_addr *remote);
bool tun_addr_equal(const union sg_addr *a, const union sg_addr *b);

/* tun_tx.c: caller holds the worker's lock */
void tun_tx_packet(struct tun_worker *w, uint8_t *buf, size_t len);
void tun_tx_flush(struct tun_worker *w);
/* channel's lane for a worker */
static inline uint8_t tun_lane_of(const struct tun_channel *c, uint32_t worker)
{
	return (uint8_t)(worker % c->tx_lanes);
}

/* tun_keep.c */
void tun_want(struct tun_worker *w, uint32_t peer);
void tun_keep(struct tun_worker *w, uint32_t peer, const uint8_t *buf,
	      size_t len);
struct tun_kept *tun_keep_take(struct sg_datapath *dp, struct tun_peer *p);
void tun_keep_free(struct tun_kept *k);

/* tun_icmp.c: tell the inner sender that its packet is too big */
void tun_icmp_too_big(struct tun_worker *w, const uint8_t *packet, size_t len,
		      uint32_t mtu);

/* tun_rx.c: caller holds the worker's lock */
void tun_rx_buffer(struct tun_worker *w, const struct sg_udp_packet *p,
		   size_t len);

/* tun_policy.c: caller holds the worker's lock */
/* of a peer that has verdicts; @n: packets; Return: 0 or why it is dropped */
enum signet_drop tun_policy_judge(struct tun_worker *w, uint32_t peer, bool out,
				  const uint8_t *packet, size_t len,
				  uint64_t n);
/* write down what was counted, before the lock is released */
void tun_judged_flush(struct tun_worker *w, struct tun_judged *j);

/* tun_event.c */
bool tun_event_push(struct tun_worker *w, const struct sg_queue_entry *e);
bool tun_event_data(struct tun_worker *w, const struct sg_queue_entry *e,
		    const uint8_t *data);
/* @q: one of the worker's three */
bool tun_event_frame(struct tun_worker *w, struct sg_queue *q,
		     const uint8_t *data, size_t len, const union sg_addr *from,
		     const union sg_addr *to);
void tun_event_drain(void *ctx, int fd, uint32_t events);

/* tun_poll.c */
enum {
	TUN_READY_DEVICE = 1,
	TUN_READY_V4 = 2,
	TUN_READY_V6 = 4,
	TUN_READY_WAKE = 8,
};
int tun_poll_init(struct tun_worker *w);
uint32_t tun_poll_wait(struct tun_worker *w, bool block);
/* somebody deleted the device: it would be ready for ever */
void tun_poll_forget_device(struct tun_worker *w);
void tun_poll_free(struct tun_worker *w);

/* tun_uring.c: the same; reads give -EAGAIN when there is no more for now */
/* by the worker's own thread: only it may use the ring */
int tun_uring_init(struct tun_worker *w);
uint32_t tun_uring_wait(struct tun_worker *w, bool block);
ssize_t tun_uring_read(struct tun_worker *w);
ssize_t tun_uring_recv(struct tun_worker *w, bool v6, struct sg_udp_packet *p);
void tun_uring_forget_device(struct tun_worker *w);
void tun_uring_free(struct tun_worker *w);

/* tun_worker.c */
int tun_worker_start(struct tun_worker *w);
void tun_worker_stop(struct tun_worker *w);
void tun_worker_wake(struct tun_worker *w);
void tun_write_lock(struct sg_datapath *dp);
void tun_write_unlock(struct sg_datapath *dp);

#endif
