/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Consecutive TCP segments, and UDP datagrams of one size, of one flow are
 * joined to a super-packet, as the kernel's GRO would: one write to the TUN
 * queue in place of one for each packet. Payloads are not moved: a
 * super-packet is a list of pieces.
 */
#ifndef SG_TUN_GRO_H
#define SG_TUN_GRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define SG_GRO_FLOWS  8
#define SG_GRO_PIECES 65

/**
 * struct sg_gro_flow - a super-packet that grows
 * @iov: headers with the first payload, then payloads
 */
struct sg_gro_flow {
	uint8_t *packet;
	uint16_t hdr_len, l4;
	uint16_t mss;
	uint16_t next_id;
	uint32_t next_seq;
	uint32_t len;
	uint32_t segments;
	bool v6, tcp, df, closed;
	struct iovec iov[SG_GRO_PIECES];
};

/**
 * struct sg_gro - the flows of one batch
 * @udp: whether UDP may be joined
 * @write: writes one packet; the bytes before @iov[0] up to the virtio-net
 *	header's length may be overwritten
 */
struct sg_gro {
	bool tcp, udp;
	uint32_t n_flows;
	void (*write)(void *ctx, struct iovec *iov, int n, uint32_t segments);
	void *ctx;
	struct sg_gro_flow flow[SG_GRO_FLOWS];
};

/**
 * sg_gro_packet() - take a checked IP packet
 * @packet: stays valid and unmoved until sg_gro_flush(); at least
 *	SG_GRO_HEADROOM bytes before it may be overwritten
 */
void sg_gro_packet(struct sg_gro *g, uint8_t *packet, size_t len);

/** sg_gro_flush() - write everything out */
void sg_gro_flush(struct sg_gro *g);

/* For the virtio-net header before each packet. */
#define SG_GRO_HEADROOM 10

#endif
