#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Either side changes its address under traffic; the channel follows, by
# challenge, in seconds.
. "$(dirname "$0")/lib.sh"

pair_up
check "the channel is up" within 8 inner_ping a 10.77.0.2
move() { # move NS FROM TO
	# the other way round, the second address would go with the first
	in_ns "$1" ip addr del "$2/24" dev eth0
	in_ns "$1" ip addr add "$3/24" dev eth0
	in_ns "$1" ip addr show dev eth0 | grep -q "$3"
}

(sleep 2; move a 10.1.0.1 10.1.0.11) &
LINGER=1 stream a 10.77.0.2 500 5
number "a moves: the stream goes on" "$(got received)" -ge $((sent * 85 / 100))
check "b has a's new address" within 3 eval \
	'[ "$(peer_field b a endpoint)" = "10.1.0.11:$PORT" ]'
check "packets pass back to it" within 3 inner_ping b 10.77.0.1

(sleep 2; move b 10.1.0.2 10.1.0.22) &
LINGER=1 stream b 10.77.0.1 500 5
number "b moves: the stream goes on" "$(got received)" -ge $((sent * 85 / 100))
check "a has b's new address" within 3 eval \
	'[ "$(peer_field a b endpoint)" = "10.1.0.22:$PORT" ]'
check "packets pass both ways" eval \
	'within 3 inner_ping a 10.77.0.2 && within 3 inner_ping b 10.77.0.1'

# from IPv4 to IPv6
in_ns b ip addr del 10.1.0.22/24 dev eth0
node_peer a b "[fd01::2]:$PORT" 10.77.0.2/32
sig a reload >/dev/null
check "from IPv4 to IPv6" within 20 inner_ping a 10.77.0.2
done_testing
