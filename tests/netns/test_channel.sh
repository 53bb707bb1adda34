#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Two nodes that pin each other get a channel by themselves, over the loop that
# was asked for; packets of both families pass in both directions.
. "$(dirname "$0")/lib.sh"

pair_up
is "both agents start" $? 0
if [ "${SIGNET_LOOP:-auto}" = epoll ]; then
	is "status says that it is epoll" "$(status_field a loop)" epoll
else
	check "status names the loop" test -n "$(status_field a loop)"
fi
check "a packet brings the channel up" within 5 inner_ping a 10.77.0.2
check "packets pass the other way" within 2 inner_ping b 10.77.0.1
check "the agent's own ping passes" sealed_ping a b
check "the peer is up on both sides" \
	eval 'peer_is a b up && peer_is b a up'
check "overlay addresses reach each other" \
	within 3 inner_ping a "$(status_field b overlay)"
is "both agree on the AEAD" "$(peer_field a b aead)" "$(peer_field b a aead)"

LINGER=1 stream a 10.77.0.2 2000 2
number "a stream of packets arrives" "$(got received)" -ge $((sent - 2))
is "nothing is repeated or changed" "$(got repeated) $(got changed)" "0 0"

wire tape type=5 >"$T/n"
number "what passes the wire is sealed frames" "$(cat "$T/n")" -ge 100
number "memory stays small" "$(rss_kb a)" -le 65536
node_kill a TERM
check "a clean end is told to the peer" within 3 eval '! peer_is b a up'
done_testing
