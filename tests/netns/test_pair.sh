#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Pairing that fails: nobody there, no such name, a wrong code, a node that
# goes down, an identity that is a peer already, and addresses that are taken.
. "$(dirname "$0")/lib.sh"

WRONG=0000-0000-0000-0000-0000-0000-00D5

# fails CODE TEXT COMMAND...: its exit code and what it says
fails() {
	local want=$1 text=$2 got
	shift 2
	"$@" >"$T/out" 2>&1
	got=$?
	cat "$T/out"
	[ $got = "$want" ] && grep -qF -- "$text" "$T/out"
}

accept() { # accept NODE ADDRESS CODE [ARGUMENT]...
	local n=$1 to=$2
	echo "$3" >"$T/code"
	chmod 0600 "$T/code"
	shift 3
	sig "$n" pair --accept "$to" --code-file "$T/code" "$@"
}

# open_window NODE: sets $window, and $code
open_window() {
	rm -f "$T/window-code"
	sig "$1" pair --code-out "$T/window-code" --timeout "${2:-30s}" \
		>"$T/window" 2>&1 &
	window=$!
	within 5 test -s "$T/window-code"
	code=$(cat "$T/window-code")
}

wire_up
node_new a a 10.77.0.1
node_new b b 10.77.0.2
# what lies behind another peer is nobody else's
mkdir -p "$T/b/etc/peers.d"
node_new other b 10.77.0.9
node_peer b other "" 10.77.0.0/25
node_start a && node_start b

# a code that is well-formed, whatever its checksum
open_window a 2s
some=$code
wait $window
is "a window that nobody comes to: unreachable" $? 4
check "nobody at that address: unreachable" \
	fails 4 "nobody is pairing" accept b "10.1.0.1:$PORT" "$some"
check "no such name: unreachable" \
	fails 4 "nowhere.invalid" accept b nowhere.invalid "$some"

open_window a
check "a mistyped code is told from a wrong one" \
	fails 1 "code" accept b "10.1.0.1:$PORT" "$WRONG"
check "a wrong code is not confirmed" \
	fails 1 "did not confirm" accept b "10.1.0.1:$PORT" "$some"
check "and the window stays open for the right one" \
	accept b "[fd01::1]:$PORT" "$code" --name a
wait $window
is "the window's side has it, too" $? 0
check "an address behind another peer is not handed out" \
	eval '! grep -q 10.77.0.1 "$T/b/etc/peers.d/a.conf"'
check "they have a channel" within 10 sealed_ping b a

rm "$T/b/etc/peers.d/a.conf"
sig b reload >"$T/out" 2>&1
open_window a
check "a used code opens nothing" \
	fails 1 "did not confirm" accept b "10.1.0.1:$PORT" "$some"
accept b "10.1.0.1:$PORT" "$code" >"$T/out" 2>&1
wait $window
is "a peer already: the window closes" $? 1
check "and says why" grep -q "peer already" "$T/window"
check "the other side pins nobody" eval '[ ! -e "$T/b/etc/peers.d/a.conf" ]'

open_window a
sig a down >"$T/out" 2>&1
wait $window
is "going down ends the window" $? 1
check "and says so" grep -q "went down" "$T/window"
done_testing
