#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Both sides begin a handshake at the same moment, again and again; then both
# begin rekeys at the same moment.
. "$(dirname "$0")/lib.sh"

pair_up "[Limits]" "RekeyAfter = 3"
wire set delay=100 >/dev/null	# so that the frames do cross
for round in 1 2 3; do
	[ $round = 1 ] || {
		node_kill a
		node_kill b
		node_start a
		node_start b
	}
	inner_ping a 10.77.0.2 >/dev/null &
	one=$!
	inner_ping b 10.77.0.1 >/dev/null &
	wait $one $!
	number "round $round: both sent an init" "$(wire tape type=1 dir=b)" -ge 1
	check "round $round: a reaches b" within 4 inner_ping a 10.77.0.2
	check "round $round: b reaches a" within 4 inner_ping b 10.77.0.1
	wire forget >/dev/null
done

stream a 10.77.0.2 500 10 &
background=$!
wait $background
stream b 10.77.0.1 500 10
number "nothing is lost while both rekey" "$(got received)" -ge $((sent - 1))
is "nothing repeated" "$(got repeated) $(got changed)" "0 0"
number "they rekeyed" "$(peer_field a b rekeys)" -ge 2
done_testing
