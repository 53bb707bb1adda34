/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Client of the kernel module's netlink family (include/uapi/linux/signet.h,
 * Documentation/netlink/specs/signet.yaml), over libnl.
 *
 * Each call sends one request and waits for the kernel's answer, which comes
 * at once. Calls return 0 or -errno; what the kernel said about a refusal is
 * then in sg_kmod_error(). One struct sg_kmod is for one thread at a time, and
 * for the network namespace in which it was opened.
 *
 * Objects are found by ifindex of the device and by the numbers that the
 * caller chose. Absent means: the bit of @set is clear, or UINT64_MAX for
 * limits ("never").
 */
#ifndef SG_KMOD_H
#define SG_KMOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/signet.h>
#include <signet/drop.h>
#include <signet/wire.h>

#include "common/addr.h"

struct sg_kmod;

#define SG_KMOD_NEVER UINT64_MAX

/* ---- the family and the module (kmod.c) ---- */

/**
 * sg_kmod_open() - find the family "signet"
 * @autoload: where the module is not loaded, have the kernel try to load it
 * Return: 0; -ENOENT the module is not loaded; -EPERM and others.
 */
int sg_kmod_open(struct sg_kmod **km, bool autoload);

/** sg_kmod_close() - NULL is fine */
void sg_kmod_close(struct sg_kmod *km);

/**
 * sg_kmod_error() - the kernel's own words about the last call that failed
 * Return: one line without newline; "" where the kernel said nothing.
 */
const char *sg_kmod_error(const struct sg_kmod *km);

/** struct sg_kmod_module - @ciphers: bit n, enum signet_cipher n works */
struct sg_kmod_module {
	char version[64];
	uint32_t wire_version;
	uint32_t abi;
	uint32_t lanes_max;
	uint32_t ciphers;
};

int sg_kmod_module_get(struct sg_kmod *km, struct sg_kmod_module *m);

/* ---- links of kind "signet", over rtnetlink (kmod_link.c) ---- */

enum sg_kmod_link_set {
	SG_KMOD_LINK_MTU = 1 << 0,
	SG_KMOD_LINK_METADATA = 1 << 1,
	SG_KMOD_LINK_MARK = 1 << 2, /* and mask */
};

struct sg_kmod_link {
	uint32_t set;
	uint32_t mtu;
	bool metadata;
	uint32_t mark;
	uint32_t mark_mask;
	bool up; /* of sg_kmod_link_get() only */
	bool carrier;
};

/**
 * sg_kmod_link_add() - make a device; it is down
 * @link: may be NULL
 * @ifindex: receives its number; may be NULL
 * Return: 0; -EEXIST the name is in use; -EOPNOTSUPP no module.
 */
int sg_kmod_link_add(struct sg_kmod *km, const char *ifname,
		     const struct sg_kmod_link *link, uint32_t *ifindex);
int sg_kmod_link_set(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_link *link);
/* -ENODEV no such link; -EINVAL it is of another kind */
int sg_kmod_link_get(struct sg_kmod *km, uint32_t ifindex,
		     struct sg_kmod_link *link);
int sg_kmod_link_up(struct sg_kmod *km, uint32_t ifindex, bool up);
int sg_kmod_link_del(struct sg_kmod *km, uint32_t ifindex);

/* ---- devices (kmod_dev.c) ---- */

struct sg_kmod_limits {
	uint32_t peers;
	uint32_t channels;
	uint32_t prefixes;
	uint32_t queue_bytes;
};

/** struct sg_kmod_dev - @port4, @port6: 0 without a socket of that family */
struct sg_kmod_dev {
	uint32_t ifindex;
	char ifname[16];
	uint16_t port4;
	uint16_t port6;
	struct sg_kmod_limits limits;
	uint32_t generation;
	uint32_t peers;
	uint32_t channels;
	uint32_t keys;
	uint8_t owner[SIGNET_OWNER_LEN]; /* zeros: nobody said */
};

/*
 * Functions that dumps call. With NULL: a dump starts, or starts again because
 * objects changed meanwhile: forget what was heard. What @o points to is valid
 * during the call. Return: 0 to go on, else what the dump is to return.
 */
typedef int (*sg_kmod_dev_fn)(void *ctx, const struct sg_kmod_dev *o);

int sg_kmod_dev_get(struct sg_kmod *km, uint32_t ifindex,
		    struct sg_kmod_dev *dev);
int sg_kmod_dev_dump(struct sg_kmod *km, sg_kmod_dev_fn fn, void *ctx);

enum sg_kmod_dev_set_bit {
	SG_KMOD_DEV_SOCK4 = 1 << 0,
	SG_KMOD_DEV_SOCK6 = 1 << 1,
	SG_KMOD_DEV_PEERS = 1 << 2, /* of limits, and so on */
	SG_KMOD_DEV_CHANNELS = 1 << 3,
	SG_KMOD_DEV_PREFIXES = 1 << 4,
	SG_KMOD_DEV_QUEUE_BYTES = 1 << 5,
	SG_KMOD_DEV_OWNER = 1 << 6, /* -EINVAL from an old module */
};

/** struct sg_kmod_dev_set - @sock4, @sock6: a UDP socket's fd, -1 detaches */
struct sg_kmod_dev_set {
	uint32_t set;
	int sock4;
	int sock6;
	struct sg_kmod_limits limits;
	uint8_t owner[SIGNET_OWNER_LEN];
};

int sg_kmod_dev_set(struct sg_kmod *km, uint32_t ifindex,
		    const struct sg_kmod_dev_set *set);

/* ---- peers (kmod_peer.c) ---- */

enum sg_kmod_peer_set_bit {
	SG_KMOD_PEER_DF = 1 << 0,
	SG_KMOD_PEER_TOS = 1 << 1,
	SG_KMOD_PEER_MARK = 1 << 2,
	SG_KMOD_PEER_TX_CHANNEL = 1 << 3,
	SG_KMOD_PEER_REPLACE_PREFIXES = 1 << 4,
};

/** struct sg_kmod_prefix - one step; neither: add, -EEXIST if another has it */
struct sg_kmod_prefix {
	struct sg_prefix prefix;
	bool remove;
	bool move;
};

/** struct sg_kmod_peer_set - @prefix: applied in order, all or none */
struct sg_kmod_peer_set {
	uint32_t id;
	uint32_t set;
	uint32_t df; /* enum signet_df */
	uint8_t tos;
	uint32_t mark;
	uint32_t tx_channel;
	const struct sg_kmod_prefix *prefix;
	size_t n_prefixes;
};

struct sg_kmod_counters {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* inner */
	uint64_t rx_last, tx_last; /* CLOCK_BOOTTIME ns, 0: never */
	uint64_t aead_failures;
};

/**
 * struct sg_kmod_peer - what the kernel says about a peer
 * @prefix: where they do not fit one message, a dump calls again at once with
 * the same @id, further prefixes, and nothing else
 */
struct sg_kmod_peer {
	uint32_t id;
	bool has_tx_channel;
	uint32_t tx_channel;
	uint32_t df;
	uint8_t tos;
	uint32_t mark;
	uint32_t waiting;
	struct sg_kmod_counters counters;
	const struct sg_prefix *prefix;
	size_t n_prefixes;
};

typedef int (*sg_kmod_peer_fn)(void *ctx, const struct sg_kmod_peer *o);

/* @replace: change it when it exists, else -EEXIST. No tx channel here. */
int sg_kmod_peer_new(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_peer_set *peer, bool replace);
int sg_kmod_peer_set(struct sg_kmod *km, uint32_t ifindex,
		     const struct sg_kmod_peer_set *peer);
/* the peer's packets leave on this channel from now on */
int sg_kmod_peer_select(struct sg_kmod *km, uint32_t ifindex, uint32_t peer,
			uint32_t channel);
/* replaces its prefixes as one step; -EEXIST if another peer has one of them */
int sg_kmod_peer_prefixes(struct sg_kmod *km, uint32_t ifindex, uint32_t peer,
			  const struct sg_prefix *p, size_t n);
int sg_kmod_peer_del(struct sg_kmod *km, uint32_t ifindex, uint32_t peer);
int sg_kmod_peer_get(struct sg_kmod *km, uint32_t ifindex, uint32_t peer,
		     sg_kmod_peer_fn fn, void *ctx);
int sg_kmod_peer_dump(struct sg_kmod *km, uint32_t ifindex, sg_kmod_peer_fn fn,
		      void *ctx);

/* ---- channels (kmod_channel.c) ---- */

/**
 * struct sg_kmod_path - where frames go
 * @remote: with port; for link-local IPv6 its scope
 * @local: source address, its port does not matter; family 0: routing chooses
 * @tx_hop_key: to the kernel only; replies have zeros
 * @generation: the writer's own number, echoed in events
 */
struct sg_kmod_path {
	union sg_addr remote;
	union sg_addr local;
	uint32_t tx_label;
	uint8_t tx_hop_key[SIGNET_HOP_KEY_LEN];
	uint32_t generation;
};

/** struct sg_kmod_channel_new - @path: NULL, it only receives; lanes 0: one */
struct sg_kmod_channel_new {
	uint32_t id;
	uint32_t peer;
	const struct sg_kmod_path *path;
	uint8_t tx_lanes;
	uint8_t rx_lanes;
};

struct sg_kmod_channel {
	uint32_t id;
	uint32_t peer;
	bool has_path;
	struct sg_kmod_path path;
	uint8_t tx_lanes;
	uint8_t rx_lanes;
	bool watched;
	bool takes_over;
	struct sg_kmod_counters counters;
};

typedef int (*sg_kmod_channel_fn)(void *ctx, const struct sg_kmod_channel *o);

int sg_kmod_channel_new(struct sg_kmod *km, uint32_t ifindex,
			const struct sg_kmod_channel_new *ch);
int sg_kmod_channel_path(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
			 const struct sg_kmod_path *path);
/* SG_KMOD_CHANNEL_ACTIVE comes once, with the next packet */
/* it becomes the peer's channel to send on with the first frame that opens;
 * -EINVAL from a module that is too old for that */
int sg_kmod_channel_take_over(struct sg_kmod *km, uint32_t ifindex,
			      uint32_t channel);
int sg_kmod_channel_watch(struct sg_kmod *km, uint32_t ifindex,
			  uint32_t channel);
/* an empty packet frame */
int sg_kmod_channel_keepalive(struct sg_kmod *km, uint32_t ifindex,
			      uint32_t channel);
int sg_kmod_channel_del(struct sg_kmod *km, uint32_t ifindex, uint32_t channel);
int sg_kmod_channel_get(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
			struct sg_kmod_channel *ch);
int sg_kmod_channel_dump(struct sg_kmod *km, uint32_t ifindex,
			 sg_kmod_channel_fn fn, void *ctx);

/* ---- labels (kmod_label.c) ---- */

/** struct sg_kmod_label - @expiry_ms: from now; SG_KMOD_NEVER */
struct sg_kmod_label {
	uint32_t label;
	uint32_t channel;
	uint64_t expiry_ms;
};

typedef int (*sg_kmod_label_fn)(void *ctx, const struct sg_kmod_label *o);

/* @replace: of a label that exists only the expiry changes */
int sg_kmod_label_new(struct sg_kmod *km, uint32_t ifindex,
		      const struct sg_kmod_label *label,
		      const uint8_t hop_key[SIGNET_HOP_KEY_LEN], bool replace);
int sg_kmod_label_del(struct sg_kmod *km, uint32_t ifindex, uint32_t label);
int sg_kmod_label_get(struct sg_kmod *km, uint32_t ifindex, uint32_t label,
		      struct sg_kmod_label *o);
int sg_kmod_label_dump(struct sg_kmod *km, uint32_t ifindex,
		       sg_kmod_label_fn fn, void *ctx);

/* ---- keys (kmod_key.c) ---- */

/** struct sg_kmod_key_new - limits: SG_KMOD_NEVER leaves one out */
struct sg_kmod_key_new {
	uint32_t channel;
	uint8_t key_id;
	bool tx;
	enum signet_cipher cipher;
	uint8_t key[SIGNET_KEY_LEN];
	uint64_t soft_ms, hard_ms;
	uint64_t soft_frames, hard_frames;
};

struct sg_kmod_key {
	uint32_t channel;
	uint8_t key_id;
	bool tx;
	enum signet_cipher cipher;
	uint64_t soft_ms, hard_ms; /* SG_KMOD_NEVER: none */
	uint64_t soft_frames, hard_frames;
	bool active;
	uint64_t age_ms;
	uint64_t failures;
	uint32_t lanes;		       /* bit n: lane n has been used */
	uint64_t frames[SIGNET_LANES]; /* of lane n */
};

typedef int (*sg_kmod_key_fn)(void *ctx, const struct sg_kmod_key *o);

/* the message that carried the key is wiped; wiping @key is the caller's */
int sg_kmod_key_new(struct sg_kmod *km, uint32_t ifindex,
		    const struct sg_kmod_key_new *key);
/* seal under this transmit key from now on */
int sg_kmod_key_swap(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		     uint8_t key_id);
/* @direction: enum signet_direction, or -1 for both */
int sg_kmod_key_del(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		    uint8_t key_id, int direction);
int sg_kmod_key_get(struct sg_kmod *km, uint32_t ifindex, uint32_t channel,
		    uint8_t key_id, bool tx, struct sg_kmod_key *o);
int sg_kmod_key_dump(struct sg_kmod *km, uint32_t ifindex, sg_kmod_key_fn fn,
		     void *ctx);

/* ---- drops (kmod_stats.c) ---- */

/** struct sg_kmod_stats - @has_peer: else drops that concern no peer */
struct sg_kmod_stats {
	bool has_peer;
	uint32_t peer;
	uint64_t drops[SIGNET_DROP_COUNT];
	uint64_t unknown; /* reasons of a newer module */
};

typedef int (*sg_kmod_stats_fn)(void *ctx, const struct sg_kmod_stats *o);

/* @peer: NULL for those of the device */
int sg_kmod_stats_get(struct sg_kmod *km, uint32_t ifindex,
		      const uint32_t *peer, struct sg_kmod_stats *st);
/* those of each peer */
int sg_kmod_stats_dump(struct sg_kmod *km, uint32_t ifindex,
		       sg_kmod_stats_fn fn, void *ctx);

/* ---- events (kmod_event.c) ---- */

enum sg_kmod_event_type {
	SG_KMOD_OTHER, /* of a newer module */
	SG_KMOD_REKEY_WANTED,
	SG_KMOD_ENDPOINT_SEEN,
	SG_KMOD_KEY_CONFIRMED,
	SG_KMOD_KEY_EXPIRED,
	SG_KMOD_CHANNEL_WANTED,
	SG_KMOD_CHANNEL_ACTIVE,
	SG_KMOD_PEER_DEL,
	SG_KMOD_SOCKET_LOST,
	SG_KMOD_PMTU,
};

/**
 * struct sg_kmod_event - what the kernel tells; zero where an event has no such
 * @tx: direction of the key
 * @reason: enum signet_rekey_reason
 * @remote: with port and scope; @local: without port
 * @generation: of the path, see struct sg_kmod_path
 * @mtu: largest inner packet for @remote
 * @family: AF_INET or AF_INET6, of the socket that was lost
 */
struct sg_kmod_event {
	enum sg_kmod_event_type type;
	uint32_t ifindex;
	uint32_t peer;
	uint32_t channel;
	uint8_t key_id;
	bool tx;
	uint32_t reason;
	union sg_addr remote;
	union sg_addr local;
	uint32_t generation;
	uint32_t mtu;
	uint32_t family;
};

struct sg_kmod_events;

/**
 * sg_kmod_events_open() - a non-blocking socket subscribed to the group "events"
 * Return: 0; -ENOENT the module is not loaded; -EPERM.
 */
int sg_kmod_events_open(struct sg_kmod_events **ev);
void sg_kmod_events_close(struct sg_kmod_events *ev);

/** sg_kmod_events_fd() - to poll for reading */
int sg_kmod_events_fd(const struct sg_kmod_events *ev);

/**
 * sg_kmod_events_read() - the next event
 * Return: 1 one was read; 0 none is there; -ENOBUFS some were lost: dump, and
 * go on reading; other -errno.
 */
int sg_kmod_events_read(struct sg_kmod_events *ev, struct sg_kmod_event *e);

/** sg_kmod_event_name() - "rekey-wanted", ... */
const char *sg_kmod_event_name(enum sg_kmod_event_type type);

#endif
