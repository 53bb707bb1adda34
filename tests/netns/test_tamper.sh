#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every bit of every kind of frame flipped in turn, and every length. Nothing
# of it may be delivered, change any state, or keep the true frame out.
. "$(dirname "$0")/lib.sh"

pair_up

# tampered TYPE DIR NODE NAME: hold the next such frame, send all its changed
# forms, then the true one
tampered() {
	local what=$1 dir=$2 node=$3 name=$4 before n same=0
	# one of all lengths is the true one
	[ "$what" = lengths ] && same=1
	within 8 eval "[ \$(wire held) -ge 1 ]" ||
		{ fail "$name: no such frame came"; return; }
	before=$(drop_total "$node")
	n=$(wire "$what" from=held dir="$dir" max=1472)
	# a slow machine has work for a while
	within $((3 * SLOW)) eval \
		"[ \$((\$(drop_total $node) - $before)) -ge $((n - same)) ]"
	number "$name: $n changed frames, dropped" \
		$(($(drop_total "$node") - before)) -ge $((n - same))
}

# init and response
for kind in "1 a b init" "2 b a response"; do
	read -r type dir node name <<<"$kind"
	# a clean end: who finds a channel of an earlier agent begins by itself
	node_kill a TERM
	node_kill b TERM
	node_start b
	node_start a
	wire hold type="$type" dir="$dir" n=200 >/dev/null
	inner_ping a 10.77.0.2 >/dev/null
	tampered flip "$dir" "$node" "each bit of $name"
	tampered lengths "$dir" "$node" "each length of $name"
	wire release >/dev/null
done
check "the channel comes up all the same" within 15 inner_ping a 10.77.0.2

# a message frame
wire hold type=6 dir=a n=1 >/dev/null
SIG_TIMEOUT=$((2 * SLOW)) sig a ping b --count 1 >/dev/null 2>&1
tampered flip a b "each bit of a message frame"
tampered lengths a b "each length of a message frame"
wire release >/dev/null
check "the channel still carries messages" within 5 sealed_ping a b

# packet frames, under a receiver that counts
sleep 1
wire hold type=5 dir=a n=1 >/dev/null
receive b 7000 $((12 * SLOW))
SLOW=1 in_ns a "$BIN/netns/stream" send 10.77.0.2 7000 10 0.15 200 >/dev/null
before=$(drop_count b hop-tag aead flags type label)
tampered flip a b "each bit of a packet frame"
number "as forged header or content" \
	$(($(drop_count b hop-tag aead flags type label) - before)) -ge 1500
tampered lengths a b "each length of a packet frame"
wire release >/dev/null
sleep 0.$((SLOW > 1 ? 9 : 5))
received
is "only the true packet was delivered, once" \
	"$(got received) $(got repeated) $(got changed)" "1 0 0"
check "the channel lives" within 3 inner_ping a 10.77.0.2
check "it is the same channel" peer_is b a up
done_testing
