/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Notifications to the multicast group; any context. Who calls limits rates. */
#ifndef SIGNET_KMOD_EVENT_H
#define SIGNET_KMOD_EVENT_H

#include "key.h"

void signet_event_rekey_wanted(struct signet_key *key,
			       enum signet_rekey_reason reason);
void signet_event_endpoint_seen(struct signet_channel *ch,
				const union signet_addr *remote,
				const union signet_addr *local);
void signet_event_key_confirmed(struct signet_key *key);
void signet_event_key_expired(struct signet_key *key);
void signet_event_channel_wanted(struct signet_peer *peer);
void signet_event_channel_active(struct signet_channel *ch);
void signet_event_peer_del(struct signet_device *sd, u32 id);
void signet_event_socket_lost(struct signet_device *sd, u16 family);
void signet_event_pmtu(struct signet_path *path, u32 mtu);

/* a packet went out or came in */
static inline void signet_channel_active(struct signet_channel *ch)
{
	if (unlikely(test_bit(SIGNET_CHANNEL_WATCHED, &ch->flags)) &&
	    test_and_clear_bit(SIGNET_CHANNEL_WATCHED, &ch->flags))
		signet_event_channel_active(ch);
}

#endif
