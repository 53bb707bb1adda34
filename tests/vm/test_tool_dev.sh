#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# signet dev against the module: two devices that reach each other with keys
# given by hand, what is shown of them, and what the kernel refuses. Runs in a
# VM: tests/vm/run KERNEL tests/vm/test_tool_dev.sh build/signet
set -u
umask 077
S=$PWD/signet
T=$(mktemp -d)
tests=0 failures=0

check() { # check NAME COMMAND...
	local name=$1 out
	shift
	tests=$((tests + 1))
	if out=$("$@" 2>&1); then
		echo "ok $tests - $name"
	else
		sed 's/^/# /' <<<"$* -> $out"
		echo "not ok $tests - $name"
		failures=$((failures + 1))
	fi
}

code() { # code WANTED COMMAND...
	local want=$1 got
	shift
	"$@"
	got=$?
	[ $got = "$want" ] || { echo "exit code $got"; return 1; }
}

# refused TEXT COMMAND...: exit code 1, and this on standard error
refused() {
	local text=$1
	shift
	code 1 "$@" 2>"$T/err" && grep -qF -- "$text" "$T/err" ||
		{ cat "$T/err"; return 1; }
}

# a, b: the command in a namespace
a() { ip netns exec a "$S" dev "$@"; }
b() { ip netns exec b "$S" dev "$@"; }

# shows FILTER VALUE COMMAND...: what jq makes of its JSON
shows() {
	local filter=$1 want=$2 got
	shift 2
	got=$("$@" --json | jq -c "$filter")
	[ "$got" = "$want" ] || { echo "$filter: $got, not $want"; return 1; }
}

key() { head -c "$2" /dev/urandom | base64 >"$T/$1"; }
hex_key() { head -c "$2" /dev/urandom | od -An -tx1 | tr -d ' \n' >"$T/$1"; }

pings() { ip netns exec "$1" ping -q -c 2 -i 0.2 -W 5 "$2"; }

### Without the module, which asking for its family would load

modprobe=$(</proc/sys/kernel/modprobe)
echo /bin/false >/proc/sys/kernel/modprobe
check "without the module: what to do is said" \
	refused "is not loaded" "$S" dev show
check "and the version is not known" \
	shows .module null "$S" version
echo "$modprobe" >/proc/sys/kernel/modprobe

### Devices

ip netns add a
ip netns add b
ip link add va netns a type veth peer name vb netns b
for n in a b; do
	ip -n $n link set lo up
	ip -n $n link set v$n up
done
ip -n a addr add 192.0.2.1/24 dev va
ip -n b addr add 192.0.2.2/24 dev vb
ip -n a addr add 2001:db8::1/64 dev va nodad
ip -n b addr add 2001:db8::2/64 dev vb nodad

modprobe signet || { echo "Bail out! no module"; exit 1; }
check "the version is the module's" \
	shows .moduleWire 1 "$S" version
check "a device is added, with a process that holds its sockets" \
	a add sg0 --mtu 1380 --metadata on --mark 0x10/0xf0 --listen 51820 --up
check "a second one of that name is not" refused "File exists" a add sg0
check "it is shown with ports and settings" \
	shows '[.[0] | .name, .port4, .port6, .mtu, .up, .metadata, .mark,
		.markMask]' '["sg0",51820,51820,1380,true,true,16,240]' a show
check "as a table, too" a show
check "ip link knows it" ip -n a -d link show type signet
check "settings are changed" \
	a set sg0 --mtu 1400 --metadata off --max-peers 4 --queue-bytes 1000000
check "and shown" \
	shows '[.mtu, .metadata, .mark, .limits.peers, .limits.queueBytes]' \
	'[1400,false,16,4,1000000]' a show sg0
check "a device of another kind is refused" refused "another kind" a show va
check "one that is not there, too" refused "no device" a show sg9
check "a port that is in use is named" \
	refused "UDP port 51820" a listen sg0 51820
check "the other one waits for its sockets" b add sg0 --up

ip netns exec b "$S" dev listen sg0 51821 --json >"$T/listen" &
listener=$!
for _ in $(seq 50); do [ -s "$T/listen" ] || sleep 0.1; done
check "the one in the foreground says when it is ready" \
	grep -q '"port":51821' "$T/listen"

### Two ends

ip -n a addr add 10.9.0.1/24 dev sg0
ip -n b addr add 10.9.0.2/24 dev sg0
key hop1 16
hex_key hop2 16
key ab 32
hex_key ba 32

check "a peer" a peer add sg0 1 --prefix 10.9.0.2/32 --df inherit --tos inherit
check "a second peer cannot have its prefix" \
	refused "another peer has" a peer add sg0 2 --prefix 10.9.0.2/32
check "unless it takes it" a peer add sg0 2 --move 10.9.0.2/32
check "and gives it back" a peer set sg0 1 --move 10.9.0.2/32
check "prefixes are shown where they are" \
	shows '[.[] | [.peer, .prefixes]]' '[[1,["10.9.0.2/32"]],[2,[]]]' \
	a peer show sg0
check "a peer is replaced only when told to" \
	refused "" a peer add sg0 1 --mark 3
check "and then it is" a peer add sg0 1 --update --mark 3
check "and shown" shows '.[0] | [.df, .tos, .mark]' '["inherit",1,3]' \
	a peer show sg0 1
check "back without the mark" a peer set sg0 1 --mark 0 --tos 0 --df set
check "a peer is removed" a peer del sg0 2
check "and is gone" refused "" a peer show sg0 2

"$S" version >/dev/null
ip netns exec a "$S" dev monitor sg0 --json >"$T/events" &
monitor=$!
sleep 1
ip netns exec a ping -q -c 1 -W 1 10.9.0.2 >/dev/null

check "a channel" a channel add sg0 1 --peer 1 --remote 192.0.2.2:51821 \
	--tx-label 2 --tx-hop-key-file "$T/hop2" --generation 7
check "its path is shown" \
	shows '.[0] | [.channel, .peer, .remote, .txLabel, .generation]' \
	'[1,1,"192.0.2.2:51821",2,7]' a channel show sg0
check "a label" a label add sg0 1 --channel 1 --hop-key-file "$T/hop1"
check "a label is taken once" \
	refused "" a label add sg0 1 --channel 1 --hop-key-file "$T/hop1"
check "its expiry can be changed" \
	a label add sg0 1 --channel 1 --hop-key-file "$T/hop1" --update \
	--expires 1h
check "and is shown" shows '.[0].expires > 3590000' true a label show sg0
check "a receive key" a key add sg0 1 0 --direction rx \
	--cipher chacha20-poly1305 --key-file "$T/ba"
check "a slot is filled once" refused "" a key add sg0 1 0 --direction rx \
	--cipher chacha20-poly1305 --key-file "$T/ba"
check "nothing is sealed under a key that is not there" \
	refused "" a key swap sg0 1 3
check "a transmit key, from standard input" \
	sh -c "ip netns exec a '$S' dev key add sg0 1 0 --direction tx \
	--cipher aes-256-gcm --key-file - --soft-frames 3 <'$T/ab'"
check "is sealed under" a key swap sg0 1 0
check "and the channel selected" a channel select sg0 1
check "the same at the other end" sh -e -c "
	b() { ip netns exec b '$S' dev \"\$@\"; }
	b peer add sg0 1 --prefix 10.9.0.1/32
	b channel add sg0 1 --peer 1 --remote 192.0.2.1:51820 --tx-label 1 \
		--tx-hop-key-file '$T/hop1'
	b label add sg0 2 --channel 1 --hop-key-file '$T/hop2'
	b key add sg0 1 0 --direction rx --cipher aes-256-gcm \
		--key-file '$T/ab'
	b key add sg0 1 0 --direction tx --cipher chacha20-poly1305 \
		--key-file '$T/ba'
	b key swap sg0 1 0
	b channel select sg0 1"
check "they reach each other" pings a 10.9.0.2
check "a larger packet, too" ip netns exec a ping -q -c 1 -s 1300 10.9.0.2
check "an empty frame is sent" b channel keepalive sg0 1
check "frames and packets are counted" \
	shows '[.channels[0].rxPackets > 2, .channels[0].txPackets > 2,
		(.keys[] | select(.active) | .frames > 2)]' '[true,true,true]' \
	a show sg0
check "no key is shown" sh -c "! ip netns exec a '$S' dev show sg0 --json |
	grep -qE '\"(key|hopKey)\"'"
check "all of it as tables" a show sg0
check "over IPv6" sh -e -c "
	ip netns exec a '$S' dev channel set sg0 1 --tx-label 2 \
		--remote '[2001:db8::2]:51821' --tx-hop-key-file '$T/hop2'
	ip netns exec b '$S' dev channel set sg0 1 --tx-label 1 \
		--remote '[2001:db8::1]:51820' --tx-hop-key-file '$T/hop1' --watch
	ip netns exec a ping -q -c 2 -W 5 10.9.0.2"

# a packet that no peer owns, and a frame on a label that is not there
ip -n a route add 10.8.0.0/24 dev sg0
ip netns exec a ping -q -c 1 -W 1 10.8.0.1 >/dev/null
printf '\5\0\0\0\0\0\0\7%048d' 0 |
	ip netns exec b socat -u - UDP4:192.0.2.1:51820
check "drops have their reasons" \
	shows '[.drops[].reason] | contains(["no-route","label"])' true \
	a show sg0

printf '\1%099d' 0 | ip netns exec a socat -u - UDP4:192.0.2.2:51821
sleep 0.5

### Events and ends

kill -INT $monitor
wait $monitor
check "the monitor told of the packet without a channel" \
	grep -q '"event":"channel-wanted".*"peer":1' "$T/events"
check "and of the key that has sealed enough" \
	grep -q '"event":"rekey-wanted".*"direction":"tx","reason":"frames"' \
	"$T/events"
check "a key is wiped" a key del sg0 1 0 --direction tx
check "and only that one" \
	shows '[.[] | [.slot, .direction]]' '[[0,"rx"]]' a key show sg0
check "a label is removed" a label del sg0 1
check "a channel is removed with its keys" a channel del sg0 1
check "and nothing is left" shows '[.channels, .labels, .keys]' \
	'[[],[],[]]' a show sg0
kill -TERM $listener
wait $listener
check "the listener counted the handshake that the kernel left" \
	sh -c "tail -1 '$T/listen' | grep -q '\"init\":1'"
check "a device is removed" a del sg0
holders() { ip netns pids a | wc -l; }
for _ in $(seq 50); do [ "$(holders)" = 0 ] || sleep 0.1; done
check "and its holder ends" [ "$(holders)" = 0 ]
check "without the right nothing goes" code 3 \
	setpriv --bounding-set -net_admin --inh-caps -net_admin \
	--ambient-caps -net_admin "$S" dev add sg1

ip netns del a
ip netns del b
rmmod signet || failures=$((failures + 1))
echo "1..$tests"
rm -rf "$T"
exit $((failures > 0))
