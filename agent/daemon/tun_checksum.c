/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <string.h>

#include "daemon/tun_checksum.h"

/*
 * 32-bit words are added into 64-bit lanes, which cannot overflow for any
 * packet; four independent lanes let the compiler use vector registers.
 */
static uint64_t sum_blocks(const uint8_t *p, size_t blocks)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (; blocks; blocks--, p += 32) {
		uint32_t v[8];

		memcpy(v, p, sizeof(v));
		a += (uint64_t)v[0] + v[4];
		b += (uint64_t)v[1] + v[5];
		c += (uint64_t)v[2] + v[6];
		d += (uint64_t)v[3] + v[7];
	}
	return a + b + c + d;
}

uint64_t sg_csum_add(const uint8_t *p, size_t len, uint64_t sum)
{
	size_t blocks = len / 32;

	/* Keep the running sum small, whatever has been added before. */
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum += sum_blocks(p, blocks);
	p += blocks * 32;
	len %= 32;
	for (; len >= 4; len -= 4, p += 4) {
		uint32_t v;

		memcpy(&v, p, sizeof(v));
		sum += v;
	}
	if (len) {
		uint32_t v = 0;

		memcpy(&v, p, len);
		sum += v;
	}
	return sum;
}

uint16_t sg_csum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint64_t sg_csum_pseudo(const uint8_t *ip, bool v6, uint8_t proto, size_t len)
{
	uint64_t sum = (uint64_t)htons(proto) + htonl((uint32_t)len);

	return v6 ? sg_csum_add(ip + 8, 32, sum) : sg_csum_add(ip + 12, 8, sum);
}

void sg_csum_ipv4(uint8_t *ip, size_t hdr_len)
{
	uint16_t sum;

	ip[10] = ip[11] = 0;
	sum = (uint16_t)~sg_csum_fold(sg_csum_add(ip, hdr_len, 0));
	memcpy(ip + 10, &sum, 2);
}
