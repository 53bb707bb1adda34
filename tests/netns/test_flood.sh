#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 10,000 handshakes a second from spoofed addresses: forged, half-open, junk
# (an emulated machine: fewer, and patience).
# A real node gets its channel within a second, one that lives keeps working,
# and memory stays where it was.
. "$(dirname "$0")/lib.sh"

pair_up
flood_ready

for kind in forged half mixed; do
	before=$(rss_kb b)
	in_ns a "$BIN/netns/flood" eth0 "$mac" 10.1.0.2 $PORT $kind \
		"$(cat "$T/b/id")" $((10000 / SLOW)) 10 >"$T/flooded" &
	flood=$!
	sleep 1.5
	connect a 5
	number "$kind: a real node connects in a second (ms, median of three)" \
		"$took" -le $((1000 * SLOW))
	stream a 10.77.0.2 $((500 / SLOW)) 2
	number "$kind: its packets pass" "$(got received)" -ge $((sent * 98 / 100))
	wait $flood
	number "$kind: it was a flood" "$(cat "$T/flooded")" -ge $((70000 / SLOW))
	number "$kind: memory stays (KiB more)" $(($(rss_kb b) - before)) -le 8192
done
number "forged ones are counted" "$(drop_count b mac1)" -ge $((10000 / SLOW))
number "half-open ones are held off" "$(drop_count b mac2 rate)" -ge $((10000 / SLOW))
done_testing
