#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# AES-GCM that answers later, always: "gcm(aes)" is made to mean pcrypt's, or
# cryptd's where lockdep would complain of pcrypt's own locks.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all "needs python3"

# An instance of a higher priority is what the name means from then on.
asynchronous() {
	modprobe -q af_alg
	modprobe -q algif_aead
	later=pcrypt
	[ ! -e /proc/lockdep ] || later=cryptd
	modprobe -q $later
	# where AF_ALG has a list of what programs are known to need
	sysctl -q crypto.af_alg_restrict=0 2>/dev/null
	python3 - $later <<'END'
import re, socket, sys
def ask(name):
    try:
        with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as s:
            s.bind(("aead", name))
    except OSError as err:
        # newer kernels make the instance, but do not give it to programs
        print(f"{name}: {err}")
def best():
    found = [(0, "none", "no")]
    with open("/proc/crypto") as file:
        blocks = file.read().split("\n\n")
    for block in blocks:
        f = dict(re.findall(r"^(\w+) *: (.*)$", block, re.M))
        if f.get("name") == "gcm(aes)" and f.get("type") == "aead":
            found.append((int(f["priority"]), f["driver"], f["async"]))
    return max(found)
ask("gcm(aes)")
ask(f"{sys.argv[1]}({best()[1]})")
priority, driver, later = best()
print(driver, priority)
sys.exit(later != "yes")
END
}

both_ways() { # both_ways MODE ARGUMENT...
	sgtraffic "$A" "$B" "$1" 10.9.0.2 "${@:2}" &&
	sgtraffic "$B" "$A" "$1" fd09::1 "${@:2}"
}

output=$(asynchronous 2>&1) || skip_all "no asynchronous AES-GCM: $output"
sed 's/^/# /' <<<"$output"
setup
check "TCP" both_ways tcp 100001
check "TCP in small pieces" both_ways tcp 20001 333
check "UDP of every size" both_ways udp 0 1 15 16 17 64 512 1000 1372
check "super-packets" both_ways gso 1200 12000
check "other keys, not asynchronous" rekey chacha20-poly1305 1
check "TCP with them" both_ways tcp 20001
check "and back" rekey aes-256-gcm 2
check "TCP" both_ways tcp 20001
check "keys go while frames are under way" eval '
	sgtraffic "$A" "$B" tcp 10.9.0.2 100001 & pid=$!
	sleep 0.3; rekey aes-256-gcm 3 && rekey aes-256-gcm 4 && wait $pid'
is "nothing failed to open" \
	"$(drops "$A" $DROP_AEAD 1)$(drops "$B" $DROP_AEAD 1)" 00
is "nothing was taken for a replay" \
	"$(drops "$A" $DROP_REPLAY 1)$(drops "$B" $DROP_REPLAY 1)" 00
sgtraffic "$A" "$B" tcp 10.9.0.2 1000001 >/dev/null 2>&1 &
pid=$!
sleep 0.2
check "the device goes while frames are under way" a ip link del sg0
kill $pid 2>/dev/null
wait $pid 2>/dev/null
check "the other end is still there" b sgctl dev-get sg0
finish
