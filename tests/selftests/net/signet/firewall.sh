#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is around the tunnel still works: filters and connection tracking on the
# outer packets, ECN and DSCP, files sent without a copy, bounded queues, VRFs,
# tunnels in tunnels; and a loop is noticed.
. "$(dirname "$0")/lib.sh"

command -v nft >/dev/null || skip_all "needs nft"
command -v socat >/dev/null || skip_all "needs socat"
setup

inner_super() { # a super-packet of UDP to b's inner address
	a python3 - <<-EOT
	import socket
	s = socket.socket(type=socket.SOCK_DGRAM)
	s.setsockopt(17, 103, 1200)
	s.sendto(bytes(12000), ("10.9.0.2", 7))
	EOT
}

counted() { # counted NS NAME: packets of a named counter
	ip netns exec "$1" nft list counter inet t "$2" |
		sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

more() { # more NAME BEFORE AFTER
	if [ "$3" -gt "$2" ]; then pass "$1"; else
		echo "# $3 is not more than $2"
		fail "$1"
	fi
}

### Filters

b nft -f - <<EOF
table inet t {
	counter single { }
	counter super { }
	counter stopped { }
	counter new { }
	counter ce { }
	counter ect { }
	counter af11 { }
	chain in {
		type filter hook input priority 0;
		iifname veth0 ct state new counter name new
		iifname veth0 udp dport 5000 ip dscp 10 counter name af11
		iifname veth0 udp dport 5000 meta length 0-1500 counter name single
		iifname veth0 udp dport 5000 meta length 1501-65535 counter name super
		iifname sg0 ip ecn ce counter name ce
		iifname sg0 ip ecn ect0 counter name ect
	}
	chain stop {
		type filter hook input priority 10;
	}
}
EOF
check "packets pass a filter" a ping -q -c 2 -i 0.1 -W 5 10.9.0.2
before=$(counter "$B" sg0 rx.packets)
inner_super
within 5 eval '[ $(($(counter "$B" sg0 rx.packets) - before)) -ge 10 ]'
is "a super-packet's packets pass a filter" \
	$(($(counter "$B" sg0 rx.packets) - before)) 10
echo "# $(counted "$B" super) super-packets, $(counted "$B" single) single"
more "the filter sees single frames" 0 "$(counted "$B" single)"
more "connection tracking sees the flow" 0 "$(counted "$B" new)"
b nft add rule inet t stop iifname veth0 udp dport 5000 \
	counter name stopped drop
before=$(counter "$B" sg0 rx.packets) first=$(counted "$B" stopped)
a ping -q -c 1 -W 0.3 10.9.0.2 >/dev/null
second=$(counted "$B" stopped)
inner_super
sleep "$SLOW"
more "a filter stops single frames" "$first" "$second"
more "a filter stops super-packets" "$second" "$(counted "$B" stopped)"
is "none of them got through" "$(counter "$B" sg0 rx.packets)" "$before"
b nft flush chain inet t stop
check "packets pass again" a ping -q -c 1 -W 5 10.9.0.2

### ECN and DSCP

first=$(counted "$B" ect)
check "ECT(0) inside" a ping -q -c 1 -W 5 -Q 2 10.9.0.2
more "... stays" "$first" "$(counted "$B" ect)"
a ping -q -c 1 -W 5 -Q 0x28 10.9.0.2 >/dev/null
is "DSCP is not shown" "$(counted "$B" af11)" 0
check "DSCP is to be inherited" a sgctl peer-set sg0 id=1 tos=1
a ping -q -c 1 -W 5 -Q 0x28 10.9.0.2 | sed -n 's/^[0-9]/# &/p'
more "DSCP is inherited" 0 "$(counted "$B" af11)"
b nft list table inet t | grep -A 1 af11 | sed -n 's/^.*packets/# AF11: packets/p'
is "nothing was taken for a replay" "$(drops "$B" $DROP_REPLAY 1)" 0
a nft -f - <<EOF
table inet t {
	chain out {
		type filter hook output priority 0;
		oifname veth0 udp dport 5000 ip ecn set ce
	}
}
EOF
first=$(counted "$B" ce)
check "CE outside, ECT(0) inside" a ping -q -c 1 -W 5 -Q 2 10.9.0.2
more "... is CE inside" "$first" "$(counted "$B" ce)"
first=$(drops "$B" $DROP_INNER 1)
a ping -q -c 1 -W 0.3 10.9.0.2 >/dev/null && fail "CE without ECT is lost"
more "CE outside, Not-ECT inside is dropped" "$first" \
	"$(drops "$B" $DROP_INNER 1)"
a nft delete table inet t

### A file that is sent without a copy, and queues

sink() { # sink PORT FILE: what b takes in
	b timeout $((20 * SLOW)) socat -u TCP-LISTEN:"$1",reuseaddr OPEN:"$2",creat &
	sink=$!
	within 5 b bash -c "ss -Hltn sport = $1 | grep -q ."
}

stream() { # stream FILE: from a to b
	sink 9000 "$tmp/got"
	a timeout $((20 * SLOW)) python3 - "$1" <<-'EOT' || return
	import socket, sys
	s = socket.create_connection(("10.9.0.2", 9000))
	with open(sys.argv[1], "rb") as f:
	    s.sendfile(f)
	s.close()
	EOT
	wait "$sink" && cmp "$1" "$tmp/got"
}

head -c $((1000003 / SLOW)) /dev/urandom >"$tmp/file"
sum=$(sha256sum <"$tmp/file")
check "a file by sendfile" stream "$tmp/file"
is "... did not change" "$(sha256sum <"$tmp/file")" "$sum"

# bytes that wait below TCP, though the socket takes megabytes
backlog() {
	sink 9001 /dev/null
	a timeout $((20 * SLOW)) python3 - <<-'EOT'
	import os, re, socket, subprocess, time
	slow = int(os.environ["SLOW"])
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8000000)
	s.connect(("10.9.0.2", 9001))
	s.setblocking(False)
	# until the queue is used, and then two seconds more
	most, end = 0, time.monotonic() + 10 * slow
	while time.monotonic() < end:
	    try:
	        s.send(bytes(1 << 20))
	    except BlockingIOError:
	        pass
	    text = subprocess.run("tc -s qdisc show dev veth0", shell=True,
	                          capture_output=True, text=True).stdout
	    size, unit = re.search(r"backlog (\d+)([KM]?)b", text).groups()
	    if int(size) and not most:
	        end = time.monotonic() + 2 * slow
	    most = max(most, int(size) << {"": 0, "K": 10, "M": 20}[unit])
	print(most)
	EOT
	kill "$sink" 2>/dev/null
	return 0
}
if a tc qdisc add dev veth0 root tbf rate $((4000 / SLOW))kbit \
	burst 20k limit 20m; then
	backlog >"$tmp/most"
	most=$(cat "$tmp/most")
	echo "# at most $most bytes wait below TCP"
	more "a slow link's queue is used" 0 "${most:-0}"
	more "... and TCP small queues bound it" "${most:-9999999}" 400000
	a tc qdisc del dev veth0 root
else
	skip "TCP small queues" "no tbf"
fi

### VRFs, tunnels in tunnels, loops

if ip -n "$A" link add vrf0 type vrf table 100; then
	ip -n "$A" link set vrf0 up
	ip -n "$A" link set sg0 master vrf0
	check "a device in a VRF" a ping -q -c 1 -W 5 -I vrf0 10.9.0.2
	ip -n "$A" link set sg0 nomaster
	ip -n "$A" link del vrf0
else
	skip "a device in a VRF" "no VRF"
fi
check "SO_BINDTODEVICE" a ping -q -c 1 -W 5 -I sg0 10.9.0.2

nested() { # nested NS N: sg1, whose frames sg0 carries
	local ns=$1 n=$2 other=$((3 - $2)) dir k
	ip -n "$ns" link add sg1 mtu 1280 type signet &&
	ip -n "$ns" addr add "10.8.0.$n/24" dev sg1 &&
	ip -n "$ns" link set sg1 up &&
	hold "$ns" sg1 5001 &&
	ip netns exec "$ns" sgctl peer-new sg1 id=1 prefix=10.8.0.$other/32 &&
	ip netns exec "$ns" sgctl channel-new sg1 id=1 peer=1 \
		path.remote=10.9.0.$other path.remote-port=5001 \
		path.tx-label="$other" path.tx-hop-key="$(hop_key "$other")" &&
	ip netns exec "$ns" sgctl label-new sg1 label="$n" channel=1 \
		hop-key="$(hop_key "$n")" || return
	for dir in receive transmit; do
		k=$((30 + n))
		[ $dir = transmit ] || k=$((30 + other))
		ip netns exec "$ns" sgctl key-new sg1 channel=1 key-id=0 \
			direction=$dir cipher=chacha20-poly1305 \
			key="$(key $k)" "$LIFE" || return
	done
	ip netns exec "$ns" sgctl key-swap sg1 channel=1 key-id=0 &&
	ip netns exec "$ns" sgctl peer-set sg1 id=1 tx-channel=1
}
# not by check: holders must be ended by this shell
if nested "$A" 1 && nested "$B" 2; then
	check "a tunnel in a tunnel" a ping -q -c 1 -W 5 10.8.0.2
	check "TCP in it" sgtraffic "$A" "$B" tcp 10.8.0.2 50001
else
	fail "a tunnel in a tunnel"
fi

first=$(drops "$A" $DROP_LOOP 1)
ip -n "$A" route add 192.0.2.2/32 dev sg0
a ping -q -c 1 -W 0.3 10.9.0.2 >/dev/null 2>&1 && fail "a loop goes nowhere"
more "a loop is refused and counted" "$first" "$(drops "$A" $DROP_LOOP 1)"
ip -n "$A" route del 192.0.2.2/32 dev sg0
check "after the loop" a ping -q -c 1 -W 5 10.9.0.2
finish
