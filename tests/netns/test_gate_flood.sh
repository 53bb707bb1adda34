#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Floods of each kind of forged frame, and of stolen valid ones, against a node
# behind a gate, while TCP runs through the channel: what is forged is dropped in
# front of the sockets and counted, and who has a right to a channel gets one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gate.sh"

pair_up
flood_ready
check "the channel is up" within 8 sealed_ping a b
check "a gate" gate b attach eth0
is "on a veth, a generic one, which can answer" "$(gate_field b eth0 mode)" \
	generic
RATE=$((10000 / SLOW))

# flood KIND SECONDS: beside the test; $flood is the process
flood() {
	in_ns a "$BIN/netns/flood" eth0 "$mac" 10.1.0.2 $PORT "$1" \
		"$(cat "$T/b/id")" $RATE "$2" >"$T/flooded" &
	flood=$!
}

# tcp SECONDS: kilobytes a second that get through the channel
in_ns b iperf3 -s -p 7001 >"$T/iperf.log" 2>&1 &
tcp() {
	in_ns a iperf3 -c 10.77.0.2 -p 7001 -t "$1" -J 2>/dev/null |
		jq '.end.sum_received.bits_per_second // 0 | . / 8000 | floor'
}
check "TCP passes" within 8 eval '[ "$(tcp 1)" -gt 100 ]'
quiet=$(tcp 2)

# beside KIND: a flood while TCP runs; $sent, what TCP had, $before and $mine
# for these reasons
beside() {
	local kind=$1 rate
	shift
	passed=$(gate_count b passed packet)
	before=$(gate_count b dropped "$@")
	mine=$(agent_drops "$@")
	flood "$kind" 3
	sleep 0.5
	rate=$(tcp 2)
	wait $flood
	sent=$(cat "$T/flooded")
	number "$kind: it was a flood" "$sent" -ge $((RATE * 2))
	number "$kind: TCP runs (percent of what it does without)" \
		$((rate * 100 / quiet)) -ge 5
}

# what the agent itself got to see
agent_drops() {
	echo $(($(drop_count b "$@") - $(gate_count b dropped "$@")))
}

for kind in packet message response finish cookie forged junk tag fragment; do
	case $kind in
	forged) reasons=mac1 ;;
	junk) reasons="length type flags label mac1" ;;
	tag) reasons=hop-tag ;;
	fragment) reasons=fragment ;;
	*) reasons=label ;;
	esac
	# shellcheck disable=SC2086
	beside $kind $reasons
	number "$kind: they are dropped and counted" \
		$(($(gate_count b dropped $reasons) - before)) \
		-ge $((sent * 95 / 100))
	number "$kind: the agent saw none" \
		$(($(agent_drops $reasons) - mine)) -le 10
done

# Their hop tags are right: the gate can't tell, the window can.
beside stolen replay
number "stolen: they pass the gate" $(($(gate_count b passed packet) - passed)) \
	-ge $((sent * 95 / 100))
number "stolen: the window drops them" $(($(agent_drops replay) - mine)) \
	-ge $((sent * 80 / 100))
is "stolen: the peer is where it was" "$(peer_field b a endpoint)" \
	"10.1.0.1:$PORT"

# Inits that anybody who knows the identifier can make: the agent finds itself
# under load, and from then on the gate answers them.
flood half $((SLOW > 1 ? 40 : 10))
check "under load" within $((4 * SLOW)) eval '[ "$(gate_field b eth0 cookies)" = loaded ]'
challenged=$(gate_count b passed challenged)
check "the gate answers" within $((4 * SLOW)) eval \
	'[ $(($(gate_count b passed challenged) - challenged)) -ge $((RATE / 4)) ]'
check "metrics say so, though the agent sees few of them" eval \
	'sig b metrics | grep -q "^signet_loaded 1"'
connect a 5
number "a real node connects meanwhile (ms, median of three)" "$took" -le \
	$((2500 * SLOW))
wait $flood
check "when it is over, so is the load" within 12 eval \
	'[ "$(gate_field b eth0 cookies)" = auto ]'

# What has been on the wire before: replayed, and with each bit flipped.
within 8 sealed_ping a b
wire forget >/dev/null
for _ in 1 2 3 4 5; do inner_ping a 10.77.0.2 >/dev/null; done
before=$(drop_count b replay)
passed=$(gate_count b passed packet)
n=$(wire replay type=5 dir=a)
check "valid frames replayed pass the gate, and the window drops them" \
	within 5 eval '[ $(($(drop_count b replay) - '"$before"')) -ge '"$n"' ]'
before=$(gate_count b dropped type flags length label hop-tag)
wire flip from=tape type=5 dir=a >"$T/flipped"
check "those with a bit changed before the tag are dropped by the gate" \
	within 5 eval \
	'[ $(($(gate_count b dropped type flags length label hop-tag) - '"$before"')) -ge 150 ]'
check "packets pass after that" within 5 inner_ping a 10.77.0.2

# drops as they happen
flood packet 3
sig b drops --follow -c 5 --json >"$T/followed" 2>"$T/said"
is "drops can be followed" "$(jq -rs '[.[].reason] | unique | join(" ")' \
	"$T/followed")" label
check "with their sources" eval 'jq -es "all(.source | startswith(\"10.1.\"))" "$T/followed"'
wait $flood
in_ns a "$BIN/netns/flood" eth0 "$mac" 10.1.0.2 $PORT packet \
	"$(cat "$T/b/id")" $RATE 3 >/dev/null &
timeout 2 nsenter --net=/run/netns/b env SIGNET_SOCKET="$T/b/sock" \
	"$BIN/signet" drops --follow --json >"$T/followed"
number "at a bounded rate" "$(wc -l <"$T/followed")" -le 700
kill %%
is "who does not follow any more costs nothing" "$(within 3 eval \
	'[ "$(bpftool -j map dump pinned "$(ls -d /sys/fs/bpf/signet/v1/gate-*)/control" |
		jq -r ".[0].formatted.value.\".data\"[0].control.sampled")" = 0 ]' &&
	echo yes)" yes
done_testing
