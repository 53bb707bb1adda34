// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Notifications. Nobody listens most of the time; then they cost a look at
 * the list of listeners. A listener that is too slow gets ENOBUFS and dumps
 * what it wants to know.
 */

#include <net/ipv6.h>

#include "event.h"
#include "netlink.h"

/* all attributes of the largest event, with room to spare */
#define EVENT_SIZE 128

/* a message being made */
struct event {
	struct signet_device *sd;
	struct sk_buff *skb;
	void *hdr;
};

static bool event_start(struct event *event, struct signet_device *sd, u8 cmd)
{
	if (!genl_has_listeners(&signet_nl_family, dev_net(sd->dev),
				SIGNET_NLGRP_EVENTS))
		return false;

	event->sd = sd;
	event->skb = genlmsg_new(EVENT_SIZE, GFP_ATOMIC);
	if (!event->skb)
		return false;

	event->hdr = genlmsg_put(event->skb, 0, 0, &signet_nl_family, 0, cmd);
	if (!event->hdr || nla_put_u32(event->skb, SIGNET_A_EVENT_IFINDEX,
				       sd->dev->ifindex)) {
		nlmsg_free(event->skb);
		return false;
	}

	return true;
}

/* @err: of the attributes */
static void event_send(struct event *event, int err)
{
	if (WARN_ON_ONCE(err)) {
		nlmsg_free(event->skb);
		return;
	}

	genlmsg_end(event->skb, event->hdr);
	genlmsg_multicast_netns(&signet_nl_family, dev_net(event->sd->dev),
				event->skb, 0, SIGNET_NLGRP_EVENTS,
				GFP_ATOMIC);
}

static int put_channel(struct sk_buff *skb, const struct signet_channel *ch)
{
	return nla_put_u32(skb, SIGNET_A_EVENT_CHANNEL, ch->id);
}

static int put_key(struct sk_buff *skb, const struct signet_key *key)
{
	return put_channel(skb, key->channel) ?:
	       nla_put_u8(skb, SIGNET_A_EVENT_KEY_ID, key->id);
}

static int put_direction(struct sk_buff *skb, const struct signet_key *key)
{
	return nla_put_u32(skb, SIGNET_A_EVENT_DIRECTION, key->direction);
}

static int put_remote(struct sk_buff *skb, const union signet_addr *remote)
{
	__be16 port = remote->sa.sa_family == AF_INET ?
		remote->in.sin_port : remote->in6.sin6_port;

	return signet_nl_put_addr(skb, SIGNET_A_EVENT_REMOTE, remote) ?:
	       nla_put_be16(skb, SIGNET_A_EVENT_REMOTE_PORT, port);
}

static struct signet_device *device_of(const struct signet_key *key)
{
	return key->channel->peer->sd;
}

void signet_event_rekey_wanted(struct signet_key *key,
			       enum signet_rekey_reason reason)
{
	struct event event;

	if (!event_start(&event, device_of(key), SIGNET_CMD_REKEY_WANTED_NTF))
		return;

	event_send(&event, put_key(event.skb, key) ?:
			   put_direction(event.skb, key) ?:
			   nla_put_u32(event.skb, SIGNET_A_EVENT_REASON,
				       reason));
}

void signet_event_endpoint_seen(struct signet_channel *ch,
				const union signet_addr *remote,
				const union signet_addr *local)
{
	const struct signet_path *path;
	struct event event;
	u32 generation = 0;
	u32 scope = 0;
	int err;

	if (!event_start(&event, ch->peer->sd, SIGNET_CMD_ENDPOINT_SEEN_NTF))
		return;

	rcu_read_lock();
	path = rcu_dereference(ch->path);
	if (path)
		generation = path->generation;
	rcu_read_unlock();

	if (remote->sa.sa_family == AF_INET6)
		scope = ipv6_iface_scope_id(&remote->in6.sin6_addr,
					    remote->in6.sin6_scope_id);

	err = put_channel(event.skb, ch) ?:
	      put_remote(event.skb, remote) ?:
	      signet_nl_put_addr(event.skb, SIGNET_A_EVENT_LOCAL, local) ?:
	      nla_put_u32(event.skb, SIGNET_A_EVENT_GENERATION, generation);
	if (!err && scope)
		err = nla_put_u32(event.skb, SIGNET_A_EVENT_SCOPE_ID, scope);
	event_send(&event, err);
}

void signet_event_key_confirmed(struct signet_key *key)
{
	struct event event;

	if (event_start(&event, device_of(key), SIGNET_CMD_KEY_CONFIRMED_NTF))
		event_send(&event, put_key(event.skb, key));
}

void signet_event_key_expired(struct signet_key *key)
{
	struct event event;

	if (event_start(&event, device_of(key), SIGNET_CMD_KEY_EXPIRED_NTF))
		event_send(&event, put_key(event.skb, key) ?:
				   put_direction(event.skb, key));
}

void signet_event_channel_wanted(struct signet_peer *peer)
{
	struct event event;

	if (event_start(&event, peer->sd, SIGNET_CMD_CHANNEL_WANTED_NTF))
		event_send(&event, nla_put_u32(event.skb, SIGNET_A_EVENT_PEER,
					       peer->id));
}

void signet_event_channel_active(struct signet_channel *ch)
{
	struct event event;

	if (event_start(&event, ch->peer->sd, SIGNET_CMD_CHANNEL_ACTIVE_NTF))
		event_send(&event, put_channel(event.skb, ch));
}

void signet_event_peer_del(struct signet_device *sd, u32 id)
{
	struct event event;

	if (event_start(&event, sd, SIGNET_CMD_PEER_DEL_NTF))
		event_send(&event, nla_put_u32(event.skb, SIGNET_A_EVENT_PEER,
					       id));
}

void signet_event_socket_lost(struct signet_device *sd, u16 family)
{
	struct event event;

	if (event_start(&event, sd, SIGNET_CMD_SOCKET_LOST_NTF))
		event_send(&event, nla_put_u32(event.skb,
					       SIGNET_A_EVENT_FAMILY, family));
}

void signet_event_pmtu(struct signet_path *path, u32 mtu)
{
	struct signet_channel *ch = path->channel;
	struct event event;

	if (!event_start(&event, ch->peer->sd, SIGNET_CMD_PMTU_NTF))
		return;

	event_send(&event, put_channel(event.skb, ch) ?:
			   put_remote(event.skb, &path->remote) ?:
			   nla_put_u32(event.skb, SIGNET_A_EVENT_MTU, mtu));
}
