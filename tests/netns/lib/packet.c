// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "packet.h"

static uint16_t get16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static void put16(uint8_t *b, size_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static uint32_t sum16(uint32_t sum, const uint8_t *b, size_t len)
{
	for (; len > 1; len -= 2, b += 2)
		sum += get16(b);
	if (len)
		sum += (uint32_t)b[0] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

bool packet_udp(struct packet *p, struct udp_view *v)
{
	size_t header, total;

	if (p->len < 14 + 20 + 8)
		return false;
	v->ip = p->b + 14;
	if (get16(p->b + 12) == ETHERTYPE_IP) {
		header = (v->ip[0] & 15u) * 4;
		total = get16(v->ip + 2);
		v->family = AF_INET;
		if (v->ip[9] != IPPROTO_UDP || get16(v->ip + 6) & 0x3fff)
			return false;
	} else if (get16(p->b + 12) == ETHERTYPE_IPV6) {
		if (p->len < PACKET_HEADERS_MAX)
			return false;
		header = 40;
		total = get16(v->ip + 4) + 40u;
		v->family = AF_INET6;
		if (v->ip[6] != IPPROTO_UDP)
			return false;
	} else {
		return false;
	}
	if (total < header + 8 || p->len < 14 + total)
		return false;
	v->udp = v->ip + header;
	v->payload = v->udp + 8;
	v->payload_len = total - header - 8;
	return true;
}

bool packet_resize(struct packet *p, struct udp_view *v, size_t payload_len)
{
	size_t headers = (size_t)(v->payload - p->b);

	if (headers + payload_len > sizeof(p->b))
		return false;
	if (payload_len > v->payload_len)
		memset(v->payload + v->payload_len, 0,
		       payload_len - v->payload_len);
	v->payload_len = payload_len;
	p->len = headers + payload_len;
	return true;
}

bool packet_set_source(struct udp_view *v, const struct packet_addr *from)
{
	if (from->family && from->family != v->family)
		return false;
	if (from->family == AF_INET)
		memcpy(v->ip + 12, from->addr, 4);
	else if (from->family == AF_INET6)
		memcpy(v->ip + 8, from->addr, 16);
	if (from->port)
		put16(v->udp, from->port);
	return true;
}

void packet_seal(struct packet *p, struct udp_view *v)
{
	size_t udp_len = v->payload_len + 8;
	uint32_t sum = IPPROTO_UDP + (uint32_t)udp_len;

	p->len = (size_t)(v->udp - p->b) + udp_len;
	put16(v->udp + 4, udp_len);
	put16(v->udp + 6, 0);
	if (v->family == AF_INET) {
		put16(v->ip + 2, (size_t)(v->udp - v->ip) + udp_len);
		put16(v->ip + 10, 0);
		put16(v->ip + 10,
		      fold(sum16(0, v->ip, (size_t)(v->udp - v->ip))));
		sum = sum16(sum, v->ip + 12, 8);
	} else {
		put16(v->ip + 4, udp_len);
		sum = sum16(sum, v->ip + 8, 32);
	}
	sum = fold(sum16(sum, v->udp, udp_len));
	put16(v->udp + 6, sum ? sum : 0xffff);
}

void packet_build(struct packet *p, struct udp_view *v,
		  const uint8_t dst_mac[6], const uint8_t src_mac[6],
		  const struct packet_addr *from, const struct packet_addr *to,
		  size_t payload_len)
{
	bool v4 = to->family == AF_INET;

	memset(p->b, 0, PACKET_HEADERS_MAX);
	memcpy(p->b, dst_mac, 6);
	memcpy(p->b + 6, src_mac, 6);
	put16(p->b + 12, v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	v->family = to->family;
	v->ip = p->b + 14;
	v->udp = v->ip + (v4 ? 20 : 40);
	v->payload = v->udp + 8;
	v->payload_len = payload_len;
	if (v4) {
		v->ip[0] = 0x45;
		v->ip[8] = 64;
		v->ip[9] = IPPROTO_UDP;
		memcpy(v->ip + 12, from->addr, 4);
		memcpy(v->ip + 16, to->addr, 4);
	} else {
		v->ip[0] = 0x60;
		v->ip[6] = IPPROTO_UDP;
		v->ip[7] = 64;
		memcpy(v->ip + 8, from->addr, 16);
		memcpy(v->ip + 24, to->addr, 16);
	}
	put16(v->udp, from->port);
	put16(v->udp + 2, to->port);
}

bool packet_addr_parse(const char *s, struct packet_addr *a)
{
	a->family = strchr(s, ':') ? AF_INET6 : AF_INET;
	return inet_pton(a->family, s, a->addr) == 1;
}

int packet_socket(const char *ifname, bool receive, int *ifindex,
		  uint8_t mac[6], int *mtu)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET };
	int fd, size = 8 << 20, one = 1, ret;
	struct ifreq ifr = { 0 };

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, ifname, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFINDEX, &ifr))
		goto cleanup;
	sll.sll_ifindex = *ifindex = ifr.ifr_ifindex;
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		goto cleanup;
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	if (ioctl(fd, SIOCGIFMTU, &ifr))
		goto cleanup;
	*mtu = ifr.ifr_mtu;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	sll.sll_protocol = receive ? htons(ETH_P_ALL) : 0;
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)))
		goto cleanup;
	return fd;
cleanup:
	ret = -errno;
	close(fd);
	return ret;
}

uint32_t random_u32(uint64_t *state)
{
	/* xorshift64*, by Vigna */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * UINT64_C(2685821657736338717) >> 32);
}
