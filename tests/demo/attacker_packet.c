// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Taking packets apart, and making up others. */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "attacker.h"
#include "autokey.h"

#define IP_AT	sizeof(struct ether_header)
#define UDP_AT	(IP_AT + sizeof(struct iphdr))
#define DATA_AT (UDP_AT + sizeof(struct udphdr))

static bool parse_udp(const uint8_t *at, size_t len, struct packet *p)
{
	struct udphdr udp;

	if (len < sizeof(udp))
		return false;
	memcpy(&udp, at, sizeof(udp));
	p->sport = ntohs(udp.source);
	p->dport = ntohs(udp.dest);
	p->payload = at + sizeof(udp);
	p->len = len - sizeof(udp);
	return true;
}

static bool parse_tcp(const uint8_t *at, size_t len, struct packet *p)
{
	struct tcphdr tcp;
	size_t header;

	if (len < sizeof(tcp))
		return false;
	memcpy(&tcp, at, sizeof(tcp));
	header = tcp.doff * 4;
	if (header < sizeof(tcp) || header > len)
		return false;
	p->sport = ntohs(tcp.source);
	p->dport = ntohs(tcp.dest);
	p->payload = at + header;
	p->len = len - header;
	return true;
}

bool packet_parse(const uint8_t *frame, size_t len, struct packet *p)
{
	const uint8_t *at = frame + IP_AT;
	struct ether_header eth;
	struct iphdr ip;
	size_t header, total;

	if (len < UDP_AT)
		return false;
	memcpy(&eth, frame, sizeof(eth));
	memcpy(&ip, at, sizeof(ip));
	header = ip.ihl * 4;
	total = ntohs(ip.tot_len);
	if (ntohs(eth.ether_type) != ETHERTYPE_IP || ip.version != 4 ||
	    header < sizeof(ip) || total < header || total > len - IP_AT)
		return false;
	p->frame = frame;
	p->src = ip.saddr;
	p->dst = ip.daddr;
	p->proto = ip.protocol;
	if (ip.protocol == IPPROTO_UDP)
		return parse_udp(at + header, total - header, p);
	return ip.protocol == IPPROTO_TCP &&
	       parse_tcp(at + header, total - header, p);
}

static bool readable(const uint8_t *text, size_t len)
{
	if (!len || text[0] != '{')
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < 32 || text[i] > 126)
			return false;
	return true;
}

bool packet_text(const struct packet *p, char *text, size_t cap)
{
	/* with and without the length in front */
	for (size_t skip = 0; skip <= AUTOKEY_HEADER_LEN;
	     skip += AUTOKEY_HEADER_LEN) {
		size_t len = p->len - skip;

		if (p->len <= skip || len >= cap)
			continue;
		memcpy(text, p->payload + skip, len);
		autokey_decode((uint8_t *)text, len);
		text[len] = 0;
		if (readable((uint8_t *)text, len))
			return true;
	}
	return false;
}

static uint32_t sum16(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *at = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += at[i] << 8 | at[i + 1];
	if (len & 1)
		sum += at[len - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

size_t packet_forge_udp(const struct packet *like, const uint8_t *payload,
			size_t len, uint8_t out[FRAME_MAX])
{
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 64,
			    .protocol = IPPROTO_UDP,
			    .saddr = like->src,
			    .daddr = like->dst };
	struct udphdr udp = { .source = htons(like->sport),
			      .dest = htons(like->dport) };
	uint32_t sum;

	if (len > 65507 || len > FRAME_MAX - DATA_AT)
		return 0;
	ip.tot_len = htons(sizeof(ip) + sizeof(udp) + len);
	ip.check = fold(sum16(&ip, sizeof(ip), 0));
	udp.len = htons(sizeof(udp) + len);
	sum = sum16(&ip.saddr, 8, IPPROTO_UDP + sizeof(udp) + len);
	sum = sum16(&udp, sizeof(udp), sum);
	udp.check = fold(sum16(payload, len, sum));
	if (!udp.check)
		udp.check = 0xffff;
	memcpy(out, like->frame, IP_AT);
	memcpy(out + IP_AT, &ip, sizeof(ip));
	memcpy(out + UDP_AT, &udp, sizeof(udp));
	memcpy(out + DATA_AT, payload, len);
	return DATA_AT + len;
}
