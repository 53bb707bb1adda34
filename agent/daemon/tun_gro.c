/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <netinet/in.h>
#include <string.h>

#include "daemon/tun_checksum.h"
#include "daemon/tun_gro.h"
#include "daemon/tun_virtio.h"

#define TCP_FIN	     0x01
#define TCP_PSH	     0x08
#define TCP_ACK	     0x10
#define TCP_ECE	     0x40
#define TCP_ENDS     (TCP_FIN | TCP_PSH)
#define IP_TOTAL_MAX 65535

_Static_assert(sizeof(struct virtio_net_hdr) == SG_GRO_HEADROOM,
	       "virtio-net header");

/* A packet that may start or continue a super-packet. */
struct candidate {
	uint8_t *packet;
	size_t len;
	uint16_t hdr_len, l4;
	uint16_t payload;
	uint16_t id;
	uint32_t seq;
	bool v6, tcp, df;
	bool joinable;
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* TCP or UDP without IP options, extension headers or fragments. */
static bool classify_ip(const struct sg_gro *g, struct candidate *c)
{
	const uint8_t *p = c->packet;
	uint8_t proto;

	c->v6 = p[0] >> 4 == 6;
	if (c->v6) {
		proto = p[6];
		c->l4 = 40;
		c->id = 0;
		c->df = true;
	} else {
		if (p[0] != 0x45 || get16(p + 6) & 0xbfff)
			return false;
		proto = p[9];
		c->l4 = 20;
		c->id = get16(p + 4);
		c->df = p[6] & 0x40;
	}
	c->tcp = proto == IPPROTO_TCP;
	return c->tcp ? g->tcp : proto == IPPROTO_UDP && g->udp;
}

static bool classify(const struct sg_gro *g, struct candidate *c)
{
	const uint8_t *l4;
	size_t hdr;

	if (!classify_ip(g, c))
		return false;
	l4 = c->packet + c->l4;
	if (c->len < c->l4 + (c->tcp ? 20u : 8u))
		return false;
	hdr = c->l4 + (c->tcp ? (size_t)(l4[12] >> 4) * 4 : 8);
	if (hdr < c->l4 + (c->tcp ? 20u : 8u) || hdr > c->len)
		return false;
	c->hdr_len = (uint16_t)hdr;
	c->payload = (uint16_t)(c->len - hdr);
	if (c->tcp) {
		c->seq = get32(l4 + 4);
		c->joinable = (l4[13] & ~(TCP_ENDS | TCP_ECE)) == TCP_ACK &&
			      c->payload > 0;
	} else {
		c->seq = 0;
		c->joinable = get16(l4 + 4) == c->len - c->l4 &&
			      get16(l4 + 6) && c->payload > 0;
	}
	return true;
}

static bool same_flow(const struct sg_gro_flow *f, const struct candidate *c)
{
	size_t at = c->v6 ? 8 : 12, n = c->v6 ? 32 : 8;

	return f->v6 == c->v6 && f->tcp == c->tcp &&
	       !memcmp(f->packet + at, c->packet + at, n) &&
	       !memcmp(f->packet + f->l4, c->packet + c->l4, 4);
}

/* Traffic class, flow label, TTL and identification. */
static bool ip_continues(const struct sg_gro_flow *f, const struct candidate *c)
{
	const uint8_t *a = f->packet, *b = c->packet;

	if (f->v6)
		return !memcmp(a, b, 4) && a[7] == b[7];
	return a[1] == b[1] && a[8] == b[8] && f->df == c->df &&
	       (c->id == f->next_id || (c->df && c->id == get16(a + 4)));
}

static bool tcp_continues(const struct sg_gro_flow *f,
			  const struct candidate *c)
{
	const uint8_t *a = f->packet + f->l4, *b = c->packet + c->l4;

	/* acknowledgement; data offset; flags; window; options */
	return c->seq == f->next_seq && !memcmp(a + 8, b + 8, 5) &&
	       !((a[13] ^ b[13]) & ~TCP_ENDS) && !memcmp(a + 14, b + 14, 2) &&
	       !memcmp(a + 20, b + 20, (size_t)(f->hdr_len - f->l4 - 20));
}

static bool continues(const struct sg_gro_flow *f, const struct candidate *c)
{
	return c->joinable && !f->closed && f->segments < SG_GRO_PIECES - 1 &&
	       c->hdr_len == f->hdr_len && c->payload <= f->mss &&
	       f->len + c->payload <= IP_TOTAL_MAX && ip_continues(f, c) &&
	       (!f->tcp || tcp_continues(f, c));
}

static bool checksum_ok(const uint8_t *packet, size_t l4, size_t len, bool v6,
			bool tcp)
{
	uint64_t sum = sg_csum_pseudo(
		packet, v6, tcp ? IPPROTO_TCP : IPPROTO_UDP, len - l4);

	if (sg_csum_fold(sg_csum_add(packet + l4, len - l4, sum)) != 0xffff)
		return false;
	return v6 || sg_csum_fold(sg_csum_add(packet, l4, 0)) == 0xffff;
}

static void write_out(struct sg_gro *g, struct iovec *iov, int n,
		      const struct virtio_net_hdr *h, uint32_t segments)
{
	uint8_t *head = (uint8_t *)iov[0].iov_base - sizeof(*h);

	memcpy(head, h, sizeof(*h));
	iov[0].iov_base = head;
	iov[0].iov_len += sizeof(*h);
	g->write(g->ctx, iov, n, segments);
}

static void write_alone(struct sg_gro *g, uint8_t *packet, size_t len)
{
	struct iovec iov = { packet, len };
	struct virtio_net_hdr h = { 0 };

	write_out(g, &iov, 1, &h, 1);
}

/* Lengths and checksums of a super-packet's headers. */
static void finish_headers(struct sg_gro_flow *f, struct virtio_net_hdr *h)
{
	uint8_t *p = f->packet, *l4 = p + f->l4;
	size_t l4_len = f->len - f->l4;
	uint16_t sum;

	if (f->v6) {
		put16(p + 4, (uint16_t)(f->len - 40));
	} else {
		put16(p + 2, (uint16_t)f->len);
		sg_csum_ipv4(p, f->l4);
	}
	if (!f->tcp)
		put16(l4 + 4, (uint16_t)l4_len);
	sum = sg_csum_fold(sg_csum_pseudo(
		p, f->v6, f->tcp ? IPPROTO_TCP : IPPROTO_UDP, l4_len));
	memcpy(l4 + (f->tcp ? 16 : 6), &sum, 2);

	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->gso_type = !f->tcp ? VIRTIO_NET_HDR_GSO_UDP_L4
		      : f->v6 ? VIRTIO_NET_HDR_GSO_TCPV6
			      : VIRTIO_NET_HDR_GSO_TCPV4;
	h->hdr_len = f->hdr_len;
	h->gso_size = f->mss;
	h->csum_start = f->l4;
	h->csum_offset = f->tcp ? 16 : 6;
}

static void flow_write(struct sg_gro *g, struct sg_gro_flow *f)
{
	struct virtio_net_hdr h = { 0 };

	if (f->segments > 1)
		finish_headers(f, &h);
	write_out(g, f->iov, (int)f->segments, &h, f->segments);
}

static void flow_start(struct sg_gro_flow *f, const struct candidate *c)
{
	f->packet = c->packet;
	f->hdr_len = c->hdr_len;
	f->l4 = c->l4;
	f->mss = c->payload;
	f->next_id = (uint16_t)(c->id + 1);
	f->next_seq = c->seq + c->payload;
	f->len = (uint32_t)c->len;
	f->segments = 1;
	f->v6 = c->v6;
	f->tcp = c->tcp;
	f->df = c->df;
	f->closed = c->tcp && c->packet[c->l4 + 13] & TCP_ENDS;
	f->iov[0].iov_base = c->packet;
	f->iov[0].iov_len = c->len;
}

static void flow_append(struct sg_gro_flow *f, const struct candidate *c)
{
	struct iovec *v = &f->iov[f->segments++];

	v->iov_base = c->packet + c->hdr_len;
	v->iov_len = c->payload;
	f->len += c->payload;
	f->next_seq += c->payload;
	f->next_id++;
	f->closed = c->payload < f->mss;
	if (f->tcp) {
		uint8_t ends = c->packet[c->l4 + 13] & TCP_ENDS;

		f->packet[f->l4 + 13] |= ends;
		f->closed |= ends != 0;
	}
}

/* Try to add to a flow. Checksums are looked at only where packets join. */
static bool flow_join(struct sg_gro_flow *f, const struct candidate *c)
{
	if (!continues(f, c))
		return false;
	if (f->segments == 1 &&
	    !checksum_ok(f->packet, f->l4, f->len, f->v6, f->tcp))
		return false;
	if (!checksum_ok(c->packet, c->l4, c->len, c->v6, c->tcp))
		return false;
	flow_append(f, c);
	return true;
}

static struct sg_gro_flow *flow_find(struct sg_gro *g,
				     const struct candidate *c)
{
	for (uint32_t i = 0; i < g->n_flows; i++) {
		if (same_flow(&g->flow[i], c))
			return &g->flow[i];
	}
	return NULL;
}

void sg_gro_packet(struct sg_gro *g, uint8_t *packet, size_t len)
{
	struct candidate c = { .packet = packet, .len = len };
	struct sg_gro_flow *f;

	if (!classify(g, &c)) {
		write_alone(g, packet, len);
		return;
	}
	f = flow_find(g, &c);
	if (f) {
		if (flow_join(f, &c))
			return;
		flow_write(g, f);
	} else if (c.joinable) {
		if (g->n_flows == SG_GRO_FLOWS)
			sg_gro_flush(g);
		f = &g->flow[g->n_flows++];
	}
	if (!c.joinable) {
		/* Nothing of its flow may be written before it now. */
		if (f && f != &g->flow[--g->n_flows])
			*f = g->flow[g->n_flows];
		write_alone(g, packet, len);
		return;
	}
	flow_start(f, &c);
}

void sg_gro_flush(struct sg_gro *g)
{
	for (uint32_t i = 0; i < g->n_flows; i++)
		flow_write(g, &g->flow[i]);
	g->n_flows = 0;
}
