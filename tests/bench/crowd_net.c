// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sockets of the crowd, and its data path: echo requests and replies. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include <signet/core/frame.h>
#include <signet/core/mac.h>
#include <signet/drop.h>

#include "crowd.h"

#define FRAME_MAX 2048
#define ECHO_LEN  64
#define IP_LEN	  20

int crowd_sockets(struct crowd *c, const struct sockaddr *agent, socklen_t len)
{
	const int size = 16 << 20;

	memset(&c->agent, 0, sizeof(c->agent));
	memcpy(c->agent.remote, agent, len);
	for (unsigned int i = 0; i < c->n_sockets; i++) {
		int fd = socket(agent->sa_family,
				SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return -errno;
		c->sock[i] = fd;
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
		if (connect(fd, agent, len))
			return -errno;
	}
	return 0;
}

void crowd_send(struct crowd_peer *p, const uint8_t *frame, size_t len)
{
	struct crowd *c = p->crowd;

	/* What is lost is sent again, as on any network. */
	if (send(c->sock[p->number % c->n_sockets], frame, len, 0) < 0)
		c->stats.dropped++;
}

void crowd_connect(struct crowd_peer *p)
{
	p->wants = true;
	p->wanted = p->crowd->now;
	signet_session_connect(&p->session, p->crowd->keepalive > 0,
			       p->crowd->now);
	crowd_touched(p);
}

static uint16_t checksum(const uint8_t *b, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void echo_request(const struct crowd_peer *p, uint8_t ip[ECHO_LEN])
{
	uint32_t from = htonl(crowd_inner(p->number));
	uint32_t to = htonl(p->crowd->inner);
	uint16_t sum;

	memset(ip, 0, ECHO_LEN);
	ip[0] = 0x45;
	ip[3] = ECHO_LEN;
	ip[8] = 64;
	ip[9] = IPPROTO_ICMP;
	memcpy(ip + 12, &from, 4);
	memcpy(ip + 16, &to, 4);
	sum = checksum(ip, IP_LEN);
	memcpy(ip + 10, &sum, 2);
	ip[IP_LEN] = ICMP_ECHO;
	sum = checksum(ip + IP_LEN, ECHO_LEN - IP_LEN);
	memcpy(ip + IP_LEN + 2, &sum, 2);
}

/* Seal one packet and send it on the current channel. Return: was it sent? */
static bool send_packet(struct crowd_peer *p, const uint8_t *ip, size_t len)
{
	struct signet_channel *core = signet_session_current(&p->session);
	struct signet_frame_info info = { .type = SIGNET_FRAME_PACKET };
	uint8_t frame[FRAME_MAX];
	struct signet_aead_key key;
	struct crowd_channel *ch;
	struct crowd_key *k;

	if (!core || !core->env || len > FRAME_MAX - SIGNET_FRAME_OVERHEAD)
		return false;
	ch = p->chan[core->env - 1];
	if (ch->tx_key < 0)
		return false;
	k = &ch->key[ch->tx_key];
	if (!k->tx_set || signet_aead_key_init(&key, core->aead, k->tx))
		return false;
	info.key_id = (uint8_t)ch->tx_key;
	info.label = core->tx_label;
	info.counter = k->counter++;
	crowd_send(
		p, frame,
		signet_frame_seal(&key, core->tx_hop, &info, ip, len, frame));
	ch->tx_last = p->crowd->now;
	if (ch->watched) {
		ch->watched = false;
		signet_session_active(&p->session, core, p->crowd->now);
		crowd_touched(p);
	}
	return true;
}

void crowd_ping(struct crowd_peer *p)
{
	uint8_t ip[ECHO_LEN];

	echo_request(p, ip);
	p->crowd->stats.pings += send_packet(p, ip, sizeof(ip));
}

void crowd_keepalive(struct crowd_peer *p)
{
	send_packet(p, NULL, 0);
}

/* Answer an echo request of the agent's side. */
static void answer_echo(struct crowd_peer *p, uint8_t *ip, size_t len)
{
	uint8_t from[4];
	uint16_t sum;

	memcpy(from, ip + 12, 4);
	memcpy(ip + 12, ip + 16, 4);
	memcpy(ip + 16, from, 4);
	ip[IP_LEN] = ICMP_ECHOREPLY;
	memset(ip + IP_LEN + 2, 0, 2);
	sum = checksum(ip + IP_LEN, len - IP_LEN);
	memcpy(ip + IP_LEN + 2, &sum, 2);
	send_packet(p, ip, len);
}

static void take_ip(struct crowd_peer *p, uint8_t *ip, size_t len)
{
	uint32_t to = htonl(crowd_inner(p->number));

	if (len < IP_LEN + 8 || len % 2 || ip[0] != 0x45 ||
	    ip[9] != IPPROTO_ICMP || memcmp(ip + 16, &to, 4))
		return;
	if (ip[IP_LEN] == ICMP_ECHO)
		answer_echo(p, ip, len);
	else if (ip[IP_LEN] == ICMP_ECHOREPLY)
		p->crowd->stats.replies++;
}

static struct crowd_channel *by_label(struct crowd_peer *p, uint32_t label)
{
	for (int i = 0; i < SIGNET_SESSION_CHANNELS; i++)
		if (p->chan[i] && p->chan[i]->core->rx_label == label)
			return p->chan[i];
	return NULL;
}

/* A packet frame. Return: 0 or the reason to drop it. */
static int take_packet(struct crowd_peer *p, uint8_t *frame, size_t len,
		       const struct signet_frame_info *info)
{
	struct crowd_channel *ch = by_label(p, info->label);
	uint8_t *ip = frame + SIGNET_FRAME_HDR_LEN;
	struct signet_aead_key key;
	struct signet_channel *core;
	struct crowd_key *k;

	if (!ch)
		return SIGNET_DROP_LABEL;
	core = ch->core;
	k = &ch->key[info->key_id];
	if (!signet_hop_tag_ok(frame, core->rx_hop))
		return SIGNET_DROP_HOP_TAG;
	if (!k->rx_set || signet_aead_key_init(&key, core->aead, k->rx))
		return SIGNET_DROP_KEY_ID;
	if (signet_frame_open(&key, info, frame, len, ip))
		return SIGNET_DROP_AEAD;
	ch->rx_last = p->crowd->now;
	if (!k->confirmed) {
		k->confirmed = true;
		signet_session_confirmed(&p->session, core, info->key_id,
					 p->crowd->now);
	} else if (ch->watched) {
		ch->watched = false;
		signet_session_active(&p->session, core, p->crowd->now);
	}
	take_ip(p, ip, len - SIGNET_FRAME_OVERHEAD);
	return 0;
}

/* An init of the agent's: mac1 alone says for whom. */
static int take_init(struct crowd *c, const uint8_t *frame, size_t len)
{
	struct signet_handshake hs;
	struct crowd_peer *p;
	uint32_t i = 0;
	int drop;

	while (i < c->n && !signet_mac1_ok(frame, c->peers[i]->mac1_key))
		i++;
	if (i == c->n)
		return SIGNET_DROP_MAC1;
	p = c->peers[i];
	drop = signet_handshake_read_init(&hs, &p->ci->local,
					  &p->ci->local.ident.id, NULL, frame,
					  len, c->wall);
	if (!drop && signet_id_cmp(&hs.remote.att.id, &c->agent_id))
		drop = SIGNET_DROP_STRANGER;
	if (!drop)
		drop = signet_session_accept(&p->session, &hs, &c->agent,
					     c->now, c->wall);
	signet_handshake_wipe(&hs);
	c->stats.answered += !drop;
	crowd_touched(p);
	return drop;
}

static int take(struct crowd *c, uint8_t *frame, size_t len)
{
	struct signet_frame_info info;
	struct crowd_peer *p;
	int drop = signet_frame_parse(frame, len, &info);

	if (drop)
		return drop;
	if (info.type == SIGNET_FRAME_INIT)
		return take_init(c, frame, len);
	p = crowd_by_label(c, info.label);
	c->stats.cookies += info.type == SIGNET_FRAME_COOKIE;
	drop = info.type == SIGNET_FRAME_PACKET
		       ? take_packet(p, frame, len, &info)
		       : signet_session_frame(&p->session, frame, len,
					      &c->agent, c->now, c->wall);
	crowd_touched(p);
	return drop;
}

void crowd_read(struct crowd *c, int fd)
{
	uint8_t frame[FRAME_MAX];
	ssize_t len;

	for (int i = 0; i < 256; i++) {
		len = recv(fd, frame, sizeof(frame), 0);
		if (len < 0 && errno == ECONNREFUSED)
			continue;
		if (len < 0)
			return;
		c->stats.frames++;
		c->stats.dropped += take(c, frame, (size_t)len) != 0;
	}
}
