#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gate beside another XDP program, in libxdp's dispatcher: whichever comes or
# goes first, both do their work, and neither is missing for a moment.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gate.sh"

if ! command -v xdp-filter >/dev/null; then
	skip "a gate beside another program" "needs xdp-tools"
	done_testing
fi
export SIGNET_XDP_DISPATCHER=yes
pair_up
check "the channel is up" within 8 sealed_ping a b

# The other program: it drops UDP to port 7777, and lets all else pass.
filter() {
	in_ns b xdp-filter load eth0 -m skb -p allow -f udp >/dev/null 2>&1 &&
		in_ns b xdp-filter port 7777 -m dst -p udp
}
unfilter() { in_ns b xdp-filter unload eth0 >/dev/null 2>&1; }
in_dispatcher() { # so many programs
	[ "$(find /sys/fs/bpf/xdp -name 'prog*-prog' 2>/dev/null | wc -l)" = "$1" ]
}

# got_at PORT: how many of some datagrams come to a port of b
got_at() {
	receive b "$1" 20 "$T/got.json"
	in_ns a "$BIN/netns/stream" send 10.1.0.2 "$1" 200 1 100 >/dev/null 2>&1
	kill -TERM $receiver
	wait $receiver
	jq .received "$T/got.json"
}
gate_works() {
	local before
	before=$(gate_count b dropped type length flags label hop-tag)
	in_ns a "$BIN/netns/stream" send 10.1.0.2 $PORT 200 1 100 >/dev/null 2>&1
	[ $(($(gate_count b dropped type length flags label hop-tag) - before)) -ge 20 ] &&
		inner_ping a 10.77.0.2
}
filter_works() {
	local kept other
	kept=$(got_at 7777)
	other=$(got_at 7778)
	[ "$kept" = 0 ] && [ "$other" -ge 20 ] ||
		{ echo "of 7777 $kept came, of 7778 $other" && false; }
}

check "xdp-filter loads" filter
if ! in_dispatcher 1; then
	check "what is not in a dispatcher is not pushed aside" eval \
		'! gate b attach eth0 2>"$T/said"'
	check "and it is said why there is no place beside it" grep -q \
		"another XDP program.*beside it: dispatcher" "$T/said"
	check "it is still there" test "$(xdp_of b eth0)" != 0
	check "and nothing of ours" test ! -e /sys/fs/bpf/signet
	unfilter
	skip "a gate beside another program" "this kernel takes no dispatcher"
	done_testing
fi

### the other one was first

check "attached beside it" gate b attach eth0
is "in the dispatcher" "$(gate_field b eth0 mode)" "generic, in a dispatcher"
check "two programs" in_dispatcher 2
check "its maps and program are pinned" test "$(pins)" -ge 7
check "the gate works" gate_works
check "the filter works" filter_works
check "detached" gate b detach eth0
check "the other one is there, alone" in_dispatcher 1
check "and works" filter_works
check "nothing of ours" test ! -e /sys/fs/bpf/signet
unfilter
is "then nothing is there" "$(xdp_of b eth0)" 0

### the gate was first

check "attached alone" gate b attach eth0
is "in a dispatcher, for those who come" "$(gate_field b eth0 mode)" \
	"generic, in a dispatcher"
check "another one comes" filter
check "two programs again" in_dispatcher 2
check "the gate works beside it" gate_works
check "the filter works beside it" filter_works
check "the other one goes" unfilter
check "the gate stays" in_dispatcher 1
check "and works alone" gate_works
check "detached again" gate b detach eth0
check "and leaves nothing" nothing_left b eth0

### an agent after the other, while both are there

check "another one" filter
check "a strict gate beside it" gate b attach eth0 --strict --allow udp/7777-7778
check "the filter drops what the gate lets pass" filter_works
map=$(bpftool -j map show pinned "$(echo /sys/fs/bpf/signet/v1/gate-*)/labels" | jq .id)
receive b 7779 90 "$T/leak.json"
leak=$receiver
nsenter --net=/run/netns/a -- "$BIN/netns/stream" send 10.1.0.2 7779 \
	$((2000 / SLOW)) 60 100 >/dev/null 2>&1 &
leaker=$!
receive b 7777 90 "$T/filtered.json"
filtered=$receiver
nsenter --net=/run/netns/a -- "$BIN/netns/stream" send 10.1.0.2 7777 \
	$((2000 / SLOW)) 60 100 >/dev/null 2>&1 &
other=$!
sleep 0.5
for signal in KILL USR2; do
	node_kill b $signal
	check "$signal: the program stays without an agent" in_dispatcher 2
	node_start b # loads four programs, on a slow machine for a while
	check "$signal: the next agent takes over" within $((20 * SLOW)) \
		eval 'sig b status >/dev/null'
	check "$signal: there is one gate" within 5 in_dispatcher 2
	is "$signal: strict as before" "$(gate_field b eth0 strict)" true
	is "$signal: with the map of labels that it had" "$(bpftool -j map show \
		pinned "$(echo /sys/fs/bpf/signet/v1/gate-*)/labels" | jq .id)" "$map"
	check "$signal: packets pass" within $((8 * SLOW)) inner_ping a 10.77.0.2
done
kill $leaker $other 2>/dev/null
wait $leaker $other 2>/dev/null
kill -TERM $leak $filtered
wait $leak $filtered
is "not one datagram came past the gate" "$(jq .received "$T/leak.json")" 0
is "nor past the filter" "$(jq .received "$T/filtered.json")" 0
number "they were sent" "$(gate_count b dropped strict)" -ge 500
node_kill b TERM
find /sys/fs/bpf -type f >"$T/found"
check "an agent that ends takes its program along" eval \
	'in_dispatcher 1 || { cat "$T/found" && tail -20 "$T/b/log" && false; }'
check "and nothing else" filter_works
unfilter
done_testing
