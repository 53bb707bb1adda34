# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Runs in the VM: guest.sh figures|aead|profile|memory|forged|spread [SUBJECT...]
# Prints "fig SUBJECT NAME VALUE" lines; see README.md for what they are.
set -eEu
trap 'echo "# guest.sh failed in line $LINENO"' ERR
what=$1
shift
declare -A inner=([plain]=192.0.2.2 [signet-aes]=10.10.0.1
	[signet-chacha]=10.10.0.1 [wireguard]=10.11.0.2 [esp]=10.13.0.2
	[ovpn]=10.14.0.2)
A="ip netns exec a" B="ip netns exec b"

note() { echo "# $*"; }
fig() { echo "fig $1 $2 $3"; }

ip netns add a
ip netns add b
ip link add v0 netns a type veth peer name v1 netns b
ip -n a addr add 192.0.2.1/24 dev v0
ip -n b addr add 192.0.2.2/24 dev v1
for n in a b; do
	ip -n $n link set lo up
	ip netns exec $n sysctl -qw net.ipv4.icmp_msgs_per_sec=10000 || true
done
ip -n a link set v0 up
ip -n b link set v1 up
sleep 0.2

# --- subjects

declare -a held=()
up_plain() { :; }
down_plain() { :; }

static() { # static CIPHER: one peer on each side
	local side ns other fd
	for side in 0 1; do
		ns=(a b) other=(192.0.2.2 192.0.2.1)
		exec {fd}< <(exec ip netns exec "${ns[side]}" ./static -s $side \
			-r "${other[side]}" -c "$1" -l "${LANES:-1}")
		held+=($!)
		read -r line <&"$fd" && [ "$line" = ready ]
	done
	ip -n a addr add 10.9.0.1/32 dev sg0
	ip -n b addr add 10.10.0.1/32 dev sg0
	ip -n a route add 10.10.0.0/16 dev sg0 src 10.9.0.1
	ip -n b route add 10.9.0.0/16 dev sg0 src 10.10.0.1
}
static_down() {
	ip -n a link del sg0
	ip -n b link del sg0
	kill "${held[@]}" 2>/dev/null || true
	held=()
}
up_signet-aes() { static aes; }
up_signet-chacha() { static chacha; }
down_signet-aes() { static_down; }
down_signet-chacha() { static_down; }

up_wireguard() {
	local ka kb
	ka=$(wg genkey) kb=$(wg genkey)
	ip -n a link add wg0 type wireguard
	ip -n b link add wg0 type wireguard
	$A wg set wg0 private-key <(echo "$ka") listen-port 51820 \
		peer "$(wg pubkey <<<"$kb")" endpoint 192.0.2.2:51820 \
		allowed-ips 10.11.0.2/32
	$B wg set wg0 private-key <(echo "$kb") listen-port 51820 \
		peer "$(wg pubkey <<<"$ka")" endpoint 192.0.2.1:51820 \
		allowed-ips 10.11.0.1/32
	ip -n a addr add 10.11.0.1/24 dev wg0
	ip -n b addr add 10.11.0.2/24 dev wg0
	ip -n a link set wg0 mtu 1420 up
	ip -n b link set wg0 mtu 1420 up
}
down_wireguard() { ip -n a link del wg0; ip -n b link del wg0; }

up_esp() {
	local key ns src dst in out mine theirs
	key=0x$(head -c36 /dev/urandom | od -An -vtx1 | tr -d ' \n')
	for ns in a b; do
		if [ $ns = a ]; then src=192.0.2.1 dst=192.0.2.2 mine=10.13.0.1 theirs=10.13.0.2
		else src=192.0.2.2 dst=192.0.2.1 mine=10.13.0.2 theirs=10.13.0.1; fi
		for in in "$src $dst" "$dst $src"; do
			# shellcheck disable=SC2086
			set -- $in
			ip -n $ns xfrm state add src "$1" dst "$2" proto esp \
				spi 0x100${1##*.} reqid 1 mode tunnel \
				replay-window 128 flag esn \
				aead 'rfc4106(gcm(aes))' "$key" 128
		done
		for out in "out $mine $theirs $src $dst" "in $theirs $mine $dst $src" \
			"fwd $theirs $mine $dst $src"; do
			# shellcheck disable=SC2086
			set -- $out
			ip -n $ns xfrm policy add src "$2" dst "$3" dir "$1" \
				tmpl src "$4" dst "$5" proto esp reqid 1 mode tunnel
		done
		ip -n $ns addr add $mine/32 dev lo
		ip -n $ns route add $theirs via $dst src $mine mtu 1420
	done
}
down_esp() {
	local ns
	for ns in a b; do
		ip -n $ns xfrm state flush
		ip -n $ns xfrm policy flush
		ip -n $ns route del 10.13.0.0/16 2>/dev/null || true
	done
}

up_ovpn() {
	local side ns fd dco=()
	if [ -e ovpn-dco-v2.ko ]; then
		dco=(dco)
		[ -d /sys/module/ovpn_dco_v2 ] || {
			modprobe -a udp_tunnel ip6_udp_tunnel gcm
			insmod ./ovpn-dco-v2.ko
		}
	fi
	for side in 0 1; do
		ns=(a b)
		exec {fd}< <(exec ip netns exec "${ns[side]}" ./ovpn $side \
			"${dco[@]}")
		held+=($!)
		read -r line <&"$fd" && [ "$line" = ready ]
	done
	ip -n a addr add 10.14.0.1/24 dev ovpn0
	ip -n b addr add 10.14.0.2/24 dev ovpn0
	ip -n a link set ovpn0 mtu 1420 up
	ip -n b link set ovpn0 mtu 1420 up
}
down_ovpn() {
	ip -n a link del ovpn0
	ip -n b link del ovpn0
	kill "${held[@]}" 2>/dev/null || true
	held=()
}

# --- figures

server() { # iperf3's server; one test, in JSON
	$B iperf3 -s -1 -J >/tmp/server.json &
	sleep 0.3
}
iperf() { # iperf NAME JQ-PATH OPTION...
	local name=$1 path=$2
	shift 2
	server
	if $A iperf3 -c "${inner[$subject]}" -J "$@" >/tmp/client.json; then
		wait $! 2>/dev/null || true
		fig "$subject" "$name" "$(jq -r "$path" /tmp/server.json)"
	else
		note "$subject $name: $(jq -r .error /tmp/client.json)"
		kill $! 2>/dev/null || true
	fi
	# both ends' dead connections
	sleep 0.1
}
phase_of() { case $1 in signet-aes) echo 1 ;; signet-chacha) echo 2 ;; wireguard) echo 3 ;; plain) echo 4 ;; esac; }

# enough for some tenths of a second
bytes() { if [ "$subject" = plain ]; then echo 200M; else echo 20M; fi; }

# figure NAME: FIGURES says which ones, if not all
figure() {
	local rate='.end.sum | (.packets - .lost_packets) / .seconds'
	local sum=.end.sum_received.bits_per_second
	case $1 in
	rtt)
		fig "$subject" rtt "$($A ping -qc200 -i0.002 "${inner[$subject]}" |
			awk -F/ '/^rtt/ { print $5 * 1000 }')" ;;
	tcp1) iperf tcp1 $sum -n "$(bytes)" ;;
	tcp4) iperf tcp4 $sum -n "$(bytes)" -P 4 ;;
	udp1300) iperf udp1300 "$rate" -u -b 0 -l 1300 -n 13M ;;
	udp64) iperf udp64 "$rate" -u -b 0 -l 64 -n 640K ;;
	esac
}

figures() {
	local f
	for subject in "$@"; do
		"up_$subject" || { note "$subject can't be set up"; continue; }
		$A ping -qc3 -i0.1 "${inner[$subject]}" >/tmp/ping ||
			{ note "$subject does not answer"; cat /tmp/ping; "down_$subject"; continue; }
		for f in ${FIGURES:-rtt tcp1 tcp1 tcp1 tcp4 udp1300 udp64}; do figure "$f"; done
		"down_$subject"
	done
}

# --- instructions by function

profile() {
	for subject in "$@"; do
		"up_$subject"
		$A ping -qc3 -i0.1 "${inner[$subject]}" >/dev/null
		./phase "$(phase_of "$subject")"
		iperf "profiled" .end.sum_received.bytes -n "$(bytes)"
		./phase $(($(phase_of "$subject") + 8))
		$A ping -qc100 -i0.002 "${inner[$subject]}" >/dev/null
		./phase 0
		"down_$subject"
	done
	symbols
}
symbols() { awk '$2 ~ /[tTwW]/ { print "sym", $1, $3, $4 }' /proc/kallsyms; }

# --- one AEAD call, by the module's self-test

aead() {
	modprobe -a aesni_intel gcm || true
	modprobe signet
	dmesg | sed -n 's/.*bench: \(aes\|chacha\|api\) 1420 bytes: seal \([0-9]*\) ns, open \([0-9]*\) ns.*/fig \1-call seal \2\nfig \1-call open \3/p'
}

# --- dropping what a stranger sends: instructions are counted by the plugin

forged() {
	local n=1280 index
	sleep 5 # what a kernel does after booting is over
	head -c1400 /dev/urandom >/tmp/noise
	$A ./forge 192.0.2.2 9 64 /tmp/noise
	./phase 5
	$A ./forge 192.0.2.2 9 $n /tmp/noise
	./phase 0
	up_signet-aes
	{ printf '\005\000\000\000\001\000\000\040\000\000\001\000\000\000\000\000'
	  head -c1384 /dev/urandom; } >/tmp/signet
	$A ping -qc2 -i0.1 10.10.0.1 >/dev/null
	$A ./forge 192.0.2.2 51900 64 /tmp/signet
	./phase 6
	$A ./forge 192.0.2.2 51900 $n /tmp/signet
	./phase 0
	down_signet-aes
	up_wireguard
	$A ping -qc2 -i0.1 10.11.0.2 >/dev/null
	$B tcpdump -Z root -i v1 -Uw /tmp/cap -c1 'udp dst port 51820 and udp[8] = 4' 2>/dev/null &
	sleep 1
	$A ping -qc2 -i0.1 10.11.0.2 >/dev/null
	wait $!
	# header of the file and of the record, Ethernet, IPv4, UDP, type
	index=$(tail -c+$((24 + 16 + 14 + 20 + 8 + 4 + 1)) /tmp/cap | head -c4 | od -An -vto1 | tr ' ' '\\')
	{ printf '\004\000\000\000%b\000\001\000\000\000\000\000\000' "$index"
	  head -c1384 /dev/urandom; } >/tmp/wireguard
	$A ./forge 192.0.2.2 51820 64 /tmp/wireguard
	./phase 7
	$A ./forge 192.0.2.2 51820 $n /tmp/wireguard
	./phase 0
	down_wireguard
	symbols
	fig forged count $n
}

# --- memory

used() { # bytes that the kernel uses, when what is to be freed has been
	local i
	sync
	for i in 1 2; do
		echo 3 >/proc/sys/vm/drop_caches
		sleep 2
	done
	# slabs that are empty, but kept for the next of their kind
	for i in /sys/kernel/slab/*/shrink; do
		{ [ -L "${i%/shrink}" ] || echo 1 >"$i"; } 2>/dev/null || true
	done
	sed 1,2d /proc/slabinfo >/tmp/slabs
	awk '/^(Slab|Percpu):/ { print $1, $2 * 1024 }' \
		/proc/meminfo >/tmp/sums
	awk '{ s += $2 } END { print s }' /tmp/sums
}

before() {
	before=$(used)
	cp /tmp/slabs /tmp/slabs.before
	cp /tmp/sums /tmp/sums.before
}

after() { # after SUBJECT PEERS: the figure, and where it comes from
	local subject=$1 n=$2 after line
	after=$(used)
	note "$subject: bytes for a peer; of a slab: objects for a peer, their size"
	{
		awk -v n="$n" 'NR == FNR { was[$1] = $2; next }
			{ printf "%9.1f  %s\n", ($2 - was[$1]) / n, $1 }' \
			/tmp/sums.before /tmp/sums
		awk -v n="$n" 'NR == FNR { objs[$1] = $2; slabs[$1] = $15; next }
			{ bytes = ($15 - slabs[$1]) * $6 * 4096 / n }
			bytes >= 8 || bytes <= -8 {
				printf "%9.1f  %s %.2f %d\n", bytes, $1,
					($2 - objs[$1]) / n, $4
			}' /tmp/slabs.before /tmp/slabs | sort -rn
	} | while read -r line; do note "    $line"; done
	fig "$subject" peer-mem $(((after - before) / n))
}

# Both sides of every pair count: 2 n peers, each with its keys and a window.
memory_signet() { # memory_signet CIPHER N
	local side ns other n=$2
	local -a in out
	for side in 0 1; do
		ns=(a b) other=(192.0.2.2 192.0.2.1)
		rm -f /tmp/in$side /tmp/out$side
		mkfifo /tmp/in$side /tmp/out$side
		ip netns exec "${ns[side]}" ./static -s $side -n "$n" -c "$1" \
			-r "${other[side]}" </tmp/in$side >/tmp/out$side &
		held+=($!)
		# shellcheck disable=SC1083,SC2093
		exec {in[side]}>/tmp/in$side {out[side]}</tmp/out$side
		read -r _ <&"${out[side]}"
	done
	before
	for side in 0 1; do
		echo >&"${in[side]}"
		read -r _ <&"${out[side]}"
	done
	for side in 0 1; do
		printf x >&"${in[side]}"
		read -r _ <&"${out[side]}"
	done
	after "signet-$1" $((2 * n))
	for side in 0 1; do
		# shellcheck disable=SC1083,SC2093
		exec {in[side]}>&- {out[side]}<&-
	done
	static_down
}

memory_wireguard() { # memory_wireguard N
	local n=$1 i key pub
	ip -n a link add wg0 type wireguard
	key=$(wg genkey)
	pub=$(wg pubkey <<<"$key")
	$A wg set wg0 private-key <(echo "$key") listen-port 51820
	ip -n a link set wg0 up
	: >/tmp/peers
	for ((i = 0; i < n; i++)); do
		key=$(wg genkey)
		ip -n b link add wg$i type wireguard
		$B wg set wg$i private-key <(echo "$key") listen-port $((20000 + i))
		ip -n b link set wg$i up
		printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.12.%d.%d/32\n' \
			"$(wg pubkey <<<"$key")" $((i / 250)) $((i % 250 + 1)) >>/tmp/peers
	done
	before
	$A wg addconf wg0 /tmp/peers
	for ((i = 0; i < n; i++)); do
		$B wg set wg$i peer "$pub" endpoint 192.0.2.1:51820 \
			allowed-ips 10.12.0.0/16 persistent-keepalive 25
	done
	sleep 3
	i=$($A wg show wg0 latest-handshakes | awk '$2' | wc -l)
	note "wireguard: $i of $n peers have a session"
	[ "$i" = "$n" ]
	after wireguard $((2 * n))
}

memory() { # memory aes|chacha|wireguard: one in each VM, none's traces in another's
	case $1 in
	wireguard) modprobe wireguard; memory_wireguard "${PEERS:-400}" ;;
	*) memory_signet "$1" "${PEERS:-400}" ;;
	esac
}

# --- two CPUs: four streams, a fixed amount of data

spread() {
	local cpu=0 i mask
	LANES=4 up_signet-aes
	# receive steering by flow, as a NIC with queues does
	mask=$(((1 << $(nproc)) - 1))
	printf %x $mask >/tmp/mask
	for i in a/v0 b/v1; do
		ip netns exec ${i%/*} bash -c \
			"for f in /sys/class/net/${i#*/}/queues/rx-*/rps_cpus; do
				cat /tmp/mask >\$f; done" || true
	done
	for ((i = 0; i < 4; i++)); do
		cpu=$((i % $(nproc)))
		taskset -c $cpu $B iperf3 -s -1 -p $((5201 + i)) >/dev/null &
	done
	sleep 0.3
	./phase 8
	for ((i = 0; i < 4; i++)); do
		cpu=$((i % $(nproc)))
		taskset -c $cpu $A iperf3 -c 10.10.0.1 -p $((5201 + i)) -n 24M \
			>/dev/null &
		pids[i]=$!
	done
	wait "${pids[@]}"
	./phase 0
	symbols
	down_signet-aes
}

"$what" "$@"
