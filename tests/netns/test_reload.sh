#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A reload keeps the channels that are still wanted, and takes a removed peer's
# channel within a second, under traffic. A bad file changes nothing.
. "$(dirname "$0")/lib.sh"

pair_up
# c, behind another cable of b
ns_new c
ip link add bc type veth peer name cb
ip link set bc netns b && ip link set cb netns c
in_ns b ip link set bc up && in_ns b ip addr add 10.2.0.2/24 dev bc
in_ns c ip link set cb up && in_ns c ip addr add 10.2.0.3/24 dev cb
node_new c c 10.77.0.3
node_peer c b "10.2.0.2:$PORT" 10.77.0.2/32
node_peer b c "10.2.0.3:$PORT" 10.77.0.3/32
node_start c
check "reload takes a new peer" sig b reload
check "a and c both reach b" eval \
	'within 8 inner_ping a 10.77.0.2 && within 8 inner_ping c 10.77.0.2'

receive b 7000 9 "$T/from-a"
running=$receiver
receive b 7001 9 "$T/from-c"
running+=" $receiver"
in_ns a "$BIN/netns/stream" send 10.77.0.2 7000 1000 7 >"$T/sent-a" &
running+=" $!"
in_ns c "$BIN/netns/stream" send 10.77.0.2 7001 1000 7 >"$T/sent-c" &
running+=" $!"
sleep 2.5
mv "$T/b/etc/peers.d/a.conf" "$T/a.conf"
removed=$(now_ms)
check "reload without a" sig b reload
# where starting the command takes seconds, only what follows it is measured
[ "$SLOW" = 1 ] || removed=$(now_ms)
# shellcheck disable=SC2086
wait $running
result=$(cat "$T/from-a")
last=$(($(got last_ms) - removed))
number "the removed peer's packets end within a second (ms)" $last -le 1000
number "they passed until then" "$(got received)" -ge $((1500 / SLOW))
result=$(cat "$T/from-c")
number "the other peer loses nothing" "$(got received)" -ge \
	$(($(cat "$T/sent-c") - 2))
check "the removed peer gets no new channel" \
	eval '! within 4 inner_ping a 10.77.0.2'
is "it is not listed any more" "$(peer_field b a state)" ""

echo "Endpoint = nonsense" >>"$T/b/etc/peers.d/c.conf"
cp "$T/a.conf" "$T/b/etc/peers.d/a.conf"
check "a bad file is refused as a whole" eval '! sig b reload 2>"$T/said"'
check "with file and line" grep -qE 'c\.conf:[0-9]+' "$T/said"
check "and nothing changed" inner_ping c 10.77.0.2
sed -i '$d' "$T/b/etc/peers.d/c.conf"
check "put right, it is taken" sig b reload
check "the peer that came back has a channel again" \
	within 15 inner_ping a 10.77.0.2
is "c's channel was never renewed" "$(peer_field b c rekeys)" 0

# what is fixed while the node is up is not said to have changed
sed -i 's|^Address = .*|Address = 10.77.0.22/24|' "$T/b/etc/signet.conf"
check "an address that changed is taken" sig b reload
is "at the next start, not before" \
	"$(status_field b 'addresses | map(select(startswith("10."))) | join(" ")')" \
	10.77.0.2/24
done_testing
