#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the Allow lines of a peer say is held to the packet: what it may begin
# passes, answers to what this node begins come back, all else is dropped and
# counted; a reload changes it in one step.
. "$(dirname "$0")/lib.sh"

A4=10.77.0.1 B4=10.77.0.2

# serve NS PORT [tcp|udp]: answers each connection or datagram with what it said
serve() {
	local proto=${3:-tcp}
	nsenter --net="/run/netns/$1" -- socat -T 20 \
		"${proto^^}6-LISTEN:$2,fork,reuseaddr,ipv6only=0" PIPE 2>/dev/null &
	sleep 0.$((SLOW > 1 ? 9 : 3))
}

# ask NS PROTO ADDRESS PORT [OPTIONS]: whether an answer comes
ask() {
	local address=$3
	[[ $address != *:* ]] || address="[$address]"
	[ "$(echo hello | in_ns "$1" timeout $((2 * SLOW)) socat -t $((1 * SLOW)) - \
		"${2^^}:$address:$4${5:+,$5}" 2>/dev/null | head -c 5)" = hello ]
}

allow() { # allow LINE...: for the peer a, on b
	node_peer b a "10.1.0.1:$PORT" $A4/32 "$@"
	sig b reload
}

flow() { # flow FILTER: of b's flows
	[ "$(sig b flows --json |
		jq "[.flows[] | select($1)] | length > 0")" = true ]
}

# stages NODE PEER [PROTO/PORT]: what `signet why` says of policy
policy_stage() {
	sig "$@" --json | jq -r '.stages[] | select(.name == "policy") |
		"\(.outcome) \(.detail)"'
}

wire_up
node_new a a $A4
node_new b b $B4
node_peer a b "10.1.0.2:$PORT" $B4/32
node_peer b a "10.1.0.1:$PORT" $A4/32 'Allow = tcp/5432, udp/5000-5010, icmp'
node_start a && node_start b
A6=$(status_field a overlay) B6=$(status_field b overlay)
for port in 5432 5433; do serve b $port; serve a $port; done
for port in 5000 5010 5011; do serve b $port udp; done
serve a 53 udp
is "b runs on the data path that was asked for" \
	"$(status_field b datapath)" "$(datapath_of b)"
check "the channel comes up by itself" within 8 sealed_ping a b

# what the peer begins
check "an allowed ICMP echo is answered" within 5 inner_ping a $B4
check "so is ICMPv6" inner_ping a "$B6"
check "an allowed TCP port is reached" ask a tcp $B4 5432
check "over IPv6, too" ask a tcp "$B6" 5432
check "the first UDP port of a range is reached" ask a udp $B4 5000
check "the last one, too" ask a udp "$B6" 5010
before=$(drop_count b policy)
check "a TCP port beside it is not reached" eval "! ask a tcp $B4 5433"
check "over IPv6, neither" eval "! ask a tcp $B6 5433"
check "a UDP port beside the range is not reached" eval "! ask a udp $B4 5011"
number "the drops are counted as policy" \
	$(($(drop_count b policy) - before)) -ge 3

# what this node begins
check "answers to TCP that this node begins come in" ask b tcp $A4 5433
check "over IPv6, too" ask b tcp "$A6" 5433
check "answers to UDP that this node begins come in" ask b udp $A4 53
is "nothing of that was dropped" "$(drop_count b policy-fragment)" 0

# seen by the operator
check "flows name what the peer was allowed" flow \
	'.peer == "a" and .verdict == "allowed" and .protocol == "tcp" and .localPort == 5432'
check "and what it was denied" flow \
	'.peer == "a" and .verdict == "denied" and .protocol == "tcp" and .localPort == 5433 and .packets > 0'
check "and what this node began" flow \
	'.peer == "a" and .verdict == "begun" and .protocol == "udp" and .remotePort == 53 and .bytes > 0'
check "the peer's own drops are counted" eval \
	'[ "$(sig b flows --json | jq ".dropped[] | select(.peer == \"a\" and .reason == \"policy\") | .count")" -ge 3 ]'
sig b flows >"$T/flows"
check "people can read it" grep -q denied "$T/flows"
is "why says which line allows" "$(policy_stage b why a tcp/5432)" \
	"ok $T/b/etc/peers.d/a.conf:6: tcp/5432 lets this peer begin tcp/5432 here"
check "why says what is missing" grep -q 'no Allow line lets it begin tcp/80 here' \
	<<<"$(policy_stage b why a tcp/80)"

# fragments
in_ns a ip link set sg0 mtu 1280 2>/dev/null
before=$(drop_count b policy-fragment)
in_ns a ping -q -c 1 -W 1 -M dont -s 3000 $B4 >/dev/null
number "fragments without ports are dropped" \
	$(($(drop_count b policy-fragment) - before)) -ge 1

# one step: established traffic that is still allowed does not notice
in_ns a socat -u "EXEC:'bash -c \"while echo x; do sleep 0.05; done\"'" \
	TCP:$B4:5432 2>/dev/null &
busy=$!
sleep $((1 * SLOW))
check "a reload takes another policy" allow 'Allow = tcp/5432, tcp/5433'
check "a port that is allowed now is reached" within 5 ask a tcp $B4 5433
check "what is not any more is not" eval "! inner_ping a $B4"
check "a connection that is still allowed lives on" kill -0 $busy
check "answers still come in under the new one" ask b udp $A4 53
check "an echo that this node sends is answered" inner_ping b $A4

check "none lets nothing in" allow 'Allow = none'
check "nothing is reached" eval "! ask a tcp $B4 5432 && ! ask a udp $B4 5000"
check "but answers are" ask b tcp $A4 5433
kill $busy 2>/dev/null

check "a bad line is refused with file and line" eval \
	"! allow 'Allow = tcp/99999' 2>'$T/said' && grep -q 'a.conf:6' '$T/said'"
check "and what was in force stays so" eval "! ask a tcp $B4 5432"

check "ip lets everything in" allow 'Allow = ip'
check "any port is reached" within 5 ask a tcp $B4 5433
check "without a line, too" allow
check "any port is reached" ask a udp $B4 5011
in_ns a ping -q -c 1 -W 2 -M dont -s 3000 $B4 >"$T/large"
check "so are fragments" grep -q ' 1 received' "$T/large"
[ "$(datapath_of b)" = tun ] ||
	is "nothing of it is on the device" \
		"$(ls /sys/fs/bpf/signet/v1 2>&1 | grep -c ^policy)" 0
is "nothing is decided any more" \
	"$(policy_stage b why a tcp/80)" "ok [Peer a] has no Allow line: it may begin everything"

# with a device that is taken down, its programs and pins go
check "there is a policy again" allow 'Allow = tcp/5432'
check "that is in force" eval "! ask a tcp $B4 5433 && ask a tcp $B4 5432"
# an agent that is killed leaves all of it, the next one goes on with it
node_kill b
node_start b
check "after a crash it is in force as well" eval \
	"within $((15 * SLOW)) ask a tcp $B4 5432 && ! ask a tcp $B4 5433"
sig b down >/dev/null
[ "$(datapath_of b)" = tun ] ||
	is "nothing is left after down" \
		"$(ls /sys/fs/bpf/signet/v1 2>&1 | grep -c ^policy)" 0
done_testing
