/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the gate and its loader share: the contents of the maps. Keys lie in
 * them as bytes, ports in network order, labels as in the frame.
 */
#ifndef SIGNET_BPF_GATE_H
#define SIGNET_BPF_GATE_H

#include <linux/types.h>

#include <signet/drop.h>
#include <signet/wire.h>

#define GATE_PORTS	  8
#define GATE_ALLOW	  64
#define GATE_BUCKETS	  4096
#define GATE_LABELS_MAX	  262144
/* challenges at once: those of a tick of the coarse clock, and more */
#define GATE_COOKIE_BURST 256

/**
 * struct gate_label_key - where a frame wants to go
 * @port: UDP port that it came to
 * @zero: zero
 * @label: of its header
 */
struct gate_label_key {
	__be16 port;
	__u16 zero;
	__le32 label;
};

/**
 * struct gate_label - a label that is valid at present
 * @hop_key: SipHash-2-4 key of its hop tags
 * @pending: of a handshake that has not come to its end: no hop key yet
 */
struct gate_label {
	__u64 hop_key[2];
	__u32 pending;
	__u32 zero;
};

/**
 * struct gate_sip - SipHash-2-4 of 128 bits that is under way
 * @v: its state, with all done of the next round that does not need the next
 *	word
 */
struct gate_sip {
	__u64 v[4];
};

/* flags of a port */
#define GATE_LOADED  (1 << 0) /* an init has to prove its address */
#define GATE_PAIRING (1 << 1) /* XXpsk3 is made for nobody in particular */

/**
 * struct gate_port - a UDP port of the agent
 * @port: in network order
 * @flags: GATE_LOADED, GATE_PAIRING
 * @mac1_key: of handshakes made for this node
 * @mac1_zero: of those made for nobody in particular
 * @secret: cookies are made with the first, and good with both
 * @bucket_secret: which bucket a prefix has
 * @interval: nanoseconds between two inits of an IPv4 /32 or IPv6 /64
 * @burst: how many may come at once
 * @cookie_interval: nanoseconds between two challenges of all CPUs together
 * @mac1: by pattern, its mac1 under the key that it takes
 * @init: the same after an init's first word, which is always the same
 * @cookie: under the first secret
 *
 * The last three come from the keys above (gate_keys.h).
 */
struct gate_port {
	__be16 port;
	__u16 flags;
	__u32 burst;
	__u64 mac1_key[2];
	__u64 mac1_zero[2];
	__u64 secret[2][2];
	__u64 bucket_secret[2];
	__u64 interval;
	__u64 cookie_interval;
	struct gate_sip mac1[SIGNET_PATTERN_MAX + 1];
	struct gate_sip init[SIGNET_PATTERN_MAX + 1];
	struct gate_sip cookie;
};

/**
 * struct gate_allow - what strict mode lets pass beside Signet
 * @family: AF_INET, AF_INET6; 0: both
 * @proto: IP protocol; 0: all
 * @prefix_len: of @prefix
 * @first, @last: destination ports in host order; 0 to 65535: all
 * @prefix: source addresses; an IPv4 one in the first word
 * @mask: of @prefix
 */
struct gate_allow {
	__u8 family;
	__u8 proto;
	__u16 zero;
	__u16 first;
	__u16 last;
	__u32 prefix[4];
	__u32 mask[4];
};

/**
 * struct gate_settings - there are two; the one that is in use never changes
 * @n_ports, @n_allow: how many there are
 * @ports: their numbers, once more, side by side
 */
struct gate_settings {
	__u32 n_ports;
	__u32 n_allow;
	__be16 ports[GATE_PORTS];
	struct gate_port port[GATE_PORTS];
	struct gate_allow allow[GATE_ALLOW];
};

/* of struct gate_control */
#define GATE_STRICT	(1 << 0) /* the program in place is the strict one */
#define GATE_BY_COMMAND (1 << 1) /* not by the configuration */
#define GATE_HELD	(1 << 2) /* cookies are asked for all the time */

/**
 * struct gate_control - what the agent changes while packets come in
 * @active: which of the two settings is in use
 * @sampled: somebody reads events
 * @mtu: of the interface. A longer packet was aggregated before it came here
 *	(generic XDP): its first header speaks for it.
 * @locals_known: this host's addresses are in the map of them: what is for
 *	others is not judged
 * @trial_ends: CLOCK_BOOTTIME nanoseconds after which strict mode lets all pass,
 *	whether there is an agent then or not; 0: never
 * @flags: GATE_*, for the next agent
 * @own_ip4: the interface's first IPv4 address, if any: the map has it too, but
 *	this is quicker
 */
struct gate_control {
	__u32 active;
	__u32 sampled;
	__u32 mtu;
	__u32 locals_known;
	__u64 trial_ends;
	__u32 flags;
	__be32 own_ip4;
};

/* An address of this host, an IPv4 one as ::ffff:192.0.2.1. */
struct gate_local {
	__be32 addr[4];
};

#define GATE_LOCALS 4096

/* what happened to a packet that was not dropped */
enum gate_pass {
	GATE_PASS_OTHER,     /* not for Signet */
	GATE_PASS_PACKET,    /* packet frame with a valid hop tag */
	GATE_PASS_MESSAGE,   /* message frame with a valid hop tag */
	GATE_PASS_HANDSHAKE, /* handshake or cookie frame */
	GATE_PASS_ALLOWED,   /* strict mode: on the list */
	GATE_CHALLENGED,     /* answered with a cookie */
	GATE_PASS_COUNT
};

/* Counters of one CPU. */
struct gate_counters {
	__u64 passed[GATE_PASS_COUNT];
	__u64 dropped[SIGNET_DROP_COUNT];
	__u64 dropped_bytes;
};

/**
 * struct gate_bucket - token bucket of a prefix that proved itself
 * @tag: which prefix
 * @next: when all tokens are back (virtual scheduling), CLOCK_MONOTONIC
 */
struct gate_bucket {
	__u64 tag;
	__u64 next;
};

/**
 * struct gate_event - a sampled drop
 * @family: AF_INET or AF_INET6, 0 when that was not seen
 */
struct gate_event {
	__u64 time_ns;
	__u32 ifindex;
	__u32 length;
	__le32 label;
	__u16 reason;
	__u16 family;
	__be16 source_port;
	__be16 port;
	__u32 source[4];
};

#endif
