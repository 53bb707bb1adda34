#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The unit as it is shipped, under systemd itself, with its file-descriptor
# store: the agent is restarted and killed while the kernel carries the packets;
# in its sandbox it loads, takes over and removes the gate and the policy.
. "$(dirname "$0")/lib.sh"

INIT=/usr/lib/systemd/systemd
UNIT=agent/daemon/systemd/signetd.service.in
[ "$(datapath_of a)" = kernel ] || {
	skip "restart under systemd" "needs the kernel module, see tests/netns/vm"
	done_testing
}
[ -x $INIT ] && [ -e $UNIT ] || {
	skip "restart under systemd" "there is no systemd in this VM"
	done_testing
}
# shellcheck source=tests/netns/gate.sh
. "$(dirname "$0")/gate.sh"

# a machine of its own would have these
units() {
	local u
	mkdir -p /usr/lib/systemd/system /etc/systemd/system
	for u in default basic sysinit shutdown network nss-lookup; do
		printf '[Unit]\nDefaultDependencies=no\n' \
			>/usr/lib/systemd/system/$u.target
	done
	sed "s|@SBINDIR@|$BIN|; s|@BINDIR@|$BIN|" $UNIT \
		>/etc/systemd/system/signetd.service
	mkdir -p /etc/systemd/system/signetd.service.d
	printf '[Service]\nStandardOutput=append:%s\nStandardError=inherit\n' \
		"$T/a/log" >/etc/systemd/system/signetd.service.d/log.conf
	grep -q ^signet: /etc/passwd ||
		echo "signet:x:900:900::/var/lib/signet:/bin/false" >>/etc/passwd
	grep -q ^signet: /etc/group || echo "signet:x:900:" >>/etc/group
	systemd-tmpfiles --create "$PWD/${UNIT%/*}/signet.tmpfiles"
}

# systemd is process 1 of a PID namespace, in the network namespace a
boot() {
	local group=/sys/fs/cgroup/signet-test i
	mkdir -p $group
	# shellcheck disable=SC2016
	nsenter --net=/run/netns/a -- bash -c '
		echo $$ >"$0/cgroup.procs"
		exec unshare --cgroup --pid --mount --fork --kill-child \
			--mount-proc bash -c "
			mount -t tmpfs tmpfs /run
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			exec env container=test '$INIT' --system \
				--log-target=console --log-level=notice"' \
		$group >"$T/systemd.log" 2>&1 &
	machine=$!
	for ((i = 0; i < 50; i++)); do
		init=$(pgrep -P $machine) && break
		sleep 0.1
	done
	ln -sfn "/proc/$init/cwd/run/signet/signet.sock" "$T/a/sock"
}

ctl() { nsenter -t "$init" --mount --pid -- systemctl "$@"; }
main_pid() { ctl show -P MainPID signetd; }
ups() { grep -c "channel-up peer=b" "$T/a/log"; }

wire_up
node_new a a 10.77.0.1
node_new b b 10.77.0.2
node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32 'Allow = icmp, udp/7001'
printf '[Gate eth0]\nStrict = yes\nMode = native\n' >>"$T/a/etc/signet.conf"
node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
node_start b
units
is "the agent's folder of pins is its own" \
	"$(stat -c %u:%a /sys/fs/bpf/signet)" 900:700
cp -a "$T/a/etc/." /etc/signet
cp -a "$T/a/state/." /var/lib/signet
chown -R 900:900 /etc/signet /var/lib/signet
chmod 0755 "$T"
boot
check "systemd runs" within $((5 * SLOW)) ctl start basic.target
check "the unit starts" ctl start signetd
check "the agent answers" within $((5 * SLOW)) sig a status
check "the channel is up" within 8 inner_ping a 10.77.0.2
is "status says kernel" "$(status_field a datapath)" kernel
is "the sockets are in the store" "$(ctl show -P NFileDescriptorStore signetd)" 2

# The gate and the policy: loaded in the sandbox, by a user who is not root.
is "the gate is attached" "$(gate_field a eth0 attached)" true
is "as it was asked for" "$(gate_field a eth0 mode)" native
check "it is strict" never 1 inner_ping b 10.1.0.1
receive a 7002 1 "$T/denied.json"
denied=$(in_ns b "$BIN/netns/stream" send 10.77.0.1 7002 100 1)
wait $receiver
is "a port that no line allows is not reached" \
	"$(jq .received "$T/denied.json")" 0
number "and each of $denied packets is counted" "$(drop_count a policy)" -ge "$denied"
gate=$(xdp_of a eth0)

# both COMMAND...: run it while packets go both ways; sets $lost and $lost_back
both() {
	local seconds=$((7 + SLOW)) back
	receive a 7001 $((seconds + 2)) "$T/back.json"
	back=$receiver
	in_ns b "$BIN/netns/stream" send 10.77.0.1 7001 200 "$seconds" \
		>"$T/back.sent" &
	(sleep 2; "$@") &
	LINGER=1 stream a 10.77.0.2 200 "$seconds"
	lost=$((sent - $(got received))) repeated=$(got repeated)
	wait $back
	result=$(cat "$T/back.json")
	lost_back=$(($(cat "$T/back.sent") - $(got received)))
	repeated=$((repeated + $(got repeated)))
}

for how in restart kill; do
	old=$(main_pid) before=$(ups)
	if [ $how = restart ]; then
		both ctl restart signetd
	else
		both ctl kill --kill-whom=main -s KILL signetd
	fi
	is "$how: lost on the way out" "$lost" 0
	is "$how: lost on the way in" "$lost_back" 0
	is "$how: none came twice" "$repeated" 0
	check "$how: systemd runs another" within $((5 * SLOW)) eval \
		'new=$(main_pid); [ "$new" != 0 ] && [ "$new" != $old ]'
	check "$how: it has made a channel of its own" within $((5 * SLOW)) \
		eval '[ "$(ups)" -gt $before ]'
	check "$how: its own ping passes" within 5 sealed_ping a b
	is "$how: the gate is there" "$(gate_field a eth0 attached)" true
	check "$how: the next agent's program is in it" \
		within $((5 * SLOW)) eval '[ "$(xdp_of a eth0)" -gt $gate ]'
	gate=$(xdp_of a eth0)
	check "$how: it is strict" never 1 inner_ping b 10.1.0.1
	check "$how: the policy is in force" eval '
		receive a 7002 1 "$T/denied.json"
		in_ns b "$BIN/netns/stream" send 10.77.0.1 7002 100 1 >/dev/null
		wait $receiver
		[ "$(jq .received "$T/denied.json")" = 0 ]'
done

check "a gate by command" gate a attach eth0 --mode generic
is "is open" "$(inner_ping b 10.1.0.1 >/dev/null && echo yes)" yes
check "and goes" gate a detach eth0
number "it took its sockets back, both times" \
	"$(grep -c "took back the IPv4 socket" "$T/a/log")" -ge 2

check "stop" ctl stop signetd
is "takes the device along" "$(in_ns a ip -o link show sg0 2>/dev/null)" ""
is "and empties the store" "$(ctl show -P NFileDescriptorStore signetd)" 0
is "nothing is pinned any more" "$(find /sys/fs/bpf/signet -type f | wc -l)" 0
is "and no program on the interface" "$(xdp_of a eth0)" 0
[ $failures = 0 ] || sed 's/^/# systemd: /' "$T/systemd.log" | tail -20
kill -KILL "$init"
done_testing
