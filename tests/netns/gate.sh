# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What the tests of the gate share; after lib.sh.

# A BPF file system of the test's own, which goes with its mount namespace.
if ! mount -t bpf bpf /sys/fs/bpf 2>/dev/null || ! command -v bpftool >/dev/null; then
	skip "the gate" "needs root, BPF and bpftool"
	done_testing
fi

# gate NODE ARGUMENTS...
gate() {
	local n=$1
	shift
	sig "$n" gate "$@"
}

# gate_field NODE INTERFACE FIELD
gate_field() {
	status_field "$1" "gates[] | select(.interface == \"$2\") | .$3"
}

# gate_count NODE KIND REASON...: passed or dropped, the sum of these
gate_count() {
	local n=$1 kind=$2 r sum=0 all
	shift 2
	all=$(gate "$n" stats --json)
	for r; do
		sum=$((sum + $(jq -r --arg r "$r" \
			"[.[].${kind}[] | select(.reason == \$r) | .count] | add // 0" \
			<<<"$all")))
	done
	echo $sum
}

# xdp_of NS DEVICE: number of the program there, 0: none
xdp_of() {
	in_ns "$1" ip -json -d link show "$2" | jq '.[0].xdp.prog.id // 0'
}

# Nothing is in the file system, nothing on the interface.
nothing_left() { # NS DEVICE
	[ ! -e /sys/fs/bpf/signet ] && [ "$(xdp_of "$1" "$2")" = 0 ]
}

pins() { # what is pinned, without what it is pinned as
	find /sys/fs/bpf/signet -type f | wc -l
}
