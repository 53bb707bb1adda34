#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 10,000 configured peers, of which ${SCALE:-2000} have a channel: status,
# packets, memory, reload. With LONG=1 also what becomes of idle channels, which
# takes six minutes.
. "$(dirname "$0")/lib.sh"

CONFIGURED=10000
CONNECTED=${SCALE:-$((2000 / SLOW))}

# crowd COMMAND...: sets $answer
crowd() {
	echo "$*" >&"${CROWD[1]}"
	read -r answer <&"${CROWD[0]}"
}

# crowd_got FIELD: of the last answer
crowd_got() { jq -r ".$1" <<<"$answer"; }

# timed COMMAND...: its output and how long it took go to files, for took
timed() {
	local start status
	start=$(now_ms)
	"$@" >"$T/timed" 2>&1
	status=$?
	echo $(($(now_ms) - start)) >"$T/took"
	return $status
}

took() { cat "$T/took"; }

channels() { status_field hub channels; }

# channels_are N: so many channels are up at the agent
channels_are() { [ "$(channels)" = "$1" ]; }

ns_new a
node_new hub a 10.128.0.1 "[Limits]" "LoadThreshold = 100000" \
	"HandshakesPerSecond = 100000"
check "a crowd is configured" "$BIN/bench/crowd" config 7 $CONFIGURED \
	"$T/hub/etc/peers.d"
check "the configuration is good" sig hub check
node_start hub || within 20 sig hub status
before=$(rss_kb hub)
is "all are peers" "$(status_field hub peers)" $CONFIGURED
echo "# $CONFIGURED peers without a channel: $before KiB"

coproc CROWD { in_ns a "$BIN/bench/crowd" run 7 $CONFIGURED 127.0.0.1 $PORT \
	"$(cat "$T/hub/id")" "$(cat "$T/hub/static")" 4; }
crowd stats
crowd connect 0 "$CONNECTED" 1000
crowd wait "$CONNECTED" 60
is "$CONNECTED connect" "$(crowd_got up)" "$CONNECTED"
echo "# the slowest after $(crowd_got slowest_ms) ms"
within 5 channels_are "$CONNECTED"
is "status counts them" "$(channels)" "$CONNECTED"
check "status answers" timed sig hub status
echo "# status took $(took) ms"

crowd ping 0 "$CONNECTED" 1000
crowd replies "$CONNECTED" 3
number "packets pass both ways" "$(crowd_got replies)" -ge \
	$((CONNECTED * 99 / 100))
after=$(rss_kb hub)
echo "# $CONNECTED channels: $((after - before)) KiB more"
number "a channel takes at most 8 KiB and the agent 4 MiB more" \
	$((after - before)) -le $((CONNECTED * 8 + 4096))

check "peers lists them" timed sig hub peers
number "peers: a line for each" "$(wc -l <"$T/timed")" -ge $CONFIGURED
echo "# peers took $(took) ms"
number "and the memory for it is given back (KiB)" \
	$(($(rss_kb hub) - after)) -le 8192

# Reload: what is the same stays as it is.
check "a reload without changes" timed sig hub reload
number "it takes a moment (ms)" "$(took)" -le 5000
crowd stats
is "it drops no channel" "$(crowd_got downs) $(channels)" "0 $CONNECTED"
rm "$T/hub/etc/peers.d/crowd-09.conf"
sed -i '/^\[Peer c0\]/,/^$/d' "$T/hub/etc/peers.d/crowd-00.conf"
sed -i 's/^\[Peer c1\]/&\nKeepalive = 20/' "$T/hub/etc/peers.d/crowd-00.conf"
check "a reload that removes 1,001 peers and changes one" timed sig hub reload
number "it takes a moment (ms)" "$(took)" -le 5000
is "they are gone" "$(status_field hub peers)" $((CONFIGURED - 1001))
# c0, and of c9000 and up those that had one
left=$((CONNECTED < 9000 ? CONNECTED - 1 : 8999))
is "so are their channels, and no other" "$(channels)" $left
crowd stats
pinged=$(crowd_got replies)
crowd ping 1 $left 1000
crowd replies $((pinged + left)) 3
number "packets still pass" "$(($(crowd_got replies) - pinged))" -ge \
	$((left * 99 / 100))

# A channel that was closed comes back when a packet wants to go there.
crowd close 5 1
within 5 peer_is hub c5 idle
is "a peer may leave" "$(peer_field hub c5 state)" idle
check "and its channel comes back on demand" within 10 inner_ping a 10.129.0.5
is "through a handshake" "$(peer_field hub c5 state)" up

if [ "${LONG:-}" ]; then
	echo "# waiting until idle channels expire"
	within 420 channels_are 1
	is "idle channels expire, kept ones do not" "$(channels)" 1
	check "they come back on demand" within 10 inner_ping a 10.129.0.6
	crowd connect 100 100 0
	crowd wait 100 20
	number "from the other side too" "$(crowd_got up)" -ge 100
else
	skip "idle channels expire and come back" "takes six minutes: LONG=1"
fi
exec {CROWD[1]}>&-
done_testing
