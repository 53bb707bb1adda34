/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The Internet checksum (RFC 1071), kept as a sum in memory byte order. */
#ifndef SG_TUN_CHECKSUM_H
#define SG_TUN_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * sg_csum_add() - add @len bytes to a running sum
 * Bytes added before must have been an even number.
 */
uint64_t sg_csum_add(const uint8_t *p, size_t len, uint64_t sum);

/** sg_csum_fold() - 16 bits in network order, not complemented */
uint16_t sg_csum_fold(uint64_t sum);

/**
 * sg_csum_pseudo() - sum of the pseudo header of TCP and UDP
 * @ip: IP header
 * @v6: whether it is IPv6
 * @proto: transport protocol
 * @len: length of transport header and payload
 */
uint64_t sg_csum_pseudo(const uint8_t *ip, bool v6, uint8_t proto, size_t len);

/** sg_csum_ipv4() - write the header checksum of an IPv4 header */
void sg_csum_ipv4(uint8_t *ip, size_t hdr_len);

#endif
