#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The module is swapped under traffic; it goes away; its device goes away: the
# agent carries on over TUN and says why, and goes back.
. "$(dirname "$0")/lib.sh"

[ "$(datapath_of a)" = kernel ] || {
	skip "module swapped" "needs the kernel module, see tests/netns/vm"
	done_testing
}
SIG_TIMEOUT=$((20 * SLOW))
# b has a data path of its own, or removing the module would be its business too
SIGNET_TEST_DATAPATH=auto,tun pair_up
check "the channel is up" within 8 inner_ping a 10.77.0.2
is "on the module" "$(status_field a datapath)" kernel

# packets both ways for as long as the reload takes here
send() { # send NS ADDRESS PORT FILE: $! is the sender
	nsenter --net="/run/netns/$1" -- "$BIN/netns/stream" send "$2" "$3" \
		200 150 >"$4" &
}
receive a 7001 160 "$T/back.json"
back=$receiver
receive b 7000 160
send b 10.77.0.1 7001 "$T/back.sent"
from_b=$!
send a 10.77.0.2 7000 "$T/sent"
from_a=$!
sleep 2
check "signet dev reload" eval 'SIG_TIMEOUT=120 sig a dev reload >"$T/reload" 2>&1'
check "says that it is back" grep -q "kernel" "$T/reload"
sleep 2
kill -TERM $from_a $from_b
wait $from_a $from_b
sleep $((1 + SLOW / 2))
received
number "packets passed from a" "$(cat "$T/sent")" -ge 200
is "none of them was lost" "$(got received)" "$(cat "$T/sent")"
is "none came twice" "$(got repeated)" 0
# what is kept without a channel is little: none lost says more than this
number "the longest pause (ms)" "$(got gap_ms)" -le $((2000 * SLOW))
receiver=$back
kill -TERM $back
wait $back
result=$(cat "$T/back.json")
is "none was lost the other way" "$(got received)" "$(cat "$T/back.sent")"
is "nor came twice" "$(got repeated)" 0
is "on the module again" "$(status_field a datapath)" kernel
number "channels were made anew, twice" \
	"$(grep -c "channel-up peer=b" "$T/a/log")" -ge 3

in_ns a ip link del sg0
check "the device is removed: it is made again" within 8 inner_ping a 10.77.0.2
check "and that is said" grep -q "its device is gone" "$T/a/log"

# nobody is to load it again
file=$(modinfo -n signet)
mv "$file" "$file.away"
trap 'mv "$file.away" "$file" 2>/dev/null; cleanup' EXIT
check "the module is removed under the agent" modprobe -r signet
check "packets pass without it" within $((10 + 5 * (SLOW > 1))) inner_ping a 10.77.0.2
is "over TUN" "$(status_field a datapath)" tun
check "status says why" eval 'status_field a datapathWhy | grep -q "not loaded"'
check "and so does why" eval 'sig a why b | grep -q "not loaded"'
mv "$file.away" "$file"
check "dev reload brings it back" sig a dev reload
check "packets pass" within 10 inner_ping a 10.77.0.2
is "on the module, at last" "$(status_field a datapath)" kernel
check "why goes through the module's stages" eval \
	'sig a why b >"$T/why"; grep -q module "$T/why" && grep -q "kernel channel" "$T/why"'
done_testing
