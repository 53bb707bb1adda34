#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whoever has a user namespace has devices, on the account of his cgroup;
# whoever has no CAP_NET_ADMIN over a network namespace has none.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all "needs python3"
command -v unshare >/dev/null || skip_all "needs util-linux"

# what nobody may reach: copies, wherever this folder is
chmod 755 "$tmp"
cp "$(command -v sgctl)" "$tmp/sgctl"
chmod 755 "$tmp/sgctl"
PATH=$tmp:$PATH

cgroup=
cgroup_make() {
	local top=/sys/fs/cgroup
	if ! grep -qs memory $top/cgroup.controllers; then
		top=$tmp/cgroup2
		mkdir -p $top
		mount -t cgroup2 none $top 2>/dev/null || return
		grep -qs memory $top/cgroup.controllers || return
	fi
	echo +memory >$top/cgroup.subtree_control 2>/dev/null || return
	cgroup=$top/sg-$$
	mkdir $cgroup
}

cgroup_end() {
	[ -z "$cgroup" ] || rmdir "$cgroup" 2>/dev/null
	umount "$tmp/cgroup2" 2>/dev/null
	cleanup
}
trap cgroup_end EXIT

nobody() { # nobody COMMAND...: in the cgroup, if there is one
	(
		[ -z "$cgroup" ] || echo "$BASHPID" >"$cgroup/cgroup.procs"
		exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	)
}

inside() { # inside SCRIPT: as root of namespaces of nobody's own
	nobody unshare -Urn bash -c "PATH=$PATH; $1"
}

objects='ip link add sg0 type signet && ip link set sg0 up &&
	sgctl peer-new sg0 id=1 prefix=10.9.0.2/32 &&
	sgctl channel-new sg0 id=1 peer=1 path.remote=192.0.2.1 \
		path.remote-port=5000 path.tx-label=2 \
		path.tx-hop-key='$(hop_key 1)' &&
	sgctl label-new sg0 label=1 channel=1 hop-key='$(hop_key 2)' &&
	for direction in receive transmit; do
		sgctl key-new sg0 channel=1 key-id=0 direction=$direction \
			cipher=aes-256-gcm key='$(key 1)' || exit
	done &&
	sgctl key-swap sg0 channel=1 key-id=0 &&
	sgctl peer-set sg0 id=1 tx-channel=1'
# peer-new until it is refused, or this many
peers='n=0
	while [ $n -lt COUNT ]; do
		n=$((n + 1))
		sgctl peer-new sg0 id=$n 2>&1 || break
	done
	sgctl dev-get sg0'

### Who may

if nobody unshare -Urn true 2>/dev/null; then
	check "nobody, in a namespace of his own: device, peer, keys" \
		inside "$objects"
	check "and reads them" inside "$objects && sgctl -a key-get sg0 |
		grep -q direction=transmit"
	check "a socket of his own" inside \
		'ip link add sg0 type signet && ip link set lo up &&
		{ timeout 2 sgctl hold sg0 5000 4; true; } | grep ready'
else
	skip "nobody, in a namespace of his own" \
		"no user namespaces for everyone here"
fi

ns_new "$A"
ip -n "$A" link add sg0 type signet
check "root makes a device" a sgctl peer-new sg0 id=1
for command in "dev-get sg0" "peer-get sg0 id=1" "peer-new sg0 id=2" \
	"peer-del sg0 id=1" "stats-get sg0" "-a key-get sg0"; do
	# shellcheck disable=SC2086
	output=$(a setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$tmp/sgctl" $command 2>&1)
	is "nobody, in root's namespace: $command" "${output%% *}" EPERM
done
check "nobody is not told of events" eval '! a setpriv --reuid=65534 \
	--regid=65534 --clear-groups timeout 2 "$tmp/sgctl" monitor 1'
check "nothing has changed" a sgctl peer-get sg0 id=1
check "nobody adds no device" eval '! a setpriv --reuid=65534 \
	--regid=65534 --clear-groups ip link add sg1 type signet'

### What it costs is on his account

if ! cgroup_make; then
	skip "the memory is on his account" "there is no memory controller"
	finish
fi
# python, so that processes do not come and go while memory is counted
cat >"$tmp/charged.py" <<'END'
import os, sys
sys.path.insert(0, sys.argv[1])
import nl
from nl import C, Nl
from nl_fixture import prefix

procs = f"{sys.argv[2]}/cgroup.procs"
index = nl.add_device()
sock = Nl()
dev = nl.u32(C["A_DEV_IFINDEX"], index)
with open(procs, "w") as f:
    f.write(str(os.getpid()))

def stat(name):
    with open(f"{sys.argv[2]}/memory.stat") as f:
        return int(dict(line.split() for line in f)[name])

def make(first, last):
    for n in range(first, last):
        sock.do(C["CMD_PEER_NEW"], dev, nl.u32(C["A_PEER_ID"], n),
                prefix(f"10.{n >> 8}.{n & 255}.1", 32))

def current():
    with open(f"{sys.argv[2]}/memory.current") as f:
        return int(f.read())

make(1, 10)
before = current()
make(10, 1010)
print("grown", (current() - before) >> 10, flush=True)
with open(f"{sys.argv[2]}/memory.max", "w") as f:
    f.write(str(current() + (2 << 20)))
# the kernel would rather kill us than refuse: what it refuses is an errno
made, error = 0, "none"
try:
    for n in range(1010, 60000):
        make(n, n + 1)
        made += 1
except nl.NlError as err:
    error = err.errno
print("refused", error, "after", made, flush=True)
END
here=$(cd "$(dirname "$0")" && pwd)
nsenter --net="/run/netns/$A" python3 "$tmp/charged.py" "$here" "$cgroup" \
	>"$tmp/charged" 2>&1
code=$?
sed 's/^/# /' "$tmp/charged"
grown=$(sed -n 's/^grown //p' "$tmp/charged")
check "a thousand peers cost him 128 KiB or more" \
	[ "${grown:-0}" -ge 128 ]
case $code in
137) pass "at his limit he is killed, and nobody else" ;;
*) check "at his limit he is refused (ENOMEM)" \
	grep -q "^refused 12 after" "$tmp/charged" ;;
esac
ip -n "$A" link del sgt0 2>/dev/null
check "the machine goes on" a sgctl peer-new sg0 id=2
finish
