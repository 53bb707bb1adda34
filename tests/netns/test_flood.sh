#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 10,000 handshakes a second from spoofed addresses: forged, half-open, junk
# (an emulated machine: fewer, and patience).
# A real node gets its channel within a second, one that lives keeps working,
# and memory stays where it was.
. "$(dirname "$0")/lib.sh"

pair_up
mac=$(mac_of b eth0)
in_ns b ip route replace 10.1.0.0/16 via 10.1.0.1 dev eth0
in_ns b ip neigh replace 10.1.0.1 lladdr \
	"$(mac_of a eth0)" dev eth0 nud permanent

# connect: a new agent on a; how long until its first packet has an answer, in ms
connect() {
	local start
	node_kill a
	node_start a
	start=$(now_ms)
	within $((5 * SLOW)) in_ns a ping -q -c 1 -W 0.2 10.77.0.2
	echo $(($(now_ms) - start))
}

for kind in forged half mixed; do
	before=$(rss_kb b)
	in_ns a "$BIN/netns/flood" eth0 "$mac" 10.1.0.2 $PORT $kind \
		"$(cat "$T/b/id")" $((10000 / SLOW)) 10 >"$T/flooded" &
	flood=$!
	sleep 1.5
	: >"$T/took"
	for _ in 1 2 3; do connect >>"$T/took"; done
	number "$kind: a real node connects in a second (ms, median of three)" \
		"$(sort -n "$T/took" | sed -n 2p)" -le $((1000 * SLOW))
	stream a 10.77.0.2 $((500 / SLOW)) 2
	number "$kind: its packets pass" "$(got received)" -ge $((sent * 98 / 100))
	wait $flood
	number "$kind: it was a flood" "$(cat "$T/flooded")" -ge $((70000 / SLOW))
	number "$kind: memory stays (KiB more)" $(($(rss_kb b) - before)) -le 8192
done
number "forged ones are counted" "$(drop_count b mac1)" -ge $((10000 / SLOW))
number "half-open ones are held off" "$(drop_count b mac2 rate)" -ge $((10000 / SLOW))
done_testing
