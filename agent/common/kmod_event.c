// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Events: what the kernel tells everybody who may administer the network. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/genl/ctrl.h>
#include <netlink/socket.h>

#include "common/kmod_private.h"

#define RECEIVE_LEN (1024 * 1024)

/* @next, @left: messages of the last datagram that were not handed out */
struct sg_kmod_events {
	struct nl_sock *sk;
	int family;
	struct nlmsghdr *next;
	int left;
	char buf[8192] __attribute__((aligned(8)));
};

static const struct {
	uint8_t cmd;
	const char *name;
} types[] = {
	[SG_KMOD_OTHER] = { 0, "other" },
	[SG_KMOD_REKEY_WANTED] = { SIGNET_CMD_REKEY_WANTED_NTF,
				   "rekey-wanted" },
	[SG_KMOD_ENDPOINT_SEEN] = { SIGNET_CMD_ENDPOINT_SEEN_NTF,
				    "endpoint-seen" },
	[SG_KMOD_KEY_CONFIRMED] = { SIGNET_CMD_KEY_CONFIRMED_NTF,
				    "key-confirmed" },
	[SG_KMOD_KEY_EXPIRED] = { SIGNET_CMD_KEY_EXPIRED_NTF, "key-expired" },
	[SG_KMOD_CHANNEL_WANTED] = { SIGNET_CMD_CHANNEL_WANTED_NTF,
				     "channel-wanted" },
	[SG_KMOD_CHANNEL_ACTIVE] = { SIGNET_CMD_CHANNEL_ACTIVE_NTF,
				     "channel-active" },
	[SG_KMOD_PEER_DEL] = { SIGNET_CMD_PEER_DEL_NTF, "peer-del" },
	[SG_KMOD_SOCKET_LOST] = { SIGNET_CMD_SOCKET_LOST_NTF, "socket-lost" },
	[SG_KMOD_PMTU] = { SIGNET_CMD_PMTU_NTF, "pmtu" },
};

#define TYPES (sizeof(types) / sizeof(types[0]))

const char *sg_kmod_event_name(enum sg_kmod_event_type type)
{
	return types[type < TYPES ? type : SG_KMOD_OTHER].name;
}

int sg_kmod_events_open(struct sg_kmod_events **out)
{
	struct sg_kmod_events *ev = calloc(1, sizeof(*ev));
	int r = -ENOMEM, group;

	*out = NULL;
	if (!ev)
		return r;
	ev->sk = nl_socket_alloc();
	if (!ev->sk)
		goto cleanup;
	r = sg_kmod_errno(nl_connect(ev->sk, NETLINK_GENERIC));
	if (r)
		goto cleanup;
	ev->family = genl_ctrl_resolve(ev->sk, SIGNET_FAMILY_NAME);
	group = genl_ctrl_resolve_grp(ev->sk, SIGNET_FAMILY_NAME,
				      SIGNET_MCGRP_EVENTS);
	r = sg_kmod_errno(ev->family < 0 ? ev->family : group < 0 ? group : 0);
	if (r)
		goto cleanup;
	nl_socket_set_buffer_size(ev->sk, RECEIVE_LEN, 0);
	r = sg_kmod_errno(nl_socket_add_membership(ev->sk, group));
	if (!r)
		r = sg_kmod_errno(nl_socket_set_nonblocking(ev->sk));
cleanup:
	if (r)
		sg_kmod_events_close(ev);
	else
		*out = ev;
	return r;
}

void sg_kmod_events_close(struct sg_kmod_events *ev)
{
	if (!ev)
		return;
	if (ev->sk)
		nl_socket_free(ev->sk);
	free(ev);
}

int sg_kmod_events_fd(const struct sg_kmod_events *ev)
{
	return nl_socket_get_fd(ev->sk);
}

int sg_kmod_event_decode(struct nlmsghdr *nlh, struct sg_kmod_event *e)
{
	struct nlattr *tb[SIGNET_A_EVENT_MAX + 1];
	int r = sg_kmod_attrs(nlh, tb, SIGNET_A_EVENT_MAX);
	struct genlmsghdr *genl = nlmsg_data(nlh);

	memset(e, 0, sizeof(*e));
	if (r)
		return r;
	for (size_t i = 1; i < TYPES; i++)
		if (types[i].cmd == genl->cmd)
			e->type = (enum sg_kmod_event_type)i;
	e->ifindex = sg_kmod_u32(tb[SIGNET_A_EVENT_IFINDEX]);
	e->peer = sg_kmod_u32(tb[SIGNET_A_EVENT_PEER]);
	e->channel = sg_kmod_u32(tb[SIGNET_A_EVENT_CHANNEL]);
	e->key_id = sg_kmod_u8(tb[SIGNET_A_EVENT_KEY_ID]);
	e->tx = sg_kmod_u32(tb[SIGNET_A_EVENT_DIRECTION]) ==
		SIGNET_DIRECTION_TRANSMIT;
	e->reason = sg_kmod_u32(tb[SIGNET_A_EVENT_REASON]);
	sg_kmod_address(tb[SIGNET_A_EVENT_REMOTE],
			tb[SIGNET_A_EVENT_REMOTE_PORT],
			tb[SIGNET_A_EVENT_SCOPE_ID], &e->remote);
	sg_kmod_address(tb[SIGNET_A_EVENT_LOCAL], NULL, NULL, &e->local);
	e->generation = sg_kmod_u32(tb[SIGNET_A_EVENT_GENERATION]);
	e->mtu = sg_kmod_u32(tb[SIGNET_A_EVENT_MTU]);
	e->family = sg_kmod_u32(tb[SIGNET_A_EVENT_FAMILY]);
	return 0;
}

/* Next datagram of the kernel's. Return: 1, 0 none is there, -errno. */
static int receive(struct sg_kmod_events *ev)
{
	struct sockaddr_nl from;
	socklen_t len;
	ssize_t n;

	do {
		len = sizeof(from);
		n = recvfrom(sg_kmod_events_fd(ev), ev->buf, sizeof(ev->buf), 0,
			     (struct sockaddr *)&from, &len);
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	} while (n < 0 || from.nl_pid);
	ev->next = (struct nlmsghdr *)ev->buf;
	ev->left = (int)n;
	return 1;
}

int sg_kmod_events_read(struct sg_kmod_events *ev, struct sg_kmod_event *e)
{
	struct nlmsghdr *nlh;
	int r;

	for (;;) {
		if (!ev->next || !nlmsg_ok(ev->next, ev->left)) {
			r = receive(ev);
			if (r <= 0)
				return r;
			continue;
		}
		nlh = ev->next;
		ev->next = nlmsg_next(nlh, &ev->left);
		if (nlh->nlmsg_type == ev->family &&
		    !sg_kmod_event_decode(nlh, e))
			return 1;
	}
}
