/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From what a TUN queue hands out (a virtio-net header and a packet or a
 * super-packet) to whole IP packets with all checksums.
 */
#ifndef SG_TUN_SEGMENT_H
#define SG_TUN_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_GSO_HDR_MAX 256

/**
 * struct sg_gso - a parsed read
 * @packet: IP packet, changed while segments are made
 * @segments: how many packets it makes; 1 where it is not a super-packet
 * @largest: length of the largest of them
 */
struct sg_gso {
	uint8_t *packet;
	size_t len;
	size_t hdr_len, l4;
	size_t mss;
	uint32_t segments;
	size_t largest;
	uint32_t seq;
	uint16_t ip_id;
	uint8_t proto;
	bool v6;
	uint8_t hdr[SG_GSO_HDR_MAX];
};

/**
 * sg_gso_parse() - check a read and complete the checksum of a plain packet
 * @vnet: virtio-net header, or NULL where the device has none
 * @packet: IP packet of @len bytes
 * Return: 0, or -EINVAL where the headers contradict the packet.
 */
int sg_gso_parse(struct sg_gso *g, const uint8_t *vnet, uint8_t *packet,
		 size_t len);

/**
 * sg_gso_segment() - make segment @i, in order from 0
 * Headers are written in place before the segment's payload, over the end of
 * the payload before it, which the caller is done with.
 * Return: length of the packet at *@out.
 */
size_t sg_gso_segment(struct sg_gso *g, uint32_t i, uint8_t **out);

#endif
