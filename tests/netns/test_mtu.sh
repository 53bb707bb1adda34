#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Outer MTU 1280 to 9000: full-sized inner packets pass, Signet never fragments.
. "$(dirname "$0")/lib.sh"

# The device never has less than 1280, which IPv6 needs: there, senders inside are
# told what the path takes.
for mtu in 1280 1420 1500 9000; do
	(
		WIRE=$T/$mtu/wire T=$T/$mtu
		mkdir -p "$T"
		MTU=$mtu pair_up
		within $((8 * SLOW)) inner_ping a 10.77.0.2 || echo "channel: no"
		inner=$(in_ns a ip -json link show sg0 | jq ".[0].mtu")
		echo "inner: $inner"
		fits=$((inner < mtu - 68 ? inner : mtu - 68))
		in_ns a ping -q -c 2 -i 0.2 -W $((2 * SLOW)) -M "do" -s $((fits - 28)) \
			10.77.0.2 >/dev/null && echo "full: ok"
		in_ns b iperf3 -s -1 >/dev/null 2>&1 &
		within $((3 * SLOW)) eval 'in_ns b ss -ltn | grep -q :5201'
		in_ns a timeout $((15 * SLOW)) iperf3 -c 10.77.0.2 -n $((20000000 / SLOW / SLOW)) >/dev/null 2>&1 &&
			echo "tcp: ok"
		echo "fragments: $(in_ns a nstat -az IpFragCreates 2>/dev/null |
			awk '/IpFragCreates/ { print $2 }')"
		node_kill a
		node_kill b
	) >"$T/out-$mtu" 2>&1
	for n in a b; do ip netns del $n; done
	ip link del wa 2>/dev/null
	ip link del wb 2>/dev/null
	inner=$(sed -n 's/^inner: //p' "$T/out-$mtu")
	number "outer $mtu: the inner size leaves room" "$inner" -le \
		$((mtu - 68 > 1280 ? mtu - 68 : 1280))
	number "outer $mtu: and does not waste any" "$inner" -ge $((mtu - 120))
	check "outer $mtu: a full packet passes" grep "full: ok" "$T/out-$mtu"
	check "outer $mtu: TCP passes" grep "tcp: ok" "$T/out-$mtu"
	check "outer $mtu: nothing was fragmented" grep -x "fragments: 0" "$T/out-$mtu"
	grep -q "tcp: ok" "$T/out-$mtu" || sed 's/^/# /' "$T/out-$mtu"
done
done_testing
