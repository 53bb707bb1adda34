#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The kernel's own netlink client drives the family from its specification:
# YNL is its cli.py, SPEC the specification; the kernel tree's by default.
ksft_skip=4
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../../../..
YNL=${YNL:-$root/tools/net/ynl/pyynl/cli.py}
SPEC=${SPEC:-$root/Documentation/netlink/specs/signet.yaml}

skip() { echo "1..0 # SKIP $*"; exit $ksft_skip; }
[ "$(id -u)" = 0 ] || skip "needs root"
python3 -c 'import yaml' 2>/dev/null || skip "there is no python3 with yaml"
[ -r "$YNL" ] || skip "there is no $YNL"
[ -r "$SPEC" ] || skip "there is no $SPEC"
python3 "$YNL" --help | grep -q -e --duration ||
	skip "$YNL is older than the specification"
modprobe -q signet

n=0 failed=0
result() { # result NAME STATUS OUTPUT
	n=$((n + 1))
	if [ "$2" = 0 ]; then
		echo "ok $n $1"
	else
		sed 's/^/# /' <<<"$3"
		echo "not ok $n $1"
		failed=1
	fi
}

ynl() { python3 "$YNL" --spec "$SPEC" --no-schema "$@" 2>&1; }

# says NAME TEXT... -- ARGUMENT...: succeeds, and the answer has these texts
says() {
	local name=$1 text=() out
	shift
	while [ "$1" != -- ]; do text+=("$1"); shift; done
	shift
	out=$(ynl "$@") || { result "$name" 1 "$out"; return; }
	for t in "${text[@]}"; do
		[[ $out == *"$t"* ]] || { result "$name" 1 "no $t in: $out"; return; }
	done
	result "$name" 0
}

# refuses NAME TEXT -- ARGUMENT...
refuses() {
	local name=$1 text=$2 out
	shift 3
	! out=$(ynl "$@") && [[ $out == *"$text"* ]]
	result "$name" $? "$out"
}

ip link add sgy0 type signet || skip "there is no module signet"
trap 'ip link del sgy0' EXIT
dev='"ifindex":'$(cat /sys/class/net/sgy0/ifindex)
hop='"tx-hop-key":"000102030405060708090a0b0c0d0e0f"'
secret=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

echo "TAP version 13"
says module-get "'wire-version': 1" "'lanes-max': 32" -- --do module-get
says peer-new -- --create --do peer-new --json "{$dev, \"id\": 1,
	\"prefix\": [{\"address\": \"10.1.0.0\", \"length\": 16}]}"
refuses "peer-new of a peer that exists" "exists already" -- \
	--create --excl --do peer-new --json "{$dev, \"id\": 1}"
says "peer-new with replace" -- --replace --do peer-new \
	--json "{$dev, \"id\": 1, \"df\": \"inherit\", \"mark\": 7}"
says peer-get "'df': 'inherit'" "'mark': 7" "10.1.0.0" -- \
	--do peer-get --json "{$dev, \"id\": 1}"
says channel-new -- --do channel-new --json "{$dev, \"id\": 5, \"peer\": 1,
	\"path\": {\"tx-label\": 9, $hop, \"remote\": \"192.0.2.1\",
	\"remote-port\": 5000}}"
says "dump of channels" "'id': 5" "192.0.2.1" "'remote-port': 5000" -- \
	--dump channel-get
says label-new -- --do label-new --json "{$dev, \"label\": 77, \"channel\": 5,
	\"hop-key\": \"000102030405060708090a0b0c0d0e0f\", \"expiry-ms\": 60000}"
says label-get "'channel': 5" expiry-ms -- \
	--do label-get --json "{$dev, \"label\": 77}"
says key-new -- --do key-new --json "{$dev, \"channel\": 5, \"key-id\": 3,
	\"direction\": \"transmit\", \"cipher\": \"aes-256-gcm\",
	\"key\": \"$secret\"}"
says key-swap -- --do key-swap --json "{$dev, \"channel\": 5, \"key-id\": 3}"
says "dump of keys" "'active': True" "'cipher': 'aes-256-gcm'" \
	"'hard-ms': 180000" -- --dump key-get
says stats-get -- --do stats-get --json "{$dev}"
says dev-get "'peers': 1" "'keys': 1" "'ifname': 'sgy0'" -- \
	--do dev-get --json "{$dev}"
refuses "a refusal with its words" "no such channel" -- \
	--do channel-del --json "{$dev, \"id\": 99}"

says peer-del -- --do peer-del --json "{$dev, \"id\": 1}"

# It takes a while until the listener listens: once more until it has heard.
heard=$(mktemp)
PYTHONUNBUFFERED=1 python3 "$YNL" --spec "$SPEC" --no-schema \
	--subscribe events --duration 30 >"$heard" 2>&1 &
listener=$!
while kill -0 $listener 2>/dev/null && ! grep -q peer-del-ntf "$heard"; do
	ynl --do peer-new --json "{$dev, \"id\": 2}" >/dev/null
	ynl --do peer-del --json "{$dev, \"id\": 2}" >/dev/null
done
kill $listener 2>/dev/null
wait $listener
grep -q "peer-del-ntf" "$heard"
result "notifications" $? "$(cat "$heard")"
rm -f "$heard"

echo "1..$n"
exit $failed
