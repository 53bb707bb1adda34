/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Crafted packets: Ethernet with VLAN tags, IPv4 with options, IPv6 with
 * extension headers, UDP or anything else behind them.
 */
#ifndef TESTS_BPF_PACKET_H
#define TESTS_BPF_PACKET_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PORT	    51900
#define SOURCE_PORT 40000

/**
 * struct shape - how a packet looks
 * @vlans: tags, 0 to 3
 * @ip6: IPv6
 * @options: IPv4 options, in words, 0 to 10
 * @extensions: IPv6 extension headers, by their protocol
 * @n_extensions: how many
 * @fragment: of IPv4: the whole field; of IPv6: in a fragment header, if not 0
 * @proto: of the transport header; 0: UDP
 * @hop_limit: 0: 64
 * @sport, @dport: 0: SOURCE_PORT, PORT
 * @source: last byte of the source address; 0: 1
 * @udp_len: added to UDP's length
 * @ip_len: added to the length that IP says
 */
struct shape {
	int vlans;
	bool ip6;
	int options;
	const uint8_t *extensions;
	int n_extensions;
	uint16_t fragment;
	uint8_t proto;
	uint8_t hop_limit;
	uint16_t sport, dport;
	uint8_t source;
	int udp_len, ip_len;
};

/* offsets that the last packet had */
struct made {
	uint8_t b[4096];
	uint32_t len, l3, l4, payload;
};

static inline uint8_t *put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
	return p + 2;
}

static inline uint8_t *make_ethernet(uint8_t *p, const struct shape *s)
{
	memcpy(p, "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
	p += 12;
	for (int i = 0; i < s->vlans; i++)
		p = put16(put16(p, i ? 0x8100 : 0x88a8), 5 + i);
	return put16(p, s->ip6 ? 0x86dd : 0x0800);
}

static inline uint16_t checksum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i += 2)
		sum += p[i] << 8 | (i + 1 < n ? p[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline uint8_t proto_of(const struct shape *s)
{
	return s->proto ? s->proto : IPPROTO_UDP;
}

static inline uint8_t *make_ip4(uint8_t *p, const struct shape *s, size_t n)
{
	size_t header = 20 + 4 * s->options;

	memset(p, 0, header);
	memset(p + 20, 1, 4 * s->options); /* no operation */
	p[0] = 0x40 | header / 4;
	put16(p + 2, header + n + s->ip_len);
	put16(p + 6, s->fragment);
	p[8] = s->hop_limit ? s->hop_limit : 64;
	p[9] = proto_of(s);
	memcpy(p + 12, "\xc0\x00\x02", 3);
	p[15] = s->source ? s->source : 1;
	memcpy(p + 16, "\xc0\x00\x02\x63", 4);
	put16(p + 10, checksum(p, header, 0));
	return p + header;
}

/* one extension header; @next comes after it */
static inline uint8_t *make_extension(uint8_t *p, uint8_t proto, uint8_t next,
				      uint16_t fragment)
{
	size_t size = proto == IPPROTO_FRAGMENT ? 8
		      : proto == IPPROTO_AH	? 24
						: 16;

	memset(p, 0, size);
	p[0] = next;
	p[1] = proto == IPPROTO_FRAGMENT ? 0 : proto == IPPROTO_AH ? 4 : 1;
	if (proto == IPPROTO_FRAGMENT)
		put16(p + 2, fragment);
	return p + size;
}

static inline uint8_t *make_ip6(uint8_t *p, const struct shape *s, size_t n)
{
	const uint8_t *x = s->extensions, *end = x + s->n_extensions;
	uint8_t *ip = p, *at = p + 40;

	memset(p, 0, 40);
	p[0] = 0x60;
	p[6] = x < end ? *x : proto_of(s);
	p[7] = s->hop_limit ? s->hop_limit : 64;
	memcpy(p + 8, "\x20\x01\x0d\xb8", 4);
	p[23] = s->source ? s->source : 1;
	memcpy(p + 24, "\x20\x01\x0d\xb8", 4);
	p[39] = 99;
	for (; x < end; x++)
		at = make_extension(at, *x, x + 1 < end ? x[1] : proto_of(s),
				    s->fragment);
	put16(ip + 4, at - ip - 40 + n + s->ip_len);
	return at;
}

/* a packet with this payload behind its UDP header */
static inline void make(struct made *m, const struct shape *s,
			const void *payload, size_t n)
{
	bool udp = proto_of(s) == IPPROTO_UDP;
	uint8_t *p = make_ethernet(m->b, s);

	m->l3 = p - m->b;
	p = s->ip6 ? make_ip6(p, s, n + (udp ? 8 : 0))
		   : make_ip4(p, s, n + (udp ? 8 : 0));
	m->l4 = p - m->b;
	if (udp) {
		p = put16(p, s->sport ? s->sport : SOURCE_PORT);
		p = put16(p, s->dport ? s->dport : PORT);
		p = put16(put16(p, 8 + n + s->udp_len), 0);
	}
	m->payload = p - m->b;
	memcpy(p, payload, n);
	m->len = m->payload + n;
}

#endif
