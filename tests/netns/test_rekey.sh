#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Keys are renewed every three seconds under traffic in both directions: not
# one packet is lost for it.
. "$(dirname "$0")/lib.sh"

pair_up "[Limits]" "RekeyAfter = 3"
check "the channel is up" within 8 inner_ping a 10.77.0.2
receive a 7001 16 "$T/back.json"
back=$receiver
in_ns b "$BIN/netns/stream" send 10.77.0.1 7001 300 13 >"$T/back.sent" &
LINGER=1 stream a 10.77.0.2 500 13
is "no packet is lost" "$(got received)" "$sent"
is "none is repeated" "$(got repeated) $(got changed)" "0 0"
number "no pause is longer than this (ms)" "$(got gap_ms)" -le \
	$((1000 * SLOW))
wait $back
result=$(cat "$T/back.json")
is "none is lost the other way" "$(got received)" "$(cat "$T/back.sent")"
number "keys were renewed" "$(peer_field a b rekeys)" -ge 3
check "no handshake was needed for it" \
	test "$(wire tape type=1 dir=a)" -le 2
done_testing
