#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The agent is restarted, killed and killed for good while the kernel carries
# the packets: with the service manager's file-descriptor store no packet is
# lost for it, without it only those of the time in which nobody has the socket.
. "$(dirname "$0")/lib.sh"

[ "$(datapath_of a)" = kernel ] || {
	skip "restart under traffic" "needs the kernel module, see tests/netns/vm"
	done_testing
}
wire_up
node_new a a 10.77.0.1
node_new b b 10.77.0.2
node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32
node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
node_start b
K=$T/keep
mkdir "$K"
SIGNET_CONFIG=$T/a/etc/signet.conf SIGNET_STATE=$T/a/state \
	SIGNET_SOCKET=$T/a/sock nsenter --net=/run/netns/a -- \
	tests/netns/keeper "$K" "$BIN/signetd" >>"$T/a/log" 2>&1 &
keeper=$!
check "the agent starts" within 10 sig a status
check "the channel is up" within 8 inner_ping a 10.77.0.2
check "the sockets are in the store" within 3 grep -qx "udp4 udp6" "$K/store"
is "status says kernel" "$(status_field a datapath)" kernel
is "and that the sockets are kept" "$(status_field a socketsKept)" true
check "for how long, too" eval 'sig a status | grep -q "pass for up to 180 s"'
check "why says the same" eval 'sig a why b | grep -q "keeps it: they pass"'

# both WHAT: run it while packets go both ways; sets $lost and $gap
both() {
	receive a 7001 $((SECONDS_ + 2)) "$T/back.json"
	local back=$receiver
	in_ns b "$BIN/netns/stream" send 10.77.0.1 7001 200 "$SECONDS_" \
		>"$T/back.sent" &
	(sleep 2; "$@") &
	LINGER=1 stream a 10.77.0.2 200 "$SECONDS_"
	lost=$((sent - $(got received))) gap=$(got gap_ms) repeated=$(got repeated)
	wait $back
	result=$(cat "$T/back.json")
	lost_back=$(($(cat "$T/back.sent") - $(got received)))
	[ "$(got gap_ms)" -lt "$gap" ] || gap=$(got gap_ms)
	repeated=$((repeated + $(got repeated)))
}
SECONDS_=7
ups() { grep -c "channel-up peer=b" "$T/a/log"; }

old=$(cat "$K/pid") before=$(ups)
both eval 'echo restart >"$K/control"'
number "restart: lost on the way out" "$lost" -le 2
number "restart: lost on the way in" "$lost_back" -le 2
is "restart: none came twice" "$repeated" 0
is "restart: it is another agent" "$([ "$(cat "$K/pid")" != "$old" ] && echo yes)" yes
check "it took its sockets back" grep -q "took back the IPv4 socket" "$T/a/log"
check "it made a channel of its own" within 10 eval '[ "$(ups)" -gt $before ]'
check "its own ping passes" within 5 sealed_ping a b

before=$(ups)
both eval 'echo "kill 1.5" >"$K/control"'
number "kill: lost on the way out" "$lost" -le 2
number "kill: lost on the way in" "$lost_back" -le 2
is "kill: none came twice" "$repeated" 0
check "kill: it made a channel of its own" within 10 eval '[ "$(ups)" -gt $before ]'
check "kill: its own ping passes" within 5 sealed_ping a b
check "what earlier agents left goes, once it is replaced" within 45 eval \
	'[ "$(sig a dev show --json | jq "[.. | .channels? // empty] | flatten | first")" -le 2 ]'

# a peer that is not configured any more does not outlive a restart
cp "$T/a/etc/peers.d/b.conf" "$T/b.conf"
rm "$T/a/etc/peers.d/b.conf"
echo restart >"$K/control"
check "a peer that was removed meanwhile is gone from the kernel" within 8 eval \
	'! inner_ping a 10.77.0.2'
cp "$T/b.conf" "$T/a/etc/peers.d/b.conf"
sig a reload >/dev/null
check "and back with a reload" within 10 inner_ping a 10.77.0.2

echo stop >"$K/control"
wait $keeper
is "a clean end takes the device along" \
	"$(in_ns a ip -o link show sg0 2>/dev/null)" ""

# no store: whoever has the socket is gone with it
node_start a
check "without the store: up" within 10 inner_ping a 10.77.0.2
is "status says that nobody keeps the sockets" \
	"$(status_field a socketsKept)" false
check "and what that means" eval 'sig a status | grep -q "nothing passes"'
check "so does why" eval 'sig a why b | grep -q "nobody keeps it: nothing"'
again() {
	local start
	start=$(now_ms)
	node_kill a
	sleep 2
	node_start a
	echo $(($(now_ms) - start)) >"$T/away"
}
before=$(ups) SECONDS_=$((7 + 3 * SLOW))
both again
number "without the store: no packet for as long as no agent ran (ms)" \
	"$gap" -ge 1500
number "and no longer (ms; until it answers: $(cat "$T/away"))" "$gap" -le \
	$(($(cat "$T/away") + 500 * SLOW))
check "it took over what was left" grep -q "left by an earlier agent" "$T/a/log"
check "it made a channel of its own" within 10 eval '[ "$(ups)" -gt $before ]'

# another identity than the last agent's has none of its channels
node_kill a
mv "$T/a/state" "$T/a/state.first"
mkdir -m 700 "$T/a/state"
sig a identity new >"$T/a/identity.log"
node_start a
check "another identity: the device is its own now" \
	grep -q "left by an agent with another identity" "$T/a/log"
check "nothing passes that was not meant for it" never 4 inner_ping b 10.77.0.1
is "it has no channel" \
	"$(sig a dev show --json | jq "[.. | .channels? // empty] | flatten | first")" 0
node_kill a
rm -rf "$T/a/state"
mv "$T/a/state.first" "$T/a/state"
node_start a
check "the first one again" within 20 inner_ping a 10.77.0.2

# another data path than the last agent's
node_kill a
sed -i "s/^DataPath = .*/DataPath = tun/" "$T/a/etc/signet.conf"
node_start a
check "an agent on TUN removes what one on the module left" \
	within 10 inner_ping a 10.77.0.2
is "and says what it uses" "$(status_field a datapath)" tun
node_kill a TERM
done_testing
