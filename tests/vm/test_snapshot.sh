#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# test_snapshot.sh [KERNEL]: a VM that seals packet after packet is saved while
# it runs, and restored twice. What is on its wire after that must be the same
# twice, byte by byte: frames that had been sealed before. A frame that only
# one has, or that differs under the same counter, was sealed by a clone under
# a key that both have.
. "$(dirname "$0")/lib.sh"

kernel=${1:-6.12}
dir=$top/build/vm/$kernel-snapshot
mon=$dir/monitor
test=$top/tests/selftests/net/signet

command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86 is not installed"
rm -rf "$dir"
mkdir -p "$dir"
mkfifo "$mon.in" "$mon.out"
cat "$mon.out" >"$dir/said" &
reader=$!
exec 9<>"$mon.in" # as long as this runs
trap 'kill $reader $original 2>/dev/null || true; rm -f "$dir/state"' EXIT
original=

# machine NAME GUID [QEMU'S ARGUMENT...]: run, or restore; say what it says
machine() {
	local name=$1 guid=$2 arg more=()
	shift 2
	for arg; do more+=(--qemu "$arg"); done
	"$here/run" "$kernel" --smp 2 --mem 768 --timeout 900 --log "$dir/$name" \
		--qemu -device --qemu "vmgenid,guid=$guid" \
		--qemu -chardev --qemu "pipe,id=mon,path=$mon" \
		--qemu -mon --qemu chardev=mon,mode=readline \
		--qemu -global --qemu migration.store-global-state=off "${more[@]}" \
		--to "usr/include/linux=$top/include/uapi/linux/signet.h" \
		--to "test/signet=$test/vmfork.py" --to "test/signet=$test/wire.py" \
		--to "test/signet=$test/nl.py" --to "test/signet=$test/nl_fixture.py" \
		"$here/snapshot-guest" >"$dir/$name.out" 2>&1 9>&-
}

tests=0 failed=0
check() { # check NAME COMMAND...
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name"
		failed=1
	fi
}

# frames NAME: those under the old keys; each clone's new one is its own
frames() { grep '^frame ..[0-5]' "$dir/$1.out" | sort; }

saved() {
	local n
	machine original 11111111-1111-4111-8111-111111111111 &
	original=$!
	for ((n = 0; n < 3000; n++)); do
		! grep -q '^ready' "$dir/original.out" 2>/dev/null || break
		kill -0 $original 2>/dev/null || break
		sleep 0.2
	done
	grep -q '^ready' "$dir/original.out" || return
	# stopped first: saved while it wrote, it came back with memory that was
	# not of one moment, as far as could be seen
	printf 'stop\nmigrate "exec:cat >%s"\ninfo status\nquit\n' \
		"$dir/state" >&9
	wait $original || true # it was taken away from under its script
	original=
	grep -q postmigrate "$dir/said"
}

restored() { # restored NAME GUID
	machine "$1" "$2" -incoming "exec:cat $dir/state" && return
	tail -5 "$dir/$1.out" | sed 's/^/# /'
	return 1
}

same() {
	diff <(frames first) <(frames second) >"$dir/diff" && return
	sed 's/^/# /' "$dir/diff" | head -5
	echo "# $(grep -c '^[<>]' "$dir/diff") frames differ"
	return 1
}

fresh() { # other keys come out of the clones' random numbers
	! cmp -s <(grep '^key' "$dir/first.out") <(grep '^key' "$dir/second.out")
}

echo "TAP version 13"
check "a machine is saved while it seals" saved
if [ $failed = 0 ]; then
	check "restored, its keys end, and new ones work" \
		restored first 22222222-2222-4222-8222-222222222222
	check "restored again, too" \
		restored second 33333333-3333-4333-8333-333333333333
	check "neither sealed anything under the old keys" same
	check "their new keys differ" fresh
fi
echo "1..$tests"
exit $failed
