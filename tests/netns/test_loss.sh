#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A bad network: heavy loss, bursts, duplicates, disorder. The channel comes up,
# lives, and delivers nothing twice.
. "$(dirname "$0")/lib.sh"

pair_up "[Limits]" "RekeyAfter = 3"
wire set loss=30 >/dev/null
check "a channel comes up under 30% loss each way" \
	within 30 inner_ping a 10.77.0.2
stream a 10.77.0.2 500 8
number "packets pass through loss and rekeying" "$(got received)" -ge \
	$((sent * 55 / 100))
is "none of them twice" "$(got repeated) $(got changed)" "0 0"
number "it rekeyed meanwhile" "$(peer_field a b rekeys)" -ge 1

wire clear >/dev/null
wire set dup=60 reorder=40 delay=5 jitter=10 >/dev/null
stream a 10.77.0.2 1000 3
number "duplicates and disorder lose nothing" "$(got received)" -ge \
	$((sent - 5))
is "and repeat nothing" "$(got repeated) $(got changed)" "0 0"
number "the wire did reorder" "$(got disordered)" -ge 50

wire clear >/dev/null
wire set burst_lost=1500 burst_good=1000 >/dev/null
stream b 10.77.0.1 200 6
number "after each burst of loss packets pass again" "$(got received)" -ge \
	$((sent * 25 / 100))
number "the longest silence is little more than a burst" "$(got gap_ms)" -le 3500

wire clear >/dev/null
wire set corrupt=20 truncate=10 >/dev/null
stream a 10.77.0.2 500 2
is "what is damaged is never delivered" "$(got repeated) $(got changed)" "0 0"

wire clear >/dev/null
wire set block=1 >/dev/null
sleep 12
wire clear >/dev/null
check "after a blackout the channel comes back" within 12 inner_ping a 10.77.0.2
check "for messages too" within 8 sealed_ping b a
done_testing
