# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The gate in front of the gateway's outer interface, and what it is measured by.

CAP_NET_ADMIN=12 CAP_BPF=39

has_capability()
{
	local all

	all=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	(((0x$all >> $1) & 1))
}

kernel_before()
{
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" != "$1" ]
}

# gate_impossible: says why this user can have no gate on this machine; fails
# where there must be one. Nothing of Signet is asked: it could be what is broken.
gate_impossible()
{
	local why

	if [ "$(awk '{ print $2 $3 }' /proc/self/uid_map)" != 04294967295 ]; then
		echo 'only root may load BPF programs'
	elif ! has_capability $CAP_BPF || ! has_capability $CAP_NET_ADMIN; then
		echo 'this container may load no BPF programs'
	elif kernel_before 6.1; then
		echo "Linux $(uname -r) is older than 6.1"
	elif ! why=$(mount -t bpf demo /sys/fs/bpf 2>&1); then
		echo "no BPF file system: $why"
	else
		return 1
	fi
}

# gate_dropped REASON: how many packets
gate_dropped()
{
	local n

	n=$(on gateway signet gate stats wan --json | tr -d ' \t\n' |
		sed 's/.*"dropped":\[\([^]]*\)\].*/\1/' | tr '{' '\n' |
		grep "\"reason\":\"$1\"" | sed 's/.*"count":\([0-9]*\).*/\1/')
	echo "${n:-0}"
}

gate_is_attached()
{
	on gateway signet status | grep -q '^gate *wan: \(native\|generic\)'
}

# gate_before, gate_more REASON, agent_more REASON: how many the gate has dropped
# since then, and how many the agent has, of what the gate let pass.
gate_before()
{
	local reason

	for reason in hop-tag mac1 replay; do
		gate_dropped $reason >"$WORK/gate.$reason"
		drops gateway $reason >"$WORK/all.$reason"
	done
}

gate_more()
{
	echo $(($(gate_dropped "$1") - $(cat "$WORK/gate.$1")))
}

agent_more()
{
	echo $(($(drops gateway "$1") - $(cat "$WORK/all.$1") - $(gate_more "$1")))
}

# most_of NUMBER WHAT: of what the flood says that it sent. A busy machine may
# lose some on the wire, before anybody can count them.
most_of()
{
	local sent

	sent=$(sed -n "s/^ *\([0-9]*\) $2.*/\1/p" "$WORK/flood.log")
	[ "${sent:-0}" -gt 1000 ] && [ "$1" -ge $((sent / 2)) ]
}

# switch_times NAME: the controller switches the lamp on and off, ten times in
# all; times.NAME gets how many milliseconds each took, if the lamp followed.
switch_times()
{
	local i to from

	: >"$WORK/times.$1"
	for i in 1 2 3 4 5; do
		for to in on off; do
			from=$(date +%s%N)
			on controller plug $gateway_inner $to >/dev/null 2>&1
			lamp_is $to || continue
			echo $((($(date +%s%N) - from) / 1000000)) \
				>>"$WORK/times.$1"
		done
	done
}

# lamp_followed NAME: each time, and never by more than two lost packets too late
lamp_followed()
{
	sort -n "$WORK/times.$1" | awk '{ last = $1 }
		END { exit !(NR == 10 && last < 4000) }'
}

# times_of NAME: in words
times_of()
{
	sort -n "$WORK/times.$1" | awk '{ t[NR] = $1 }
		END { printf "%d ms, at most %d", t[int((NR + 1) / 2)], t[NR] }'
}
