/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire format of Signet, protocol version 1: every frame that travels in
 * a UDP payload. Used alike by the kernel module, the BPF programs and
 * userspace. Integers are little-endian. See Documentation/protocol.rst.
 */
#ifndef SIGNET_WIRE_H
#define SIGNET_WIRE_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#include <linux/build_bug.h>
#else
#include <linux/types.h>
#include <stddef.h>
#endif

#define SIGNET_WIRE_VERSION 1

/* First byte of every frame. */
enum signet_frame_type {
	SIGNET_FRAME_INIT = 1,
	SIGNET_FRAME_RESPONSE = 2,
	SIGNET_FRAME_FINISH = 3,
	SIGNET_FRAME_COOKIE = 4,
	SIGNET_FRAME_PACKET = 5,
	SIGNET_FRAME_MESSAGE = 6,
	SIGNET_FRAME_TYPE_MAX = SIGNET_FRAME_MESSAGE,
};

/* Second byte of a handshake frame: the Noise pattern in use. */
enum signet_pattern {
	SIGNET_PATTERN_IK = 1,
	SIGNET_PATTERN_XX = 2,
	SIGNET_PATTERN_XXPSK3 = 3,
	SIGNET_PATTERN_MAX = SIGNET_PATTERN_XXPSK3,
};

#define SIGNET_AEAD_KEY_LEN   32
#define SIGNET_AEAD_TAG_LEN   16
#define SIGNET_AEAD_NONCE_LEN 12
#define SIGNET_HOP_KEY_LEN    16
#define SIGNET_HOP_TAG_LEN    8
#define SIGNET_MAC_LEN	      16
#define SIGNET_COOKIE_LEN     16
#define SIGNET_IDENTITY_LEN   32

/* key_lane: bits 7-5 are the key id, bits 4-0 the lane. */
#define SIGNET_KEY_IDS	 8
#define SIGNET_LANES	 32
#define SIGNET_KEY_SHIFT 5
#define SIGNET_LANE_MASK 0x1f

#define SIGNET_REPLAY_WINDOW 8192

/**
 * struct signet_frame - header of a packet or message frame
 * @type: SIGNET_FRAME_PACKET or SIGNET_FRAME_MESSAGE
 * @key_lane: key id in bits 7-5, lane in bits 4-0
 * @flags: zero unless defined; an endpoint drops unknown bits
 * @label: chosen by the receiver, never zero
 * @counter: per key and lane, from 0, never reused
 * @hop_tag: SipHash-2-4 under the hop key over the 16 bytes before it
 *
 * Ciphertext and a 16 byte AEAD tag follow. The AEAD's associated data are
 * the first four bytes; its nonce is the lane (32 bits) and the counter.
 */
struct signet_frame {
	__u8 type;
	__u8 key_lane;
	__le16 flags;
	__le32 label;
	__le64 counter;
	__u8 hop_tag[SIGNET_HOP_TAG_LEN];
} __attribute__((packed, aligned(1)));

/**
 * struct signet_handshake_frame - fixed part of an init, response or finish
 * @type: SIGNET_FRAME_INIT, _RESPONSE or _FINISH
 * @pattern: enum signet_pattern
 * @flags: zero unless defined
 * @label: the receiver's label; zero in init
 * @sender_label: the label that the sender will receive on
 * @zero: four zero bytes
 * @noise: first 32 bytes of the Noise message
 * @mac1: SipHash-2-4-128 over bytes 0-47 under the responder's mac1 key
 * @mac2: SipHash-2-4-128 over bytes 0-63 under the cookie, or zero
 *
 * The rest of the Noise message follows.
 */
struct signet_handshake_frame {
	__u8 type;
	__u8 pattern;
	__le16 flags;
	__le32 label;
	__le32 sender_label;
	__u8 zero[4];
	__u8 noise[32];
	__u8 mac1[SIGNET_MAC_LEN];
	__u8 mac2[SIGNET_MAC_LEN];
} __attribute__((packed, aligned(1)));

/**
 * struct signet_cookie_frame - a responder under load asks for proof of address
 * @type: SIGNET_FRAME_COOKIE
 * @zero1: zero
 * @flags: zero unless defined
 * @label: the sender_label of the init that it answers
 * @zero2: eight zero bytes
 * @mac1: the mac1 of the init that it answers
 * @cookie: SipHash-2-4-128 of the address and port that the init came from
 * @mac: SipHash-2-4-128 over bytes 0-47 under the responder's mac1 key
 */
struct signet_cookie_frame {
	__u8 type;
	__u8 zero1;
	__le16 flags;
	__le32 label;
	__u8 zero2[8];
	__u8 mac1[SIGNET_MAC_LEN];
	__u8 cookie[SIGNET_COOKIE_LEN];
	__u8 mac[SIGNET_MAC_LEN];
} __attribute__((packed, aligned(1)));

#define SIGNET_FRAME_HDR_LEN	 24
#define SIGNET_FRAME_OVERHEAD	 (SIGNET_FRAME_HDR_LEN + SIGNET_AEAD_TAG_LEN)
#define SIGNET_FRAME_AAD_LEN	 4
#define SIGNET_HOP_TAG_OFFSET	 16
#define SIGNET_HANDSHAKE_HDR_LEN 80
#define SIGNET_MAC1_OFFSET	 48
#define SIGNET_MAC2_OFFSET	 64
#define SIGNET_COOKIE_FRAME_LEN	 64

/* Every handshake frame fits one datagram of this size. */
#define SIGNET_HANDSHAKE_MAX 1232
/* Smallest init: Noise N would be 48, IK with an empty payload 96. */
#define SIGNET_HANDSHAKE_MIN (SIGNET_HANDSHAKE_HDR_LEN + 16)
/* Message frames hold a multiple of this many plaintext bytes, at least one. */
#define SIGNET_MESSAGE_PAD   64
#define SIGNET_MESSAGE_MIN   (SIGNET_FRAME_OVERHEAD + SIGNET_MESSAGE_PAD)
#define SIGNET_MESSAGE_MAX   (SIGNET_FRAME_OVERHEAD + 18 * SIGNET_MESSAGE_PAD)
#define SIGNET_PACKET_MIN    SIGNET_FRAME_OVERHEAD
#define SIGNET_PACKET_MAX    65507

_Static_assert(sizeof(struct signet_frame) == SIGNET_FRAME_HDR_LEN,
	       "packet and message header");
_Static_assert(offsetof(struct signet_frame, key_lane) == 1, "key_lane");
_Static_assert(offsetof(struct signet_frame, flags) == 2, "flags");
_Static_assert(offsetof(struct signet_frame, label) == 4, "label");
_Static_assert(offsetof(struct signet_frame, counter) == 8, "counter");
_Static_assert(offsetof(struct signet_frame, hop_tag) == SIGNET_HOP_TAG_OFFSET,
	       "hop_tag");

_Static_assert(sizeof(struct signet_handshake_frame) ==
		       SIGNET_HANDSHAKE_HDR_LEN,
	       "handshake header");
_Static_assert(offsetof(struct signet_handshake_frame, pattern) == 1,
	       "pattern");
_Static_assert(offsetof(struct signet_handshake_frame, flags) == 2, "flags");
_Static_assert(offsetof(struct signet_handshake_frame, label) == 4, "label");
_Static_assert(offsetof(struct signet_handshake_frame, sender_label) == 8,
	       "sender_label");
_Static_assert(offsetof(struct signet_handshake_frame, zero) == 12, "zero");
_Static_assert(offsetof(struct signet_handshake_frame, noise) == 16, "noise");
_Static_assert(offsetof(struct signet_handshake_frame, mac1) ==
		       SIGNET_MAC1_OFFSET,
	       "mac1");
_Static_assert(offsetof(struct signet_handshake_frame, mac2) ==
		       SIGNET_MAC2_OFFSET,
	       "mac2");

_Static_assert(sizeof(struct signet_cookie_frame) == SIGNET_COOKIE_FRAME_LEN,
	       "cookie frame");
_Static_assert(offsetof(struct signet_cookie_frame, flags) == 2, "flags");
_Static_assert(offsetof(struct signet_cookie_frame, label) == 4, "label");
_Static_assert(offsetof(struct signet_cookie_frame, zero2) == 8, "zero2");
_Static_assert(offsetof(struct signet_cookie_frame, mac1) == 16, "mac1");
_Static_assert(offsetof(struct signet_cookie_frame, cookie) == 32, "cookie");
_Static_assert(offsetof(struct signet_cookie_frame, mac) == 48, "mac");
_Static_assert(SIGNET_COOKIE_FRAME_LEN <= SIGNET_HANDSHAKE_MIN,
	       "a cookie is never larger than what it answers");
_Static_assert(SIGNET_MESSAGE_MAX <= SIGNET_HANDSHAKE_MAX,
	       "a message frame fits a datagram of 1232 bytes");

#endif
