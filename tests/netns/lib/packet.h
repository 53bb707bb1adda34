/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ethernet frames that carry UDP over IPv4 or IPv6: taking them apart, changing
 * them, and putting them together again. For the programs of the network
 * tests; IPv6 extension headers and VLANs do not occur there.
 */
#ifndef NETNS_PACKET_H
#define NETNS_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX	   10240
#define PACKET_HEADERS_MAX (14 + 40 + 8)

/** struct packet - one Ethernet frame */
struct packet {
	size_t len;
	uint8_t b[PACKET_MAX];
};

/** struct udp_view - where the parts of a frame are; points into it */
struct udp_view {
	int family;
	uint8_t *ip;
	uint8_t *udp;
	uint8_t *payload;
	size_t payload_len;
};

/** struct packet_addr - an inner or outer address and port, host order port */
struct packet_addr {
	int family;
	uint8_t addr[16];
	uint16_t port;
};

/** packet_udp() - find the UDP payload; false if @p is not whole UDP */
bool packet_udp(struct packet *p, struct udp_view *v);

/** packet_resize() - give the payload another length; new bytes are zero */
bool packet_resize(struct packet *p, struct udp_view *v, size_t payload_len);

/** packet_set_source() - pretend that @from sent it; port 0 keeps the port */
bool packet_set_source(struct udp_view *v, const struct packet_addr *from);

/** packet_seal() - lengths and checksums, after any change */
void packet_seal(struct packet *p, struct udp_view *v);

/** packet_build() - an empty UDP frame; fill the payload, then packet_seal() */
void packet_build(struct packet *p, struct udp_view *v,
		  const uint8_t dst_mac[6], const uint8_t src_mac[6],
		  const struct packet_addr *from, const struct packet_addr *to,
		  size_t payload_len);

/** packet_addr_parse() - "192.0.2.1" or "2001:db8::1" */
bool packet_addr_parse(const char *s, struct packet_addr *a);

/** packet_socket() - raw socket on an interface; -errno on failure */
int packet_socket(const char *ifname, bool receive, int *ifindex,
		  uint8_t mac[6], int *mtu);

/** random_u32() - next number of a deterministic sequence */
uint32_t random_u32(uint64_t *state);

#endif
