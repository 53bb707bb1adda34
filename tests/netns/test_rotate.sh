#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Rotated keys are taken over by a reload, under traffic; the old key is worth
# nothing after it, and neither another identity nor an older history is taken.
. "$(dirname "$0")/lib.sh"

# Pins by identity alone: the static key may change.
loose_peer() { # loose_peer NODE OTHER ENDPOINT PREFIX
	node_peer "$@"
	sed -i '/^StaticKey/d' "$T/$1/etc/peers.d/$2.conf"
}

says() { # says TEXT COMMAND...: it fails, and says so
	local text=$1
	shift
	! "$@" >"$T/out" 2>&1 && grep -qF -- "$text" "$T/out"
}

wire_up
node_new a a 10.77.0.1
node_new b b 10.77.0.2
node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32
loose_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
node_start a && node_start b
check "the channel is up" within 8 inner_ping a 10.77.0.2
handshakes() {
	sig "$1" metrics | awk '$1 == "signet_handshakes_total" { print $2 }'
}
more_handshakes() { [ "$(handshakes b)" -gt "$before" ]; }

cp -a "$T/a/state" "$T/stolen"
before=$(handshakes b)
receive b 7000 7 "$T/stream.json"
in_ns a "$BIN/netns/stream" send 10.77.0.2 7000 500 5 >"$T/sent" &
sending=$!
sleep 1.5
check "rotate" eval 'sig a identity rotate >"$T/rotate" 2>&1'
check "the agent uses it at once" grep -q "the agent uses it" "$T/rotate"
is "its history is longer" "$(status_field a historyLength)" 2
check "the peer learns of it by a new handshake" within $((3 * SLOW)) more_handshakes
wait $sending $receiver
result=$(cat "$T/stream.json")
number "no packet is lost meanwhile" "$(got received)" -ge \
	$(($(cat "$T/sent") - 2))
before=$(handshakes b)
check "reload again" sig a reload
sleep 1
is "changes nothing" "$(handshakes b)" "$before"

cp -a "$T/a/state" "$T/rotated"
cp -p "$T/stolen"/identity.* "$T/a/state/"
check "an older history is refused" says "older history" sig a reload
node_new stranger a 10.77.0.9
cp -p "$T/stranger/state"/identity.* "$T/stranger/state/static.key" \
	"$T/a/state/"
check "so is another identity" says "another identity" sig a reload
check "and nothing changed" inner_ping a 10.77.0.2

# the static key alone
cp -p "$T/rotated"/identity.* "$T/a/state/"
before=$(handshakes b)
check "a new static key is taken" sig a reload
check "by a new channel" within $((5 * SLOW)) more_handshakes
check "which carries data" within 5 inner_ping a 10.77.0.2
check "from both sides" within 5 inner_ping b 10.77.0.1

# who stole the keys comes too late; a clean end, since a module would go on for
# a while under keys that no thief has
node_kill a TERM
cp -p "$T/stolen"/identity.* "$T/stolen/static.key" "$T/a/state/"
node_start a
check "the old key opens no channel any more" never 5 inner_ping a 10.77.0.2
node_kill a
cp -p "$T/rotated"/identity.* "$T/rotated/static.key" "$T/a/state/"
node_start a
check "the rotated one does" within 12 inner_ping a 10.77.0.2
done_testing
