/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One list of the reasons for which Signet drops a frame or a packet, used
 * alike by the kernel module, the BPF programs and userspace. A reason keeps
 * its number for ever: counters and flow records carry it. New reasons go at
 * the end.
 */
#ifndef SIGNET_DROP_H
#define SIGNET_DROP_H

/* clang-format off */
/* X(name in capitals, name for people, what it means) */
#define SIGNET_DROP_REASONS(X)                                                 \
	X(NONE, "none", "not dropped")                                         \
	X(LENGTH, "length", "frame too short, too long or not padded")         \
	X(TYPE, "type", "unknown frame type or pattern")                       \
	X(FLAGS, "flags", "unknown flag bits or reserved bytes not zero")      \
	X(LABEL, "label", "no such label here")                                \
	X(HOP_TAG, "hop-tag", "hop tag wrong: forged or changed header")       \
	X(KEY_ID, "key-id", "no key in that slot")                             \
	X(KEY_EXPIRED, "key-expired", "key past its time or frame limit")      \
	X(LANE, "lane", "lane above what was agreed")                          \
	X(REPLAY, "replay", "counter seen before or too old")                  \
	X(AEAD, "aead", "authentication failed: forged or changed content")    \
	X(INNER, "inner-packet", "plaintext is not a valid IP packet")         \
	X(INNER_SOURCE, "inner-source", "inner source not the sender's")       \
	X(NO_ROUTE, "no-route", "no peer has the inner destination")           \
	X(NO_CHANNEL, "no-channel", "no channel to the peer yet")              \
	X(NO_ENDPOINT, "no-endpoint", "no address known for the peer")         \
	X(MTU, "mtu", "packet larger than the path allows")                    \
	X(QUEUE_FULL, "queue-full", "a queue was at its limit")                \
	X(NO_MEMORY, "no-memory", "memory limit reached")                      \
	X(SEND, "send", "the kernel refused to send")                          \
	X(DEVICE, "device", "the tunnel device refused the packet")            \
	X(MAC1, "mac1", "handshake not made for this identity")                \
	X(MAC2, "mac2", "no valid cookie yet: sender was asked to prove its address") \
	X(RATE, "rate", "handshakes from that prefix above their rate")        \
	X(HANDSHAKE, "handshake", "handshake message did not authenticate")    \
	X(PAYLOAD, "payload", "handshake payload malformed")                   \
	X(STRANGER, "stranger", "identity is not among the accepted peers")    \
	X(IDENTITY, "identity", "identity history or attestation refused")     \
	X(EXPIRED, "expired", "attestation is out of date: check clocks")      \
	X(STALE, "stale", "handshake number not newer than the last")          \
	X(PATTERN, "pattern", "pattern not allowed here (FirstContact, pair)") \
	X(STATE, "state", "frame does not fit the state of the channel")       \
	X(RECORD, "record", "malformed record inside a message frame")         \
	X(LOOP, "loop", "packet would be tunnelled into itself")               \
	X(OUTER, "outer-packet", "outer headers malformed, cut off, or too many") \
	X(FRAGMENT, "fragment", "outer packet in fragments")                   \
	X(STRICT, "strict", "neither Signet nor on the list of strict mode")   \
	X(POLICY, "policy", "the peer's Allow lines do not allow it")          \
	X(POLICY_FRAGMENT, "policy-fragment", "inner fragment without ports, which only Allow = ip lets pass") \
	X(LATE, "late", "handshake had waited longer than its sender does")

enum signet_drop {
#define SIGNET_DROP_ENUM(name, text, help) SIGNET_DROP_##name,
	SIGNET_DROP_REASONS(SIGNET_DROP_ENUM)
#undef SIGNET_DROP_ENUM
	SIGNET_DROP_COUNT
};
/* clang-format on */

_Static_assert(SIGNET_DROP_NONE == 0, "zero means not dropped");
_Static_assert(SIGNET_DROP_LOOP == 33, "reasons keep their numbers");
_Static_assert(SIGNET_DROP_COUNT <= 64, "counters are sized for 64 reasons");

#endif
