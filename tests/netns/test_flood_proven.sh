#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Handshakes from addresses that were proved by a cookie, many times more than a
# node may work on, with rates for each prefix that hold nothing back: channels
# that are there keep their packets, their messages and their rekeys; a node from
# elsewhere gets its channel in the time that its turn takes; memory stays. With
# a gate the same.
. "$(dirname "$0")/lib.sh"

SOURCES=$((40 / SLOW)) PER_SECOND=$((200 / SLOW)) RATE=5000
# what fills the queue in less than a second, and an emulated machine can take
[ "$SLOW" = 1 ] || RATE=$((15 * PER_SECOND))
wire_up
node_new a a 10.77.0.1 "[Limits]" "RekeyAfter = 3"
node_new b b 10.77.0.2 "[Limits]" "RekeyAfter = 3" "PrefixRate = 1000000" \
	"PrefixBurst = 1000000" "HandshakesPerSecond = $PER_SECOND"
# another prefix, and another interface of b
ns_new c
ip link add eth0 netns c type veth peer name eth1 netns b
for n in "b eth1 10.2.0.2" "c eth0 10.2.0.3"; do
	read -r ns dev address <<<"$n"
	in_ns "$ns" ip addr add "$address/24" dev "$dev"
	in_ns "$ns" ip link set "$dev" up
	plain_device "$ns" "$dev"
done
node_new c c 10.77.0.3
node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32
node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
node_peer c b "10.2.0.2:$PORT" 10.77.0.2/32
node_peer b c "" 10.77.0.3/32
node_start a && node_start b && node_start c
flood_ready
check "the channels are up" within $((8 * SLOW)) eval \
	'inner_ping a 10.77.0.2 && inner_ping c 10.77.0.2'

metric() { # metric NAME: of b
	sig b metrics | awk -v name="$1" '$1 == name { print $2 }'
}
limit() { # limit ID FIELD: of b
	status_field b "limits[] | select(.id == \"$1\") | .$2"
}
# tcp BYTES: how many of them come to b through the channel
tcp() {
	in_ns b timeout $((30 * SLOW)) \
		socat -u TCP-LISTEN:7001,reuseaddr - >"$T/tcp" &
	within $((5 * SLOW)) eval "in_ns b ss -tln | grep -q :7001"
	head -c "$1" /dev/zero |
		in_ns a timeout $((30 * SLOW)) socat -u - TCP:10.77.0.2:7001
	wait $!
	stat -c %s "$T/tcp"
}

# flooded HOW: what has to hold meanwhile
flooded() {
	local before worked rekeys lost began start elapsed rtt
	before=$(rss_kb b)
	lost=$(drop_count b queue-full late)
	rekeys=$(peer_field b a rekeys)
	# a command, not a function: $! is to be its own number
	nsenter --net=/run/netns/a -- "$BIN/netns/flood_proven" eth0 "$mac" \
		10.1.0.2 $PORT "$(cat "$T/b/id")" $RATE 900 $SOURCES \
		>"$T/flooded" &
	flood=$!
	began=$(now_ms)
	check "$1: handshakes wait" within $((10 * SLOW)) eval \
		'[ "$(limit waiting-handshakes used)" -ge 400 ]'
	is "$1: for as many places as there are" \
		"$(limit waiting-handshakes max)" 512
	check "$1: a warning says so" eval \
		'sig b status | grep -q "warning:.*waiting handshakes"'
	connect c 8
	number "$1: a node from elsewhere connects (ms, median of three)" \
		"$took" -le $((2000 * SLOW))
	worked=$(metric signet_worked_inits_total)
	start=$(now_ms)
	stream a 10.77.0.2 $((500 / SLOW)) 5
	is "$1: TCP passes" "$(tcp $((10000000 / SLOW)))" $((10000000 / SLOW))
	# messages are the main thread's, and so are handshakes
	rtt=$(for _ in 1 2 3 4 5; do
		sig a ping b -c 1 --json | jq -r '.. | .rtt? // empty' | head -1
	done | median)
	worked=$(($(metric signet_worked_inits_total) - worked))
	elapsed=$(($(now_ms) - start))
	number "$1: packets of a channel pass" "$(got received)" -ge \
		$((sent * 98 / 100))
	number "$1: keys are renewed" \
		$(($(peer_field b a rekeys) - rekeys)) -ge 1
	number "$1: messages pass (us, median of five)" \
		"$rtt" -le $((100000 * SLOW))
	number "$1: no more is worked on than may be" "$worked" -le \
		$((PER_SECOND * elapsed / 1000 + PER_SECOND / 2))
	check "$1: it goes on all the time" kill -TERM $flood
	wait $flood
	number "$1: it was a flood (a second)" \
		$(($(cat "$T/flooded") * 1000 / ($(now_ms) - began))) -ge \
		$((RATE / 3))
	number "$1: what was too much is counted" \
		$(($(drop_count b queue-full late) - lost)) -ge $((5 * PER_SECOND))
	number "$1: memory stays (KiB more)" $(($(rss_kb b) - before)) -le 8192
	check "$1: when it is over nobody waits" within $((5 * SLOW)) eval \
		'[ "$(limit waiting-handshakes used)" = 0 ]'
}

handshakes=$(metric signet_handshakes_total)
flooded "no gate"
. "$(dirname "$0")/gate.sh"
check "a gate" gate b attach eth0
flooded "gate"
number "channels that were there stayed: new ones are those of c" \
	$(($(metric signet_handshakes_total) - handshakes)) -le 6
done_testing
