#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Runs in the VM: one TCP stream through the kernel module, between two agents
# joined by veth, without a gate and with one at both ends; beside it, a program
# that only passes, at the same places. Prints "fig SUBJECT NAME VALUE" lines:
# gate.sh none|generic|native|pass-generic|pass-native...
export SLOW=5 SIGNET_TEST_DATAPATH=kernel
# shellcheck source=tests/netns/lib.sh
. tests/netns/lib.sh

up() {
	local n
	modprobe -a signet veth || return
	mount -t bpf bpf /sys/fs/bpf || return
	for n in a b; do ns_new $n; done
	ip link add eth0 netns a type veth peer name eth0 netns b
	for n in a b; do in_ns $n ip link set eth0 up; done
	in_ns a ip addr add 10.1.0.1/24 dev eth0
	in_ns b ip addr add 10.1.0.2/24 dev eth0
	node_new a a 10.77.0.1
	node_new b b 10.77.0.2
	node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32
	node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
	node_start a && node_start b && within 60 sealed_ping a b
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

figure() { # SUBJECT
	in_ns b iperf3 -s -1 -J >/tmp/server.json &
	sleep 0.3
	if in_ns a iperf3 -c 10.77.0.2 -J -n 20M >/tmp/client.json; then
		wait $!
		echo "fig $1 gate-tcp1" \
			"$(jq .end.sum_received.bits_per_second /tmp/server.json)"
	else
		echo "# $1: $(jq -r .error /tmp/client.json)"
		kill $!
	fi
	sleep 0.1
}

up || { echo "# the nodes do not come up"; tail -5 "$T"/*/log; exit 1; }
echo "# both nodes: $(sig b status --json | jq -r '(.status // .).datapath')"
for subject; do
	settle "$subject" >/tmp/said 2>&1 ||
		{ echo "# $subject: $(tail -1 /tmp/said)"; continue; }
	[ "${subject#pass}" != "$subject" ] || [ "$subject" = none ] ||
		echo "# $subject: $(sig b status --json |
			jq -r '(.status // .).gates[0].mode')"
	within 10 sealed_ping a b
	in_ns b iperf3 -s -1 >/dev/null & # the first one warms up
	sleep 3
	in_ns a iperf3 -c 10.77.0.2 -n 20M >/dev/null
	wait $!
	for _ in 1 2 3; do figure "$subject"; done
	[ "${subject#pass}" != "$subject" ] || [ "$subject" = none ] ||
		echo "# admitted by the gate of b: $(sig b gate stats --json |
			jq -r '[.[].passed[] | select(.reason == "packet") | .count] | add')"
	clear_away "$subject" >/dev/null 2>&1
done
exit 0
