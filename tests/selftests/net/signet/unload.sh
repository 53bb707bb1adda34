#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Devices, namespaces and the module end, or move, under load.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all "needs python3"

load_begin() { # both directions, through the tunnel
	local pair
	streams=()
	for pair in "$A $B 10.9.0.2" "$B $A fd09::1"; do
		# shellcheck disable=SC2086
		stream.py $pair >"$tmp/${pair##* }" 2>&1 &
		streams+=($!)
		holders+=($!)
	done
	within 5 grep -q ready "$tmp/10.9.0.2" &&
	within 5 grep -q ready "$tmp/fd09::1"
}

load_end() {
	sleep 0.2
	kill -KILL "${streams[@]}" 2>/dev/null # what was lost is of no interest
	wait "${streams[@]}" 2>/dev/null
	return 0
}

start() { # the usual picture under load
	A=sg-a-$$-$1 B=sg-b-$$-$1
	setup
	load_begin || fail "$2: load"
}

gone() { # nothing is left of it
	local ns pid
	for pid in "${holders[@]}"; do unhold "$pid"; done
	holders=()
	for ns in "${namespaces[@]}"; do ip netns del "$ns" 2>/dev/null; done
	namespaces=()
}

unused() { [ "$(cat /sys/module/signet/refcnt)" = 0 ]; }

start 1 "ip link del"
check "ip link del" a ip link del sg0
load_end
check "the other end is still there" b sgctl dev-get sg0
gone

for side in A B; do
	start "2$side" "namespace of $side ends"
	check "namespace of $side ends" ip netns del "${!side}"
	load_end
	gone
done

### A device moves; its socket, and so its frames, stay where they were

start 3 "the device moves"
C=sg-c-$$
ns_new "$C"
check "to another namespace" ip -n "$A" link set sg0 netns "$C"
sleep 0.2
ip -n "$C" addr add 10.9.0.1/24 dev sg0
ip -n "$C" link set sg0 up
check "it works there" sgtraffic "$C" "$B" udp 10.9.0.2 0 1 1000
check "and back" sgtraffic "$B" "$C" tcp 10.9.0.1 100001
for _ in 1 2 3; do
	ip -n "$C" link set sg0 netns "$A"
	ip -n "$A" link set sg0 up
	ip -n "$A" link set sg0 netns "$C"
	ip -n "$C" link set sg0 up
done
check "after some more moves it is there" ip -n "$C" link show sg0
check "the namespace that it moved to ends" ip netns del "$C"
load_end
gone

### Several devices

start 4 "several devices"
for n in 1 2 3 4 5 6 7 8; do
	ip -n "$A" link add "many$n" type signet &&
	ip -n "$A" link set "many$n" up &&
	hold "$A" "many$n" $((PORT + n)) || fail "device $n"
done
is "nine devices" "$(a sgctl -a dev-get | wc -l)" 9
is "none has what is of another" \
	"$(a sgctl -a dev-get | grep -c ' peers=0 ')" 8
for n in 1 3 5; do a ip link del "many$n"; done
check "traffic while others end" sgtraffic "$A" "$B" tcp 10.9.0.2 100001

### The module

check "the module is unloaded under load" modprobe -r signet
check "and no device is left" eval '! a ip link show sg0'
load_end
gone
check "it loads again" eval 'sgctl module-get || modprobe signet'
check "nothing holds it at the end" within 5 unused
for n in 1 2 3; do
	check "load and unload, turn $n" eval 'modprobe -r signet && modprobe signet'
done
start 5 "after all that"
check "traffic" sgtraffic "$A" "$B" tcp 10.9.0.2 100001
load_end
finish
