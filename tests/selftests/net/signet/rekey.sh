#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Keys and channels change under load, and not one packet is lost or repeated;
# the limit of frames is exact.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all "needs python3"

stream() { # stream SENDER RECEIVER ADDR: in the background
	local log=$tmp/stream-$3
	: >"$log"
	stream.py "$@" >"$log" 2>&1 &
	streams+=($!) # so not in a subshell, which check is
	holders+=($!)
	within 5 grep -q ready "$log" || { cat "$log"; return 1; }
}

streams_end() {
	kill "${streams[@]}"
	wait "${streams[@]}"
	streams=()
}

# whole NAME ADDR: all of it arrived, once
whole() {
	local got
	got=$(tail -1 "$tmp/stream-$2")
	echo "# $1: $got"
	is "$1" "${got#sent * }" "lost 0 repeated 0 foreign 0"
}

# another channel between the same peers, of one lane, labels 3 and 4
second_channel() {
	local n ns other
	for n in 1 2; do
		ns=$A other=$((3 - n))
		[ $n = 1 ] || ns=$B
		ip netns exec "$ns" sgctl channel-new sg0 id=2 peer=1 \
			path.remote=192.0.2.$other path.remote-port=$PORT \
			path.tx-label=$((2 + other)) \
			path.tx-hop-key="$(hop_key $other)" &&
		ip netns exec "$ns" sgctl label-new sg0 label=$((2 + n)) \
			channel=2 hop-key="$(hop_key $n)" &&
		ip netns exec "$ns" sgctl key-new sg0 channel=2 key-id=0 \
			direction=receive cipher=aes-256-gcm \
			key="$(key $((60 + other)))" "$LIFE" &&
		ip netns exec "$ns" sgctl key-new sg0 channel=2 key-id=0 \
			direction=transmit cipher=aes-256-gcm \
			key="$(key $((60 + n)))" "$LIFE" &&
		ip netns exec "$ns" sgctl key-swap sg0 channel=2 key-id=0 ||
			return
	done
}

both_streams() {
	stream "$A" "$B" 10.9.0.2 && stream "$B" "$A" fd09::1
}

dropped() {
	a sgctl stats-get sg0 peer=1
	b sgctl stats-get sg0 peer=1
}

clean() { # clean NAME: no drop at either end
	is "$1: no drops" "$(dropped)" "$before"
}

setup
before=$(dropped)
both_streams || fail "streams both ways"
check "ten changes of keys" changes.py "$A" "$B" keys
streams_end
whole "IPv4, while keys change" 10.9.0.2
whole "IPv6, while keys change" fd09::1
clean "changes of keys"

check "a second channel" second_channel
both_streams || fail "streams both ways again"
check "ten changes of the channel" changes.py "$A" "$B" channels
streams_end
whole "IPv4, while channels change" 10.9.0.2
whole "IPv6, while channels change" fd09::1
clean "changes of channels"

### Limits

a sgctl monitor >"$tmp/events" 2>&1 &
holders+=($!)
within 5 grep -q ready "$tmp/events"
a sgctl peer-set sg0 id=1 tx-channel=2
b sgctl key-new sg0 channel=2 key-id=5 direction=receive cipher=aes-256-gcm \
	key="$(key 90)"
a sgctl key-new sg0 channel=2 key-id=5 direction=transmit cipher=aes-256-gcm \
	key="$(key 90)" soft-frames=20 hard-frames=50
a sgctl key-swap sg0 channel=2 key-id=5
# IPv6 has its own ideas of what to send
a sysctl -q net.ipv6.conf.sg0.disable_ipv6=1
got=$(counter "$B" sg0 rx.packets)
expired=$(drops "$A" $DROP_KEY_EXPIRED 1)
check "80 packets leave for a key that ends after 50" python3 - <<END
import ctypes, os, socket
fd = os.open("/run/netns/$A", os.O_RDONLY)
ctypes.CDLL(None).setns(fd, 0x40000000)
out = socket.socket(type=socket.SOCK_DGRAM)
for n in range(80):
    try:
        out.sendto(b"x" * n, ("10.9.0.2", 9))
    except OSError:
        pass
END
within 5 grep -q key-expired "$tmp/events"
within 5 eval '[ $(($(counter "$B" sg0 rx.packets) - got)) -ge 50 ]'
is "50 of them arrive" $(($(counter "$B" sg0 rx.packets) - got)) 50
is "one rekey-wanted" "$(grep -c ^rekey-wanted "$tmp/events")" 1
is "one key-expired" "$(grep -c ^key-expired "$tmp/events")" 1
is "the key is gone" "$(a sgctl -a key-get sg0 | grep -c "channel=2 key-id=5")" 0
not_sent() { # those that waited are dropped in the end
	echo $(($(drops "$A" $DROP_KEY_EXPIRED 1) - expired +
		$(drops "$A" $DROP_NO_CHANNEL 1)))
}
within 10 eval '[ "$(not_sent)" = 30 ]'
is "the others waited in vain, and are counted" "$(not_sent)" 30
check "new keys" rekey aes-256-gcm 6
check "another channel" a sgctl peer-set sg0 id=1 tx-channel=1
check "traffic with them" sgtraffic "$A" "$B" udp 10.9.0.2 0 1000
sed 's/^/# /' "$tmp/events"
finish
