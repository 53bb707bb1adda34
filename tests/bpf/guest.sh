#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# In the VM: the scenarios of this folder, each one TAP line.
export CMOCKA_MESSAGE_OUTPUT=TAP
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
n=0 failed=0
for t in bpf/test_*; do
	[ -x "$t" ] || continue
	n=$((n + 1))
	if out=$("$t" 2>&1); then
		echo "ok $n - ${t#bpf/test_} on $SIGNET_VM_KERNEL"
	else
		# shellcheck disable=SC2001
		sed 's/^/# /' <<<"$out"
		echo "not ok $n - ${t#bpf/test_} on $SIGNET_VM_KERNEL"
		failed=1
	fi
done
echo "1..$n"
exit $failed
