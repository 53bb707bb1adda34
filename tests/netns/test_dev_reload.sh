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

send() { # send NS ADDRESS PORT FILE: $! is the sender
	nsenter --net="/run/netns/$1" -- "$BIN/netns/stream" send "$2" "$3" \
		200 150 >"$4" &
}

# under_traffic NAME COMMAND...: packets both ways for as long as it takes here
under_traffic() {
	local name=$1 back from_a from_b
	shift
	receive a 7001 160 "$T/back.json"
	back=$receiver
	receive b 7000 160
	send b 10.77.0.1 7001 "$T/back.sent"
	from_b=$!
	send a 10.77.0.2 7000 "$T/sent"
	from_a=$!
	sleep 2
	check "$name" "$@"
	sleep 2
	kill -TERM $from_a $from_b
	wait $from_a $from_b
	sleep $((1 + SLOW / 2))
	received
	number "$name: packets passed from a" "$(cat "$T/sent")" -ge 200
	is "$name: none of them was lost" "$(got received)" "$(cat "$T/sent")"
	is "$name: none came twice" "$(got repeated)" 0
	# what is kept without a channel is little: none lost says more than this
	number "$name: the longest pause (ms)" "$(got gap_ms)" -le $((2000 * SLOW))
	receiver=$back
	kill -TERM $back
	wait $back
	result=$(cat "$T/back.json")
	is "$name: none was lost the other way" "$(got received)" "$(cat "$T/back.sent")"
	is "$name: nor came twice" "$(got repeated)" 0
}
reload() { SIG_TIMEOUT=120 sig a dev reload >"$T/reload" 2>&1; }

under_traffic "signet dev reload" reload
check "says that it is back" grep -q "kernel" "$T/reload"
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
own=$(status_field a listen)
under_traffic "dev reload brings it back" reload
is "on the module, at last" "$(status_field a datapath)" kernel
is "on its own port" "$(status_field a listen)" "$own"
check "why goes through the module's stages" eval \
	'sig a why b >"$T/why"; grep -q module "$T/why" && grep -q "kernel channel" "$T/why"'

# a firewall that lets the one port pass, and no other
in_ns b ip rule add pref 10 ipproto udp sport "$PORT" dport "$PORT" lookup main
in_ns b ip rule add pref 11 ipproto udp sport "$PORT" to 10.1.0.1 prohibit
check "no answer on a second port: dev reload all the same" reload
check "the old data path was closed first" \
	grep -q "no peer answered on a second port: closing" "$T/a/log"
check "packets pass again" within 10 inner_ping a 10.77.0.2
is "on the module after that" "$(status_field a datapath)" kernel
in_ns b ip rule del pref 11
in_ns b ip rule del pref 10

# to TUN, and nobody goes on: the borrowed port is given back
set_datapath() {
	python3 - "$T/a/sock" "$1" <<'END'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect(sys.argv[1])
s.sendall(json.dumps({"method": "io.signet.SetDataPath",
                      "parameters": {"datapath": sys.argv[2]}}).encode() + b"\0")
answer = b""
while not answer.endswith(b"\0"):
    answer += s.recv(4096)
sys.exit("error" in json.loads(answer[:-1]))
END
}
check "to TUN for now" set_datapath tun
check "packets pass there" within 10 inner_ping a 10.77.0.2
check "on another port" [ "$(status_field a listen)" != "$own" ]
check "its own again, after a minute" within $((80 + 5 * SLOW)) eval \
	'[ "$(status_field a listen)" = "$own" ]'
check "packets pass on it" within 10 inner_ping a 10.77.0.2
is "on TUN, as was asked" "$(status_field a datapath)" tun
check "back to what is configured" set_datapath configured
check "packets pass at the end" within 10 inner_ping a 10.77.0.2
is "which is the module" "$(status_field a datapath)" kernel
done_testing
