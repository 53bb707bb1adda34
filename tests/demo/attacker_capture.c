// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The recording, a pcap file that other tools can read too, and the wire. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "attacker.h"

#define PCAP_MAGIC	0xa1b2c3d4
#define PCAP_ETHERNET	1
#define PCAP_FILE_LEN	24
#define PCAP_HEADER_LEN 16
#define CAPTURE_MAX	(256u << 20)

const char *capture_path(void)
{
	const char *path = getenv("SIGNET_DEMO_CAPTURE");

	return path ? path : "capture.pcap";
}

static int read_all(int fd, uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = read(fd, buf, len);

		if (n <= 0)
			return n ? -errno : -EIO;
		buf += n;
		len -= n;
	}
	return 0;
}

int capture_load(struct capture *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint32_t magic;
	int err = -errno;

	memset(c, 0, sizeof(*c));
	if (fd < 0)
		goto cleanup;
	err = -EINVAL;
	if (fstat(fd, &st) || st.st_size < PCAP_FILE_LEN ||
	    st.st_size > CAPTURE_MAX)
		goto cleanup;
	err = -ENOMEM;
	c->len = st.st_size;
	c->data = malloc(c->len);
	if (!c->data)
		goto cleanup;
	err = read_all(fd, c->data, c->len);
	if (err)
		goto cleanup;
	memcpy(&magic, c->data, sizeof(magic));
	c->at = PCAP_FILE_LEN;
	err = magic == PCAP_MAGIC ? 0 : -EINVAL;
cleanup:
	if (err)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

void capture_free(struct capture *c)
{
	free(c->data);
	memset(c, 0, sizeof(*c));
}

void capture_rewind(struct capture *c)
{
	c->at = PCAP_FILE_LEN;
}

bool capture_next(struct capture *c, struct packet *p)
{
	uint32_t len;

	while (c->len - c->at >= PCAP_HEADER_LEN) {
		const uint8_t *frame = c->data + c->at + PCAP_HEADER_LEN;

		memcpy(&len, c->data + c->at + 8, sizeof(len));
		if (len > c->len - c->at - PCAP_HEADER_LEN)
			return false;
		c->at += PCAP_HEADER_LEN + len;
		if (packet_parse(frame, len, p))
			return true;
	}
	return false;
}

bool capture_next_sealed(struct capture *c, struct packet *p)
{
	while (capture_next(c, p))
		if (p->proto == IPPROTO_UDP && p->dport == SIGNET_PORT &&
		    p->dst == inet_addr(GATEWAY_ADDRESS) &&
		    p->len >= SIGNET_PACKET_MIN &&
		    (p->payload[0] == SIGNET_FRAME_PACKET ||
		     p->payload[0] == SIGNET_FRAME_MESSAGE))
			return true;
	return false;
}

bool capture_last_packet(struct capture *c, struct packet *p)
{
	struct packet last;
	bool found = false;

	while (capture_next_sealed(c, &last)) {
		/* neither the agents' own messages nor keepalives */
		if (last.payload[0] != SIGNET_FRAME_PACKET ||
		    last.len <= SIGNET_PACKET_MIN)
			continue;
		*p = last;
		found = true;
	}
	if (!found)
		fprintf(stderr, "no sealed frame to the gateway in the capture "
				"yet\n");
	return found;
}

int capture_create(const char *path)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, longest, link;
	} head = { PCAP_MAGIC, 2, 4, 0, 0, FRAME_MAX, PCAP_ETHERNET };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
		      0644);

	_Static_assert(sizeof(head) == PCAP_FILE_LEN, "head of a pcap file");
	if (fd < 0)
		return -errno;
	if (write(fd, &head, sizeof(head)) != sizeof(head)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

int capture_append(int fd, const uint8_t *frame, size_t len)
{
	struct timeval now;
	uint32_t head[4];
	struct iovec iov[2] = { { head, sizeof(head) },
				{ (void *)frame, len } };

	gettimeofday(&now, NULL);
	head[0] = now.tv_sec;
	head[1] = now.tv_usec;
	head[2] = head[3] = len;
	if (writev(fd, iov, 2) != (ssize_t)(sizeof(head) + len))
		return -EIO;
	return 0;
}

int wire_open(const char *name, bool listen)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	int size = 8 << 20;
	int fd, err;

	name = name ? name : BRIDGE;
	addr.sll_ifindex = if_nametoindex(name);
	addr.sll_protocol = listen ? htons(ETH_P_ALL) : 0;
	all.mr_ifindex = addr.sll_ifindex;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		goto err;
	if (listen) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
			       sizeof(all)))
			goto err;
	}
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		goto err;
	return fd;
err:
	err = -errno;
	fprintf(stderr, "%s: %s\n", name, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

int wire_send_as(int fd, const struct packet *like, const uint8_t *payload,
		 size_t len)
{
	static uint8_t frame[FRAME_MAX];

	len = packet_forge_udp(like, payload, len, frame);
	if (!len)
		return -EMSGSIZE;
	return send(fd, frame, len, 0) == (ssize_t)len ? 0 : -errno;
}
