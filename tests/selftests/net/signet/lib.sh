# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# What the tests of signet share. The usual picture, where OUTER is 4 or 6:
#
#	a (192.0.2.1, 2001:db8::1) --- veth --- b (192.0.2.2, 2001:db8::2)
#
# each with a device sg0: inner addresses 10.9.0.1 and .2, fd09::1 and ::2, one
# peer 1, one channel 1, port 5000. a receives on label 1, b on label 2.
#
# A test is "check NAME COMMAND...", which prints a line of TAP; "finish" ends.

ksft_pass=0 ksft_fail=1 ksft_skip=4
PATH=$(cd "$(dirname "$0")" && pwd):$PATH
A=sg-a-$$ B=sg-b-$$
PORT=5000
# divides volumes, and multiplies patience, where a kernel is that much slower
SLOW=${SLOW:-1}
export SLOW
# a lane for each CPU
LANES=$(nproc)
[ "$LANES" -le 32 ] || LANES=32
tests=0 failures=0
namespaces=() holders=()
tmp=$(mktemp -d)

cleanup() {
	[ ${#holders[@]} = 0 ] || kill "${holders[@]}" 2>/dev/null
	for ns in "${namespaces[@]}"; do ip netns del "$ns" 2>/dev/null; done
	rm -rf "$tmp"
}
trap cleanup EXIT

skip_all() { # skip_all WHY
	echo "1..0 # SKIP $*"
	exit $ksft_skip
}

[ "$(id -u)" = 0 ] || skip_all "needs root"
command -v ip >/dev/null || skip_all "needs iproute2"
command -v sgctl >/dev/null || skip_all "sgctl is not built"
sgctl module-get >/dev/null 2>&1 || modprobe -q signet
sgctl module-get >/dev/null 2>&1 || skip_all "there is no module signet"
echo "TAP version 13"

### TAP

pass() {
	tests=$((tests + 1))
	echo "ok $tests $*"
}

fail() {
	tests=$((tests + 1)) failures=$((failures + 1))
	echo "not ok $tests $*"
}

skip() { # skip NAME WHY
	tests=$((tests + 1))
	echo "ok $tests $1 # SKIP $2"
}

check() { # check NAME COMMAND...: it succeeds
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		pass "$name"
	else
		sed 's/^/# /' <<<"$*: $output"
		fail "$name"
	fi
}

# refused NAME ERRNO COMMAND...: sgctl fails with it, and the kernel says why
refused() {
	local name=$1 want=$2 output
	shift 2
	if output=$("$@" 2>&1); then
		echo "# not refused: $*"
		fail "$name"
	elif [[ $output == "$want "?* ]]; then
		pass "$name"
	else
		echo "# $*: \"$output\", not $want with a text"
		fail "$name"
	fi
}

is() { # is NAME GOT WANTED
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		echo "# got \"$2\", not \"$3\""
		fail "$1"
	fi
}

# within SECONDS COMMAND...: it succeeds before long
within() {
	local left=$(($1 * 10 * SLOW))
	shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || return
		sleep 0.1
	done
}

finish() {
	echo "1..$tests"
	[ $failures = 0 ] && exit $ksft_pass
	exit $ksft_fail
}

### Namespaces and devices

a() { ip netns exec "$A" "$@"; }
b() { ip netns exec "$B" "$@"; }

ns_new() { # ns_new NAME...
	local ns
	for ns in "$@"; do
		ip netns add "$ns" || exit
		namespaces+=("$ns")
		ip -n "$ns" link set lo up
		# addresses of the kernel's own making are late and noisy
		ip netns exec "$ns" sysctl -q net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.router_solicitations=0
	done
}

wire() { # wire [MTU]: a and b, and the veth between them
	ns_new "$A" "$B"
	ip link add veth0 mtu "${1:-1500}" netns "$A" type veth \
		peer name veth0 mtu "${1:-1500}" netns "$B"
	ip -n "$A" addr add 192.0.2.1/24 dev veth0
	ip -n "$B" addr add 192.0.2.2/24 dev veth0
	ip -n "$A" addr add 2001:db8::1/64 dev veth0 nodad
	ip -n "$B" addr add 2001:db8::2/64 dev veth0 nodad
	ip -n "$A" link set veth0 up
	ip -n "$B" link set veth0 up
}

# hold NS DEV [PORT [4|6]]: give it sockets, held by $holder
hold() {
	local log=$tmp/hold-$1-$2
	: >"$log"
	ip netns exec "$1" sgctl hold "$2" "${@:3}" >"$log" 2>&1 &
	holder=$!
	holders+=($holder)
	within 5 grep -q ready "$log" || { cat "$log"; return 1; }
}

unhold() { # unhold PID: end it, and see that the socket is gone
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

device() { # device NS N [LINK ARGUMENT...]: sg0 with inner addresses .N and ::N
	ip -n "$1" link add sg0 "${@:3}" type signet || return
	ip -n "$1" addr add "10.9.0.$2/24" dev sg0
	ip -n "$1" addr add "fd09::$2/64" dev sg0 nodad
	ip -n "$1" link set sg0 up
	hold "$1" sg0 "${PORT}"
}

# bytes of keys that differ by a number, in hexadecimal
key() { printf '%02x' "$1"; printf '%062d' "$1"; }
LIFE=hard-ms=3600000 # of keys: slow machines take more than the default
hop_key() { printf '%02x' "$1"; printf '%030d' "$1"; }

remote() { # remote OUTER N: attributes of a path to that end, label N
	local addr=192.0.2.$2
	[ "$1" = 4 ] || addr=2001:db8::$2
	echo path.remote="$addr" path.remote-port="$PORT" \
		path.tx-label="$2" path.tx-hop-key="$(hop_key "$2")"
}

# install NS CIPHER SLOT SEAL OPEN: keys by their numbers, and seal under them
install_keys() {
	ip netns exec "$1" sgctl key-new sg0 channel=1 key-id="$3" \
		direction=receive cipher="$2" key="$(key "$5")" "$LIFE" &&
	ip netns exec "$1" sgctl key-new sg0 channel=1 key-id="$3" \
		direction=transmit cipher="$2" key="$(key "$4")" "$LIFE" &&
	ip netns exec "$1" sgctl key-swap sg0 channel=1 key-id="$3"
}

# join NS N OUTER CIPHER: one end of the channel; N is 1 or 2
join() {
	local ns=$1 n=$2 other=$((3 - $2))
	# shellcheck disable=SC2046
	ip netns exec "$ns" sgctl peer-new sg0 id=1 \
		prefix=10.9.0.$other/32 prefix=fd09::$other/128 &&
	ip netns exec "$ns" sgctl channel-new sg0 id=1 peer=1 \
		tx-lanes="$LANES" rx-lanes="$LANES" $(remote "$3" $other) &&
	ip netns exec "$ns" sgctl label-new sg0 label="$n" channel=1 \
		hop-key="$(hop_key "$n")" &&
	install_keys "$ns" "$4" 0 $((10 + n)) $((10 + other)) &&
	ip netns exec "$ns" sgctl peer-set sg0 id=1 tx-channel=1
}

# rekey CIPHER SLOT: new keys at both ends, receivers first
rekey() {
	local n ns
	seal=$((${seal:-20} + 2))
	for n in 1 2; do
		ns=$A
		[ $n = 1 ] || ns=$B
		ip netns exec "$ns" sgctl key-new sg0 channel=1 key-id="$2" \
			direction=receive cipher="$1" \
			key="$(key $((seal + 2 - n)))" "$LIFE" || return
	done
	for n in 1 2; do
		ns=$A
		[ $n = 1 ] || ns=$B
		ip netns exec "$ns" sgctl key-new sg0 channel=1 key-id="$2" \
			direction=transmit cipher="$1" \
			key="$(key $((seal + n - 1)))" "$LIFE" || return
		ip netns exec "$ns" sgctl key-swap sg0 channel=1 key-id="$2" ||
			return
	done
}

outer() { # outer OUTER: carry the channel over IPv4 or IPv6 from now on
	# shellcheck disable=SC2046
	a sgctl channel-set sg0 id=1 $(remote "$1" 2) &&
	b sgctl channel-set sg0 id=1 $(remote "$1" 1)
}

# setup [OUTER [CIPHER [WIRE MTU]]]: the usual picture
setup() {
	wire "${3:-1500}"
	device "$A" 1 && device "$B" 2 &&
	join "$A" 1 "${1:-4}" "${2:-aes-256-gcm}" &&
	join "$B" 2 "${1:-4}" "${2:-aes-256-gcm}" || {
		echo "Bail out! the devices can't be set up"
		exit $ksft_fail
	}
}

set_mtu() { # set_mtu N: of both devices
	ip -n "$A" link set sg0 mtu "$1" && ip -n "$B" link set sg0 mtu "$1"
}

### Looking

# counter NS DEV NAME: of ip -s link, for instance tx.packets
counter() {
	local dir=${3%.*} what=${3#*.}
	ip netns exec "$1" cat "/sys/class/net/$2/statistics/${dir}_$what"
}

# value NS NAME COMMAND...: an attribute of the first object that sgctl prints
value() {
	local ns=$1 name=$2
	shift 2
	ip netns exec "$ns" sgctl "$@" | tr ' ' '\n' | sed -n "s/^$name=//p" |
		head -1
}

# drops NS REASON [PEER]: by its number in signet/drop.h
drops() {
	ip netns exec "$1" sgctl stats-get sg0 ${3:+peer=$3} | tr ' ' '\n' |
		awk -F= -v r="$2" '$1 == "reason.reason" { this = $2 }
			$1 == "reason.count" && this == r { n = $2 }
			END { print n + 0 }'
}

# Numbers of reasons
DROP_LENGTH=1 DROP_TYPE=2 DROP_FLAGS=3 DROP_LABEL=4 DROP_HOP_TAG=5
DROP_KEY_ID=6 DROP_KEY_EXPIRED=7 DROP_LANE=8 DROP_REPLAY=9 DROP_AEAD=10
DROP_INNER=11 DROP_INNER_SOURCE=12 DROP_NO_ROUTE=13 DROP_NO_CHANNEL=14
DROP_NO_ENDPOINT=15 DROP_MTU=16 DROP_QUEUE_FULL=17 DROP_NO_MEMORY=18
DROP_SEND=19 DROP_DEVICE=20 DROP_LOOP=33
