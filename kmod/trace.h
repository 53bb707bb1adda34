/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tracepoints: a frame sealed, a frame opened, a frame or packet dropped. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM signet

#if !defined(SIGNET_KMOD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SIGNET_KMOD_TRACE_H

#include <linux/tracepoint.h>

#include <signet/drop.h>

#ifndef SIGNET_KMOD_TRACE_DROPS
#define SIGNET_KMOD_TRACE_DROPS
/* clang-format off */
#define SIGNET_TRACE_DEFINE(name, text, help) \
	TRACE_DEFINE_ENUM(SIGNET_DROP_##name);
#define SIGNET_TRACE_SYMBOL(name, text, help) { SIGNET_DROP_##name, text },
/* clang-format on */
#endif

SIGNET_DROP_REASONS(SIGNET_TRACE_DEFINE)

DECLARE_EVENT_CLASS(signet_frame,

	TP_PROTO(u32 channel, u8 key_id, u8 lane, u64 counter,
		 unsigned int length),

	TP_ARGS(channel, key_id, lane, counter, length),

	TP_STRUCT__entry(
		__field(u64, counter)
		__field(u32, channel)
		__field(u32, length)
		__field(u8, key_id)
		__field(u8, lane)
	),

	TP_fast_assign(
		__entry->counter = counter;
		__entry->channel = channel;
		__entry->length = length;
		__entry->key_id = key_id;
		__entry->lane = lane;
	),

	TP_printk("channel=%u key=%u lane=%u counter=%llu length=%u",
		  __entry->channel, __entry->key_id, __entry->lane,
		  __entry->counter, __entry->length)
);

/* @length: of the frame, with header and tag */
DEFINE_EVENT(signet_frame, signet_seal,
	TP_PROTO(u32 channel, u8 key_id, u8 lane, u64 counter,
		 unsigned int length),
	TP_ARGS(channel, key_id, lane, counter, length)
);

DEFINE_EVENT(signet_frame, signet_open,
	TP_PROTO(u32 channel, u8 key_id, u8 lane, u64 counter,
		 unsigned int length),
	TP_ARGS(channel, key_id, lane, counter, length)
);

/* @peer: -1 when it concerns none; @length: 0 when it is not known */
TRACE_EVENT(signet_drop,

	TP_PROTO(int ifindex, s64 peer, enum signet_drop reason,
		 unsigned int length),

	TP_ARGS(ifindex, peer, reason, length),

	TP_STRUCT__entry(
		__field(s64, peer)
		__field(int, ifindex)
		__field(u32, reason)
		__field(u32, length)
	),

	TP_fast_assign(
		__entry->peer = peer;
		__entry->ifindex = ifindex;
		__entry->reason = reason;
		__entry->length = length;
	),

	TP_printk("ifindex=%d peer=%lld reason=%s length=%u",
		  __entry->ifindex, __entry->peer,
		  __print_symbolic(__entry->reason,
				   SIGNET_DROP_REASONS(SIGNET_TRACE_SYMBOL)
				   { SIGNET_DROP_COUNT, "?" }),
		  __entry->length)
);

#endif

/* found through the -I that Kbuild gives to trace.c */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
