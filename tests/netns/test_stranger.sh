#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who is not pinned gets no answer at all; the responder's operator can see who
# it was, and why. A peer cannot send from addresses that are not its own.
. "$(dirname "$0")/lib.sh"

wire_up
node_new a a 10.77.0.1
node_new b b 10.77.0.2
node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32
node_start a
node_start b
(SIG_TIMEOUT=8 sig b monitor --strangers --json >"$T/monitor" 2>&1) &
sleep 0.5
inner_ping a 10.77.0.2 >/dev/null
sleep 3
number "inits came" "$(wire tape type=1 dir=a)" -ge 1
is "nothing went back" "$(wire tape dir=b)" 0
number "counted as a stranger's" "$(drop_count b stranger)" -ge 1
check "the operator sees the identity" grep -q "$(cut -c1-12 "$T/a/id")" "$T/monitor"
check "and the reason" grep -q stranger "$T/monitor"
check "it has no channel" eval '! inner_ping a 10.77.0.2'

node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
sig b reload >/dev/null
check "pinned, it gets one" within 10 inner_ping a 10.77.0.2
in_ns a ip addr add 10.77.0.9/32 dev sg0
before=$(drop_count b inner-source)
in_ns a ping -c 3 -i 0.2 -W 1 -I 10.77.0.9 10.77.0.2 >/dev/null
number "a source that is not the peer's is dropped and counted" \
	$(($(drop_count b inner-source) - before)) -ge 3
done_testing
