#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A peer that dies and comes back: with its state, without any of it, and with
# an older copy. The other side never needs help.
. "$(dirname "$0")/lib.sh"

pair_up
check "the channel is up" within 8 inner_ping a 10.77.0.2

node_kill b
node_start b
check "b killed and back: b reaches a" within 5 inner_ping b 10.77.0.1
check "and a reaches b" within 12 inner_ping a 10.77.0.2

# only a sends: it must find out by itself that b knows nothing any more
node_kill b
node_start b
check "b back and silent: a finds out and reaches it" \
	within 15 inner_ping a 10.77.0.2

sleep 1
cp -a "$T/b/state" "$T/old-state"
# a still has the old channel: its answer must not go there. One packet, and
# time enough for a handshake on a busy machine: it is not sent again.
first=0
for i in 1 2 3 4; do
	node_kill b
	node_start b
	if in_ns b ping -q -c 1 -W 5 10.77.0.1 >/dev/null; then
		first=$((first + 1))
	else
		within 8 inner_ping b 10.77.0.1
	fi
done
is "b back: its very first packet has its answer, four times" $first 4
node_kill b
rm -rf "$T/b/state"
cp -a "$T/old-state" "$T/b/state"
node_start b
check "b with an older copy of its state reaches a" \
	within 15 inner_ping b 10.77.0.1

node_kill b
rm -f "$T"/b/state/state.db*
node_start b
check "b without its state reaches a" within 15 inner_ping b 10.77.0.1
check "a reaches b" within 5 inner_ping a 10.77.0.2

node_kill a TERM
node_kill b TERM
node_start a
node_start b
check "both restarted cleanly" within 8 inner_ping a 10.77.0.2
done_testing
