/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The data path as the agent sees it: one interface, implemented in-process
 * over TUN (datapath_tun*.c) and, where loaded, by the kernel module.
 *
 * All calls and all callbacks happen on the agent's main thread. The data path
 * opens and owns the UDP sockets and the tunnel device; it seals and opens
 * packet frames, and hands every other frame to the agent.
 *
 * A *peer* is a configured peer: a number and the prefixes that it may source
 * and that are routed to it. A *channel* belongs to one peer; its label names
 * it on the wire; at most one channel of a peer is selected for sending, while
 * all of them receive.
 */
#ifndef SG_DATAPATH_H
#define SG_DATAPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

#include <signet/core/frame.h>
#include <signet/drop.h>
#include <signet/policy.h>
#include <signet/wire.h>

struct sg_loop;
struct sg_datapath;

/**
 * struct sg_path - where a channel's frames go
 * @remote: outer destination
 * @local: outer source to send from; family 0 where the kernel is to choose
 * @tx_label: label that the receiver chose
 * @tx_hop_key: hop key that goes with it
 */
struct sg_path {
	union sg_addr remote;
	union sg_addr local;
	uint32_t tx_label;
	uint8_t tx_hop_key[SIGNET_HOP_KEY_LEN];
};

/**
 * struct sg_dp_key - one AEAD key for one direction of a channel
 * @hard_ns: CLOCK_BOOTTIME after which it seals or opens nothing
 * @hard_frames: frames, over all lanes, after which it seals nothing
 * @soft_frames: frames after which rekey_wanted() is called, once
 */
struct sg_dp_key {
	uint8_t key_id;
	bool tx;
	enum signet_aead aead;
	uint8_t key[SIGNET_AEAD_KEY_LEN];
	uint64_t hard_ns;
	uint64_t hard_frames;
	uint64_t soft_frames;
};

enum sg_rekey_reason { SG_REKEY_FRAMES, SG_REKEY_FAILURES };

/** struct sg_dp_events - what the data path tells the agent */
struct sg_dp_events {
	/* a frame that is not a packet frame; valid during the call */
	void (*frame)(void *ctx, uint8_t *frame, size_t len,
		      const union sg_addr *from, const union sg_addr *to);
	/* an authentic frame that advances its lane's highest counter came
	 * from an address that is not the path's; at most once a second */
	void (*endpoint_seen)(void *ctx, uint32_t channel,
			      const union sg_addr *from,
			      const union sg_addr *to);
	/* the first frame under this receive key has opened */
	void (*key_confirmed)(void *ctx, uint32_t channel, uint8_t key_id);
	/* a packet wants to go to a peer that has no usable channel; at most
	 * once a second for a peer. A few packets are kept and sent when a
	 * channel is selected within 5 s. */
	void (*channel_wanted)(void *ctx, uint32_t peer);
	void (*rekey_wanted)(void *ctx, uint32_t channel,
			     enum sg_rekey_reason why);
	/* armed by watch(): a packet went out or came in on the channel */
	void (*active)(void *ctx, uint32_t channel);
	/* an inner packet was dropped for its size: outer path MTU shrank */
	void (*pmtu)(void *ctx, const union sg_addr *remote, uint32_t mtu);
	/* a key of the channel is gone before its time: the machine was
	 * resumed or cloned, or somebody removed it. May be NULL. */
	void (*key_lost)(void *ctx, uint32_t channel);
	/* the data path does not work any more; once. To be closed later, not
	 * from within. May be NULL. */
	void (*lost)(void *ctx, const char *why);
};

struct sg_dp_config {
	const char *ifname; /* of the tunnel device */
	/* the identity's overlay address: what another identity left in the
	 * kernel is none of ours */
	uint8_t owner[16];
	uint16_t port;	  /* UDP, 0: the kernel chooses */
	bool ipv4, ipv6;  /* families to open sockets for */
	uint32_t mtu;	  /* inner MTU */
	uint32_t workers; /* 0: one for each CPU that we may run on */
	uint32_t fwmark;  /* SO_MARK on outer packets, 0: none */
	uint32_t max_peers;
	uint32_t max_channels;
	uint32_t rx_lanes; /* that peers are told of, 0: all */
	bool uring;	   /* workers try io_uring first */
	bool policy;	   /* policy_set() follows, and must be possible */
};

struct sg_dp_channel_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* inner */
	uint64_t rx_last_ns, tx_last_ns; /* CLOCK_BOOTTIME, 0: never.
		rx: any authenticated packet frame, keepalives too */
	uint64_t aead_failures;
};

/** struct sg_dp_status - for `signet status`: which steps are in use */
struct sg_dp_status {
	const char *name; /* "tun" or "kernel" */
	const char *io;	  /* "io_uring" or "epoll" */
	char ifname[16];
	uint16_t port;
	uint32_t workers;
	bool vnet_hdr, tso4, tso6, uso, udp_gso, udp_gro, multi_queue;
	uint32_t mtu;
	uint32_t aeads;	  /* mask of enum signet_aead that it can do */
	char detail[128]; /* of the module; "" for tun */
	bool kept; /* the service manager keeps the sockets while no agent
		      runs; for what can go on without us */
};

/**
 * struct sg_dp_policy - what a peer may begin
 * @verdicts: a generation of its own wherever it is not as it was
 * @prefixes: that are routed to it
 */
struct sg_dp_policy {
	uint32_t peer;
	struct signet_verdicts verdicts;
	const struct sg_prefix *prefixes;
	size_t n_prefixes;
};

enum sg_dp_verdict {
	SG_DP_FLOW_ALLOWED, /* the peer may begin it */
	SG_DP_FLOW_BEGUN,   /* begun by this node */
	SG_DP_FLOW_DENIED,
};

/** struct sg_dp_flow - packets that policy looked at, in both directions */
struct sg_dp_flow {
	struct signet_flow_key key;
	enum sg_dp_verdict verdict;
	uint64_t packets, bytes;
	uint64_t idle_ns; /* since the last one */
};

/**
 * sg_dp_stage_fn - one stage of what has to work, for `signet why`
 * @remedy: what to do where it does not, else NULL
 */
typedef void (*sg_dp_stage_fn)(void *ctx, const char *name, bool ok,
			       const char *remedy, const char *detail);

/**
 * struct sg_datapath_ops - one implementation
 *
 * Functions that return int return 0 or -errno and change nothing on error.
 */
struct sg_datapath_ops {
	const char *name;
	int (*open)(struct sg_datapath **dp, struct sg_loop *loop,
		    const struct sg_dp_config *cfg,
		    const struct sg_dp_events *ev, void *ctx);
	/* stops workers, wipes every key, closes sockets and device */
	void (*close)(struct sg_datapath *dp);
	/*
	 * From now on nothing is changed and nothing sent: packets go on
	 * without us under the keys that are there, and the next agent takes
	 * over. close() then only frees. NULL where that can't be.
	 */
	void (*leave)(struct sg_datapath *dp);
	/*
	 * The agent goes on with another data path: nothing is changed, sent or
	 * reported any more but frames that are not packets; packets go on
	 * under the keys that are there, until close().
	 */
	void (*retire)(struct sg_datapath *dp);
	/* the device has another name now */
	void (*renamed)(struct sg_datapath *dp, const char *ifname);
	/*
	 * All peers are there now: what an earlier agent left for others goes,
	 * and channel_wanted() comes for those that it left channels for. May
	 * be NULL.
	 */
	void (*attached)(struct sg_datapath *dp);

	/* @peer: a number below max_peers, chosen by the caller */
	int (*peer_add)(struct sg_datapath *dp, uint32_t peer);
	/* removes its channels too; when it returns no worker uses them */
	void (*peer_del)(struct sg_datapath *dp, uint32_t peer);
	/* replaces the peer's prefixes as one step; -EEXIST if another peer
	 * has one of them */
	int (*prefixes_set)(struct sg_datapath *dp, uint32_t peer,
			    const struct sg_prefix *p, size_t n);

	/* @channel: receives a number; @rx_label must be free (-EEXIST) */
	int (*channel_add)(struct sg_datapath *dp, uint32_t peer,
			   uint32_t rx_label,
			   const uint8_t rx_hop_key[SIGNET_HOP_KEY_LEN],
			   const struct sg_path *path, uint8_t tx_lanes,
			   uint32_t *channel);
	void (*channel_del)(struct sg_datapath *dp, uint32_t channel);
	int (*channel_path)(struct sg_datapath *dp, uint32_t channel,
			    const struct sg_path *path);
	/* the peer's packets go out on this channel from now on */
	int (*channel_select)(struct sg_datapath *dp, uint32_t channel);
	/*
	 * The same, by itself, once the first frame on it has opened and
	 * before what it holds is delivered: the answer must not leave on a
	 * channel that the other side may have forgotten. Not any more once a
	 * channel of the peer is selected. The caller selects it as well when
	 * it hears of the frame. NULL where that is so for every channel that
	 * is not selected at once.
	 */
	void (*channel_takes_over)(struct sg_datapath *dp, uint32_t channel);

	/* -EEXIST unless the slot (key id, direction) is empty */
	int (*key_add)(struct sg_datapath *dp, uint32_t channel,
		       const struct sg_dp_key *key);
	/* seal under this key id from now on */
	int (*key_select)(struct sg_datapath *dp, uint32_t channel,
			  uint8_t key_id);
	/* both directions; when it returns the key is wiped */
	void (*key_del)(struct sg_datapath *dp, uint32_t channel,
			uint8_t key_id);

	/* an empty packet frame */
	int (*keepalive)(struct sg_datapath *dp, uint32_t channel);
	/* arm active(); fires once */
	void (*watch)(struct sg_datapath *dp, uint32_t channel);

	/* send a frame the agent made; @local may have family 0 */
	int (*send)(struct sg_datapath *dp, const union sg_addr *remote,
		    const union sg_addr *local, const uint8_t *frame,
		    size_t len);

	/*
	 * What peers may begin, as one step: no packet meets half of it. @list
	 * names all peers; empty: there is no policy. On error the one before
	 * stays in force. NULL where there can't be any.
	 */
	int (*policy_set)(struct sg_datapath *dp,
			  const struct sg_dp_policy *list, size_t n);
	/* up to @cap of what was decided lately; Return: how many */
	size_t (*policy_flows)(struct sg_datapath *dp, struct sg_dp_flow *out,
			       size_t cap);
	/* adds what policy dropped of a peer */
	void (*policy_refused)(struct sg_datapath *dp, uint32_t peer,
			       uint64_t d[SIGNET_DROP_COUNT]);

	int (*channel_stats)(struct sg_datapath *dp, uint32_t channel,
			     struct sg_dp_channel_stats *st);
	/* adds this data path's counters */
	void (*drops)(struct sg_datapath *dp, uint64_t d[SIGNET_DROP_COUNT]);
	void (*status)(struct sg_datapath *dp, struct sg_dp_status *st);
	/*
	 * Look at itself, stage by stage, up to the first that fails: first
	 * without @channel (NULL), then at a channel. May be NULL.
	 * Return: whether all is well.
	 */
	bool (*diagnose)(struct sg_datapath *dp, const uint32_t *channel,
			 sg_dp_stage_fn fn, void *ctx);
};

extern const struct sg_datapath_ops sg_datapath_tun;
extern const struct sg_datapath_ops sg_datapath_kernel;

#endif
