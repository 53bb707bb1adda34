/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>

#include "daemon/tun_checksum.h"
#include "daemon/tun_segment.h"
#include "daemon/tun_virtio.h"

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A packet that the kernel left without its transport checksum. */
static int complete_checksum(uint8_t *packet, size_t len, size_t start,
			     size_t offset)
{
	uint16_t sum;

	if (start + offset + 2 > len)
		return -EINVAL;
	/* The field holds the sum of the pseudo header. */
	sum = (uint16_t)~sg_csum_fold(
		sg_csum_add(packet + start, len - start, 0));
	if (sum == 0)
		sum = 0xffff;
	memcpy(packet + start + offset, &sum, 2);
	return 0;
}

static int parse_super(struct sg_gso *g, const struct virtio_net_hdr *h)
{
	uint8_t type = h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;
	const uint8_t *p = g->packet;

	g->l4 = h->csum_start;
	if (g->v6 ? g->l4 < 40 : g->l4 != (size_t)(p[0] & 15) * 4 || g->l4 < 20)
		return -EINVAL;
	if (g->l4 + 8 > g->len)
		return -EINVAL;
	switch (type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		if ((type == VIRTIO_NET_HDR_GSO_TCPV6) != g->v6)
			return -EINVAL;
		if (g->l4 + 20 > g->len)
			return -EINVAL;
		g->proto = IPPROTO_TCP;
		g->hdr_len = g->l4 + (size_t)(p[g->l4 + 12] >> 4) * 4;
		if (g->hdr_len < g->l4 + 20)
			return -EINVAL;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		g->proto = IPPROTO_UDP;
		g->hdr_len = g->l4 + 8;
		break;
	default:
		return -EINVAL;
	}
	if (g->hdr_len > g->len || g->hdr_len > sizeof(g->hdr) ||
	    h->gso_size == 0)
		return -EINVAL;
	g->mss = h->gso_size;
	g->segments = (uint32_t)((g->len - g->hdr_len + g->mss - 1) / g->mss);
	if (g->segments == 0)
		g->segments = 1;
	g->largest = g->len < g->hdr_len + g->mss ? g->len
						  : g->hdr_len + g->mss;
	memcpy(g->hdr, p, g->hdr_len);
	g->ip_id = get16(p + 4);
	g->seq = (uint32_t)get16(p + g->l4 + 4) << 16 | get16(p + g->l4 + 6);
	return 0;
}

int sg_gso_parse(struct sg_gso *g, const uint8_t *vnet, uint8_t *packet,
		 size_t len)
{
	struct virtio_net_hdr h = { 0 };

	if (vnet)
		memcpy(&h, vnet, sizeof(h));
	if (len < 20)
		return -EINVAL;
	g->packet = packet;
	g->len = len;
	g->largest = len;
	g->segments = 1;
	g->mss = 0;
	g->v6 = packet[0] >> 4 == 6;
	if (g->v6 ? len < 40 : packet[0] >> 4 != 4)
		return -EINVAL;
	if (h.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return parse_super(g, &h);
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		return complete_checksum(packet, len, h.csum_start,
					 h.csum_offset);
	return 0;
}

static void write_ip(const struct sg_gso *g, uint8_t *p, size_t len, uint32_t i)
{
	if (g->v6) {
		put16(p + 4, (uint16_t)(len - 40));
		return;
	}
	put16(p + 2, (uint16_t)len);
	put16(p + 4, (uint16_t)(g->ip_id + i));
	sg_csum_ipv4(p, (size_t)(p[0] & 15) * 4);
}

static void write_l4(const struct sg_gso *g, uint8_t *p, size_t len, uint32_t i)
{
	uint8_t *l4 = p + g->l4, *check;
	size_t l4_len = len - g->l4;
	uint16_t sum;

	if (g->proto == IPPROTO_TCP) {
		uint32_t seq = htonl(g->seq + i * (uint32_t)g->mss);

		memcpy(l4 + 4, &seq, 4);
		if (i + 1 < g->segments)
			l4[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
		if (i)
			l4[13] &= (uint8_t)~TCP_CWR;
		check = l4 + 16;
	} else {
		put16(l4 + 4, (uint16_t)l4_len);
		check = l4 + 6;
	}
	check[0] = check[1] = 0;
	sum = (uint16_t)~sg_csum_fold(sg_csum_add(
		l4, l4_len, sg_csum_pseudo(p, g->v6, g->proto, l4_len)));
	if (sum == 0 && g->proto == IPPROTO_UDP)
		sum = 0xffff;
	memcpy(check, &sum, 2);
}

size_t sg_gso_segment(struct sg_gso *g, uint32_t i, uint8_t **out)
{
	size_t at = (size_t)i * g->mss, left, len;
	uint8_t *p = g->packet + at;

	*out = p;
	if (g->mss == 0)
		return g->len;
	left = g->len - g->hdr_len - at;
	len = g->hdr_len + (left < g->mss ? left : g->mss);
	memcpy(p, g->hdr, g->hdr_len);
	write_ip(g, p, len, i);
	write_l4(g, p, len, i);
	return len;
}
