/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Internals of the data path of the kernel module (datapath_kernel*.c,
 * kernel_*.c).
 *
 * The module has the device, the prefixes, the channels and the packet keys;
 * here is only what is needed to name them and to notice what the kernel said
 * too fast for us to hear. Numbers of peers and channels in the kernel are
 * never used twice, so that a late event can't concern another.
 */
#ifndef SG_KERNEL_H
#define SG_KERNEL_H

#include "common/kmod.h"
#include "daemon/datapath_kernel.h"
#include "daemon/kernel_policy.h"
#include "daemon/loop.h"
#include "daemon/map.h"
#include "daemon/udp.h"

#define KERNEL_SECOND	1000000000ull
/* What an earlier agent left is removed after the longest life of a key, or
 * this long after the peer has a new channel. */
#define KERNEL_LEFT_NS	(210 * KERNEL_SECOND)
#define KERNEL_AFTER_NS (30 * KERNEL_SECOND)

/** struct kernel_key - one direction of a slot; @hard_ns 0: empty */
struct kernel_key {
	uint64_t hard_ns;
	uint64_t soft_frames;
	bool told; /* confirmed, or a new one was asked for */
};

struct kernel_channel {
	uint32_t id;
	uint32_t peer; /* the agent's number */
	uint32_t generation;
	bool watched;
	struct kernel_key key[2][SIGNET_KEY_IDS]; /* [1]: transmit */
	struct sg_dp_channel_stats stats;	  /* of the last dump */
	struct kernel_channel *next;		  /* of the same peer */
};

/**
 * struct kernel_peer - @id: its number in the kernel
 * @made: the kernel has it; not yet where an earlier agent's may be taken over
 */
struct kernel_peer {
	bool used, made;
	uint32_t id;
	struct kernel_channel *channels;
};

/** struct kernel_left_peer - a peer that an earlier agent made */
struct kernel_left_peer {
	uint32_t id;
	bool adopted;
	uint32_t number; /* the agent's, once adopted */
	struct sg_prefix *prefixes;
	size_t n_prefixes;
};

/** struct kernel_left_channel - a channel that an earlier agent made */
struct kernel_left_channel {
	uint32_t id;
	uint32_t peer; /* in the kernel */
	uint64_t until;
};

struct kernel_left {
	struct kernel_left_peer *peers;
	size_t n_peers;
	struct kernel_left_channel *channels;
	size_t n_channels;
	size_t next; /* peer to be connected */
	struct sg_timer sweep, wake;
};

struct sg_datapath {
	struct sg_loop *loop;
	struct sg_dp_events ev;
	void *ctx;
	struct sg_dp_config cfg;
	struct sg_kmod *km;
	struct sg_kmod_module module;
	struct sg_kmod_events *events;
	int link_fd; /* rtnetlink: is the device still there? */
	uint32_t ifindex;
	char ifname[16];
	uint16_t port;
	int sock4, sock6;
	bool kept4, kept6; /* taken back: the kernel may have them */
	bool made;	   /* the device, by this agent */
	bool left;	   /* see leave() and retire() */
	bool retired;
	bool is_lost;
	const char *lost_why;
	struct sg_timer lost_timer;

	bool no_take_over; /* the module is too old for it */
	struct kernel_peer *peers;
	uint32_t next_peer, next_channel;
	struct sg_map by_peer;	  /* kernel's number to number plus one */
	struct sg_map by_channel; /* to struct kernel_channel */
	struct kernel_left leftover;
	struct kernel_policy *policy; /* NULL: not loaded */

	uint8_t *buf; /* for one receive */
	uint64_t drops[SIGNET_DROP_COUNT];
	uint64_t burst_ns; /* when stats were asked for first */
	uint32_t burst;	   /* how often since */
};

/* kernel_socket.c */
int kernel_sockets_open(struct sg_datapath *dp);
/* @keep: for the next agent */
void kernel_sockets_close(struct sg_datapath *dp, bool keep);
int kernel_sockets_attach(struct sg_datapath *dp);
/* the service manager has all of them */
bool kernel_sockets_kept(const struct sg_datapath *dp);

/* kernel_frame.c */
int kernel_frames_start(struct sg_datapath *dp);
void kernel_frames_stop(struct sg_datapath *dp);

/* kernel_event.c */
int kernel_events_start(struct sg_datapath *dp);
void kernel_events_stop(struct sg_datapath *dp);
/* tell the agent, soon */
void kernel_lost(struct sg_datapath *dp, const char *why);

/* kernel_left.c */
/* @ours: of the same identity; else it goes at once */
int kernel_left_find(struct sg_datapath *dp, bool ours);
/* a peer that an earlier agent made with this address, or NULL */
struct kernel_left_peer *kernel_left_peer(struct sg_datapath *dp,
					  const struct sg_prefix *p, size_t n);
void kernel_left_attached(struct sg_datapath *dp);
/* the peer has a channel of ours now */
void kernel_left_replaced(struct sg_datapath *dp, uint32_t peer);
void kernel_left_free(struct sg_datapath *dp);

/* datapath_kernel_peer.c */
struct kernel_peer *kernel_peer_get(struct sg_datapath *dp, uint32_t peer);
int kernel_peer_make(struct sg_datapath *dp, uint32_t peer);
int kernel_peer_add(struct sg_datapath *dp, uint32_t peer);
void kernel_peer_del(struct sg_datapath *dp, uint32_t peer);
int kernel_prefixes_set(struct sg_datapath *dp, uint32_t peer,
			const struct sg_prefix *p, size_t n);

/* datapath_kernel_channel.c */
struct kernel_channel *kernel_channel_get(struct sg_datapath *dp, uint32_t id);
void kernel_channel_forget(struct sg_datapath *dp, struct kernel_channel *c);
int kernel_channel_add(struct sg_datapath *dp, uint32_t peer, uint32_t rx_label,
		       const uint8_t rx_hop_key[SIGNET_HOP_KEY_LEN],
		       const struct sg_path *path, uint8_t tx_lanes,
		       uint32_t *channel);
void kernel_channel_del(struct sg_datapath *dp, uint32_t channel);
int kernel_channel_path(struct sg_datapath *dp, uint32_t channel,
			const struct sg_path *path);
int kernel_channel_select(struct sg_datapath *dp, uint32_t channel);
void kernel_channel_takes_over(struct sg_datapath *dp, uint32_t channel);
int kernel_keepalive(struct sg_datapath *dp, uint32_t channel);
void kernel_watch(struct sg_datapath *dp, uint32_t channel);
int kernel_channel_stats(struct sg_datapath *dp, uint32_t channel,
			 struct sg_dp_channel_stats *st);

/* datapath_kernel_key.c */
int kernel_key_add(struct sg_datapath *dp, uint32_t channel,
		   const struct sg_dp_key *key);
int kernel_key_select(struct sg_datapath *dp, uint32_t channel, uint8_t key_id);
void kernel_key_del(struct sg_datapath *dp, uint32_t channel, uint8_t key_id);

/* kernel_diagnose.c */
bool kernel_diagnose(struct sg_datapath *dp, const uint32_t *channel,
		     sg_dp_stage_fn fn, void *ctx);

#endif
