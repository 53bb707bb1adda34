#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# up sets addresses and routes, down undoes exactly that; outer packets are kept
# out of the tunnel even where a peer's prefix covers its own endpoint.
. "$(dirname "$0")/lib.sh"

wire_up
state() { in_ns a ip -br addr show; in_ns a ip route show table all;
	in_ns a ip -6 route show table all; in_ns a ip rule; in_ns a ip -6 rule; }
# what changes by itself
steady() { state | grep -vE 'sg0|fe80|ff00' | sed 's/ expires [0-9]*sec//' | sort; }

node_new a a 10.77.0.1
node_new b b 10.77.0.2
node_peer a b "10.1.0.2:$PORT" "0.0.0.0/0"
node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
before=$(steady)
node_start a
node_start b
check "a default route through the tunnel does not swallow its own frames" \
	within 8 inner_ping a 10.77.0.2
check "addresses outside go into the tunnel" \
	grep -q "dev sg0" <<<"$(in_ns a ip route get 192.0.2.1)"
check "down" sig a down
is "down leaves what was there before" "$(steady)" "$before"
check "up" sig a up
check "and it works again" within 8 inner_ping a 10.77.0.2
node_kill a TERM
is "a clean end leaves what was there before" "$(steady)" "$before"
node_start a
node_kill a KILL
node_start a
check "after a crash it starts, and works" within 8 inner_ping a 10.77.0.2
node_kill a TERM
is "and leaves what was there before" "$(steady)" "$before"
done_testing
