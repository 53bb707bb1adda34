# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# What the network tests share. A test is run by tests/netns/enter, so it owns
# its namespaces, its processes and /run, and leaves nothing behind. It prints
# TAP. The usual picture:
#
#	a (10.1.0.1, fd01::1) --- the wire, "impair" --- b (10.1.0.2, fd01::2)
#
# with inner addresses 10.77.0.1 and 10.77.0.2. The wire is this shell's own
# namespace.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

BUILD=${BUILD:-build}
BIN=$PWD/$BUILD
T=$(mktemp -d /tmp/signet-netns.XXXXXX)
WIRE=$T/wire
PORT=51900
# An emulated machine carries less: rates and volumes are divided by this.
export SLOW=${SLOW:-1}
tests=0 failures=0

cleanup() {
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill $pids 2>/dev/null
	umount -l "$T"/*/state 2>/dev/null
	rm -rf "$T"
}
trap cleanup EXIT

### TAP

pass() {
	tests=$((tests + 1))
	echo "ok $tests - $*"
}

fail() {
	tests=$((tests + 1)) failures=$((failures + 1))
	echo "not ok $tests - $*"
}

skip() { # skip NAME REASON
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# check NAME COMMAND...: one test
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		pass "$name"
	else
		sed 's/^/# /' <<<"$* -> $out"
		fail "$name"
	fi
}

# is NAME GOT WANTED, and number NAME GOT OP WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		echo "# got '$2', want '$3'"
		fail "$1"
	fi
}

number() {
	if [ -n "$2" ] && [ "$2" "$3" "$4" ]; then
		pass "$1 ($2)"
	else
		echo "# got '$2', want $3 $4"
		fail "$1"
	fi
}

# What a sanitizer finds is no check of any test's own.
no_sanitizer_report() {
	local report pid
	# a clean end, so that leaks are looked for
	for pid in "$T"/*/pid; do
		[ -e "$pid" ] || continue
		kill -CONT "$(cat "$pid")" 2>/dev/null
		node_kill "$(basename "$(dirname "$pid")")" TERM
	done
	report=$(grep -hE 'Sanitizer|runtime error:' "$T"/*/log 2>/dev/null)
	if [ -z "$report" ]; then
		pass "no sanitizer reported"
	else
		echo "${report//$'\n'/ }" | sed 's/^/# /'
		fail "no sanitizer reported"
	fi
}

done_testing() {
	case $BUILD in */san) no_sanitizer_report ;; esac
	echo "1..$tests"
	if [ $failures != 0 ]; then
		local log
		for log in "$T"/*/log; do
			[ -e "$log" ] || continue
			echo "# --- $log"
			tail -25 "$log" | sed 's/^/# /'
			sig "$(basename "$(dirname "$log")")" drops --json 2>/dev/null |
				jq -r '(.drops? // .)[] | select(.count > 0) |
					"# dropped \(.reason) \(.count)"'
		done
		# what the kernel dropped before the agents saw it
		[ ! -S "$WIRE" ] || echo "# wire: $(wire stats)"
		for log in /run/netns/*; do
			[ -e "$log" ] || continue
			in_ns "${log##*/}" ip -s -json link 2>/dev/null |
				jq -r --arg n "${log##*/}" '.[] |
					select(.stats64.rx.dropped + .stats64.tx.dropped > 0) |
					"# \($n) \(.ifname) dropped rx \(.stats64.rx.dropped) tx \(.stats64.tx.dropped)"'
		done
	fi
	[ $failures = 0 ]
	exit
}

### Waiting

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# within SECONDS COMMAND...: try until it succeeds
within() {
	local end=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt $end ] || return 1
		sleep 0.1
	done
}

# never SECONDS COMMAND...: it never succeeds in that time
never() {
	! within "$@"
}

### Namespaces

in_ns() { # in_ns NAME COMMAND...
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}

ns_new() {
	ip netns add "$1"
	in_ns "$1" ip link set lo up
}

# No offload that leaves checksums or segments to a device behind the wire.
plain_device() { # NS DEVICE
	in_ns "$1" ethtool -K "$2" tx off gso off tso off gro off \
		tx-udp-segmentation off >/dev/null 2>&1
}

# mac_of NS DEVICE: /sys shows the devices of whoever mounted it
mac_of() { in_ns "$1" ip -json link show "$2" | jq -r ".[0].address"; }

# wire_up [MTU]: namespaces a and b, and the program between them
wire_up() {
	local mtu=${1:-1500} n
	for n in a b; do
		ns_new $n
		ip link add w$n mtu "$mtu" type veth peer name eth0 \
			mtu "$mtu" netns $n
		ip link set w$n up
		in_ns $n ip link set eth0 up
		plain_device $n eth0
		ethtool -K w$n tx off gso off gro off >/dev/null 2>&1
	done
	[ "${IPV6_ONLY:-}" ] || {
		in_ns a ip addr add 10.1.0.1/24 dev eth0
		in_ns b ip addr add 10.1.0.2/24 dev eth0
	}
	in_ns a ip addr add fd01::1/64 dev eth0 nodad
	in_ns b ip addr add fd01::2/64 dev eth0 nodad
	"$BIN/netns/impair" run wa wb "$WIRE" "${SEED:-1}" >"$T/impair.log" 2>&1 &
	within $((5 * SLOW)) test -S "$WIRE"
}

wire() { # wire COMMAND...: see impair.c
	"$BIN/netns/impair" ctl "$WIRE" "$@"
}

### Nodes. Each has a folder $T/NAME with etc, state, sock and log.

sig() { # sig NODE ARGUMENTS...: the signet command against that node
	local n=$1
	shift
	SIGNET_CONFIG=$T/$n/etc/signet.conf SIGNET_STATE=$T/$n/state \
		SIGNET_SOCKET=$T/$n/sock in_ns "$(cat "$T/$n/ns")" \
		timeout "${SIG_TIMEOUT:-$((20 * SLOW))}" "$BIN/signet" "$@"
}

# SIGNET_TEST_DATAPATH=kernel runs the nodes on the module, which has to be
# loaded; "tun,kernel" runs a on the first and all others on the second.
datapath_of() { # datapath_of NODE
	local all=${SIGNET_TEST_DATAPATH:-tun}
	if [ "$1" = a ]; then echo "${all%%,*}"; else echo "${all##*,}"; fi
}

# node_new NODE NAMESPACE INNER_ADDRESS [LINE]...: more lines for [Node]; lines
# that start with [ begin other sections
node_new() {
	local n=$1 ns=$2 inner=$3
	shift 3
	mkdir -p "$T/$n/etc/peers.d" "$T/$n/state"
	chmod 0700 "$T/$n/state"
	echo "$ns" >"$T/$n/ns"
	{
		printf '[Node]\nName = %s\nListen = %s\n' "$n" "${LISTEN:-$PORT}"
		printf 'DataPath = %s\nAddress = %s/24\nRoutes = yes\n' \
			"$(datapath_of "$n")" "$inner"
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$T/$n/etc/signet.conf"
	sig "$n" identity new >"$T/$n/identity.log" 2>&1 || cat "$T/$n/identity.log"
	node_facts "$n"
}

# Keep what others need to know of a node.
node_facts() {
	sig "$1" identity show --json >"$T/$1/identity.json"
	jq -r '.identity // .id' "$T/$1/identity.json" >"$T/$1/id"
	jq -r '.staticKey // .static' "$T/$1/identity.json" >"$T/$1/static"
}

# node_peer NODE OTHER [ENDPOINT] [PREFIXES] [LINE]...
node_peer() {
	local n=$1 other=$2 endpoint=${3:-} prefixes=${4:-}
	shift $(($# < 4 ? $# : 4))
	{
		printf '[Peer %s]\nIdentity = %s\nStaticKey = %s\n' "$other" \
			"$(cat "$T/$other/id")" "$(cat "$T/$other/static")"
		[ -z "$endpoint" ] || echo "Endpoint = $endpoint"
		[ -z "$prefixes" ] || echo "Prefixes = $prefixes"
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$T/$n/etc/peers.d/$other.conf"
}

# node_start NODE [ENV=VALUE]...: and wait until it answers
node_start() {
	local n=$1
	shift
	# a command, not a function: $! is to be the agent's own number
	SIGNET_CONFIG=$T/$n/etc/signet.conf SIGNET_STATE=$T/$n/state \
		SIGNET_SOCKET=$T/$n/sock \
		nsenter --net="/run/netns/$(cat "$T/$n/ns")" -- \
		env "$@" "$BIN/signetd" >>"$T/$n/log" 2>&1 &
	echo $! >"$T/$n/pid"
	within $((5 * SLOW)) sig "$n" status
}

node_kill() { # node_kill NODE [SIGNAL]: gone when it returns
	local pid
	pid=$(cat "$T/$1/pid")
	kill -"${2:-KILL}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

# pair_up [LINE]...: wire, nodes a and b that pin each other, running. The
# lines go into both [Node] sections.
pair_up() {
	wire_up "${MTU:-1500}"
	node_new a a 10.77.0.1 "$@"
	node_new b b 10.77.0.2 "$@"
	if [ "${IPV6_ONLY:-}" ]; then
		node_peer a b "[fd01::2]:$PORT" 10.77.0.2/32
		node_peer b a "[fd01::1]:$PORT" 10.77.0.1/32
	else
		node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32
		node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
	fi
	node_start a && node_start b
}

### Looking

# peer_field NODE PEER FIELD
peer_field() {
	sig "$1" peers --json | jq -r --arg p "$2" \
		"(.peers? // .)[] | select(.name == \$p) | .$3"
}

peer_is() { # peer_is NODE PEER STATE
	[ "$(peer_field "$1" "$2" state)" = "$3" ]
}

drop_count() { # drop_count NODE REASON...: their sum
	local n=$1 r sum=0 all
	shift
	all=$(sig "$n" drops --json)
	for r; do
		sum=$((sum + $(jq -r --arg r "$r" \
			'[(.drops? // .)[] | select(.reason == $r) | .count] | add // 0' \
			<<<"$all")))
	done
	echo $sum
}

drop_total() {
	sig "$1" drops --json | jq '[(.drops? // .)[] | .count] | add // 0'
}

status_field() {
	sig "$1" status --json | jq -r "(.status // .).$2"
}

rss_kb() { # of a node
	awk '/^VmRSS/ { print $2 }' "/proc/$(cat "$T/$1/pid")/status"
}

# Round trips inside the channel: by the agent, and by the data path.
sealed_ping() { sig "$1" ping "$2" --count 1; }
inner_ping() { # inner_ping NS ADDRESS
	in_ns "$1" ping -q -c 1 -W 1 "$2"
}

# stream FROM_NS ADDRESS RATE SECONDS [SIZE]: from one node to the other inside
# the channel; sets $sent and $result (see stream.c). The receiver stays on for
# ${LINGER:-1} seconds.
stream() {
	local from=$1 address=$2 rate=$3 seconds=$4 size=${5:-200} to
	to=$([ "$from" = a ] && echo b || echo a)
	receive "$to" 7000 \
		"$(awk "BEGIN { print $seconds + ${LINGER:-1} + 0.3 }")"
	sent=$(in_ns "$from" "$BIN/netns/stream" send "$address" 7000 "$rate" \
		"$seconds" "$size")
	wait $receiver
	result=$(cat "$T/stream.json")
}

# receive NS PORT SECONDS [FILE]: count what comes, beside the test; $receiver
# is the process
receive() {
	local slow=$((SLOW > 1))
	nsenter --net="/run/netns/$1" -- "$BIN/netns/stream" recv "$2" \
		"$(awk "BEGIN { print $3 + 6 * $slow }")" \
		>"${4:-$T/stream.json}" &
	receiver=$!
	within 10 nsenter --net="/run/netns/$1" -- grep -qi \
		":$(printf %04x "$2") " /proc/net/udp /proc/net/udp6
}

# received: what that has counted until now
received() {
	kill -TERM $receiver
	wait $receiver
	result=$(cat "$T/stream.json")
}

got() { # got FIELD: of the last stream
	jq -r ".$1" <<<"$result"
}

### Floods

# flood_ready: a can send to b as anybody in 10.1.0.0/16; $mac is b's
flood_ready() {
	mac=$(mac_of b eth0)
	in_ns b ip route replace 10.1.0.0/16 via 10.1.0.1 dev eth0
	in_ns b ip neigh replace 10.1.0.1 lladdr "$(mac_of a eth0)" dev eth0 \
		nud permanent
}

# median: of the numbers that come, one a line
median() { sort -n | awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }'; }

# connect NODE SECONDS: three new agents on a node; $took is how long until the
# first packet of each had an answer, in ms, the median of three
connect() {
	local start
	: >"$T/took"
	for _ in 1 2 3; do
		node_kill "$1"
		node_start "$1"
		start=$(now_ms)
		within $(($2 * SLOW)) in_ns "$1" ping -q -c 1 -W 0.2 10.77.0.2
		echo $(($(now_ms) - start)) >>"$T/took"
	done
	took=$(median <"$T/took")
}
