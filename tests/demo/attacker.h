/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The attacker's tools. The attacker owns the network between the gateway and
 * the controller: sees every Ethernet frame, and can send any.
 */
#ifndef DEMO_ATTACKER_H
#define DEMO_ATTACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/wire.h>

/* What the attacker found out about the network that it owns. */
#define GATEWAY_ADDRESS	   "198.51.100.1"
#define CONTROLLER_ADDRESS "198.51.100.2"
#define ATTACKER_ADDRESS   "198.51.100.66"
#define SIGNET_PORT	   51900
#define BRIDGE		   "br0"
#define FRAME_MAX	   65550

/**
 * struct packet - one TCP or UDP packet inside an Ethernet frame
 * Points into the frame. Addresses in network order, ports in host order.
 */
struct packet {
	const uint8_t *frame;
	const uint8_t *payload;
	size_t len; /* of @payload */
	uint32_t src, dst;
	uint16_t sport, dport;
	uint8_t proto;
};

/** packet_parse() - false where @frame is not whole TCP or UDP over IPv4 */
bool packet_parse(const uint8_t *frame, size_t len, struct packet *p);

/** packet_text() - what a plug's message says; false: it is not one */
bool packet_text(const struct packet *p, char *text, size_t cap);

/**
 * packet_forge_udp() - make an Ethernet frame that seems to come from where
 * @like came from and goes where it went
 * Return: its length, 0 where @payload does not fit into FRAME_MAX.
 */
size_t packet_forge_udp(const struct packet *like, const uint8_t *payload,
			size_t len, uint8_t out[FRAME_MAX]);

/** struct capture - a pcap file in memory */
struct capture {
	uint8_t *data;
	size_t len;
	size_t at;
};

/** capture_path() - $SIGNET_DEMO_CAPTURE, or capture.pcap */
const char *capture_path(void);
int capture_load(struct capture *c, const char *path);
void capture_free(struct capture *c);

/** capture_next() - the next TCP or UDP packet; false at the end */
bool capture_next(struct capture *c, struct packet *p);

/** capture_rewind() - to the first packet */
void capture_rewind(struct capture *c);

/** capture_next_sealed() - the next packet or message frame to the gateway */
bool capture_next_sealed(struct capture *c, struct packet *p);

/** capture_last_packet() - the newest of these that carries an IP packet */
bool capture_last_packet(struct capture *c, struct packet *p);

/** capture_create(), capture_append() - write a pcap file; -errno */
int capture_create(const char *path);
int capture_append(int fd, const uint8_t *frame, size_t len);

/**
 * wire_open() - a raw socket on one of the attacker's interfaces; -errno
 * @name: interface; NULL: the bridge that everything passes
 */
int wire_open(const char *name, bool listen);
/** wire_send_as() - a datagram that seems to come from where @like came from, and
 * goes where it went; 0 or -errno
 */
int wire_send_as(int fd, const struct packet *like, const uint8_t *payload,
		 size_t len);

/** forge_header() - of a packet frame under the label of @p: all but its head is
 * made up; @payload holds the frame as it is
 */
void forge_header(uint8_t *payload, const struct packet *p);
/** forge_init() - a handshake that is well-formed, and nothing else */
void forge_init(uint8_t *payload, size_t len);

/** plug_tell() - send bytes to a plug's port and print what it answers */
int plug_tell(const char *address, const uint8_t *msg, size_t len);

int cmd_sniff(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_forge(int argc, char **argv);
int cmd_flip(int argc, char **argv);
int cmd_flood(int argc, char **argv);

#endif
