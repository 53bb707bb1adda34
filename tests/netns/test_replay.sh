#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Frames sent again: at once, later, in another order, from elsewhere. And one
# that was withheld, and comes from elsewhere first.
. "$(dirname "$0")/lib.sh"

pair_up
in_ns b ip neigh replace 10.1.0.99 lladdr "$(mac_of a eth0)" \
	dev eth0
check "the channel is up" within 8 inner_ping a 10.77.0.2
check "messages pass" within 5 sealed_ping a b

receive b 7000 20
sent=$(in_ns a "$BIN/netns/stream" send 10.77.0.2 7000 500 1)
before=$(drop_count b replay)
n=$(wire replay type=5 dir=a)
sleep 0.5
number "each of $n recorded packets is refused" \
	$(($(drop_count b replay) - before)) -ge "$n"
n=$(wire replay type=5 dir=a src=10.1.0.99)
sleep 0.5
is "the path does not move for a replay" "$(peer_field b a endpoint)" \
	"10.1.0.1:$PORT"
before=$(drop_count b replay)
n=$(wire replay type=6 dir=a)
sleep 0.5
number "each of $n recorded messages is refused" \
	$(($(drop_count b replay) - before)) -ge 1
received
is "everything was delivered once" \
	"$(got received) $(got repeated) $(got changed)" "$sent 0 0"

# handshake frames of the channel that lives
for src in 10.1.0.1 10.1.0.99; do
	wire replay type=1 dir=a src=$src sport=$PORT >/dev/null
	wire replay type=2 dir=b >/dev/null
	check "a replayed handshake from $src leaves the channel alone" \
		within 2 inner_ping a 10.77.0.2
done
sleep 1
check "both still have it" eval 'peer_is a b up && peer_is b a up'
is "its path is where it was" "$(peer_field b a endpoint)" "10.1.0.1:$PORT"
check "packets pass after that" within 2 inner_ping b 10.77.0.1

# withheld, then sent from elsewhere: authentic, newer than all before
sleep 1.2
wire hold type=5 dir=a n=1 >/dev/null
inner_ping a 10.77.0.2 >/dev/null
check "a frame is withheld" test "$(wire held)" = 1
wire forget >/dev/null
wire release src=10.1.0.99 sport=4444 >/dev/null
sleep 0.5
check "packets still go to the true address" within 3 inner_ping b 10.77.0.1
is "the path did not move" "$(peer_field b a endpoint)" "10.1.0.1:$PORT"
number "the stranger's address got a challenge at most" \
	"$(in_ns b ss -Huna 2>/dev/null | grep -c 10.1.0.99)" -le 1
done_testing
