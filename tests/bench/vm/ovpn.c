// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ovpn SIDE [dco]: makes the device "ovpn0" in this network namespace and
 * gives it its socket, one peer and static AES-256-GCM keys; prints "ready"
 * and holds the socket until it is killed. Without dco it is the kernel's own
 * ovpn, with numbers from linux/ovpn.h; else the older module of OpenVPN's
 * own, with those of its linux/ovpn_dco.h.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 1194

enum { CMD_PEER_NEW = 1, CMD_KEY_NEW = 6, DCO_CMD_KEY_NEW = 4 };
enum { A_IFINDEX = 1, A_PEER, A_KEYCONF, DCO_A_KEY_NEW = 5 };
enum {
	PEER_ID = 1,
	PEER_REMOTE_IPV4 = 2,
	PEER_REMOTE_PORT = 5,
	PEER_SOCKET = 6,
	PEER_TX_ID = 24,
};
enum { DCO_PEER_ID = 1, DCO_PEER_REMOTE, DCO_PEER_SOCKET };
enum { KEY_PEER = 1, KEY_SLOT, KEY_ID, KEY_CIPHER, KEY_ENCRYPT, KEY_DECRYPT };
enum { DIR_KEY = 1, DIR_NONCE };

static struct nl_sock *sk;
static int family;
static bool dco;

static void die(const char *what, int err)
{
	fprintf(stderr, "ovpn: %s: %s\n", what, nl_geterror(err));
	exit(1);
}

static struct nl_msg *begin(int cmd)
{
	struct nl_msg *m = nlmsg_alloc();

	if (!m)
		exit(1);
	genlmsg_put(m, 0, 0, family, 0, NLM_F_ACK, cmd, 1);
	nla_put_u32(m, A_IFINDEX, if_nametoindex("ovpn0"));
	return m;
}

static void end(const char *what, struct nl_msg *m)
{
	int err = nl_send_sync(sk, m);

	if (err < 0)
		die(what, err);
}

static void direction(struct nl_msg *m, int attr, int side)
{
	unsigned char key[32], tail[8];
	struct nlattr *n = nla_nest_start(m, attr);

	memset(key, 0x40 + side, sizeof(key));
	memset(tail, 0x50 + side, sizeof(tail));
	nla_put(m, DIR_KEY, sizeof(key), key);
	nla_put(m, DIR_NONCE, sizeof(tail), tail);
	nla_nest_end(m, n);
}

static void peer(int side, int fd)
{
	struct nl_msg *m = begin(CMD_PEER_NEW);
	struct nlattr *n = nla_nest_start(m, A_PEER);
	struct sockaddr_in remote = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = inet_addr(side ? "192.0.2.1" : "192.0.2.2"),
	};

	if (dco) {
		nla_put_u32(m, DCO_PEER_ID, 1);
		nla_put(m, DCO_PEER_REMOTE, sizeof(remote), &remote);
		nla_put_u32(m, DCO_PEER_SOCKET, (uint32_t)fd);
	} else {
		nla_put_u32(m, PEER_ID, 1);
		nla_put_u32(m, PEER_TX_ID, 1);
		nla_put_u32(m, PEER_REMOTE_IPV4, remote.sin_addr.s_addr);
		nla_put_u16(m, PEER_REMOTE_PORT, remote.sin_port);
		nla_put_u32(m, PEER_SOCKET, (uint32_t)fd);
	}
	nla_nest_end(m, n);
	end("peer", m);
}

static void keys(int side)
{
	struct nl_msg *m = begin(dco ? DCO_CMD_KEY_NEW : CMD_KEY_NEW);
	struct nlattr *n = nla_nest_start(m, dco ? DCO_A_KEY_NEW : A_KEYCONF);

	nla_put_u32(m, KEY_PEER, 1);
	if (dco) {
		nla_put_u8(m, KEY_SLOT, 0);
		nla_put_u8(m, KEY_ID, 0);
		nla_put_u16(m, KEY_CIPHER, 1);
	} else {
		nla_put_u32(m, KEY_SLOT, 0);
		nla_put_u32(m, KEY_ID, 0);
		nla_put_u32(m, KEY_CIPHER, 1);
	}
	direction(m, KEY_ENCRYPT, side);
	direction(m, KEY_DECRYPT, !side);
	nla_nest_end(m, n);
	end("key", m);
}

int main(int argc, char **argv)
{
	int side = argc > 1 ? atoi(argv[1]) & 1 : 0;
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	dco = argc > 2 && !strcmp(argv[2], "dco");
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		perror("ovpn: socket");
		return 1;
	}
	sk = nl_socket_alloc();
	if (!sk || genl_connect(sk) < 0)
		return 1;
	if (system(dco ? "ip link add ovpn0 type ovpn-dco"
		       : "modprobe ovpn && ip link add ovpn0 type ovpn"))
		return 1;
	family = genl_ctrl_resolve(sk, dco ? "ovpn-dco-v2" : "ovpn");
	if (family < 0)
		die("family", family);
	peer(side, fd);
	keys(side);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
