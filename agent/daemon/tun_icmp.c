/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP "fragmentation needed" (RFC 792, RFC 1191) and ICMPv6 "packet too big"
 * (RFC 4443, section 3.2) to the sender of an inner packet, as a router on the
 * way would: the source is the packet's own destination.
 */
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "daemon/tun.h"
#include "daemon/tun_checksum.h"

/* At most one in this time; senders try again. */
#define ICMP_GAP_NS  (10 * 1000 * 1000ull)
#define IPV6_MIN_MTU 1280

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t make_v4(uint8_t *out, const uint8_t *packet, size_t len,
		      uint32_t mtu)
{
	size_t quote = (size_t)(packet[0] & 15) * 4 + 8, total;
	uint16_t sum;

	/* Errors are answered by no errors; multicast by nothing. */
	if (packet[9] == IPPROTO_ICMP || packet[16] >> 4 == 14)
		return 0;
	if (quote > len)
		quote = len;
	total = 28 + quote;
	out[0] = 0x45;
	put16(out + 2, (uint32_t)total);
	out[8] = 64;
	out[9] = IPPROTO_ICMP;
	memcpy(out + 12, packet + 16, 4);
	memcpy(out + 16, packet + 12, 4);
	sg_csum_ipv4(out, 20);
	out[20] = 3;
	out[21] = 4;
	put16(out + 26, mtu > 65535 ? 65535 : mtu);
	memcpy(out + 28, packet, quote);
	sum = (uint16_t)~sg_csum_fold(sg_csum_add(out + 20, 8 + quote, 0));
	memcpy(out + 22, &sum, 2);
	return total;
}

static size_t make_v6(uint8_t *out, const uint8_t *packet, size_t len,
		      uint32_t mtu)
{
	size_t quote = len < IPV6_MIN_MTU - 48 ? len : IPV6_MIN_MTU - 48;
	uint16_t sum;

	if (packet[6] == IPPROTO_ICMPV6 && len > 40 && packet[40] < 128)
		return 0;
	if (packet[24] == 0xff)
		return 0;
	if (mtu < IPV6_MIN_MTU)
		mtu = IPV6_MIN_MTU;
	out[0] = 0x60;
	put16(out + 4, (uint32_t)(8 + quote));
	out[6] = IPPROTO_ICMPV6;
	out[7] = 64;
	memcpy(out + 8, packet + 24, 16);
	memcpy(out + 24, packet + 8, 16);
	out[40] = 2;
	put16(out + 44, mtu >> 16);
	put16(out + 46, mtu & 0xffff);
	memcpy(out + 48, packet, quote);
	sum = (uint16_t)~sg_csum_fold(sg_csum_add(
		out + 40, 8 + quote,
		sg_csum_pseudo(out, true, IPPROTO_ICMPV6, 8 + quote)));
	memcpy(out + 42, &sum, 2);
	return 48 + quote;
}

void tun_icmp_too_big(struct tun_worker *w, const uint8_t *packet, size_t len,
		      uint32_t mtu)
{
	uint8_t out[TUN_VNET_LEN + IPV6_MIN_MTU] = { 0 };
	size_t head = w->dp->vnet_hdr ? TUN_VNET_LEN : 0, n;

	if (w->now_ns < w->icmp_ns)
		return;
	if (packet[0] >> 4 == 6)
		n = make_v6(out + head, packet, len, mtu);
	else
		n = make_v4(out + head, packet, len, mtu);
	if (!n)
		return;
	w->icmp_ns = w->now_ns + ICMP_GAP_NS;
	if (write(w->tun_fd, out, head + n) < 0)
		tun_drop(w, SIGNET_DROP_DEVICE, 1);
}
