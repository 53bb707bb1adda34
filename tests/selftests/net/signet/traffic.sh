#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# IPv4 and IPv6 through the tunnel, over IPv4 and IPv6, with both AEADs, at
# MTUs from the smallest to jumbo frames; every byte is compared.
. "$(dirname "$0")/lib.sh"

ABOVE=88 # frame header, tag, UDP, IPv6

both_ways() { # both_ways MODE ARGUMENT...: IPv4 and IPv6, there and back
	local mode=$1
	shift
	sgtraffic "$A" "$B" "$mode" 10.9.0.2 "$@" &&
	sgtraffic "$B" "$A" "$mode" 10.9.0.1 "$@" &&
	sgtraffic "$A" "$B" "$mode" fd09::2 "$@" &&
	sgtraffic "$B" "$A" "$mode" fd09::1 "$@"
}

udp_sizes() { # lengths around those where a frame's padding or MTU ends
	both_ways udp 0 1 15 16 17 64 512 $(($1 - 49)) $(($1 - 48)) &&
	sgtraffic "$A" "$B" udp 10.9.0.2 $(($1 - 28))
}

pings() { # whole MTU, not to be fragmented
	a ping -q -c 1 -W 5 -M do -s $(($1 - 28)) 10.9.0.2 &&
	a ping -q -c 1 -W 5 -M do -s $(($1 - 48)) fd09::2
}

setup 4 aes-256-gcm $((9000 + ABOVE))
slot=0
for out in 4 6; do
	check "outer IPv$out" outer $out
	for cipher in chacha20-poly1305 aes-256-gcm; do
		slot=$(((slot + 1) % 8))
		a sgctl key-del sg0 channel=1 key-id=$slot >/dev/null 2>&1
		b sgctl key-del sg0 channel=1 key-id=$slot >/dev/null 2>&1
		check "$cipher over IPv$out: keys" rekey $cipher $slot
		for mtu in 1280 1420 9000; do
			set_mtu $mtu
			on="$cipher over IPv$out, MTU $mtu"
			check "$on: ICMP" pings $mtu
			check "$on: UDP" udp_sizes $mtu
			check "$on: TCP" both_ways tcp $((100001 / SLOW))
		done
	done
	set_mtu 1420
	check "IPv$out: TCP in small pieces" both_ways tcp $((20001 / SLOW)) 333
	check "IPv$out: SCTP's protocol" both_ways ip 132 1 12 1000 1372
	check "IPv$out: a protocol that nobody knows" both_ways ip 253 8 1372
	check "IPv$out: GRE's protocol" both_ways ip 47 4 1372
done

### Lanes

lanes() { # lanes NS DIRECTION: those of the key that were used
	ip netns exec "$1" sgctl key-get sg0 channel=1 key-id=$slot \
		direction="$2" | tr ' ' '\n' | sed -n 's/^lane\.lane=//p' | tr '\n' ' '
}

on_cpus() { # on_cpus MODE ADDR ARGUMENT...: from a, on two CPUs in turn
	taskset -c 0 sgtraffic "$A" "$B" "$@" && taskset -c 1 sgtraffic "$A" "$B" "$@"
}

at_once() { # streams on two CPUs at the same time
	local first
	taskset -c 0 sgtraffic "$A" "$B" tcp 10.9.0.2 1000001 &
	first=$!
	taskset -c 1 sgtraffic "$B" "$A" tcp fd09::1 1000001 && wait $first
}

online=/sys/devices/system/cpu/cpu1/online
without_one() { # traffic whose frames a CPU would open that is off
	local status
	echo 0 >$online || return
	both_ways udp 1 1000 1372
	status=$?
	echo 1 >$online
	return $status
}

if [ "$LANES" -gt 1 ]; then
	slot=$(((slot + 1) % 8))
	a sgctl key-del sg0 channel=1 key-id=$slot >/dev/null 2>&1
	b sgctl key-del sg0 channel=1 key-id=$slot >/dev/null 2>&1
	check "lanes: keys" rekey aes-256-gcm $slot
	check "lanes: UDP from two CPUs" on_cpus udp 10.9.0.2 1 1000 1372
	is "lanes: each CPU has one" "$(lanes "$A" transmit)" "0 1 "
	is "lanes: which arrive as such" "$(lanes "$B" receive)" "0 1 "
	check "lanes: streams on two CPUs" at_once
	if [ -w $online ]; then
		check "lanes: a CPU goes" without_one
		check "lanes: and comes back" on_cpus udp 10.9.0.2 1 1000 1372
	else
		skip "lanes: a CPU goes" "this kernel does not let it"
	fi
else
	skip "lanes" "there is one CPU"
fi

is "nothing failed to open" "$(drops "$A" $DROP_AEAD 1)$(drops "$B" $DROP_AEAD 1)" 00
is "nothing was taken for a replay" \
	"$(drops "$A" $DROP_REPLAY 1)$(drops "$B" $DROP_REPLAY 1)" 00
is "nothing came from the wrong source" \
	"$(drops "$A" $DROP_INNER_SOURCE 1)$(drops "$B" $DROP_INNER_SOURCE 1)" 00
is "the kernel left no frame to the holder" \
	"$(grep -h frame "$tmp"/hold-* | head -3)" ""
finish
