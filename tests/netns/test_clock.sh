#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Clocks that are wrong: 1970, 2038, and back. A device may have none at all.
. "$(dirname "$0")/lib.sh"

if ! command -v faketime >/dev/null; then
	skip "wrong clocks" "faketime is not installed"
	done_testing
fi
lib=$(faketime -f +0 sh -c 'echo $LD_PRELOAD')

# at TIME: only the clock of the day; what runs on boot time is not touched
at() {
	echo "LD_PRELOAD=$lib" "FAKETIME=@$1" FAKETIME_DONT_FAKE_MONOTONIC=1 \
		DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1
}

pair_up
check "the channel is up" within 8 inner_ping a 10.77.0.2
for when in "1970-01-01 00:05:00" "2038-01-19 03:14:00" "2039-06-01 12:00:00"; do
	node_kill b TERM
	# shellcheck disable=SC2086
	node_start b LD_PRELOAD="$lib" FAKETIME="@$when" \
		FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
	check "b at $when answers" sig b status
	if within 6 inner_ping b 10.77.0.1; then
		pass "b at $when has a channel"
	else
		check "b at $when: why names the clock" \
			eval 'sig b why a | grep -qi clock || sig a why b | grep -qi clock'
	fi
done
node_kill b TERM
node_start b
check "with the clock right again the channel comes up" \
	within 20 inner_ping b 10.77.0.1
done_testing
