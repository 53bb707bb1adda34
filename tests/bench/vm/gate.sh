#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Runs in the VM: one TCP stream between two agents joined by veth.
# Prints "fig SUBJECT NAME VALUE" lines.
#
#	gate.sh tcp DATAPATH none|generic|native|pass-generic|pass-native...
#		without a gate and with one at both ends; beside it, a program
#		that only passes, at the same places
#	gate.sh flood DATAPATH KIND...
#		two CPUs: a flood of frames of that kind has the second one to
#		itself, all else the first; against a flood that goes elsewhere
what=$1
export SLOW=5 SIGNET_TEST_DATAPATH=$2
shift 2
# shellcheck source=tests/netns/lib.sh
. tests/netns/lib.sh

up() {
	local n
	modprobe -a signet veth tun || return
	mount -t bpf bpf /sys/fs/bpf || return
	for n in a b e; do ns_new $n; done
	cable b eth0 && cable e away0 || return
	in_ns a ip addr add 10.1.0.1/24 dev eth0
	in_ns b ip addr add 10.1.0.2/24 dev eth0
	node_new a a 10.77.0.1
	node_new b b 10.77.0.2
	node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32
	node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
	[ "$what" != flood ] || taskset -p 1 $$ >/dev/null
	node_start a && node_start b && within 60 sealed_ping a b
}

# cable NS DEVICE: from a to there, with a queue for each CPU
cable() {
	local n i q
	q=$(nproc)
	ip link add "$2" netns a numtxqueues "$q" numrxqueues "$q" \
		type veth peer name "$2" netns "$1" \
		numtxqueues "$q" numrxqueues "$q" || return
	for n in a "$1"; do
		in_ns "$n" ip link set "$2" up
		[ "$q" = 1 ] || in_ns "$n" ethtool -L "$2" rx "$q" tx "$q"
		for ((i = 0; i < q; i++)); do
			ip netns exec "$n" bash -c "printf %x $((1 << i)) \
				>/sys/class/net/$2/queues/tx-$i/xps_cpus"
		done 2>/dev/null
	done
	return 0
}

settle() { # SUBJECT: what is at both ends now
	local n flags=xdpgeneric
	[ "$1" = pass-generic ] || flags=xdpdrv
	for n in a b; do
		case $1 in
		generic | native) sig $n gate attach eth0 --mode "$1" ;;
		pass-*) in_ns $n ip link set dev eth0 $flags \
			obj gate_floor.bpf.o program pass ;;
		esac || return
	done
}

clear_away() {
	local n
	for n in a b; do
		case $1 in
		generic | native) sig $n gate detach eth0 ;;
		pass-generic) in_ns $n ip link set dev eth0 xdpgeneric off ;;
		pass-native) in_ns $n ip link set dev eth0 xdpdrv off ;;
		esac
	done
}

figure() { # SUBJECT NAME [BYTES]
	in_ns b iperf3 -s -1 -J >/tmp/server.json &
	sleep 0.3
	if in_ns a timeout 60 iperf3 -c 10.77.0.2 -J -n "${3:-20M}" \
		>/tmp/client.json; then
		wait $!
		echo "fig $1 $2" \
			"$(jq .end.sum_received.bits_per_second /tmp/server.json)"
	else
		echo "# $1: $(jq -r .error /tmp/client.json)"
		kill $!
		wait $!
	fi
	sleep 0.1
}

# The first stream after a change is not like the others.
warm_up() {
	in_ns b iperf3 -s -1 >/dev/null &
	sleep 3
	in_ns a iperf3 -c 10.77.0.2 -n "${1:-20M}" >/dev/null
	wait $!
}

gate_here() { [ "$1" = generic ] || [ "$1" = native ]; }

part_tcp() {
	local subject
	for subject; do
		settle "$subject" >/tmp/said 2>&1 ||
			{ echo "# $subject: $(tail -1 /tmp/said)"; continue; }
		within 10 sealed_ping a b
		warm_up
		for _ in 1 2 3; do figure "$subject" gate-tcp1; done
		! gate_here "$subject" ||
			echo "# gate of b: $(status_field b "gates[0].mode")," \
				"admitted $(sig b gate stats --json | jq '[.[].passed[] |
				select(.reason == "packet") | .count] | add')"
		clear_away "$subject" >/dev/null 2>&1
	done
}

# frame_of KIND: one frame, as it would come from a
frame_of() {
	in_ns a ping -qi0.05 10.77.0.2 >/dev/null &
	in_ns a build/netns/flood eth0 "$(mac_of b eth0)" 10.1.0.2 $PORT "$1" \
		"$(cat "$T/b/id")" 0 0 >/tmp/frame
	kill $!
	wait $! 2>/dev/null
}

# beside DEVICE SUBJECT NAME: TCP, while the frame is sent by that interface
beside() {
	local flood
	# it ends when it is killed
	nsenter --net=/run/netns/a taskset 2 build/bench/gate_live flood "$1" \
		1000000 </tmp/frame >/dev/null &
	flood=$!
	sleep 0.5
	figure "$2" "$3" 8M
	kill $flood
	wait $flood 2>/dev/null
}

dropped() { sig b gate stats --json | jq '[.[].dropped[].count] | add // 0'; }

part_flood() {
	local kind gone
	in_ns b ip route add 10.1.0.0/16 via 10.1.0.1
	in_ns b ip neigh replace 10.1.0.1 lladdr "$(mac_of a eth0)" dev eth0 \
		nud permanent
	sig b gate attach eth0 --mode native || return
	mkfifo /tmp/nothing
	in_ns e build/bench/gate_live attach away0 nothing </tmp/nothing \
		>/tmp/attached &
	exec 7>/tmp/nothing
	within 20 grep -q ready /tmp/attached || return
	within 20 sealed_ping a b
	warm_up 8M
	for kind; do
		frame_of "$kind"
		gone=$(dropped)
		for _ in 1 2 3; do
			beside away0 "$kind" flood-away
			beside eth0 "$kind" flood-here
		done
		echo "# $kind: the gate dropped $(($(dropped) - gone))"
	done
	exec 7>&-
}

up || { echo "# the nodes do not come up"; tail -5 "$T"/*/log; exit 1; }
echo "# both nodes: $(status_field b datapath)"
"part_$what" "$@"
exit 0
