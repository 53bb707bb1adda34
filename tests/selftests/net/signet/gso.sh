#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Super-packets in both directions: with and without the outer device's
# offloads and the tunnel's own, with every kind of remainder.
. "$(dirname "$0")/lib.sh"
command -v ethtool >/dev/null || skip_all "needs ethtool"

MTU=1400 # of which frames over IPv6 fit the wire
SEG4=$((MTU - 28)) SEG6=$((MTU - 48))
STREAM=$((1500001 / (2 * SLOW - 1))) # long enough for the largest super-packets

remainders() { # UDP super-packets with one byte more or less than a segment
	local addr=$1 seg=$2
	sgtraffic "$A" "$B" gso "$addr" "$seg" 1 "$seg" $((seg + 1)) \
		$((seg * 2 - 1)) $((seg * 2)) $((seg * 3 + 1)) $((seg * 40 + 7)) \
		$((seg * 44)) &&
	sgtraffic -g "$A" "$B" gso "$addr" "$seg" $((seg * 5)) \
		$((seg * 20 + 1)) &&
	# many small segments: the super-packet of frames is much larger
	sgtraffic "$A" "$B" gso "$addr" 100 6400 6301 12 &&
	sgtraffic "$A" "$B" gso "$addr" 1 1 5 64
}

udp() { remainders 10.9.0.2 $SEG4 && remainders fd09::2 $SEG6; }

tcp() {
	sgtraffic "$A" "$B" tcp 10.9.0.2 $STREAM &&
	sgtraffic "$A" "$B" tcp fd09::2 $STREAM &&
	# one byte more than so many segments, pushed each time
	sgtraffic "$A" "$B" tcp 10.9.0.2 $((200000 / SLOW)) $(((MTU - 52) * 4 + 1)) &&
	sgtraffic "$B" "$A" tcp fd09::1 $((200000 / SLOW)) $(((MTU - 72) * 2 + 1))
}

features() { # features DEV FEATURE on|off...: at both ends
	a ethtool -K "$@" >/dev/null 2>&1
	b ethtool -K "$@" >/dev/null 2>&1
	true
}

case_() { # case_ NAME
	check "$1: TCP" tcp
	check "$1: UDP" udp
}

per_packet() { # bytes in a packet that veth carried, on the average
	local p0 b0 p1 b1
	p0=$(counter "$A" veth0 tx.packets) b0=$(counter "$A" veth0 tx.bytes)
	"$@" >/dev/null || return
	p1=$(counter "$A" veth0 tx.packets) b1=$(counter "$A" veth0 tx.bytes)
	echo $(((b1 - b0) / (p1 - p0)))
}

setup
set_mtu $MTU
for out in 4 6; do
	outer $out
	case_ "over IPv$out"
	check "over IPv$out: super-packets leave" \
		[ "$(per_packet sgtraffic "$A" "$B" tcp 10.9.0.2 $((2000000 / SLOW)))" -gt 2500 ]
done

outer 4
features veth0 tx-udp-segmentation off
case_ "outer device without UDP segmentation"
features veth0 tx-udp-segmentation on

features veth0 gso off tso off
case_ "outer device without any segmentation"
features veth0 gso on tso on

features veth0 tx off
case_ "outer device without checksums"
features veth0 tx on

features veth0 sg off
case_ "outer device without scatter-gather"
features veth0 sg on tso on gso on

features veth0 gro on
case_ "outer device with GRO"
outer 6
case_ "outer device with GRO, over IPv6"
outer 4
features veth0 gro off

features sg0 tso off gso off tx-udp-segmentation off
case_ "tunnel without segmentation"
features sg0 tso on gso on tx-udp-segmentation on

# older kernels refuse UDP super-packets on such devices, whichever
features sg0 tx off
features veth0 tx off
if sgtraffic "$A" "$B" gso 192.0.2.2 100 300 >/dev/null; then
	features veth0 tx on
	case_ "tunnel without checksums"
else
	features veth0 tx on
	check "tunnel without checksums: TCP" tcp
	skip "tunnel without checksums: UDP" "this kernel refuses it on any device"
fi
features sg0 tx on sg on tso on gso on tx-udp-segmentation on

features sg0 gro off
case_ "tunnel without GRO"
features sg0 gro on

big() { # BIG TCP at the sender
	a ip link set sg0 gso_max_size 150000 || return
	a ip link set sg0 gso_ipv4_max_size 150000 2>/dev/null
	true
}
# frames around the segments would make more of it than UDP holds
check "BIG TCP is refused" eval '! big'
check "... and all is as before" tcp

# Both ends seal the outer packets as well; what is not sealed is refused.
xfrm() { # xfrm NET, whose .1 is a and .2 is b
	local ns src dst spi dir
	for ns in "$A" "$B"; do
		for spi in 1 2; do
			src=$1$spi dst=$1$((3 - spi)) dir=in
			[ "$ns/$spi" != "$A/1" ] && [ "$ns/$spi" != "$B/2" ] ||
				dir=out
			ip -n "$ns" xfrm state add src "$src" dst "$dst" proto esp \
				spi "$spi" mode transport aead 'rfc4106(gcm(aes))' \
				"0x$(printf '%040d' "$spi")" 128 || return
			ip -n "$ns" xfrm policy add src "$src" dst "$dst" proto udp \
				dir "$dir" tmpl src "$src" dst "$dst" proto esp \
				mode transport || return
		done
	done
}

sealed() { # packets that a's first state sealed
	ip -n "$A" -s xfrm state | awk '/lifetime current/ { getline
		gsub(/[^0-9,]/, ""); split($0, n, ","); print n[2]; exit }'
}

# lengths of what leaves for IPsec, above and below what fits the wire
lengths() {
	a nft "add table inet x
		add chain inet x out { type filter hook output priority 0; }
		add rule inet x out udp dport 5000 meta length > 1500 counter
		add rule inet x out udp dport 5000 meta length <= 1500 counter"
}
seen() { a nft list chain inet x out | sed -n "s/.* $1 1500 .*packets \([0-9]*\).*/\1/p"; }

ipsec() { # ipsec NAME NET
	if ! xfrm "$2" 2>/dev/null; then
		skip "$1" "no ESP in this kernel"
		return
	fi
	lengths
	case_ "$1"
	echo "# $(sealed) packets sealed, $(seen '<=') single, $(seen '>') longer"
	check "$1: was used" [ "$(sealed)" -gt 100 ]
	check "$1: gets single frames" [ "$(seen '>') $(($(seen '<=') > 100))" = "0 1" ]
	a nft delete table inet x
	for ns in "$A" "$B"; do
		ip -n "$ns" xfrm policy flush
		ip -n "$ns" xfrm state flush
	done
}
set_mtu 1280
SEG4=1252 SEG6=1232
ipsec "outer route with IPsec" 192.0.2.
outer 6
ipsec "outer route with IPsec, over IPv6" 2001:db8::
outer 4
set_mtu $MTU

is "nothing failed to open" "$(drops "$A" $DROP_AEAD 1)$(drops "$B" $DROP_AEAD 1)" 00
is "nothing was taken for a replay" \
	"$(drops "$A" $DROP_REPLAY 1)$(drops "$B" $DROP_REPLAY 1)" 00
is "nothing was too large" "$(drops "$A" $DROP_MTU 1)$(drops "$B" $DROP_MTU 1)" 00
finish
